//! TAO: a PSP22 token (crate `psp22`: PSP22, metadata, mint, burn) with a cap and one minter.

use crate::{AccountId, Rao};
use ink::prelude::vec::Vec;
use psp22::PSP22Error;

/// The messages of TAO besides PSP22, PSP22Metadata, PSP22Mintable and PSP22Burnable.
#[ink::trait_definition]
pub trait TokenControl {
    /// Returns the largest amount that may ever be minted, in rao.
    #[ink(message)]
    fn cap(&self) -> u128;

    /// Returns the amount minted so far, in rao, genesis included. Burning does not lower it.
    #[ink(message)]
    fn total_minted(&self) -> u128;

    /// Returns the only account that may mint, the emission contract. Absent before the token is
    /// wired.
    #[ink(message)]
    fn minter(&self) -> Option<AccountId>;

    /// Mints `value` rao to `to`. Minter only.
    ///
    /// # Events
    /// `Transfer`.
    ///
    /// # Errors
    /// `Custom("NotMinter")`, `Custom("OverCap")` if the amount minted would exceed the cap.
    #[ink(message)]
    fn mint_to(&mut self, to: AccountId, value: u128) -> Result<(), PSP22Error>;

    /// Names the minter. Deployer only, once, during deployment.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    #[ink(message)]
    fn wire(&mut self, minter: AccountId) -> Result<(), WireError>;
}

/// Errors of `wire`, the call that names a contract's peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum WireError {
    /// The caller did not deploy this contract. Call from the account that did.
    NotDeployer,
    /// The peers are named already and cannot change. Deploy a new contract for other peers.
    AlreadyWired,
}

#[cfg(feature = "std")]
impl core::fmt::Display for WireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NotDeployer => {
                "the caller did not deploy this contract; call from the account that did"
            }
            Self::AlreadyWired => {
                "the peers are named already and cannot change; deploy a new contract for other \
                 peers"
            }
        })
    }
}

/// Returns the sum of the amounts in rao, if TAO can start with these holders.
///
/// # Errors
/// `NoHolders`; then for each holder in order `ZeroAmount`, `DuplicateHolder`, `OverCap`.
pub fn check_holders(holders: &[(AccountId, u128)]) -> Result<u128, TokenDeployError> {
    if holders.is_empty() {
        return Err(TokenDeployError::NoHolders);
    }
    let mut met: Vec<AccountId> = Vec::with_capacity(holders.len());
    let mut total = 0u128;
    for (holder, amount) in holders {
        if *amount == 0 {
            return Err(TokenDeployError::ZeroAmount(*holder));
        }
        if met.contains(holder) {
            return Err(TokenDeployError::DuplicateHolder(*holder));
        }
        met.push(*holder);
        total = total
            .checked_add(*amount)
            .filter(|sum| *sum <= Rao::CAP.to_u128())
            .ok_or(TokenDeployError::OverCap)?;
    }
    Ok(total)
}

/// Errors of the token's constructor. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum TokenDeployError {
    /// There are no holders, so no account could ever pay or stake. Name at least one holder.
    NoHolders,
    /// The amount of this holder is zero. Leave the holder out.
    ZeroAmount(AccountId),
    /// This holder is in the list twice. Add the amounts up.
    DuplicateHolder(AccountId),
    /// The sum of all amounts is above the cap. Lower the amounts.
    OverCap,
}

#[cfg(feature = "std")]
impl core::fmt::Display for TokenDeployError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        use crate::ss58::ss58;
        match self {
            Self::NoHolders => f.write_str(
                "there are no holders, so no account could ever pay or stake; name at least one \
                 holder",
            ),
            Self::ZeroAmount(holder) => {
                let holder = ss58(holder);
                write!(f, "the amount of {holder} is 0 TAO; leave the holder out")
            }
            Self::DuplicateHolder(holder) => {
                let holder = ss58(holder);
                write!(
                    f,
                    "{holder} is in the list of holders twice; add the amounts up"
                )
            }
            Self::OverCap => {
                write!(
                    f,
                    "the sum of all amounts is above the cap of {}; lower the amounts",
                    Rao::CAP
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(seed: u8) -> AccountId {
        AccountId::from([seed; 32])
    }

    #[test]
    fn each_error_names_its_holder() {
        let (a, b) = (account(1), account(2));
        assert_eq!(check_holders(&[]), Err(TokenDeployError::NoHolders));
        assert_eq!(
            check_holders(&[(a, 1), (b, 0)]),
            Err(TokenDeployError::ZeroAmount(b))
        );
        assert_eq!(
            check_holders(&[(a, 1), (b, 1), (a, 1)]),
            Err(TokenDeployError::DuplicateHolder(a))
        );
    }

    #[test]
    fn the_cap_itself_is_allowed_and_nothing_above() {
        let cap = Rao::CAP.to_u128();
        assert_eq!(check_holders(&[(account(1), cap)]), Ok(cap));
        for holders in [
            vec![(account(1), cap + 1)],
            vec![(account(1), cap), (account(2), 1)],
            vec![(account(1), 1), (account(2), u128::MAX)],
        ] {
            assert_eq!(check_holders(&holders), Err(TokenDeployError::OverCap));
        }
    }
}
