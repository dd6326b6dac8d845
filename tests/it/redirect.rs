//! HTTP-Redirect, both ways: what we send is read back by the same binding. ATTACKS J2.

use chrono::{DateTime, Utc};
use saml_sp::keys::{DigestAlgorithm, RsaPssParameters, SignatureAlgorithm};
use saml_sp::login::{LoginStart, Send, start_login};
use saml_sp::testing::TestKey;
use saml_sp::{
    Connection, ConnectionId, EntityId, IdentityProvider, Limits, Parameter, Policy, RedirectMessage, ServiceProvider,
    SigningKey,
};

use crate::kit::organization;

fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn key(key: TestKey) -> SigningKey {
    key.signing_key().unwrap()
}

/// A connection to an "identity provider" with the given key, so that what the key signs can be verified.
fn connection(key: TestKey, policy: Policy) -> Connection {
    let idp = IdentityProvider::builder("https://idp.example.com", "https://idp.example.com/sso?tenant=1");
    let idp = idp.certificate(key.certificate_pem()).build().unwrap();
    Connection::preconfigured(ConnectionId::new("c"), organization(), idp, policy).unwrap()
}

fn query(signing: Option<SigningKey>, relay_state: Option<&str>) -> String {
    let sp = ServiceProvider::builder(
        organization(),
        EntityId::new("https://app.example.com/saml"),
        "https://app.example.com/acs",
    );
    let sp = match signing {
        Some(key) => sp.signing_key(key),
        None => sp,
    };
    let start = relay_state.map_or_else(LoginStart::default, |state| LoginStart::default().with_relay_state(state));
    let to = connection(TestKey::Rsa, Policy::strict());
    let Send::Redirect(url) = start_login(&sp.build().unwrap(), &to, start, now()).unwrap().send else {
        panic!("not a redirect")
    };
    url.strip_prefix("https://idp.example.com/sso?tenant=1&").unwrap().to_owned()
}

type Verdict = Result<Vec<&'static str>, &'static str>;

fn judge(query: &str, key: TestKey, policy: Policy) -> Verdict {
    let message = RedirectMessage::parse(query, &Limits::message()).map_err(|rejection| rejection.code())?;
    match connection(key, policy).verify_redirect(&message) {
        Ok(verified) => Ok(verified.deviations().iter().map(|deviation| deviation.name()).collect()),
        Err(rejection) => Err(rejection.code()),
    }
}

fn strict(query: &str) -> Verdict {
    judge(query, TestKey::Rsa, Policy::strict())
}

#[test]
fn what_is_sent_reads_back() {
    let query = query(None, Some("/a b+c&d=ü*~"));
    let message = RedirectMessage::parse(&query, &Limits::message()).unwrap();
    assert_eq!(message.parameter(), Parameter::Request);
    assert_eq!(message.relay_state().unwrap().as_untrusted(), "/a b+c&d=ü*~");
    assert_eq!(message.issuer().unwrap().for_lookup().as_str(), "https://app.example.com/saml");
    assert!(!query.contains('+') && !query.contains(' '), "spaces travel as %20");
}

#[test]
fn every_algorithm_signs_and_verifies() {
    let pss = SignatureAlgorithm::RsaPss(RsaPssParameters::with_default_salt(DigestAlgorithm::Sha256));
    for digest in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        let rsa = key(TestKey::Rsa).with_algorithm(SignatureAlgorithm::RsaPkcs1(digest)).unwrap();
        assert_eq!(strict(&query(Some(rsa), Some("x"))), Ok(vec![]));
        let ec = key(TestKey::P256).with_algorithm(SignatureAlgorithm::Ecdsa(digest)).unwrap();
        assert_eq!(judge(&query(Some(ec), None), TestKey::P256, Policy::strict()), Ok(vec![]));
    }
    assert_eq!(strict(&query(Some(key(TestKey::Rsa).with_algorithm(pss).unwrap()), None)), Ok(vec![]));
}

#[test]
fn bnd_020_bnd_002_duplicates_and_escaped_names() {
    let good = query(Some(key(TestKey::Rsa)), Some("x"));
    assert_eq!(strict(&good), Ok(vec![]));
    for name in ["SAMLRequest", "RelayState", "SigAlg", "Signature", "SAMLEncoding"] {
        for extra in [format!("{name}=a&{name}=a&{good}"), format!("{good}&{name}=a&{name}=a")] {
            assert_eq!(strict(&extra), Err("binding.duplicate_param"), "{name}");
        }
    }
    assert_eq!(strict(&good.replace("SAMLRequest", "%53AMLRequest")), Err("binding.bad_param_encoding"));
    assert_eq!(strict(&format!("{good}&%53AMLRequest=a")), Err("binding.duplicate_param"));
    assert_eq!(strict(&good.replace("SigAlg", "Sig%41lg")), Err("binding.bad_param_encoding"));
    assert_eq!(strict(&good.replace("SAMLRequest", "samlrequest")), Err("binding.missing_param"));
}

