//! Addresses that are not public and may be connected to all the same.

use std::net::IpAddr;

use url::Host;

use crate::error::ConfigError;
use crate::fetch::AddressClass;
use crate::fetch::address::{Network, bits};

/// What the operator has opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    hosts: Vec<Host>,
    networks: Vec<Network>,
}

impl Allowed {
    pub(super) fn add_host(&mut self, host: &str) -> Result<(), ConfigError> {
        let reason = "not a host name or address";
        let host = Host::parse(host.trim_end_matches('.'))
            .map_err(|_| ConfigError::Value { field: "allow_private_host", reason })?;
        self.hosts.push(host);
        Ok(())
    }

    pub(super) fn add_network(&mut self, network: &str) -> Result<(), ConfigError> {
        let reason = "not an address range such as 10.20.0.0/16";
        let network = parse(network).ok_or(ConfigError::Value { field: "allow_private_network", reason })?;
        self.networks.push(network);
        Ok(())
    }

    /// Whether a fetch may connect to that address of that host.
    pub(super) fn has(&self, host: &Host, address: IpAddr) -> bool {
        match AddressClass::of(address) {
            AddressClass::Public => true,
            AddressClass::Loopback | AddressClass::Private | AddressClass::Shared | AddressClass::UniqueLocal => {
                self.hosts.contains(host) || self.networks.iter().any(|network| network.contains(address))
            }
            _ => false,
        }
    }
}

/// Reads `10.20.0.0/16`; an address alone is a network of one.
fn parse(text: &str) -> Option<Network> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let base: IpAddr = address.parse().ok()?;
    let (_, width) = bits(base);
    let prefix = prefix.map_or(Some(width), |prefix| prefix.parse().ok())?;
    (prefix <= width).then_some(Network { base, prefix })
}
