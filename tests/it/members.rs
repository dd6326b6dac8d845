//! From the form to the member: two organizations, two identity providers, one victim. ATTACKS N, and I where it is
//! about what comes of a login.

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::flow::{
    Arrival, AskProof, ConfirmLink, Entered, Entrance, Entry, FlowError, LinkVisit, Linked, Remind, SignedIn, Unmapped,
    Visit, block_on, confirm_link, follow_reminder, remind, sign_in, start_login,
};
use saml_sp::login::{LoginStart, Started};
use saml_sp::mapping::{AttributeMap, EmailAddress, Role, RoleLadder, RoleMap, Source, SubjectKey};
use saml_sp::provisioning::{
    EmailStatus, Joining, LinkToken, MemberStatus, Membership, Onboarding, ProvenDomain, Provisioning, Refusal,
    RefusalKind, RemovedMembers, RoleSync, Session,
};
use saml_sp::storage::{MemberStore, PeekedLink};
use saml_sp::testing::{FakeIdentity, FakeIdp, MemberFixture, MemoryStore, TestKey, form_value};
use saml_sp::{
    AccountId, Connection, ConnectionId, EntityId, OrganizationId, Policy, Purpose, SecurityEvent, ServiceProvider,
    Unsolicited,
};

use crate::host_store::{Defect, Fails, HostStore};

const VICTIM: &str = "victim@corp.com";

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn email(address: &str) -> EmailAddress {
    EmailAddress::parse(address).unwrap()
}

/// One organization of the host, with one identity provider.
struct Tenant {
    sp: ServiceProvider,
    idp: FakeIdp,
    connections: Vec<Connection>,
    onboarding: Vec<Onboarding>,
}

fn tenant(name: &str, key: TestKey) -> Tenant {
    tenant_with(name, key, Policy::strict(), |provisioning| provisioning)
}

fn tenant_with(name: &str, key: TestKey, policy: Policy, set: impl FnOnce(Provisioning) -> Provisioning) -> Tenant {
    let idp = FakeIdp::with_key(&format!("https://idp.{name}.example/"), key.signing_key().unwrap());
    let (entity_id, acs) = (format!("https://app.example.com/{name}/"), format!("https://app.example.com/{name}/acs"));
    let organization = OrganizationId::new(name);
    let sp = ServiceProvider::builder(organization.clone(), EntityId::new(entity_id), acs).build().unwrap();
    let provider = idp.identity_provider().unwrap();
    let connection =
        Connection::preconfigured(ConnectionId::new(format!("{name}-1")), organization, provider, policy).unwrap();
    let provisioning = set(Provisioning::new(&connection, Joining::JustInTime, Role::new("member")));
    let onboarding = vec![Onboarding::new(map(), provisioning)];
    Tenant { sp, idp, connections: vec![connection], onboarding }
}

fn map() -> AttributeMap {
    let ladder = RoleLadder::new(["member", "manager"].map(Role::new)).unwrap();
    let roles = RoleMap::builder(ladder, Role::new("manager"), [Source::attribute("groups")])
        .group("staff", Role::new("member"))
        .group("leads", Role::new("manager"));
    AttributeMap::builder([Source::attribute("user_id")], [Source::attribute("email")])
        .roles(roles.build().unwrap())
        .build()
        .unwrap()
}

/// The organization that was there before, and the one whose administrator is the attacker.
fn acme() -> Tenant {
    tenant("acme", TestKey::Rsa)
}

fn evil() -> Tenant {
    tenant("evil", TestKey::OtherRsa)
}

type Outcome<E> = Result<Entered, FlowError<E>>;

impl Tenant {
    fn organization(&self) -> &OrganizationId {
        self.sp.organization()
    }

    fn connection(&self) -> &Connection {
        &self.connections[0]
    }

    fn entrance(&self) -> Entrance<'_> {
        Entrance { sp: &self.sp, connections: &self.connections, onboarding: &self.onboarding }
    }

    fn subject(&self, user: &str) -> SubjectKey {
        let issuer = EntityId::new(self.idp.entity_id());
        let user = FakeIdentity::new(self.connection().id(), &issuer, user, VICTIM).unwrap();
        user.identity().subject().clone()
    }

    fn start<S: MemberStore>(&self, store: &S, start: LoginStart) -> Started {
        block_on(start_login(store, &self.sp, self.connection(), start, now())).map_err(|_| "start").unwrap()
    }

    /// What the identity provider of the organization says.
    fn says(&self, request: Option<&str>, user: &str, email: &str) -> String {
        let response = self.idp.response(self.sp.entity_id().as_str(), self.sp.acs_url(), now());
        let response = response.attribute("user_id", &[user]).attribute("email", &[email]);
        match request {
            Some(request) => response.in_response_to(request).form_value().unwrap(),
            None => response.form_value().unwrap(),
        }
    }

    fn answer(&self, started: &Started, user: &str, email: &str) -> String {
        self.says(Some(started.keep.key().request().as_str()), user, email)
    }

    fn arrive<S: MemberStore>(
        &self,
        store: &S,
        form: &str,
        cookie: Option<&str>,
        session: &Session,
    ) -> Outcome<S::Error> {
        let arrival = Arrival { saml_response: form, relay_state: None, cookie };
        block_on(sign_in(store, self.entrance(), Visit { arrival, session }, now()))
    }

    fn finish<S: MemberStore>(&self, store: &S, started: &Started, form: &str, session: &Session) -> Outcome<S::Error> {
        self.arrive(store, form, Some(started.cookie.value()), session)
    }

    /// A whole login in a browser of its own.
    fn login<S: MemberStore>(&self, store: &S, user: &str, email: &str, session: &Session) -> Outcome<S::Error> {
        let started = self.start(store, LoginStart::default());
        self.finish(store, &started, &self.answer(&started, user, email), session)
    }

    /// A login for an account, for another purpose than to sign in.
    fn login_for<S: MemberStore>(
        &self,
        store: &S,
        purpose: Purpose,
        account: &AccountId,
        user: &str,
        session: &Session,
    ) -> (Started, Outcome<S::Error>) {
        let start = LoginStart::default().with_purpose(purpose).with_account(account.clone());
        let started = self.start(store, start);
        let form = self.answer(&started, user, VICTIM);
        let outcome = self.finish(store, &started, &form, session);
        (started, outcome)
    }

    fn confirm<S: MemberStore>(
        &self,
        store: &S,
        token: &str,
        started: &Started,
        session: &Session,
    ) -> Result<Linked, FlowError<S::Error>> {
        let visit = LinkVisit { token, cookie: Some(started.cookie.value()), session };
        block_on(confirm_link(store, self.entrance(), visit, now()))
    }

    /// Links an account by its session, and says so.
    fn link(&self, store: &MemoryStore, account: &AccountId, user: &str) {
        let session = Session::Account(account.clone());
        let (started, outcome) = self.login_for(store, Purpose::Link, account, user, &session);
        let asked = confirmation(outcome);
        assert_eq!(asked.account, *account);
        self.confirm(store, asked.token.value(), &started, &session).unwrap();
        assert_eq!(store.linked_account(&self.subject(user)).as_ref(), Some(account));
    }

    fn member(&self, store: &MemoryStore, address: &str) -> AccountId {
        let account = store.add_account(&email(address), EmailStatus::Verified);
        store.set_member(self.organization(), &account, MemberStatus::Active, Role::new("member"));
        account
    }
}

fn failure<E: std::fmt::Debug>(error: &FlowError<E>) -> &'static str {
    match error {
        FlowError::Rejected(rejection) => rejection.code(),
        FlowError::Refused(refusal) => refusal.code(),
        FlowError::Mapping(error) => error.code(),
        FlowError::Store(_) => "store",
        _ => "start",
    }
}

