//! Stake on root: it counts on all subnets, each of which closes its epochs when it does.
//!
//! A hotkey's root stake is kept with what it was before, by how many epochs of any subnet had
//! closed when it changed. So what a subnet's closed epoch reads never changes, however long the
//! epoch waits to become final. A place is looked up by doubling steps from the newest on: one read
//! if nothing has changed since the close, and about twice the logarithm of the changes since
//! otherwise.

use crate::stream::{Claim, Stream};
use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{
    staking::{RootDividends, StakingError},
    AccountId, Rao,
};

/// What is kept of a hotkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RootAccount {
    /// All root stake on it.
    stake: Rao,
    /// How many epochs had closed when that was written.
    since: u32,
    /// How many earlier stakes are kept.
    past: u32,
    /// What it earns.
    stream: Stream,
}

/// A hotkey's account and a coldkey's claim on it, counted up to a block.
#[derive(Clone, Copy, Debug)]
pub struct Settled {
    account: RootAccount,
    claim: Claim,
}

/// Hotkey, coldkey.
pub type ClaimKey = (AccountId, AccountId);
/// Hotkey, and place in its history.
type Place = (AccountId, u32);
/// After how many closes a stake was written, and the stake.
type Since = (u32, Rao);

/// The books of root.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Root {
    accounts: Mapping<AccountId, RootAccount, ManualKey<0x524F_4F01>>,
    /// What a hotkey's stake was from how many closes on.
    past: Mapping<Place, Since, ManualKey<0x524F_4F02>>,
    claims: Mapping<ClaimKey, Claim, ManualKey<0x524F_4F03>>,
    /// Dividends that nobody has claimed.
    unclaimed: Rao,
}

impl Root {
    fn account(&self, hotkey: AccountId) -> RootAccount {
        self.accounts.get(hotkey).unwrap_or_default()
    }

    /// Dividends that nobody has claimed.
    pub fn unclaimed(&self) -> Rao {
        self.unclaimed
    }

    /// Whether anybody has ever had root stake on a hotkey.
    pub fn is_known(&self, hotkey: AccountId) -> bool {
        self.accounts.contains(hotkey)
    }

    /// All root stake on a hotkey.
    pub fn stake(&self, hotkey: AccountId) -> Rao {
        self.account(hotkey).stake
    }

    /// What it was when the `close`th of all epochs closed. None is kept of a hotkey that nobody
    /// has staked on.
    pub fn stake_at(&self, hotkey: AccountId, close: u32) -> Rao {
        let Some(account) = self.accounts.get(hotkey) else {
            return Rao::ZERO;
        };
        if account.since < close {
            return account.stake;
        }
        // The newest entry that was written before the close is at or after `low`, and before
        // `high`.
        let (mut low, mut high, mut step) = (0, account.past, 1u32);
        while let Some(place) = account.past.checked_sub(step) {
            if self.since(hotkey, place) < close {
                low = place;
                break;
            }
            high = place;
            step = step.saturating_mul(2);
        }
        while low < high {
            let middle = low.midpoint(high);
            if self.since(hotkey, middle) < close {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let place = low.checked_sub(1);
        let found = place.and_then(|place| self.past.get((hotkey, place)));
        found.unwrap_or_default().1
    }

    fn since(&self, hotkey: AccountId, place: u32) -> u32 {
        self.past.get((hotkey, place)).unwrap_or_default().0
    }

    /// Counts what a coldkey's `stake` on a hotkey has earned up to block `now`. To be called
    /// before it changes.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn settled(&self, key: ClaimKey, stake: Rao, now: u32) -> Result<Settled, StakingError> {
        let mut account = self.account(key.0);
        let mut claim = self.claims.get(key).unwrap_or_default();
        account.stream.advance(account.stake, now)?;
        claim.settle(&account.stream, stake)?;
        Ok(Settled { account, claim })
    }

    /// Notes that all root stake on a hotkey is `stake` now, and that of the coldkey which changed
    /// it `own`, after `closes` closes. Both were `settled` before. The last to leave takes
    /// along what was on its way.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn note(
        &mut self,
        key: ClaimKey,
        settled: Settled,
        (stake, own): (Rao, Rao),
        closes: u32,
    ) -> Result<(), StakingError> {
        let Settled {
            mut account,
            mut claim,
        } = settled;
        if account.since < closes {
            if account.past > 0 || !account.stake.is_zero() {
                self.past
                    .insert((key.0, account.past), &(account.since, account.stake));
                account.past = account.past.checked_add(1).ok_or(StakingError::Overflow)?;
            }
            account.since = closes;
        }
        account.stake = stake;
        if stake.is_zero() {
            let owed = claim.owed.checked_add(account.stream.drain());
            claim.owed = owed.ok_or(StakingError::Overflow)?;
        }
        self.keep(key, Settled { account, claim }, own);
        Ok(())
    }

