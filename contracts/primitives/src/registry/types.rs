//! Subnets and neurons.

use super::{Terms, WeightTerms};
use crate::{
    kernel::{NeuronResult, YumaParams},
    AccountId, Digest, Rao, Uid,
};
use ink::prelude::{string::String, vec::Vec};

/// Most bytes of a subnet's name.
pub const MAX_NAME: usize = 64;

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Subnet {
    /// The name, of 1 to 64 bytes.
    pub name: String,
    /// The account that may set hyperparameters and receives the owner's part of each budget.
    pub owner: AccountId,
    /// The owner's hotkey. Its neuron always has a permit, and the owner's part is staked on it.
    pub owner_hotkey: AccountId,
    /// A short sign for the subnet, such as a Greek letter; may be empty.
    pub symbol: String,
    /// Block of the creation.
    pub created_at: u32,
    /// Block at which the owner started epochs. Absent before.
    pub started_at: Option<u32>,
    /// Block at which the subnet was retired. Absent before.
    pub retired_at: Option<u32>,
    /// Lock in rao that the owner paid at creation. The registry holds it until the subnet is
    /// retired.
    pub lock: Rao,
    /// The open epoch. Everything written now belongs to this epoch.
    pub epoch: u32,
    /// Blocks per epoch.
    pub tempo: u32,
    /// The kernel that computes the subnet's epochs.
    pub kernel: AccountId,
    /// Number of seats.
    pub max_uids: u16,
    /// Permits per epoch, the owner's not counted.
    pub max_validators: u16,
    /// Number of neurons, that is, of seats taken.
    pub neurons: u16,
    /// Blocks during which a new neuron cannot be replaced.
    pub immunity_period: u32,
    /// Price of the next registration in the current block, in rao.
    pub registration_price: Rao,
    /// Terms for registrations, replacements, weights and budgets.
    pub terms: Terms,
    /// Parameters of the kernel.
    pub params: KernelParams,
}

/// Parameters that a subnet's kernel reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum KernelParams {
    /// Parameters of the Yuma kernel. The registry checks their bounds.
    Yuma(YumaParams),
    /// Parameters of any other kernel, as bytes that only this kernel understands.
    Other(Vec<u8>),
}

impl KernelParams {
    /// Returns true if both are for Yuma, or both for other kernels.
    pub fn is_like(&self, other: &Self) -> bool {
        let is_yuma = |params: &Self| matches!(params, KernelParams::Yuma(_));
        is_yuma(self) == is_yuma(other)
    }
}

/// The neuron on a uid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Neuron {
    /// The account that sets weights and serves.
    pub hotkey: AccountId,
    /// The account that registered the hotkey and is paid.
    pub coldkey: AccountId,
    /// Block of the registration.
    pub registered_at: u32,
    /// Epoch that was open at the registration.
    pub registered_epoch: u32,
    /// Number of the registration on the subnet, never used twice. Nothing set for one generation
    /// of a uid passes to the next.
    pub generation: u32,
    /// The hotkey that the neuron registered with, if the hotkey was swapped since. Stake and take
    /// stay on that hotkey.
    pub identity: Option<AccountId>,
}

impl Neuron {
    /// Returns the hotkey that holds the neuron's stake: the one that the neuron registered with.
    pub fn identity(&self) -> AccountId {
        self.identity.unwrap_or(self.hotkey)
    }
}

/// The current seat of a hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Seat {
    /// The uid.
    pub uid: Uid,
    /// Number of the neuron's registration on the subnet.
    pub generation: u32,
    /// Epoch that was open at the registration. A neuron that registered after the last final
    /// epoch has no permit yet.
    pub registered_epoch: u32,
    /// Number of neurons on the subnet.
    pub neurons: u16,
    /// The open epoch.
    pub epoch: u32,
}

/// A neuron that may set weights, with the terms for them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Voter {
    /// The seat.
    pub seat: Seat,
    /// The hotkey that holds the neuron's stake.
    pub identity: AccountId,
    /// True for the subnet owner's hotkey, which always has a permit.
    pub is_owner: bool,
    /// Terms for setting weights.
    pub terms: WeightTerms,
    /// Epoch of the evidence that the neuron has pledged last. Nothing if the terms demand no
    /// evidence, or if its commitment is another one.
    pub evidence: Option<u32>,
}

/// The registration that a uid belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Tenure {
    /// Number of the registration on the subnet.
    pub generation: u32,
    /// Epoch that was open at the registration.
    pub registered_epoch: u32,
}

/// The state of a subnet that an epoch fixes when it closes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct SubnetSnapshot {
    /// Number of neurons.
    pub neurons: u16,
    /// The uid of the subnet owner's neuron, if there is one.
    pub owner_uid: Option<Uid>,
    /// The subnet at the close.
    pub subnet: Subnet,
    /// The kernel's parameters, encoded for the kernel.
    pub params: Vec<u8>,
    /// Hash of the code that the kernel was allowed with.
    pub kernel_code: Digest,
    /// Blocks after which the epoch was due: its tempo, unless the subnet was stuck.
    pub due_after: u32,
    /// Uids with a permit, ascending: those of the last final epoch, and the owner's.
    pub roster: Vec<Uid>,
    /// Registrations of the neurons on these uids.
    pub tenures: Vec<Tenure>,
}

/// Returns the uids with a permit, ascending: `roster`, that of the last final epoch, and the
/// subnet owner's uid.
pub fn roster_with_owner(mut roster: Vec<Uid>, owner: Option<Uid>) -> Vec<Uid> {
    if let Some(uid) = owner {
        if let Err(place) = roster.binary_search(&uid) {
            roster.insert(place, uid);
        }
    }
    roster
}

/// Scores and pay of neurons of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct PagePay {
    /// Uid of the first neuron. The uids must be of one page of 64.
    pub start: Uid,
    /// Scores, one for each neuron.
    pub scores: Vec<NeuronResult>,
    /// Pay in rao that is owed to the owner of each neuron.
    pub owed: Vec<Rao>,
}

/// A hotkey's owner, and the conditions for stake on a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct HotkeyStatus {
    /// True if the subnet exists and is not retired.
    pub subnet_exists: bool,
    /// True if the subnet's owner has started epochs.
    pub subnet_started: bool,
    /// Owner of the hotkey, if the hotkey has ever registered or is a subnet owner's.
    pub owner: Option<AccountId>,
    /// True if stake may be transferred to another coldkey on the subnet.
    pub transfers: bool,
    /// Least stake in rao that a coldkey keeps on a hotkey of another owner. See
    /// [`NetworkRules::nominator_min`](super::NetworkRules::nominator_min).
    pub nominator_min: Rao,
    /// Block until which no new stake is taken, if the admin has set a brake.
    pub braked_until: Option<u32>,
}

/// The contracts that the registry calls or is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct RegistryPeers {
    /// The token contract.
    pub token: AccountId,
    /// The epoch contract. Absent before the registry is wired.
    pub epoch: Option<AccountId>,
}
