//! Which addresses belong to the public internet.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for, by the IANA registries of special-purpose addresses (RFC 6890).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressClass {
    /// Anybody's: global unicast.
    Public,
    /// "This host": `0.0.0.0/8`, `::`. Many systems connect to themselves.
    Unspecified,
    /// The machine itself: `127.0.0.0/8`, `::1`.
    Loopback,
    /// A private network: `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`.
    Private,
    /// Between a provider and its customers, and inside of clouds: `100.64.0.0/10`.
    Shared,
    /// The same wire, and where clouds keep their metadata service: `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// IPv6's private networks: `fc00::/7`.
    UniqueLocal,
    /// Their deprecated predecessor: `fec0::/10`.
    SiteLocal,
    /// For examples only.
    Documentation,
    /// Groups of machines, and broadcast.
    Multicast,
    /// IPv4 inside IPv6 by a mechanism that hides where it ends (6to4, Teredo, local NAT64, IPv4-compatible).
    Transition,
    /// A public address that a cloud answers from within the machine's own host.
    Platform,
    /// Anything else that is not on the public internet.
    Reserved,
}

impl AddressClass {
    /// The class of an address. IPv4-mapped addresses and those of the well-known NAT64 prefix are what the IPv4
    /// address in them is.
    ///
    /// ```
    /// use saml_sp::fetch::AddressClass;
    /// assert_eq!(AddressClass::of("::ffff:10.0.0.1".parse()?), AddressClass::Private);
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let address = unwrapped(address);
        let row = TABLE.iter().find(|(network, _)| network.contains(address));
        row.map_or(Self::Reserved, |(_, class)| *class)
    }

    /// The stable lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::LinkLocal => "link_local",
            Self::UniqueLocal => "unique_local",
            Self::SiteLocal => "site_local",
            Self::Documentation => "documentation",
            Self::Multicast => "multicast",
            Self::Transition => "transition",
            Self::Platform => "platform",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) base: IpAddr,
    pub(super) prefix: u32,
}

impl Network {
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let ((base, width), (address, other)) = (bits(self.base), bits(unwrapped(address)));
        let differing = (base ^ address).checked_shr(width.saturating_sub(self.prefix)).unwrap_or_default();
        width == other && differing == 0
    }
}

/// The bits of an address, and how many there are.
pub(super) fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), Ipv4Addr::BITS),
        IpAddr::V6(address) => (address.to_bits(), Ipv6Addr::BITS),
    }
}

/// The IPv4 address that packets to a mapped or translated IPv6 address end up at.
fn unwrapped(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(translated) => match translated.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
                let [.., a, b, c, d] = translated.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => address,
        },
        canonical @ IpAddr::V4(_) => canonical,
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32) -> Network {
    Network { base: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
}

const fn v6(a: u16, b: u16, c: u16, prefix: u32) -> Network {
    Network { base: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix }
}

/// The first that holds the address tells its class.
const TABLE: &[(Network, AddressClass)] = &[
    (v4(0, 0, 0, 0, 8), AddressClass::Unspecified),
    (v4(10, 0, 0, 0, 8), AddressClass::Private),
    (v4(100, 64, 0, 0, 10), AddressClass::Shared),
    (v4(127, 0, 0, 0, 8), AddressClass::Loopback),
    // Azure's virtual machines reach their host there.
    (v4(168, 63, 129, 16, 32), AddressClass::Platform),
    (v4(169, 254, 0, 0, 16), AddressClass::LinkLocal),
    (v4(172, 16, 0, 0, 12), AddressClass::Private),
    (v4(192, 0, 0, 0, 24), AddressClass::Reserved),
    (v4(192, 0, 2, 0, 24), AddressClass::Documentation),
    (v4(192, 88, 99, 0, 24), AddressClass::Transition),
    (v4(192, 168, 0, 0, 16), AddressClass::Private),
    (v4(198, 18, 0, 0, 15), AddressClass::Reserved),
    (v4(198, 51, 100, 0, 24), AddressClass::Documentation),
    (v4(203, 0, 113, 0, 24), AddressClass::Documentation),
    (v4(224, 0, 0, 0, 4), AddressClass::Multicast),
    (v4(255, 255, 255, 255, 32), AddressClass::Multicast),
    (v4(240, 0, 0, 0, 4), AddressClass::Reserved),
    (v4(0, 0, 0, 0, 0), AddressClass::Public),
    (v6(0, 0, 0, 128), AddressClass::Unspecified),
    (Network { base: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 }, AddressClass::Loopback),
    (v6(0, 0, 0, 96), AddressClass::Transition),
    (v6(0x64, 0xff9b, 1, 48), AddressClass::Transition),
    (v6(0x2001, 0, 0, 32), AddressClass::Transition),
    (v6(0x2001, 0, 0, 23), AddressClass::Reserved),
    (v6(0x2001, 0xdb8, 0, 32), AddressClass::Documentation),
    (v6(0x2002, 0, 0, 16), AddressClass::Transition),
    (v6(0x3fff, 0, 0, 20), AddressClass::Documentation),
    (v6(0x2000, 0, 0, 3), AddressClass::Public),
    (v6(0xfc00, 0, 0, 7), AddressClass::UniqueLocal),
    (v6(0xfe80, 0, 0, 10), AddressClass::LinkLocal),
    (v6(0xfec0, 0, 0, 10), AddressClass::SiteLocal),
    (v6(0xff00, 0, 0, 8), AddressClass::Multicast),
];
