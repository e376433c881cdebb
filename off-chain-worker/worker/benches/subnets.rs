//! Time and memory of a watcher of 128 subnets of 256 neurons and 64 validators, all of which have
//! an asserted epoch: the time of a processor to compute all epochs again and to compare, and the
//! largest memory of the process. The second epoch reads the memory that the first one left.
//!
//! The chain is one that answers the watcher's messages at once, so that the time is the watcher's.
//! `cargo bench --workspace --profile dev --bench subnets` prints a table for
//! docs/performance.md.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

#[path = "../../compute/tests/support/metagraph.rs"]
#[allow(dead_code)]
mod metagraph;

use ink::LangError;
use inktensor_client::{
    chain::{
        selector, BlockId, Chain, ChainError, ChainRead, ContractEvent, Instantiated, Receipt,
    },
    deploy::{Addresses, Bundle},
};
use inktensor_compute::{
    engine::{native::Native, Engine},
    epoch::{compute, EpochInputs},
};
use inktensor_primitives::{
    assertion::memory_digest,
    epoch::{EpochError, EpochStatus, PostedAssertion, Stage},
    hash::blake2,
    kernel::{ChunkInputs, EpochHeader, EpochPlan},
    AccountId, Digest, NetUid, Rao,
};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
    roles::Watcher,
    store::{Home, Store},
};
use metagraph::{metagraph, Shape};
use mimalloc::MiMalloc;
use scale::{Decode, Encode};
use std::{cell::Cell, env, fs, process, sync::Arc, time::Instant};

/// The allocator of the worker's program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SUBNETS: u16 = 128;
const NEURONS: u16 = 256;
const VALIDATORS: u16 = 64;
/// Best block.
const BLOCK: u32 = 2_000_000;
/// Blocks until the assertions can no longer be disputed.
const LEFT: u32 = 100;

/// An epoch that stands on a subnet.
struct Epoch {
    header: EpochHeader,
    assertion: Digest,
    /// Hashes of the memory that the last final epoch left.
    memory: Vec<Option<Digest>>,
}

struct Subnet {
    plan: EpochPlan,
    chunks: Vec<ChunkInputs>,
    epochs: [Epoch; 2],
}

/// A chain with the same epoch asserted on each subnet.
struct Net {
    subnets: Vec<Subnet>,
    code: Vec<u8>,
    epoch: Cell<usize>,
}

impl Subnet {
    fn new(netuid: u16, code_hash: Digest) -> Self {
        let shape = Shape {
            seed: netuid.into(),
            ..Shape::plain(NEURONS, VALIDATORS, 100)
        };
        let vector = metagraph(&shape);
        let mut header = vector.header(code_hash);
        header.netuid = NetUid(netuid);
        (header.epoch, header.final_epoch) = (1, None);
        let engine = Native::on_one_core();
        let plan = engine.plan(&header).unwrap();
        let inputs = vector.inputs(header.clone(), &plan);
        let empty = vec![Vec::new(); inputs.chunks.len()];
        let inputs = EpochInputs {
            memory: empty,
            ..inputs
        };
        let first = compute(&engine, &inputs).unwrap();
        let memory = (0..).zip(&first.memory);
        let memory = memory.map(|(c, bytes)| Some(memory_digest(NetUid(netuid), 1, c, bytes)));
        let next = EpochHeader {
            epoch: 2,
            final_epoch: Some(1),
            ..header.clone()
        };
        let second = EpochInputs {
            header: next.clone(),
            chunks: inputs.chunks,
            memory: first.memory.clone(),
        };
        let second_trace = compute(&engine, &second).unwrap();
        Self {
            epochs: [
                Epoch {
                    header,
                    assertion: first.assertion().digest(),
                    memory: Vec::new(),
                },
                Epoch {
                    header: next,
                    assertion: second_trace.assertion().digest(),
                    memory: memory.collect(),
                },
            ],
            plan,
            chunks: second.chunks,
        }
    }

