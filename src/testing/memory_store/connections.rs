//! The tables of organizations and registrations.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::MemoryStore;
use crate::names::{ConnectionId, OrganizationId};
use crate::registration::Registration;
use crate::storage::{ConnectionStore, Registered, Replaced};
use crate::stored::StoredError;

#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    slugs: HashMap<String, OrganizationId>,
    /// A connection that was removed stays here without a value: its name is never used again.
    registrations: HashMap<ConnectionId, Option<Row>>,
}

#[derive(Clone, Debug)]
struct Row {
    organization: OrganizationId,
    entity_id: String,
    refresh_at: Option<DateTime<Utc>>,
    value: Vec<u8>,
}

impl Row {
    fn new(registration: &Registration) -> Self {
        let connection = registration.connection();
        Self {
            organization: connection.organization().clone(),
            entity_id: connection.identity_provider().entity_id().to_string(),
            refresh_at: registration.refresh_at(),
            value: registration.to_bytes(),
        }
    }

    fn is_rival_of(&self, other: &Self) -> bool {
        self.organization == other.organization && self.entity_id == other.entity_id
    }
}

impl Connections {
    fn rows(&self) -> impl Iterator<Item = (&ConnectionId, &Row)> {
        self.registrations.iter().filter_map(|(id, row)| Some((id, row.as_ref()?)))
    }
}

impl MemoryStore {
    /// Gives a slug to an organization, and takes it from the one that had it.
    pub fn give_slug(&self, slug: impl Into<String>, organization: OrganizationId) {
        self.tables().connections.slugs.insert(slug.into(), organization);
    }
}

impl ConnectionStore for MemoryStore {
    async fn organization(&self, slug: &str) -> Result<Option<OrganizationId>, StoredError> {
        Ok(self.tables().connections.slugs.get(slug).cloned())
    }

    async fn registrations(&self, organization: &OrganizationId) -> Result<Vec<Registration>, StoredError> {
        let tables = self.tables();
        let rows = tables.connections.rows().filter(|(_, row)| row.organization == *organization);
        rows.map(|(_, row)| Registration::from_bytes(&row.value)).collect()
    }

    async fn register(&self, registration: &Registration) -> Result<Registered, StoredError> {
        let (id, new) = (registration.connection().id(), Row::new(registration));
        let connections = &mut self.tables().connections;
        match connections.registrations.get(id) {
            Some(Some(row)) if row.value == new.value => return Ok(Registered::Done),
            Some(_) => return Ok(Registered::IdTaken),
            None => {}
        }
        if connections.rows().any(|(_, row)| row.is_rival_of(&new)) {
            return Ok(Registered::EntityIdTaken);
        }
        connections.registrations.insert(id.clone(), Some(new));
        Ok(Registered::Done)
    }

    async fn replace(&self, old: &Registration, new: &Registration) -> Result<Replaced, StoredError> {
        let (id, old, new) = (new.connection().id(), Row::new(old), Row::new(new));
        let connections = &mut self.tables().connections;
        if connections.rows().any(|(other, row)| other != id && row.is_rival_of(&new)) {
            return Ok(Replaced::EntityIdTaken);
        }
        match connections.registrations.get_mut(id) {
            Some(Some(row)) if row.value == new.value => Ok(Replaced::Done),
            Some(Some(row)) if row.value == old.value => {
                *row = new;
                Ok(Replaced::Done)
            }
            _ => Ok(Replaced::Changed),
        }
    }

    async fn due(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<Registration>, StoredError> {
        let tables = self.tables();
        let refresh = |row: &'_ Row| row.refresh_at.filter(|at| *at <= now);
        let mut due: Vec<_> = tables.connections.rows().filter_map(|(_, row)| Some((refresh(row)?, row))).collect();
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().take(most).map(|(_, row)| Registration::from_bytes(&row.value)).collect()
    }

    async fn remove(&self, organization: &OrganizationId, connection: &ConnectionId) -> Result<(), StoredError> {
        if let Some(row) = self.tables().connections.registrations.get_mut(connection) {
            row.take_if(|row| row.organization == *organization);
        }
        Ok(())
    }
}
