//! Federations: aggregates of any size, read as a stream. What is read from one document as a whole and from the same
//! as a stream is the same. ATTACKS L.

use std::io::{self, Read};

use saml_sp::metadata::{Aggregate, AggregateError, AggregateIndex, EntityChoice, MetadataTrust, MetadataWarning};
use saml_sp::testing::{FakeIdp, TestKey, sign_template, signature_template};
use saml_sp::{EntityId, IdentityProvider};

use crate::kit::now;

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const ALICE: &str = "https://alice.example/";
const BOB: &str = "https://bob.example/";

fn id(text: &str) -> EntityId {
    EntityId::new(text)
}

fn entity(id: &str, key: TestKey) -> String {
    FakeIdp::with_key(id, key.signing_key().unwrap()).metadata()
}

/// With the prefix declared outside of it, as aggregates have it.
fn inherited(entity: &str) -> String {
    entity.replacen(&format!(" xmlns:md=\"{MD}\""), "", 1)
}

fn group(attributes: &str, content: &str) -> String {
    format!("<md:EntitiesDescriptor xmlns:md=\"{MD}\"{attributes}>{content}</md:EntitiesDescriptor>")
}

fn good() -> String {
    let (alice, bob) = (inherited(&entity(ALICE, TestKey::P256)), entity(BOB, TestKey::OtherP256));
    let nested =
        format!("<md:EntitiesDescriptor validUntil=\"2027-01-01T00:00:00Z\">\n {bob}\n </md:EntitiesDescriptor >");
    let extensions =
        "<md:Extensions><x:y xmlns:x=\"urn:x\" a='>'>&gt;<![CDATA[</md:Extensions>]]></x:y></md:Extensions>";
    let content = format!("{{signature}}\n {extensions}\n<!-- > <md:EntityDescriptor> -->{alice}\n {nested}\n");
    let xml = group(" ID=\"_all\" Name=\"test\"", &content);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- prolog -->\n{xml}\n")
}

fn unsigned(template: &str) -> String {
    template.replace("{signature}", "")
}

fn signed_by(template: &str, key: TestKey) -> String {
    let key = key.signing_key().unwrap();
    sign_template(&template.replace("{signature}", &signature_template("_all", &key)), &key).unwrap()
}

fn signed(template: &str) -> String {
    signed_by(template, TestKey::Rsa)
}

fn pinned() -> MetadataTrust {
    MetadataTrust::SignedBy(vec![TestKey::Rsa.signing_key().unwrap().verifying_key().clone()])
}

/// So many octets at a time.
struct Drip<'x>(&'x [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn code(error: AggregateError) -> &'static str {
    match error {
        AggregateError::Rejected(rejection) => rejection.code(),
        AggregateError::Io(_) => "io",
        _ => "another",
    }
}

fn find(xml: &str, who: &str, trust: &MetadataTrust) -> Result<IdentityProvider, &'static str> {
    Aggregate::new(xml.as_bytes(), trust.clone()).find(&id(who), now()).map_err(code)
}

fn index(xml: &str, trust: &MetadataTrust) -> Result<AggregateIndex, &'static str> {
    Aggregate::new(xml.as_bytes(), trust.clone()).index().map_err(code)
}

fn whole(xml: &str, who: &str, trust: &MetadataTrust) -> Result<IdentityProvider, &'static str> {
    let choice = EntityChoice::Entity(id(who));
    IdentityProvider::from_metadata(xml.as_bytes(), &choice, trust, now()).map_err(|rejection| rejection.code())
}

/// As a stream, by an index and as a whole, it is the same.
#[track_caller]
fn finds(xml: &str, who: &str, trust: &MetadataTrust) -> IdentityProvider {
    let found = find(xml, who, trust).unwrap();
    let index = index(xml, trust).unwrap();
    let span = index.span(&id(who)).unwrap();
    let octets = &xml.as_bytes()[span.start as usize..span.end as usize];
    let whole = whole(xml, who, trust).unwrap();
    for other in [index.read(&id(who), octets, now()).unwrap(), whole] {
        assert_eq!(found, other);
        assert_eq!((found.valid_until(), found.warnings(now())), (other.valid_until(), other.warnings(now())));
    }
    found
}

