//! Votes: what each coldkey has staked, as of the ends of root epochs.
//!
//! A governance contract asks for the standing of accounts in a root epoch that has ended. What
//! counts was there when that root epoch began, and has stayed, on any hotkey and subnet: moving
//! stake changes nothing. Stake that comes for a vote does not count, whatever its size.
//!
//! A coldkey can name a **proxy**, an account that votes with the coldkey's stake too, or set its
//! stake aside, so that it is not counted in the electorate. There is one level: stake does not
//! pass on from a proxy to the proxy's own proxy.
//!
//! Pay changes no vote until the position changes otherwise, or anyone calls `count_vote`. That
//! holds for dividends, and for pay that owners collect or that is handed on. So no epoch waits for
//! votes, and neither a settlement nor a collection costs more.

use crate::history::{Aged, History, Record};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    staking::{Proxy, StakingError, Standing, VOTE_EPOCHS_KEPT},
    AccountId, Rao,
};

/// The votes of an account at the end of a root epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct VoteRecord {
    /// The root epoch.
    epoch: u32,
    /// The account's own stake.
    own: Aged,
    /// Stake of the coldkeys whose proxy the account is.
    others: Aged,
    /// The account's proxy.
    proxy: Proxy,
}

/// All stake that is counted at the end of a root epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct ElectorateRecord {
    /// The root epoch.
    epoch: u32,
    /// Own stake of all accounts, but of those that set theirs aside.
    stake: Aged,
}

/// The votes of all accounts.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Votes {
    accounts: Mapping<AccountId, History<VoteRecord>, ManualKey<0x564F_5401>>,
    /// One cell, in a mapping so that messages without votes do not read it.
    electorate: Mapping<(), History<ElectorateRecord>, ManualKey<0x564F_5402>>,
}

impl Record for VoteRecord {
    fn epoch(&self) -> u32 {
        self.epoch
    }

    fn in_epoch(self, epoch: u32) -> Self {
        if epoch == self.epoch {
            return self;
        }
        Self {
            epoch,
            own: self.own.matured(),
            others: self.others.matured(),
            proxy: self.proxy,
        }
    }

    fn is_empty(&self) -> bool {
        self.own == Aged::default() && self.others == Aged::default() && self.proxy == Proxy::None
    }
}

impl Record for ElectorateRecord {
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

impl Votes {
    /// Records in root epoch `open` that a position of `coldkey`, counted as `before`, is worth
    /// `after` now.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn count(
        &mut self,
        coldkey: AccountId,
        (before, after): (Rao, Rao),
        open: u32,
    ) -> Result<(), StakingError> {
        if before == after {
            return Ok(());
        }
        let mut history = self.history(coldkey);
        let mut record = history.now(open);
        let own = record.own;
        let total = own.total().checked_sub(before);
        let total = total.and_then(|rest| rest.checked_add(after));
        record.own = own.changed_to(total.ok_or(StakingError::Overflow)?);
        let change = (own, record.own);
        history.write(record, VOTE_EPOCHS_KEPT);
        self.accounts.insert(coldkey, &history);
        self.represent(record.proxy, change, open)
    }

    /// Sets the proxy of `coldkey` in root epoch `open`.
    ///
    /// # Errors
    /// `SelfProxy`, `Overflow`.
    pub fn set_proxy(
        &mut self,
        coldkey: AccountId,
        proxy: Proxy,
        open: u32,
    ) -> Result<(), StakingError> {
        if proxy == Proxy::Account(coldkey) {
            return Err(StakingError::SelfProxy);
        }
        let mut history = self.history(coldkey);
        let mut record = history.now(open);
        let (former, own) = (record.proxy, record.own);
        record.proxy = proxy;
        history.write(record, VOTE_EPOCHS_KEPT);
        self.accounts.insert(coldkey, &history);
        self.represent(former, (own, Aged::default()), open)?;
        self.represent(proxy, (Aged::default(), own), open)
    }

    /// Returns the standing of each account at the end of root epoch `epoch`, which is before
    /// `open`, and the electorate.
    ///
    /// # Errors
    /// `NotEnded`, `TooOld`.
    pub fn standings(
        &self,
        accounts: &[AccountId],
        epoch: u32,
        open: u32,
    ) -> Result<(Vec<Standing>, Rao), StakingError> {
        if epoch >= open {
            return Err(StakingError::NotEnded(open));
        }
        let mut standings = Vec::with_capacity(accounts.len());
        for account in accounts {
            let history = self.history(*account);
            let then = history.at(epoch, open, VOTE_EPOCHS_KEPT)?;
            standings.push(Standing {
                own: then.own.matured,
                others: then.others.matured,
                proxy: then.proxy,
                own_now: history.now(open).own.total(),
            });
        }
        let electorate = self.electorate.get(()).unwrap_or_default();
        let electorate = electorate.at(epoch, open, VOTE_EPOCHS_KEPT)?;
        Ok((standings, electorate.stake.matured))
    }

    fn history(&self, account: AccountId) -> History<VoteRecord> {
        self.accounts.get(account).unwrap_or_default()
    }

    /// Moves a change of own stake, from one value to another, to the electorate and to the proxy.
    fn represent(
        &mut self,
        proxy: Proxy,
        change: (Aged, Aged),
        open: u32,
    ) -> Result<(), StakingError> {
        if change.0 == change.1 || proxy == Proxy::Aside {
            return Ok(());
        }
        let mut history = self.electorate.get(()).unwrap_or_default();
        let mut record = history.now(open);
        record.stake = replaced(record.stake, change)?;
        history.write(record, VOTE_EPOCHS_KEPT);
        self.electorate.insert((), &history);
        if let Proxy::Account(account) = proxy {
            let mut history = self.history(account);
            let mut record = history.now(open);
            record.others = replaced(record.others, change)?;
            history.write(record, VOTE_EPOCHS_KEPT);
            self.accounts.insert(account, &history);
        }
        Ok(())
    }
}

/// Returns `sum` with a part of it replaced.
fn replaced(sum: Aged, (from, to): (Aged, Aged)) -> Result<Aged, StakingError> {
    let part = |sum: Rao, from: Rao, to: Rao| {
        let rest = sum.checked_sub(from);
        let changed = rest.and_then(|rest| rest.checked_add(to));
        changed.ok_or(StakingError::Overflow)
    };
    Ok(Aged {
        matured: part(sum.matured, from.matured, to.matured)?,
        pending: part(sum.pending, from.pending, to.pending)?,
    })
}

#[cfg(test)]
mod tests;
