//! TAO: a PSP22 token (crate `psp22`: PSP22, metadata, mint, burn) with a cap and one minter.

use crate::AccountId;

/// What TAO has besides PSP22, PSP22Metadata, PSP22Mintable and PSP22Burnable.
#[ink::trait_definition]
pub trait TokenControl {
    /// Names the minter, once. Only the deployer; afterwards nobody can.
    ///
    /// # Errors
    /// `NotDeployer`, or `AlreadyWired` once a minter is named.
    #[ink(message)]
    fn wire(&mut self, minter: AccountId) -> Result<(), WireError>;

    /// The only account that may mint: the emission contract. None until it is named.
    #[ink(message)]
    fn minter(&self) -> Option<AccountId>;

    /// Rao that may ever exist.
    #[ink(message)]
    fn cap(&self) -> u128;

    /// Rao minted so far, genesis included; burning does not lower it.
    #[ink(message)]
    fn total_minted(&self) -> u128;
}

/// Why a contract could not be wired to its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum WireError {
    /// The caller did not deploy this contract. Call from the account that did.
    NotDeployer,
    /// The peers are named already; they cannot change.
    AlreadyWired,
}
