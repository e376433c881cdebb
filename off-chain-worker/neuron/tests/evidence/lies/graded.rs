//! Check 4: lies about grades.

use super::*;

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

pub fn worth_raised(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    graded_otherwise(it, rng, |worth, rng| {
        (worth < Worth::WHOLE).then(|| Worth(within(rng, worth.0 as u32 + 1, 65_535) as u16))
    })
}

pub fn worth_lowered(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    graded_otherwise(it, rng, |worth, rng| {
        (worth > Worth::NONE).then(|| Worth(rng.below(worth.0.into()) as u16))
    })
}

/// A lie in one grade, found by a sample that happens to hold it: every larger one does too.
pub fn sampled_worth(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn nothing_checked(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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

pub fn checked_without_being_drawn(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    assert!(it.terms().check <= Bps::ONE);
    let index = some_receipt(it, rng, |it| it.grade == Grade::Unchecked)?;
    wrong_grade(it, index, Grade::Checked(Worth::WHOLE), Grade::Unchecked)
}

pub fn late_answer_paid(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, |it| it.grade == Grade::Late)?;
    wrong_grade(it, index, Grade::Checked(Worth::WHOLE), Grade::Late)
}

pub fn silence_paid(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, |it| it.grade == Grade::Unanswered)?;
    let given = match rng.below(2) {
        0 => Grade::Checked(Worth::WHOLE),
        _ => Grade::Unchecked,
    };
    wrong_grade(it, index, given, Grade::Unanswered)
}

/// The worth of an answer that must be checked is not known before.
const TO_CHECK: Grade = Grade::Checked(Worth::NONE);

pub fn answer_called_unanswered(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_checked)?;
    wrong_grade(it, index, Grade::Unanswered, TO_CHECK)
}

pub fn answer_called_late(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = some_receipt(it, rng, is_checked)?;
    wrong_grade(it, index, Grade::Late, TO_CHECK)
}

pub fn body_left_out(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
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
