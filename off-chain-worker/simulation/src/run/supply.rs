//! The supply check: every rao is accounted for.

use super::{Simulation, SimulationError};
use crate::{
    report::{sum, term, Equation},
    scenario::NeuronPlan,
};
use inktensor_client::chain::{ChainRead, Typed};
use inktensor_primitives::{
    emission::{Completed, Emission, Fee, FeePaid},
    epoch::{CollateralChanged, Epochs},
    registry::{NeuronRegistered, Registry, SubnetCreated},
    staking::Staking,
    token::TokenControl,
    AccountId, NetUid, Rao,
};
use psp22::{Transfer, PSP22};
use std::collections::BTreeSet;

/// The sums in a run's events.
#[derive(Default)]
struct EventSums {
    /// Accounts that ever received or paid TAO.
    holders: BTreeSet<AccountId>,
    /// Accounts that ever had collateral.
    workers: BTreeSet<AccountId>,
    /// Paid to miners and validators of complete epochs.
    paid: u64,
    /// Paid to subnets' owners.
    owners: u64,
    /// Paid to the treasury.
    treasury: u64,
    /// Paid to the accounts that computed epochs.
    proposers: u64,
    /// Paid to the accounts that settled them.
    keepers: u64,
    /// Burned by registrations.
    registrations: u64,
    /// Locked by creating subnets.
    locks: u64,
}

