//! The phases of a deployment. Each phase reads the chain first and leaves existing contracts as
//! they are.

use super::{
    address::contract_address, Addresses, Bundle, Bundles, Config, DeployError, Deployed,
    Deployment, Governing,
};
use crate::chain::{Answer, Chain, ChainError, ChainRead, Cost, Message, Typed};
use inktensor_primitives::{
    emission::{Emission, EmissionDeployError},
    epoch::{EpochDeployError, Peers},
    governance::{Governance, GovernanceDeployError},
    hash::{blake2, hex},
    kernel::YumaParams,
    registry::{KernelParams, Registry, RegistryError},
    staking::{Staking, StakingDeployError},
    token::{TokenControl, TokenDeployError, WireError},
    treasury::{Treasury, TreasuryDeployError},
    AccountId, Digest,
};
use scale::{Decode, DecodeAll, Encode};

/// A phase of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Puts code on the chain.
    Upload,
    /// Makes contracts of the code.
    Instantiate,
    /// Gives each contract the addresses of the accounts that may call its guarded messages.
    Wire,
    /// Gives the registry its kernels and its admin.
    HandOver,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// Done now, at this cost.
    Done(Cost),
    /// Done by an earlier deployment.
    Found,
}

/// A finished step of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeployStep {
    /// Phase of the step.
    pub phase: Phase,
    /// Contract of the step, or `admin`.
    pub what: &'static str,
    /// Outcome of the step.
    pub outcome: StepOutcome,
}

/// Deploys all contracts and wires them. Continues where an earlier deployment by the same account
/// with the same configuration stopped.
///
/// # Errors
/// See [`DeployError`].
pub fn deploy(
    chain: &mut dyn Chain,
    bundles: &Bundles,
    config: &Config,
) -> Result<Deployment, DeployError> {
    deploy_with(chain, bundles, config, &mut |_| ())
}

/// Deploys like [`deploy`], and calls `progress` after each step.
///
/// # Errors
/// See [`DeployError`].
pub fn deploy_with(
    chain: &mut dyn Chain,
    bundles: &Bundles,
    config: &Config,
    progress: &mut dyn FnMut(&DeployStep),
) -> Result<Deployment, DeployError> {
    let mut steps = Steps {
        chain,
        deployer: config.deployer,
        contracts: Vec::new(),
        progress,
    };
    for (name, bundle) in bundles.named() {
        let is_used = match name {
            "treasury" | "governance" => config.governance.is_some(),
            "token" => config.succeeds.is_none(),
            _ => true,
        };
        if is_used {
            steps.upload(name, bundle)?;
        }
    }
    let addresses = build(bundles, config, |part| steps.instantiate(&part))?;
    if config.succeeds.is_none() {
        steps.wire_token(&addresses)?;
    }
    steps.wire_all(&addresses)?;
    steps.allow_kernels(&addresses, bundles)?;
    match addresses.governing {
        None => steps.offer_admin(&addresses, config.admin)?,
        Some(governing) => steps.govern(&addresses, governing)?,
    }
    Ok(Deployment {
        addresses,
        contracts: steps.contracts,
    })
}

/// Estimates the deployment of all contracts: their addresses, and the cost of each with its code;
/// zero for a contract that exists. Nothing changes on the chain.
///
/// A constructor that calls other contracts refuses while they do not exist. Then the cost is that
/// of the code and of the refusal. The cost of wiring is known only when the contracts exist. Both
/// are small compared with the code.
///
/// # Errors
/// See [`DeployError`].
pub fn estimate(
    chain: &dyn ChainRead,
    bundles: &Bundles,
    config: &Config,
) -> Result<Deployment, DeployError> {
    let mut contracts = Vec::new();
    let addresses = build(bundles, config, |part| {
        let failed = chain_error(part.name);
        let address = part.address(config.deployer);
        let is_there = chain.code_hash(&address).map_err(failed)?.is_some();
        let cost = if is_there {
            Cost::default()
        } else {
            part.cost(chain, config.deployer).map_err(failed)?
        };
        contracts.push(part.deployed(address, 0, cost));
        Ok(address)
    })?;
    Ok(Deployment {
        addresses,
        contracts,
    })
}

/// A contract to be made.
struct Part<'a> {
    name: &'static str,
    /// The code at its address.
    bundle: &'a Bundle,
    /// The full code, if the code at its address is a front.
    full: Option<&'a Bundle>,
    /// The encoded arguments of the constructor, without the hash of the full code.
    arguments: Vec<u8>,
}

