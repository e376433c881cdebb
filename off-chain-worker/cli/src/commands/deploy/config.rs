//! What a deployment is to be like: by flag, else by file, else by default.

use crate::{
    commands::Failure,
    output::table::{tao, tao_text},
};
use inktensor_client::{deploy::Config, ss58::address};
use inktensor_primitives::{
    emission::{Fees, Split},
    epoch::EpochRules,
    registry::NetworkRules,
    AccountId, Bps, Rao,
};
use serde::Deserialize;
use std::{fs, path::PathBuf};

/// What a deployment is to be like. All of it is fixed once deployed.
#[derive(clap::Args)]
pub struct Configured {
    /// A TOML file with all of this, and the constants of the epoch game and the fees; see
    /// docs/deploy.md
    #[arg(long, env = "INKTENSOR_DEPLOY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Who holds TAO from the start, and how much; at least one
    #[arg(long = "holder", value_parser = holder, value_name = "ADDRESS=TAO")]
    holders: Vec<(AccountId, Rao)>,
    /// Who decides which kernels subnets may choose; the deployer if nobody is named
    #[arg(long, value_parser = account, value_name = "ADDRESS")]
    admin: Option<AccountId>,
    /// The account of the protocol's reserve; the deployer if none is named
    #[arg(long, value_parser = account, value_name = "ADDRESS")]
    treasury: Option<AccountId>,
    /// Least TAO to lock for a subnet [default: 1000]
    #[arg(long, value_parser = tao, value_name = "TAO")]
    creation_price: Option<Rao>,
    /// How budgets are divided [default: default]
    #[arg(long, value_enum)]
    split: Option<Preset>,
}

/// Ways to divide budgets between miners, validators, the subnet's owner and the reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// 50 %, 25 %, 0, 25 %
    Default,
    /// 41 %, 41 %, 18 %, 0
    Bittensor,
}

/// The file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    admin: Option<String>,
    treasury: Option<String>,
    creation_price: Option<String>,
    split: Option<Preset>,
    holders: Vec<Holder>,
    fees: Option<FileFees>,
    rules: FileRules,
    network: FileNetwork,
}

/// What subnets cost, how many there can be, and what they may choose.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileNetwork {
    lock_interval: Option<u32>,
    creation_interval: Option<u32>,
    subnet_limit: Option<u16>,
    subnet_immunity: Option<u32>,
    bittensor_split: Option<bool>,
    nominator_min: Option<String>,
    serving_deposit: Option<String>,
    swap_fee: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    address: String,
    tao: String,
}

/// In basis points.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileFees {
    proposer: u16,
    keeper: u16,
}

/// In blocks, and TAO for the collateral.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileRules {
    challenge_period: Option<u32>,
    collateral: Option<String>,
    settle_window: Option<u32>,
    replay_delay: Option<u32>,
    rollover_delay: Option<u32>,
}

impl Configured {
    /// The configuration of a deployment by `deployer`.
    pub fn config(&self, deployer: AccountId) -> Result<Config, Failure> {
        let file = match &self.config {
            None => File::default(),
            Some(path) => {
                let text =
                    fs::read_to_string(path).map_err(|error| Failure::in_file(path, error))?;
                toml::from_str(&text)
                    .map_err(|error| Failure::in_file(path, error.to_string().trim_end()))?
            }
        };
        self.merged(file, deployer)
            .map_err(|problem| match &self.config {
                Some(path) => Failure::in_file(path, problem),
                None => Failure::input(problem),
            })
    }

