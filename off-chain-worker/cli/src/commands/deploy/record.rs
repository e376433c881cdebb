//! Records a deployment that was made by other tools.

use super::{check::MismatchView, earlier, file};
use crate::{
    args::{self, NodesArg},
    error::{Failure, Verdict},
    network::connect,
    output::{
        self,
        json::Address,
        table::{text, Room, Table},
        View,
    },
    values,
};
use inktensor_client::{
    chain::{contracts, ChainError, ChainRead, Typed},
    deploy::{check, Addresses, Bundles, Governing, Record},
    ss58::ss58,
};
use inktensor_devnet::chain_dir::write_whole;
use inktensor_primitives::{
    epoch::Epochs, governance::Governance, hash::blake2, registry::Registry, AccountId,
};
use inktensor_worker::chain_source::Access;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

/// Arguments of `deployment record`.
#[derive(clap::Args)]
pub struct RecordArgs {
    #[command(flatten)]
    nodes: NodesArg,
    /// The epoch contract
    #[arg(long, value_parser = values::address, value_name = "ADDRESS")]
    epoch: AccountId,
    /// The Yuma kernel; by default the allowed kernel with the code of the built one
    #[arg(long, value_parser = values::address, value_name = "ADDRESS")]
    yuma: Option<AccountId>,
    /// The mean kernel; by default the allowed kernel with the code of the built one
    #[arg(long, value_parser = values::address, value_name = "ADDRESS")]
    mean: Option<AccountId>,
    /// The chain's name, and so the file in `deployments`; by default the node's name for it
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Replace the file of another deployment
    #[arg(long)]
    replace: bool,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// A deployment that was recorded.
#[derive(Serialize)]
struct Recorded {
    file: PathBuf,
    contracts: BTreeMap<String, Address>,
}

impl View for Recorded {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(Room::Narrow, [text("contract"), text("address")]);
        for (name, address) in &self.contracts {
            table.row([name.clone(), address.to_string()]);
        }
        table.print(out)?;
        writeln!(out, "\nrecorded in {}", self.file.display())
    }
}

/// Runs the command.
pub fn run(arguments: &RecordArgs, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let nodes = arguments
        .nodes
        .nodes("a devchain names its contracts by itself")?;
    let (chain, _waiting) = connect(nodes, Access::default())?;
    let network = match &arguments.network {
        Some(network) => network.clone(),
        None => chain.name().map_err(Failure::input)?,
    };
    let addresses = find(&chain, arguments)?;
    let record = record(&chain, &addresses, &network)?;
    let path = file(&network)?;
    earlier(&path, &record, arguments.replace)?;
    write_whole(&path, record.to_text().as_bytes()).map_err(Failure::input)?;
    let contracts = record.contracts.iter();
    let recorded = Recorded {
        file: path,
        contracts: contracts
            .map(|(name, entry)| (name.clone(), entry.address.into()))
            .collect(),
    };
    output::show(arguments.json, &recorded, out)?;
    Ok(Verdict::Good)
}

/// Returns the record of the contracts at `addresses`, each of which must be what it should be.
fn record(chain: &dyn ChainRead, addresses: &Addresses, network: &str) -> Result<Record, Failure> {
    let record = Record::found(chain, addresses, network).map_err(Failure::input)?;
    let mismatches = check(chain, &record).map_err(Failure::input)?;
    match mismatches.into_iter().map(MismatchView::from).next() {
        None => Ok(record),
        Some(first) => Err(Failure::input(format_args!(
            "these contracts do not belong together: {}",
            first.line()
        ))),
    }
}

/// Returns the addresses of all contracts, from the one that names most others.
fn find(chain: &dyn ChainRead, arguments: &RecordArgs) -> Result<Addresses, Failure> {
    let epoch = arguments.epoch;
    let peers = chain.query(contracts::epoch(epoch).peers());
    let peers = peers.map_err(|error| not_a("epoch", "epoch contract", epoch, error))?;
    let registry = contracts::registry(peers.registry);
    let listed = chain.query(registry.kernels());
    let listed: Vec<AccountId> =
        listed.map_err(|error| not_a("epoch", "epoch contract with a registry", epoch, error))?;
    let kernel = |name: &'static str, given: Option<AccountId>| match given {
        Some(address) => Ok(address),
        None => built(chain, name, &listed),
    };
    Ok(Addresses {
        token: peers.token,
        registry: peers.registry,
        staking: peers.staking,
        emission: peers.emission,
        epoch,
        yuma: kernel("yuma", arguments.yuma)?,
        mean: kernel("mean", arguments.mean)?,
        governing: governing(chain, peers.registry, peers.emission)?,
    })
}

/// Returns governance and its treasury, if the registry's admin is a governance contract.
fn governing(
    chain: &dyn ChainRead,
    registry: AccountId,
    emission: AccountId,
) -> Result<Option<Governing>, Failure> {
    let admin: AccountId = chain.query(contracts::registry(registry).admin())?;
    match chain.query(contracts::governance(admin).peers()) {
        Ok(peers) => Ok(Some(Governing {
            treasury: peers.treasury,
            governance: admin,
        })
        .filter(|_| peers.registry == registry && peers.emission == emission)),
        // An account, or another contract.
        Err(
            ChainError::NoContract(_)
            | ChainError::NotUnderstood
            | ChainError::BadAnswer
            | ChainError::Trapped,
        ) => Ok(None),
        Err(error) => Err(Failure::input(error)),
    }
}

/// Returns the kernel among `listed` that has the code of the built kernel `name`.
fn built(
    chain: &dyn ChainRead,
    name: &'static str,
    listed: &[AccountId],
) -> Result<AccountId, Failure> {
    let unknown =
        |problem: &str| Failure::input(format_args!("{problem}; name the address with --{name}"));
    let bundles = Bundles::load().map_err(|error| unknown(&error.to_string()))?;
    let mut bundles = bundles.named().into_iter();
    let bundle = bundles
        .find(|(it, _)| *it == name)
        .map(|(_, bundle)| bundle);
    let hash = bundle.map(|bundle| blake2(&bundle.code));
    for kernel in listed {
        let found = chain.code_hash(kernel).map_err(Failure::input)?;
        if found.is_some() && found == hash {
            return Ok(*kernel);
        }
    }
    Err(unknown(&format!(
        "none of the kernels that the registry allows has the code of the built kernel {name}"
    )))
}

/// Returns the failure of a contract to answer as what it should be.
fn not_a(flag: &str, what: &str, address: AccountId, error: ChainError) -> Failure {
    match error {
        ChainError::NoContract(_) => Failure::input(format_args!(
            "--{flag}: there is no contract at {}",
            ss58(&address)
        )),
        ChainError::NotUnderstood | ChainError::BadAnswer | ChainError::Trapped => {
            Failure::input(format_args!(
                "--{flag}: the contract at {} is not an {what}",
                ss58(&address)
            ))
        }
        other => Failure::input(other),
    }
}
