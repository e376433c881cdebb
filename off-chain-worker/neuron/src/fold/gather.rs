//! The states that an audit of a fold needs: from a folder, computed again from the start of the
//! epoch, or fetched by their hash.
//!
//! A miner that worked as assigned needs no transfer: each of its states follows from the start.

use super::round::{FoldRound, States};
use crate::{
    evidence::{scoring::answer, seeds::question_seed, Evidence, Grade},
    program::ProgramError,
};
use inktensor_primitives::Digest;
use inktensor_task::{blake2, Blob, Fold, Load, Seat};
use inktensor_train::State;
use inktensor_wire::{BlobError, Blobs, SignedResponse};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// States in a folder, for an auditor: one that is not there may have been served to the validator.
pub struct Gathered(pub Arc<Blobs>);

impl States for Gathered {
    fn state(&self, hash: &Digest) -> Result<Option<Vec<u8>>, ProgramError> {
        match self.0.get(hash) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(_) => Err(ProgramError::State(*hash)),
        }
    }
}

/// The states of one miner that answers name.
#[derive(Default)]
struct Needed {
    states: BTreeSet<Digest>,
    /// The last step before which one of them is needed.
    last: u16,
}

/// Puts the states that the checked answers of `evidence` name into `blobs`, as far as they are on
/// the course of their miner. Returns the others, which have to be fetched.
///
/// # Errors
/// If the folder is unusable.
pub fn gather(
    round: &FoldRound,
    evidence: &Evidence,
    blobs: &Blobs,
) -> Result<Vec<Digest>, BlobError> {
    let head = &evidence.head;
    let (home, netuid, epoch) = (&head.home, head.netuid, head.epoch);
    let seed = question_seed(home, netuid, epoch, &head.seed_block.hash, &head.validator);
    let mut of_miner: BTreeMap<Seat, Needed> = BTreeMap::new();
    for receipt in &evidence.receipts {
        let is_checked = matches!(receipt.grade, Grade::Checked(_));
        let response = answer(&receipt.outcome).filter(|_| is_checked);
        let Some(body) = response.and_then(SignedResponse::body) else {
            continue;
        };
        let seat = Seat {
            uid: receipt.uid.0,
            generation: receipt.asked.context.seat,
        };
        let needed = round.needed(&seed, seat, receipt.number, body);
        let Some(state) = needed.filter(|state| !blobs.contains(state)) else {
            continue;
        };
        let of_seat = of_miner.entry(seat).or_default();
        of_seat.states.insert(state);
        let step = round.step(&seed, seat, receipt.number);
        of_seat.last = of_seat.last.max(step);
    }
    let mut others = Vec::new();
    for (seat, needed) in of_miner {
        others.extend(computed(round, seat, needed, blobs)?);
    }
    Ok(others)
}

/// Computes the states of a miner from the start, and returns those needed ones that are not among
/// them.
fn computed(
    round: &FoldRound,
    seat: Seat,
    mut needed: Needed,
    blobs: &Blobs,
) -> Result<BTreeSet<Digest>, BlobError> {
    let start = blobs.get(&round.epoch.start)?;
    let Ok(mut state) = State::load(&start) else {
        return Ok(needed.states);
    };
    for step in 0..needed.last {
        let assignment = round.epoch.assignment(seat, step);
        let Ok(stepped) = round.training.train.step(state, &assignment) else {
            break;
        };
        let blob = stepped.to_blob();
        if needed.states.remove(&blake2(&blob)) {
            blobs.put(&blob)?;
        }
        if needed.states.is_empty() {
            break;
        }
        state = stepped;
    }
    Ok(needed.states)
}
