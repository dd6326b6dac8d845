#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::keys::{Certificate, KeyError};

const DIGESTS: [DigestAlgorithm; 4] =
    [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
const ECDSA_SHA256: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
const RSA_SHA256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
const MESSAGE: &[u8] = include_bytes!("../keys/fixtures/message.txt");

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../keys/fixtures/", $name))
    };
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

fn certified_key(name: &str) -> PublicKey {
    let text = match name {
        "rsa1024" => fixture!("rsa1024.crt.pem"),
        "rsa2041" => fixture!("rsa2041.crt.pem"),
        "rsa2048" => fixture!("rsa2048.crt.pem"),
        "rsa_e3" => fixture!("rsa_e3.crt.pem"),
        "p256" => fixture!("p256.crt.pem"),
        "p384" => fixture!("p384.crt.pem"),
        "p521" => fixture!("p521.crt.pem"),
        other => panic!("no fixture {other}"),
    };
    Certificate::from_pem(text).unwrap().public_key().clone()
}

/// `pkcs1:sha256`, `pss:sha256:32` or `ecdsa:sha256`
fn algorithm(spec: &str) -> SignatureAlgorithm {
    let parts: Vec<&str> = spec.split(':').collect();
    let digest = match parts[1] {
        "sha1" => DigestAlgorithm::Sha1,
        "sha256" => DigestAlgorithm::Sha256,
        "sha384" => DigestAlgorithm::Sha384,
        "sha512" => DigestAlgorithm::Sha512,
        other => panic!("no digest {other}"),
    };
    match parts[0] {
        "pkcs1" => SignatureAlgorithm::RsaPkcs1(digest),
        "ecdsa" => SignatureAlgorithm::Ecdsa(digest),
        "pss" => SignatureAlgorithm::RsaPss(RsaPssParameters::new(digest, digest, parts[2].parse().unwrap()).unwrap()),
        other => panic!("no scheme {other}"),
    }
}

/// The first vector of this verdict, key and algorithm.
fn vector(wanted: &str) -> Vec<u8> {
    let line = fixture!("vectors.txt").lines().find(|line| line.starts_with(wanted)).unwrap();
    STANDARD.decode(line.split(' ').nth(3).unwrap()).unwrap()
}

/// DS-083.
#[test]
fn vectors_made_with_openssl_and_crafted_encodings() {
    let mut counts = [0, 0, 0];
    for line in fixture!("vectors.txt").lines().skip(1) {
        let fields: Vec<&str> = line.splitn(4, ' ').collect();
        let (key, algorithm) = (certified_key(fields[1]), algorithm(fields[2]));
        let (signature, _note) = fields[3].split_once(" # ").unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        let raw = key.verify(algorithm, MESSAGE, &signature);
        match fields[0] {
            "valid" => {
                counts[0] += 1;
                assert_eq!(raw, Ok(()), "{line}");
                assert_eq!(key.verify(algorithm, b"other octets", &signature), Err(VerifyError::Invalid), "{line}");
                let der = key.verify_der(algorithm, MESSAGE, &signature);
                assert_eq!(der, Err(VerifyError::Invalid), "{line}");
            }
            "valid-der" => {
                counts[1] += 1;
                assert!(matches!(raw, Err(VerifyError::Length { .. })), "{line}");
                assert_eq!(key.verify_der(algorithm, MESSAGE, &signature), Ok(()), "{line}");
            }
            "invalid" => {
                counts[2] += 1;
                assert_eq!(raw, Err(VerifyError::Invalid), "{line}");
            }
            other => panic!("no verdict {other}"),
        }
    }
    assert_eq!(counts, [27, 12, 50]);
}

#[test]
fn rsa_signature_of_another_length_is_refused() {
    let key = certified_key("rsa2048");
    let good = vector("valid rsa2048 pkcs1:sha256");
    assert_eq!(key.verify(RSA_SHA256, MESSAGE, &good), Ok(()));
    for bad in [[&[0], &good[..]].concat(), [&good[..], &[0]].concat(), good[1..].to_vec(), Vec::new()] {
        let expected = VerifyError::Length { expected: 256, found: bad.len() };
        assert_eq!(key.verify(RSA_SHA256, MESSAGE, &bad), Err(expected));
    }
}

