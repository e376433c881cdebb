//! Closed epochs: their neurons, tenures and scores.

use super::*;
use proptest::prelude::*;

#[ink::test]
fn a_close_freezes_the_subnet_as_it_was() {
    let mut subnets = subnet(4, 0);
    for seed in [1, OWNER] {
        assert!(register(&mut subnets, seed, 0).is_ok());
    }
    assert_eq!(
        close(&mut subnets, NETUID, 1),
        Err(RegistryError::WrongEpoch(0))
    );
    assert_eq!(
        close(&mut subnets, NetUid(2), 0),
        Err(RegistryError::UnknownSubnet)
    );
    let before = subnets.subnet(NETUID, 0).unwrap();
    let frozen = close(&mut subnets, NETUID, 0).unwrap();
    assert_eq!(frozen.subnet, before);
    assert_eq!((frozen.neurons, frozen.owner_uid), (2, Some(Uid(1))));
    assert_eq!(frozen.params, settings::kernel_bytes(&before.params));
    assert_eq!(frozen.kernel_code, [7; 32]);
    assert_eq!(frozen.due_after, before.tempo);
    assert_eq!(subnets.subnet(NETUID, 0).unwrap().epoch, 1);
}

#[ink::test]
fn nothing_closes_without_neurons() {
    let mut subnets = subnet(4, 0);
    let frozen = close(&mut subnets, NETUID, 0).unwrap();
    assert_eq!((frozen.neurons, frozen.roster), (0, Vec::new()));
    assert_eq!(subnets.subnet(NETUID, 0).unwrap().epoch, 0);
}

/// Closes the first epoch of a subnet with four neurons, of which the second is the owner's.
fn close_with(roster: &[u16]) -> Result<SubnetSnapshot, RegistryError> {
    let mut subnets = subnet(8, 0);
    for seed in [1, OWNER, 2, 3] {
        assert!(register(&mut subnets, seed, 0).is_ok());
    }
    let closing = Closing {
        epoch: 0,
        now: 0,
        roster: roster.iter().copied().map(Uid).collect(),
    };
    subnets.close(NETUID, closing)
}

#[ink::test]
fn a_close_answers_for_the_roster_and_the_owner() {
    let frozen = close_with(&[0, 3]).unwrap();
    assert_eq!(frozen.roster, [Uid(0), Uid(1), Uid(3)]);
    let generations: Vec<u32> = frozen.tenures.iter().map(|it| it.generation).collect();
    assert_eq!(generations, [1, 2, 4]);
}

#[ink::test]
fn a_close_refuses_a_roster_that_descends() {
    let refused = close_with(&[2, 0]);
    assert!(matches!(refused, Err(RegistryError::OutOfBounds { .. })));
}

#[ink::test]
fn a_close_refuses_a_roster_beyond_the_seats() {
    let refused = close_with(&[3, 4]);
    assert!(matches!(refused, Err(RegistryError::OutOfBounds { .. })));
}

#[ink::test]
fn neurons_of_a_closed_epoch_do_not_change() {
    let mut subnets = subnet(1, 0);
    assert!(register(&mut subnets, 1, 0).is_ok());
    close(&mut subnets, NETUID, 0).unwrap();
    assert!(register(&mut subnets, 2, 1).is_ok());
    let at = |subnets: &Subnets, epoch| {
        let neurons = subnets.neurons_at(NETUID, epoch, Uid(0), 1);
        neurons.map(|neurons| neurons[0].hotkey)
    };
    assert_eq!(at(&subnets, 0), Ok(account(1)));
    assert_eq!(at(&subnets, 1), Ok(account(2)));
    close(&mut subnets, NETUID, 1).unwrap();
    assert!(register(&mut subnets, 3, 2).is_ok());
    assert_eq!(at(&subnets, 0), Err(RegistryError::TooOld));
    assert_eq!(at(&subnets, 1), Ok(account(2)));
}

