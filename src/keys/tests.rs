#![allow(clippy::string_slice, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

const RSA: &str = fixture!("rsa2048.crt.pem");
const RSA_KEY: &str = fixture!("rsa2048.key.pem");
const EC: &str = fixture!("p256.crt.pem");
const EC_KEY: &str = fixture!("p256.key.pem");

fn rsa() -> Certificate {
    Certificate::from_pem(RSA).unwrap()
}

/// The lines between BEGIN and END.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n")
}

#[test]
fn certificate_contents() {
    let certificate = rsa();
    // openssl x509 -noout -fingerprint -sha256 -dates
    let fingerprint = "DC:60:79:E6:64:1D:68:71:B8:66:83:5F:32:9A:58:44:7C:7F:5D:E7:19:7B:96:47:89:D6:A9:A0:37:66:13:B9";
    assert_eq!(certificate.fingerprint().to_string(), fingerprint);
    assert_eq!(format!("{certificate:?}"), format!("Certificate({fingerprint})"));
    assert_eq!(certificate.not_before().to_rfc3339(), "2026-11-23T14:56:20+00:00");
    assert_eq!(certificate.not_after().to_rfc3339(), "2126-10-30T14:56:20+00:00");
    assert_eq!(certificate.subject(), "O=saml-sp tests, CN=rsa2048");
    assert_eq!(certificate.to_base64(), body(RSA).replace('\n', ""));
    assert_eq!(Certificate::from_der(certificate.der()), Ok(certificate));
}

#[test]
fn every_supported_key_type() {
    for (text, expected) in [
        (RSA, KeyType::Rsa { bits: 2048 }),
        (fixture!("rsa3072.crt.pem"), KeyType::Rsa { bits: 3072 }),
        (fixture!("rsa1024.crt.pem"), KeyType::Rsa { bits: 1024 }),
        (EC, KeyType::P256),
        (fixture!("p384.crt.pem"), KeyType::P384),
        (fixture!("p521.crt.pem"), KeyType::P521),
    ] {
        assert_eq!(Certificate::from_pem(text).unwrap().key_type(), expected);
    }
}

#[test]
fn other_key_types_are_named() {
    let error = Certificate::from_pem(fixture!("ed25519.crt.pem")).unwrap_err();
    assert_eq!(error, KeyError::Unusable(UnusableKey::Algorithm { oid: "1.3.101.112".into() }));
    assert!(error.to_string().contains("1.3.101.112"));
    let error = Certificate::from_pem(fixture!("k256.crt.pem")).unwrap_err();
    assert_eq!(error, KeyError::Unusable(UnusableKey::Curve { oid: Some("1.3.132.0.10".into()) }));
}

#[test]
fn unusual_certificates_are_read() {
    let expired = Certificate::from_pem(fixture!("expired.crt.pem")).unwrap();
    assert_eq!(expired.not_before().to_rfc3339(), "2001-02-03T04:05:06+00:00");
    assert_eq!(expired.not_after().to_rfc3339(), "2002-02-03T04:05:06+00:00");
    for text in [fixture!("v1.crt.pem"), fixture!("negative-serial.crt.pem")] {
        assert_eq!(Certificate::from_pem(text).unwrap().public_key(), expired.public_key());
    }
}

#[test]
fn decorated_text_is_the_same_certificate() {
    let base64 = body(RSA);
    for text in [
        RSA.replace('\n', "\r\n"),
        RSA.replace('\n', "\r"),
        RSA.replace('\n', " "),
        RSA.replace('\n', ""),
        RSA.replace('\n', "\n\t  "),
        RSA.replace('\n', "&#13;\n"),
        format!("Bag Attributes\n    friendlyName: idp\n{RSA}\ntrailing words"),
        RSA.replace("CERTIFICATE", "X509 CERTIFICATE"),
        base64.clone(),
        base64.replace('\n', ""),
        base64.replace('\n', "\r\n"),
        base64.replace('\n', "&#xD;\n"),
        format!("\n\t {base64} \r\n"),
        base64.chars().map(|c| format!("{c} ")).collect(),
    ] {
        assert_eq!(Certificate::from_pem(&text), Ok(rsa()), "{text}");
    }
}

