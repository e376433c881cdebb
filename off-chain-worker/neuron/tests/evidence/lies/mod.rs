//! Lies about evidence, each with the false item that an audit must name.
//!
//! A liar is consistent: after the lie it pledges again, and whatever follows from the lie follows.
//! So only the lie itself is false.

mod asked;
mod graded;
mod pledged;
mod signed;
mod weighed;

use crate::{
    mutations,
    network::{digest, newcomer, within, Network},
};
use inktensor_neuron::evidence::{
    audit::{AskedField, Falsehood, HeadField, Sample},
    facts::ChainWeights,
    scoring, Evidence, Grade, Receipt, Standing,
};
use inktensor_primitives::{Bps, NetUid, Uid};
use inktensor_task::{Draw, Worth};
use inktensor_wire::{
    signature::sha256, Content, Media, Outcome, Path, SignedRequest, SignedResponse,
};

use asked::*;
use graded::*;
use pledged::*;
use signed::*;
use weighed::*;

/// The item that an audit must name.
pub struct Expected(Box<dyn Fn(&Falsehood) -> bool>);

impl Expected {
    pub fn exactly(expected: Falsehood) -> Self {
        Self::like(move |found| *found == expected)
    }

    pub fn like(expected: impl Fn(&Falsehood) -> bool + 'static) -> Self {
        Self(Box::new(expected))
    }

    pub fn is(&self, found: &Falsehood) -> bool {
        (self.0)(found)
    }
}

/// A kind of lie. `tell` changes a network, unless the lie is not possible there.
pub struct Lie {
    pub name: &'static str,
    pub tell: fn(&mut Network, &mut Draw) -> Option<Expected>,
}

macro_rules! lies {
    ($($name:ident),* $(,)?) => {
        /// All kinds of lies.
        pub const LIES: &[Lie] = &[$(Lie { name: stringify!($name), tell: $name }),*];
    };
}

lies!(
    no_pledge,
    pledge_out_of_time,
    pledge_of_another_epoch,
    another_root,
    another_count,
    another_hash_of_weights,
    another_deployment,
    another_subnet,
    another_epoch,
    another_validator,
    another_generation,
    another_seed_block,
    another_manifest,
    only_friends_asked,
    question_left_out,
    nothing_asked,
    receipt_twice,
    stranger_asked,
    receipts_reordered,
    question_of_own_choice,
    question_of_another_epoch,
    receipts_of_another_validator,
    question_to_another_seat,
    question_to_another_endpoint,
    one_question_for_two,
    more_time_for_a_friend,
    question_signed_by_another_key,
    question_changed_after_signing,
    answer_signed_by_the_validator,
    answer_changed_after_signing,
    answer_to_another_question,
    answer_called_refusal,
    worth_raised,
    worth_lowered,
    sampled_worth,
    nothing_checked,
    checked_without_being_drawn,
    late_answer_paid,
    silence_paid,
    answer_called_unanswered,
    answer_called_late,
    body_left_out,
    another_root_before,
    evidence_before_denied,
    evidence_before_of_another_validator,
    friend_averaged_higher,
    miner_left_out_of_averages,
    stranger_averaged,
    averages_reordered,
    friend_weighed_higher,
    weights_reordered,
    weights_copied,
    weights_not_set,
    mutated_after_the_pledge,
    mutated_before_the_pledge,
);

/// Returns a random receipt that satisfies a condition, by its place.
fn some_receipt(
    network: &Network,
    rng: &mut Draw,
    condition: impl Fn(&Receipt) -> bool,
) -> Option<usize> {
    let receipts = network.evidence.receipts.iter().enumerate();
    let places: Vec<usize> = receipts
        .filter(|(_, it)| condition(it))
        .map(|(place, _)| place)
        .collect();
    rng.pick(&places).copied()
}

fn any(_: &Receipt) -> bool {
    true
}

fn is_checked(receipt: &Receipt) -> bool {
    matches!(receipt.grade, Grade::Checked(_))
}

fn is_signed(receipt: &Receipt) -> bool {
    matches!(receipt.outcome, Outcome::Signed(_) | Outcome::Refused(_))
}

fn place(receipt: &Receipt) -> (Uid, u16) {
    (receipt.uid, receipt.number)
}

/// A change of any field after the pledge: the root does not hold, unless the head shows it first.
fn mutated_after_the_pledge(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let honest = it.evidence.clone();
    mutations::mutate(&mut it.evidence, rng);
    (it.evidence != honest).then_some(())?;
    Some(Expected::like(|found| {
        matches!(found, Falsehood::Root { .. } | Falsehood::Head(_))
    }))
}

/// A change of any field before the pledge: some later check finds it.
fn mutated_before_the_pledge(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let honest = it.evidence.clone();
    let harmless = mutations::mutate(&mut it.evidence, rng);
    (it.evidence != honest && !harmless).then_some(())?;
    it.sample = Sample::All;
    it.settle();
    Some(Expected::like(|found| {
        !matches!(
            found,
            Falsehood::NotPledged
                | Falsehood::PledgedAt { .. }
                | Falsehood::PledgedEpoch(_)
                | Falsehood::Root { .. }
                | Falsehood::PledgedReceipts { .. }
                | Falsehood::PledgedWeights
                | Falsehood::ChainWeight { .. }
                | Falsehood::WeightsNotSet
        )
    }))
}
