use super::*;
use inktensor_primitives::epoch::PostedAssertion;

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
    assert_eq!(Due::at(&open(), 149, false), Due::Nothing);
    assert_eq!(Due::at(&open(), 150, false), Due::Close);
}

#[test]
fn an_assertion_is_finalized_at_its_deadline_and_not_before() {
    assert_eq!(Due::at(&asserted(160), 159, false), Due::Nothing);
    let assertion = [1; 32];
    for block in [160, 161] {
        assert_eq!(
            Due::at(&asserted(160), block, false),
            Due::Finalize { assertion }
        );
    }
}

#[test]
fn a_closed_epoch_waits_for_a_proposer() {
    let status = EpochStatus {
        stage: Stage::Closed,
        ..open()
    };
    assert_eq!(Due::at(&status, 1_000, false), Due::Nothing);
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
    assert_eq!(Due::at(&closed, 199, true), Due::Nothing);
    assert_eq!(Due::at(&closed, 200, true), Due::Replay { next: 0 });
    assert_eq!(Due::at(&closed, 299, false), Due::Nothing);
    assert_eq!(Due::at(&closed, 300, false), Due::RollOver);
    assert_eq!(Due::at(&closed, 300, true), Due::Replay { next: 0 });
    let replaying = EpochStatus {
        replayed: 7,
        ..status(Stage::Closed)
    };
    assert_eq!(Due::at(&replaying, 200, true), Due::Replay { next: 7 });
    assert_eq!(Due::at(&replaying, 300, false), Due::RollOver);
}

#[test]
fn an_assertion_whose_kernel_has_changed_is_rolled_over_and_not_finalized() {
    let status = EpochStatus {
        rolls_over_at: Some(200),
        ..asserted(160)
    };
    assert_eq!(Due::at(&status, 200, false), Due::RollOver);
}

#[test]
fn chunks_are_settled_in_order_and_before_the_next_close() {
    let settle = |chunk| Due::Settle { epoch: 3, chunk };
    assert_eq!(Due::at(&settling(0b000), 150, false), settle(0));
    assert_eq!(Due::at(&settling(0b011), 150, false), settle(2));
    assert_eq!(Due::at(&settling(0b111), 150, false), Due::Close);
}
