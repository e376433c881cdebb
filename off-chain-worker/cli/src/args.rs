//! The arguments of all commands that look at a chain or work on it: which chain, which deployment,
//! who signs.

use crate::{commands::Failure, verifier};
use inktensor_client::{
    chain::{rpc::Wait, Chain},
    deploy::Addresses,
    keys::{self, KeyArguments},
    ss58::{address, ss58},
};
use inktensor_devnet::account;
use inktensor_primitives::AccountId;
use inktensor_worker::chain_source::{Access, ChainSource, Opened};
use std::path::PathBuf;

/// Which chain, and which deployment on it.
#[derive(Clone, Debug, clap::Args)]
pub struct ChainArguments {
    /// The chain: ws://HOST:PORT of a node, tcp://HOST:PORT of a devchain, or a folder that demo
    /// or devchain left
    ///
    /// Several nodes of one chain may be given with commas between: the first that answers is
    /// asked, and when it stops answering the next one.
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL|DIR"
    )]
    pub chain: ChainSource,
    /// The file of the deployment on a chain of nodes; by default the one in the folder
    /// `deployments` that is of the chain
    #[arg(long, env = "INKTENSOR_DEPLOYMENT", value_name = "FILE")]
    pub deployment: Option<PathBuf>,
}

/// Who signs.
#[derive(Clone, Debug, clap::Args)]
pub struct SignerArguments {
    #[command(flatten)]
    pub keys: KeyArguments,
    /// Who signs on a devchain or on a chain in a folder, which take everybody's word: a name, or
    /// an address
    #[arg(long, env = "INKTENSOR_ACCOUNT", value_name = "NAME|ADDRESS")]
    pub account: Option<Who>,
    /// When a transaction counts as carried out on a chain of nodes
    #[arg(long, value_enum, default_value = "finalized")]
    pub wait: Wait,
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
    /// The account on the chain at `source`. Where nobody needs a key, a name will do for an
    /// address; where money is real, a mistyped address must not pass for a name.
    pub fn on(&self, source: &ChainSource) -> Result<AccountId, Failure> {
        let text = &self.0;
        match (address(text), source) {
            (Some(account), _) => Ok(account),
            (None, ChainSource::Nodes(_)) => Err(Failure::input(format_args!(
                "{text:?} is not an address, in SS58 or as 32 bytes in hexadecimal after 0x"
            ))),
            (None, ChainSource::Kept(_) | ChainSource::Served(_)) => Ok(account(text)),
        }
    }
}

/// A chain to work on, and who does.
pub struct Session {
    /// The chain.
    pub chain: Box<dyn Chain>,
    /// Where the contracts are.
    pub contracts: Addresses,
    /// Who signs.
    pub account: AccountId,
}

impl ChainArguments {
    /// The chain, to look at.
    pub fn open(&self) -> Result<Opened, Failure> {
        self.open_with(Access {
            deployment: self.deployment.clone(),
            patience: verifier::PATIENCE,
            ..Access::default()
        })
    }

    /// The chain, to work on.
    pub fn sign(&self, signer: &SignerArguments) -> Result<Session, Failure> {
        let (account, keys) = signer.account_on(&self.chain)?;
        let opened = self.open_with(Access {
            deployment: self.deployment.clone(),
            keys,
            wait: signer.wait,
            ..Access::default()
        })?;
        Ok(Session {
            chain: opened.chain,
            contracts: opened.contracts,
            account,
        })
    }

    fn open_with(&self, access: Access) -> Result<Opened, Failure> {
        let opened = self.chain.open(access);
        opened.map_err(|error| Failure::input(format_args!("--chain {}: {error}", self.chain)))
    }
}

impl SignerArguments {
    /// Who signs on the chain at `source`, and the keys for it.
    pub fn account_on(
        &self,
        source: &ChainSource,
    ) -> Result<(AccountId, Vec<subxt_signer::sr25519::Keypair>), Failure> {
        match source {
            ChainSource::Nodes(_) => {
                let key = self.keys.keypair().map_err(Failure::input)?;
                let account = keys::account(&key);
                let named = self
                    .account
                    .as_ref()
                    .map(|who| who.on(source))
                    .transpose()?;
                match named {
                    Some(other) if other != account => Err(Failure::input(format_args!(
                        "--account is not the account of the key, which is {}",
                        ss58(&account)
                    ))),
                    _ => Ok((account, vec![key])),
                }
            }
            ChainSource::Kept(_) | ChainSource::Served(_) => {
                let who = self.account.as_ref().ok_or_else(|| {
                    Failure::input(
                        "say who signs with --account: a name, or an address; keys are for nodes",
                    )
                })?;
                Ok((who.on(source)?, Vec::new()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_account_only_where_nobody_needs_a_key() {
        let kept = ChainSource::Kept("folder".into());
        let node = ChainSource::Nodes(vec!["ws://localhost:9944".into()]);
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        for source in [&kept, &node] {
            assert_eq!(Who::from(alice).on(source).ok(), address(alice));
        }
        let typo = alice.replace("Fz9", "Fz8");
        assert!(Who::from(typo.as_str()).on(&node).is_err());
        assert_eq!(Who::from("bank").on(&kept).ok(), Some(account("bank")));
    }
}
