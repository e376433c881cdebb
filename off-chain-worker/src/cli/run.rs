//! `inktensor run`: a worker as a process, which takes its steps on a chain at every new block.
//!
//! It ends when it is killed, and may be at any instruction: what it has to remember is in its store, and every step it takes
//! is one that the chain checks.

use super::{worker, Failure, Verdict};
use crate::{
    chain::{Chain, ChainError},
    deploy::Addresses,
    roles::{Action, Keeper, Ledger, Proposer, Report, Watcher},
    source::ChainSource,
};
use inktensor_primitives::{AccountId, NetUid};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    num::NonZeroU32,
    path::PathBuf,
    thread,
    time::Duration,
};

/// A worker to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// What it does
    #[arg(
        long = "role",
        value_enum,
        value_delimiter = ',',
        required = true,
        value_name = "ROLE,.."
    )]
    roles: Vec<Role>,
    /// The chain: tcp://HOST:PORT of a devchain
    #[arg(long, value_name = "tcp://HOST:PORT")]
    chain: ChainSource,
    /// The folder of its store, for this process alone
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// Who signs, and puts up bonds: a name, or 32 bytes in hexadecimal after 0x
    #[arg(long, value_parser = worker::account, value_name = "NAME|0x..")]
    account: AccountId,
    /// As keeper, let the chain execute epochs that nobody posts, with so many steps per call; costly
    #[arg(long, value_name = "STEPS")]
    replay: Option<NonZeroU32>,
    /// Milliseconds between two looks at the chain
    #[arg(long, default_value_t = 200, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    poll: u64,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
enum Role {
    /// Closes epochs, makes them final, settles them
    Keeper,
    /// Computes closed epochs and posts them behind a bond
    Proposer,
    /// Computes what others have posted, and disputes what is false
    Watcher,
}

/// Runs the command. It ends with the process.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    if let ChainSource::Kept(folder) = &arguments.chain {
        return Err(Failure::in_file(
            folder,
            "nothing happens on a chain in a folder; serve it with `inktensor devchain --state DIR`",
        ));
    }
    let opened = worker::open(&arguments.chain)?;
    let store = worker::store(&opened, &arguments.store)?;
    let contracts = opened.contracts;
    let mut running = Running {
        ledger: Ledger::new(contracts, worker::kernels()?).with_store(store),
        crew: crew(arguments, contracts),
        told: BTreeMap::new(),
    };
    let mut chain = opened.chain;
    writeln!(out, "running on {}", arguments.chain)?;
    out.flush()?;
    let mut seen = None;
    loop {
        match chain.block() {
            Ok(block) if seen == Some(block) => (),
            Ok(block) => {
                seen = Some(block);
                running.tick(chain.as_mut(), block, out)?;
            }
            Err(error) => running.tell(None, &error.to_string(), out)?,
        }
        out.flush()?;
        thread::sleep(Duration::from_millis(arguments.poll));
    }
}

type Tick = Box<dyn Fn(&mut dyn Chain, &mut Ledger) -> Result<Report, ChainError>>;

/// The roles, in the order in which an epoch needs them.
fn crew(arguments: &Arguments, contracts: Addresses) -> Vec<Tick> {
    let roles: BTreeSet<Role> = arguments.roles.iter().copied().collect();
    let (account, replay) = (arguments.account, arguments.replay);
    let tick = |role| -> Tick {
        match role {
            Role::Keeper => {
                let keeper = Keeper::new(account, contracts);
                let keeper = replay.map_or(keeper, |steps| keeper.replaying(steps));
                Box::new(move |chain, ledger| keeper.tick(chain, ledger))
            }
            Role::Proposer => {
                let proposer = Proposer::new(account, contracts);
                Box::new(move |chain, ledger| proposer.tick(chain, ledger))
            }
            Role::Watcher => {
                let watcher = Watcher::new(account, contracts);
                Box::new(move |chain, ledger| watcher.tick(chain, ledger))
            }
        }
    };
    roles.into_iter().map(tick).collect()
}

struct Running {
    ledger: Ledger,
    crew: Vec<Tick>,
    /// The last problem with each subnet, and with the chain itself. It is told once.
    told: BTreeMap<Option<NetUid>, String>,
}

impl Running {
    /// Takes all steps that are due, and tells of each.
    fn tick(&mut self, chain: &mut dyn Chain, block: u32, out: &mut dyn Write) -> io::Result<()> {
        let mut problems: BTreeMap<Option<NetUid>, String> = BTreeMap::new();
        for tick in &self.crew {
            match tick(chain, &mut self.ledger) {
                Ok(report) => {
                    for action in &report.actions {
                        writeln!(out, "block {block}: {}", described(action))?;
                    }
                    for (netuid, problem) in report.problems {
                        problems.insert(Some(netuid), problem.to_string());
                    }
                }
                Err(problem) => {
                    problems.insert(None, problem.to_string());
                }
            }
        }
        self.told.retain(|about, _| problems.contains_key(about));
        for (about, problem) in problems {
            self.tell(about, &problem, out)?;
        }
        Ok(())
    }

    fn tell(
        &mut self,
        about: Option<NetUid>,
        problem: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.told.get(&about).is_some_and(|told| told == problem) {
            return Ok(());
        }
        match about {
            Some(netuid) => writeln!(out, "problem with subnet {}: {problem}", netuid.0)?,
            None => writeln!(out, "problem: {problem}")?,
        }
        self.told.insert(about, problem.into());
        Ok(())
    }
}

fn described(action: &Action) -> String {
    match action {
        Action::Closed { netuid, epoch } => format!("closed epoch {epoch} of subnet {}", netuid.0),
        Action::RolledOver { netuid } => {
            format!("subnet {} has no neurons; its tempo begins anew", netuid.0)
        }
        Action::Bonded { amount } => format!("added {} rao to the bond", amount.0),
        Action::Proposed { netuid, epoch } => {
            format!("posted epoch {epoch} of subnet {}", netuid.0)
        }
        Action::Disputed {
            netuid,
            epoch,
            step,
            reward,
        } => format!(
            "disproved step {step} of epoch {epoch} of subnet {}: {} rao",
            netuid.0, reward.0
        ),
        Action::Finalized { netuid, epoch } => {
            format!("made epoch {epoch} of subnet {} final", netuid.0)
        }
        Action::Replayed {
            netuid,
            epoch,
            next,
        } => format!(
            "replayed epoch {epoch} of subnet {} up to step {next}",
            netuid.0
        ),
        Action::GivenUp {
            netuid,
            epoch,
            carried,
        } => format!(
            "gave up epoch {epoch} of subnet {}: {} rao go to the next",
            netuid.0, carried.0
        ),
        Action::Settled {
            netuid,
            epoch,
            chunk,
            paid,
        } => format!(
            "settled chunk {chunk} of epoch {epoch} of subnet {}: {} rao",
            netuid.0, paid.0
        ),
    }
}
