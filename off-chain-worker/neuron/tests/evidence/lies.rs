//! Lies about evidence, each with the false item that an audit must name.
//!
//! A liar is consistent: after the lie it pledges again, and whatever follows from the lie follows.
//! So only the lie itself is false.

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

// Check 1.

fn no_pledge(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.facts.pledged = None;
    Some(Expected::exactly(Falsehood::NotPledged))
}

fn pledge_out_of_time(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let from = it.facts.round()?.asked_at();
    let to = it.facts.closed_at?;
    let block = match rng.below(2) {
        0 => from - within(rng, 1, 8),
        _ => to + within(rng, 1, 8),
    };
    it.facts.pledged.as_mut()?.block = block;
    Some(Expected::exactly(Falsehood::PledgedAt { block, from, to }))
}

fn pledge_of_another_epoch(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let epoch = it.facts.epoch + within(rng, 1, 3);
    it.facts.pledged.as_mut()?.epoch = epoch;
    Some(Expected::exactly(Falsehood::PledgedEpoch(epoch)))
}

fn another_root(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let pledged = digest(rng);
    it.facts.pledged.as_mut()?.root = pledged;
    let found = it.evidence.root();
    Some(Expected::exactly(Falsehood::Root { found, pledged }))
}

fn another_count(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    let pledged = &mut it.facts.pledged.as_mut()?.receipts;
    *pledged += 1;
    let (found, pledged) = (it.evidence.receipts.len(), *pledged);
    Some(Expected::exactly(Falsehood::PledgedReceipts {
        found,
        pledged,
    }))
}

fn another_hash_of_weights(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.facts.pledged.as_mut()?.weights = digest(rng);
    Some(Expected::exactly(Falsehood::PledgedWeights))
}

fn of_head(it: &mut Network, field: HeadField) -> Option<Expected> {
    it.pledge();
    Some(Expected::exactly(Falsehood::Head(field)))
}

fn another_deployment(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.evidence.head.home = digest(rng);
    of_head(it, HeadField::Home)
}

fn another_subnet(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.evidence.head.netuid = NetUid(it.evidence.head.netuid.0 + 1);
    of_head(it, HeadField::Netuid)
}

fn another_epoch(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.evidence.head.epoch -= 1;
    of_head(it, HeadField::Epoch)
}

fn another_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.evidence.head.validator = newcomer(rng, 0, &mut it.keys);
    of_head(it, HeadField::Validator)
}

fn another_generation(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.evidence.head.validator.generation += 1;
    of_head(it, HeadField::Validator)
}

// Check 2.

fn another_seed_block(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let expected = it.facts.seed_block.number;
    let block = &mut it.evidence.head.seed_block;
    match rng.below(2) {
        0 => block.hash = digest(rng),
        _ => block.number -= 1,
    }
    let found = block.number;
    it.pledge();
    Some(Expected::exactly(Falsehood::SeedBlock { found, expected }))
}

fn another_manifest(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let found = digest(rng);
    it.evidence.head.manifest = found;
    it.pledge();
    let expected = it.facts.manifest?;
    Some(Expected::exactly(Falsehood::Manifest { found, expected }))
}

fn only_friends_asked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let uid = it.evidence.receipts.get(some_receipt(it, rng, any)?)?.uid;
    it.evidence.receipts.retain(|receipt| receipt.uid != uid);
    it.evidence.standings.retain(|it| it.uid != uid);
    it.weigh();
    Some(Expected::exactly(Falsehood::ReceiptMissing {
        uid,
        number: 0,
    }))
}

fn question_left_out(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let (uid, number) = place(&it.evidence.receipts.remove(index));
    it.conclude();
    Some(Expected::exactly(Falsehood::ReceiptMissing { uid, number }))
}

/// The copier: another one's weights, and no receipts for its own seed.
fn nothing_asked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let first = it.facts.miners.first()?.uid;
    it.evidence.receipts.clear();
    for standing in &mut it.evidence.standings {
        standing.average = Worth(within(rng, 0, 65_535) as u16);
    }
    it.weigh();
    Some(Expected::exactly(Falsehood::ReceiptMissing {
        uid: first,
        number: 0,
    }))
}

fn receipt_twice(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let receipt = it.evidence.receipts[index].clone();
    let (uid, number) = place(&receipt);
    it.evidence.receipts.insert(index, receipt);
    it.conclude();
    Some(Expected::exactly(Falsehood::ReceiptExtra { uid, number }))
}

