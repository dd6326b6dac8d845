//! What a connection demands and what it lets pass.

use crate::dsig::{Algorithms, Permission};
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

/// Whether libxmlsec1 is asked, too, after every signature has verified here and every rule has passed. It can refuse and
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    unsolicited: Unsolicited,
    #[cfg(feature = "xmlsec")]
    second_opinion: SecondOpinion,
    relaxations: Vec<Relaxation>,
    algorithms: Algorithms,
    rsa1_5: Use,
    triple_des: Use,
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
        }
        self
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
