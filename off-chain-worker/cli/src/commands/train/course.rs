//! Epochs of a training on one machine: the rules of `train/1`, with seeds that follow from one
//! number in the place of a chain's.

use crate::error::Failure;
use inktensor_neuron::{
    fold::Engine,
    threads::{cores, in_order},
};
use inktensor_task::{blake2, Blob, Digest, Fault, Fold, Hash, Measure, Seat, Seed, Stop, Tag};
use inktensor_train::{
    candidates, members, Ballot, Epoch, Guard, Join, JoinError, Member, State, Trace, Vote, Voter,
};
use std::collections::BTreeMap;

/// The tag of the seed from which all seeds of a training on one machine follow.
const RUN: Tag = Tag(b"ink:trun");
/// The subnet of a training without a chain: root, on which no neuron trains.
const NETUID: u16 = 0;
/// The registration of each seat: generations count from 1.
const GENERATION: u32 = 1;

/// The seeds of a training on one machine.
#[derive(Clone, Copy, Debug)]
pub struct Seeds(Seed);

impl Seeds {
    /// Returns the seeds that follow from a number.
    pub fn new(number: u64) -> Self {
        Self(Seed(Hash::new(RUN).u64(number).digest()))
    }

    /// Returns the seed of the first state.
    pub fn start(self) -> Seed {
        self.0.part("start")
    }

    /// Returns the seed of the held-out rows, the same for all states: so figures compare.
    pub fn measure(self) -> Seed {
        self.0.part("measure")
    }

    fn epoch(self, number: u32) -> Seed {
        self.0.part(&format!("epoch {number}"))
    }

    fn guard(self, number: u32) -> Seed {
        self.0.part(&format!("guard {number}"))
    }
}

/// A training on one machine.
#[derive(Debug)]
pub struct Course {
    /// The training, with the code that computes it.
    pub train: Engine,
    /// The seeds.
    pub seeds: Seeds,
    /// Number of seats, which take the part of miners.
    pub seats: u16,
    /// Steps of each seat in an epoch.
    pub steps: u16,
    /// Hash of the plan, which takes the part of a deployment.
    pub home: Digest,
}

/// The work of one seat in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worked {
    /// The seat.
    pub uid: u16,
    /// Hashes of the states after each step.
    pub states: Vec<Digest>,
    /// Root of the trace.
    pub root: Digest,
}

/// An epoch, computed.
#[derive(Debug)]
pub struct Computed {
    /// The work of each seat, in order of uid.
    pub work: Vec<Worked>,
    /// Uids of the members, whose ends are joined.
    pub members: Vec<u16>,
    /// The next state.
    pub next: State,
    /// Held-out loss of the next state.
    pub loss: Measure,
}

/// The end of a seat's work.
struct Ended {
    trace: Trace,
    member: Member,
    blob: Vec<u8>,
    is_sound: bool,
}

impl Course {
    /// Returns the first state.
    pub fn start(&self) -> Result<State, Failure> {
        self.train.start(&self.seeds.start()).map_err(refused)
    }

    /// Returns the held-out loss of a state.
    pub fn loss(&self, state: &State) -> Result<Measure, Failure> {
        let seed = self.seeds.measure();
        self.train.measure(state, &seed).map_err(refused)
    }

    /// Computes epoch `number`, which begins with `start`. Seats work on all cores.
    ///
    /// One validator has all stake. It names each seat whose end the guard accepts. It draws no
    /// probes, since this process computed each step.
    pub fn epoch(&self, number: u32, start: &State) -> Result<Computed, Failure> {
        let blob = start.to_blob();
        let facts = Epoch {
            home: self.home,
            netuid: NETUID,
            number,
            seed: self.seeds.epoch(number),
            start: blake2(&blob),
            most_steps: self.steps,
        };
        let guard = Guard::new(&self.train, &blob, self.seeds.guard(number)).map_err(refused)?;
        let join = Join {
            fold: &self.train,
            start: &blob,
            guard,
        };
        let ended = in_parallel(self.seats, |uid| self.ended(&facts, &join, start, uid));
        let ended: Result<Vec<Ended>, Fault> = ended.into_iter().collect();
        let ended = ended.map_err(Failure::input)?;
        let by_seat = ended.iter().map(|it| (it.member.seat, it));
        let by_seat: BTreeMap<Seat, &Ended> = by_seat.collect();
        let pledges = ended.iter().map(|it| (it.member.seat, it.member.work));
        let candidates = candidates(&facts, &pledges.collect());
        let is_sound = |seat: &Seat| by_seat.get(seat).is_some_and(|it| it.is_sound);
        let ballot = Ballot::new(&candidates, |it| is_sound(&it.seat));
        let validator = Voter {
            stake: 1,
            vote: Some(Vote {
                start: facts.start,
                ballot,
            }),
        };
        let voters = BTreeMap::from([(seat(self.seats), validator)]);
        let members = members(&candidates, &voters, &facts.start);
        let end = |member: &Member| Some(by_seat.get(&member.seat)?.blob.clone());
        let next = join.next_state(&members, end).map_err(Failure::input)?;
        let loss = self.loss(&next)?;
        let work = ended.iter().map(|it| Worked {
            uid: it.member.seat.uid,
            states: it.trace.states().iter().skip(1).copied().collect(),
            root: it.member.work.root,
        });
        Ok(Computed {
            work: work.collect(),
            members: members.iter().map(|it| it.seat.uid).collect(),
            next,
            loss,
        })
    }

