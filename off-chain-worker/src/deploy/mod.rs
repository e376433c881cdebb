//! Deployment: the order, the wiring and the roles, in one place for demo, tests and tools.
//!
//! Order: token, registry, staking, emission, epoch, kernels. Then each contract is told, once, who may call its
//! guarded messages, and the registry, which kernels subnets may choose and who decides on more. After that the deployer has
//! no role left, unless it is to be the admin.

mod bundle;
mod config;
mod record;

pub use bundle::{Bundle, BundleError, Bundles, CONTRACTS_DIR};
pub use config::Config;
pub use record::{address, RecordError};

use crate::chain::{contracts, CallError, Chain, ChainError, Cost, Message, Typed};
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
use thiserror::Error;

/// Where the contracts of a deployment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// TAO.
    pub token: AccountId,
    /// Subnets and neurons.
    pub registry: AccountId,
    /// Stake.
    pub staking: AccountId,
    /// Emission.
    pub emission: AccountId,
    /// Weights and epochs.
    pub epoch: AccountId,
    /// The Yuma kernel.
    pub yuma: AccountId,
    /// The mean kernel.
    pub mean: AccountId,
}

impl Addresses {
    /// PSP22 messages of TAO.
    pub fn psp22(&self) -> contracts::Psp22Calls {
        contracts::psp22(self.token)
    }

    /// Other messages of TAO.
    pub fn token(&self) -> contracts::TokenCalls {
        contracts::token(self.token)
    }

    /// Messages of the registry.
    pub fn registry(&self) -> contracts::RegistryCalls {
        contracts::registry(self.registry)
    }

    /// Messages of the staking contract.
    pub fn staking(&self) -> contracts::StakingCalls {
        contracts::staking(self.staking)
    }

    /// Messages of the emission contract.
    pub fn emission(&self) -> contracts::EmissionCalls {
        contracts::emission(self.emission)
    }

    /// Messages of the epoch contract.
    pub fn epoch(&self) -> contracts::EpochCalls {
        contracts::epoch(self.epoch)
    }

    /// Messages of the Yuma kernel.
    pub fn yuma(&self) -> contracts::KernelCalls {
        contracts::kernel(self.yuma)
    }

    /// Messages of the mean kernel.
    pub fn mean(&self) -> contracts::KernelCalls {
        contracts::kernel(self.mean)
    }

    /// Each contract's name and address, in the order of deployment.
    pub fn named(&self) -> [(&'static str, AccountId); 7] {
        [
            ("token", self.token),
            ("registry", self.registry),
            ("staking", self.staking),
            ("emission", self.emission),
            ("epoch", self.epoch),
            ("yuma", self.yuma),
            ("mean", self.mean),
        ]
    }
}

/// A deployment: the contracts, and what they cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Where the contracts are.
    pub addresses: Addresses,
    /// What was deployed, in order.
    pub contracts: Vec<Deployed>,
}

/// One contract of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Its name.
    pub name: &'static str,
    /// Its address.
    pub address: AccountId,
    /// Its code's hash.
    pub code_hash: Digest,
    /// Bytes of its code.
    pub size: usize,
    /// What its instantiation cost.
    pub cost: Cost,
}

/// Why a deployment failed.
#[derive(Debug, Error)]
pub enum DeployError {
    /// The chain did not do as asked.
    #[error("deploying {contract}: {source}")]
    Chain {
        /// The contract.
        contract: &'static str,
        /// What went wrong.
        source: ChainError,
    },
    /// The constructor refused its arguments.
    #[error("deploying {contract}: its constructor refused with error {error}; see the contract's constructor errors")]
    Refused {
        /// The contract.
        contract: &'static str,
        /// Number of the error in the constructor's error type, counted from 0, and its fields in hexadecimal.
        error: String,
    },
    /// A contract did not accept its peers.
    #[error("wiring {contract}: {source}")]
    Wiring {
        /// The contract.
        contract: &'static str,
        /// What went wrong.
        source: CallError<WireError>,
    },
    /// The registry did not take its kernels or its admin.
    #[error("telling the registry its kernels and its admin: {0}")]
    Kernels(CallError<RegistryError>),
}