impl Part<'_> {
    fn full_code(&self) -> Option<Digest> {
        self.full.map(|full| blake2(&full.code))
    }

    /// Returns the encoded call of the constructor.
    fn input(&self) -> Vec<u8> {
        let full_code = self.full_code().map(|hash| hash.to_vec());
        constructor(&[&full_code.unwrap_or_default(), &self.arguments[..]].concat())
    }

    /// Code and arguments alone make addresses differ; the name keeps two deployments on one chain
    /// readable.
    const fn salt(&self) -> &[u8] {
        self.name.as_bytes()
    }

    fn address(&self, deployer: AccountId) -> AccountId {
        let code_hash = blake2(&self.bundle.code);
        contract_address(deployer, &code_hash, &self.input(), self.salt())
    }

    /// Returns the estimated cost of the contract with its code.
    fn cost(&self, chain: &dyn ChainRead, deployer: AccountId) -> Result<Cost, ChainError> {
        let estimate = |bundle: &Bundle, input: &[u8]| {
            let made = chain.estimate(deployer, &bundle.code, input, self.salt());
            made.map(|it| it.cost)
        };
        let missing = match (self.full, self.full_code()) {
            (Some(full), Some(hash)) if chain.code(&hash)?.is_none() => full,
            _ => return estimate(self.bundle, &self.input()),
        };
        // A front traps where its full code is missing. So this is the cost of a contract of the
        // full code, and that of the front's code: it refuses input that is no constructor. What a
        // chain locks for a front's dependency, a part of the full code's deposit, is missing.
        let full = estimate(missing, &constructor(&self.arguments))?;
        Ok(full.and(estimate(self.bundle, &[])?))
    }

    fn deployed(&self, address: AccountId, block: u32, cost: Cost) -> Deployed {
        Deployed {
            name: self.name,
            address,
            code_hash: blake2(&self.bundle.code),
            full_code: self.full_code(),
            size: self.bundle.code.len(),
            block,
            cost,
        }
    }
}

/// Makes every contract with `make`, each with the addresses of those before it.
fn build(
    bundles: &Bundles,
    config: &Config,
    mut make: impl FnMut(Part<'_>) -> Result<AccountId, DeployError>,
) -> Result<Addresses, DeployError> {
    let mut make = |name, bundle, full, arguments| {
        make(Part {
            name,
            bundle,
            full,
            arguments,
        })
    };
    let holders: Vec<(AccountId, u128)> = config
        .holders
        .iter()
        .map(|(holder, amount)| (*holder, amount.to_u128()))
        .collect();
    let token = match config.succeeds {
        Some(token) => token,
        None => make("token", &bundles.token, None, holders.encode())?,
    };
    let arguments = (token, config.network).encode();
    let registry = make(
        "registry",
        &bundles.registry_front,
        Some(&bundles.registry),
        arguments,
    )?;
    let staking = make(
        "staking",
        &bundles.staking_front,
        Some(&bundles.staking),
        (token, registry).encode(),
    )?;
    // Governance becomes the owner when it is there.
    let treasury = match &config.governance {
        None => config.treasury,
        Some(_) => {
            let arguments = (token, config.deployer).encode();
            make("treasury", &bundles.treasury, None, arguments)?
        }
    };
    let arguments = (token, staking, treasury, config.split, config.fees).encode();
    let emission = make("emission", &bundles.emission, None, arguments)?;
    let peers = Peers {
        token,
        registry,
        staking,
        emission,
    };
    let epoch = make(
        "epoch",
        &bundles.epoch_front,
        Some(&bundles.epoch),
        (peers, config.rules).encode(),
    )?;
    let yuma = make("yuma", &bundles.yuma, None, Vec::new())?;
    let mean = make("mean", &bundles.mean, None, Vec::new())?;
    let mut addresses = Addresses {
        token,
        registry,
        staking,
        emission,
        epoch,
        yuma,
        mean,
        governing: None,
    };
    if let Some(terms) = &config.governance {
        let arguments = (addresses.governed(treasury), terms).encode();
        let governance = make("governance", &bundles.governance, None, arguments)?;
        addresses.governing = Some(Governing {
            treasury,
            governance,
        });
    }
    Ok(addresses)
}

/// Returns the encoded call of the constructor `new`.
fn constructor(arguments: &[u8]) -> Vec<u8> {
    [&ink::selector_bytes!("new")[..], arguments].concat()
}

fn chain_error(contract: &'static str) -> impl Fn(ChainError) -> DeployError + Copy {
    move |source| DeployError::Chain { contract, source }
}

struct Steps<'a> {
    chain: &'a mut dyn Chain,
    deployer: AccountId,
    contracts: Vec<Deployed>,
    progress: &'a mut dyn FnMut(&DeployStep),
}

