//! What storage keeps of stake, read and written in one piece: sums, pools, holdings, and what goes
//! with root.

use crate::{
    cell::{PoolCell, SubnetStake},
    fund::{Fund, Holding, Ripe},
    peers,
    staking::StakingContract,
    PositionKey,
};
use ink::codegen::Env;
use inktensor_primitives::{
    staking::{RootClaimed, StakeMoved, StakeRemoved, StakingError},
    AccountId, NetUid, Rao,
};

/// A holding and its fund as of the open epoch.
struct Opened {
    fund: Fund,
    holding: Holding,
    /// What the fund's last additions have become, if they just have, and their epoch.
    ripened: Option<(u32, Ripe)>,
    /// What is left of the additions that the holding has just fetched its part of, and their
    /// epoch.
    fetched: Option<(u32, Ripe)>,
}

impl StakingContract {
    pub(crate) fn subnet(&self, netuid: NetUid) -> SubnetStake {
        self.subnets.get(netuid).unwrap_or_default()
    }

    pub(crate) fn pool(&self, netuid: NetUid, hotkey: AccountId) -> PoolCell {
        self.pools.get((netuid, hotkey)).unwrap_or_default()
    }

    /// Reads a holding and its fund, which `cell` keeps.
    fn opened(
        &self,
        open: u32,
        key: PositionKey,
        cell: &PoolCell,
        mut holding: Holding,
    ) -> Result<Opened, StakingError> {
        let (netuid, hotkey, _) = key;
        let mut fund = cell.fund()?;
        let added = cell.fresh_epoch();
        let ripe = if added < open { fund.ripen()? } else { None };
        let mut ripened = ripe.map(|ripe| (added, ripe));
        let mut fetched = None;
        if let Some(epoch) = holding.fetches(open) {
            let just = ripened.take_if(|(added, _)| *added == epoch);
            let ripe = just.map(|(_, ripe)| ripe);
            let ripe = ripe.or_else(|| self.ripe.get((netuid, hotkey, epoch)));
            let mut ripe = ripe.ok_or(StakingError::Overflow)?;
            fund.fetch(&mut holding, &mut ripe)?;
            fetched = Some((epoch, ripe));
        }
        Ok(Opened {
            fund,
            holding,
            ripened,
            fetched,
        })
    }

    /// Runs `change` on a fund and a holding of it and keeps both, or deletes what is empty.
    pub(crate) fn with_position<T>(
        &mut self,
        open: u32,
        key: PositionKey,
        change: impl FnOnce(&mut Fund, &mut Holding) -> Result<T, StakingError>,
    ) -> Result<T, StakingError> {
        let (netuid, hotkey, coldkey) = key;
        let mut cell = self.pool(netuid, hotkey);
        let before = self.positions.get(key).unwrap_or_default();
        let Opened {
            mut fund,
            mut holding,
            ripened,
            fetched,
        } = self.opened(open, key, &cell, before)?;
        let settled = if netuid.is_root() {
            let (stake, now) = (fund.worth(&holding)?, self.env().block_number());
            Some(self.root.settled((hotkey, coldkey), stake, now)?)
        } else {
            None
        };
        let result = change(&mut fund, &mut holding)?;
        if let Some(settled) = settled {
            let stakes = (fund.value()?, fund.worth(&holding)?);
            let key = (hotkey, coldkey);
            self.root.note(key, settled, stakes, self.closes)?;
        }
        cell.write(open, &fund)?;
        if cell.is_spent(open) {
            self.pools.remove((netuid, hotkey));
        } else {
            self.pools.insert((netuid, hotkey), &cell);
        }
        for (epoch, ripe) in ripened.into_iter().chain(fetched) {
            if ripe.is_spent() {
                self.ripe.remove((netuid, hotkey, epoch));
            } else {
                self.ripe.insert((netuid, hotkey, epoch), &ripe);
            }
        }
        if holding.is_empty() {
            self.positions.remove(key);
        } else if holding != before {
            self.positions.insert(key, &holding);
        }
        match (before.is_empty(), holding.is_empty()) {
            (true, false) => self.index.add(key),
            (false, true) => self.index.remove(key),
            _ => {}
        }
        Ok(result)
    }

