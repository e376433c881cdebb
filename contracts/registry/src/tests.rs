//! Messages: callers, errors and events.

use crate::{subnets::Applicant, SubnetRegistry, DEFAULT_REGISTRATION_PRICE};
use ink::{
    env::{
        test::{default_accounts, recorded_events, set_caller, DefaultAccounts},
        DefaultEnvironment,
    },
    prelude::string::String,
    scale::Decode,
};
use inktensor_primitives::{
    kernel::{NeuronResult, YumaParams},
    registry::{
        AdminChanged, Agreement, BoundedField, Hyperparameter, HyperparameterSet, KernelEntry,
        KernelParams, KernelRetired, NetworkRules, PagePay, Registry, RegistryError, SubnetCreated,
        SymbolSet, ANNOUNCED_FOR,
    },
    token::{Successor, WireError},
    wiring::Wired,
    AccountId, NetUid, Rao,
};

fn accounts() -> DefaultAccounts<DefaultEnvironment> {
    default_accounts::<DefaultEnvironment>()
}

fn call_as(caller: AccountId) {
    set_caller::<DefaultEnvironment>(caller);
}

/// Deploys a registry as Alice, where subnets are free and may choose Django as kernel.
fn deployed() -> SubnetRegistry {
    call_as(accounts().alice);
    let mut registry = SubnetRegistry::new(AccountId::from([9; 32]), free()).unwrap();
    // No contract has code here, so `allow_kernel` is tested on a chain.
    let entry = KernelEntry {
        code_hash: [7; 32],
        defaults: defaults(),
        from: 0,
        retired: false,
    };
    let allowed = registry
        .kernels
        .allow(accounts().django, Some([7; 32]), &entry);
    assert_eq!(allowed, Ok(()));
    registry
}

/// Returns rules of a network where subnets are free and can be created at any time.
fn free() -> NetworkRules {
    NetworkRules {
        min_lock: Rao::ZERO,
        creation_interval: 0,
        ..NetworkRules::DEFAULT
    }
}

/// Returns the kernel's default parameters of [`deployed`].
fn defaults() -> KernelParams {
    KernelParams::Yuma(YumaParams {
        kappa: 7,
        ..YumaParams::default()
    })
}

fn successor() -> Successor {
    Successor {
        minter: accounts().eve,
        registry: accounts().frank,
    }
}

/// Deploys the same with Bob's subnet 1.
fn with_subnet() -> SubnetRegistry {
    let mut registry = deployed();
    call_as(accounts().charlie);
    assert_eq!(registry.agree(Some(accounts().bob)), Ok(()));
    call_as(accounts().bob);
    assert_eq!(create(&mut registry, 10, 64, 8), Ok(NetUid(1)));
    registry
}

fn create(
    registry: &mut SubnetRegistry,
    tempo: u32,
    max_uids: u16,
    max_validators: u16,
) -> Result<NetUid, RegistryError> {
    registry.create_subnet(
        String::from("text"),
        accounts().charlie,
        accounts().django,
        tempo,
        max_uids,
        max_validators,
        Rao::ZERO,
        None,
    )
}

#[ink::test]
fn a_price_above_all_tao_is_refused() {
    call_as(accounts().alice);
    let token = AccountId::from([9; 32]);
    let with_lock = |min_lock| NetworkRules { min_lock, ..free() };
    assert!(SubnetRegistry::new(token, with_lock(Rao::CAP)).is_ok());
    assert_eq!(
        SubnetRegistry::new(token, with_lock(Rao(Rao::CAP.0 + 1))).err(),
        Some(RegistryError::OutOfBounds {
            field: BoundedField::MinLock,
            value: Rao::CAP.0 + 1,
            min: 0,
            max: Rao::CAP.0
        })
    );
}

#[ink::test]
fn only_the_deployer_wires_and_only_once() {
    let mut registry = deployed();
    call_as(accounts().bob);
    assert_eq!(registry.wire(accounts().bob), Err(WireError::NotDeployer));
    call_as(accounts().alice);
    assert_eq!(registry.wire(accounts().eve), Ok(()));
    assert_eq!(registry.wire(accounts().eve), Err(WireError::AlreadyWired));
}