/// Deploys all contracts and wires them.
pub fn deploy(
    chain: &mut dyn Chain,
    bundles: &Bundles,
    config: &Config,
) -> Result<Deployment, DeployError> {
    let mut steps = Steps {
        chain,
        deployer: config.deployer,
        contracts: Vec::new(),
    };
    let holders: Vec<(AccountId, u128)> = config
        .holders
        .iter()
        .map(|(holder, amount)| (*holder, amount.to_u128()))
        .collect();
    let token = steps.instantiate("token", &bundles.token, holders)?;
    let registry = steps.instantiate(
        "registry",
        &bundles.registry,
        (token, config.creation_price),
    )?;
    let staking = steps.instantiate("staking", &bundles.staking, (token, registry))?;
    let emission = steps.instantiate(
        "emission",
        &bundles.emission,
        (token, staking, config.treasury, config.split, config.fees),
    )?;
    let peers = Peers {
        token,
        registry,
        staking,
        emission,
    };
    let epoch = steps.instantiate("epoch", &bundles.epoch, (peers, config.rules))?;
    let yuma = steps.instantiate("yuma", &bundles.yuma, ())?;
    let mean = steps.instantiate("mean", &bundles.mean, ())?;

    let addresses = Addresses {
        token,
        registry,
        staking,
        emission,
        epoch,
        yuma,
        mean,
    };
    steps.wire("token", addresses.token().wire(emission))?;
    steps.wire("registry", addresses.registry().wire(epoch))?;
    steps.wire("staking", addresses.staking().wire(emission, epoch))?;
    steps.wire("emission", addresses.emission().wire(epoch))?;
    for (kernel, bundle, defaults) in [
        (
            yuma,
            &bundles.yuma,
            KernelParams::Yuma(YumaParams::default()),
        ),
        (mean, &bundles.mean, KernelParams::Other(Vec::new())),
    ] {
        steps.allow(&addresses, kernel, bundle, defaults)?;
    }
    steps.tell_registry(addresses.registry().set_admin(config.admin))?;
    Ok(Deployment {
        addresses,
        contracts: steps.contracts,
    })
}

struct Steps<'a> {
    chain: &'a mut dyn Chain,
    deployer: AccountId,
    contracts: Vec<Deployed>,
}

impl Steps<'_> {
    /// Uploads the code, if it is not there, and runs its constructor `new`.
    fn instantiate(
        &mut self,
        name: &'static str,
        bundle: &Bundle,
        arguments: impl Encode,
    ) -> Result<AccountId, DeployError> {
        let failed = |source| DeployError::Chain {
            contract: name,
            source,
        };
        let code_hash = self
            .chain
            .upload(self.deployer, &bundle.code)
            .map_err(failed)?;
        let mut input = ink::selector_bytes!("new").to_vec();
        arguments.encode_to(&mut input);
        // Code and arguments already tell contracts apart; the name keeps two deployments of one chain readable.
        let made = self
            .chain
            .instantiate(self.deployer, code_hash, &input, name.as_bytes())
            .map_err(failed)?;
        if made.reverted {
            return Err(DeployError::Refused {
                contract: name,
                error: constructor_error(&made.output),
            });
        }
        self.contracts.push(Deployed {
            name,
            address: made.address,
            code_hash,
            size: bundle.code.len(),
            cost: made.cost,
        });
        Ok(made.address)
    }

    /// Lets subnets choose `kernel`, which runs the code of `bundle`.
    fn allow(
        &mut self,
        addresses: &Addresses,
        kernel: AccountId,
        bundle: &Bundle,
        defaults: KernelParams,
    ) -> Result<(), DeployError> {
        let code_hash = blake2(&bundle.code);
        let message = addresses
            .registry()
            .allow_kernel(kernel, code_hash, defaults);
        self.tell_registry(message)
    }

    fn tell_registry(
        &mut self,
        message: impl Into<Message<Result<(), RegistryError>>>,
    ) -> Result<(), DeployError> {
        self.chain
            .run(self.deployer, message)
            .map(drop)
            .map_err(DeployError::Kernels)
    }

    fn wire(
        &mut self,
        contract: &'static str,
        message: impl Into<Message<Result<(), WireError>>>,
    ) -> Result<(), DeployError> {
        self.chain
            .run(self.deployer, message)
            .map(drop)
            .map_err(|source| DeployError::Wiring { contract, source })
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
