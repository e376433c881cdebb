//! The task of a subnet: the manifest that its owner has pledged.

use crate::{
    args::{NetuidArg, SignArgs},
    commands::{
        model::read_at_most,
        neural::{unknown_key, NeuralArgs},
        serve::publish,
    },
    error::Failure,
    output::{
        self,
        json::{Address, Hex},
        View,
    },
};
use inktensor_client::chain::Pinned;
use inktensor_neuron::{
    contest,
    fetch::{held, FindError, Held},
    manifest::{decimal, Manifest, MAX_MANIFEST},
    pledged::{counts_from, manifest_now, NOTICE},
    program::{check_named, check_wasm, MAX_CODE},
};
use inktensor_primitives::{
    epoch::Epochs,
    registry::{CommitmentKind, Registry},
    work::Pledge,
};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Arguments of `subnet task`.
#[derive(clap::Args)]
pub struct Task {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The manifest to pledge, by the hotkey of the subnet's owner
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// The manifest's file, to show what it holds; by default a neuron is asked for it
    #[arg(long, value_name = "FILE", conflicts_with = "set")]
    file: Option<PathBuf>,
    #[command(flatten)]
    neural: NeuralArgs,
}

/// The manifest of a subnet.
#[derive(Serialize)]
struct TaskView {
    netuid: u16,
    manifest: Option<Hex>,
    block: Option<u32>,
    counts_from: Option<u32>,
    #[serde(skip)]
    counts_already: bool,
    content: Option<Content>,
    /// The reasons for which places that may have the file did not serve it.
    unfetched: Option<String>,
}

/// The values of a manifest. Parts are decimal numbers, as in the file.
#[derive(Serialize)]
struct Content {
    task: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<Hex>,
    state: Hex,
    mirrors: Vec<String>,
    questions: u16,
    window: u16,
    check: String,
    alpha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<u16>,
}

/// A manifest that was pledged.
#[derive(Serialize)]
struct Pledged {
    netuid: u16,
    manifest: Hex,
    counts_from: u32,
}

impl From<Manifest> for Content {
    fn from(it: Manifest) -> Self {
        Self {
            task: it.task,
            program: it.program.map(Hex::from),
            state: Hex::from(it.state),
            mirrors: it.mirrors,
            questions: it.questions,
            window: it.window,
            check: decimal(it.check),
            alpha: decimal(it.alpha),
            steps: it.steps,
        }
    }
}

impl View for TaskView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(manifest) = &self.manifest else {
            return writeln!(
                out,
                "the owner of subnet {} has pledged no manifest; `inktensor subnet task --set \
                 FILE` pledges one",
                self.netuid
            );
        };
        writeln!(out, "manifest     {manifest}")?;
        if let (Some(block), Some(epoch)) = (self.block, self.counts_from) {
            let counts = match self.counts_already {
                true => format!("counts in epoch {epoch}, which is open"),
                false => format!("counts from epoch {epoch} on"),
            };
            writeln!(out, "pledged      in block {block}, {counts}")?;
        }
        let Some(content) = &self.content else {
            let reason = self.unfetched.as_deref();
            let reason = reason.unwrap_or("no neuron serves the manifest");
            return writeln!(
                out,
                "{reason}\nname its file with --file to see what it holds"
            );
        };
        let program = content.program.as_ref().map(ToString::to_string);
        for (name, value) in [
            ("task", content.task.clone()),
            ("program", program.unwrap_or_else(|| "built in".into())),
            ("state", content.state.to_string()),
            ("mirrors", content.mirrors.join(", ")),
            ("questions", format!("{} to a miner", content.questions)),
            ("window", format!("{} s", content.window)),
            ("check", content.check.clone()),
            ("alpha", content.alpha.clone()),
        ] {
            // The owner chose the text; control characters are escaped.
            writeln!(out, "{name:<12} {}", value.escape_debug())?;
        }
        if let Some(steps) = content.steps {
            writeln!(out, "{:<12} {steps} paid in an epoch, at most", "steps")?;
        }
        Ok(())
    }
}

/// Shows or pledges the manifest of a subnet.
pub fn task(arguments: &Task, out: &mut dyn Write) -> Result<(), Failure> {
    match &arguments.set {
        Some(file) => set(arguments, file, out),
        None => show(arguments, out),
    }
}

