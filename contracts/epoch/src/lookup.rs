//! What the shell looks up in its storage: where a subnet's epochs stand.

use crate::{
    epoch::Epoch,
    frozen::ClosedEpoch,
    life::Life,
    peers::{self, Calls},
};
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus},
    NetUid,
};

impl Epoch {
    /// The subnet's life; before its first close, that from its start on.
    pub(crate) fn life(&self, netuid: NetUid, started_at: u32) -> Life {
        self.lives
            .get(netuid)
            .unwrap_or_else(|| Life::new(started_at))
    }

    /// The epoch that closed last, and where it stands.
    ///
    /// # Errors
    /// `NothingClosed` before the first close.
    pub(crate) fn closed_epoch(&self, netuid: NetUid) -> Result<(Life, ClosedEpoch), EpochError> {
        match (self.lives.get(netuid), self.closed.get(netuid)) {
            (Some(life), Some(closed)) => Ok((life, closed)),
            _ => Err(EpochError::NothingClosed),
        }
    }

    /// Where the subnet's epochs stand. None if there is no such subnet.
    pub(crate) fn look_up_status(&self, netuid: NetUid) -> Option<EpochStatus> {
        let subnet = self.peers.subnet(netuid).ok()?;
        let life = self.life(netuid, subnet.started_at.unwrap_or(subnet.created_at));
        let settling = self.settling.get(netuid);
        let stands = self
            .closed
            .get(netuid)
            .is_none_or(|closed| peers::check_kernel(&closed.header).is_ok());
        Some(EpochStatus {
            open: life.open,
            opened_at: life.opened_at,
            // Nothing closes before the start, nor once it is retired.
            closes_at: if subnet.started_at.is_some() && subnet.retired_at.is_none() {
                life.closes_at(subnet.tempo).ok()?
            } else {
                u32::MAX
            },
            replays_at: life.replays_at(self.rules.replay_delay),
            rolls_over_at: life.rolls_over_at(self.rules.rollover_delay, stands),
            stage: life.stage,
            final_epoch: life.last.map(|last| last.epoch),
            settling: settling.map(|settling| settling.settlement),
        })
    }
}
