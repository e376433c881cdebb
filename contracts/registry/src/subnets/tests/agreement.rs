//! A hotkey belongs to a coldkey after the hotkey has agreed.

use super::*;

/// Returns an application without a signature.
fn unsigned(seed: u16, coldkey: AccountId) -> Applicant {
    Applicant {
        coldkey,
        has_signed: false,
        ..applicant(seed, 0)
    }
}

#[ink::test]
fn a_coldkey_does_not_get_a_hotkey_that_has_not_agreed() {
    let mut subnets = subnet(4, 0);
    let refused = Err(RegistryError::NotAgreed);
    assert_eq!(subnets.register(NETUID, unsigned(1, coldkey(9))), refused);
    assert_eq!(subnets.agree(account(1), Some(coldkey(1))), Ok(()));
    assert_eq!(subnets.agreed(account(1)), Some(coldkey(1)));
    assert_eq!(subnets.register(NETUID, unsigned(1, coldkey(9))), refused);
    let mut foreign = settings(4, 0);
    foreign.owner_hotkey = account(2);
    assert_eq!(
        subnets.create(&foreign, false),
        Err(RegistryError::NotAgreed)
    );
}

#[ink::test]
fn a_hotkey_agrees_once() {
    let mut subnets = subnet(4, 0);
    assert_eq!(subnets.agree(account(1), Some(coldkey(1))), Ok(()));
    assert!(subnets.register(NETUID, unsigned(1, coldkey(1))).is_ok());
    assert_eq!(subnets.agreed(account(1)), None);
    for coldkey in [None, Some(coldkey(2))] {
        let late = subnets.agree(account(1), coldkey);
        assert_eq!(late, Err(RegistryError::HotkeyOwned));
    }
    // The owner needs no agreement for another subnet.
    let mut second = settings(4, 0);
    second.owner_hotkey = account(1);
    second.owner = coldkey(1);
    assert!(subnets.create(&second, false).is_ok());
}

#[ink::test]
fn a_withdrawn_agreement_does_not_count() {
    let mut subnets = subnet(4, 0);
    for coldkey in [Some(coldkey(1)), None] {
        assert_eq!(subnets.agree(account(1), coldkey), Ok(()));
    }
    assert_eq!(
        subnets.register(NETUID, unsigned(1, coldkey(1))),
        Err(RegistryError::NotAgreed)
    );
}

#[ink::test]
fn a_coldkey_that_is_the_hotkey_needs_no_agreement() {
    let mut subnets = subnet(4, 0);
    assert!(subnets.register(NETUID, unsigned(1, account(1))).is_ok());
    assert_eq!(subnets.owner_of(account(1)), Some(account(1)));
}

#[ink::test]
fn a_swap_and_a_transfer_need_the_agreement_of_the_new_hotkey() {
    let mut subnets = subnet(4, 0);
    assert!(register(&mut subnets, 1, 0).is_ok());
    let keys = (account(1), account(2));
    let swap = subnets.swap_hotkey(NETUID, coldkey(1), keys, false, 0);
    assert_eq!(swap, Err(RegistryError::NotAgreed));
    assert!(subnets
        .swap_hotkey(NETUID, coldkey(1), keys, true, 0)
        .is_ok());
    let offered = subnets.offer(NETUID, coldkey(OWNER), Some(coldkey(3)));
    assert_eq!(offered, Ok(()));
    assert_eq!(
        subnets.accept(NETUID, coldkey(3), account(3), false),
        Err(RegistryError::NotAgreed)
    );
    assert_eq!(
        subnets.accept(NETUID, coldkey(3), account(3), true),
        Ok(coldkey(OWNER))
    );
}
