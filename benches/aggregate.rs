//! The metadata of one identity provider, 7 KB, and of a federation, 5,000 entities in 34 MB, beside bare quick-xml events
//! over the same bytes: reading the one; finding one entity, an index of all, unsigned and with the signature over all of it
//! verified. Time interleaved in one process, the best of each; memory by counting what is allocated at once.
//!
//! `cargo bench --bench aggregate --features aws-lc-rs,testing`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

mod interleaved;

use std::fmt::Write as _;
use std::hint::black_box;

use allocation_counter::measure;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use interleaved::interleaved;
use quick_xml::Reader;
use quick_xml::events::Event;
use saml_sp::keys::Certificate;
use saml_sp::metadata::{Aggregate, EntityChoice, MetadataTrust};
use saml_sp::testing::{TestKey, sign_template, signature_template};
use saml_sp::{EntityId, IdentityProvider};
use sha2::{Digest as _, Sha256};

const ENTITIES: usize = 5_000;

fn main() {
    let single = document(1, "");
    println!("one entity, {:.1} KB", single.len() as f64 / 1e3);
    row("metadata_of_one", 40, &single, || {
        let (choice, trust) = (EntityChoice::Only, MetadataTrust::ObtainedSecurely);
        black_box(IdentityProvider::from_metadata(single.as_str(), &choice, &trust, now()).unwrap());
    });
    let (unsigned, signed) = (document(ENTITIES, ""), signed());
    println!("{ENTITIES} entities, {:.1} MB", unsigned.len() as f64 / 1e6);
    let pinned = MetadataTrust::SignedBy(vec![TestKey::Rsa.signing_key().unwrap().verifying_key().clone()]);
    for (name, xml, trust) in
        [("unsigned", &unsigned, &MetadataTrust::ObtainedSecurely), ("verified", &signed, &pinned)]
    {
        row(&format!("find_one_{name}"), 1, xml, || find(xml, trust));
        row(&format!("index_{name}"), 1, xml, || drop(black_box(aggregate(xml, trust).index().unwrap())));
        let mut index = None;
        let counted = measure(|| index = Some(aggregate(xml, trust).index().unwrap()));
        let above = counted.bytes_max.saturating_sub(u64::try_from(counted.bytes_current).unwrap());
        println!("memory index_{name} {:.2} MB, {:.2} MB above it", mega(counted.bytes_max), mega(above));
        let peak = measure(|| find(xml, trust)).bytes_max;
        println!("memory find_one_{name} {:.2} MB", mega(peak));
    }
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn row(name: &str, runs: u32, xml: &str, ours: impl FnMut()) {
    let (ours, bare) = interleaved(runs, ours, || bare(xml));
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    println!("ratio {name} {ratio:.2}   ({:.3} ms, bare {:.3} ms)", ours.as_secs_f64() * 1e3, bare.as_secs_f64() * 1e3);
}

/// Every event, looked at by nobody.
fn bare(xml: &str) {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            event => drop(black_box(event)),
        }
    }
}

fn aggregate<'x>(xml: &'x str, trust: &MetadataTrust) -> Aggregate<&'x [u8]> {
    Aggregate::new(xml.as_bytes(), trust.clone())
}

fn find(xml: &str, trust: &MetadataTrust) {
    let id = EntityId::new(entity_id(ENTITIES - 7));
    black_box(aggregate(xml, trust).find(&id, now()).unwrap());
}

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn entity_id(number: usize) -> String {
    format!("https://idp{number}.example.edu/idp/shibboleth")
}

const NAMESPACES: &str = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
    xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\"";

/// In its canonical form but for the declarations of the root, of which only `md` is used there.
fn document(entities: usize, signature: &str) -> String {
    let certificate = Certificate::from_pem(TestKey::Rsa.certificate_pem()).unwrap().to_base64();
    let mut xml = format!("<md:EntitiesDescriptor {NAMESPACES} ID=\"_all\">{signature}");
    for number in 0..entities {
        entity(&mut xml, number, &certificate);
    }
    xml.push_str("\n</md:EntitiesDescriptor>");
    xml
}

fn entity(xml: &mut String, number: usize, certificate: &str) {
    let (id, mdui) = (entity_id(number), "xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\"");
    write!(xml, "\n  <md:EntityDescriptor entityID=\"{id}\">\n    <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n      <md:Extensions>\n        <mdui:UIInfo {mdui}>\n").unwrap();
    for language in ["en", "de", "fr", "it", "es"] {
        write!(xml, "          <mdui:DisplayName xml:lang=\"{language}\">University of Somewhere, No. {number}</mdui:DisplayName>\n          <mdui:Description xml:lang=\"{language}\">The identity provider of the university, for its students, staff and alumni &amp; friends.</mdui:Description>\n          <mdui:InformationURL xml:lang=\"{language}\">https://www.university{number}.example.edu/about/{language}</mdui:InformationURL>\n").unwrap();
    }
    xml.push_str("        </mdui:UIInfo>\n      </md:Extensions>\n");
    for usage in ["signing", "encryption"] {
        write!(xml, "      <md:KeyDescriptor use=\"{usage}\">\n        <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n          <ds:X509Data>\n            <ds:X509Certificate>{certificate}</ds:X509Certificate>\n          </ds:X509Data>\n        </ds:KeyInfo>\n      </md:KeyDescriptor>\n").unwrap();
    }
    for binding in ["HTTP-Redirect", "HTTP-POST", "SOAP"] {
        writeln!(xml, "      <md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{id}/profile/SAML2/SLO\"></md:SingleLogoutService>").unwrap();
    }
    xml.push_str("      <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>\n");
    for binding in ["HTTP-Redirect", "HTTP-POST"] {
        writeln!(xml, "      <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{id}/profile/SAML2/SSO\"></md:SingleSignOnService>").unwrap();
    }
    xml.push_str("    </md:IDPSSODescriptor>\n    <md:Organization>\n");
    for name in ["OrganizationName", "OrganizationDisplayName"] {
        writeln!(xml, "      <md:{name} xml:lang=\"en\">University of Somewhere, No. {number}</md:{name}>").unwrap();
    }
    write!(xml, "      <md:OrganizationURL xml:lang=\"en\">https://www.university{number}.example.edu/</md:OrganizationURL>\n    </md:Organization>\n").unwrap();
    for kind in ["technical", "support", "administrative"] {
        write!(xml, "    <md:ContactPerson contactType=\"{kind}\">\n      <md:GivenName>Help</md:GivenName>\n      <md:SurName>Desk</md:SurName>\n      <md:EmailAddress>mailto:{kind}@university{number}.example.edu</md:EmailAddress>\n    </md:ContactPerson>\n").unwrap();
    }
    xml.push_str("  </md:EntityDescriptor>");
}

/// Too large for the signer of whole documents: the digest is of the text, which is canonical.
fn signed() -> String {
    let unused =
        ["xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" ", " xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\" ID"];
    let canonical = document(ENTITIES, "").replacen(unused[0], "", 1).replacen(unused[1], " ID", 1);
    let key = TestKey::Rsa.signing_key().unwrap();
    let digest = BASE64_STANDARD.encode(Sha256::digest(canonical.as_bytes()));
    let template = signature_template("_all", &key).replace("{digest:_all}", &digest);
    document(ENTITIES, &sign_template(&template, &key).unwrap())
}
