//! Before the first epoch: deployment, subnets, registrations, stake.

use super::{Progress, Simulation, SimulationError, SubnetRun};
use crate::{
    report::Report,
    scenario::{Nomination, Scenario, SubnetPlan},
};
use inktensor_client::{
    chain::{Answer, Meter, Typed},
    deploy::{deploy, Bundles, Config},
};
use inktensor_devnet::{account, sandbox::SandboxChain};
use inktensor_primitives::{
    hash::blake2,
    registry::{Hyperparameter, NetworkRules, Registry},
    staking::Staking,
    AccountId, Bps, NetUid, Rao,
};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
    roles::{Keeper, Proposer, Watcher},
    store::{Home, Store},
};
use psp22::PSP22;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// Price of the first subnet.
const LOCK: Rao = Rao::from_tao(100);
/// Price of a registration: 0.1 TAO.
const REGISTRATION_PRICE: Rao = Rao(Rao::PER_TAO / 10);
/// Registrations that a new subnet allows in a block.
const REGISTRATIONS_PER_BLOCK: usize = 4;
/// Largest number of holders at genesis: its constructor call has to fit a contract's memory. The
/// bank transfers TAO to the others.
const GENESIS_HOLDERS: usize = 512;
/// TAO of the proposer, for collateral.
const PROPOSER_FUNDS: Rao = Rao::from_tao(1_000);

