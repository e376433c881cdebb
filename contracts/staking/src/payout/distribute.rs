//! A chunk of an epoch's pay, credited to owners, stakers, parents and root stake.

use super::split::{Credit, Tally};
use crate::{
    children::{root_part, Children},
    stake::{EpochClock, PositionKey, Stake},
    takes::Takes,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{Payment, StakingError},
    AccountId, Bps, NetUid, Rao,
};

/// A chunk of an epoch's pay that is being credited.
pub struct Distribution<'a> {
    stake: &'a mut Stake,
    children: &'a Children,
    takes: &'a Takes,
    netuid: NetUid,
    /// The epoch that is paid.
    epoch: u32,
    /// Epochs of the subnet.
    clock: EpochClock,
    now: u32,
    tally: Tally,
}

/// A part of a payment that was credited to a hotkey, its owner and its stakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credited {
    /// The hotkey that was paid, or its parent.
    pub hotkey: AccountId,
    /// Owner of that hotkey.
    pub coldkey: AccountId,
    /// The whole part, which is not zero.
    pub amount: Rao,
    /// Dividends of root stake in it.
    pub root: Rao,
    /// True if the hotkey is a parent of the one that was paid.
    pub is_parent: bool,
}

impl<'a> Distribution<'a> {
    /// Starts a chunk of the pay of `epoch` at block `now`.
    pub fn new(
        stake: &'a mut Stake,
        children: &'a Children,
        takes: &'a Takes,
        (netuid, epoch): (NetUid, u32),
        now: u32,
    ) -> Self {
        let clock = stake.clock(netuid, now);
        Self {
            stake,
            children,
            takes,
            netuid,
            epoch,
            clock,
            now,
            tally: Tally::default(),
        }
    }

    /// Credits one payment. Returns the parts of the hotkey and of its parents, in this order.
    ///
    /// # Errors
    /// `TooOld`, `Overflow`.
    pub fn credit(&mut self, payment: &Payment) -> Result<Vec<Credited>, StakingError> {
        let (netuid, epoch) = (self.netuid, self.epoch);
        let parts = self
            .children
            .divide(self.stake, netuid, epoch, payment, &self.clock)?;
        let mut credited = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let credit = self.credit_part(part)?;
            let amount = credit.total()?;
            if amount.is_zero() {
                continue;
            }
            self.tally.add(&credit)?;
            credited.push(Credited {
                hotkey: part.hotkey,
                coldkey: part.coldkey,
                amount,
                root: credit.root,
                is_parent: place > 0,
            });
        }
        Ok(credited)
    }

    /// Ends the chunk: adds the new stake to the sums. Returns the sums of the chunk.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn finish(self) -> Result<Tally, StakingError> {
        self.stake.count_in(self.netuid, self.tally.staked()?)?;
        Ok(self.tally)
    }

    /// Credits the part of one hotkey. Its root stake gets a part of the dividends, by the weights
    /// of the paid epoch, if there is root stake now.
    fn credit_part(&mut self, part: &Payment) -> Result<Credit, StakingError> {
        let hotkey = part.hotkey;
        // A miner's pay has no take, and may be of any epoch.
        let take = if part.validator.is_zero() {
            Bps::default()
        } else {
            let opened_at = self.clock.opening_block(self.epoch)?;
            self.takes.take_at(hotkey, opened_at)
        };
        let mut credit = Credit::of(part, take)?;
        if !credit.dividends.is_zero() && !self.stake.root().stake(hotkey).is_zero() {
            let own = self
                .stake
                .own_at(self.netuid, hotkey, self.epoch, &self.clock)?;
            credit.give_root(root_part(credit.dividends, own))?;
        }
        if !credit.root.is_zero() {
            self.stake.queue_dividends(hotkey, credit.root, self.now)?;
        }
        if !credit.staked()?.is_zero() {
            let key = PositionKey {
                netuid: self.netuid,
                hotkey,
                coldkey: part.coldkey,
            };
            self.stake
                .change(key, self.clock.open, self.now, |pool, owner| {
                    credit.apply(pool, owner)
                })?;
        }
        Ok(credit)
    }
}
