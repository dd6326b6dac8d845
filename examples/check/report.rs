//! What is told about a refusal and about the rules, for people and as JSON.

use saml_sp::Rejection;
use saml_sp::error::{Check, Checks, Outcome, Place};
use serde_json::{Value, json};

use crate::layout::Layout;

/// A refusal by itself.
pub(crate) fn refusal(rejection: &Rejection) -> String {
    let mut layout = Layout::default();
    write_refusal(&mut layout, rejection);
    layout.into_text()
}

/// What is wrong, where, and what to do about it.
pub(crate) fn write_refusal(layout: &mut Layout, rejection: &Rejection) {
    layout.line(2, &rejection.to_string());
    layout.field(2, "remedy", rejection.remedy());
    write_values(layout, 2, rejection);
    layout.field(2, "standard", rejection.spec());
    layout.field(2, "category", &format!("{} (at fault: {})", rejection.category(), rejection.fault()));
}

/// What was expected, what came, and where.
fn write_values(layout: &mut Layout, indent: usize, rejection: &Rejection) {
    if let Some(expected) = rejection.expected() {
        layout.field(indent, "expected", &format!("{expected:?}"));
    }
    if let Some(found) = rejection.found() {
        layout.field(indent, "found", &format!("{found:?}"));
    }
    if let Some(place) = rejection.place() {
        layout.field(indent, "place", &place.to_string());
    }
}

/// Every rule. A failure says everything about itself, so that nobody has to look elsewhere.
pub(crate) fn write_rules(layout: &mut Layout, checks: &Checks) {
    let count = |wanted: fn(&Outcome) -> bool| checks.iter().filter(|check| wanted(check.outcome())).count();
    let passed = count(|outcome| matches!(outcome, Outcome::Passed));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let not_reached = count(|outcome| matches!(outcome, Outcome::NotReached));
    let undecided = count(|outcome| matches!(outcome, Outcome::Undecided));
    let undecided = if undecided > 0 { format!("{undecided} undecided, ") } else { String::new() };
    layout.heading(&format!("Rules: {passed} passed, {failed} failed, {undecided}{not_reached} not reached"));
    for check in checks.iter() {
        layout.field(2, outcome_label(check.outcome()), check.rule().text());
        if let Outcome::Failed(rejection) = check.outcome() {
            const INDENT: usize = 15;
            layout.field(INDENT, "why", &rejection.to_string());
            write_values(layout, INDENT, rejection);
            layout.field(INDENT, "remedy", rejection.remedy());
            layout.field(INDENT, "standard", rejection.spec());
        }
    }
}

fn outcome_label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed(_) => "FAILED",
        Outcome::Undecided => "undecided",
        Outcome::NotReached => "not reached",
    }
}

/// The facts of a refusal.
pub(crate) fn refusal_json(rejection: &Rejection) -> Value {
    json!({
        "code": rejection.code(),
        "category": rejection.category().name(),
        "fault": rejection.fault().to_string(),
        "sentence": rejection.to_string(),
        "standard": rejection.spec(),
        "remedy": rejection.remedy(),
        "expected": rejection.expected(),
        "found": rejection.found(),
        "place": rejection.place().map(place_json),
    })
}

fn place_json(place: &Place) -> Value {
    json!({ "path": place.path(), "line": place.line(), "column": place.column() })
}

/// The outcomes of the rules, in the order of the report.
pub(crate) fn rules_json(checks: &Checks) -> Value {
    checks.iter().map(|check| rule_json(&check)).collect()
}

fn rule_json(check: &Check) -> Value {
    let (outcome, failure) = match check.outcome() {
        Outcome::Passed => ("passed", Value::Null),
        Outcome::Failed(rejection) => ("failed", refusal_json(rejection)),
        Outcome::Undecided => ("undecided", Value::Null),
        Outcome::NotReached => ("not_reached", Value::Null),
    };
    let rule = check.rule();
    json!({
        "rule": format!("{rule:?}"),
        "text": rule.text(),
        "standard": rule.spec(),
        "outcome": outcome,
        "failure": failure,
    })
}
