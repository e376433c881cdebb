//! Deployment: order, wiring and roles, in one place for the demo, tests and tools.
//!
//! Order: token, registry, staking, emission, epoch, kernels. Then `wire` gives each contract,
//! once, the addresses of the accounts that may call its guarded messages. Last, the registry gets
//! its kernels and its admin. The deployer keeps no role, unless it is the admin too.
//!
//! With governance, the treasury is a contract made before emission, and governance comes last. It
//! becomes the registry's admin and the treasury's owner.
//!
//! Registry, staking and epoch are fronts: each names the hash of its full code, which is uploaded
//! before and has no contract of its own.
//!
//! A deployment that was interrupted continues where it stopped: a contract's address is determined
//! by deployer, code hash, constructor arguments and salt.

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
pub use deployment::{deploy, deploy_with, estimate, DeployStep, Phase, StepOutcome};
pub use error::DeployError;
pub use record::{Entry, Record, RecordError};

use crate::chain::{contracts, ChainError, ChainRead, Cost, Typed};
use inktensor_primitives::{governance::GovernancePeers, AccountId, Digest};

/// The addresses of a deployment's contracts.
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
    /// Governance and its treasury. Absent if accounts have their roles.
    pub governing: Option<Governing>,
}

/// The addresses of the contracts that govern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Governing {
    /// The treasury.
    pub treasury: AccountId,
    /// Governance.
    pub governance: AccountId,
}

impl Governing {
    /// Returns the messages of the treasury.
    pub fn treasury(&self) -> contracts::TreasuryCalls {
        contracts::treasury(self.treasury)
    }

    /// Returns the messages of governance.
    pub fn governance(&self) -> contracts::GovernanceCalls {
        contracts::governance(self.governance)
    }
}

/// Returns true if the contract of this name is a front of a full code.
pub fn is_front(name: &str) -> bool {
    ["registry", "staking", "epoch"].contains(&name)
}

/// Returns the hash of the full code that the contract `name` has, if it should be a front and is
/// one.
///
/// # Errors
/// If the chain does not answer.
fn full_code_at(
    chain: &dyn ChainRead,
    name: &str,
    address: AccountId,
) -> Result<Option<Digest>, ChainError> {
    if !is_front(name) {
        return Ok(None);
    }
    match chain.query(contracts::full_code(address)) {
        Ok(hash) => Ok(Some(hash)),
        // Other code than a front's has no such message. `check` names such a contract.
        Err(ChainError::NotUnderstood | ChainError::BadAnswer | ChainError::Trapped) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Addresses {
    /// Returns the PSP22 messages of TAO.
    pub fn psp22(&self) -> contracts::Psp22Calls {
        contracts::psp22(self.token)
    }

    /// Returns the other messages of TAO.
    pub fn token(&self) -> contracts::TokenCalls {
        contracts::token(self.token)
    }

    /// Returns the messages of the registry.
    pub fn registry(&self) -> contracts::RegistryCalls {
        contracts::registry(self.registry)
    }

    /// Returns the messages of the staking contract.
    pub fn staking(&self) -> contracts::StakingCalls {
        contracts::staking(self.staking)
    }

    /// Returns the messages of the emission contract.
    pub fn emission(&self) -> contracts::EmissionCalls {
        contracts::emission(self.emission)
    }

    /// Returns the messages of the epoch contract.
    pub fn epoch(&self) -> contracts::EpochCalls {
        contracts::epoch(self.epoch)
    }

    /// Returns the messages of the Yuma kernel.
    pub fn yuma(&self) -> contracts::KernelCalls {
        contracts::kernel(self.yuma)
    }

    /// Returns the messages of the mean kernel.
    pub fn mean(&self) -> contracts::KernelCalls {
        contracts::kernel(self.mean)
    }

    /// Returns the addresses of all contracts as those that governance governs. `treasury` is the
    /// treasury's.
    pub const fn governed(&self, treasury: AccountId) -> GovernancePeers {
        GovernancePeers {
            token: self.token,
            registry: self.registry,
            staking: self.staking,
            emission: self.emission,
            epoch: self.epoch,
            treasury,
        }
    }

    /// Returns each contract's name and address, in the order of deployment but for the treasury.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, AccountId)> {
        let mut named = vec![
            ("token", self.token),
            ("registry", self.registry),
            ("staking", self.staking),
            ("emission", self.emission),
            ("epoch", self.epoch),
            ("yuma", self.yuma),
            ("mean", self.mean),
        ];
        if let Some(governing) = self.governing {
            named.push(("treasury", governing.treasury));
            named.push(("governance", governing.governance));
        }
        named.into_iter()
    }
}

/// The outcome of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Addresses of the contracts.
    pub addresses: Addresses,
    /// The contracts in order of deployment, with their costs.
    pub contracts: Vec<Deployed>,
}

/// One contract of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Name of the contract.
    pub name: &'static str,
    /// Address of the contract.
    pub address: AccountId,
    /// Hash of the contract's code.
    pub code_hash: Digest,
    /// Hash of the full code, if the code at the address is a front.
    pub full_code: Option<Digest>,
    /// Length of the code at the address in bytes.
    pub size: usize,
    /// Block in which the contract was made, or found by a repeated deployment.
    pub block: u32,
    /// Cost of the instantiation.
    pub cost: Cost,
}