    fn status(&self, epoch: &Epoch) -> EpochStatus {
        EpochStatus {
            open: epoch.header.epoch + 1,
            opened_at: BLOCK - 10,
            closes_at: BLOCK + 350,
            stage: Stage::Asserted(vec![PostedAssertion {
                assertion: epoch.assertion,
                proposer: AccountId::from([9; 32]),
                collateral: Rao(1),
                deadline: BLOCK + LEFT,
            }]),
            final_epoch: epoch.header.final_epoch,
            replayed: 0,
            settling: None,
            replays_at: None,
            rolls_over_at: None,
        }
    }
}

impl Net {
    fn new(code: Vec<u8>) -> Self {
        let hash = blake2(&code);
        Self {
            subnets: (1..=SUBNETS).map(|uid| Subnet::new(uid, hash)).collect(),
            code,
            epoch: Cell::new(0),
        }
    }

    fn of(&self, netuid: NetUid) -> (&Subnet, &Epoch) {
        let subnet = &self.subnets[usize::from(netuid.0) - 1];
        (subnet, &subnet.epochs[self.epoch.get()])
    }

    fn answer(&self, input: &[u8]) -> Vec<u8> {
        let (message, mut rest) = input.split_at(4);
        let is = |name| message == selector(name);
        let mut netuid = || NetUid::decode(&mut rest).unwrap();
        if is("Epochs::header") {
            answered(Some(&self.of(netuid()).1.header))
        } else if is("Epochs::plan") {
            answered(Some(&self.of(netuid()).0.plan))
        } else if is("Epochs::memory_hashes") {
            answered(&self.of(netuid()).1.memory)
        } else if is("Epochs::chunk_inputs") {
            let netuid = netuid();
            let chunk = u16::decode(&mut rest).unwrap();
            let chunks = &self.of(netuid).0.chunks;
            answered(Ok::<_, EpochError>(&chunks[usize::from(chunk)]))
        } else if is("Epochs::statuses") {
            let netuids = Vec::<NetUid>::decode(&mut rest).unwrap();
            let statuses = netuids.into_iter().map(|netuid| {
                let (subnet, epoch) = self.of(netuid);
                Some(subnet.status(epoch))
            });
            answered(statuses.collect::<Vec<_>>())
        } else if is("Registry::live_subnets") {
            answered((1..=SUBNETS).map(NetUid).collect::<Vec<_>>())
        } else if is("Registry::subnets") {
            answered(SUBNETS)
        } else {
            panic!("the watcher sent a message that is not known here: {message:?}")
        }
    }
}

/// Returns the answer of a contract.
fn answered(value: impl Encode) -> Vec<u8> {
    Ok::<_, LangError>(value).encode()
}

fn hash(number: u32) -> Digest {
    blake2(&number.to_le_bytes())
}

impl ChainRead for Net {
    fn genesis(&self) -> Result<Digest, ChainError> {
        Ok(hash(0))
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        let number = BLOCK;
        Ok(BlockId {
            number,
            hash: hash(number),
        })
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        self.best()
    }

    fn ancestor(&self, _: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        Ok(Some(hash(number)))
    }

    fn read(&self, _: AccountId, _: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        Ok(self.answer(input))
    }

    fn read_all_at(
        &self,
        _: &BlockId,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.read_all(caller, reads)
    }

    fn estimate(
        &self,
        _: AccountId,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> Result<Instantiated, ChainError> {
        panic!("a watcher makes no contracts")
    }

    fn code(&self, _: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        Ok(Some(self.code.clone()))
    }

    fn code_hash(&self, _: &AccountId) -> Result<Option<Digest>, ChainError> {
        Ok(Some(blake2(&self.code)))
    }

    fn events(&self, _: u32) -> Result<Vec<ContractEvent>, ChainError> {
        panic!("no watcher of true assertions reads events")
    }
}

impl Chain for Net {
    fn submit(&mut self, _: AccountId, _: AccountId, _: &[u8]) -> Result<Receipt, ChainError> {
        panic!("true assertions were disputed")
    }

