//! samlp:LogoutRequest and samlp:LogoutResponse (SAML Core 3.7).

use chrono::{DateTime, Utc};

use super::response::check_extensions;
use super::status::Status;
use crate::assertion::{NameId, read_id, read_instant, read_issuer, require_version};
use crate::dsig::{DS, Signed};
use crate::error::{Deviations, Logout, Reason, Rejection, Schema, Subject};
use crate::names::{EntityId, RequestId, SAML, SAMLP, SessionIndex};
use crate::time::format_date_time;
use crate::xml::{Cursor, Node, Writer};
use crate::xmlenc::Recipient;

/// Most sessions that one request can name; each costs a look-up.
const MOST_SESSIONS: usize = 256;

/// What both messages begin with (SAML Core 3.2.1, 3.2.2).
pub(crate) struct Head<'d> {
    pub(crate) id: &'d str,
    pub(crate) issue_instant: DateTime<Utc>,
    pub(crate) destination: Option<&'d str>,
    pub(crate) issuer: Option<&'d str>,
}

/// A request that a signature covers, read to its last element.
pub(crate) struct LogoutRequest<'d> {
    pub(crate) head: Head<'d>,
    pub(crate) not_on_or_after: Option<DateTime<Utc>>,
    pub(crate) session_indexes: Vec<SessionIndex>,
    name: Name<'d>,
}

/// A response. It proves nothing of a user.
pub(crate) struct LogoutResponse<'d> {
    pub(crate) head: Head<'d>,
    pub(crate) status: Status<'d>,
}

/// How the user is named.
#[derive(Clone, Copy)]
enum Name<'d> {
    Plain(Node<'d>),
    Encrypted(Node<'d>),
}

impl<'d> Head<'d> {
    fn read(cursor: &mut Cursor<'d>, deviations: &mut Deviations) -> Result<Self, Rejection> {
        require_version(cursor)?;
        let id = read_id(cursor, deviations)?;
        let place = cursor.element().place();
        let issue_instant = read_instant(cursor, "IssueInstant", deviations)?
            .ok_or_else(|| Rejection::new(Schema::Missing).at(place).expecting("IssueInstant"))?;
        let destination = cursor.attribute("Destination");
        cursor.attribute("Consent");
        let issuer = cursor.take(SAML, "Issuer").map(read_issuer).transpose();
        let issuer = issuer.map_err(|rejection| rejection.recast(Logout::Issuer))?;
        cursor.take(DS, "Signature");
        cursor.take(SAMLP, "Extensions").map(check_extensions).transpose()?;
        Ok(Self { id, issue_instant, destination, issuer })
    }
}

impl<'d> LogoutRequest<'d> {
    /// Order and cardinality are those of the schema. A BaseID is of no known type.
    ///
    /// # Errors
    /// `schema.*`, `slo.name_id`, `slo.too_many_sessions`, `slo.issuer`.
    pub(crate) fn read(signed: Signed<'d>, deviations: &mut Deviations) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(signed.element())?;
        let head = Head::read(&mut cursor, deviations)?;
        let not_on_or_after = read_instant(&mut cursor, "NotOnOrAfter", deviations)?;
        cursor.attribute("Reason");
        let place = cursor.element().place();
        let name = cursor.take(SAML, "NameID").map(Name::Plain);
        let name = name
            .or_else(|| cursor.take(SAML, "EncryptedID").map(Name::Encrypted))
            .ok_or_else(|| Rejection::new(Logout::NameId).at(place).expecting("a NameID or EncryptedID"))?;
        let mut session_indexes = Vec::new();
        while let Some(node) = cursor.take(SAMLP, "SessionIndex") {
            session_indexes.push(read_session_index(node)?);
            if session_indexes.len() > MOST_SESSIONS {
                let expected = format!("at most {MOST_SESSIONS}");
                return Err(Rejection::new(Logout::TooManySessions).at(node.place()).expecting(expected));
            }
        }
        cursor.finish()?;
        Ok(Self { head, not_on_or_after, session_indexes, name })
    }

    /// Whom it is about.
    ///
    /// # Errors
    /// `slo.name_id` for an empty name, `schema.*`, `enc.*`.
    pub(crate) fn name_id(&self, recipient: &Recipient<'_>) -> Result<NameId, Rejection> {
        let read = match self.name {
            Name::Plain(node) => NameId::read(node),
            Name::Encrypted(node) => {
                recipient.decrypt(node).and_then(|plaintext| NameId::read(plaintext.element(SAML, "NameID")?))
            }
        };
        read.map_err(|rejection| match rejection.reason() {
            Reason::Subject(Subject::NameId) => rejection.recast(Logout::NameId),
            _ => rejection,
        })
    }
}

/// An empty one names no session, and must not be taken for none, which names all.
fn read_session_index(node: Node<'_>) -> Result<SessionIndex, Rejection> {
    let (cursor, text) = Cursor::of_text(node)?;
    cursor.finish()?;
    match text {
        "" => Err(Rejection::new(Schema::Value).at(node.place()).expecting("a SessionIndex").finding("")),
        text => Ok(SessionIndex::new(text)),
    }
}

impl<'d> LogoutResponse<'d> {
    /// # Errors
    /// `schema.*`, `slo.issuer`.
    pub(crate) fn read(root: Node<'d>, deviations: &mut Deviations) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(root)?;
        // Compared before anything was verified: it selected the pending logout.
        cursor.attribute("InResponseTo");
        let head = Head::read(&mut cursor, deviations)?;
        let status = Status::read(cursor.expect(SAMLP, "Status")?)?;
        cursor.finish()?;
        Ok(Self { head, status })
    }
}

/// What both messages of ours begin with.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing<'o> {
    pub(crate) id: &'o RequestId,
    pub(crate) issuer: &'o EntityId,
    pub(crate) destination: &'o str,
    pub(crate) now: DateTime<Utc>,
}

impl Outgoing<'_> {
    /// A LogoutRequest about a user and those sessions of theirs at the identity provider.
    pub(crate) fn request(&self, name_id: &NameId, indexes: &[SessionIndex], until: DateTime<Utc>) -> String {
        let mut xml = Writer::new();
        self.begin(&mut xml, "samlp:LogoutRequest");
        xml.attribute("NotOnOrAfter", &format_date_time(until));
        xml.element("saml:Issuer", self.issuer.as_str());
        name_id.write(&mut xml);
        for index in indexes {
            xml.element("samlp:SessionIndex", index.as_str());
        }
        xml.finish()
    }

    /// A LogoutResponse with a status code, and one inside it.
    pub(crate) fn response(&self, in_response_to: &str, code: &str, sub_code: Option<&str>) -> String {
        let mut xml = Writer::new();
        self.begin(&mut xml, "samlp:LogoutResponse");
        xml.attribute("InResponseTo", in_response_to);
        xml.element("saml:Issuer", self.issuer.as_str());
        xml.start("samlp:Status").start("samlp:StatusCode").attribute("Value", code);
        if let Some(sub_code) = sub_code {
            xml.start("samlp:StatusCode").attribute("Value", sub_code).end();
        }
        xml.finish()
    }

    fn begin(&self, xml: &mut Writer, name: &'static str) {
        xml.start(name).attribute("xmlns:samlp", SAMLP).attribute("xmlns:saml", SAML);
        xml.attribute("ID", self.id.as_str()).attribute("Version", "2.0");
        xml.attribute("IssueInstant", &format_date_time(self.now)).attribute("Destination", self.destination);
    }
}
