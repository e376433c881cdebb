//! Who closes epochs and records scores.

// The codec's derive for enums casts variant numbers; there is no cast of ours here.
#![allow(clippy::cast_possible_truncation)]

use inktensor_primitives::{registry::RegistryError, token::WireError, AccountId};

/// The epoch contract, or who names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Wiring {
    /// No contract yet; `deployer` will name it.
    NamedBy {
        /// The account that deployed the registry.
        deployer: AccountId,
    },
    /// This epoch contract, for good.
    Epoch(AccountId),
}

impl Wiring {
    /// Names the epoch contract. The deployer's right to do so ends with it.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    pub fn wire(&mut self, caller: AccountId, epoch: AccountId) -> Result<(), WireError> {
        match *self {
            Wiring::Epoch(_) => Err(WireError::AlreadyWired),
            Wiring::NamedBy { deployer } if deployer != caller => Err(WireError::NotDeployer),
            Wiring::NamedBy { .. } => {
                *self = Wiring::Epoch(epoch);
                Ok(())
            }
        }
    }

    /// The epoch contract, once it is named.
    pub const fn epoch(&self) -> Option<AccountId> {
        match self {
            Wiring::NamedBy { .. } => None,
            Wiring::Epoch(epoch) => Some(*epoch),
        }
    }

    /// Passes the epoch contract alone.
    ///
    /// # Errors
    /// `NotEpoch`.
    pub fn only_epoch(&self, caller: AccountId) -> Result<(), RegistryError> {
        if *self == Wiring::Epoch(caller) {
            Ok(())
        } else {
            Err(RegistryError::NotEpoch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYER: [u8; 32] = [1; 32];
    const EPOCH: [u8; 32] = [2; 32];

    #[test]
    fn wiring_leaves_no_trace_of_the_deployer() {
        let mut wiring = Wiring::NamedBy {
            deployer: DEPLOYER.into(),
        };
        assert!(wiring.only_epoch(DEPLOYER.into()).is_err());
        assert_eq!(wiring.wire(DEPLOYER.into(), EPOCH.into()), Ok(()));
        assert_eq!(wiring, Wiring::Epoch(EPOCH.into()));
        assert!(wiring.only_epoch(DEPLOYER.into()).is_err());
        assert_eq!(wiring.only_epoch(EPOCH.into()), Ok(()));
    }
}
