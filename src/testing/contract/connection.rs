//! What a store of organizations and connections has to do.

use chrono::{DateTime, Utc};

use super::{RIVALS, Violation, all, expect};
use crate::browser::random_hex;
use crate::connection::Connection;
use crate::fetch::{MetadataUrl, Validators};
use crate::mapping::{AttributeMap, Role, Source as Field};
use crate::metadata::{EntityChoice, IdentityProvider, MetadataTrust};
use crate::names::{ConnectionId, OrganizationId};
use crate::policy::{Policy, Unsolicited};
use crate::provisioning::{Joining, Onboarding, Provisioning};
use crate::registration::{Fetch, Registration, Source};
use crate::storage::{ConnectionStore, Registered, Replaced};
use crate::testing::TestKey;

/// Runs a store through its contract. It may hold other organizations and connections; the ones made here have random
/// names. Which slug names which organization is the host's affair: `give_slug` has to do it.
///
/// ```
/// use saml_sp::flow::block_on;
/// use saml_sp::testing::{MemoryStore, connection_store_contract};
/// let store = MemoryStore::new();
/// let give_slug = async |slug: &str, organization| Ok(store.give_slug(slug, organization));
/// block_on(connection_store_contract(&store, give_slug)).unwrap();
/// ```
///
/// # Errors
/// What the store did instead of what it should, or its own error.
pub async fn connection_store_contract<S, F>(store: &S, give_slug: F) -> Result<(), Violation>
where
    S: ConnectionStore,
    F: AsyncFn(&str, OrganizationId) -> Result<(), S::Error>,
{
    let case = Case { store, name: random_hex()? };
    case.finds_organizations(give_slug).await?;
    case.keeps_every_byte().await?;
    case.tells_organizations_apart().await?;
    case.registers_an_entity_once().await?;
    case.replaces_what_it_was_shown().await?;
    case.never_uses_a_name_again().await?;
    case.lets_one_of_many_win().await?;
    case.finds_what_is_due().await
}

struct Case<'s, S> {
    store: &'s S,
    name: String,
}