fn code<E: std::fmt::Debug>(outcome: &Outcome<E>) -> &'static str {
    match outcome {
        Err(error) => failure(error),
        Ok(Entered::SignedIn(SignedIn { entry: Entry::Returned, .. })) => "returned",
        Ok(Entered::SignedIn(SignedIn { entry: Entry::Linked, .. })) => "linked by domain",
        Ok(Entered::SignedIn(SignedIn { entry: Entry::Created, .. })) => "created",
        Ok(Entered::SignedIn(_)) => "stepped up",
        Ok(Entered::Linked(_)) => "linked",
        Ok(Entered::Tested(_)) => "tested",
        Ok(Entered::Unmapped(Unmapped { error, .. })) => error.code(),
        Ok(Entered::Confirm(_)) => "confirm",
        Ok(Entered::AskProof(AskProof { mail: Some(_), .. })) => "mail",
        Ok(Entered::AskProof(AskProof { mail: None, .. })) => "sign in first",
        Ok(Entered::Restarted(_)) => "restarted",
    }
}

fn confirm_code<E: std::fmt::Debug>(outcome: &Result<Linked, FlowError<E>>) -> &'static str {
    outcome.as_ref().map_or_else(failure, |_| "linked")
}

#[track_caller]
fn signed_in<E: std::fmt::Debug>(outcome: Outcome<E>) -> SignedIn {
    match outcome {
        Ok(Entered::SignedIn(signed_in)) => signed_in,
        other => panic!("{}", code(&other)),
    }
}

#[track_caller]
fn confirmation<E: std::fmt::Debug>(outcome: Outcome<E>) -> ConfirmLink {
    match outcome {
        Ok(Entered::Confirm(confirm)) => confirm,
        other => panic!("{}", code(&other)),
    }
}

#[track_caller]
fn proof<E: std::fmt::Debug>(outcome: Outcome<E>) -> AskProof {
    match outcome {
        Ok(Entered::AskProof(proof)) => proof,
        other => panic!("{}", code(&other)),
    }
}

fn active(role: &str) -> Membership {
    Membership::Member { status: MemberStatus::Active, role: Role::new(role) }
}

#[test]
fn somebody_new_becomes_a_member_and_comes_back() {
    let (store, acme) = (MemoryStore::new(), acme());
    let outcome = acme.login(&store, "u-1", "alice@corp.com", &Session::Nobody).unwrap();
    assert_eq!(outcome.security_event(), Some(SecurityEvent::FirstLink));
    let Entered::SignedIn(created) = outcome else { panic!("not signed in") };
    assert_eq!(created.entry, Entry::Created);
    let account = created.scope.account().clone();
    assert_eq!(created.scope.connection(), acme.connection().id());
    assert_eq!(store.membership(acme.organization(), &account), active("member"));
    let started = acme.start(&store, LoginStart::default().with_host_state("/projects"));
    let again = acme.finish(&store, &started, &acme.answer(&started, "u-1", "alice@corp.com"), &Session::Nobody);
    let again = signed_in(again);
    assert_eq!((again.entry, again.scope.account()), (Entry::Returned, &account));
    assert_eq!(again.finished.host_state(), Some("/projects"));
    assert_eq!(store.counts(), (1, 1, 1));
}

/// CVE-2025-22146: the identity provider of one organization asserts the address of somebody else's member. PRV-001.
#[test]
fn cve_2025_22146_an_asserted_address_is_nobodys_account() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let victim = acme.member(&store, VICTIM);
    acme.link(&store, &victim, "u-1");
    let before = store.counts();
    for user in ["attacker", "u-1"] {
        let proof = proof(evil.login(&store, user, VICTIM, &Session::Nobody));
        let mail = proof.mail.unwrap();
        assert_eq!(mail.account, victim, "the mail goes to the victim");
        // Without that mail the attacker has nothing to confirm with.
        for guess in [LinkToken::from_value(&"0".repeat(40)).unwrap().value(), "", victim.as_str()] {
            let started = evil.start(&store, LoginStart::default());
            let outcome = evil.confirm(&store, guess, &started, &Session::Nobody);
            assert_eq!(confirm_code(&outcome), "provisioning.link_unknown");
        }
        // The victim follows the mail, in another browser than the attacker's.
        let started = evil.start(&store, LoginStart::default());
        let outcome = evil.confirm(&store, mail.token.value(), &started, &Session::Account(victim.clone()));
        assert_eq!(confirm_code(&outcome), "flow.browser_mismatch");
    }
    assert_eq!(store.counts(), before);
    assert_eq!(store.membership(evil.organization(), &victim), Membership::None);
    let own = signed_in(acme.login(&store, "u-1", VICTIM, &Session::Nobody));
    assert_eq!(own.scope.account(), &victim, "the victim's own login goes on");
}

/// CVE-2026-27197: the victim is a member of the attacker's organization, too, and a session from there is used at the
/// other. PRV-002, PRV-003, PRV-036.
#[test]
fn cve_2026_27197_a_session_of_one_organization_is_none_for_another() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let victim = acme.member(&store, VICTIM);
    acme.link(&store, &victim, "u-1");
    store.set_member(evil.organization(), &victim, MemberStatus::Active, Role::new("member"));
    assert_eq!(code(&evil.login(&store, "u-1", VICTIM, &Session::Nobody)), "mail", "a member, and still to be proven");
    // The victim links the account there, as an ordinary member does: the attacker can now sign in as the victim there.
    evil.link(&store, &victim, "u-666");
    let scope = signed_in(evil.login(&store, "u-666", VICTIM, &Session::Nobody)).scope;
    assert_eq!(scope.account(), &victim);
    assert_eq!(scope.admits(evil.organization(), now()), Ok(()));
    assert_eq!(scope.admits(acme.organization(), now()), Err(Refusal::OtherOrganization));
    // With that session the attacker, an ordinary user of the other organization, wants the victim's account there.
    let session = Session::SingleSignOn(scope);
    let outcome = acme.login(&store, "mallory", "mallory@corp.com", &session);
    assert_eq!(code(&outcome), "created", "somebody new, not the victim");
    assert_ne!(store.linked_account(&acme.subject("mallory")).as_ref(), Some(&victim));
    let (_, outcome) = acme.login_for(&store, Purpose::Link, &victim, "mallory-2", &session);
    assert_eq!(code(&outcome), "provisioning.sign_in_first");
    let (_, outcome) = acme.login_for(&store, Purpose::StepUp, &victim, "u-1", &session);
    assert_eq!(code(&outcome), "provisioning.sign_in_first");
    // A link that the victim began, confirmed by the attacker's session.
    let own = Session::Account(victim.clone());
    let (started, outcome) = acme.login_for(&store, Purpose::Link, &victim, "u-2", &own);
    let token = confirmation(outcome).token;
    let outcome = acme.confirm(&store, token.value(), &started, &session);
    assert_eq!(confirm_code(&outcome), "provisioning.sign_in_first");
    assert_eq!(confirm_code(&acme.confirm(&store, token.value(), &started, &own)), "linked");
}

/// CVE-2026-42354: a flow that was started for one organization is finished at another. FLW-004, FLW-027.
#[test]
fn cve_2026_42354_a_flow_ends_where_it_began() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let victim = acme.member(&store, VICTIM);
    let session = Session::Account(victim.clone());
    for (begun, other) in [(&acme, &evil), (&evil, &acme)] {
        let start = LoginStart::default().with_purpose(Purpose::Link).with_account(victim.clone());
        let started = begun.start(&store, start);
        let request = started.keep.key().request().as_str();
        // Answered by the other organization's identity provider, at the other's endpoint and at the right one.
        let form = other.says(Some(request), "u-666", VICTIM);
        assert_eq!(code(&other.finish(&store, &started, &form, &session)), "flow.connection_mismatch");
        let signed_by_other = other.idp.response(begun.sp.entity_id().as_str(), begun.sp.acs_url(), now());
        let signed_by_other = signed_by_other.in_response_to(request).attribute("user_id", &["u-666"]);
        let outcome = begun.finish(&store, &started, &signed_by_other.form_value().unwrap(), &session);
        assert_eq!(code(&outcome), "dsig.signature_invalid");
    }
    // The page of one organization, posted to the other.
    let (started, outcome) = evil.login_for(&store, Purpose::Link, &victim, "u-666", &session);
    let token = confirmation(outcome).token;
    let outcome = acme.confirm(&store, token.value(), &started, &session);
    assert_eq!(confirm_code(&outcome), "provisioning.link_mismatch");
    assert_eq!(store.counts().2, 0, "nothing was linked");
    assert_eq!(confirm_code(&evil.confirm(&store, token.value(), &started, &session)), "linked");
    assert_eq!(store.linked_account(&evil.subject("u-666")), Some(victim.clone()));
    assert_eq!(store.membership(acme.organization(), &victim), active("member"));
    acme.link(&store, &victim, "u-1");
}

