//! The chain of a run and the subnet on it: a served devchain, on which every neuron is registered.

use super::{
    plan::{Plan, Suri, OWNER},
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

/// The subnet of a run.
pub const NETUID: NetUid = NetUid(1);
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

/// The chain of a run and the subnet on it.
pub struct Net {
    /// The chain.
    pub chain: RemoteChain,
    /// Addresses of the contracts.
    pub contracts: Addresses,
    /// Address for `--chain`.
    pub address: String,
    /// The neurons, by name.
    pub neurons: BTreeMap<&'static str, Seated>,
    /// The process that serves the chain.
    pub devchain: Process,
}

impl Net {
    /// Serves a new chain, creates the subnet, and registers and stakes all neurons of the plan.
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
            devchain,
        };
        net.create_subnet(stock, plan, tempo)?;
        net.register(stock, plan)?;
        net.stake(plan)?;
        Ok(net)
    }

    /// Returns `HOST:PORT` of the chain.
    pub fn host(&self) -> &str {
        self.address.strip_prefix("tcp://").unwrap_or(&self.address)
    }

    /// Returns a neuron of the plan.
    ///
    /// # Errors
    /// `Unusable` for a name that is not in the plan.
    pub fn neuron(&self, name: &str) -> Result<&Seated, LiveError> {
        let missing = || LiveError::Unusable(format!("{name} is not registered"));
        self.neurons.get(name).ok_or_else(missing)
    }

    /// Returns the status of the subnet's epochs.
    ///
    /// # Errors
    /// `Chain`, `Unusable`.
    pub fn status(&self) -> Result<EpochStatus, LiveError> {
        let status = self.chain.query(self.contracts.epoch().status(NETUID))?;
        status.ok_or_else(|| LiveError::Unusable("the subnet of the run is gone".into()))
    }

    /// Pledges the manifest with this hash, by the owner's neuron.
    ///
    /// # Errors
    /// `Chain`, `Refused`.
    pub fn pledge(&mut self, manifest: Digest) -> Result<(), LiveError> {
        let owner = self.neuron(OWNER)?.hotkey;
        let registry = self.contracts.registry;
        let approve = self.contracts.psp22().approve(registry, POCKET.to_u128());
        self.send(owner, "PSP22::approve", approve)?;
        let data = Pledge::Subnet { manifest }.to_data();
        let kind = CommitmentKind::Raw;
        let commit = self.contracts.registry().commit(NETUID, kind, data);
        self.send(owner, "Registry::commit", commit)
    }

    /// Starts the epochs.
    ///
    /// # Errors
    /// `Chain`, `Refused`.
    pub fn start(&mut self) -> Result<(), LiveError> {
        let start = self.contracts.registry().start(NETUID);
        self.send(account("bank"), "Registry::start", start)
    }

    fn create_subnet(&mut self, stock: &Stock, plan: &Plan, tempo: u32) -> Result<(), LiveError> {
        let bank = account("bank");
        let seats = u16::try_from(plan.names().len()).unwrap_or(u16::MAX);
        let permits = u16::try_from(plan.validators.len()).unwrap_or(u16::MAX);
        for spender in [self.contracts.registry, self.contracts.staking] {
            let approve = self.contracts.psp22().approve(spender, ALLOWANCE.to_u128());
            self.send(bank, "PSP22::approve", approve)?;
        }
        let (owner, _) = self.hotkey(stock, plan, OWNER)?;
        let create = self.contracts.registry().create_subnet(
            "embed".into(),
            owner,
            self.contracts.yuma,
            tempo,
            seats,
            permits,
            ALLOWANCE,
            None,
        );
        let created = self.chain.send(bank, create).answer();
        let netuid = created
            .map_err(LiveError::refused("Registry::create_subnet"))?
            .value;
        if netuid != NETUID {
            return Err(LiveError::Unusable(format!(
                "subnet {} is not the first",
                netuid.0
            )));
        }
        // One price for all seats, and a pledge in every epoch.
        for value in [
            Hyperparameter::RegistrationPrice(PRICE),
            Hyperparameter::MinBurn(PRICE),
            Hyperparameter::BurnIncrease(Bps::ONE),
            Hyperparameter::ServingRateLimit(0),
        ] {
            let set = self.contracts.registry().set_hyperparameter(NETUID, value);
            self.send(account("deployer"), "Registry::set_hyperparameter", set)?;
        }
        let fund = |to, amount: Rao| {
            let mut token = self.contracts.psp22();
            token.transfer(to, amount.to_u128(), Vec::new())
        };
        let worker = fund(account("worker"), COLLATERAL);
        self.send(bank, "PSP22::transfer", worker)
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

    fn register(&mut self, stock: &Stock, plan: &Plan) -> Result<(), LiveError> {
        for (number, name) in plan.names().into_iter().enumerate() {
            if number > 0 && number % REGISTRATIONS == 0 {
                self.chain.advance(1)?;
            }
            let (hotkey, suri_file) = match name {
                OWNER => {
                    let file = stock.folder(OWNER)?.join("hotkey.suri");
                    let keypair = keys::from_file(&file);
                    let keypair = keypair.map_err(|it| LiveError::Unusable(it.to_string()))?;
                    (keys::account(&keypair), file)
                }
                name => self.hotkey(stock, plan, name)?,
            };
            let register = self
                .contracts
                .registry()
                .register(NETUID, hotkey, PRICE, None);
            self.send(account("bank"), "Registry::register", register)?;
            let seat = self.contracts.registry().seat(NETUID, hotkey);
            let seat: Option<Seat> = self.chain.query(seat)?;
            let uid = seat.map(|seat| seat.uid);
            let uid = uid.ok_or_else(|| LiveError::Unusable(format!("{name} has no seat")))?;
            let seated = Seated {
                hotkey,
                uid,
                suri_file,
            };
            self.neurons.insert(name, seated);
        }
        Ok(())
    }

    fn stake(&mut self, plan: &Plan) -> Result<(), LiveError> {
        for validator in &plan.validators {
            let hotkey = self.neuron(validator.name)?.hotkey;
            let mut staking = self.contracts.staking();
            let add = staking.add_stake(NETUID, hotkey, validator.stake);
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
