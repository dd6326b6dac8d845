//! xs:base64Binary (XML Schema Part 2, 3.2.16).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The octets of base64 text: XML white space may stand anywhere, everything else is strict
/// (alphabet, padding, no bits after the last octet).
pub(crate) fn base64_binary(text: &str) -> Option<Vec<u8>> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    if text.bytes().any(|byte| is_space(&byte)) {
        let compact: Vec<u8> = text.bytes().filter(|byte| !is_space(byte)).collect();
        BASE64_STANDARD.decode(compact).ok()
    } else {
        BASE64_STANDARD.decode(text).ok()
    }
}
