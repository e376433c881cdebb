//! Stake on its way: out of a position, into another, or back to its owner.

use crate::{fund::Fund, index::Whose, peers, staking::StakingContract, PositionKey, MIN_STAKE};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::HotkeyStatus,
    staking::{NominatorView, PositionView, StakingError},
    AccountId, Rao, PAGE,
};

impl StakingContract {
    /// Takes `amount`, or all, out of a position. What would stay of a nomination below `least` is
    /// taken too. Returns how much it was.
    ///
    /// # Errors
    /// `NotEnoughStake`, `TooLittle` for nothing at all, `Overflow`.
    pub(crate) fn take_out(
        &mut self,
        key: PositionKey,
        amount: Option<Rao>,
        least: Rao,
    ) -> Result<Rao, StakingError> {
        let (netuid, _, _) = key;
        let open = self.open_epoch(netuid);
        let out = self.with_position(open, key, |fund, holding| {
            let Some(amount) = amount else {
                return fund.withdraw_all(holding);
            };
            if amount.is_zero() {
                return Err(StakingError::TooLittle(MIN_STAKE));
            }
            fund.withdraw(holding, amount)?;
            if holding.is_empty() || fund.worth(holding)? >= least {
                return Ok(amount);
            }
            let rest = Fund::withdraw_all(fund, holding)?;
            amount.checked_add(rest).ok_or(StakingError::Overflow)
        })?;
        self.count_out(netuid, out)?;
        Ok(out)
    }

    /// Puts `amount` into a position, whose hotkey's `status` is known.
    ///
    /// # Errors
    /// `UnknownSubnet`, `UnknownHotkey`, `TooLittle`, `Overflow`.
    pub(crate) fn put_in(
        &mut self,
        key: PositionKey,
        amount: Rao,
        status: HotkeyStatus,
    ) -> Result<(), StakingError> {
        let (netuid, _, coldkey) = key;
        if amount < MIN_STAKE {
            return Err(StakingError::TooLittle(MIN_STAKE));
        }
        let least = least_nomination(&status, coldkey)?;
        let open = self.open_epoch(netuid);
        self.with_position(open, key, |fund, holding| {
            fund.add(holding, amount, open)?;
            if fund.worth(holding)? < least {
                return Err(StakingError::TooLittle(least));
            }
            Ok(())
        })?;
        self.count_in(netuid, amount)
    }

    /// The least that `coldkey` keeps on a hotkey.
    ///
    /// # Errors
    /// `Registry`.
    pub(crate) fn least_kept(&self, key: PositionKey) -> Result<Rao, StakingError> {
        let (netuid, hotkey, coldkey) = key;
        let status = peers::status(self.registry, netuid, hotkey)?;
        Ok(if status.owner == Some(coldkey) {
            Rao::ZERO
        } else {
            status.nominator_min
        })
    }

    /// Moves `amount`, or all, from one position to another. Returns how much it was.
    ///
    /// # Errors
    /// Those of taking out and of putting in.
    pub(crate) fn carry_over(
        &mut self,
        from: PositionKey,
        to: PositionKey,
        amount: Option<Rao>,
        status: HotkeyStatus,
    ) -> Result<Rao, StakingError> {
        let least = match amount {
            Some(_) => self.least_kept(from)?,
            None => Rao::ZERO,
        };
        let moved = self.take_out(from, amount, least)?;
        self.put_in(to, moved, status)?;
        Ok(moved)
    }

    /// Page `page` of where a coldkey has stake.
    pub(crate) fn list_positions(&self, coldkey: AccountId, page: u32) -> Vec<PositionView> {
        let listed = self.listed(Whose::Coldkey(coldkey), page);
        let views = listed.into_iter().map(|key| PositionView {
            netuid: key.0,
            hotkey: key.1,
            stake: self.worth(key),
        });
        views.collect()
    }

    /// Page `page` of who has stake on a hotkey.
    pub(crate) fn list_nominators(&self, hotkey: AccountId, page: u32) -> Vec<NominatorView> {
        let listed = self.listed(Whose::Hotkey(hotkey), page);
        let views = listed.into_iter().map(|key| NominatorView {
            netuid: key.0,
            coldkey: key.2,
            stake: self.worth(key),
        });
        views.collect()
    }

    fn listed(&self, whose: Whose, page: u32) -> Vec<PositionKey> {
        let first = page.saturating_mul(PAGE.into());
        let last = first.saturating_add(PAGE.into());
        let places = first..last.min(self.index.count(whose));
        places
            .filter_map(|place| self.index.entry(whose, place))
            .collect()
    }
}

/// The least that `coldkey` may have on a hotkey of this status after it has staked there.
///
/// # Errors
/// `UnknownSubnet`, `UnknownHotkey`.
fn least_nomination(status: &HotkeyStatus, coldkey: AccountId) -> Result<Rao, StakingError> {
    if !status.subnet_exists {
        return Err(StakingError::UnknownSubnet);
    }
    match status.owner {
        None => Err(StakingError::UnknownHotkey),
        Some(owner) if owner == coldkey => Ok(Rao::ZERO),
        Some(_) => Ok(status.nominator_min),
    }
}
