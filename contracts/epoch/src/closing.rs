//! Freezing an epoch: the calls that a close makes, in their order.

use crate::{
    frozen::{self, ClosedEpoch, Closing},
    gather,
    life::Life,
    peers::{self, Calls},
    shape,
    weights::RowStore,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    epoch::{EpochError, Peers},
    Uid,
};

/// Moves the other contracts on to the next epoch and freezes the inputs of the open one of `life`.
/// `roster` is the last final epoch's.
///
/// # Errors
/// Those of the calls; `KernelChanged` if the code at the kernel's address is no longer the one it
/// was allowed with; `UnsoundPlan`.
pub fn freeze(
    peers: &Peers,
    rows: &RowStore,
    life: &Life,
    closing: Closing,
    roster: Vec<Uid>,
) -> Result<ClosedEpoch, EpochError> {
    let epoch = life.open;
    let snapshot = peers.begin_epoch(closing.netuid, epoch)?;
    let budget = peers.draw(closing.netuid, epoch, snapshot.subnet.terms.split)?;
    let (owner, owner_hotkey) = (snapshot.subnet.owner, snapshot.subnet.owner_hotkey);
    let kernel_code = snapshot.kernel_code;
    if peers::code_hash(snapshot.subnet.kernel)? != kernel_code {
        return Err(EpochError::KernelChanged);
    }
    let header = frozen::header(closing, life, snapshot, kernel_code, &budget, roster);
    let plan = peers::plan(header.clone())?;
    if !plan.is_sound() || !shape::can_be_posted(&plan, header.neurons, header.max_validators) {
        return Err(EpochError::UnsoundPlan);
    }
    Ok(ClosedEpoch {
        header_hash: header.digest(),
        seats: gather::roster_seats(peers, rows, &header)?,
        header,
        plan,
        owner,
        owner_hotkey,
        proposer_fee: budget.proposer,
        keeper_fee: budget.keeper,
    })
}
