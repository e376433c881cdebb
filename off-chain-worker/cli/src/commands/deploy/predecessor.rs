//! The deployment that a new one succeeds: its token stays, and the right to mint passes on.

use crate::{error::Failure, output::json::Address};
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::{Addresses, Entry, Record},
    ss58::ss58,
};
use inktensor_primitives::{
    registry::Registry,
    token::{Succession, Successor, TokenControl},
    AccountId, Rao,
};
use inktensor_worker::chain_source::of_chain;
use serde::{Serialize, Serializer};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Name of the token's contract in records.
const TOKEN: &str = "token";

/// A deployment that another one succeeds.
pub struct Predecessor {
    file: PathBuf,
    contracts: Addresses,
    token: Entry,
    minted: Rao,
}

/// The state of a succession by planned contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// None is announced.
    Unannounced,
    /// Announced. The planned contracts have the right to mint from this block on.
    Announced(u32),
    /// The planned contracts have the right to mint.
    Counts,
    /// Other contracts have the right to mint, or have it from this block on.
    OfOthers(Successor, Option<u32>),
}

/// A succession, as it is printed.
#[derive(Serialize)]
pub struct SuccessionView {
    minter: Address,
    registry: Address,
    #[serde(rename = "state")]
    standing: Standing,
    /// Block from which a succession that is announced counts.
    from: Option<u32>,
    block: u32,
    #[serde(skip)]
    file: PathBuf,
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Unannounced => "unannounced",
            Self::Announced(_) => "announced",
            Self::Counts => "counts",
            Self::OfOthers(..) => "of_others",
        })
    }
}

impl Predecessor {
    /// Reads the deployment that is recorded in `file`.
    ///
    /// # Errors
    /// If the file is of another chain, or the chain has other contracts.
    pub fn read(chain: &dyn ChainRead, file: &Path) -> Result<Self, Failure> {
        let (_, record) = of_chain(Some(file), chain.genesis()?).map_err(Failure::input)?;
        Self::recorded(chain, file, &record)
    }

    fn recorded(chain: &dyn ChainRead, file: &Path, record: &Record) -> Result<Self, Failure> {
        let failed = |problem: String| Failure::in_file(file, problem);
        let contracts = record.addresses().map_err(|it| failed(it.to_string()))?;
        let token = record.contracts.get(TOKEN).copied();
        let token = token.ok_or_else(|| failed("there is no token in this record".into()))?;
        if chain.code_hash(&token.address)? != Some(token.code_hash) {
            return Err(failed(format!(
                "the token {} is not on this chain with the recorded code; `inktensor deployment \
                 check --deployment` compares all contracts",
                ss58(&token.address)
            )));
        }
        let peers = chain.query(contracts.registry().peers())?;
        if peers.token != token.address {
            return Err(failed(format!(
                "the registry {} is of the token {}, and {} is recorded; name the record of one \
                 deployment",
                ss58(&contracts.registry),
                ss58(&peers.token),
                ss58(&token.address)
            )));
        }
        let minted: u128 = chain.query(contracts.token().total_minted())?;
        Ok(Self {
            file: file.to_owned(),
            contracts,
            token,
            minted: Rao(u64::try_from(minted).unwrap_or(u64::MAX)),
        })
    }

    /// Returns the token, and the TAO minted so far.
    pub const fn inherited(&self) -> (AccountId, Rao) {
        (self.token.address, self.minted)
    }

    /// Adds the token, which a succession does not deploy, to the record of the new deployment.
    pub fn add_to(&self, record: &mut Record) {
        record.contracts.insert(TOKEN.into(), self.token);
    }

