//! What a connection demands and what it lets pass.

use crate::dsig::{Algorithms, Permission};
use crate::error::ConfigError;
use crate::xmlenc::{Ciphers, Use};

/// Which signature has to cover the assertion. There is no "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureRule {
    /// On the assertion or on the response around it. Identity providers differ, the proof is the same.
    #[default]
    Either,
    /// On the assertion itself.
    Assertion,
    /// On the response.
    Response,
    /// On both.
    Both,
}

/// Whether an assertion has to come encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncryptionRule {
    /// It may come either way: what proves it is the signature, and TLS keeps it from third parties.
    #[default]
    Either,
    /// It has to: the browser that carries it, and what logs its traffic, must not read it.
    Encrypted,
}

/// What to do with a response that no request of ours asked for (SAML Profiles 4.1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsolicited {
    /// Refuse it: anybody who gets hold of a user's response could log a victim's browser in with it.
    #[default]
    Refuse,
    /// Accept it once.
    Accept,
    /// Read nothing of it but who sent it, and start a login there: the user sees a short detour,
    /// and the answer is bound to the request and the browser.
    Convert,
}

/// Whether libxmlsec1 is asked about logins, too, after every signature has verified here and every rule has passed. It can refuse and
/// nothing else. With the feature `xmlsec`.
#[cfg(feature = "xmlsec")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecondOpinion {
    /// Nobody else is asked: this crate's engine needs no other.
    #[default]
    NotAsked,
    /// It has to agree where it can judge. libxmlsec1 1.2 does not know RSA-PSS: the login's report says so
    /// ([`Outcome::Undecided`](crate::error::Outcome::Undecided)).
    WhereSupported,
    /// It has to agree.
    Required,
}

/// A departure from the profile that does not weaken the proof, switched on for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Relaxation {
    /// A NotBefore on the bearer confirmation; it is enforced.
    ConfirmationNotBefore,
    /// An assertion without an authentication statement.
    NoAuthnStatement,
    /// `InResponseTo=""` counts as absent.
    EmptyInResponseTo,
    /// AES-CBC in an assertion that only a signature inside covers: the ciphertext can be altered, so that every
    /// failed decryption costs a login, and unsolicited responses in CBC are refused.
    Cbc,
    /// A logout response that nothing signs, as Entra ID and Okta send it: it can only end the wait for it. A logout
    /// request is never accepted unsigned.
    UnsignedLogoutResponse,
}

/// What is known of ciphertext before it is decrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ciphertext {
    /// A verified signature covers it.
    Signed,
    /// Anybody can have altered it; it answers a request.
    UnsignedAnswer,
    /// Anybody can have altered it, as often as they like.
    UnsignedUnsolicited,
}

/// The policy of a connection. Everything is at its strictest until it is changed.
///
/// ```
/// use saml_sp::{Policy, Relaxation, SignatureRule, Unsolicited};
/// let policy = Policy::strict()
///     .with_signature_rule(SignatureRule::Both)
///     .with_unsolicited(Unsolicited::Accept)
///     .with_relaxation(Relaxation::NoAuthnStatement);
/// let legacy = Policy::strict().dangerous().allow_sha1().into_policy();
/// # let _ = (policy, legacy);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    signature_rule: SignatureRule,
    encryption_rule: EncryptionRule,
    unsolicited: Unsolicited,
    #[cfg(feature = "xmlsec")]
    second_opinion: SecondOpinion,
    relaxations: Vec<Relaxation>,
    algorithms: Algorithms,
    rsa1_5: Use,
    triple_des: Use,
    placeholder: Option<String>,
}

impl Policy {
    /// The strict profile.
    #[must_use]
    pub fn strict() -> Self {
        Self::default()
    }

    /// Demands a certain signature.
    #[must_use]
    pub fn with_signature_rule(mut self, rule: SignatureRule) -> Self {
        self.signature_rule = rule;
        self
    }

