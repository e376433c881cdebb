//! What a close freezes: header, plan, and where each roster validator's row is. Later writes
//! change none of it.

use crate::{
    life::{FinalEpoch, Life},
    weights::{RowHead, RowRef},
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    assertion::final_digest,
    emission::EpochBudget,
    kernel::{Budget, EpochHeader, EpochPlan},
    registry::{SubnetSnapshot, Tenure},
    AccountId, Digest, NetUid, Rao, Uid,
};

/// The epoch that closed last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct ClosedEpoch {
    /// Its header.
    pub header: EpochHeader,
    /// Hash of the header.
    pub header_hash: Digest,
    /// How its kernel cuts it into steps.
    pub plan: EpochPlan,
    /// One per roster uid, in roster order.
    pub seats: Vec<RosterSeat>,
    /// Owner of the subnet.
    pub owner: AccountId,
    /// The owner's hotkey.
    pub owner_hotkey: AccountId,
    /// What computing it earns in all.
    pub proposer_fee: Rao,
    /// What settling it earns in all.
    pub keeper_fee: Rao,
}

impl ClosedEpoch {
    /// Number of its chunks.
    pub fn chunks(&self) -> u16 {
        self.plan.chunks(self.header.neurons)
    }

    /// Number of its steps.
    pub fn steps(&self) -> u32 {
        self.plan.steps(self.header.neurons)
    }

    /// What the next epochs need to know of it when it becomes final with the assertion of this
    /// digest.
    pub fn ended_as(&self, assertion: &Digest) -> FinalEpoch {
        FinalEpoch {
            epoch: self.header.epoch,
            closed_at: self.header.closed_at,
            digest: final_digest(&self.header_hash, assertion),
        }
    }
}

/// What a final epoch leaves to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Memory {
    /// The program whose memory it is.
    kernel_code: Digest,
    /// Uids per chunk.
    chunk: u16,
    /// One hash per chunk.
    hashes: Vec<Digest>,
}

impl Memory {
    /// What `closed` leaves behind when it becomes final.
    pub fn of(closed: &ClosedEpoch, hashes: Vec<Digest>) -> Self {
        Self {
            kernel_code: closed.header.kernel_code,
            chunk: closed.plan.chunk,
            hashes,
        }
    }

    /// What `closed` remembers. Nothing if its kernel is another program, or cuts chunks of another
    /// size: the bytes would mean nothing to it. They are kept, though, in case the subnet's
    /// owner goes back.
    pub fn for_epoch(self, closed: &ClosedEpoch) -> Vec<Digest> {
        if self.kernel_code == closed.header.kernel_code && self.chunk == closed.plan.chunk {
            self.hashes
        } else {
            Vec::new()
        }
    }
}

/// What a roster uid contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RosterSeat {
    /// Its neuron registered after the last final epoch closed: the permit was another's.
    pub newcomer: bool,
    /// Where its row is, if it has one that counts.
    pub row: Option<RowRef>,
}

impl RosterSeat {
    /// Freezes the seat of a neuron. Its row counts if this very neuron has set it and it holds a
    /// permit, by the roster or as the subnet owner's, which needs none.
    pub fn freeze(
        tenure: Tenure,
        head: Option<RowHead>,
        is_owner: bool,
        final_epoch: Option<u32>,
    ) -> Self {
        let newcomer = is_newcomer(tenure.registered_epoch, final_epoch);
        let row = head
            .filter(|head| head.generation == tenure.generation && (is_owner || !newcomer))
            .map(|head| head.row());
        Self { newcomer, row }
    }
}

/// Whether a neuron that registered in epoch `registered` took its seat after the last final epoch
/// closed, so that what that epoch left for the uid is another's. Before the first final epoch
/// nothing is left.
pub fn is_newcomer(registered: u32, final_epoch: Option<u32>) -> bool {
    final_epoch.is_some_and(|epoch| registered > epoch)
}

/// The uids with a permit, ascending: those of the last final epoch, and the subnet owner's.
pub fn roster_with_owner(mut roster: Vec<Uid>, owner: Option<Uid>) -> Vec<Uid> {
    if let Some(uid) = owner {
        if let Err(place) = roster.binary_search(&uid) {
            roster.insert(place, uid);
        }
    }
    roster
}