#[ink::test]
fn a_seat_is_not_there_before_it_was_taken() {
    let mut subnets = subnet(4, 0);
    assert!(register(&mut subnets, 1, 0).is_ok());
    close(&mut subnets, NETUID, 0).unwrap();
    assert!(register(&mut subnets, 2, 1).is_ok());
    let beyond = RegistryError::OutOfBounds {
        field: BoundedField::Uid,
        value: 2,
        min: 0,
        max: 1,
    };
    assert_eq!(subnets.neurons_at(NETUID, 0, Uid(0), 2), Err(beyond));
    assert!(subnets.neurons_at(NETUID, 1, Uid(0), 2).is_ok());
    assert!(tenures_at(&subnets, 0, &[Uid(1)]).is_err());
    assert_eq!(
        subnets.neurons_at(NetUid(7), 0, Uid(0), 0),
        Err(RegistryError::UnknownSubnet)
    );
}

#[ink::test]
fn tenures_are_of_ascending_uids_across_pages() {
    let mut subnets = subnet(200, 0);
    for seed in 0..200 {
        assert!(register(&mut subnets, seed, 0).is_ok());
    }
    let uids = [Uid(0), Uid(63), Uid(64), Uid(199)];
    let tenures = tenures_at(&subnets, 0, &uids).unwrap();
    let generations: Vec<u32> = tenures.iter().map(|tenure| tenure.generation).collect();
    assert_eq!(generations, [1, 64, 65, 200]);
    for bad in [vec![Uid(1), Uid(1)], vec![Uid(2), Uid(1)], vec![Uid(200)]] {
        assert!(matches!(
            tenures_at(&subnets, 0, &bad),
            Err(RegistryError::OutOfBounds { .. })
        ));
    }
    let many: Vec<Uid> = (0..130).map(Uid).collect();
    assert!(tenures_at(&subnets, 0, &many[..129]).is_ok());
    assert!(tenures_at(&subnets, 0, &many).is_err());
}

#[ink::test]
fn scores_are_recorded_of_closed_epochs_only() {
    let mut subnets = subnet(4, 0);
    for seed in 1..4 {
        assert!(register(&mut subnets, seed, 0).is_ok());
    }
    let results = [scored(7), scored(8)];
    assert!(record(&mut subnets, NETUID, 0, Uid(0), &results, &[]).is_err());
    close(&mut subnets, NETUID, 0).unwrap();
    assert_eq!(
        record(&mut subnets, NetUid(2), 0, Uid(0), &results, &[]),
        Err(RegistryError::UnknownSubnet)
    );
    assert!(record(&mut subnets, NETUID, 1, Uid(0), &results, &[]).is_err());
    assert!(record(&mut subnets, NETUID, 0, Uid(2), &results, &[]).is_err());
    assert_eq!(
        record(&mut subnets, NETUID, 0, Uid(1), &results, &[]),
        Ok(())
    );
    let page = subnets.metagraph(NETUID, 0);
    let emissions: Vec<u64> = page.iter().map(|view| view.score.emission.0).collect();
    assert_eq!(emissions, [0, 7, 8]);
    assert_eq!(page[2].uid, Uid(2));
    assert_eq!(page[2].neuron.hotkey, account(3));
    assert!(subnets.metagraph(NETUID, 1).is_empty());
    assert!(subnets.metagraph(NETUID, u16::MAX).is_empty());
}

proptest! {
    #[test]
    fn the_owner_has_a_permit(
        roster in proptest::collection::btree_set(0u16..20, 0..10),
        owner in proptest::option::of(0u16..20),
    ) {
        let uids: Vec<Uid> = roster.iter().copied().map(Uid).collect();
        let mut expected = roster;
        expected.extend(owner);
        prop_assert_eq!(
            roster_with_owner(uids, owner.map(Uid)),
            expected.into_iter().map(Uid).collect::<Vec<_>>()
        );
    }
}
