//! The minter, its successor, and the amount minted so far.

use ink::prelude::string::String;
use inktensor_primitives::{
    token::{Succession, SuccessionError, Successor, WireError, SUCCESSION_DELAY},
    AccountId, Rao, Wiring,
};
use psp22::PSP22Error;

/// Text of the error `Custom` if an account other than the minter mints. PSP22 has no variant for
/// it.
pub const NOT_MINTER: &str = "NotMinter";

/// Text of the error `Custom` if minting would exceed the cap. PSP22 has no variant for it.
pub const OVER_CAP: &str = "OverCap";

/// The minter, its successor, and the amount minted from genesis on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Issuance {
    /// Minter and registry, once they are named.
    peers: Wiring<Successor>,
    /// The announced successor. It counts from its block on, and stays here until another is
    /// announced.
    announced: Option<Succession>,
    /// Rao minted so far.
    minted: u128,
}

impl Issuance {
    /// Starts with `genesis` rao minted. `deployer` may name minter and registry.
    pub fn new(deployer: AccountId, genesis: u128) -> Self {
        Self {
            peers: Wiring::by(deployer),
            announced: None,
            minted: genesis,
        }
    }

    /// Names minter and registry, which ends the deployer's right to do so.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    pub fn wire(&mut self, caller: AccountId, peers: Successor) -> Result<(), WireError> {
        self.peers.wire(caller, peers)
    }

    /// Announces a successor at block `now` on behalf of `caller`, or withdraws the announced one.
    /// Returns the succession that was announced before and did not count yet, and the new one.
    ///
    /// # Errors
    /// `NotRegistry`.
    pub fn succeed(
        &mut self,
        caller: AccountId,
        to: Option<Successor>,
        now: u32,
    ) -> Result<(Option<Succession>, Option<Succession>), SuccessionError> {
        let peers = self.peers(now);
        let is_registry = |peers: &Successor| peers.registry == caller;
        let peers = peers
            .filter(is_registry)
            .ok_or(SuccessionError::NotRegistry)?;
        let before = self.succession(now);
        self.peers = Wiring::Wired(peers);
        self.announced = to.map(|to| Succession {
            to,
            at: now.saturating_add(SUCCESSION_DELAY),
        });
        Ok((before, self.announced))
    }

    /// Adds `value` rao that `caller` mints at block `now`.
    ///
    /// # Errors
    /// `Custom(NOT_MINTER)`, `Custom(OVER_CAP)`.
    pub fn mint(&mut self, caller: AccountId, value: u128, now: u32) -> Result<(), PSP22Error> {
        if self.peers(now).map(|peers| peers.minter) != Some(caller) {
            return Err(PSP22Error::Custom(String::from(NOT_MINTER)));
        }
        self.minted = self
            .minted
            .checked_add(value)
            .filter(|sum| *sum <= Rao::CAP.to_u128())
            .ok_or_else(|| PSP22Error::Custom(String::from(OVER_CAP)))?;
        Ok(())
    }

    /// Returns minter and registry at block `now`, once they are named.
    pub fn peers(&self, now: u32) -> Option<Successor> {
        match self.announced {
            Some(succession) if now >= succession.at => Some(succession.to),
            _ => self.peers.peers().copied(),
        }
    }

    /// Returns the announced succession that does not count yet at block `now`.
    pub fn succession(&self, now: u32) -> Option<Succession> {
        self.announced.filter(|succession| now < succession.at)
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
    const REGISTRY: [u8; 32] = [3; 32];
    const NEXT_MINTER: [u8; 32] = [4; 32];
    const NEXT_REGISTRY: [u8; 32] = [5; 32];

    fn peers() -> Successor {
        Successor {
            minter: MINTER.into(),
            registry: REGISTRY.into(),
        }
    }

    fn next() -> Successor {
        Successor {
            minter: NEXT_MINTER.into(),
            registry: NEXT_REGISTRY.into(),
        }
    }

    fn wired(genesis: u128) -> Issuance {
        let mut issuance = Issuance::new(DEPLOYER.into(), genesis);
        assert_eq!(issuance.wire(DEPLOYER.into(), peers()), Ok(()));
        issuance
    }

    #[test]
    fn the_deployer_cannot_mint() {
        let mut issuance = Issuance::new(DEPLOYER.into(), 0);
        assert!(issuance.mint(DEPLOYER.into(), 1, 0).is_err());
        let mut issuance = wired(0);
        assert!(issuance.mint(DEPLOYER.into(), 1, 0).is_err());
        assert_eq!(issuance.mint(MINTER.into(), 1, 0), Ok(()));
    }

    #[test]
    fn wiring_leaves_no_trace_of_the_deployer() {
        let stored = ink::scale::Encode::encode(&wired(3));
        assert!(!stored.windows(32).any(|bytes| bytes == DEPLOYER));
    }

    #[test]
    fn a_successor_mints_after_the_delay_and_the_minter_until_then() {
        let mut issuance = wired(0);
        for caller in [DEPLOYER, MINTER, NEXT_MINTER] {
            let refused = issuance.succeed(caller.into(), Some(next()), 7);
            assert_eq!(refused, Err(SuccessionError::NotRegistry));
        }
        let at = 7 + SUCCESSION_DELAY;
        let announced = Some(Succession { to: next(), at });
        let named = issuance.succeed(REGISTRY.into(), Some(next()), 7);
        assert_eq!(named, Ok((None, announced)));
        assert_eq!(issuance.mint(MINTER.into(), 1, at - 1), Ok(()));
        assert!(issuance.mint(NEXT_MINTER.into(), 1, at - 1).is_err());
        assert_eq!(issuance.succession(at - 1), announced);
        assert!(issuance.mint(MINTER.into(), 1, at).is_err());
        assert_eq!(issuance.mint(NEXT_MINTER.into(), 1, at), Ok(()));
        assert_eq!((issuance.succession(at), issuance.minted()), (None, 2));
        // The registry's right has passed on, too.
        let late = issuance.succeed(REGISTRY.into(), None, at);
        assert_eq!(late, Err(SuccessionError::NotRegistry));
        let back = issuance.succeed(NEXT_REGISTRY.into(), Some(peers()), at);
        assert!(back.is_ok());
        assert_eq!(issuance.mint(NEXT_MINTER.into(), 1, at), Ok(()));
    }

    #[test]
    fn a_withdrawn_successor_never_mints() {
        let mut issuance = wired(0);
        assert!(issuance.succeed(REGISTRY.into(), Some(next()), 0).is_ok());
        let withdrawn = issuance.succeed(REGISTRY.into(), None, SUCCESSION_DELAY - 1);
        assert!(withdrawn.is_ok_and(|(before, after)| before.is_some() && after.is_none()));
        let later = SUCCESSION_DELAY * 2;
        assert!(issuance.mint(NEXT_MINTER.into(), 1, later).is_err());
        assert_eq!(issuance.mint(MINTER.into(), 1, later), Ok(()));
    }

    proptest! {
        /// After any mints their sum is within the cap, and a refused mint adds nothing.
        #[test]
        fn never_above_the_cap(
            genesis in 0..=Rao::CAP.to_u128(),
            mints in proptest::collection::vec(prop_oneof![0u128..20_000_000_000_000_000, Just(u128::MAX)], 0..20),
        ) {
            let mut issuance = wired(genesis);
            for value in mints {
                let before = issuance.minted();
                let fits = before.checked_add(value).is_some_and(|sum| sum <= Rao::CAP.to_u128());
                prop_assert_eq!(issuance.mint(MINTER.into(), value, 0).is_ok(), fits);
                prop_assert_eq!(issuance.minted(), if fits { before + value } else { before });
                prop_assert!(issuance.minted() <= Rao::CAP.to_u128());
            }
        }
    }
}
