//! The records of a training on one machine: its plan, and a line of its log for each epoch.

use super::course::Computed;
use crate::{error::Failure, values};
use inktensor_primitives::hash::hex;
use inktensor_task::{Blob, Digest};
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};

/// The version of plan and log.
pub const VERSION: &str = "train-run/1";
/// The most seats.
pub const SEATS_LIMIT: u16 = 64;
/// The most steps of a seat in an epoch. A line of the log then has at most 18 MiB.
pub const STEPS_LIMIT: u16 = 4096;
/// The most bytes of all ends of an epoch, which are in memory together.
const MEMORY_LIMIT: usize = 2 << 30;

/// A hash in a file of JSON: hexadecimal after `0x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named(pub Digest);

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        values::digest(&text).map(Self).map_err(D::Error::custom)
    }
}

/// All that a training follows from. Sizes and recipe are in the first state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`VERSION`].
    pub version: String,
    /// Hash of the corpus.
    pub corpus: Named,
    /// Hash of the first state.
    pub start: Named,
    /// Held-out loss of the first state, in millionths of a nat a byte.
    pub loss: u64,
    /// The number from which all seeds follow.
    pub seed: u64,
    /// Number of seats.
    pub seats: u16,
    /// Steps of each seat in an epoch.
    pub steps: u16,
}

impl Plan {
    /// Checks the ranges. `state_bytes` is the size of a state.
    pub fn check(&self, state_bytes: usize) -> Result<(), Failure> {
        if self.version != VERSION {
            return Err(Failure::input(format_args!(
                "the plan is of version {:?}, not {VERSION:?}; use the program that wrote it",
                self.version
            )));
        }
        let ranges = [
            ("seats", self.seats, SEATS_LIMIT),
            ("steps", self.steps, STEPS_LIMIT),
        ];
        for (what, number, most) in ranges {
            if !(1..=most).contains(&number) {
                return Err(Failure::input(format_args!(
                    "the plan has {number} {what}; use 1 to {most}"
                )));
            }
        }
        let bytes = state_bytes.saturating_mul(self.seats.into());
        if bytes > MEMORY_LIMIT {
            return Err(Failure::input(format_args!(
                "the ends of {} seats have {bytes} bytes, over the limit of {MEMORY_LIMIT}; use \
                 fewer seats or a smaller model",
                self.seats
            )));
        }
        Ok(())
    }

    /// Returns the one text of the plan's file.
    pub fn text(&self) -> Result<Vec<u8>, Failure> {
        let mut text = serde_json::to_vec_pretty(self).map_err(Failure::input)?;
        text.push(b'\n');
        Ok(text)
    }
}

/// The work of a seat, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatLine {
    /// The seat.
    pub uid: u16,
    /// Hashes of the states after each step.
    pub states: Vec<Named>,
    /// Root of the trace, as a pledge has it.
    pub root: Named,
}

/// A line of the log: an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Number of the epoch, from 0 on.
    pub epoch: u32,
    /// Hash of the state with which the epoch begins.
    pub start: Named,
    /// The work of all seats, in order of uid.
    pub work: Vec<SeatLine>,
    /// Uids of the seats whose ends were joined.
    pub members: Vec<u16>,
    /// Hash of the next state.
    pub next: Named,
    /// Steps that the next state counts.
    pub steps: u32,
    /// Held-out loss of the next state, in millionths of a nat a byte.
    pub loss: u64,
}

impl Line {
    /// Returns the line of an epoch that began with the state `start`.
    pub fn of(epoch: u32, start: Digest, computed: &Computed) -> Self {
        let work = computed.work.iter().map(|it| SeatLine {
            uid: it.uid,
            states: it.states.iter().copied().map(Named).collect(),
            root: Named(it.root),
        });
        Self {
            epoch,
            start: Named(start),
            work: work.collect(),
            members: computed.members.clone(),
            next: Named(computed.next.hash()),
            steps: computed.next.model.steps,
            loss: computed.loss.0,
        }
    }

    /// Checks that the epoch begins with the state in which the one before it ends.
    pub fn check(&self, before: &Digest) -> Result<(), String> {
        match self.start.0 == *before {
            true => Ok(()),
            false => Err(format!(
                "epoch {} begins with the state {}, and the one before it ends in {}",
                self.epoch,
                hex(&self.start.0),
                hex(before)
            )),
        }
    }

    /// Returns the number of steps of all seats.
    pub fn worked(&self) -> usize {
        self.work.iter().map(|it| it.states.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            version: VERSION.into(),
            corpus: Named([1; 32]),
            start: Named([2; 32]),
            loss: 5_000_000,
            seed: u64::MAX,
            seats: SEATS_LIMIT,
            steps: STEPS_LIMIT,
        }
    }

    fn refused(change: impl FnOnce(&mut Plan), state_bytes: usize) -> String {
        let mut plan = plan();
        change(&mut plan);
        plan.check(state_bytes).unwrap_err().to_string()
    }

    #[test]
    fn plans_out_of_their_ranges_are_refused() {
        assert!(plan().check(32 << 20).is_ok());
        for (problem, said) in [
            (refused(|it| it.seats = 0, 0), "0 seats; use 1 to 64"),
            (refused(|it| it.seats = 65, 0), "65 seats"),
            (refused(|it| it.steps = 4097, 0), "4097 steps"),
            (refused(|it| it.version = "2".into(), 0), "version \"2\""),
            (refused(|_| (), (32 << 20) + 1), "fewer seats"),
        ] {
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn a_plan_is_read_as_it_was_written_and_nothing_else_is() {
        let text = plan().text().unwrap();
        let read: Plan = serde_json::from_slice(&text).unwrap();
        assert_eq!(read, plan());
        let text = String::from_utf8(text).unwrap();
        for (from, to) in [
            ("\"seed\"", "\"other\""),
            ("0x0101", "0x01"),
            ("0x0202", "0202"),
            ("64", "-1"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert!(serde_json::from_str::<Plan>(&changed).is_err(), "{changed}");
        }
    }
}
