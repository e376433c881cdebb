//! TAO: a PSP22 token (crate `psp22`: PSP22, metadata, mint, burn) with a cap and one minter.

use crate::AccountId;

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