#[test]
fn a_chain_keeps_its_order() {
    let text = fixture!("chain.pem");
    let chain = Certificate::all_from_text(text).unwrap();
    assert_eq!(chain.len(), 2);
    assert_eq!(chain[0].subject(), "CN=csr");
    assert_eq!(chain[1], rsa());
    assert_eq!(Certificate::from_pem(text), Err(KeyError::NotOne { found: 2 }));
}

/// DS-070.
#[test]
fn damaged_text_is_refused() {
    let base64 = body(RSA);
    assert_eq!(Certificate::from_pem(&base64), Ok(rsa()));
    for (text, expected) in [
        (String::new(), KeyError::Certificate),
        (" \n".into(), KeyError::Certificate),
        ("not a certificate".into(), KeyError::Base64),
        (base64.replace('\n', "\u{a0}"), KeyError::Base64),
        (base64.replace('\n', "\\n"), KeyError::Base64),
        (base64.replacen(['+', '/'], "-", 1), KeyError::Base64),
        (format!("{base64}="), KeyError::Base64),
        (format!("{}={}", &base64[..8], &base64[8..]), KeyError::Base64),
        (format!("{base64}{base64}"), KeyError::Base64),
        (STANDARD.encode([rsa().der(), rsa().der()].concat()), KeyError::TrailingOctets),
        (base64[..base64.len() - 5].into(), KeyError::Base64),
        (base64[..64].into(), KeyError::Certificate),
        (format!("{base64}-----END CERTIFICATE-----"), KeyError::Base64),
        (format!("-----BEGIN CERTIFICATE-----{base64}"), KeyError::Pem),
        (RSA.replace("END CERTIFICATE", "END CERT"), KeyError::Pem),
        (RSA.replace("CERTIFICATE-----", "CERTIFICATE----"), KeyError::Pem),
        (format!("-----BEGIN CERTIFICATE-----\n{RSA}"), KeyError::Base64),
        (RSA.replace("CERTIFICATE", "PUBLIC KEY"), KeyError::OtherPem { expected: "CERTIFICATE" }),
        (RSA.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), KeyError::OtherPem { expected: "CERTIFICATE" }),
    ] {
        assert_eq!(Certificate::from_pem(&text), Err(expected), "{text}");
    }
}

#[test]
fn base64_padding_is_strict() {
    assert_eq!(**decode_base64("MA==").unwrap(), *b"0");
    assert_eq!(**decode_base64("MDE=").unwrap(), *b"01");
    assert_eq!(**decode_base64(" M\tD\rE\n=").unwrap(), *b"01");
    // Missing, too much, in the middle; bits set that do not count; the URL-safe alphabet.
    for bad in ["MA", "MA=", "MDE", "MA===", "MA==MA==", "MB==", "MDF=", "-_8=", "M\u{b}DE="] {
        assert_eq!(decode_base64(bad).unwrap_err(), KeyError::Base64, "{bad}");
    }
}

#[test]
fn der_is_strict() {
    let der = rsa().der().to_vec();
    assert_eq!(Certificate::from_der(&der), Ok(rsa()));
    assert_eq!(Certificate::from_der(&[&der[..], &[0]].concat()), Err(KeyError::TrailingOctets));
    for len in 0..der.len() {
        assert_eq!(Certificate::from_der(&der[..len]), Err(KeyError::Certificate));
    }
    let garbage = Certificate::from_der(&[0x30, 0x80, 1, 2, 0, 0]);
    assert_eq!(garbage, Err(KeyError::Certificate));
}

#[test]
fn damage_anywhere_never_panics() {
    let der = rsa().der().to_vec();
    for position in 0..der.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = der.clone();
            damaged[position] ^= flip;
            let _ = Certificate::from_der(&damaged);
        }
    }
}

