//! What holds for every message, whoever changed it: ATTACKS 0.5 (6) and (7), API-003.

use saml_sp::error::Deviation;
use saml_sp::testing::{Prefixes, SignedParts, TestKey};
use saml_sp::{EncryptionRule, Login, Policy, Relaxation, SignatureRule, Unsolicited};

use crate::kit::*;

/// Xorshift: reproducible, and no dependency.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// All that a host can read from a login.
fn claims(login: &Login) -> String {
    let text = |attribute: &saml_sp::Attribute| {
        let values: Vec<_> = attribute.values().iter().map(|value| value.as_text().map(str::to_owned)).collect();
        format!("{}={values:?}", attribute.name())
    };
    let attributes: Vec<String> = login.attributes().iter().map(text).collect();
    let name = login.name_id().map(|name| (name.value().to_owned(), name.format().map(str::to_owned)));
    format!("{name:?} {attributes:?} {:?} {login:?}", login.authn_statements())
}

/// A message of that kind, and the bytes of the signed element without its signature.
fn signed(bench: &Bench) -> (String, Vec<std::ops::Range<usize>>) {
    let xml = bench.xml();
    let whole = if bench.parts == SignedParts::Assertion { element(&xml, "Assertion") } else { &xml };
    let start = xml.find(whole).unwrap();
    let signature = element(whole, "Signature");
    let hole = start + whole.find(signature).unwrap();
    let ranges = vec![start..hole, hole + signature.len()..start + whole.len()];
    (xml, ranges)
}

/// Every bit position of the octet by turns, so that each octet is flipped once and each kind of flip is met.
fn flipped(xml: &str, at: usize) -> Option<String> {
    let mut octets = xml.as_bytes().to_vec();
    octets[at] ^= 1 << (at % 7);
    String::from_utf8(octets).ok()
}

#[test]
fn every_octet_of_the_signed_element_counts() {
    for key in [TestKey::P256, TestKey::Rsa] {
        for parts in [SignedParts::Assertion, SignedParts::Response] {
            for prefixes in [Prefixes::Usual, Prefixes::DefaultNamespace] {
                let bench = Bench::new(key, parts, prefixes);
                let (xml, ranges) = signed(&bench);
                for at in ranges.into_iter().flatten() {
                    let Some(changed) = flipped(&xml, at) else { continue };
                    assert!(bench.judge(&changed).is_err(), "{at}: {changed}");
                }
            }
        }
    }
}

/// Nothing outside of the signature has a say in what comes out; it may only stand in the way.
#[test]
fn no_octet_outside_changes_the_login() {
    for parts in [SignedParts::Assertion, SignedParts::Response, SignedParts::Both] {
        let bench = Bench::new(TestKey::P256, parts, Prefixes::Alternate);
        let xml = bench.xml();
        let expected = claims(&bench.accept(&xml));
        let accepted =
            (0..xml.len()).filter_map(|at| flipped(&xml, at)).filter_map(|changed| bench.judge(&changed).ok());
        assert!(accepted.inspect(|login| assert_eq!(claims(login), expected)).count() > 100);
    }
}

/// A start tag in its parts: `<name`, attributes as written, `>` or `/>`.
fn tag(text: &str) -> (String, Vec<String>, &'static str) {
    let end = if text.ends_with("/>") { "/>" } else { ">" };
    let inner = text.trim_end_matches(end);
    let name = inner.split(' ').next().unwrap();
    let mut attributes = Vec::new();
    let mut rest = inner[name.len()..].trim_start();
    while !rest.is_empty() {
        let close = rest.match_indices('"').nth(1).unwrap().0 + 1;
        attributes.push(rest[..close].to_owned());
        rest = rest[close..].trim_start();
    }
    (name.to_owned(), attributes, end)
}

/// The same character, spelled in another way now and then. What stands raw in an attribute would be normalised.
fn respelled_text(random: &mut Random, text: &str) -> String {
    let spell = |c: char| match random.below(12) {
        0 => format!("&#{};", u32::from(c)),
        1 => format!("&#x{:X};", u32::from(c)),
        2 => format!("&#x{:06x};", u32::from(c)),
        _ => c.to_string(),
    };
    let mut pieces = text.split('&');
    let first: String = pieces.next().unwrap_or_default().chars().map(spell).collect();
    // What already is a reference stays one.
    pieces.fold(first, |text, piece| text + "&" + piece)
}

/// Another spelling of the same canonical form.
fn respelled(random: &mut Random, xml: &str) -> String {
    let mut out = String::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        out += &respelled_text(random, &rest[..start]);
        let end = start + rest[start..].find('>').unwrap() + 1;
        let text = &rest[start..end];
        rest = &rest[end..];
        if text.starts_with("</") {
            out += &text.replace('>', [">", " >", "\n>", "\t\r\n >"][random.below(4)]);
            continue;
        }
        let (name, mut attributes, mut close) = tag(text);
        for at in (1..attributes.len()).rev() {
            attributes.swap(at, random.below(at + 1));
        }
        out += &name;
        for attribute in attributes {
            let (name, value) = attribute.split_once('=').unwrap();
            let value = respelled_text(random, value.trim_matches('"'));
            let quote = ['"', '\''][random.below(2)];
            assert!(!value.contains(quote), "{value}");
            let [space, around, behind] =
                [[" ", "\n", "\t ", " \r\n"][random.below(4)], ["", " "][random.below(2)], ["", "\n"][random.below(2)]];
            out += &format!("{space}{name}{around}={behind}{quote}{value}{quote}");
        }
        if close == "/>" && random.below(2) == 0 {
            out += &format!("></{}>", &name[1..]);
            close = "";
        }
        // A declaration that nobody uses is none of an exclusive form.
        if close == ">" && random.below(4) == 0 {
            out += &format!(" xmlns:unused{}='urn:x'", random.below(9));
        }
        out += close;
    }
    out + rest
}

