//! `inktensor deploy`: puts all contracts on a chain. `inktensor deployment`: checks and records
//! deployments.

mod check;
mod config;
pub mod governance;
mod powers;
mod record;
mod rules;

pub use check::Check;
pub use record::RecordArgs;

use crate::{
    args::{self, NodesArg},
    error::{Failure, Verdict},
    network::connect,
    output::{
        self,
        format::{count, grouped},
        json::{Address, CostView, Hex},
        table::{number, text, Room, Table},
        View,
    },
};
use inktensor_client::{
    chain::{rpc::Wait, Cost},
    deploy::{
        deploy_with, estimate, Bundles, Config, DeployStep, Deployed, Deployment, Phase, Record,
        StepOutcome,
    },
    keys::{self, KeyArguments},
};
use inktensor_devnet::chain_dir::{read_record, write_whole};
use inktensor_worker::chain_source::{Access, FOLDER};
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Commands about a deployment.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Check a deployment's file against the chain
    ///
    /// Compares code, wiring, kernels and the roles of governance, and checks that no contract's
    /// code can change. Shows the accounts that have roles, and the chain's sudo key. Exit code: 0
    /// if all is as recorded, 1 if something differs, 2 if the chain or the file cannot be read.
    #[command(after_help = example!("deployment check --url ws://127.0.0.1:9944"))]
    Check(Check),
    /// Record a deployment that was made by other tools
    ///
    /// Writes deployments/NETWORK.json, which all other commands need, after checking that every
    /// contract is the one that it should be. The epoch contract names the others; the kernels
    /// are those with the code of the built ones, unless their addresses are given.
    #[command(after_help = example!(
        "deployment record --url ws://127.0.0.1:9944 --network mine --epoch \
         5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL"
    ))]
    Record(RecordArgs),
}

/// Arguments of `deploy`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "deploy --url ws://127.0.0.1:9944 --suri-file deployer.suri --holder \
     5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY=1000000"
))]
pub struct Arguments {
    #[command(flatten)]
    nodes: NodesArg,
    #[command(flatten)]
    keys: KeyArguments,
    /// When a transaction counts as carried out, on a chain of nodes
    #[arg(long, value_enum, default_value = "finalized", help_heading = args::SIGNER)]
    wait: Wait,
    #[command(flatten)]
    config: config::Configured,
    /// The chain's name, and so the file in `deployments`; by default the node's name for it
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Show addresses, deposits and gas, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace the file of another deployment, whose contracts stay where they are
    #[arg(long)]
    replace: bool,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// A contract, for programs.
#[derive(Serialize)]
struct ContractView {
    name: &'static str,
    address: Address,
    code_hash: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_code: Option<Hex>,
    bytes: usize,
    cost: CostView,
}

impl From<&Deployed> for ContractView {
    fn from(it: &Deployed) -> Self {
        Self {
            name: it.name,
            address: it.address.into(),
            code_hash: Hex::from(it.code_hash),
            full_code: it.full_code.map(Hex::from),
            bytes: it.size,
            cost: CostView::from(&it.cost),
        }
    }
}

/// A deployment that was estimated.
#[derive(Serialize)]
struct Estimated {
    deployer: Address,
    contracts: Vec<ContractView>,
    cost: CostView,
    #[serde(skip)]
    planned: Deployment,
    #[serde(skip)]
    sum: Cost,
}

/// A deployment that was carried out.
#[derive(Serialize)]
struct Finished<'a> {
    file: &'a Path,
    /// True if the file was written.
    #[serde(skip)]
    is_recorded: bool,
    contracts: Vec<ContractView>,
    steps: Vec<StepView>,
    #[serde(skip)]
    deployment: &'a Deployment,
}

#[derive(Serialize)]
struct StepView {
    phase: &'static str,
    what: &'static str,
    cost: Option<CostView>,
}

