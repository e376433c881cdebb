//! A program over the fold `train/1`, with all rules of an epoch.

use crate::{text::text, Digest};
use inktensor_exact::{adamw::AdamW, gpt::Config, ExactError};
use inktensor_task::{blake2, Blob, Fold, Seat, Seed};
use inktensor_train::{judge, Answer, Epoch, Guard, Join, Member, Recipe, Trace, Train, Verdict};

/// A model that fits no tile.
const CONFIG: Config = Config {
    vocabulary: 127,
    context: 25,
    width: 22,
    layers: 2,
    heads: 2,
    hidden: 37,
};
/// Steps of a seat in an epoch.
const STEPS: u16 = 5;

/// The refusal of something that a program made for itself.
const REFUSED: ExactError = ExactError::Size {
    what: "an epoch of a program",
    size: 0,
    needed: 1,
};

fn refused<E>(_: E) -> ExactError {
    REFUSED
}

/// Two epochs of two seats: their pledges, the guard, the join and the measure, to the hash of the
/// state that the third epoch begins with. Each step must be true by its probe, and each end sound.
pub(crate) fn epochs() -> Result<Digest, ExactError> {
    let recipe = Recipe {
        rows: 5,
        descent: AdamW::SMALL,
    };
    let train = Train::new(CONFIG, recipe, text(12, 20_000)).map_err(refused)?;
    let mut start = train.start(&Seed([13; 32])).map_err(refused)?.to_blob();
    let mut digest = Digest::new();
    for number in 0..2u8 {
        let epoch = Epoch {
            home: [14; 32],
            netuid: 1,
            number: number.into(),
            seed: Seed([number; 32]),
            start: blake2(&start),
            most_steps: STEPS,
        };
        start = next(&train, &epoch, &start, &mut digest)?;
        bytes(&mut digest, &blake2(&start));
    }
    Ok(digest)
}

/// Returns the state that an epoch leads to, and hashes what the rules find in it.
fn next(
    train: &Train,
    epoch: &Epoch,
    start: &[u8],
    digest: &mut Digest,
) -> Result<Vec<u8>, ExactError> {
    let guard = Guard::new(train, start, epoch.seed.part("guard")).map_err(refused)?;
    let join = Join {
        fold: train,
        start,
        guard,
    };
    let mut ends = Vec::new();
    for uid in 0..2 {
        let seat = Seat { uid, generation: 1 };
        let mut trace = Trace::new(*epoch, seat);
        let mut blobs = vec![start.to_vec()];
        let mut state = inktensor_train::State::read(start).map_err(refused)?;
        for step in 0..STEPS {
            let assignment = epoch.assignment(seat, step);
            state = train.step(state, &assignment).map_err(refused)?;
            blobs.push(state.to_blob());
            trace.push(state.hash());
        }
        let work = trace.pledge();
        bytes(digest, &work.root);
        for (step, blob) in (0..STEPS).zip(&blobs) {
            let answer = trace.answer(step).ok_or(REFUSED)?;
            let state = blob.clone();
            let answer = Answer { state, ..answer };
            let verdict = judge(train, epoch, seat, &work, &answer).map_err(refused)?;
            if verdict != Verdict::True {
                return Err(REFUSED);
            }
        }
        let member = Member { seat, work };
        let end = blobs.pop().ok_or(REFUSED)?;
        join.check_end(&member, &end).map_err(refused)?;
        ends.push((member, end));
    }
    let members: Vec<Member> = ends.iter().map(|(member, _)| *member).collect();
    let end = |member: &Member| {
        let found = ends.iter().find(|(it, _)| it.seat == member.seat)?;
        Some(found.1.clone())
    };
    let next = join.next_state(&members, end).map_err(refused)?;
    if next.model.steps == 0 {
        return Err(REFUSED);
    }
    let measure = train.measure(&next, &epoch.seed.part("measure"));
    bytes(digest, &measure.map_err(refused)?.0.to_le_bytes());
    Ok(next.to_blob())
}

fn bytes(digest: &mut Digest, bytes: &[u8]) {
    bytes.iter().for_each(|byte| digest.word(u32::from(*byte)));
}