fn show(arguments: &Task, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.sign.chain.open()?;
    let subnet = network.subnet(netuid)?;
    let contracts = network.contracts();
    let pinned = Pinned::best(network.chain())?;
    let pledged = manifest_now(&pinned, &contracts, netuid)?;
    let mut view = TaskView {
        netuid: netuid.0,
        manifest: pledged.map(|it| Hex::from(it.manifest)),
        block: pledged.map(|it| it.block),
        counts_from: None,
        counts_already: false,
        content: None,
        unfetched: None,
    };
    if let Some(pledged) = pledged {
        let status = network.query(contracts.epoch().status(netuid))?;
        let last = network.query(contracts.epoch().header(netuid))?;
        if let Some(status) = status {
            let from = counts_from(pledged.block, &status, last.as_ref());
            view.counts_from = Some(from);
            view.counts_already = from <= status.open;
        }
        let file = match &arguments.file {
            Some(path) => {
                let bytes = read(path)?;
                if Manifest::hash(&bytes) != pledged.manifest {
                    return Err(Failure::in_file(
                        path,
                        "the owner has pledged another manifest",
                    ));
                }
                Some(bytes)
            }
            None => {
                let means = arguments.neural.means(unknown_key()?)?;
                let hash = &pledged.manifest;
                match means.find(&network, netuid, hash, MAX_MANIFEST, &[]) {
                    Ok(found) => found,
                    Err(FindError::Nowhere(error)) => {
                        view.unfetched = Some(error.to_string());
                        None
                    }
                    Err(error) => return Err(Failure::input(error)),
                }
            }
        };
        let manifest = file.map(|bytes| Manifest::parse(&bytes));
        let manifest = manifest.transpose().map_err(|error| {
            let owner = Address(subnet.owner);
            Failure::input(format_args!(
                "the manifest that {owner} has pledged: {error}"
            ))
        })?;
        view.content = manifest.map(Content::from);
    }
    Ok(output::show(arguments.sign.json, &view, out)?)
}

fn set(arguments: &Task, file: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let bytes = read(file)?;
    let manifest = Manifest::parse(&bytes).map_err(|error| Failure::in_file(file, error))?;
    check_program(arguments, &manifest).map_err(|error| Failure::in_file(file, error))?;
    let mut session = arguments.sign.open()?;
    let subnet = session.network.subnet(netuid)?;
    if session.account != subnet.owner_hotkey {
        return Err(Failure::input(format_args!(
            "the manifest is pledged by the neuron of the owner's hotkey, {}; sign with that key",
            Address(subnet.owner_hotkey)
        )));
    }
    let hash = Manifest::hash(&bytes);
    let data = Pledge::Subnet { manifest: hash }.to_data();
    let contracts = session.network.contracts();
    let done = publish(&mut session, netuid, || {
        contracts
            .registry()
            .commit(netuid, CommitmentKind::Raw, data.clone())
    })?;
    let subnet = session.network.subnet(netuid)?;
    let answer = Pledged {
        netuid: netuid.0,
        manifest: Hex::from(hash),
        // Before the start the epoch is 0.
        counts_from: subnet.epoch.saturating_add(NOTICE),
    };
    let files = match manifest.program {
        Some(_) => "its file and the program's: --blob",
        None if contest::is_contest(&manifest) => "its file, the definition and the corpus: --blob",
        None => "its file: --blob",
    };
    let sentence = format!(
        "pledged the manifest {}; it counts from epoch {} on\nserve {files} {} of a miner or \
         validator",
        answer.manifest,
        answer.counts_from,
        file.display()
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Checks that neurons can run the task of a manifest: a Wasm program is compiled and described.
fn check_program(arguments: &Task, manifest: &Manifest) -> Result<(), Failure> {
    check_named(manifest)?;
    if contest::is_contest(manifest) {
        return check_contest(arguments, manifest);
    }
    let Some(hash) = &manifest.program else {
        return Ok(());
    };
    let means = arguments.neural.means(unknown_key()?)?;
    match held(&means.blobs, hash, MAX_CODE).map_err(Failure::input)? {
        Held::Whole(code) => Ok(check_wasm(manifest, (&code, hash))?),
        Held::TooLong(bytes) => Err(Failure::input(format_args!(
            "the program has {bytes} bytes, and {MAX_CODE} is the most"
        ))),
        Held::Absent => Err(Failure::input(format_args!(
            "the program {} is not here; name its file with --blob, to check it before it is \
             pledged",
            Hex::from(*hash)
        ))),
    }
}

/// Checks that a contest can be held: its definition and its corpus are read.
fn check_contest(arguments: &Task, manifest: &Manifest) -> Result<(), Failure> {
    let means = arguments.neural.means(unknown_key()?)?;
    contest::load(manifest, |what, hash, most| {
        match held(&means.blobs, hash, most).map_err(Failure::input)? {
            Held::Whole(bytes) => Ok(bytes),
            Held::TooLong(bytes) => Err(Failure::input(format_args!(
                "the {what} has {bytes} bytes, and {most} is the most"
            ))),
            Held::Absent => Err(Failure::input(format_args!(
                "the {what} {} is not here; name its file with --blob, to check the contest before \
                 it is pledged",
                Hex::from(*hash)
            ))),
        }
    })
    .map(drop)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_at_most(path, u64::try_from(MAX_MANIFEST).unwrap_or(u64::MAX))
}
