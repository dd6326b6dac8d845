//! From a host to the addresses that are connected to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::Host;

use super::Settings;
use crate::fetch::{AddressClass, FetchError, MetadataUrl};

/// Looks a name up. May block.
pub(super) type LookUp = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// More are not tried.
const ADDRESSES_MOST: usize = 16;

/// The system's own way.
pub(super) fn system() -> LookUp {
    Arc::new(|name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
}

/// Addresses that have been checked, for the client to connect to: it looks nothing up itself, or a name could
/// answer otherwise the second time (DNS rebinding).
#[derive(Debug)]
pub(super) struct Pinned(Vec<SocketAddr>);

impl Pinned {
    /// # Errors
    /// `fetch.address` if one address is closed, though others may be open: none of them is tried then.
    /// `fetch.dns`, `fetch.timeout`, `fetch.worker`.
    pub(super) fn of(url: &MetadataUrl, settings: &Settings, left: Duration) -> Result<Self, FetchError> {
        let host = Host::parse(url.host()).map_err(|_| FetchError::Malformed)?;
        let addresses = match &host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) if is_local(name) => vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            Host::Domain(name) => look_up(name.clone(), settings.look_up.clone(), left)?,
        };
        match addresses.iter().find(|address| !settings.allowed.has(&host, **address)) {
            Some(closed) => Err(FetchError::Address { class: AddressClass::of(*closed) }),
            None if addresses.is_empty() => Err(FetchError::Dns),
            None => Ok(Self(addresses.into_iter().map(|address| SocketAddr::new(address, url.port())).collect())),
        }
    }
}

impl Resolver for Pinned {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        self.0.iter().take(ADDRESSES_MOST).for_each(|address| addresses.push(*address));
        Ok(addresses)
    }
}

/// Names that mean this machine whatever a name server says (RFC 6761, 6.3).
fn is_local(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// On a thread, which the system's look-up can hold for longer than there is time.
fn look_up(name: String, look_up: LookUp, left: Duration) -> Result<Vec<IpAddr>, FetchError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("saml-sp-look-up".to_owned())
        .spawn(move || sender.send(look_up(&name)))
        .map_err(|_| FetchError::Worker)?;
    match receiver.recv_timeout(left) {
        Ok(found) => found.map_err(|_| FetchError::Dns),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(FetchError::Timeout),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(FetchError::Worker),
    }
}
