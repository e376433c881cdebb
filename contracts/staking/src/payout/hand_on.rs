//! Dividends that a child has earned for parents, credited to the parents.

use super::split::Credit;
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
/// the stakers on the subnet.
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
    let open = stake.clock(netuid).open;
    let mut all = Vec::with_capacity(parents.len());
    let mut sum = Rao::ZERO;
    for (parent, owner, mut due) in children.take_dues((netuid, child), parents)? {
        let fee = due.deduct(HAND_ON_FEE)?;
        let mut credit = Credit {
            miner: Rao::ZERO,
            take: due.take,
            dividends: due.dividends,
            root: due.root,
        };
        if !credit.root.is_zero() {
            if stake.root().stake(parent).is_zero() {
                credit.keep_root()?;
            } else {
                stake.queue_dividends(parent, credit.root, now)?;
            }
        }
        let staked = credit.staked()?;
        if !staked.is_zero() {
            let key = PositionKey {
                netuid,
                hotkey: parent,
                coldkey: owner,
            };
            stake.change(key, open, now, |pool, owner| credit.apply(pool, owner))?;
        }
        sum = sum.checked_add(staked).ok_or(StakingError::Overflow)?;
        all.push(HandedOver {
            parent,
            owner,
            staked,
            root: credit.root,
            fee,
        });
    }
    stake.count_in(netuid, sum)?;
    Ok(all)
}
