use super::*;
use crate::roles::standing::StandingAssertion;
use inktensor_primitives::epoch::{PostedAssertion, Settlement};

const NETUID: NetUid = NetUid(7);

fn due(status: &EpochStatus, block: u32, replays: bool) -> DueStep {
    DueStep::at(NETUID, status, block, replays)
}

fn open() -> EpochStatus {
    EpochStatus {
        open: 4,
        opened_at: 100,
        closes_at: 150,
        stage: Stage::Open,
        final_epoch: Some(3),
        replayed: 0,
        settling: None,
        replays_at: None,
        rolls_over_at: None,
    }
}

/// An epoch with two assertions; the second can be finalized a block later.
fn asserted(deadline: u32) -> EpochStatus {
    let posted = |number, deadline| PostedAssertion {
        assertion: [number; 32],
        proposer: [2; 32].into(),
        collateral: Rao(1),
        deadline,
    };
    EpochStatus {
        stage: Stage::Asserted(vec![posted(1, deadline), posted(2, deadline + 1)]),
        ..open()
    }
}

fn settling(settled: u8) -> EpochStatus {
    EpochStatus {
        settling: Some(Settlement {
            epoch: 3,
            neurons: 130,
            chunk: 64,
            final_at: 140,
            settled: vec![settled],
            partly: Vec::new(),
            budget: Rao(9),
            paid: Rao(0),
            owner: [3; 32].into(),
            owner_hotkey: [4; 32].into(),
            fee: Rao(0),
        }),
        ..open()
    }
}

#[test]
fn an_epoch_is_closed_at_the_first_block_it_can_be() {
    assert_eq!(due(&open(), 149, false), DueStep::Nothing);
    assert_eq!(due(&open(), 150, false), DueStep::Close);
}

#[test]
fn an_assertion_is_finalized_at_its_deadline_and_not_before() {
    assert_eq!(due(&asserted(160), 159, false), DueStep::Nothing);
    let posted = StandingAssertion {
        netuid: NETUID,
        epoch: 3,
        digest: [1; 32],
        deadline: 160,
    };
    for block in [160, 161] {
        assert_eq!(due(&asserted(160), block, false), DueStep::Finalize(posted));
    }
}

#[test]
fn a_closed_epoch_waits_for_a_proposer() {
    let status = EpochStatus {
        stage: Stage::Closed,
        ..open()
    };
    assert_eq!(due(&status, 1_000, false), DueStep::Nothing);
}

#[test]
fn an_unposted_epoch_is_replayed_by_replaying_keepers_and_rolled_over_by_all() {
    let status = |stage| EpochStatus {
        stage,
        replays_at: Some(200),
        rolls_over_at: Some(300),
        ..open()
    };
    let closed = status(Stage::Closed);
    assert_eq!(due(&closed, 199, true), DueStep::Nothing);
    assert_eq!(due(&closed, 200, true), DueStep::Replay { next: 0 });
    assert_eq!(due(&closed, 299, false), DueStep::Nothing);
    let roll_over = DueStep::RollOver { due_at: 300 };
    assert_eq!(due(&closed, 310, false), roll_over);
    assert_eq!(due(&closed, 300, true), DueStep::Replay { next: 0 });
    let replaying = EpochStatus {
        replayed: 7,
        ..status(Stage::Closed)
    };
    assert_eq!(due(&replaying, 200, true), DueStep::Replay { next: 7 });
    assert_eq!(due(&replaying, 300, false), roll_over);
}

#[test]
fn an_assertion_whose_kernel_has_changed_is_rolled_over_and_not_finalized() {
    let status = EpochStatus {
        rolls_over_at: Some(200),
        ..asserted(160)
    };
    let roll_over = DueStep::RollOver { due_at: 200 };
    assert_eq!(due(&status, 200, false), roll_over);
}

#[test]
fn chunks_are_settled_before_the_next_close() {
    assert_eq!(due(&settling(0b000), 150, false), DueStep::Settle);
    assert_eq!(due(&settling(0b011), 150, false), DueStep::Settle);
    assert_eq!(due(&settling(0b111), 150, false), DueStep::Close);
}