    /// Counts `amount` in, on `netuid` and in all.
    pub(crate) fn count_in(&mut self, netuid: NetUid, amount: Rao) -> Result<(), StakingError> {
        self.recount(netuid, |sum| sum.checked_add(amount))
    }

    /// Counts `amount` out.
    pub(crate) fn count_out(&mut self, netuid: NetUid, amount: Rao) -> Result<(), StakingError> {
        self.recount(netuid, |sum| sum.checked_sub(amount))
    }

    fn recount(
        &mut self,
        netuid: NetUid,
        change: impl Fn(Rao) -> Option<Rao>,
    ) -> Result<(), StakingError> {
        let mut subnet = self.subnet(netuid);
        subnet.total = change(subnet.total).ok_or(StakingError::Overflow)?;
        self.total = change(self.total).ok_or(StakingError::Overflow)?;
        self.subnets.insert(netuid, &subnet);
        Ok(())
    }

    /// What a position is worth, rounded down.
    pub(crate) fn worth(&self, key: PositionKey) -> Rao {
        let (netuid, hotkey, _) = key;
        let Some(holding) = self.positions.get(key) else {
            return Rao::ZERO;
        };
        let cell = self.pool(netuid, hotkey);
        let opened = self.opened(self.subnet(netuid).open, key, &cell, holding);
        opened
            .and_then(|it| it.fund.worth(&it.holding))
            .unwrap_or_default()
    }

    /// Takes a whole position out, on root with what it has earned, and tells of it. Returns how
    /// much it was.
    ///
    /// # Errors
    /// `NotEnoughStake` if there is none, `Overflow`.
    pub(crate) fn clear(&mut self, key: PositionKey) -> Result<Rao, StakingError> {
        let (netuid, hotkey, coldkey) = key;
        let stake = self.take_out(key, None, Rao::ZERO)?;
        self.tell_removed(netuid, hotkey, stake);
        let earned = if netuid.is_root() {
            self.take_claim(hotkey, coldkey)?
        } else {
            Rao::ZERO
        };
        stake.checked_add(earned).ok_or(StakingError::Overflow)
    }

    /// Takes out what root stake has earned, and tells of it.
    ///
    /// # Errors
    /// `Overflow`.
    pub(crate) fn take_claim(
        &mut self,
        hotkey: AccountId,
        coldkey: AccountId,
    ) -> Result<Rao, StakingError> {
        let stake = self.worth((NetUid::ROOT, hotkey, coldkey));
        let now = self.env().block_number();
        let amount = self.root.claim((hotkey, coldkey), stake, now)?;
        if !amount.is_zero() {
            self.env().emit_event(RootClaimed {
                coldkey,
                hotkey,
                amount,
            });
        }
        Ok(amount)
    }

    /// Pays a withdrawal out and tells of it.
    pub(crate) fn pay_back(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), StakingError> {
        peers::give(self.token, self.env().caller(), amount)?;
        self.tell_removed(netuid, hotkey, amount);
        Ok(())
    }

    fn tell_removed(&self, netuid: NetUid, hotkey: AccountId, amount: Rao) {
        self.env().emit_event(StakeRemoved {
            netuid,
            coldkey: self.env().caller(),
            hotkey,
            amount,
        });
    }

    pub(crate) fn tell_moved(&self, from: PositionKey, to: PositionKey, amount: Rao) {
        let ((netuid, hotkey, coldkey), (to_netuid, to_hotkey, to_coldkey)) = (from, to);
        self.env().emit_event(StakeMoved {
            netuid,
            hotkey,
            coldkey,
            to_netuid,
            to_hotkey,
            to_coldkey,
            amount,
        });
    }
}
