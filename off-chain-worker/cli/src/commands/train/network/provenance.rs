//! From an answer or a state back to the first state of a subnet's training.

use super::{Asked, Line, OnSubnet, Replay};
use crate::{
    commands::{
        evidence::Chain,
        neural::unknown_key,
        train::{course::Seeds, provenance::Answered, replay::Sampling},
    },
    error::{Failure, Verdict},
    output::{self, format::count, json::Hex, View},
};
use inktensor_neuron::fold::history::PastEpoch;
use inktensor_primitives::{hash::hex, Digest, NetUid};
use inktensor_task::{Blob, Fold};
use inktensor_train::Member;
use serde::Serialize;
use std::io::{self, Write};

/// The history of a hash, by a chain.
#[derive(Serialize)]
struct Provenance {
    /// The hash.
    hash: Hex,
    /// The part of the training that has the hash.
    place: String,
    netuid: u16,
    /// Hash of the manifest, which the owner has pledged.
    manifest: Hex,
    /// Hash of the first state, which the manifest names.
    start: Hex,
    /// The number that the first state was computed from. Absent if none was given.
    first_seed: Option<u64>,
    /// The epochs up to that place.
    history: Vec<Line>,
    steps: u64,
    /// True if the answer is the one computed here. Absent without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<bool>,
    /// The first false item. Absent if every hash is the one on the chain.
    wrong: Option<String>,
}

impl View for Provenance {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{}\n  is {}. By the chain it follows from",
            self.hash, self.place
        )?;
        writeln!(out, "  subnet {}, manifest", self.netuid)?;
        writeln!(out, "         {}", self.manifest)?;
        match self.first_seed {
            Some(seed) => writeln!(out, "  seed   {seed}, which leads to the first state")?,
            None => writeln!(
                out,
                "  the manifest's first state (--first-seed computes it from its seed)"
            )?,
        }
        writeln!(out, "         {}", self.start)?;
        for line in &self.history {
            let joined = i64::try_from(line.members.len()).unwrap_or(i64::MAX);
            writeln!(
                out,
                "  epoch {}: {}, {} joined",
                line.epoch,
                count(line.steps, "step"),
                count(joined, "miner")
            )?;
            writeln!(out, "         {}", line.next)?;
        }
        match self.answer {
            Some(true) => writeln!(out, "right: this state gives the answer")?,
            Some(false) => writeln!(out, "wrong: this state gives another answer")?,
            None => {}
        }
        match &self.wrong {
            Some(wrong) => writeln!(out, "false: {wrong}"),
            None => writeln!(
                out,
                "true: {}, {}, each start is the one that most stake names",
                count(
                    i64::try_from(self.history.len()).unwrap_or(i64::MAX),
                    "epoch"
                ),
                count(self.steps, "step")
            ),
        }
    }
}

/// Returns the part of an epoch that has the hash, if it is one that the replay has computed.
fn place_in(
    epoch: &PastEpoch,
    (members, next): (&[Member], &Digest),
    hash: &Digest,
) -> Option<String> {
    let number = epoch.number;
    if next == hash {
        return Some(format!("the state in which epoch {number} ends"));
    }
    members.iter().find_map(|member| {
        let uid = member.seat.uid;
        match (member.work.root == *hash, member.work.end == *hash) {
            (true, _) => Some(format!(
                "the root of the work of uid {uid} in epoch {number}"
            )),
            (_, true) => Some(format!(
                "the end of the work of uid {uid} in epoch {number}"
            )),
            (false, false) => None,
        }
    })
}

/// Finds `hash` in a subnet's training, and computes everything up to it again, and the answer with
/// it.
pub fn trace(
    (subnet, netuid): (&OnSubnet, NetUid),
    hash: &Digest,
    first_seed: Option<u64>,
    answered: Option<&Answered>,
    json: bool,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let chain = Chain::new(&subnet.chain);
    let means = subnet.neural.means(unknown_key()?)?;
    let mut replay = Replay::open(&chain, &means, netuid)?;
    let mut place = (replay.first == *hash).then(|| "the first state".to_owned());
    if let Some(seed) = first_seed {
        let first = replay.training.train.start(&Seeds::new(seed).start());
        let first = first.map_err(Failure::input)?.hash();
        if first != replay.first {
            replay.report.wrong = Some(format!(
                "the manifest names the first state {}, and seed {seed} leads to {}",
                hex(&replay.first),
                hex(&first)
            ));
        }
    }
    if place.is_none() && replay.report.wrong.is_none() {
        let asked = Asked {
            from: None,
            to: None,
            sampling: &Sampling::default(),
            code: None,
            // The report lists the epochs.
            json: true,
        };
        replay.run(&asked, out, |epoch, done| {
            place = place_in(epoch, done, hash);
            place.is_some()
        })?;
    }
    let Some(place) = place.or_else(|| replay.report.wrong.as_ref().map(|_| "not found".into()))
    else {
        return Err(Failure::input(format_args!(
            "nothing in the training of subnet {} has the hash {} so far; name the subnet that it \
             is from",
            netuid.0,
            hex(hash)
        )));
    };
    let answer = match answered.filter(|_| replay.report.wrong.is_none()) {
        Some(answered) => {
            let state = means.blobs.get(hash).map_err(Failure::input)?;
            Some(answered.is_of(&state)?)
        }
        None => None,
    };
    let report = replay.report;
    if let Some(epoch) = report.breaks.first() {
        return Err(Failure::input(format_args!(
            "epoch {epoch} does not follow from the steps before it, so the history ends there"
        )));
    }
    let found = Provenance {
        hash: (*hash).into(),
        place,
        netuid: netuid.0,
        manifest: report.manifest,
        start: replay.first.into(),
        first_seed,
        history: report.epochs,
        steps: report.steps,
        answer,
        wrong: report.wrong,
    };
    output::show(json, &found, out)?;
    let is_true = found.wrong.is_none() && found.answer != Some(false);
    Ok(Verdict::of(is_true))
}
