//! Admission of connections: how many in all, how many of one address and of its block, how fast.
//!
//! When all places are taken, a connection without a valid signature gives way: the oldest one of
//! the block that has most of them. So idle strangers cannot keep a caller of the roster out, and a
//! flood from one block drives out itself.
//!
//! An address from which a caller of the roster has asked is proven. It has a higher rate of its
//! own, and no part in the limits of its block and in the handshakes of all strangers. So neither
//! strangers nor endpoints that mislead the caller itself keep its questions out.

mod proven;

use super::{
    bucket::{Bucket, Rate},
    Limits,
};
use inktensor_primitives::AccountId;
use proven::Proven;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Most addresses that are remembered, and most blocks. Those without connections and with full
/// buckets are forgotten first.
const MAX_ADDRESSES: usize = 8192;
/// Seconds of unused rate that an address keeps.
const BURST: u32 = 4;
/// Number of addresses whose limits a block has.
const OF_BLOCK: u32 = 4;
/// Addresses that are not proven have one of so many places for blobs.
const STRANGERS: usize = 2;
/// Number of addresses whose rate of connections a proven address has.
const OF_PROVEN: u32 = 8;
/// Seconds of unused rate of handshakes that all unproven addresses keep.
const HANDSHAKES_BURST: u32 = 1;

/// A source of connections: an IPv4 address, or an IPv6 network of 64 bits, which one machine has.
/// A block, which one customer has, is named by its first network: 256 addresses of IPv4, or an
/// IPv6 network of 48 bits.
type Network = [u8; 8];

/// The open connections, by age, by address and by block.
#[derive(Debug)]
pub struct Gate {
    addresses: Places,
    blocks: Places,
    open: BTreeMap<u64, Open>,
    /// Addresses from which callers of the roster ask.
    proven: Proven,
    /// Handshakes of addresses that are not proven. `None` without TLS.
    handshakes: Option<(Rate, Bucket)>,
    /// Blobs that are being sent to an address that receives some.
    transfers: HashMap<Network, usize>,
    /// Blobs that are being sent to addresses that are not proven.
    strange_transfers: usize,
    most_strange_transfers: usize,
    next: u64,
    most: usize,
    most_transfers: usize,
}

/// Addresses or blocks, and their limits.
#[derive(Debug)]
struct Places {
    known: HashMap<Network, Place>,
    most: usize,
    connects_per_second: u32,
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
    /// The address or its block has its number of connections.
    Address,
    /// The address or its block connects too fast.
    Rate,
    /// All unproven addresses together connect too fast.
    Handshakes,
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
            addresses: Places::new(limits, 1),
            blocks: Places::new(limits, OF_BLOCK),
            open: BTreeMap::new(),
            proven: Proven::default(),
            handshakes: None,
            transfers: HashMap::new(),
            strange_transfers: 0,
            most_strange_transfers: limits.transfers.div_ceil(STRANGERS),
            next: 0,
            most: limits.connections,
            most_transfers: limits.transfers_per_address,
        }
    }

    /// Limits the handshakes of all addresses that are not proven.
    pub fn limit_handshakes(&mut self, per_second: u32, now: Instant) {
        let rate = Rate::new(per_second, HANDSHAKES_BURST);
        self.handshakes = Some((rate, Bucket::new(rate, now)));
    }

    /// Admits a connection.
    ///
    /// # Errors
    /// [`Closed::Address`], [`Closed::Rate`], [`Closed::Handshakes`], [`Closed::Full`], in this
    /// order.
    pub fn admit(&mut self, address: IpAddr, now: Instant) -> Result<Admission, Closed> {
        let network = network(address);
        if self.proven.has(network, now) {
            self.addresses.connect(network, OF_PROVEN, now)?;
        } else {
            self.addresses.connect(network, 1, now)?;
            self.blocks.connect(block(network), 1, now)?;
            if let Some((rate, bucket)) = &mut self.handshakes {
                bucket.take(*rate, now).map_err(|_| Closed::Handshakes)?;
            }
        }
        if self.open.len() >= self.most && !self.evict() {
            return Err(Closed::Full);
        }
        self.addresses.enter(network);
        self.blocks.enter(block(network));
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
        if let Some(open) = self.open.remove(&id) {
            self.addresses.leave(open.network);
            self.blocks.leave(block(open.network));
        }
    }

    /// Records that a connection has carried a valid signature. It does not have to give way.
    pub fn prove(&mut self, id: u64) {
        if let Some(open) = self.open.get_mut(&id) {
            open.proven = true;
        }
    }

    /// Records that `caller`, which is in the roster, has asked from an address. Returns the number
    /// of misled connections to warn of, see [`Self::misled`].
    pub fn welcome(&mut self, caller: AccountId, address: IpAddr, now: Instant) -> Option<u32> {
        self.proven.welcome(caller, network(address), now)
    }

    /// Records a connection that was meant for another certificate or another hotkey. Returns the
    /// number of those to warn of: if callers of the roster ask from the address too.
    pub fn misled(&mut self, address: IpAddr, now: Instant) -> Option<u32> {
        self.proven.misled(network(address), now)
    }

    /// Returns the number of misled connections of proven addresses.
    pub fn count_misled(&self) -> u64 {
        self.proven.count_misled()
    }

    /// Takes an unsigned request of an address.
    ///
    /// # Errors
    /// The time after which there is room for one.
    pub fn read(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let network = network(address);
        self.addresses.read(network, now)?;
        self.blocks.read(block(network), now)
    }

    /// Begins to send a blob to an address. Returns true for a stranger's, and nothing if the
    /// address receives its number of them, or all strangers together theirs: most places are for
    /// those who have asked with a signature.
    pub fn begin_transfer(&mut self, address: IpAddr, now: Instant) -> Option<bool> {
        let network = network(address);
        let is_strange = !self.proven.has(network, now);
        if is_strange && self.strange_transfers >= self.most_strange_transfers {
            return None;
        }
        let open = self.transfers.entry(network).or_insert(0);
        if *open >= self.most_transfers {
            return None;
        }
        *open = open.saturating_add(1);
        if is_strange {
            self.strange_transfers = self.strange_transfers.saturating_add(1);
        }
        Some(is_strange)
    }

    /// Ends a transfer that has begun; a stranger's if it was one at its begin.
    pub fn end_transfer(&mut self, address: IpAddr, is_strange: bool) {
        if is_strange {
            self.strange_transfers = self.strange_transfers.saturating_sub(1);
        }
        let network = network(address);
        if let Some(open) = self.transfers.get_mut(&network) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.transfers.remove(&network);
            }
        }
    }

    /// Returns the number of open connections.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Gives the place of an unproven connection away: of the oldest one in the block that has most
    /// of them.
    fn evict(&mut self) -> bool {
        let mut unproven: HashMap<Network, (usize, u64)> = HashMap::new();
        for (id, open) in self.open.iter().filter(|(_, open)| !open.proven) {
            // Numbers grow, so the first one of a block is its oldest.
            let (count, _) = unproven.entry(block(open.network)).or_insert((0, *id));
            *count = count.saturating_add(1);
        }
        let chosen = unproven
            .into_values()
            .max_by_key(|(count, oldest)| (*count, Reverse(*oldest)));
        let Some((_, id)) = chosen else {
            return false;
        };
        if let Some(open) = self.open.get(&id) {
            open.evicted.notify_one();
        }
        self.release(id);
        true
    }
}

