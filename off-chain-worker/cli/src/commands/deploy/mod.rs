//! `inktensor deploy`: puts all contracts on a chain, and writes down where they are. `inktensor
//! deployment`: looks at what is written down.

mod config;

use super::{Failure, Verdict};
use crate::{
    args::{ChainArguments, SignerArguments},
    output::{
        format::grouped,
        table::{show, table},
    },
    session::{cost, print},
};
use inktensor_client::{
    chain::{Chain, Cost},
    deploy::{
        check, deploy_telling, estimate, Bundles, Config, Deployment, Outcome, Phase, Record, Taken,
    },
    ss58::ss58,
};
use inktensor_devnet::chain_dir::{read_record, write_whole, Kept};
use inktensor_primitives::hash::hex;
use inktensor_worker::chain_source::{connect, of_chain, Access, ChainSource, FOLDER};
use serde_json::{json, Value};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Where to deploy, and what.
#[derive(clap::Args)]
pub struct Arguments {
    /// The nodes of the chain, ws://HOST:PORT with commas between
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL"
    )]
    chain: ChainSource,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    config: config::Configured,
    /// What the chain is called, and so the file in `deployments`; what the node calls it if
    /// nothing is said
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Show addresses, deposits and gas, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace the file of another deployment on the same network. The contracts of that one stay
    /// where they are
    #[arg(long)]
    replace: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `inktensor deploy`.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let ChainSource::Nodes(addresses) = &arguments.chain else {
        return Err(Failure::input(
            "--chain: deploying is for nodes, ws://HOST:PORT; `inktensor devchain` deploys by itself",
        ));
    };
    let bundles = Bundles::load().map_err(Failure::input)?;
    let (account, keys) = arguments.signer.account_on(&arguments.chain)?;
    let config = arguments.config.config(account)?;
    let access = Access {
        keys,
        wait: arguments.signer.wait,
        ..Access::default()
    };
    let mut chain = connect(addresses, access).map_err(Failure::input)?;
    if arguments.dry_run {
        let planned = estimate(&chain, &bundles, &config).map_err(Failure::input)?;
        rehearsed(&planned, &config, arguments.json, out)?;
        return Ok(Verdict::Good);
    }
    let network = match &arguments.network {
        Some(network) => network.clone(),
        None => chain.name().map_err(Failure::input)?,
    };
    let path = file(&network)?;
    let planned = estimate(&chain, &bundles, &config).map_err(Failure::input)?;
    let genesis = chain.genesis().map_err(Failure::input)?;
    let earlier = earlier(
        &path,
        &Record::of(&planned, &network, genesis),
        arguments.replace,
    )?;
    let mut taken = Vec::new();
    let deployment = deploy_telling(&mut chain, &bundles, &config, &mut |step| {
        taken.push(*step);
        if !arguments.json {
            // Whoever does not read this still wants the deployment.
            let _ = told(step, out).and_then(|()| out.flush());
        }
    })
    .map_err(|error| {
        Failure::input(format_args!(
            "{error}; what was done stays, the same command goes on from there"
        ))
    })?;
    let mut record = Record::of(&deployment, network, genesis);
    if let Some(earlier) = earlier {
        // A contract that was found came to be when it says there.
        for (name, entry) in &mut record.contracts {
            if let Some(known) = earlier.contracts.get(name) {
                entry.block = known.block.min(entry.block);
            }
        }
    }
    write_whole(&path, record.to_text().as_bytes()).map_err(Failure::input)?;
    if arguments.json {
        let steps: Vec<Value> = taken.iter().map(step).collect();
        let contracts = contracts(&deployment);
        print(
            &json!({ "file": path, "contracts": contracts, "steps": steps }),
            out,
        )?;
    } else {
        writeln!(out, "\n{}", summary(&taken))?;
        listed(&deployment, false, out)?;
        writeln!(out, "\nwritten down in {}", path.display())?;
    }
    Ok(Verdict::Good)
}

/// The file of the network with this name.
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
    fs::create_dir_all(folder).map_err(|error| Failure::in_file(folder, error))?;
    Ok(folder.join(name).with_extension("json"))
}

/// What the file holds of this deployment already. One of another deployment is not overwritten
/// unless told to.
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
            "another deployment is written down here: name another --network, or add --replace",
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

fn told(step: &Taken, out: &mut dyn Write) -> io::Result<()> {
    let (phase, what) = (phase(step.phase), step.what);
    match step.outcome {
        Outcome::Done(_) => writeln!(out, "{phase:<12} {what:<9} done"),
        Outcome::Found => writeln!(out, "{phase:<12} {what:<9} was done before"),
    }
}

fn step(step: &Taken) -> Value {
    let cost = match &step.outcome {
        Outcome::Done(spent) => Some(cost(spent)),
        Outcome::Found => None,
    };
    json!({ "phase": phase(step.phase), "what": step.what, "cost": cost })
}

