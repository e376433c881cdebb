//! The extent of a call of `settle`: fewer neurons where a call has no room for all, and one chunk
//! where several are refused together.

use super::EpochCache;
use inktensor_primitives::{NetUid, PAGE};

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

    /// Returns true if each chunk of that epoch is to have a call of its own.
    pub fn settles_alone(&self, netuid: NetUid, epoch: u32) -> bool {
        self.settled_alone.get(&netuid) == Some(&epoch)
    }

    /// Gives each chunk of that epoch a call of its own, after one with several was refused: one of
    /// them may be false, and the others are not. Returns false if that was so before.
    pub fn settle_alone(&mut self, netuid: NetUid, epoch: u32) -> bool {
        self.settled_alone.insert(netuid, epoch) != Some(epoch)
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
        assert!(!epochs.settles_alone(netuid, 5));
        assert!(epochs.settle_alone(netuid, 5));
        assert!(!epochs.settle_alone(netuid, 5));
        assert!(epochs.settles_alone(netuid, 5));
        assert!(!epochs.settles_alone(netuid, 6));
    }
}
