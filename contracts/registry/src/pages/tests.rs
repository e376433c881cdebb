//! Pages against a plain history of seats.

use super::*;
use ink::scale::Encode;
use inktensor_primitives::{AccountId, Rao};
use proptest::prelude::*;

/// Limit of a storage value: with its key it must fit in ink!'s buffer and in `pallet-contracts`.
const STORAGE_VALUE: usize = 16 * 1024;

fn neuron(generation: u32, epoch: u32) -> Neuron {
    Neuron {
        hotkey: AccountId::from([generation.to_le_bytes()[0]; 32]),
        coldkey: AccountId::from([1; 32]),
        registered_at: 10 * generation,
        registered_epoch: epoch,
        generation,
        identity: None,
    }
}

fn result(emission: u64) -> NeuronResult {
    NeuronResult {
        emission: Rao(emission),
        ..NeuronResult::default()
    }
}

fn full_pages() -> (NeuronPage, StandingPage) {
    let mut neurons = NeuronPage::default();
    let mut standings = StandingPage::default();
    for epoch in [3, 4] {
        for uid in 0..PAGE {
            let seated = neuron(u32::from(uid), epoch);
            standings.seat(Uid(uid), epoch, &seated).unwrap();
            neurons.seat(Uid(uid), epoch, seated).unwrap();
        }
    }
    (neurons, standings)
}

#[test]
fn full_pages_fit_in_a_storage_value() {
    let (neurons, standings) = full_pages();
    let key = 64;
    assert!(neurons.encoded_size() + key < STORAGE_VALUE);
    assert!(3 * standings.encoded_size() < STORAGE_VALUE);
    let views = views(Uid(0), neurons, &standings);
    assert_eq!(views.len(), usize::from(PAGE));
    assert!(views.encoded_size() < STORAGE_VALUE);
}

#[test]
fn a_span_ends_with_its_page_and_the_seats_taken() {
    assert_eq!(span(Uid(64), 64, 4096), Ok(0..64));
    assert_eq!(span(Uid(70), 2, 72), Ok(6..8));
    assert_eq!(span(Uid(5), 0, 5), Ok(5..5));
    let refused = |value, max| {
        Err(RegistryError::OutOfBounds {
            field: BoundedField::Uid,
            value,
            min: 0,
            max,
        })
    };
    assert_eq!(span(Uid(70), 3, 72), refused(73, 72));
    assert_eq!(span(Uid(60), 5, 4096), refused(65, 64));
    assert_eq!(span(Uid(9), 0, 5), refused(9, 5));
    assert_eq!(
        span(Uid(u16::MAX), u16::MAX, u16::MAX),
        refused(131_070, 65_535)
    );
}

#[test]
fn seats_of_a_page_are_taken_in_order() {
    let (mut neurons, mut standings) = (NeuronPage::default(), StandingPage::default());
    assert!(neurons.seat(Uid(1), 0, neuron(1, 0)).is_err());
    assert!(standings.seat(Uid(1), 0, &neuron(1, 0)).is_err());
    assert_eq!(neurons.seat(Uid(64), 0, neuron(1, 0)), Ok(None));
    assert_eq!(neurons.neuron(Uid(64)), Some(&neuron(1, 0)));
    assert_eq!(neurons.neuron(Uid(65)), None);
}

#[test]
fn a_newcomer_has_no_score_of_an_earlier_epoch() {
    let mut page = StandingPage::default();
    for uid in 0..2 {
        page.seat(Uid(uid), 0, &neuron(1, 0)).unwrap();
    }
    page.record(0, Uid(0), &[result(5), result(6)], &[])
        .unwrap();
    page.seat(Uid(1), 2, &neuron(2, 2)).unwrap();
    assert_eq!(page.standings()[1].score, NeuronResult::default());
    page.record(1, Uid(0), &[result(7), result(8)], &[])
        .unwrap();
    assert_eq!(page.standings()[0].score, result(7));
    assert_eq!(page.standings()[1].score, NeuronResult::default());
    page.record(2, Uid(1), &[result(9)], &[]).unwrap();
    assert_eq!(page.standings()[1].score, result(9));
}

#[test]
fn scores_do_not_go_back_in_time() {
    let mut page = StandingPage::default();
    page.seat(Uid(0), 0, &neuron(1, 0)).unwrap();
    page.record(4, Uid(0), &[result(5)], &[]).unwrap();
    assert_eq!(
        page.record(3, Uid(0), &[result(6)], &[]),
        Err(RegistryError::TooOld)
    );
    assert_eq!(page.standings()[0].score, result(5));
}

proptest! {
    /// After registrations in random epochs on random seats, both pages agree with plain copies of
    /// the seats at the end of the open and the last closed epoch.
    #[test]
    fn both_pages_hold_two_epochs(
        steps in proptest::collection::vec((0u32..3, any::<prop::sample::Index>()), 1..150),
    ) {
        let (mut neurons, mut standings) = (NeuronPage::default(), StandingPage::default());
        let mut open = 0;
        let mut history: Vec<Vec<Neuron>> = vec![vec![]];
        for (generation, (epochs, seat)) in (1..).zip(steps) {
            for _ in 0..epochs {
                open += 1;
                history.push(history.last().cloned().unwrap_or_default());
            }
            let seats = history.last_mut().unwrap();
            let choices = (seats.len() + 1).min(usize::from(PAGE));
            let place = seat.index(choices);
            let uid = Uid(u16::try_from(place).unwrap());
            let newcomer = neuron(generation, open);

            standings.seat(uid, open, &newcomer).unwrap();
            let replaced = neurons.seat(uid, open, newcomer.clone()).unwrap();
            prop_assert_eq!(replaced.as_ref(), seats.get(place));
            if place == seats.len() {
                seats.push(newcomer);
            } else {
                seats[place] = newcomer;
            }

            for epoch in [open, open.saturating_sub(1)] {
                let expected = &history[epoch as usize];
                prop_assert_eq!(&neurons.at(0..expected.len(), epoch), &Ok(expected.clone()));
                prop_assert!(neurons.at(0..expected.len() + 1, epoch).is_err());
                for (place, neuron) in expected.iter().enumerate() {
                    let uid = Uid(u16::try_from(place).unwrap());
                    let tenure = standings.tenure_at(uid, epoch).unwrap();
                    prop_assert_eq!(tenure.generation, neuron.generation);
                    prop_assert_eq!(tenure.registered_epoch, neuron.registered_epoch);
                }
            }
        }
    }
}