fn stranger_asked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let stranger = newcomer(rng, 60_000, &mut it.keys);
    let mut receipt = it.evidence.receipts[index].clone();
    receipt.uid = stranger.uid;
    receipt.asked.context.to = stranger.hotkey;
    receipt.asked.context.seat = stranger.generation;
    let (uid, number) = place(&receipt);
    it.evidence.receipts.push(receipt);
    it.sign_both(it.evidence.receipts.len() - 1);
    it.pledge();
    Some(Expected::exactly(Falsehood::ReceiptExtra { uid, number }))
}

fn receipts_reordered(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let receipts = &mut it.evidence.receipts;
    let other = (index + 1 + rng.index(receipts.len().checked_sub(1)?)) % receipts.len();
    if other == index {
        return None;
    }
    receipts.swap(index, other);
    let (uid, number) = place(&receipts[index.min(other)]);
    it.pledge();
    Some(Expected::exactly(Falsehood::ReceiptExtra { uid, number }))
}

fn question_of_own_choice(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let receipt = &mut it.evidence.receipts[index];
    let chosen = [
        &b"{\"numbers\":[0,0]}"[..],
        b"{\"numbers\":[1,1]}",
        b"{ \"numbers\": [] }",
    ];
    let chosen: Vec<_> = chosen
        .iter()
        .map(|text| sha256(text))
        .filter(|body| *body != receipt.asked.body)
        .collect();
    receipt.asked.body = *rng.pick(&chosen)?;
    let (uid, number) = place(receipt);
    it.sign_both(index);
    it.pledge();
    Some(Expected::exactly(Falsehood::Question { uid, number }))
}

/// Signs a changed question by both sides, and expects it to be named for `field`.
fn asked_otherwise(
    it: &mut Network,
    rng: &mut Draw,
    field: AskedField,
    change: impl FnOnce(&mut SignedRequest),
) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let receipt = &mut it.evidence.receipts[index];
    change(&mut receipt.asked);
    let (uid, number) = place(receipt);
    it.sign_both(index);
    it.pledge();
    Some(Expected::exactly(Falsehood::Asked { uid, number, field }))
}

fn question_of_another_epoch(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let (kind, home) = (rng.below(3), digest(rng));
    asked_otherwise(it, rng, AskedField::Context, |asked| match kind {
        0 => asked.context.epoch -= 1,
        1 => asked.context.home = home,
        _ => asked.context.netuid = NetUid(asked.context.netuid.0 + 1),
    })
}

/// The copier that takes another validator's receipts for its own.
fn receipts_of_another_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other = newcomer(rng, 7, &mut it.keys);
    let only_generation = rng.below(2) == 0;
    for index in 0..it.evidence.receipts.len() {
        let asked = &mut it.evidence.receipts[index].asked;
        asked.context.by = Some(other.generation);
        if !only_generation {
            asked.hotkey = other.hotkey;
        }
        it.sign_both(index);
    }
    let (uid, number) = place(it.evidence.receipts.first()?);
    it.pledge();
    let field = AskedField::By;
    Some(Expected::exactly(Falsehood::Asked { uid, number, field }))
}

fn question_to_another_seat(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other = newcomer(rng, 9, &mut it.keys);
    let only_generation = rng.below(2) == 0;
    asked_otherwise(it, rng, AskedField::To, |asked| {
        asked.context.seat = asked.context.seat.wrapping_add(1);
        if !only_generation {
            asked.context.to = other.hotkey;
        }
    })
}

fn question_to_another_endpoint(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other_media = rng.below(2) == 0;
    asked_otherwise(it, rng, AskedField::Endpoint, |asked| match other_media {
        true => asked.media = Media::Octets,
        false => asked.path = Path::new("/v1/hello").unwrap(),
    })
}