#[test]
fn a_pasted_private_key_is_recognized_and_not_repeated() {
    for text in [
        RSA_KEY.to_owned(),
        fixture!("rsa2048.pkcs1.pem").to_owned(),
        fixture!("p256.sec1.pem").to_owned(),
        fixture!("rsa2048.encrypted.pem").to_owned(),
        format!("{RSA}{RSA_KEY}"),
        body(RSA_KEY),
        body(fixture!("p256.sec1.pem")),
    ] {
        let error = Certificate::from_pem(&text).unwrap_err();
        assert_eq!(error, KeyError::PrivateKeyPasted);
        assert!(!error.to_string().contains("MII"));
    }
    assert_eq!(VerifyingKey::from_spki_pem(EC_KEY), Err(KeyError::PrivateKeyPasted));
}

#[test]
fn verifying_keys_are_equal_by_key() {
    let pinned = VerifyingKey::from_spki_pem(fixture!("p256.spki.pem")).unwrap();
    let certified = VerifyingKey::from(Certificate::from_pem(EC).unwrap());
    let renewed = VerifyingKey::from(Certificate::from_pem(fixture!("expired.crt.pem")).unwrap());
    assert_eq!(pinned, certified);
    assert_eq!(certified, renewed);
    assert_ne!(pinned, VerifyingKey::from(rsa()));
    assert_eq!(pinned.certificate(), None);
    assert_eq!(certified.certificate().unwrap().subject(), "O=saml-sp tests, CN=p256");
    assert_eq!(format!("{certified:?}"), format!("VerifyingKey({})", pinned.fingerprint()));
}

#[test]
fn spki_pem_holds_exactly_one_public_key() {
    let text = fixture!("p256.spki.pem");
    assert!(VerifyingKey::from_spki_pem(text).is_ok());
    assert_eq!(VerifyingKey::from_spki_pem(""), Err(KeyError::NotOne { found: 0 }));
    assert_eq!(VerifyingKey::from_spki_pem(&text.repeat(2)), Err(KeyError::NotOne { found: 2 }));
    assert_eq!(VerifyingKey::from_spki_pem(EC), Err(KeyError::OtherPem { expected: "PUBLIC KEY" }));
    let certificate = Certificate::from_pem(EC).unwrap();
    let error = VerifyingKey::from_spki_der(certificate.der()).unwrap_err();
    assert_eq!(error, KeyError::Unusable(UnusableKey::Malformed));
}

#[test]
fn signing_keys_in_every_form() {
    for (text, certificate) in [
        (RSA_KEY, RSA),
        (fixture!("rsa2048.pkcs1.pem"), RSA),
        (EC_KEY, EC),
        (fixture!("p256.sec1.pem"), EC),
        (fixture!("p384.key.pem"), fixture!("p384.crt.pem")),
        (fixture!("p384.sec1.pem"), fixture!("p384.crt.pem")),
        (fixture!("p521.key.pem"), fixture!("p521.crt.pem")),
        (fixture!("p521.sec1.pem"), fixture!("p521.crt.pem")),
    ] {
        let certificate = Certificate::from_pem(certificate).unwrap();
        let key = SigningKey::from_pem(text, Some(&certificate)).unwrap();
        assert_eq!(key.certificate(), Some(&certificate));
        assert_eq!(key.verifying_key(), VerifyingKey::from(certificate));
        let signature = key.sign(b"octets").unwrap();
        assert_eq!(key.verifying_key().public_key().verify(key.algorithm(), b"octets", &signature), Ok(()));
    }
}

#[test]
fn signing_key_picks_the_private_key_out_of_a_bundle() {
    let bundle = format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{EC_KEY}{EC}");
    let key = SigningKey::from_pem(&bundle, None).unwrap();
    assert_eq!(key.certificate(), None);
    assert_eq!(key.key_type(), KeyType::P256);
    assert_eq!(SigningKey::from_pem(EC, None).unwrap_err(), KeyError::NotOne { found: 0 });
    let two = format!("{EC_KEY}{RSA_KEY}");
    assert_eq!(SigningKey::from_pem(&two, None).unwrap_err(), KeyError::NotOne { found: 2 });
}

