//! Pay, credited: to owners, to all who stake on a hotkey, to its parents, to root stake.

use crate::{
    inheritance::root_part,
    payout::{Credit, Tally},
    relations::Clock,
    staking::StakingContract,
};
use ink::codegen::Env;
use inktensor_primitives::{
    staking::{Distributed, Inherited, Payment, RootAccrued, StakingError},
    NetUid, Rao,
};

impl StakingContract {
    /// Credits `payments`, pay of `epoch`, and returns their sum.
    ///
    /// # Errors
    /// `TooOld`, `Overflow`.
    pub(crate) fn pay_out(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        payments: &[Payment],
    ) -> Result<Rao, StakingError> {
        let clock = self.clock(netuid);
        let mut tally = Tally::default();
        for payment in payments {
            let child = payment.hotkey;
            let shares = self.shared(netuid, epoch, payment, &clock)?;
            for (place, share) in shares.iter().enumerate() {
                let credit = self.credit(netuid, epoch, share, &clock)?;
                let amount = credit.total()?;
                if amount.is_zero() {
                    continue;
                }
                tally.add(&credit)?;
                if place > 0 {
                    self.env().emit_event(Inherited {
                        netuid,
                        child,
                        parent: share.hotkey,
                        coldkey: share.coldkey,
                        epoch,
                        amount,
                    });
                }
            }
        }
        self.count_in(netuid, tally.staked()?)?;
        self.env().emit_event(Distributed {
            netuid,
            epoch,
            neurons: tally.neurons,
            miners: tally.miners,
            takes: tally.takes,
            dividends: tally
                .dividends
                .checked_add(tally.root)
                .ok_or(StakingError::Overflow)?,
        });
        tally.total()
    }

    /// Credits one payment. Root stake has its part of the dividends as of the epoch, if there
    /// still is any.
    fn credit(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        payment: &Payment,
        clock: &Clock,
    ) -> Result<Credit, StakingError> {
        let Payment {
            hotkey, coldkey, ..
        } = *payment;
        let mut credit = Credit::of(payment, self.takes.take(hotkey))?;
        if !credit.dividends.is_zero() && !self.root.stake(hotkey).is_zero() {
            let own = self.own_at(netuid, hotkey, epoch, clock)?;
            credit.give_root(root_part(credit.dividends, own))?;
        }
        if !credit.root.is_zero() {
            let now = self.env().block_number();
            self.root.reward(hotkey, credit.root, now)?;
            self.env().emit_event(RootAccrued {
                netuid,
                hotkey,
                epoch,
                amount: credit.root,
            });
        }
        if !credit.staked()?.is_zero() {
            let key = (netuid, hotkey, coldkey);
            self.with_position(clock.open, key, |fund, owner| credit.apply(fund, owner))?;
        }
        Ok(credit)
    }
}