#[test]
fn rsa_signature_may_start_with_zero_but_not_lose_it() {
    let key = PrivateKey::from_der(&der(fixture!("rsa2048.key.pem"))).unwrap();
    // The first number whose signature by this key starts with a zero.
    let octets = 665_u32.to_be_bytes();
    let signature = key.sign(RSA_SHA256, &octets).unwrap();
    assert_eq!(signature[0], 0);
    assert_eq!(key.public_key().verify(RSA_SHA256, &octets, &signature), Ok(()));
    let stripped = key.public_key().verify(RSA_SHA256, &octets, &signature[1..]);
    assert_eq!(stripped, Err(VerifyError::Length { expected: 256, found: 255 }));
}

/// The order of P-256.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn order_minus(number: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut result: Vec<u8> = std::iter::zip(P256_ORDER, number.iter().copied())
        .rev()
        .map(|(a, b)| {
            let difference = i16::from(a) - i16::from(b) - borrow;
            borrow = i16::from(difference < 0);
            u8::try_from(difference.rem_euclid(256)).unwrap()
        })
        .collect();
    result.reverse();
    result
}

#[test]
fn ecdsa_numbers_out_of_range_are_refused() {
    let key = certified_key("p256");
    let good = vector("valid p256 ecdsa:sha256");
    let (r, s) = good.split_at(32);
    assert_eq!(key.verify(ECDSA_SHA256, MESSAGE, &good), Ok(()));
    // Malleability is harmless here: replays are told by assertion ID (DS-085).
    let twin = [r, &order_minus(s)].concat();
    assert_eq!(key.verify(ECDSA_SHA256, MESSAGE, &twin), Ok(()));
    let (zero, max) = ([0; 32], [0xff; 32]);
    for (r, s) in [
        (&zero[..], s),
        (r, &zero[..]),
        (&zero[..], &zero[..]),
        (&P256_ORDER[..], s),
        (r, &P256_ORDER[..]),
        (&max[..], s),
        (r, &max[..]),
        (s, r),
    ] {
        let bad = [r, s].concat();
        assert_eq!(key.verify(ECDSA_SHA256, MESSAGE, &bad), Err(VerifyError::Invalid));
    }
}

#[test]
fn ecdsa_signature_of_another_length_is_refused() {
    for (name, half) in [("p256", 32), ("p384", 48), ("p521", 66)] {
        let key = certified_key(name);
        let good = vector(&format!("valid {name} ecdsa:sha256"));
        assert_eq!(key.verify(ECDSA_SHA256, MESSAGE, &good), Ok(()));
        let (r, s) = good.split_at(half);
        for bad in [
            good[1..].to_vec(),
            good[..2 * half - 1].to_vec(),
            [&good[..], &[0]].concat(),
            [&[0], r, &[0], s].concat(),
            [&good[..], &good[..]].concat(),
            vector(&format!("valid-der {name} ecdsa:sha256")),
            Vec::new(),
        ] {
            let expected = VerifyError::Length { expected: 2 * half, found: bad.len() };
            assert_eq!(key.verify(ECDSA_SHA256, MESSAGE, &bad), Err(expected));
        }
    }
}

#[test]
fn ecdsa_der_is_strict() {
    let key = certified_key("p256");
    let good = vector("valid-der p256 ecdsa:sha256");
    assert_eq!(key.verify_der(ECDSA_SHA256, MESSAGE, &good), Ok(()));
    let trailing = [&good[..], &[0]].concat();
    let long_form = [&[0x30, 0x81, good[1]], &good[2..]].concat();
    let mut padded = good.clone();
    padded[1] += 1;
    padded[3] += 1;
    padded.insert(4, 0);
    let zeros = vec![0x30, 6, 2, 1, 0, 2, 1, 0];
    for bad in [trailing, long_form, padded, zeros, good[..good.len() - 1].to_vec(), Vec::new()] {
        let verdict = key.verify_der(ECDSA_SHA256, MESSAGE, &bad);
        assert_eq!(verdict, Err(VerifyError::Invalid), "{bad:02x?}");
    }
}

