//! Small epochs for unit tests, and the limits of the largest messages.

pub mod honest;
mod limits;

use crate::closed_epoch::{ClosedEpoch, RosterSeat};
use inktensor_primitives::{
    epoch::{EpochRules, Peers},
    kernel::{Budget, EpochHeader, EpochPlan},
    AccountId, Bps, NetUid, Rao, Uid,
};

/// Rules of a deployment.
pub const RULES: EpochRules = EpochRules {
    challenge_period: 5,
    collateral: Rao(100),
    collateral_part: Bps(2_500),
    reward_part: Bps(1_000),
    settle_window: 20,
    replay_delay: 10,
    rollover_delay: 30,
};

/// Returns four distinct addresses.
pub fn peers() -> Peers {
    let account = |byte| AccountId::from([byte; 32]);
    Peers {
        token: account(11),
        registry: account(12),
        staking: account(13),
        emission: account(14),
    }
}

/// Returns a header of `epoch` after `final_epoch`, with `roster`.
pub fn header(epoch: u32, final_epoch: Option<u32>, roster: &[u16]) -> EpochHeader {
    EpochHeader {
        contract: AccountId::from([1; 32]),
        netuid: NetUid(3),
        epoch,
        final_epoch,
        opened_at: 100,
        closed_at: 110,
        previous_close: 100,
        tempo: 10,
        neurons: 8,
        kernel: AccountId::from([2; 32]),
        kernel_code: [3; 32],
        params: Vec::new(),
        max_validators: 4,
        owner_uid: None,
        budget: Budget::Split {
            miners: Rao(50),
            validators: Rao(25),
        },
        roster: roster.iter().copied().map(Uid).collect(),
        previous: [4; 32],
    }
}

/// Returns the closed epoch of that header, with chunks of 4 and without phases and rows.
pub fn closed_epoch(epoch: u32, final_epoch: Option<u32>, roster: &[u16]) -> ClosedEpoch {
    let header = header(epoch, final_epoch, roster);
    ClosedEpoch {
        header_hash: header.digest(),
        header,
        plan: EpochPlan {
            chunk: 4,
            phases: Vec::new(),
            memory_phase: 0,
            results_phase: 0,
        },
        seats: roster
            .iter()
            .map(|_| RosterSeat {
                newcomer: false,
                row: None,
            })
            .collect(),
        owner: AccountId::from([5; 32]),
        owner_hotkey: AccountId::from([6; 32]),
        proposer_fee: Rao(7),
        keeper_fee: Rao(5),
    }
}
