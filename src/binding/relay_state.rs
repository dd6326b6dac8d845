//! RelayState: what a message brings along.

use url::Url;

/// The RelayState that came with a message (SAML Bindings 3.4.3): not signed over HTTP-POST, so
/// good for nothing but going to a page of this very host.
///
/// ```
/// # use saml_sp::RelayState;
/// assert_eq!(RelayState::new("/projects?tab=2").local_path(), Some("/projects?tab=2"));
/// assert_eq!(RelayState::new("//evil.example").local_path(), None);
/// assert_eq!(RelayState::new("https://app.example.com/a").allowed(&["https://app.example.com/"]), Some("https://app.example.com/a"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayState(String);

impl RelayState {
    /// Takes the value as it arrived.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value. Don't redirect to it.
    #[must_use]
    pub fn as_untrusted(&self) -> &str {
        &self.0
    }

    /// The value as a path on this host, if no browser or proxy could take it for anything else: it
    /// begins with one slash, and has neither backslashes, control characters and white space nor
    /// escapes in its first two places.
    #[must_use]
    pub fn local_path(&self) -> Option<&str> {
        let rest = self.0.strip_prefix('/')?;
        let start_is_plain = !rest.starts_with(['/', '\\', '%']);
        (start_is_plain && is_plain(&self.0)).then_some(&*self.0)
    }

    /// The value as a URL, if it is an http or https URL under one of the given ones: same scheme,
    /// host and port, and a path that begins with theirs.
    #[must_use]
    pub fn allowed(&self, prefixes: &[&str]) -> Option<&str> {
        let url = Url::parse(&self.0)
            .ok()
            .filter(|_| is_plain(&self.0))
            .filter(|url| url.username().is_empty() && url.password().is_none())?;
        let is_under = |prefix: &&str| {
            Url::parse(prefix).is_ok_and(|prefix| {
                let same_origin = prefix.origin().is_tuple() && prefix.origin() == url.origin();
                same_origin && prefix.path().ends_with('/') && url.path().starts_with(prefix.path())
            })
        };
        prefixes.iter().any(is_under).then_some(&*self.0)
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}
