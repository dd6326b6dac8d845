//! The HTTP-POST binding (SAML Bindings 3.5).

use crate::error::{Binding, Rejection};
use crate::limits::Limits;
use crate::xml::base64_binary;

/// The octets of a form value: base64, in which XML white space may stand (3.5.4).
///
/// # Errors
/// `binding.too_large` before anything is decoded, `binding.base64`.
pub(crate) fn decode(form_value: &str, limits: &Limits) -> Result<Vec<u8>, Rejection> {
    // Four characters for three octets, and a line break after every 64 characters or more.
    let most = limits.bytes().saturating_mul(4).div_ceil(3).saturating_add(limits.bytes().div_ceil(20));
    if form_value.len() > most {
        return Err(Rejection::new(Binding::TooLarge).expecting(format!("at most {most} characters")));
    }
    base64_binary(form_value).ok_or_else(|| Rejection::new(Binding::Base64))
}
