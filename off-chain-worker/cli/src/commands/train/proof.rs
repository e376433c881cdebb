//! `inktensor train proof`: proofs of fraud, decided with one step each.

use crate::{
    args,
    commands::{
        evidence::{blob, endpoint_of, named, Chain, Named, OptionalChain},
        model::read_at_most,
        neural::{unknown_key, Means, NeuralArgs},
    },
    error::{Failure, Verdict},
    network::Network,
    output::{
        self,
        table::{number, text, Room, Table},
        View,
    },
    values,
};
use inktensor_client::chain::Typed;
use inktensor_neuron::{
    fold::{
        fraud::{falls, read_list, Past, MOST_LIST, PROOFS_PATH, PROOF_EPOCHS},
        Training,
    },
    program::Runs,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    Digest, NetUid, Uid,
};
use inktensor_train::{self as train, FraudProof, ANSWER_OVERHEAD, STATE_LIMIT};
use inktensor_wire::Path as WirePath;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Longest transfer of a list of proofs.
const DEADLINE: Duration = Duration::from_secs(30);

/// Arguments of `train proof`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The file of a proof
    #[arg(
        required_unless_present = "uid",
        conflicts_with = "uid",
        value_name = "FILE"
    )]
    file: Option<PathBuf>,
    /// Decide the proofs that the validator on this uid serves, instead of a file
    #[arg(long, value_parser = values::uid, value_name = "UID")]
    uid: Option<Uid>,
    /// The folder for the files of a validator's proofs that stand, with their states
    #[arg(long, requires = "uid", value_name = "DIR")]
    out: Option<PathBuf>,
    /// The subnet
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    netuid: NetUid,
    #[command(flatten)]
    chain: OptionalChain,
    #[command(flatten)]
    neural: NeuralArgs,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// The decision on a proof.
#[derive(Serialize)]
struct Row {
    epoch: u32,
    uid: u16,
    generation: u32,
    step: u16,
    /// `stands`, `falls` or `open`.
    verdict: &'static str,
    /// The false item of the pledge, or the reason why the proof falls or is not decided.
    reason: String,
}

/// The decisions on proofs.
#[derive(Serialize)]
struct Report {
    netuid: u16,
    proofs: Vec<Row>,
}

impl View for Report {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("epoch"),
            number("uid"),
            number("step"),
            text("proof"),
        ];
        let mut table = Table::new(Room::of_terminal(), columns);
        for row in &self.proofs {
            table.row([
                row.epoch.to_string(),
                row.uid.to_string(),
                row.step.to_string(),
                row.verdict.into(),
            ]);
        }
        table.print(out)?;
        for row in &self.proofs {
            writeln!(out, "uid {}: {}", row.uid, row.reason)?;
        }
        let stand = self.proofs.iter().filter(|it| it.verdict == "stands");
        writeln!(
            out,
            "proofs that stand against the pledge on the chain: {} of {}",
            stand.count(),
            self.proofs.len()
        )
    }
}

/// The means to decide proofs of a subnet.
struct Court<'a> {
    chain: &'a Chain<'a>,
    network: &'a Network,
    means: &'a Means,
    netuid: NetUid,
    /// The epochs about which the proofs of a validator are decided. Absent for a file.
    range: Option<RangeInclusive<u32>>,
    /// Epochs that were read, each once, with what their manifests name.
    epochs: BTreeMap<u32, (Past, Named)>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let chain = Chain::new(&arguments.chain);
    let netuid = arguments.netuid;
    let given = arguments.file.as_deref().map(read).transpose()?;
    let means = arguments.neural.means(unknown_key()?)?;
    let network = chain.network(
        "the pledge of a proof",
        "decide the proof where one is at hand",
    )?;
    network.subnet(netuid)?;
    let mut court = Court {
        chain: &chain,
        network,
        means: &means,
        netuid,
        range: None,
        epochs: BTreeMap::new(),
    };
    let mut proofs = match (&given, arguments.uid) {
        (Some((proof, _)), _) => vec![proof.clone()],
        (None, Some(uid)) => court.served(uid)?,
        (None, None) => {
            return Err(Failure::input(
                "name the file of a proof, or a validator with --uid",
            ))
        }
    };
    let bytes = given.as_ref().map(|(_, bytes)| &bytes[..]);
    let rows: Vec<Row> = proofs.iter_mut().map(|it| court.row(it, bytes)).collect();
    if let Some(folder) = &arguments.out {
        write(folder, &proofs, &rows)?;
    }
    let report = Report {
        netuid: netuid.0,
        proofs: rows,
    };
    output::show(arguments.json, &report, out)?;
    let of = |verdict| report.proofs.iter().find(move |it| it.verdict == verdict);
    match (of("falls"), of("open")) {
        (Some(_), _) => Ok(Verdict::Bad),
        (None, Some(open)) => Err(Failure::input(format_args!(
            "the proof against uid {} in epoch {} is not decided: {}",
            open.uid, open.epoch, open.reason
        ))),
        (None, None) => Ok(Verdict::Good),
    }
}

/// Returns the proof in a file, and the bytes of the file.
fn read(path: &Path) -> Result<(FraudProof, Vec<u8>), Failure> {
    let most = STATE_LIMIT.saturating_add(ANSWER_OVERHEAD);
    let bytes = read_at_most(path, u64::try_from(most).unwrap_or(u64::MAX))?;
    let proof = FraudProof::from_file(&bytes, STATE_LIMIT);
    let proof = proof.map_err(|error| Failure::in_file(path, error))?;
    Ok((proof, bytes))
}