impl<S: ConnectionStore> Case<'_, S> {
    async fn finds_organizations<F>(&self, give_slug: F) -> Result<(), Violation>
    where
        F: AsyncFn(&str, OrganizationId) -> Result<(), S::Error>,
    {
        let slug = format!("s{}", self.name);
        expect("a slug that nobody has", &None, &self.store.organization(&slug).await?)?;
        for name in ["first", "second"] {
            give_slug(&slug, self.organization(name)).await?;
            let found = self.store.organization(&slug).await?;
            expect("the organization that has the slug now", &Some(self.organization(name)), &found)?;
        }
        let upper = self.store.organization(&slug.to_uppercase()).await?;
        expect("a slug in other letters", &None, &upper)
    }

    async fn keeps_every_byte(&self) -> Result<(), Violation> {
        let registration = self.registration("bytes", "bytes", "idp", Unsolicited::Convert)?;
        expect("an organization without connections", &Vec::new(), &self.found("bytes").await?)?;
        for _ in 0..2 {
            expect("registering, and again", &Registered::Done, &self.store.register(&registration).await?)?;
            expect("what was registered", &vec![registration.clone()], &self.found("bytes").await?)?;
        }
        Ok(())
    }

    async fn tells_organizations_apart(&self) -> Result<(), Violation> {
        let (here, there) = (self.simple("here", "here", "same")?, self.simple("there", "there", "same")?);
        for registration in [&here, &there] {
            let registered = self.store.register(registration).await?;
            expect("one identity provider at two organizations", &Registered::Done, &registered)?;
        }
        expect("the connections of one organization", &vec![here], &self.found("here").await?)?;
        expect("the connections of the other", &vec![there], &self.found("there").await?)
    }

    async fn registers_an_entity_once(&self) -> Result<(), Violation> {
        let (first, again) = (self.simple("one", "entity", "idp")?, self.simple("two", "entity", "idp")?);
        let other = self.simple("three", "entity", "another")?;
        expect("a connection", &Registered::Done, &self.store.register(&first).await?)?;
        let taken = self.store.register(&again).await?;
        expect("another connection to the same entityID", &Registered::EntityIdTaken, &taken)?;
        expect("a connection to another entityID", &Registered::Done, &self.store.register(&other).await?)?;
        let turned = self.simple("three", "entity", "idp")?;
        let taken = self.store.replace(&other, &turned).await?;
        expect("a change to an entityID that another connection has", &Replaced::EntityIdTaken, &taken)?;
        expect("connections of the organization", &2, &self.found("entity").await?.len())
    }

    async fn replaces_what_it_was_shown(&self) -> Result<(), Violation> {
        let old = self.registration("change", "change", "idp", Unsolicited::Refuse)?;
        let new = self.registration("change", "change", "idp", Unsolicited::Accept)?;
        let other = self.registration("change", "change", "idp", Unsolicited::Convert)?;
        let nothing = self.store.replace(&old, &new).await?;
        expect("replacing what was never registered", &Replaced::Changed, &nothing)?;
        self.store.register(&old).await?;
        let stale = self.store.replace(&other, &new).await?;
        expect("replacing something else than what is stored", &Replaced::Changed, &stale)?;
        expect("what is stored after that", &vec![old.clone()], &self.found("change").await?)?;
        for _ in 0..2 {
            expect("replacing, and again", &Replaced::Done, &self.store.replace(&old, &new).await?)?;
            expect("what is stored after that", &vec![new.clone()], &self.found("change").await?)?;
        }
        expect("registering under a name that is taken", &Registered::IdTaken, &self.store.register(&old).await?)
    }

    async fn never_uses_a_name_again(&self) -> Result<(), Violation> {
        let registration = self.simple("gone", "gone", "idp")?;
        self.store.register(&registration).await?;
        self.store.remove(&self.organization("other"), registration.connection().id()).await?;
        expect("connections after somebody else's removal", &1, &self.found("gone").await?.len())?;
        for _ in 0..2 {
            self.store.remove(&self.organization("gone"), registration.connection().id()).await?;
            expect("connections after the removal", &Vec::new(), &self.found("gone").await?)?;
        }
        let again = self.store.register(&registration).await?;
        expect("registering under the name of a removed connection", &Registered::IdTaken, &again)?;
        let replaced = self.store.replace(&registration, &registration).await?;
        expect("changing a removed connection", &Replaced::Changed, &replaced)?;
        let anew = self.simple("anew", "gone", "idp")?;
        expect("the same identity provider under a new name", &Registered::Done, &self.store.register(&anew).await?)
    }

    async fn lets_one_of_many_win(&self) -> Result<(), Violation> {
        let names: Vec<String> = (0..RIVALS).map(|rival| format!("rival{rival}")).collect();
        let rivals = names.iter().map(|name| self.simple(name, "rivals", "idp")).collect::<Result<Vec<_>, _>>()?;
        let registered = all(rivals.iter().map(|rival| self.store.register(rival)).collect()).await;
        let registered = registered.into_iter().collect::<Result<Vec<_>, _>>()?;
        let done = registered.iter().filter(|outcome| **outcome == Registered::Done).count();
        expect("registrations of one entityID at once that succeed", &1, &done)?;
        expect("connections of the organization", &1, &self.found("rivals").await?.len())
    }

    /// Long ago, so that nothing else that the store holds is due.
    async fn finds_what_is_due(&self) -> Result<(), Violation> {
        let (early, late) = (self.fetched("early", 0)?, self.fetched("late", 1)?);
        let off = self.fetched("off", 0)?;
        let off = off.clone().with_connection(off.connection().clone().disabled())?;
        let pasted = self.simple("pasted", "due", "pasted")?;
        for registration in [&late, &off, &pasted, &early] {
            self.store.register(registration).await?;
        }
        expect("what is due before anything is", &Vec::new(), &self.due(DateTime::UNIX_EPOCH, 100).await?)?;
        let (first, second) = (early.refresh_at().unwrap_or_default(), late.refresh_at().unwrap_or_default());
        expect("what is due at the first date", &vec![early.clone()], &self.due(first, 100).await?)?;
        expect("both, the longest overdue first", &vec![early.clone(), late.clone()], &self.due(second, 100).await?)?;
        expect("at most so many as asked for", &true, &(self.store.due(second, 1).await?.len() <= 1))?;
        let asked = self.fetched("early", 30)?;
        self.store.replace(&early, &asked).await?;
        expect("what is due after the first was asked for", &vec![late.clone()], &self.due(second, 100).await?)?;
        for registration in [&late, &off, &asked] {
            self.store.remove(&self.organization("due"), registration.connection().id()).await?;
        }
        expect("what is due after it was removed", &Vec::new(), &self.due(second, 100).await?)
    }

    async fn due(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<Registration>, Violation> {
        let mut due = self.store.due(now, most).await?;
        due.retain(|registration| registration.connection().organization() == &self.organization("due"));
        Ok(due)
    }

    /// Fetched so many days after the beginning of time.
    fn fetched(&self, id: &str, days: i64) -> Result<Registration, Violation> {
        let registration = self.simple(id, "due", id)?;
        let at = DateTime::from_timestamp(days.saturating_mul(86_400), 0).unwrap_or_default();
        let url = MetadataUrl::new("https://idp.example/metadata")?;
        let believed = (EntityChoice::Only, MetadataTrust::ObtainedSecurely);
        let fetch = Fetch::new(url, believed, "idp.example", Validators::none(), at);
        let (connection, onboarding) = registration.into_parts();
        Ok(Registration::new(connection, onboarding, Source::Url(Box::new(fetch)))?)
    }

    async fn found(&self, organization: &str) -> Result<Vec<Registration>, Violation> {
        Ok(self.store.registrations(&self.organization(organization)).await?)
    }

    fn simple(&self, id: &str, organization: &str, entity_id: &str) -> Result<Registration, Violation> {
        self.registration(id, organization, entity_id, Unsolicited::Refuse)
    }

    fn registration(
        &self,
        id: &str,
        organization: &str,
        entity_id: &str,
        unsolicited: Unsolicited,
    ) -> Result<Registration, Violation> {
        let fields = IdentityProvider::builder(format!("https://{entity_id}.example/"), "https://idp.example/sso");
        let provider = fields.certificate(TestKey::Rsa.certificate_pem()).build()?;
        let id = ConnectionId::new(format!("{}-{id}", self.name));
        let policy = Policy::strict().with_unsolicited(unsolicited);
        let connection = Connection::draft(id, self.organization(organization), provider, policy)?;
        let settings = Provisioning::new(&connection, Joining::InvitedOnly, Role::new("member"));
        let mapping = AttributeMap::builder([Field::NameId], [Field::attribute("mail")]).build()?;
        Ok(Registration::new(connection, Onboarding::new(mapping, settings), Source::Fields)?)
    }

    fn organization(&self, name: &str) -> OrganizationId {
        OrganizationId::new(format!("{}-{name}", self.name))
    }
}
