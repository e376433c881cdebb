//! The rules of the whole network, and the identity of a subnet.

use super::{BoundedField, RegistryError};
use crate::Rao;
use ink::prelude::string::String;

/// Most bytes of each field of a [`SubnetIdentity`].
pub const MAX_IDENTITY_FIELD: usize = 256;
/// Most bytes of a subnet's symbol.
pub const MAX_SYMBOL: usize = 16;

/// The rules of the network. The deployer chooses the first ones; the admin may change them.
///
/// Source: subtensor-reference.md 4.9 and 6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NetworkRules {
    /// Least price of a subnet, in rao. Zero makes subnets free.
    pub min_lock: Rao,
    /// Blocks in which the price of a subnet falls by the last price paid. At least 1.
    pub lock_interval: u32,
    /// Blocks between two creations of subnets. At least 300 once there are subnets.
    pub creation_interval: u32,
    /// Most subnets that are not retired, `1 ..= 1024`. Not below the number of live subnets.
    pub subnet_limit: u16,
    /// Blocks from the creation during which a subnet cannot be retired. At least a week, 50 400
    /// blocks, once there are subnets.
    pub subnet_immunity: u32,
    /// True if subnets may choose Bittensor's split instead of the network's.
    pub bittensor_split: bool,
    /// Least stake in rao that a coldkey keeps on a hotkey of another owner. A smaller remainder
    /// is paid out. Zero for no minimum.
    pub nominator_min: Rao,
    /// Deposit in rao that the registry holds while a neuron serves.
    pub serving_deposit: Rao,
    /// Fee in rao that a swap of a neuron's hotkey burns.
    pub swap_fee: Rao,
}

/// Blocks between two swaps of a neuron's hotkey: five days of blocks of 12 seconds.
pub const SWAP_INTERVAL: u32 = 36_000;

impl NetworkRules {
    /// The reference's rules, with blocks of 12 seconds.
    ///
    /// A subnet costs at least 1000 TAO, and the price falls over two weeks. There is one new
    /// subnet a day, at most 128 subnets, and half a year of immunity.
    ///
    /// Subnets may choose Bittensor's split, and any nomination may stay. A neuron that serves pays
    /// a deposit of 0.01 TAO, so that storage cannot be filled for free.
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
    /// Least `creation_interval` once there are subnets: an hour.
    pub const LEAST_INTERVAL: u32 = 300;
    /// Least `subnet_immunity` once there are subnets: a week.
    pub const LEAST_IMMUNITY: u32 = 50_400;

    /// Checks the bounds of every rule, on a network with `live` subnets. A network without subnets
    /// has nothing to protect, so its deployer is free.
    ///
    /// # Errors
    /// `OutOfBounds` with the first field that is outside its bounds.
    pub fn check(&self, live: u16) -> Result<(), RegistryError> {
        let amount = |field, amount: Rao| within(field, amount.0, 0, Rao::CAP.0);
        amount(BoundedField::MinLock, self.min_lock)?;
        amount(BoundedField::NominatorMin, self.nominator_min)?;
        amount(BoundedField::ServingDeposit, self.serving_deposit)?;
        amount(BoundedField::SwapFee, self.swap_fee)?;
        within(
            BoundedField::LockInterval,
            self.lock_interval.into(),
            1,
            u32::MAX.into(),
        )?;
        within(
            BoundedField::SubnetLimit,
            self.subnet_limit.into(),
            live.max(1).into(),
            Self::MOST_SUBNETS.into(),
        )?;
        if live == 0 {
            return Ok(());
        }
        within(
            BoundedField::CreationInterval,
            self.creation_interval.into(),
            Self::LEAST_INTERVAL.into(),
            u32::MAX.into(),
        )?;
        within(
            BoundedField::SubnetImmunity,
            self.subnet_immunity.into(),
            Self::LEAST_IMMUNITY.into(),
            u32::MAX.into(),
        )
    }
}

fn within(field: BoundedField, value: u64, min: u64, max: u64) -> Result<(), RegistryError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(RegistryError::OutOfBounds {
        field,
        value,
        min,
        max,
    })
}

/// Rules of the network that are announced, and the block from which they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct AnnouncedRules {
    /// The rules.
    pub rules: NetworkRules,
    /// Block from which the rules count.
    pub from: u32,
}

/// The identity of a subnet as its owner states it, unchecked. Each field has at most 256 bytes and
/// may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct SubnetIdentity {
    /// Name.
    pub name: String,
    /// Purpose.
    pub description: String,
    /// Home page.
    pub url: String,
    /// Repository of the code.
    pub repository: String,
    /// Address of a logo.
    pub logo: String,
    /// Contact of the owner.
    pub contact: String,
    /// Address of the community's forum or chat.
    pub community: String,
}

impl SubnetIdentity {
    /// Returns all fields, in order.
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