fn one_question_for_two(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    let receipts = &mut it.evidence.receipts;
    let pairs = (0..receipts.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
    let (first, second) = pairs.into_iter().find(|(a, b)| {
        let (a, b) = (&receipts[*a], &receipts[*b]);
        a.uid == b.uid && a.asked.body == b.asked.body
    })?;
    receipts[second].asked = receipts[first].asked.clone();
    receipts[second].outcome = receipts[first].outcome.clone();
    let (uid, number) = place(&receipts[second]);
    it.pledge();
    Some(Expected::exactly(Falsehood::Repeated { uid, number }))
}

fn more_time_for_a_friend(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let window = it.terms().window;
    let start = it
        .evidence
        .receipts
        .iter()
        .map(|it| it.asked.created)
        .min()?;
    let seconds = u64::from(window) + u64::from(within(rng, 1, 300));
    let receipt = &mut it.evidence.receipts[index];
    // Another question must keep the start.
    receipt.asked.expires = start + seconds;
    receipt.asked.created = receipt
        .asked
        .created
        .max(receipt.asked.expires.saturating_sub(60));
    let (uid, number) = place(receipt);
    it.sign_both(index);
    let still = it
        .evidence
        .receipts
        .iter()
        .map(|it| it.asked.created)
        .min()?
        == start;
    it.pledge();
    still.then(|| {
        Expected::exactly(Falsehood::Window {
            uid,
            number,
            seconds,
            window,
        })
    })
}

// Check 3.

fn question_signature(it: &mut Network, index: usize) -> Option<Expected> {
    let (uid, number) = place(&it.evidence.receipts[index]);
    it.pledge();
    Some(Expected::like(move |found| {
        matches!(found, Falsehood::QuestionSignature { uid: u, number: n, .. }
            if (*u, *n) == (uid, number))
    }))
}

fn answer_signature(it: &mut Network, index: usize) -> Option<Expected> {
    let (uid, number) = place(&it.evidence.receipts[index]);
    it.pledge();
    Some(Expected::like(move |found| {
        matches!(found, Falsehood::AnswerSignature { uid: u, number: n, .. }
            if (*u, *n) == (uid, number))
    }))
}

fn question_signed_by_another_key(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let other = newcomer(rng, 5, &mut it.keys).hotkey;
    let asked = &mut it.evidence.receipts[index].asked;
    asked.signature = SignedRequest::sign(&it.keys[&other], asked.asked())
        .unwrap()
        .signature;
    it.answer_again(index);
    question_signature(it, index)
}

fn question_changed_after_signing(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let asked = &mut it.evidence.receipts[index].asked;
    match rng.below(4) {
        0 => asked.nonce[rng.index(16)] ^= 1 << rng.below(8),
        1 => asked.created = asked.created.max(asked.expires - 60) + 1,
        2 => asked.expires -= 1,
        _ => asked.signature[rng.index(64)] ^= 1 << rng.below(8),
    }
    // An earlier start or a later end would be found by check 2.
    (asked.created < asked.expires).then_some(())?;
    question_signature(it, index)
}

fn answer_signed_by_the_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, |_| true)?;
    let receipt = &mut it.evidence.receipts[index];
    let key = &it.keys[&receipt.asked.hotkey];
    let body = b"{\"total\":1}".to_vec();
    let created = receipt.asked.created;
    let forged = SignedResponse::sign(key, &receipt.asked, 200, Media::Json, body, created);
    receipt.outcome = Outcome::Signed(forged);
    receipt.grade = Grade::Checked(Worth::WHOLE);
    it.conclude();
    answer_signature(it, index)
}

fn answer_changed_after_signing(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_signed)?;
    let receipt = &mut it.evidence.receipts[index];
    let (Outcome::Signed(response) | Outcome::Refused(response)) = &mut receipt.outcome else {
        return None;
    };
    match rng.below(5) {
        0 => response.content = Content::Whole(b"{\"total\":2 }".to_vec()),
        1 => response.content = Content::Digest(digest(rng)),
        2 => response.created += 1,
        3 => response.media = Media::Octets,
        _ => response.signature[rng.index(64)] ^= 1 << rng.below(8),
    }
    answer_signature(it, index)
}

fn answer_to_another_question(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_signed)?;
    let uid = it.evidence.receipts[index].uid;
    let other = some_receipt(it, rng, |other| other.uid == uid && is_signed(other))?;
    if other == index {
        return None;
    }
    it.evidence.receipts[index].outcome = it.evidence.receipts[other].outcome.clone();
    answer_signature(it, index)
}

fn answer_called_refusal(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_signed)?;
    let outcome = &mut it.evidence.receipts[index].outcome;
    *outcome = match outcome.clone() {
        Outcome::Signed(response) => Outcome::Refused(response),
        Outcome::Refused(response) => Outcome::Signed(response),
        Outcome::Silent { .. } | Outcome::Unsigned { .. } => return None,
    };
    answer_signature(it, index)
}

