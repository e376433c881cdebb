//! A network in one process: miners, validators, fraud proofs, votes, pay and the next state.

use std::collections::BTreeMap;

use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_task::{
    blake2, weights_from_averages, Alpha, Blob, Digest, Fold, Hash, Load, Seat, Seed, Tag, Worth,
};
use inktensor_train::{
    candidates, examine, members, Ballot, Epoch, Examined, Failure, Fraud, FraudProof, Guard, Join,
    Member, Recipe, Record, State, Train, Verdict, Vote, Voter, Work,
};

use crate::miner::{seat, spoiled, work, Behavior, Spoiled, Worked};

/// Most steps that an epoch pays.
pub const MOST_STEPS: u16 = 16;
/// Probes of a validator besides the first step.
const DRAWN: u16 = 2;
/// The weight of the newest epoch in an average: a fifth.
const ALPHA: Alpha = Alpha(13_107);
/// Stakes of the validators. The first one may lie: it has less than half.
const STAKES: [u64; 3] = [40, 35, 25];

/// The behavior of the validator with most stake, which is a minority. The others are honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minority {
    /// Examines and votes as it should.
    Honest,
    /// Weighs all miners alike, accuses honest ones, and names all candidates in a vote for the
    /// state before the start.
    OtherStart,
    /// Weighs all miners alike, accuses honest ones, and changes two bits of its ballot.
    OtherBallot {
        /// Uid of the honest miner that the ballot leaves out.
        without: u16,
        /// Uid of the cheat that the ballot takes in.
        with: u16,
    },
}

/// The record of an epoch.
pub struct Played {
    /// Results of each validator for each miner, with the proofs of others.
    pub examined: Vec<Vec<Examined>>,
    /// Worth of each miner for each honest validator.
    pub worths: Vec<Vec<Worth>>,
    /// Part of all pay for each miner.
    pub pay: Vec<f64>,
    /// Steps of each miner that validators with most stake have verified.
    pub verified: Vec<u16>,
    pub members: Vec<Member>,
    pub voters: BTreeMap<Seat, Voter>,
    /// Number of accusations of honest miners, and of those that stood.
    pub accusations: (u32, u32),
    /// Held-out loss of the start, in millionths of a nat.
    pub loss: u64,
    /// Hash of the next state.
    pub next: Digest,
}

/// A network and what it has played.
pub struct Simulation {
    pub train: Train,
    pub seed: u64,
    pub first: Digest,
    pub epochs: Vec<Played>,
    behaviors: Vec<Behavior>,
    minority: Minority,
    start: Vec<u8>,
    before: Vec<u8>,
    records: Vec<Vec<Record>>,
    averages: Vec<Vec<Worth>>,
}

impl Simulation {
    pub fn new(seed: u64, behaviors: &[Behavior], minority: Minority) -> Self {
        let train = train(seed);
        let start = first_state(&train, seed);
        let each = |count| vec![Record::default(); count];
        Self {
            first: blake2(&start),
            // Before the first epoch there was no state: one of another seed.
            before: first_state(&train, seed + 1_000),
            start,
            train,
            seed,
            behaviors: behaviors.to_vec(),
            minority,
            epochs: Vec::new(),
            records: vec![each(behaviors.len()); STAKES.len()],
            averages: vec![vec![Worth::NONE; behaviors.len()]; STAKES.len()],
        }
    }

    pub fn play(mut self, epochs: u32) -> Self {
        for number in 0..epochs {
            let played = self.epoch(number);
            self.epochs.push(played);
        }
        self
    }

    fn epoch(&mut self, number: u32) -> Played {
        let epoch = epoch(self.seed, number, blake2(&self.start));
        let start = State::load(&self.start).unwrap();
        let measured = drawn(self.seed, number, "measure");
        let loss = self.train.measure(&start, &measured).unwrap().0;
        let worked = work(
            &self.train,
            &epoch,
            &self.start,
            &self.before,
            &self.behaviors,
        );
        let mut examined: Vec<Vec<Examined>> = (0..STAKES.len())
            .map(|validator| self.examined(&epoch, &worked, validator))
            .collect();
        self.share_proofs(&epoch, &worked, &mut examined);
        let accusations = self.accuse(&epoch, &worked);
        let worths: Vec<Vec<Worth>> = (0..STAKES.len())
            .map(|validator| self.worths(number, validator, &examined[validator]))
            .collect();
        let pay = self.pay();
        let pledges: BTreeMap<Seat, Work> = (0..)
            .zip(&worked)
            .filter_map(|(uid, it)| Some((seat(uid), it.work?)))
            .collect();
        let candidates = candidates(&epoch, &pledges);
        let join = Join {
            fold: &self.train,
            start: &self.start,
            guard: guard(&self.train, &self.start, self.seed, number),
        };
        // The guard's seed is public, so all honest validators find the same.
        let is_sound = |member: &Member| {
            let blob = find_end(&worked, &member.work.end).unwrap_or_default();
            join.check_end(member, &blob).is_ok()
        };
        let sound = Ballot::new(&candidates, is_sound);
        let voters = self.voters(&epoch, &candidates, &sound, &worths);
        let members = members(&candidates, &voters, &epoch.start);
        let end = |member: &Member| find_end(&worked, &member.work.end);
        let next = join.next_state(&members, end).unwrap().to_blob();
        let hash = blake2(&next);
        self.before = std::mem::replace(&mut self.start, next);
        Played {
            verified: verified(&examined),
            worths: worths[1..].to_vec(),
            next: hash,
            examined,
            pay,
            members,
            voters,
            accusations,
            loss,
        }
    }

