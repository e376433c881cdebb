//! Root stake of hotkeys, with its history, and claims of coldkeys on the dividends.
//!
//! Root has a clock of its own: root epochs of `ROOT_EPOCH` blocks. A subnet that closes an epoch
//! in root epoch `r` reads the matured root stake of `r - 1`: what was there when `r - 1` began,
//! and stayed until its end. That is fixed when the subnet closes, however long its epoch waits to
//! become final.
//!
//! Dividends flow by block to the stake of that block, whatever its age. So stake that comes is
//! paid before it weighs, and stake that leaves weighs after it was paid, for as long.
//!
//! A hotkey has one cell, with the history of its stake for `ROOT_EPOCHS_KEPT` root epochs, and
//! with its take.

use super::stream::{Claim, Stream};
use crate::{
    history::{root_epoch, Aged, History, Record},
    takes::{Take, DEFAULT_TAKE},
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    staking::{RootDividends, StakingError, TakeInfo, ROOT_EPOCHS_KEPT},
    AccountId, Bps, Rao,
};

/// Root stake on a hotkey at the end of a root epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RootRecord {
    /// The root epoch.
    epoch: u32,
    /// The stake.
    stake: Aged,
}

/// Root stake and take of a hotkey: what settlement reads of a hotkey for every subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RootAccount {
    /// Sum of all coldkeys' root stake on the hotkey.
    stake: History<RootRecord>,
    /// Dividends.
    stream: Stream,
    /// Take of the hotkey on every subnet.
    take: Take,
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

/// Root positions on one hotkey with dividends counted up to the present block, about to change.
#[derive(Clone, Debug)]
pub struct Settled {
    hotkey: AccountId,
    account: RootAccount,
    /// The coldkeys, and their claims.
    claims: Vec<(AccountId, Claim)>,
}

/// All root stake and its dividends.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Root {
    accounts: Mapping<AccountId, RootAccount, ManualKey<0x524F_4F01>>,
    claims: Mapping<ClaimKey, Claim, ManualKey<0x524F_4F03>>,
    /// Sum of the dividends that are not claimed.
    unclaimed: Rao,
}

impl Record for RootRecord {
    fn epoch(&self) -> u32 {
        self.epoch
    }

    fn in_epoch(self, epoch: u32) -> Self {
        if epoch == self.epoch {
            return self;
        }
        Self {
            epoch,
            stake: self.stake.matured(),
        }
    }

    fn is_empty(&self) -> bool {
        self.stake == Aged::default()
    }
}

impl RootAccount {
    /// Returns all root stake on the hotkey.
    pub fn stake(&self) -> Rao {
        self.stake.last().stake.total()
    }

    /// Returns the root stake that a subnet which closes at block `close` reads, at block `now`.
    ///
    /// # Errors
    /// `TooOld` if the close was more than `ROOT_EPOCHS_KEPT` root epochs ago.
    pub fn stake_at(&self, close: u32, now: u32) -> Result<Rao, StakingError> {
        let Some(epoch) = root_epoch(close).checked_sub(1) else {
            return Ok(Rao::ZERO);
        };
        let record = self.stake.at(epoch, root_epoch(now), ROOT_EPOCHS_KEPT)?;
        Ok(record.stake.matured)
    }

    /// Returns the take that counts for an epoch which opened at block `opened_at`.
    pub fn take_at(&self, opened_at: u32) -> Bps {
        self.take.at(opened_at, DEFAULT_TAKE)
    }
}

impl Root {
    /// Returns the sum of the dividends that are not claimed.
    pub fn unclaimed(&self) -> Rao {
        self.unclaimed
    }

    /// Returns the take of a hotkey, as set last.
    pub fn take(&self, hotkey: AccountId) -> Bps {
        self.account(hotkey).take.now(DEFAULT_TAKE)
    }

    /// Returns the take of a hotkey that counts for an epoch which opened at block `opened_at`.
    pub fn take_at(&self, hotkey: AccountId, opened_at: u32) -> Bps {
        self.account(hotkey).take_at(opened_at)
    }

    /// Returns the take of a hotkey, and the first block at which it may be raised.
    pub fn take_info(&self, hotkey: AccountId) -> TakeInfo {
        self.account(hotkey).take.info(DEFAULT_TAKE)
    }

    /// Sets the take of a hotkey at block `now`. Setting the present take changes nothing.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`.
    pub fn set_take(&mut self, hotkey: AccountId, take: Bps, now: u32) -> Result<(), StakingError> {
        let mut account = self.account(hotkey);
        if account.take.set(take, now, DEFAULT_TAKE)? {
            self.accounts.insert(hotkey, &account);
        }
        Ok(())
    }