#[test]
fn key_and_algorithm_must_belong_together() {
    let (rsa, ec) = (certified_key("rsa2048"), certified_key("p256"));
    let (rsa_signature, ec_signature) = (vector("valid rsa2048 pkcs1:sha256"), vector("valid p256 ecdsa:sha256"));
    assert_eq!(rsa.verify(RSA_SHA256, MESSAGE, &rsa_signature), Ok(()));
    assert_eq!(ec.verify(ECDSA_SHA256, MESSAGE, &ec_signature), Ok(()));
    assert_eq!(rsa.verify(ECDSA_SHA256, MESSAGE, &rsa_signature), Err(VerifyError::KeyFamily));
    assert_eq!(ec.verify(RSA_SHA256, MESSAGE, &ec_signature), Err(VerifyError::KeyFamily));
    assert_eq!(ec.verify_der(RSA_SHA256, MESSAGE, &ec_signature), Err(VerifyError::KeyFamily));
}

fn all_algorithms() -> impl Iterator<Item = SignatureAlgorithm> {
    DIGESTS.into_iter().flat_map(|digest| {
        let pss = RsaPssParameters::with_default_salt(digest);
        [SignatureAlgorithm::RsaPkcs1(digest), SignatureAlgorithm::RsaPss(pss), SignatureAlgorithm::Ecdsa(digest)]
    })
}

#[test]
fn what_is_signed_verifies() {
    for text in
        [fixture!("rsa2048.key.pem"), fixture!("p256.key.pem"), fixture!("p384.key.pem"), fixture!("p521.key.pem")]
    {
        let key = PrivateKey::from_der(&der(text)).unwrap();
        for algorithm in all_algorithms() {
            let signature = key.sign(algorithm, MESSAGE);
            if algorithm.family() == key.public_key().key_type().family() {
                let verdict = key.public_key().verify(algorithm, MESSAGE, &signature.unwrap());
                assert_eq!(verdict, Ok(()), "{algorithm:?}");
            } else {
                assert_eq!(signature, Err(SignError::Algorithm));
            }
        }
    }
}

#[test]
fn private_keys_in_every_form() {
    for (pkcs8, older, certificate) in [
        (fixture!("rsa2048.key.pem"), fixture!("rsa2048.pkcs1.pem"), "rsa2048"),
        (fixture!("p256.key.pem"), fixture!("p256.sec1.pem"), "p256"),
        (fixture!("p384.key.pem"), fixture!("p384.sec1.pem"), "p384"),
        (fixture!("p521.key.pem"), fixture!("p521.sec1.pem"), "p521"),
    ] {
        for text in [pkcs8, older] {
            let der = der(text);
            let key = PrivateKey::from_der(&der).unwrap();
            assert_eq!(key.public_key(), &certified_key(certificate));
            assert_eq!(PrivateKey::from_der(&[&der[..], &[0]].concat()).unwrap_err(), UnusableKey::Malformed);
            assert_eq!(PrivateKey::from_der(&der[..der.len() - 1]).unwrap_err(), UnusableKey::Malformed);
        }
    }
    let unsupported = PrivateKey::from_der(&der(fixture!("ed25519.key.pem"))).unwrap_err();
    assert_eq!(unsupported, UnusableKey::Algorithm { oid: "1.3.101.112".into() });
    let unsupported = PrivateKey::from_der(&der(fixture!("k256.key.pem"))).unwrap_err();
    assert_eq!(unsupported, UnusableKey::Curve { oid: Some("1.3.132.0.10".into()) });
}

#[test]
fn damaged_private_keys_are_refused() {
    // In the private exponent, and in the public point.
    for (text, position) in [(fixture!("rsa2048.key.pem"), 400), (fixture!("p256.key.pem"), 130)] {
        let mut der = der(text);
        assert!(PrivateKey::from_der(&der).is_ok());
        der[position] ^= 1;
        assert_eq!(PrivateKey::from_der(&der).unwrap_err(), UnusableKey::Inconsistent);
    }
}

#[test]
fn debug_shows_no_secret() {
    let key = PrivateKey::from_der(&der(fixture!("rsa2048.key.pem"))).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(Rsa { bits: 2048 })");
}

