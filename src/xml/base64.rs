//! xs:base64Binary (XML Schema Part 2, 3.2.16).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::chars;

/// The octets of base64 text: XML white space may stand anywhere, everything else is strict
/// (alphabet, padding, no bits after the last octet).
pub(crate) fn base64_binary(text: &str) -> Option<Vec<u8>> {
    let text = chars::trim(text);
    // Most of it comes in one line; where it does not, that shows at the end of the first.
    BASE64_STANDARD.decode(text).ok().or_else(|| {
        let mut compact = text.as_bytes().to_vec();
        compact.retain(|byte| !chars::is_white_space(*byte));
        BASE64_STANDARD.decode(compact).ok()
    })
}
