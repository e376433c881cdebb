//! The difference between two engines on one epoch.

use crate::epoch::{chunk_uids, first_difference, without, Difference, StepPart, Trace};
use inktensor_primitives::{kernel::EpochHeader, Uid};
use std::fmt;

/// The first difference between two engines on one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineDifference {
    /// First step that differs, and the part of it.
    pub difference: Difference,
    /// Affected uids: those whose results or permits differ; for carry, scratch and memory all
    /// uids of the chunk.
    pub uids: Vec<Uid>,
}

impl fmt::Display for EngineDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, for uids", self.difference)?;
        for (place, uid) in self.uids.iter().enumerate() {
            write!(f, "{} {}", if place == 0 { "" } else { "," }, uid.0)?;
        }
        Ok(())
    }
}

/// Returns the first difference between two traces of the epoch of `header`.
pub fn engine_difference(a: &Trace, b: &Trace, header: &EpochHeader) -> Option<EngineDifference> {
    let neurons = header.neurons;
    let found = first_difference(&a.plan, neurons, &a.assertion(), &b.assertion())?;
    let uids = match found {
        Difference::Step { part, chunk, .. } => concerned(a, b, part, chunk, neurons),
        Difference::Header | Difference::Shape => (0..neurons).map(Uid).collect(),
    };
    Some(EngineDifference {
        difference: found,
        uids,
    })
}

fn concerned(a: &Trace, b: &Trace, part: StepPart, chunk: u16, neurons: u16) -> Vec<Uid> {
    let uids = chunk_uids(&a.plan, chunk, neurons);
    match part {
        StepPart::Step | StepPart::Memory => uids.collect(),
        StepPart::Results => {
            let of = |trace: &Trace, place: usize| {
                let results = trace.results.get(usize::from(chunk));
                results.and_then(|results| results.get(place)).copied()
            };
            uids.enumerate()
                .filter(|(place, _)| of(a, *place) != of(b, *place))
                .map(|(_, uid)| uid)
                .collect()
        }
        StepPart::Roster => {
            let mut uids = without(&a.roster, &b.roster);
            uids.extend(without(&b.roster, &a.roster));
            uids.sort_unstable();
            uids
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::StepTrace;
    use inktensor_primitives::{
        kernel::{EpochPlan, NeuronResult, PhasePlan},
        Rao,
    };

    fn header() -> EpochHeader {
        EpochHeader {
            neurons: 3,
            ..inktensor_test_support::header()
        }
    }

    /// One phase over two chunks.
    fn trace() -> Trace {
        let header = header();
        Trace {
            netuid: header.netuid,
            epoch: header.epoch,
            header_hash: header.digest(),
            plan: EpochPlan {
                chunk: 2,
                phases: vec![PhasePlan {
                    rows: false,
                    stake: true,
                    memory: false,
                }],
                memory_phase: 0,
                results_phase: 0,
            },
            steps: vec![StepTrace::default(); 2],
            memory: vec![Vec::new(); 2],
            results: vec![vec![NeuronResult::default(); 2], vec![Default::default()]],
            roster: vec![Uid(0), Uid(1)],
            timing: Vec::new(),
        }
    }

    fn text(change: impl FnOnce(&mut Trace)) -> Option<String> {
        let mut other = trace();
        change(&mut other);
        engine_difference(&trace(), &other, &header()).map(|it| it.to_string())
    }

    #[test]
    fn traces_that_agree_have_no_difference() {
        assert_eq!(text(|_| ()), None);
    }

    #[test]
    fn a_difference_names_step_part_and_uids() {
        assert_eq!(
            text(|it| it.results[0][1].miner = Rao(1)).as_deref(),
            Some("step 0 (phase 0, chunk 0) differs in its results, for uids 1")
        );
        assert_eq!(
            text(|it| it.steps[0].carry.push(1)).as_deref(),
            Some("step 0 (phase 0, chunk 0) differs in its carry or scratch, for uids 0, 1")
        );
        assert_eq!(
            text(|it| it.memory[1].push(1)).as_deref(),
            Some("step 1 (phase 0, chunk 1) differs in its memory, for uids 2")
        );
        assert_eq!(
            text(|it| it.roster = vec![Uid(0), Uid(2)]).as_deref(),
            Some("step 1 (phase 0, chunk 1) differs in its roster, for uids 1, 2")
        );
    }
}
