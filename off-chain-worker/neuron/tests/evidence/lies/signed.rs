//! Check 3: lies about signatures.

use super::*;

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

pub fn question_signed_by_another_key(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, any)?;
    let other = newcomer(rng, 5, &mut it.keys).hotkey;
    let asked = &mut it.evidence.receipts[index].asked;
    asked.signature = SignedRequest::sign(&it.keys[&other], asked.asked())
        .unwrap()
        .signature;
    it.answer_again(index);
    question_signature(it, index)
}

pub fn question_changed_after_signing(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn answer_signed_by_the_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn answer_changed_after_signing(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn answer_to_another_question(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_signed)?;
    let uid = it.evidence.receipts[index].uid;
    let other = some_receipt(it, rng, |other| other.uid == uid && is_signed(other))?;
    if other == index {
        return None;
    }
    it.evidence.receipts[index].outcome = it.evidence.receipts[other].outcome.clone();
    answer_signature(it, index)
}

pub fn answer_called_refusal(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_signed)?;
    let outcome = &mut it.evidence.receipts[index].outcome;
    *outcome = match outcome.clone() {
        Outcome::Signed(response) => Outcome::Refused(response),
        Outcome::Refused(response) => Outcome::Signed(response),
        Outcome::Silent { .. } | Outcome::Unsigned { .. } => return None,
    };
    answer_signature(it, index)
}
