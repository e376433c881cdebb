//! The extent of a call of `settle`: fewer neurons where a call has no room for all, and fewer
//! chunks where several are refused together.

use super::EpochCache;
use inktensor_primitives::{epoch::MAX_SETTLED, NetUid, PAGE};

/// The extent to which parts of an epoch's end share a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// True if a chunk with dividends shares a call with other chunks.
    pub with_dividends: bool,
    /// Most chunks of a call.
    pub chunks: u16,
}

impl Sharing {
    /// As much as the contract allows.
    pub const ALL: Self = Self {
        with_dividends: true,
        chunks: MAX_SETTLED,
    };

    /// Returns the extent after the refusal of a call with `chunks`: chunks with dividends stand
    /// alone first, and then a call has half as many chunks.
    pub fn less(self, chunks: u16) -> Self {
        Self {
            with_dividends: false,
            chunks: if self.with_dividends {
                self.chunks
            } else {
                self.chunks.min(chunks / 2).max(1)
            },
        }
    }

    /// Returns true if a call may have several parts.
    pub const fn is_any(&self) -> bool {
        self.with_dividends || self.chunks > 1
    }
}

impl EpochCache {
    /// Returns the most neurons that a call for `epoch` of `netuid` should pay.
    pub fn paid_at_once(&self, netuid: NetUid, epoch: u32) -> u16 {
        match self.paid_at_once.get(&netuid) {
            Some((of, most)) if *of == epoch => *most,
            _ => PAGE,
        }
    }

    /// Halves that number, after a call for `most` neurons had no room. Returns false if it was one
    /// neuron.
    pub fn pay_fewer(&mut self, netuid: NetUid, epoch: u32, most: u16) -> bool {
        let fewer = self.paid_at_once(netuid, epoch).min(most / 2);
        if fewer > 0 {
            self.paid_at_once.insert(netuid, (epoch, fewer));
        }
        fewer > 0
    }

    /// Returns the extent to which chunks of that epoch share calls.
    pub fn sharing(&self, netuid: NetUid, epoch: u32) -> Sharing {
        match self.sharing.get(&netuid) {
            Some((of, sharing)) if *of == epoch => *sharing,
            _ => Sharing::ALL,
        }
    }

    /// Reduces that extent after the refusal of a call with `chunks`, which was made to the extent
    /// `sharing`: it had no room, or one of its parts is false and the others are not.
    pub fn share_less(&mut self, netuid: NetUid, epoch: u32, sharing: Sharing, chunks: u16) {
        let less = sharing.less(chunks);
        // Another call of the same turn may have been refused too.
        let known = self.sharing(netuid, epoch);
        let both = Sharing {
            with_dividends: less.with_dividends && known.with_dividends,
            chunks: less.chunks.min(known.chunks),
        };
        self.sharing.insert(netuid, (epoch, both));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{EngineChoice, Kernels};
    use crate::service::tests::Net;
    use std::sync::Arc;

    #[test]
    fn calls_of_an_epoch_pay_fewer_until_they_have_room() {
        let netuid = NetUid(3);
        let net = Net::new();
        let kernels = Arc::new(Kernels::new(EngineChoice::Wasm).unwrap());
        let mut epochs = EpochCache::new(net.contracts, kernels);
        assert_eq!(epochs.paid_at_once(netuid, 5), PAGE);
        assert!(epochs.pay_fewer(netuid, 5, PAGE));
        // Another call of the same turn had no room either.
        assert!(epochs.pay_fewer(netuid, 5, PAGE));
        assert_eq!(epochs.paid_at_once(netuid, 5), PAGE / 2);
        assert!(epochs.pay_fewer(netuid, 5, PAGE / 2));
        assert_eq!(epochs.paid_at_once(netuid, 5), PAGE / 4);
        assert_eq!(epochs.paid_at_once(netuid, 6), PAGE);
        assert!(!epochs.pay_fewer(netuid, 5, 1));
    }

    #[test]
    fn less_shares_a_call_after_each_refusal() {
        let netuid = NetUid(3);
        let net = Net::new();
        let kernels = Arc::new(Kernels::new(EngineChoice::Wasm).unwrap());
        let mut epochs = EpochCache::new(net.contracts, kernels);
        let without_dividends = |chunks| Sharing {
            with_dividends: false,
            chunks,
        };
        for (shared, refused, left) in [
            (Sharing::ALL, 3, without_dividends(16)),
            // Another call of the same turn was refused too.
            (Sharing::ALL, 16, without_dividends(16)),
            (without_dividends(16), 12, without_dividends(6)),
            (without_dividends(16), 16, without_dividends(6)),
            (without_dividends(6), 3, without_dividends(1)),
            (without_dividends(1), 1, without_dividends(1)),
        ] {
            epochs.share_less(netuid, 5, shared, refused);
            assert_eq!(epochs.sharing(netuid, 5), left);
        }
        assert!(!epochs.sharing(netuid, 5).is_any());
        assert_eq!(epochs.sharing(netuid, 6), Sharing::ALL);
    }
}
