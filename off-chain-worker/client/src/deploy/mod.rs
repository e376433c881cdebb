//! Deployment: the order, the wiring and the roles, in one place for demo, tests and tools.
//!
//! Order: token, registry, staking, emission, epoch, kernels. Then each contract is told, once, who
//! may call its guarded messages, and the registry, which kernels subnets may choose and who
//! decides on more. After that the deployer has no role left, unless it is to be the admin. A
//! deployment that was cut short goes on where it was: where a contract comes to be follows from
//! who makes it of what.

mod address;
mod bundle;
mod check;
mod config;
mod deployment;
mod error;
mod record;

pub use address::contract_address;
pub use bundle::{Bundle, BundleError, Bundles, CONTRACTS_DIR};
pub use check::{check, CheckError, Mismatch};
pub use config::Config;
pub use deployment::{deploy, deploy_telling, estimate, Outcome, Phase, Taken};
pub use error::DeployError;
pub use record::{Entry, Record, RecordError};

use crate::chain::{contracts, Cost};
use inktensor_primitives::{AccountId, Digest};

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
    /// The block in which it came to be, or was found.
    pub block: u32,
    /// What its instantiation cost.
    pub cost: Cost,
}