    fn upload(&mut self, _: AccountId, _: &[u8]) -> Result<Digest, ChainError> {
        panic!("a watcher uploads nothing")
    }

    fn instantiate(
        &mut self,
        _: AccountId,
        _: Digest,
        _: &[u8],
        _: &[u8],
    ) -> Result<Instantiated, ChainError> {
        panic!("a watcher makes no contracts")
    }
}

fn main() {
    let mut net = Net::new(Bundle::find("yuma").expect("the kernel is built").code);
    println!(
        "| {SUBNETS} subnets of {NEURONS} x {VALIDATORS} | first epoch | second epoch | per \
         subnet | largest memory |"
    );
    println!("|---|---|---|---|---|");
    for is_stored in [false, true] {
        row(&mut net, is_stored);
    }
}

/// Checks both epochs of all subnets as a watcher that has just started, and prints its figures.
fn row(net: &mut Net, is_stored: bool) {
    let contracts = addresses();
    let hash = blake2(&net.code);
    let kernels = Kernels::new(EngineChoice::Wasm).and_then(|kernels| kernels.trusting(hash));
    let kernels = Arc::new(kernels.expect("wasmtime"));
    // Compiling is part of the start.
    kernels.engine(net, &hash).expect("the kernel");
    let folder = env::temp_dir().join(format!("inktensor-subnets-{}", process::id()));
    let mut epochs = EpochCache::new(contracts, Arc::clone(&kernels));
    if is_stored {
        let home = Home::on(net, contracts.epoch).expect("a home");
        epochs = epochs.with_store(Store::open(&folder, home).expect("a store"));
    }
    let watcher = Watcher::new(AccountId::from([8; 32]), contracts);
    // From here on the largest memory is the watcher's.
    fs::write("/proc/self/clear_refs", "5").expect("the largest memory is reset");
    let times = [0, 1].map(|epoch| {
        net.epoch.set(epoch);
        let (start, before) = (Instant::now(), processor_time());
        let report = watcher
            .tick(net, &mut epochs)
            .expect("a chain that answers");
        let (wall, busy) = (start.elapsed(), processor_time() - before);
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        for netuid in (1..=SUBNETS).map(NetUid) {
            let number = net.of(netuid).1.header.epoch;
            assert!(
                epochs.computed(netuid, number).is_some(),
                "{number} of {netuid:?}"
            );
        }
        eprintln!(
            "epoch {}: {:.3} s by the clock",
            epoch + 1,
            wall.as_secs_f64()
        );
        busy
    });
    let name = match is_stored {
        false => "compute and compare",
        true => "and write all to a store",
    };
    let most = times[0].max(times[1]);
    println!(
        "| {name} | {:.3} s | {:.3} s | {:.2} ms | {} MB |",
        times[0],
        times[1],
        most * 1_000.0 / f64::from(SUBNETS),
        largest_memory() / 1_000_000
    );
    if is_stored {
        drop(epochs);
        fs::remove_dir_all(&folder).expect("the store is removed");
    }
}

fn addresses() -> Addresses {
    let address = |byte| AccountId::from([byte; 32]);
    Addresses {
        token: address(1),
        registry: address(2),
        staking: address(3),
        emission: address(4),
        epoch: address(5),
        yuma: address(6),
        mean: address(7),
        governing: None,
    }
}

/// Returns the seconds that this thread, in which the watcher works, has run on a processor.
fn processor_time() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the times of the thread");
    let first = text.split_whitespace().next().expect("a number");
    first.parse::<f64>().expect("a number") / 1e9
}

/// Returns the most bytes that the process has had in memory since its peak was reset.
fn largest_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the status of the process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("the largest memory");
    let kib = line.trim().trim_end_matches("kB").trim();
    kib.parse::<u64>().expect("a number") * 1024
}