#[ink::test]
fn wiring_emits_an_event() {
    let mut registry = deployed();
    assert_eq!(registry.wire(accounts().eve), Ok(()));
    let event = recorded_events().last().unwrap();
    let event = Wired::decode(&mut event.data.as_slice()).unwrap();
    assert_eq!(event.peers, [accounts().eve]);
}

#[ink::test]
fn only_the_epoch_contract_closes_and_scores() {
    let mut registry = with_subnet();
    for caller in [accounts().alice, accounts().bob, accounts().eve] {
        call_as(caller);
        assert_eq!(
            registry.begin_epoch(NetUid(1), 0, vec![]),
            Err(RegistryError::NotEpoch)
        );
        assert_eq!(
            registry.record_pay(NetUid(1), 0, vec![]),
            Err(RegistryError::NotEpoch)
        );
    }
    call_as(accounts().alice);
    assert_eq!(registry.wire(accounts().eve), Ok(()));
    call_as(accounts().eve);
    let frozen = registry.begin_epoch(NetUid(1), 0, vec![]).unwrap();
    assert_eq!((frozen.neurons, frozen.owner_uid), (0, None));
    // Without neurons nothing closes, so there is no epoch to record.
    assert!(matches!(
        registry.record_pay(NetUid(1), 0, vec![]),
        Err(RegistryError::OutOfBounds { .. })
    ));
}

/// A front ends these messages without writing the root cell.
#[ink::test]
fn messages_of_epochs_leave_the_root_cell_as_it_is() {
    let root = |registry: &SubnetRegistry| {
        let mut bytes = Vec::new();
        ink::storage::traits::Storable::encode(registry, &mut bytes);
        bytes
    };
    let mut registry = with_subnet();
    let applicant = Applicant {
        hotkey: accounts().frank,
        coldkey: accounts().bob,
        max_price: Rao::CAP,
        now: 0,
        has_signed: true,
    };
    let seat = registry.subnets.register(NetUid(1), applicant).unwrap();
    call_as(accounts().bob);
    assert_eq!(registry.start(NetUid(1)), Ok(()));
    call_as(accounts().alice);
    assert_eq!(registry.wire(accounts().eve), Ok(()));
    call_as(accounts().eve);
    let before = root(&registry);
    assert!(!before.is_empty());
    let closed = registry.begin_epoch(NetUid(1), 0, vec![]).unwrap();
    assert_eq!(closed.neurons, seat.uid.0 + 1);
    assert_eq!(root(&registry), before);
    let pay = PagePay {
        start: seat.uid,
        scores: vec![NeuronResult::default()],
        owed: vec![Rao(3)],
    };
    assert_eq!(registry.record_pay(NetUid(1), 0, vec![pay]), Ok(()));
    assert_eq!(root(&registry), before);
    let taken = registry.take_owed(NetUid(1), vec![seat.uid]).unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(root(&registry), before);
    let left = registry.take_left(NetUid(1), accounts().frank);
    assert_eq!(left, Ok(None));
    assert_eq!(root(&registry), before);
    // A message that does change it.
    call_as(accounts().alice);
    assert_eq!(registry.offer_admin(Some(accounts().bob)), Ok(()));
    assert_ne!(root(&registry), before);
}

#[ink::test]
fn a_new_subnet_has_its_owners_choices_and_the_defaults() {
    let registry = with_subnet();
    let subnet = registry.subnet(NetUid(1)).unwrap();
    assert_eq!(subnet.name, "text");
    assert_eq!(subnet.owner, accounts().bob);
    assert_eq!(subnet.owner_hotkey, accounts().charlie);
    assert_eq!(subnet.kernel, accounts().django);
    assert_eq!(
        (subnet.tempo, subnet.max_uids, subnet.max_validators),
        (10, 64, 8)
    );
    assert_eq!(subnet.registration_price, DEFAULT_REGISTRATION_PRICE);
    assert_eq!(subnet.params, defaults());
    assert_eq!(registry.subnets(), 1);
    assert_eq!(registry.owner_of(accounts().charlie), Some(accounts().bob));
    let event = recorded_events().last().unwrap();
    let event = SubnetCreated::decode(&mut event.data.as_slice()).unwrap();
    assert_eq!((event.netuid, event.owner), (NetUid(1), accounts().bob));
}