/// Who closes, and at which block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The epoch contract.
    pub contract: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// The block.
    pub block: u32,
}

/// The header of the open epoch of `life`, which is about to close. `roster` is the last final
/// epoch's, `kernel_code` the hash of the subnet's kernel.
pub fn header(
    closing: Closing,
    life: &Life,
    snapshot: SubnetSnapshot,
    kernel_code: Digest,
    budget: &EpochBudget,
    roster: Vec<Uid>,
) -> EpochHeader {
    let last = life.last.as_ref();
    EpochHeader {
        contract: closing.contract,
        netuid: closing.netuid,
        epoch: life.open,
        final_epoch: last.map(|last| last.epoch),
        opened_at: life.opened_at.into(),
        closed_at: closing.block.into(),
        previous_close: last.map(|last| last.closed_at).unwrap_or_default(),
        tempo: snapshot.subnet.tempo,
        neurons: snapshot.neurons,
        kernel: snapshot.subnet.kernel,
        kernel_code,
        params: snapshot.params,
        max_validators: snapshot.subnet.max_validators,
        owner_uid: snapshot.owner_uid,
        budget: Budget::Split {
            miners: budget.miners,
            validators: budget.validators,
        },
        roster: roster_with_owner(roster, snapshot.owner_uid),
        previous: last.map(|last| last.digest).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::rewrite;
    use inktensor_primitives::Versioned;
    use proptest::prelude::*;

    fn head(generation: u32) -> RowHead {
        rewrite(&Versioned::default(), 0, generation, 7, 0b101)
            .unwrap()
            .head
    }

    fn tenure(generation: u32, registered_epoch: u32) -> Tenure {
        Tenure {
            generation,
            registered_epoch,
        }
    }

    #[test]
    fn a_newcomer_registered_after_the_final_epoch() {
        assert!(!is_newcomer(3, None));
        assert!(!is_newcomer(3, Some(3)));
        assert!(is_newcomer(4, Some(3)));
    }

    #[test]
    fn a_row_counts_for_the_neuron_that_set_it() {
        let row = Some(head(5).row());
        let freeze = |generation, registered, is_owner| {
            RosterSeat::freeze(
                tenure(generation, registered),
                Some(head(5)),
                is_owner,
                Some(3),
            )
        };
        assert_eq!(freeze(5, 2, false).row, row);
        assert_eq!(freeze(6, 2, false).row, None, "set by the neuron before");
        assert_eq!(
            freeze(5, 4, false),
            RosterSeat {
                newcomer: true,
                row: None
            },
            "a newcomer has no permit"
        );
        assert_eq!(
            freeze(5, 4, true),
            RosterSeat {
                newcomer: true,
                row
            },
            "the owner needs none"
        );
        assert_eq!(freeze(6, 4, true).row, None);
        assert_eq!(
            RosterSeat::freeze(tenure(5, 2), None, false, Some(3)).row,
            None
        );
    }

    #[test]
    fn no_program_reads_the_memory_of_another() {
        let closed = crate::testing::closed_epoch(4, Some(3), &[]);
        let memory = Memory::of(&closed, vec![[1; 32]]);
        assert_eq!(memory.clone().for_epoch(&closed), [[1; 32]]);
        let mut other = closed.clone();
        other.header.kernel_code = [9; 32];
        assert_eq!(memory.clone().for_epoch(&other), Vec::<Digest>::new());
        let mut other = closed;
        other.plan.chunk = 2;
        assert_eq!(memory.for_epoch(&other), Vec::<Digest>::new());
    }

    proptest! {
        #[test]
        fn the_owner_has_a_permit(
            roster in prop::collection::btree_set(0u16..20, 0..10),
            owner in prop::option::of(0u16..20),
        ) {
            let uids: Vec<Uid> = roster.iter().copied().map(Uid).collect();
            let mut expected = roster;
            expected.extend(owner);
            prop_assert_eq!(
                roster_with_owner(uids, owner.map(Uid)),
                expected.into_iter().map(Uid).collect::<Vec<_>>()
            );
        }
    }
}
