//! One-time wiring: the deployer names a contract's peers once, after which no account can.
//!
//! Contracts that call each other cannot all take the others' addresses as constructor arguments.
//! So a contract starts with its deployer, who may call `wire`; the call replaces the deployer by
//! the peers. A contract without peers does only what needs none.

use crate::{token::WireError, AccountId};
use ink::prelude::vec::Vec;

/// The naming of a contract's peers, for good.
#[ink::event]
pub struct Wired {
    /// The peers, in the order of the arguments of `wire`.
    pub peers: Vec<AccountId>,
}

/// The peers of a contract, or the deployer who may still name them.
///
/// The deployer is not stored any more once the peers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Wiring<P> {
    /// No peers yet: this account may name them.
    Deployer(AccountId),
    /// These peers, for good.
    Wired(P),
}

impl<P> Wiring<P> {
    /// Returns the wiring of a new contract, whose peers `deployer` may name.
    pub const fn by(deployer: AccountId) -> Self {
        Self::Deployer(deployer)
    }

    /// Names the peers on behalf of `caller`. The deployer's right to do so ends with it.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    pub fn wire(&mut self, caller: AccountId, peers: P) -> Result<(), WireError> {
        match self {
            Self::Wired(_) => Err(WireError::AlreadyWired),
            Self::Deployer(deployer) if *deployer != caller => Err(WireError::NotDeployer),
            Self::Deployer(_) => {
                *self = Self::Wired(peers);
                Ok(())
            }
        }
    }

    /// Returns the peers, once they are named.
    pub const fn peers(&self) -> Option<&P> {
        match self {
            Self::Deployer(_) => None,
            Self::Wired(peers) => Some(peers),
        }
    }
}

impl Wiring<AccountId> {
    /// Returns true if `caller` is the one peer. The deployer is not.
    pub fn is_peer(&self, caller: AccountId) -> bool {
        matches!(self, Self::Wired(peer) if *peer == caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ink::scale::Encode;

    const DEPLOYER: [u8; 32] = [1; 32];
    const PEER: [u8; 32] = [2; 32];

    fn unwired() -> Wiring<AccountId> {
        Wiring::by(DEPLOYER.into())
    }

    #[test]
    fn the_deployer_names_peers_once() {
        let mut wiring = unwired();
        assert_eq!(wiring.peers(), None);
        assert_eq!(wiring.wire(DEPLOYER.into(), PEER.into()), Ok(()));
        assert_eq!(wiring.peers(), Some(&PEER.into()));
        for caller in [DEPLOYER, PEER, [3; 32]] {
            let refused = wiring.wire(caller.into(), [4; 32].into());
            assert_eq!(refused, Err(WireError::AlreadyWired));
        }
        assert_eq!(wiring.peers(), Some(&PEER.into()));
    }

    #[test]
    fn another_account_names_none() {
        let mut wiring = unwired();
        let refused = wiring.wire(PEER.into(), PEER.into());
        assert_eq!(refused, Err(WireError::NotDeployer));
        assert_eq!(wiring, unwired());
    }

    #[test]
    fn the_deployer_is_no_peer() {
        let mut wiring = unwired();
        assert!(!wiring.is_peer(DEPLOYER.into()));
        assert_eq!(wiring.wire(DEPLOYER.into(), PEER.into()), Ok(()));
        assert!(!wiring.is_peer(DEPLOYER.into()));
        assert!(wiring.is_peer(PEER.into()));
    }

    #[test]
    fn wiring_leaves_no_trace_of_the_deployer() {
        let mut wiring = unwired();
        assert_eq!(wiring.encode(), [&[0], DEPLOYER.as_slice()].concat());
        assert_eq!(wiring.wire(DEPLOYER.into(), PEER.into()), Ok(()));
        assert_eq!(wiring.encode(), [&[1], PEER.as_slice()].concat());
    }
}
