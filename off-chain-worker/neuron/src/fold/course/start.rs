//! The rule by which a neuron takes the start of an epoch from its votes.

use crate::fold::pledges::Votes;
use inktensor_primitives::Digest;
use inktensor_train::{most_named_start, voted_start};

/// The facts of an epoch's start that a neuron knows before the votes.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The start, if the neuron has computed or taken one, and whether it is certain.
    pub start: Option<(Digest, bool)>,
    /// Epochs before this one, in a row, in which most stake named no start.
    pub without: u32,
    /// The newest start of an earlier epoch that the neuron was sure of.
    pub last: Option<Digest>,
    /// The manifest's state.
    pub first: Digest,
}

/// Returns the start of an epoch by its votes, and whether it is certain; and the number of epochs
/// up to this one, in a row, without a start that most stake names. There is no start if the neuron
/// must wait for another epoch.
///
/// - The start that most stake names, whatever the neuron knows.
/// - The start that the neuron has computed.
/// - Without any vote on the chain: the newest one that the neuron was sure of, or the manifest's.
/// - From the second epoch in a row on without most stake: the start with most stake among the
///   votes. So neurons that were all away agree again.
pub fn start_of(known: &Known, votes: &Votes) -> (Option<(Digest, bool)>, u32) {
    if let Some(voted) = voted_start(&votes.voters) {
        return (Some((voted, true)), 0);
    }
    let without = known.without.saturating_add(1);
    if let Some((start, true)) = known.start {
        return (Some((start, true)), without);
    }
    let held = known.start.map(|(start, _)| start);
    let uncertain = match (votes.any, known.without) {
        (false, _) => held.or(known.last).or(Some(known.first)),
        (true, 0) => held,
        (true, _) => most_named_start(&votes.voters).or(held).or(known.last),
    };
    (uncertain.map(|start| (start, false)), without)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_task::Seat;
    use inktensor_train::{Ballot, Vote, Voter, BALLOT_BYTES};

    const KNOWN: Known = Known {
        start: None,
        without: 0,
        last: None,
        first: [9; 32],
    };

    /// Returns votes: stakes, with the start that each names.
    fn votes(all: &[(u64, Option<u8>)]) -> Votes {
        let voters = (0..).zip(all).map(|(uid, (stake, named))| {
            let vote = named.map(|byte| Vote {
                start: [byte; 32],
                ballot: Ballot::from_bytes([0; BALLOT_BYTES]),
            });
            let seat = Seat { uid, generation: 1 };
            let stake = *stake;
            (seat, Voter { stake, vote })
        });
        Votes {
            voters: voters.collect(),
            any: all.iter().any(|(_, named)| named.is_some()),
            axons: Vec::new(),
        }
    }

    #[test]
    fn most_stake_decides_over_what_a_neuron_has_computed() {
        let all = votes(&[(60, Some(1)), (40, Some(2))]);
        for start in [None, Some(([2; 32], true)), Some(([2; 32], false))] {
            let known = Known { start, ..KNOWN };
            assert_eq!(start_of(&known, &all), (Some(([1; 32], true)), 0));
        }
    }

    #[test]
    fn a_computed_start_stands_without_most_stake() {
        let known = Known {
            start: Some(([3; 32], true)),
            without: 5,
            ..KNOWN
        };
        for all in [&[(40, Some(1)), (60, None)][..], &[(1, None)]] {
            assert_eq!(start_of(&known, &votes(all)), (Some(([3; 32], true)), 6));
        }
    }

    #[test]
    fn a_neuron_that_was_away_waits_an_epoch_before_it_takes_the_most_named_start() {
        let all = votes(&[(30, Some(1)), (19, Some(2)), (51, None)]);
        let last = Some([4; 32]);
        assert_eq!(start_of(&Known { last, ..KNOWN }, &all), (None, 1));
        let later = Known {
            last,
            without: 1,
            ..KNOWN
        };
        assert_eq!(start_of(&later, &all), (Some(([1; 32], false)), 2));
        // One that was taken without most stake is no better than the others.
        let taken = Known {
            start: Some(([2; 32], false)),
            ..later
        };
        assert_eq!(start_of(&taken, &all), (Some(([1; 32], false)), 2));
    }

    #[test]
    fn without_any_vote_the_last_sure_start_or_the_first_one_counts() {
        let none = votes(&[(60, None)]);
        assert_eq!(start_of(&KNOWN, &none), (Some(([9; 32], false)), 1));
        let last = Some([4; 32]);
        let known = Known { last, ..KNOWN };
        assert_eq!(start_of(&known, &none), (Some(([4; 32], false)), 1));
    }
}
