//! The chain of a run and its two subnets: a served devchain, on which every neuron is registered.

use super::{
    plan::{trainer_names, Plan, Suri, EXAMINERS, OWNER},
    process::{Process, Stock, PATIENCE},
    LiveError,
};
use inktensor_client::{
    chain::{Answer, ContractError, Message, Typed},
    deploy::Addresses,
    keys,
};
use inktensor_devnet::{account, remote::RemoteChain};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{CommitmentKind, Hyperparameter, Registry, Seat},
    staking::Staking,
    work::Pledge,
    AccountId, Bps, Digest, NetUid, Rao, Uid,
};
use psp22::PSP22;
use scale::Decode;
use std::{collections::BTreeMap, path::PathBuf};

/// The subnet of questions.
pub const NETUID: NetUid = NetUid(1);
/// The subnet of the training.
pub const TRAINING: NetUid = NetUid(2);
/// Both subnets. Their epochs open and close in the same blocks.
pub const SUBNETS: [NetUid; 2] = [NETUID, TRAINING];
/// Blocks during which an epoch can be disputed: little of an epoch, and enough for a watcher that
/// looks many times a block.
const CHALLENGE_PERIOD: u32 = 2;
/// Price of a registration: 0.1 TAO.
const PRICE: Rao = Rao(Rao::PER_TAO / 10);
/// Registrations that a subnet allows in a block by default.
const REGISTRATIONS: usize = 4;
/// TAO of each hotkey, for the serving deposit.
const POCKET: Rao = Rao::from_tao(1);
/// TAO of the worker, for collateral.
const COLLATERAL: Rao = Rao::from_tao(1_000);
/// Blocks between the creation of two subnets on a devchain.
const BETWEEN_SUBNETS: u32 = 7_200;
/// The largest amount that the bank allows a contract to collect.
const ALLOWANCE: Rao = Rao::from_tao(1_000_000);

/// A neuron of a run.
#[derive(Clone, Debug)]
pub struct Seated {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The uid.
    pub uid: Uid,
    /// File with the hotkey's secret URI.
    pub suri_file: PathBuf,
}

/// The chain of a run and the subnets on it.
pub struct Net {
    /// The chain.
    pub chain: RemoteChain,
    /// Addresses of the contracts.
    pub contracts: Addresses,
    /// Address for `--chain`.
    pub address: String,
    /// The neurons, by subnet and name.
    neurons: BTreeMap<(NetUid, &'static str), Seated>,
    /// The hotkeys and the files with their secret URIs, by name.
    hotkeys: BTreeMap<&'static str, (AccountId, PathBuf)>,
    /// The process that serves the chain.
    pub devchain: Process,
}

impl Net {
    /// Serves a new chain, creates the subnets, and registers and stakes all neurons of the plan.
    /// Blocks pass only when [`RemoteChain::advance`] asks for them.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub fn create(stock: &Stock, plan: &Plan, tempo: u32) -> Result<Self, LiveError> {
        let period = CHALLENGE_PERIOD.to_string();
        let arguments = [
            "devchain",
            "--listen",
            "127.0.0.1:0",
            "--block-time",
            "0",
            "--challenge-period",
            &period,
        ];
        let arguments = arguments.map(String::from);
        let mut devchain = stock.start("devchain", "devchain", &arguments)?;
        let served = |line: &str| Some(line.strip_prefix("listening on tcp://")?.to_owned());
        let address = devchain.first_line(served)?;
        let chain = RemoteChain::connect(&address, PATIENCE)?;
        let named: BTreeMap<String, AccountId> = chain.contracts()?.into_iter().collect();
        let contracts = Addresses::from_named(|name| named.get(name).copied())
            .map_err(|error| LiveError::Unusable(error.to_string()))?;
        let mut net = Self {
            chain,
            contracts,
            address: format!("tcp://{address}"),
            neurons: BTreeMap::new(),
            hotkeys: BTreeMap::new(),
            devchain,
        };
        net.pay_beforehand()?;
        let (names, validators) = (plan.names(), plan.validators.len());
        net.keys(stock, plan, &names)?;
        net.create_subnet(NETUID, "embed", tempo, (names.len(), validators))?;
        net.register(NETUID, &names)?;
        let stakes = plan.validators.iter().map(|it| (it.name, it.stake));
        net.stake(NETUID, stakes)?;
        // The network allows a new subnet only so often.
        net.chain.advance(BETWEEN_SUBNETS)?;
        let names = trainer_names();
        net.keys(stock, plan, &names)?;
        net.create_subnet(TRAINING, "train", tempo, (names.len(), EXAMINERS.len()))?;
        net.register(TRAINING, &names)?;
        net.stake(TRAINING, EXAMINERS.map(|it| (it.name, it.stake)))?;
        Ok(net)
    }

