//! Close of an epoch: the checks of the subnet, and the calls that freeze the inputs, in order.

use crate::{
    assertion_shape::can_be_posted,
    calls::{self, Addresses},
    closed_epoch::{self, ClosedEpoch, Closing},
    inputs,
    lifecycle::DueClose,
    weights::RowStore,
};
use inktensor_primitives::{
    epoch::EpochError,
    registry::{Subnet, SubnetSnapshot},
};

/// Returns the block at which `subnet`, whose epochs close, started.
///
/// # Errors
/// `NotStarted`.
pub fn started_at(subnet: &Subnet) -> Result<u32, EpochError> {
    subnet.started_at.ok_or(EpochError::NotStarted)
}

/// Moves staking and emission on to the next epoch and freezes the inputs of the open one, which is
/// due. `snapshot` is the subnet in the registry, which has moved on.
///
/// # Errors
/// Those of the calls; `KernelChanged` if the code at the kernel's address is no longer the code
/// that the registry allowed; `UnsoundPlan`; `PeerUnavailable`.
pub fn freeze(
    addresses: &Addresses,
    rows: &RowStore,
    due: &DueClose,
    closing: Closing,
    mut snapshot: SubnetSnapshot,
) -> Result<ClosedEpoch, EpochError> {
    let lifecycle = due.lifecycle();
    let (netuid, epoch) = (closing.netuid, lifecycle.open);
    let matured = addresses.begin_staking_epoch(netuid, epoch)?;
    let budget = addresses.draw(netuid, epoch, snapshot.subnet.terms.split, matured)?;
    let (owner, owner_hotkey) = (snapshot.subnet.owner, snapshot.subnet.owner_hotkey);
    let kernel_code = snapshot.kernel_code;
    if calls::code_hash(snapshot.subnet.kernel)? != kernel_code {
        return Err(EpochError::KernelChanged);
    }
    let tenures = core::mem::take(&mut snapshot.tenures);
    let header = closed_epoch::header(closing, lifecycle, snapshot, kernel_code, &budget);
    let plan = calls::plan(header.clone())?;
    if !plan.is_sound() || !can_be_posted(&plan, header.neurons, header.max_validators) {
        return Err(EpochError::UnsoundPlan);
    }
    Ok(ClosedEpoch {
        header_hash: header.digest(),
        seats: inputs::roster_seats(rows, &header, &tenures)?,
        header,
        plan,
        owner,
        owner_hotkey,
        proposer_fee: budget.proposer,
        keeper_fee: budget.keeper,
    })
}