/// Runs `inktensor deployment`.
pub fn deployment(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Check(arguments) => check::run(arguments, out),
        Command::Record(arguments) => record::run(arguments, out),
    }
}

/// Runs `inktensor deploy`.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let addresses = arguments
        .nodes
        .nodes("`inktensor devchain` deploys by itself")?;
    let bundles = Bundles::load().map_err(Failure::input)?;
    let key = arguments.keys.keypair().map_err(Failure::input)?;
    let account = keys::account(&key);
    let config = arguments.config.config(account)?;
    if config.network.min_lock.is_zero() {
        // Standard error may be closed.
        let _ = writeln!(
            io::stderr(),
            "warning: creation_price is 0: subnets are free until the admin changes the rules"
        );
    }
    let access = Access {
        keys: vec![key],
        wait: arguments.wait,
        ..Access::default()
    };
    let (mut chain, waiting) = connect(addresses, access)?;
    let planned = estimate(&chain, &bundles, &config).map_err(Failure::input)?;
    rules::check_treasury(config.treasury, &planned.addresses).map_err(Failure::input)?;
    if arguments.dry_run {
        let estimated = Estimated::new(planned, &config);
        output::show(arguments.json, &estimated, out)?;
        return Ok(Verdict::Good);
    }
    let network = match &arguments.network {
        Some(network) => network.clone(),
        None => chain.name().map_err(Failure::input)?,
    };
    let path = file(&network)?;
    let genesis = inktensor_client::chain::ChainRead::genesis(&chain).map_err(Failure::input)?;
    let planned = Record::of(&planned, &network, genesis);
    let earlier = earlier(&path, &planned, arguments.replace)?;
    waiting.now_for("the next step of the deployment");
    let mut taken = Vec::new();
    let deployment = deploy_with(&mut chain, &bundles, &config, &mut |step| {
        taken.push(*step);
        if !arguments.json {
            // A closed standard output does not stop the deployment.
            let _ = log_step(step, out).and_then(|()| out.flush());
        }
    })
    .map_err(|error| {
        Failure::input(format_args!(
            "{error}; the steps before stay, and the same command continues from there"
        ))
    })?;
    let mut record = Record::of(&deployment, network, genesis);
    if let Some(earlier) = earlier {
        // A contract that was found has the block that the file before has.
        for (name, entry) in &mut record.contracts {
            if let Some(known) = earlier.contracts.get(name) {
                entry.block = known.block.min(entry.block);
            }
        }
    }
    drop(waiting);
    let text = record.to_text();
    let is_recorded = fs::read_to_string(&path).ok().as_ref() != Some(&text);
    if is_recorded {
        write_whole(&path, text.as_bytes()).map_err(Failure::input)?;
    }
    let finished = Finished {
        file: &path,
        is_recorded,
        contracts: deployment
            .contracts
            .iter()
            .map(ContractView::from)
            .collect(),
        steps: taken.iter().map(StepView::from).collect(),
        deployment: &deployment,
    };
    output::show(arguments.json, &finished, out)?;
    if config.governance.is_none() && config.admin != account {
        // Standard error may be closed.
        let _ = writeln!(
            io::stderr(),
            "note: the admin's role is offered to {}; that account takes it with the message \
             Registry::accept_admin",
            Address(config.admin)
        );
    }
    Ok(Verdict::Good)
}

