//! Who may mint, and how much is left below the cap.

// The codec's derive for enums casts variant numbers; there is no cast of ours here.
#![allow(clippy::cast_possible_truncation)]

use ink::prelude::string::String;
use inktensor_primitives::{token::WireError, AccountId, Rao};
use psp22::PSP22Error;

/// Text of the error `Custom` when an account other than the minter mints. PSP22 has no variant for
/// it.
pub const NOT_MINTER: &str = "NotMinter";

/// Text of the error `Custom` when minting would pass the cap. PSP22 has no variant for it.
pub const OVER_CAP: &str = "OverCap";

/// The right to mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Minter {
    /// Nobody has it yet; `deployer` will name who does.
    NamedBy {
        /// The account that deployed the token.
        deployer: AccountId,
    },
    /// This account has it, for good.
    Named(AccountId),
}

/// All minting, from genesis on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Issuance {
    minter: Minter,
    minted: u128,
}

impl Issuance {
    /// Starts with `genesis` rao minted; `deployer` may name the minter.
    pub fn new(deployer: AccountId, genesis: u128) -> Self {
        Self {
            minter: Minter::NamedBy { deployer },
            minted: genesis,
        }
    }

    /// Names the minter. The deployer's right to do so ends with it.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    pub fn wire(&mut self, caller: AccountId, minter: AccountId) -> Result<(), WireError> {
        match self.minter {
            Minter::Named(_) => Err(WireError::AlreadyWired),
            Minter::NamedBy { deployer } if deployer != caller => Err(WireError::NotDeployer),
            Minter::NamedBy { .. } => {
                self.minter = Minter::Named(minter);
                Ok(())
            }
        }
    }

    /// Counts `value` rao that `caller` mints.
    ///
    /// # Errors
    /// `Custom(NOT_MINTER)`, `Custom(OVER_CAP)`.
    pub fn mint(&mut self, caller: AccountId, value: u128) -> Result<(), PSP22Error> {
        if self.minter != Minter::Named(caller) {
            return Err(PSP22Error::Custom(String::from(NOT_MINTER)));
        }
        self.minted = self
            .minted
            .checked_add(value)
            .filter(|sum| *sum <= Rao::CAP.to_u128())
            .ok_or_else(|| PSP22Error::Custom(String::from(OVER_CAP)))?;
        Ok(())
    }

    /// Who may mint.
    pub fn minter(&self) -> Minter {
        self.minter
    }

    /// Rao minted so far.
    pub fn minted(&self) -> u128 {
        self.minted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEPLOYER: [u8; 32] = [1; 32];
    const MINTER: [u8; 32] = [2; 32];

    #[test]
    fn the_deployer_cannot_mint() {
        let mut issuance = Issuance::new(DEPLOYER.into(), 0);
        assert!(issuance.mint(DEPLOYER.into(), 1).is_err());
        assert_eq!(issuance.wire(DEPLOYER.into(), MINTER.into()), Ok(()));
        assert!(issuance.mint(DEPLOYER.into(), 1).is_err());
        assert_eq!(issuance.mint(MINTER.into(), 1), Ok(()));
    }

    #[test]
    fn wiring_leaves_no_trace_of_the_deployer() {
        let mut issuance = Issuance::new(DEPLOYER.into(), 3);
        assert_eq!(issuance.wire(DEPLOYER.into(), MINTER.into()), Ok(()));
        let stored = ink::scale::Encode::encode(&issuance);
        assert!(!stored.windows(32).any(|bytes| bytes == DEPLOYER));
    }

    proptest! {
        /// However minting goes, its sum never passes the cap, and a refusal counts nothing.
        #[test]
        fn never_above_the_cap(
            genesis in 0..=Rao::CAP.to_u128(),
            mints in proptest::collection::vec(prop_oneof![0u128..20_000_000_000_000_000, Just(u128::MAX)], 0..20),
        ) {
            let mut issuance = Issuance::new(DEPLOYER.into(), genesis);
            prop_assert_eq!(issuance.wire(DEPLOYER.into(), MINTER.into()), Ok(()));
            for value in mints {
                let before = issuance.minted();
                let fits = before.checked_add(value).is_some_and(|sum| sum <= Rao::CAP.to_u128());
                prop_assert_eq!(issuance.mint(MINTER.into(), value).is_ok(), fits);
                prop_assert_eq!(issuance.minted(), if fits { before + value } else { before });
                prop_assert!(issuance.minted() <= Rao::CAP.to_u128());
            }
        }
    }
}
