//! TAO: a PSP22 token (crate `psp22`: PSP22, metadata, mint, burn) with a cap and one minter.

use crate::{registry::CLOSE_DOWN_DELAY, AccountId, Rao};
use ink::prelude::vec::Vec;
use psp22::PSP22Error;

/// Blocks from the announcement of a successor until it may mint: 30 days until the network closes
/// down, and a day in which the pay of closed epochs is minted.
pub const SUCCESSION_DELAY: u32 = CLOSE_DOWN_DELAY + 7_200;

/// The contracts that succeed the minter and the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Successor {
    /// The contract that may mint, instead of the present minter.
    pub minter: AccountId,
    /// The registry that may announce a successor of the successor.
    pub registry: AccountId,
}

/// An announced succession.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Succession {
    /// The successor.
    pub to: Successor,
    /// Block from which the successor may mint, and the present minter may not.
    pub at: u32,
}

/// The announcement of a successor, which may mint from a block on.
#[ink::event]
pub struct SuccessorNamed {
    /// The contract that may mint.
    #[ink(topic)]
    pub minter: AccountId,
    /// The registry that may announce the next successor.
    pub registry: AccountId,
    /// Block from which the successor may mint.
    pub at: u32,
}

/// The withdrawal of an announced successor.
#[ink::event]
pub struct SuccessorWithdrawn {
    /// The contract that will not mint.
    #[ink(topic)]
    pub minter: AccountId,
}

/// The messages of TAO besides PSP22, PSP22Metadata, PSP22Mintable and PSP22Burnable.
#[ink::trait_definition]
pub trait TokenControl {
    /// Returns the largest amount that may ever be minted, in rao.
    #[ink(message)]
    fn cap(&self) -> u128;

    /// Returns the amount minted so far, in rao, genesis included. Burning does not lower it.
    #[ink(message)]
    fn total_minted(&self) -> u128;

    /// Returns the only account that may mint, the emission contract or its successor. Absent
    /// before the token is wired.
    #[ink(message)]
    fn minter(&self) -> Option<AccountId>;

    /// Mints to each of these accounts its amount in rao. Minter only.
    ///
    /// # Events
    /// `Transfer` for each account.
    ///
    /// # Errors
    /// `Custom("NotMinter")`, `Custom("OverCap")` if the amount minted would exceed the cap.
    #[ink(message)]
    fn mint_to(&mut self, payees: Vec<(AccountId, u128)>) -> Result<(), PSP22Error>;

    /// Returns the only account that may announce a successor, the registry or its successor.
    /// Absent before the token is wired.
    #[ink(message)]
    fn registry(&self) -> Option<AccountId>;

    /// Returns the succession that is announced and does not count yet.
    #[ink(message)]
    fn succession(&self) -> Option<Succession>;

    /// Announces a successor, or withdraws the announced one. Registry only.
    ///
    /// From 31 days after the announcement on the successor may mint, up to the cap, and the
    /// present minter may not. Balances and allowances stay as they are. Another announcement
    /// replaces this one and starts the delay again. Returns the block from which the successor
    /// may mint, or nothing for a withdrawal.
    ///
    /// # Events
    /// `SuccessorNamed`, or `SuccessorWithdrawn` if one was announced.
    ///
    /// # Errors
    /// `NotRegistry`.
    #[ink(message)]
    fn succeed(&mut self, to: Option<Successor>) -> Result<Option<u32>, SuccessionError>;

    /// Names the minter and the registry. Deployer only, once, during deployment.
    ///
    /// # Events
    /// `Wired`.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    #[ink(message)]
    fn wire(&mut self, minter: AccountId, registry: AccountId) -> Result<(), WireError>;
}

/// Errors of `succeed`. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum SuccessionError {
    /// The caller is not the registry. The admin announces a successor with `close_down` of the
    /// registry.
    NotRegistry,
}

#[cfg(feature = "std")]
impl core::fmt::Display for SuccessionError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NotRegistry => {
                "the caller is not the registry; the admin announces a successor with close_down \
                 of the registry"
            }
        })
    }
}

/// Errors of `wire`, the call that names a contract's peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum WireError {
    /// The caller did not deploy this contract. Call from the account that did.
    NotDeployer,
    /// The peers are named already and cannot change. Deploy a new contract for other peers.
    AlreadyWired,
    /// The peer is the treasury, where TAO would be lost. Deploy with another treasury.
    BadPeer,
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
            Self::BadPeer => {
                "the peer is the treasury, where TAO would be lost; deploy with another treasury"
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