/// An odd number of this many bits.
fn modulus(bits: usize) -> Vec<u8> {
    let mut octets = vec![0xff; bits.div_ceil(8)];
    octets[0] >>= octets.len() * 8 - bits;
    octets
}

#[test]
fn rsa_modulus_limits() {
    let read = |bits| PublicKey::from_rsa_components(&modulus(bits), &[1, 0, 1]).map(|key| key.key_type());
    for bits in [1024, 2041, 2048, 8192] {
        assert_eq!(read(bits), Ok(KeyType::Rsa { bits }));
    }
    for bits in [1, 512, 1023, 8193, 16384] {
        assert_eq!(read(bits), Err(UnusableKey::RsaModulusSize { bits }));
    }
    assert_eq!(PublicKey::from_rsa_components(&[], &[3]), Err(UnusableKey::RsaModulusSize { bits: 0 }));
    let mut even = modulus(2048);
    even[255] = 0xfe;
    assert_eq!(PublicKey::from_rsa_components(&even, &[1, 0, 1]), Err(UnusableKey::RsaModulusEven));
}

#[test]
fn rsa_exponent_limits() {
    let read = |exponent: &[u8]| PublicKey::from_rsa_components(&modulus(2048), exponent).map(|_| ());
    for exponent in [&[3][..], &[1, 0, 1], &[0, 0, 0, 0, 0, 3], &[0xff, 0xff, 0xff, 0xff]] {
        assert_eq!(read(exponent), Ok(()));
    }
    for (octets, exponent) in [(&[][..], 0), (&[0], 0), (&[1], 1), (&[2], 2), (&[4], 4), (&[1, 0, 0], 65536)] {
        assert_eq!(read(octets), Err(UnusableKey::RsaExponent { exponent }));
    }
    for octets in [&[1, 0, 0, 0, 0][..], &[1, 0, 0, 0, 1], &[0xff; 256]] {
        assert_eq!(read(octets), Err(UnusableKey::RsaExponentTooLarge));
    }
}

#[test]
fn the_same_key_is_equal_in_every_encoding() {
    let key = certified_key("rsa2048");
    let spki = der(fixture!("rsa2048.spki.pem"));
    assert_eq!(key.spki_der(), spki);
    assert_eq!(PublicKey::from_spki_der(&spki).unwrap(), key);
    // SEQUENCE { SEQUENCE { OID, NULL }, BIT STRING { SEQUENCE { INTEGER n, INTEGER e } } }
    let modulus = &spki[33..289];
    let components = PublicKey::from_rsa_components(&[&[0; 9], modulus].concat(), &[0, 1, 0, 1]).unwrap();
    assert_eq!(components, key);
    let signature = vector("valid rsa2048 pkcs1:sha256");
    assert_eq!(components.verify(RSA_SHA256, MESSAGE, &signature), Ok(()));

    let point = PublicKey::from_spki_der(&der(fixture!("p256.spki.pem"))).unwrap();
    let compressed = PublicKey::from_spki_der(&der(fixture!("p256.compressed.spki.pem"))).unwrap();
    assert_eq!(point, compressed);
    assert_eq!(point, certified_key("p256"));
    assert_ne!(point, certified_key("p384"));
}

/// DER of that tag around the content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
    match length[..] {
        [short] if short < 128 => [&[tag, short], content].concat(),
        _ => [&[tag, 0x80 | u8::try_from(length.len()).unwrap()], &length[..], content].concat(),
    }
}

