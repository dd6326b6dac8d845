//! Every combination of what can be known, and what may follow.
#![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::browser::BrowserCookie;
use crate::connection::Connection;
use crate::mapping::{AssertedRole, Identity, Role, SubjectKey};
use crate::metadata::IdentityProvider;
use crate::names::{AccountId, ConnectionId, EntityId, OrganizationId};
use crate::pending::Purpose;
use crate::policy::Policy;
use crate::stored::{Decoder, Encoder};
use crate::testing::FakeIdentity;

const CERTIFICATE: &str = include_str!("../testing/fixtures/p256-1.crt.pem");
const PURPOSES: [Purpose; 4] = [Purpose::Login, Purpose::Link, Purpose::StepUp, Purpose::Test];
const JOININGS: [Joining; 3] = [Joining::JustInTime, Joining::InvitedOnly, Joining::Off];
const REMOVED: [RemovedMembers; 2] = [RemovedMembers::StayOut, RemovedMembers::Rejoin];

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn organization() -> OrganizationId {
    OrganizationId::new("acme")
}

fn connection() -> Connection {
    connection_of("acme", "acme-1")
}

fn connection_of(organization: &str, id: &str) -> Connection {
    let idp = IdentityProvider::builder("https://idp.example.com/", "https://idp.example.com/sso");
    let idp = idp.certificate(CERTIFICATE).build().unwrap();
    let organization = OrganizationId::new(organization);
    Connection::preconfigured(ConnectionId::new(id), organization, idp, Policy::strict()).unwrap()
}

fn identity(role: AssertedRole) -> Identity {
    identity_at("acme-1", role)
}

fn identity_at(connection: &str, role: AssertedRole) -> Identity {
    let (connection, issuer) = (ConnectionId::new(connection), EntityId::new("https://idp.example.com/"));
    FakeIdentity::new(&connection, &issuer, "subject", "victim@corp.com").unwrap().role(role).identity()
}

fn settings(joining: Joining) -> Provisioning {
    Provisioning::new(&connection(), joining, Role::new("member")).granting(Role::new("manager"))
}

fn domain(organization: &str, domain: &str) -> ProvenDomain {
    ProvenDomain::new(OrganizationId::new(organization), domain, now() + TimeDelta::days(1)).unwrap()
}

fn account(name: &str) -> AccountId {
    AccountId::new(name)
}

fn member(status: MemberStatus, role: &str) -> Membership {
    Membership::Member { status, role: Role::new(role) }
}

fn memberships() -> [Membership; 4] {
    let statuses = [MemberStatus::Active, MemberStatus::Suspended, MemberStatus::Removed];
    let [active, suspended, removed] = statuses.map(|status| member(status, "member"));
    [Membership::None, active, suspended, removed]
}

fn status(known: &Known) -> Option<MemberStatus> {
    match &known.membership {
        Membership::None => None,
        Membership::Member { status, .. } => Some(*status),
    }
}

/// Whether an account may be in the organization, so or by coming in now.
fn may_be_in(known: &Known, facts: &Facts, joining: Joining, removed: RemovedMembers) -> bool {
    match status(known) {
        Some(MemberStatus::Active) => true,
        Some(MemberStatus::Suspended) => false,
        Some(MemberStatus::Removed) => removed == RemovedMembers::Rejoin,
        None => may_join(facts, joining),
    }
}

fn may_join(facts: &Facts, joining: Joining) -> bool {
    joining == Joining::JustInTime || joining == Joining::InvitedOnly && facts.invitation.is_some()
}

#[derive(Clone, Copy, PartialEq)]
enum Doubt {
    Fresh,
    Doubtful,
}

