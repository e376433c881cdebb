//! The minter, and the amount minted so far.

use ink::prelude::string::String;
use inktensor_primitives::{token::WireError, AccountId, Rao, Wiring};
use psp22::PSP22Error;

/// Text of the error `Custom` if an account other than the minter mints. PSP22 has no variant for
/// it.
pub const NOT_MINTER: &str = "NotMinter";

/// Text of the error `Custom` if minting would exceed the cap. PSP22 has no variant for it.
pub const OVER_CAP: &str = "OverCap";

/// The minter, and the amount minted from genesis on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Issuance {
    /// The minter, once it is named.
    minter: Wiring<AccountId>,
    /// Rao minted so far.
    minted: u128,
}

impl Issuance {
    /// Starts with `genesis` rao minted. `deployer` may name the minter.
    pub fn new(deployer: AccountId, genesis: u128) -> Self {
        Self {
            minter: Wiring::by(deployer),
            minted: genesis,
        }
    }

    /// Names the minter, which ends the deployer's right to do so.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    pub fn wire(&mut self, caller: AccountId, minter: AccountId) -> Result<(), WireError> {
        self.minter.wire(caller, minter)
    }

    /// Adds `value` rao that `caller` mints.
    ///
    /// # Errors
    /// `Custom(NOT_MINTER)`, `Custom(OVER_CAP)`.
    pub fn mint(&mut self, caller: AccountId, value: u128) -> Result<(), PSP22Error> {
        if !self.minter.is_peer(caller) {
            return Err(PSP22Error::Custom(String::from(NOT_MINTER)));
        }
        self.minted = self
            .minted
            .checked_add(value)
            .filter(|sum| *sum <= Rao::CAP.to_u128())
            .ok_or_else(|| PSP22Error::Custom(String::from(OVER_CAP)))?;
        Ok(())
    }

    /// Returns the minter, once it is named.
    pub fn minter(&self) -> Option<AccountId> {
        self.minter.peers().copied()
    }

    /// Returns the rao minted so far.
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
        /// After any mints their sum is within the cap, and a refused mint adds nothing.
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
