//! Looks at all subnets and takes steps on each for as long as there is one to take.

use super::{Action, Report, RoleError};
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
pub fn everywhere(
    chain: &mut dyn Chain,
    contracts: &Addresses,
    mut step: impl FnMut(&mut dyn Chain, NetUid, &EpochStatus) -> Result<Step, RoleError>,
) -> Result<Report, ChainError> {
    let mut report = Report::default();
    for netuid in (1..=chain.query(contracts.registry().subnets())?).map(NetUid) {
        if let Err(problem) = somewhere(chain, contracts, netuid, &mut report, &mut step) {
            report.problems.push((netuid, problem));
        }
    }
    Ok(report)
}

fn somewhere(
    chain: &mut dyn Chain,
    contracts: &Addresses,
    netuid: NetUid,
    report: &mut Report,
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