    /// Demands encryption. The service provider needs a decryption key then.
    #[must_use]
    pub fn with_encryption_rule(mut self, rule: EncryptionRule) -> Self {
        self.encryption_rule = rule;
        self
    }

    /// Decides on responses that were not asked for.
    #[must_use]
    pub fn with_unsolicited(mut self, unsolicited: Unsolicited) -> Self {
        self.unsolicited = unsolicited;
        self
    }

    /// Asks a second engine.
    #[cfg(feature = "xmlsec")]
    #[must_use]
    pub fn with_second_opinion(mut self, second_opinion: SecondOpinion) -> Self {
        self.second_opinion = second_opinion;
        self
    }

    /// Lets a departure from the profile pass.
    #[must_use]
    pub fn with_relaxation(mut self, relaxation: Relaxation) -> Self {
        if !self.has(relaxation) {
            self.relaxations.push(relaxation);
            self.relaxations.sort_unstable();
        }
        self
    }

    /// Takes this literal in an InResponseTo for none: Rippling puts a constant there when nobody has asked. It only
    /// helps where [unsolicited](Self::with_unsolicited) responses are not refused.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for one that is empty or begins with `_`, as the IDs of our requests do.
    pub fn with_in_response_to_placeholder(mut self, literal: impl Into<String>) -> Result<Self, ConfigError> {
        let literal = literal.into();
        if literal.is_empty() || literal.starts_with('_') {
            let reason =
                "a constant that the identity provider sends, which can't be one of our IDs: those begin with _";
            return Err(ConfigError::Value { field: "in_response_to_placeholder", reason });
        }
        self.placeholder = Some(literal);
        Ok(self)
    }

    /// The doorway to settings that weaken the cryptographic proof.
    #[must_use]
    pub fn dangerous(self) -> Dangerous {
        Dangerous(self)
    }

    /// Which signature has to cover the assertion.
    #[must_use]
    pub fn signature_rule(&self) -> SignatureRule {
        self.signature_rule
    }

    /// Whether an assertion has to come encrypted.
    #[must_use]
    pub fn encryption_rule(&self) -> EncryptionRule {
        self.encryption_rule
    }

    /// What happens to responses that were not asked for.
    #[must_use]
    pub fn unsolicited(&self) -> Unsolicited {
        self.unsolicited
    }

    /// Whether a second engine is asked.
    #[cfg(feature = "xmlsec")]
    #[must_use]
    pub fn second_opinion(&self) -> SecondOpinion {
        self.second_opinion
    }

    /// Whether that departure passes.
    #[must_use]
    pub fn has(&self, relaxation: Relaxation) -> bool {
        self.relaxations.contains(&relaxation)
    }

    /// What counts as no InResponseTo, besides its absence.
    #[must_use]
    pub fn in_response_to_placeholder(&self) -> Option<&str> {
        self.placeholder.as_deref()
    }

    /// The names of all settings that are not at their strictest, `unsolicited_accept` or `dangerous_sha1` for example:
    /// to be shown, and to be stored.
    pub fn settings(&self) -> impl Iterator<Item = &'static str> {
        SETTINGS.iter().filter(|(_, put)| put(self.clone()) == *self).map(|(name, _)| *name)
    }

    /// The strict policy with these [`settings`](Self::settings); none for a name that no setting has.
    pub(crate) fn from_settings<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        names.into_iter().try_fold(Self::strict(), |policy, name| {
            SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, put)| put(policy))
        })
    }

    /// What may be used to decrypt ciphertext that is, or is not, covered by a verified signature.
    pub(crate) fn ciphers(&self, ciphertext: Ciphertext) -> Ciphers {
        let cbc = match ciphertext {
            Ciphertext::Signed => Use::Allowed,
            Ciphertext::UnsignedAnswer if self.has(Relaxation::Cbc) => Use::Allowed,
            Ciphertext::UnsignedAnswer | Ciphertext::UnsignedUnsolicited => Use::Refused,
        };
        Ciphers { cbc, rsa1_5: self.rsa1_5, triple_des: self.triple_des }
    }

    pub(crate) fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }
}