#[track_caller]
fn refuses(xml: &str, trust: &MetadataTrust, expected: &str) {
    assert_eq!(find(xml, ALICE, trust).map(|_| ()), Err(expected), "{xml}");
    assert_eq!(index(xml, trust).map(|_| ()), Err(expected), "{xml}");
}

#[test]
fn an_entity_is_the_same_as_from_the_whole_document() {
    for (xml, trust) in [(unsigned(&good()), MetadataTrust::ObtainedSecurely), (signed(&good()), pinned())] {
        for xml in [
            xml.clone(),
            xml.replace('\n', "\r\n"),
            xml.replace("?>", "?><?pi in=\"prolog\"?>"),
            format!("\u{feff}{xml}"),
        ] {
            assert_eq!(finds(&xml, ALICE, &trust).entity_id(), &id(ALICE));
            let bob = finds(&xml, BOB, &trust);
            assert_eq!(bob.valid_until().unwrap().to_rfc3339(), "2027-01-01T00:00:00+00:00");
            for step in [1, 2, 7, 4096] {
                let aggregate = Aggregate::new(Drip(xml.as_bytes(), step), trust.clone());
                assert_eq!(aggregate.find(&id(BOB), now()).unwrap(), bob, "{step}");
            }
            assert_eq!(find(&xml, "https://carol.example/", &trust).unwrap_err(), "metadata.entity_not_found");
            let index = index(&xml, &trust).unwrap();
            assert_eq!(index.entities().collect::<Vec<_>>(), [&id(ALICE), &id(BOB)]);
        }
    }
    let channel = MetadataTrust::ObtainedSecurely;
    let warnings = finds(&signed(&good()), ALICE, &channel).warnings(now());
    assert!(warnings.contains(&MetadataWarning::SignatureNotVerified));
    // Every prefix that canonicalization can be told to write.
    let listed = good().replace("ID=\"_all\"", "ID=\"_all\" xmlns:p=\"urn:p\" xmlns=\"urn:q\"");
    let key = TestKey::Rsa.signing_key().unwrap();
    let transform = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let list = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"><n:InclusiveNamespaces xmlns:n=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"p #default md\"/></ds:Transform>";
    let signature = signature_template("_all", &key).replace(transform, list);
    assert!(signature.contains(list));
    finds(&sign_template(&listed.replace("{signature}", &signature), &key).unwrap(), BOB, &pinned());
}