/// Returns the file of the network with this name, in a folder that exists.
fn file(network: &str) -> Result<PathBuf, Failure> {
    let name: String = network
        .chars()
        .map(|it| {
            if it.is_ascii_alphanumeric() {
                it.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    if name.chars().all(|it| it == '-') {
        return Err(Failure::input(format_args!(
            "--network {network:?}: a file needs a name with a letter or a digit in it"
        )));
    }
    let folder = Path::new(FOLDER);
    fs::create_dir_all(folder).map_err(|error| Failure::unusable("", folder, &error))?;
    Ok(folder.join(name).with_extension("json"))
}

/// Returns the record that the file holds of this deployment already. The record of another one
/// is an error, unless it is to be replaced.
fn earlier(path: &Path, planned: &Record, replace: bool) -> Result<Option<Record>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let known = match read_record(path) {
        Ok(known) => known,
        Err(_) if replace => return Ok(None),
        Err(error) => return Err(Failure::input(error)),
    };
    let is_the_same =
        known.genesis == planned.genesis && known.addresses().ok() == planned.addresses().ok();
    match (is_the_same, replace) {
        (true, _) => Ok(Some(known)),
        (false, true) => Ok(None),
        (false, false) => Err(Failure::in_file(
            path,
            "the file has another deployment: choose another --network, or add --replace",
        )),
    }
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Upload => "upload",
        Phase::Instantiate => "instantiate",
        Phase::Wire => "wire",
        Phase::HandOver => "hand over",
    }
}

fn log_step(step: &DeployStep, out: &mut dyn Write) -> io::Result<()> {
    let (phase, what) = (phase(step.phase), step.what);
    match step.outcome {
        StepOutcome::Done(_) => writeln!(out, "{phase:<12} {what:<14} done"),
        StepOutcome::Found => writeln!(out, "{phase:<12} {what:<14} was done before"),
    }
}

impl From<&DeployStep> for StepView {
    fn from(step: &DeployStep) -> Self {
        let cost = match &step.outcome {
            StepOutcome::Done(cost) => Some(CostView::from(cost)),
            StepOutcome::Found => None,
        };
        Self {
            phase: phase(step.phase),
            what: step.what,
            cost,
        }
    }
}

impl View for Finished<'_> {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let done = self.steps.iter().filter(|it| it.cost.is_some()).count();
        let done = count(u32::try_from(done).unwrap_or(u32::MAX), "step");
        writeln!(out, "\ntook {done} of {}\n", self.steps.len())?;
        addresses(self.deployment, out)?;
        if self.is_recorded {
            writeln!(out, "\nrecorded in {}", self.file.display())?;
        }
        Ok(())
    }
}

fn addresses(deployment: &Deployment, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(Room::Narrow, [text("contract"), text("address")]);
    for it in &deployment.contracts {
        table.row([it.name.to_owned(), Address(it.address).to_string()]);
    }
    table.print(out)
}

impl Estimated {
    fn new(planned: Deployment, config: &Config) -> Self {
        let contracts = planned.contracts.iter();
        let sum = contracts.fold(Cost::default(), |sum, it| sum.and(it.cost));
        Self {
            deployer: config.deployer.into(),
            contracts: planned.contracts.iter().map(ContractView::from).collect(),
            cost: CostView::from(&sum),
            planned,
            sum,
        }
    }
}

impl View for Estimated {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "deployer {}\n", self.deployer)?;
        addresses(&self.planned, out)?;
        writeln!(out)?;
        let columns = [
            text("contract"),
            number("KiB"),
            number("deposit"),
            number("ref_time ms"),
            number("proof KiB"),
        ];
        let mut table = Table::new(Room::Narrow, columns);
        for it in &self.planned.contracts {
            table.row([
                it.name.to_owned(),
                format!("{:.1}", it.size as f64 / 1024.0),
                grouped(it.cost.deposit),
                format!("{:.1}", it.cost.ref_time as f64 / 1e9),
                format!("{:.1}", it.cost.proof_size as f64 / 1024.0),
            ]);
        }
        table.print(out)?;
        writeln!(
            out,
            "\ndeposits together: {} of the smallest unit of the chain's coin.\n\
             A contract that exists costs nothing. A constructor that calls a contract which\n\
             does not exist yet is counted with its code alone; wiring adds seven small calls.\n\
             Nothing was sent.",
            grouped(self.sum.deposit)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_without_letters_has_no_file() {
        assert!(file("///").is_err());
        assert!(file("").is_err());
    }
}
