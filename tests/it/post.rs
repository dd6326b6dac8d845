//! HTTP-POST: what the form value may be. ATTACKS J1.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
use saml_sp::testing::SignedParts;
use saml_sp::{Limits, Received};

use crate::kit::Bench;

fn read(form_value: &str) -> &'static str {
    match Received::from_post(form_value, &Limits::message()) {
        Ok(_) => "read",
        Err(rejection) => rejection.code(),
    }
}

/// Base64 that has every character, and padding.
fn good() -> String {
    let xml = Bench::signing(SignedParts::Assertion).xml();
    let encoded = |spaces: usize| BASE64_STANDARD.encode(format!("{xml}{}", " ".repeat(spaces)));
    (0..3).map(encoded).find(|value| value.ends_with('=') && value.contains('+')).unwrap()
}

#[test]
fn bnd_004_base64() {
    let good = good();
    assert_eq!(read(&good), "read");
    let octets = BASE64_STANDARD.decode(&good).unwrap();
    let lines = |end: &str| {
        good.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join(end)
    };
    for accepted in [lines("\r\n"), lines("\n"), lines(" "), format!("\t{good}\r\n")] {
        assert_eq!(read(&accepted), "read");
    }
    for refused in [
        BASE64_STANDARD_NO_PAD.encode(&octets),
        format!("{good}="),
        format!("{good}AAAA"),
        format!("{good}\0"),
        format!("\0{good}"),
        format!("{good}&x=1"),
        good.replacen('+', "%2B", 1),
        good.replacen('+', "-", 1),
        good.replacen('+', " ", 1),
        lines("\u{a0}"),
        format!("data:text/xml;base64,{good}"),
        "*".to_owned(),
    ] {
        assert_eq!(read(&refused), "binding.base64");
    }
    assert_eq!(read(&BASE64_URL_SAFE.encode(&octets)), "binding.base64");
    assert_eq!(read(""), "xml.not_well_formed");
    assert_eq!(read(&BASE64_STANDARD.encode(&good)), "xml.not_well_formed", "it is decoded once");
}

/// Nothing is inflated, whatever it begins with.
#[test]
fn bnd_005_compressed_content() {
    let xml = BASE64_STANDARD.decode(good()).unwrap();
    let write = |mut encoder: Box<dyn std::io::Write>| std::io::Write::write_all(&mut encoder, &xml).unwrap();
    let mut deflated = Vec::new();
    write(Box::new(flate2::write::DeflateEncoder::new(std::io::Cursor::new(&mut deflated), Default::default())));
    for magic in [&b""[..], b"\x78\x9c", b"\x1f\x8b\x08\x00"] {
        let octets = [magic, &deflated].concat();
        assert_eq!(read(&BASE64_STANDARD.encode(octets)), "xml.encoding");
    }
    assert_eq!(read(&BASE64_STANDARD.encode(&xml)), "read");
}

/// Before anything is decoded; how many other fields there are is for the host's form parser.
#[test]
fn bnd_009_too_large() {
    let limit =
        |form_value: &str, bytes: usize| match Received::from_post(form_value, &Limits::message().with_bytes(bytes)) {
            Ok(_) => "read",
            Err(rejection) => rejection.code(),
        };
    let good = good();
    let octets = BASE64_STANDARD.decode(&good).unwrap().len();
    assert_eq!(limit(&good, octets), "read");
    assert_eq!(limit(&good, octets - 1), "xml.limit_size");
    assert_eq!(limit(&good, octets / 2), "binding.too_large");
    let most = (octets * 4).div_ceil(3) + octets.div_ceil(20);
    let spaced = |length: usize| format!("{good}{}", " ".repeat(length - good.len()));
    assert_eq!(limit(&spaced(most), octets), "read", "the limit itself is permitted");
    assert_eq!(limit(&spaced(most + 1), octets), "binding.too_large");
    assert_eq!(read(&"*".repeat(10_000_000)), "binding.too_large");
}