/// CVE-2026-102899: the set-up of single sign-on links the asserted identity to whoever owns the asserted address, or to
/// a victim who only has to be signed in. FLW-006, FLW-029.
#[test]
fn cve_2026_102899_setting_up_links_nobody_but_who_sets_up() {
    let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let (store, acme) = (MemoryStore::new(), acme());
    let evil = tenant_with("evil", TestKey::OtherRsa, policy.clone(), |provisioning| provisioning);
    let victim = acme.member(&store, VICTIM);
    let admin = evil.member(&store, "admin@evil.example");
    let session = Session::Account(admin.clone());
    // The administrator tries the connection out, asserting the victim's address.
    let provider = evil.idp.identity_provider().unwrap();
    let draft = Connection::draft(ConnectionId::new("evil-1"), evil.organization().clone(), provider, policy).unwrap();
    let setup = Tenant { connections: vec![draft], ..tenant("evil", TestKey::OtherRsa) };
    let (started, outcome) = setup.login_for(&store, Purpose::Test, &admin, "u-666", &session);
    let asked = confirmation(outcome);
    assert_eq!(asked.account, admin);
    assert_eq!(confirm_code(&setup.confirm(&store, asked.token.value(), &started, &session)), "linked");
    assert_eq!(store.linked_account(&evil.subject("u-666")), Some(admin.clone()));
    let (_, outcome) = setup.login_for(&store, Purpose::Test, &admin, "u-666", &session);
    assert_eq!(code(&outcome), "tested");
    for session in [Session::Nobody, Session::Account(victim.clone())] {
        let (_, outcome) = setup.login_for(&store, Purpose::Test, &admin, "u-667", &session);
        assert!(["provisioning.sign_in_first", "provisioning.session_changed"].contains(&code(&outcome)));
    }
    // The victim's browser is made to post the attacker's response, unasked and as an answer to the attacker's request.
    let victims = Session::Account(victim.clone());
    let unasked = evil.says(None, "u-667", VICTIM);
    assert_eq!(code(&evil.arrive(&store, &unasked, None, &victims)), "provisioning.unsolicited");
    let start = LoginStart::default().with_purpose(Purpose::Link).with_account(admin.clone());
    let attackers = evil.start(&store, start);
    let form = evil.answer(&attackers, "u-667", VICTIM);
    let victims_browser = evil.start(&store, LoginStart::default());
    assert_eq!(code(&evil.finish(&store, &victims_browser, &form, &victims)), "flow.browser_mismatch");
    assert_eq!(store.counts().2, 1, "nothing of the victim's was linked");
    assert_eq!(store.membership(evil.organization(), &victim), Membership::None);
}

/// PRV-030: whoever is signed in is the one who links, and the owner of the asserted address is not looked at.
#[test]
fn prv_030_the_signed_in_account_wins_over_the_asserted_address() {
    let (store, acme) = (MemoryStore::new(), acme());
    let (own, victim) = (acme.member(&store, "own@corp.com"), acme.member(&store, VICTIM));
    let session = Session::Account(own.clone());
    let started = acme.start(&store, LoginStart::default());
    let asked = confirmation(acme.finish(&store, &started, &acme.answer(&started, "u-1", VICTIM), &session));
    assert_eq!(asked.account, own);
    assert_eq!(asked.finished.purpose(), Purpose::Login);
    let linked = acme.confirm(&store, asked.token.value(), &started, &session).unwrap();
    assert_eq!((linked.account, store.linked_account(&acme.subject("u-1"))), (own.clone(), Some(own.clone())));
    assert_eq!(code(&acme.login(&store, "u-1", VICTIM, &session)), "returned");
    let other = Session::Account(victim);
    assert_eq!(code(&acme.login(&store, "u-1", VICTIM, &other)), "provisioning.belongs_to_another");
    assert_eq!(Refusal::BelongsToAnother.kind(), RefusalKind::BelongsToAnother);
}

/// PRV-029, FLW-031: who confirms, where, when and how often.
#[test]
fn prv_029_flw_031_a_confirmation_is_bound_and_used_once() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let (account, other) = (acme.member(&store, VICTIM), acme.member(&store, "other@corp.com"));
    let session = Session::Account(account.clone());
    let (started, outcome) = acme.login_for(&store, Purpose::Link, &account, "u-1", &session);
    let token = confirmation(outcome).token;
    let visit = |token: &str, cookie: Option<&str>, session: &Session, minutes| {
        let visit = LinkVisit { token, cookie, session };
        let at = now() + TimeDelta::minutes(minutes);
        confirm_code(&block_on(confirm_link(&store, acme.entrance(), visit, at)))
    };
    let cookie = Some(started.cookie.value());
    let another = acme.start(&store, LoginStart::default());
    assert_eq!(visit("", cookie, &session, 0), "provisioning.link_unknown");
    assert_eq!(visit(token.hash().as_str(), cookie, &session, 0), "provisioning.link_unknown");
    assert_eq!(visit(token.value(), None, &session, 0), "flow.browser_mismatch");
    assert_eq!(visit(token.value(), Some(another.cookie.value()), &session, 0), "flow.browser_mismatch");
    assert_eq!(visit(token.value(), cookie, &Session::Nobody, 0), "provisioning.sign_in_first");
    assert_eq!(visit(token.value(), cookie, &Session::Account(other), 0), "provisioning.session_changed");
    assert_eq!(visit(token.value(), cookie, &session, 10), "provisioning.link_expired");
    let outcome = evil.confirm(&store, token.value(), &started, &session);
    assert_eq!(confirm_code(&outcome), "provisioning.link_mismatch");
    assert_eq!(store.counts().2, 0);
    assert_eq!(visit(token.value(), cookie, &session, 9), "linked");
    assert_eq!(visit(token.value(), cookie, &session, 9), "provisioning.link_used");
    assert_eq!(block_on(store.peek_link(&token.hash())).unwrap(), PeekedLink::Used);
}

/// The mailed proof: the mailbox and the browser that brought the identity, both.
#[test]
fn a_mailed_token_links_in_the_browser_that_asked() {
    let (store, acme) = (MemoryStore::new(), acme());
    let account = acme.member(&store, VICTIM);
    let started = acme.start(&store, LoginStart::default());
    let form = acme.answer(&started, "u-1", VICTIM);
    let mail = proof(acme.finish(&store, &started, &form, &Session::Nobody)).mail.unwrap();
    assert_eq!(mail.account, account);
    assert!(!format!("{mail:?}").contains(mail.token.value()));
    let linked = acme.confirm(&store, mail.token.value(), &started, &Session::Nobody).unwrap();
    assert_eq!((linked.account, linked.purpose), (account.clone(), Purpose::Login));
    let own = signed_in(acme.login(&store, "u-1", VICTIM, &Session::Nobody));
    assert_eq!((own.entry, own.scope.account()), (Entry::Returned, &account));
}

