//! Registration and replacement of neurons.

use super::*;

#[ink::test]
fn a_newcomer_takes_the_next_free_seat() {
    let mut subnets = subnet(4, 0);
    let taken = Registered {
        uid: Uid(0),
        replaced: None,
        price: PRICE,
        deposit: Rao::ZERO,
    };
    assert_eq!(register(&mut subnets, 7, 3), Ok(taken));
    assert_eq!(
        register(&mut subnets, 8, 4).map(|seat| seat.uid),
        Ok(Uid(1))
    );
    let seat = subnets.seat(NETUID, account(8)).unwrap();
    assert_eq!((seat.uid, seat.generation), (Uid(1), 2));
    assert_eq!((seat.neurons, seat.epoch, seat.registered_epoch), (2, 0, 0));
    let neuron = subnets.neuron(NETUID, Uid(0)).unwrap();
    assert_eq!(neuron.hotkey, account(7));
    assert_eq!(neuron.coldkey, coldkey(7));
    assert_eq!(neuron.registered_at, 3);
    assert_eq!(subnets.neuron(NETUID, Uid(2)), None);
    let status = subnets.hotkey_status(NETUID, account(7), Rao::ZERO, None);
    assert_eq!(
        (status.subnet_exists, status.owner),
        (true, Some(coldkey(7)))
    );
    assert!(
        !subnets
            .hotkey_status(NetUid(2), account(7), Rao::ZERO, None)
            .subnet_exists
    );
}

#[ink::test]
fn registrations_are_refused_with_their_reason() {
    let mut subnets = subnet(2, 100);
    assert!(register(&mut subnets, 1, 0).is_ok());
    let unknown = subnets.register(NetUid(9), applicant(2, 0));
    assert_eq!(unknown, Err(RegistryError::UnknownSubnet));
    assert_eq!(
        register(&mut subnets, 1, 0),
        Err(RegistryError::AlreadyRegistered(Uid(0)))
    );
    let poor = Applicant {
        max_price: Rao(PRICE.0 - 1),
        ..applicant(2, 0)
    };
    assert_eq!(
        subnets.register(NETUID, poor),
        Err(RegistryError::PriceAbove(PRICE))
    );
    assert!(register(&mut subnets, 2, 0).is_ok());
    // While all are immune, the least of them is replaced; the owner's neurons never are.
    assert_eq!(register(&mut subnets, 3, 99).map(|it| it.uid), Ok(Uid(0)));
}

#[ink::test]
fn the_replaced_keeps_its_owner_and_may_come_back() {
    let mut subnets = subnet(1, 0);
    assert!(register(&mut subnets, 1, 0).is_ok());
    let seat = register(&mut subnets, 2, 1).unwrap();
    assert_eq!((seat.uid, seat.replaced), (Uid(0), Some(account(1))));
    assert_eq!(subnets.seat(NETUID, account(1)), None);
    assert_eq!(subnets.owner_of(account(1)), Some(coldkey(1)));
    assert!(register(&mut subnets, 1, 2).is_ok());
    assert_eq!(subnets.seat(NETUID, account(1)).unwrap().generation, 3);
}

#[ink::test]
fn the_owners_neuron_is_never_replaced() {
    let mut subnets = subnet(2, 0);
    assert!(register(&mut subnets, OWNER, 0).is_ok());
    assert!(register(&mut subnets, 1, 0).is_ok());
    for seed in 2..9 {
        assert_eq!(register(&mut subnets, seed, 5).unwrap().uid, Uid(1));
    }
    assert!(subnets.seat(NETUID, account(OWNER)).is_some());
}

#[ink::test]
fn the_least_paid_is_replaced_across_pages() {
    let mut subnets = subnet(130, 0);
    for seed in 0..130 {
        assert!(register(&mut subnets, seed, u32::from(seed)).is_ok());
    }
    close(&mut subnets, NETUID, 0).unwrap();
    for page in 0..3u16 {
        let start = page * PAGE;
        let count = 130u16.saturating_sub(start).min(PAGE);
        let results: Vec<NeuronResult> = (start..start + count)
            .map(|uid| scored(if uid == 128 { 1 } else { 2 }))
            .collect();
        assert_eq!(
            record(&mut subnets, NETUID, 0, Uid(start), &results, &[]),
            Ok(())
        );
    }
    assert_eq!(register(&mut subnets, 500, 200).unwrap().uid, Uid(128));
    // The newcomer has earned nothing yet and, without immunity, is replaced next.
    assert_eq!(register(&mut subnets, 501, 201).unwrap().uid, Uid(128));
}
