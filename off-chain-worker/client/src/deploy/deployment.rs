//! The phases of a deployment. Each looks at the chain first: what is there already is left as it
//! is.

use super::{Addresses, Bundle, Bundles, Config, DeployError, Deployed, Deployment};
use crate::chain::{Chain, ChainError, ChainRead, Cost, Message, Typed};
use crate::ss58::address::contract_address;
use inktensor_primitives::{
    emission::Emission,
    epoch::Peers,
    hash::blake2,
    kernel::YumaParams,
    registry::{KernelParams, Registry, RegistryError},
    staking::Staking,
    token::{TokenControl, WireError},
    AccountId, Digest,
};
use scale::Encode;

/// A phase of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Put code on the chain.
    Upload,
    /// Make contracts of it.
    Instantiate,
    /// Tell each contract who may call its guarded messages.
    Wire,
    /// Tell the registry its kernels, and hand it over to its admin.
    HandOver,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done now.
    Done(Cost),
    /// It was done before.
    Found,
}

/// A step that has been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its phase.
    pub phase: Phase,
    /// The contract, or what else it is about.
    pub what: &'static str,
    /// What became of it.
    pub outcome: Outcome,
}

/// Deploys all contracts and wires them, from where an earlier deployment by the same account in
/// the same configuration ended.
///
/// # Errors
/// See [`DeployError`].
pub fn deploy(
    chain: &mut dyn Chain,
    bundles: &Bundles,
    config: &Config,
) -> Result<Deployment, DeployError> {
    deploy_telling(chain, bundles, config, &mut |_| ())
}

/// As [`deploy`]; `tell` hears of each step.
///
/// # Errors
/// See [`DeployError`].
pub fn deploy_telling(
    chain: &mut dyn Chain,
    bundles: &Bundles,
    config: &Config,
    tell: &mut dyn FnMut(&Taken),
) -> Result<Deployment, DeployError> {
    let mut steps = Steps {
        chain,
        deployer: config.deployer,
        contracts: Vec::new(),
        tell,
    };
    for (name, bundle) in bundles.named() {
        steps.upload(name, bundle)?;
    }
    let addresses = build(bundles, config, |name, bundle, arguments| {
        steps.instantiate(name, bundle, &arguments)
    })?;
    steps.wire_all(&addresses)?;
    steps.hand_over(&addresses, bundles, config.admin)?;
    Ok(Deployment {
        addresses,
        contracts: steps.contracts,
    })
}

/// What it would come to to deploy all contracts: their addresses, and what each would cost with
/// its code; nothing for those that are there. Nothing changes on the chain.
///
/// A constructor that asks its peers refuses while they are not there: then the cost is that of the
/// code and of being refused. What it costs to wire contracts is known only when they are there.
/// Both are little beside the code.
///
/// # Errors
/// See [`DeployError`].
pub fn estimate(
    chain: &dyn ChainRead,
    bundles: &Bundles,
    config: &Config,
) -> Result<Deployment, DeployError> {
    let mut contracts = Vec::new();
    let addresses = build(bundles, config, |name, bundle, arguments| {
        let failed = chain_error(name);
        let code_hash = blake2(&bundle.code);
        let input = constructor(&arguments);
        let address = contract_address(config.deployer, &code_hash, &input, name.as_bytes());
        let is_there = chain.code_hash(&address).map_err(failed)?.is_some();
        let cost = if is_there {
            Cost::default()
        } else {
            let (code, salt) = (&bundle.code, name.as_bytes());
            let made = chain.estimate(config.deployer, code, &input, salt);
            made.map_err(failed)?.cost
        };
        contracts.push(Deployed {
            name,
            address,
            code_hash,
            size: bundle.code.len(),
            block: 0,
            cost,
        });
        Ok(address)
    })?;
    Ok(Deployment {
        addresses,
        contracts,
    })
}

/// Makes every contract with `make`, each with the addresses of those before it.
fn build(
    bundles: &Bundles,
    config: &Config,
    mut make: impl FnMut(&'static str, &Bundle, Vec<u8>) -> Result<AccountId, DeployError>,
) -> Result<Addresses, DeployError> {
    let holders: Vec<(AccountId, u128)> = config
        .holders
        .iter()
        .map(|(holder, amount)| (*holder, amount.to_u128()))
        .collect();
    let token = make("token", &bundles.token, holders.encode())?;
    let arguments = (token, config.network).encode();
    let registry = make("registry", &bundles.registry, arguments)?;
    let staking = make("staking", &bundles.staking, (token, registry).encode())?;
    let arguments = (token, staking, config.treasury, config.split, config.fees).encode();
    let emission = make("emission", &bundles.emission, arguments)?;
    let peers = Peers {
        token,
        registry,
        staking,
        emission,
    };
    let epoch = make("epoch", &bundles.epoch, (peers, config.rules).encode())?;
    let yuma = make("yuma", &bundles.yuma, Vec::new())?;
    let mean = make("mean", &bundles.mean, Vec::new())?;
    Ok(Addresses {
        token,
        registry,
        staking,
        emission,
        epoch,
        yuma,
        mean,
    })
}

/// A call of the constructor `new`.
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
    tell: &'a mut dyn FnMut(&Taken),
}

