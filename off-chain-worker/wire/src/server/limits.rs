//! Every limit of a server, with the reason for its default.

use super::ServerError;
use crate::MAX_QUESTION;
use std::time::Duration;

/// Seconds that `created` may lie behind the receiver's clock. It bounds how long nonces are kept.
const BEHIND: u64 = 10;
/// Seconds that `created` may lie ahead of the receiver's clock.
const AHEAD: u64 = 2;

/// The limits of a server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most connections at a time. One takes about 60 KiB with TLS and a body.
    pub connections: usize,
    /// Most connections at a time from one IPv4 address or one IPv6 network of 64 bits. A block of
    /// 256 addresses of IPv4, or of 48 bits of IPv6, has this and the two rates below four times.
    pub connections_per_address: usize,
    /// New connections a second from one address.
    pub connects_per_address: u32,
    /// TLS handshakes a second of all addresses that are not proven. A handshake takes about 0.3 ms
    /// of a core. An address is proven for hours by a question of a caller of the roster, and has
    /// [`Self::connects_per_address`] eight times.
    pub handshakes: u32,
    /// Unsigned requests a second from one address.
    pub reads_per_address: u32,
    /// Longest TLS handshake.
    pub handshake: Duration,
    /// Longest time for a head, and for an idle connection.
    pub head: Duration,
    /// Longest time for a body.
    pub body: Duration,
    /// Longest time in which a written byte makes no progress.
    pub stall: Duration,
    /// Age at which a connection takes no further request.
    pub lifetime: Duration,
    /// Longest time that a request may take beyond [`Self::lifetime`], or after a stop.
    pub grace: Duration,
    /// Most bytes of a question's body.
    pub question: usize,
    /// Questions a second that every key of the roster has.
    pub floor: u32,
    /// Questions a second that the roster shares by stake, besides the floor.
    pub capacity: u32,
    /// Questions a second that all guests share.
    pub guests: u32,
    /// Seconds of unused rate that a bucket holds.
    pub burst: u32,
    /// Most questions that are answered at a time. Further ones are refused, with a signature.
    pub works: usize,
    /// Open questions that every caller may have, and all guests together: from the check of the
    /// signature to the answer. A larger part by stake goes beyond it, up to half of
    /// [`Self::works`]. The default is above the 8 that a validator has open to a neuron.
    pub works_per_caller: usize,
    /// Most blobs that are sent at a time.
    pub transfers: usize,
    /// Most blobs that are sent at a time to one address.
    pub transfers_per_address: usize,
    /// Least mean rate of a reader of a blob, in bytes a second, after the time of [`Self::stall`].
    pub slowest: u32,
    /// Most nonces that are remembered. Further questions are refused, with a signature.
    pub nonces: usize,
    /// Seconds that `created` may lie behind the receiver's clock.
    pub behind: u64,
    /// Seconds that `created` may lie ahead of the receiver's clock.
    pub ahead: u64,
    /// Seconds after the start of which no `created` is accepted.
    ///
    /// A process before this one may have accepted a question that was created up to
    /// [`Self::ahead`] after its end, and its nonces are gone. Zero is for a hotkey with which no
    /// process has served before.
    pub quiet: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_address: 32,
            connects_per_address: 20,
            handshakes: 500,
            reads_per_address: 20,
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(5),
            body: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            lifetime: Duration::from_secs(300),
            grace: Duration::from_secs(70),
            question: MAX_QUESTION,
            floor: 2,
            capacity: 200,
            guests: 5,
            burst: 10,
            works: 64,
            works_per_caller: 16,
            transfers: 32,
            transfers_per_address: 2,
            slowest: 32 * 1024,
            nonces: 131_072,
            behind: BEHIND,
            ahead: AHEAD,
            quiet: AHEAD + 1,
        }
    }
}

impl Limits {
    /// Checks that every limit lets something through.
    pub(super) fn check(&self) -> Result<(), ServerError> {
        let numbers = [
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
            ("works", self.works),
            ("works_per_caller", self.works_per_caller),
            ("transfers", self.transfers),
            ("transfers_per_address", self.transfers_per_address),
            ("nonces", self.nonces),
        ];
        let rates = [
            ("connects_per_address", self.connects_per_address),
            ("handshakes", self.handshakes),
            ("reads_per_address", self.reads_per_address),
            ("slowest", self.slowest),
            ("burst", self.burst),
        ];
        let zero = numbers
            .iter()
            .find(|(_, limit)| *limit == 0)
            .map(|(name, _)| *name);
        let zero = zero.or(rates
            .iter()
            .find(|(_, limit)| *limit == 0)
            .map(|(name, _)| *name));
        zero.map_or(Ok(()), |name| Err(ServerError::Limit(name)))
    }
}
