//! Where a field of a user is looked for in a login, and what is found there.

use std::fmt;

use super::identity::SubjectSource;
use super::report::{Found, shortened};
use crate::assertion::{Attribute, AttributeValue, NameId};
use crate::error::ConfigError;
use crate::profile::Login;
use crate::stored::{Decoder, Encoder, StoredError};
use crate::xml::trim;

/// An absent NameFormat means this one (SAML Core 2.7.3.1).
const NAME_FORMAT_UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
pub(super) const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// SAML Core 8.3.1; the second does not exist, and is sent all the same.
const UNSPECIFIED: [&str; 3] = [
    "",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified",
];
/// The longest attribute name, in bytes.
const MOST_NAME: usize = 1024;

/// Where a field is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The name identifier of the subject, if its Format says what is needed: for the identifier any Format (SAML Core
    /// 8.3) but transient and unspecified, which need not be the same at the next login; for the e-mail address, emailAddress.
    /// A Format that is absent or empty is unspecified.
    NameId,
    /// The name identifier of the subject of any Format but transient. Whoever sets this up vouches that each user has
    /// one value of the kind that is needed, for good, although the Format does not say so.
    VouchedNameId,
    /// An attribute (SAML Core 2.7.3.1), by its Name to the letter. FriendlyName never counts.
    Attribute {
        /// Its Name.
        name: String,
        /// Its NameFormat, or none for an attribute of that name in any format.
        name_format: Option<String>,
    },
}

impl Source {
    /// The attribute of that Name, in any NameFormat.
    #[must_use]
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::Attribute { name: name.into(), name_format: None }
    }

    /// Only in that NameFormat (SAML Core 8.2), if this is an attribute.
    #[must_use]
    pub fn in_format(self, format: impl Into<String>) -> Self {
        match self {
            Self::Attribute { name, .. } => Self::Attribute { name, name_format: Some(format.into()) },
            name_id => name_id,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Attribute { name, .. } if name.is_empty() || name.len() > MOST_NAME => {
                Err(ConfigError::Value { field: "attribute name", reason: "1 to 1024 bytes" })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn encode(&self, encoder: Encoder) -> Encoder {
        match self {
            Self::NameId => encoder.byte(0),
            Self::VouchedNameId => encoder.byte(1),
            Self::Attribute { name, name_format } => encoder.byte(2).text(name).option(name_format.as_deref()),
        }
    }

    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, StoredError> {
        match decoder.byte()? {
            0 => Ok(Self::NameId),
            1 => Ok(Self::VouchedNameId),
            2 => Ok(Self::Attribute { name: decoder.text()?, name_format: decoder.option()? }),
            _ => Err(StoredError::Damaged),
        }
    }

    fn attributes<'l>(&self, login: &'l Login) -> impl Iterator<Item = &'l Attribute> {
        let wanted = match self {
            Self::Attribute { name, name_format } => Some((name, name_format)),
            Self::NameId | Self::VouchedNameId => None,
        };
        login.attributes().iter().filter(move |attribute| {
            let format = attribute.name_format().unwrap_or(NAME_FORMAT_UNSPECIFIED);
            wanted.is_some_and(|(name, wanted)| {
                attribute.name() == name && wanted.as_deref().is_none_or(|wanted| wanted == format)
            })
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameId | Self::VouchedNameId => f.write_str("the NameID"),
            Self::Attribute { name, name_format: None } => write!(f, "attribute {name:?}"),
            Self::Attribute { name, name_format: Some(format) } => write!(f, "attribute {name:?} in format {format:?}"),
        }
    }
}

/// What a value is wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To recognize the user by.
    Identifier,
    /// To write to the user.
    Email,
    /// Anything else.
    Text,
}

/// One value, and what it stands in.
pub(super) struct Value<'l> {
    pub(super) text: &'l str,
    origin: Origin<'l>,
}

