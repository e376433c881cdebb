//! Who may do what.

// The lint means the codec's derive, which numbers the variants.
#![allow(clippy::cast_possible_truncation)]

use inktensor_primitives::{token::WireError, AccountId};

/// The contract's peers, once they are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Roles {
    /// Not wired yet: the deployer may.
    Deployer(AccountId),
    /// Wired for good.
    Wired {
        /// May credit pay.
        emission: AccountId,
        /// May open epochs.
        epoch: AccountId,
    },
}

impl Roles {
    /// Names the peers on behalf of `caller`. Nothing of the deployer is kept.
    ///
    /// # Errors
    /// `NotDeployer`, `AlreadyWired`.
    pub fn wire(
        &self,
        caller: AccountId,
        emission: AccountId,
        epoch: AccountId,
    ) -> Result<Self, WireError> {
        match self {
            Self::Deployer(deployer) if *deployer == caller => Ok(Self::Wired { emission, epoch }),
            Self::Deployer(_) => Err(WireError::NotDeployer),
            Self::Wired { .. } => Err(WireError::AlreadyWired),
        }
    }

    /// The emission and the epoch contract, once they are named.
    pub const fn peers(&self) -> Option<(AccountId, AccountId)> {
        match self {
            Self::Deployer(_) => None,
            Self::Wired { emission, epoch } => Some((*emission, *epoch)),
        }
    }

    /// Whether `caller` may credit pay.
    pub fn is_emission(&self, caller: AccountId) -> bool {
        matches!(self, Self::Wired { emission, .. } if *emission == caller)
    }

    /// Whether `caller` may open epochs.
    pub fn is_epoch(&self, caller: AccountId) -> bool {
        matches!(self, Self::Wired { epoch, .. } if *epoch == caller)
    }
}
