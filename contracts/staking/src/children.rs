//! Children on the chain: what is kept of them, and what goes to whom.

use crate::{
    inheritance::{self, Own, Parent},
    peers,
    relations::{self, Clock, Relations},
    staking::StakingContract,
    takes,
};
use ink::{codegen::Env, prelude::vec::Vec};
use inktensor_primitives::{
    staking::{
        Child, ChildrenView, ParentView, Payment, PendingChildren, StakingError, CHILD_COOLDOWN,
    },
    AccountId, Bps, NetUid, Rao,
};

impl StakingContract {
    /// When the subnet's epochs opened.
    pub(crate) fn clock(&self, netuid: NetUid) -> Clock {
        let subnet = self.subnet(netuid);
        Clock {
            open: subnet.open,
            opened_at: subnet.opened_at,
            before_at: subnet.before_at,
            opened_by: subnet.opened_by,
        }
    }

    /// A hotkey's own stake as of `epoch`.
    ///
    /// # Errors
    /// `TooOld`.
    pub(crate) fn own_at(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        epoch: u32,
        clock: &Clock,
    ) -> Result<Own, StakingError> {
        let here = self.pool(netuid, hotkey).value_at(epoch)?;
        let root = if epoch >= clock.open {
            self.root.stake(hotkey)
        } else if epoch.checked_add(1) == Some(clock.open) {
            self.root.stake_at(hotkey, clock.opened_by)
        } else if self.root.is_known(hotkey) {
            return Err(StakingError::TooOld);
        } else {
            // Nothing was ever there.
            Rao::ZERO
        };
        Ok(Own { here, root })
    }

    fn relations_of(&self, netuid: NetUid, hotkey: AccountId) -> Option<Relations> {
        self.relations.get((netuid, hotkey))
    }

    /// The weight of a hotkey as of `epoch`: its own stake, less what its children have, and what
    /// its parents give it.
    ///
    /// # Errors
    /// `TooOld`.
    pub(crate) fn weight_at(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        epoch: u32,
        clock: &Clock,
    ) -> Result<Rao, StakingError> {
        let own = self.own_at(netuid, hotkey, epoch, clock)?;
        let (mut given, mut got) = (Vec::new(), Vec::new());
        if let Some(relations) = self.relations_of(netuid, hotkey) {
            let children = relations.children_at(epoch, clock)?;
            given.extend(children.iter().map(|it| it.proportion));
            let parents = self.parents_at(netuid, hotkey, &relations, epoch, clock)?;
            got.extend(parents.iter().map(|it| (it.2, it.1)));
        }
        Ok(inheritance::weight(own, &given, &got))
    }

    /// The parents of a hotkey as of `epoch`, with what each gives of its own stake, and that
    /// stake.
    fn parents_at(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        relations: &Relations,
        epoch: u32,
        clock: &Clock,
    ) -> Result<Vec<(AccountId, u64, Own)>, StakingError> {
        let mut found = Vec::new();
        for parent in relations.parents() {
            let Some(its) = self.relations_of(netuid, *parent) else {
                continue;
            };
            let proportion = its.given_to(&hotkey, epoch, clock)?;
            if proportion > 0 {
                let stake = self.own_at(netuid, *parent, epoch, clock)?;
                found.push((*parent, proportion, stake));
            }
        }
        Ok(found)
    }

    /// Divides a payment of `epoch` between a hotkey and its parents as of then. The first is the
    /// hotkey's own.
    ///
    /// # Errors
    /// `TooOld`.
    pub(crate) fn shared(
        &self,
        netuid: NetUid,
        epoch: u32,
        payment: &Payment,
        clock: &Clock,
    ) -> Result<Vec<Payment>, StakingError> {
        let alone = || ink::prelude::vec![*payment];
        if payment.validator.is_zero() {
            return Ok(alone());
        }
        let hotkey = payment.hotkey;
        let Some(relations) = self.relations_of(netuid, hotkey) else {
            return Ok(alone());
        };
        let found = self.parents_at(netuid, hotkey, &relations, epoch, clock)?;
        if found.is_empty() {
            return Ok(alone());
        }
        let mut owners = Vec::with_capacity(found.len());
        let mut parents = Vec::with_capacity(found.len());
        for (parent, proportion, stake) in &found {
            let its = self.relations_of(netuid, *parent);
            let owner = its.and_then(|its| its.owner).unwrap_or(payment.coldkey);
            owners.push((*parent, owner));
            parents.push(Parent {
                stake: *stake,
                proportion: *proportion,
                is_foreign: owner != payment.coldkey,
            });
        }
        let own = self.own_at(netuid, hotkey, epoch, clock)?;
        let children = relations.children_at(epoch, clock)?;
        let given = children.iter().map(|it| it.proportion);
        let take = relations.take.map_or(Bps::default(), |it| it.0);
        let (shares, rest) = inheritance::divide(payment.validator, own, given, take, &parents);
        let mut all = Vec::with_capacity(shares.len().saturating_add(1));
        all.push(Payment {
            validator: rest,
            ..*payment
        });
        for ((hotkey, coldkey), validator) in owners.into_iter().zip(shares) {
            all.push(Payment {
                hotkey,
                coldkey,
                miner: Rao::ZERO,
                validator,
            });
        }
        Ok(all)
    }

