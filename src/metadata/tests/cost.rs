//! Reading takes time in proportion to the document, however much of it is left out.

use std::time::{Duration, Instant};

use super::*;

/// A document whose role has its key, an endpoint that is all right, and so many of the parts.
fn repeated(part: &str, count: usize) -> String {
    document(&(signing_key(RSA) + &part.repeat(count) + SSO))
}

fn time(xml: &str) -> Duration {
    let start = Instant::now();
    accepted(xml);
    start.elapsed()
}

/// The document four times in a row, in turn with one of four times the size, the best of each, so that whatever else
/// the machine does falls out. A quadratic step would make it four times the time.
#[track_caller]
fn assert_linear(part: &str) {
    let (small, large) = (repeated(part, 4_000), repeated(part, 16_000));
    let (mut in_parts, mut as_a_whole) = (Duration::MAX, Duration::MAX);
    for round in 0..30 {
        in_parts = in_parts.min((0..4).map(|_| time(&small)).sum());
        as_a_whole = as_a_whole.min(time(&large));
        if round >= 2 && as_a_whole < in_parts * 3 {
            return;
        }
    }
    panic!("{part}: {in_parts:?} in parts, {as_a_whole:?} as a whole");
}

#[test]
fn what_is_left_out_costs_no_walk_through_the_document() {
    let location = |location: &str| SSO.replace("https://idp.example.com/sso", location);
    let bad_value = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus><b/></ds:Modulus></ds:RSAKeyValue></ds:KeyValue>";
    let bad_certificate = "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>";
    for part in [
        location("").replace("SignOn", "Logout"),
        location("https://idp.example.com/#"),
        location("https://idp.example.com/\" ResponseLocation=\"x"),
        SSO.replace("HTTP-Redirect", "X"),
        key_descriptor("", bad_value),
        key_descriptor(r#" use="encryption""#, bad_certificate),
        key_descriptor("", "<ds:KeyName/>"),
        "<md:NameIDFormat>x</md:NameIDFormat>".to_owned(),
    ] {
        assert_linear(&part);
    }
}

#[test]
fn of_each_kind_twenty_warnings_are_kept_and_the_others_counted() {
    let left_out = SSO.replace("https://idp.example.com/sso", "sso");
    let warnings = |count| accepted(&repeated(&left_out, count)).warnings(now());
    let one = MetadataWarning::EndpointNotUsed { location: "sso".into() };
    assert_eq!(warnings(20), vec![one.clone(); 20]);
    let twenty_one = [vec![one.clone(); 20], vec![MetadataWarning::NotListed { warnings: 1 }]].concat();
    assert_eq!(warnings(21), twenty_one);
    assert_eq!(warnings(1_000).last(), Some(&MetadataWarning::NotListed { warnings: 980 }));
    let http = SSO.replace("https:", "http:");
    let both = accepted(&document(&(signing_key(RSA) + &left_out.repeat(30) + &http.repeat(50)))).warnings(now());
    assert_eq!(both.len(), 41);
    assert_eq!(both.last(), Some(&MetadataWarning::NotListed { warnings: 40 }));
    let long = accepted(&repeated(&left_out.replace("sso\"", &format!("{}\"", "é".repeat(301))), 1));
    assert_eq!(long.warnings(now()), [MetadataWarning::EndpointNotUsed { location: "é".repeat(300) }]);
}

/// The report names the first endpoint for requests that was left out, and where it stands.
#[test]
fn the_first_bad_endpoint_is_the_one_reported() {
    let bad = |location: &str| SSO.replace("https://idp.example.com/sso", location);
    let xml = document(&(signing_key(RSA) + "\n" + &bad("one") + "\n" + &bad("two")));
    let rejection = read(&xml).unwrap_err();
    assert_eq!((rejection.code(), rejection.found()), ("metadata.endpoint", Some("one")));
    let place = rejection.place().unwrap();
    assert_eq!(place.path(), "/md:EntityDescriptor/md:IDPSSODescriptor/md:SingleSignOnService");
    assert_eq!((place.line(), place.column()), (xml.split('\n').count() - 1, 1));
    accepted(&xml.replace("two", "https://idp.example.com/sso"));
}
