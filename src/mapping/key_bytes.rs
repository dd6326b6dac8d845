//! The bytes of a subject key, under which links are stored.

use super::identity::{SubjectKey, SubjectSource};
use crate::names::{ConnectionId, EntityId};
use crate::stored::{Decoder, Encoder, StoredError};

impl SubjectKey {
    const VERSION: u8 = 1;

    /// The value to store, and the unique key to store a link under: two subjects have the same bytes only if every
    /// part of them is the same, whatever a database thinks of case, accents and trailing blanks in texts.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode(Encoder::new(Self::VERSION)).finish()
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(stored: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(stored, Self::VERSION)?;
        let key = Self::decode(&mut decoder)?;
        decoder.finish()?;
        Ok(key)
    }

    pub(crate) fn encode(&self, encoder: Encoder) -> Encoder {
        let encoder = encoder.text(self.connection.as_str()).text(self.issuer.as_str());
        let encoder = match &self.source {
            SubjectSource::NameId { format, name_qualifier, sp_name_qualifier } => encoder
                .byte(0)
                .option(format.as_deref())
                .option(name_qualifier.as_deref())
                .option(sp_name_qualifier.as_deref()),
            SubjectSource::NestedNameId { name, name_format, format, name_qualifier, sp_name_qualifier } => encoder
                .byte(2)
                .text(name)
                .option(name_format.as_deref())
                .option(format.as_deref())
                .option(name_qualifier.as_deref())
                .option(sp_name_qualifier.as_deref()),
            SubjectSource::Attribute { name, name_format } => encoder.byte(1).text(name).option(name_format.as_deref()),
        };
        encoder.text(&self.value)
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, StoredError> {
        let (connection, issuer) = (ConnectionId::new(decoder.text()?), EntityId::new(decoder.text()?));
        let source = match decoder.byte()? {
            0 => SubjectSource::NameId {
                format: decoder.option()?,
                name_qualifier: decoder.option()?,
                sp_name_qualifier: decoder.option()?,
            },
            1 => SubjectSource::Attribute { name: decoder.text()?, name_format: decoder.option()? },
            2 => SubjectSource::NestedNameId {
                name: decoder.text()?,
                name_format: decoder.option()?,
                format: decoder.option()?,
                name_qualifier: decoder.option()?,
                sp_name_qualifier: decoder.option()?,
            },
            _ => return Err(StoredError::Damaged),
        };
        Ok(Self { connection, issuer, source, value: decoder.text()? })
    }
}
