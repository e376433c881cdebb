//! Dividends that a child has earned for parents, credited to the parents.

use super::split::Split;
use crate::{
    children::Children,
    stake::{PositionKey, Stake},
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{StakingError, HAND_ON_FEE},
    AccountId, NetUid, Rao,
};

/// A due that was handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// The parent.
    pub parent: AccountId,
    /// The parent's owner.
    pub owner: AccountId,
    /// Stake for the parent's owner and its stakers on the subnet.
    pub staked: Rao,
    /// Dividends for the parent's root stake.
    pub root: Rao,
    /// Fee of the caller.
    pub fee: Rao,
}

/// Credits what `child` has earned for `parents`, less the caller's fee, at block `now`. Returns
/// what was credited to each of those that had anything due.
///
/// The parts are those of the settlements. Without root stake now, the part of root stake goes to
/// the stakers on the subnet; without stakers, to the owner. The owner's part is a deposit of the
/// open epoch.
///
/// # Errors
/// `Overflow`.
pub fn hand_on(
    stake: &mut Stake,
    children: &mut Children,
    (netuid, child): (NetUid, AccountId),
    parents: &[AccountId],
    now: u32,
) -> Result<Vec<HandedOver>, StakingError> {
    let subnet = stake.open_subnet(netuid, now);
    let mut all = Vec::with_capacity(parents.len());
    let (mut sum, mut takes) = (Rao::ZERO, Rao::ZERO);
    for (parent, owner, mut due) in children.take_dues((netuid, child), parents)? {
        let fee = due.deduct(HAND_ON_FEE)?;
        let cells = stake.hotkey(netuid, parent);
        let mut split = Split {
            take: due.take,
            dividends: due.dividends,
            root: due.root,
        };
        if !split.root.is_zero() && cells.root_stake().is_zero() {
            split.keep_root()?;
        }
        let key = PositionKey {
            netuid,
            hotkey: parent,
            coldkey: owner,
        };
        let to_root = split.root;
        stake.reward(cells, to_root, &subnet.clock, |pool| split.apply(pool))?;
        stake.deposit_pay(key, split.take, &subnet.clock, now)?;
        let staked = split.take.checked_add(split.dividends);
        let staked = staked.ok_or(StakingError::Overflow)?;
        sum = sum.checked_add(staked).ok_or(StakingError::Overflow)?;
        takes = takes
            .checked_add(split.take)
            .ok_or(StakingError::Overflow)?;
        all.push(HandedOver {
            parent,
            owner,
            staked,
            root: split.root,
            fee,
        });
    }
    stake.count_in(subnet, sum, takes)?;
    Ok(all)
}
