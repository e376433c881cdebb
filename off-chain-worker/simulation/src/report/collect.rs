//! Reads the end of the story from the chain.

use super::{reasons::reason, ss58, MessageFact, NeuronFact, Pay, Story, SubnetFact};
use crate::{
    run::{Stage, StageError},
    scenario::SubnetPlan,
};
use inktensor_client::chain::{selector, Answer, Chain, Typed};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    epoch::Epochs,
    registry::{NeuronView, Registry},
    staking::Staking,
    AccountId, NetUid, Rao, PAGE,
};
use std::collections::BTreeMap;

/// Every message that a scenario sends, in the order of a network's life.
const MESSAGES: [&str; 21] = [
    "TokenControl::wire",
    "Registry::wire",
    "Staking::wire",
    "Emission::wire",
    "Registry::allow_kernel",
    "Registry::set_admin",
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
    "Epochs::settle",
];

impl Stage<'_> {
    /// Tells the whole story.
    pub(crate) fn tell(mut self) -> Result<Story, StageError> {
        self.begin("checking the books", 1);
        let mut subnets = Vec::new();
        for (netuid, plan) in self.netuids().into_iter().zip(&self.scenario.subnets) {
            subnets.push(self.subnet(netuid, plan)?);
        }
        self.worth()?;
        let supply = self.supply()?;
        let messages = self.messages();
        let block = self.chain.block()?;
        self.step();
        Ok(Story {
            block,
            subnets,
            supply,
            messages,
            ..self.story
        })
    }

    fn subnet(&self, netuid: NetUid, plan: &SubnetPlan) -> Result<SubnetFact, StageError> {
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
            neurons.push(NeuronFact {
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
        Ok(SubnetFact {
            netuid: netuid.0,
            name: plan.name.clone(),
            kernel: plan.kernel.name(),
            rule: plan.kernel.rule(),
            tempo: plan.tempo,
            neurons,
        })
    }

    /// Stake behind each hotkey now, read page by page.
    pub(super) fn stakes(
        &self,
        netuid: NetUid,
        hotkeys: &[AccountId],
    ) -> Result<Vec<Rao>, StageError> {
        let status = self.chain.query(self.contracts().epoch().status(netuid))?;
        let open = status.map(|status| status.open).unwrap_or_default();
        let mut stakes = Vec::new();
        for page in hotkeys.chunks(usize::from(PAGE)) {
            let staking = self.contracts().staking();
            let message = staking.stakes_at(netuid, page.to_vec(), open);
            let page = self.chain.query(message).answer();
            stakes.extend(page.map_err(StageError::refused("Staking::stakes_at"))?);
        }
        Ok(stakes)
    }

    /// What each hotkey was paid over all epochs that were settled.
    fn paid(&self, netuid: NetUid) -> BTreeMap<AccountId, Pay> {
        let mut paid: BTreeMap<AccountId, Pay> = BTreeMap::new();
        let epochs = self.story.epochs.iter();
        for epoch in epochs.filter(|epoch| epoch.netuid == netuid.0 && epoch.paid > 0) {
            for (hotkey, pay) in &epoch.pays {
                paid.entry(*hotkey).or_default().add(pay);
            }
        }
        paid
    }

    /// The owner and the nominators that are there.
    fn stakers(&self, netuid: NetUid, uid: u16) -> usize {
        let nominators = self.story.nominators.iter().filter(|nominator| {
            nominator.netuid == netuid.0 && nominator.uid == uid && nominator.left.is_none()
        });
        nominators.count().saturating_add(1)
    }

    /// What nominators' stake is worth now.
    fn worth(&mut self) -> Result<(), StageError> {
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
                self.story.note_worth(netuid, nomination, worth);
            }
        }
        Ok(())
    }

    fn messages(&self) -> Vec<MessageFact> {
        let contracts = self.contracts().named();
        let name = |address: AccountId| {
            let named = contracts.iter().find(|(_, contract)| *contract == address);
            named.map_or("other", |(name, _)| *name)
        };
        let mut facts: Vec<(usize, MessageFact)> = self
            .chain
            .bills()
            .map(|(contract, sent, bill)| {
                let place = MESSAGES.iter().position(|label| selector(label) == sent);
                let label = place.and_then(|place| MESSAGES.get(place));
                let fact = MessageFact {
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
