//! The allow-list of kernels: which programs a subnet may choose.

use super::KernelParams;
use crate::{AccountId, Digest};

/// Most kernels that are ever listed.
pub const MAX_KERNELS: u16 = 256;

/// A kernel that the registry's admin has looked at. Neither entry nor code hash ever changes:
/// epochs that run on it go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct KernelEntry {
    /// Hash of the code that was at the address when it was allowed. An epoch closes with this
    /// code or not at all.
    pub code_hash: Digest,
    /// Parameters of a subnet that has none yet, or only another kind of kernel's.
    pub defaults: KernelParams,
    /// No longer to be chosen. Subnets that run it already keep it.
    pub retired: bool,
}

/// Subnets may choose a kernel.
#[ink::event]
pub struct KernelAllowed {
    /// Its address.
    #[ink(topic)]
    pub kernel: AccountId,
    /// Its code's hash.
    #[ink(topic)]
    pub code_hash: Digest,
    /// Parameters to begin with.
    pub defaults: KernelParams,
}

/// No more subnets may choose a kernel.
#[ink::event]
pub struct KernelRetired {
    /// Its address.
    #[ink(topic)]
    pub kernel: AccountId,
}

/// Another account decides which kernels are allowed.
#[ink::event]
pub struct AdminChanged {
    /// Who did.
    pub from: AccountId,
    /// Who does now.
    #[ink(topic)]
    pub to: AccountId,
}
