//! Admission of connections: how many in all, how many of one address, and how fast.
//!
//! When all places are taken, the connection that has been open longest without a valid signature
//! gives way. So idle strangers cannot keep a caller of the roster out.

use super::{
    bucket::{Bucket, Rate},
    Limits,
};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Most addresses that are remembered. Addresses without connections and with full buckets are
/// forgotten first.
const MAX_ADDRESSES: usize = 8192;
/// Seconds of unused rate that an address keeps.
const BURST: u32 = 4;

/// A source of connections: an IPv4 address, or an IPv6 network of 64 bits, which one machine has.
type Network = [u8; 8];

/// The open connections, by age and by address.
#[derive(Debug)]
pub struct Gate {
    places: HashMap<Network, Place>,
    open: BTreeMap<u64, Open>,
    next: u64,
    most: usize,
    most_per_address: usize,
    connects: Rate,
    reads: Rate,
}

#[derive(Debug)]
struct Place {
    open: usize,
    connects: Bucket,
    reads: Bucket,
}

#[derive(Debug)]
struct Open {
    network: Network,
    proven: bool,
    evicted: Arc<Notify>,
}

/// A reason for which a connection is closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The address has its number of connections.
    Address,
    /// The address connects too fast.
    Rate,
    /// Every place is taken by connections with a valid signature.
    Full,
}

/// An admitted connection: its number, and a signal to give way.
#[derive(Debug)]
pub struct Admission {
    /// The number of the connection.
    pub id: u64,
    /// Notified when the connection has to give way.
    pub evicted: Arc<Notify>,
}

impl Gate {
    /// Returns a gate without connections.
    pub fn new(limits: &Limits) -> Self {
        Self {
            places: HashMap::new(),
            open: BTreeMap::new(),
            next: 0,
            most: limits.connections,
            most_per_address: limits.connections_per_address,
            connects: Rate::new(limits.connects_per_address, BURST),
            reads: Rate::new(limits.reads_per_address, BURST),
        }
    }

    /// Admits a connection.
    ///
    /// # Errors
    /// [`Closed::Address`], [`Closed::Rate`], [`Closed::Full`], in this order.
    pub fn admit(&mut self, address: IpAddr, now: Instant) -> Result<Admission, Closed> {
        let network = network(address);
        let most = self.most_per_address;
        let connects = self.connects;
        let place = self.place(network, now).ok_or(Closed::Full)?;
        if place.open >= most {
            return Err(Closed::Address);
        }
        place
            .connects
            .take(connects, now)
            .map_err(|_| Closed::Rate)?;
        if self.open.len() >= self.most && !self.evict() {
            return Err(Closed::Full);
        }
        if let Some(place) = self.places.get_mut(&network) {
            place.open = place.open.saturating_add(1);
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let evicted = Arc::new(Notify::new());
        let open = Open {
            network,
            proven: false,
            evicted: Arc::clone(&evicted),
        };
        self.open.insert(id, open);
        Ok(Admission { id, evicted })
    }

    /// Ends a connection.
    pub fn release(&mut self, id: u64) {
        let network = self.open.remove(&id).map(|open| open.network);
        if let Some(place) = network.and_then(|network| self.places.get_mut(&network)) {
            place.open = place.open.saturating_sub(1);
        }
    }

    /// Records that a connection has carried a valid signature. It does not have to give way.
    pub fn prove(&mut self, id: u64) {
        if let Some(open) = self.open.get_mut(&id) {
            open.proven = true;
        }
    }

    /// Takes an unsigned request of an address.
    ///
    /// # Errors
    /// The time after which there is room for one.
    pub fn read(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let reads = self.reads;
        let longest = Duration::from_secs(u64::from(BURST));
        let place = self.place(network(address), now).ok_or(longest)?;
        place
            .reads
            .take(reads, now)
            .map_err(|after| after.unwrap_or(longest))
    }

    /// Returns the number of open connections.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Gives the place of the oldest unproven connection away.
    fn evict(&mut self) -> bool {
        let oldest = self
            .open
            .iter()
            .find(|(_, open)| !open.proven)
            .map(|(id, _)| *id);
        let Some((id, evicted)) =
            oldest.and_then(|id| Some((id, Arc::clone(&self.open.get(&id)?.evicted))))
        else {
            return false;
        };
        evicted.notify_one();
        self.release(id);
        true
    }

    fn place(&mut self, network: Network, now: Instant) -> Option<&mut Place> {
        let (connects, reads) = (self.connects, self.reads);
        if !self.places.contains_key(&network) && self.places.len() >= MAX_ADDRESSES {
            self.places.retain(|_, place| {
                place.open > 0
                    || !place.connects.is_full(connects, now)
                    || !place.reads.is_full(reads, now)
            });
            if self.places.len() >= MAX_ADDRESSES {
                return None;
            }
        }
        Some(self.places.entry(network).or_insert_with(|| Place {
            open: 0,
            connects: Bucket::new(connects, now),
            reads: Bucket::new(reads, now),
        }))
    }
}

fn network(address: IpAddr) -> Network {
    let mut network = [0; 8];
    match address.to_canonical() {
        // A network of IPv6 with these bits is in a block that is not in use.
        IpAddr::V4(address) => network[4..].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => network.copy_from_slice(&address.octets()[..8]),
    }
    network
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn gate(connections: usize, connections_per_address: usize, rate: u32) -> Gate {
        Gate::new(&Limits {
            connections,
            connections_per_address,
            connects_per_address: rate,
            reads_per_address: 1,
            ..Limits::default()
        })
    }

    fn ip(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(number))
    }

