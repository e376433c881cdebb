//! Addresses of strangers: resolved here, checked, and connected to as checked.
//!
//! The endpoint of a neuron is text that a stranger wrote. Without these checks it could lead a
//! validator to its own services, its network, or the metadata of its cloud.

use inktensor_primitives::registry::Host;
use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};
use thiserror::Error;
use tokio::net::lookup_host;

/// The lowest port that a neuron may name, besides [`WEB`]. Lower ones belong to services that
/// could misread a question.
const LOWEST_PORT: u16 = 1024;
/// The ports of HTTP.
const WEB: [u16; 2] = [80, 443];
/// Most addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 16;

/// Networks of IPv4 that are not part of the internet, by address and bits. Source: the registry
/// of special-purpose addresses of IANA.
const SPECIAL_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];
/// Networks inside the global unicast addresses of IPv6 that are not part of the internet, or that
/// contain addresses of IPv4, by their first 32 bits and the number of bits that count.
const SPECIAL_V6: [(u32, u32); 4] = [
    (0x2001_0000, 23),
    (0x2001_0db8, 32),
    (0x2002_0000, 16),
    (0x3fff_0000, 20),
];

/// A reason for which an endpoint is not connected to.
#[derive(Debug, Error)]
pub enum AddressError {
    /// A port that belongs to other services.
    #[error("port {0} is not one of a neuron; expected 80, 443, or 1024 and above")]
    Port(u16),
    /// A name of this machine.
    #[error("{0} is this machine; --allow-private connects to it, for tests")]
    Local(String),
    /// A name without addresses.
    #[error("{name} does not resolve: {problem}")]
    Unresolved {
        /// The name.
        name: String,
        /// The reason.
        problem: io::Error,
    },
    /// No address of the internet.
    #[error("{0} is not an address of the internet; --allow-private connects to it, for tests")]
    Private(IpAddr),
    /// A name that resolves to nothing.
    #[error("{0} has no address")]
    Nothing(String),
}

/// A way from names to addresses.
pub(crate) trait Lookup: Send + Sync {
    /// Returns the addresses of a name, those to prefer first.
    fn lookup(&self, name: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// The resolver of the system.
#[derive(Debug, Default)]
pub(crate) struct System;

impl Lookup for System {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = lookup_host((name, 0)).await?;
        Ok(found.map(|it| it.ip()).take(MAX_ADDRESSES).collect())
    }
}

/// Returns the address to connect to.
///
/// With `allow_private`, addresses of any network are allowed, and names below `localhost` are this
/// machine, as RFC 6761 says and not every resolver does.
///
/// # Errors
/// See [`AddressError`].
pub async fn resolve(
    host: &Host,
    port: u16,
    allow_private: bool,
) -> Result<SocketAddr, AddressError> {
    check(host, port, allow_private)?;
    let addresses = addresses(host, &System).await?;
    allowed(host, port, &addresses, allow_private)
}

/// Checks what needs no resolver: the port, and names of this machine.
///
/// # Errors
/// `Port`, `Local`, in this order.
pub(super) fn check(host: &Host, port: u16, allow_private: bool) -> Result<(), AddressError> {
    if port < LOWEST_PORT && !WEB.contains(&port) {
        return Err(AddressError::Port(port));
    }
    match host {
        Host::Name(name) if is_local(name) && !allow_private => {
            Err(AddressError::Local(name.clone()))
        }
        Host::Name(_) | Host::V4(_) | Host::V6(_) => Ok(()),
    }
}

/// Returns the addresses of a host, of any network.
///
/// # Errors
/// `Unresolved`.
pub(super) async fn addresses<L: Lookup>(
    host: &Host,
    lookup: &L,
) -> Result<Vec<IpAddr>, AddressError> {
    match host {
        Host::V4(address) => Ok(vec![Ipv4Addr::from(*address).into()]),
        Host::V6(address) => Ok(vec![Ipv6Addr::from(*address).into()]),
        Host::Name(name) if is_local(name) => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
        Host::Name(name) => {
            let found = lookup.lookup(name).await;
            found.map_err(|problem| AddressError::Unresolved {
                name: name.clone(),
                problem,
            })
        }
    }
}

/// Checks an endpoint before it is published: callers would refuse it. Names are not resolved.
///
/// # Errors
/// `Port`, `Local`, `Private`, in this order.
pub fn check_published(host: &Host, port: u16, allow_private: bool) -> Result<(), AddressError> {
    check(host, port, allow_private)?;
    let address: IpAddr = match host {
        Host::V4(address) => Ipv4Addr::from(*address).into(),
        Host::V6(address) => Ipv6Addr::from(*address).into(),
        Host::Name(_) => return Ok(()),
    };
    allowed(host, port, &[address], allow_private).map(drop)
}

/// Returns the first allowed address, or the reason that refuses the first one.
///
/// # Errors
/// `Private`, `Nothing`.
pub(super) fn allowed(
    host: &Host,
    port: u16,
    addresses: &[IpAddr],
    allow_private: bool,
) -> Result<SocketAddr, AddressError> {
    let is_allowed = |address: &&IpAddr| allow_private || is_public(**address);
    match (addresses.iter().find(is_allowed), addresses.first(), host) {
        (Some(address), _, _) => Ok((*address, port).into()),
        (None, Some(refused), _) => Err(AddressError::Private(*refused)),
        (None, None, Host::Name(name)) => Err(AddressError::Nothing(name.clone())),
        (None, None, Host::V4(_) | Host::V6(_)) => Err(AddressError::Nothing(String::new())),
    }
}

/// Returns true for `localhost` and names below it.
fn is_local(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next();
    last.is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

/// Returns true for a unicast address of the internet.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let address = u32::from(address);
            let within = |(network, bits): &([u8; 4], u32)| {
                same_bits(address, u32::from(Ipv4Addr::from(*network)), *bits)
            };
            !SPECIAL_V4.iter().any(within)
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.octets();
            let first = u32::from_be_bytes([a, b, c, d]);
            // The first three bits of all that is assigned for the internet. This excludes
            // addresses that stand for one of IPv4, and local and multicast ones.
            let global = same_bits(first, 0x2000_0000, 3);
            global
                && !SPECIAL_V6
                    .iter()
                    .any(|(network, bits)| same_bits(first, *network, *bits))
        }
    }
}