/// A name, and what puts the setting into a policy.
type Setting = (&'static str, fn(Policy) -> Policy);

/// Every departure from the strict policy. A policy has those that change nothing about it.
const SETTINGS: &[Setting] = &[
    ("signature_assertion", |policy| policy.with_signature_rule(SignatureRule::Assertion)),
    ("signature_response", |policy| policy.with_signature_rule(SignatureRule::Response)),
    ("signature_both", |policy| policy.with_signature_rule(SignatureRule::Both)),
    ("encryption_required", |policy| policy.with_encryption_rule(EncryptionRule::Encrypted)),
    #[cfg(feature = "xmlsec")]
    ("second_opinion_where_supported", |policy| policy.with_second_opinion(SecondOpinion::WhereSupported)),
    #[cfg(feature = "xmlsec")]
    ("second_opinion_required", |policy| policy.with_second_opinion(SecondOpinion::Required)),
    ("unsolicited_accept", |policy| policy.with_unsolicited(Unsolicited::Accept)),
    ("unsolicited_convert", |policy| policy.with_unsolicited(Unsolicited::Convert)),
    ("scd_not_before", |policy| policy.with_relaxation(Relaxation::ConfirmationNotBefore)),
    ("no_authn_statement", |policy| policy.with_relaxation(Relaxation::NoAuthnStatement)),
    ("empty_in_response_to", |policy| policy.with_relaxation(Relaxation::EmptyInResponseTo)),
    ("unsigned_logout_response", |policy| policy.with_relaxation(Relaxation::UnsignedLogoutResponse)),
    ("cbc", |policy| policy.with_relaxation(Relaxation::Cbc)),
    ("dangerous_sha1", |policy| policy.dangerous().allow_sha1().into_policy()),
    ("dangerous_rsa1024", |policy| policy.dangerous().allow_rsa1024().into_policy()),
    ("dangerous_inclusive_c14n", |policy| policy.dangerous().allow_inclusive_c14n().into_policy()),
    ("dangerous_rsa1_5", |policy| policy.dangerous().allow_rsa1_5().into_policy()),
    ("dangerous_3des", |policy| policy.dangerous().allow_3des().into_policy()),
];

/// Settings that make forgery easier. Each is for one connection, as long as its identity provider
/// can't do better.
#[derive(Clone, Debug)]
pub struct Dangerous(Policy);

impl Dangerous {
    /// Accepts SHA-1 in signatures and digests: collisions cost an attacker money, not time.
    #[must_use]
    pub fn allow_sha1(mut self) -> Self {
        self.0.algorithms.sha1 = Permission::Allowed;
        self
    }

    /// Accepts RSA keys from 1024 bits.
    #[must_use]
    pub fn allow_rsa1024(mut self) -> Self {
        self.0.algorithms.rsa1024 = Permission::Allowed;
        self
    }

    /// Accepts inclusive canonicalization 1.0 and 1.1, and exclusive `#WithComments`.
    #[must_use]
    pub fn allow_inclusive_c14n(mut self) -> Self {
        self.0.algorithms.inclusive_c14n = Permission::Allowed;
        self
    }

    /// Accepts RSA PKCS#1 v1.5 key transport. Bad padding is answered with a random key, so that nobody learns of it.
    #[must_use]
    pub fn allow_rsa1_5(mut self) -> Self {
        self.0.rsa1_5 = Use::Allowed;
        self
    }

    /// Accepts Triple DES where AES-CBC is accepted.
    #[must_use]
    pub fn allow_3des(mut self) -> Self {
        self.0.triple_des = Use::Allowed;
        self
    }

    /// Back to the policy.
    #[must_use]
    pub fn into_policy(self) -> Policy {
        self.0
    }
}