    /// Returns `HOST:PORT` of the chain.
    pub fn host(&self) -> &str {
        self.address.strip_prefix("tcp://").unwrap_or(&self.address)
    }

    /// Returns a neuron of the subnet of questions.
    ///
    /// # Errors
    /// `Unusable` for a name that is not in the plan.
    pub fn neuron(&self, name: &'static str) -> Result<&Seated, LiveError> {
        self.seated(NETUID, name)
    }

    /// Returns a neuron of a subnet.
    ///
    /// # Errors
    /// `Unusable` for a name that is not in the plan of the subnet.
    pub fn seated(&self, netuid: NetUid, name: &'static str) -> Result<&Seated, LiveError> {
        let missing = || LiveError::Unusable(format!("{name} is not registered"));
        self.neurons.get(&(netuid, name)).ok_or_else(missing)
    }

    /// Returns the status of a subnet's epochs.
    ///
    /// # Errors
    /// `Chain`, `Unusable`.
    pub fn status(&self, netuid: NetUid) -> Result<EpochStatus, LiveError> {
        let status = self.chain.query(self.contracts.epoch().status(netuid))?;
        status.ok_or_else(|| LiveError::Unusable("a subnet of the run is gone".into()))
    }

    /// Pledges the manifest with this hash, by the neuron of a subnet's owner.
    ///
    /// # Errors
    /// `Chain`, `Refused`.
    pub fn pledge(&mut self, netuid: NetUid, manifest: Digest) -> Result<(), LiveError> {
        let owner = self.seated(netuid, OWNER)?.hotkey;
        let registry = self.contracts.registry;
        let approve = self.contracts.psp22().approve(registry, POCKET.to_u128());
        self.send(owner, "PSP22::approve", approve)?;
        let data = Pledge::Subnet { manifest }.to_data();
        let kind = CommitmentKind::Raw;
        let commit = self.contracts.registry().commit(netuid, kind, data);
        self.send(owner, "Registry::commit", commit)
    }

    /// Starts the epochs of both subnets, in one block.
    ///
    /// # Errors
    /// `Chain`, `Refused`.
    pub fn start(&mut self) -> Result<(), LiveError> {
        SUBNETS.into_iter().try_for_each(|netuid| {
            let start = self.contracts.registry().start(netuid);
            self.send(account("bank"), "Registry::start", start)
        })
    }

    /// Lets contracts collect from the bank, and gives the worker its collateral.
    fn pay_beforehand(&mut self) -> Result<(), LiveError> {
        let bank = account("bank");
        for spender in [self.contracts.registry, self.contracts.staking] {
            let approve = self.contracts.psp22().approve(spender, ALLOWANCE.to_u128());
            self.send(bank, "PSP22::approve", approve)?;
        }
        let mut token = self.contracts.psp22();
        let worker = token.transfer(account("worker"), COLLATERAL.to_u128(), Vec::new());
        self.send(bank, "PSP22::transfer", worker)
    }