/// What was linked in between, or whose member was suspended in between, is looked at again.
#[test]
fn a_confirmation_is_decided_on_what_is_true_now() {
    let (store, acme) = (MemoryStore::new(), acme());
    let (account, rival) = (acme.member(&store, VICTIM), acme.member(&store, "rival@corp.com"));
    let (session, rivals) = (Session::Account(account.clone()), Session::Account(rival.clone()));
    let ask = |account: &AccountId, session: &Session, user: &str| {
        let (started, outcome) = acme.login_for(&store, Purpose::Link, account, user, session);
        (started, confirmation(outcome).token)
    };
    let ((first, first_token), (second, second_token)) = (ask(&account, &session, "u-1"), ask(&rival, &rivals, "u-1"));
    acme.confirm(&store, second_token.value(), &second, &rivals).unwrap();
    let outcome = acme.confirm(&store, first_token.value(), &first, &session);
    assert_eq!(confirm_code(&outcome), "provisioning.belongs_to_another");
    let (started, token) = ask(&account, &session, "u-2");
    block_on(store.deactivate(acme.organization(), &account)).unwrap();
    let outcome = acme.confirm(&store, token.value(), &started, &session);
    assert_eq!(confirm_code(&outcome), "provisioning.suspended");
    store.set_member(acme.organization(), &account, MemberStatus::Active, Role::new("member"));
    assert_eq!(confirm_code(&acme.confirm(&store, token.value(), &started, &session)), "linked");
    // FLW-019: the connection was switched off, or has lost its settings.
    let (started, token) = ask(&account, &session, "u-3");
    let visit = LinkVisit { token: token.value(), cookie: Some(started.cookie.value()), session: &session };
    let gone = Entrance { connections: &[], ..acme.entrance() };
    assert_eq!(confirm_code(&block_on(confirm_link(&store, gone, visit, now()))), "flow.connection_mismatch");
    let bare = Entrance { onboarding: &[], ..acme.entrance() };
    assert_eq!(confirm_code(&block_on(confirm_link(&store, bare, visit, now()))), "provisioning.not_configured");
    assert_eq!(
        code(&Tenant { onboarding: vec![], ..tenant("acme", TestKey::Rsa) }.login(&store, "u", VICTIM, &session)),
        "provisioning.not_configured"
    );
}

/// FLW-007: what each purpose ends in, and for whom.
#[test]
fn flw_007_every_purpose_ends_as_it_began() {
    let (store, acme) = (MemoryStore::new(), acme());
    let (account, other) = (acme.member(&store, VICTIM), acme.member(&store, "other@corp.com"));
    let (session, others) = (Session::Account(account.clone()), Session::Account(other.clone()));
    let ends = |purpose, session: &Session| code(&acme.login_for(&store, purpose, &account, "u-1", session).1);
    assert_eq!(ends(Purpose::StepUp, &session), "provisioning.not_linked");
    assert_eq!(ends(Purpose::Link, &session), "confirm");
    assert_eq!(ends(Purpose::Test, &session), "confirm");
    acme.link(&store, &account, "u-1");
    assert_eq!(ends(Purpose::Link, &session), "linked");
    assert_eq!(ends(Purpose::Test, &session), "tested");
    assert_eq!(ends(Purpose::StepUp, &session), "stepped up");
    for purpose in [Purpose::Link, Purpose::StepUp, Purpose::Test] {
        assert_eq!(ends(purpose, &Session::Nobody), "provisioning.sign_in_first");
        assert_eq!(ends(purpose, &others), "provisioning.session_changed");
        let started = acme.start(&store, LoginStart::default().with_purpose(purpose));
        let outcome = acme.finish(&store, &started, &acme.answer(&started, "u-1", VICTIM), &session);
        assert_eq!(code(&outcome), "provisioning.session_changed", "started for nobody");
    }
    let (_, outcome) = acme.login_for(&store, Purpose::StepUp, &other, "u-1", &others);
    assert_eq!(code(&outcome), "provisioning.not_linked", "somebody else's identity");
    let (_, outcome) = acme.login_for(&store, Purpose::Link, &other, "u-1", &others);
    assert_eq!(code(&outcome), "provisioning.belongs_to_another");
}

/// What arrived in a test login is there beside what its mapping lacks, for the account that tests and for nobody else.
#[test]
fn a_test_login_that_maps_to_nobody_is_shown_to_whoever_tests() {
    let (store, acme) = (MemoryStore::new(), acme());
    let (account, other) = (acme.member(&store, VICTIM), acme.member(&store, "other@corp.com"));
    let session = Session::Account(account.clone());
    let (started, outcome) = acme.login_for(&store, Purpose::Test, &account, "", &session);
    let Ok(Entered::Unmapped(Unmapped { login, error })) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.code(), "mapping.no_identifier");
    let mapping = acme.onboarding[0].mapping();
    assert_eq!(mapping.apply(&login).unwrap_err().code(), "mapping.no_identifier");
    let corrected = AttributeMap::builder([Source::attribute("email")], [Source::attribute("email")]).build().unwrap();
    assert_eq!(corrected.apply(&login).unwrap().identity().subject().value(), VICTIM);
    // It is used up, for a test as for a login.
    let again = acme.finish(&store, &started, &acme.answer(&started, "", VICTIM), &session);
    assert_eq!(code(&again), "flow.request_consumed");

    let refused = |outcome: Outcome<_>| matches!(&outcome, Err(FlowError::Mapping(error)) if error.code() == "mapping.no_identifier");
    for session in [Session::Nobody, Session::Account(other)] {
        assert!(refused(acme.login_for(&store, Purpose::Test, &account, "", &session).1), "{session:?}");
    }
    let started = acme.start(&store, LoginStart::default().with_purpose(Purpose::Test));
    assert!(refused(acme.finish(&store, &started, &acme.answer(&started, "", VICTIM), &session)), "started for nobody");
    assert!(refused(acme.login_for(&store, Purpose::Link, &account, "", &session).1));
    assert_eq!(code(&acme.login_for(&store, Purpose::Test, &account, "u-1", &session).1), "confirm");
}

/// FLW-005: another browser ends nothing.
#[test]
fn flw_005_a_login_is_its_browsers() {
    let (store, acme) = (MemoryStore::new(), acme());
    let (started, stranger) = (acme.start(&store, LoginStart::default()), acme.start(&store, LoginStart::default()));
    let form = acme.answer(&started, "u-1", "alice@corp.com");
    assert_eq!(code(&acme.finish(&store, &stranger, &form, &Session::Nobody)), "flow.browser_mismatch");
    assert_eq!(store.counts(), (0, 0, 0));
    assert_eq!(code(&acme.finish(&store, &started, &form, &Session::Nobody)), "created");
    assert_eq!(code(&acme.finish(&store, &started, &form, &Session::Nobody)), "flow.request_consumed");
}

/// PRV-008: the address is not the key.
#[test]
fn prv_008_another_address_is_the_same_member() {
    let (store, acme) = (MemoryStore::new(), acme());
    let victim = acme.member(&store, VICTIM);
    let created = signed_in(acme.login(&store, "u-1", "alice@corp.com", &Session::Nobody));
    let renamed = signed_in(acme.login(&store, "u-1", VICTIM, &Session::Nobody));
    assert_eq!(renamed.scope.account(), created.scope.account());
    assert_ne!(renamed.scope.account(), &victim);
}

/// PRV-009 to PRV-013: an address that is written otherwise is the same, or none.
#[test]
fn prv_009_prv_010_prv_011_prv_012_prv_013_addresses() {
    let (store, acme) = (MemoryStore::new(), acme());
    acme.member(&store, VICTIM);
    for same in ["Victim@Corp.COM", "VICTIM@corp.com"] {
        assert_eq!(code(&acme.login(&store, "u-1", same, &Session::Nobody)), "mail", "{same}");
    }
    for other in ["victim+x@corp.com", "vic.tim@corp.com", "victim@corp.com.evil.example"] {
        assert_eq!(code(&acme.login(&store, other, other, &Session::Nobody)), "created", "{other}");
    }
    let too_long = format!("{}@corp.com", "v".repeat(250));
    for none in [
        "victim＠corp.com",
        "vıctim@corp.com",
        "victim@сorp.com",
        "\"victim\"@corp.com",
        "victim(x)@corp.com",
        "victim@corp.com,attacker@evil.example",
        "victim@corp.com.",
        "victim@[127.0.0.1]",
        "victim@@corp.com",
        "victim\u{200b}@corp.com",
        "\u{212a}victim@corp.com",
        &too_long,
    ] {
        let before = store.counts();
        let refused = acme.login(&store, "u-9", none, &Session::Nobody);
        assert!(code(&refused).starts_with("mapping."), "{none}: {}", code(&refused));
        assert_eq!(store.counts(), before);
    }
}

