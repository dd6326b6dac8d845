//! The kinds `c14n` and `dsig` of the corpus of peers' messages, which is not part of this repository.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::crypto::{DigestAlgorithm, DigestValue, SignatureAlgorithm};
use crate::dsig::signature::{read_c14n, read_signature_method};
use crate::error::{Rejection, Signature};
use crate::keys::VerifyingKey;
use crate::xml::base64_binary;

struct Corpus {
    folder: PathBuf,
    cases: Vec<Value>,
}

impl Corpus {
    /// `SAML_SP_CORPUS`, or `../shared/corpus` beside this repository; without it the test says so and is over.
    fn open(kind: &str) -> Option<Self> {
        let folder = std::env::var_os("SAML_SP_CORPUS")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from)
            .join("peers");
        let Ok(manifest) = std::fs::read(folder.join("manifest.json")) else {
            say(&format!("SKIPPED: corpus kind {kind}, there is no manifest in {}", folder.display()));
            return None;
        };
        let cases: Vec<Value> = serde_json::from_slice(&manifest).unwrap();
        Some(Self { folder, cases: cases.into_iter().filter(|case| case["kind"] == kind).collect() })
    }

    fn read(&self, case: &Value, field: &str) -> Vec<u8> {
        let name = case[field].as_str().unwrap();
        let octets = std::fs::read(self.folder.join(name)).unwrap();
        let text = || std::str::from_utf8(&octets).unwrap();
        if name.ends_with(".b64") { base64_binary(text()).unwrap() } else { octets }
    }

    /// Runs every case and says how it went: what is counted together is what the case answers.
    fn run(&self, kind: &str, judge: impl Fn(&Value) -> Result<String, String>) -> BTreeMap<String, usize> {
        let mut outcomes = BTreeMap::new();
        let mut failed = 0;
        for case in &self.cases {
            match judge(case) {
                Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
                Err(difference) => {
                    failed += 1;
                    say(&format!("FAIL {}: {difference}", case["id"]));
                }
            }
        }
        say(&format!("corpus kind {kind}: {} passed, {failed} failed {outcomes:?}", self.cases.len() - failed));
        assert_eq!(failed, 0);
        outcomes
    }
}

/// Past the capture of test output.
fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

/// Where this crate decides otherwise than the peers do.
const BY_DESIGN: [(&str, &str); 7] = [
    // ISO-8859-1: octets are UTF-8 only.
    ("libxml2-c14n/without-comments/example-6", "xml.encoding"),
    ("libxml2-c14n/with-comments/example-6", "xml.encoding"),
    ("libxml2-c14n/1-1-without-comments/example-6", "xml.encoding"),
    // xml:space="true": XML 1.0 §2.10 calls it an error, and libxml2 warns.
    ("libxml2-c14n/1-1-without-comments/xmlspace-prop-1", "xml.not_well_formed"),
    ("libxml2-c14n/1-1-without-comments/xmlspace-prop-2", "xml.not_well_formed"),
    ("libxml2-c14n/1-1-without-comments/xmlspace-prop-3", "xml.not_well_formed"),
    // P-521 with 65 octets for r and for s, not the 66 of XML Signature 1.1 §6.4.3: a bug of old Java (ATTACKS DS-084).
    ("xmlsec-dsig/aleksey-xmldsig-01/enveloped-ecdsa-java-bug", "key"),
];

fn by_design(case: &Value, found: &str) -> Result<String, String> {
    let listed = BY_DESIGN.iter().any(|(id, verdict)| case["id"] == *id && found == *verdict);
    if listed { Ok(format!("{found}, by design")) } else { Err(found.to_owned()) }
}

fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(outcome, count)| (outcome.to_owned(), count)).collect()
}

/// The element at a positional path such as `/*[1]/*[2]`.
fn at_path<'d>(document: &'d Document, path: &str) -> Node<'d> {
    let mut steps = path.split('/').skip(1).map(|step| step[2..step.len() - 1].parse::<usize>().unwrap());
    assert_eq!(steps.next(), Some(1), "{path}");
    steps.fold(document.root(), |node, step| node.elements().nth(step - 1).unwrap())
}

fn method<'d>(algorithm: &str, prefixes: Vec<&'d str>) -> Method<'d> {
    let rule = match algorithm.trim_end_matches("WithComments").trim_end_matches('#') {
        "http://www.w3.org/2001/10/xml-exc-c14n" => Rule::Exclusive,
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" => Rule::Inclusive10,
        "http://www.w3.org/2006/12/xml-c14n11" => Rule::Inclusive11,
        other => panic!("{other}"),
    };
    Method { rule, inclusive_prefixes: prefixes }
}