#[test]
fn bnd_003_both_messages() {
    let good = query(Some(key(TestKey::Rsa)), None);
    assert_eq!(strict(&format!("{good}&SAMLResponse=a")), Err("binding.ambiguous_message"));
    assert_eq!(strict(&format!("SAMLResponse=a&{good}")), Err("binding.ambiguous_message"));
    assert_eq!(strict(&good), Ok(vec![]));
}

#[test]
fn bnd_021_bnd_022_bnd_023_octets_as_received() {
    let good = query(Some(key(TestKey::Rsa)), Some("a b"));
    let mut parts: Vec<&str> = good.split('&').collect();
    parts.reverse();
    assert_eq!(strict(&parts.join("&")), Ok(vec![]), "the order of the URL does not matter");
    assert_eq!(strict(&format!("{good}&utm=1&&;")), Ok(vec![]), "other parameters are not ours");
    let invalid = Err("binding.detached_signature_invalid");
    let lower = good.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d").replace("%3A", "%3a");
    for altered in
        [good.replace("a%20b", "a+b"), lower, good.replace("RelayState=a%20b", "RelayState=a%20b%26SigAlg%3Dx")]
    {
        assert_ne!(altered, good);
        assert_eq!(strict(&altered), invalid, "the spelling is what is signed: {altered}");
    }
    let moved = good.replace("SAMLRequest=", "SAMLResponse=");
    assert_eq!(strict(&moved), Err("schema.element"), "a request is no response");
}

/// AD FS and Entra ID escape in lower case, and sign what they escaped.
#[test]
fn bnd_022_lower_case_escapes_verify_as_sent() {
    let good = query(None, Some("x"));
    let sigalg = "SigAlg=http%3a%2f%2fwww.w3.org%2f2001%2f04%2fxmldsig-more%23rsa-sha256";
    let lower = good.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d");
    let signed = format!("{lower}&{sigalg}");
    let signature = saml_sp::testing::sign_octets(TestKey::Rsa, signed.as_bytes()).unwrap();
    let escaped = signature.replace('+', "%2b").replace('/', "%2f").replace('=', "%3d");
    assert_eq!(strict(&format!("{signed}&Signature={escaped}")), Ok(vec![]));
    assert_eq!(
        strict(&format!("{}&{sigalg}&Signature={escaped}", good)),
        if good == lower { Ok(vec![]) } else { Err("binding.detached_signature_invalid") }
    );
}

#[test]
fn bnd_024_bnd_026_stripped_signature_and_empty_relay_state() {
    let good = query(Some(key(TestKey::Rsa)), Some(""));
    assert!(good.contains("&RelayState=&"));
    assert_eq!(strict(&good), Ok(vec![]), "an empty RelayState is signed as such");
    assert_eq!(strict(&good.replace("&RelayState=&", "&")), Err("binding.detached_signature_invalid"));
    let missing = Err("binding.detached_signature_missing");
    let (unsigned, _) = good.split_once("&SigAlg").unwrap();
    assert_eq!(strict(unsigned), missing);
    let (no_value, _) = good.split_once("&Signature").unwrap();
    assert_eq!(strict(no_value), missing);
    let no_algorithm: Vec<&str> = good.split('&').filter(|part| !part.starts_with("SigAlg")).collect();
    assert_eq!(strict(&no_algorithm.join("&")), missing);
}

/// BND-035: keys are those of the connection, whoever the message says it is from.
#[test]
fn bnd_025_algorithm_swapped() {
    let good = query(Some(key(TestKey::Rsa)), None);
    let algorithm = good.split('&').find_map(|part| part.strip_prefix("SigAlg=")).unwrap();
    let old = "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23";
    for other in [String::new(), "none".into(), format!("{old}hmac-sha1"), format!("{old}rsa-sha1")] {
        assert_eq!(strict(&good.replace(algorithm, &other)), Err("binding.detached_algorithm"), "{other}");
    }
    let invalid = Err("binding.detached_signature_invalid");
    let ecdsa = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23ecdsa-sha256";
    assert_eq!(strict(&good.replace(algorithm, ecdsa)), invalid);
    assert_eq!(judge(&good, TestKey::OtherRsa, Policy::strict()), invalid, "another identity provider's key");
    let weak = query(Some(key(TestKey::Rsa).with_legacy_sha1()), None);
    assert_eq!(strict(&weak), Err("binding.detached_algorithm"));
    assert_eq!(judge(&weak, TestKey::Rsa, Policy::strict().dangerous().allow_sha1().into_policy()), Ok(vec![]));
}