/// PRV-014: the same value from another connection is another subject.
#[test]
fn prv_014_the_same_value_elsewhere_is_somebody_else() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let first = signed_in(acme.login(&store, "u-1", "alice@corp.com", &Session::Nobody));
    let second = signed_in(evil.login(&store, "u-1", "bob@corp.com", &Session::Nobody));
    assert_ne!(first.scope.account(), second.scope.account());
}

/// PRV-015, PRV-018, PRV-019, PRV-025, PRV-039 end in the mapping: nothing of it reaches a store.
#[test]
fn prv_015_prv_018_prv_019_prv_025_prv_039_no_identity_no_member() {
    let (store, acme) = (MemoryStore::new(), acme());
    let send = |attributes: &[(&str, &[&str])]| {
        let started = acme.start(&store, LoginStart::default());
        let response = acme.idp.response(acme.sp.entity_id().as_str(), acme.sp.acs_url(), now()).name_id(VICTIM);
        let response = response.in_response_to(started.keep.key().request().as_str());
        let response = attributes.iter().fold(response, |response, (name, values)| response.attribute(name, values));
        let form = response.form_value().unwrap();
        let first = acme.finish(&store, &started, &form, &Session::Nobody);
        (code(&first), code(&acme.finish(&store, &started, &form, &Session::Nobody)))
    };
    let consumed = "flow.request_consumed";
    let good: [(&str, &[&str]); 2] = [("user_id", &["u-1"]), ("email", &["alice@corp.com"])];
    let (missing, second) = send(&good[..1]);
    assert!(missing.starts_with("mapping.") && second == consumed, "PRV-039: {missing}, then {second}");
    let (missing, second) = send(&good[1..]);
    assert!(missing.starts_with("mapping.") && second == consumed, "PRV-015, PRV-018: {missing}, then {second}");
    let (several, _) = send(&[("user_id", &["u-1"]), ("email", &["alice@corp.com", VICTIM])]);
    assert!(several.starts_with("mapping."), "PRV-019: {several}");
    let (several, _) = send(&[("user_id", &["u-1", "u-2"]), ("email", &["alice@corp.com"])]);
    assert!(several.starts_with("mapping."), "PRV-019: {several}");
    assert_eq!(store.counts(), (0, 0, 0));
    let flags: &[&str] = &["true"];
    let with_flags = [&good[..], &[("is_superuser", flags), ("email_verified", flags), ("is_staff", flags)]].concat();
    assert_eq!(send(&with_flags).0, "created");
    let account = store.linked_account(&acme.subject("u-1")).unwrap();
    assert_eq!(store.membership(acme.organization(), &account), active("member"), "PRV-025");
    let evil = evil();
    assert_eq!(
        code(&evil.login(&store, "x", "alice@corp.com", &Session::Nobody)),
        "sign in first",
        "PRV-025: not verified"
    );
}

/// PRV-020: what identifies is the whole text.
#[test]
fn prv_020_references_cut_nothing_off() {
    let (store, acme) = (MemoryStore::new(), acme());
    let whole = signed_in(acme.login(&store, "u-1&<evil>", "alice@corp.com", &Session::Nobody));
    assert_eq!(store.linked_account(&acme.subject("u-1&<evil>")).as_ref(), Some(whole.scope.account()));
    assert_eq!(store.linked_account(&acme.subject("u-1")), None);
}

/// PRV-016, PRV-017, PRV-031, PRV-032: what was linked to another identity provider, source or connection is not
/// inherited.
#[test]
fn prv_017_prv_031_prv_032_links_are_not_inherited() {
    let store = MemoryStore::new();
    let old = tenant("acme", TestKey::Rsa);
    let account = old.member(&store, VICTIM);
    old.link(&store, &account, "u-1");
    assert_eq!(code(&old.login(&store, "u-1", VICTIM, &Session::Nobody)), "returned");
    // PRV-031: the connection is deleted and made again with the same entityID.
    let mut again = tenant("acme", TestKey::Rsa);
    let provider = again.idp.identity_provider().unwrap();
    let (id, organization) = (ConnectionId::new("acme-2"), again.organization().clone());
    again.connections = vec![Connection::preconfigured(id, organization, provider, Policy::strict()).unwrap()];
    let settings = Provisioning::new(again.connection(), Joining::JustInTime, Role::new("member"));
    again.onboarding = vec![Onboarding::new(map(), settings)];
    assert_eq!(code(&again.login(&store, "u-1", VICTIM, &Session::Nobody)), "mail");
    // PRV-032: another identity provider under the connection, with another entityID.
    let mut moved = tenant("acme", TestKey::OtherRsa);
    moved.idp = FakeIdp::with_key("https://new.example/", TestKey::OtherRsa.signing_key().unwrap());
    let (id, organization) = (ConnectionId::new("acme-1"), moved.organization().clone());
    let provider = moved.idp.identity_provider().unwrap();
    moved.connections = vec![Connection::preconfigured(id, organization, provider, Policy::strict()).unwrap()];
    assert_eq!(code(&moved.login(&store, "u-1", VICTIM, &Session::Nobody)), "mail");
    // PRV-032: other keys under the same name, which the host has reported by the setting.
    let doubting = tenant_with("acme", TestKey::OtherRsa, Policy::strict(), |provisioning| {
        provisioning.reconfirming_before(now() + TimeDelta::minutes(1))
    });
    assert_eq!(code(&doubting.login(&store, "u-1", VICTIM, &Session::Nobody)), "mail");
    let session = Session::Account(account.clone());
    let (_, outcome) = doubting.login_for(&store, Purpose::StepUp, &account, "u-1", &session);
    assert_eq!(code(&outcome), "provisioning.not_linked");
    // PRV-017: another source of the identifier.
    let mut other_source = tenant("acme", TestKey::Rsa);
    let map =
        AttributeMap::builder([Source::attribute("uid"), Source::attribute("email")], [Source::attribute("email")]);
    let settings = Provisioning::new(other_source.connection(), Joining::JustInTime, Role::new("member"));
    other_source.onboarding = vec![Onboarding::new(map.build().unwrap(), settings)];
    assert_eq!(code(&other_source.login(&store, "u-1", VICTIM, &Session::Nobody)), "mail");
    assert_eq!(code(&old.login(&store, "u-1", VICTIM, &Session::Nobody)), "returned", "what was linked still is");
    // Confirmed again, and trusted again.
    let (started, outcome) = doubting.login_for(&store, Purpose::Link, &account, "u-1", &session);
    let token = confirmation(outcome).token;
    let visit = LinkVisit { token: token.value(), cookie: Some(started.cookie.value()), session: &session };
    let later = now() + TimeDelta::minutes(2);
    block_on(confirm_link(&store, doubting.entrance(), visit, later)).unwrap();
    assert_eq!(code(&doubting.login(&store, "u-1", VICTIM, &Session::Nobody)), "returned");
    // PRV-031: unlinked, the account comes back by a proof only.
    block_on(store.unlink(old.connection().id(), &account)).unwrap();
    assert_eq!(code(&old.login(&store, "u-1", VICTIM, &Session::Nobody)), "mail");
}

/// PRV-004, PRV-006: the organization's word about its own member, at a domain that it has proven.
#[test]
fn prv_006_a_proven_domain_links_the_organizations_own_member() {
    let proven = |name: &str, key| {
        tenant_with(name, key, Policy::strict(), |provisioning| {
            let organization = provisioning.organization().clone();
            let until = now() + TimeDelta::days(1);
            provisioning.with_proven_domain(ProvenDomain::new(organization, "corp.com", until).unwrap())
        })
    };
    let (store, acme, evil) = (MemoryStore::new(), proven("acme", TestKey::Rsa), evil());
    let account = acme.member(&store, VICTIM);
    assert_eq!(code(&evil.login(&store, "u-1", VICTIM, &Session::Nobody)), "mail");
    let linked = signed_in(acme.login(&store, "u-1", VICTIM, &Session::Nobody));
    assert_eq!((linked.entry, linked.scope.account()), (Entry::Linked, &account));
    assert_eq!(code(&acme.login(&store, "u-1", VICTIM, &Session::Nobody)), "returned");
    // Somebody who can choose an address at the identity provider takes nobody's link away.
    assert_eq!(code(&acme.login(&store, "u-2", VICTIM, &Session::Nobody)), "mail");
    assert_eq!(store.linked_account(&acme.subject("u-1")), Some(account));
    let stranger = store.add_account(&email("stranger@corp.com"), EmailStatus::Verified);
    assert_eq!(
        code(&acme.login(&store, "u-2", "stranger@corp.com", &Session::Nobody)),
        "mail",
        "{stranger}: not a member"
    );
}

