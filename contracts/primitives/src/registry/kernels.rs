//! The allow-list of kernels that subnets may choose.

use super::KernelParams;
use crate::{AccountId, Digest};

/// Most kernels on the list, retired ones included.
pub const MAX_KERNELS: u16 = 256;

/// A kernel that the admin has allowed. Entry and code hash are never removed or changed, so epochs
/// that run on the kernel continue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct KernelEntry {
    /// Hash of the code at the address when the kernel was allowed. An epoch closes with this code
    /// or not at all.
    pub code_hash: Digest,
    /// Parameters for a subnet that has none for this kind of kernel.
    pub defaults: KernelParams,
    /// Block from which subnets may choose the kernel.
    pub from: u32,
    /// True if no further subnet may choose the kernel. Subnets that run the kernel keep it.
    pub retired: bool,
}

/// A kernel that subnets may choose from a block on.
#[ink::event]
pub struct KernelAllowed {
    /// The kernel's address.
    #[ink(topic)]
    pub kernel: AccountId,
    /// Hash of the kernel's code.
    #[ink(topic)]
    pub code_hash: Digest,
    /// Parameters for a subnet that has none for this kind of kernel.
    pub defaults: KernelParams,
    /// Block from which subnets may choose the kernel.
    pub from: u32,
}

/// A kernel that no further subnet may choose.
#[ink::event]
pub struct KernelRetired {
    /// The kernel's address.
    #[ink(topic)]
    pub kernel: AccountId,
}
