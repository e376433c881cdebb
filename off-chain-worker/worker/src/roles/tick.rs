//! The loop over all subnets, which takes steps on each while one is due.

use super::{Action, RoleError, TickReport};
use inktensor_client::{
    chain::{Chain, ChainError, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::Registry,
    NetUid,
};

/// The outcome of a role's look at a subnet.
#[derive(Debug)]
pub enum Step {
    /// The role took a step.
    Took(Action),
    /// No step is due.
    Nothing,
    /// The step was refused as if it had been taken already. If another account took it, the
    /// subnet's status has changed.
    Overtaken(RoleError),
}

/// Takes steps on every subnet while `step` finds one to take. After an overtaken step the subnet
/// is read again.
pub fn tick_all(
    chain: &mut dyn Chain,
    contracts: &Addresses,
    mut step: impl FnMut(&mut dyn Chain, NetUid, &EpochStatus) -> Result<Step, RoleError>,
) -> Result<TickReport, ChainError> {
    let mut report = TickReport::default();
    for netuid in (1..=chain.query(contracts.registry().subnets())?).map(NetUid) {
        if let Err(problem) = tick_subnet(chain, contracts, netuid, &mut report, &mut step) {
            report.problems.push((netuid, problem));
        }
    }
    Ok(report)
}

fn tick_subnet(
    chain: &mut dyn Chain,
    contracts: &Addresses,
    netuid: NetUid,
    report: &mut TickReport,
    step: &mut impl FnMut(&mut dyn Chain, NetUid, &EpochStatus) -> Result<Step, RoleError>,
) -> Result<(), RoleError> {
    let mut overtaken: Option<(EpochStatus, RoleError)> = None;
    while let Some(status) = chain.query(contracts.epoch().status(netuid))? {
        // The status has not changed, so the refusal is about this worker.
        if let Some((before, problem)) = overtaken.take() {
            if before == status {
                return Err(problem);
            }
            report.overtaken.push((netuid, problem));
        }
        match step(chain, netuid, &status)? {
            Step::Took(action) => report.actions.push(action),
            Step::Nothing => return Ok(()),
            Step::Overtaken(problem) => overtaken = Some((status, problem)),
        }
    }
    Ok(())
}
