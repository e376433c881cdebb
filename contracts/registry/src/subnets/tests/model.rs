//! Random events on a subnet and on a model of it.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

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
            // Without neurons nothing closes.
            if frozen.neurons > 0 {
                model.closed = model.seats.clone();
                model.open += 1;
            }
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
            assert_eq!(
                record(subnets, NETUID, epoch, Uid(0), &results, &[]),
                Ok(())
            );
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
        let tenures = tenures_at(subnets, epoch, &uids).unwrap();
        for ((neuron, tenure), seat) in neurons.iter().zip(&tenures).zip(seats) {
            assert_eq!(neuron.hotkey, account(seat.0));
            assert_eq!((neuron.generation, tenure.generation), (seat.2, seat.2));
        }
    }
}
