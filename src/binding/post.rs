//! The HTTP-POST binding (SAML Bindings 3.5).

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::redirect::Parameter;
use crate::error::{Binding, Rejection};
use crate::limits::Limits;
use crate::xml::{base64_binary, escape};

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

/// An HTML form that the browser has to post, so that a message reaches its endpoint (3.5.4).
///
/// The page of [`PostForm::to_html`] submits itself by a script that carries the nonce of the host's
/// Content-Security-Policy, and shows a button where scripts are off.
#[derive(Clone, PartialEq, Eq)]
pub struct PostForm {
    action: String,
    fields: Vec<(&'static str, String)>,
}

impl PostForm {
    pub(crate) fn new(action: &str, parameter: Parameter, xml: &str, relay_state: Option<&str>) -> Self {
        let mut fields = vec![(parameter.name(), BASE64_STANDARD.encode(xml))];
        fields.extend(relay_state.map(|relay_state| ("RelayState", relay_state.to_owned())));
        Self { action: action.to_owned(), fields }
    }

    /// Where to post it.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Names and values of the fields, for hosts that render pages of their own.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// A whole page. Send it with `Content-Security-Policy: default-src 'none'; script-src 'nonce-…'`
    /// and a nonce made for this answer; every value in the page is escaped.
    #[must_use]
    pub fn to_html(&self, nonce: &str) -> String {
        let mut fields = String::new();
        for (name, value) in &self.fields {
            fields.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)));
        }
        let (action, nonce) = (escape(&self.action), escape(nonce));
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>One moment</title></head><body>\
             <form method=\"post\" action=\"{action}\">{fields}<button type=\"submit\">Continue</button></form>\
             <script nonce=\"{nonce}\">document.forms[0].submit()</script></body></html>"
        )
    }
}

impl fmt::Debug for PostForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostForm").field("action", &self.action).finish_non_exhaustive()
    }
}
