//! A chunk of an epoch's pay, credited to owners, stakers and root stake. Parents' parts become
//! due.

use super::split::{Credit, Tally};
use crate::{
    children::{root_part, Children, Due},
    stake::{EpochClock, PositionKey, Stake},
    takes::Takes,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{Payment, HotkeyPart, StakingError},
    NetUid, Rao,
};

/// A chunk of an epoch's pay that is being credited.
pub struct Distribution<'a> {
    stake: &'a mut Stake,
    children: &'a mut Children,
    takes: &'a Takes,
    netuid: NetUid,
    /// The epoch that is paid.
    epoch: u32,
    /// Epochs of the subnet.
    clock: EpochClock,
    now: u32,
    /// Sums of the chunk.
    tally: Tally,
    parts: Parts,
}

/// The parts of a chunk's dividends that are not stake on the subnet, by hotkey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Dividends that became due to parents.
    pub due: Vec<HotkeyPart>,
    /// Dividends of root stake.
    pub root: Vec<HotkeyPart>,
}

impl<'a> Distribution<'a> {
    /// Starts a chunk of the pay of `epoch` at block `now`.
    pub fn new(
        stake: &'a mut Stake,
        children: &'a mut Children,
        takes: &'a Takes,
        (netuid, epoch): (NetUid, u32),
        now: u32,
    ) -> Self {
        let clock = stake.clock(netuid);
        Self {
            stake,
            children,
            takes,
            netuid,
            epoch,
            clock,
            now,
            tally: Tally::default(),
            parts: Parts::default(),
        }
    }

    /// Credits one payment. The parts of the hotkey's parents become due.
    ///
    /// # Errors
    /// `TooOld`, `Overflow`.
    pub fn credit(&mut self, payment: &Payment) -> Result<(), StakingError> {
        let (netuid, epoch) = (self.netuid, self.epoch);
        let division = self
            .children
            .divide(self.stake, netuid, epoch, payment, &self.clock)?;
        let own = Payment {
            validator: division.own,
            ..*payment
        };
        let credit = self.credit_own(&own)?;
        if !credit.total()?.is_zero() {
            self.tally.add(&credit)?;
        }
        if !credit.root.is_zero() {
            self.parts.root.push(HotkeyPart {
                hotkey: payment.hotkey,
                amount: credit.root,
            });
        }
        let mut dues = Vec::with_capacity(division.parents.len());
        for share in &division.parents {
            let part = Payment {
                hotkey: share.hotkey,
                coldkey: share.owner,
                miner: Rao::ZERO,
                validator: share.amount,
            };
            let mut credit = Credit::of(&part, self.takes.take(share.hotkey))?;
            credit.give_root(root_part(credit.dividends, share.stake))?;
            dues.push(Due {
                take: credit.take,
                dividends: credit.dividends,
                root: credit.root,
            });
        }
        let hotkey = payment.hotkey;
        let amount = self.children.owe((netuid, hotkey), division, &dues)?;
        if !amount.is_zero() {
            self.parts.due.push(HotkeyPart { hotkey, amount });
        }
        self.tally.owe(amount)
    }

    /// Ends the chunk: adds the new stake to the sums. Returns the sums of the chunk, and the parts
    /// that are not stake.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn finish(self) -> Result<(Tally, Parts), StakingError> {
        self.stake.count_in(self.netuid, self.tally.staked()?)?;
        Ok((self.tally, self.parts))
    }

    /// Credits the hotkey's own part. Its root stake gets a part of the dividends, by the weights
    /// of the paid epoch, if there is root stake now.
    fn credit_own(&mut self, part: &Payment) -> Result<Credit, StakingError> {
        let hotkey = part.hotkey;
        let mut credit = Credit::of(part, self.takes.take(hotkey))?;
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
