//! The summary of a verdict.

use crate::output::{
    json::{Address, Hex},
    table::{number, text, Room, Table},
    View,
};
use inktensor_contest::Finding;
use inktensor_neuron::contest::evidence::ContestEvidence;
use serde::Serialize;
use std::io::{self, Write};

/// The summary of a validator's evidence of a contest.
#[derive(Serialize)]
pub struct Summary {
    netuid: u16,
    epoch: u32,
    validator: Address,
    root: Hex,
    manifest: Hex,
    seed_block: u32,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    uid: u16,
    generation: u32,
    /// Hash of the model, if the entry has a loss.
    model: Option<Hex>,
    /// Mean loss in millionths of a nat a byte.
    loss: Option<u32>,
    finding: String,
    /// Worth in this epoch, in parts of 65 535.
    worth: u16,
    /// Moving average of worth, in parts of 65 535.
    average: u16,
    /// Weight that the validator sets.
    weight: u16,
}

impl View for Summary {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "evidence of {} in epoch {}",
            self.validator, self.epoch
        )?;
        writeln!(out, "root {}", self.root)?;
        let columns = [
            number("uid"),
            number("worth"),
            number("average"),
            number("weight"),
            text("finding"),
        ];
        let mut table = Table::new(Room::of_terminal(), columns);
        for it in &self.entries {
            table.row([
                it.uid.to_string(),
                it.worth.to_string(),
                it.average.to_string(),
                it.weight.to_string(),
                it.finding.clone(),
            ]);
        }
        table.print(out)
    }
}

/// Returns the summary of evidence.
pub fn summary(evidence: &ContestEvidence) -> Summary {
    let (head, verdict) = (&evidence.head, &evidence.verdict);
    let entries = verdict.lines.iter().map(|line| {
        let uid = line.seat.uid;
        let weight = verdict.weights.iter().find(|(of, _)| *of == uid);
        let model = match &line.finding {
            Finding::Judged { model, .. } => Some(Hex::from(*model)),
            Finding::Faulty(_) => None,
        };
        Entry {
            uid,
            generation: line.seat.generation,
            model,
            loss: line.finding.loss().map(|loss| loss.0),
            finding: line.finding.to_string(),
            worth: line.worth.0,
            average: line.average.0,
            weight: weight.map_or(0, |(_, weight)| *weight),
        }
    });
    Summary {
        netuid: head.netuid.0,
        epoch: head.epoch,
        validator: head.validator.hotkey.into(),
        root: Hex::from(evidence.root()),
        manifest: Hex::from(head.manifest),
        seed_block: head.seed_block.number,
        entries: entries.collect(),
    }
}
