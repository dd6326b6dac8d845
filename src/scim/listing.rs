//! The query of a list.

use std::borrow::Cow;

use url::form_urlencoded;

use super::answer::Problem;
use crate::storage::ScimPage;

pub(super) struct Listing<F> {
    /// `None` matches nothing.
    pub(super) filter: Option<F>,
    pub(super) page: ScimPage,
}

impl<F> Listing<F> {
    /// Reads a query (RFC 7644 section 3.4.2). Parameters that nobody knows are passed over.
    pub(super) fn parse(
        query: &str,
        most: usize,
        all: F,
        filter: fn(&str) -> Result<Option<F>, Problem>,
    ) -> Result<Self, Problem> {
        let mut listing = Self { filter: Some(all), page: ScimPage { offset: 0, limit: most } };
        for (name, value) in parameters(query) {
            match name.as_str() {
                "filter" => listing.filter = filter(&value)?,
                "startindex" => listing.page.offset = count(&value)?.saturating_sub(1),
                "count" => listing.page.limit = count(&value)?.min(most),
                _ => {}
            }
        }
        Ok(listing)
    }
}

/// The parameters of a query, their names in lower case.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (String, Cow<'_, str>)> {
    form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.to_ascii_lowercase(), value))
}

/// Less than nothing is nothing (RFC 7644 section 3.4.2.4).
fn count(value: &str) -> Result<usize, Problem> {
    let count: i32 = value.parse().map_err(|_| Problem::PAGE)?;
    Ok(usize::try_from(count).unwrap_or(0))
}