impl Steps<'_> {
    fn report(&mut self, phase: Phase, what: &'static str, outcome: StepOutcome) {
        (self.progress)(&DeployStep {
            phase,
            what,
            outcome,
        });
    }

    /// Puts the code on the chain, if it is not there.
    fn upload(&mut self, name: &'static str, bundle: &Bundle) -> Result<(), DeployError> {
        let failed = chain_error(name);
        let known = self.chain.code(&blake2(&bundle.code)).map_err(failed)?;
        if known.is_some() {
            self.report(Phase::Upload, name, StepOutcome::Found);
            return Ok(());
        }
        let uploaded = self.chain.upload(self.deployer, &bundle.code);
        uploaded.map_err(failed)?;
        // The chain does not report the cost; `estimate` does.
        self.report(Phase::Upload, name, StepOutcome::Done(Cost::default()));
        Ok(())
    }

    /// Runs the constructor `new`, unless the contract exists.
    fn instantiate(&mut self, part: &Part<'_>) -> Result<AccountId, DeployError> {
        let name = part.name;
        let failed = chain_error(name);
        let code_hash = blake2(&part.bundle.code);
        let address = part.address(self.deployer);
        let found = self.chain.code_hash(&address).map_err(failed)?;
        let (address, cost) = if found == Some(code_hash) {
            self.report(Phase::Instantiate, name, StepOutcome::Found);
            (address, Cost::default())
        } else {
            let made = self
                .chain
                .instantiate(self.deployer, code_hash, &part.input(), part.salt())
                .map_err(failed)?;
            if made.reverted {
                return Err(DeployError::Refused {
                    contract: name,
                    error: constructor_error(name, &made.output),
                });
            }
            self.report(Phase::Instantiate, name, StepOutcome::Done(made.cost));
            (made.address, made.cost)
        };
        let block = self.chain.block().map_err(failed)?;
        self.contracts.push(part.deployed(address, block, cost));
        Ok(address)
    }

    fn wire_token(&mut self, to: &Addresses) -> Result<(), DeployError> {
        let minter = self.read("token", to.token().minter())?;
        let message = to.token().wire(to.emission, to.registry);
        self.wire("token", minter.is_some(), message)
    }

    fn wire_all(&mut self, to: &Addresses) -> Result<(), DeployError> {
        let registry = self.read("registry", to.registry().peers())?;
        let message = to.registry().wire(to.epoch);
        self.wire("registry", registry.epoch.is_some(), message)?;
        let staking = self.read("staking", to.staking().peers())?;
        let message = to.staking().wire(to.emission, to.epoch);
        self.wire("staking", staking.epoch.is_some(), message)?;
        let emission = self.read("emission", to.emission().peers())?;
        let message = to.emission().wire(to.epoch);
        self.wire("emission", emission.epoch.is_some(), message)
    }

    fn read<R: scale::Decode>(
        &self,
        contract: &'static str,
        message: impl Into<Message<R>>,
    ) -> Result<R, DeployError> {
        self.chain.query(message).map_err(chain_error(contract))
    }

    /// Wires a contract, once. Only this deployer can have done it before.
    fn wire(
        &mut self,
        contract: &'static str,
        is_wired: bool,
        message: impl Into<Message<Result<(), WireError>>>,
    ) -> Result<(), DeployError> {
        if is_wired {
            self.report(Phase::Wire, contract, StepOutcome::Found);
            return Ok(());
        }
        let sent = self
            .chain
            .send(self.deployer, message)
            .answer()
            .map_err(|source| DeployError::Wiring { contract, source })?;
        self.report(Phase::Wire, contract, StepOutcome::Done(sent.cost));
        Ok(())
    }

    /// Allows the two kernels.
    fn allow_kernels(&mut self, to: &Addresses, bundles: &Bundles) -> Result<(), DeployError> {
        let yuma = KernelParams::Yuma(YumaParams::default());
        let mean = KernelParams::Other(Vec::new());
        for (name, kernel, bundle, defaults) in [
            ("yuma", to.yuma, &bundles.yuma, yuma),
            ("mean", to.mean, &bundles.mean, mean),
        ] {
            let entry = self.read("registry", to.registry().kernel(kernel))?;
            let code_hash: Digest = blake2(&bundle.code);
            let message = to.registry().allow_kernel(kernel, code_hash, defaults);
            self.set_registry(name, entry.is_some(), message)?;
        }
        Ok(())
    }

    /// Offers the admin's role. The admin has to accept it.
    fn offer_admin(&mut self, to: &Addresses, admin: AccountId) -> Result<(), DeployError> {
        let offered = self.read("registry", to.registry().offered_admin())?;
        let is_there =
            offered == Some(admin) || self.read("registry", to.registry().admin())? == admin;
        let offer = to.registry().offer_admin(Some(admin));
        self.set_registry("admin", is_there, offer)
    }

    /// Gives governance the roles of the registry's admin and of the treasury's owner. The
    /// deployer's last right ends with it.
    fn govern(&mut self, to: &Addresses, at: Governing) -> Result<(), DeployError> {
        let governance = at.governance;
        let failed = |source| DeployError::Governing { source };
        let is_admin = self.read("registry", to.registry().admin())? == governance;
        let is_owner = self.read("treasury", at.treasury().owner())? == governance;
        if is_admin && is_owner {
            self.report(Phase::HandOver, "governance", StepOutcome::Found);
            return Ok(());
        }
        if !is_admin {
            self.offer_admin(to, governance)?;
        }
        if !is_owner {
            let offer = at.treasury().offer_owner(Some(governance));
            let sent = self.chain.send(self.deployer, offer).answer();
            let sent = sent.map_err(|source| DeployError::Treasury { source })?;
            self.report(Phase::HandOver, "treasury", StepOutcome::Done(sent.cost));
        }
        let accept = at.governance().accept_roles();
        let sent = self.chain.send(self.deployer, accept).answer();
        let cost = sent.map_err(failed)?.cost;
        self.report(Phase::HandOver, "governance", StepOutcome::Done(cost));
        Ok(())
    }

    fn set_registry(
        &mut self,
        what: &'static str,
        is_set: bool,
        message: impl Into<Message<Result<(), RegistryError>>>,
    ) -> Result<(), DeployError> {
        if is_set {
            self.report(Phase::HandOver, what, StepOutcome::Found);
            return Ok(());
        }
        let sent = self.chain.send(self.deployer, message).answer();
        let sent = sent.map_err(DeployError::Kernels)?;
        self.report(Phase::HandOver, what, StepOutcome::Done(sent.cost));
        Ok(())
    }
}