    /// Counts the dividends of positions on `hotkey`, each a coldkey and the stake that it has, up
    /// to block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn settle(
        &self,
        hotkey: AccountId,
        positions: impl IntoIterator<Item = (AccountId, Rao)>,
        now: u32,
    ) -> Result<Settled, StakingError> {
        let mut account = self.account(hotkey);
        let stake = account.stake();
        account.stream.advance(stake, now)?;
        let mut claims = Vec::new();
        for (coldkey, stake) in positions {
            let key = ClaimKey { hotkey, coldkey };
            let mut claim = self.claims.get(key).unwrap_or_default();
            claim.settle(&account.stream, stake)?;
            claims.push((coldkey, claim));
        }
        Ok(Settled {
            hotkey,
            account,
            claims,
        })
    }

    /// Records a change of settled positions in root epoch `open`: all root stake on the hotkey is
    /// `matured` and `pending` now, of which the positions have `own`, in their order. The last
    /// coldkey to unstake gets the dividends that are not paid yet.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn record(
        &mut self,
        mut settled: Settled,
        (matured, pending): (Rao, Rao),
        own: &[Rao],
        open: u32,
    ) -> Result<(), StakingError> {
        let account = &mut settled.account;
        let record = RootRecord {
            epoch: open,
            stake: Aged { matured, pending },
        };
        account.stake.write(record, ROOT_EPOCHS_KEPT);
        if account.stake().is_zero() {
            if let Some((_, claim)) = settled.claims.first_mut() {
                let owed = claim.owed.checked_add(account.stream.drain());
                claim.owed = owed.ok_or(StakingError::Overflow)?;
            }
        }
        self.store(&settled, own);
        Ok(())
    }

    /// Queues `amount` of dividends for the hotkey's root stake, which must be non-zero. `account`
    /// is the hotkey's, as it is stored.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn queue(
        &mut self,
        hotkey: AccountId,
        mut account: RootAccount,
        amount: Rao,
        now: u32,
    ) -> Result<(), StakingError> {
        let stake = account.stake();
        account.stream.advance(stake, now)?;
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
        let mut settled = self.settle(key.hotkey, [(key.coldkey, stake)], now)?;
        let claims = settled.claims.iter_mut();
        let owed: Vec<Rao> = claims
            .map(|(_, claim)| core::mem::take(&mut claim.owed))
            .collect();
        let owed = owed.first().copied().unwrap_or_default();
        self.store(&settled, &[stake]);
        let unclaimed = self.unclaimed.checked_sub(owed);
        self.unclaimed = unclaimed.ok_or(StakingError::Overflow)?;
        Ok(owed)
    }

    /// Returns the dividends that `claim` would return.
    pub fn owed(&self, key: ClaimKey, stake: Rao, now: u32) -> Rao {
        let settled = self.settle(key.hotkey, [(key.coldkey, stake)], now);
        let owed = settled.map(|it| it.claims.first().map(|(_, claim)| claim.owed));
        owed.ok().flatten().unwrap_or_default()
    }

    /// Returns root stake and unpaid dividends of a hotkey at block `now`.
    pub fn dividends(&self, hotkey: AccountId, now: u32) -> RootDividends {
        let mut account = self.account(hotkey);
        let stake = account.stake();
        // This fails only for a sum beyond all TAO, and then changes nothing that is read here.
        let _ = account.stream.advance(stake, now);
        RootDividends {
            stake,
            left: account.stream.remaining(),
            until: account.stream.ends_at(),
        }
    }

    /// Returns the account of a hotkey.
    pub fn account(&self, hotkey: AccountId) -> RootAccount {
        self.accounts.get(hotkey).unwrap_or_default()
    }

    /// Stores settled positions, which are worth `own`. A claim without stake and dividends is
    /// deleted.
    fn store(&mut self, settled: &Settled, own: &[Rao]) {
        let Settled {
            hotkey,
            account,
            claims,
        } = settled;
        self.accounts.insert(hotkey, account);
        for ((coldkey, claim), stake) in claims.iter().zip(own) {
            let key = ClaimKey {
                hotkey: *hotkey,
                coldkey: *coldkey,
            };
            if stake.is_zero() && claim.owed.is_zero() {
                self.claims.remove(key);
            } else {
                self.claims.insert(key, claim);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::staking::ROOT_EPOCH;
    use proptest::prelude::*;

    const HOTKEY: [u8; 32] = [1; 32];
    const COLDKEY: [u8; 32] = [2; 32];

    /// Records the stake of one coldkey on one hotkey.
    fn record(root: &mut Root, matured: u64, pending: u64, open: u32) {
        let before = root.account(HOTKEY.into()).stake();
        let settled = root
            .settle(HOTKEY.into(), [(COLDKEY.into(), before)], open * ROOT_EPOCH)
            .unwrap();
        let own = Rao(matured + pending);
        root.record(settled, (Rao(matured), Rao(pending)), &[own], open)
            .unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Against a plain history of root epochs: a close reads the matured stake of the root
        /// epoch before, as of its end, whatever is written later.
        #[test]
        fn root_stake_of_a_close_never_changes(
            changes in prop::collection::vec((0u32..4, 1u64..1_000, 0u64..3), 0..60),
        ) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                let mut root = Root::default();
                // The matured stake at the end of each root epoch before the open one.
                let mut ended: Vec<u64> = Vec::new();
                let (mut matured, mut pending) = (0u64, 0u64);
                for (epochs, stake, kind) in changes {
                    for _ in 0..epochs {
                        ended.push(matured);
                        matured += pending;
                        pending = 0;
                    }
                    match kind {
                        0 => pending += stake,
                        1 => pending = 0,
                        _ => matured -= matured.min(stake),
                    }
                    let open = u32::try_from(ended.len()).unwrap();
                    record(&mut root, matured, pending, open);
                    let kept = usize::try_from(ROOT_EPOCHS_KEPT).unwrap();
                    let first = ended.len().saturating_sub(kept);
                    for (epoch, due) in ended.iter().enumerate().skip(first) {
                        let close = (u32::try_from(epoch).unwrap() + 1) * ROOT_EPOCH;
                        for close in [close, close + ROOT_EPOCH - 1] {
                            let account = root.account(HOTKEY.into());
                            let found = account.stake_at(close, open * ROOT_EPOCH);
                            assert_eq!(found, Ok(Rao(*due)), "{close}");
                        }
                    }
                    let account = root.account(HOTKEY.into());
                    assert_eq!(account.stake_at(0, open * ROOT_EPOCH), Ok(Rao::ZERO));
                    assert_eq!(root.account(HOTKEY.into()).stake(), Rao(matured + pending));
                    let account = root.account(HOTKEY.into());
                    assert!(account.stake.len() <= kept + 1, "{:?}", account.stake);
                }
                Ok(())
            })
            .unwrap();
        }
    }

    #[ink::test]
    fn one_record_is_kept_for_a_root_epoch_and_old_ones_are_dropped() {
        let mut root = Root::default();
        let records = |root: &Root| root.account(HOTKEY.into()).stake.len();
        for _ in 0..5 {
            record(&mut root, 0, 10, 7);
        }
        assert_eq!(records(&root), 0);
        for open in 8..8 + ROOT_EPOCHS_KEPT + 1 {
            record(&mut root, 10, 0, open);
        }
        let most = usize::try_from(ROOT_EPOCHS_KEPT).unwrap();
        assert_eq!(records(&root), most);
        // After a long rest, each change drops two.
        record(&mut root, 11, 0, 100);
        assert_eq!(records(&root), most - 1);
        record(&mut root, 12, 0, 101);
        assert_eq!(records(&root), most - 2);
        let close = |epoch: u32| {
            root.account(HOTKEY.into())
                .stake_at(epoch * ROOT_EPOCH, 101 * ROOT_EPOCH)
        };
        assert_eq!(close(101), Ok(Rao(11)));
        assert_eq!(close(100), Ok(Rao(10)));
        assert_eq!(close(86), Ok(Rao(10)));
        assert_eq!(close(8), Err(StakingError::TooOld));
    }

    #[ink::test]
    fn the_last_to_unstake_gets_the_unpaid_dividends() {
        let key = ClaimKey {
            hotkey: HOTKEY.into(),
            coldkey: COLDKEY.into(),
        };
        let mut root = Root::default();
        record(&mut root, 10, 0, 0);
        let account = root.account(key.hotkey);
        root.queue(key.hotkey, account, Rao(360), 0).unwrap();
        assert_eq!(root.owed(key, Rao(10), 100), Rao(100));
        let settled = root
            .settle(key.hotkey, [(key.coldkey, Rao(10))], 100)
            .unwrap();
        root.record(settled, (Rao::ZERO, Rao::ZERO), &[Rao::ZERO], 0)
            .unwrap();
        assert_eq!(root.claim(key, Rao::ZERO, 100), Ok(Rao(360)));
        assert_eq!(root.unclaimed(), Rao::ZERO);
        assert!(!root.claims.contains(key));
    }
}
