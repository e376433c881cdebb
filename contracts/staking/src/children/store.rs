//! Links in storage, and the rules that read several hotkeys.

use super::{
    inheritance::{self, Parent},
    links::{ChildList, Due, Links, ParentLink},
};
use crate::stake::{EpochClock, HotkeyCells, OwnStake, Stake, HOTKEY_READS};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    staking::{ChildrenView, ParentView, Payment, StakingError, TakeInfo, CHILD_COOLDOWN},
    AccountId, Bps, NetUid, Rao,
};

/// Child take of a hotkey whose owner has set none.
const DEFAULT_CHILD_TAKE: Bps = Bps(0);

/// The links of all hotkeys.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Children {
    /// Sum of what children have earned for parents, and what is not handed on.
    dues: Rao,
    links: Mapping<(NetUid, AccountId), Links, ManualKey<0x5245_4C41>>,
}

/// The dividends of a hotkey, divided between the hotkey and its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// The hotkey's own part.
    pub own: Rao,
    /// The parents' parts.
    pub parents: Vec<ParentShare>,
    /// The hotkey's links, unless there are no parents' parts.
    links: Option<Links>,
    /// True if the hotkey was found to have no links.
    pub unlinked: bool,
    /// Number of cells read.
    pub reads: u32,
}

/// A parent's part of a child's dividends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParentShare {
    /// The parent.
    pub hotkey: AccountId,
    /// The account that is paid the parent's take.
    pub owner: AccountId,
    /// The parent's own stake in the paid epoch.
    pub stake: OwnStake,
    /// The parent's take for the paid epoch.
    pub take: Bps,
    /// The part.
    pub amount: Rao,
}

