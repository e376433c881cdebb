//! The blocks of an epoch's round, and the seeds that follow from their hashes.
//!
//! | from block | what |
//! |---|---|
//! | `b0` | the epoch opens |
//! | `b0 + 1` | the rows of a fold's steps are known; miners train |
//! | `b0 + T/2` | last block in which a miner of a fold pledges its work |
//! | `b0 + T/2 + 2` | questions are known, for each validator its own; validators ask |
//! | `b0 + T - T/4` | the answers to check are known; no question is asked any more |
//! | `b0 + T - T/8` | last block by which a validator should have pledged and set weights |
//!
//! Answers to check are drawn from a later block than questions. With both from one block a miner
//! would know which answers are not checked.

use super::Registration;
use inktensor_primitives::{Bps, Digest, NetUid};
use inktensor_task::{Hash, Seat, Seed, Tag};

/// The tag of the seed of an epoch.
const EPOCH: Tag = Tag(b"ink:seed");
/// The tag of the seed of a fold's guard.
const GUARD: Tag = Tag(b"ink:guar");
/// The tag of the seed of a validator's questions.
const QUESTIONS: Tag = Tag(b"ink:prob");
/// The tag of the seed of a validator's checks.
const CHECKS: Tag = Tag(b"ink:chck");

/// Fewest blocks of an epoch in which a round fits.
pub const MIN_TEMPO: u32 = 16;

/// The blocks of an epoch's round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    opened_at: u32,
    tempo: u32,
}

impl Round {
    /// Returns the round of an epoch, or `None` for a tempo below [`MIN_TEMPO`].
    pub const fn new(opened_at: u32, tempo: u32) -> Option<Self> {
        match tempo < MIN_TEMPO {
            true => None,
            false => Some(Self { opened_at, tempo }),
        }
    }

    /// Returns the block whose hash gives the seed of the epoch.
    pub const fn assigned_at(&self) -> u32 {
        self.opened_at.saturating_add(1)
    }

    /// Returns the block at which the epoch opened.
    pub const fn opened_at(&self) -> u32 {
        self.opened_at
    }

    /// Returns the last block in which a miner of a fold pledges its work.
    pub const fn cut_off(&self) -> u32 {
        self.opened_at.saturating_add(self.tempo / 2)
    }

    /// Returns the block whose hash gives the questions. Validators ask from then on.
    pub const fn asked_at(&self) -> u32 {
        let half = (self.tempo / 2).saturating_add(2);
        self.opened_at.saturating_add(half)
    }

    /// Returns the block whose hash gives the checks. No question is asked from then on.
    pub const fn checked_at(&self) -> u32 {
        self.before_end(self.tempo / 4)
    }

    /// Returns the block by which a validator has pledged and set its weights.
    pub const fn due_at(&self) -> u32 {
        self.before_end(self.tempo / 8)
    }

    /// Returns the block `blocks` before the tempo is over.
    const fn before_end(&self, blocks: u32) -> u32 {
        let offset = self.tempo.saturating_sub(blocks);
        self.opened_at.saturating_add(offset)
    }
}

/// Returns the seed of an epoch, from the hash of the block [`Round::assigned_at`].
pub fn epoch_seed(home: &Digest, netuid: NetUid, epoch: u32, block: &Digest) -> Seed {
    Seed(of_block(EPOCH, home, netuid, epoch, block).digest())
}

/// Returns the seed of a fold's guard, from the hash of the block [`Round::asked_at`].
pub fn guard_seed(home: &Digest, netuid: NetUid, epoch: u32, block: &Digest) -> Seed {
    Seed(of_block(GUARD, home, netuid, epoch, block).digest())
}

/// Returns the seed of a validator's questions, from the hash of the block [`Round::asked_at`].
pub fn question_seed(
    home: &Digest,
    netuid: NetUid,
    epoch: u32,
    block: &Digest,
    validator: &Registration,
) -> Seed {
    Seed(of(QUESTIONS, home, netuid, epoch, block, validator))
}

/// Returns the seed of a validator's checks, from the hash of the block [`Round::checked_at`].
pub fn check_seed(
    home: &Digest,
    netuid: NetUid,
    epoch: u32,
    block: &Digest,
    validator: &Registration,
) -> Seed {
    Seed(of(CHECKS, home, netuid, epoch, block, validator))
}

fn of_block(tag: Tag, home: &Digest, netuid: NetUid, epoch: u32, block: &Digest) -> Hash {
    Hash::new(tag)
        .fixed(home)
        .u16(netuid.0)
        .u32(epoch)
        .fixed(block)
}

