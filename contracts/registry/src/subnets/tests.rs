//! Registration, closes and scores, on ink!'s storage.

use super::*;
use ink::prelude::string::String;
use inktensor_primitives::{
    kernel::YumaParams,
    registry::{
        Hyperparameter, KernelParams, NetworkRules, PruningTerms, RegistrationTerms, Terms,
    },
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const OWNER: u16 = 60_000;
const PRICE: Rao = DEFAULT_REGISTRATION_PRICE;
const NETUID: NetUid = NetUid(1);

fn account(seed: u16) -> AccountId {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&seed.to_le_bytes());
    AccountId::from(bytes)
}

/// Returns the coldkey of the hotkey `account(seed)`.
fn coldkey(seed: u16) -> AccountId {
    let mut bytes = [1; 32];
    bytes[..2].copy_from_slice(&seed.to_le_bytes());
    AccountId::from(bytes)
}

fn settings(max_uids: u16, immunity_period: u32) -> Settings {
    Settings {
        name: String::from("text"),
        owner: coldkey(OWNER),
        owner_hotkey: account(OWNER),
        symbol: String::new(),
        created_at: 0,
        started_at: None,
        retired_at: None,
        lock: Rao::ZERO,
        tempo: 10,
        kernel: account(0),
        max_uids,
        max_validators: 4,
        immunity_period,
        terms: Terms {
            // Prices have tests of their own.
            registration: RegistrationTerms {
                min_burn: PRICE,
                max_burn: PRICE,
                per_block: u16::MAX,
                ..RegistrationTerms::default()
            },
            pruning: PruningTerms {
                min_non_immune: 0,
                immune_owners: 1,
            },
            ..Terms::default()
        },
        params: KernelParams::Yuma(YumaParams::default()),
    }
}

/// Returns a list with the one kernel of [`settings`].
fn kernels() -> Kernels {
    let mut kernels = Kernels::new(account(0));
    let defaults = KernelParams::Yuma(YumaParams::default());
    let allowed = kernels.allow(account(0), [7; 32], Some([7; 32]), defaults);
    assert_eq!(allowed, Ok(()));
    kernels
}

/// Returns a change at block 0.
fn change(caller: AccountId, kernels: &Kernels) -> Change<'_> {
    Change {
        caller,
        now: 0,
        rules: NetworkRules::DEFAULT,
        kernels,
    }
}

fn close(
    subnets: &mut Subnets,
    netuid: NetUid,
    closing: u32,
) -> Result<SubnetSnapshot, RegistryError> {
    subnets.close(netuid, closing, 0, &kernels())
}

fn subnet(max_uids: u16, immunity_period: u32) -> Subnets {
    let mut subnets = Subnets::default();
    let created = subnets.create(&settings(max_uids, immunity_period));
    assert_eq!(created, Ok(NETUID));
    subnets
}

fn applicant(seed: u16, now: u32) -> Applicant {
    Applicant {
        hotkey: account(seed),
        coldkey: coldkey(seed),
        max_price: PRICE,
        now,
    }
}

fn register(subnets: &mut Subnets, seed: u16, now: u32) -> Result<Registered, RegistryError> {
    subnets.register(NETUID, applicant(seed, now))
}

fn scored(emission: u64) -> NeuronResult {
    NeuronResult {
        emission: Rao(emission),
        ..NeuronResult::default()
    }
}