    /// Probes all miners for one validator, with the seed of its own.
    fn examined(&self, epoch: &Epoch, worked: &[Worked], validator: usize) -> Vec<Examined> {
        let seed = drawn(self.seed, epoch.number, "probes").part(&validator.to_string());
        let one = |(uid, miner): (u16, &Worked)| {
            let ask = |step| miner.answer(validator, step);
            let work = miner.work.as_ref();
            examine(&self.train, epoch, seat(uid), work, &seed, DRAWN, ask).unwrap()
        };
        (0..).zip(worked).map(one).collect()
    }

    /// Hands the proofs of each validator round as files, and has every other one decide them.
    fn share_proofs(&self, epoch: &Epoch, worked: &[Worked], examined: &mut [Vec<Examined>]) {
        for uid in 0..worked.len() {
            let proof = examined.iter().find_map(|of| match &of[uid] {
                Examined::Failed(Failure::Fraud { proof, .. }) => Some(proof.to_file()),
                _ => None,
            });
            let Some(file) = proof else { continue };
            let proof = FraudProof::from_file(&file, self.train.state_bytes()).unwrap();
            let (seat, work) = (proof.seat, worked[uid].work.unwrap());
            let decided = proof.decide(&self.train, epoch, seat, &work);
            let Ok(Verdict::False(fraud)) = decided else {
                panic!("a proof of one validator does not convince another");
            };
            for of in examined.iter_mut() {
                let proof = Box::new(proof.clone());
                of[uid] = Examined::Failed(Failure::Fraud { fraud, proof });
            }
        }
    }

    /// Accuses honest miners with changed answers, if the first validator lies. Returns the number
    /// of accusations, and of those that stand.
    fn accuse(&self, epoch: &Epoch, worked: &[Worked]) -> (u32, u32) {
        let (mut made, mut stood) = (0, 0);
        if self.minority == Minority::Honest {
            return (made, stood);
        }
        let honest = (0..).zip(worked).filter(|(_, it)| it.behavior.is_honest());
        for (uid, miner) in honest {
            let (seat, work) = (seat(uid), miner.work.unwrap());
            let answer = miner.answer(0, 0).unwrap();
            for change in 0..4 {
                let mut answer = answer.clone();
                let mut claimed = work;
                match change {
                    0 => answer.after.state[0] ^= 1,
                    1 => answer.state = spoiled(&answer.state, Spoiled::Weights),
                    2 => answer.last = answer.before.clone(),
                    _ => claimed.end = [7; 32],
                }
                let proof = FraudProof::new(epoch, seat, &claimed, answer);
                let verdict = proof.decide(&self.train, epoch, seat, &work);
                made += 1;
                stood += u32::from(matches!(verdict, Ok(Verdict::False(_))));
            }
        }
        (made, stood)
    }

    /// Returns the worths of a validator, and takes them into its averages.
    fn worths(&mut self, number: u32, validator: usize, examined: &[Examined]) -> Vec<Worth> {
        let records = &mut self.records[validator];
        let averages = &mut self.averages[validator];
        let of_miners = examined.iter().zip(records).zip(averages);
        of_miners
            .map(|((examined, record), average)| {
                let worth;
                (worth, *record) = record.after(number, examined, MOST_STEPS);
                *average = ALPHA.average(*average, worth);
                worth
            })
            .collect()
    }

    /// Returns the part of each miner: the median of the weights by stake, as Yuma clips.
    fn pay(&self) -> Vec<f64> {
        let rows: Vec<BTreeMap<u16, u16>> = self
            .averages
            .iter()
            .enumerate()
            .map(|(validator, averages)| {
                let lies = validator == 0 && self.minority != Minority::Honest;
                let of = |worth: &Worth| if lies { Worth::WHOLE } else { *worth };
                let averages: Vec<_> = (0..).zip(averages.iter().map(of)).collect();
                weights_from_averages(&averages).into_iter().collect()
            })
            .collect();
        let medians: Vec<f64> = (0..self.behaviors.len() as u16)
            .map(|uid| {
                let mut weights: Vec<(u16, u64)> = rows
                    .iter()
                    .zip(STAKES)
                    .map(|(row, stake)| (row.get(&uid).copied().unwrap_or(0), stake))
                    .collect();
                weights.sort_unstable();
                let mut below = 0;
                let half = weights.iter().find(|(_, stake)| {
                    below += stake;
                    below * 2 > STAKES.iter().sum()
                });
                f64::from(half.unwrap().0)
            })
            .collect();
        let sum: f64 = medians.iter().sum();
        medians.iter().map(|weight| weight / sum).collect()
    }