    #[test]
    fn admit_bounds_the_connections_of_an_address() {
        let mut gate = gate(10, 2, 100);
        let now = Instant::now();
        let first = gate.admit(ip(1), now).unwrap();
        gate.admit(ip(1), now).unwrap();
        assert_eq!(gate.admit(ip(1), now).unwrap_err(), Closed::Address);
        gate.admit(ip(2), now).unwrap();
        gate.release(first.id);
        gate.admit(ip(1), now).unwrap();
    }

    #[test]
    fn admit_bounds_the_rate_of_an_address() {
        let mut gate = gate(100, 100, 1);
        let now = Instant::now();
        for _ in 0..BURST {
            let id = gate.admit(ip(1), now).unwrap().id;
            gate.release(id);
        }
        assert_eq!(gate.admit(ip(1), now).unwrap_err(), Closed::Rate);
        gate.admit(ip(2), now).unwrap();
        gate.admit(ip(1), now + Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn admit_to_a_full_gate_evicts_the_oldest_unproven_connection() {
        let mut gate = gate(2, 2, 100);
        let now = Instant::now();
        let first = gate.admit(ip(1), now).unwrap();
        let second = gate.admit(ip(2), now).unwrap();
        gate.prove(first.id);
        let third = gate.admit(ip(3), now).unwrap();
        assert_eq!(gate.open(), 2);
        assert!(!gate.open.contains_key(&second.id));
        gate.prove(third.id);
        assert_eq!(gate.admit(ip(4), now).unwrap_err(), Closed::Full);
        // The evicted connection releases its place once more when it ends.
        gate.release(second.id);
        assert_eq!(gate.open(), 2);
    }

    #[test]
    fn addresses_are_bounded_and_forgotten() {
        let mut gate = gate(10, 2, 1);
        let now = Instant::now();
        for number in 0..u32::try_from(MAX_ADDRESSES).unwrap() {
            gate.read(ip(number), now).unwrap();
        }
        assert!(gate.read(ip(u32::MAX), now).is_err());
        assert_eq!(gate.admit(ip(u32::MAX), now).unwrap_err(), Closed::Full);
        let later = now + Duration::from_secs(60);
        gate.read(ip(u32::MAX), later).unwrap();
        assert_eq!(gate.places.len(), 1);
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let address = |low| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, low));
        assert_eq!(network(address(1)), network(address(2)));
        let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
        assert_eq!(network(mapped), network(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
}