impl<'a> Simulation<'a> {
    pub(super) fn build(
        scenario: &'a Scenario,
        bundles: &Bundles,
        choice: EngineChoice,
        store: Option<&Path>,
        mut progress: Box<dyn FnMut(Progress<'_>) + 'a>,
    ) -> Result<Self, SimulationError> {
        progress(Progress::Begin {
            what: "deploying the contracts",
            steps: 1,
        });
        let mut chain = Meter::new(SandboxChain::new());
        let mut holders: Vec<(AccountId, Rao)> = funds(scenario).into_iter().collect();
        let later = holders.split_off(holders.len().min(GENESIS_HOLDERS));
        let owed = later
            .iter()
            .fold(0u64, |sum, (_, due)| sum.saturating_add(due.0));
        if owed > 0 {
            holders.push((account("bank"), Rao(owed)));
        }
        let config = Config {
            network: NetworkRules {
                min_lock: LOCK,
                creation_interval: 0,
                ..NetworkRules::DEFAULT
            },
            ..Config::new(account("deployer"), account("treasury"), holders)
        };
        let deployment = deploy(&mut chain, bundles, &config)?;
        progress(Progress::Step);
        let contracts = deployment.addresses;
        // The kernels built from this repository are trusted, so they run without a time limit.
        let kernels = |choice| -> Result<Kernels, SimulationError> {
            let known = Kernels::new(choice)?.with_linked(bundles);
            Ok(known
                .trusting(blake2(&bundles.yuma.code))?
                .trusting(blake2(&bundles.mean.code))?)
        };
        let mut epochs = EpochCache::new(contracts, kernels(choice)?);
        if let Some(folder) = store {
            let home = Home::on(&chain, contracts.epoch)?;
            epochs = epochs.with_store(Store::open(folder, home)?);
        }
        let wasm = Arc::new(kernels(EngineChoice::Wasm)?);
        let mut simulation = Self {
            scenario,
            chain,
            epochs,
            keeper: Keeper::new(account("keeper"), contracts),
            proposer: Proposer::new(account("proposer"), contracts),
            watcher: Watcher::new(account("watcher"), contracts),
            watcher_epochs: EpochCache::new(contracts, Arc::clone(&wasm)),
            wasm,
            native: kernels(EngineChoice::Native {
                built: bundles.yuma.code.clone(),
            })?,
            subnets: Vec::new(),
            report: Report::begin(scenario, &deployment),
            issuance: None,
            deployment,
            progress,
        };
        simulation.fund(&later)?;
        for plan in &scenario.subnets {
            let netuid = simulation.create(plan)?;
            simulation.subnets.push(SubnetRun {
                netuid,
                acted: None,
                recorded: BTreeSet::new(),
                paid: BTreeMap::new(),
            });
            simulation.register(netuid, plan)?;
            simulation.stake(netuid, plan)?;
            simulation.start(netuid, plan)?;
        }
        Ok(simulation)
    }

    /// Transfers TAO from the bank to the accounts that genesis does not list.
    fn fund(&mut self, later: &[(AccountId, Rao)]) -> Result<(), SimulationError> {
        if !later.is_empty() {
            self.begin("transferring TAO", later.len());
        }
        for (holder, due) in later {
            let message = self
                .contracts()
                .psp22()
                .transfer(*holder, due.to_u128(), Vec::new());
            self.chain
                .send(account("bank"), message)
                .answer()
                .map_err(SimulationError::refused("PSP22::transfer"))?;
            self.step();
        }
        Ok(())
    }

    fn create(&mut self, plan: &SubnetPlan) -> Result<NetUid, SimulationError> {
        let registry = self.contracts().registry;
        let price = self
            .chain
            .query(self.contracts().registry().creation_price())?;
        self.approve(plan.owner, registry, price)?;
        self.agree(plan.owner_hotkey, plan.owner)?;
        let seats = u16::try_from(plan.neurons.len()).unwrap_or(u16::MAX);
        let message = self.contracts().registry().create_subnet(
            plan.name.clone(),
            plan.owner_hotkey,
            plan.kernel.address(&self.contracts()),
            plan.tempo,
            seats,
            plan.max_validators,
            price,
            None,
        );
        let created = self
            .chain
            .send(plan.owner, message)
            .answer()
            .map_err(SimulationError::refused("Registry::create_subnet"))?;
        let netuid = created.value;
        // All registrations have one price in this network, however many come at once.
        let prices = [
            Hyperparameter::RegistrationPrice(REGISTRATION_PRICE),
            Hyperparameter::MinBurn(REGISTRATION_PRICE),
            Hyperparameter::BurnIncrease(Bps::ONE),
        ];
        // The admin sets thresholds of consensus, and the deployer is the admin.
        for value in plan.kernel.setting().into_iter().chain(prices) {
            let message = self
                .contracts()
                .registry()
                .set_hyperparameter(netuid, value);
            self.chain
                .send(account("deployer"), message)
                .answer()
                .map_err(SimulationError::refused("Registry::set_hyperparameter"))?;
        }
        Ok(netuid)
    }

    /// Starts the epochs of a subnet. The stake before counts from the first epoch on.
    fn start(&mut self, netuid: NetUid, plan: &SubnetPlan) -> Result<(), SimulationError> {
        let start = self.contracts().registry().start(netuid);
        self.chain
            .send(plan.owner, start)
            .answer()
            .map_err(SimulationError::refused("Registry::start"))?;
        Ok(())
    }

    /// Lets `hotkey` agree to belong to `coldkey`, unless it does.
    fn agree(&mut self, hotkey: AccountId, coldkey: AccountId) -> Result<(), SimulationError> {
        let owner = self
            .chain
            .query(self.contracts().registry().owner_of(hotkey))?;
        if hotkey == coldkey || owner.is_some() {
            return Ok(());
        }
        let message = self.contracts().registry().agree(Some(coldkey));
        self.chain
            .send(hotkey, message)
            .answer()
            .map_err(SimulationError::refused("Registry::agree"))?;
        Ok(())
    }

    fn register(&mut self, netuid: NetUid, plan: &SubnetPlan) -> Result<(), SimulationError> {
        let what = format!("subnet {}: registering neurons", netuid.0);
        self.begin(&what, plan.neurons.len());
        let mut fees: BTreeMap<AccountId, u64> = BTreeMap::new();
        for neuron in &plan.neurons {
            *fees.entry(neuron.coldkey).or_default() += REGISTRATION_PRICE.0;
        }
        let registry = self.contracts().registry;
        for (coldkey, fee) in fees {
            self.approve(coldkey, registry, Rao(fee))?;
        }
        for (number, neuron) in plan.neurons.iter().enumerate() {
            if number > 0 && number % REGISTRATIONS_PER_BLOCK == 0 {
                self.chain.inner().advance(1);
            }
            self.agree(neuron.hotkey, neuron.coldkey)?;
            let message = self.contracts().registry().register(
                netuid,
                neuron.hotkey,
                REGISTRATION_PRICE,
                None,
            );
            self.chain
                .send(neuron.coldkey, message)
                .answer()
                .map_err(SimulationError::refused("Registry::register"))?;
            self.step();
        }
        Ok(())
    }

    fn stake(&mut self, netuid: NetUid, plan: &SubnetPlan) -> Result<(), SimulationError> {
        let own = plan
            .neurons
            .iter()
            .filter(|neuron| !neuron.stake.is_zero())
            .map(|neuron| (neuron.coldkey, neuron.hotkey, neuron.stake));
        let own: Vec<_> = own.collect();
        self.begin(&format!("subnet {}: staking", netuid.0), own.len());
        for (coldkey, hotkey, amount) in own {
            self.add_stake(netuid, coldkey, hotkey, amount)?;
            self.step();
        }
        for neuron in &plan.neurons {
            if let Some(take) = neuron.take {
                let message = self.contracts().staking().set_take(neuron.hotkey, take);
                self.chain
                    .send(neuron.coldkey, message)
                    .answer()
                    .map_err(SimulationError::refused("Staking::set_take"))?;
            }
        }
        for nomination in plan.nominations.iter().filter(|n| n.joins == 0) {
            self.nominate(netuid, plan, nomination, 0)?;
        }
        Ok(())
    }

    /// Stakes a nominator's TAO in open epoch `open`.
    pub(super) fn nominate(
        &mut self,
        netuid: NetUid,
        plan: &SubnetPlan,
        nomination: &Nomination,
        open: u32,
    ) -> Result<(), SimulationError> {
        let Some(neuron) = plan.neurons.get(usize::from(nomination.uid)) else {
            return Ok(());
        };
        self.add_stake(netuid, nomination.coldkey, neuron.hotkey, nomination.amount)?;
        self.report.note_joined(netuid, nomination, open);
        Ok(())
    }

    fn add_stake(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), SimulationError> {
        let staking = self.contracts().staking;
        self.approve(coldkey, staking, amount)?;
        let message = self.contracts().staking().add_stake(netuid, hotkey, amount);
        self.chain
            .send(coldkey, message)
            .answer()
            .map_err(SimulationError::refused("Staking::add_stake"))?;
        Ok(())
    }

    fn approve(
        &mut self,
        owner: AccountId,
        spender: AccountId,
        amount: Rao,
    ) -> Result<(), SimulationError> {
        let message = self.contracts().psp22().approve(spender, amount.to_u128());
        self.chain
            .send(owner, message)
            .answer()
            .map_err(SimulationError::refused("PSP22::approve"))?;
        Ok(())
    }
}

/// Returns an upper bound of the price of the subnet that is created after `before` others: the
/// price doubles with each.
fn lock(before: u32) -> Rao {
    Rao(LOCK.0.checked_shl(before).unwrap_or(u64::MAX))
}

/// Returns the TAO that every account needs at genesis.
fn funds(scenario: &Scenario) -> BTreeMap<AccountId, Rao> {
    let mut funds: BTreeMap<AccountId, Rao> = BTreeMap::new();
    let mut give = |who, amount: Rao| {
        let has = funds.entry(who).or_default();
        // The token refuses a plan for more TAO than the cap.
        *has = has.checked_add(amount).unwrap_or(Rao(u64::MAX));
    };
    give(account("proposer"), PROPOSER_FUNDS);
    for (plan, place) in scenario.subnets.iter().zip(0..) {
        give(plan.owner, lock(place));
        for neuron in &plan.neurons {
            give(neuron.coldkey, REGISTRATION_PRICE);
            give(neuron.coldkey, neuron.stake);
        }
        for nomination in &plan.nominations {
            give(nomination.coldkey, nomination.amount);
        }
    }
    funds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genesis_gives_each_what_the_plan_needs() {
        let scenario = Scenario::generate(1);
        let funds = funds(&scenario);
        let total: u128 = funds.values().map(|amount| amount.to_u128()).sum();
        let mut planned = PROPOSER_FUNDS.to_u128();
        for (plan, place) in scenario.subnets.iter().zip(0..) {
            planned += lock(place).to_u128();
            let seats = plan.neurons.len() as u128;
            planned += seats * REGISTRATION_PRICE.to_u128();
            planned += plan.neurons.iter().map(|n| n.stake.to_u128()).sum::<u128>();
            let nominated = plan.nominations.iter().map(|n| n.amount.to_u128());
            planned += nominated.sum::<u128>();
        }
        assert_eq!(total, planned);
        assert!(total < Rao::CAP.to_u128());
        assert!(funds.values().all(|amount| !amount.is_zero()));
    }
}
