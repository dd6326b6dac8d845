use super::*;
use crate::keys::{KeyError, UnusableKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

fn keys(descriptors: &str) -> Vec<VerifyingKey> {
    accepted(&document(&format!("{descriptors}{SSO}"))).signing_keys().to_vec()
}

fn refused(descriptors: &str) -> &'static str {
    code(&document(&format!("{descriptors}{SSO}")))
}

#[test]
fn md_011_a_key_without_use_is_for_both() {
    let idp = accepted(&document(&(key_descriptor("", &x509_data(RSA)) + SSO)));
    assert_eq!(idp.signing_keys(), [key(RSA)]);
    assert_eq!(idp.encryption_certificates(), [certificate(RSA)]);
    for unknown in ["", "SIGNING", " signing", "both"] {
        let descriptor = key_descriptor(&format!(r#" use="{unknown}""#), &x509_data(RSA));
        assert_eq!(refused(&descriptor), "metadata.key", "{unknown:?}");
        assert_eq!(refused(&(descriptor + &signing_key(EC))), "metadata.key", "{unknown:?}");
    }
    assert_eq!(keys(&key_descriptor(r#" use="signing""#, &x509_data(RSA))), [key(RSA)]);
}

#[test]
fn md_012_no_signing_key_no_provider() {
    let encryption = key_descriptor(r#" use="encryption""#, &x509_data(RSA));
    assert_eq!(refused(&encryption), "metadata.no_signing_key");
    assert_eq!(refused(""), "metadata.no_signing_key");
    assert_eq!(refused(&key_descriptor("", "<ds:KeyName>idp</ds:KeyName>")), "metadata.no_signing_key");
    assert_eq!(keys(&(encryption + &signing_key(EC))), [key(EC)]);
}

#[test]
fn keys_are_distinct_and_in_document_order() {
    let all = [signing_key(EC), signing_key(RSA), signing_key(EC), key_descriptor("", &x509_data(RSA3072))].concat();
    assert_eq!(keys(&all), [key(EC), key(RSA), key(RSA3072)]);
    let in_one = key_descriptor("", &(x509_data(RSA) + &x509_data(EC)));
    assert_eq!(keys(&in_one), [key(RSA), key(EC)]);
}

/// A chain spelled as two X509Data makes a signer of the issuer.
#[test]
fn several_keys_in_one_key_info_are_a_warning() {
    let idp = |attributes: &str, info: &str| {
        accepted(&document(&(key_descriptor(attributes, info) + &signing_key(EC) + SSO)))
    };
    let several = |keys| MetadataWarning::SeveralKeysInOneKeyInfo { keys };
    let two = x509_data(EC) + &x509_data(RSA);
    let signers = idp(r#" use="signing""#, &two);
    assert_eq!(signers.signing_keys(), [key(EC), key(RSA)]);
    assert_eq!(signers.warnings(now()), [several(2)]);
    assert_eq!(idp("", &(two.clone() + &x509_data(EC) + &x509_data(RSA3072))).warnings(now()), [several(3)]);
    let values = rsa_key_value(&rsa_modulus(), &[1, 0, 1])
        + &ec_key_value("1.2.840.10045.3.1.7", &point_of(&certificate(EC), 65));
    assert_eq!(idp("", &values).warnings(now()), [several(2)]);
    assert_eq!(idp("", &(x509_data(EC) + &x509_data(EC))).warnings(now()), []);
    assert_eq!(idp("", &(x509_data(pem!("expired.crt")) + &x509_data(pem!("v1.crt")))).warnings(now()), []);
    assert_eq!(idp(r#" use="encryption""#, &two).warnings(now()), []);
    assert_eq!(accepted(&document(&(signing_key(RSA) + &signing_key(EC) + SSO))).warnings(now()), []);
}

#[test]
fn of_two_certificates_for_a_key_the_longer_one_counts() {
    let (expired, renewed) = (pem!("expired.crt"), pem!("v1.crt"));
    assert_eq!(key(expired), key(renewed));
    for order in [[expired, renewed], [renewed, expired]] {
        let idp = accepted(&document(&(signing_key(order[0]) + &signing_key(order[1]) + SSO)));
        assert_eq!(idp.signing_keys().len(), 1);
        assert!(idp.warnings(now()).is_empty(), "{:?}", idp.warnings(now()));
    }
    let idp = accepted(&document(&(signing_key(expired) + SSO)));
    assert!(matches!(idp.warnings(now())[..], [MetadataWarning::CertificateExpired { .. }]));
}

/// DS-068.
#[test]
fn at_most_ten_keys() {
    let rsa_value = |last: u8| {
        let mut modulus = [0xA5; 256];
        modulus[255] = last;
        rsa_key_value(&modulus, &[1, 0, 1])
    };
    let descriptors =
        |count: u8| -> String { (0..count).map(|number| key_descriptor("", &rsa_value(2 * number + 1))).collect() };
    assert_eq!(keys(&descriptors(10)).len(), 10);
    assert_eq!(refused(&descriptors(11)), "metadata.too_many_keys");
    assert_eq!(
        refused(&descriptors(11).replace("<md:KeyDescriptor", r#"<md:KeyDescriptor use="encryption""#)),
        "metadata.no_signing_key"
    );
    let repeated = descriptors(10) + &descriptors(10);
    assert_eq!(keys(&repeated).len(), 10);
}

#[test]
fn md_013_only_the_first_certificate_of_x509_data_signs() {
    let chain = x509_data(EC).replace("</ds:X509Data>", &x509_data(RSA).replace("<ds:X509Data>", ""));
    let idp = accepted(&document(&(key_descriptor("", &chain) + SSO)));
    assert_eq!(idp.signing_keys(), [key(EC)]);
    assert_eq!(idp.warnings(now()), [MetadataWarning::ChainNotUsed { certificates: 1 }]);
    let one_text = format!("<ds:X509Data><ds:X509Certificate>{EC}{RSA}</ds:X509Certificate></ds:X509Data>");
    let idp = accepted(&document(&(key_descriptor("", &one_text) + SSO)));
    assert_eq!(idp.signing_keys(), [key(EC)]);
    assert_eq!(idp.warnings(now()), [MetadataWarning::ChainNotUsed { certificates: 1 }]);
}

#[test]
fn md_013_xml_055_look_alikes_are_no_certificates() {
    let good = x509_data(RSA);
    for (from, to) in [("ds:X509Data", "x:X509Data"), ("ds:X509Certificate", "x:X509Certificate")] {
        let evil = good.replace(from, to);
        let evil = evil.replacen(&format!("<{to}>"), &format!(r#"<{to} xmlns:x="urn:evil">"#), 1);
        assert_eq!(refused(&signing_key(RSA).replace(&good, &evil)), "schema.foreign_namespace", "{evil}");
        assert_eq!(refused(&signing_key(RSA).replace(&good, &(evil + &good))), "schema.foreign_namespace");
    }
    let stray = format!("<ds:X509Certificate>{}</ds:X509Certificate>", body(RSA));
    assert_eq!(refused(&key_descriptor("", &stray)), "metadata.key");
    let foreign_info = signing_key(RSA)
        .replace("<ds:KeyInfo", r#"<x:KeyInfo xmlns:x="urn:evil""#)
        .replace("/ds:KeyInfo", "/x:KeyInfo");
    assert_eq!(refused(&foreign_info), "schema.foreign_namespace");
    assert_eq!(keys(&key_descriptor("", &good)), [key(RSA)]);
    // What XML Signature lets others add is not read.
    let added = format!(r#"<x:Other xmlns:x="urn:x">{0}</x:Other><ds:KeyName>k</ds:KeyName>{1}"#, x509_data(EC), good);
    assert_eq!(keys(&key_descriptor("", &added)), [key(RSA)]);
}

#[test]
fn md_014_certificate_text_as_it_is_met() {
    let dense = body(RSA).replace('\n', "");
    let once_more = BASE64_STANDARD.encode(RSA);
    let with_comment = dense.replacen("MII", "MI<!-- wrapped by hand -->I", 1);
    let in_cdata = format!("<![CDATA[{dense}]]>");
    let indented = body(RSA).replace('\n', "&#13;\n\t   ");
    for text in [RSA, dense.as_str(), &once_more, &with_comment, &in_cdata, &indented] {
        let data = format!("<ds:X509Data><ds:X509Certificate>\n {text} </ds:X509Certificate></ds:X509Data>");
        assert_eq!(keys(&key_descriptor("", &data)), [key(RSA)], "{text}");
    }
    let private = body(pem!("rsa2048.key"));
    let cut: String = dense.chars().take(400).collect();
    for text in ["", "no certificate", &cut, &private, &BASE64_STANDARD.encode(pem!("rsa2048.key")), "<b/>"] {
        let data = format!("<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data>");
        let expected = if text == "<b/>" { "schema.text" } else { "metadata.key" };
        assert_eq!(refused(&key_descriptor("", &data)), expected, "{text}");
        assert_eq!(refused(&(signing_key(EC) + &key_descriptor("", &data))), expected, "{text}");
    }
}

#[test]
fn a_key_of_an_unsupported_kind_is_left_out_with_a_warning() {
    let unsupported = signing_key(pem!("ed25519.crt"));
    let error = KeyError::Unusable(UnusableKey::Algorithm { oid: "1.3.101.112".into() });
    let idp = accepted(&document(&(unsupported.clone() + &signing_key(EC) + SSO)));
    assert_eq!(idp.signing_keys(), [key(EC)]);
    assert_eq!(idp.warnings(now()), [MetadataWarning::SigningKeyNotUsed { error }]);
    let rejection = read(&document(&(unsupported + SSO))).unwrap_err();
    assert_eq!(rejection.code(), "metadata.no_signing_key");
    assert!(rejection.found().unwrap().contains("1.3.101.112"));
}

#[test]
fn an_unreadable_encryption_key_is_left_out_with_a_warning() {
    let data = "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>";
    let idp = accepted(&document(&(signing_key(RSA) + &key_descriptor(r#" use="encryption""#, data) + SSO)));
    assert_eq!(idp.encryption_certificates(), []);
    assert_eq!(idp.warnings(now()), [MetadataWarning::EncryptionKeyNotUsed { error: KeyError::Certificate }]);
    assert_eq!(refused(&key_descriptor("", data)), "metadata.key");
}

fn rsa_key_value(modulus: &[u8], exponent: &[u8]) -> String {
    let (modulus, exponent) = (BASE64_STANDARD.encode(modulus), BASE64_STANDARD.encode(exponent));
    format!(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>{exponent}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )
}

/// The modulus of rsa2048, cut out of its SubjectPublicKeyInfo: the last octets before the exponent 65537.
fn rsa_modulus() -> Vec<u8> {
    let spki = BASE64_STANDARD.decode(body(pem!("rsa2048.spki")).replace('\n', "")).unwrap();
    let end = spki.len() - 5;
    spki[end - 256..end].to_vec()
}

fn ec_key_value(oid: &str, point: &[u8]) -> String {
    format!(
        r#"<ds:KeyValue><ec:ECKeyValue xmlns:ec="http://www.w3.org/2009/xmldsig11#"><ec:NamedCurve URI="urn:oid:{oid}"/><ec:PublicKey>{}</ec:PublicKey></ec:ECKeyValue></ds:KeyValue>"#,
        BASE64_STANDARD.encode(point)
    )
}

fn point_of(certificate: &Certificate, octets: usize) -> Vec<u8> {
    let spki = certificate.public_key().spki_der();
    spki[spki.len() - octets..].to_vec()
}

#[test]
fn md_017_key_values_count_where_there_is_no_certificate() {
    let value = rsa_key_value(&rsa_modulus(), &[1, 0, 1]);
    let found = keys(&key_descriptor("", &value));
    assert_eq!(found, [key(RSA)]);
    assert!(found[0].certificate().is_none());
    assert_eq!(keys(&key_descriptor("", &(value.clone() + &x509_data(EC)))), [key(EC)]);
    assert_eq!(keys(&key_descriptor("", &rsa_key_value(&[&[0], &rsa_modulus()[..]].concat(), &[1, 0, 1]))), [key(RSA)]);
    for (pem, oid, octets) in [
        (EC, "1.2.840.10045.3.1.7", 65),
        (pem!("p384.crt"), "1.3.132.0.34", 97),
        (pem!("p521.crt"), "1.3.132.0.35", 133),
    ] {
        let point = point_of(&certificate(pem), octets);
        assert_eq!(keys(&key_descriptor("", &ec_key_value(oid, &point))), [key(pem)], "{oid}");
        let other_curve = key_descriptor("", &ec_key_value("1.3.132.0.10", &point));
        assert_eq!(refused(&other_curve), "metadata.no_signing_key");
        let cut = key_descriptor("", &ec_key_value(oid, &point[1..]));
        assert_eq!(refused(&cut), "metadata.no_signing_key");
    }
}

#[test]
fn md_017_a_broken_key_value_is_no_key() {
    let value = |modulus: &[u8]| key_descriptor("", &rsa_key_value(modulus, &[1, 0, 1]));
    assert_eq!(keys(&value(&rsa_modulus())), [key(RSA)]);
    assert_eq!(refused(&value(&rsa_modulus()).replace("<ds:Modulus>", "<ds:Modulus>*")), "metadata.key");
    assert_eq!(refused(&value(&rsa_modulus()[..100])), "metadata.no_signing_key");
    assert_eq!(refused(&value(&[])), "metadata.no_signing_key");
    let renamed = value(&rsa_modulus()).replace("ds:Modulus", "ds:Module");
    assert_eq!(refused(&renamed), "metadata.no_signing_key");
    let foreign = value(&rsa_modulus())
        .replace("<ds:KeyValue", r#"<x:KeyValue xmlns:x="urn:evil""#)
        .replace("/ds:KeyValue", "/x:KeyValue");
    assert_eq!(refused(&foreign), "schema.foreign_namespace");
}

#[test]
fn a_weak_key_is_a_warning() {
    let idp = accepted(&document(&(signing_key(pem!("rsa1024.crt")) + SSO)));
    assert!(matches!(idp.warnings(now())[..], [MetadataWarning::WeakKey { bits: 1024, .. }]));
    assert!(accepted(&document(&(signing_key(RSA) + SSO))).warnings(now()).is_empty());
}

#[test]
fn dates_of_certificates_are_judged_when_asked() {
    let idp = accepted(&document(&(signing_key(RSA) + SSO)));
    let before = idp.warnings(at("2026-01-01T00:00:00Z"));
    assert!(matches!(before[..], [MetadataWarning::CertificateNotYetValid { .. }]), "{before:?}");
    assert!(idp.warnings(at("2027-01-01T00:00:00Z")).is_empty());
    let after = idp.warnings(at("2127-01-01T00:00:00Z"));
    assert!(matches!(after[..], [MetadataWarning::CertificateExpired { .. }]), "{after:?}");
}

#[test]
fn a_key_descriptor_has_one_key_info() {
    let good = signing_key(RSA);
    let info = good.replace(r#"<md:KeyDescriptor use="signing">"#, "").replace("</md:KeyDescriptor>", "");
    assert_eq!(refused(&good.replace(&info, "")), "schema.missing");
    assert_eq!(refused(&good.replace(&info, &(info.clone() + &info))), "schema.cardinality");
    assert_eq!(refused(&good.replace(&info, &(info.clone() + "text"))), "schema.text");
    let method = r#"<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>"#;
    assert_eq!(keys(&good.replace(&info, &(info.clone() + method))), [key(RSA)]);
}
