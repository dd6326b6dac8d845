//! What a second engine says of the signatures, where the connection asks it.

use super::signatures::ON_ASSERTION;
use crate::connection::Connection;
use crate::dsig::{self, Opinion, signature_of};
use crate::error::{Checks, Rejection, Rule, SecondEngine};
use crate::policy::SecondOpinion;
use crate::xml::Node;

/// Has every signature verified again: all of them have verified here, and every rule has passed.
///
/// # Errors
/// `dsig.engines_disagree`; `dsig.second_opinion` if one is required and can't be had.
pub(super) fn confirm(
    on_response: Option<Node<'_>>,
    assertion: Node<'_>,
    connection: &Connection,
    checks: &mut Checks,
) -> Result<(), Rejection> {
    let asked = connection.policy().second_opinion();
    if asked == SecondOpinion::NotAsked {
        return Ok(());
    }
    let (keys, algorithms) = (connection.identity_provider().signing_keys(), connection.policy().algorithms());
    for signature in on_response.into_iter().chain(signature_of(assertion, ON_ASSERTION)?) {
        let verdict = match dsig::second_opinion(signature, keys, algorithms) {
            Ok(Opinion::CannotJudge) if asked == SecondOpinion::WhereSupported => {
                checks.note_undecided(Rule::SecondOpinion);
                continue;
            }
            Ok(Opinion::CannotJudge) => Err(Rejection::new(SecondEngine::CannotJudge).at(signature.place())),
            Ok(Opinion::Agrees) => Ok(()),
            Err(rejection) => Err(rejection),
        };
        checks.note(Rule::SecondOpinion, verdict)?;
    }
    Ok(())
}
