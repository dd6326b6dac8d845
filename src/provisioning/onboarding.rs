//! How the users of a connection become members, as it is stored.

use super::Provisioning;
use crate::mapping::AttributeMap;
use crate::stored::{Decoder, Encoder, StoredError};

/// How the users of one connection become members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onboarding {
    mapping: AttributeMap,
    provisioning: Provisioning,
}

impl Onboarding {
    const VERSION: u8 = 1;

    /// Reads users by a mapping, and lets them in by these settings, which name the connection.
    #[must_use]
    pub fn new(mapping: AttributeMap, provisioning: Provisioning) -> Self {
        Self { mapping, provisioning }
    }

    /// How users are read.
    #[must_use]
    pub fn mapping(&self) -> &AttributeMap {
        &self.mapping
    }

    /// Who is let in, and as what.
    pub fn provisioning(&self) -> &Provisioning {
        &self.provisioning
    }

    /// The bytes to store. [Proven domains](super::ProvenDomain) are not among them: a proof is what the host knows
    /// at the moment, and adds whenever it loads the settings.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoder = Encoder::new(Self::VERSION).octets(&self.mapping.to_bytes());
        self.provisioning.encode(encoder).finish()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(octets: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(octets, Self::VERSION)?;
        let mapping = AttributeMap::from_bytes(decoder.octets()?)?;
        let provisioning = Provisioning::decode(&mut decoder)?;
        decoder.finish()?;
        Ok(Self { mapping, provisioning })
    }
}
