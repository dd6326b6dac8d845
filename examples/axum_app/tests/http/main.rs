//! The application over HTTP.

mod browser;
mod late;
mod metadata;
mod scim;