impl Steps<'_> {
    fn took(&mut self, phase: Phase, what: &'static str, outcome: Outcome) {
        (self.tell)(&Taken {
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
            self.took(Phase::Upload, name, Outcome::Found);
            return Ok(());
        }
        let uploaded = self.chain.upload(self.deployer, &bundle.code);
        uploaded.map_err(failed)?;
        // A chain does not tell what it took for it; `estimate` does.
        self.took(Phase::Upload, name, Outcome::Done(Cost::default()));
        Ok(())
    }

    /// Runs the constructor `new`, unless the contract is there.
    fn instantiate(
        &mut self,
        name: &'static str,
        bundle: &Bundle,
        arguments: &[u8],
    ) -> Result<AccountId, DeployError> {
        let failed = chain_error(name);
        let (code_hash, input) = (blake2(&bundle.code), constructor(arguments));
        // Code and arguments already tell contracts apart; the name keeps two deployments of one
        // chain readable.
        let salt = name.as_bytes();
        let address = contract_address(self.deployer, &code_hash, &input, salt);
        let found = self.chain.code_hash(&address).map_err(failed)?;
        let (address, cost) = if found == Some(code_hash) {
            self.took(Phase::Instantiate, name, Outcome::Found);
            (address, Cost::default())
        } else {
            let made = self
                .chain
                .instantiate(self.deployer, code_hash, &input, salt)
                .map_err(failed)?;
            if made.reverted {
                return Err(DeployError::Refused {
                    contract: name,
                    error: constructor_error(&made.output),
                });
            }
            self.took(Phase::Instantiate, name, Outcome::Done(made.cost));
            (made.address, made.cost)
        };
        self.contracts.push(Deployed {
            name,
            address,
            code_hash,
            size: bundle.code.len(),
            block: self.chain.block().map_err(failed)?,
            cost,
        });
        Ok(address)
    }

    fn wire_all(&mut self, to: &Addresses) -> Result<(), DeployError> {
        let minter = self.look("token", to.token().minter())?;
        self.wire("token", minter.is_some(), to.token().wire(to.emission))?;
        let registry = self.look("registry", to.registry().peers())?;
        let message = to.registry().wire(to.epoch);
        self.wire("registry", registry.epoch.is_some(), message)?;
        let staking = self.look("staking", to.staking().peers())?;
        let message = to.staking().wire(to.emission, to.epoch);
        self.wire("staking", staking.epoch.is_some(), message)?;
        let emission = self.look("emission", to.emission().peers())?;
        let message = to.emission().wire(to.epoch);
        self.wire("emission", emission.epoch.is_some(), message)
    }

    fn look<R: scale::Decode>(
        &self,
        contract: &'static str,
        message: impl Into<Message<R>>,
    ) -> Result<R, DeployError> {
        self.chain.query(message).map_err(chain_error(contract))
    }

    /// Names the peers of a contract, once. Only this deployer can have done it before.
    fn wire(
        &mut self,
        contract: &'static str,
        is_wired: bool,
        message: impl Into<Message<Result<(), WireError>>>,
    ) -> Result<(), DeployError> {
        if is_wired {
            self.took(Phase::Wire, contract, Outcome::Found);
            return Ok(());
        }
        let sent = self
            .chain
            .send(self.deployer, message)
            .answer()
            .map_err(|source| DeployError::Wiring { contract, source })?;
        self.took(Phase::Wire, contract, Outcome::Done(sent.cost));
        Ok(())
    }

    /// Lets subnets choose the two kernels, and hands the admin's role over.
    fn hand_over(
        &mut self,
        to: &Addresses,
        bundles: &Bundles,
        admin: AccountId,
    ) -> Result<(), DeployError> {
        let yuma = KernelParams::Yuma(YumaParams::default());
        let mean = KernelParams::Other(Vec::new());
        for (name, kernel, bundle, defaults) in [
            ("yuma", to.yuma, &bundles.yuma, yuma),
            ("mean", to.mean, &bundles.mean, mean),
        ] {
            let entry = self.look("registry", to.registry().kernel(kernel))?;
            let code_hash: Digest = blake2(&bundle.code);
            let message = to.registry().allow_kernel(kernel, code_hash, defaults);
            self.tell_registry(name, entry.is_some(), message)?;
        }
        let is_there = self.look("registry", to.registry().admin())? == admin;
        self.tell_registry("admin", is_there, to.registry().set_admin(admin))
    }

    fn tell_registry(
        &mut self,
        what: &'static str,
        is_told: bool,
        message: impl Into<Message<Result<(), RegistryError>>>,
    ) -> Result<(), DeployError> {
        if is_told {
            self.took(Phase::HandOver, what, Outcome::Found);
            return Ok(());
        }
        let sent = self.chain.send(self.deployer, message).answer();
        let sent = sent.map_err(DeployError::Kernels)?;
        self.took(Phase::HandOver, what, Outcome::Done(sent.cost));
        Ok(())
    }
}

/// Reads the number of the error out of a constructor's answer `Ok(Err(error))`.
fn constructor_error(output: &[u8]) -> String {
    match output {
        [0, 1, number] => number.to_string(),
        [0, 1, number, fields @ ..] => {
            let fields: String = fields.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{number} (0x{fields})")
        }
        _ => "of an unknown kind".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constructors_refusal_names_its_error() {
        assert_eq!(constructor_error(&[0, 1, 3]), "3");
        assert_eq!(constructor_error(&[0, 1, 2, 0xab, 1]), "2 (0xab01)");
        assert_eq!(constructor_error(&[1]), "of an unknown kind");
    }
}