// Check 4.

fn graded_otherwise(
    it: &mut Network,
    rng: &mut Draw,
    to: impl Fn(Worth, &mut Draw) -> Option<Worth>,
) -> Option<Expected> {
    let index = some_receipt(it, rng, is_checked)?;
    let receipt = &mut it.evidence.receipts[index];
    let Grade::Checked(found) = receipt.grade else {
        return None;
    };
    let given = to(found, rng)?;
    receipt.grade = Grade::Checked(given);
    let (uid, number) = place(receipt);
    it.sample = Sample::All;
    it.conclude();
    Some(Expected::exactly(Falsehood::Worth {
        uid,
        number,
        given,
        found,
    }))
}

fn worth_raised(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    graded_otherwise(it, rng, |worth, rng| {
        (worth < Worth::WHOLE).then(|| Worth(within(rng, worth.0 as u32 + 1, 65_535) as u16))
    })
}

fn worth_lowered(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    graded_otherwise(it, rng, |worth, rng| {
        (worth > Worth::NONE).then(|| Worth(rng.below(worth.0.into()) as u16))
    })
}

/// A lie in one grade, found by a sample that happens to hold it: every larger one does too.
fn sampled_worth(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let expected = worth_lowered(it, rng)?;
    let graded = it
        .evidence
        .receipts
        .iter()
        .filter(|it| is_checked(it))
        .count();
    it.sample = Sample::Some {
        count: graded + rng.index(3),
        seed: rng.word(),
    };
    Some(expected)
}

fn nothing_checked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let first = it.evidence.receipts.iter().find(|it| is_checked(it))?;
    let (uid, number) = place(first);
    for receipt in &mut it.evidence.receipts {
        if is_checked(receipt) {
            receipt.grade = Grade::Unchecked;
        }
    }
    // All miners alike, which is what not checking is good for.
    let alike = Worth(within(rng, 1, 65_535) as u16);
    for standing in &mut it.evidence.standings {
        standing.average = alike;
    }
    it.weigh();
    Some(Expected::exactly(Falsehood::Unchecked { uid, number }))
}

fn wrong_grade(it: &mut Network, index: usize, given: Grade, found: Grade) -> Option<Expected> {
    let receipt = &mut it.evidence.receipts[index];
    receipt.grade = given;
    let (uid, number) = place(receipt);
    it.conclude();
    Some(Expected::exactly(Falsehood::Grade {
        uid,
        number,
        given,
        found,
    }))
}

fn checked_without_being_drawn(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    assert!(it.terms().check <= Bps::ONE);
    let index = some_receipt(it, rng, |it| it.grade == Grade::Unchecked)?;
    wrong_grade(it, index, Grade::Checked(Worth::WHOLE), Grade::Unchecked)
}

fn late_answer_paid(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, |it| it.grade == Grade::Late)?;
    wrong_grade(it, index, Grade::Checked(Worth::WHOLE), Grade::Late)
}

fn silence_paid(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, |it| it.grade == Grade::Unanswered)?;
    let given = match rng.below(2) {
        0 => Grade::Checked(Worth::WHOLE),
        _ => Grade::Unchecked,
    };
    wrong_grade(it, index, given, Grade::Unanswered)
}

/// The worth of an answer that must be checked is not known before.
const TO_CHECK: Grade = Grade::Checked(Worth::NONE);

fn answer_called_unanswered(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_checked)?;
    wrong_grade(it, index, Grade::Unanswered, TO_CHECK)
}

fn answer_called_late(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_checked)?;
    wrong_grade(it, index, Grade::Late, TO_CHECK)
}

fn body_left_out(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_checked)?;
    let receipt = &mut it.evidence.receipts[index];
    let (uid, number) = place(receipt);
    receipt.outcome = match receipt.outcome.clone() {
        Outcome::Signed(response) => Outcome::Signed(response.without_body()),
        _ => return None,
    };
    it.pledge();
    Some(Expected::exactly(Falsehood::NoBody { uid, number }))
}

// Check 5.

fn another_root_before(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.evidence.head.before = Some(digest(rng));
    it.pledge();
    Some(Expected::exactly(Falsehood::Before))
}

