//! What the endpoint says about itself (RFC 7643 sections 5 to 7).

use serde_json::{Value, json};

use super::answer::USER;

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

pub(super) fn config() -> Value {
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

pub(super) fn resource_type() -> Value {
    json!({
        "schemas": [RESOURCE_TYPE], "id": "User", "name": "User", "endpoint": "/Users",
        "description": "A member of the organization", "schema": USER,
        "meta": { "resourceType": "ResourceType" },
    })
}

pub(super) fn schema() -> Value {
    let emails = [text("value", "readOnly"), text("type", "readOnly"), attribute("primary", "boolean", "readOnly")];
    let names = [text("givenName", "readWrite"), text("familyName", "readWrite")];
    let user_name = extended(text("userName", "immutable"), json!({ "required": true, "uniqueness": "server" }));
    let name = extended(attribute("name", "complex", "readWrite"), json!({ "subAttributes": names }));
    let email = json!({ "multiValued": true, "subAttributes": emails });
    let email = extended(attribute("emails", "complex", "readOnly"), email);
    json!({
        "schemas": [SCHEMA], "id": USER, "name": "User", "description": "A member of the organization",
        "attributes": [
            user_name, name, text("displayName", "readWrite"), email, attribute("active", "boolean", "readWrite"),
        ],
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
