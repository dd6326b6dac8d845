//! From requests to teams: whole resources and patches.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{GROUP, Problem};
use super::attribute::{comparison, strip_prefix_without_case};
use super::message::{Object, Op, Operation, member_of, operations, require_schema, text};
use crate::names::AccountId;
use crate::storage::{Team, TeamFilter, TeamMembers, TeamName};

/// Members of one group, those that one request names, and those of one page of groups unless the first has as many.
pub(super) const MOST_MEMBERS: usize = 10_000;

/// What a resource says of a group (RFC 7643 section 4.2). Anything else is passed over.
pub(super) struct Group {
    pub(super) name: TeamName,
    pub(super) external_id: Option<String>,
    pub(super) members: BTreeSet<AccountId>,
}

impl Group {
    pub(super) fn read(body: &Object) -> Result<Self, Problem> {
        require_schema(body, GROUP)?;
        let name = team_name(member_of(body, "displayName")?.ok_or(Problem::VALUE)?)?;
        let external_id = member_of(body, "externalId")?.map(text).transpose()?.flatten();
        let members = member_of(body, "members")?.map(member_ids).transpose()?.unwrap_or_default();
        require_few(members.len())?;
        Ok(Self { name, external_id, members })
    }
}

/// The team after PATCH (RFC 7644 section 3.5.2), and what becomes of its members.
pub(super) fn patched(body: &Object, team: &Team) -> Result<(Team, TeamMembers), Problem> {
    let members = TeamMembers::Edit { add: BTreeSet::new(), remove: BTreeSet::new(), most: MOST_MEMBERS };
    let mut draft = Draft { team: team.clone(), members };
    for operation in operations(body)? {
        draft.operate(&operation?)?;
    }
    require_few(match &draft.members {
        TeamMembers::Edit { add, remove, .. } => add.len().saturating_add(remove.len()),
        TeamMembers::Exactly(members) => members.len(),
    })?;
    Ok((draft.team, draft.members))
}

/// Reads a filter of one `eq`. `None` matches nothing: no team has such a name.
pub(super) fn parse_filter(filter: &str) -> Result<Option<TeamFilter>, Problem> {
    let (path, value) = comparison(filter).ok_or(Problem::FILTER)?;
    match GroupAttribute::parse(path) {
        Ok(GroupAttribute::DisplayName) => Ok(TeamName::parse(&value).map(TeamFilter::Name)),
        Ok(GroupAttribute::ExternalId) => Ok((!value.contains('\0')).then_some(TeamFilter::ExternalId(value))),
        _ => Err(Problem::FILTER),
    }
}

/// What a name or a path means.
pub(super) enum GroupAttribute {
    DisplayName,
    ExternalId,
    Members,
    /// `members[value eq "id"]`
    Member(AccountId),
    Id,
    /// The standard knows it, and nobody here keeps it.
    NotKept,
    ReadOnly,
}

impl GroupAttribute {
    pub(super) fn parse(path: &str) -> Result<Self, Problem> {
        let path = path.trim();
        let core = strip_prefix_without_case(path, GROUP).and_then(|rest| rest.strip_prefix(':'));
        let path = core.unwrap_or(path);
        if let Some(selected) = strip_prefix_without_case(path, "members[") {
            return Self::parse_selected_member(selected);
        }
        match path.to_ascii_lowercase().as_str() {
            "displayname" => Ok(Self::DisplayName),
            "externalid" => Ok(Self::ExternalId),
            "members" => Ok(Self::Members),
            "id" => Ok(Self::Id),
            "schemas" => Ok(Self::NotKept),
            "meta" => Ok(Self::ReadOnly),
            _ => Err(Problem::PATH),
        }
    }

    fn parse_selected_member(selected: &str) -> Result<Self, Problem> {
        let (name, value) = selected.strip_suffix(']').and_then(comparison).ok_or(Problem::PATH)?;
        if name.eq_ignore_ascii_case("value") { Ok(Self::Member(AccountId::new(value))) } else { Err(Problem::PATH) }
    }
}

