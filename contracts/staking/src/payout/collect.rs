//! Pay that owners collect, staked on their hotkeys.

use crate::stake::{PositionKey, Stake};
use inktensor_primitives::{
    staking::{Payment, StakingError},
    NetUid, Rao,
};

/// Stakes `payments`, each for the owner of its hotkey, at block `now`. Returns their sum.
///
/// They are deposits of the open epoch. So an owner that collects between a close and its
/// settlement has no part in the dividends of the closed epoch.
///
/// # Errors
/// `Overflow`.
pub fn stake_pay(
    stake: &mut Stake,
    netuid: NetUid,
    payments: &[Payment],
    now: u32,
) -> Result<Rao, StakingError> {
    let subnet = stake.open_subnet(netuid, now);
    let mut sum = Rao::ZERO;
    for payment in payments {
        let key = PositionKey {
            netuid,
            hotkey: payment.hotkey,
            coldkey: payment.coldkey,
        };
        stake.deposit_pay(key, payment.amount, &subnet.clock, now)?;
        let total = sum.checked_add(payment.amount);
        sum = total.ok_or(StakingError::Overflow)?;
    }
    stake.count_in(subnet, sum, sum)?;
    Ok(sum)
}
