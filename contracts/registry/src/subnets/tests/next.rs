//! Hyperparameters count from the next epoch on.

use super::*;
use inktensor_primitives::registry::{Hyperparameter, NOTICE, STUCK_AFTER};

/// Returns a subnet with one neuron whose epochs run from block 0 on.
fn running() -> Subnets {
    let mut subnets = subnet(4, 20);
    assert_eq!(subnets.start(NETUID, coldkey(OWNER), 0), Ok(()));
    assert!(register(&mut subnets, 1, 0).is_ok());
    subnets
}

fn set(
    subnets: &mut Subnets,
    caller: AccountId,
    now: u32,
    value: Hyperparameter,
) -> Result<u32, RegistryError> {
    subnets.set(NETUID, value, change_at(caller, &kernels(), now))
}

fn tempo_of(subnets: &Subnets) -> u32 {
    subnets.subnet(NETUID, 0).unwrap().tempo
}

#[ink::test]
fn a_value_counts_from_the_next_epoch_on() {
    let mut subnets = running();
    let owner = coldkey(OWNER);
    let set = set(&mut subnets, owner, 10, Hyperparameter::Tempo(15));
    assert_eq!(set, Ok(1));
    assert_eq!(tempo_of(&subnets), 10);
    assert_eq!(subnets.next_subnet(NETUID, 10).unwrap().tempo, 15);
    let snapshot = close_at(&mut subnets, NETUID, 0, 10).unwrap();
    assert_eq!((snapshot.subnet.tempo, tempo_of(&subnets)), (10, 15));
    let snapshot = close_at(&mut subnets, NETUID, 1, 25).unwrap();
    assert_eq!(snapshot.subnet.tempo, 15);
}

/// Runs `test` on empty storage.
fn run(test: impl FnOnce()) {
    let ran = ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
        test();
        Ok(())
    });
    assert!(ran.is_ok());
}

#[test]
fn a_late_epoch_closes_with_values_that_everybody_could_see() {
    let stuck = 10 + STUCK_AFTER;
    for (set_at, closed_at, tempo) in [
        (5, stuck - 1, 10),
        (stuck, stuck, 10),
        (stuck - NOTICE + 1, stuck, 10),
        (stuck - NOTICE, stuck, 15),
        (stuck, stuck + NOTICE, 15),
    ] {
        run(|| {
            let mut subnets = running();
            let value = Hyperparameter::Tempo(15);
            assert!(set(&mut subnets, coldkey(OWNER), set_at, value).is_ok());
            let snapshot = close_at(&mut subnets, NETUID, 0, closed_at).unwrap();
            assert_eq!(snapshot.subnet.tempo, tempo, "{set_at} {closed_at}");
            assert_eq!(tempo_of(&subnets), 15);
        });
    }
}

#[ink::test]
fn a_cooldown_is_not_shortened_by_a_later_tempo() {
    let mut subnets = running();
    let owner = coldkey(OWNER);
    let immunity = |blocks| Hyperparameter::ImmunityPeriod(blocks);
    assert!(set(&mut subnets, owner, 0, immunity(30)).is_ok());
    assert!(set(&mut subnets, owner, 0, Hyperparameter::Tempo(1)).is_ok());
    close_at(&mut subnets, NETUID, 0, 10).unwrap();
    assert_eq!(tempo_of(&subnets), 1);
    assert_eq!(
        set(&mut subnets, owner, 19, immunity(40)),
        Err(RegistryError::Cooldown(20))
    );
    assert_eq!(set(&mut subnets, owner, 20, immunity(40)), Ok(2));
    assert_eq!(
        set(&mut subnets, owner, 21, immunity(50)),
        Err(RegistryError::Cooldown(22))
    );
}

#[ink::test]
fn seats_that_were_taken_meanwhile_stay() {
    let mut subnets = running();
    let owner = coldkey(OWNER);
    // The limit is at least the number of seats taken, when it is set and when it counts.
    assert!(set(&mut subnets, owner, 0, Hyperparameter::MaxUids(1)).is_ok());
    assert!(register(&mut subnets, 2, 1).is_ok());
    close_at(&mut subnets, NETUID, 0, 10).unwrap();
    assert_eq!(subnets.subnet(NETUID, 10).unwrap().max_uids, 2);
}

#[ink::test]
fn the_owner_sets_neither_thresholds_nor_permits() {
    let mut subnets = running();
    let params = |kappa| {
        Hyperparameter::Yuma(YumaParams {
            kappa,
            min_stake: Rao(1),
            ..YumaParams::default()
        })
    };
    let kappa = YumaParams::default().kappa;
    for value in [
        params(1),
        Hyperparameter::MinStake(Rao(1)),
        Hyperparameter::Kappa(1),
        Hyperparameter::MaxValidators(1),
    ] {
        let refused = set(&mut subnets, coldkey(OWNER), 0, value.clone());
        assert_eq!(refused, Err(RegistryError::SetByAdmin), "{value:?}");
        assert_eq!(set(&mut subnets, account(ADMIN), 0, value), Ok(1));
    }
    assert_eq!(
        set(&mut subnets, coldkey(OWNER), 99, params(kappa)),
        Err(RegistryError::SetByAdmin)
    );
    assert_eq!(set(&mut subnets, coldkey(OWNER), 99, params(1)), Ok(1));
}

#[ink::test]
fn the_admin_chooses_a_kernel_only_for_a_stuck_subnet() {
    let mut subnets = running();
    let admin = account(ADMIN);
    let kernel = || Hyperparameter::Kernel(account(9));
    let refused = Err(RegistryError::KernelByOwner);
    let stuck = 10 + STUCK_AFTER;
    assert_eq!(set(&mut subnets, admin, 0, kernel()), refused);
    assert_eq!(set(&mut subnets, admin, stuck - 1, kernel()), refused);
    assert_eq!(set(&mut subnets, admin, stuck, kernel()), Ok(1));
    assert_eq!(
        set(&mut subnets, coldkey(OWNER), stuck + 20, kernel()),
        Ok(1)
    );
}

#[ink::test]
fn the_admin_chooses_a_kernel_after_three_epochs_without_pay() {
    let mut subnets = running();
    let admin = account(ADMIN);
    let kernel = || Hyperparameter::Kernel(account(9));
    let refused = Err(RegistryError::KernelByOwner);
    // A fourth epoch may still become final.
    for (epoch, now) in (0..4).zip([10, 20, 30, 40]) {
        assert_eq!(set(&mut subnets, admin, now, kernel()), refused);
        close_at(&mut subnets, NETUID, epoch, now).unwrap();
    }
    assert_eq!(set(&mut subnets, admin, 40, kernel()), Ok(5));
    assert_eq!(
        record(&mut subnets, NETUID, 3, Uid(0), &[scored(0)], &[]),
        Ok(())
    );
    assert_eq!(set(&mut subnets, admin, 40, kernel()), refused);
}