    /// Returns the validators with their votes.
    fn voters(
        &self,
        epoch: &Epoch,
        candidates: &[Member],
        sound: &Ballot,
        worths: &[Vec<Worth>],
    ) -> BTreeMap<Seat, Voter> {
        let vote = |validator: usize| {
            let minority = match validator {
                0 => self.minority,
                _ => Minority::Honest,
            };
            let mut numbers = 0..;
            let named = |it: &Member| {
                let (number, uid) = (numbers.next().unwrap(), it.seat.uid);
                let paid = worths[validator][usize::from(uid)] > Worth::NONE;
                match minority {
                    Minority::OtherStart => true,
                    Minority::OtherBallot { without, .. } if uid == without => false,
                    Minority::OtherBallot { with, .. } if uid == with => true,
                    _ => paid && sound.names(number),
                }
            };
            let ballot = Ballot::new(candidates, named);
            let start = match minority {
                Minority::OtherStart => blake2(&self.before),
                _ => epoch.start,
            };
            // As a reader of the chain does.
            let ballot = Ballot::from_bytes(*ballot.bytes());
            Vote { start, ballot }
        };
        let voter = |validator: usize| Voter {
            stake: STAKES[validator],
            vote: Some(vote(validator)),
        };
        (0..STAKES.len())
            .map(|validator| (seat(100 + validator as u16), voter(validator)))
            .collect()
    }
}

/// Returns the name of the reason for which a miner failed.
pub fn failure(examined: &Examined) -> &'static str {
    match examined {
        Examined::Absent => "absent",
        Examined::Verified { .. } => "verified",
        Examined::Failed(Failure::Unanswered { .. }) => "unanswered",
        Examined::Failed(Failure::Unfit { .. }) => "unfit",
        Examined::Failed(Failure::Fraud { fraud, .. }) => match fraud {
            Fraud::Start { .. } => "start",
            Fraud::End { .. } => "end",
            Fraud::State { .. } => "state",
            Fraud::Refused { .. } => "refused",
            Fraud::Step { .. } => "step",
        },
    }
}

/// Returns the training of all networks, on a text that follows from the seed.
pub fn train(seed: u64) -> Train {
    let config = Config {
        vocabulary: 64,
        context: 8,
        width: 16,
        layers: 1,
        heads: 2,
        hidden: 16,
    };
    let recipe = Recipe {
        rows: 4,
        descent: AdamW::SMALL,
    };
    let mut draw = drawn(seed, 0, "text").draw();
    let words: Vec<Vec<u8>> = (0..20)
        .map(|_| {
            (0..4)
                .map(|_| 1 + draw.below(60) as u8)
                .chain([0])
                .collect()
        })
        .collect();
    let text = (0..1_000).flat_map(|_| draw.pick(&words).unwrap().clone());
    Train::new(config, recipe, text.collect()).unwrap()
}

pub fn first_state(train: &Train, seed: u64) -> Vec<u8> {
    let state = train.start(&drawn(seed, 0, "state")).unwrap();
    state.to_blob()
}

/// Returns the facts of an epoch, as they would be on a chain.
pub fn epoch(seed: u64, number: u32, start: Digest) -> Epoch {
    Epoch {
        home: [1; 32],
        netuid: 2,
        number,
        seed: drawn(seed, number, "rows"),
        start,
        most_steps: MOST_STEPS,
    }
}

/// Returns the guard of an epoch.
pub fn guard(train: &Train, start: &[u8], seed: u64, number: u32) -> Guard {
    Guard::new(train, start, drawn(seed, number, "guard")).unwrap()
}

/// Returns a seed that stands for the hash of a block.
fn drawn(seed: u64, number: u32, what: &str) -> Seed {
    let block = Hash::new(Tag(b"simulate")).u64(seed).u32(number).digest();
    Seed(block).part(what)
}

/// Returns the blob of an end that some miner serves.
fn find_end(worked: &[Worked], end: &Digest) -> Option<Vec<u8>> {
    worked.iter().find_map(|miner| miner.end(end))
}

/// Returns the steps of each miner that validators with more than half of the stake have verified.
fn verified(examined: &[Vec<Examined>]) -> Vec<u16> {
    let of_miner = |uid: usize| {
        let (mut stake, mut most) = (0, 0);
        for (of, weight) in examined.iter().zip(STAKES) {
            if let Examined::Verified { steps } = of[uid] {
                (stake, most) = (stake + weight, steps);
            }
        }
        let is_most = stake * 2 > STAKES.iter().sum();
        if is_most {
            most
        } else {
            0
        }
    };
    (0..examined[0].len()).map(of_miner).collect()
}
