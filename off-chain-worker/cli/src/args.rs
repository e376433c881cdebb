//! The arguments that commands share: which chain, who signs, which subnet, which form of output.

use crate::{
    error::Failure,
    network::Network,
    output::{self, csv, json, table::Room, List, View},
    session::Session,
    values, verifier,
};
use inktensor_client::{
    chain::{rpc::Wait, Cost},
    keys::{self, KeyArguments},
    ss58::{parse_address, ss58, AddressProblem},
};
use inktensor_devnet::account as account_of_name;
use inktensor_primitives::{AccountId, NetUid};
use inktensor_worker::chain_source::{Access, ChainSource};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
};
use subxt_signer::sr25519::Keypair;

/// The heading in help of the options about the chain.
pub const CHAIN: &str = "Chain";
/// The heading in help of the options about the signer.
pub const SIGNER: &str = keys::HELP_HEADING;
/// The heading in help of the options about the output.
pub const OUTPUT: &str = "Output";
/// Characters of an account's name at most.
const MAX_NAME: usize = 32;

/// A chain of nodes, without a deployment.
#[derive(Clone, Debug, clap::Args)]
pub struct NodesArg {
    /// The chain: nodes at ws://HOST:PORT, with commas between
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL",
        help_heading = CHAIN
    )]
    pub chain: ChainSource,
}

impl NodesArg {
    /// Returns the addresses of the nodes.
    ///
    /// # Errors
    /// If the chain is of another kind. `devchain` states why a devchain does not need the command.
    pub fn nodes(&self, devchain: &str) -> Result<&[String], Failure> {
        match &self.chain {
            ChainSource::Nodes(nodes) => Ok(nodes),
            ChainSource::Dir(_) | ChainSource::Served(_) => Err(Failure::input(format_args!(
                "--chain: expected nodes, ws://HOST:PORT; {devchain}"
            ))),
        }
    }
}

/// A chain, and a deployment on it.
#[derive(Clone, Debug, clap::Args)]
pub struct ChainArgs {
    /// The chain: ws://HOST:PORT of a node, tcp://HOST:PORT of a devchain, or a folder
    ///
    /// Several nodes of one chain may be given with commas between: the first that answers is
    /// asked, and when it stops answering the next one. A folder is one that `inktensor demo` or
    /// `inktensor devchain` left.
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL|DIR",
        help_heading = CHAIN
    )]
    pub chain: ChainSource,
    /// The deployment's file, on a chain of nodes; by default the one in `deployments`
    ///
    /// By default it is the only file in the folder `deployments` that is of the chain.
    #[arg(
        long,
        env = "INKTENSOR_DEPLOYMENT",
        value_name = "FILE",
        help_heading = CHAIN
    )]
    pub deployment: Option<PathBuf>,
}

/// A signer.
#[derive(Clone, Debug, clap::Args)]
pub struct SignerArgs {
    /// The place of the key.
    #[command(flatten)]
    pub keys: KeyArguments,
    /// The signer on a devchain or a chain in a folder, where no key is needed
    #[arg(
        long,
        env = "INKTENSOR_ACCOUNT",
        value_name = "NAME|ADDRESS",
        help_heading = SIGNER
    )]
    pub account: Option<Who>,
    /// When a transaction counts as carried out, on a chain of nodes
    #[arg(long, value_enum, default_value = "finalized", help_heading = SIGNER)]
    pub wait: Wait,
}

/// Arguments of a command that reads from a chain.
#[derive(Clone, Debug, clap::Args)]
pub struct ReadArgs {
    /// The chain.
    #[command(flatten)]
    pub chain: ChainArgs,
    /// Print one JSON document
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
}