    /// Returns the state of the succession by the contracts at `planned`.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn succession(
        &self,
        chain: &dyn ChainRead,
        planned: &Addresses,
    ) -> Result<SuccessionView, Failure> {
        let token = || self.contracts.token();
        let planned = Successor {
            minter: planned.emission,
            registry: planned.registry,
        };
        let announced: Option<Succession> = chain.query(token().succession())?;
        let minter: Option<AccountId> = chain.query(token().minter())?;
        let registry: Option<AccountId> = chain.query(token().registry())?;
        let standing = match (announced, minter.zip(registry)) {
            (Some(Succession { to, at }), _) if to == planned => Standing::Announced(at),
            (Some(Succession { to, at }), _) => Standing::OfOthers(to, Some(at)),
            (None, Some((minter, registry))) => {
                let now = Successor { minter, registry };
                if now == planned {
                    Standing::Counts
                } else if minter == self.contracts.emission && registry == self.contracts.registry {
                    Standing::Unannounced
                } else {
                    Standing::OfOthers(now, None)
                }
            }
            // Without a minter there is no network to succeed, so nothing can be announced.
            (None, None) => Standing::Unannounced,
        };
        Ok(SuccessionView {
            minter: planned.minter.into(),
            registry: planned.registry.into(),
            standing,
            from: match standing {
                Standing::Announced(at) => Some(at),
                Standing::OfOthers(_, at) => at,
                Standing::Unannounced | Standing::Counts => None,
            },
            block: chain.block()?,
            file: self.file.clone(),
        })
    }
}

impl SuccessionView {
    /// Checks that the planned contracts have the right to mint.
    ///
    /// Contracts that are deployed before would count TAO of blocks that the earlier generation
    /// issues for, and miss what it mints until then.
    ///
    /// # Errors
    /// That the succession does not count yet, or is of other contracts.
    pub fn check(&self) -> Result<(), Failure> {
        let (minter, registry, block) = (&self.minter, &self.registry, self.block);
        let problem = match self.standing {
            Standing::Counts => return Ok(()),
            Standing::Unannounced => format!(
                "no succession is announced; announce it with `inktensor gov propose --close-down \
                 {minter},{registry}`, and deploy when it counts"
            ),
            Standing::Announced(at) => format!(
                "the succession counts from block {at} on, and this is block {block}; deploy in \
                 {} blocks: until then the earlier contracts issue TAO",
                at.saturating_sub(block)
            ),
            Standing::OfOthers(to, _) => format!(
                "the succession is that of minter {} and registry {}, and this key, configuration \
                 and code make {minter} and {registry}; deploy with those it was announced for",
                ss58(&to.minter),
                ss58(&to.registry)
            ),
        };
        let file = self.file.display();
        Err(Failure::input(format_args!("--succeeds {file}: {problem}")))
    }