#[ink::test]
fn a_subnet_out_of_bounds_is_refused() {
    let mut registry = deployed();
    assert!(create(&mut registry, 0, 64, 8).is_err());
    assert!(create(&mut registry, 10, 4097, 8).is_err());
    assert!(create(&mut registry, 10, 64, 0).is_err());
    let nameless = registry.create_subnet(
        String::new(),
        accounts().charlie,
        accounts().django,
        10,
        64,
        8,
        Rao::ZERO,
        None,
    );
    assert_eq!(nameless, Err(RegistryError::BadName));
    call_as(accounts().alice);
    assert_eq!(registry.retire_kernel(accounts().django), Ok(()));
    let retired = create(&mut registry, 10, 64, 8);
    assert_eq!(retired, Err(RegistryError::KernelNotAllowed));
    assert_eq!(registry.subnets(), 0);
}

#[ink::test]
fn setting_a_hyperparameter_emits_an_event() {
    let mut registry = with_subnet();
    let value = Hyperparameter::Tempo(99);
    call_as(accounts().eve);
    assert_eq!(
        registry.set_hyperparameter(NetUid(1), value.clone()),
        Err(RegistryError::NotOwner)
    );
    call_as(accounts().bob);
    assert_eq!(
        registry.set_hyperparameter(NetUid(1), value.clone()),
        Ok(())
    );
    let event = recorded_events().last().unwrap();
    let event = HyperparameterSet::decode(&mut event.data.as_slice()).unwrap();
    assert_eq!((event.netuid, event.value), (NetUid(1), value));
    assert_eq!(event.from_epoch, 0);
}

#[ink::test]
fn setting_a_symbol_emits_an_event() {
    let mut registry = with_subnet();
    let symbol = String::from("α");
    call_as(accounts().eve);
    let refused = registry.set_symbol(NetUid(1), symbol.clone());
    assert_eq!(refused, Err(RegistryError::NotOwner));
    call_as(accounts().bob);
    assert_eq!(registry.set_symbol(NetUid(1), symbol.clone()), Ok(()));
    assert_eq!(registry.subnet(NetUid(1)).unwrap().symbol, symbol);
    let event = recorded_events().last().unwrap();
    let event = SymbolSet::decode(&mut event.data.as_slice()).unwrap();
    assert_eq!((event.netuid, event.symbol), (NetUid(1), symbol));
}

#[ink::test]
fn the_deployer_is_admin_until_another_is() {
    let mut registry = deployed();
    assert_eq!(registry.admin(), accounts().alice);
    call_as(accounts().bob);
    for refused in [
        registry.allow_kernel(accounts().eve, [1; 32], defaults()),
        registry.retire_kernel(accounts().django),
        registry.offer_admin(Some(accounts().bob)),
        registry.set_network_rules(free()),
        registry.cancel_network_rules(),
        registry.brake(1),
        registry.close_down(successor()),
        registry.cancel_close_down(),
    ] {
        assert_eq!(refused, Err(RegistryError::NotAdmin));
    }
    call_as(accounts().alice);
    assert_eq!(registry.offer_admin(Some(accounts().bob)), Ok(()));
    assert_eq!(registry.offered_admin(), Some(accounts().bob));
    assert_eq!(registry.accept_admin(), Err(RegistryError::AdminNotOffered));
    assert_eq!(registry.admin(), accounts().alice);
    call_as(accounts().bob);
    assert_eq!(registry.accept_admin(), Ok(()));
    let event = recorded_events().last().unwrap();
    let event = AdminChanged::decode(&mut event.data.as_slice()).unwrap();
    assert_eq!((event.from, event.to), (accounts().alice, accounts().bob));
    call_as(accounts().alice);
    assert_eq!(
        registry.retire_kernel(accounts().django),
        Err(RegistryError::NotAdmin)
    );
    call_as(accounts().bob);
    assert_eq!(registry.retire_kernel(accounts().django), Ok(()));
    let event = recorded_events().last().unwrap();
    let event = KernelRetired::decode(&mut event.data.as_slice()).unwrap();
    assert_eq!(event.kernel, accounts().django);
    assert!(registry.kernel(accounts().django).unwrap().retired);
    assert_eq!(registry.kernels(), [accounts().django]);
}