fn summary(taken: &[Taken]) -> String {
    let done = taken
        .iter()
        .filter(|it| it.outcome != Outcome::Found)
        .count();
    format!("{done} of {} steps were still to be taken", taken.len())
}

fn contracts(deployment: &Deployment) -> Vec<Value> {
    let document = |it: &inktensor_client::deploy::Deployed| {
        json!({
            "name": it.name,
            "address": ss58(&it.address),
            "code_hash": hex(&it.code_hash),
            "bytes": it.size,
            "cost": cost(&it.cost),
        })
    };
    deployment.contracts.iter().map(document).collect()
}

fn listed(deployment: &Deployment, costs: bool, out: &mut dyn Write) -> io::Result<()> {
    if !costs {
        let mut rows = table(["contract", "address"], &[]);
        for it in &deployment.contracts {
            rows.add_row([it.name.to_owned(), ss58(&it.address)]);
        }
        return show(&rows, out);
    }
    let header = ["contract", "KiB", "deposit", "ref_time ms", "proof KiB"];
    let mut rows = table(header, &[1, 2, 3, 4]);
    for it in &deployment.contracts {
        rows.add_row([
            it.name.to_owned(),
            format!("{:.1}", it.size as f64 / 1024.0),
            grouped(it.cost.deposit),
            format!("{:.1}", it.cost.ref_time as f64 / 1e9),
            format!("{:.1}", it.cost.proof_size as f64 / 1024.0),
        ]);
    }
    show(&rows, out)
}

/// Shows what a deployment would come to.
fn rehearsed(
    planned: &Deployment,
    config: &Config,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let sum = planned.contracts.iter().fold(Cost::default(), |sum, it| {
        super::session::both(sum, it.cost)
    });
    if json {
        let document = json!({
            "deployer": ss58(&config.deployer),
            "contracts": contracts(planned),
            "cost": cost(&sum),
        });
        return Ok(print(&document, out)?);
    }
    writeln!(out, "deployer {}\n", ss58(&config.deployer))?;
    listed(planned, false, out)?;
    writeln!(out)?;
    listed(planned, true, out)?;
    writeln!(
        out,
        "\ndeposits together: {} of the chain's smallest coin. A contract that is there costs nothing. Constructors that ask contracts\n\
         which are not there yet are counted with their code alone; wiring adds seven small calls. Nothing was sent.",
        grouped(sum.deposit)
    )?;
    Ok(())
}

/// What to do with what is written down.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Hold what is written down against the chain: code, wiring, kernels
    ///
    /// Exit code: 0 if all is as it is written, 1 if something is not, 2 if it cannot be told.
    #[command(after_help = "Example:\n  inktensor deployment check --url ws://127.0.0.1:9944")]
    Check(Check),
}

/// Which deployment.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    chain: ChainArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `inktensor deployment`.
pub fn look(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Check(arguments) = command;
    let access = Access {
        deployment: arguments.chain.deployment.clone(),
        ..Access::default()
    };
    let (chain, path, record): (Box<dyn Chain>, _, _) = match &arguments.chain.chain {
        ChainSource::Nodes(addresses) => {
            let chain = connect(addresses, access).map_err(Failure::input)?;
            let genesis = chain.genesis().map_err(Failure::input)?;
            // A file that is named is held against the chain even if it is of another one.
            let (path, record) = match &arguments.chain.deployment {
                Some(path) => (path.clone(), read_record(path).map_err(Failure::input)?),
                None => of_chain(None, genesis).map_err(Failure::input)?,
            };
            (Box::new(chain), path, record)
        }
        ChainSource::Kept(folder) => {
            let kept = Kept::at(folder);
            let chain = kept.chain().map_err(Failure::input)?;
            let (path, record) = kept.record().map_err(Failure::input)?;
            (Box::new(chain), path, record)
        }
        ChainSource::Served(_) => {
            return Err(Failure::input(
                "--chain: a devchain tells its contracts itself; nothing is written down of them",
            ));
        }
    };
    let mismatches = check(chain.as_ref(), &record).map_err(Failure::input)?;
    if arguments.json {
        let mismatches: Vec<Value> = mismatches
            .iter()
            .map(|it| json!({ "what": it.what, "written": it.written, "found": it.found }))
            .collect();
        print(&json!({ "file": path, "mismatches": mismatches }), out)?;
    } else if mismatches.is_empty() {
        let count = record.contracts.len();
        writeln!(
            out,
            "{}: all {count} contracts are as it is written",
            path.display()
        )?;
    } else {
        for it in &mismatches {
            writeln!(
                out,
                "{}: {} is written, {} is there",
                it.what, it.written, it.found
            )?;
        }
    }
    Ok(if mismatches.is_empty() {
        Verdict::Good
    } else {
        Verdict::Bad
    })
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