/// Writes the proofs that stand.
fn write(folder: &Path, proofs: &[FraudProof], rows: &[Row]) -> Result<(), Failure> {
    let unusable = |error: io::Error| Failure::unusable("--out", folder, &error);
    fs::create_dir_all(folder).map_err(unusable)?;
    for (proof, _) in proofs
        .iter()
        .zip(rows)
        .filter(|(_, it)| it.verdict == "stands")
    {
        let name = format!("proof-{}-{}", proof.epoch, proof.seat.uid);
        fs::write(folder.join(name), proof.to_file()).map_err(unusable)?;
    }
    Ok(())
}

impl Court<'_> {
    /// Returns the decision on a proof, and puts its state into it. `file` has the bytes of a proof
    /// that was read from a file.
    fn row(&mut self, proof: &mut FraudProof, file: Option<&[u8]>) -> Row {
        let (verdict, reason) = match self.decide(proof, file) {
            Ok(verdict @ train::Verdict::False(_)) => ("stands", falls(&verdict)),
            Ok(verdict) => ("falls", falls(&verdict)),
            Err(failure) => ("open", failure.to_string()),
        };
        Row {
            epoch: proof.epoch,
            uid: proof.seat.uid,
            generation: proof.seat.generation,
            step: proof.answer.step,
            verdict,
            reason,
        }
    }

    fn decide(
        &mut self,
        proof: &mut FraudProof,
        file: Option<&[u8]>,
    ) -> Result<train::Verdict, Failure> {
        // Each further epoch would be read from the chain.
        if let Some(range) = self.range.as_ref().filter(|it| !it.contains(&proof.epoch)) {
            return Err(Failure::input(format_args!(
                "the proof is about epoch {}, and a validator serves those of epochs {} to {}; \
                 name another validator with --uid",
                proof.epoch,
                range.start(),
                range.end()
            )));
        }
        let (past, training) = self.epoch(proof.epoch)?;
        let most = training.state_bytes();
        if let Some(bytes) = file.filter(|bytes| bytes.len() > most) {
            // A proof has no more bytes than a state of its training and the paths.
            FraudProof::from_file(bytes, most).map_err(Failure::input)?;
        }
        let state = |hash: &Digest| self.state(&past, hash, most);
        let verdict = past.decide(&training, proof, state);
        let verdict = verdict.map_err(Failure::input)?;
        if proof.answer.state.is_empty() {
            let held = self.means.blobs.get(&proof.answer.before.state);
            proof.answer.state = held.unwrap_or_default();
        }
        Ok(verdict)
    }

    /// Returns the proofs that a validator serves.
    fn served(&mut self, uid: Uid) -> Result<Vec<FraudProof>, Failure> {
        let contracts = self.network.contracts();
        let status = contracts.epoch().status(self.netuid);
        let status: Option<EpochStatus> = self.network.chain().query(status)?;
        let open = status.map_or(0, |it| it.open);
        // The validator may be an epoch behind or ahead.
        let oldest = open.saturating_sub(PROOF_EPOCHS).saturating_sub(1);
        self.range = Some(oldest..=open.saturating_add(1));
        let endpoint = endpoint_of(self.network, self.netuid, uid)?;
        let endpoint = endpoint.ok_or_else(|| {
            Failure::input(format_args!(
                "uid {} has no endpoint now; name another validator with --uid",
                uid.0
            ))
        })?;
        let path = WirePath::new(PROOFS_PATH).map_err(Failure::input)?;
        let page = self
            .means
            .client
            .page(&endpoint, &path, MOST_LIST, DEADLINE);
        let bytes = self.means.runtime.block_on(page).map_err(|cause| {
            Failure::input(format_args!(
                "uid {} serves no proofs of fraud: {cause}; name a validator of a training with \
                 --uid",
                uid.0
            ))
        })?;
        read_list(&bytes).map_err(Failure::input)
    }

    /// Returns the facts of an epoch, and its training.
    fn epoch(&mut self, number: u32) -> Result<(Past, Arc<Training>), Failure> {
        if !self.epochs.contains_key(&number) {
            let (chain, contracts) = (self.network.chain(), self.network.contracts());
            let past = Past::read(chain, &contracts, self.netuid, number);
            let past = past.map_err(Failure::input)?;
            let manifest = past.manifest.ok_or_else(|| {
                Failure::input(format_args!(
                    "no manifest counts in epoch {number} of subnet {}; name the subnet of the \
                     proof with --netuid",
                    self.netuid.0
                ))
            })?;
            let named = named(self.means, self.chain, self.netuid, &manifest)?;
            self.epochs.insert(number, (past, named));
        }
        match self.epochs.get(&number) {
            Some((past, named)) => match &named.runs {
                Runs::Fold(training) => Ok((past.clone(), Arc::clone(training))),
                Runs::Task(_) | Runs::Contest(_) => Err(Failure::input(format_args!(
                    "subnet {} ran {} in epoch {number}, which has no proofs of fraud; name the \
                     subnet of a training with --netuid",
                    self.netuid.0, named.manifest.task
                ))),
            },
            None => Err(Failure::missing(format_args!("epoch {number}"))),
        }
    }

    /// Returns a state from the folder of blobs, or from a neuron.
    fn state(&self, past: &Past, hash: &Digest, most: usize) -> Option<Vec<u8>> {
        let (_, named) = self.epochs.get(&past.number)?;
        let mirrors = &named.manifest.mirrors;
        let what = ("state", hash);
        blob(self.means, self.chain, self.netuid, what, most, mirrors).ok()
    }
}
