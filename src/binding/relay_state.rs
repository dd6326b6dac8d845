//! RelayState: what a message brings along.

use url::Url;

use crate::metadata::is_web_url;

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

    /// The value as a path on this host, if no browser, proxy or URL library could make anything else of it: it
    /// begins with one slash and has no empty, `.` or `..` segment, no backslash, control character or white space,
    /// plain or escaped.
    #[must_use]
    pub fn local_path(&self) -> Option<&str> {
        let path = self.0.split(['?', '#']).next()?.strip_prefix('/')?;
        let segments = || path.split('/');
        let inner_is_empty = segments().rev().skip(1).any(str::is_empty);
        let goes_elsewhere =
            segments().any(|segment| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | ".."));
        (is_plain(&self.0) && !inner_is_empty && !goes_elsewhere && !hides_a_delimiter(path)).then_some(&*self.0)
    }

    /// The value as a URL, if it is an http or https URL under one of the given ones: same scheme, host and port, and a
    /// path that begins with theirs. A given URL ends with a slash.
    #[must_use]
    pub fn allowed(&self, prefixes: &[&str]) -> Option<&str> {
        let is_good = is_plain(&self.0) && is_web_url(&self.0) && !hides_a_delimiter(&self.0);
        let url = Url::parse(&self.0).ok().filter(|_| is_good)?;
        let is_under = |prefix: &&str| {
            Url::parse(prefix).is_ok_and(|prefix| {
                let same_origin = prefix.scheme() == url.scheme() && prefix.origin() == url.origin();
                same_origin && prefix.path().ends_with('/') && url.path().starts_with(prefix.path())
            })
        };
        prefixes.iter().any(is_under).then_some(&*self.0)
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}

/// Escapes that some software decodes before it looks for slashes and dots.
fn hides_a_delimiter(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["%2f", "%5c", "%0", "%1", "%7f"].iter().any(|escape| lower.contains(escape))
}

#[cfg(test)]
mod tests {
    use super::RelayState;

    /// ATTACKS FLW-022.
    #[test]
    fn flw_022_nothing_leads_elsewhere() {
        let local = |value: &str| RelayState::new(value).local_path().is_some();
        for good in ["/", "/a", "/a/b/", "/a?next=//b", "/a#//b", "/projects/a%20b?x=%2F", "/a.b/..c"] {
            assert!(local(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "https://evil",
            "//evil",
            "/\\evil",
            "\\\\evil",
            "/%09/evil",
            "/\t/evil",
            " /a",
            "/a b",
            "/a\r\nb",
            "javascript:a",
            "/.//evil",
            "/..//evil",
            "/a/..//evil",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/.%2E/a",
            "/a//b",
            "/%2f/evil",
            "/%5cevil",
            "/é",
        ] {
            assert!(!local(bad), "{bad:?}");
        }
    }

    #[test]
    fn flw_022_urls_stay_under_their_prefix() {
        let allowed = |value: &str| RelayState::new(value).allowed(&["https://app.example.com/a/"]).is_some();
        for good in ["https://app.example.com/a/", "https://app.example.com/a/b?c=d"] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "https://app.example.com/b",
            "https://app.example.com/a",
            "http://app.example.com/a/",
            "https://app.example.com:444/a/",
            "https:/app.example.com/a/",
            "https:app.example.com/a/",
            "https://user@app.example.com/a/",
            "https://@app.example.com/a/",
            "https://app.example.com/a/../b",
            "https://app.example.com/a/..%2fb",
            "https://app.example.com.evil/a/",
            "//app.example.com/a/",
            "https://app.example.com\\@evil/a/",
            "javascript:alert(1)",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
        assert_eq!(RelayState::new("wss://app.example.com/a").allowed(&["wss://app.example.com/"]), None);
    }
}
