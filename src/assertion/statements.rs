//! saml:AuthnStatement (SAML Core 2.7.2).

use chrono::{DateTime, Utc};

use super::read_instant;
use crate::error::{Deviations, Rejection, Schema};
use crate::names::{SAML, SessionIndex};
use crate::xml::{Cursor, Node, trim};

/// In bytes, as for a name identifier.
const MOST_SESSION_INDEX: usize = 2048;

/// How and when the identity provider authenticated the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnStatement {
    authn_instant: DateTime<Utc>,
    session_index: Option<SessionIndex>,
    session_not_on_or_after: Option<DateTime<Utc>>,
    context_class: Option<String>,
    authenticating_authorities: Vec<String>,
}

impl AuthnStatement {
    pub(super) fn read(node: Node<'_>, deviations: &mut Deviations) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(node)?;
        let authn_instant = read_instant(&mut cursor, "AuthnInstant", deviations)?;
        let authn_instant =
            authn_instant.ok_or_else(|| Rejection::new(Schema::Missing).at(node.place()).expecting("AuthnInstant"))?;
        let session_index = cursor.attribute("SessionIndex").filter(|index| !index.is_empty());
        let session_index = session_index.map(|index| read_session_index(node, index)).transpose()?;
        let session_not_on_or_after = read_instant(&mut cursor, "SessionNotOnOrAfter", deviations)?;
        cursor.take(SAML, "SubjectLocality");
        let context = cursor.expect(SAML, "AuthnContext")?;
        cursor.finish()?;
        let (context_class, authenticating_authorities) = read_context(context)?;
        Ok(Self { authn_instant, session_index, session_not_on_or_after, context_class, authenticating_authorities })
    }

    /// When the user was authenticated.
    #[must_use]
    pub fn authn_instant(&self) -> DateTime<Utc> {
        self.authn_instant
    }

    /// The identity provider's name for its session, needed to log out there.
    #[must_use]
    pub fn session_index(&self) -> Option<&SessionIndex> {
        self.session_index.as_ref()
    }

    /// When the session that the host makes of this must end at the latest.
    #[must_use]
    pub fn session_not_on_or_after(&self) -> Option<DateTime<Utc>> {
        self.session_not_on_or_after
    }

    /// The authentication context class (SAML Authn Context 3.4), such as one with a second factor.
    #[must_use]
    pub fn context_class(&self) -> Option<&str> {
        self.context_class.as_deref()
    }

    /// Other authorities that took part (SAML Core 2.7.2.2).
    #[must_use]
    pub fn authenticating_authorities(&self) -> &[String] {
        &self.authenticating_authorities
    }
}

/// The schema sets no bound, and the host's store has one.
fn read_session_index(node: Node<'_>, index: &str) -> Result<SessionIndex, Rejection> {
    if index.len() > MOST_SESSION_INDEX {
        let (most, length) = (format!("SessionIndex of at most {MOST_SESSION_INDEX} bytes"), index.len().to_string());
        return Err(Rejection::new(Schema::Value).at(node.place()).expecting(most).finding(length));
    }
    Ok(SessionIndex::new(index))
}

fn read_context(node: Node<'_>) -> Result<(Option<String>, Vec<String>), Rejection> {
    let mut cursor = Cursor::new(node)?;
    let class = cursor.take(SAML, "AuthnContextClassRef").map(|class| class.text_content()).transpose()?;
    cursor.take(SAML, "AuthnContextDecl");
    cursor.take(SAML, "AuthnContextDeclRef");
    let mut authorities = Vec::new();
    while let Some(authority) = cursor.take(SAML, "AuthenticatingAuthority") {
        authorities.push(trim(authority.text_content()?).to_owned());
    }
    cursor.finish()?;
    Ok((class.map(trim).filter(|class| !class.is_empty()).map(str::to_owned), authorities))
}