/// C14-009, C14-012, and what the peers have.
#[test]
fn every_canonical_form_is_byte_exact() {
    let Some(corpus) = Corpus::open("c14n") else { return };
    let outcomes = corpus.run("c14n", |case| {
        if case["node_set"] == true {
            return Ok("left out: an arbitrary node-set".to_owned());
        }
        let document = Document::parse(corpus.read(case, "input"), Profile::Metadata, &Limits::metadata());
        if case["expect"]["reject"] == "xml" {
            return document.map_or_else(|rejection| Ok(rejection.code().to_owned()), |_| Err("parsed".to_owned()));
        }
        let document = match document {
            Ok(document) => document,
            Err(rejection) => return by_design(case, rejection.code()),
        };
        let apex = match case["apex"].as_str().unwrap() {
            "whole document" => document.root(),
            path => at_path(&document, path),
        };
        let omit = case["enveloped_signature"].as_str().map(|path| at_path(&document, path));
        let prefixes = case["inclusive_prefixes"].as_array().unwrap().iter();
        let prefixes = prefixes.map(|prefix| prefix.as_str().unwrap().trim_start_matches("#default")).collect();
        let found = canonical(apex, omit, &method(case["algorithm"].as_str().unwrap(), prefixes));
        let expected = corpus.read(case, "output");
        if found == expected { Ok("equal".to_owned()) } else { Err(String::from_utf8_lossy(&found).into_owned()) }
    });
    assert_eq!(
        outcomes,
        counts([
            ("equal", 104),
            ("left out: an arbitrary node-set", 30),
            ("xml.doctype", 23),
            ("xml.encoding, by design", 3),
            ("xml.not_well_formed, by design", 3),
        ])
    );
}

/// None of these signatures is one that SAML allows: each is taken apart with the functions that
/// [`verify`] is made of, which itself has to refuse it.
#[test]
fn every_signature_is_judged_like_the_peers_do() {
    let Some(corpus) = Corpus::open("dsig") else { return };
    let outcomes = corpus.run("dsig", |case| {
        let document = Document::parse(corpus.read(case, "message"), Profile::Metadata, &Limits::metadata());
        let document = match document {
            Ok(document) => document,
            Err(rejection) if case["expect"]["verifies"] == true => return Err(rejection.report().to_string()),
            Err(rejection) => return Ok(rejection.code().to_owned()),
        };
        let signature = document.root().subtree().find(|node| node.is(DS, "Signature")).unwrap();
        let key = String::from_utf8(corpus.read(case, "public_key")).unwrap();
        let key = VerifyingKey::from_spki_pem(&key).map_err(|error| error.to_string())?;
        let refused = |algorithms: Algorithms| verify(signature, std::slice::from_ref(&key), &algorithms).err();
        let strict = refused(Algorithms::strict()).ok_or("the strict profile accepts it")?;
        let permissive = refused(PERMISSIVE).ok_or("with relaxations it is accepted")?;
        let verdict = match check_signed_info(signature, &key, case) {
            Ok(Ok(())) => "verifies".to_owned(),
            Ok(Err(error)) => error,
            Err(rejection) => rejection.code().to_owned(),
        };
        let known = SignatureAlgorithm::from_uri(case["signature_method"].as_str().unwrap()).is_some();
        let verdict = match (verdict.as_str(), case["expect"]["verifies"] == true) {
            ("verifies", true) | ("key", false) => verdict,
            ("dsig.signature_algorithm", true) if !known => verdict,
            _ => by_design(case, &verdict)?,
        };
        Ok(format!("{verdict}, strict {}, permissive {}", strict.code(), permissive.code()))
    });
    assert_eq!(
        outcomes,
        counts([
            ("verifies, strict dsig.object_forbidden, permissive dsig.object_forbidden", 39),
            ("verifies, strict dsig.c14n_method, permissive dsig.reference_uri", 1),
            ("key, by design, strict dsig.c14n_method, permissive dsig.reference_uri", 1),
            ("key, strict dsig.object_forbidden, permissive dsig.object_forbidden", 3),
            ("key, strict dsig.c14n_method, permissive dsig.reference_uri", 1),
            ("key, strict dsig.reference_count, permissive dsig.reference_count", 1),
            ("dsig.signature_algorithm, strict dsig.object_forbidden, permissive dsig.object_forbidden", 6),
        ])
    );
}

/// The digest of the canonical SignedInfo, and the SignatureValue under the key.
fn check_signed_info(signature: Node<'_>, key: &VerifyingKey, case: &Value) -> Result<Result<(), String>, Rejection> {
    let info = signature.elements().find(|child| child.is(DS, "SignedInfo")).unwrap();
    let mut parts = info.elements();
    let c14n = read_c14n(parts.next().unwrap(), &PERMISSIVE, Signature::C14nMethod.into())?;
    let octets = canonical(info, None, &c14n);
    let sha256: String =
        DigestValue::of(DigestAlgorithm::Sha256, &octets).as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
    if case["signed_info_sha256"].as_str().is_some_and(|expected| expected != sha256) {
        return Ok(Err("another canonical SignedInfo".to_owned()));
    }
    let algorithm = read_signature_method(parts.next().unwrap(), &PERMISSIVE)?;
    let value = signature.elements().find(|child| child.is(DS, "SignatureValue")).unwrap().text_content()?;
    let value = base64_binary(value).unwrap();
    Ok(key.public_key().verify(algorithm, &octets, &value).map_err(|_| "key".to_owned()))
}
