//! Creation of subnets, and the owner's rights.

use super::*;
use inktensor_primitives::registry::Hyperparameter;

#[ink::test]
fn netuids_count_from_one() {
    let mut subnets = subnet(4, 0);
    assert_eq!(subnets.create(&settings(4, 0), true), Ok(NetUid(2)));
    assert_eq!(subnets.count(), 2);
    assert_eq!(subnets.subnet(NetUid(0), 0), None);
    assert_eq!(subnets.subnet(NetUid(3), 0), None);
    let first = subnets.subnet(NETUID, 0).unwrap();
    assert_eq!((first.epoch, first.neurons, first.max_uids), (0, 0, 4));
}

#[ink::test]
fn the_owners_hotkey_belongs_to_the_owner() {
    let mut subnets = subnet(4, 0);
    assert_eq!(subnets.owner_of(account(OWNER)), Some(coldkey(OWNER)));
    let mut thief = applicant(OWNER, 1);
    thief.coldkey = coldkey(1);
    assert_eq!(
        subnets.register(NETUID, thief),
        Err(RegistryError::NotHotkeyOwner)
    );
    let mut foreign = settings(4, 0);
    foreign.owner = coldkey(1);
    assert_eq!(
        subnets.create(&foreign, true),
        Err(RegistryError::NotHotkeyOwner)
    );
}

#[ink::test]
fn only_the_owner_sets_hyperparameters() {
    let kernels = kernels();
    let mut subnets = subnet(2, 0);
    let tempo = Hyperparameter::Tempo(99);
    assert_eq!(
        subnets.set(NETUID, tempo.clone(), change(coldkey(1), &kernels)),
        Err(RegistryError::NotOwner)
    );
    assert_eq!(
        subnets.set(NetUid(2), tempo.clone(), change(coldkey(OWNER), &kernels)),
        Err(RegistryError::UnknownSubnet)
    );
    let set = subnets.set(NETUID, tempo, change(coldkey(OWNER), &kernels));
    assert_eq!(set, Ok(0));
    assert_eq!(subnets.subnet(NETUID, 0).unwrap().tempo, 99);
    for seed in 1..3 {
        assert!(register(&mut subnets, seed, 0).is_ok());
    }
    let fewer = Hyperparameter::MaxUids(1);
    let set = subnets.set(NETUID, fewer, change(coldkey(OWNER), &kernels));
    assert!(set.is_err());
    let kernel = Hyperparameter::Kernel(account(1));
    assert_eq!(
        subnets.set(NETUID, kernel, change(coldkey(OWNER), &kernels)),
        Err(RegistryError::KernelNotAllowed)
    );
}
