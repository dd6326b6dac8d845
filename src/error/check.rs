//! The outcome of every rule, for reports.

use std::fmt;

use super::Rejection;

macro_rules! rules {
    ($($(#[$list_doc:meta])* $list:ident { $($(#[$attribute:meta])* $name:ident $text:literal $spec:literal;)* })*) => {
        /// A rule that a message has to pass, in the order of the report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule { $($(#[doc = concat!($text, " (", $spec, ").")] $(#[$attribute])* $name,)*)* }

        impl Rule {
            $($(#[$list_doc])*
            pub const $list: &'static [Self] = &[$($(#[$attribute])* Self::$name),*];)*

            /// What the rule says.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $($($(#[$attribute])* Self::$name => $text,)*)* }
            }

            /// Where the standard says it.
            #[must_use]
            pub fn spec(self) -> &'static str {
                match self { $($($(#[$attribute])* Self::$name => $spec,)*)* }
            }
        }
    };
}

rules! {
    /// The rules of the Web Browser SSO profile.
    LOGIN {
        Readable "the form value decodes to XML within the profile and the limits" "SAML Bindings 3.5.4";
        ResponseElement "the root is a samlp:Response of version 2.0 in schema order" "SAML Core 3.3.3";
        Correlation "the response answers the pending login, or may come unasked" "SAML Profiles 4.1.4.3";
        Status "the status is Success" "SAML Core 3.2.2";
        OneAssertion "there is exactly one assertion" "SAML Profiles 4.1.4.2";
        Signatures "every signature in place verifies with a pinned key" "SAML Core 5.4";
        Coverage "a signature covers the assertion as the connection demands" "SAML Profiles 4.1.4.3";
        Decryption "the assertion is encrypted if that is demanded, and can be decrypted if it is" "SAML Core 2.2.4";
        AssertionElement "the assertion is of version 2.0 in schema order" "SAML Core 2.3.3";
        ResponseIssuer "the response's Issuer is the identity provider" "SAML Profiles 4.1.4.2";
        AssertionIssuer "the assertion's Issuer is the identity provider" "SAML Profiles 4.1.4.2";
        Destination "Destination is this assertion consumer service" "SAML Bindings 3.5.5.2";
        IssueInstant "neither message nor assertion comes from the future" "SAML Core 2.3.3";
        SubjectNameId "the subject's name identifier, if any, is not empty" "SAML Core 2.2.3";
        BearerConfirmation "one bearer confirmation has a Recipient and a NotOnOrAfter and no NotBefore" "SAML Profiles 4.1.4.2";
        Recipient "that confirmation's Recipient is this assertion consumer service" "SAML Profiles 4.1.4.2";
        ConfirmationTime "that confirmation has not expired" "SAML Profiles 4.1.4.2";
        InResponseTo "that confirmation and the response name the pending request, or none if unasked" "SAML Profiles 4.1.4.3";
        ConditionsTime "NotBefore and NotOnOrAfter of the conditions hold now" "SAML Core 2.5.1.2";
        Audience "every audience restriction names this service provider" "SAML Core 2.5.1.4";
        KnownConditions "every condition is understood" "SAML Core 2.5.1.1";
        AuthnStatement "there is an authentication statement" "SAML Profiles 4.1.4.2";
        AuthnInstant "the authentication is as fresh as was asked for" "SAML Core 3.4.1";
        AuthnContext "the authentication context is one that was asked for" "SAML Core 3.3.2.2.1";
        SessionTime "the identity provider's session has not ended" "SAML Core 2.7.2";
        #[cfg(feature = "xmlsec")]
        SecondOpinion "libxmlsec1 agrees that every signature verifies, if it is asked" "XML-DSig 3.2";
        Replay "the assertion has not been used before" "SAML Profiles 4.1.4.5";
    }
    /// The rules of the Single Logout profile, on requests and on responses.
    LOGOUT {
        LogoutReadable "the query or form value decodes to XML within the profile and the limits" "SAML Bindings 3.4.4";
        LogoutElement "the root is the logout message that its parameter says, of version 2.0 in schema order" "SAML Core 3.7";
        LogoutCorrelation "the connection is one of this organization; a response answers a logout that is under way" "SAML Core 3.2.2";
        LogoutSignature "a pinned key signed the message: in its place, or the query that it came in" "SAML Profiles 4.4.4";
        LogoutIssuer "the Issuer is the identity provider" "SAML Profiles 4.4.4";
        LogoutDestination "Destination is this single logout service" "SAML Bindings 3.4.5.2";
        LogoutTime "the message is neither from the future nor too late" "SAML Core 3.7.1";
        LogoutName "the request names one user, readable to this service provider" "SAML Core 3.7.1";
        LogoutReplay "the request has not been used before" "SAML Core 3.7.3";
        LogoutSession "the user and the sessions that the request names signed in here" "SAML Core 3.7.3.2";
        LogoutStatus "the status of the response is Success or PartialLogout" "SAML Core 3.7.3";
    }
}

/// How a rule came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held.
    Passed,
    /// It did not. The rejection has no checks of its own.
    Failed(Rejection),
    /// Whoever has to say so can't: libxmlsec1 does not know an algorithm, with the feature `xmlsec`.
    Undecided,
    /// An earlier failure left nothing to apply it to, or the connection does not ask for it.
    NotReached,
}

/// A rule and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    rule: Rule,
    outcome: Outcome,
}

impl Check {
    /// The rule.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// Its outcome.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

/// The outcomes of the rules of one profile that were applied, in the order in which they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    rules: &'static [Rule],
    applied: Vec<Check>,
}

/// Of the Web Browser SSO profile.
impl Default for Checks {
    fn default() -> Self {
        Self { rules: Rule::LOGIN, applied: Vec::new() }
    }
}

impl Checks {
    /// Of the Single Logout profile.
    pub(crate) fn logout() -> Self {
        Self { rules: Rule::LOGOUT, applied: Vec::new() }
    }

    /// Every rule with its outcome, in the order of the report.
    pub fn iter(&self) -> impl Iterator<Item = Check> + '_ {
        self.rules.iter().map(|rule| {
            let outcome = self.outcome(*rule).cloned().unwrap_or(Outcome::NotReached);
            Check { rule: *rule, outcome }
        })
    }

    /// The outcome of one rule, if it was applied.
    #[must_use]
    pub fn outcome(&self, rule: Rule) -> Option<&Outcome> {
        let outcomes = self.applied.iter().filter(|check| check.rule == rule).map(|check| &check.outcome);
        outcomes.min_by_key(|outcome| match outcome {
            Outcome::Failed(_) => 0,
            Outcome::Undecided => 1,
            Outcome::Passed | Outcome::NotReached => 2,
        })
    }

    /// Notes an outcome and hands the value on.
    pub(crate) fn note<T>(&mut self, rule: Rule, result: Result<T, Rejection>) -> Result<T, Rejection> {
        let outcome = match &result {
            Ok(_) => Outcome::Passed,
            Err(rejection) => Outcome::Failed(rejection.clone()),
        };
        self.push(rule, outcome);
        result
    }

    /// Notes that nobody can say.
    #[cfg(feature = "xmlsec")]
    pub(crate) fn note_undecided(&mut self, rule: Rule) {
        self.push(rule, Outcome::Undecided);
    }

    fn push(&mut self, rule: Rule, outcome: Outcome) {
        if self.applied.is_empty() {
            self.applied.reserve_exact(self.rules.len());
        }
        self.applied.push(Check { rule, outcome });
    }

    /// The first failure in the order of the application.
    pub(crate) fn first_failure(&self) -> Option<&Rejection> {
        self.applied.iter().find_map(|check| match &check.outcome {
            Outcome::Failed(rejection) => Some(rejection),
            _ => None,
        })
    }
}

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in self.iter() {
            match &check.outcome {
                Outcome::Passed => writeln!(f, "  passed       {}", check.rule.text())?,
                Outcome::Undecided => writeln!(f, "  undecided    {}", check.rule.text())?,
                Outcome::NotReached => writeln!(f, "  not reached  {}", check.rule.text())?,
                Outcome::Failed(rejection) => {
                    writeln!(f, "  FAILED       {} [{}]", check.rule.text(), rejection.code())?;
                    if let Some(expected) = rejection.expected() {
                        writeln!(f, "               expected {expected:?}")?;
                    }
                    if let Some(found) = rejection.found() {
                        writeln!(f, "               found    {found:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