enum Origin<'l> {
    NameId(&'l NameId),
    Attribute(&'l Attribute),
    Nested(&'l Attribute, &'l NameId),
}

/// The values at a source. What is empty, nil or made of elements is no value; but for one name identifier alone in the value of
/// an attribute, which is an identifier as good as the subject's.
pub(super) fn look<'l>(source: &Source, login: &'l Login, wanted: Wanted) -> (Vec<Value<'l>>, Found) {
    let name_id = match source {
        Source::NameId => login.name_id().map(|name_id| (name_id, format_fits(name_id, wanted))),
        Source::VouchedNameId => login.name_id().map(|name_id| (name_id, format_of(name_id) != TRANSIENT)),
        Source::Attribute { .. } => return look_at_attributes(source, login, wanted),
    };
    match name_id {
        None => (Vec::new(), Found::Nothing),
        Some((name_id, true)) => {
            (vec![Value { text: name_id.value(), origin: Origin::NameId(name_id) }], Found::Values { values: 1 })
        }
        Some((name_id, false)) => (Vec::new(), Found::OtherFormat { format: name_id.format().map(shortened) }),
    }
}

fn look_at_attributes<'l>(source: &Source, login: &'l Login, wanted: Wanted) -> (Vec<Value<'l>>, Found) {
    let (mut values, mut found) = (Vec::new(), Found::Nothing);
    for attribute in source.attributes(login) {
        if found == Found::Nothing {
            found = Found::NoValue;
        }
        for value in attribute.values() {
            match read(attribute, value, wanted) {
                Ok(value) => values.extend(value),
                Err(other) => found = other,
            }
        }
    }
    let found = if values.is_empty() { found } else { Found::Values { values: values.len() } };
    (values, found)
}

fn read<'l>(attribute: &'l Attribute, value: &'l AttributeValue, wanted: Wanted) -> Result<Option<Value<'l>>, Found> {
    let nested = match value {
        AttributeValue::Text(text) if trim(text).is_empty() => return Ok(None),
        AttributeValue::Text(text) => return Ok(Some(Value { text, origin: Origin::Attribute(attribute) })),
        AttributeValue::Nested(nested) if wanted == Wanted::Identifier => nested.name_id(),
        _ => None,
    };
    match nested {
        Some(name_id) if format_fits(name_id, wanted) => {
            Ok(Some(Value { text: name_id.value(), origin: Origin::Nested(attribute, name_id) }))
        }
        Some(name_id) => Err(Found::OtherFormat { format: name_id.format().map(shortened) }),
        None => Ok(None),
    }
}

fn format_fits(name_id: &NameId, wanted: Wanted) -> bool {
    let format = format_of(name_id);
    match wanted {
        Wanted::Identifier => format != TRANSIENT && !UNSPECIFIED.contains(&format),
        Wanted::Email => format == EMAIL_ADDRESS,
        Wanted::Text => true,
    }
}

/// Without white space around it, as which it would look like a Format that nobody knows.
fn format_of(name_id: &NameId) -> &str {
    trim(name_id.format().unwrap_or_default())
}

impl Value<'_> {
    /// Where it was read, as part of the key of a user.
    pub(super) fn subject_source(&self) -> SubjectSource {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        match self.origin {
            Origin::NameId(name_id) => SubjectSource::NameId {
                format: owned(name_id.format()),
                name_qualifier: owned(name_id.name_qualifier()),
                sp_name_qualifier: owned(name_id.sp_name_qualifier()),
            },
            Origin::Attribute(attribute) => SubjectSource::Attribute {
                name: attribute.name().to_owned(),
                name_format: owned(attribute.name_format()),
            },
            Origin::Nested(attribute, name_id) => SubjectSource::NestedNameId {
                name: attribute.name().to_owned(),
                name_format: owned(attribute.name_format()),
                format: owned(name_id.format()),
                name_qualifier: owned(name_id.name_qualifier()),
                sp_name_qualifier: owned(name_id.sp_name_qualifier()),
            },
        }
    }
}