/// Parameters are what stands between ampersands, to the first equals sign; nothing else separates.
#[test]
fn bnd_033_separators() {
    let good = query(Some(key(TestKey::Rsa)), Some("x"));
    for same in [format!("&&{good}"), format!("{good}&"), good.replace('&', "&&"), format!("flag&{good}&=&=x")] {
        assert_eq!(strict(&same), Ok(vec![]), "{same}");
    }
    let semicolons = good.replace('&', ";");
    assert_eq!(strict(&semicolons), Err("binding.base64"), "one parameter");
    assert_eq!(strict(&good.replacen('&', "&amp;", 1)), Err("binding.detached_signature_invalid"));
    assert_eq!(strict(&format!("{good}#x")), Err("binding.detached_signature_invalid"), "a fragment is never sent");
    assert_eq!(strict(&format!("?{good}")), Err("binding.missing_param"));
    assert_eq!(strict(&good.replace("SAMLRequest=", "SAMLRequest;v=1=")), Err("binding.missing_param"));
    assert_eq!(strict(&good.replace("SAMLRequest=", "SAMLRequest")), Err("binding.missing_param"));
}

fn with_message(octets: &[u8]) -> String {
    use base64::Engine as _;
    let message = base64::prelude::BASE64_STANDARD.encode(octets);
    format!("SAMLRequest={}", message.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
}

/// A raw DEFLATE stream of one stored block.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), data].concat()
}

#[test]
fn bnd_028_bnd_029_bnd_030_deflate() {
    let parse = |octets: &[u8]| match RedirectMessage::parse(&with_message(octets), &Limits::message()) {
        Ok(_) => "read",
        Err(rejection) => rejection.code(),
    };
    let xml = b"<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>";
    let good = stored(xml);
    assert_eq!(parse(&good), "read");
    assert_eq!(parse(&[&good[..], b"x"].concat()), "binding.inflate_trailing");
    assert_eq!(parse(&[&good[..], &good[..]].concat()), "binding.inflate_trailing");
    for cut in 0..good.len() {
        assert_eq!(parse(&good[..cut]), "binding.inflate", "cut at {cut}");
    }
    assert_eq!(parse(xml), "binding.inflate", "not compressed");
    assert_eq!(parse(&stored(b"")), "xml.not_well_formed");
    let response = stored(b"<r:Response xmlns:r=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>");
    assert_eq!(parse(&response), "binding.wrong_binding");
    let mut bomb = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![b' '; 64 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 100_000);
    assert_eq!(parse(&bomb), "binding.inflate_too_large");
}

/// The last size that is read, and the first that isn't: of the query, and of what is inflated.
#[test]
fn the_limit_itself_is_permitted() {
    let limited = |query: &str, bytes: usize| match RedirectMessage::parse(query, &Limits::message().with_bytes(bytes))
    {
        Ok(_) => "read",
        Err(rejection) => rejection.code(),
    };
    let xml = format!(
        "<r:LogoutRequest xmlns:r=\"urn:oasis:names:tc:SAML:2.0:protocol\">{}</r:LogoutRequest>",
        "x".repeat(400)
    );
    let short = with_message(&stored(xml.as_bytes()));
    assert_eq!(limited(&short, short.len()), "read");
    assert_eq!(limited(&short, short.len() - 1), "binding.too_large");
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflated, xml.as_bytes()).unwrap();
    let dense = with_message(&deflated.finish().unwrap());
    assert!(dense.len() < xml.len() - 1);
    assert_eq!(limited(&dense, xml.len()), "read");
    assert_eq!(limited(&dense, xml.len() - 1), "binding.inflate_too_large");
}

#[test]
fn bnd_031_bnd_032_encodings() {
    let good = query(Some(key(TestKey::Rsa)), None);
    let urn = "urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3A";
    assert_eq!(strict(&format!("{good}&SAMLEncoding={urn}DEFLATE")), Ok(vec![]));
    for encoding in [String::new(), "gzip".into(), format!("{urn}deflate")] {
        assert_eq!(strict(&format!("{good}&SAMLEncoding={encoding}")), Err("binding.unsupported_encoding"));
    }
    for relay_state in ["%zz", "%", "%4", "%00", "%C0%BC", "%ff"] {
        let query = format!("{good}&RelayState={relay_state}");
        assert_eq!(strict(&query), Err("binding.bad_param_encoding"), "{relay_state}");
    }
    assert_eq!(strict(&format!("{good}&Signature2=%zz")), Ok(vec![]), "other parameters' values are not ours");
    assert_eq!(strict("SAMLRequest=%2A%2A"), Err("binding.base64"));
    assert_eq!(strict("RelayState=x"), Err("binding.missing_param"));
}
