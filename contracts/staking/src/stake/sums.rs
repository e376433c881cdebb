//! Sums of stake in storage: of each subnet, with its epochs, and of all.

use super::{
    positions::Stake,
    subnets::{EpochClock, SubnetStake},
};
use inktensor_primitives::{staking::StakingError, NetUid, Rao};

/// A subnet's sums and epochs as they are stored, about to change. No change of a position touches
/// them, so that a call that changes positions reads them once. Used up by the change, which writes
/// them.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenSubnet {
    netuid: NetUid,
    stake: SubnetStake,
    /// Epochs of the subnet, or of root.
    pub clock: EpochClock,
}

impl Stake {
    /// Returns the sum of all stake.
    pub fn total(&self) -> Rao {
        self.total
    }

    /// Returns the sum of the stake on a subnet.
    pub fn on_subnet(&self, netuid: NetUid) -> Rao {
        self.subnet(netuid).total
    }

    /// Returns the stake that weighed in the subnet's last closed epoch.
    pub fn matured(&self, netuid: NetUid) -> Rao {
        self.subnet(netuid).matured
    }

    /// Returns the epochs of a subnet, or of root, at block `now`.
    pub fn clock(&self, netuid: NetUid, now: u32) -> EpochClock {
        if netuid.is_root() {
            EpochClock::of_root(now)
        } else {
            self.subnet(netuid).clock(now)
        }
    }

    /// Reads the sums of a subnet, or of root, at block `now`, to change positions and then the
    /// sums.
    pub fn open_subnet(&self, netuid: NetUid, now: u32) -> OpenSubnet {
        let stake = self.subnet(netuid);
        let clock = if netuid.is_root() {
            EpochClock::of_root(now)
        } else {
            stake.clock(now)
        };
        OpenSubnet {
            netuid,
            stake,
            clock,
        }
    }

    /// Opens the epoch after `closing` at block `now`. The deposits of `closing` mature. Returns
    /// the stake that weighed in `closing`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn begin_epoch(
        &mut self,
        netuid: NetUid,
        closing: u32,
        now: u32,
    ) -> Result<Rao, StakingError> {
        let mut subnet = self.subnet(netuid);
        subnet.close(closing, now)?;
        self.subnets.insert(netuid, &subnet);
        Ok(subnet.matured)
    }

    /// Adds `amount`, of which `pending` are deposits of the open epoch, to the sums of the subnet
    /// and of all stake.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn count_in(
        &mut self,
        subnet: OpenSubnet,
        amount: Rao,
        pending: Rao,
    ) -> Result<(), StakingError> {
        let OpenSubnet {
            netuid, mut stake, ..
        } = subnet;
        let total = self.total.checked_add(amount);
        self.total = total.ok_or(StakingError::Overflow)?;
        stake.add(amount, pending)?;
        self.subnets.insert(netuid, &stake);
        Ok(())
    }

    /// Subtracts `amount`, of which `pending` were deposits of the open epoch, from the sums of the
    /// subnet and of all stake.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn count_out(
        &mut self,
        subnet: OpenSubnet,
        amount: Rao,
        pending: Rao,
    ) -> Result<(), StakingError> {
        let OpenSubnet {
            netuid, mut stake, ..
        } = subnet;
        let total = self.total.checked_sub(amount);
        self.total = total.ok_or(StakingError::Overflow)?;
        stake.subtract(amount, pending)?;
        self.subnets.insert(netuid, &stake);
        Ok(())
    }

    fn subnet(&self, netuid: NetUid) -> SubnetStake {
        self.subnets.get(netuid).unwrap_or_default()
    }
}