/// What a number costs is decided by its value, not by the zeros before it.
#[test]
fn leading_zeros_of_an_rsa_key_cost_nothing() {
    let spki = der(fixture!("rsa2048.spki.pem"));
    let modulus = &spki[33..289];
    let zeros = vec![0; 64 << 10];
    let clean = PublicKey::from_rsa_components(modulus, &[1, 0, 1]).unwrap();
    let padded =
        PublicKey::from_rsa_components(&[&zeros, modulus].concat(), &[&zeros[..], &[1, 0, 1]].concat()).unwrap();
    assert_eq!(padded, clean);
    assert_eq!(padded.key_type(), KeyType::Rsa { bits: 2048 });
    let signature = vector("valid rsa2048 pkcs1:sha256");
    let time = |key: &PublicKey| {
        let start = std::time::Instant::now();
        assert_eq!(key.verify(RSA_SHA256, MESSAGE, &signature), Ok(()));
        start.elapsed()
    };
    // The best of several, since other tests run beside this one.
    let best = |key: &PublicKey| (0..20).map(|_| time(key)).min().unwrap();
    let (padded, clean) = (best(&padded), best(&clean));
    assert!(padded < clean * 4, "{padded:?} with zeros, {clean:?} without");
    assert_eq!(PublicKey::from_rsa_components(&zeros, &[1, 0, 1]), Err(UnusableKey::RsaModulusSize { bits: 0 }));
    assert_eq!(PublicKey::from_rsa_components(modulus, &zeros), Err(UnusableKey::RsaExponent { exponent: 0 }));
}

/// DER allows one zero, where the number would be negative without it.
#[test]
fn leading_zeros_in_a_public_key_info_are_no_der() {
    let spki = der(fixture!("rsa2048.spki.pem"));
    let with_modulus = |zeros: usize| {
        let modulus = tlv(2, &[&vec![0; zeros], &spki[33..289]].concat());
        let key = tlv(0x30, &[&modulus[..], &spki[289..]].concat());
        tlv(0x30, &[&spki[4..19], &tlv(3, &[&[0], &key[..]].concat())].concat())
    };
    assert_eq!(with_modulus(1), spki);
    assert_eq!(PublicKey::from_spki_der(&with_modulus(1)), Ok(certified_key("rsa2048")));
    for zeros in [2, 64 << 10] {
        assert_eq!(PublicKey::from_spki_der(&with_modulus(zeros)), Err(UnusableKey::Malformed));
    }
}

#[test]
fn spki_is_strict() {
    for text in [fixture!("rsa2048.spki.pem"), fixture!("p256.spki.pem")] {
        let spki = der(text);
        assert!(PublicKey::from_spki_der(&spki).is_ok());
        assert_eq!(PublicKey::from_spki_der(&[&spki[..], &[0]].concat()), Err(UnusableKey::Malformed));
        assert_eq!(PublicKey::from_spki_der(&spki[..spki.len() - 1]), Err(UnusableKey::Malformed));
    }
    let mut parameters = der(fixture!("rsa2048.spki.pem"));
    assert_eq!(parameters[17..19], [5, 0]);
    parameters[17] = 4;
    assert_eq!(PublicKey::from_spki_der(&parameters), Err(UnusableKey::Malformed));
    let explicit = PublicKey::from_spki_der(&der(fixture!("p256.explicit.spki.pem")));
    assert_eq!(explicit, Err(UnusableKey::Curve { oid: None }));
}

/// A P-256 SubjectPublicKeyInfo around any octets.
fn p256_spki(point: &[u8]) -> Vec<u8> {
    let algorithm = &der(fixture!("p256.spki.pem"))[2..23];
    let octet = |len: usize| u8::try_from(len).unwrap();
    let bits = [&[3, octet(point.len() + 1), 0], point].concat();
    [&[0x30, octet(algorithm.len() + bits.len())], algorithm, &bits].concat()
}

#[test]
fn ec_points_are_checked() {
    let good = der(fixture!("p256.spki.pem"))[26..].to_vec();
    assert_eq!(PublicKey::from_spki_der(&p256_spki(&good)), Ok(certified_key("p256")));
    let mut off_curve = good.clone();
    off_curve[64] ^= 1;
    let hybrid = [&[6 | (good[64] & 1)], &good[1..]].concat();
    let compact = [&[5], &good[1..33]].concat();
    let beyond_the_field = [&[4], &[0xff; 64][..]].concat();
    let origin = [&[4], &[0; 64][..]].concat();
    let zeros = vec![0; 65];
    for bad in [off_curve, hybrid, compact, beyond_the_field, origin, zeros, vec![0], Vec::new(), good[..64].to_vec()] {
        assert_eq!(PublicKey::from_spki_der(&p256_spki(&bad)), Err(UnusableKey::Point), "{bad:02x?}");
    }
}

