//! How messages travel (SAML Bindings).

pub(crate) mod post;
pub(crate) mod redirect;
mod relay_state;

pub use post::PostForm;
pub use redirect::{Parameter, RedirectMessage, VerifiedRedirect};
pub use relay_state::RelayState;
