//! The accounts whose stake may have to be counted again.
//!
//! Events name them: those of stake that leaves come first, and all others are looked at page by
//! page, again and again while votes are counted.

use crate::roles::GROUP;
use inktensor_client::chain::ContractEvent;
use inktensor_primitives::{
    governance::{Recounted, Voted, MAX_RECOUNTS},
    hash::blake2,
    staking::{Proxy, ProxySet, StakeMoved, StakeRemoved},
    AccountId, Digest,
};
use scale::Encode;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

/// Most accounts that are remembered. Those beyond are looked at when their stake leaves.
const MOST_KNOWN: usize = 250_000;
/// Most pages of accounts that are read at a block, so that a turn can send a recount of each.
const PAGES: usize = GROUP;
/// Most pages of one proposal that are read at a block.
const PAGES_OF_ONE: usize = 4;
/// Blocks between two rounds through all accounts.
const REST: u32 = 50;
/// Blocks for which an account is not counted again after a recount.
const PAUSE: u32 = 20;

/// The contracts whose events name accounts.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// The staking contract.
    pub staking: AccountId,
    /// The governance contract.
    pub governance: AccountId,
}

/// The accounts to look at, by proposal whose votes are counted.
#[derive(Debug, Default)]
pub struct Following {
    known: BTreeSet<AccountId>,
    /// Coldkeys by proxy, as far as events or standings have named them.
    people: BTreeMap<AccountId, BTreeSet<AccountId>>,
    rounds: BTreeMap<u32, Round>,
    /// Events that were handled, of blocks that are read again.
    handled: BTreeSet<(u32, Digest)>,
    /// Blocks of recounts, by proposal and account.
    counted: BTreeMap<(u32, AccountId), u32>,
    /// Proposal at which the next page begins.
    turn: u32,
}

/// The progress through the accounts, for one proposal.
#[derive(Debug, Default)]
struct Round {
    /// Accounts that come first: their stake has moved, or their proxy has voted.
    urgent: BTreeSet<AccountId>,
    /// Last account of the last page.
    after: Option<AccountId>,
    /// Block at which the next round begins.
    rests_until: u32,
}

impl Following {
    /// Handles an event, unless it was handled before.
    pub fn handle(&mut self, sources: &Sources, event: &ContractEvent) {
        if event.contract == sources.staking {
            self.handle_stake(event);
        } else if event.contract == sources.governance {
            self.handle_vote(event);
        }
    }

    fn handle_stake(&mut self, event: &ContractEvent) {
        if let Some(it) = event.decode::<StakeRemoved>() {
            if self.is_new(event) {
                self.hurry(it.coldkey);
            }
        } else if let Some(it) = event.decode::<StakeMoved>() {
            if it.coldkey != it.to_coldkey && self.is_new(event) {
                self.hurry(it.coldkey);
            }
        } else if let Some(it) = event.decode::<ProxySet>() {
            if let Proxy::Account(proxy) = it.proxy {
                self.add_person(proxy, it.coldkey);
            }
        }
    }

    fn handle_vote(&mut self, event: &ContractEvent) {
        if let Some(it) = event.decode::<Voted>() {
            self.remember(it.account);
            if self.is_new(event) {
                let people = self.people.get(&it.account).cloned();
                if let Some(round) = self.rounds.get_mut(&it.id) {
                    round.urgent.extend(people.unwrap_or_default());
                }
            }
        } else if let Some(it) = event.decode::<Recounted>() {
            self.remember(it.account);
        }
    }

    /// Returns true for an event that was not handled before.
    fn is_new(&mut self, event: &ContractEvent) -> bool {
        self.handled.insert((event.block, blake2(&event.encode())))
    }

    /// Forgets the handled events of blocks before `block`, which are not read again.
    pub fn forget_events_before(&mut self, block: u32) {
        self.handled.retain(|(of, _)| *of >= block);
    }

    fn remember(&mut self, account: AccountId) -> bool {
        if self.known.len() >= MOST_KNOWN && !self.known.contains(&account) {
            return false;
        }
        self.known.insert(account);
        true
    }

    fn hurry(&mut self, account: AccountId) {
        self.remember(account);
        for round in self.rounds.values_mut() {
            round.urgent.insert(account);
        }
    }

    /// Records that `coldkey` has, or had, this proxy.
    pub fn add_person(&mut self, proxy: AccountId, coldkey: AccountId) {
        if self.remember(coldkey) {
            self.people.entry(proxy).or_default().insert(coldkey);
        }
    }

    /// Sets the proposals whose votes are counted. A new one begins with all accounts.
    pub fn set_voting(&mut self, ids: &BTreeSet<u32>) {
        self.rounds.retain(|id, _| ids.contains(id));
        for id in ids {
            self.rounds.entry(*id).or_default();
        }
    }

    /// Returns the accounts to read at `block`, in pages of at most 32 for a proposal.
    pub fn pages(&mut self, block: u32) -> Vec<(u32, Vec<AccountId>)> {
        self.counted
            .retain(|_, at| block < at.saturating_add(PAUSE));
        let mut ids: Vec<u32> = self.rounds.keys().copied().collect();
        let first = ids.partition_point(|id| *id < self.turn);
        ids.rotate_left(first);
        let mut pages = Vec::new();
        for number in 0..PAGES_OF_ONE {
            for id in &ids {
                if pages.len() >= PAGES {
                    // The next block begins with this one.
                    self.turn = *id;
                    return pages;
                }
                let Some(round) = self.rounds.get_mut(id) else {
                    continue;
                };
                if number > 0 && round.urgent.is_empty() {
                    continue;
                }
                let page = round.page(&self.known, block);
                if !page.is_empty() {
                    pages.push((*id, page));
                }
            }
        }
        pages
    }

    /// Puts a page back that could not be read, or whose accounts could not be counted.
    pub fn put_back(&mut self, id: u32, page: impl IntoIterator<Item = AccountId>) {
        if let Some(round) = self.rounds.get_mut(&id) {
            round.urgent.extend(page);
        }
    }

    /// Returns true if the account was counted again shortly before.
    pub fn was_counted(&self, id: u32, account: &AccountId) -> bool {
        self.counted.contains_key(&(id, *account))
    }

    /// Records a recount at `block`.
    pub fn count(&mut self, id: u32, accounts: &[AccountId], block: u32) {
        for account in accounts {
            self.counted.insert((id, *account), block);
        }
    }
}

impl Round {
    /// Returns the next accounts: urgent ones first, then those of the round.
    fn page(&mut self, known: &BTreeSet<AccountId>, block: u32) -> Vec<AccountId> {
        let mut page = Vec::new();
        while page.len() < MAX_RECOUNTS {
            match self.urgent.pop_first() {
                Some(account) => page.push(account),
                None => break,
            }
        }
        if block < self.rests_until {
            return page;
        }
        let from = self.after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut others = known.range((from, Bound::Unbounded));
        while page.len() < MAX_RECOUNTS {
            let Some(account) = others.next() else {
                self.after = None;
                self.rests_until = block.saturating_add(REST);
                return page;
            };
            self.after = Some(*account);
            if !page.contains(account) {
                page.push(*account);
            }
        }
        page
    }
}
