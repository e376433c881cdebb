//! The configuration of a deployment: by flag, else by file, else by default.

use super::{governance::FileGovernance, rules};
use crate::{error::Failure, values};
use inktensor_client::deploy::Config;
use inktensor_primitives::{
    emission::{Fees, Split},
    epoch::EpochRules,
    registry::NetworkRules,
    AccountId, Bps, Rao,
};
use inktensor_worker::service::config::toml_problem;
use serde::Deserialize;
use std::{fs, path::PathBuf};

/// The configuration of a deployment, which is fixed once deployed.
#[derive(clap::Args)]
pub struct Configured {
    /// A TOML file with all of this, the rules of epochs, and the fees
    ///
    /// docs/deploy.md shows a file with all fields.
    #[arg(long, env = "INKTENSOR_DEPLOY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// An account that holds TAO from the start, and the amount; at least one
    #[arg(long = "holder", value_parser = holder, value_name = "ADDRESS=TAO")]
    holders: Vec<(AccountId, Rao)>,
    /// The account that allows kernels and sets the network's rules; by default the deployer
    #[arg(long, value_parser = values::address, value_name = "ADDRESS")]
    admin: Option<AccountId>,
    /// The treasury, which receives the protocol's part of budgets; by default the deployer
    #[arg(long, value_parser = values::address, value_name = "ADDRESS")]
    treasury: Option<AccountId>,
    /// The least TAO to lock for a subnet [default: 1000]
    #[arg(long, value_parser = values::tao, value_name = "TAO")]
    creation_price: Option<Rao>,
    /// The division of budgets [default: default]
    #[arg(long, value_enum)]
    split: Option<Preset>,
    /// Let stake govern: a governance contract is the admin, and owns a treasury
    ///
    /// The section [governance] of the file has its terms, and does the same.
    #[arg(long)]
    governance: bool,
}

/// A division of budgets between miners, validators, the subnet's owner and the treasury.
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
    creation_price: Option<Amount>,
    split: Option<Preset>,
    holders: Vec<Holder>,
    fees: Option<FileFees>,
    rules: FileRules,
    network: FileNetwork,
    governance: Option<FileGovernance>,
}

/// The rules of the network.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileNetwork {
    lock_interval: Option<u32>,
    creation_interval: Option<u32>,
    subnet_limit: Option<u16>,
    subnet_immunity: Option<u32>,
    bittensor_split: Option<bool>,
    nominator_min: Option<Amount>,
    serving_deposit: Option<Amount>,
    swap_fee: Option<Amount>,
}

/// A holder of TAO.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    address: String,
    tao: Amount,
}

/// Fees, in basis points.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileFees {
    proposer: u16,
    keeper: u16,
}

/// The rules of epochs: blocks, an amount of TAO, and parts in basis points.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileRules {
    challenge_period: Option<u32>,
    collateral: Option<Amount>,
    collateral_part: Option<u16>,
    reward_part: Option<u16>,
    settle_window: Option<u32>,
    replay_delay: Option<u32>,
    rollover_delay: Option<u32>,
}

/// An amount of TAO: text such as "0.5", or a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
struct Amount(Rao);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Whole(i64),
    Decimal(f64),
}

impl TryFrom<Written> for Amount {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let parsed = match written {
            Written::Text(text) => {
                values::tao(&text).map_err(|problem| format!("{text:?}: {problem}"))
            }
            Written::Whole(number) => values::tao(&number.to_string()),
            Written::Decimal(number) => Err(format!(
                "write TAO with decimals in quotes, as in \"{number}\""
            )),
        };
        parsed.map(Self)
    }
}

impl Configured {
    /// Returns the configuration of a deployment by `deployer`, whose rules are all allowed.
    pub fn config(&self, deployer: AccountId) -> Result<Config, Failure> {
        let file = match &self.config {
            None => File::default(),
            Some(path) => {
                let text = fs::read_to_string(path);
                let text = text.map_err(|error| Failure::unusable("--config", path, &error))?;
                toml::from_str(&text).map_err(|error| {
                    let (line, problem) = toml_problem(&text, &error);
                    Failure::input(format_args!("{}:{line}: {problem}", path.display()))
                })?
            }
        };
        self.merged(file, deployer)
            .map_err(|problem| match &self.config {
                Some(path) => Failure::in_file(path, problem),
                None => Failure::input(problem),
            })
    }

