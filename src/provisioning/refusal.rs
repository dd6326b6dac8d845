//! Why a proven identity gets nobody in.

use std::fmt;

/// The sentence that a user reads, of which a host has one page each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Single sign-on is not set up for this organization.
    NotAvailable,
    /// The identity provider's user is no member here and does not become one.
    NoAccess,
    /// The identity belongs to someone else.
    BelongsToAnother,
    /// The account's holder must be signed in to link it.
    MustSignIn,
    /// The session of single sign-on does not reach here, or has ended.
    SessionOver,
    /// What was begun is no longer there: begin again.
    StateLost,
}

macro_rules! refusals {
    ($($name:ident $code:literal $kind:ident: $sentence:literal => $remedy:literal;)*) => {
        /// Why an identity, proven as it is, gets nobody in. `Display` is the public sentence and the code; it tells
        /// nobody whether an account exists.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Refusal { $(#[doc = concat!("`", $code, "`: ", $sentence, ". Remedy: ", $remedy, ".")] $name,)* }

        impl Refusal {
            /// Every refusal there is, for documentation and translation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable identifier `provisioning.name`, fit for logs, metrics and support articles.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Which of the host's pages says it.
            #[must_use]
            pub fn kind(self) -> RefusalKind {
                match self { $(Self::$name => RefusalKind::$kind,)* }
            }

            /// What to do about it. For the organization's administrator or the host.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }

            fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

refusals! {
    NotConfigured "provisioning.not_configured" NotAvailable: "single sign-on is not set up for members of this organization" => "give the connection its mapping and provisioning settings";
    NotInvited "provisioning.not_invited" NoAccess: "you are not a member of this organization" => "invite the address that the identity provider asserts, or switch on joining just in time";
    JoiningOff "provisioning.joining_off" NoAccess: "you are not a member of this organization" => "make the member first, or switch on joining by single sign-on";
    Suspended "provisioning.suspended" NoAccess: "your access to this organization is suspended" => "have an administrator of the organization lift the suspension";
    Removed "provisioning.removed" NoAccess: "you are no longer a member of this organization" => "have an administrator of the organization take the member in again";
    RoleDenied "provisioning.role_denied" NoAccess: "single sign-on gives a role that it may not give here" => "have the mapping of groups give only roles that the provisioning settings grant";
    RoleMissing "provisioning.role_missing" NoAccess: "none of your groups has access to this organization" => "put the user into a mapped group, or let members without one keep or lose their role instead";
    NoSeat "provisioning.no_seat" NoAccess: "the organization has no seat left" => "free a seat or buy one";
    BelongsToAnother "provisioning.belongs_to_another" BelongsToAnother: "this identity belongs to someone else" => "sign out and sign in with the account that it is linked to, or unlink it there";
    NotLinked "provisioning.not_linked" BelongsToAnother: "this identity is not linked to your account" => "authenticate as the user that the account is linked to, or link this one first";
    SignInFirst "provisioning.sign_in_first" MustSignIn: "you have to be signed in to your account for this" => "sign in and begin again; the session cookie has to reach the assertion consumer service, which is a cross-site POST";
    SessionChanged "provisioning.session_changed" MustSignIn: "this was begun by another account" => "sign in with the account that began it, or begin again";
    Unsolicited "provisioning.unsolicited" MustSignIn: "a login that nobody asked for links no account" => "begin the login here instead of at the identity provider's portal";
    OtherOrganization "provisioning.other_organization" SessionOver: "your single sign-on session is for another organization" => "sign in to this organization";
    SessionExpired "provisioning.session_expired" SessionOver: "your single sign-on session has ended" => "sign in again";
    LinkUnknown "provisioning.link_unknown" StateLost: "there is nothing to confirm" => "sign in through single sign-on again; a newer reminder ends the older one";
    LinkUsed "provisioning.link_used" StateLost: "this was confirmed before" => "sign in through single sign-on";
    LinkExpired "provisioning.link_expired" StateLost: "this took too long to confirm" => "sign in through single sign-on again";
    LinkMismatch "provisioning.link_mismatch" StateLost: "this was begun for another organization" => "confirm it where it was begun";
    Conflict "provisioning.conflict" StateLost: "too much changed at once" => "try again";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.sentence(), self.code())
    }
}

impl std::error::Error for Refusal {}
