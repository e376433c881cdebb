//! Limits of an assertion: it must fit the `Proposed` event.

use inktensor_primitives::kernel::EpochPlan;

/// Bytes of an event, as `pallet-contracts` limits them.
pub const MAX_EVENT: u32 = 16 * 1024;

/// Bytes of the `Proposed` event beside digests and roster: netuid, epoch, proposer, deadline,
/// header hash and the lengths of four lists, each at most four bytes.
const PROPOSED_FRAME: u32 = 2 + 4 + 32 + 4 + 32 + 4 * 4;

/// Returns true if an assertion of `plan` fits the `Proposed` event, so that it can be posted.
pub fn can_be_posted(plan: &EpochPlan, neurons: u16, max_validators: u16) -> bool {
    // Memory and results have a digest per chunk each.
    let digests = plan
        .steps(neurons)
        .saturating_add(u32::from(plan.chunks(neurons)).saturating_mul(2));
    let roster = u32::from(max_validators).saturating_add(1);
    let bytes = digests
        .saturating_mul(32)
        .saturating_add(roster.saturating_mul(2))
        .saturating_add(PROPOSED_FRAME);
    bytes <= MAX_EVENT
}

#[cfg(test)]
mod tests;
