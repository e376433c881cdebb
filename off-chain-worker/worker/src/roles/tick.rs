//! Looks at all subnets and takes steps on each for as long as there is one to take.

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

/// What a role did on a subnet.
#[derive(Debug)]
pub enum Step {
    /// It took a step.
    Took(Action),
    /// It found nothing to do.
    Nothing,
    /// The step was refused as if it were taken already. If somebody else has, the subnet stands
    /// elsewhere now.
    Overtaken(RoleError),
}

/// Takes steps on every subnet for as long as `step` finds one to take. Whoever is overtaken looks
/// again and goes on from there.
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
        // Nobody was quicker: the refusal is about this worker.
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