/// PRV-007: an address that nobody has verified is a trap.
#[test]
fn prv_007_an_unverified_account_is_not_merged_with() {
    let (store, acme) = (MemoryStore::new(), acme());
    let trap = store.add_account(&email(VICTIM), EmailStatus::Unverified);
    store.set_member(acme.organization(), &trap, MemberStatus::Active, Role::new("member"));
    assert_eq!(code(&acme.login(&store, "u-1", VICTIM, &Session::Nobody)), "sign in first");
    assert_eq!(store.counts(), (1, 1, 0));
}

/// PRV-026, PRV-037: who may join.
#[test]
fn prv_026_prv_037_joining() {
    let only = |joining| {
        tenant_with("acme", TestKey::Rsa, Policy::strict(), |settings| {
            let connection = acme();
            let new = Provisioning::new(connection.connection(), joining, Role::new("member"));
            assert_eq!(new.connection(), settings.connection());
            new.granting(Role::new("manager"))
        })
    };
    let (store, off, invited) = (MemoryStore::new(), only(Joining::Off), only(Joining::InvitedOnly));
    assert_eq!(code(&off.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "provisioning.joining_off");
    assert_eq!(code(&invited.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "provisioning.not_invited");
    block_on(store.invite(off.organization(), &email("a@corp.com"), &Role::new("manager"))).unwrap();
    assert_eq!(code(&off.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "provisioning.joining_off");
    assert_eq!(
        code(&invited.login(&store, "u-2", "b@corp.com", &Session::Nobody)),
        "provisioning.not_invited",
        "PRV-037"
    );
    let joined = signed_in(invited.login(&store, "u-1", "a@corp.com", &Session::Nobody));
    assert_eq!(joined.entry, Entry::Created);
    assert_eq!(store.membership(off.organization(), joined.scope.account()), active("member"));
    block_on(store.remove(off.organization(), joined.scope.account())).unwrap();
    let evil = evil();
    assert_eq!(code(&evil.login(&store, "e-1", "a@corp.com", &Session::Nobody)), "sign in first");
    assert_eq!(
        code(&invited.login(&store, "u-3", "a@corp.com", &Session::Nobody)),
        "provisioning.not_invited",
        "used up"
    );
}

/// What was refused is used up all the same, so that nobody tries it again until it is let in.
#[test]
fn a_refused_response_is_used_up() {
    let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let acme = tenant_with("acme", TestKey::Rsa, policy, |settings| {
        assert_eq!(settings.connection().as_str(), "acme-1");
        Provisioning::new(tenant("acme", TestKey::Rsa).connection(), Joining::Off, Role::new("member"))
    });
    let store = MemoryStore::new();
    let form = acme.says(None, "u-1", "a@corp.com");
    let arrive = || code(&acme.arrive(&store, &form, None, &Session::Nobody));
    assert_eq!(arrive(), "provisioning.joining_off");
    assert_eq!(arrive(), "flow.replay");
    // Nor is one whose user can't be told. Of two at once, who comes second hears that it is used up.
    let nameless = acme.says(None, "u-1", "no address");
    let arrive = |store: &HostStore| code(&acme.arrive(store, &nameless, None, &Session::Nobody));
    let (store, losing) = (HostStore::new(Defect::None), HostStore::new(Defect::LosesRaces));
    assert_eq!((arrive(&store), arrive(&store)), ("mapping.unusable_email", "flow.replay"));
    assert_eq!(arrive(&losing), "flow.replay");
}

/// Settings of another organization's connection, though it has the same identifier, decide nothing.
#[test]
fn settings_are_found_by_organization_and_connection() {
    let (store, mut acme) = (MemoryStore::new(), acme());
    let of = |organization: &str, id: &str| {
        let (id, provider) = (ConnectionId::new(id), acme.idp.identity_provider().unwrap());
        let organization = OrganizationId::new(organization);
        let connection = Connection::preconfigured(id, organization, provider, Policy::strict()).unwrap();
        Onboarding::new(map(), Provisioning::new(&connection, Joining::JustInTime, Role::new("member")))
    };
    let (own, others) = (of("acme", "acme-1"), vec![of("evil", "acme-1"), of("acme", "acme-2")]);
    acme.onboarding = others.clone();
    assert_eq!(code(&acme.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "provisioning.not_configured");
    acme.onboarding = [others, vec![own]].concat();
    assert_eq!(code(&acme.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "created");
}

/// PRV-027, PRV-035: who left stays out, whatever the identity provider says.
#[test]
fn prv_027_prv_035_suspended_and_removed_members_stay_out() {
    let rejoining = |name: &str| {
        tenant_with(name, TestKey::Rsa, Policy::strict(), |settings| {
            settings.with_removed_members(RemovedMembers::Rejoin)
        })
    };
    let (store, acme) = (MemoryStore::new(), acme());
    let signed = signed_in(acme.login(&store, "u-1", "a@corp.com", &Session::Nobody));
    let account = signed.scope.account();
    block_on(store.deactivate(acme.organization(), account)).unwrap();
    for tenant in [&acme, &rejoining("acme")] {
        assert_eq!(code(&tenant.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "provisioning.suspended");
    }
    // Sessions are the host's to end: the scope says whose and through which connection.
    assert_eq!((signed.scope.connection(), signed.scope.account()), (acme.connection().id(), account));
    block_on(store.remove(acme.organization(), account)).unwrap();
    block_on(store.invite(acme.organization(), &email("a@corp.com"), &Role::new("manager"))).unwrap();
    assert_eq!(code(&acme.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "provisioning.removed");
    let own = Session::Account(account.clone());
    assert_eq!(code(&acme.login(&store, "u-2", "a@corp.com", &own)), "provisioning.removed");
    assert_eq!(code(&rejoining("acme").login(&store, "u-1", "a@corp.com", &Session::Nobody)), "returned");
    assert_eq!(store.membership(acme.organization(), account), active("member"));
}

/// PRV-021, PRV-022, PRV-024 end to end: groups become roles as the connection lists them.
#[test]
fn prv_021_prv_022_prv_024_roles() {
    let (store, acme) = (MemoryStore::new(), acme());
    let syncing = tenant_with("acme", TestKey::Rsa, Policy::strict(), |settings| {
        settings.granting(Role::new("manager")).with_role_sync(RoleSync::EveryLogin(Default::default()))
    });
    let login = |tenant: &Tenant, user: &str, groups: &[&str]| {
        let started = tenant.start(&store, LoginStart::default());
        let response = tenant.idp.response(tenant.sp.entity_id().as_str(), tenant.sp.acs_url(), now());
        let response = response.in_response_to(started.keep.key().request().as_str()).attribute("user_id", &[user]);
        let response = response.attribute("email", &[&format!("{user}@corp.com")]).attribute("groups", groups);
        let outcome = tenant.finish(&store, &started, &response.form_value().unwrap(), &Session::Nobody);
        match outcome {
            Ok(Entered::SignedIn(signed)) => match store.membership(tenant.organization(), signed.scope.account()) {
                Membership::Member { role, .. } => role.as_str().to_owned(),
                Membership::None => panic!("no member"),
            },
            other => code(&other).to_owned(),
        }
    };
    for groups in [&["owner"][..], &["superuser", "Leads"], &["leads;staff"], &["staff"], &[]] {
        let user = format!("u{}", groups.concat().replace(';', "-"));
        assert_eq!(login(&acme, &user, groups), "member", "{groups:?}");
    }
    assert_eq!(login(&acme, "lead", &["leads"]), "provisioning.role_denied", "mapped, and not granted");
    assert_eq!(login(&syncing, "lead", &["leads", "staff"]), "manager");
    assert_eq!(login(&syncing, "lead", &["staff"]), "member");
    assert_eq!(login(&acme, "lead", &["leads"]), "member", "not synchronized");
}

/// PRV-028: 32 first logins of one subject at once.
#[test]
fn prv_028_of_32_first_logins_one_makes_the_member() {
    let (store, acme) = (MemoryStore::new(), acme());
    let logins: Vec<_> = (0..32).map(|_| acme.start(&store, LoginStart::default())).collect();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let rivals: Vec<_> = logins
            .iter()
            .map(|started| {
                let (store, acme) = (&store, &acme);
                scope.spawn(move || {
                    let form = acme.answer(started, "u-1", "alice@corp.com");
                    code(&acme.finish(store, started, &form, &Session::Nobody))
                })
            })
            .collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "created").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "returned").count(), 31, "{outcomes:?}");
    assert_eq!(store.counts(), (1, 1, 1));
}

/// PRV-033: what a stranger learns is the same for every account there is.
#[test]
fn prv_033_answers_tell_of_no_account() {
    let (store, acme) = (MemoryStore::new(), acme());
    let off = tenant_with("evil", TestKey::OtherRsa, Policy::strict(), |settings| {
        assert_eq!(settings.organization().as_str(), "evil");
        Provisioning::new(evil().connection(), Joining::Off, Role::new("member"))
    });
    store.add_account(&email("verified@corp.com"), EmailStatus::Verified);
    store.add_account(&email("unverified@corp.com"), EmailStatus::Unverified);
    let elsewhere = acme.member(&store, "elsewhere@corp.com");
    acme.link(&store, &elsewhere, "u-1");
    let suspended = acme.member(&store, "suspended@corp.com");
    block_on(store.deactivate(acme.organization(), &suspended)).unwrap();
    for address in ["verified", "unverified", "elsewhere", "suspended", "nobody"] {
        let address = format!("{address}@corp.com");
        assert_eq!(code(&off.login(&store, "x", &address, &Session::Nobody)), "provisioning.joining_off", "{address}");
    }
    // Who may join is asked for the proof, with the one page: whether there is a mail only the host sees.
    for address in ["verified", "unverified", "elsewhere"] {
        let outcome = evil().login(&store, "x", &format!("{address}@corp.com"), &Session::Nobody);
        assert!(matches!(outcome, Ok(Entered::AskProof(_))), "{address}");
    }
    let outcome = acme.login(&store, "x", "suspended@corp.com", &Session::Nobody);
    assert!(matches!(outcome, Ok(Entered::AskProof(AskProof { mail: None, .. }))), "not told that it is suspended");
}

/// PRV-038: every call of the store fails in turn, before and after it did its work, and the step is repeated.
#[test]
fn prv_038_nothing_is_lost_or_doubled_when_the_store_fails() {
    type Case = (&'static str, fn(&HostStore, &Tenant), &'static str, (usize, usize, usize));
    let cases: [Case; 3] = [
        ("somebody new", |_, _| {}, "created", (1, 1, 1)),
        ("an owner of the address", |store, acme| drop(acme.member(&store.inner, VICTIM)), "mail", (1, 1, 0)),
        (
            "a refusal",
            |store, acme| {
                let account = signed_in(acme.login(store, "u-1", VICTIM, &Session::Nobody)).scope.account().clone();
                block_on(store.inner.deactivate(acme.organization(), &account)).unwrap();
            },
            "provisioning.suspended",
            (1, 1, 1),
        ),
    ];
    let mut steps = 0;
    for (what, prepare, expected, counts) in cases {
        for call in 0.. {
            let mut outcomes = Vec::new();
            for fails in [Fails::Before(call), Fails::After(call)] {
                let (store, acme) = (HostStore::new(Defect::None), acme());
                prepare(&store, &acme);
                let started = acme.start(&store, LoginStart::default());
                let form = acme.answer(&started, "u-1", VICTIM);
                store.fail(fails);
                let first = code(&acme.finish(&store, &started, &form, &Session::Nobody));
                store.fail(Fails::Never);
                let second = code(&acme.finish(&store, &started, &form, &Session::Nobody));
                let third = code(&acme.login(&store, "u-1", VICTIM, &Session::Nobody));
                assert_eq!(store.inner.counts(), counts, "{what}: {fails:?}");
                assert_eq!(third, if expected == "created" { "returned" } else { expected }, "{what}: {fails:?}");
                outcomes.push((first, second));
                steps += 1;
            }
            if outcomes[0].0 != "store" {
                assert_eq!(outcomes, [(expected, "flow.request_consumed"); 2], "{what}: no call {call}");
                assert_eq!(call, 3, "{what}: a look at the login, one at the facts, one change");
                break;
            }
            // Before the change is written everything can be repeated. When only its answer got lost, the login is used
            // up together with what it was used for, and the next login finds that.
            let after = if call == 2 { "flow.request_consumed" } else { expected };
            assert_eq!(outcomes, [("store", expected), ("store", after)], "{what}: call {call}");
        }
    }
    assert_eq!(steps, 24);
}

/// PRV-038: the same for a confirmation.
#[test]
fn prv_038_a_confirmation_can_be_repeated() {
    for call in 0..=3 {
        for fails in [Fails::Before(call), Fails::After(call)] {
            let (store, acme) = (HostStore::new(Defect::None), acme());
            let account = acme.member(&store.inner, VICTIM);
            let session = Session::Account(account.clone());
            let (started, outcome) = acme.login_for(&store, Purpose::Link, &account, "u-1", &session);
            let token = confirmation(outcome).token;
            store.fail(fails);
            let first = confirm_code(&acme.confirm(&store, token.value(), &started, &session));
            assert_eq!(store.calls(), if call < 3 { call + 1 } else { 3 });
            store.fail(Fails::Never);
            let second = confirm_code(&acme.confirm(&store, token.value(), &started, &session));
            let expected = match fails {
                Fails::Before(3) | Fails::After(3) => ("linked", "provisioning.link_used"),
                Fails::After(2) => ("store", "provisioning.link_used"),
                _ => ("store", "linked"),
            };
            assert_eq!((first, second), expected, "{fails:?}");
            assert_eq!(store.inner.linked_account(&acme.subject("u-1")), Some(account));
        }
    }
}

/// A host that is out of seats says so, and loses nothing.
#[test]
fn a_seat_limit_is_the_hosts_veto() {
    let (store, acme) = (MemoryStore::new(), acme());
    let stranger = store.add_account(&email("stranger@corp.com"), EmailStatus::Verified);
    assert_eq!(code(&acme.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "created");
    store.limit_seats(acme.organization(), 1);
    assert_eq!(code(&acme.login(&store, "u-2", "b@corp.com", &Session::Nobody)), "provisioning.no_seat");
    assert_eq!(store.counts(), (2, 1, 1));
    let session = Session::Account(stranger.clone());
    let (started, outcome) = acme.login_for(&store, Purpose::Link, &stranger, "u-3", &session);
    let token = confirmation(outcome).token;
    let full = acme.confirm(&store, token.value(), &started, &session);
    assert_eq!(confirm_code(&full), "provisioning.no_seat");
    store.limit_seats(acme.organization(), 2);
    assert_eq!(confirm_code(&acme.confirm(&store, token.value(), &started, &session)), "linked");
    assert_eq!(code(&acme.login(&store, "u-1", "a@corp.com", &Session::Nobody)), "returned");
}

/// A login that nobody asked for signs in who is linked and makes who is new, and links nobody.
#[test]
fn an_unsolicited_login_links_nothing() {
    let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let acme = tenant_with("acme", TestKey::Rsa, policy, |provisioning| provisioning);
    let store = MemoryStore::new();
    let victim = acme.member(&store, VICTIM);
    let arrive = |user: &str, email: &str, session: &Session| {
        let form = acme.says(None, user, email);
        (code(&acme.arrive(&store, &form, None, session)), code(&acme.arrive(&store, &form, None, session)))
    };
    assert_eq!(arrive("u-1", VICTIM, &Session::Nobody), ("provisioning.unsolicited", "flow.replay"));
    assert_eq!(arrive("u-1", VICTIM, &Session::Account(victim)), ("provisioning.unsolicited", "flow.replay"));
    assert_eq!(arrive("u-2", "b@corp.com", &Session::Nobody), ("created", "flow.replay"));
    assert_eq!(arrive("u-2", "b@corp.com", &Session::Nobody), ("returned", "flow.replay"));
    let converting = Policy::strict().with_unsolicited(Unsolicited::Convert);
    let converting = tenant_with("acme", TestKey::Rsa, converting, |provisioning| provisioning);
    let form = converting.says(None, "u-2", "b@corp.com");
    assert_eq!(code(&converting.arrive(&store, &form, None, &Session::Nobody)), "restarted");
}

#[test]
fn reminders_lead_the_member_to_a_link_and_are_superseded() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let (account, linked) = (acme.member(&store, VICTIM), acme.member(&store, "linked@corp.com"));
    acme.link(&store, &linked, "u-0");
    let send = |whom, minutes| {
        let at = now() + TimeDelta::minutes(minutes);
        block_on(remind(&store, &acme.sp, acme.connection(), whom, at)).unwrap()
    };
    let first = send(Remind::Everybody, 0);
    assert_eq!(first.iter().map(|mail| &mail.account).collect::<Vec<_>>(), [&account]);
    assert!(send(Remind::NotSince(now()), 1).is_empty(), "reminded a minute ago");
    let second = send(Remind::Everybody, 1);
    let follow = |tenant: &Tenant, token: &LinkToken, session: &Session, days| {
        let visit = LinkVisit { token: token.value(), cookie: None, session };
        block_on(follow_reminder(&store, tenant.entrance(), visit, now() + TimeDelta::days(days)))
    };
    let outcome = |tenant: &Tenant, token: &LinkToken, session: &Session, days| {
        follow(tenant, token, session, days).as_ref().map_or_else(failure, |_| "started")
    };
    let session = Session::Account(account.clone());
    assert_eq!(outcome(&acme, &first[0].token, &session, 0), "provisioning.link_unknown", "there is a newer one");
    let token = &second[0].token;
    assert_eq!(outcome(&acme, token, &Session::Nobody, 0), "provisioning.sign_in_first", "it proves nothing");
    assert_eq!(outcome(&acme, token, &Session::Account(linked), 0), "provisioning.session_changed");
    assert_eq!(outcome(&evil, token, &session, 0), "provisioning.link_mismatch");
    assert_eq!(outcome(&acme, token, &session, 8), "provisioning.link_expired");
    let started = follow(&acme, token, &session, 0).unwrap();
    assert_eq!((started.keep.purpose(), started.keep.account()), (Purpose::Link, Some(&account)));
    let form = acme.answer(&started, "u-1", "whatever@corp.com");
    let asked = confirmation(acme.finish(&store, &started, &form, &session));
    acme.confirm(&store, asked.token.value(), &started, &session).unwrap();
    assert_eq!(store.linked_account(&acme.subject("u-1")), Some(account));
    assert_eq!(outcome(&acme, token, &session, 0), "provisioning.link_unknown", "it has done its work");
    assert!(send(Remind::Everybody, 2).is_empty());
    let foreign = block_on(remind(&store, &evil.sp, acme.connection(), Remind::Everybody, now()));
    assert_eq!(foreign.as_ref().map_or_else(failure, |_| "sent"), "flow.connection_mismatch");
}

/// PRV-034, and invariant 10: nothing that a user or an identity provider says is in what a log shows.
#[test]
fn prv_034_debug_shows_no_claim() {
    let (store, acme) = (MemoryStore::new(), acme());
    let account = acme.member(&store, VICTIM);
    let session = Session::Account(account.clone());
    let shown = [
        format!("{:?}", acme.login(&store, "SECRET", "secret@corp.com", &Session::Nobody)),
        format!("{:?}", acme.login(&store, "SECRET-2", VICTIM, &Session::Nobody)),
        format!("{:?}", acme.login(&store, "SECRET-2", "secret2@corp.com", &session)),
        format!("{:?}", acme.login(&store, "SECRET-2", "not an address of SECRET", &session)),
        format!("{:?}", LinkVisit { token: "SECRET", cookie: Some("SECRET"), session: &session }),
    ];
    for shown in shown {
        assert!(!shown.to_lowercase().contains("secret") && !shown.contains(VICTIM), "{shown}");
    }
}

/// An assertion that somebody changed leads to nothing, and to the refusal of the message.
#[test]
fn what_is_not_proven_reaches_no_store() {
    let (store, acme) = (MemoryStore::new(), acme());
    let started = acme.start(&store, LoginStart::default());
    let response = acme.idp.response(acme.sp.entity_id().as_str(), acme.sp.acs_url(), now());
    let response = response.in_response_to(started.keep.key().request().as_str());
    let response = response.attribute("user_id", &["u-1"]).attribute("email", &["alice@corp.com"]);
    let forged = form_value(&response.xml().unwrap().replace("u-1", "u-2"));
    assert_eq!(code(&acme.finish(&store, &started, &forged, &Session::Nobody)), "dsig.digest_mismatch");
    assert_eq!(store.counts(), (0, 0, 0));
}

/// PRV-022, FLW-029: what a test shows is the mapping's word, and a mapping that was never tried out changes nobody.
#[test]
fn a_test_and_a_step_up_change_no_role_and_make_no_member() {
    let store = MemoryStore::new();
    let sync = |settings: Provisioning| {
        settings.granting(Role::new("manager")).with_role_sync(RoleSync::EveryLogin(Default::default()))
    };
    let acme = tenant_with("acme", TestKey::Rsa, Policy::strict(), sync);
    let (admin, stranger) =
        (acme.member(&store, "admin@corp.com"), store.add_account(&email("b@corp.com"), EmailStatus::Verified));
    store.set_member(acme.organization(), &admin, MemberStatus::Active, Role::new("manager"));
    let session = Session::Account(admin.clone());
    for purpose in [Purpose::Test, Purpose::StepUp] {
        let (started, outcome) = acme.login_for(&store, purpose, &admin, "u-admin", &session);
        if purpose == Purpose::Test {
            acme.confirm(&store, confirmation(outcome).token.value(), &started, &session).unwrap();
            assert_eq!(code(&acme.login_for(&store, purpose, &admin, "u-admin", &session).1), "tested");
        } else {
            assert_eq!(code(&outcome), "stepped up");
        }
        assert_eq!(store.membership(acme.organization(), &admin), active("manager"), "{purpose:?}");
        let (_, outcome) = acme.login_for(&store, purpose, &stranger, "u-b", &Session::Account(stranger.clone()));
        assert_eq!(code(&outcome), "provisioning.not_invited");
    }
    // A login does what the settings say.
    assert_eq!(code(&acme.login(&store, "u-admin", VICTIM, &Session::Nobody)), "returned");
    assert_eq!(store.membership(acme.organization(), &admin), active("member"));
}

/// PRV-029: what an identity provider said proves no account to that identity provider.
#[test]
fn a_session_of_single_sign_on_confirms_no_link_of_its_own_connection() {
    let store = MemoryStore::new();
    let acme = acme();
    let victim = acme.member(&store, VICTIM);
    acme.link(&store, &victim, "u-victim");
    let scope = signed_in(acme.login(&store, "u-victim", VICTIM, &Session::Nobody)).scope;
    let session = Session::SingleSignOn(scope);
    let (started, outcome) = acme.login_for(&store, Purpose::Link, &victim, "u-attacker", &session);
    let token = confirmation(outcome).token;
    let refused = acme.confirm(&store, token.value(), &started, &session);
    assert_eq!(failure(&refused.unwrap_err()), "provisioning.sign_in_first");
    assert_eq!(store.linked_account(&acme.subject("u-victim")), Some(victim.clone()));
    acme.confirm(&store, token.value(), &started, &Session::Account(victim.clone())).unwrap();
    assert_eq!(store.linked_account(&acme.subject("u-attacker")), Some(victim));
}
