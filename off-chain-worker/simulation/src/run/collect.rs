//! Reads the report's end from the chain.

use super::{Simulation, SimulationError};
use crate::{
    report::{reasons::reason, MessageReport, NeuronReport, Pay, Report, SubnetReport},
    scenario::SubnetPlan,
};
use inktensor_client::{
    chain::{selector, Answer, ChainRead, Typed},
    ss58::ss58,
};
use inktensor_primitives::{
    epoch::Epochs,
    hash::hex,
    registry::{NeuronView, Registry},
    staking::Staking,
    AccountId, NetUid, Rao, PAGE,
};
use std::collections::BTreeMap;

/// Every message that a scenario sends, in the order of a network's life.
const MESSAGES: [&str; 24] = [
    "TokenControl::wire",
    "Registry::wire",
    "Staking::wire",
    "Emission::wire",
    "Registry::allow_kernel",
    "Registry::agree",
    "PSP22::transfer",
    "PSP22::approve",
    "Registry::create_subnet",
    "Registry::set_hyperparameter",
    "Registry::start",
    "Registry::register",
    "Staking::add_stake",
    "Staking::remove_all_stake",
    "Staking::set_take",
    "Epochs::set_weights",
    "Epochs::deposit_collateral",
    "Epochs::close",
    "Epochs::propose",
    "Epochs::finalize",
    "Epochs::finalize_and_settle",
    "Epochs::settle",
    "Epochs::collect",
    "Emission::collect_cut",
];

impl Simulation<'_> {
    /// Completes the report.
    pub(crate) fn finish(mut self) -> Result<Report, SimulationError> {
        self.begin("checking the supply", 1);
        let mut subnets = Vec::new();
        for (netuid, plan) in self.netuids().into_iter().zip(&self.scenario.subnets) {
            subnets.push(self.subnet(netuid, plan)?);
        }
        self.worth()?;
        let supply = self.supply()?;
        let messages = self.messages();
        let block = self.chain.block()?;
        self.step();
        Ok(Report {
            block,
            subnets,
            supply,
            messages,
            ..self.report
        })
    }

    fn subnet(&self, netuid: NetUid, plan: &SubnetPlan) -> Result<SubnetReport, SimulationError> {
        let pages = plan.neurons.len().div_ceil(usize::from(PAGE));
        let mut views: Vec<NeuronView> = Vec::new();
        for page in 0..u16::try_from(pages).unwrap_or(u16::MAX) {
            let message = self.contracts().registry().metagraph(netuid, page);
            views.extend(self.chain.query(message)?);
        }
        let paid = self.paid(netuid);
        let hotkeys: Vec<AccountId> = views.iter().map(|view| view.neuron.hotkey).collect();
        let stakes = self.stakes(netuid, &hotkeys)?;
        let mut neurons = Vec::new();
        for ((view, stake), neuron) in views.iter().zip(stakes).zip(&plan.neurons) {
            let hotkey = view.neuron.hotkey;
            let paid = paid.get(&hotkey).copied().unwrap_or_default();
            let score = &view.score;
            neurons.push(NeuronReport {
                uid: view.uid.0,
                hotkey: ss58(&hotkey),
                coldkey: ss58(&view.neuron.coldkey),
                role: neuron.role.name(),
                stake: stake.0,
                stakers: self.stakers(netuid, view.uid.0),
                permit: score.permit,
                active: score.active,
                stake_weight: score.stake_weight,
                consensus: score.consensus,
                incentive: score.incentive,
                dividends: score.dividends,
                validator_trust: score.validator_trust,
                emission: score.emission.0,
                paid,
                reason: reason(&plan.kernel, &neuron.role, score, &paid),
            });
        }
        Ok(SubnetReport {
            netuid: netuid.0,
            name: plan.name.clone(),
            kernel: plan.kernel.name(),
            rule: plan.kernel.rule(),
            tempo: plan.tempo,
            neurons,
        })
    }

    /// Reads all present stake of each hotkey, page by page: what weighs in the next epoch if
    /// nothing changes.
    pub(super) fn stakes(
        &self,
        netuid: NetUid,
        hotkeys: &[AccountId],
    ) -> Result<Vec<Rao>, SimulationError> {
        let status = self.chain.query(self.contracts().epoch().status(netuid))?;
        let open = status.map(|status| status.open).unwrap_or_default();
        let mut stakes = Vec::new();
        for page in hotkeys.chunks(usize::from(PAGE)) {
            let staking = self.contracts().staking();
            let message = staking.stakes_at(netuid, page.to_vec(), open.saturating_add(1));
            let page = self.chain.query(message).answer();
            stakes.extend(page.map_err(SimulationError::refused("Staking::stakes_at"))?);
        }
        Ok(stakes)
    }

    /// Returns the pay of each hotkey over all settled epochs.
    fn paid(&self, netuid: NetUid) -> BTreeMap<AccountId, Pay> {
        let mut paid: BTreeMap<AccountId, Pay> = BTreeMap::new();
        let epochs = self.report.epochs.iter();
        for epoch in epochs.filter(|epoch| epoch.netuid == netuid.0 && epoch.paid > 0) {
            for (hotkey, pay) in &epoch.pays {
                paid.entry(*hotkey).or_default().add(pay);
            }
        }
        paid
    }

    /// Returns the number of stakers that remain: the owner and nominators.
    fn stakers(&self, netuid: NetUid, uid: u16) -> usize {
        let nominators = self.report.nominators.iter().filter(|nominator| {
            nominator.netuid == netuid.0 && nominator.uid == uid && nominator.left.is_none()
        });
        nominators.count().saturating_add(1)
    }

    /// Records the present value of nominators' stake.
    fn worth(&mut self) -> Result<(), SimulationError> {
        let scenario = self.scenario;
        for (netuid, plan) in self.netuids().into_iter().zip(&scenario.subnets) {
            for nomination in &plan.nominations {
                let Some(neuron) = plan.neurons.get(usize::from(nomination.uid)) else {
                    continue;
                };
                let message =
                    self.contracts()
                        .staking()
                        .stake(netuid, neuron.hotkey, nomination.coldkey);
                let worth = self.chain.query(message)?;
                self.report.note_worth(netuid, nomination, worth);
            }
        }
        Ok(())
    }

    fn messages(&self) -> Vec<MessageReport> {
        let contracts: Vec<_> = self.contracts().named().collect();
        let name = |address: AccountId| {
            let named = contracts.iter().find(|(_, contract)| *contract == address);
            named.map_or("other", |(name, _)| *name)
        };
        let mut facts: Vec<(usize, MessageReport)> = self
            .chain
            .bills()
            .map(|(contract, sent, bill)| {
                let place = MESSAGES.iter().position(|label| selector(label) == sent);
                let label = place.and_then(|place| MESSAGES.get(place));
                let fact = MessageReport {
                    contract: name(contract),
                    message: match label.and_then(|label| label.split("::").nth(1)) {
                        Some(message) => message.into(),
                        None => hex(&sent),
                    },
                    calls: bill.calls,
                    ref_time_average: bill.total.ref_time.checked_div(bill.calls).unwrap_or(0),
                    ref_time_largest: bill.largest.ref_time,
                    proof_size_largest: bill.largest.proof_size,
                    deposit: bill.total.deposit,
                };
                (place.unwrap_or(MESSAGES.len()), fact)
            })
            .collect();
        facts.sort_by_key(|(place, _)| *place);
        facts.into_iter().map(|(_, fact)| fact).collect()
    }
}
