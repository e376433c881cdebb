//! TAO: a PSP22 token (crate `psp22`: PSP22, metadata, mint, burn) with a cap and one minter.

use crate::{AccountId, Rao};
use ink::prelude::vec::Vec;

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
/// The first of: no holders, an amount of zero or a holder that is in the list before, a sum above
/// the cap.
pub fn check_holders(holders: &[(AccountId, u128)]) -> Result<u128, HoldersError> {
    if holders.is_empty() {
        return Err(HoldersError::NoHolders);
    }
    let mut met: Vec<AccountId> = Vec::with_capacity(holders.len());
    let mut total = 0u128;
    for (holder, amount) in holders {
        if *amount == 0 {
            return Err(HoldersError::ZeroAmount(*holder));
        }
        if met.contains(holder) {
            return Err(HoldersError::DuplicateHolder(*holder));
        }
        met.push(*holder);
        total = total
            .checked_add(*amount)
            .filter(|sum| *sum <= Rao::CAP.to_u128())
            .ok_or(HoldersError::OverCap)?;
    }
    Ok(total)
}

/// Reasons for which TAO cannot start with a list of holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldersError {
    /// The list is empty, so nothing could be paid or staked. Name at least one holder.
    NoHolders,
    /// The amount of this holder is zero. Leave the holder out.
    ZeroAmount(AccountId),
    /// This holder is in the list twice. Add the amounts up.
    DuplicateHolder(AccountId),
    /// The sum of all amounts is above the cap. Lower the amounts.
    OverCap,
}

#[cfg(feature = "std")]
impl core::fmt::Display for HoldersError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        use crate::ss58::ss58;
        match self {
            Self::NoHolders => f.write_str("the list is empty; name at least one holder"),
            Self::ZeroAmount(holder) => {
                let holder = ss58(holder);
                write!(f, "the amount of {holder} is 0 TAO; leave the holder out")
            }
            Self::DuplicateHolder(holder) => {
                let holder = ss58(holder);
                write!(f, "{holder} is in the list twice; add the amounts up")
            }
            Self::OverCap => {
                write!(
                    f,
                    "the sum is above the cap of {}; lower the amounts",
                    Rao::CAP
                )
            }
        }
    }
}
