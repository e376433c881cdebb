//! Who may do what.

// The lint means the codec's derive, which numbers the variants.
#![allow(clippy::cast_possible_truncation)]

use inktensor_primitives::{token::WireError, AccountId};

/// The contract's caller, once it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Roles {
    /// Not wired yet: the deployer may.
    Deployer(AccountId),
    /// Wired for good.
    Wired {
        /// May draw, pay and complete.
        epoch: AccountId,
    },
}

impl Roles {
    /// Names the epoch contract on behalf of `caller`. Nothing of the deployer is kept.
    ///
    /// # Errors
    /// `NotDeployer`, `AlreadyWired`.
    pub fn wire(&self, caller: AccountId, epoch: AccountId) -> Result<Self, WireError> {
        match self {
            Self::Deployer(deployer) if *deployer == caller => Ok(Self::Wired { epoch }),
            Self::Deployer(_) => Err(WireError::NotDeployer),
            Self::Wired { .. } => Err(WireError::AlreadyWired),
        }
    }

    /// The epoch contract, once it is named.
    pub const fn epoch(&self) -> Option<AccountId> {
        match self {
            Self::Deployer(_) => None,
            Self::Wired { epoch } => Some(*epoch),
        }
    }

    /// Whether `caller` may draw, pay and complete.
    pub fn is_epoch(&self, caller: AccountId) -> bool {
        matches!(self, Self::Wired { epoch } if *epoch == caller)
    }
}