#[test]
fn rsa_keys_restricted_to_pss_are_not_supported() {
    let error = Certificate::from_pem(fixture!("pss.crt.pem")).unwrap_err();
    let oid = "1.2.840.113549.1.1.10".into();
    assert_eq!(error, KeyError::Unusable(UnusableKey::Algorithm { oid }));
}

#[test]
fn algorithms_and_their_uris() {
    for digest in DIGESTS {
        assert_eq!(DigestAlgorithm::from_uri(digest.uri()), Some(digest));
    }
    let other_name = "http://www.w3.org/2001/04/xmldsig-more#sha384";
    assert_eq!(DigestAlgorithm::from_uri(other_name), Some(DigestAlgorithm::Sha384));
    let mut uris = std::collections::HashSet::new();
    for algorithm in all_algorithms() {
        assert_eq!(SignatureAlgorithm::from_uri(algorithm.uri()), Some(algorithm));
        assert!(uris.insert(algorithm.uri()));
    }
    assert_eq!(uris.len(), 12);
}

#[test]
fn other_uris_are_unknown() {
    for uri in [
        "",
        "none",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha0",
        "http://www.w3.org/2000/09/xmldsig#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        "http://www.w3.org/2001/04/xmldsig-morersa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
        "http://www.w3.org/2001/04/xmldsig-more%23rsa-sha256",
        "https://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        SignatureAlgorithm::RSA_PSS_URI,
    ] {
        assert_eq!(SignatureAlgorithm::from_uri(uri), None, "{uri}");
    }
    assert!(SignatureAlgorithm::from_uri("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256").is_some());
    for uri in [
        "",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "http://www.w3.org/2001/04/xmldsig-more#sha224",
        "http://www.w3.org/2000/09/xmldsig#sha256",
        "http://www.w3.org/2001/04/xmlenc#SHA256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    ] {
        assert_eq!(DigestAlgorithm::from_uri(uri), None, "{uri}");
    }
}

#[test]
fn pss_parameters() {
    let (sha1, sha256) = (DigestAlgorithm::Sha1, DigestAlgorithm::Sha256);
    let usual = RsaPssParameters::new(sha256, sha256, 32);
    assert_eq!(usual, Some(RsaPssParameters::with_default_salt(sha256)));
    let short = SignatureAlgorithm::RsaPss(RsaPssParameters::new(sha256, sha256, 20).unwrap());
    assert_eq!(short.uri(), SignatureAlgorithm::RSA_PSS_URI);
    for (digest, mgf1, salt_len) in [(sha256, sha1, 32), (sha1, sha256, 20), (sha256, sha256, 0), (sha256, sha256, 33)]
    {
        assert_eq!(RsaPssParameters::new(digest, mgf1, salt_len), None);
    }
}

#[test]
fn digests() {
    let of_nothing = |algorithm| {
        let digest = DigestValue::of_nothing(algorithm);
        STANDARD.encode(digest.as_ref())
    };
    assert_eq!(of_nothing(DigestAlgorithm::Sha1), "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    assert_eq!(of_nothing(DigestAlgorithm::Sha256), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    for algorithm in DIGESTS {
        let whole = DigestValue::of(algorithm, MESSAGE);
        let mut hasher = Hasher::new(algorithm);
        MESSAGE.chunks(3).for_each(|chunk| hasher.update(chunk));
        assert!(whole.matches(hasher.finish().as_ref()));
        assert_eq!(whole.as_ref().len(), algorithm.output_len());
    }
}

#[test]
fn digests_are_compared_in_full_length() {
    let digest = DigestValue::of(DigestAlgorithm::Sha256, MESSAGE);
    let octets = digest.as_ref().to_vec();
    assert!(digest.matches(&octets));
    for len in 0..32 {
        assert!(!digest.matches(&octets[..len]));
    }
    assert!(!digest.matches(&[&octets[..], &[0]].concat()));
    let mut flipped = octets;
    flipped[31] ^= 1;
    assert!(!digest.matches(&flipped));
}

#[test]
fn random_octets_differ() {
    assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
}

#[cfg(feature = "aws-lc-rs")]
#[path = "aws_lc_tests.rs"]
mod aws_lc;

#[path = "decryption_tests.rs"]
mod decryption;

#[path = "wycheproof_tests.rs"]
mod wycheproof;
