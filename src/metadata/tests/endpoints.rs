use super::*;

fn sso(binding: &str, location: &str) -> String {
    endpoint("SingleSignOnService", binding, location, "")
}

fn endpoint(name: &str, binding: &str, location: &str, more: &str) -> String {
    format!(r#"<md:{name} Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{location}"{more}/>"#)
}

fn with(endpoints: &str) -> String {
    document(&(signing_key(RSA) + endpoints))
}

#[test]
fn redirect_is_preferred_and_post_will_do() {
    let post = sso("HTTP-POST", "https://idp.example.com/post");
    let redirect = sso("HTTP-Redirect", "https://idp.example.com/redirect");
    let soap = sso("SOAP", "https://idp.example.com/soap");
    let idp = accepted(&with(&format!("{soap}{post}{redirect}")));
    assert_eq!(idp.sso_endpoint().location(), "https://idp.example.com/redirect");
    assert_eq!(idp.sso_endpoint().binding(), &EndpointBinding::HttpRedirect);
    let locations: Vec<&str> = idp.single_sign_on().iter().map(Endpoint::location).collect();
    assert_eq!(
        locations,
        ["https://idp.example.com/soap", "https://idp.example.com/post", "https://idp.example.com/redirect"]
    );
    let idp = accepted(&with(&format!("{soap}{post}")));
    assert_eq!(idp.sso_endpoint().binding(), &EndpointBinding::HttpPost);
    assert_eq!(code(&with(&soap)), "metadata.no_sso");
    assert_eq!(code(&with("")), "metadata.no_sso");
}

#[test]
fn md_020_a_location_is_a_url_for_browsers() {
    let good = sso("HTTP-POST", "https://idp.example.com/post");
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt://idp.example.com/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://idp.example.com/sso",
        "/sso",
        "//idp.example.com/sso",
        "idp.example.com/sso",
        "https:idp.example.com",
        "https:///idp.example.com",
        "https://",
        "https://?x",
        "https://user@idp.example.com/",
        "https://user:password@idp.example.com/",
        "https://@idp.example.com/",
        "https://idp.example.com\\@evil.example.com/",
        "https://idp.example.com/a b",
        "https://idp.example.com/&#13;&#10;Set-Cookie:x=y",
        "https://idp.example.com/&quot;&gt;",
        "https://idp.example.com:99999/",
        "https://idp.example.com/#",
        "https://idp.example.com/sso?a=b#c",
        "https://idp.example.com#/sso",
        "https://\u{430}dp.example.com/",
        "",
    ] {
        let bad_sso = sso("HTTP-Redirect", bad);
        let rejection = read(&with(&bad_sso)).unwrap_err();
        assert_eq!((rejection.code(), rejection.category().name()), ("metadata.endpoint", "no_sso"), "{bad:?}");
        let idp = accepted(&with(&(bad_sso + &good)));
        assert_eq!(idp.single_sign_on().len(), 1, "{bad:?}");
        assert_eq!(idp.sso_endpoint().location(), "https://idp.example.com/post");
        assert!(matches!(idp.warnings(now())[..], [MetadataWarning::EndpointNotUsed { .. }]), "{bad:?}");
    }
    for fine in [
        "https://idp.example.com",
        "HTTPS://IdP.Example.com/%7Ex?a=b;c%23d",
        "https://[::1]:8443/",
        " https://10.0.0.1/x\n",
    ] {
        let idp = accepted(&with(&sso("HTTP-Redirect", fine)));
        assert_eq!(idp.sso_endpoint().location(), fine.trim(), "kept as given");
        assert_eq!(idp.warnings(now()), []);
    }
}

#[test]
fn plain_http_is_a_warning() {
    let location = "http://idp.example.com/sso";
    let idp = accepted(&with(&sso("HTTP-Redirect", location)));
    assert_eq!(idp.warnings(now()), [MetadataWarning::PlainHttp { location: location.into() }]);
}

#[test]
fn md_021_response_locations_and_unknown_bindings() {
    let slo = |binding: &str, more: &str| endpoint("SingleLogoutService", binding, "https://idp.example.com/slo", more);
    let answers = r#" ResponseLocation="https://idp.example.com/slo/answer""#;
    let idp = accepted(&with(&(slo("HTTP-POST", answers) + &slo("X", "") + SSO)));
    let found = idp.slo_endpoint().unwrap();
    assert_eq!(found.binding(), &EndpointBinding::HttpPost);
    assert_eq!(found.response_location(), "https://idp.example.com/slo/answer");
    let other = &idp.single_logout()[1];
    assert_eq!(other.response_location(), "https://idp.example.com/slo");
    assert_eq!(other.binding(), &EndpointBinding::Other("urn:oasis:names:tc:SAML:2.0:bindings:X".into()));
    let binding = other.binding().uri().to_owned();
    assert_eq!(idp.warnings(now()), [MetadataWarning::UnknownBinding { binding }]);
    let bad = r#" ResponseLocation="javascript:alert(1)""#;
    let idp = accepted(&with(&(slo("HTTP-POST", bad) + SSO)));
    assert_eq!(idp.slo_endpoint(), None);
    assert_eq!(idp.warnings(now()), [MetadataWarning::EndpointNotUsed { location: "javascript:alert(1)".into() }]);
}

#[test]
fn an_endpoint_has_a_binding_and_a_location() {
    accepted(&with(SSO));
    assert_eq!(code(&with(&SSO.replace("Binding=", "binding="))), "schema.missing");
    assert_eq!(code(&with(&SSO.replace("Location=", "location="))), "schema.missing");
    let foreign = SSO.replace("Location=", r#"xmlns:x="urn:x" x:Location="#);
    assert_eq!(code(&with(&foreign)), "schema.missing");
}