    /// Creates a subnet with so many seats and permits. It must have the number `netuid`.
    fn create_subnet(
        &mut self,
        netuid: NetUid,
        name: &'static str,
        tempo: u32,
        (seats, permits): (usize, usize),
    ) -> Result<(), LiveError> {
        let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let owner = self.hotkeys.get(OWNER).map(|(hotkey, _)| *hotkey);
        let owner = owner.ok_or_else(|| LiveError::Unusable("the owner has no key".into()))?;
        let create = self.contracts.registry().create_subnet(
            name.into(),
            owner,
            self.contracts.yuma,
            tempo,
            number(seats),
            number(permits),
            ALLOWANCE,
            None,
        );
        let created = self.chain.send(account("bank"), create).answer();
        let created = created
            .map_err(LiveError::refused("Registry::create_subnet"))?
            .value;
        if created != netuid {
            return Err(LiveError::Unusable(format!(
                "subnet {} was created as subnet {}",
                netuid.0, created.0
            )));
        }
        // One price for all seats, a pledge in every epoch, and no weights without one.
        for value in [
            Hyperparameter::RegistrationPrice(PRICE),
            Hyperparameter::MinBurn(PRICE),
            Hyperparameter::BurnIncrease(Bps::ONE),
            Hyperparameter::ServingRateLimit(0),
            Hyperparameter::EvidenceRequired(true),
        ] {
            let set = self.contracts.registry().set_hyperparameter(netuid, value);
            self.send(account("deployer"), "Registry::set_hyperparameter", set)?;
        }
        Ok(())
    }

    /// Makes those of the hotkeys that are not there yet.
    fn keys(
        &mut self,
        stock: &Stock,
        plan: &Plan,
        names: &[&'static str],
    ) -> Result<(), LiveError> {
        for name in names {
            if !self.hotkeys.contains_key(name) {
                let made = self.hotkey(stock, plan, name)?;
                self.hotkeys.insert(name, made);
            }
        }
        Ok(())
    }

    /// Writes the key of a hotkey, lets it agree to belong to the bank, and gives it TAO.
    fn hotkey(
        &mut self,
        stock: &Stock,
        plan: &Plan,
        name: &'static str,
    ) -> Result<(AccountId, PathBuf), LiveError> {
        let file = stock.secret(name, Suri::of(plan.seed, name).text())?;
        let keypair = keys::from_file(&file);
        let keypair = keypair.map_err(|error| LiveError::Unusable(error.to_string()))?;
        let hotkey = keys::account(&keypair);
        let bank = account("bank");
        let agree = self.contracts.registry().agree(Some(bank));
        self.send(hotkey, "Registry::agree", agree)?;
        let mut token = self.contracts.psp22();
        let pocket = token.transfer(hotkey, POCKET.to_u128(), Vec::new());
        self.send(bank, "PSP22::transfer", pocket)?;
        Ok((hotkey, file))
    }

    fn register(&mut self, netuid: NetUid, names: &[&'static str]) -> Result<(), LiveError> {
        for (number, name) in names.iter().enumerate() {
            if number > 0 && number % REGISTRATIONS == 0 {
                self.chain.advance(1)?;
            }
            let seatless = || LiveError::Unusable(format!("{name} has no seat"));
            let (hotkey, suri_file) = self.hotkeys.get(name).cloned().ok_or_else(seatless)?;
            let register = self
                .contracts
                .registry()
                .register(netuid, hotkey, PRICE, None);
            self.send(account("bank"), "Registry::register", register)?;
            let seat = self.contracts.registry().seat(netuid, hotkey);
            let seat: Option<Seat> = self.chain.query(seat)?;
            let seated = Seated {
                hotkey,
                uid: seat.map(|seat| seat.uid).ok_or_else(seatless)?,
                suri_file,
            };
            self.neurons.insert((netuid, name), seated);
        }
        Ok(())
    }

    fn stake(
        &mut self,
        netuid: NetUid,
        stakes: impl IntoIterator<Item = (&'static str, Rao)>,
    ) -> Result<(), LiveError> {
        for (name, amount) in stakes {
            let hotkey = self.seated(netuid, name)?.hotkey;
            let add = self.contracts.staking().add_stake(netuid, hotkey, amount);
            self.send(account("bank"), "Staking::add_stake", add)?;
        }
        Ok(())
    }

    /// Sends a message, and expects that the contract takes it.
    pub(super) fn send<T: Decode, E: ContractError + Decode>(
        &mut self,
        signer: AccountId,
        name: &'static str,
        message: impl Into<Message<Result<T, E>>>,
    ) -> Result<(), LiveError> {
        self.devchain.check()?;
        let message: Message<Result<T, E>> = message.into();
        let sent = self.chain.send(signer, message).answer();
        sent.map(|_| ()).map_err(LiveError::refused(name))
    }
}
