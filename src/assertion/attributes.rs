//! saml:AttributeStatement (SAML Core 2.7.3).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::subject::NameId;
use crate::error::{Decryption, Deviation, Deviations, Rejection, Schema};
use crate::names::{SAML, SAMLP};
use crate::xml::{Cursor, Node, XSI_NAMESPACE};
use crate::xmlenc::Recipient;

/// Most encrypted attributes of an assertion: each takes private-key operations, or questions to a service.
const MOST_ENCRYPTED: usize = 16;

/// An attribute with all its values in document order. `Debug` shows the name and how many values there are.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    name: String,
    name_format: Option<Arc<str>>,
    friendly_name: Option<String>,
    values: Vec<AttributeValue>,
}

/// One value of an attribute. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// Characters, exactly as sent; may be empty.
    Text(String),
    /// `xsi:nil="true"`: there is no value.
    Nil,
    /// Elements, such as the NameID in eduPersonTargetedID.
    Nested(Nested),
}

/// A value that is made of elements.
#[derive(Clone, PartialEq, Eq)]
pub struct Nested {
    text: String,
    name_id: Option<Box<NameId>>,
}

impl Attribute {
    /// Formats are nearly always the same: attributes share the one of the attribute before.
    fn read(node: Node<'_>, before: Option<&Self>) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(node)?.ignoring_foreign_attributes();
        let name = cursor.required_attribute("Name")?.to_owned();
        let name_format = cursor.attribute("NameFormat").map(|format| {
            let shared =
                before.and_then(|attribute| attribute.name_format.as_ref()).filter(|known| ***known == *format);
            shared.map_or_else(|| Arc::from(format), Arc::clone)
        });
        let friendly_name = cursor.attribute("FriendlyName").map(str::to_owned);
        let mut values = Vec::with_capacity(node.elements().count());
        while let Some(value) = cursor.take(SAML, "AttributeValue") {
            values.push(AttributeValue::read(value)?);
        }
        cursor.finish()?;
        Ok(Self { name, name_format, friendly_name, values })
    }

    fn key(&self) -> (&str, Option<&str>) {
        (&self.name, self.name_format.as_deref())
    }

    /// The name; attributes are told apart by it, and by the format.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the name is to be read (SAML Core 8.2).
    #[must_use]
    pub fn name_format(&self) -> Option<&str> {
        self.name_format.as_deref()
    }

    /// A name for people. At some identity providers users choose it themselves: never decide by it.
    #[must_use]
    pub fn friendly_name(&self) -> Option<&str> {
        self.friendly_name.as_deref()
    }

    /// The values; an attribute may have none.
    #[must_use]
    pub fn values(&self) -> &[AttributeValue] {
        &self.values
    }
}

impl AttributeValue {
    /// The characters of a plain value.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Nil | Self::Nested(_) => None,
        }
    }

    fn read(node: Node<'_>) -> Result<Self, Rejection> {
        if matches!(node.attribute_ns(XSI_NAMESPACE, "nil"), Some("true" | "1")) {
            return Ok(Self::Nil);
        }
        match node.elements().next() {
            None => Ok(Self::Text(node.text_content()?.to_owned())),
            Some(first) => Nested::read(node, first).map(Self::Nested),
        }
    }
}

impl Nested {
    /// Everything that is text in it, in document order.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name identifier, if the value is one.
    #[must_use]
    pub fn name_id(&self) -> Option<&NameId> {
        self.name_id.as_deref()
    }

    fn read(value: Node<'_>, first: Node<'_>) -> Result<Self, Rejection> {
        let is_statement = |node: &Node<'_>| {
            node.is(SAML, "Assertion") || node.is(SAML, "EncryptedAssertion") || node.namespace() == SAMLP
        };
        if let Some(node) = value.subtree().find(is_statement) {
            return Err(Rejection::new(Schema::Element).at(node.place()).finding(node.qualified_name()));
        }
        let text = value.subtree().filter_map(|node| node.as_text()).collect();
        let alone = value.elements().count() == 1 && first.is(SAML, "NameID");
        let name_id = if alone { Some(Box::new(NameId::read(first)?)) } else { None };
        Ok(Self { text, name_id })
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attribute")
            .field("name", &self.name)
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Nil => "Nil",
            Self::Nested(_) => "Nested(..)",
        })
    }
}

impl fmt::Debug for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nested(..)")
    }
}

/// Reads the attributes of the statements; the values of one that stands there twice are joined.
pub(super) fn read(
    statements: &[Node<'_>],
    recipient: &Recipient<'_>,
    deviations: &mut Deviations,
) -> Result<Vec<Attribute>, Rejection> {
    let (mut attributes, mut encrypted) = (Vec::new(), 0);
    for statement in statements {
        let mut cursor = Cursor::new(*statement)?;
        attributes.reserve(statement.elements().count());
        loop {
            if let Some(node) = cursor.take(SAML, "Attribute") {
                attributes.push(Attribute::read(node, attributes.last())?);
            } else if let Some(node) = cursor.take(SAML, "EncryptedAttribute") {
                encrypted = usize::saturating_add(encrypted, 1);
                if encrypted > MOST_ENCRYPTED {
                    return Err(Rejection::new(Decryption::TooManyKeys).at(node.place()));
                }
                let decrypted = recipient.decrypt(node)?;
                attributes.push(Attribute::read(decrypted.element(SAML, "Attribute")?, attributes.last())?);
            } else {
                break;
            }
        }
        cursor.finish()?;
    }
    if are_distinct(&attributes) {
        return Ok(attributes);
    }
    deviations.note(Deviation::RepeatedAttribute);
    Ok(join(attributes))
}

/// Whether each name stands there once for each format, as it nearly always does; mostly that shows at the end of the names.
fn are_distinct(attributes: &[Attribute]) -> bool {
    let last_octets =
        |name: &str| name.bytes().rev().take(8).fold(0_u64, |end, byte| end.rotate_left(8) ^ u64::from(byte));
    let mut ends: Vec<_> = attributes.iter().map(|attribute| last_octets(&attribute.name)).collect();
    ends.sort_unstable();
    let mut keys = HashSet::new();
    ends.is_sorted_by(|one, next| one < next) || attributes.iter().all(|attribute| keys.insert(attribute.key()))
}

/// Attributes, each name once for each format.
fn join(attributes: Vec<Attribute>) -> Vec<Attribute> {
    let mut known = HashMap::new();
    let mut joined: Vec<Attribute> = Vec::new();
    for mut attribute in attributes {
        let key = (attribute.name.clone(), attribute.name_format.clone());
        let index = *known.entry(key).or_insert(joined.len());
        match joined.get_mut(index) {
            Some(twin) => twin.values.append(&mut attribute.values),
            None => joined.push(attribute),
        }
    }
    joined
}
