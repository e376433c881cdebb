//! Bonds by proof: the memory of the last final epoch, checked against the hashes that
//! the chain keeps of it.

use crate::{
    args::{ListArgs, NetuidArg},
    error::{Failure, Verdict},
    offline::known,
    output::{
        self,
        format::share,
        json::{Address, Hex},
        table::{number, text, Room, Table},
    },
    values, verifier,
};
use inktensor_primitives::{AccountId, Uid};
use inktensor_worker::explain::KernelKind;
use inktensor_yuma::memory::Memory;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

/// Arguments of `epoch bonds`.
#[derive(clap::Args)]
pub struct Bonds {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// Only the bonds of this neuron, and those in it
    #[arg(long, value_parser = values::uid, value_name = "NUMBER")]
    uid: Option<Uid>,
    /// A worker's store, if the node has discarded the memory that the epoch published
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

/// A bond of a validator in a neuron, in 65535ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bond {
    validator: Uid,
    neuron: Uid,
    bond: u16,
}

/// The bonds that an epoch left.
#[derive(Serialize)]
struct BondsView {
    netuid: u16,
    epoch: u32,
    proven: bool,
    hashes: Vec<Option<Hex>>,
    bonds: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    validator: u16,
    validator_hotkey: Option<Address>,
    uid: u16,
    hotkey: Option<Address>,
    bond: u16,
}

/// Shows bonds.
pub fn bonds(arguments: &Bonds, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.list.open()?;
    let store = arguments.store.as_ref();
    let found = verifier::verifying(&network, store, |verifier| {
        verifier.final_memory(netuid).map_err(Failure::input)
    })?;
    let (epoch, kernel) = (found.epoch, found.kernel_code);
    if known(&kernel) != KernelKind::Yuma {
        return Err(Failure::input(format_args!(
            "the kernel {} is not the Yuma kernel that this program is built with: its memory \
             may hold no bonds",
            Hex::from(kernel)
        )));
    }
    // The hotkeys of now: others may have had the uids when the epoch closed.
    let neurons = network.neurons(netuid)?;
    let (proven, hashes) = (found.is_proven, found.hashes);
    let mut all = read(&found.memory)?;
    if let Some(uid) = arguments.uid {
        if !neurons.iter().any(|it| it.uid == uid) {
            let count = neurons.len();
            return Err(Failure::missing(format_args!(
                "uid {} on subnet {}, which has {count} neurons",
                uid.0, netuid.0
            )));
        }
        all.retain(|it| it.validator == uid || it.neuron == uid);
    }
    let names = neurons.iter().map(|it| (it.uid, it.neuron.hotkey));
    let names: BTreeMap<Uid, AccountId> = names.collect();
    let name = |uid: Uid| names.get(&uid).copied().map(Address);
    let rows = all.iter().map(|it| Row {
        validator: it.validator.0,
        validator_hotkey: name(it.validator),
        uid: it.neuron.0,
        hotkey: name(it.neuron),
        bond: it.bond,
    });
    let answer = BondsView {
        netuid: netuid.0,
        epoch,
        proven,
        hashes: hashes
            .iter()
            .map(|hash| hash.as_ref().map(Hex::from))
            .collect(),
        bonds: rows.collect(),
    };
    arguments.list.show(&answer, out)?;
    Ok(Verdict::of(proven))
}

impl output::List for BondsView {
    type Row = Row;

    fn rows(&self) -> &[Row] {
        &self.bonds
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("validator"),
            text("hotkey"),
            number("in uid"),
            text("hotkey"),
            number("bond"),
            number("share"),
        ];
        let mut table = Table::new(room, columns);
        let name = |hotkey: &Option<Address>| {
            let hotkey = hotkey.as_ref();
            hotkey.map(|it| room.account(&it.0)).unwrap_or_default()
        };
        for it in &self.bonds {
            table.row([
                it.validator.to_string(),
                name(&it.validator_hotkey),
                it.uid.to_string(),
                name(&it.hotkey),
                it.bond.to_string(),
                share(it.bond),
            ]);
        }
        table.print(out)?;
        let verdict = if self.proven {
            "the chain has the hashes of these bonds"
        } else {
            "WRONG: the chain has hashes of other bonds; a false assertion became final"
        };
        writeln!(
            out,
            "\nepoch {} of subnet {}: {verdict}",
            self.epoch, self.netuid
        )
    }
}

/// Returns all bonds of a memory that are not zero.
fn read(memory: &[Vec<u8>]) -> Result<Vec<Bond>, Failure> {
    let mut all = Vec::new();
    // A chunk that has not published its memory has no bonds: the next epoch reads none.
    let published = memory
        .iter()
        .enumerate()
        .filter(|(_, bytes)| !bytes.is_empty());
    for (chunk, bytes) in published {
        let memory = Memory::read(bytes);
        let memory = memory.ok_or_else(|| {
            Failure::input(format_args!(
                "the memory of chunk {chunk} does not hold bonds"
            ))
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
    use inktensor_yuma::memory::MemoryWriter;

    #[test]
    fn bonds_are_sorted_by_validator_and_neuron() {
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