/// A team as it will be.
struct Draft {
    team: Team,
    members: TeamMembers,
}

impl Draft {
    fn operate(&mut self, operation: &Operation<'_>) -> Result<(), Problem> {
        let attribute = operation.path.map(GroupAttribute::parse).transpose()?;
        match (operation.op, attribute) {
            (Op::Remove, None) => Err(Problem::NO_TARGET),
            (Op::Remove, Some(attribute)) => self.remove(attribute, operation.value),
            (op, Some(attribute)) => self.set(op, &attribute, operation.value()?),
            (op, None) => {
                let mut values = operation.values()?.iter();
                values.try_for_each(|(name, value)| self.set(op, &GroupAttribute::parse(name)?, value))
            }
        }
    }

    fn set(&mut self, op: Op, attribute: &GroupAttribute, value: &Value) -> Result<(), Problem> {
        match attribute {
            GroupAttribute::DisplayName => self.team.name = team_name(value)?,
            GroupAttribute::ExternalId => self.team.external_id = text(value)?,
            GroupAttribute::Members if op == Op::Add => member_ids(value)?.into_iter().for_each(|id| self.join(id)),
            GroupAttribute::Members => self.members = TeamMembers::Exactly(member_ids(value)?),
            // Okta names the group that it renames.
            GroupAttribute::Id if value.as_str() == Some(self.team.id.as_str()) => {}
            GroupAttribute::NotKept => {}
            GroupAttribute::Id | GroupAttribute::Member(_) | GroupAttribute::ReadOnly => {
                return Err(Problem::MUTABILITY);
            }
        }
        Ok(())
    }

    /// Entra ID names who goes in `value` unless told otherwise; without it everybody does.
    fn remove(&mut self, attribute: GroupAttribute, value: Option<&Value>) -> Result<(), Problem> {
        match (attribute, value) {
            (GroupAttribute::ExternalId, _) => self.team.external_id = None,
            (GroupAttribute::Members, None) => self.members = TeamMembers::Exactly(BTreeSet::new()),
            (GroupAttribute::Members, Some(value)) => member_ids(value)?.into_iter().for_each(|id| self.leave(id)),
            (GroupAttribute::Member(id), _) => self.leave(id),
            (GroupAttribute::NotKept, _) => {}
            (GroupAttribute::DisplayName | GroupAttribute::Id | GroupAttribute::ReadOnly, _) => {
                return Err(Problem::MUTABILITY);
            }
        }
        Ok(())
    }

    fn join(&mut self, id: AccountId) {
        match &mut self.members {
            TeamMembers::Edit { add, remove, .. } => {
                remove.remove(&id);
                add.insert(id);
            }
            TeamMembers::Exactly(members) => {
                members.insert(id);
            }
        }
    }

    fn leave(&mut self, id: AccountId) {
        match &mut self.members {
            TeamMembers::Edit { add, remove, .. } => {
                add.remove(&id);
                remove.insert(id);
            }
            TeamMembers::Exactly(members) => {
                members.remove(&id);
            }
        }
    }
}

fn team_name(value: &Value) -> Result<TeamName, Problem> {
    value.as_str().and_then(TeamName::parse).ok_or(Problem::VALUE)
}

/// The `value` of each member, or of the only one.
fn member_ids(value: &Value) -> Result<BTreeSet<AccountId>, Problem> {
    let members = match value {
        Value::Array(members) => members.as_slice(),
        single => std::slice::from_ref(single),
    };
    let id = |member: &Value| {
        let id = member_of(member.as_object().ok_or(Problem::VALUE)?, "value")?.and_then(Value::as_str);
        match id.ok_or(Problem::VALUE)? {
            id if id.contains('\0') => Err(Problem::MEMBER),
            id => Ok(AccountId::new(id)),
        }
    };
    members.iter().map(id).collect()
}

fn require_few(members: usize) -> Result<(), Problem> {
    if members <= MOST_MEMBERS { Ok(()) } else { Err(Problem::MEMBERS) }
}
