//! What the endpoint says about itself (RFC 7643 sections 5 to 7).

use serde_json::{Value, json};

use super::ScimResponse;
use super::answer::{GROUP, USER};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// The answer at a path.
pub(super) fn find(path: &str) -> Option<ScimResponse> {
    let resource = match path {
        "ServiceProviderConfig" => config(),
        "ResourceTypes" => return Some(ScimResponse::list(2, 1, vec![user_type(), group_type()])),
        "ResourceTypes/User" => user_type(),
        "ResourceTypes/Group" => group_type(),
        "Schemas" => return Some(ScimResponse::list(2, 1, vec![user_schema(), group_schema()])),
        _ => match path.strip_prefix("Schemas/")? {
            USER => user_schema(),
            GROUP => group_schema(),
            _ => return None,
        },
    };
    Some(ScimResponse::json(200, &resource))
}

fn config() -> Value {
    json!({
        "schemas": [CONFIG],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": super::MOST_RESULTS },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": false },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Bearer token",
            "description": "The token of the connection in the Authorization header.",
        }],
        "meta": { "resourceType": "ServiceProviderConfig" },
    })
}

fn user_type() -> Value {
    resource_type("User", "/Users", "A member of the organization", USER)
}

fn group_type() -> Value {
    resource_type("Group", "/Groups", "A team of the organization", GROUP)
}

fn resource_type(name: &str, endpoint: &str, description: &str, schema: &str) -> Value {
    json!({
        "schemas": [RESOURCE_TYPE], "id": name, "name": name, "endpoint": endpoint,
        "description": description, "schema": schema, "meta": { "resourceType": "ResourceType" },
    })
}

fn user_schema() -> Value {
    let emails = [text("value", "readOnly"), text("type", "readOnly"), attribute("primary", "boolean", "readOnly")];
    let names = [text("givenName", "readWrite"), text("familyName", "readWrite")];
    let user_name = extended(text("userName", "immutable"), json!({ "required": true, "uniqueness": "server" }));
    let name = extended(attribute("name", "complex", "readWrite"), json!({ "subAttributes": names }));
    let email = json!({ "multiValued": true, "subAttributes": emails });
    let email = extended(attribute("emails", "complex", "readOnly"), email);
    let (display_name, active) = (text("displayName", "readWrite"), attribute("active", "boolean", "readWrite"));
    schema("User", "A member of the organization", USER, &[user_name, name, display_name, email, active])
}

fn group_schema() -> Value {
    let name = extended(text("displayName", "readWrite"), json!({ "required": true, "uniqueness": "server" }));
    let id = extended(text("value", "immutable"), json!({ "required": true, "caseExact": true }));
    let place = json!({ "referenceTypes": ["User"], "caseExact": true });
    let place = extended(attribute("$ref", "reference", "readOnly"), place);
    let kind = extended(text("type", "readOnly"), json!({ "canonicalValues": ["User"] }));
    let members = json!({ "multiValued": true, "subAttributes": [id, place, kind] });
    let members = extended(attribute("members", "complex", "readWrite"), members);
    schema("Group", "A team of the organization", GROUP, &[name, members])
}

fn schema(name: &str, description: &str, id: &str, attributes: &[Value]) -> Value {
    json!({
        "schemas": [SCHEMA], "id": id, "name": name, "description": description, "attributes": attributes,
        "meta": { "resourceType": "Schema" },
    })
}

fn text(name: &str, mutability: &str) -> Value {
    extended(attribute(name, "string", mutability), json!({ "caseExact": false }))
}

fn attribute(name: &str, kind: &str, mutability: &str) -> Value {
    json!({
        "name": name, "type": kind, "multiValued": false, "required": false,
        "mutability": mutability, "returned": "default", "uniqueness": "none",
    })
}

fn extended(mut attribute: Value, more: Value) -> Value {
    if let (Value::Object(attribute), Value::Object(more)) = (&mut attribute, more) {
        attribute.extend(more);
    }
    attribute
}
