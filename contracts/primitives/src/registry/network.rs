//! The rules of the whole network, and who a subnet says it is.

use crate::Rao;
use ink::prelude::string::String;

/// Bytes that each field of a [`SubnetIdentity`] may have.
pub const MAX_IDENTITY_FIELD: usize = 256;
/// Bytes that a subnet's symbol may have.
pub const MAX_SYMBOL: usize = 16;

/// The rules of the network. The deployer chooses them, the registry's admin may change them.
/// Source: subtensor-reference.md 4.9 and 6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NetworkRules {
    /// Least price of a subnet, in rao; zero makes the first ones free.
    pub min_lock: Rao,
    /// Blocks in which the price of a subnet falls by what the last one cost. At least 1.
    pub lock_interval: u32,
    /// Blocks between two creations of subnets; 0 for no limit.
    pub creation_interval: u32,
    /// Most subnets that are not retired, `1 ..= 1024`.
    pub subnet_limit: u16,
    /// Blocks from its creation during which a subnet does not give way.
    pub subnet_immunity: u32,
    /// Whether subnets may choose Bittensor's split instead of the network's own.
    pub bittensor_split: bool,
    /// Least stake, in rao, that a coldkey keeps on another's hotkey: what would be less is paid
    /// out whole. Zero for none.
    pub nominator_min: Rao,
    /// Rao held for what a neuron shows, while it does.
    pub serving_deposit: Rao,
    /// Rao burned by giving a neuron another hotkey.
    pub swap_fee: Rao,
}

/// Blocks between two swaps of a neuron's hotkey: five days of blocks of 12 seconds.
pub const SWAP_INTERVAL: u32 = 36_000;

impl NetworkRules {
    /// The reference's: 1000 TAO at least, falling over two weeks of blocks of 12 seconds, one
    /// subnet a day, 128 subnets, half a year of immunity. Subnets may choose Bittensor's
    /// split, and any nomination may stay. What a neuron shows costs a deposit of 0.01 TAO,
    /// which keeps storage from being filled for nothing.
    pub const DEFAULT: NetworkRules = NetworkRules {
        min_lock: Rao::from_tao(1_000),
        lock_interval: 100_800,
        creation_interval: 7_200,
        subnet_limit: 128,
        subnet_immunity: 1_296_000,
        bittensor_split: true,
        nominator_min: Rao::ZERO,
        serving_deposit: Rao(Rao::PER_TAO / 100),
        swap_fee: Rao(1_000_000),
    };
    /// Largest `subnet_limit`: the list of live subnets is one storage cell.
    pub const MOST_SUBNETS: u16 = 1_024;
}

/// Who a subnet says it is. Each field has at most [`MAX_IDENTITY_FIELD`] bytes and may be empty.
/// Nobody has checked them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct SubnetIdentity {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its home page.
    pub url: String,
    /// Its code.
    pub repository: String,
    /// Its logo.
    pub logo: String,
    /// How to reach its owner.
    pub contact: String,
    /// Where its people talk.
    pub community: String,
}

impl SubnetIdentity {
    /// All fields.
    pub fn fields(&self) -> [&str; 7] {
        [
            &self.name,
            &self.description,
            &self.url,
            &self.repository,
            &self.logo,
            &self.contact,
            &self.community,
        ]
    }
}