#[ink::test]
fn netuids_count_from_one() {
    let mut subnets = subnet(4, 0);
    assert_eq!(subnets.create(&settings(4, 0)), Ok(NetUid(2)));
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
    assert_eq!(subnets.create(&foreign), Err(RegistryError::NotHotkeyOwner));
}

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
    let status = subnets.hotkey_status(NETUID, account(7), Rao::ZERO);
    assert_eq!(
        (status.subnet_exists, status.owner),
        (true, Some(coldkey(7)))
    );
    assert!(
        !subnets
            .hotkey_status(NetUid(2), account(7), Rao::ZERO)
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
    assert_eq!(set, Ok(()));
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
    assert_eq!(subnets.subnet(NETUID, 0).unwrap().epoch, 1);
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
    assert!(subnets.tenures_at(NETUID, 0, &[Uid(1)]).is_err());
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
    let tenures = subnets.tenures_at(NETUID, 0, &uids).unwrap();
    let generations: Vec<u32> = tenures.iter().map(|tenure| tenure.generation).collect();
    assert_eq!(generations, [1, 64, 65, 200]);
    for bad in [vec![Uid(1), Uid(1)], vec![Uid(2), Uid(1)], vec![Uid(200)]] {
        assert!(matches!(
            subnets.tenures_at(NETUID, 0, &bad),
            Err(RegistryError::OutOfBounds { .. })
        ));
    }
    let many: Vec<Uid> = (0..130).map(Uid).collect();
    assert!(subnets.tenures_at(NETUID, 0, &many[..129]).is_ok());
    assert!(subnets.tenures_at(NETUID, 0, &many).is_err());
}

#[ink::test]
fn scores_are_recorded_of_closed_epochs_only() {
    let mut subnets = subnet(4, 0);
    for seed in 1..4 {
        assert!(register(&mut subnets, seed, 0).is_ok());
    }
    let results = [scored(7), scored(8)];
    assert!(subnets.record(NETUID, 0, Uid(0), &results).is_err());
    close(&mut subnets, NETUID, 0).unwrap();
    assert_eq!(
        subnets.record(NetUid(2), 0, Uid(0), &results),
        Err(RegistryError::UnknownSubnet)
    );
    assert!(subnets.record(NETUID, 1, Uid(0), &results).is_err());
    assert!(subnets.record(NETUID, 0, Uid(2), &results).is_err());
    assert_eq!(subnets.record(NETUID, 0, Uid(1), &results), Ok(()));
    let page = subnets.metagraph(NETUID, 0);
    let emissions: Vec<u64> = page.iter().map(|view| view.score.emission.0).collect();
    assert_eq!(emissions, [0, 7, 8]);
    assert_eq!(page[2].uid, Uid(2));
    assert_eq!(page[2].neuron.hotkey, account(3));
    assert!(subnets.metagraph(NETUID, 1).is_empty());
    assert!(subnets.metagraph(NETUID, u16::MAX).is_empty());
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
        assert_eq!(subnets.record(NETUID, 0, Uid(start), &results), Ok(()));
    }
    assert_eq!(register(&mut subnets, 500, 200).unwrap().uid, Uid(128));
    // The newcomer has earned nothing yet and, without immunity, is replaced next.
    assert_eq!(register(&mut subnets, 501, 201).unwrap().uid, Uid(128));
}

/// An event on a subnet.
#[derive(Clone, Debug)]
enum Event {
    Register(u16),
    Close,
    Score(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0u16..40).prop_map(Event::Register),
        2 => Just(Event::Close),
        2 => (0u64..5).prop_map(Event::Score),
    ]
}

/// A model of a subnet without pages and slots.
#[derive(Clone, Default)]
struct Model {
    seats: Vec<(u16, u32, u32, u64)>,
    closed: Vec<(u16, u32, u32, u64)>,
    open: u32,
    generations: u32,
}

impl Model {
    const MAX: usize = 12;
    const IMMUNITY: u32 = 8;