    /// Keeps what was settled, but no claim where there is neither stake nor anything owed.
    fn keep(&mut self, key: ClaimKey, settled: Settled, stake: Rao) {
        self.accounts.insert(key.0, &settled.account);
        if stake.is_zero() && settled.claim.owed.is_zero() {
            self.claims.remove(key);
        } else {
            self.claims.insert(key, &settled.claim);
        }
    }

    /// Lets `amount` of dividends be on their way to the root stake of a hotkey, of which there is
    /// some.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn reward(&mut self, hotkey: AccountId, amount: Rao, now: u32) -> Result<(), StakingError> {
        let mut account = self.account(hotkey);
        account.stream.advance(account.stake, now)?;
        account.stream.add(amount, now)?;
        self.accounts.insert(hotkey, &account);
        let unclaimed = self.unclaimed.checked_add(amount);
        self.unclaimed = unclaimed.ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Takes out what a coldkey, which has `stake` there, can claim at block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn claim(&mut self, key: ClaimKey, stake: Rao, now: u32) -> Result<Rao, StakingError> {
        let mut settled = self.settled(key, stake, now)?;
        let owed = core::mem::take(&mut settled.claim.owed);
        self.keep(key, settled, stake);
        let unclaimed = self.unclaimed.checked_sub(owed);
        self.unclaimed = unclaimed.ok_or(StakingError::Overflow)?;
        Ok(owed)
    }

    /// What it could claim.
    pub fn owed(&self, key: ClaimKey, stake: Rao, now: u32) -> Rao {
        let settled = self.settled(key, stake, now);
        settled.map(|it| it.claim.owed).unwrap_or_default()
    }

    /// What the root stake of a hotkey earns, as of block `now`.
    pub fn dividends(&self, hotkey: AccountId, now: u32) -> RootDividends {
        let mut account = self.account(hotkey);
        let RootAccount { stake, .. } = account;
        // Only a sum beyond all TAO fails, and takes nothing out.
        let _ = account.stream.advance(stake, now);
        RootDividends {
            stake,
            left: account.stream.left(),
            until: account.stream.until(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        /// Against a plain history: what a close read is what was written last before it, however much is written later.
        #[test]
        fn closed_epochs_read_what_was(changes in prop::collection::vec((0u32..4, 1u64..1_000), 0..60)) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                let hotkey: AccountId = [1; 32].into();
                let key = (hotkey, [2; 32].into());
                let mut root = Root::default();
                let (mut closes, mut now) = (0u32, Rao::ZERO);
                let mut read = vec![Rao::ZERO];
                for (closing, stake) in changes {
                    for _ in 0..closing {
                        closes += 1;
                        read.push(now);
                    }
                    now = Rao(stake);
                    let settled = root.settled(key, now, 0).unwrap();
                    root.note(key, settled, (now, now), closes).unwrap();
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
    fn the_last_to_leave_takes_what_was_on_its_way() {
        let key: ClaimKey = ([1; 32].into(), [2; 32].into());
        let mut root = Root::default();
        let settled = root.settled(key, Rao::ZERO, 0).unwrap();
        root.note(key, settled, (Rao(10), Rao(10)), 0).unwrap();
        root.reward(key.0, Rao(360), 0).unwrap();
        assert_eq!(root.owed(key, Rao(10), 100), Rao(100));
        let settled = root.settled(key, Rao(10), 100).unwrap();
        root.note(key, settled, (Rao::ZERO, Rao::ZERO), 0).unwrap();
        assert_eq!(root.claim(key, Rao::ZERO, 100), Ok(Rao(360)));
        assert_eq!(root.unclaimed(), Rao::ZERO);
        assert!(!root.claims.contains(key));
    }
}
