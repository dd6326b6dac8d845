//! O. What a refusal tells whom: the browser a sentence, the log a report, the security team an event.

use saml_sp::SecurityEvent;
use saml_sp::testing::{SignedParts, TestKey};

use crate::encryption::{OURS, altered, cbc, cbc_policy, gcm, judge_with, usual};
use crate::kit::*;

/// Signed by the identity provider, with that text in places that a report quotes.
fn quoting(text: &str) -> Vec<saml_sp::Rejection> {
    let bench = Bench::signing(SignedParts::Response);
    bench.xml();
    let template = bench.response().template();
    let changes = [
        (IDP, "profile.issuer"),
        (SP, "profile.audience"),
        ("urn:oasis:names:tc:SAML:2.0:status:Success", "profile.status"),
        ("urn:oasis:names:tc:SAML:2.0:cm:bearer", "profile.subject_confirmation"),
    ];
    let judged = changes.map(|(from, code)| {
        let rejection = bench.judge(&bench.sign(&template.replace(from, text))).unwrap_err();
        assert_eq!(rejection.code(), code);
        rejection
    });
    let attributes = [
        (format!("Destination=\"{ACS}\""), "Destination", "profile.destination"),
        (format!("Recipient=\"{ACS}\""), "Recipient", "profile.recipient"),
    ];
    let more = attributes.map(|(from, name, code)| {
        let rejection = bench.judge(&bench.sign(&template.replace(&from, &format!("{name}=\"{text}\"")))).unwrap_err();
        assert_eq!(rejection.code(), code);
        rejection
    });
    judged.into_iter().chain(more).collect()
}

/// Nothing of the message is in the sentence for the browser, whatever was in it. What every other negative test says is
/// compared in `kit`.
#[test]
fn api_005_the_sentence_holds_nothing_of_the_message() {
    for (one, other) in quoting("urn:one").iter().zip(&quoting("&lt;script&gt;alert(1)&lt;/script&gt;")) {
        assert_eq!(one.to_string(), other.to_string());
        assert!(!other.to_string().contains("script"));
    }
}

/// Control characters, line ends and what reverses text stay escaped in reports and in `Debug`, so that nobody writes
/// lines of his own into a log.
#[test]
fn api_007_no_line_of_a_log_is_the_sender_s() {
    let hostile =
        "urn:x&#13;&#10;2026-11-23 INFO login of admin&#10;\u{1b}".replace('\u{1b}', "&#x85;&#x2028;&#x202E;&#x9F;");
    for rejection in quoting(&hostile) {
        for text in [rejection.report().to_string(), format!("{rejection:?}"), rejection.to_string()] {
            assert!(text.lines().all(|line| !line.starts_with("2026-11-23 INFO")), "{text}");
            let hidden = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}'));
            assert!(!text.contains(hidden), "{text:?}");
        }
    }
}

/// Each kind of refusal that somebody who tries things out causes is an event, for hosts to count by connection.
#[test]
fn api_016_refusals_to_be_counted() {
    let bench = Bench::signing(SignedParts::Assertion);
    let xml = bench.xml();
    let event = |outcome: Result<saml_sp::Login, saml_sp::Rejection>| outcome.unwrap_err().security_event();
    let forged = sign(&bench.response().template(), &TestKey::OtherRsa.signing_key().unwrap());
    assert_eq!(event(bench.judge(&forged)), Some(SecurityEvent::BadSignature));
    assert_eq!(event(bench.judge(&xml.replace(ALICE, ADMIN))), Some(SecurityEvent::BadSignature));
    let cut = |xml: &str| altered(xml, |octets| octets[..20].to_vec());
    for (xml, policy) in [(usual(&gcm()), saml_sp::Policy::strict()), (usual(&cbc()), cbc_policy())] {
        assert_eq!(event(judge_with(&cut(&xml), policy, &[OURS])), Some(SecurityEvent::DecryptionFailed));
    }
    let replayed = bench.verify(&xml).unwrap().claimed(saml_sp::Claim::Replayed);
    assert_eq!(event(replayed), Some(SecurityEvent::Replay));
    // What an honest mistake is, is none.
    assert_eq!(event(bench.judge(&xml.replace(":status:Success", ":status:Responder"))), None);
    for event in [SecurityEvent::BadSignature, SecurityEvent::DecryptionFailed, SecurityEvent::UnknownRequest] {
        assert_eq!(event.to_string(), event.name());
    }
}
