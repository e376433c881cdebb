//! Pay that is owed to the owners of neurons.

use super::*;
use inktensor_primitives::staking::Payment;

/// Returns a full subnet of two neurons, 1 and 2, whose epoch 0 is closed.
fn closed() -> Subnets {
    let mut subnets = subnet(2, 0);
    for seed in [1, 2] {
        assert!(register(&mut subnets, seed, 0).is_ok());
    }
    close(&mut subnets, NETUID, 0).unwrap();
    subnets
}

/// Settles `epoch`: each neuron is owed 10 more than the one before, from 10 on.
fn settle(subnets: &mut Subnets, epoch: u32) {
    let results = [scored(5), scored(4)];
    let owed = [Rao(10), Rao(20)];
    let recorded = record(subnets, NETUID, epoch, Uid(0), &results, &owed);
    assert_eq!(recorded, Ok(()));
}

fn payment(seed: u16, amount: u64) -> Payment {
    Payment {
        hotkey: account(seed),
        coldkey: coldkey(seed),
        amount: Rao(amount),
    }
}

fn owed(subnets: &Subnets) -> Vec<u64> {
    let page = subnets.metagraph(NETUID, 0);
    page.iter().map(|view| view.owed.0).collect()
}

#[ink::test]
fn pay_adds_up_until_it_is_taken() {
    let mut subnets = closed();
    settle(&mut subnets, 0);
    close(&mut subnets, NETUID, 1).unwrap();
    settle(&mut subnets, 1);
    assert_eq!(owed(&subnets), [20, 40]);
    let both = [Uid(1), Uid(0), Uid(1)];
    let taken = subnets.take_owed(NETUID, &both);
    assert_eq!(taken, Ok(vec![payment(2, 40), payment(1, 20)]));
    assert_eq!(subnets.take_owed(NETUID, &both), Ok(vec![]));
    assert_eq!(owed(&subnets), [0, 0]);
}

/// A page's mistake is one of the whole call, which the chain reverts.
#[ink::test]
fn pay_of_several_pages_is_recorded_together() {
    let mut subnets = subnet(66, 0);
    for seed in 1..=66 {
        assert!(register(&mut subnets, seed, u32::from(seed)).is_ok());
    }
    close(&mut subnets, NETUID, 0).unwrap();
    let page = |start, count: usize| PagePay {
        start: Uid(start),
        scores: vec![scored(5); count],
        owed: vec![Rao(3); count],
    };
    let both = [page(0, 64), page(64, 2)];
    assert_eq!(subnets.record(NETUID, 0, &both), Ok(()));
    for page in [0, 1] {
        let views = subnets.metagraph(NETUID, page);
        assert!(views.iter().all(|view| view.owed == Rao(3)));
    }
    let across = [page(0, 1), page(63, 2)];
    assert!(subnets.record(NETUID, 0, &across).is_err());
}

#[ink::test]
fn take_owed_is_bounded_and_of_taken_seats() {
    let mut subnets = closed();
    assert_eq!(
        subnets.take_owed(NETUID, &[Uid(2)]),
        Err(RegistryError::NotSeated)
    );
    assert!(matches!(
        subnets.take_owed(NETUID, &[Uid(0); 65]),
        Err(RegistryError::OutOfBounds { .. })
    ));
}

#[ink::test]
fn pay_of_the_replaced_is_left_to_its_owner() {
    let mut subnets = closed();
    settle(&mut subnets, 0);
    // The least paid is replaced.
    let seat = register(&mut subnets, 3, 1).unwrap();
    assert_eq!((seat.uid, seat.replaced), (Uid(1), Some(account(2))));
    assert_eq!(owed(&subnets), [10, 0]);
    assert_eq!(subnets.left(NETUID, account(2)), Rao(20));
    assert_eq!(subnets.take_left(NETUID, account(2)), Some(payment(2, 20)));
    assert_eq!(subnets.take_left(NETUID, account(2)), None);
    assert_eq!(subnets.take_left(NETUID, account(3)), None);
}

#[ink::test]
fn pay_for_an_epoch_before_the_replacement_is_left_too() {
    let mut subnets = closed();
    // Replaced after the close and before the settlement.
    register(&mut subnets, 3, 1).unwrap();
    let replaced = subnets.metagraph(NETUID, 0);
    let gone = if replaced[0].neuron.hotkey == account(3) {
        1
    } else {
        2
    };
    let cell = (NETUID, account(gone));
    assert!(subnets.left.contains(cell), "the newcomer has paid for it");
    settle(&mut subnets, 0);
    let left = u64::from(gone) * 10;
    assert_eq!(
        subnets.take_left(NETUID, account(gone)),
        Some(payment(gone, left))
    );
    assert!(subnets.left.contains(cell), "the epoch is still open");
    close(&mut subnets, NETUID, 1).unwrap();
    // Nothing can be added any more, so the cell goes.
    let nothing = Some(payment(gone, 0));
    assert_eq!(subnets.take_left(NETUID, account(gone)), nothing);
    assert!(!subnets.left.contains(cell));
    assert_eq!(subnets.take_left(NETUID, account(gone)), None);
    assert_eq!(owed(&subnets).iter().sum::<u64>(), 30 - left);
}

#[ink::test]
fn pay_of_a_page_that_is_settled_in_part_has_its_cell() {
    let mut subnets = closed();
    let recorded = record(&mut subnets, NETUID, 0, Uid(0), &[scored(5)], &[Rao(10)]);
    assert_eq!(recorded, Ok(()));
    let seat = register(&mut subnets, 3, 1).unwrap();
    assert_eq!((seat.uid, seat.replaced), (Uid(1), Some(account(2))));
    let cell = (NETUID, account(2));
    assert!(subnets.left.contains(cell), "the newcomer has paid for it");
}

#[ink::test]
fn a_replacement_with_nothing_to_come_leaves_no_cell() {
    let mut subnets = closed();
    let results = [scored(5), scored(4)];
    assert_eq!(
        record(&mut subnets, NETUID, 0, Uid(0), &results, &[]),
        Ok(())
    );
    close(&mut subnets, NETUID, 1).unwrap();
    assert_eq!(
        record(&mut subnets, NETUID, 1, Uid(0), &results, &[]),
        Ok(())
    );
    register(&mut subnets, 3, 1).unwrap();
    assert!(!subnets.left.contains((NETUID, account(2))));
}
