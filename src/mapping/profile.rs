//! What is known about the products that identity providers are made of.

use url::Url;

use super::attribute_map::AttributeMap;
use super::profiles::PROFILES;
use super::source::Source;
use crate::error::ConfigError;
use crate::metadata::IdentityProvider;
use crate::policy::{Relaxation, SignatureRule, Unsolicited};
use crate::sp::ServiceProvider;

/// What is known about a product: where its users' fields are, what it signs, and what to type where in its console.
///
/// All of it is a proposal to show to whoever registers an identity provider. Nothing here is ever applied by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdpProfile {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) attributes: Preset,
    pub(super) signed: SignatureRule,
    pub(super) name_id_format: Option<&'static str>,
    pub(super) suggestions: &'static [Suggestion],
    pub(super) logout: &'static str,
    pub(super) set_up: &'static [SetUpStep],
    pub(super) hints: &'static [&'static str],
    pub(super) hosts: &'static [&'static str],
    pub(super) entity_id_ends: &'static [&'static str],
    pub(super) sso_path_ends: &'static [&'static str],
}

/// The sources of the fields, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Preset {
    pub(super) identifier: &'static [Preferred],
    pub(super) email: &'static [Preferred],
    pub(super) first_name: &'static [Preferred],
    pub(super) last_name: &'static [Preferred],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preferred {
    NameId,
    Attribute(&'static str),
}

/// A setting that connections to a product may need, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suggestion {
    /// [`Policy::with_relaxation`](crate::Policy::with_relaxation).
    Relax {
        /// The relaxation.
        relaxation: Relaxation,
        /// When and why it is needed.
        reason: &'static str,
    },
    /// [`Policy::with_unsolicited`](crate::Policy::with_unsolicited).
    Unsolicited {
        /// What to do with responses that were not asked for.
        unsolicited: Unsolicited,
        /// When and why it is needed.
        reason: &'static str,
    },
    /// Unsolicited responses name a request that never was, always the same: that very text has to count as no InResponseTo. It is in the
    /// report of the first response that is refused.
    ConstantInResponseTo {
        /// When and why it is needed.
        reason: &'static str,
    },
}

/// Something to type into the console of the identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUpStep {
    pub(super) field: &'static str,
    pub(super) value: OurValue,
}

/// What to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OurValue {
    /// The entityID of the service provider. Where it is a URL its metadata is found there.
    EntityId,
    /// The URL of the assertion consumer service.
    AcsUrl,
    /// The URL of the single logout service.
    SlsUrl,
    /// This text.
    Text(&'static str),
}

impl IdpProfile {
    /// All of them, in the order of a menu; the last is for everything else.
    #[must_use]
    pub fn all() -> &'static [Self] {
        PROFILES
    }

    /// The profile of that [`id`](Self::id).
    #[must_use]
    pub fn named(id: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.id == id)
    }

    /// The profile that the entityID and the endpoints of an identity provider speak for. Hosts are compared label by label from the
    /// right, ends of paths to the letter. It is a guess from what anybody can write into metadata: good for a menu, and no proof.
    #[must_use]
    pub fn suggest(idp: &IdentityProvider) -> Option<&'static Self> {
        let entity_id = idp.entity_id().as_str();
        let parsed = |text: &str| Url::parse(text).ok();
        let sso = idp.single_sign_on().iter().filter_map(|endpoint| parsed(endpoint.location()));
        let urls: Vec<Url> = parsed(entity_id).into_iter().chain(sso).collect();
        let has_host = |profile: &&Self| {
            let is_below = |host: &str| profile.hosts.iter().any(|known| is_host_below(host, known));
            urls.iter().filter_map(Url::host_str).any(is_below)
        };
        let has_entity_id = |profile: &&Self| profile.entity_id_ends.iter().any(|end| entity_id.ends_with(end));
        let has_path = |profile: &&Self| {
            let ends = |url: &Url| profile.sso_path_ends.iter().any(|end| url.path().ends_with(end));
            urls.iter().any(ends)
        };
        let first = PROFILES.iter().find(has_host).or_else(|| PROFILES.iter().find(has_entity_id));
        first.or_else(|| PROFILES.iter().find(has_path))
    }

    /// The stable name, to be stored.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The name of the product.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where the fields of its users are.
    ///
    /// # Errors
    /// None, unless the crate itself is broken.
    pub fn attribute_map(&self) -> Result<AttributeMap, ConfigError> {
        let sources = |preferred: &'static [Preferred]| {
            preferred.iter().map(|preferred| match preferred {
                Preferred::NameId => Source::NameId,
                Preferred::Attribute(name) => Source::attribute(*name),
            })
        };
        AttributeMap::builder(sources(self.attributes.identifier), sources(self.attributes.email))
            .first_name(sources(self.attributes.first_name))
            .last_name(sources(self.attributes.last_name))
            .build()
    }

    /// What it signs as it comes. [`SignatureRule::Either`] where that is a matter of its settings.
    #[must_use]
    pub fn signed(&self) -> SignatureRule {
        self.signed
    }

    /// The NameID Format to ask for, or none to ask for nothing, which is the default of requests.
    #[must_use]
    pub fn name_id_format(&self) -> Option<&'static str> {
        self.name_id_format
    }

    /// What a connection may need, for a person to decide.
    #[must_use]
    pub fn suggestions(&self) -> &'static [Suggestion] {
        self.suggestions
    }

    /// How it logs out.
    #[must_use]
    pub fn logout(&self) -> &'static str {
        self.logout
    }

    /// What to type where.
    #[must_use]
    pub fn set_up(&self) -> &'static [SetUpStep] {
        self.set_up
    }

    /// What else to know when setting it up.
    #[must_use]
    pub fn hints(&self) -> &'static [&'static str] {
        self.hints
    }
}

impl Suggestion {
    /// When and why it is needed.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Relax { reason, .. } | Self::Unsolicited { reason, .. } | Self::ConstantInResponseTo { reason } => {
                reason
            }
        }
    }
}

impl SetUpStep {
    /// The field, as the console names it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What goes there.
    #[must_use]
    pub fn value(&self) -> OurValue {
        self.value
    }
}

impl OurValue {
    /// What it is for that service provider; none for a single logout service that it does not have.
    #[must_use]
    pub fn of(self, sp: &ServiceProvider) -> Option<&str> {
        match self {
            Self::EntityId => Some(sp.entity_id().as_str()),
            Self::AcsUrl => Some(sp.acs_url()),
            Self::SlsUrl => sp.sls_url(),
            Self::Text(text) => Some(text),
        }
    }
}

/// `www.okta.com` is below `okta.com`, and `notokta.com` is not.
fn is_host_below(host: &str, known: &str) -> bool {
    host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
