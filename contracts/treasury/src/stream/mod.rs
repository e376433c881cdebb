//! Streams: TAO that vests for a payee from block to block.

use crate::bounds;
use inktensor_primitives::{
    treasury::{GrantField, NewStream, StreamView, TreasuryError, LONGEST_GRANT},
    AccountId, Rao,
};

/// A stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Stream {
    payee: AccountId,
    total: Rao,
    paid: Rao,
    start: u32,
    cliff: u32,
    end: u32,
    /// Block in which the owner revoked the stream. Vesting stops there.
    revoked_at: Option<u32>,
}

impl Stream {
    /// Opens a stream at block `now`.
    ///
    /// # Errors
    /// `OutOfBounds` of the end, then of the cliff.
    pub fn open(new: &NewStream, now: u32) -> Result<Self, TreasuryError> {
        let latest = now.saturating_add(LONGEST_GRANT);
        let after_start = new.start.saturating_add(1);
        bounds::check(GrantField::End, new.end, after_start..=latest)?;
        bounds::check(GrantField::Cliff, new.cliff, new.start..=new.end)?;
        Ok(Self {
            payee: new.payee,
            total: new.total,
            paid: Rao::ZERO,
            start: new.start,
            cliff: new.cliff,
            end: new.end,
            revoked_at: None,
        })
    }

    /// Returns the payee.
    pub const fn payee(&self) -> AccountId {
        self.payee
    }

    /// Returns the amount that has vested at block `now`, paid or not.
    ///
    /// It is 0 before the cliff, else `total * (min(now, end) - start) / (end - start)`, rounded
    /// down. Vesting stops when the stream is revoked.
    pub fn vested(&self, now: u32) -> Rao {
        let now = self.revoked_at.map_or(now, |at| at.min(now));
        if now < self.cliff {
            return Rao::ZERO;
        }
        if now >= self.end {
            return self.total;
        }
        let elapsed = u128::from(now.saturating_sub(self.start));
        let length = u128::from(self.end.saturating_sub(self.start));
        let product = self.total.to_u128().checked_mul(elapsed);
        let vested = product.and_then(|product| product.checked_div(length));
        // Below the end the quotient is below the total, so no case is left out.
        Rao(vested
            .and_then(|vested| u64::try_from(vested).ok())
            .unwrap_or_default())
    }

    /// Returns the amount that is vested and not paid at block `now`.
    pub fn claimable(&self, now: u32) -> Rao {
        let vested = self.vested(now);
        vested.checked_sub(self.paid).unwrap_or_default()
    }

    /// Returns the amount that the stream may still pay.
    pub fn owed(&self) -> Rao {
        let all = self.revoked_at.map_or(self.total, |at| self.vested(at));
        all.checked_sub(self.paid).unwrap_or_default()
    }

    /// Records the payment of what is claimable at block `now`. Returns the amount.
    ///
    /// # Errors
    /// `NothingToClaim`.
    pub fn claim(&mut self, now: u32) -> Result<Rao, TreasuryError> {
        let amount = self.claimable(now);
        if amount.is_zero() {
            return Err(TreasuryError::NothingToClaim);
        }
        self.paid = self
            .paid
            .checked_add(amount)
            .ok_or(TreasuryError::Overflow)?;
        Ok(amount)
    }

    /// Stops vesting at block `now`. Returns the amount that will not vest.
    ///
    /// # Errors
    /// `AlreadyRevoked`.
    pub fn revoke(&mut self, now: u32) -> Result<Rao, TreasuryError> {
        if let Some(at) = self.revoked_at {
            return Err(TreasuryError::AlreadyRevoked(at));
        }
        let before = self.owed();
        self.revoked_at = Some(now);
        before
            .checked_sub(self.owed())
            .ok_or(TreasuryError::Overflow)
    }

    /// Replaces the payee on behalf of `caller`. Returns the former payee.
    ///
    /// # Errors
    /// `NotPayee`.
    pub fn set_payee(
        &mut self,
        caller: AccountId,
        to: AccountId,
    ) -> Result<AccountId, TreasuryError> {
        if caller != self.payee {
            return Err(TreasuryError::NotPayee);
        }
        Ok(core::mem::replace(&mut self.payee, to))
    }

    /// Returns the stream as of block `now`.
    pub fn view(&self, now: u32) -> StreamView {
        StreamView {
            payee: self.payee,
            total: self.total,
            paid: self.paid,
            start: self.start,
            cliff: self.cliff,
            end: self.end,
            revoked_at: self.revoked_at,
            vested: self.vested(now),
            claimable: self.claimable(now),
        }
    }
}

#[cfg(test)]
mod tests;