/// The same refusals as of the whole document, signed or not.
#[test]
fn md_004_008_015_what_an_aggregate_is_refused_for() {
    let (template, channel) = (good(), MetadataTrust::ObtainedSecurely);
    let alice = inherited(&entity(ALICE, TestKey::P256));
    let doubled = template.replace(&alice, &[alice.as_str(), &inherited(&entity(ALICE, TestKey::OtherRsa))].concat());
    let nested_twice = template.replace(BOB, ALICE);
    for xml in [&doubled, &nested_twice] {
        refuses(&unsigned(xml), &channel, "metadata.duplicate_entity");
        refuses(&signed(xml), &pinned(), "metadata.duplicate_entity");
    }
    let both = |change: fn(&str) -> String, expected: &str| {
        refuses(&change(&unsigned(&template)), &channel, expected);
        refuses(&change(&signed(&template)), &pinned(), expected);
        assert_eq!(whole(&change(&unsigned(&template)), ALICE, &channel).unwrap_err(), expected);
    };
    both(
        |xml| xml.replace("<!-- prolog -->", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"),
        "xml.doctype",
    );
    both(|xml| xml.replace("<!-- prolog -->", "<!DOCTYPE"), "xml.doctype");
    both(|xml| xml.replace("encoding=\"UTF-8\"", "encoding=\"utf-7\""), "xml.encoding");
    both(|xml| xml.trim_end().trim_end_matches("</md:EntitiesDescriptor>").to_owned(), "xml.not_well_formed");
    both(|xml| format!("{xml}<x/>"), "xml.multiple_roots");
    both(|xml| format!("{xml}x"), "xml.trailing_content");
    both(|xml| xml.replace("</md:EntitiesDescriptor >", "</md:EntitiesDescriptors>"), "xml.not_well_formed");
    both(|xml| xml.replace(" entityID=\"https://alice.example/\"", ""), "schema.missing");
    refuses(&unsigned(&template).replace("md:Entities", "md:Entity"), &channel, "schema.element");
    both(|xml| xml.replace(MD, "urn:other"), "schema.element");
    both(|_| String::new(), "xml.not_well_formed");
    for group in ["<md:EntitiesDescriptor xmlns:md=\"urn:other\">", "<md:EntitiesDescriptor  ID=\"_all\">"] {
        let inner = template.replace(
            "<md:EntitiesDescriptor validUntil",
            &format!("{group}<x/></md:EntitiesDescriptor><md:EntitiesDescriptor validUntil"),
        );
        match group.contains("urn:other") {
            true => {
                assert!(find(&unsigned(&inner), BOB, &channel).is_ok() && find(&signed(&inner), BOB, &pinned()).is_ok())
            }
            false => refuses(&unsigned(&inner), &channel, "dsig.duplicate_id"),
        }
    }
    // What nobody asks for is looked at only where a signature is to be proven.
    let bad = |xml: &str| xml.replace("<md:Extensions>", "<md:Extensions><a></b>");
    refuses(&bad(&signed(&template)), &pinned(), "xml.not_well_formed");
    assert!(find(&bad(&unsigned(&template)), ALICE, &channel).is_ok());
    let sp_only = template.replace("IDPSSODescriptor", "SPSSODescriptor");
    assert_eq!(find(&unsigned(&sp_only), ALICE, &channel).unwrap_err(), "metadata.no_idp");
}

#[test]
fn md_001_002_005_only_what_the_signature_covers_is_read() {
    let template = good();
    let xml = signed(&template);
    finds(&xml, ALICE, &pinned());
    refuses(&unsigned(&template), &pinned(), "metadata.unsigned");
    refuses(&signed_by(&template, TestKey::OtherRsa), &pinned(), "dsig.signature_invalid");
    let evil = inherited(&entity("https://evil.example/", TestKey::OtherRsa));
    let changes = [
        xml.replace("https://alice.example/sso", "https://alice.example/SSO"),
        xml.replace("<!-- > <md:EntityDescriptor> -->", &evil),
        xml.replace("validUntil=\"2027-01-01T00:00:00Z\"", "validUntil=\"2028-01-01T00:00:00Z\""),
        xml.replace("</md:EntitiesDescriptor >", &format!("{evil}</md:EntitiesDescriptor>")),
        xml.replace("\n </md:EntitiesDescriptor >", "</md:EntitiesDescriptor>"),
        xml.replace(" Name=\"test\"", ""),
        xml.replace("&gt;<![CDATA[", "<![CDATA["),
        // What stood in the nested group stands beside it.
        xml.replace("\n </md:EntitiesDescriptor >", "")
            .replace("<md:EntitiesDescriptor validUntil", "<md:EntitiesDescriptor/><!-- -->\n<x validUntil")
            .replace("</md:EntitiesDescriptor>", "</x></md:EntitiesDescriptor>"),
    ];
    for changed in changes {
        assert_ne!(changed, xml);
        refuses(&changed, &pinned(), "dsig.digest_mismatch");
    }
    // What canonicalization leaves out may differ.
    finds(&xml.replace("<!-- > <md:EntityDescriptor> -->", "<!-- - -->"), ALICE, &pinned());
    finds(&xml.replace("</md:EntitiesDescriptor >", "</md:EntitiesDescriptor>"), ALICE, &pinned());
    finds(&xml.replace("<!-- prolog -->", ""), ALICE, &pinned());
    // The signature elsewhere, twice, or over something else.
    let signature = &xml[xml.find("<ds:Signature").unwrap()..xml.find("</ds:Signature>").unwrap() + 15];
    let gone = xml.replacen(signature, "", 1);
    let late = gone.replace("\n <md:Extensions>", &format!("\n <md:Extensions/>{signature}<md:Extensions>"));
    refuses(&late, &pinned(), "metadata.unsigned");
    refuses(&xml.replacen(signature, &signature.repeat(2), 1), &pinned(), "dsig.multiple");
    refuses(
        &gone.replace("<md:IDPSSODescriptor", &format!("{signature}<md:IDPSSODescriptor")),
        &pinned(),
        "metadata.unsigned",
    );
    refuses(&group("", &xml[xml.find("<md:Ent").unwrap()..]), &pinned(), "metadata.unsigned");
    refuses(&xml.replace("ID=\"_all\"", "ID=\"_other\""), &pinned(), "dsig.reference_target");
    refuses(&xml.replacen("<ds:SignedInfo", "<ds:Object/><ds:SignedInfo", 1), &pinned(), "dsig.object_forbidden");
}

/// What was indexed is what is read, whatever has become of the file.
#[test]
fn md_002_an_index_is_of_octets() {
    let xml = signed(&good());
    let index = index(&xml, &pinned()).unwrap();
    let octets = |who: &str| {
        let span = index.span(&id(who)).unwrap();
        xml.as_bytes()[span.start as usize..span.end as usize].to_vec()
    };
    assert!(index.read(&id(ALICE), &octets(ALICE), now()).is_ok());
    let mut changed = octets(ALICE);
    let at = changed.len() / 2;
    changed[at] ^= 1;
    for (who, octets) in [(ALICE, changed), (ALICE, octets(BOB)), ("https://carol.example/", octets(ALICE))] {
        let refused = index.read(&id(who), &octets, now()).unwrap_err();
        assert_eq!(refused.code(), "metadata.entity_not_found");
    }
    let late = "2027-02-01T00:00:00Z".parse().unwrap();
    assert_eq!(index.read(&id(BOB), &octets(BOB), late).unwrap_err().code(), "metadata.expired", "MD-006");
    assert!(index.read(&id(ALICE), &octets(ALICE), late).is_ok());
}

/// An aggregate without end.
struct Endless {
    start: Vec<u8>,
    again: Vec<u8>,
    at: usize,
    most: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(self.at < self.most, "read on after {} bytes", self.at);
        let all = [&self.start, self.again.as_slice()].concat();
        let at = if self.at < self.start.len() {
            self.at
        } else {
            self.start.len() + (self.at - self.start.len()) % self.again.len()
        };
        let count = buffer.len().min(all.len() - at);
        buffer[..count].copy_from_slice(&all[at..at + count]);
        self.at += count;
        Ok(count)
    }
}

