use super::*;
use crate::dsig::{Position, sign_enveloped};
use crate::keys::SigningKey;

fn signer(key: &str, certificate: &Certificate) -> SigningKey {
    SigningKey::from_pem(key, Some(certificate)).unwrap()
}

fn federation() -> SigningKey {
    signer(pem!("p256.key"), &certificate(EC))
}

/// Signed with P-256, whose key the metadata does not contain.
fn signed(xml: &str, id: &str) -> String {
    sign_enveloped(xml, id, Position::First, &federation()).unwrap()
}

fn pinned(xml: &str, keys: &[VerifyingKey]) -> Result<IdentityProvider, Rejection> {
    let trust = MetadataTrust::SignedBy(keys.to_vec());
    IdentityProvider::from_metadata(xml, &EntityChoice::Only, &trust, now())
}

fn pinned_code(xml: &str) -> &'static str {
    pinned(xml, &[key(EC)]).unwrap_err().code()
}

fn one() -> String {
    entity(ID, r#" ID="_one""#, &good_role())
}

#[test]
fn md_001_unsigned_metadata_where_a_signature_is_demanded() {
    let good = signed(&one(), "_one");
    assert_eq!(pinned(&good, &[key(EC)]).unwrap(), accepted(&one()));
    assert_eq!(pinned_code(&one()), "metadata.unsigned");
    assert_eq!(pinned(&good, &[]).unwrap_err().code(), "dsig.key_algorithm_mismatch");
}

#[test]
fn md_002_only_what_the_signature_covers_is_read() {
    let good = signed(&one(), "_one");
    pinned(&good, &[key(EC)]).unwrap();
    let changed = good.replace("idp.example.com/sso", "evil.example.com/sso");
    assert_eq!(pinned_code(&changed), "dsig.digest_mismatch");
    // The signed entity as it is, beside or below an entity of the attacker.
    let evil = entity("urn:evil", r#" ID="_evil""#, &good_role());
    for wrapped in [group("", &format!("{good}{evil}")), group("", &format!("{evil}{good}")), group("", &good)] {
        assert_eq!(pinned_code(&wrapped), "metadata.unsigned");
    }
    // The signature moved to the attacker's root.
    let start = good.find("<ds:Signature").unwrap();
    let end = good.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = &good[start..end];
    let moved = evil.replacen(r#" ID="_evil">"#, &format!(r#" ID="_evil">{signature}"#), 1);
    assert_eq!(pinned_code(&moved), "dsig.reference_target");
    let same_id =
        group(r#" ID="_one""#, &format!("{signature}{}", good.replace(r#" ID="_one""#, "").replace(signature, "")));
    assert_eq!(pinned_code(&same_id), "dsig.digest_mismatch");
    // Not the first child.
    let late =
        good.replace(signature, "").replace("</md:EntityDescriptor>", &format!("{signature}</md:EntityDescriptor>"));
    assert_eq!(pinned_code(&late), "dsig.misplaced");
}

#[test]
fn md_002_a_signed_group_covers_its_entities() {
    let aggregate = group(r#" ID="_group""#, &entity(ID, "", &good_role()));
    let good = signed(&aggregate, "_group");
    assert_eq!(pinned(&good, &[key(RSA), key(EC)]).unwrap(), accepted(&one()));
    let added =
        good.replace("</md:EntitiesDescriptor>", &(entity("urn:evil", "", &good_role()) + "</md:EntitiesDescriptor>"));
    assert_eq!(pinned_code(&added), "dsig.digest_mismatch");
}

#[test]
fn md_005_keys_in_the_metadata_do_not_vouch_for_it() {
    let own = signer(pem!("rsa2048.key"), &certificate(RSA));
    let self_signed = sign_enveloped(&one(), "_one", Position::First, &own).unwrap();
    assert_eq!(pinned_code(&self_signed), "dsig.key_algorithm_mismatch");
    assert_eq!(pinned(&self_signed, &[key(RSA3072)]).unwrap_err().code(), "dsig.signature_invalid");
    assert_eq!(pinned(&self_signed, &[key(RSA)]).unwrap(), accepted(&one()));
}

#[test]
fn md_024_metadata_is_signed_by_strict_algorithms() {
    let good = signed(&one(), "_one");
    pinned(&good, &[key(EC)]).unwrap();
    let sha1 = good.replace(
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
    );
    assert_eq!(pinned_code(&sha1), "dsig.signature_algorithm");
    let sha1 = good.replace("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1");
    assert_eq!(pinned_code(&sha1), "dsig.digest_algorithm");
}

#[test]
fn a_signature_that_nobody_verifies_is_a_warning() {
    for xml in [signed(&one(), "_one"), group("", &signed(&one(), "_one")), signed(&group(r#" ID="_g""#, &one()), "_g")]
    {
        assert_eq!(accepted(&xml).warnings(now()), [MetadataWarning::SignatureNotVerified]);
    }
    assert_eq!(accepted(&one()).warnings(now()), []);
    let good = signed(&one(), "_one");
    assert_eq!(pinned(&good, &[key(EC)]).unwrap().warnings(now()), []);
}
