//! Close of an epoch: the checks of the subnet, and the calls that freeze the inputs, in order.

use crate::{
    assertion_shape::can_be_posted,
    calls::{self, Addresses},
    closed_epoch::{self, ClosedEpoch, Closing},
    inputs,
    lifecycle::DueClose,
    weights::RowStore,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{epoch::EpochError, registry::Subnet, Uid};

/// Returns the block at which `subnet`, whose epochs close, started.
///
/// # Errors
/// `Retired` with the block, `NotStarted`, in this order.
pub fn started_at(subnet: &Subnet) -> Result<u32, EpochError> {
    if let Some(at) = subnet.retired_at {
        return Err(EpochError::Retired(at));
    }
    subnet.started_at.ok_or(EpochError::NotStarted)
}

/// Moves the other contracts on to the next epoch and freezes the inputs of the open one, which is
/// due. `roster` is the last final epoch's.
///
/// # Errors
/// Those of the calls; `KernelChanged` if the code at the kernel's address is no longer the code
/// that the registry allowed; `UnsoundPlan`.
pub fn freeze(
    addresses: &Addresses,
    rows: &RowStore,
    due: &DueClose,
    closing: Closing,
    roster: Vec<Uid>,
) -> Result<ClosedEpoch, EpochError> {
    let lifecycle = due.lifecycle();
    let epoch = lifecycle.open;
    let snapshot = addresses.begin_epoch(closing.netuid, epoch)?;
    let budget = addresses.draw(closing.netuid, epoch, snapshot.subnet.terms.split)?;
    let (owner, owner_hotkey) = (snapshot.subnet.owner, snapshot.subnet.owner_hotkey);
    let kernel_code = snapshot.kernel_code;
    if calls::code_hash(snapshot.subnet.kernel)? != kernel_code {
        return Err(EpochError::KernelChanged);
    }
    let header = closed_epoch::header(closing, lifecycle, snapshot, kernel_code, &budget, roster);
    let plan = calls::plan(header.clone())?;
    if !plan.is_sound() || !can_be_posted(&plan, header.neurons, header.max_validators) {
        return Err(EpochError::UnsoundPlan);
    }
    Ok(ClosedEpoch {
        header_hash: header.digest(),
        seats: inputs::roster_seats(addresses, rows, &header)?,
        header,
        plan,
        owner,
        owner_hotkey,
        proposer_fee: budget.proposer,
        keeper_fee: budget.keeper,
    })
}
