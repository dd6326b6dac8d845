//! What a connection's users may become.

use chrono::{DateTime, TimeDelta, Utc};

use crate::connection::Connection;
use crate::error::ConfigError;
use crate::mapping::{EmailAddress, Role};
use crate::names::{ConnectionId, OrganizationId};
use crate::stored::{Decoder, Encoder, StoredError};

/// Who joins by signing in, and with which role. It belongs to one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Provisioning {
    connection: ConnectionId,
    organization: OrganizationId,
    joining: Joining,
    default_role: Role,
    grantable: Vec<Role>,
    role_sync: RoleSync,
    removed_members: RemovedMembers,
    proven_domains: Vec<ProvenDomain>,
    reconfirm_before: Option<DateTime<Utc>>,
    dormant_after: Option<TimeDelta>,
}

/// Who becomes a member by signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Joining {
    /// Everybody whom the identity provider lets in.
    JustInTime,
    /// Those whose asserted e-mail was invited.
    InvitedOnly,
    /// Nobody: members are made elsewhere.
    Off,
}

/// Whether the identity provider's groups change the role of somebody who is a member already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RoleSync {
    /// Never: a role, once given, is the organization's business.
    #[default]
    OnJoining,
    /// At every login, between roles that may be granted. A member whose role may not be granted, such as an owner,
    /// keeps it.
    EveryLogin(MissingRole),
}

/// What the role becomes under [`RoleSync::EveryLogin`] when none of the groups that arrived is mapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissingRole {
    /// The default role, which is the least.
    #[default]
    Default,
    /// What it was.
    Keep,
    /// Nobody without a mapped group comes in.
    Refuse,
}

/// What happens when a removed member signs in. A suspended one is never let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RemovedMembers {
    /// They stay out until the organization takes them in again.
    #[default]
    StayOut,
    /// They are members again, with the role of somebody who joins.
    Rejoin,
}

/// A mail domain that an organization has proven to the host to be its own, say by a TXT record: what its identity
/// provider asserts about addresses there is taken for true, until the proof lapses.
///
/// It covers the domain to the letter, and no domain below it. The host sees to it that a domain belongs to one
/// organization at most, and that public suffixes and providers of free mail belong to none; who can't put a record
/// into a domain can't prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenDomain {
    organization: OrganizationId,
    domain: String,
    valid_until: DateTime<Utc>,
}

impl ProvenDomain {
    /// What the host has verified, and until when it believes it without verifying again.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for what is no domain of an e-mail address in ASCII (Punycode for others), or that of a
    /// large provider of free mail.
    pub fn new(organization: OrganizationId, domain: &str, valid_until: DateTime<Utc>) -> Result<Self, ConfigError> {
        let reason = "not a domain name of two labels or more in ASCII, without a dot at the end";
        let address = EmailAddress::parse(&format!("postmaster@{domain}"));
        let address = address.map_err(|_| ConfigError::Value { field: "domain", reason })?;
        if FREE_MAIL.contains(&address.domain()) {
            return Err(ConfigError::Value { field: "domain", reason: "a provider of free mail, open to everybody" });
        }
        Ok(Self { organization, domain: address.domain().to_owned(), valid_until })
    }

    fn covers(&self, organization: &OrganizationId, email: &EmailAddress, now: DateTime<Utc>) -> bool {
        self.organization == *organization && self.domain == email.domain() && now < self.valid_until
    }
}

/// The largest ones: a net below the host's own check.
const FREE_MAIL: [&str; 16] = [
    "aol.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "mail.ru",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
];

impl Provisioning {
    /// The settings of a connection: who joins, and as what. The default role should be the least; everything else is
    /// as strict as it gets until it is set otherwise.
    pub fn new(connection: &Connection, joining: Joining, default_role: Role) -> Self {
        Self {
            connection: connection.id().clone(),
            organization: connection.organization().clone(),
            joining,
            default_role,
            grantable: Vec::new(),
            role_sync: RoleSync::default(),
            removed_members: RemovedMembers::default(),
            proven_domains: Vec::new(),
            reconfirm_before: None,
            dormant_after: None,
        }
    }

    /// Lets groups and invitations give this role, too. Never name the owner's here: nobody becomes owner, and no owner
    /// becomes anything else, because an identity provider says so.
    pub fn granting(mut self, role: Role) -> Self {
        self.grantable.push(role);
        self
    }

    /// Says whether groups change the role of members.
    pub fn with_role_sync(mut self, sync: RoleSync) -> Self {
        self.role_sync = sync;
        self
    }