/// The validator begins with empty averages, although it has pledged before.
fn evidence_before_denied(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.before.take()?;
    it.evidence.head.before = None;
    it.conclude();
    Some(Expected::exactly(Falsehood::Before))
}

/// The validator once pledged another one's evidence, and continues from its averages.
fn evidence_before_of_another_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other = newcomer(rng, 0, &mut it.keys);
    let change: fn(&mut Evidence, _) = match rng.below(3) {
        0 => |before, other| before.head.validator = other,
        1 => |before, _| before.head.home[0] ^= 1,
        _ => |before, _| before.head.epoch += 1,
    };
    let before = it.before.as_mut()?;
    change(before, other);
    let root = before.root();
    it.facts.before.as_mut()?.root = root;
    it.evidence.head.before = Some(root);
    it.pledge();
    Some(Expected::exactly(Falsehood::Before))
}

fn friend_averaged_higher(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = rng.index(it.evidence.standings.len());
    let standing = it.evidence.standings.get_mut(index)?;
    let (uid, found) = (standing.uid, standing.average);
    let given = Worth(within(rng, 0, 65_535) as u16);
    if given == found {
        return None;
    }
    standing.average = given;
    it.weigh();
    let (given, found) = (Some(given), Some(found));
    Some(Expected::exactly(Falsehood::Average { uid, given, found }))
}

fn miner_left_out_of_averages(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = rng.index(it.evidence.standings.len());
    it.evidence.standings.get(index)?;
    let Standing { uid, average, .. } = it.evidence.standings.remove(index);
    it.weigh();
    let found = Some(average);
    Some(Expected::exactly(Falsehood::Average {
        uid,
        given: None,
        found,
    }))
}

fn stranger_averaged(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let average = Worth(within(rng, 1, 65_535) as u16);
    let uid = Uid(60_001);
    it.evidence.standings.push(Standing {
        uid,
        generation: 1,
        average,
    });
    it.weigh();
    let given = Some(average);
    Some(Expected::exactly(Falsehood::Average {
        uid,
        given,
        found: None,
    }))
}

fn averages_reordered(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    let [first, .., last] = it.evidence.standings.as_mut_slice() else {
        return None;
    };
    std::mem::swap(first, last);
    let (uid, found) = (last.uid, Some(last.average));
    it.pledge();
    Some(Expected::exactly(Falsehood::Average {
        uid,
        given: None,
        found,
    }))
}

fn friend_weighed_higher(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = rng.index(it.facts.miners.len());
    let uid = it.facts.miners.get(index)?.uid;
    let weights = &mut it.evidence.weights;
    let found = weights.iter().find(|it| it.0 == uid).map_or(0, |it| it.1);
    let given = rng.below(65_536) as u16;
    if given == found {
        return None;
    }
    weights.retain(|it| it.0 != uid);
    weights.push((uid, given));
    weights.sort_unstable();
    it.settle();
    Some(Expected::exactly(Falsehood::Weight { uid, given, found }))
}

fn weights_reordered(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    if it.evidence.weights.len() < 2 {
        return None;
    }
    it.evidence.weights.reverse();
    it.settle();
    Some(Expected::like(|found| {
        matches!(found, Falsehood::Weight { .. })
    }))
}

/// Honest evidence, and other weights on the chain.
fn weights_copied(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let mut averages = scoring_averages(it)?;
    for standing in &mut averages {
        standing.average = Worth(within(rng, 0, 65_535) as u16);
    }
    let copied = scoring::weights(&averages);
    let given = it.evidence.weights.clone();
    if copied == given {
        return None;
    }
    it.facts.weights = ChainWeights::Row(copied.clone());
    Some(Expected::like(move |found| match found {
        Falsehood::ChainWeight {
            uid,
            given: own,
            chain,
        } => {
            let of = |row: &[(Uid, u16)]| row.iter().find(|it| it.0 == *uid).map_or(0, |it| it.1);
            own != chain && *own == of(&given) && *chain == of(&copied)
        }
        _ => false,
    }))
}

fn scoring_averages(it: &Network) -> Option<Vec<Standing>> {
    (!it.evidence.standings.is_empty()).then(|| it.evidence.standings.clone())
}

fn weights_not_set(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.facts.weights = ChainWeights::Absent;
    (!it.evidence.weights.is_empty()).then(|| Expected::exactly(Falsehood::WeightsNotSet))
}

// Blind changes.

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
