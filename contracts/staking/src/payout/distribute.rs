//! A chunk of an epoch's dividends, credited to stakers and root stake. Parents' parts become due,
//! and owners' parts are returned.

use super::split::{Split, Tally};
use crate::{
    children::{root_part, Children, Division, Due},
    stake::{HotkeyCells, OpenSubnet, Stake, HOTKEY_READS, MOST_REWARD_WRITES},
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{HotkeyPart, Payment, StakingError, MAX_PARENTS},
    NetUid, Rao,
};

/// Most accesses to storage cells for the dividends of one call.
///
/// A chunk of 64 hotkeys without parents is one call. Each has 3 accesses, and one more for its
/// root stake, or for its links if they are read for the first time: 63 of them leave room for
/// [`MOST_READS`]. And the largest call stays below a quarter of a block, 3840 KiB of proof, with
/// the weights of pallet-contracts 38:
///
/// | part | KiB |
/// |---|---:|
/// | 272 accesses of 10.3 KiB, the largest values included | 2802 |
/// | code of the contracts, registry twice | 518 |
/// | 26 accesses of the contracts that settle a chunk | 265 |
/// | calls and events | 55 |
/// | the end of a settlement: code, and 8 accesses | 145 |
/// | sum | 3785 |
///
/// That is for one chunk alone. A caller that finds no room pays fewer neurons, or fewer chunks.
pub const MOST_ACCESSES: u32 = 272;
/// Most reads for one hotkey, which has as many parents as possible: its cells, its links, and the
/// parents' cells.
const MOST_READS: u32 = HOTKEY_READS
    .saturating_add(1)
    .saturating_add(HOTKEY_READS.saturating_mul(MAX_PARENTS as u32));
/// Writes for what is due to parents: their child's links.
const DUE_WRITES: u32 = 1;
/// Most writes for one hotkey.
const MOST_WRITES: u32 = DUE_WRITES.saturating_add(MOST_REWARD_WRITES);

/// A chunk of an epoch's dividends that is being credited.
pub struct Distribution<'a> {
    stake: &'a mut Stake,
    children: &'a mut Children,
    netuid: NetUid,
    /// The epoch that is paid.
    epoch: u32,
    /// Sums and epochs of the subnet.
    subnet: OpenSubnet,
    /// Accesses to storage cells so far.
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
        (netuid, epoch): (NetUid, u32),
        now: u32,
    ) -> Self {
        let subnet = stake.open_subnet(netuid, now);
        Self {
            stake,
            children,
            netuid,
            epoch,
            subnet,
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
            if !self.has_room(MOST_READS) {
                break;
            }
            let (cells, division) = self.divide(payment)?;
            if !self.has_room(MOST_WRITES) {
                break;
            }
            self.credit_one(cells, division)?;
        }
        self.stake
            .count_in(self.subnet, self.tally.dividends, Rao::ZERO)?;
        Ok(Done {
            tally: self.tally,
            parts: self.parts,
            owners: self.owners,
        })
    }

    /// Reads the cells of a hotkey, and divides its payment between the hotkey and its parents.
    /// Changes no storage.
    fn divide(&mut self, payment: &Payment) -> Result<(HotkeyCells, Division), StakingError> {
        let mut cells = self.stake.hotkey(self.netuid, payment.hotkey);
        let clock = &self.subnet.clock;
        let division = self
            .children
            .divide(self.stake, &cells, self.epoch, payment, clock)?;
        self.count(HOTKEY_READS);
        self.count(division.reads);
        if division.unlinked {
            cells.note_unlinked();
        }
        Ok((cells, division))
    }

    fn credit_one(&mut self, cells: HotkeyCells, division: Division) -> Result<(), StakingError> {
        let (_, hotkey) = cells.key();
        let own = self.credit_own(cells, division.own)?;
        let mut dues = Vec::with_capacity(division.parents.len());
        for share in &division.parents {
            let mut split = Split::of(share.amount, share.take)?;
            split.give_root(root_part(split.dividends, share.stake))?;
            dues.push(Due {
                take: split.take,
                dividends: split.dividends,
                root: split.root,
            });
        }
        if !dues.is_empty() {
            self.count(DUE_WRITES);
        }
        let due = self.children.owe((self.netuid, hotkey), division, &dues)?;
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
    fn credit_own(&mut self, cells: HotkeyCells, amount: Rao) -> Result<Split, StakingError> {
        let clock = &self.subnet.clock;
        let opened_at = clock.opening_block(self.epoch)?;
        let mut split = Split::of(amount, cells.take_at(opened_at))?;
        if !split.dividends.is_zero() && !cells.root_stake().is_zero() {
            let own = cells.own_at(self.epoch, clock)?;
            split.give_root(root_part(split.dividends, own))?;
        }
        let to_root = split.root;
        let written = self
            .stake
            .reward(cells, to_root, clock, |pool| split.apply(pool))?;
        self.count(written);
        Ok(split)
    }

    /// Returns true if the call may make that many accesses more.
    fn has_room(&self, accesses: u32) -> bool {
        self.accesses.saturating_add(accesses) <= MOST_ACCESSES
    }

    fn count(&mut self, accesses: u32) {
        self.accesses = self.accesses.saturating_add(accesses);
    }
}