/// Arguments of a command that lists rows from a chain.
#[derive(Clone, Debug, clap::Args)]
pub struct ListArgs {
    /// The chain.
    #[command(flatten)]
    pub chain: ChainArgs,
    /// Print one JSON document
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    /// Print CSV, with the fields of the JSON document as columns
    #[arg(long, conflicts_with = "json", help_heading = OUTPUT)]
    pub csv: bool,
    /// Print all columns and whole addresses, however wide the terminal is
    #[arg(long, conflicts_with_all = ["json", "csv"], help_heading = OUTPUT)]
    pub wide: bool,
}

/// Arguments of a command that sends transactions.
#[derive(Clone, Debug, clap::Args)]
pub struct SignArgs {
    /// The chain.
    #[command(flatten)]
    pub chain: ChainArgs,
    /// The signer.
    #[command(flatten)]
    pub signer: SignerArgs,
    /// Print one JSON document
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
}

/// A subnet.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct NetuidArg {
    /// The subnet
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    pub netuid: NetUid,
}

/// An account as a user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who(String);

impl From<&str> for Who {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Who {
    /// Returns the account on the chain at `source`. A name is an account only where no key is
    /// needed: on a chain of nodes a mistyped address must not pass for a name.
    pub fn on(&self, source: &ChainSource) -> Result<AccountId, Failure> {
        let error = match parse_address(&self.0) {
            Ok(account) => return Ok(account),
            Err(error) => error,
        };
        match source {
            ChainSource::Nodes(_) => Err(Failure::input(format_args!(
                "{error}; names are for devchains and chains in a folder"
            ))),
            ChainSource::Dir(_) | ChainSource::Served(_)
                if error.problem != AddressProblem::Checksum && is_name(&self.0) =>
            {
                Ok(account_of_name(&self.0))
            }
            ChainSource::Dir(_) | ChainSource::Served(_) => Err(Failure::input(format_args!(
                "{error}; a name begins with a letter and has at most {MAX_NAME} letters, digits, \
                 - and _"
            ))),
        }
    }
}

/// Returns true if `text` can name an account. An address that is mistyped or cut short must not
/// pass for a name.
fn is_name(text: &str) -> bool {
    let of_name = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    text.len() <= MAX_NAME
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(of_name)
}

impl ChainArgs {
    /// Opens the network, to read from it.
    pub fn open(&self) -> Result<Network, Failure> {
        self.open_with(Access {
            timeout: verifier::TIMEOUT,
            ..Access::default()
        })
    }

    /// Opens the network, to work on it as `signer`.
    pub fn sign(&self, signer: &SignerArgs) -> Result<Session, Failure> {
        let (account, keys) = signer.account_on(&self.chain)?;
        let network = self.open_with(Access {
            keys,
            wait: signer.wait,
            is_writing: true,
            ..Access::default()
        })?;
        Ok(Session {
            network,
            account,
            wait: signer.wait,
        })
    }

    /// Returns the account that `who` names on the chain.
    pub fn account(&self, who: &Who) -> Result<AccountId, Failure> {
        who.on(&self.chain)
    }

    fn open_with(&self, access: Access) -> Result<Network, Failure> {
        let deployment = self.deployment.clone();
        let access = Access {
            deployment: deployment.clone(),
            ..access
        };
        Network::open(&self.chain, deployment, || self.chain.open(access))
    }
}

impl SignerArgs {
    /// Returns the account that signs on the chain at `source`, and its keys.
    pub fn account_on(&self, source: &ChainSource) -> Result<(AccountId, Vec<Keypair>), Failure> {
        match source {
            ChainSource::Nodes(_) => {
                if self.account.is_some() && !self.keys.is_given() {
                    return Err(Failure::input(
                        "--account names a signer on a devchain only; on a node a key signs: name \
                         its file with --suri-file",
                    ));
                }
                let key = self.keys.keypair().map_err(Failure::input)?;
                let account = keys::account(&key);
                let named = self.account.as_ref().map(|who| who.on(source));
                match named.transpose()? {
                    Some(other) if other != account => Err(Failure::input(format_args!(
                        "--account is not the account of the key, which is {}; remove --account",
                        ss58(&account)
                    ))),
                    _ => Ok((account, vec![key])),
                }
            }
            ChainSource::Dir(_) | ChainSource::Served(_) => {
                let who = self.account.as_ref().ok_or_else(|| {
                    Failure::input(
                        "no signer is given: name one with --account, a name or an address; keys \
                         are for nodes",
                    )
                })?;
                Ok((who.on(source)?, Vec::new()))
            }
        }
    }
}

impl ReadArgs {
    /// Opens the network.
    pub fn open(&self) -> Result<Network, Failure> {
        self.chain.open()
    }