fn of(
    tag: Tag,
    home: &Digest,
    netuid: NetUid,
    epoch: u32,
    block: &Digest,
    validator: &Registration,
) -> Digest {
    of_block(tag, home, netuid, epoch, block)
        .fixed(validator.hotkey.as_ref())
        .u32(validator.generation)
        .digest()
}

/// Returns the numbers of the answers to check, out of those that the miner on `to` answered in
/// time, ascending.
///
/// One of them is always checked, so that the others have a mean to count as. Each other one is
/// checked with the chance `part`.
pub fn drawn(seed: &Seed, to: Seat, answered: &[u16], part: Bps) -> Vec<u16> {
    let mut draw = seed.question(to, 0).draw();
    let certain = draw.index(answered.len());
    let parts = parts_of(part);
    let numbers = answered.iter().enumerate();
    numbers
        .filter(|(index, _)| draw.chance(parts) || *index == certain)
        .map(|(_, number)| *number)
        .collect()
}

/// Returns basis points in parts of 65 535, rounded down; the whole for the whole.
pub fn parts_of(part: Bps) -> u16 {
    let whole = u32::from(u16::MAX);
    let parts = u32::from(part.0.min(Bps::ONE.0)).saturating_mul(whole) / u32::from(Bps::ONE.0);
    u16::try_from(parts).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::Uid;
    use std::collections::BTreeSet;

    #[test]
    fn blocks_of_a_round_are_in_order_from_the_least_tempo_on() {
        assert_eq!(Round::new(100, MIN_TEMPO - 1), None);
        for tempo in MIN_TEMPO..1_000 {
            let round = Round::new(100, tempo).unwrap();
            let blocks = [
                100,
                round.assigned_at(),
                round.asked_at(),
                round.checked_at(),
                round.due_at(),
                100 + tempo,
            ];
            assert!(
                blocks.windows(2).all(|pair| pair[0] < pair[1]),
                "{blocks:?}"
            );
        }
        let round = Round::new(100, 360).unwrap();
        assert_eq!(
            (round.asked_at(), round.checked_at(), round.due_at()),
            (282, 370, 415)
        );
    }

    #[test]
    fn seeds_differ_by_each_field() {
        let validator = |hotkey, generation| Registration {
            uid: Uid(0),
            generation,
            hotkey: [hotkey; 32].into(),
        };
        let (net, v) = (NetUid(1), validator(1, 1));
        let home = [1; 32];
        let seeds = [
            epoch_seed(&home, net, 1, &[2; 32]),
            check_seed(&home, net, 1, &[2; 32], &v),
            question_seed(&home, net, 1, &[2; 32], &v),
            question_seed(&[9; 32], net, 1, &[2; 32], &v),
            question_seed(&home, NetUid(2), 1, &[2; 32], &v),
            question_seed(&home, net, 2, &[2; 32], &v),
            question_seed(&home, net, 1, &[3; 32], &v),
            question_seed(&home, net, 1, &[2; 32], &validator(2, 1)),
            question_seed(&home, net, 1, &[2; 32], &validator(1, 2)),
        ];
        let distinct: BTreeSet<Digest> = seeds.iter().map(|seed| seed.0).collect();
        assert_eq!(distinct.len(), seeds.len());
    }

    #[test]
    fn one_answer_is_always_drawn_and_all_for_the_whole() {
        let answered: Vec<u16> = (3..13).collect();
        let (mut least, mut sum) = (usize::MAX, 0);
        for uid in 0..500 {
            let to = Seat { uid, generation: 1 };
            let seed = Seed([1; 32]);
            assert_eq!(drawn(&seed, to, &answered, Bps::ONE), answered);
            assert_eq!(drawn(&seed, to, &answered, Bps(1)).len(), 1);
            assert_eq!(drawn(&seed, to, &[], Bps::ONE), Vec::<u16>::new());
            let half = drawn(&seed, to, &answered, Bps(5_000));
            (least, sum) = (least.min(half.len()), sum + half.len());
        }
        // One is certain and nine are drawn with a half.
        assert!(least >= 1 && (2_600..2_900).contains(&sum), "{least} {sum}");
    }

    #[test]
    fn parts_keep_both_ends() {
        for (bps, parts) in [
            (0, 0),
            (1, 6),
            (5_000, 32_767),
            (10_000, 65_535),
            (20_000, 65_535),
        ] {
            assert_eq!(parts_of(Bps(bps)), parts);
        }
    }
}
