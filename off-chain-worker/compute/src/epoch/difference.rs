//! The first difference between two assertions of one epoch.

use inktensor_primitives::{assertion::Assertion, kernel::EpochPlan, Uid};
use std::fmt;

/// The first place at which two assertions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// They are for different headers; nothing else can be compared.
    Header,
    /// One of them does not have the numbers of digests that the plan requires.
    Shape,
    /// A step. All digests of the steps before it agree.
    Step {
        /// Number of the step.
        k: u32,
        /// Phase of the step.
        phase: u8,
        /// Chunk of the step.
        chunk: u16,
        /// The first of the step's digests that differs.
        part: StepPart,
    },
}

/// A part of an assertion that a step determines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPart {
    /// Carry or scratch.
    Step,
    /// Memory of the chunk.
    Memory,
    /// Results of the chunk's neurons.
    Results,
    /// Permits.
    Roster,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Header => write!(f, "the assertions are for different headers"),
            Difference::Shape => write!(
                f,
                "the assertion does not match the plan: wrong number of steps or chunks"
            ),
            Difference::Step {
                k,
                phase,
                chunk,
                part,
            } => {
                let part = match part {
                    StepPart::Step => "carry or scratch",
                    StepPart::Memory => "memory",
                    StepPart::Results => "results",
                    StepPart::Roster => "roster",
                };
                write!(
                    f,
                    "step {k} (phase {phase}, chunk {chunk}) differs in its {part}"
                )
            }
        }
    }
}

/// Returns the first step at which `a` and `b` differ, for an epoch with `neurons` neurons; `None`
/// if they are equal.
///
/// For an honest `a` this is the step to dispute in `b`: both agree on everything that it builds
/// on.
pub fn first_difference(
    plan: &EpochPlan,
    neurons: u16,
    a: &Assertion,
    b: &Assertion,
) -> Option<Difference> {
    if a == b {
        return None;
    }
    if a.header_hash != b.header_hash {
        return Some(Difference::Header);
    }
    if !a.has_counts(plan, neurons) || !b.has_counts(plan, neurons) {
        return Some(Difference::Shape);
    }
    first_step(plan, neurons, a, b, plan.steps(neurons))
}

/// Returns the first of the first `steps` steps at which `a` and `b` differ. Later steps may be
/// missing.
pub(super) fn first_step(
    plan: &EpochPlan,
    neurons: u16,
    a: &Assertion,
    b: &Assertion,
    steps: u32,
) -> Option<Difference> {
    let chunks = plan.chunks(neurons);
    let last = plan.steps(neurons).saturating_sub(1);
    let differs = |k: u32, phase: u8, chunk: u16| {
        let (step, chunk) = (usize::try_from(k).ok()?, usize::from(chunk));
        if a.steps.get(step) != b.steps.get(step) {
            Some(StepPart::Step)
        } else if phase == plan.memory_phase && a.memory.get(chunk) != b.memory.get(chunk) {
            Some(StepPart::Memory)
        } else if phase == plan.results_phase && a.results.get(chunk) != b.results.get(chunk) {
            Some(StepPart::Results)
        } else if k == last && a.roster != b.roster {
            Some(StepPart::Roster)
        } else {
            None
        }
    };
    let places = (0..)
        .zip(&plan.phases)
        .flat_map(|(phase, _)| (0..chunks).map(move |chunk| (phase, chunk)));
    (0..steps).zip(places).find_map(|(k, (phase, chunk))| {
        differs(k, phase, chunk).map(|part| Difference::Step {
            k,
            phase,
            chunk,
            part,
        })
    })
}

/// Returns the uids of `chunk`, in order.
pub fn chunk_uids(plan: &EpochPlan, chunk: u16, neurons: u16) -> impl Iterator<Item = Uid> {
    let (start, count) = plan.span(chunk, neurons);
    (start.0..).map(Uid).take(usize::from(count))
}

/// Returns the items of `list` that are not in `other`.
pub fn without(list: &[Uid], other: &[Uid]) -> Vec<Uid> {
    let only = list.iter().filter(|uid| !other.contains(uid));
    only.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{kernel::PhasePlan, Uid};

    /// Two phases over two chunks; the first writes memory, the second results.
    fn plan() -> EpochPlan {
        let phase = PhasePlan {
            rows: false,
            stake: true,
            memory: false,
        };
        EpochPlan {
            chunk: 64,
            phases: vec![phase, phase],
            memory_phase: 0,
            results_phase: 1,
        }
    }

    fn honest() -> Assertion {
        let list = |count: u8| (0..count).map(|n| [n; 32]).collect::<Vec<_>>();
        Assertion {
            header_hash: [9; 32],
            steps: list(4),
            memory: list(2),
            results: list(2),
            roster: vec![Uid(3)],
        }
    }

    fn difference(change: impl FnOnce(&mut Assertion)) -> Option<Difference> {
        let mut other = honest();
        change(&mut other);
        first_difference(&plan(), 100, &honest(), &other)
    }

    #[test]
    fn equal_assertions_do_not_differ() {
        assert_eq!(difference(|_| ()), None);
    }

    #[test]
    fn each_digest_points_to_the_step_it_is_bound_to() {
        let step = |k, phase, chunk, part| {
            Some(Difference::Step {
                k,
                phase,
                chunk,
                part,
            })
        };
        assert_eq!(
            difference(|a| a.steps[2] = [7; 32]),
            step(2, 1, 0, StepPart::Step)
        );
        assert_eq!(
            difference(|a| a.memory[1] = [7; 32]),
            step(1, 0, 1, StepPart::Memory)
        );
        assert_eq!(
            difference(|a| a.results[0] = [7; 32]),
            step(2, 1, 0, StepPart::Results)
        );
        assert_eq!(
            difference(|a| a.roster.push(Uid(4))),
            step(3, 1, 1, StepPart::Roster)
        );
    }

    #[test]
    fn the_first_of_several_is_named() {
        let changed = difference(|a| {
            a.steps[3] = [7; 32];
            a.results[0] = [7; 32];
        });
        assert_eq!(
            changed,
            Some(Difference::Step {
                k: 2,
                phase: 1,
                chunk: 0,
                part: StepPart::Results
            })
        );
    }

    #[test]
    fn other_headers_and_shapes_are_not_compared() {
        assert_eq!(
            difference(|a| a.header_hash = [0; 32]),
            Some(Difference::Header)
        );
        assert_eq!(difference(|a| a.steps.truncate(3)), Some(Difference::Shape));
    }
}