    /// Prints the state of the succession, and what comes next.
    ///
    /// # Errors
    /// If the output does not take it.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let (minter, registry) = (&self.minter, &self.registry);
        match self.standing {
            Standing::Counts => writeln!(out, "succession counts: these contracts may mint"),
            Standing::Unannounced => writeln!(
                out,
                "succession not announced; a vote announces it:\n  inktensor gov propose \
                 --close-down {minter},{registry}"
            ),
            Standing::Announced(at) => writeln!(
                out,
                "succession announced: these contracts may mint from block {at} on, {} after this \
                 one; deploy then",
                at.saturating_sub(self.block)
            ),
            Standing::OfOthers(to, at) => {
                let from = at.map(|at| format!(", from block {at} on"));
                writeln!(
                    out,
                    "succession of other contracts: minter {}, registry {}{}",
                    ss58(&to.minter),
                    ss58(&to.registry),
                    from.unwrap_or_default()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_client::{
        chain::Answer,
        deploy::{check, deploy, estimate, Bundles, Config, Deployment},
    };
    use inktensor_devnet::{account, sandbox::SandboxChain};
    use inktensor_primitives::{governance::GovernanceTerms, token::SUCCESSION_DELAY};

    const FILE: &str = "first.json";

    /// Returns a chain with a deployment whose admin is an account, and its record.
    fn first(bundles: &Bundles) -> (SandboxChain, Deployment, Record) {
        let mut chain = SandboxChain::new();
        let holders = vec![(account("bank"), Rao::from_tao(1_000))];
        let config = Config::new(account("deployer"), account("treasury"), holders);
        let first = deploy(&mut chain, bundles, &config).unwrap();
        let record = Record::found(&chain, &first.addresses, "here").unwrap();
        (chain, first, record)
    }

    fn second(predecessor: &Predecessor) -> Config {
        let (token, minted) = predecessor.inherited();
        assert_eq!(minted, Rao::from_tao(1_000));
        Config {
            succeeds: Some(token),
            governance: Some(GovernanceTerms {
                electorate_floor: minted,
                opens_after: 0,
                guard: None,
            }),
            ..Config::new(account("heir"), account("heir"), Vec::new())
        }
    }

    #[test]
    fn a_second_generation_is_deployed_when_its_succession_counts() {
        let bundles = Bundles::load().unwrap();
        let (mut chain, first, record) = first(&bundles);
        let predecessor = Predecessor::recorded(&chain, Path::new(FILE), &record).unwrap();
        let config = second(&predecessor);
        let planned = estimate(&chain, &bundles, &config).unwrap().addresses;
        let standing = |chain: &SandboxChain, planned: &Addresses| {
            let found = predecessor.succession(chain, planned).unwrap();
            let mut text = Vec::new();
            found.text(&mut text).unwrap();
            let problem = found.check().err().map(|it| it.to_string());
            (
                found.standing,
                String::from_utf8(text).unwrap(),
                problem.unwrap_or_default(),
            )
        };
        let (state, text, problem) = standing(&chain, &planned);
        assert_eq!(state, Standing::Unannounced);
        let command = format!(
            "gov propose --close-down {},{}",
            ss58(&planned.emission),
            ss58(&planned.registry)
        );
        assert!(text.contains(&command), "{text}");
        assert!(problem.starts_with("--succeeds first.json: no succession is announced"));
        assert!(problem.contains(&command), "{problem}");

        let to = Successor {
            minter: planned.emission,
            registry: planned.registry,
        };
        let announced = first.addresses.registry().close_down(to);
        chain.send(account("deployer"), announced).answer().unwrap();
        let at = chain.block().unwrap() + SUCCESSION_DELAY;
        let (state, text, problem) = standing(&chain, &planned);
        assert_eq!(state, Standing::Announced(at));
        assert!(text.contains(&format!("from block {at} on")), "{text}");
        assert!(problem.contains(&format!("deploy in {SUCCESSION_DELAY} blocks")));
        // Another key makes other contracts.
        let (state, text, problem) = standing(&chain, &first.addresses);
        assert_eq!(state, Standing::OfOthers(to, Some(at)));
        assert!(text.contains("of other contracts"), "{text}");
        assert!(problem.contains("announced for"), "{problem}");

        chain.advance(SUCCESSION_DELAY);
        let (state, _, problem) = standing(&chain, &planned);
        assert_eq!((state, problem), (Standing::Counts, String::new()));
        let made = deploy(&mut chain, &bundles, &config).unwrap();
        assert_eq!(made.addresses, planned);
        let mut record = Record::of(&made, "here", chain.genesis().unwrap());
        predecessor.add_to(&mut record);
        assert_eq!(record.addresses().unwrap(), planned);
        assert_eq!(check(&chain, &record).unwrap(), []);
    }

    #[test]
    fn a_record_of_other_contracts_is_refused() {
        let bundles = Bundles::load().unwrap();
        let (chain, _, record) = first(&bundles);
        let problem = |change: fn(&mut Record)| {
            let mut record = record.clone();
            change(&mut record);
            let read = Predecessor::recorded(&chain, Path::new(FILE), &record);
            read.err().map(|it| it.to_string()).unwrap_or_default()
        };
        assert_eq!(problem(|_| ()), "");
        type Change = fn(&mut Record);
        let without_token: Change = |it| {
            it.contracts.remove(TOKEN);
        };
        let other_code: Change = |it| {
            if let Some(token) = it.contracts.get_mut(TOKEN) {
                token.code_hash = [9; 32];
            }
        };
        for (change, said) in [
            (without_token, "token"),
            (other_code, "is not on this chain with the recorded code"),
        ] {
            let problem = problem(change);
            assert!(
                problem.contains(FILE) && problem.contains(said),
                "{problem}"
            );
        }
    }
}