    fn merged(&self, file: File, deployer: AccountId) -> Result<Config, String> {
        let governance = match (file.governance, self.governance) {
            (None, true) => Some(FileGovernance::default()),
            (written, _) => written,
        };
        if governance.is_some() {
            for (name, is_given) in [
                ("admin", self.admin.is_some() || file.admin.is_some()),
                (
                    "treasury",
                    self.treasury.is_some() || file.treasury.is_some(),
                ),
            ] {
                if is_given {
                    return Err(format!(
                        "{name}: with governance, a contract has this role; remove {name}, or \
                         governance"
                    ));
                }
            }
        }
        let account = |name: &str, flag: Option<AccountId>, written: Option<String>| {
            let written = written.map(|text| values::address(&text)).transpose();
            let written = written.map_err(|problem| format!("{name}: {problem}"))?;
            Ok::<_, String>(flag.or(written).unwrap_or(deployer))
        };
        let amount = |written: Option<Amount>, default: Rao| written.map_or(default, |it| it.0);
        let mut holders = self.holders.clone();
        if holders.is_empty() {
            for it in &file.holders {
                let address = values::address(&it.address);
                let address = address.map_err(|problem| format!("holders: {problem}"))?;
                holders.push((address, it.tao.0));
            }
        }
        let governance = governance.map(|it| it.terms(&holders)).transpose()?;
        let split = self.split.or(file.split).unwrap_or(Preset::Default);
        let (written, usual) = (file.rules, Config::RULES);
        let (network, default) = (file.network, NetworkRules::DEFAULT);
        let config = Config {
            deployer,
            admin: account("admin", self.admin, file.admin)?,
            holders,
            network: NetworkRules {
                min_lock: self
                    .creation_price
                    .unwrap_or(amount(file.creation_price, default.min_lock)),
                lock_interval: network.lock_interval.unwrap_or(default.lock_interval),
                creation_interval: network
                    .creation_interval
                    .unwrap_or(default.creation_interval),
                subnet_limit: network.subnet_limit.unwrap_or(default.subnet_limit),
                subnet_immunity: network.subnet_immunity.unwrap_or(default.subnet_immunity),
                bittensor_split: network.bittensor_split.unwrap_or(default.bittensor_split),
                nominator_min: amount(network.nominator_min, default.nominator_min),
                serving_deposit: amount(network.serving_deposit, default.serving_deposit),
                swap_fee: amount(network.swap_fee, default.swap_fee),
            },
            split: match split {
                Preset::Default => Split::DEFAULT,
                Preset::Bittensor => Split::BITTENSOR,
            },
            fees: file.fees.map_or(Fees::DEFAULT, |fees| Fees {
                proposer: Bps(fees.proposer),
                keeper: Bps(fees.keeper),
            }),
            treasury: account("treasury", self.treasury, file.treasury)?,
            rules: EpochRules {
                challenge_period: written.challenge_period.unwrap_or(usual.challenge_period),
                collateral: amount(written.collateral, usual.collateral),
                collateral_part: written.collateral_part.map_or(usual.collateral_part, Bps),
                reward_part: written.reward_part.map_or(usual.reward_part, Bps),
                settle_window: written.settle_window.unwrap_or(usual.settle_window),
                replay_delay: written.replay_delay.unwrap_or(usual.replay_delay),
                rollover_delay: written.rollover_delay.unwrap_or(usual.rollover_delay),
            },
            succeeds: None,
            governance,
        };
        rules::check(&config)?;
        Ok(config)
    }
}

fn holder(text: &str) -> Result<(AccountId, Rao), String> {
    let (who, amount) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?}: expected ADDRESS=TAO"))?;
    Ok((values::address(who)?, values::tao(amount)?))
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
        let alice = values::address(ALICE).unwrap();
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
             [rules]\nchallenge_period = 3\ncollateral = \"0.5\"\n\
             [network]\nsubnet_limit = 9\n"
        );
        let made = config(&["--treasury", BOB, "--creation-price", "9"], &file).unwrap();
        assert_eq!(Ok(made.admin), values::address(ALICE));
        assert_eq!(Ok(made.treasury), values::address(BOB));
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
    fn governance_takes_the_roles_of_accounts() {
        let holder = format!("--holder={ALICE}=1000");
        let made = config(&[&holder, "--governance"], "").unwrap();
        let terms = made.governance.unwrap();
        assert_eq!(terms.electorate_floor, Rao::from_tao(50));
        let file = "[governance]\nopens_after = 1\n";
        let made = config(&[&holder], file).unwrap();
        assert_eq!(made.governance.unwrap().opens_after, 7_200);
        for (flags, file, said) in [
            (vec!["--governance", "--admin", BOB], "", "admin: with"),
            (vec!["--treasury", BOB], file, "treasury: with"),
        ] {
            let problem = config(&[&[holder.as_str()], &flags[..]].concat(), file).unwrap_err();
            assert!(problem.starts_with(said), "{problem}");
        }
    }

    #[test]
    fn tao_is_text_or_a_whole_number() {
        let holder = format!("--holder={ALICE}=1");
        let price = |written: &str| config(&[&holder], &format!("creation_price = {written}"));
        assert_eq!(price("10").unwrap().network.min_lock, Rao::from_tao(10));
        assert_eq!(
            price("\"2.5\"").unwrap().network.min_lock,
            Rao(2_500_000_000)
        );
        assert!(price("2.5").unwrap_err().contains("in quotes"));
        assert!(price("-1").unwrap_err().contains("negative"));
    }

    #[test]
    fn a_mistake_in_a_file_is_one_line() {
        let text = "creation_price = 1\n\n[network]\nbogus = 1\n";
        let error = toml::from_str::<File>(text).err().unwrap();
        let (line, problem) = toml_problem(text, &error);
        assert_eq!(line, 4);
        assert!(
            problem.starts_with("unknown field bogus; expected one of lock_interval, "),
            "{problem}"
        );
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
                "holders: ",
            ),
            (
                vec![&holder],
                "[rules]\nchallenge_period = 0",
                "rules.challenge_period",
            ),
            (
                vec![&holder],
                "[fees]\nproposer = 900\nkeeper = 900",
                "fees",
            ),
            (
                vec![&holder],
                "[network]\nsubnet_limit = 0",
                "network.subnet_limit",
            ),
            (vec![&holder], "colour = 1", "colour"),
            (vec![&holder], "admin = \"x\"", "admin"),
            (vec![&holder], "[rules]\ncollateral = \"x\"", "collateral"),
            (vec![&holder], "[network]\nsubnets = 1", "subnets"),
        ] {
            let problem = config(&flags, file).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }
}
