use super::*;
use crate::error::ConfigError;
use crate::keys::KeyError;

const URL: &str = "https://idp.example.com/sso";

fn fields() -> IdentityProviderBuilder {
    IdentityProvider::builder(ID, URL).certificate(RSA)
}

#[test]
fn the_same_provider_whichever_way_it_was_registered() {
    let slo = SSO.replace("SingleSignOn", "SingleLogout").replace("/sso", "/slo");
    let from_metadata = accepted(&document(&(signing_key(RSA) + &signing_key(EC) + &slo + SSO)));
    let from_fields = fields().certificate(EC).slo_url("https://idp.example.com/slo").build().unwrap();
    assert_eq!(from_fields, from_metadata);
    assert_ne!(fields().certificate(EC).build().unwrap(), from_metadata);
    assert_ne!(fields().slo_url("https://idp.example.com/slo").build().unwrap(), from_metadata);
    assert_eq!(from_fields.warnings(now()), []);
    assert_eq!(
        fields().slo_url("https://idp.example.com/slo").build().unwrap().slo_endpoint().unwrap().location(),
        "https://idp.example.com/slo"
    );
}

#[test]
fn certificates_as_people_paste_them() {
    let dense = body(RSA).replace('\n', "");
    let decorated = format!("subject=CN=idp\n{RSA}\nDone.");
    let references = RSA.replace('\n', "&#13;\n");
    for text in [RSA, &body(RSA), &dense, &decorated, &references, &RSA.replace('\n', "\r\n")] {
        let idp = IdentityProvider::builder(ID, URL).certificate(text).build().unwrap();
        assert_eq!(idp.signing_keys(), [key(RSA)], "{text}");
    }
    let chain = IdentityProvider::builder(ID, URL).certificate(format!("{EC}{RSA}")).build().unwrap();
    assert_eq!(chain.signing_keys(), [key(EC)]);
    assert_eq!(chain.warnings(now()), [MetadataWarning::ChainNotUsed { certificates: 1 }]);
    let rollover = fields().certificate(EC).certificate(RSA).build().unwrap();
    assert_eq!(rollover.signing_keys(), [key(RSA), key(EC)]);
}

#[test]
fn each_field_has_its_own_error() {
    let url = |field, value: &str| ConfigError::Url { field, value: value.into() };
    assert_eq!(fields().problems(), []);
    assert_eq!(IdentityProvider::builder(ID, URL).build(), Err(ConfigError::NoSigningKey));
    assert_eq!(IdentityProvider::builder(ID, URL).problems(), [ConfigError::NoSigningKey]);
    let builder = |id: &str, sso: &str| IdentityProvider::builder(id, sso).certificate(RSA);
    assert!(matches!(builder(" ", URL).build(), Err(ConfigError::Missing { field: "entity_id", .. })));
    let long = "x".repeat(1025);
    assert!(matches!(builder(&long, URL).build(), Err(ConfigError::Value { field: "entity_id", .. })));
    assert!(matches!(builder(ID, "").build(), Err(ConfigError::Missing { field: "sso_url", .. })));
    assert_eq!(builder(ID, "javascript:alert(1)").build(), Err(url("sso_url", "javascript:alert(1)")));
    assert_eq!(fields().slo_url("/slo").build(), Err(url("slo_url", "/slo")));
    assert!(matches!(fields().certificate("\n").build(), Err(ConfigError::Missing { field: "certificate", .. })));
    let pasted_key = fields().certificate(pem!("rsa2048.key")).build();
    assert_eq!(pasted_key, Err(ConfigError::Key { field: "certificate", source: KeyError::PrivateKeyPasted }));
    let ed25519 = fields().certificate(pem!("ed25519.crt")).build();
    assert!(matches!(ed25519, Err(ConfigError::Key { field: "certificate", source: KeyError::Unusable(_) })));
}

/// Whatever may be a password in what should have been a URL.
#[test]
fn errors_and_debug_show_no_user_info() {
    for (given, shown) in [
        ("https://user:s3cret@idp.example.com/sso", "https://…@idp.example.com/sso"),
        ("http://s3cret@idp.example.com", "http://…@idp.example.com"),
        ("https://user:s3/c?re#t@s3cret@idp.example.com/", "https://…@idp.example.com/"),
        ("user:s3cret@idp.example.com", "…@idp.example.com"),
        (" HTTPS:\\\\user:s3cret@idp.example.com", "…@idp.example.com"),
    ] {
        let shown = ConfigError::Url { field: "sso_url", value: shown.into() };
        let builder = IdentityProvider::builder(ID, given).certificate(RSA);
        assert_eq!(builder.build(), Err(shown.clone()), "{given}");
        let slo = fields().slo_url(given);
        assert!(matches!(slo.build(), Err(ConfigError::Url { field: "slo_url", .. })), "{given}");
        let as_given = ConfigError::Url { field: "sso_url", value: given.into() };
        for text in
            [shown.to_string(), as_given.to_string(), format!("{shown:?}{builder:?}{slo:?}{:?}", slo.problems())]
        {
            assert!(!text.contains("s3c") && text.contains("idp.example.com"), "{text}");
        }
    }
    let without = IdentityProvider::builder(ID, "ftp://idp.example.com/sso").certificate(RSA).build();
    assert_eq!(without, Err(ConfigError::Url { field: "sso_url", value: "ftp://idp.example.com/sso".into() }));
    let fragment = fields().slo_url("https://idp.example.com/#s").build();
    assert_eq!(fragment, Err(ConfigError::Url { field: "slo_url", value: "https://idp.example.com/#s".into() }));
}

#[test]
fn all_problems_at_once() {
    let problems = IdentityProvider::builder("", "ftp://x").slo_url("x").certificate("x").certificate(RSA).problems();
    let fields: Vec<&str> = problems
        .iter()
        .map(|problem| match problem {
            ConfigError::Missing { field, .. } | ConfigError::Url { field, .. } | ConfigError::Key { field, .. } => {
                *field
            }
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(fields, ["entity_id", "sso_url", "slo_url", "certificate"]);
    let bare = IdentityProvider::builder("", URL).problems();
    assert!(matches!(bare[..], [ConfigError::Missing { .. }, ConfigError::NoSigningKey]), "{bare:?}");
}

#[test]
fn the_binding_is_one_for_browsers() {
    let post = fields().sso_binding(EndpointBinding::HttpPost).build().unwrap();
    assert_eq!(post.sso_endpoint().binding(), &EndpointBinding::HttpPost);
    assert!(matches!(
        fields().sso_binding(EndpointBinding::Soap).build(),
        Err(ConfigError::Value { field: "sso_url", .. })
    ));
    let slo = fields().slo_url(URL).slo_binding(EndpointBinding::HttpPost);
    assert_eq!(slo.build().unwrap().slo_endpoint().unwrap().binding(), &EndpointBinding::HttpPost);
    assert!(matches!(
        slo.slo_binding(EndpointBinding::HttpArtifact).build(),
        Err(ConfigError::Value { field: "slo_url", .. })
    ));
}

#[test]
fn debug_shows_no_pasted_secret() {
    let secret = pem!("rsa2048.key");
    let shown = format!("{:?}", fields().certificate(secret));
    assert!(!shown.contains(&body(secret)[..40]) && shown.contains(ID));
    let shown = format!("{:?}", fields().build().unwrap());
    assert!(shown.contains(ID) && !shown.contains(&body(RSA)[..40]));
}