    fn merged(&self, file: File, deployer: AccountId) -> Result<Config, String> {
        let who = |name: &str, flag: Option<AccountId>, written: Option<String>| {
            let written = written.map(|text| account(&text)).transpose();
            let written = written.map_err(|problem| format!("{name}: {problem}"))?;
            Ok::<_, String>(flag.or(written).unwrap_or(deployer))
        };
        let amount = |name: &str, text: Option<String>| {
            let read = text.map(|text| tao(&text)).transpose();
            read.map_err(|problem| format!("{name}: {problem}"))
        };
        let mut holders = self.holders.clone();
        if holders.is_empty() {
            for it in &file.holders {
                holders.push((account(&it.address)?, tao(&it.tao)?));
            }
        }
        if holders.is_empty() {
            return Err("nobody holds TAO: name at least one with --holder ADDRESS=TAO, or nobody could register or stake".into());
        }
        let sum = holders
            .iter()
            .fold(0u64, |sum, (_, amount)| sum.saturating_add(amount.0));
        if sum > Rao::CAP.0 {
            return Err(format!(
                "the holders have {} TAO together, more than the cap of {}",
                tao_text(Rao(sum)),
                tao_text(Rao::CAP)
            ));
        }
        let price = amount("creation_price", file.creation_price)?;
        let split = self.split.or(file.split).unwrap_or(Preset::Default);
        let (rules, usual) = (file.rules, Config::RULES);
        let (network, default) = (file.network, NetworkRules::DEFAULT);
        Ok(Config {
            deployer,
            admin: who("admin", self.admin, file.admin)?,
            holders,
            network: NetworkRules {
                min_lock: self.creation_price.or(price).unwrap_or(default.min_lock),
                lock_interval: network.lock_interval.unwrap_or(default.lock_interval),
                creation_interval: network
                    .creation_interval
                    .unwrap_or(default.creation_interval),
                subnet_limit: network.subnet_limit.unwrap_or(default.subnet_limit),
                subnet_immunity: network.subnet_immunity.unwrap_or(default.subnet_immunity),
                bittensor_split: network.bittensor_split.unwrap_or(default.bittensor_split),
                nominator_min: amount("network.nominator_min", network.nominator_min)?
                    .unwrap_or(default.nominator_min),
                serving_deposit: amount("network.serving_deposit", network.serving_deposit)?
                    .unwrap_or(default.serving_deposit),
                swap_fee: amount("network.swap_fee", network.swap_fee)?.unwrap_or(default.swap_fee),
            },
            split: match split {
                Preset::Default => Split::DEFAULT,
                Preset::Bittensor => Split::BITTENSOR,
            },
            fees: file.fees.map_or(Fees::DEFAULT, |fees| Fees {
                proposer: Bps(fees.proposer),
                keeper: Bps(fees.keeper),
            }),
            treasury: who("treasury", self.treasury, file.treasury)?,
            rules: EpochRules {
                challenge_period: rules.challenge_period.unwrap_or(usual.challenge_period),
                collateral: amount("rules.collateral", rules.collateral)?
                    .unwrap_or(usual.collateral),
                settle_window: rules.settle_window.unwrap_or(usual.settle_window),
                replay_delay: rules.replay_delay.unwrap_or(usual.replay_delay),
                rollover_delay: rules.rollover_delay.unwrap_or(usual.rollover_delay),
            },
        })
    }
}

fn account(text: &str) -> Result<AccountId, String> {
    address(text).ok_or_else(|| {
        format!("{text:?} is not an address, in SS58 or as 32 bytes in hexadecimal after 0x")
    })
}

fn holder(text: &str) -> Result<(AccountId, Rao), String> {
    let (who, amount) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?}: expected ADDRESS=TAO"))?;
    Ok((account(who)?, tao(amount)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, FromArgMatches};

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
    const DEPLOYER: [u8; 32] = [7; 32];

    fn config(flags: &[&str], file: &str) -> Result<Config, String> {
        let command = Configured::augment_args(clap::Command::new("deploy").no_binary_name(true));
        let matches = command.try_get_matches_from(flags);
        let matches = matches.map_err(|error| error.to_string())?;
        let arguments =
            Configured::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        let file = toml::from_str(file).map_err(|error| error.to_string())?;
        arguments.merged(file, DEPLOYER.into())
    }

    #[test]
    fn a_holder_is_all_that_is_needed() {
        let flag = format!("--holder={ALICE}=1000.5");
        let made = config(&[&flag], "").unwrap();
        let alice = address(ALICE).unwrap();
        let expected = Config::new(
            DEPLOYER.into(),
            DEPLOYER.into(),
            vec![(alice, Rao(1_000_500_000_000))],
        );
        assert_eq!(made, expected);
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
        let file = format!(
            "admin = \"{ALICE}\"\ntreasury = \"{ALICE}\"\ncreation_price = \"7\"\nsplit = \"bittensor\"\n\
             [[holders]]\naddress = \"{ALICE}\"\ntao = \"5\"\n[fees]\nproposer = 1\nkeeper = 2\n\
             [rules]\nchallenge_period = 3\nbond = \"0.5\"\n\
             [network]\nsubnet_limit = 9\n"
        );
        let made = config(&["--treasury", BOB, "--creation-price", "9"], &file).unwrap();
        assert_eq!(Some(made.admin), address(ALICE));
        assert_eq!(Some(made.treasury), address(BOB));
        assert_eq!(made.network.min_lock, Rao::from_tao(9));
        assert_eq!(made.network.subnet_limit, 9);
        assert_eq!(
            made.network.lock_interval,
            NetworkRules::DEFAULT.lock_interval
        );
        assert_eq!(made.split, Split::BITTENSOR);
        assert_eq!(made.holders[0].1, Rao::from_tao(5));
        assert_eq!((made.fees.proposer, made.fees.keeper), (Bps(1), Bps(2)));
        assert_eq!(made.rules.challenge_period, 3);
        assert_eq!(made.rules.collateral, Rao(500_000_000));
        assert_eq!(made.rules.settle_window, Config::RULES.settle_window);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let holder = format!("--holder={ALICE}=1");
        for (flags, file, said) in [
            (vec![], "", "--holder"),
            (vec!["--holder=me=1"], "", "\"me\""),
            (vec!["--holder=5"], "", "ADDRESS=TAO"),
            (
                vec![&holder, &*format!("--holder={BOB}=21000000")],
                "",
                "more than the cap",
            ),
            (vec![&holder], "colour = 1", "colour"),
            (vec![&holder], "admin = \"x\"", "admin"),
            (vec![&holder], "[rules]\nbond = \"x\"", "rules.collateral"),
            (vec![&holder], "[network]\nsubnets = 1", "subnets"),
        ] {
            let problem = config(&flags, file).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }
}
