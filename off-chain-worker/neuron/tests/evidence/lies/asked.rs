//! Check 2: lies about what was asked.

use super::*;

pub fn another_seed_block(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn another_manifest(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let found = digest(rng);
    it.evidence.head.manifest = found;
    it.pledge();
    let expected = it.facts.manifest?;
    Some(Expected::exactly(Falsehood::Manifest { found, expected }))
}

pub fn only_friends_asked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let uid = it.evidence.receipts.get(some_receipt(it, rng, any)?)?.uid;
    it.evidence.receipts.retain(|receipt| receipt.uid != uid);
    it.evidence.standings.retain(|it| it.uid != uid);
    it.weigh();
    Some(Expected::exactly(Falsehood::ReceiptMissing {
        uid,
        number: 0,
    }))
}

pub fn question_left_out(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let (uid, number) = place(&it.evidence.receipts.remove(index));
    it.conclude();
    Some(Expected::exactly(Falsehood::ReceiptMissing { uid, number }))
}

/// The copier: another one's weights, and no receipts for its own seed.
pub fn nothing_asked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn receipt_twice(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let receipt = it.evidence.receipts[index].clone();
    let (uid, number) = place(&receipt);
    it.evidence.receipts.insert(index, receipt);
    it.conclude();
    Some(Expected::exactly(Falsehood::ReceiptExtra { uid, number }))
}

pub fn stranger_asked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn receipts_reordered(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn question_of_own_choice(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn question_of_another_epoch(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let (kind, home) = (rng.below(3), digest(rng));
    asked_otherwise(it, rng, AskedField::Context, |asked| match kind {
        0 => asked.context.epoch -= 1,
        1 => asked.context.home = home,
        _ => asked.context.netuid = NetUid(asked.context.netuid.0 + 1),
    })
}

/// The copier that takes another validator's receipts for its own.
pub fn receipts_of_another_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other = newcomer(rng, 7, &mut it.keys);
    let differs = rng.below(3);
    for index in 0..it.evidence.receipts.len() {
        let asked = &mut it.evidence.receipts[index].asked;
        if differs != 0 {
            asked.context.by = Some(other.generation);
        }
        if differs != 1 {
            asked.hotkey = other.hotkey;
        }
        it.sign_both(index);
    }
    let (uid, number) = place(it.evidence.receipts.first()?);
    it.pledge();
    let field = AskedField::By;
    Some(Expected::exactly(Falsehood::Asked { uid, number, field }))
}

pub fn question_to_another_seat(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other = newcomer(rng, 9, &mut it.keys);
    let only_generation = rng.below(2) == 0;
    asked_otherwise(it, rng, AskedField::To, |asked| {
        asked.context.seat = asked.context.seat.wrapping_add(1);
        if !only_generation {
            asked.context.to = other.hotkey;
        }
    })
}

pub fn question_to_another_endpoint(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other_media = rng.below(2) == 0;
    asked_otherwise(it, rng, AskedField::Endpoint, |asked| match other_media {
        true => asked.media = Media::Octets,
        false => asked.path = Path::new("/v1/hello").unwrap(),
    })
}

pub fn one_question_for_two(it: &mut Network, _: &mut Draw) -> Option<Expected> {
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

pub fn more_time_for_a_friend(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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