#[ink::test]
fn defaults_out_of_bounds_are_refused() {
    let mut registry = deployed();
    for defaults in [
        KernelParams::Other(vec![0; 257]),
        KernelParams::Yuma(YumaParams {
            activity_cutoff: 0,
            ..YumaParams::default()
        }),
    ] {
        let allowed = registry.allow_kernel(accounts().eve, [1; 32], defaults);
        assert!(matches!(allowed, Err(RegistryError::OutOfBounds { .. })));
    }
}

#[ink::test]
fn a_signature_is_an_agreement_with_one_coldkey_on_one_registry() {
    let mut registry = deployed();
    let hotkey = schnorrkel::Keypair::generate();
    let account = AccountId::from(hotkey.public.to_bytes());
    let sign = |bytes: &[u8]| {
        let context = schnorrkel::signing_context(b"substrate");
        Some(hotkey.sign(context.bytes(bytes)).to_bytes())
    };
    let create = |registry: &mut SubnetRegistry, signature| {
        registry.create_subnet(
            String::from("text"),
            account,
            accounts().django,
            10,
            64,
            8,
            Rao::ZERO,
            signature,
        )
    };
    let agreement = registry.agreement(account, accounts().bob);
    let elsewhere = Agreement {
        registry: accounts().eve,
        hotkey: account,
        coldkey: accounts().bob,
    };
    call_as(accounts().bob);
    for refused in [None, Some([0; 64]), sign(&elsewhere.bytes())] {
        let refused = create(&mut registry, refused);
        assert_eq!(refused, Err(RegistryError::NotAgreed));
    }
    call_as(accounts().eve);
    let stolen = create(&mut registry, sign(&agreement));
    assert_eq!(stolen, Err(RegistryError::NotAgreed));
    call_as(accounts().bob);
    assert_eq!(create(&mut registry, sign(&agreement)), Ok(NetUid(1)));
    assert_eq!(registry.owner_of(account), Some(accounts().bob));
}

#[ink::test]
fn rules_count_at_once_before_the_first_subnet_and_a_day_later_then() {
    let mut registry = deployed();
    let rules = |subnet_limit| NetworkRules {
        subnet_limit,
        ..NetworkRules::DEFAULT
    };
    assert_eq!(registry.set_network_rules(rules(7)), Ok(()));
    assert_eq!(registry.network_rules(), rules(7));
    assert_eq!(registry.set_network_rules(free()), Ok(()));
    call_as(accounts().charlie);
    assert!(create(&mut registry, 10, 64, 8).is_ok());
    call_as(accounts().alice);
    assert_eq!(registry.set_network_rules(rules(8)), Ok(()));
    assert_eq!(registry.network_rules(), free());
    let announced = registry.announced_rules().unwrap();
    assert_eq!((announced.rules, announced.from), (rules(8), ANNOUNCED_FOR));
    assert_eq!(registry.cancel_network_rules(), Ok(()));
    assert_eq!(registry.announced_rules(), None);
}

#[ink::test]
fn a_brake_stops_seats_and_subnets_and_nothing_else() {
    let mut registry = with_subnet();
    call_as(accounts().alice);
    assert_eq!(registry.brake(9), Ok(()));
    assert_eq!(registry.braked_until(), Some(9));
    let status = registry.hotkey_status(NetUid(1), accounts().charlie);
    assert_eq!(status.braked_until, Some(9));
    call_as(accounts().bob);
    let braked = RegistryError::Braked(9);
    assert_eq!(create(&mut registry, 10, 64, 8), Err(braked.clone()));
    assert_eq!(
        registry.register(NetUid(1), accounts().charlie, Rao::CAP, None),
        Err(braked)
    );
    let tempo = Hyperparameter::Tempo(99);
    assert_eq!(registry.set_hyperparameter(NetUid(1), tempo), Ok(()));
    assert_eq!(registry.start(NetUid(1)), Ok(()));
}
