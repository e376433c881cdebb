//! The rules that constructors check, checked before anything is sent. The rules themselves are
//! the contracts': this module gives their errors the names of fields.

use inktensor_client::{
    deploy::{Addresses, Config},
    ss58::ss58,
};
use inktensor_primitives::{
    emission::{EmissionDeployError, Fees},
    epoch::EpochDeployError,
    registry::{BoundedField, RegistryError},
    token::{check_holders, TokenDeployError},
    AccountId, Rao, MAX_UIDS, PAGE,
};

/// Blocks in which workers close and post an epoch.
const POSTING: u32 = 3;
/// Blocks in which workers settle the largest epoch: a chunk in each.
const SETTLING: u32 = (MAX_UIDS / PAGE) as u32;
/// Largest `challenge_period`. An epoch of the usual tempo is posted, disputed and settled before
/// the next one can close, so the period delays no pay. The contracts allow shorter tempos; on such
/// a subnet each epoch waits for the one before.
const MOST_BLOCKS_TO_DISPUTE: u32 = Config::TEMPO - POSTING - SETTLING;

/// Checks everything about a configuration that does not depend on addresses.
///
/// # Errors
/// The first rule that a constructor would refuse, after the name of its field.
pub fn check(config: &Config) -> Result<(), String> {
    holders(&config.holders)?;
    if let Err(error) = config.network.check(0) {
        return Err(network(&error));
    }
    if !config.split.is_whole() {
        return Err(format!("split: {}", EmissionDeployError::SplitNotWhole));
    }
    if !config.fees.are_allowed() {
        let Fees { proposer, keeper } = config.fees;
        return Err(format!(
            "fees: proposer {} and keeper {} are {} basis points together, more than {}; lower one",
            proposer.0,
            keeper.0,
            proposer.0.saturating_add(keeper.0),
            Fees::MOST.0
        ));
    }
    config.rules.check().map_err(rules)?;
    check_period(config.rules.challenge_period)
}

/// Checks the treasury, which must not be a contract that holds TAO for others.
///
/// # Errors
/// As [`check`].
pub fn check_treasury(treasury: AccountId, contracts: &Addresses) -> Result<(), String> {
    let taken = [contracts.token, contracts.staking, contracts.emission];
    if taken.contains(&treasury) {
        return Err(format!(
            "treasury: {} is a contract of this deployment; choose another account",
            ss58(&treasury)
        ));
    }
    Ok(())
}

/// Checks the challenge period against the tempo of subnets. No contract does: the epoch contract
/// does not know tempos when it is deployed.
fn check_period(blocks: u32) -> Result<(), String> {
    if blocks <= MOST_BLOCKS_TO_DISPUTE {
        return Ok(());
    }
    Err(format!(
        "rules.challenge_period: {blocks} blocks are more than {MOST_BLOCKS_TO_DISPUTE}; with a \
         tempo of {} blocks, {POSTING} to post an epoch and {SETTLING} to settle it, every epoch \
         would delay the next one; choose fewer",
        Config::TEMPO
    ))
}

fn holders(holders: &[(AccountId, Rao)]) -> Result<(), String> {
    let holders: Vec<(AccountId, u128)> = holders
        .iter()
        .map(|(holder, amount)| (*holder, amount.to_u128()))
        .collect();
    let Err(error) = check_holders(&holders) else {
        return Ok(());
    };
    Err(match error {
        TokenDeployError::NoHolders => {
            "holders: name at least one with --holder ADDRESS=TAO; without TAO nothing can be \
             registered or staked"
                .into()
        }
        other => format!("holders: {other}"),
    })
}

fn network(error: &RegistryError) -> String {
    let RegistryError::OutOfBounds { field, .. } = error else {
        return format!("network: {error}");
    };
    // The error's text begins with the contract's name of the field.
    let (text, name) = (error.to_string(), field.name());
    let rest = text.strip_prefix(name).unwrap_or(&text);
    match field {
        BoundedField::MinLock => format!("creation_price{rest}"),
        _ => format!("network.{name}{rest}"),
    }
}

