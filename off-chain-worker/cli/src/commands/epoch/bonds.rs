//! Bonds by proof: what the last final epoch remembers, held against the hashes that the chain
//! keeps of it.

use crate::{
    args::ChainArguments,
    commands::{explain::last_final, metagraph::neurons, offline::known, Failure, Verdict},
    output::{
        format::share,
        table::{account, show, table},
    },
    session::{missing, print},
    verifier,
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    assertion::memory_digest, epoch::Epochs, AccountId, Digest, NetUid, Uid,
};
use inktensor_worker::explain::KernelKind;
use serde_json::{json, Value};
use std::{collections::BTreeMap, io::Write, path::PathBuf};
use yuma::memory::Memory;

/// Whose bonds.
#[derive(clap::Args)]
pub struct Bonds {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Those that this neuron has, and those in it, only
    #[arg(long, value_name = "NUMBER")]
    uid: Option<u16>,
    /// The store of a worker that was there, for epochs whose inputs the chain no longer has
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What a validator has in a neuron, in parts of 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bond {
    validator: Uid,
    neuron: Uid,
    bond: u16,
}

/// Shows bonds.
pub fn bonds(arguments: &Bonds, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let netuid = NetUid(arguments.netuid);
    let opened = arguments.chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let epoch = last_final(chain, &contracts, netuid)?;
    let recomputed = verifier::verifying(&opened, arguments.store.as_ref(), |verifier| {
        verifier.recompute(netuid, epoch).map_err(Failure::input)
    })?;
    let kernel = recomputed.inputs.header.kernel_code;
    if known(&kernel) != KernelKind::Yuma {
        return Err(Failure::input(format_args!(
            "the kernel {} is not the Yuma kernel that this worker is built with: what it remembers may be no bonds",
            hex(&kernel)
        )));
    }
    let memory = &recomputed.trace.memory;
    let hashes: Vec<Digest> = chain.query(contracts.epoch().memory_hashes(netuid))?;
    let found = (0..).zip(memory);
    let found = found.map(|(chunk, bytes)| memory_digest(netuid, epoch, chunk, bytes));
    let proven = found.eq(hashes.iter().copied());
    let mut all = read(memory)?;
    if let Some(uid) = arguments.uid.map(Uid) {
        let neurons = recomputed.inputs.header.neurons;
        if uid.0 >= neurons {
            return Err(missing(format_args!(
                "uid {} in epoch {epoch} of subnet {}, which had {neurons} neurons",
                uid.0, netuid.0
            )));
        }
        all.retain(|it| it.validator == uid || it.neuron == uid);
    }
    // Who sits where now.
    let names: BTreeMap<Uid, AccountId> = neurons(chain, &contracts, netuid)?
        .into_iter()
        .map(|it| (it.uid, it.neuron.hotkey))
        .collect();
    if arguments.json {
        let bonds: Vec<Value> = all
            .iter()
            .map(|it| {
                json!({
                    "validator": it.validator.0,
                    "validator_hotkey": names.get(&it.validator).map(ss58),
                    "uid": it.neuron.0,
                    "hotkey": names.get(&it.neuron).map(ss58),
                    "bond": it.bond,
                })
            })
            .collect();
        let hashes: Vec<String> = hashes.iter().map(|hash| hex(hash)).collect();
        let document = json!({
            "netuid": netuid.0,
            "epoch": epoch,
            "proven": proven,
            "hashes": hashes,
            "bonds": bonds,
        });
        print(&document, out)?;
    } else {
        let header = ["validator", "hotkey", "in uid", "hotkey", "bond", "share"];
        let mut rows = table(header, &[0, 2, 4, 5]);
        let name = |uid: &Uid| names.get(uid).map(account).unwrap_or_default();
        for it in &all {
            rows.add_row([
                it.validator.0.to_string(),
                name(&it.validator),
                it.neuron.0.to_string(),
                name(&it.neuron),
                it.bond.to_string(),
                share(it.bond),
            ]);
        }
        show(&rows, out)?;
        let verdict = if proven {
            "these are the bonds that the chain has the hashes of"
        } else {
            "WRONG: the chain has hashes of other bonds; an assertion became final that was false"
        };
        writeln!(out, "\nepoch {epoch} of subnet {}: {verdict}", netuid.0)?;
    }
    Ok(if proven { Verdict::Good } else { Verdict::Bad })
}

/// All bonds of a memory that are not zero.
fn read(memory: &[Vec<u8>]) -> Result<Vec<Bond>, Failure> {
    let mut all = Vec::new();
    for (chunk, bytes) in memory.iter().enumerate() {
        let memory = Memory::read(bytes);
        let memory = memory.ok_or_else(|| {
            Failure::input(format_args!("the memory of chunk {chunk} is no bonds"))
        })?;
        for (validator, bonds) in memory.rows() {
            let neurons = memory.start().0..;
            let held = neurons.zip(bonds).filter(|(_, bond)| *bond > 0);
            all.extend(held.map(|(neuron, bond)| Bond {
                validator,
                neuron: Uid(neuron),
                bond,
            }));
        }
    }
    all.sort_by_key(|it| (it.validator, it.neuron));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use yuma::memory::MemoryWriter;

    #[test]
    fn bonds_come_by_validator_and_neuron() {
        let mut first = MemoryWriter::new(Uid(0), 2);
        first.push(Uid(1), &[7, 0]);
        first.push(Uid(3), &[0, 9]);
        let mut second = MemoryWriter::new(Uid(2), 2);
        second.push(Uid(1), &[65_535, 1]);
        let found = read(&[first.end(), second.end(), Vec::new()]).unwrap();
        let plain: Vec<_> = found
            .iter()
            .map(|it| (it.validator.0, it.neuron.0, it.bond))
            .collect();
        let expected = [(1, 0, 7), (1, 2, 65_535), (1, 3, 1), (3, 1, 9)];
        assert_eq!(plain, expected);
        assert!(read(&[vec![1]]).is_err());
    }
}