impl Simulation<'_> {
    /// Reads every sum from the chain, each in two ways.
    pub(super) fn supply(&self) -> Result<Vec<Equation>, SimulationError> {
        let sums = self.event_sums()?;
        let mut all = vec![
            self.balances(&sums)?,
            self.minted(&sums)?,
            self.held(&sums)?,
        ];
        all.push(self.divided(&sums)?);
        all.extend(self.issued());
        all.push(self.staked()?);
        for (netuid, plan) in self.netuids().into_iter().zip(&self.scenario.subnets) {
            let pairs: BTreeSet<(AccountId, AccountId)> = plan
                .neurons
                .iter()
                .map(|neuron: &NeuronPlan| (neuron.hotkey, neuron.coldkey))
                .chain([(plan.owner_hotkey, plan.owner)])
                .chain(plan.nominations.iter().filter_map(|nomination| {
                    let neuron = plan.neurons.get(usize::from(nomination.uid))?;
                    Some((neuron.hotkey, nomination.coldkey))
                }))
                .collect();
            all.push(self.positions(netuid, &pairs)?);
        }
        all.push(self.bonds(&sums)?);
        all.push(self.settlement());
        Ok(all)
    }

    fn event_sums(&self) -> Result<EventSums, SimulationError> {
        let contracts = self.contracts();
        let mut sums = EventSums::default();
        for event in self.chain.events(0)? {
            if event.contract == contracts.token {
                if let Some(transfer) = event.decode::<Transfer>() {
                    sums.holders.extend(transfer.from);
                    sums.holders.extend(transfer.to);
                }
            } else if event.contract == contracts.registry {
                if let Some(registered) = event.decode::<NeuronRegistered>() {
                    sums.registrations = sums.registrations.saturating_add(registered.price.0);
                } else if let Some(created) = event.decode::<SubnetCreated>() {
                    sums.locks = sums.locks.saturating_add(created.price.0);
                }
            } else if event.contract == contracts.emission {
                if let Some(completed) = event.decode::<Completed>() {
                    sums.paid = sums.paid.saturating_add(completed.paid.0);
                    sums.owners = sums.owners.saturating_add(completed.owner.0);
                    sums.treasury = sums.treasury.saturating_add(completed.treasury.0);
                } else if let Some(paid) = event.decode::<FeePaid>() {
                    let sum = match paid.fee {
                        Fee::Proposer => &mut sums.proposers,
                        Fee::Keeper => &mut sums.keepers,
                    };
                    *sum = sum.saturating_add(paid.amount.0);
                }
            } else if event.contract == contracts.epoch {
                sums.workers.extend(
                    event
                        .decode::<CollateralChanged>()
                        .map(|changed| changed.worker),
                );
            }
        }
        Ok(sums)
    }

    fn held(&self, sums: &EventSums) -> Result<Equation, SimulationError> {
        let contracts = self.contracts();
        let balance = self
            .chain
            .query(contracts.psp22().balance_of(contracts.registry))?;
        let held = self.chain.query(contracts.registry().held())?;
        Ok(Equation::new(
            "the registry holds what was locked",
            [term("balance of the registry contract", narrow(balance))],
            [
                term("held, as it says", held),
                term(
                    "of it in no subnet's lock",
                    Rao(held.0.abs_diff(sums.locks)),
                ),
            ],
        ))
    }

    fn balances(&self, sums: &EventSums) -> Result<Equation, SimulationError> {
        let supply = narrow(self.chain.query(self.contracts().psp22().total_supply())?);
        let mut sum = 0u64;
        for holder in &sums.holders {
            let balance = self
                .chain
                .query(self.contracts().psp22().balance_of(*holder))?;
            sum = sum.saturating_add(narrow(balance).0);
        }
        Ok(Equation::new(
            "TAO in existence is what accounts hold",
            [term("total supply", supply)],
            [term(
                format!("balances of {} accounts", sums.holders.len()),
                Rao(sum),
            )],
        ))
    }

    fn minted(&self, sums: &EventSums) -> Result<Equation, SimulationError> {
        let contracts = self.contracts();
        let supply = narrow(self.chain.query(contracts.psp22().total_supply())?);
        let issuance = self.chain.query(contracts.emission().issuance())?;
        let minted = narrow(self.chain.query(contracts.token().total_minted())?);
        let after_genesis = Rao(minted.0.saturating_sub(issuance.genesis.0));
        let mut equation = Equation::new(
            "TAO ever minted is there or was burned",
            [
                term("total supply", supply),
                term("burned by registrations", Rao(sums.registrations)),
            ],
            [
                term("genesis", issuance.genesis),
                term("minted by the token since", after_genesis),
            ],
        );
        // The emission contract's own sums must agree.
        equation.holds &= issuance.minted == after_genesis;
        Ok(equation)
    }

    fn divided(&self, sums: &EventSums) -> Result<Equation, SimulationError> {
        let contracts = self.contracts();
        let issuance = self.chain.query(contracts.emission().issuance())?;
        let treasury = self.chain.query(contracts.emission().treasury())?;
        let balance = self.chain.query(contracts.psp22().balance_of(treasury))?;
        let mut equation = Equation::new(
            "TAO minted or owed since went to neurons, owners, the treasury, and workers",
            [
                term("minted by emission", issuance.minted),
                term("owed by emission", issuance.owed),
            ],
            [
                term("miners, validators and their stakers", Rao(sums.paid)),
                term("subnet owners", Rao(sums.owners)),
                term("balance of the treasury", narrow(balance)),
                term("fees of proposers", Rao(sums.proposers)),
                term("fees of keepers", Rao(sums.keepers)),
            ],
        );
        // The treasury starts empty, and no account spends from it here.
        equation.holds &= narrow(balance) == Rao(sums.treasury);
        Ok(equation)
    }

    /// Compares the sums at the last close, when emission was evaluated last.
    fn issued(&self) -> Option<Equation> {
        let promise = self.issuance?;
        let issuance = promise.issuance;
        let issued = issuance.issued.0.saturating_sub(issuance.genesis.0);
        let known = [
            term("minted", issuance.minted),
            term("owed to neurons and owners", issuance.owed),
            term("open budgets", Rao(promise.open)),
            term(
                "earned or carried by subnets, not drawn",
                Rao(promise.pending),
            ),
        ];
        let rest = u128::from(issued).checked_sub(sum(&known));
        let rest = rest.and_then(|rest| u64::try_from(rest).ok());
        let mut equation = Equation::new(
            format!("issued is minted or promised, at block {}", issuance.block),
            [term("issued by the curve since genesis", Rao(issued))],
            known.into_iter().chain([term(
                "fractions of a rao not yet divided",
                Rao(rest.unwrap_or_default()),
            )]),
        );
        // Each subnet, and the division between them, can hold back less than a rao.
        let most = u64::try_from(self.netuids().len()).unwrap_or(u64::MAX);
        equation.holds &= rest.is_some_and(|rest| rest <= most);
        Some(equation)
    }

    fn staked(&self) -> Result<Equation, SimulationError> {
        let contracts = self.contracts();
        let balance = self
            .chain
            .query(contracts.psp22().balance_of(contracts.staking))?;
        let total: Rao = self.chain.query(contracts.staking().total_stake())?;
        let mut terms = Vec::new();
        for netuid in self.netuids() {
            let stake = self.chain.query(contracts.staking().subnet_stake(netuid))?;
            terms.push(term(format!("stake on subnet {}", netuid.0), stake));
        }
        let dues: Rao = self.chain.query(contracts.staking().dues())?;
        terms.push(term("due to parents of children", dues));
        let mut equation = Equation::new(
            "TAO of the staking contract is all stake, and what is due to parents",
            [term("balance of the staking contract", narrow(balance))],
            terms,
        );
        equation.holds &= narrow(balance).0 == total.0.saturating_add(dues.0);
        Ok(equation)
    }

    fn positions(
        &self,
        netuid: NetUid,
        pairs: &BTreeSet<(AccountId, AccountId)>,
    ) -> Result<Equation, SimulationError> {
        let staking = || self.contracts().staking();
        let stake: Rao = self.chain.query(staking().subnet_stake(netuid))?;
        let hotkeys: BTreeSet<AccountId> = pairs.iter().map(|(hotkey, _)| *hotkey).collect();
        let hotkeys: Vec<AccountId> = hotkeys.into_iter().collect();
        let pools: u64 = self
            .stakes(netuid, &hotkeys)?
            .iter()
            .map(|pool| pool.0)
            .sum();
        let mut positions = 0u64;
        for (hotkey, coldkey) in pairs {
            let position: Rao = self
                .chain
                .query(staking().stake(netuid, *hotkey, *coldkey))?;
            positions = positions.saturating_add(position.0);
        }
        let rounding = stake.0.checked_sub(positions);
        let mut equation = Equation::new(
            format!("all stake on subnet {} belongs to a staker", netuid.0),
            [term(format!("pools of {} hotkeys", hotkeys.len()), stake)],
            [
                term(
                    format!("positions of {} stakers", pairs.len()),
                    Rao(positions),
                ),
                term(
                    "rounding, kept by the pools",
                    Rao(rounding.unwrap_or_default()),
                ),
            ],
        );
        // A position is worth its share of the pool, rounded down to the rao.
        let most = u64::try_from(pairs.len()).unwrap_or(u64::MAX);
        equation.holds &= pools == stake.0 && rounding.is_some_and(|rounding| rounding <= most);
        Ok(equation)
    }

    fn bonds(&self, sums: &EventSums) -> Result<Equation, SimulationError> {
        let contracts = self.contracts();
        let balance = self
            .chain
            .query(contracts.psp22().balance_of(contracts.epoch))?;
        let (mut free, mut locked) = (0u64, 0u64);
        for worker in &sums.workers {
            let collateral = self.chain.query(contracts.epoch().collateral(*worker))?;
            free = free.saturating_add(collateral.free.0);
            locked = locked.saturating_add(collateral.locked.0);
        }
        let total: Rao = self.chain.query(contracts.epoch().total_collateral())?;
        let mut equation = Equation::new(
            "TAO of the epoch contract is all collateral",
            [term("balance of the epoch contract", narrow(balance))],
            [
                term("free collateral", Rao(free)),
                term("locked collateral", Rao(locked)),
            ],
        );
        equation.holds &= narrow(balance) == total;
        Ok(equation)
    }

    /// Compares the computed results with what was paid.
    fn settlement(&self) -> Equation {
        let settled = || self.report.epochs.iter().filter(|epoch| epoch.paid > 0);
        let due = settled().map(|epoch| epoch.due).sum();
        let paid = settled().map(|epoch| epoch.paid).sum();
        Equation::new(
            format!(
                "{} epochs with a budget paid what was computed",
                settled().count()
            ),
            [term("results of the kernel", Rao(due))],
            [term("paid at settlement", Rao(paid))],
        )
    }
}

/// Returns an amount of TAO; an impossible amount becomes the largest one.
fn narrow(amount: u128) -> Rao {
    Rao(u64::try_from(amount).unwrap_or(u64::MAX))
}
