//! The work of miners, as the evidence of a validator has it.

use super::{report::Work, LiveError};
use inktensor_neuron::evidence::{codec::read_evidence, Evidence, Grade};
use inktensor_primitives::{registry::Axon, Uid};
use inktensor_task::Worth;
use inktensor_wire::{Client, Endpoint, Outcome, Path};
use std::{collections::BTreeMap, time::Duration};
use tokio::runtime::Runtime;

/// Most bytes of evidence that is read: a run has a few hundred receipts.
const MAX_EVIDENCE: usize = 4 * 1024 * 1024;
/// Longest wait for evidence.
const WAIT: Duration = Duration::from_secs(20);

/// Reads the evidence that a validator serves.
///
/// # Errors
/// `Unusable` if it is not to be had.
pub fn evidence(
    runtime: &Runtime,
    client: &Client,
    axon: &Axon,
    epoch: u32,
) -> Result<Evidence, LiveError> {
    let unusable = |error: String| LiveError::Unusable(format!("evidence of {epoch}: {error}"));
    let path = Path::new(&format!("/v1/evidence/{epoch}"));
    let path = path.map_err(|error| unusable(error.to_string()))?;
    let endpoint = Endpoint::from(axon);
    let page = client.page(&endpoint, &path, MAX_EVIDENCE, WAIT);
    let file = runtime.block_on(page);
    let file = file.map_err(|error| unusable(error.to_string()))?;
    read_evidence(&file).map_err(|error| unusable(error.to_string()))
}

/// Returns the counts of verdicts on each miner.
pub fn count(evidence: &Evidence) -> BTreeMap<Uid, Work> {
    let mut counts: BTreeMap<Uid, Work> = BTreeMap::new();
    for receipt in &evidence.receipts {
        let mut work = Work {
            asked: 1,
            ..Work::default()
        };
        let kind = match (receipt.grade, &receipt.outcome) {
            (Grade::Checked(Worth::NONE), _) => &mut work.wrong,
            (Grade::Checked(_), _) => &mut work.right,
            // A run checks every answer.
            (Grade::Unchecked, _) => &mut work.wrong,
            (Grade::Unanswered, Outcome::Unsigned { .. }) => &mut work.unsigned,
            (Grade::Unanswered, Outcome::Refused(_)) => &mut work.refused,
            (Grade::Late | Grade::Unanswered | Grade::Withheld, _) => &mut work.late,
        };
        *kind = 1;
        counts.entry(receipt.uid).or_default().add(&work);
    }
    counts
}
