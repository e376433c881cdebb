//! The closed epoch: header, plan, and the location of each roster validator's row. No write after
//! the close changes any of them.

use crate::{
    lifecycle::{FinalEpoch, Lifecycle},
    weights::{RowHead, RowRef},
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    assertion::{final_digest, Assertion},
    emission::EpochBudget,
    epoch::EpochError,
    kernel::{Budget, EpochHeader, EpochPlan},
    registry::{SubnetSnapshot, Tenure},
    AccountId, Digest, NetUid, Rao, Uid,
};

/// The epoch that closed last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct ClosedEpoch {
    /// Header of the epoch.
    pub header: EpochHeader,
    /// Hash of the header.
    pub header_hash: Digest,
    /// Steps that the kernel cuts the epoch into.
    pub plan: EpochPlan,
    /// Frozen seats, one per roster uid, in roster order.
    pub seats: Vec<RosterSeat>,
    /// Owner of the subnet.
    pub owner: AccountId,
    /// Hotkey of the owner.
    pub owner_hotkey: AccountId,
    /// Fee for computing the whole epoch.
    pub proposer_fee: Rao,
    /// Fee for settling the whole epoch.
    pub keeper_fee: Rao,
}

impl ClosedEpoch {
    /// Returns the number of chunks.
    pub fn chunks(&self) -> u16 {
        self.plan.chunks(self.header.neurons)
    }

    /// Returns the number of steps.
    pub fn steps(&self) -> u32 {
        self.plan.steps(self.header.neurons)
    }

    /// Checks that `assertion` is one of this epoch and has the shape that the protocol relies on.
    ///
    /// # Errors
    /// `HeaderMismatch`, `BadShape`, in this order.
    pub fn check_assertion(&self, assertion: &Assertion) -> Result<(), EpochError> {
        if assertion.header_hash != self.header_hash {
            return Err(EpochError::HeaderMismatch);
        }
        if !assertion.has_shape(&self.header, &self.plan) {
            return Err(EpochError::BadShape);
        }
        Ok(())
    }

    /// Returns the parts that later headers name once this epoch is final with the assertion that
    /// hashes to `assertion` and gives the permits of `roster`.
    pub fn ended_as(&self, assertion: &Digest, roster: &[Uid]) -> FinalEpoch {
        FinalEpoch {
            epoch: self.header.epoch,
            closed_at: self.header.closed_at,
            digest: final_digest(&self.header_hash, assertion),
            roster: roster.to_vec(),
        }
    }
}

/// Hashes of the carry-over state (memory) of a final epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Memory {
    /// Code hash of the kernel that wrote the memory.
    kernel_code: Digest,
    /// Uids per chunk.
    chunk: u16,
    /// Hash of the memory of each chunk that published it.
    hashes: Vec<Option<Digest>>,
}

impl Memory {
    /// Returns the memory that a kernel left in chunks of `chunk` uids, with the hash of each chunk
    /// that published it.
    pub const fn new(kernel_code: Digest, chunk: u16, hashes: Vec<Option<Digest>>) -> Self {
        Self {
            kernel_code,
            chunk,
            hashes,
        }
    }

    /// Returns the hashes of the memory that `closed` reads. There are none if the kernel of
    /// `closed` is another program or cuts chunks of another size, since the bytes would mean
    /// nothing to it. The contract still keeps them: the owner may choose the old kernel again.
    pub fn for_epoch(self, closed: &ClosedEpoch) -> Vec<Option<Digest>> {
        if self.kernel_code == closed.header.kernel_code && self.chunk == closed.plan.chunk {
            self.hashes
        } else {
            Vec::new()
        }
    }
}

/// Contribution of a roster uid to the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RosterSeat {
    /// True if the neuron registered after the last final epoch closed: the permit belongs to the
    /// neuron before.
    pub newcomer: bool,
    /// Location of the row, if there is one that counts.
    pub row: Option<RowRef>,
}

impl RosterSeat {
    /// Returns the seat of a neuron at the close. Its row counts if this very neuron set it and
    /// holds a permit: by the roster, or as the subnet owner's neuron, which needs none.
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

/// Returns true if a neuron that registered in epoch `registered` took its seat after the last
/// final epoch closed. Permit and memory of its uid then belong to the neuron before. Before the
/// first final epoch there are none.
pub fn is_newcomer(registered: u32, final_epoch: Option<u32>) -> bool {
    final_epoch.is_some_and(|epoch| registered > epoch)
}

/// Contract, subnet and block of a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The epoch contract.
    pub contract: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// The block.
    pub block: u32,
}

/// Returns the header of the open epoch of `lifecycle`, which is about to close. `kernel_code` is
/// the code hash of the subnet's kernel.
pub fn header(
    closing: Closing,
    lifecycle: &Lifecycle,
    snapshot: SubnetSnapshot,
    kernel_code: Digest,
    budget: &EpochBudget,
) -> EpochHeader {
    let last = lifecycle.last.as_ref();
    EpochHeader {
        contract: closing.contract,
        netuid: closing.netuid,
        epoch: lifecycle.open,
        final_epoch: last.map(|last| last.epoch),
        opened_at: lifecycle.opened_at.into(),
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
        roster: snapshot.roster,
        previous: last.map(|last| last.digest).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::rewrite;
    use inktensor_primitives::Versioned;

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
    fn an_assertion_is_of_this_epoch_and_in_shape() {
        let closed = crate::tests::closed_epoch(4, Some(3), &[]);
        let mut assertion = Assertion {
            header_hash: [9; 32],
            steps: Vec::new(),
            memory: vec![[0; 32]; 3],
            results: vec![[0; 32]; 2],
            roster: Vec::new(),
        };
        assert_eq!(
            closed.check_assertion(&assertion),
            Err(EpochError::HeaderMismatch)
        );
        assertion.header_hash = closed.header_hash;
        assert_eq!(
            closed.check_assertion(&assertion),
            Err(EpochError::BadShape)
        );
        assertion.memory.pop();
        assert_eq!(closed.check_assertion(&assertion), Ok(()));
    }

    #[test]
    fn no_kernel_reads_the_memory_of_another() {
        let closed = crate::tests::closed_epoch(4, Some(3), &[]);
        let kernel = closed.header.kernel_code;
        let memory = Memory::new(kernel, closed.plan.chunk, vec![Some([1; 32]), None]);
        assert_eq!(memory.clone().for_epoch(&closed), [Some([1; 32]), None]);
        let mut other = closed.clone();
        other.header.kernel_code = [9; 32];
        assert_eq!(memory.clone().for_epoch(&other), Vec::new());
        let mut other = closed;
        other.plan.chunk = 2;
        assert_eq!(memory.for_epoch(&other), Vec::new());
    }
}