    /// Sets the children of a hotkey that `caller` owns.
    ///
    /// # Errors
    /// Those of `set_children`.
    pub(crate) fn give_to_children(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        children: Vec<Child>,
    ) -> Result<u32, StakingError> {
        relations::check(&hotkey, &children)?;
        // Root stake is given along with what is on a subnet.
        if netuid.is_root() {
            return Err(StakingError::UnknownSubnet);
        }
        let caller = self.env().caller();
        let status = peers::status(self.registry, netuid, hotkey)?;
        if !status.subnet_exists {
            return Err(StakingError::UnknownSubnet);
        }
        if status.owner != Some(caller) {
            return Err(StakingError::NotHotkeyOwner);
        }
        let clock = self.clock(netuid);
        for child in &children {
            self.take_on(netuid, child.hotkey, hotkey, caller, &clock)?;
        }
        let now = self.env().block_number();
        let after = now.saturating_add(CHILD_COOLDOWN);
        let mut relations = self.relations_of(netuid, hotkey).unwrap_or_default();
        relations.set(children, now, after, &clock)?;
        relations.owner = Some(caller);
        self.relations.insert((netuid, hotkey), &relations);
        Ok(if clock.open == 0 { now } else { after })
    }

    /// Checks that `child` may be a child of `parent`, whose owner is given, and notes it.
    fn take_on(
        &mut self,
        netuid: NetUid,
        child: AccountId,
        parent: AccountId,
        owner: AccountId,
        clock: &Clock,
    ) -> Result<(), StakingError> {
        let mut its = self.relations_of(netuid, child).unwrap_or_default();
        if its.mentions(&parent, clock) {
            return Err(StakingError::Cycle(child));
        }
        if its.parents().contains(&parent) {
            return Ok(());
        }
        match peers::status(self.registry, netuid, child)?.owner {
            None => return Err(StakingError::UnknownHotkey),
            Some(its_owner) if its_owner != owner => {
                return Err(StakingError::NotAccepted(child));
            }
            Some(_) => {}
        }
        self.allow(netuid, child, &mut its, parent, clock)
    }

    /// Lets `parent` have `child`, for which those make room that name it no more.
    fn allow(
        &mut self,
        netuid: NetUid,
        child: AccountId,
        its: &mut Relations,
        parent: AccountId,
        clock: &Clock,
    ) -> Result<(), StakingError> {
        let gone: Vec<AccountId> = its
            .parents()
            .iter()
            .copied()
            .filter(|parent| !self.names(netuid, *parent, &child, clock))
            .collect();
        if its.allow(parent).is_err() {
            for parent in gone {
                its.disallow(&parent);
            }
            its.allow(parent)?;
        }
        self.relations.insert((netuid, child), &*its);
        Ok(())
    }

    /// Whether `parent` names `child` in any epoch that can be asked for, or will.
    fn names(&self, netuid: NetUid, parent: AccountId, child: &AccountId, clock: &Clock) -> bool {
        self.relations_of(netuid, parent)
            .is_some_and(|its| its.mentions(child, clock))
    }

    /// Lets another owner's hotkey have the caller's `child` as a child, or no longer.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `TooManyParents`, `StillParent`.
    pub(crate) fn accept_parent(
        &mut self,
        netuid: NetUid,
        child: AccountId,
        parent: AccountId,
        allowed: bool,
    ) -> Result<(), StakingError> {
        peers::ensure_owner(self.registry, child, self.env().caller())?;
        let clock = self.clock(netuid);
        let mut its = self.relations_of(netuid, child).unwrap_or_default();
        if allowed {
            return self.allow(netuid, child, &mut its, parent, &clock);
        }
        if self.names(netuid, parent, &child, &clock) {
            return Err(StakingError::StillParent);
        }
        its.disallow(&parent);
        self.relations.insert((netuid, child), &its);
        Ok(())
    }

    /// Sets what the caller's `hotkey` keeps of what it earns for parents of other owners.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `TakeAbove`, `TakeTooSoon`.
    pub(crate) fn keep_of_parents(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        take: Bps,
    ) -> Result<(), StakingError> {
        let now = self.env().block_number();
        let mut relations = self.relations_of(netuid, hotkey).unwrap_or_default();
        let before = takes::info(relations.take, Bps::default());
        if takes::check(before, take, now)? {
            relations.take = Some((take, now));
        }
        peers::ensure_owner(self.registry, hotkey, self.env().caller())?;
        self.relations.insert((netuid, hotkey), &relations);
        Ok(())
    }

    /// The children of a hotkey.
    pub(crate) fn look_up_children(&self, netuid: NetUid, hotkey: AccountId) -> ChildrenView {
        let clock = self.clock(netuid);
        let relations = self.relations_of(netuid, hotkey).unwrap_or_default();
        let children = relations.children_at(clock.open, &clock);
        let pending = relations.pending(&clock).map(|pending| PendingChildren {
            children: pending.children.clone(),
            after: pending.after,
        });
        ChildrenView {
            children: children.map(<[Child]>::to_vec).unwrap_or_default(),
            pending,
        }
    }

    /// The parents of a hotkey in the open epoch, and those that it lets be.
    pub(crate) fn look_up_parents(&self, netuid: NetUid, hotkey: AccountId) -> Vec<ParentView> {
        let clock = self.clock(netuid);
        let relations = self.relations_of(netuid, hotkey).unwrap_or_default();
        let views = relations.parents().iter().map(|parent| {
            let its = self.relations_of(netuid, *parent).unwrap_or_default();
            ParentView {
                hotkey: *parent,
                proportion: its
                    .given_to(&hotkey, clock.open, &clock)
                    .unwrap_or_default(),
            }
        });
        views.collect()
    }
}
