//! What a login says about the user.

use saml_sp::{Attribute, AttributeValue, AuthnStatement, Login, NameId};
use serde_json::{Value, json};

use crate::layout::Layout;
use crate::response::instant;

/// For people. Values are quoted, so that a blank at their end can be seen and nothing can move the cursor.
pub(crate) fn write(layout: &mut Layout, login: &Login) {
    layout.heading("Claims");
    layout.field(2, "issuer", login.issuer().as_str());
    layout.field(2, "assertion", login.assertion().as_str());
    match login.name_id() {
        Some(name_id) => write_name_id(layout, name_id),
        None => layout.field(2, "NameID", "none"),
    }
    for statement in login.authn_statements() {
        write_statement(layout, statement);
    }
    for attribute in login.attributes() {
        write_attribute(layout, attribute);
    }
}

fn write_name_id(layout: &mut Layout, name_id: &NameId) {
    layout.field(2, "NameID", &format!("{:?}", name_id.value()));
    let details = [
        ("format", name_id.format()),
        ("of IdP", name_id.name_qualifier()),
        ("for SP", name_id.sp_name_qualifier()),
        ("SP's own", name_id.sp_provided_id()),
    ];
    for (label, value) in details {
        if let Some(value) = value {
            layout.field(4, label, value);
        }
    }
}

fn write_statement(layout: &mut Layout, statement: &AuthnStatement) {
    let class = statement.context_class().unwrap_or("a class that is not named");
    layout.field(2, "signed in", &format!("at {} by {class}", instant(statement.authn_instant())));
    if let Some(index) = statement.session_index() {
        layout.field(2, "session", &format!("{:?}", index.as_str()));
    }
    if let Some(limit) = statement.session_not_on_or_after() {
        layout.field(4, "until", &instant(limit));
    }
    for authority in statement.authenticating_authorities() {
        layout.field(4, "with", authority);
    }
}

fn write_attribute(layout: &mut Layout, attribute: &Attribute) {
    let friendly = attribute.friendly_name().map(|name| format!(" ({name})")).unwrap_or_default();
    layout.field(2, "attribute", &format!("{}{friendly}", attribute.name()));
    for value in attribute.values() {
        let shown = match value {
            AttributeValue::Text(text) => format!("{text:?}"),
            AttributeValue::Nested(nested) => format!("elements with the text {:?}", nested.text()),
            _ => "nil".to_owned(),
        };
        layout.field(4, "value", &shown);
    }
    if attribute.values().is_empty() {
        layout.field(4, "value", "none");
    }
}

/// For programs.
pub(crate) fn json(login: &Login) -> Value {
    json!({
        "issuer": login.issuer().as_str(),
        "assertion": login.assertion().as_str(),
        "name_id": login.name_id().map(name_id_json),
        "authn_statements": login.authn_statements().iter().map(statement_json).collect::<Value>(),
        "attributes": login.attributes().iter().map(attribute_json).collect::<Value>(),
        "deviations": login.deviations().iter().map(|deviation| deviation.name()).collect::<Value>(),
    })
}

fn name_id_json(name_id: &NameId) -> Value {
    json!({
        "value": name_id.value(),
        "format": name_id.format(),
        "name_qualifier": name_id.name_qualifier(),
        "sp_name_qualifier": name_id.sp_name_qualifier(),
        "sp_provided_id": name_id.sp_provided_id(),
    })
}

fn statement_json(statement: &AuthnStatement) -> Value {
    json!({
        "authn_instant": instant(statement.authn_instant()),
        "context_class": statement.context_class(),
        "session_index": statement.session_index().map(|index| index.as_str()),
        "session_not_on_or_after": statement.session_not_on_or_after().map(instant),
        "authenticating_authorities": statement.authenticating_authorities(),
    })
}

fn attribute_json(attribute: &Attribute) -> Value {
    json!({
        "name": attribute.name(),
        "name_format": attribute.name_format(),
        "friendly_name": attribute.friendly_name(),
        "values": attribute.values().iter().map(value_json).collect::<Value>(),
    })
}

fn value_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Text(text) => json!(text),
        AttributeValue::Nested(nested) => {
            json!({ "text": nested.text(), "name_id": nested.name_id().map(name_id_json) })
        }
        _ => Value::Null,
    }
}