/// A parent as a child sees it in an epoch.
struct Giver {
    hotkey: AccountId,
    /// Proportion of the parent's own stake that is given to the child.
    proportion: u64,
    /// The parent's own stake.
    stake: OwnStake,
    /// The parent's take for the epoch.
    take: Bps,
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
        let cells = stake.hotkey(netuid, hotkey);
        // Links that are known not to be are not read.
        let links = if cells.is_unlinked() {
            None
        } else {
            self.links.get(cells.key())
        };
        weight_by(stake, &cells, links, epoch, clock)
    }

    /// Divides `payment`, dividends of `epoch`, between the hotkey of `cells`, which is paid, and
    /// its parents of that epoch.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn divide(
        &self,
        stake: &Stake,
        cells: &HotkeyCells,
        epoch: u32,
        payment: &Payment,
        clock: &EpochClock,
    ) -> Result<Division, StakingError> {
        let undivided = |unlinked, reads| Division {
            own: payment.amount,
            parents: Vec::new(),
            links: None,
            unlinked,
            reads,
        };
        if cells.is_unlinked() || payment.amount.is_zero() {
            return Ok(undivided(cells.is_unlinked(), 0));
        }
        let Some(links) = self.links.get(cells.key()) else {
            return Ok(undivided(true, 1));
        };
        let (netuid, _) = cells.key();
        let givers = givers_at(stake, netuid, &links.parents, epoch, clock)?;
        if givers.is_empty() {
            return Ok(undivided(false, 1));
        }
        let parents = u32::try_from(givers.len()).unwrap_or(u32::MAX);
        let reads = parents.saturating_mul(HOTKEY_READS).saturating_add(1);
        let owner_of = |giver: &Giver| giver.owner.unwrap_or(payment.coldkey);
        let parents: Vec<Parent> = givers
            .iter()
            .map(|giver| Parent {
                stake: giver.stake,
                proportion: giver.proportion,
                is_foreign: owner_of(giver) != payment.coldkey,
            })
            .collect();
        let own = cells.own_at(epoch, clock)?;
        let given = links.given_at(epoch, clock)?.into_iter();
        let take = links
            .take
            .at(clock.opening_block(epoch)?, DEFAULT_CHILD_TAKE);
        let (shares, rest) = inheritance::divide(payment.amount, own, given, take, &parents);
        let shares = givers
            .iter()
            .zip(shares)
            .map(|(giver, amount)| ParentShare {
                hotkey: giver.hotkey,
                owner: owner_of(giver),
                stake: giver.stake,
                take: giver.take,
                amount,
            });
        Ok(Division {
            own: rest,
            parents: shares.collect(),
            links: Some(links),
            unlinked: false,
            reads,
        })
    }

    /// Stores what `hotkey` has earned for its parents: a due for each of the division's parts, in
    /// order. Returns their sum.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn owe(
        &mut self,
        (netuid, hotkey): (NetUid, AccountId),
        division: Division,
        dues: &[Due],
    ) -> Result<Rao, StakingError> {
        let Some(mut links) = division.links else {
            return Ok(Rao::ZERO);
        };
        let mut sum = Rao::ZERO;
        for (share, due) in division.parents.iter().zip(dues) {
            if let Some(link) = links.parent_mut(&share.hotkey) {
                link.due = link.due.plus(due)?;
                let total = due.total()?;
                sum = sum.checked_add(total).ok_or(StakingError::Overflow)?;
            }
        }
        self.links.insert((netuid, hotkey), &links);
        let dues = self.dues.checked_add(sum);
        self.dues = dues.ok_or(StakingError::Overflow)?;
        Ok(sum)
    }

    /// Returns the sum of what children have earned for parents, and what is not handed on.
    pub fn dues(&self) -> Rao {
        self.dues
    }

    /// Removes and returns what `child` has earned for those of `parents` that have anything due,
    /// with the owner of each.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn take_dues(
        &mut self,
        (netuid, child): (NetUid, AccountId),
        parents: &[AccountId],
    ) -> Result<Vec<(AccountId, AccountId, Due)>, StakingError> {
        let mut links = self.links(netuid, child);
        let mut taken = Vec::with_capacity(parents.len());
        for parent in parents {
            let Some(link) = links.parent_mut(parent) else {
                continue;
            };
            // A parent to which something is due has set children, so its owner is known.
            let Some(owner) = link.owner.filter(|_| link.due != Due::default()) else {
                continue;
            };
            let due = core::mem::take(&mut link.due);
            let rest = self.dues.checked_sub(due.total()?);
            self.dues = rest.ok_or(StakingError::Overflow)?;
            taken.push((*parent, owner, due));
        }
        if !taken.is_empty() {
            self.links.insert((netuid, child), &links);
        }
        Ok(taken)
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
        stake: &mut Stake,
        (netuid, hotkey): (NetUid, AccountId),
        list: &ChildList,
        owner: AccountId,
        clock: &EpochClock,
        now: u32,
        owner_of: impl Fn(AccountId) -> Result<Option<AccountId>, StakingError>,
    ) -> Result<u32, StakingError> {
        let after = now.saturating_add(CHILD_COOLDOWN);
        let mut own = self.links(netuid, hotkey);
        for child in list.children() {
            let (child, proportion) = (child.hotkey, child.proportion);
            let mut links = self.links(netuid, child);
            if links.has_child(&hotkey, clock) {
                return Err(StakingError::Cycle(child));
            }
            if !links.parent(&hotkey).is_some_and(|it| it.is_allowed) {
                match owner_of(child)? {
                    None => return Err(StakingError::UnknownHotkey),
                    Some(other) if other != owner => return Err(StakingError::NotAccepted(child)),
                    Some(_) => links.allow(hotkey, clock)?,
                }
            }
            let given = own.give(child, proportion, after, clock);
            links.receive(&hotkey, Some(owner), given);
            self.put(stake, (netuid, child), &links);
        }
        own.wait_for_children(now)?;
        let dropped: Vec<AccountId> = own
            .children
            .iter()
            .map(|it| it.hotkey)
            .filter(|child| list.proportion(child) == 0)
            .collect();
        for child in dropped {
            self.drop_child(stake, (netuid, hotkey), &mut own, child, after, clock);
        }
        own.prune_children(clock);
        own.children_set_at = Some(now);
        self.put(stake, (netuid, hotkey), &own);
        Ok(if clock.open == 0 { now } else { after })
    }

    /// Allows `parent` to have `child` as a child, or withdraws that permission at block `now`. A
    /// parent that has the child loses it after the cooldown of a list of children. Returns the
    /// block after which the call is effective.
    ///
    /// # Errors
    /// `TooManyParents`.
    pub fn allow_parent(
        &mut self,
        stake: &mut Stake,
        netuid: NetUid,
        (child, parent): (AccountId, AccountId),
        allowed: bool,
        clock: &EpochClock,
        now: u32,
    ) -> Result<u32, StakingError> {
        let mut links = self.links(netuid, child);
        if allowed {
            links.allow(parent, clock)?;
            self.put(stake, (netuid, child), &links);
            return Ok(now);
        }
        let gives = links
            .parent(&parent)
            .is_some_and(|it| it.proportion.last() > 0);
        links.disallow(&parent, clock);
        self.put(stake, (netuid, child), &links);
        if !gives {
            return Ok(now);
        }
        let after = now.saturating_add(CHILD_COOLDOWN);
        let mut giver = self.links(netuid, parent);
        self.drop_child(stake, (netuid, parent), &mut giver, child, after, clock);
        giver.prune_children(clock);
        self.put(stake, (netuid, parent), &giver);
        Ok(if clock.open == 0 { now } else { after })
    }

    /// Sets the share of dividends by parents of other owners that `hotkey` keeps, at block `now`.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`.
    pub fn set_take(
        &mut self,
        stake: &mut Stake,
        netuid: NetUid,
        hotkey: AccountId,
        take: Bps,
        now: u32,
    ) -> Result<(), StakingError> {
        let mut links = self.links(netuid, hotkey);
        links.take.set(take, now, DEFAULT_CHILD_TAKE)?;
        self.put(stake, (netuid, hotkey), &links);
        Ok(())
    }

    /// Returns the child take of `hotkey`, and the first block at which it may be raised.
    pub fn take(&self, netuid: NetUid, hotkey: AccountId) -> TakeInfo {
        self.links(netuid, hotkey).take.info(DEFAULT_CHILD_TAKE)
    }

    /// Returns the children of a hotkey in the open epoch, and those of later epochs.
    pub fn children(&self, netuid: NetUid, hotkey: AccountId, clock: &EpochClock) -> ChildrenView {
        let links = self.links(netuid, hotkey);
        ChildrenView {
            children: links.children_now(clock),
            pending: links.pending_children(clock),
        }
    }

    /// Returns the parents of a hotkey in the open epoch, hotkeys that are allowed as parents, and
    /// those that have something due.
    pub fn parents(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        clock: &EpochClock,
    ) -> Vec<ParentView> {
        let links = self.links(netuid, hotkey);
        let views = links.parents.iter().filter_map(|link| {
            let proportion = link.proportion.at(clock.open, clock).unwrap_or_default();
            let due = link.due.total().unwrap_or_default();
            let is_parent = link.is_allowed || proportion > 0 || !due.is_zero();
            is_parent.then_some(ParentView {
                hotkey: link.hotkey,
                proportion,
                due,
            })
        });
        views.collect()
    }

    fn links(&self, netuid: NetUid, hotkey: AccountId) -> Links {
        self.links.get((netuid, hotkey)).unwrap_or_default()
    }

    /// Stores links. The first ones of a hotkey end the note in its pool that it has none. Links
    /// are never removed. Every message that may make links stores them here; a settlement
    /// changes those that exist.
    fn put(&mut self, stake: &mut Stake, key: (NetUid, AccountId), links: &Links) {
        if self.links.insert(key, links).is_none() {
            stake.mark_linked(key);
        }
    }

    /// Gives nothing more to `child` in epochs that open after block `after`, at both ends of the
    /// link. `links` are those of the parent, which the caller stores.
    fn drop_child(
        &mut self,
        stake: &mut Stake,
        (netuid, parent): (NetUid, AccountId),
        links: &mut Links,
        child: AccountId,
        after: u32,
        clock: &EpochClock,
    ) {
        let given = links.give(child, 0, after, clock);
        let mut of_child = self.links(netuid, child);
        of_child.receive(&parent, None, given);
        if of_child.parent(&parent).is_some_and(|it| !it.is_allowed) {
            of_child.disallow(&parent, clock);
        }
        self.put(stake, (netuid, child), &of_child);
    }
}