    /// Says what happens with removed members.
    pub fn with_removed_members(mut self, removed: RemovedMembers) -> Self {
        self.removed_members = removed;
        self
    }

    /// Believes the identity provider about addresses at a domain of the organization: its own active members with a
    /// verified address there are linked without a proof of theirs, new accounts have a verified address, and
    /// invitations give their role.
    pub fn with_proven_domain(mut self, domain: ProvenDomain) -> Self {
        self.proven_domains.push(domain);
        self
    }

    /// Has every link that was confirmed before this instant confirmed again. To be set to the present when keys of the
    /// identity provider were replaced out of turn, or another one took over under the same name: who holds the new
    /// keys can say every subject that the old one said.
    pub fn reconfirming_before(mut self, instant: DateTime<Utc>) -> Self {
        self.reconfirm_before = Some(instant);
        self
    }

    /// Has a link confirmed again that nobody has used for so long. For identity providers that give an identifier to
    /// another person once the first has left.
    pub fn reconfirming_dormant(mut self, after: TimeDelta) -> Self {
        self.dormant_after = Some(after);
        self
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The organization of the connection.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// Who joins.
    #[must_use]
    pub fn joining(&self) -> Joining {
        self.joining
    }

    pub(crate) fn default_role(&self) -> &Role {
        &self.default_role
    }

    pub(super) fn grants(&self, role: &Role) -> bool {
        self.default_role == *role || self.grantable.contains(role)
    }

    pub(super) fn role_sync(&self) -> RoleSync {
        self.role_sync
    }

    pub(super) fn removed_members(&self) -> RemovedMembers {
        self.removed_members
    }

    pub(crate) fn has_proven(&self, email: &EmailAddress, now: DateTime<Utc>) -> bool {
        self.proven_domains.iter().any(|domain| domain.covers(&self.organization, email, now))
    }

    pub(super) fn doubts(&self, confirmed_at: DateTime<Utc>, last_used: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let replaced = self.reconfirm_before.is_some_and(|before| confirmed_at < before);
        let used = last_used.max(confirmed_at);
        replaced || self.dormant_after.is_some_and(|after| now.signed_duration_since(used) > after)
    }

    pub(super) fn encode(&self, encoder: Encoder) -> Encoder {
        let joining = match self.joining {
            Joining::JustInTime => 0,
            Joining::InvitedOnly => 1,
            Joining::Off => 2,
        };
        let role_sync = match self.role_sync {
            RoleSync::OnJoining => 0,
            RoleSync::EveryLogin(MissingRole::Default) => 1,
            RoleSync::EveryLogin(MissingRole::Keep) => 2,
            RoleSync::EveryLogin(MissingRole::Refuse) => 3,
        };
        let removed_members = match self.removed_members {
            RemovedMembers::StayOut => 0,
            RemovedMembers::Rejoin => 1,
        };
        let encoder = encoder.text(self.connection.as_str()).text(self.organization.as_str()).byte(joining);
        let encoder = encoder.text(self.default_role.as_str());
        let encoder = encoder.each(&self.grantable, |encoder, role| encoder.text(role.as_str()));
        let encoder = encoder.byte(role_sync).byte(removed_members).option_instant(self.reconfirm_before);
        encoder.option_seconds(self.dormant_after)
    }

    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, StoredError> {
        Ok(Self {
            connection: ConnectionId::new(decoder.text()?),
            organization: OrganizationId::new(decoder.text()?),
            joining: match decoder.byte()? {
                0 => Joining::JustInTime,
                1 => Joining::InvitedOnly,
                2 => Joining::Off,
                _ => return Err(StoredError::Damaged),
            },
            default_role: Role::new(decoder.text()?),
            grantable: decoder.each(|decoder| decoder.text().map(Role::new))?,
            role_sync: match decoder.byte()? {
                0 => RoleSync::OnJoining,
                1 => RoleSync::EveryLogin(MissingRole::Default),
                2 => RoleSync::EveryLogin(MissingRole::Keep),
                3 => RoleSync::EveryLogin(MissingRole::Refuse),
                _ => return Err(StoredError::Damaged),
            },
            removed_members: match decoder.byte()? {
                0 => RemovedMembers::StayOut,
                1 => RemovedMembers::Rejoin,
                _ => return Err(StoredError::Damaged),
            },
            reconfirm_before: decoder.option_instant()?,
            dormant_after: decoder.option_seconds()?,
            proven_domains: Vec::new(),
        })
    }
}
