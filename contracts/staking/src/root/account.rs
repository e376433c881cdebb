//! Root stake of hotkeys, with its history, and claims of coldkeys on the dividends.
//!
//! Each subnet closes its epochs at blocks of its own, and root stake counts on all of them. So a
//! change of a hotkey's root stake is recorded with the number of epochs, of any subnet, that had
//! closed by then. The root stake that a closed epoch reads never changes, however long the epoch
//! waits to become final.
//!
//! A lookup searches from the newest entry in doubling steps. It costs one read if nothing has
//! changed since the close, and about twice the binary logarithm of the changes since otherwise.

use super::stream::{Claim, Stream};
use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{
    staking::{RootDividends, StakingError},
    AccountId, Rao,
};

/// Root stake of a hotkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RootAccount {
    /// Sum of all coldkeys' root stake on the hotkey.
    stake: Rao,
    /// Number of epochs that had closed at the last change of `stake`.
    closes_before: u32,
    /// Number of entries in the history.
    history_len: u32,
    /// Dividends.
    stream: Stream,
}

/// A root position: the root stake of a coldkey on a hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct ClaimKey {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The coldkey.
    pub coldkey: AccountId,
}

/// A root position with dividends counted up to the present block, about to change.
#[derive(Clone, Copy, Debug)]
pub struct Settled {
    key: ClaimKey,
    account: RootAccount,
    claim: Claim,
}

/// Hotkey, and index in its history.
type HistoryKey = (AccountId, u32);
/// Number of epochs that had closed when a stake was written, and the stake.
type HistoryEntry = (u32, Rao);

/// All root stake and its dividends.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Root {
    accounts: Mapping<AccountId, RootAccount, ManualKey<0x524F_4F01>>,
    /// Earlier stakes of each hotkey, oldest first.
    history: Mapping<HistoryKey, HistoryEntry, ManualKey<0x524F_4F02>>,
    claims: Mapping<ClaimKey, Claim, ManualKey<0x524F_4F03>>,
    /// Sum of the dividends that are not claimed.
    unclaimed: Rao,
}

impl Root {
    /// Returns the sum of the dividends that are not claimed.
    pub fn unclaimed(&self) -> Rao {
        self.unclaimed
    }

    /// Returns true if the hotkey has ever had root stake.
    pub fn is_known(&self, hotkey: AccountId) -> bool {
        self.accounts.contains(hotkey)
    }

    /// Returns all root stake on a hotkey.
    pub fn stake(&self, hotkey: AccountId) -> Rao {
        self.account(hotkey).stake
    }

    /// Returns the root stake of a hotkey when the `close`th epoch, of all subnets, closed.
    pub fn stake_at(&self, hotkey: AccountId, close: u32) -> Rao {
        let Some(account) = self.accounts.get(hotkey) else {
            return Rao::ZERO;
        };
        if account.closes_before < close {
            return account.stake;
        }
        // The newest entry that was written before the close is at or after `low`, and before
        // `high`.
        let (mut low, mut high, mut step) = (0, account.history_len, 1u32);
        while let Some(place) = account.history_len.checked_sub(step) {
            if self.closes_before(hotkey, place) < close {
                low = place;
                break;
            }
            high = place;
            step = step.saturating_mul(2);
        }
        while low < high {
            let middle = low.midpoint(high);
            if self.closes_before(hotkey, middle) < close {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let place = low.checked_sub(1);
        let found = place.and_then(|place| self.history.get((hotkey, place)));
        found.unwrap_or_default().1
    }

    /// Counts the dividends of a position, which is worth `stake`, up to block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn settle(&self, key: ClaimKey, stake: Rao, now: u32) -> Result<Settled, StakingError> {
        let mut account = self.account(key.hotkey);
        let mut claim = self.claims.get(key).unwrap_or_default();
        account.stream.advance(account.stake, now)?;
        claim.settle(&account.stream, stake)?;
        Ok(Settled {
            key,
            account,
            claim,
        })
    }

    /// Records a change of a settled position, after `closes` closed epochs: all root stake on the
    /// hotkey is `stake` now, of which the position has `own`. The last coldkey to unstake gets
    /// the dividends that are not paid yet.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn record(
        &mut self,
        settled: Settled,
        (stake, own): (Rao, Rao),
        closes: u32,
    ) -> Result<(), StakingError> {
        let Settled {
            key,
            mut account,
            mut claim,
        } = settled;
        if account.closes_before < closes {
            if account.history_len > 0 || !account.stake.is_zero() {
                let place = (key.hotkey, account.history_len);
                self.history
                    .insert(place, &(account.closes_before, account.stake));
                let longer = account.history_len.checked_add(1);
                account.history_len = longer.ok_or(StakingError::Overflow)?;
            }
            account.closes_before = closes;
        }
        account.stake = stake;
        if stake.is_zero() {
            let owed = claim.owed.checked_add(account.stream.drain());
            claim.owed = owed.ok_or(StakingError::Overflow)?;
        }
        let settled = Settled {
            key,
            account,
            claim,
        };
        self.store(&settled, own);
        Ok(())
    }