#[test]
fn md_010_bounds() {
    let start = format!("<md:EntitiesDescriptor xmlns:md=\"{MD}\">").into_bytes();
    let refuse = |again: &str, most: usize, expected: &str| {
        let endless = Endless { start: start.clone(), again: again.repeat(4096).into(), at: 0, most };
        assert_eq!(
            code(Aggregate::new(endless, MetadataTrust::ObtainedSecurely).index().unwrap_err()),
            expected,
            "{again}"
        );
    };
    refuse(" ", 2 << 20, "xml.limit_size");
    refuse("<!-- comment -->", 2 << 20, "xml.limit_size");
    refuse("<a>", 2 << 20, "xml.limit_size");
    refuse("<a b=\"<a>\" ", 2 << 20, "xml.limit_size");
    refuse("<md:EntitiesDescriptor>", 2 << 20, "xml.limit_depth");
    refuse("<md:EntityDescriptor entityID=\"urn:x\"/>", 2 << 20, "metadata.duplicate_entity");
    let long = group(&format!(" Name=\"{}\"", "x".repeat(8 << 10)), "");
    refuses(&long, &MetadataTrust::ObtainedSecurely, "xml.limit_size");
    assert!(index(&group(&format!(" Name=\"{}\"", "x".repeat(4 << 10)), ""), &MetadataTrust::ObtainedSecurely).is_ok());
}
