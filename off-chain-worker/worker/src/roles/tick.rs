//! The loop over all subnets, which takes steps on each while one is due.

use super::{Action, RoleError, TickReport};
use inktensor_client::{
    chain::{CallError, Chain, ChainError, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs},
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

impl Step {
    /// Returns the outcome of the message called `name`, which has this `answer`. `action` makes
    /// the step of an accepted message. `is_overtaken` returns true for the errors of a step that
    /// another account has taken before.
    pub fn of<T>(
        name: &'static str,
        answer: Result<T, CallError<EpochError>>,
        action: impl FnOnce(T) -> Action,
        is_overtaken: impl Fn(&EpochError) -> bool,
    ) -> Result<Self, RoleError> {
        let error = match answer {
            Ok(accepted) => return Ok(Step::Took(action(accepted))),
            Err(error) => error,
        };
        let is_overtaken = matches!(&error, CallError::Refused(error) if is_overtaken(error));
        let error = RoleError::refused(name)(error);
        if is_overtaken {
            Ok(Step::Overtaken(error))
        } else {
            Err(error)
        }
    }
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
