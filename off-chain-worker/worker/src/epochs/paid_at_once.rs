//! The extent of a call of `settle`: fewer neurons where a call has no room for all, and fewer
//! chunks where several are refused together.

use super::EpochCache;
use inktensor_primitives::{NetUid, PAGE};

/// How much shares a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sharing {
    /// A chunk with dividends shares a call with others, and with the end of the challenge period.
    #[default]
    All,
    /// Only chunks without dividends share calls.
    WithoutDividends,
    /// Each chunk has a call of its own.
    Nothing,
}

impl Sharing {
    /// Returns what shares calls after one that was refused.
    pub const fn less(self) -> Self {
        match self {
            Self::All => Self::WithoutDividends,
            Self::WithoutDividends | Self::Nothing => Self::Nothing,
        }
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

    /// Returns what shares calls of that epoch.
    pub fn sharing(&self, netuid: NetUid, epoch: u32) -> Sharing {
        match self.sharing.get(&netuid) {
            Some((of, sharing)) if *of == epoch => *sharing,
            _ => Sharing::default(),
        }
    }

    /// Makes less share calls of that epoch, after one that shared as much as `sharing` was
    /// refused: there was no room, or one part was false and the others are not. Returns false if
    /// nothing was shared.
    pub fn share_less(&mut self, netuid: NetUid, epoch: u32, sharing: Sharing) -> bool {
        let less = self.sharing(netuid, epoch).max(sharing.less());
        self.sharing.insert(netuid, (epoch, less));
        less > sharing
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
        for (shared, left) in [
            (Sharing::All, Sharing::WithoutDividends),
            // Another call of the same turn was refused too.
            (Sharing::All, Sharing::WithoutDividends),
            (Sharing::WithoutDividends, Sharing::Nothing),
            (Sharing::All, Sharing::Nothing),
        ] {
            assert!(epochs.share_less(netuid, 5, shared));
            assert_eq!(epochs.sharing(netuid, 5), left);
        }
        assert!(!epochs.share_less(netuid, 5, Sharing::Nothing));
        assert_eq!(epochs.sharing(netuid, 6), Sharing::All);
    }
}
