//! A chunk of an epoch's dividends, credited to stakers and root stake. Parents' parts become due,
//! and owners' parts are returned.

use super::split::{Split, Tally};
use crate::{
    children::{root_part, Children, Due},
    stake::{OpenSubnet, Stake},
    takes::Takes,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{HotkeyPart, Payment, StakingError},
    AccountId, Bps, NetUid, Rao,
};

/// Most accesses to storage cells for the dividends of one call: with those of the other contracts
/// that settle a chunk, a good part of a block of a chain that counts 10 KiB of proof and 0.2 ms
/// for an access. A caller that finds no room pays fewer neurons.
const MOST_ACCESSES: u32 = 240;
/// Accesses for a hotkey: take, links, root stake, and the pool twice.
const OWN_ACCESSES: u32 = 5;
/// Further accesses for a hotkey with root stake: own stake twice, and the dividends twice.
const ROOT_ACCESSES: u32 = 4;
/// Accesses for each parent, at most: its stake, root stake and take.
const PARENT_ACCESSES: u32 = 3;
/// Accesses for parents of any number: own stake, and the links with what is due.
const DIVISION_ACCESSES: u32 = 3;

/// A chunk of an epoch's dividends that is being credited.
pub struct Distribution<'a> {
    stake: &'a mut Stake,
    children: &'a mut Children,
    takes: &'a Takes,
    netuid: NetUid,
    /// The epoch that is paid.
    epoch: u32,
    /// Sums and epochs of the subnet.
    subnet: OpenSubnet,
    now: u32,
    /// Accesses to storage cells so far, at most.
    accesses: u32,
    /// Sums of the chunk.
    tally: Tally,
    parts: Parts,
    owners: Vec<Rao>,
}

/// The parts of a chunk's dividends that are not stake on the subnet, by hotkey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Dividends that became due to parents.
    pub due: Vec<HotkeyPart>,
    /// Dividends of root stake.
    pub root: Vec<HotkeyPart>,
}

/// A chunk of dividends, as far as it was credited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Sums.
    pub tally: Tally,
    /// Parts that are not stake on the subnet.
    pub parts: Parts,
    /// The owner's part of each payment.
    pub owners: Vec<Rao>,
}

impl<'a> Distribution<'a> {
    /// Starts a chunk of the dividends of `epoch` at block `now`.
    pub fn new(
        stake: &'a mut Stake,
        children: &'a mut Children,
        takes: &'a Takes,
        (netuid, epoch): (NetUid, u32),
        now: u32,
    ) -> Self {
        let subnet = stake.open_subnet(netuid, now);
        Self {
            stake,
            children,
            takes,
            netuid,
            epoch,
            subnet,
            now,
            accesses: 0,
            tally: Tally::default(),
            parts: Parts::default(),
            owners: Vec::new(),
        }
    }

    /// Credits payments in order, while there is room for a hotkey with the most parents; at least
    /// one.
    ///
    /// # Errors
    /// `TooOld`, `Overflow`.
    pub fn credit(mut self, payments: &[Payment]) -> Result<Done, StakingError> {
        for payment in payments {
            if self.accesses > MOST_ACCESSES.saturating_sub(most_accesses()) {
                break;
            }
            self.credit_one(payment)?;
        }
        self.stake
            .count_in(self.subnet, self.tally.dividends, Rao::ZERO)?;
        Ok(Done {
            tally: self.tally,
            parts: self.parts,
            owners: self.owners,
        })
    }

    fn credit_one(&mut self, payment: &Payment) -> Result<(), StakingError> {
        let (netuid, epoch, hotkey) = (self.netuid, self.epoch, payment.hotkey);
        let division =
            self.children
                .divide(self.stake, netuid, epoch, payment, &self.subnet.clock)?;
        let parents = u32::try_from(division.parents.len()).unwrap_or(u32::MAX);
        self.count(OWN_ACCESSES);
        if parents > 0 {
            self.count(parents.saturating_mul(PARENT_ACCESSES));
            self.count(DIVISION_ACCESSES);
        }
        let own = self.credit_own(&Payment {
            amount: division.own,
            ..*payment
        })?;
        let mut dues = Vec::with_capacity(division.parents.len());
        for share in &division.parents {
            let mut split = Split::of(share.amount, self.take(share.hotkey)?)?;
            split.give_root(root_part(split.dividends, share.stake))?;
            dues.push(Due {
                take: split.take,
                dividends: split.dividends,
                root: split.root,
            });
        }
        let due = self.children.owe((netuid, hotkey), division, &dues)?;
        self.tally.add(&own, due)?;
        self.owners.push(own.take);
        for (amount, parts) in [(due, &mut self.parts.due), (own.root, &mut self.parts.root)] {
            if !amount.is_zero() {
                parts.push(HotkeyPart { hotkey, amount });
            }
        }
        Ok(())
    }

    /// Credits the hotkey's own part. Its root stake gets a part of the dividends, by the weights
    /// of the paid epoch, if there is root stake now.
    fn credit_own(&mut self, part: &Payment) -> Result<Split, StakingError> {
        let hotkey = part.hotkey;
        let mut split = Split::of(part.amount, self.take(hotkey)?)?;
        if !split.dividends.is_zero() && !self.stake.root().stake(hotkey).is_zero() {
            let own = self
                .stake
                .own_at(self.netuid, hotkey, self.epoch, &self.subnet.clock)?;
            split.give_root(root_part(split.dividends, own))?;
        }
        if !split.root.is_zero() {
            self.count(ROOT_ACCESSES);
            self.stake.queue_dividends(hotkey, split.root, self.now)?;
        }
        let key = (self.netuid, hotkey);
        self.stake
            .reward(key, &self.subnet.clock, |pool| split.apply(pool))?;
        Ok(split)
    }

    /// Returns the take of a hotkey for the paid epoch.
    fn take(&self, hotkey: AccountId) -> Result<Bps, StakingError> {
        let opened_at = self.subnet.clock.opening_block(self.epoch)?;
        Ok(self.takes.take_at(hotkey, opened_at))
    }

    fn count(&mut self, accesses: u32) {
        self.accesses = self.accesses.saturating_add(accesses);
    }
}

/// Returns the accesses for a hotkey with the most parents.
const fn most_accesses() -> u32 {
    let parents = inktensor_primitives::staking::MAX_PARENTS as u32;
    OWN_ACCESSES
        .saturating_add(ROOT_ACCESSES)
        .saturating_add(parents.saturating_mul(PARENT_ACCESSES))
        .saturating_add(DIVISION_ACCESSES)
}
