//! How messages travel (SAML Bindings).

pub(crate) mod post;
