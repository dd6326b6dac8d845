//! The bytes of stored values: a version, then the fields in order.

use chrono::{DateTime, TimeDelta, Utc};

/// A stored value that can't be read back: it was written by another version, or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// Written by a version of this crate that this one does not know.
    #[error(
        "the stored value has format version {found}, this crate reads version {known}: finish or drop it with the version that wrote it"
    )]
    Version {
        /// The version of the value.
        found: u8,
        /// The version that is read here.
        known: u8,
    },
    /// With a setting that this build does not know, of a later version or of a feature that is off. None is dropped,
    /// since each was set for a reason.
    #[error(
        "the stored value has a setting that this build does not know: use the version and the features that wrote it"
    )]
    UnknownSetting,
    /// Too short, too long, or with values that were never written.
    #[error("the stored value is damaged")]
    Damaged,
}

/// Writes fields.
pub(crate) struct Encoder(Vec<u8>);

impl Encoder {
    pub(crate) fn new(version: u8) -> Self {
        Self(vec![version])
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.octets(text.as_bytes())
    }

    pub(crate) fn octets(mut self, octets: &[u8]) -> Self {
        self.0.extend_from_slice(&length(octets).to_be_bytes());
        self.0.extend_from_slice(octets);
        self
    }

    /// A list of whatever `write` writes.
    pub(crate) fn each<T>(self, items: &[T], write: impl Fn(Self, &T) -> Self) -> Self {
        let counted = self.text(&items.len().to_string());
        items.iter().fold(counted, write)
    }

    pub(crate) fn option(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.byte(1).text(text),
            None => self.byte(0),
        }
    }

    pub(crate) fn list(self, texts: &[String]) -> Self {
        self.each(texts, |encoder, text| encoder.text(text))
    }

    pub(crate) fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    pub(crate) fn instant(mut self, instant: DateTime<Utc>) -> Self {
        self.0.extend_from_slice(&instant.timestamp_millis().to_be_bytes());
        self
    }

    pub(crate) fn option_instant(self, instant: Option<DateTime<Utc>>) -> Self {
        match instant {
            Some(instant) => self.byte(1).instant(instant),
            None => self.byte(0),
        }
    }

    pub(crate) fn option_seconds(self, duration: Option<TimeDelta>) -> Self {
        self.option(duration.map(|duration| duration.num_seconds().to_string()).as_deref())
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Longer than 4 GiB can't come here: everything stored was bounded by Limits or is our own.
fn length(octets: &[u8]) -> u32 {
    u32::try_from(octets.len()).unwrap_or(u32::MAX)
}

/// Reads fields in the order in which they were written.
pub(crate) struct Decoder<'b>(&'b [u8]);

impl<'b> Decoder<'b> {
    pub(crate) fn new(octets: &'b [u8], known: u8) -> Result<Self, StoredError> {
        match octets.split_first() {
            Some((found, rest)) if *found == known => Ok(Self(rest)),
            Some((found, _)) => Err(StoredError::Version { found: *found, known }),
            None => Err(StoredError::Damaged),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoredError> {
        String::from_utf8(self.octets()?.to_vec()).map_err(|_| StoredError::Damaged)
    }

    pub(crate) fn octets(&mut self) -> Result<&'b [u8], StoredError> {
        let length = u32::from_be_bytes(self.array()?);
        self.take(usize::try_from(length).map_err(|_| StoredError::Damaged)?)
    }

    pub(crate) fn each<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, StoredError>,
    ) -> Result<Vec<T>, StoredError> {
        let count: usize = self.text()?.parse().map_err(|_| StoredError::Damaged)?;
        (0..count).map(|_| read(self)).collect()
    }

    pub(crate) fn option(&mut self) -> Result<Option<String>, StoredError> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            _ => Err(StoredError::Damaged),
        }
    }

    pub(crate) fn list(&mut self) -> Result<Vec<String>, StoredError> {
        self.each(Self::text)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, StoredError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoredError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StoredError::Damaged),
        }
    }

    pub(crate) fn instant(&mut self) -> Result<DateTime<Utc>, StoredError> {
        DateTime::from_timestamp_millis(i64::from_be_bytes(self.array()?)).ok_or(StoredError::Damaged)
    }

    pub(crate) fn option_instant(&mut self) -> Result<Option<DateTime<Utc>>, StoredError> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.instant().map(Some),
            _ => Err(StoredError::Damaged),
        }
    }

    pub(crate) fn option_seconds(&mut self) -> Result<Option<TimeDelta>, StoredError> {
        let read = |seconds: String| seconds.parse().ok().and_then(TimeDelta::try_seconds).ok_or(StoredError::Damaged);
        self.option()?.map(read).transpose()
    }

    pub(crate) fn finish(self) -> Result<(), StoredError> {
        if self.0.is_empty() { Ok(()) } else { Err(StoredError::Damaged) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoredError> {
        self.take(N)?.try_into().map_err(|_| StoredError::Damaged)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], StoredError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(StoredError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }
}