#[test]
fn certificate_of_another_key_is_refused() {
    let other = Certificate::from_pem(fixture!("rsa3072.crt.pem")).unwrap();
    assert!(SigningKey::from_pem(RSA_KEY, Some(&rsa())).is_ok());
    assert_eq!(SigningKey::from_pem(RSA_KEY, Some(&other)).unwrap_err(), KeyError::Mismatch);
}

#[test]
fn encrypted_private_keys_are_refused_with_a_remedy() {
    for text in [fixture!("rsa2048.encrypted.pem"), fixture!("rsa2048.encrypted-pkcs1.pem")] {
        let error = SigningKey::from_pem(text, None).unwrap_err();
        assert_eq!(error, KeyError::Encrypted);
        assert!(error.to_string().contains("openssl pkey"));
    }
}

#[test]
fn algorithm_follows_the_key() {
    let key = |text| SigningKey::from_pem(text, None).unwrap();
    let sha512 = DigestAlgorithm::Sha512;
    assert_eq!(key(RSA_KEY).algorithm(), SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256));
    assert_eq!(key(EC_KEY).algorithm(), SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256));
    assert_eq!(key(fixture!("p384.key.pem")).algorithm(), SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384));
    assert_eq!(key(fixture!("p521.key.pem")).algorithm(), SignatureAlgorithm::Ecdsa(sha512));
    let chosen = key(RSA_KEY).with_algorithm(SignatureAlgorithm::RsaPkcs1(sha512)).unwrap();
    assert_eq!(chosen.algorithm(), SignatureAlgorithm::RsaPkcs1(sha512));
    let wrong = key(RSA_KEY).with_algorithm(SignatureAlgorithm::Ecdsa(sha512));
    assert_eq!(wrong.unwrap_err(), KeyError::Algorithm);
}

/// What is sent names the algorithm by a URI without parameters.
#[test]
fn keys_sign_with_what_a_uri_can_say_and_not_with_sha1() {
    let with =
        |pem, algorithm| SigningKey::from_pem(pem, None).unwrap().with_algorithm(algorithm).map(|key| key.algorithm());
    let (sha1, sha256) = (DigestAlgorithm::Sha1, DigestAlgorithm::Sha256);
    let pss = |digest, salt_len| SignatureAlgorithm::RsaPss(RsaPssParameters::new(digest, digest, salt_len).unwrap());
    for salt_len in [1, 20, 31] {
        assert_eq!(with(RSA_KEY, pss(sha256, salt_len)), Err(KeyError::PssSalt), "{salt_len}");
    }
    assert_eq!(with(RSA_KEY, pss(sha256, 32)), Ok(pss(sha256, 32)));
    for (pem, algorithm) in [
        (RSA_KEY, SignatureAlgorithm::RsaPkcs1(sha1)),
        (RSA_KEY, pss(sha1, 20)),
        (EC_KEY, SignatureAlgorithm::Ecdsa(sha1)),
    ] {
        assert_eq!(with(pem, algorithm), Err(KeyError::Sha1), "{algorithm:?}");
    }
    assert_eq!(with(EC_KEY, SignatureAlgorithm::Ecdsa(sha256)), Ok(SignatureAlgorithm::Ecdsa(sha256)));
    let legacy = |pem| SigningKey::from_pem(pem, None).unwrap().with_legacy_sha1();
    assert_eq!(legacy(RSA_KEY).algorithm(), SignatureAlgorithm::RsaPkcs1(sha1));
    assert_eq!(legacy(EC_KEY).algorithm(), SignatureAlgorithm::Ecdsa(sha1));
}

#[test]
fn debug_of_a_signing_key_is_its_fingerprint() {
    let key = SigningKey::from_pem(RSA_KEY, Some(&rsa())).unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.verifying_key().fingerprint()));
}