/// Facts about three accounts: `own` is or isn't signed in, and each may be linked and may own the address.
fn every_facts(mut visit: impl FnMut(&Facts, Doubt)) {
    for [own, linked, owner] in triples() {
        for email in [EmailStatus::Verified, EmailStatus::Unverified] {
            let known = |name: &str, membership: &Membership| Known {
                account: account(name),
                email,
                membership: membership.clone(),
                at_connection: if name == "linked" { AtConnection::Linked } else { AtConnection::Unlinked },
            };
            let (own, linked, owner) = (known("own", &own), known("linked", &linked), known("owner", &owner));
            let owners = [
                vec![],
                vec![own.clone()],
                vec![linked.clone()],
                vec![owner.clone()],
                vec![owner.clone(), linked.clone()],
            ];
            for link in [None, Some(&own), Some(&linked), Some(&owner)] {
                for doubt in [Doubt::Fresh, Doubt::Doubtful] {
                    let confirmed_at = now() - TimeDelta::days(if doubt == Doubt::Doubtful { 9 } else { 1 });
                    let linked = link.map(|known| Linked { known: known.clone(), confirmed_at, last_used: now() });
                    for signed_in in [None, Some(&own)] {
                        for by_email in &owners {
                            for invitation in [None, Some(Invitation { role: Role::new("manager") })] {
                                let (linked, account) = (linked.clone(), signed_in.cloned());
                                visit(&Facts { linked, account, by_email: by_email.clone(), invitation }, doubt);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn triples() -> Vec<[Membership; 3]> {
    let each = memberships();
    let pairs = each.iter().flat_map(|a| each.iter().map(move |b| (a, b)));
    pairs.flat_map(|(a, b)| each.iter().map(move |c| [a.clone(), b.clone(), c.clone()])).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Domain {
    Proven,
    NotProven,
}

fn every_settings() -> Vec<(Joining, RemovedMembers, Domain, Provisioning)> {
    let mut all = Vec::new();
    for joining in JOININGS {
        for removed in REMOVED {
            for proven in [Domain::Proven, Domain::NotProven] {
                let settings = settings(joining).with_removed_members(removed);
                let settings = settings.reconfirming_before(now() - TimeDelta::days(5));
                let settings = match proven {
                    Domain::Proven => settings.with_proven_domain(domain("acme", "corp.com")),
                    Domain::NotProven => settings,
                };
                all.push((joining, removed, proven, settings));
            }
        }
    }
    all
}

/// Nobody gets into an account, and nothing is linked to one, that neither the subject's own link nor the session nor
/// a proof names; the one exception is the organization's word about its own verified member.
#[test]
fn no_decision_names_an_account_without_a_reason() {
    let (identity, all_settings) = (identity(AssertedRole::NotMapped), every_settings());
    let (own, other) = (account("own"), account("other"));
    let (mut seen, mut counts) = (0_u32, [0_u32; 6]);
    every_facts(|facts, doubt| {
        for purpose in PURPOSES {
            for asked in [Asked::Solicited, Asked::Unsolicited] {
                for started_for in [None, Some(&own), Some(&other)] {
                    for (joining, removed, proven, settings) in &all_settings {
                        let case =
                            Case { identity: &identity, purpose, asked, started_for, settings, facts, now: now() };
                        let decision = decide(&case);
                        let kind = judge(&case, &decision, doubt, (*joining, *removed), *proven);
                        counts[kind] += 1;
                        seen += 1;
                    }
                }
            }
        }
    });
    assert!(seen > 2_000_000, "{seen}");
    assert!(counts.iter().all(|count| *count > 1000), "{counts:?}");
}

fn judge(
    case: &Case<'_>,
    decision: &Decision,
    doubt: Doubt,
    (joining, removed): (Joining, RemovedMembers),
    proven: Domain,
) -> usize {
    let facts = case.facts;
    let why = || format!("{decision:?} of {case:?}");
    let linked = facts.linked.as_ref().map(|linked| &linked.known);
    let signed_in = facts.account.as_ref();
    let only = |known: &Known, named: &AccountId| {
        assert_eq!(known.account, *named, "{}", why());
        assert!(may_be_in(known, facts, joining, removed), "{}", why());
    };
    if case.purpose != Purpose::Login && !matches!(decision, Decision::Refuse(_)) {
        assert!(signed_in.is_some_and(|user| case.started_for == Some(&user.account)), "{}", why());
    }
    match decision {
        Decision::SignIn(SignIn { account, link: LinkChange::Use, .. }) => {
            only(linked.unwrap_or_else(|| panic!("{}", why())), account);
            assert!(doubt == Doubt::Fresh, "{}", why());
            assert!(signed_in.is_none_or(|user| user.account == *account), "{}", why());
            0
        }
        Decision::SignIn(SignIn { account, link: LinkChange::Make, .. }) => {
            assert!(linked.is_none() && signed_in.is_none() && proven == Domain::Proven, "{}", why());
            assert!(case.purpose == Purpose::Login && case.asked == Asked::Solicited, "{}", why());
            let [owner] = facts.by_email.as_slice() else { panic!("{}", why()) };
            only(owner, account);
            assert!(owner.email == EmailStatus::Verified, "{}", why());
            assert!(status(owner) == Some(MemberStatus::Active), "{}", why());
            assert!(owner.at_connection == AtConnection::Unlinked, "{}", why());
            1
        }
        Decision::SignIn(SignIn { link: LinkChange::Replace, .. }) => panic!("{}", why()),
        Decision::Create(create) => {
            assert!(linked.is_none() && signed_in.is_none() && facts.by_email.is_empty(), "{}", why());
            assert!(case.purpose == Purpose::Login && may_join(facts, joining), "{}", why());
            assert_eq!(create.email == EmailStatus::Verified, proven == Domain::Proven, "{}", why());
            assert_eq!(create.invitation, facts.invitation, "{}", why());
            2
        }
        Decision::ProveLink(ProveLink::Confirm(account)) => {
            only(signed_in.unwrap_or_else(|| panic!("{}", why())), account);
            assert!(linked.is_none_or(|linked| linked.account == *account && doubt == Doubt::Doubtful), "{}", why());
            assert!(case.asked == Asked::Solicited && case.purpose != Purpose::StepUp, "{}", why());
            3
        }
        Decision::ProveLink(how) => {
            assert!(signed_in.is_none() && case.asked == Asked::Solicited, "{}", why());
            assert!(linked.is_none() || doubt == Doubt::Doubtful, "{}", why());
            if let ProveLink::Mail(account) = how {
                let [owner] = facts.by_email.as_slice() else {
                    return linked.map(|linked| only(linked, account)).map_or_else(|| panic!("{}", why()), |()| 4);
                };
                let named = linked.unwrap_or(owner);
                only(named, account);
                assert_eq!(named.email, EmailStatus::Verified, "{}", why());
            }
            4
        }
        Decision::Refuse(_) => 5,
    }
}

/// What the account has proven is the only thing that is linked, if nobody else has the subject and it may be a member.
#[test]
fn a_proof_links_its_own_account_or_nothing() {
    let cookie = BrowserCookie::generate().unwrap();
    let (link, session) = (pending(&cookie, ProofKind::Confirmation), Session::Account(account("own")));
    let proof = link.proven_by(&organization(), &session, Some(&cookie), now()).unwrap();
    let (all_settings, mut linked, mut refused) = (every_settings(), 0, 0);
    every_facts(|facts, _| {
        for (joining, removed, _, settings) in &all_settings {
            match decide_proven(&proof, settings, facts, now()) {
                Decision::SignIn(sign_in) => {
                    let own = facts.account.as_ref().unwrap();
                    assert_eq!((&sign_in.account, sign_in.link), (&own.account, LinkChange::Replace));
                    assert!(may_be_in(own, facts, *joining, *removed));
                    assert!(facts.linked.as_ref().is_none_or(|linked| linked.known.account == own.account));
                    linked += 1;
                }
                Decision::Refuse(_) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
    });
    assert!(linked > 1000 && refused > 1000, "{linked} {refused}");
}

fn pending(cookie: &BrowserCookie, kind: ProofKind) -> PendingLink {
    pending_with(cookie, kind, AssertedRole::NotMapped)
}

fn pending_with(cookie: &BrowserCookie, kind: ProofKind, role: AssertedRole) -> PendingLink {
    let bound = Binding {
        kind,
        purpose: Purpose::Login,
        organization: organization(),
        account: account("own"),
        browser: cookie.binding(),
    };
    PendingLink::new(&LinkToken::generate().unwrap(), &identity(role), bound, now())
}

/// Single parts of the binding, each wrong alone.
#[test]
fn a_link_is_bound_to_organization_browser_time_and_account() {
    let (cookie, another) = (BrowserCookie::generate().unwrap(), BrowserCookie::generate().unwrap());
    let own = Session::Account(account("own"));
    let code = |kind, organization: &str, session: &Session, cookie: Option<&BrowserCookie>, minutes| {
        let at = now() + TimeDelta::minutes(minutes);
        match pending(&cookie_of(&another, &cookie.cloned()), kind).proven_by(
            &OrganizationId::new(organization),
            session,
            cookie,
            at,
        ) {
            Ok(_) => "proven",
            Err(NotProven::Rejected(rejection)) => rejection.code(),
            Err(NotProven::Refused(refusal)) => refusal.code(),
        }
    };
    for kind in [ProofKind::Confirmation, ProofKind::Mail] {
        assert_eq!(code(kind, "acme", &own, Some(&cookie), 9), "proven");
        assert_eq!(code(kind, "acme", &own, Some(&cookie), 10), "provisioning.link_expired");
        assert_eq!(code(kind, "evil", &own, Some(&cookie), 0), "provisioning.link_mismatch");
        assert_eq!(
            code(kind, "acme", &Session::Account(account("other")), Some(&cookie), 0),
            "provisioning.session_changed"
        );
        assert_eq!(code(kind, "acme", &own, None, 0), "flow.browser_mismatch");
        let strange = pending(&another, kind).proven_by(&organization(), &own, Some(&cookie), now());
        assert!(matches!(strange, Err(NotProven::Rejected(_))));
    }
    assert_eq!(code(ProofKind::Mail, "acme", &Session::Nobody, Some(&cookie), 0), "proven");
    assert_eq!(code(ProofKind::Confirmation, "acme", &Session::Nobody, Some(&cookie), 0), "provisioning.sign_in_first");
}

/// The link is bound to the browser that brings the cookie, or to another one if it brings none.
fn cookie_of(another: &BrowserCookie, brought: &Option<BrowserCookie>) -> BrowserCookie {
    brought.clone().unwrap_or_else(|| another.clone())
}

/// PRV-003, PRV-036: single sign-on of one organization proves nothing to another, not even who is signed in.
#[test]
fn prv_003_prv_036_a_scope_is_for_one_organization() {
    let end = Some(now() + TimeDelta::hours(1));
    let scope = SessionScope::new(organization(), ConnectionId::new("acme-1"), account("own"), end);
    let other = OrganizationId::new("other");
    assert_eq!(scope.admits(&organization(), now()), Ok(()));
    assert_eq!(scope.admits(&other, now()).unwrap_err().code(), "provisioning.other_organization");
    let late = now() + TimeDelta::hours(1);
    assert_eq!(scope.admits(&organization(), late).unwrap_err().code(), "provisioning.session_expired");
    let session = Session::SingleSignOn(scope.clone());
    assert_eq!(session.proves(&organization(), now()), Some(&account("own")));
    assert_eq!(session.proves(&other, now()), None);
    assert_eq!(session.proves(&organization(), late), None);
    assert_eq!(Session::Account(account("own")).proves(&other, now()), Some(&account("own")));
    assert_eq!(SessionScope::from_bytes(&scope.to_bytes()).unwrap(), scope);
    let endless = SessionScope::new(organization(), ConnectionId::new("acme-1"), account("own"), None);
    assert_eq!(SessionScope::from_bytes(&endless.to_bytes()).unwrap(), endless);
    let cookie = BrowserCookie::generate().unwrap();
    let link = pending(&cookie, ProofKind::Mail);
    for bytes in [scope.to_bytes(), link.to_bytes(), link.subject().to_bytes()] {
        for cut in 0..bytes.len() {
            assert!(SessionScope::from_bytes(&bytes[..cut]).is_err());
            assert!(PendingLink::from_bytes(&bytes[..cut]).is_err());
            assert!(SubjectKey::from_bytes(&bytes[..cut]).is_err());
        }
    }
    assert_eq!((scope.not_on_or_after(), endless.not_on_or_after()), (end, None));
    for (kind, role) in [
        (ProofKind::Confirmation, AssertedRole::NotMapped),
        (ProofKind::Mail, AssertedRole::NoneMatched),
        (ProofKind::Mail, AssertedRole::Withheld),
        (ProofKind::Mail, AssertedRole::Role(Role::new("manager"))),
    ] {
        let link = pending_with(&cookie, kind, role);
        assert_eq!(PendingLink::from_bytes(&link.to_bytes()).unwrap(), link);
    }
    assert_eq!(SubjectKey::from_bytes(&link.subject().to_bytes()).unwrap(), *link.subject());
}

fn linked_member(role: &str) -> Facts {
    let (membership, at_connection) = (member(MemberStatus::Active, role), AtConnection::Linked);
    let known = Known { account: account("own"), email: EmailStatus::Verified, membership, at_connection };
    Facts { linked: Some(Linked { known, confirmed_at: now(), last_used: now() }), ..Facts::default() }
}

fn login(facts: &Facts, settings: &Provisioning, role: AssertedRole, now: DateTime<Utc>) -> Decision {
    let identity = identity(role);
    let (purpose, asked, started_for) = (Purpose::Login, Asked::Solicited, None);
    decide(&Case { identity: &identity, purpose, asked, started_for, settings, facts, now })
}

fn role_of(decision: &Decision) -> String {
    match decision {
        Decision::SignIn(SignIn { membership: MembershipChange::Keep, .. }) => "kept".into(),
        Decision::SignIn(SignIn { membership: MembershipChange::Role { to, .. }, .. }) => to.as_str().into(),
        Decision::Create(create) => create.role.as_str().into(),
        Decision::Refuse(refusal) => refusal.code().into(),
        other => panic!("{other:?}"),
    }
}

/// PRV-021, PRV-023: what new members get, from groups, an invitation and the settings.
#[test]
fn prv_021_prv_023_the_role_of_somebody_new() {
    let asserted = |role: &str| AssertedRole::Role(Role::new(role));
    let jit = settings(Joining::JustInTime);
    let role = |settings: &Provisioning, role, facts: &Facts| role_of(&login(facts, settings, role, now()));
    let nobody = Facts::default();
    assert_eq!(role(&jit, AssertedRole::NotMapped, &nobody), "member");
    assert_eq!(role(&jit, AssertedRole::NoneMatched, &nobody), "member");
    assert_eq!(role(&jit, AssertedRole::Withheld, &nobody), "member");
    assert_eq!(role(&jit, asserted("manager"), &nobody), "manager");
    for forbidden in ["owner", "superuser", "Manager", "MANAGER", "manager ", ""] {
        assert_eq!(role(&jit, asserted(forbidden), &nobody), "provisioning.role_denied", "{forbidden}");
    }
    let strict = jit.clone().with_role_sync(RoleSync::EveryLogin(MissingRole::Refuse));
    assert_eq!(role(&strict, AssertedRole::NoneMatched, &nobody), "provisioning.role_missing");
    assert_eq!(role(&strict, AssertedRole::Withheld, &nobody), "provisioning.role_missing");
    assert_eq!(role(&strict, asserted("manager"), &nobody), "manager");
    let invited = |role: &str| Facts { invitation: Some(Invitation { role: Role::new(role) }), ..Facts::default() };
    assert_eq!(role(&jit, AssertedRole::NotMapped, &invited("manager")), "member", "only the asserted address says so");
    let proven = jit.clone().with_proven_domain(domain("acme", "corp.com"));
    assert_eq!(role(&proven, AssertedRole::NotMapped, &invited("manager")), "manager");
    assert_eq!(role(&proven, AssertedRole::NotMapped, &invited("owner")), "provisioning.role_denied");
}

/// PRV-022: the role of somebody who is a member already.
#[test]
fn prv_022_the_role_of_a_member() {
    let asserted = |role: &str| AssertedRole::Role(Role::new(role));
    let of = |sync: RoleSync, current: &str, role: AssertedRole| {
        let settings = settings(Joining::JustInTime).with_role_sync(sync);
        role_of(&login(&linked_member(current), &settings, role, now()))
    };
    for role in [asserted("manager"), asserted("owner"), AssertedRole::NoneMatched, AssertedRole::NotMapped] {
        assert_eq!(of(RoleSync::OnJoining, "member", role.clone()), "kept");
        for missing in [MissingRole::Default, MissingRole::Keep, MissingRole::Refuse] {
            assert_eq!(of(RoleSync::EveryLogin(missing), "owner", role.clone()), "kept", "an owner stays one");
        }
    }
    let every = RoleSync::EveryLogin;
    assert_eq!(of(every(MissingRole::Default), "member", asserted("manager")), "manager");
    assert_eq!(of(every(MissingRole::Default), "manager", asserted("member")), "member");
    assert_eq!(of(every(MissingRole::Default), "manager", asserted("manager")), "kept");
    assert_eq!(of(every(MissingRole::Default), "member", asserted("owner")), "provisioning.role_denied");
    assert_eq!(of(every(MissingRole::Default), "manager", AssertedRole::NoneMatched), "member");
    assert_eq!(of(every(MissingRole::Keep), "manager", AssertedRole::NoneMatched), "kept");
    assert_eq!(of(every(MissingRole::Refuse), "manager", AssertedRole::NoneMatched), "provisioning.role_missing");
    for missing in [MissingRole::Default, MissingRole::Keep, MissingRole::Refuse] {
        assert_eq!(of(every(missing), "manager", AssertedRole::NotMapped), "kept");
        assert_eq!(of(every(missing), "manager", AssertedRole::Withheld), "kept", "nobody knows the groups");
    }
}

/// PRV-016: an identifier that nobody has used for long may be somebody else's by now.
#[test]
fn prv_016_a_dormant_link_is_confirmed_again() {
    let settings = settings(Joining::JustInTime).reconfirming_dormant(TimeDelta::days(90));
    let facts = linked_member("member");
    let soon = login(&facts, &settings, AssertedRole::NotMapped, now() + TimeDelta::days(90));
    assert!(matches!(soon, Decision::SignIn(_)), "{soon:?}");
    let late = login(&facts, &settings, AssertedRole::NotMapped, now() + TimeDelta::days(91));
    assert_eq!(late, Decision::ProveLink(ProveLink::Mail(account("own"))));
}

/// A link that was confirmed at the very instant from which on it counts, counts.
#[test]
fn a_link_is_confirmed_again_that_is_older_than_the_change() {
    let facts = linked_member("member");
    let decide = |before| {
        login(&facts, &settings(Joining::JustInTime).reconfirming_before(before), AssertedRole::NotMapped, now())
    };
    assert!(matches!(decide(now()), Decision::SignIn(_)));
    let later = decide(now() + TimeDelta::seconds(1));
    assert_eq!(later, Decision::ProveLink(ProveLink::Mail(account("own"))));
}

/// A reminder holds for seven days, and not at the end of them.
#[test]
fn a_reminder_ends() {
    let hash = LinkToken::generate().unwrap().hash();
    let sent = Reminder::stored(hash, organization(), ConnectionId::new("acme-1"), account("own"), now());
    let own = Session::Account(account("own"));
    let followed = |at| sent.followed_by(&organization(), &own, at);
    let end = now() + TimeDelta::days(7);
    assert_eq!(followed(end - TimeDelta::seconds(1)), Ok(()));
    assert_eq!(followed(end), Err(Refusal::LinkExpired));
}

/// Settings come back from their bytes, whatever they say.
#[test]
fn settings_are_stored_whole() {
    let syncs = [MissingRole::Default, MissingRole::Keep, MissingRole::Refuse].map(RoleSync::EveryLogin);
    for joining in JOININGS {
        for removed in REMOVED {
            for sync in [RoleSync::OnJoining].into_iter().chain(syncs) {
                let settings = settings(joining).with_removed_members(removed).with_role_sync(sync);
                let settings = settings.reconfirming_dormant(TimeDelta::days(90)).reconfirming_before(now());
                let octets = settings.encode(Encoder::new(1)).finish();
                let mut decoder = Decoder::new(&octets, 1).unwrap();
                assert_eq!(Provisioning::decode(&mut decoder).unwrap(), settings);
            }
        }
    }
}

/// PRV-001, PRV-004 to PRV-007: what an asserted address is worth.
#[test]
fn prv_004_prv_005_prv_006_prv_007_a_domain_counts_only_when_proven() {
    let owner = |email, membership| {
        let at_connection = AtConnection::Unlinked;
        let known = Known { account: account("victim"), email, membership, at_connection };
        Facts { by_email: vec![known], ..Facts::default() }
    };
    let decide = |facts: &Facts, domains: &[ProvenDomain], at| {
        let settings = domains.iter().cloned().fold(settings(Joining::JustInTime), Provisioning::with_proven_domain);
        login(facts, &settings, AssertedRole::NotMapped, at)
    };
    let active = || member(MemberStatus::Active, "member");
    let verified_member = owner(EmailStatus::Verified, active());
    let (ours, mail) = (domain("acme", "Corp.COM"), Decision::ProveLink(ProveLink::Mail(account("victim"))));
    let linked = decide(&verified_member, std::slice::from_ref(&ours), now());
    assert!(matches!(linked, Decision::SignIn(SignIn { link: LinkChange::Make, .. })), "{linked:?}");
    let later = now() + TimeDelta::days(1);
    assert_eq!(decide(&verified_member, std::slice::from_ref(&ours), later), mail, "PRV-005: the proof has lapsed");
    assert_eq!(decide(&verified_member, &[], now()), mail, "PRV-006: nobody answers for the address");
    let others = ["corp.co", "example.com", "sub.corp.com", "xn--orp-hed.com"].map(|other| domain("acme", other));
    assert_eq!(decide(&verified_member, &others, now()), mail, "PRV-004: other domains");
    assert_eq!(decide(&verified_member, &[domain("evil", "corp.com")], now()), mail, "PRV-004: of somebody else");
    let mut has_a_link = verified_member.clone();
    has_a_link.by_email[0].at_connection = AtConnection::Linked;
    let kept = decide(&has_a_link, std::slice::from_ref(&ours), now());
    assert_eq!(kept, mail, "PRV-006: who can choose an address takes no link away");
    let unverified = owner(EmailStatus::Unverified, active());
    let trap = decide(&unverified, std::slice::from_ref(&ours), now());
    assert_eq!(trap, Decision::ProveLink(ProveLink::SignIn), "PRV-007: no merge, and no mail to the trap");
    let stranger = owner(EmailStatus::Verified, Membership::None);
    assert_eq!(decide(&stranger, std::slice::from_ref(&ours), now()), mail, "PRV-001: not a member here");
    for refused in ["gmail.com", "GMail.com", "corp.com.", "co..uk", "localhost", "corp.com ", "сorp.com", "@corp.com"]
    {
        assert!(ProvenDomain::new(organization(), refused, now()).is_err(), "{refused}");
    }
}

/// Settings of another connection decide nothing.
#[test]
fn settings_belong_to_their_connection() {
    let identity = identity(AssertedRole::NotMapped);
    let foreign = identity_at("acme-2", AssertedRole::NotMapped);
    let (settings, facts) = (settings(Joining::JustInTime), Facts::default());
    let decide = |identity| {
        let (purpose, asked, started_for) = (Purpose::Login, Asked::Solicited, None);
        decide(&Case { identity, purpose, asked, started_for, settings: &settings, facts: &facts, now: now() })
    };
    assert!(matches!(decide(&identity), Decision::Create(_)));
    assert_eq!(decide(&foreign), Decision::Refuse(Refusal::NotConfigured));
}

/// Nor do they decide about a link that another connection began, though it is of the same organization.
#[test]
fn a_proof_belongs_to_its_connection() {
    let (cookie, own) = (BrowserCookie::generate().unwrap(), account("own"));
    let proof = pending(&cookie, ProofKind::Confirmation);
    let proof = proof.proven_by(&organization(), &Session::Account(own.clone()), Some(&cookie), now()).unwrap();
    let (membership, at_connection) = (member(MemberStatus::Active, "member"), AtConnection::Unlinked);
    let known = Known { account: own, email: EmailStatus::Verified, membership, at_connection };
    let facts = Facts { account: Some(known), ..Facts::default() };
    let decide = |organization: &str, connection: &str| {
        let settings =
            Provisioning::new(&connection_of(organization, connection), Joining::JustInTime, Role::new("member"));
        decide_proven(&proof, &settings, &facts, now())
    };
    assert!(matches!(decide("acme", "acme-1"), Decision::SignIn(_)));
    assert_eq!(decide("acme", "acme-2"), Decision::Refuse(Refusal::LinkMismatch));
    assert_eq!(decide("rival", "acme-1"), Decision::Refuse(Refusal::LinkMismatch));
}

/// Codes are stable and each its own; sentences name nobody.
#[test]
fn refusals_say_what_they_are() {
    let mut codes: Vec<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    codes.dedup();
    assert_eq!(codes.len(), Refusal::ALL.len());
    for refusal in Refusal::ALL {
        assert!(refusal.code().starts_with("provisioning.") && !refusal.remedy().is_empty());
        assert!(refusal.to_string().ends_with(&format!("[{}]", refusal.code())), "{refusal}");
        assert!(!refusal.to_string().contains("account exists"));
    }
    let (off, uninvited) = (Refusal::JoiningOff.to_string(), Refusal::NotInvited.to_string());
    assert_eq!(off.split('[').next(), uninvited.split('[').next());
    let cookie = BrowserCookie::generate().unwrap();
    let link = pending(&cookie, ProofKind::Mail);
    let token = LinkToken::generate().unwrap();
    assert!(!format!("{link:?}{token:?}").contains("victim"));
    assert!(!format!("{token:?}").contains(token.value()));
    assert_eq!(LinkToken::from_value(token.value()), Some(token));
    assert_eq!(LinkToken::from_value("x"), None);
}

/// A link's token is known by its SHA-256, which is what a store keeps.
#[test]
fn the_hash_that_is_stored_finds_its_token() {
    let (token, another) = (LinkToken::generate().unwrap(), LinkToken::generate().unwrap());
    let stored = token.hash().as_str().to_owned();
    assert_eq!((stored.len(), LinkHash::new(stored.as_str())), (64, token.hash()));
    assert_ne!(LinkHash::new(stored.as_str()), another.hash());
}