    /// Returns the work of one seat. A step that the training refuses ends it.
    fn ended(
        &self,
        facts: &Epoch,
        join: &Join<'_, Engine>,
        start: &State,
        uid: u16,
    ) -> Result<Ended, Fault> {
        let seat = seat(uid);
        let mut trace = Trace::new(*facts, seat);
        let mut blob = join.start.to_vec();
        let mut state = start.clone();
        for step in 0..self.steps {
            match self.train.step(state, &facts.assignment(seat, step)) {
                Ok(after) => state = after,
                Err(Stop::Refused(_)) => break,
                Err(Stop::Failed(fault)) => return Err(fault),
            }
            blob = state.to_blob();
            trace.push(blake2(&blob));
        }
        let work = trace.pledge();
        let member = Member { seat, work };
        let is_sound = match work.steps {
            0 => false,
            _ => match join.check_end(&member, &blob) {
                Err(JoinError::Failed(fault)) => return Err(fault),
                checked => checked.is_ok(),
            },
        };
        Ok(Ended {
            is_sound,
            trace,
            member,
            blob,
        })
    }
}

const fn seat(uid: u16) -> Seat {
    Seat {
        uid,
        generation: GENERATION,
    }
}

fn refused(reason: Stop) -> Failure {
    Failure::input(format_args!("the training stops: {reason}"))
}

/// Returns `work` of all numbers below `count`, in their order, computed on all cores.
fn in_parallel<T: Send>(count: u16, work: impl Fn(u16) -> T + Sync) -> Vec<T> {
    let numbers: Vec<u16> = (0..count).collect();
    in_order(&numbers, cores(), |number| work(*number))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use inktensor_exact::{adamw::AdamW, gpt::Config};
    use inktensor_task::Assignment;
    use inktensor_train::{Recipe, Train};

    /// Returns a training of a tiny model.
    pub fn tiny(seats: u16, steps: u16) -> Course {
        let config = Config {
            vocabulary: 128,
            context: 8,
            width: 8,
            layers: 1,
            heads: 1,
            hidden: 16,
        };
        let recipe = Recipe {
            rows: 2,
            descent: AdamW::SMALL,
        };
        let corpus = b"one two three four ".repeat(30);
        Course {
            train: Engine::from(Train::new(config, recipe, corpus).unwrap()),
            seeds: Seeds::new(1),
            seats,
            steps,
            home: [1; 32],
        }
    }

    #[test]
    fn an_epoch_of_one_seat_is_its_steps_in_a_row() {
        let course = tiny(1, 5);
        let start = course.start().unwrap();
        let computed = course.epoch(3, &start).unwrap();
        let mut state = start;
        for step in 0..5 {
            let assignment = Assignment {
                epoch: course.seeds.epoch(3),
                seat: seat(0),
                step,
            };
            state = course.train.step(state, &assignment).unwrap();
            let at = usize::try_from(step).unwrap();
            assert_eq!(computed.work[0].states[at], state.hash());
        }
        assert_eq!(computed.next, state);
        assert_eq!(computed.members, [0]);
    }

    #[test]
    fn seats_see_other_rows_and_are_joined_in_any_number_of_threads() {
        let course = tiny(3, 4);
        let start = course.start().unwrap();
        let one = course.epoch(0, &start).unwrap();
        assert_eq!(one.members, [0, 1, 2]);
        assert_ne!(one.work[0].states, one.work[1].states);
        assert_eq!(one.next.model.steps, 4);
        let again = course.epoch(0, &start).unwrap();
        assert_eq!((again.work, again.next), (one.work, one.next));
        let numbers = in_parallel(200, |number| number);
        assert_eq!(numbers, (0..200).collect::<Vec<u16>>());
    }

    #[test]
    fn epochs_have_other_rows() {
        let course = tiny(1, 1);
        let start = course.start().unwrap();
        let hash = |number| course.epoch(number, &start).unwrap().next.hash();
        assert_ne!(hash(0), hash(1));
    }
}
