//! The table of what SCIM says about members, and the host's own sessions.

use std::collections::{BTreeMap, HashMap};

use super::members::MemberKey;
use super::{MemoryStore, Tables};
use crate::mapping::Role;
use crate::names::{AccountId, OrganizationId, SessionId};
use crate::provisioning::{EmailStatus, MemberStatus, SessionScope};
use crate::storage::{
    NewScimMember, ScimAdded, ScimChanged, ScimFilter, ScimMember, ScimMembers, ScimPage, ScimProfile, ScimRemoved,
    ScimStore, Standing,
};
use crate::stored::StoredError;
use crate::testing::ScimFixture;

/// The role that owners have in this store.
const OWNER: &str = "owner";

#[derive(Clone, Debug, Default)]
pub(super) struct Scim {
    profiles: BTreeMap<MemberKey, ScimProfile>,
    sessions: HashMap<SessionId, SessionScope>,
}

impl ScimFixture for MemoryStore {
    async fn keep_session(&self, session: &SessionId, scope: &SessionScope) -> Result<(), StoredError> {
        self.tables().scim.sessions.insert(session.clone(), scope.clone());
        Ok(())
    }

    async fn has_session(&self, session: &SessionId) -> Result<bool, StoredError> {
        Ok(self.tables().scim.sessions.contains_key(session))
    }

    async fn make_owner(&self, organization: &OrganizationId, account: &AccountId) -> Result<(), StoredError> {
        self.set_member(organization, account, MemberStatus::Active, Role::new(OWNER));
        Ok(())
    }
}

impl ScimStore for MemoryStore {
    async fn scim_members(
        &self,
        organization: &OrganizationId,
        filter: &ScimFilter,
        page: ScimPage,
    ) -> Result<ScimMembers, StoredError> {
        let tables = self.tables();
        let of_organization = tables.members.members.keys().filter(|key| key.0 == *organization);
        let mut members: Vec<_> = of_organization.filter_map(|key| tables.scim_member(key)).collect();
        members.retain(|member| match filter {
            ScimFilter::All => true,
            ScimFilter::Email(email) => member.email == *email,
            ScimFilter::ExternalId(id) => member.profile.external_id.as_ref() == Some(id),
        });
        let total = members.len();
        Ok(ScimMembers { total, members: members.into_iter().skip(page.offset).take(page.limit).collect() })
    }

    async fn scim_member(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> Result<Option<ScimMember>, StoredError> {
        Ok(self.tables().scim_member(&(organization.clone(), account.clone())))
    }

    async fn add_scim_member(&self, new: &NewScimMember) -> Result<ScimAdded, StoredError> {
        let mut tables = self.tables();
        let owners = tables.members.accounts.iter().filter(|(_, (email, _))| *email == new.email);
        let owners: Vec<_> = owners.map(|(account, (_, status))| (account.clone(), *status)).collect();
        let existing = match owners.as_slice() {
            [] => None,
            [(account, EmailStatus::Verified)] => Some(account.clone()),
            _ => return Ok(ScimAdded::Taken),
        };
        let key = existing.map(|account| (new.organization.clone(), account));
        if key.as_ref().is_some_and(|key| tables.scim_member(key).is_some()) {
            return Ok(ScimAdded::Taken);
        }
        if new.standing == Standing::Active && !tables.members.has_seat(&new.organization) {
            return Ok(ScimAdded::NoSeat);
        }
        let key = key.unwrap_or_else(|| {
            (new.organization.clone(), tables.members.add_account(new.email.clone(), EmailStatus::Verified))
        });
        tables.members.members.insert(key.clone(), (MemberStatus::Suspended, new.role.clone()));
        tables.write_scim(&key, new.standing, new.profile.clone());
        let member = ScimMember {
            account: key.1,
            email: new.email.clone(),
            standing: new.standing,
            profile: new.profile.clone(),
        };
        Ok(ScimAdded::Added(Box::new(member)))
    }

    async fn change_scim_member(
        &self,
        organization: &OrganizationId,
        from: &ScimMember,
        to: &ScimMember,
    ) -> Result<ScimChanged, StoredError> {
        let (mut tables, key) = (self.tables(), (organization.clone(), from.account.clone()));
        if tables.scim_member(&key).as_ref() != Some(from) {
            return Ok(ScimChanged::Conflict);
        }
        match (from.standing, to.standing) {
            (Standing::Active, Standing::Active) => {}
            (Standing::Active, _) if tables.is_last_owner(&key) => return Ok(ScimChanged::LastOwner),
            (_, Standing::Active) if !tables.members.has_seat(organization) => return Ok(ScimChanged::NoSeat),
            _ => {}
        }
        tables.write_scim(&key, to.standing, to.profile.clone());
        Ok(ScimChanged::Done)
    }

    async fn remove_scim_member(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> Result<ScimRemoved, StoredError> {
        let (mut tables, key) = (self.tables(), (organization.clone(), account.clone()));
        if tables.scim_member(&key).is_none() {
            return Ok(ScimRemoved::Unknown);
        }
        if tables.is_last_owner(&key) {
            return Ok(ScimRemoved::LastOwner);
        }
        tables.write_scim(&key, Standing::Deactivated, ScimProfile::default());
        tables.members.by_scim.remove(&key);
        tables.remove_member(&key);
        Ok(ScimRemoved::Done)
    }
}

impl Tables {
    pub(super) fn scim_member(&self, key: &MemberKey) -> Option<ScimMember> {
        let (status, _) = self.members.members.get(key)?;
        let standing = match status {
            MemberStatus::Active => Standing::Active,
            MemberStatus::Suspended if self.members.by_scim.contains(key) => Standing::Deactivated,
            MemberStatus::Suspended => Standing::Suspended,
            MemberStatus::Removed => return None,
        };
        let (email, _) = self.members.accounts.get(&key.1)?;
        let profile = self.scim.profiles.get(key).cloned().unwrap_or_default();
        Some(ScimMember { account: key.1.clone(), email: email.clone(), standing, profile })
    }

    fn is_last_owner(&self, key: &MemberKey) -> bool {
        let is_owner = |(other, (status, role)): (&MemberKey, &(MemberStatus, Role))| {
            (other.0 == key.0 && *status == MemberStatus::Active && role.as_str() == OWNER).then(|| other.clone())
        };
        let owners: Vec<MemberKey> = self.members.members.iter().filter_map(is_owner).collect();
        owners.as_slice() == std::slice::from_ref(key)
    }

    fn write_scim(&mut self, key: &MemberKey, standing: Standing, profile: ScimProfile) {
        self.scim.profiles.insert(key.clone(), profile);
        self.members.by_scim.remove(key);
        if standing == Standing::Deactivated {
            self.members.by_scim.insert(key.clone());
        }
        let status = if standing == Standing::Active { MemberStatus::Active } else { MemberStatus::Suspended };
        if let Some(member) = self.members.members.get_mut(key) {
            member.0 = status;
        }
        if standing != Standing::Active {
            self.scim.sessions.retain(|_, scope| scope.organization() != &key.0 || scope.account() != &key.1);
        }
    }
}