/// Returns the text of the constructor's error in `output`, which encodes `Ok(Err(error))`.
///
/// An error that the interface of `contract` does not have is that of a contract of another
/// version. Its text is not known here.
fn constructor_error(contract: &str, output: &[u8]) -> String {
    let [0, 1, error @ ..] = output else {
        return "with an unknown answer".into();
    };
    let text = match contract {
        "token" => text::<TokenDeployError>(error),
        "registry" => text::<RegistryError>(error),
        "staking" => text::<StakingDeployError>(error),
        "treasury" => text::<TreasuryDeployError>(error),
        "emission" => text::<EmissionDeployError>(error),
        "governance" => text::<GovernanceDeployError>(error),
        "epoch" => text::<EpochDeployError>(error),
        _ => None,
    };
    text.unwrap_or_else(|| {
        format!(
            "with the unknown error {}; use contracts of this program's version",
            hex(error)
        )
    })
}

fn text<E: Decode + ToString>(mut error: &[u8]) -> Option<String> {
    E::decode_all(&mut error).ok().map(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constructors_refusal_is_the_sentence_of_its_error() {
        let token = TokenDeployError::ZeroAmount([7; 32].into());
        let registry = RegistryError::TooSoon(7);
        let staking = StakingDeployError::NoRegistry;
        let emission = EmissionDeployError::FeesTooHigh;
        let epoch = EpochDeployError::PeersNotDistinct;
        for (contract, error, expected) in [
            ("token", token.encode(), token.to_string()),
            ("registry", registry.encode(), registry.to_string()),
            ("staking", staking.encode(), staking.to_string()),
            ("emission", emission.encode(), emission.to_string()),
            ("epoch", epoch.encode(), epoch.to_string()),
        ] {
            let output = [&[0, 1], &error[..]].concat();
            assert_eq!(constructor_error(contract, &output), expected);
        }
    }

    #[test]
    fn an_error_of_another_version_is_shown_as_bytes() {
        for (contract, output, bytes) in [
            ("epoch", &[0, 1, 99][..], "0x63"),
            ("epoch", &[0, 1, 2, 0xab][..], "0x02ab"),
            ("yuma", &[0, 1, 0][..], "0x00"),
        ] {
            let text = constructor_error(contract, output);
            let start = format!("with the unknown error {bytes};");
            assert!(text.starts_with(&start), "{text}");
        }
        assert_eq!(constructor_error("epoch", &[1]), "with an unknown answer");
    }
}
