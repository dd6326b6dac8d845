//! The shell of samlp:Response (SAML Core 3.3.3): everything but what is asserted.

use chrono::{DateTime, Utc};

use super::status::Status;
use crate::assertion::{read_id, read_instant, read_issuer, require_version};
use crate::dsig::{Position, signature_of};
use crate::error::{Deviations, Profile, Rejection, Schema};
use crate::names::{SAML, SAMLP};
use crate::xml::{Cursor, Document, Node};

/// The response as sent. Nothing in here is proven.
pub(crate) struct Response<'d> {
    pub(crate) issuer: Option<&'d str>,
    pub(crate) destination: Option<&'d str>,
    pub(crate) in_response_to: Option<&'d str>,
    pub(crate) issue_instant: DateTime<Utc>,
    pub(crate) signature: Option<Node<'d>>,
    pub(crate) status: Option<Status<'d>>,
    asserted: Vec<Asserted<'d>>,
}

/// What a response can carry.
#[derive(Clone, Copy)]
pub(crate) enum Asserted<'d> {
    /// `saml:Assertion`.
    Plain(Node<'d>),
    /// `saml:EncryptedAssertion`.
    Encrypted(Node<'d>),
}

impl<'d> Response<'d> {
    /// # Errors
    /// `schema.*`, `dsig.multiple`, `dsig.misplaced`.
    pub(crate) fn read(document: &'d Document, deviations: &mut Deviations) -> Result<Self, Rejection> {
        let root = document.root();
        if !root.is(SAMLP, "Response") {
            return Err(Rejection::new(Schema::Element)
                .at(root.place())
                .expecting("samlp:Response")
                .finding(root.qualified_name()));
        }
        let signature = signature_of(root, Position::After(SAML, "Issuer"))?;
        let mut cursor = Cursor::new(root)?;
        require_version(&mut cursor)?;
        read_id(&mut cursor, deviations)?;
        let issue_instant = read_instant(&mut cursor, "IssueInstant", deviations)?;
        let issue_instant =
            issue_instant.ok_or_else(|| Rejection::new(Schema::Missing).at(root.place()).expecting("IssueInstant"))?;
        let destination = cursor.attribute("Destination");
        let in_response_to = cursor.attribute("InResponseTo");
        cursor.attribute("Consent");
        let issuer = cursor.take(SAML, "Issuer").map(read_issuer).transpose()?;
        if signature.is_some() {
            cursor.take_any();
        }
        if let Some(extensions) = cursor.take(SAMLP, "Extensions") {
            check_extensions(extensions)?;
        }
        let status = cursor.take(SAMLP, "Status").map(Status::read).transpose()?;
        let asserted = read_asserted(&mut cursor);
        cursor.finish()?;
        Ok(Self { issuer, destination, in_response_to, issue_instant, signature, status, asserted })
    }

    /// The one assertion. Two, one of them not looked at, are what signature wrapping is made of.
    ///
    /// # Errors
    /// `profile.no_assertion`, `profile.multiple_assertions`.
    pub(crate) fn the_assertion(&self) -> Result<Asserted<'d>, Rejection> {
        match self.asserted.as_slice() {
            [one] => Ok(*one),
            [] => Err(Rejection::new(Profile::NoAssertion)),
            many => Err(Rejection::new(Profile::MultipleAssertions).expecting("1").finding(many.len().to_string())),
        }
    }
}

fn read_asserted<'d>(cursor: &mut Cursor<'d>) -> Vec<Asserted<'d>> {
    let mut asserted = Vec::with_capacity(1);
    loop {
        if let Some(node) = cursor.take(SAML, "Assertion") {
            asserted.push(Asserted::Plain(node));
        } else if let Some(node) = cursor.take(SAML, "EncryptedAssertion") {
            asserted.push(Asserted::Encrypted(node));
        } else {
            return asserted;
        }
    }
}

/// SAML Core 3.2.1: extensions are of other namespaces. They are not read.
pub(super) fn check_extensions(node: Node<'_>) -> Result<(), Rejection> {
    match node.elements().find(|child| matches!(child.namespace(), SAML | SAMLP)) {
        Some(child) => Err(Rejection::new(Schema::Element).at(child.place()).finding(child.qualified_name())),
        None => Ok(()),
    }
}