fn same_bits(a: u32, b: u32, bits: u32) -> bool {
    (a ^ b).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(host: Host, port: u16, allow_private: bool) -> Result<SocketAddr, AddressError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(resolve(&host, port, allow_private))
    }

    fn name(name: &str) -> Host {
        Host::Name(name.into())
    }

    #[test]
    fn is_public_refuses_every_special_network() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "2001:4860::8888",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn resolve_refuses_this_machine_in_every_spelling() {
        for host in [
            Host::V4([127, 0, 0, 1]),
            Host::V4([169, 254, 169, 254]),
            Host::V6([0; 16]),
            name("127.0.0.1"),
            name("0x7f.1"),
            name("2130706433"),
            name("127.1"),
        ] {
            let refused = resolved(host.clone(), 8091, false).unwrap_err();
            let fits = matches!(
                refused,
                AddressError::Private(_) | AddressError::Unresolved { .. }
            );
            assert!(fits, "{host:?}: {refused}");
        }
        for text in [
            "localhost",
            "LOCALHOST",
            "m0.localhost",
            "localhost.",
            "a.b.localHost.",
        ] {
            let refused = resolved(name(text), 8091, false).unwrap_err();
            assert!(
                matches!(refused, AddressError::Local(_)),
                "{text}: {refused}"
            );
        }
    }

    #[test]
    fn resolve_under_allow_private_takes_localhost_for_this_machine() {
        for text in ["localhost", "m0.localhost", "m1.localhost."] {
            let address = resolved(name(text), 8091, true).unwrap();
            assert_eq!(address, "127.0.0.1:8091".parse().unwrap(), "{text}");
        }
        let address = resolved(Host::V4([127, 0, 0, 2]), 8091, true).unwrap();
        assert_eq!(address, "127.0.0.2:8091".parse().unwrap());
        // A name that only ends with these letters is a name of the internet.
        assert!(!is_local("notlocalhost") && !is_local("localhost.example.org"));
    }

    #[test]
    fn resolve_refuses_ports_of_other_services() {
        for port in [0, 22, 25, 53, 79, 81, 442, 444, 1023] {
            let refused = resolved(Host::V4([1, 1, 1, 1]), port, true).unwrap_err();
            assert!(
                matches!(refused, AddressError::Port(_)),
                "{port}: {refused}"
            );
        }
        for port in [80, 443, 1024, 8091, u16::MAX] {
            assert!(
                resolved(Host::V4([1, 1, 1, 1]), port, false).is_ok(),
                "{port}"
            );
        }
    }
}