impl Places {
    /// Returns places with the limits of as many addresses.
    fn new(limits: &Limits, addresses: u32) -> Self {
        let each = addresses;
        let rate = |per_second: u32| Rate::new(per_second.saturating_mul(each), BURST);
        let addresses = usize::try_from(addresses).unwrap_or(usize::MAX);
        Self {
            known: HashMap::new(),
            most: limits.connections_per_address.saturating_mul(addresses),
            connects_per_second: limits.connects_per_address.saturating_mul(each),
            reads: rate(limits.reads_per_address),
        }
    }

    /// Returns the rate of connections of a place that has it so many times.
    fn connects(&self, times: u32) -> Rate {
        Rate::new(self.connects_per_second.saturating_mul(times), BURST)
    }

    /// Takes a connection of a place, which does not yet count as open.
    fn connect(&mut self, network: Network, times: u32, now: Instant) -> Result<(), Closed> {
        let (most, connects) = (self.most, self.connects(times));
        let place = self.place(network, now).ok_or(Closed::Full)?;
        if place.open >= most {
            return Err(Closed::Address);
        }
        let taken = place.connects.take(connects, now);
        taken.map_err(|_| Closed::Rate)
    }

    fn read(&mut self, network: Network, now: Instant) -> Result<(), Duration> {
        let reads = self.reads;
        let longest = Duration::from_secs(u64::from(BURST));
        let place = self.place(network, now).ok_or(longest)?;
        let taken = place.reads.take(reads, now);
        taken.map_err(|after| after.unwrap_or(longest))
    }

    fn enter(&mut self, network: Network) {
        if let Some(place) = self.known.get_mut(&network) {
            place.open = place.open.saturating_add(1);
        }
    }

    fn leave(&mut self, network: Network) {
        if let Some(place) = self.known.get_mut(&network) {
            place.open = place.open.saturating_sub(1);
        }
    }

    fn place(&mut self, network: Network, now: Instant) -> Option<&mut Place> {
        let (connects, reads) = (self.connects(1), self.reads);
        if !self.known.contains_key(&network) && self.known.len() >= MAX_ADDRESSES {
            self.known.retain(|_, place| {
                place.open > 0
                    || !place.connects.is_full(connects, now)
                    || !place.reads.is_full(reads, now)
            });
            if self.known.len() >= MAX_ADDRESSES {
                return None;
            }
        }
        Some(self.known.entry(network).or_insert_with(|| Place {
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

fn block(network: Network) -> Network {
    let mut block = network;
    let shared = if network.starts_with(&[0; 4]) { 7 } else { 6 };
    for byte in block.iter_mut().skip(shared) {
        *byte = 0;
    }
    block
}

#[cfg(test)]
mod tests;
