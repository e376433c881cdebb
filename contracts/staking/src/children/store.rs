//! Relations in storage, and the rules that read several hotkeys.

use super::{
    inheritance::{self, Parent},
    relations::{ChildList, Relations},
};
use crate::stake::{EpochClock, OwnStake, Stake};
use ink::{
    prelude::{vec, vec::Vec},
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    staking::{
        Child, ChildrenView, ParentView, Payment, PendingChildren, StakingError, TakeInfo,
        CHILD_COOLDOWN,
    },
    AccountId, Bps, NetUid, Rao,
};

/// Child take of a hotkey whose owner has set none.
const DEFAULT_CHILD_TAKE: Bps = Bps(0);

/// The relations of all hotkeys.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Children {
    relations: Mapping<(NetUid, AccountId), Relations, ManualKey<0x5245_4C41>>,
}

/// A parent as a child sees it.
struct Giver {
    hotkey: AccountId,
    /// Proportion of the parent's own stake that is given to the child.
    proportion: u64,
    /// The parent's own stake.
    stake: OwnStake,
    /// The account that is paid the parent's take.
    owner: Option<AccountId>,
}

impl Children {
    /// Returns the weight of a hotkey in `epoch`: its own stake, less the parts of its children,
    /// and with the parts that its parents give.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn weight_at(
        &self,
        stake: &Stake,
        netuid: NetUid,
        hotkey: AccountId,
        epoch: u32,
        clock: &EpochClock,
    ) -> Result<Rao, StakingError> {
        let own = stake.own_at(netuid, hotkey, epoch, clock)?;
        let (mut given, mut inherited) = (Vec::new(), Vec::new());
        if let Some(relations) = self.relations(netuid, hotkey) {
            let children = relations.children_at(epoch, clock)?;
            given.extend(children.iter().map(|it| it.proportion));
            let givers = self.givers_at(stake, netuid, hotkey, &relations, epoch, clock)?;
            inherited.extend(givers.iter().map(|it| (it.stake, it.proportion)));
        }
        Ok(inheritance::weight(own, &given, &inherited))
    }

    /// Divides a payment of `epoch` between a hotkey and its parents of that epoch. The first part
    /// is the hotkey's own.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn divide(
        &self,
        stake: &Stake,
        netuid: NetUid,
        epoch: u32,
        payment: &Payment,
        clock: &EpochClock,
    ) -> Result<Vec<Payment>, StakingError> {
        let undivided = || vec![*payment];
        if payment.validator.is_zero() {
            return Ok(undivided());
        }
        let hotkey = payment.hotkey;
        let Some(relations) = self.relations(netuid, hotkey) else {
            return Ok(undivided());
        };
        let givers = self.givers_at(stake, netuid, hotkey, &relations, epoch, clock)?;
        if givers.is_empty() {
            return Ok(undivided());
        }
        let owner_of = |giver: &Giver| giver.owner.unwrap_or(payment.coldkey);
        let parents: Vec<Parent> = givers
            .iter()
            .map(|giver| Parent {
                stake: giver.stake,
                proportion: giver.proportion,
                is_foreign: owner_of(giver) != payment.coldkey,
            })
            .collect();
        let own = stake.own_at(netuid, hotkey, epoch, clock)?;
        let children = relations.children_at(epoch, clock)?;
        let given = children.iter().map(|it| it.proportion);
        let take = relations
            .take
            .at(clock.opening_block(epoch)?, DEFAULT_CHILD_TAKE);
        let (shares, rest) = inheritance::divide(payment.validator, own, given, take, &parents);
        let mut all = Vec::with_capacity(shares.len().saturating_add(1));
        all.push(Payment {
            validator: rest,
            ..*payment
        });
        for (giver, validator) in givers.iter().zip(shares) {
            all.push(Payment {
                hotkey: giver.hotkey,
                coldkey: owner_of(giver),
                miner: Rao::ZERO,
                validator,
            });
        }
        Ok(all)
    }

    /// Sets the children of `hotkey`, which `owner` owns, at block `now`. `owner_of` returns the
    /// owner of a hotkey; it is called for children that have not allowed `hotkey` as a parent.
    /// Returns the block after which the children are effective.
    ///
    /// # Errors
    /// `Cycle`, `UnknownHotkey`, `NotAccepted`, `TooManyParents`, `ChildrenTooSoon`, and the errors
    /// of `owner_of`.
    pub fn set(
        &mut self,
        (netuid, hotkey): (NetUid, AccountId),
        children: ChildList,
        owner: AccountId,
        clock: &EpochClock,
        now: u32,
        owner_of: impl Fn(AccountId) -> Result<Option<AccountId>, StakingError>,
    ) -> Result<u32, StakingError> {
        for child in children.children() {
            let child = child.hotkey;
            let mut relations = self.relations(netuid, child).unwrap_or_default();
            if relations.mentions(&hotkey, clock) {
                return Err(StakingError::Cycle(child));
            }
            if relations.parents().contains(&hotkey) {
                continue;
            }
            match owner_of(child)? {
                None => return Err(StakingError::UnknownHotkey),
                Some(other) if other != owner => return Err(StakingError::NotAccepted(child)),
                Some(_) => self.allow(netuid, child, &mut relations, hotkey, clock)?,
            }
        }
        let after = now.saturating_add(CHILD_COOLDOWN);
        let mut relations = self.relations(netuid, hotkey).unwrap_or_default();
        relations.set(children, now, after, clock)?;
        relations.owner = Some(owner);
        self.relations.insert((netuid, hotkey), &relations);
        Ok(if clock.open == 0 { now } else { after })
    }

    /// Allows `parent` to have `child` as a child, or withdraws that permission.
    ///
    /// # Errors
    /// `TooManyParents`, `StillParent`.
    pub fn allow_parent(
        &mut self,
        netuid: NetUid,
        child: AccountId,
        parent: AccountId,
        allowed: bool,
        clock: &EpochClock,
    ) -> Result<(), StakingError> {
        let mut relations = self.relations(netuid, child).unwrap_or_default();
        if allowed {
            return self.allow(netuid, child, &mut relations, parent, clock);
        }
        if self.mentions(netuid, parent, &child, clock) {
            return Err(StakingError::StillParent);
        }
        relations.disallow(&parent);
        self.relations.insert((netuid, child), &relations);
        Ok(())
    }

    /// Sets the share of dividends by parents of other owners that `hotkey` keeps, at block `now`.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`.
    pub fn set_take(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        take: Bps,
        now: u32,
    ) -> Result<(), StakingError> {
        let mut relations = self.relations(netuid, hotkey).unwrap_or_default();
        relations.take.set(take, now, DEFAULT_CHILD_TAKE)?;
        self.relations.insert((netuid, hotkey), &relations);
        Ok(())
    }

    /// Returns the child take of `hotkey`, and the first block at which it may be raised.
    pub fn take(&self, netuid: NetUid, hotkey: AccountId) -> TakeInfo {
        let relations = self.relations(netuid, hotkey).unwrap_or_default();
        relations.take.info(DEFAULT_CHILD_TAKE)
    }

    /// Returns the children of a hotkey in the open epoch, and the pending list.
    pub fn children(&self, netuid: NetUid, hotkey: AccountId, clock: &EpochClock) -> ChildrenView {
        let relations = self.relations(netuid, hotkey).unwrap_or_default();
        let children = relations.children_at(clock.open, clock);
        let pending = relations.pending(clock).map(|pending| PendingChildren {
            children: pending.children.clone(),
            after: pending.after,
        });
        ChildrenView {
            children: children.map(<[Child]>::to_vec).unwrap_or_default(),
            pending,
        }
    }

    /// Returns the parents of a hotkey in the open epoch, and hotkeys that are allowed as parents.
    pub fn parents(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        clock: &EpochClock,
    ) -> Vec<ParentView> {
        let relations = self.relations(netuid, hotkey).unwrap_or_default();
        let views = relations.parents().iter().map(|parent| {
            let parents = self.relations(netuid, *parent).unwrap_or_default();
            let given = parents.given_to(&hotkey, clock.open, clock);
            ParentView {
                hotkey: *parent,
                proportion: given.unwrap_or_default(),
            }
        });
        views.collect()
    }

    fn relations(&self, netuid: NetUid, hotkey: AccountId) -> Option<Relations> {
        self.relations.get((netuid, hotkey))
    }

    /// Returns the parents that give a part of their own stake to `hotkey` in `epoch`.
    fn givers_at(
        &self,
        stake: &Stake,
        netuid: NetUid,
        hotkey: AccountId,
        relations: &Relations,
        epoch: u32,
        clock: &EpochClock,
    ) -> Result<Vec<Giver>, StakingError> {
        let mut givers = Vec::new();
        for parent in relations.parents() {
            let Some(relations) = self.relations(netuid, *parent) else {
                continue;
            };
            let proportion = relations.given_to(&hotkey, epoch, clock)?;
            if proportion > 0 {
                givers.push(Giver {
                    hotkey: *parent,
                    proportion,
                    stake: stake.own_at(netuid, *parent, epoch, clock)?,
                    owner: relations.owner,
                });
            }
        }
        Ok(givers)
    }

    /// Allows `parent` for `child`, whose `relations` are loaded. If there are too many parents,
    /// those that do not have the child any more make room.
    fn allow(
        &mut self,
        netuid: NetUid,
        child: AccountId,
        relations: &mut Relations,
        parent: AccountId,
        clock: &EpochClock,
    ) -> Result<(), StakingError> {
        let gone: Vec<AccountId> = relations
            .parents()
            .iter()
            .copied()
            .filter(|parent| !self.mentions(netuid, *parent, &child, clock))
            .collect();
        if relations.allow(parent).is_err() {
            for parent in gone {
                relations.disallow(&parent);
            }
            relations.allow(parent)?;
        }
        self.relations.insert((netuid, child), &*relations);
        Ok(())
    }

    /// Returns true if `child` is a child of `parent` in an epoch that can be read, or pending.
    fn mentions(
        &self,
        netuid: NetUid,
        parent: AccountId,
        child: &AccountId,
        clock: &EpochClock,
    ) -> bool {
        self.relations(netuid, parent)
            .is_some_and(|relations| relations.mentions(child, clock))
    }
}