    /// Queues `amount` of dividends for the hotkey's root stake, which must be non-zero.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn queue(&mut self, hotkey: AccountId, amount: Rao, now: u32) -> Result<(), StakingError> {
        let mut account = self.account(hotkey);
        account.stream.advance(account.stake, now)?;
        account.stream.queue(amount, now)?;
        self.accounts.insert(hotkey, &account);
        let unclaimed = self.unclaimed.checked_add(amount);
        self.unclaimed = unclaimed.ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Removes and returns the dividends that a position, which is worth `stake`, can claim at
    /// block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn claim(&mut self, key: ClaimKey, stake: Rao, now: u32) -> Result<Rao, StakingError> {
        let mut settled = self.settle(key, stake, now)?;
        let owed = core::mem::take(&mut settled.claim.owed);
        self.store(&settled, stake);
        let unclaimed = self.unclaimed.checked_sub(owed);
        self.unclaimed = unclaimed.ok_or(StakingError::Overflow)?;
        Ok(owed)
    }

    /// Returns the dividends that `claim` would return.
    pub fn owed(&self, key: ClaimKey, stake: Rao, now: u32) -> Rao {
        let settled = self.settle(key, stake, now);
        settled.map(|it| it.claim.owed).unwrap_or_default()
    }

    /// Returns root stake and unpaid dividends of a hotkey at block `now`.
    pub fn dividends(&self, hotkey: AccountId, now: u32) -> RootDividends {
        let mut account = self.account(hotkey);
        let RootAccount { stake, .. } = account;
        // This fails only for a sum beyond all TAO, and then changes nothing that is read here.
        let _ = account.stream.advance(stake, now);
        RootDividends {
            stake,
            left: account.stream.remaining(),
            until: account.stream.ends_at(),
        }
    }

    fn account(&self, hotkey: AccountId) -> RootAccount {
        self.accounts.get(hotkey).unwrap_or_default()
    }

    /// Returns how many epochs had closed when an entry of the history was written.
    fn closes_before(&self, hotkey: AccountId, place: u32) -> u32 {
        self.history.get((hotkey, place)).unwrap_or_default().0
    }

    /// Stores a position, which is worth `stake`. A claim without stake and dividends is deleted.
    fn store(&mut self, settled: &Settled, stake: Rao) {
        let Settled {
            key,
            account,
            claim,
        } = settled;
        self.accounts.insert(key.hotkey, account);
        if stake.is_zero() && claim.owed.is_zero() {
            self.claims.remove(key);
        } else {
            self.claims.insert(key, claim);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        /// Against a plain history: a close reads the last stake written before it, whatever is
        /// written later.
        #[test]
        fn a_closed_epochs_root_stake_never_changes(
            changes in prop::collection::vec((0u32..4, 1u64..1_000), 0..60),
        ) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                let hotkey: AccountId = [1; 32].into();
                let key = ClaimKey { hotkey, coldkey: [2; 32].into() };
                let mut root = Root::default();
                let (mut closes, mut now) = (0u32, Rao::ZERO);
                let mut read = vec![Rao::ZERO];
                for (closing, stake) in changes {
                    for _ in 0..closing {
                        closes += 1;
                        read.push(now);
                    }
                    now = Rao(stake);
                    let settled = root.settle(key, now, 0).unwrap();
                    root.record(settled, (now, now), closes).unwrap();
                    for (close, due) in (0u32..).zip(&read).skip(1) {
                        assert_eq!(root.stake_at(hotkey, close), *due, "close {close} of {closes}");
                    }
                    assert_eq!(root.stake(hotkey), now);
                }
                Ok(())
            })
            .unwrap();
        }
    }

    #[ink::test]
    fn the_last_to_unstake_gets_the_unpaid_dividends() {
        let key = ClaimKey {
            hotkey: [1; 32].into(),
            coldkey: [2; 32].into(),
        };
        let mut root = Root::default();
        let settled = root.settle(key, Rao::ZERO, 0).unwrap();
        root.record(settled, (Rao(10), Rao(10)), 0).unwrap();
        root.queue(key.hotkey, Rao(360), 0).unwrap();
        assert_eq!(root.owed(key, Rao(10), 100), Rao(100));
        let settled = root.settle(key, Rao(10), 100).unwrap();
        root.record(settled, (Rao::ZERO, Rao::ZERO), 0).unwrap();
        assert_eq!(root.claim(key, Rao::ZERO, 100), Ok(Rao(360)));
        assert_eq!(root.unclaimed(), Rao::ZERO);
        assert!(!root.claims.contains(key));
    }
}
