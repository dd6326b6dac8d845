//! stub until read.rs lands
use crate::keys::VerifyingKey;
use crate::names::EntityId;
/// stub
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    pub entity_id: EntityId,
    pub keys: Vec<VerifyingKey>,
}
impl IdentityProvider {
    pub fn signing_keys(&self) -> &[VerifyingKey] {
        &self.keys
    }
    pub fn entity_id(&self) -> &EntityId {
        &self.entity_id
    }
}
