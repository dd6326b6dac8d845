//! E-mail addresses, strictly.

use std::fmt;

/// Octets of the longest address (RFC 5321 section 4.5.3.1.3, without the angle brackets).
const MOST: usize = 254;
/// Octets of the longest local part (RFC 5321 section 4.5.3.1.1).
const MOST_LOCAL: usize = 64;

/// An e-mail address in the one form in which this crate compares them: ASCII, without quotes and comments, in lower
/// case. `Debug` hides it.
///
/// RFC 5321 lets the receiving host tell upper from lower case in front of the `@`; none does, and two accounts that differ
/// in nothing else are an attack. Nothing else is folded: `a.b+c@` and `ab@` are two.
///
/// A domain with other letters than ASCII is written in its A-labels (`xn--`, RFC 5890). It is not converted here: the
/// conversion maps many texts to one domain, full-width letters to `corp.com` among them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// The text is no e-mail address that could be compared with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address of ASCII letters, digits and the usual signs, with one @ and a domain name")]
pub struct EmailError;

impl EmailAddress {
    /// Reads a bare address (RFC 5321 section 4.1.2, Dot-string at a domain of two labels or more).
    ///
    /// # Errors
    /// [`EmailError`] for anything else: nothing is trimmed, normalised or guessed.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let (local, domain) = text.split_once('@').ok_or(EmailError)?;
        let fits = text.len() <= MOST && local.len() <= MOST_LOCAL;
        if fits && local.split('.').all(is_atom) && is_domain(domain) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(EmailError)
        }
    }

    /// The address in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.contains('.') && text.split('.').all(is_label) && !last.bytes().all(|octet| octet.is_ascii_digit())
}