    /// Registers hotkey `seed` at block `now`. Returns its uid.
    fn register(&mut self, seed: u16, now: u32) -> Option<usize> {
        if self.seats.iter().any(|seat| seat.0 == seed) {
            return None;
        }
        let uid = if self.seats.len() < Self::MAX {
            self.seats.len()
        } else {
            let order: BTreeMap<(u64, u32, usize), usize> = (0..)
                .zip(&self.seats)
                .filter(|(_, seat)| seat.0 != OWNER && now >= seat.1 + Self::IMMUNITY)
                .map(|(uid, seat)| ((seat.3, seat.1, uid), uid))
                .collect();
            *order.first_key_value()?.1
        };
        self.generations += 1;
        let seat = (seed, now, self.generations, 0);
        match self.seats.get_mut(uid) {
            Some(old) => *old = seat,
            None => self.seats.push(seat),
        }
        Some(uid)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After any events, seats, neurons of two epochs, generations and scores are the model's.
    #[test]
    fn a_subnet_behaves_like_its_model(events in proptest::collection::vec(event(), 1..120)) {
        ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
            let mut subnets = subnet(12, Model::IMMUNITY);
            let mut model = Model::default();
            for (now, event) in (0u32..).zip(&events) {
                follow(&mut subnets, &mut model, event, now);
                compare(&subnets, &model);
            }
            Ok(())
        })
        .unwrap();
    }
}

/// Applies `event` to both.
fn follow(subnets: &mut Subnets, model: &mut Model, event: &Event, now: u32) {
    match *event {
        Event::Register(seed) => {
            let seed = if seed == 0 { OWNER } else { seed };
            let expected = model.register(seed, now);
            let seat = register(subnets, seed, now).ok();
            assert_eq!(seat.map(|seat| usize::from(seat.uid.0)), expected);
        }
        Event::Close => {
            let frozen = close(subnets, NETUID, model.open).unwrap();
            assert_eq!(usize::from(frozen.neurons), model.seats.len());
            model.closed = model.seats.clone();
            model.open += 1;
        }
        Event::Score(step) => {
            let Some(epoch) = model.open.checked_sub(1) else {
                return;
            };
            let emissions: Vec<u64> = (0..)
                .zip(&model.closed)
                .map(|(uid, _)| uid * step % 7)
                .collect();
            let results: Vec<NeuronResult> = emissions.iter().map(|rao| scored(*rao)).collect();
            assert_eq!(subnets.record(NETUID, epoch, Uid(0), &results), Ok(()));
            for ((seat, was), emission) in model.seats.iter_mut().zip(&model.closed).zip(emissions)
            {
                if seat.2 == was.2 {
                    seat.3 = emission;
                }
            }
        }
    }
}

/// Checks that both agree on the open epoch and the one before.
fn compare(subnets: &Subnets, model: &Model) {
    let count = u16::try_from(model.seats.len()).unwrap();
    let views = subnets.metagraph(NETUID, 0);
    let seen: Vec<_> = views
        .iter()
        .map(|view| (view.neuron.generation, view.score.emission.0))
        .collect();
    let expected: Vec<_> = model.seats.iter().map(|seat| (seat.2, seat.3)).collect();
    assert_eq!(seen, expected);
    for (uid, seat) in (0..).zip(&model.seats) {
        let found = subnets.seat(NETUID, account(seat.0)).unwrap();
        assert_eq!((found.uid, found.generation), (Uid(uid), seat.2));
        assert_eq!((found.neurons, found.epoch), (count, model.open));
    }
    for (epoch, seats) in [
        (Some(model.open), &model.seats),
        (model.open.checked_sub(1), &model.closed),
    ] {
        let Some(epoch) = epoch else { continue };
        let count = u16::try_from(seats.len()).unwrap();
        let neurons = subnets.neurons_at(NETUID, epoch, Uid(0), count).unwrap();
        let uids: Vec<Uid> = (0..count).map(Uid).collect();
        let tenures = subnets.tenures_at(NETUID, epoch, &uids).unwrap();
        for ((neuron, tenure), seat) in neurons.iter().zip(&tenures).zip(seats) {
            assert_eq!(neuron.hotkey, account(seat.0));
            assert_eq!((neuron.generation, tenure.generation), (seat.2, seat.2));
        }
    }
}