/// C14-010, XML-060: an honest message may be written in many ways, and says the same in each.
#[test]
fn every_spelling_of_a_canonical_form_is_the_same_login() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for prefixes in Prefixes::ALL {
        for parts in [SignedParts::Assertion, SignedParts::Response, SignedParts::Both] {
            let bench = Bench::new(TestKey::P256, parts, prefixes);
            let xml = bench.xml();
            let expected = claims(&bench.accept(&xml));
            for _ in 0..40 {
                let other = respelled(&mut random, &xml);
                assert_ne!(other, xml);
                assert_eq!(claims(&bench.accept(&other)), expected, "{other}");
                // And the same with another user in it is no message at all.
                bench.refuse(&respelled(&mut random, &xml.replace(ALICE, ADMIN)), "dsig.digest_mismatch");
            }
        }
    }
}

/// Ways to have no signature of the identity provider's on what is to be believed.
fn forgeries() -> Vec<String> {
    let nothing = Bench::signing(SignedParts::Nothing).response().name_id(ADMIN).xml().unwrap();
    let bench = Bench::signing(SignedParts::Assertion);
    let good = bench.xml();
    let (original, evil) = original_and_evil(&good);
    let hollow = format!("<s:Signature xmlns:s=\"{DS}\"/>");
    let template = bench.response().name_id(ADMIN).template();
    vec![
        nothing.clone(),
        nothing.replace(&format!(" InResponseTo=\"{REQUEST}\""), ""),
        nothing.replace(&format!(" InResponseTo=\"{REQUEST}\""), " InResponseTo=\"\""),
        after(&nothing, element(&nothing, "Issuer"), &hollow),
        replace(&good, &original, &evil),
        after(&good, &original, &evil),
        before(&good, &original, &evil),
        good.replace(ALICE, ADMIN),
        sign(&template, &TestKey::OtherRsa.signing_key().unwrap()),
        bench.sign(&template.replace("{signature}", &"A".repeat(344))),
    ]
}

const RELAXATIONS: [Relaxation; 5] = [
    Relaxation::ConfirmationNotBefore,
    Relaxation::NoAuthnStatement,
    Relaxation::EmptyInResponseTo,
    Relaxation::Cbc,
    Relaxation::UnsignedLogoutResponse,
];

/// Every combination of relaxations with every rule on signatures and on what was not asked for.
fn policies() -> impl Iterator<Item = Policy> {
    let rules = [SignatureRule::Either, SignatureRule::Assertion, SignatureRule::Response, SignatureRule::Both];
    let unsolicited = [Unsolicited::Refuse, Unsolicited::Accept, Unsolicited::Convert];
    (0..4 * 3 * (1 << 10)).map(move |choice: usize| {
        let (flags, choice) = (choice & 0x3ff, choice >> 10);
        let on = |bit: usize| flags & (1 << bit) != 0;
        let base = Policy::strict()
            .with_signature_rule(rules[choice % 4])
            .with_unsolicited(unsolicited[choice / 4])
            .with_encryption_rule([EncryptionRule::Either, EncryptionRule::Encrypted][choice % 2]);
        let chosen = RELAXATIONS.iter().enumerate().filter(|(bit, _)| on(*bit));
        let mut policy = chosen.fold(base, |policy, (_, relaxation)| policy.with_relaxation(*relaxation)).dangerous();
        policy = if on(5) { policy.allow_sha1() } else { policy };
        policy = if on(6) { policy.allow_rsa1024() } else { policy };
        policy = if on(7) { policy.allow_inclusive_c14n() } else { policy };
        policy = if on(8) { policy.allow_rsa1_5() } else { policy };
        policy = if on(9) { policy.allow_3des() } else { policy };
        policy.into_policy()
    })
}

/// API-003, API-004: a policy can relax what a signature has to look like, never that there is one. Forgeries go by turns
/// over all policies, and each meets each policy in which everything or nothing is relaxed.
#[test]
fn api_003_no_policy_accepts_a_forgery() {
    let mut bench = Bench::signing(SignedParts::Nothing);
    let forgeries = forgeries();
    let both = Bench::signing(SignedParts::Both).response().xml().unwrap();
    bench.refuse(&forgeries[0], "profile.unsigned");
    for (at, policy) in policies().enumerate() {
        bench.connection = bench.connection.clone().with_policy(policy).unwrap();
        let corner = matches!(at & 0x3ff, 0 | 0x3ff);
        let chosen = if corner { &forgeries[..] } else { &forgeries[at % 10..=at % 10] };
        for forged in chosen {
            assert!(bench.judge(forged).is_err(), "{:?}: {forged}", bench.connection.policy());
        }
        if corner {
            let plain = bench.connection.policy().encryption_rule() == EncryptionRule::Either;
            assert_eq!(bench.judge(&both).is_ok(), plain, "{:?}", bench.connection.policy());
        }
    }
}

/// The most that can be tolerated at once, and it says so.
#[test]
fn deviations_are_of_a_closed_list() {
    let bench = Bench::signing(SignedParts::Assertion);
    let template = bench.response().template();
    let destination = format!(" Destination=\"{ACS}\"");
    let odd = replace(&template, &destination, "")
        .replace("\"_assertion\"", "\"1assertion\"")
        .replace("#_assertion", "#1assertion");
    let odd = odd.replace("{digest:_assertion}", "{digest:1assertion}");
    let login = bench.accept(&bench.sign(&odd));
    assert_eq!(login.deviations(), [Deviation::IdNotNcName, Deviation::NoDestination]);
}
