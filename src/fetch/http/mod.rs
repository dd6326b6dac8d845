//! The ready fetcher: a blocking HTTP client on a thread of its own, so that it runs under any executor.

mod allowed;
mod exchange;
mod resolve;
#[cfg(test)]
mod tests;
mod thread;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::error::ConfigError;
use crate::fetch::{FetchError, Fetched, MetadataFetcher, MetadataUrl, Validators};
use crate::keys::Certificate;
use crate::limits::Limits;

use allowed::Allowed;
use resolve::LookUp;

/// Fetches metadata over HTTP/1.1 and TLS from public addresses.
///
/// Each host name is looked up once, all of its addresses have to be [public](crate::fetch::AddressClass), and those
/// very addresses are connected to; the same for each redirect, five at most. No proxy of the environment, no cookies,
/// no credentials, no decompression. The certificate authorities are Mozilla's, as compiled in.
///
/// A fetch occupies one thread until it ends, and a second one while a name is looked up: let an administrator start
/// a few a minute, not as many as they like.
///
/// ```
/// use std::time::Duration;
/// use saml_sp::fetch::HttpFetcher;
///
/// let fetcher = HttpFetcher::new().with_deadline(Duration::from_secs(20));
/// let for_own_staff = HttpFetcher::new().dangerous().allow_private_host("idp.intern")?.into_fetcher();
/// # let _ = (fetcher, for_own_staff);
/// # Ok::<(), saml_sp::error::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct HttpFetcher(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    deadline: Duration,
    bytes: usize,
    /// Instead of the public authorities.
    roots: Option<Arc<Vec<ureq::tls::Certificate<'static>>>>,
    look_up: LookUp,
    allowed: Allowed,
}

impl HttpFetcher {
    /// With the defaults: 10 seconds for everything, of which 5 for each connection; as many bytes as
    /// [`Limits::metadata`] allows.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Settings {
            deadline: Duration::from_secs(10),
            bytes: Limits::metadata().bytes(),
            roots: None,
            look_up: resolve::system(),
            allowed: Allowed::default(),
        }))
    }

    /// Replaces the time for the whole fetch, redirects and look-ups included.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        self.with(|settings| settings.deadline = deadline)
    }

    /// Replaces the bound on the size of a document, in bytes.
    #[must_use]
    pub fn with_bytes(self, bytes: usize) -> Self {
        self.with(|settings| settings.bytes = bytes)
    }

    /// Trusts servers of these certificate authorities, and no longer the public ones.
    #[must_use]
    pub fn with_roots(self, roots: &[Certificate]) -> Self {
        let roots = roots.iter().map(|root| ureq::tls::Certificate::from_der(root.der()).to_owned()).collect();
        self.with(|settings| settings.roots = Some(Arc::new(roots)))
    }

    /// Looks names up in another way than the system does. It is called on a thread of its own; what it answers is
    /// checked like any other address.
    #[must_use]
    pub fn with_resolver(self, look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.look_up = Arc::new(look_up))
    }

    /// The doorway to addresses that are not public.
    #[must_use]
    pub fn dangerous(self) -> Dangerous {
        Dangerous(self)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl MetadataFetcher for HttpFetcher {
    async fn fetch(&self, url: &MetadataUrl, known: &Validators) -> Result<Fetched, FetchError> {
        let (settings, url, known) = (self.0.clone(), url.clone(), known.clone());
        thread::run(move || exchange::fetch(&settings, url, &known))?.await
    }
}

impl Default for HttpFetcher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetcher")
            .field("deadline", &self.0.deadline)
            .field("bytes", &self.0.bytes)
            .field("allowed", &self.0.allowed)
            .finish_non_exhaustive()
    }
}

/// Opens parts of the private network to *everybody* who may register an identity provider, of whatever organization.
///
/// Loopback, private, shared and unique-local addresses can be opened. Link-local addresses, where clouds keep their
/// metadata service, and the rest stay closed.
#[derive(Clone, Debug)]
pub struct Dangerous(HttpFetcher);

impl Dangerous {
    /// Lets one host, a name or an address, have private addresses.
    ///
    /// # Errors
    /// [`ConfigError::Value`] if it is no host.
    pub fn allow_private_host(self, host: &str) -> Result<Self, ConfigError> {
        self.with(|allowed| allowed.add_host(host))
    }

    /// Lets every host have addresses of a network such as `10.20.0.0/16`.
    ///
    /// # Errors
    /// [`ConfigError::Value`] if it is no network.
    pub fn allow_private_network(self, network: &str) -> Result<Self, ConfigError> {
        self.with(|allowed| allowed.add_network(network))
    }

    /// Back to the fetcher.
    #[must_use]
    pub fn into_fetcher(self) -> HttpFetcher {
        self.0
    }

    fn with(mut self, change: impl FnOnce(&mut Allowed) -> Result<(), ConfigError>) -> Result<Self, ConfigError> {
        change(&mut Arc::make_mut(&mut self.0.0).allowed)?;
        Ok(self)
    }
}
