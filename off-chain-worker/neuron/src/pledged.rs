//! The manifest that the owner's neuron has pledged, and the epoch from which it counts.
//!
//! A pledge made in epoch `e` counts from epoch `e + 2` on. So every neuron has a whole epoch to
//! fetch the manifest and its state, whatever the block of the pledge. A pledge before the first
//! epoch counts as one made in epoch 0: before the start, the chain says that epoch 0 is open.

use inktensor_client::{
    chain::{ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    kernel::EpochHeader,
    registry::{Commitment, CommitmentKind, Registry, Seat, ServingView, Subnet},
    work::Pledge,
    Digest, NetUid,
};
use scale::{Decode, Encode};

/// Epochs between a pledge and the first epoch in which it counts.
pub const NOTICE: u32 = 2;
/// Manifests that are remembered: the one that counts, and those that do not yet.
const REMEMBERED: usize = 4;

/// A pledged manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PledgedManifest {
    /// Hash of the manifest.
    pub manifest: Digest,
    /// Block of the pledge.
    pub block: u32,
}

/// Returns the pledge in a commitment, if the commitment is one.
pub fn pledge_of(commitment: &Commitment) -> Option<Pledge> {
    match commitment.kind {
        CommitmentKind::Raw => Pledge::from_data(&commitment.data).ok(),
        CommitmentKind::Text | CommitmentKind::Url | CommitmentKind::Hash => None,
    }
}

/// Returns the manifest that the owner's neuron has pledged last.
///
/// # Errors
/// If the chain does not answer.
pub fn manifest_now(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
) -> Result<Option<PledgedManifest>, ChainError> {
    let registry = || contracts.registry();
    let subnet: Option<Subnet> = chain.query(registry().subnet(netuid))?;
    let Some(subnet) = subnet else {
        return Ok(None);
    };
    let seat: Option<Seat> = chain.query(registry().seat(netuid, subnet.owner_hotkey))?;
    let serving: Option<ServingView> = match seat {
        Some(seat) => chain.query(registry().serving(netuid, seat.uid))?,
        None => None,
    };
    let commitment = serving.and_then(|it| it.commitment);
    Ok(commitment.and_then(|it| match pledge_of(&it) {
        Some(Pledge::Subnet { manifest }) => Some(PledgedManifest {
            manifest,
            block: it.block,
        }),
        Some(Pledge::Work { .. } | Pledge::Evidence { .. } | Pledge::Fold { .. }) | None => None,
    }))
}

/// Returns the first epoch in which a pledge of `block` counts, or the open one if the pledge
/// counts already and an earlier epoch is not known. `last` is the header of the epoch that closed
/// last.
pub fn counts_from(block: u32, status: &EpochStatus, last: Option<&EpochHeader>) -> u32 {
    let made_in = match last {
        _ if block >= status.opened_at => status.open,
        Some(last) if u64::from(block) >= last.opened_at => last.epoch,
        // Before the last closed epoch: the pledge counts in the open one. Before the first epoch:
        // as if it were made in that one.
        Some(_) | None => return status.open.max(NOTICE),
    };
    made_in.saturating_add(NOTICE)
}

/// The manifests of a subnet that a neuron knows, by the epoch from which each counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Manifests(Vec<(u32, Digest)>);

impl Manifests {
    /// Reads the pledge of the owner's neuron, and remembers a new one. Returns true if there is a
    /// new one.
    ///
    /// The owner's neuron has one commitment. If the owner validates with that hotkey, its evidence
    /// replaces the manifest there, and what is remembered stays.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn look(
        &mut self,
        chain: &dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
        status: &EpochStatus,
    ) -> Result<bool, ChainError> {
        let Some(found) = manifest_now(chain, contracts, netuid)? else {
            return Ok(false);
        };
        if self.0.last().is_some_and(|(_, it)| *it == found.manifest) {
            return Ok(false);
        }
        let last: Option<EpochHeader> = chain.query(contracts.epoch().header(netuid))?;
        let from = counts_from(found.block, status, last.as_ref());
        self.add(from, found.manifest);
        Ok(true)
    }

    /// Adds a manifest that counts from `epoch` on. It replaces those that would count later.
    pub fn add(&mut self, epoch: u32, manifest: Digest) {
        self.0.retain(|(from, _)| *from < epoch);
        self.0.push((epoch, manifest));
        let beyond = self.0.len().saturating_sub(REMEMBERED);
        self.0.drain(..beyond);
    }

    /// Returns the manifest that counts in `epoch`.
    pub fn at(&self, epoch: u32) -> Option<Digest> {
        let mut counting = self.0.iter().filter(|(from, _)| *from <= epoch);
        counting.next_back().map(|(_, manifest)| *manifest)
    }

    /// Returns the manifest that counts last, with its first epoch.
    pub fn newest(&self) -> Option<(u32, Digest)> {
        self.0.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::epoch::Stage;
    use inktensor_test_support::header;

    fn status(open: u32, opened_at: u32) -> EpochStatus {
        EpochStatus {
            open,
            opened_at,
            closes_at: opened_at + 10,
            stage: Stage::Open,
            final_epoch: None,
            replayed: 0,
            settling: None,
            replays_at: None,
            rolls_over_at: None,
        }
    }

    #[test]
    fn a_pledge_counts_from_the_epoch_after_next() {
        let (status, mut last) = (status(9, 100), header());
        (last.epoch, last.opened_at) = (8, 90);
        for (block, from) in [(105, 11), (100, 11), (99, 10), (90, 10), (89, 9), (1, 9)] {
            assert_eq!(counts_from(block, &status, Some(&last)), from, "{block}");
        }
        assert_eq!(counts_from(99, &status, None), 9);
    }

    #[test]
    fn a_pledge_before_the_first_epoch_counts_as_one_in_it() {
        let mut last = header();
        // Before the start the subnet's creation stands for the opening.
        assert_eq!(counts_from(60, &status(0, 50), None), 2);
        assert_eq!(counts_from(60, &status(0, 100), None), 2);
        (last.epoch, last.opened_at) = (0, 100);
        assert_eq!(counts_from(60, &status(1, 110), Some(&last)), 2);
        (last.epoch, last.opened_at) = (1, 110);
        assert_eq!(counts_from(60, &status(2, 120), Some(&last)), 2);
    }

    #[test]
    fn the_manifest_of_an_epoch_is_the_last_that_counts() {
        let mut manifests = Manifests::default();
        assert_eq!(manifests.at(9), None);
        manifests.add(3, [1; 32]);
        manifests.add(7, [2; 32]);
        assert_eq!(manifests.at(2), None);
        assert_eq!(manifests.at(6), Some([1; 32]));
        assert_eq!(manifests.at(7), Some([2; 32]));
        // A second change in one epoch replaces the first.
        manifests.add(7, [3; 32]);
        assert_eq!(manifests.at(7), Some([3; 32]));
        assert_eq!(manifests.at(6), Some([1; 32]));
        for epoch in 8..20 {
            manifests.add(epoch, [9; 32]);
        }
        assert_eq!(manifests.0.len(), REMEMBERED);
    }
}
