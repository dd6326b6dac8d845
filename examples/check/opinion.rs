//! `--second-opinion`, in builds that can have one.

use saml_sp::Policy;
use saml_sp::error::Checks;

/// Who verifies signatures.
#[cfg_attr(not(feature = "xmlsec"), expect(dead_code, reason = "there is no second one"))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engines {
    /// This crate.
    One,
    /// This crate and, where it can judge, libxmlsec1.
    Two,
}

/// What the second engine said of a login.
#[cfg_attr(not(feature = "xmlsec"), expect(dead_code, reason = "nobody has one"))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opinion {
    Agrees,
    /// It does not know an algorithm.
    CannotJudge,
}

#[cfg(feature = "xmlsec")]
impl Engines {
    /// What there is in this build.
    pub(crate) const AVAILABLE: Self = Self::Two;

    /// The policy, with the question in it.
    pub(crate) fn ask(self, policy: Policy) -> Policy {
        match self {
            Self::One => policy,
            Self::Two => policy.with_second_opinion(saml_sp::SecondOpinion::WhereSupported),
        }
    }
}

#[cfg(feature = "xmlsec")]
impl Opinion {
    /// What was said, if it was asked.
    pub(crate) fn of(checks: &Checks) -> Option<Self> {
        match checks.outcome(saml_sp::error::Rule::SecondOpinion)? {
            saml_sp::error::Outcome::Passed => Some(Self::Agrees),
            saml_sp::error::Outcome::Undecided => Some(Self::CannotJudge),
            _ => None,
        }
    }
}

#[cfg(not(feature = "xmlsec"))]
impl Engines {
    /// What there is in this build.
    pub(crate) const AVAILABLE: Self = Self::One;

    /// The policy as it is.
    pub(crate) fn ask(self, policy: Policy) -> Policy {
        policy
    }
}

#[cfg(not(feature = "xmlsec"))]
impl Opinion {
    /// Nothing was said.
    pub(crate) fn of(_: &Checks) -> Option<Self> {
        None
    }
}
