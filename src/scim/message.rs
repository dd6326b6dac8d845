//! Bodies of requests (RFC 7644 section 3), of users and groups alike.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::ScimRequest;
use super::answer::Problem;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const MOST_OPERATIONS: usize = 100;
/// Characters of a text that is kept.
const MOST_TEXT: usize = 256;

pub(super) type Object = Map<String, Value>;

/// Reads a body. The reader refuses what is nested deeper than 128.
pub(super) fn read_body(body: &[u8]) -> Result<Object, Problem> {
    if body.len() > ScimRequest::MOST_BYTES {
        return Err(Problem::TOO_LARGE);
    }
    serde_json::from_slice(body).map_err(|_| Problem::NOT_JSON)
}

/// A member of an object by its name without case. Two of one name are none.
pub(super) fn member_of<'o>(object: &'o Object, name: &str) -> Result<Option<&'o Value>, Problem> {
    let mut found = object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Problem::TWICE),
        (found, None) => Ok(found.map(|(_, value)| value)),
    }
}

/// That no two names of an object differ only in case.
pub(super) fn require_unique_names(object: &Object) -> Result<(), Problem> {
    let mut names = HashSet::new();
    if object.keys().all(|name| names.insert(name.to_ascii_lowercase())) { Ok(()) } else { Err(Problem::TWICE) }
}

pub(super) fn require_schema(body: &Object, schema: &str) -> Result<(), Problem> {
    let schemas = member_of(body, "schemas")?.and_then(Value::as_array).ok_or(Problem::SCHEMA)?;
    let is_schema = |named: &Value| named.as_str().is_some_and(|named| named.eq_ignore_ascii_case(schema));
    if schemas.iter().any(is_schema) { Ok(()) } else { Err(Problem::SCHEMA) }
}

/// An empty text is none.
pub(super) fn text(value: &Value) -> Result<Option<String>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) if text.chars().count() <= MOST_TEXT && !text.contains('\0') => Ok(Some(text.clone())),
        _ => Err(Problem::VALUE),
    }
}

/// What an operation does. Entra ID writes it with a capital.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Replace,
    Remove,
}

/// An operation of a patch (RFC 7644 section 3.5.2).
pub(super) struct Operation<'o> {
    pub(super) op: Op,
    pub(super) path: Option<&'o str>,
    pub(super) value: Option<&'o Value>,
}

/// The operations of a patch, in their order.
pub(super) fn operations(
    body: &Object,
) -> Result<impl Iterator<Item = Result<Operation<'_>, Problem>> + use<'_>, Problem> {
    require_schema(body, PATCH)?;
    let operations = member_of(body, "Operations")?.and_then(Value::as_array).ok_or(Problem::OPERATIONS)?;
    if operations.is_empty() || operations.len() > MOST_OPERATIONS {
        return Err(Problem::OPERATIONS);
    }
    Ok(operations.iter().map(Operation::read))
}

impl<'o> Operation<'o> {
    fn read(operation: &'o Value) -> Result<Self, Problem> {
        let operation = operation.as_object().ok_or(Problem::OPERATIONS)?;
        let op = member_of(operation, "op")?.and_then(Value::as_str).ok_or(Problem::OPERATION)?;
        let op = match op.to_ascii_lowercase().as_str() {
            "add" => Op::Add,
            "replace" => Op::Replace,
            "remove" => Op::Remove,
            _ => return Err(Problem::OPERATION),
        };
        let path = match member_of(operation, "path")? {
            None | Some(Value::Null) => None,
            Some(path) => Some(path.as_str().ok_or(Problem::PATH)?),
        };
        Ok(Self { op, path, value: member_of(operation, "value")? })
    }

    pub(super) fn value(&self) -> Result<&'o Value, Problem> {
        self.value.ok_or(Problem::VALUE)
    }

    /// What an operation without a path brings: attributes by their names, no two the same.
    pub(super) fn values(&self) -> Result<&'o Object, Problem> {
        let values = self.value()?.as_object().ok_or(Problem::VALUE)?;
        require_unique_names(values).map(|()| values)
    }
}
