//! The two providers side by side. That they agree is asserted wherever aws-lc-rs answers (`aws_lc::agreed`), in these tests
//! and in all others; here are the inputs for it, and which of the two answers.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepPublicEncryptingKey, PublicEncryptingKey,
};

use super::*;

fn by_aws_lc(key: &PublicKey, algorithm: SignatureAlgorithm) -> bool {
    let signature = vec![1; key.key_type().signature_len()];
    key.0.handle.verify_by_aws_lc(algorithm, MESSAGE, &signature).is_some()
}

#[test]
fn which_provider_verifies() {
    let left = |name| -> Vec<&str> {
        let key = certified_key(name);
        let same_family = all_algorithms().filter(|algorithm| algorithm.family() == key.key_type().family());
        same_family.filter(|algorithm| !by_aws_lc(&key, *algorithm)).map(SignatureAlgorithm::uri).collect()
    };
    let ecdsa = |digests: &[&str]| -> Vec<String> {
        digests.iter().map(|digest| format!("http://www.w3.org/2001/04/xmldsig-more#ecdsa-{digest}")).collect()
    };
    assert_eq!(left("p256"), ecdsa(&["sha1", "sha384", "sha512"]));
    assert_eq!(left("p384"), ecdsa(&["sha1", "sha256", "sha512"]));
    assert_eq!(left("p521"), ecdsa(&["sha1"]));
    for name in ["rsa2048", "rsa_e3"] {
        assert_eq!(left(name), ["http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1"]);
    }
    for name in ["rsa1024", "rsa2041"] {
        assert_eq!(left(name).len(), 5, "PSS, and PKCS#1 v1.5 with SHA-384");
    }
    let short_salt = RsaPssParameters::new(DigestAlgorithm::Sha256, DigestAlgorithm::Sha256, 20).unwrap();
    assert!(!by_aws_lc(&certified_key("rsa2048"), SignatureAlgorithm::RsaPss(short_salt)));
}

#[test]
fn damaged_signatures_fail_by_both() {
    let valid = fixture!("vectors.txt").lines().filter(|line| line.starts_with("valid "));
    for line in valid {
        let fields: Vec<&str> = line.split(' ').collect();
        let (key, algorithm) = (certified_key(fields[1]), algorithm(fields[2]));
        let signature = STANDARD.decode(fields[3]).unwrap();
        for position in (0..signature.len()).step_by(5) {
            for bit in [1, 0x80] {
                let mut bad = signature.clone();
                bad[position] ^= bit;
                assert_eq!(key.verify(algorithm, MESSAGE, &bad), Err(VerifyError::Invalid), "{line}");
            }
        }
    }
}

#[test]
fn digests_by_both() {
    let octets: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for algorithm in DIGESTS {
        for len in (0..300).chain([511, 512, 513, 1000]) {
            let mut other = rustcrypto::HashState::new(algorithm);
            other.update(&octets[..len]);
            let ours = DigestValue::of(algorithm, &octets[..len]);
            assert_eq!(ours.as_ref(), &other.finish()[..algorithm.output_len()]);
        }
    }
}

#[test]
fn what_one_signs_the_other_verifies() {
    for text in
        [fixture!("rsa2048.key.pem"), fixture!("p256.key.pem"), fixture!("p384.key.pem"), fixture!("p521.key.pem")]
    {
        let key = PrivateKey::from_der(&der(text)).unwrap();
        let family = key.public_key().key_type().family();
        for algorithm in all_algorithms().filter(|algorithm| algorithm.family() == family) {
            let other = key.handle.rustcrypto.sign(algorithm, MESSAGE).ok().unwrap();
            let ours = key.sign(algorithm, MESSAGE).unwrap();
            for signature in [&ours, &other] {
                assert_eq!(key.public_key().verify(algorithm, MESSAGE, signature), Ok(()));
            }
            if matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_)) {
                assert_eq!(ours, other);
            }
        }
    }
}

#[test]
fn oaep_by_both() {
    let key = PrivateKey::from_der(&der(fixture!("rsa2048.key.pem"))).unwrap();
    let public = PublicEncryptingKey::from_der(key.public_key().spki_der()).unwrap();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let algorithms = [&OAEP_SHA1_MGF1SHA1, &OAEP_SHA256_MGF1SHA256, &OAEP_SHA384_MGF1SHA384, &OAEP_SHA512_MGF1SHA512];
    for (digest, oaep) in std::iter::zip(DIGESTS, algorithms) {
        for (label, len) in [(&b""[..], 32), (b"label", 16), (b"", 0), (b"", 1)] {
            let transport = |mgf1, label: &[u8]| KeyTransport::RsaOaep { digest, mgf1, label: label.to_vec() };
            let mut sealed = vec![0; 256];
            public.encrypt(oaep, &vec![7; len], &mut sealed, Some(label)).unwrap();
            let good = transport(digest, label);
            assert_eq!(key.unwrap_key(&good, &sealed).unwrap().to_vec(), vec![7; len]);
            assert_eq!(key.unwrap_key(&transport(digest, b"other"), &sealed), Err(DecryptionFailed));
            let other = DIGESTS.into_iter().find(|other| *other != digest).unwrap();
            assert_eq!(key.unwrap_key(&transport(other, label), &sealed), Err(DecryptionFailed));
            let mut damaged = sealed.clone();
            damaged[255] ^= 1;
            let lengthened = [&[0], &sealed[..]].concat();
            for bad in [damaged, lengthened, sealed[1..].to_vec(), vec![0xff; 256], vec![0; 256], Vec::new()] {
                assert_eq!(key.unwrap_key(&good, &bad), Err(DecryptionFailed));
            }
        }
    }
}

#[test]
fn gcm_by_both() {
    for (algorithm, key_len) in [(&AES_128_GCM, 16), (&AES_192_GCM, 24), (&AES_256_GCM, 32)] {
        let (cipher, key) = (ContentCipher::AesGcm { key_len }, vec![9; key_len]);
        for len in [0, 1, 15, 16, 17, 1000] {
            let (nonce, mut content) = ([3; 12], vec![5; len]);
            let sealing = LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap());
            let tag =
                sealing.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut content);
            let sealed = [&nonce, &content[..], tag.unwrap().as_ref()].concat();
            assert_eq!(decrypt(cipher, &key, &sealed).unwrap().to_vec(), vec![5; len]);
            for position in 0..sealed.len().min(60) {
                let mut bad = sealed.clone();
                bad[position] ^= 1;
                assert_eq!(decrypt(cipher, &key, &bad), Err(DecryptionFailed));
                assert_eq!(decrypt(cipher, &key, &sealed[..position.min(sealed.len() - 1)]), Err(DecryptionFailed));
            }
            let last = sealed.len() - 1;
            assert_eq!(decrypt(cipher, &key, &sealed[..last]), Err(DecryptionFailed));
        }
    }
}