/// Returns the weight of the hotkey of `cells`, which has `links`, in `epoch`.
fn weight_by(
    stake: &Stake,
    cells: &HotkeyCells,
    links: Option<Links>,
    epoch: u32,
    clock: &EpochClock,
) -> Result<Rao, StakingError> {
    let own = cells.own_at(epoch, clock)?;
    let Some(links) = links else {
        return Ok(inheritance::weight(own, &[], &[]));
    };
    let (netuid, _) = cells.key();
    let given = links.given_at(epoch, clock)?;
    let givers = givers_at(stake, netuid, &links.parents, epoch, clock)?;
    let inherited: Vec<(OwnStake, u64)> = givers
        .iter()
        .map(|giver| (giver.stake, giver.proportion))
        .collect();
    Ok(inheritance::weight(own, &given, &inherited))
}

/// Returns the parents that give a part of their own stake in `epoch`. Reads nothing but their
/// stake and take.
fn givers_at(
    stake: &Stake,
    netuid: NetUid,
    parents: &[ParentLink],
    epoch: u32,
    clock: &EpochClock,
) -> Result<Vec<Giver>, StakingError> {
    let mut givers = Vec::with_capacity(parents.len());
    for link in parents {
        let proportion = link.proportion.at(epoch, clock)?;
        if proportion > 0 {
            let cells = stake.hotkey(netuid, link.hotkey);
            givers.push(Giver {
                hotkey: link.hotkey,
                proportion,
                stake: cells.own_at(epoch, clock)?,
                take: cells.take_at(clock.opening_block(epoch)?),
                owner: link.owner,
            });
        }
    }
    Ok(givers)
}

#[cfg(test)]
impl Children {
    /// Returns true if the hotkey has links.
    pub fn has_links(&self, netuid: NetUid, hotkey: AccountId) -> bool {
        self.links.contains((netuid, hotkey))
    }

    /// Returns the weight of a hotkey in `epoch` by its links, whatever its pool notes.
    pub fn weight_by_links(
        &self,
        stake: &Stake,
        netuid: NetUid,
        hotkey: AccountId,
        epoch: u32,
        clock: &EpochClock,
    ) -> Result<Rao, StakingError> {
        let cells = stake.hotkey(netuid, hotkey);
        weight_by(stake, &cells, self.links.get(cells.key()), epoch, clock)
    }
}
