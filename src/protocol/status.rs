//! samlp:Status (SAML Core 3.2.2).

use std::fmt;

use crate::error::{Profile, Rejection};
use crate::names::SAMLP;
use crate::xml::{Cursor, Node, trim};

/// The user can't be authenticated without being asked.
const NO_PASSIVE: &str = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
/// It was done (SAML Core 3.2.2.2).
pub(crate) const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// The fault is the requester's.
pub(crate) const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
/// The fault is the responder's.
pub(crate) const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
/// Not every session could be ended.
pub(crate) const PARTIAL_LOGOUT: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
/// The responder knows nobody of that name.
pub(crate) const UNKNOWN_PRINCIPAL: &str = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal";

/// The status of a response.
pub(crate) struct Status<'d> {
    code: &'d str,
    sub_code: Option<&'d str>,
    message: Option<&'d str>,
}

impl<'d> Status<'d> {
    /// # Errors
    /// `schema.*`.
    pub(super) fn read(node: Node<'d>) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(node)?;
        let code = cursor.take(SAMLP, "StatusCode");
        let message = cursor.take(SAMLP, "StatusMessage").map(|message| message.text_content()).transpose()?;
        cursor.take(SAMLP, "StatusDetail");
        cursor.finish()?;
        let (code, nested) = read_code(code)?;
        let (sub_code, _) = read_code(nested)?;
        Ok(Self { code: code.unwrap_or_default(), sub_code, message })
    }

    /// Whether somebody was not logged out; the standard has this beside Success, and products differ.
    pub(crate) fn is_partial_logout(&self) -> bool {
        self.code == PARTIAL_LOGOUT || self.sub_code == Some(PARTIAL_LOGOUT)
    }

    /// # Errors
    /// `profile.no_passive`, or `profile.status`, with the codes; the identity provider's words, which may name the user, come along apart from them.
    pub(crate) fn require_success(&self) -> Result<(), Rejection> {
        let reason = match (self.code, self.sub_code) {
            (SUCCESS, _) => return Ok(()),
            (_, Some(NO_PASSIVE)) => Profile::NoPassive,
            _ => Profile::Status,
        };
        let declined = Rejection::new(reason).expecting(SUCCESS).finding(self.to_string());
        Err(declined.saying(self.message.map(trim)))
    }
}

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.code.is_empty() { "no status code" } else { self.code })?;
        if let Some(sub_code) = self.sub_code {
            write!(f, " / {sub_code}")?;
        }
        Ok(())
    }
}

/// The value of a StatusCode and the StatusCode inside it. The value is compared to the letter.
fn read_code(node: Option<Node<'_>>) -> Result<(Option<&str>, Option<Node<'_>>), Rejection> {
    let Some(node) = node else { return Ok((None, None)) };
    let mut cursor = Cursor::new(node)?;
    let value = cursor.attribute("Value");
    let nested = cursor.take(SAMLP, "StatusCode");
    cursor.finish()?;
    Ok((value, nested))
}