    /// Prints an answer.
    pub fn show(&self, view: &impl View, out: &mut dyn Write) -> io::Result<()> {
        output::show(self.json, view, out)
    }
}

impl ListArgs {
    /// Opens the network.
    pub fn open(&self) -> Result<Network, Failure> {
        self.chain.open()
    }

    /// Returns the room for a table.
    pub fn room(&self) -> Room {
        if self.wide {
            Room::All
        } else {
            Room::of_terminal()
        }
    }

    /// Returns true if the output has no limits of width.
    pub fn shows_all(&self) -> bool {
        self.json || self.csv || self.wide
    }

    /// Prints a list.
    pub fn show(&self, list: &impl List, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            json::print(list, out)
        } else if self.csv {
            csv::print(list.rows(), out)
        } else {
            list.table(self.room(), out)
        }
    }
}

impl SignArgs {
    /// Opens the network, to work on it.
    pub fn open(&self) -> Result<Session, Failure> {
        self.chain.sign(&self.signer)
    }

    /// Returns the account that `who` names, or the signer's without one.
    pub fn account_or(&self, who: Option<&Who>, session: &Session) -> Result<AccountId, Failure> {
        who.map_or(Ok(session.account), |who| self.chain.account(who))
    }

    /// Prints what the command's transactions did.
    pub fn report(
        &self,
        sentence: &str,
        answer: &impl Serialize,
        cost: &Cost,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        Ok(output::report(self.json, sentence, answer, cost, out)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_account_only_where_no_key_is_needed() {
        let kept = ChainSource::Dir("folder".into());
        let node = ChainSource::Nodes(vec!["ws://localhost:9944".into()]);
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        for source in [&kept, &node] {
            let account = Who::from(alice).on(source).ok();
            assert_eq!(account, parse_address(alice).ok());
        }
        let typo = alice.replace("Fz9", "Fz8");
        let problem = Who::from(typo.as_str()).on(&node).unwrap_err().to_string();
        assert!(problem.contains("checksum"), "{problem}");
        let problem = Who::from("Bob").on(&node).unwrap_err().to_string();
        assert!(problem.contains("names are for devchains"), "{problem}");
        assert_eq!(
            Who::from("bank").on(&kept).ok(),
            Some(account_of_name("bank"))
        );
    }

    #[test]
    fn a_mistyped_address_is_a_name_nowhere() {
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let typo = alice.replace("Fz9", "Fz8");
        let short = alice.replace("Fz9", "");
        let long = "a".repeat(MAX_NAME + 1);
        for source in [
            ChainSource::Dir("folder".into()),
            ChainSource::Served("localhost:1".into()),
            ChainSource::Nodes(vec!["ws://localhost:9944".into()]),
        ] {
            let long_ones = [long.as_str(), typo.as_str(), short.as_str()];
            let others = ["", "0x", "0x12", "1st", "me too", "mé"];
            for text in others.into_iter().chain(long_ones) {
                assert!(Who::from(text).on(&source).is_err(), "{text} {source}");
            }
        }
        let longest = "a".repeat(MAX_NAME);
        for text in ["a", "Miner-1", "cold_key", longest.as_str()] {
            let account = Who::from(text).on(&ChainSource::Dir("folder".into()));
            assert_eq!(account.ok(), Some(account_of_name(text)), "{text}");
        }
    }
}
