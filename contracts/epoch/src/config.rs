//! Checks of the arguments of a deployment.

use inktensor_primitives::epoch::{EpochRules, EpochRulesError, Peers};

/// Reasons for which the contract cannot be deployed. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum DeployError {
    /// The challenge period is zero, so no assertion could be disputed. Give at least one block.
    NoChallengePeriod,
    /// The collateral is zero, so a false assertion would cost nothing. Give an amount above zero.
    NoCollateral,
    /// The settle window is zero, so an epoch could close before the last one is paid. Give at
    /// least one block.
    NoSettleWindow,
    /// Two of the other contracts have the same address. Give token, registry, staking and
    /// emission, in this order.
    PeersNotDistinct,
    /// The replay delay is zero, so no worker would have time to propose. Give at least one block.
    NoReplayDelay,
    /// An epoch could roll over before it can be replayed. Give a `rollover_delay` above
    /// `replay_delay`.
    RolloverBeforeReplay,
    /// The collateral would exceed the epoch's budget. Give a `collateral_part` of at most 10 000
    /// basis points.
    CollateralAboveBudget,
    /// An account could dispute its own false assertions for less than half the collateral. Give a
    /// `reward_part` of at most 5 000 basis points.
    RewardTooHigh,
}

impl From<EpochRulesError> for DeployError {
    fn from(error: EpochRulesError) -> Self {
        match error {
            EpochRulesError::NoChallengePeriod => Self::NoChallengePeriod,
            EpochRulesError::NoCollateral => Self::NoCollateral,
            EpochRulesError::NoSettleWindow => Self::NoSettleWindow,
            EpochRulesError::NoReplayDelay => Self::NoReplayDelay,
            EpochRulesError::RolloverBeforeReplay => Self::RolloverBeforeReplay,
            EpochRulesError::CollateralAboveBudget => Self::CollateralAboveBudget,
            EpochRulesError::RewardTooHigh => Self::RewardTooHigh,
        }
    }
}

/// Checks the arguments of a deployment.
///
/// # Errors
/// The first [`DeployError`] that applies.
pub fn check(peers: &Peers, rules: &EpochRules) -> Result<(), DeployError> {
    rules.check()?;
    let Peers {
        token,
        registry,
        staking,
        emission,
    } = peers;
    let apart = token != registry
        && token != staking
        && token != emission
        && registry != staking
        && registry != emission
        && staking != emission;
    if apart {
        Ok(())
    } else {
        Err(DeployError::PeersNotDistinct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{peers, RULES};

    #[test]
    fn each_argument_is_checked() {
        assert_eq!(check(&peers(), &RULES), Ok(()));
        let with = |change: fn(&mut EpochRules)| {
            let mut rules = RULES;
            change(&mut rules);
            check(&peers(), &rules)
        };
        assert_eq!(
            with(|rules| rules.challenge_period = 0),
            Err(DeployError::NoChallengePeriod)
        );
        assert_eq!(
            with(|rules| rules.collateral.0 = 0),
            Err(DeployError::NoCollateral)
        );
        assert_eq!(
            with(|rules| rules.settle_window = 0),
            Err(DeployError::NoSettleWindow)
        );
        assert_eq!(
            with(|rules| rules.replay_delay = 0),
            Err(DeployError::NoReplayDelay)
        );
        assert_eq!(
            with(|rules| rules.rollover_delay = rules.replay_delay),
            Err(DeployError::RolloverBeforeReplay)
        );
        assert_eq!(
            with(|rules| rules.collateral_part.0 = 10_001),
            Err(DeployError::CollateralAboveBudget)
        );
        assert_eq!(
            with(|rules| rules.reward_part.0 = 5_001),
            Err(DeployError::RewardTooHigh)
        );
    }

    #[test]
    fn no_two_peers_are_one() {
        let good = peers();
        let accounts = [good.token, good.registry, good.staking, good.emission];
        for i in 0..4 {
            for j in (0..4).filter(|j| *j != i) {
                let mut list = accounts;
                list[i] = list[j];
                let [token, registry, staking, emission] = list;
                let peers = Peers {
                    token,
                    registry,
                    staking,
                    emission,
                };
                assert_eq!(check(&peers, &RULES), Err(DeployError::PeersNotDistinct));
            }
        }
    }
}
