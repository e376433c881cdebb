//! Epoch after epoch: validators set weights, nominators stake and leave, the roles work, blocks
//! pass.

use super::{Simulation, SimulationError};
use crate::{report::EpochReport, scenario::Behaviour};
use inktensor_client::chain::{Answer, ChainRead, Typed};
use inktensor_compute::{
    engine::Engine,
    epoch::{compute, EpochInputs, Trace},
};
use inktensor_primitives::{
    emission::{Emission, Issuance},
    epoch::{EpochStatus, Epochs, Stage as Lifecycle},
    registry::Registry,
    staking::Staking,
    Bps, NetUid, Rao, Uid, PAGE,
};
use inktensor_worker::{epochs::ComputedEpoch, roles::Action};
use std::{sync::Arc, time::Duration};

/// Number of times that each engine computes an epoch for its timing. The shortest time counts.
const TIMED_RUNS: usize = 3;

/// Emission at the last close.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IssuanceAtClose {
    /// State of issuance.
    pub issuance: Issuance,
    /// Unspent parts of open budgets.
    pub open: u64,
    /// Earned by subnets and not drawn, with what they carry.
    pub pending: u64,
}

impl Simulation<'_> {
    /// Lets blocks pass until every subnet has `epochs` epochs final and settled.
    pub(crate) fn run_epochs(&mut self, epochs: u32) -> Result<(), SimulationError> {
        let subnets = self.subnets.len();
        let wanted = usize::try_from(epochs).unwrap_or(usize::MAX);
        self.begin("running epochs", subnets.saturating_mul(wanted));
        let mut counted = 0;
        loop {
            self.work()?;
            self.act()?;
            let mut done = 0;
            for netuid in self.netuids() {
                done += self.settled(netuid)?.min(epochs);
            }
            for _ in counted..done {
                self.step();
            }
            counted = done;
            if usize::try_from(done).ok() >= subnets.checked_mul(wanted) {
                return Ok(());
            }
            self.wait()?;
        }
    }

    fn status(&self, netuid: NetUid) -> Result<Option<EpochStatus>, SimulationError> {
        Ok(self.chain.query(self.contracts().epoch().status(netuid))?)
    }

    /// Returns the number of epochs of the subnet that are final and paid out.
    fn settled(&self, netuid: NetUid) -> Result<u32, SimulationError> {
        let status = self.status(netuid)?;
        let Some(last) = status.as_ref().and_then(|status| status.final_epoch) else {
            return Ok(0);
        };
        let settling = status.is_some_and(|status| status.settling.is_some());
        Ok(last.saturating_add(u32::from(!settling)))
    }

    /// Lets keeper, proposer and watcher take all steps that are due at this block.
    fn work(&mut self) -> Result<(), SimulationError> {
        loop {
            let mut actions = self
                .keeper
                .tick(&mut self.chain, &mut self.epochs)?
                .clean()?;
            if actions
                .iter()
                .any(|action| matches!(action, Action::Closed { .. }))
            {
                self.issuance = Some(self.promise()?);
            }
            actions.extend(
                self.proposer
                    .tick(&mut self.chain, &mut self.epochs)?
                    .clean()?,
            );
            actions.extend(
                self.watcher
                    .tick(&mut self.chain, &mut self.watcher_epochs)?
                    .clean()?,
            );
            if actions.is_empty() {
                return Ok(());
            }
            for action in actions {
                self.note(action)?;
            }
        }
    }

    fn note(&mut self, action: Action) -> Result<(), SimulationError> {
        match action {
            Action::Proposed { netuid, .. } => {
                let computed = self.epochs.closed(&self.chain, netuid)?;
                let fact = self.epoch_fact(&computed)?;
                self.report.epochs.push(fact);
            }
            Action::Settled {
                netuid,
                epoch,
                paid,
                ..
            } => {
                let subnet = self.subnets.iter_mut().find(|p| p.netuid == netuid);
                if let Some(subnet) = subnet {
                    let sum = subnet.paid.entry(epoch).or_default();
                    *sum = Rao(sum.0.saturating_add(paid.0));
                    self.report.note_paid(netuid, epoch, *sum);
                }
                self.collect_pay(netuid)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Lets the owners of neurons and subnet collect what they are owed.
    fn collect_pay(&mut self, netuid: NetUid) -> Result<(), SimulationError> {
        let contracts = self.contracts();
        let subnet = self.chain.query(contracts.registry().subnet(netuid))?;
        let Some(subnet) = subnet else {
            return Ok(());
        };
        for page in 0..subnet.neurons.div_ceil(PAGE) {
            let views = self
                .chain
                .query(contracts.registry().metagraph(netuid, page))?;
            let owed = views.into_iter().filter(|it| !it.owed.is_zero());
            let uids: Vec<Uid> = owed.map(|it| it.uid).collect();
            if !uids.is_empty() {
                let message = contracts.epoch().collect(netuid, uids);
                self.chain
                    .send(subnet.owner, message)
                    .answer()
                    .map_err(SimulationError::refused("Epochs::collect"))?;
            }
        }
        if !self
            .chain
            .query(contracts.emission().cut(netuid))?
            .is_zero()
        {
            let message = contracts.emission().collect_cut(netuid);
            self.chain
                .send(subnet.owner, message)
                .answer()
                .map_err(SimulationError::refused("Emission::collect_cut"))?;
        }
        Ok(())
    }

    /// Creates the report of an epoch: its digests, its participants, their pay, and the time of
    /// the computation.
    fn epoch_fact(&self, computed: &ComputedEpoch) -> Result<EpochReport, SimulationError> {
        let header = &computed.inputs.header;
        let mut neurons = Vec::new();
        for start in (0..header.neurons).step_by(usize::from(PAGE)) {
            let count = header.neurons.saturating_sub(start).min(PAGE);
            let message = self.contracts().registry().neurons_at(
                header.netuid,
                header.epoch,
                Uid(start),
                count,
            );
            let page = self.chain.query(message).answer();
            neurons.extend(page.map_err(SimulationError::refused("Registry::neurons_at"))?);
        }
        let mut takes = Vec::new();
        for (neuron, result) in neurons.iter().zip(computed.trace.neurons()) {
            // Without dividends the take does not matter.
            takes.push(if result.validator.is_zero() {
                Bps(0)
            } else {
                self.chain
                    .query(self.contracts().staking().take(neuron.hotkey))?
            });
        }
        let hash = &header.kernel_code;
        let (wasm, wasm_time) = timed(&self.wasm.engine(&self.chain, hash)?, &computed.inputs)?;
        let (native, native_time) =
            timed(&self.native.engine(&self.chain, hash)?, &computed.inputs)?;
        let agreed = [wasm, native]
            .iter()
            .all(|trace| trace.assertion() == computed.assertion);
        let subnet = self.subnets.iter().zip(&self.scenario.subnets);
        let plan = subnet
            .filter(|(subnet, _)| subnet.netuid == header.netuid)
            .map(|(_, plan)| plan);
        let phases = plan.map(|plan| plan.kernel.phases()).next();
        Ok(EpochReport::of(
            computed,
            phases.unwrap_or_default(),
            &neurons,
            &takes,
            agreed,
            &wasm_time,
            &native_time,
        ))
    }

    /// Reads the emission right after a close.
    fn promise(&self) -> Result<IssuanceAtClose, SimulationError> {
        let contracts = self.contracts();
        let issuance = self.chain.query(contracts.emission().issuance())?;
        let (mut open, mut pending) = (0u64, 0u64);
        for netuid in self.netuids() {
            let share: Rao = self.chain.query(contracts.emission().pending(netuid))?;
            pending = pending.saturating_add(share.0);
            let Some(header) = self.chain.query(contracts.epoch().header(netuid))? else {
                continue;
            };
            let message = contracts.emission().budget(netuid, header.epoch);
            if let Some(budget) = self.chain.query(message)? {
                let unspent = budget.unspent().unwrap_or_default();
                open = open.saturating_add(unspent.0);
            }
        }
        Ok(IssuanceAtClose {
            issuance,
            open,
            pending,
        })
    }

    /// Lets validators and nominators of each subnet act, once in each open epoch, after the
    /// settlement of the one before.
    fn act(&mut self) -> Result<(), SimulationError> {
        for place in 0..self.subnets.len() {
            let Some(subnet) = self.subnets.get(place) else {
                continue;
            };
            let (netuid, acted) = (subnet.netuid, subnet.acted);
            let Some(status) = self.status(netuid)? else {
                continue;
            };
            let waiting = status.stage != Lifecycle::Open || status.settling.is_some();
            if waiting || acted >= Some(status.open) {
                continue;
            }
            self.weigh(place, netuid, status.open)?;
            self.nominators(place, netuid, status.open)?;
            if let Some(subnet) = self.subnets.get_mut(place) {
                subnet.acted = Some(status.open);
            }
        }
        Ok(())
    }

    /// Lets every neuron with a permit set weights, by its behaviour.
    fn weigh(&mut self, place: usize, netuid: NetUid, open: u32) -> Result<(), SimulationError> {
        let scenario = self.scenario;
        let Some(plan) = scenario.subnets.get(place) else {
            return Ok(());
        };
        let consensus: Vec<u16> = match open.checked_sub(1) {
            Some(last) => self
                .epochs
                .computed(netuid, last)
                .map(|computed| computed.trace.neurons().map(|n| n.consensus).collect())
                .unwrap_or_default(),
            None => Vec::new(),
        };
        let roster: Vec<Uid> = self.chain.query(self.contracts().epoch().roster(netuid))?;
        for uid in roster {
            let Some(neuron) = plan.neurons.get(usize::from(uid.0)) else {
                continue;
            };
            let recorded = matches!(neuron.role, Behaviour::Recorded { .. });
            let Some(subnet) = self.subnets.get_mut(place) else {
                continue;
            };
            if recorded && !subnet.recorded.insert(uid.0) {
                continue;
            }
            let Some(row) = scenario.weights(place, uid.0, open, &consensus) else {
                continue;
            };
            let (uids, weights) = row.into_iter().map(|(uid, w)| (Uid(uid), w)).unzip();
            let message = self
                .contracts()
                .epoch()
                .set_weights(netuid, uids, weights, 0);
            self.chain
                .send(neuron.hotkey, message)
                .answer()
                .map_err(SimulationError::refused("Epochs::set_weights"))?;
        }
        Ok(())
    }

    /// Lets the nominators stake or leave whose time has come.
    fn nominators(
        &mut self,
        place: usize,
        netuid: NetUid,
        open: u32,
    ) -> Result<(), SimulationError> {
        let scenario = self.scenario;
        let Some(plan) = scenario.subnets.get(place) else {
            return Ok(());
        };
        for nomination in &plan.nominations {
            if nomination.joins > 0 && nomination.joins == open {
                self.nominate(netuid, plan, nomination, open)?;
            }
            if nomination.leaves == Some(open) {
                let Some(neuron) = plan.neurons.get(usize::from(nomination.uid)) else {
                    continue;
                };
                let message = self
                    .contracts()
                    .staking()
                    .remove_all_stake(netuid, neuron.hotkey);
                let sent = self
                    .chain
                    .send(nomination.coldkey, message)
                    .answer()
                    .map_err(SimulationError::refused("Staking::remove_all_stake"))?;
                self.report.note_left(netuid, nomination, open, sent.value);
            }
        }
        Ok(())
    }

    /// Lets blocks pass until a step is due on some subnet.
    fn wait(&mut self) -> Result<(), SimulationError> {
        let now = self.chain.block()?;
        let mut next: Option<u32> = None;
        for netuid in self.netuids() {
            let due = self.status(netuid)?.and_then(|status| match &status.stage {
                Lifecycle::Open => Some(status.closes_at),
                Lifecycle::Asserted(standing) => standing.first().map(|first| first.deadline),
                Lifecycle::Closed => None,
            });
            next = [next, due.filter(|due| *due > now)]
                .into_iter()
                .flatten()
                .min();
        }
        let next = next.ok_or(SimulationError::Stuck)?;
        self.chain.inner().advance(next.saturating_sub(now));
        Ok(())
    }
}

/// Computes an epoch several times, and returns the shortest time of each phase.
fn timed(
    engine: &Arc<dyn Engine>,
    inputs: &EpochInputs,
) -> Result<(Trace, Vec<Duration>), SimulationError> {
    let mut trace = compute(engine.as_ref(), inputs)?;
    let mut best = std::mem::take(&mut trace.timing);
    for _ in 1..TIMED_RUNS {
        for (best, time) in best
            .iter_mut()
            .zip(compute(engine.as_ref(), inputs)?.timing)
        {
            *best = time.min(*best);
        }
    }
    Ok((trace, best))
}
