//! A network to read from: a chain, where its contracts are, and the reads that commands share.

use crate::{
    error::Failure,
    output::{format, waiting::Waiting},
};
use inktensor_client::{
    chain::{self, rpc::RpcChain, ChainError, ChainRead, Message, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{NeuronView, Registry, ServingView, Subnet},
    staking::{PositionView, Staking},
    AccountId, NetUid, Rao, PAGE,
};
use inktensor_worker::chain_source::{self, of_chain, Access, ChainSource, Opened, SourceError};
use psp22::PSP22;
use scale::Decode;
use std::{cmp::Reverse, path::PathBuf};

/// A network to read from.
pub struct Network {
    /// The chain, the contracts, and the store that is kept with the chain.
    pub opened: Opened,
    /// The place of the chain, as the user named it.
    pub source: ChainSource,
    /// The file of the deployment, if the user named one.
    deployment: Option<PathBuf>,
    /// The notice on standard error while a chain does not answer.
    waiting: Option<Waiting>,
}

impl Network {
    /// Opens the chain at `source` by `open`.
    ///
    /// # Errors
    /// The errors of `open`, after the name of the flag.
    pub fn open(
        source: &ChainSource,
        deployment: Option<PathBuf>,
        open: impl FnOnce() -> Result<Opened, SourceError>,
    ) -> Result<Self, Failure> {
        let waiting = wait_for(source);
        let opened = open();
        Ok(Self {
            opened: opened.map_err(|error| not_opened(source, error))?,
            source: source.clone(),
            deployment,
            waiting,
        })
    }

    /// Returns the chain.
    pub fn chain(&self) -> &dyn ChainRead {
        self.opened.chain.as_ref()
    }

    /// Returns where the contracts are.
    pub const fn contracts(&self) -> Addresses {
        self.opened.contracts
    }

    /// Says on standard error, if it takes long, that `subject` is waited for.
    pub fn now_waits_for(&self, subject: &str) {
        if let Some(waiting) = &self.waiting {
            waiting.now_for(subject);
        }
    }

    /// Says on standard error, if it takes long, that the chain is waited for.
    pub fn now_waits_for_chain(&self) {
        self.now_waits_for(&subject(&self.source));
    }

    /// Reads a message.
    pub fn query<R: Decode>(&self, message: impl Into<Message<R>>) -> Result<R, Failure> {
        let answer = self.chain().query(message);
        answer.map_err(|error| self.failed(error))
    }

    /// Reads a message as `caller`, as if it sent it now.
    pub fn query_as<R: Decode>(
        &self,
        caller: AccountId,
        message: impl Into<Message<R>>,
    ) -> Result<R, Failure> {
        let answer = self.chain().query_as(caller, message);
        answer.map_err(|error| self.failed(error))
    }

    /// Reads messages of one kind, all together.
    pub fn query_all<R: Decode, M: Into<Message<R>>>(
        &self,
        messages: impl IntoIterator<Item = M>,
    ) -> Result<Vec<R>, Failure> {
        let answers = chain::query_all(self.chain(), messages);
        answers.map_err(|error| self.failed(error))
    }

    /// Reads the pages of a list, all together, and joins them.
    pub fn query_pages<R: Decode, M: Into<Message<Vec<R>>>>(
        &self,
        pages: impl IntoIterator<Item = M>,
    ) -> Result<Vec<R>, Failure> {
        let pages: Vec<Vec<R>> = self.query_all(pages)?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// Returns the height of the best block.
    pub fn block(&self) -> Result<u32, Failure> {
        self.chain().block().map_err(|error| self.failed(error))
    }

    /// Returns what a user reads of `error`. A contract that is not there is named, with the file
    /// that says it is.
    pub fn failed(&self, error: ChainError) -> Failure {
        let ChainError::NoContract(address) = error else {
            return Failure::input(error);
        };
        let mut named = self.contracts().named();
        let Some((name, _)) = named.find(|(_, it)| *it == address) else {
            return Failure::input(format_args!("there is no contract at {}", ss58(&address)));
        };
        let genesis = self.chain().genesis().ok();
        let file = genesis.and_then(|it| of_chain(self.deployment.as_deref(), it).ok());
        let file = match file {
            Some((path, _)) => path.display().to_string(),
            None => self.source.to_string(),
        };
        Failure::input(format_args!(
            "the {name} contract ({}) of {file} is not on this chain. Was the node restarted \
             without its data? `inktensor deployment check` compares the file with the chain, \
             `inktensor deploy` deploys again",
            ss58(&address)
        ))
    }

    /// Returns a subnet.
    pub fn subnet(&self, netuid: NetUid) -> Result<Subnet, Failure> {
        let subnet = self.query(self.contracts().registry().subnet(netuid))?;
        subnet.ok_or_else(|| no_subnet(netuid))
    }

    /// Checks that `netuid` is root, or a subnet that stake can be added to.
    ///
    /// # Errors
    /// That there is no such subnet, or that the subnet was retired.
    pub fn check_takes_stake(&self, netuid: NetUid) -> Result<(), Failure> {
        if netuid.is_root() {
            return Ok(());
        }
        match self.subnet(netuid)?.retired_at {
            None => Ok(()),
            Some(block) => Err(Failure::input(format_args!(
                "subnet {} was retired at block {block}; stake on another subnet",
                netuid.0
            ))),
        }
    }

    /// Checks that `netuid` is root or a subnet.
    ///
    /// # Errors
    /// That there is no such subnet.
    pub fn check_exists(&self, netuid: NetUid) -> Result<(), Failure> {
        if netuid.is_root() {
            return Ok(());
        }
        self.subnet(netuid).map(drop)
    }

    /// Returns the coldkey that owns a hotkey.
    pub fn owner_of(&self, hotkey: AccountId) -> Result<Option<AccountId>, Failure> {
        self.query(self.contracts().registry().owner_of(hotkey))
    }

    /// Returns the status of a subnet's epochs.
    pub fn status(&self, netuid: NetUid) -> Result<EpochStatus, Failure> {
        let status = self.query(self.contracts().epoch().status(netuid))?;
        status.ok_or_else(|| no_subnet(netuid))
    }

    /// Returns the last final epoch of a subnet.
    pub fn last_final(&self, netuid: NetUid) -> Result<u32, Failure> {
        let last = self.status(netuid)?.final_epoch;
        last.ok_or_else(|| {
            Failure::input(format_args!(
                "no epoch of subnet {} is final yet; `inktensor epoch show` shows how far it is",
                netuid.0
            ))
        })
    }

    /// Returns all neurons of a subnet.
    pub fn neurons(&self, netuid: NetUid) -> Result<Vec<NeuronView>, Failure> {
        let pages = self.subnet(netuid)?.neurons.div_ceil(PAGE);
        self.query_pages((0..pages).map(|page| self.contracts().registry().metagraph(netuid, page)))
    }

    /// Returns what the neurons of a subnet serve; those that serve nothing are left out.
    pub fn serving(&self, netuid: NetUid) -> Result<Vec<ServingView>, Failure> {
        let pages = self.subnet(netuid)?.neurons.div_ceil(PAGE);
        let registry = || self.contracts().registry();
        self.query_pages((0..pages).map(|page| registry().serving_page(netuid, page)))
    }

    /// Returns all positions of `coldkey`, by subnet, the largest first.
    pub fn positions(&self, coldkey: AccountId) -> Result<Vec<PositionView>, Failure> {
        let staking = || self.contracts().staking();
        let count: u32 = self.query(staking().position_count(coldkey))?;
        let pages = (0..count.div_ceil(PAGE.into())).map(|page| staking().positions(coldkey, page));
        let mut all: Vec<PositionView> = self.query_pages(pages)?;
        all.sort_by_key(|it| (it.netuid, Reverse(it.stake), it.hotkey));
        Ok(all)
    }

    /// Returns what `coldkey` can claim of each of its `positions`: nothing of those on a subnet.
    pub fn claimable(
        &self,
        coldkey: AccountId,
        positions: &[PositionView],
    ) -> Result<Vec<Option<Rao>>, Failure> {
        let staking = || self.contracts().staking();
        let on_root = positions.iter().filter(|it| it.netuid.is_root());
        let claims = on_root.map(|it| staking().root_claim(it.hotkey, coldkey));
        let mut claims = self.query_all(claims)?.into_iter();
        let all = positions.iter().map(|it| match it.netuid.is_root() {
            true => claims.next(),
            false => None,
        });
        Ok(all.collect())
    }

    /// Returns the TAO of an account.
    pub fn balance(&self, account: AccountId) -> Result<Rao, Failure> {
        let balance: u128 = self.query(self.contracts().psp22().balance_of(account))?;
        Ok(Rao(u64::try_from(balance).unwrap_or(u64::MAX)))
    }

    /// Returns the name of a kernel, if it is one that is deployed with the contracts.
    pub fn kernel_name(&self, kernel: AccountId) -> Option<&'static str> {
        let contracts = self.contracts();
        let known = [("yuma", contracts.yuma), ("mean", contracts.mean)];
        let found = known.into_iter().find(|(_, address)| *address == kernel);
        found.map(|(name, _)| name)
    }
}

/// Connects to a chain of nodes. The notice on standard error lasts as long as the second part of
/// the answer.
///
/// # Errors
/// If no node answers.
pub fn connect(addresses: &[String], access: Access) -> Result<(RpcChain, Waiting), Failure> {
    let source = ChainSource::Nodes(addresses.to_vec());
    let waiting = Waiting::for_(subject(&source));
    let chain = chain_source::connect(addresses, access);
    let chain = chain.map_err(|error| not_opened(&source, error.into()))?;
    Ok((chain, waiting))
}

/// Returns the failure to open the chain at `source`, after the name of the flag.
pub fn not_opened(source: &ChainSource, error: SourceError) -> Failure {
    match error {
        // The error names the address.
        SourceError::Chain(error @ ChainError::Unreachable { .. }) => {
            Failure::input(format_args!("--chain: {error}"))
        }
        // The error begins with the folder.
        SourceError::Dir(error) => Failure::input(format_args!("--chain {error}")),
        SourceError::Deployment(_) => Failure::input(error),
        error => Failure::input(format_args!("--chain {source}: {error}")),
    }
}

/// Returns the failure to find a subnet.
pub fn no_subnet(netuid: NetUid) -> Failure {
    if netuid.is_root() {
        Failure::input("root (netuid 0) has no neurons and no epochs; subnets are numbered from 1")
    } else {
        Failure::missing(format_args!(
            "{}; `inktensor subnet list` lists all",
            format::subnet(netuid)
        ))
    }
}

/// Returns the notice of waiting for the chain at `source`. A chain in a folder needs none.
fn wait_for(source: &ChainSource) -> Option<Waiting> {
    match source {
        ChainSource::Dir(_) => None,
        ChainSource::Served(_) | ChainSource::Nodes(_) => Some(Waiting::for_(subject(source))),
    }
}

fn subject(source: &ChainSource) -> String {
    format!("the chain at {source}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_devnet::sandbox::SandboxChain;
    use inktensor_primitives::hash::blake2;

    #[test]
    fn a_contract_that_is_gone_is_named_with_the_place_that_records_it() {
        let contracts = Addresses::from_named(|name| Some(blake2(name.as_bytes()).into()));
        let contracts = contracts.unwrap();
        let network = Network {
            opened: Opened {
                chain: Box::new(SandboxChain::new()),
                nodes: Vec::new(),
                contracts,
                store: None,
            },
            source: ChainSource::Dir("folder".into()),
            deployment: None,
            waiting: None,
        };
        let problem = network.subnet(NetUid(1)).unwrap_err().to_string();
        let registry = ss58(&contracts.registry);
        let start = format!("the registry contract ({registry}) of folder is not on this chain");
        assert!(problem.starts_with(&start), "{problem}");
        assert!(problem.contains("deployment check"), "{problem}");
    }

    #[test]
    fn a_failure_to_open_names_the_chain_once() {
        let address = "ws://127.0.0.1:1";
        let source = ChainSource::Nodes(vec![address.into()]);
        let error = ChainError::Unreachable {
            address: address.into(),
            reason: "connection refused".into(),
        };
        assert_eq!(
            not_opened(&source, error.into()).to_string(),
            "--chain: the chain at ws://127.0.0.1:1 does not answer: connection refused; start it, \
             or name another one"
        );
        let source = ChainSource::Dir("no/chain".into());
        let error = source.open(Access::default()).err().unwrap();
        let problem = not_opened(&source, error).to_string();
        assert!(
            problem.starts_with("--chain no/chain: there is no chain in this folder"),
            "{problem}"
        );
    }

    #[test]
    fn root_is_not_a_missing_subnet() {
        let problem = no_subnet(NetUid(0)).to_string();
        assert!(
            problem.contains("root (netuid 0) has no neurons"),
            "{problem}"
        );
        assert!(no_subnet(NetUid(9)).to_string().contains("no subnet 9"));
    }
}