fn rules(error: EpochDeployError) -> String {
    let field = match error {
        EpochDeployError::NoChallengePeriod => "challenge_period",
        EpochDeployError::NoCollateral => "collateral",
        EpochDeployError::NoSettleWindow => "settle_window",
        EpochDeployError::NoReplayDelay => "replay_delay",
        EpochDeployError::RolloverBeforeReplay => "rollover_delay",
        EpochDeployError::CollateralAboveBudget => "collateral_part",
        EpochDeployError::RewardTooHigh => "reward_part",
        // No rule: the contracts' addresses follow from the deployment.
        EpochDeployError::PeersNotDistinct => return error.to_string(),
    };
    format!("rules.{field}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::Bps;

    fn config() -> Config {
        let (deployer, holder) = ([7; 32].into(), [1; 32].into());
        Config::new(deployer, deployer, vec![(holder, Rao(1))])
    }

    #[test]
    fn a_rule_that_a_constructor_refuses_is_named() {
        assert_eq!(check(&config()), Ok(()));
        type Case = (fn(&mut Config), &'static str);
        let cases: [Case; 15] = [
            (|it| it.holders.clear(), "holders: name at least one"),
            (|it| it.holders[0].1 = Rao(0), "holders: "),
            (|it| it.holders.push(it.holders[0]), "holders: "),
            (
                |it| it.network.min_lock = Rao(u64::MAX),
                "creation_price is ",
            ),
            (
                |it| it.network.lock_interval = 0,
                "network.lock_interval is ",
            ),
            (
                |it| it.network.subnet_limit = 0,
                "network.subnet_limit is 0, which is not within",
            ),
            (
                |it| it.network.subnet_limit = 2_000,
                "network.subnet_limit is ",
            ),
            (
                |it| {
                    it.fees = Fees {
                        proposer: Bps(900),
                        keeper: Bps(900),
                    }
                },
                "fees: proposer 900 and keeper 900 are 1800 basis points together",
            ),
            (
                |it| it.rules.challenge_period = 0,
                "rules.challenge_period: ",
            ),
            (|it| it.rules.collateral = Rao(0), "rules.collateral: "),
            (
                |it| it.rules.collateral_part = Bps(10_001),
                "rules.collateral_part: ",
            ),
            (
                |it| it.rules.reward_part = Bps(5_001),
                "rules.reward_part: ",
            ),
            (|it| it.rules.settle_window = 0, "rules.settle_window: "),
            (|it| it.rules.replay_delay = 0, "rules.replay_delay: "),
            (|it| it.rules.rollover_delay = 1, "rules.rollover_delay: "),
        ];
        for (change, said) in cases {
            let mut config = config();
            change(&mut config);
            let problem = check(&config).unwrap_err();
            assert!(problem.starts_with(said), "{said}: {problem}");
        }
    }

    #[test]
    fn an_epoch_of_the_usual_tempo_ends_before_the_next_one_closes() {
        let with = |challenge_period| {
            let mut config = config();
            config.rules.challenge_period = challenge_period;
            check(&config)
        };
        assert_eq!(with(Config::RULES.challenge_period), Ok(()));
        assert_eq!(with(293), Ok(()));
        for period in [294, 360, u32::MAX] {
            let problem = with(period).unwrap_err();
            let said = format!("rules.challenge_period: {period} blocks are more than 293; ");
            assert!(problem.starts_with(&said), "{problem}");
            assert!(problem.contains("a tempo of 360 blocks"), "{problem}");
        }
    }

    #[test]
    fn the_treasury_is_not_a_contract() {
        let contracts = Addresses::from_named(|name| {
            let byte = u8::try_from(name.len()).ok()?;
            Some([byte; 32].into())
        });
        let contracts = contracts.unwrap();
        assert!(check_treasury([9; 32].into(), &contracts).is_ok());
        assert!(check_treasury(contracts.staking, &contracts).is_err());
    }
}
