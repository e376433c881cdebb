//! Checks of the arguments of a deployment.

use inktensor_primitives::epoch::{EpochDeployError, EpochRules, Peers};

/// Checks the arguments of a deployment.
///
/// # Errors
/// Those of [`EpochRules::check`], then `PeersNotDistinct`.
pub fn check(peers: &Peers, rules: &EpochRules) -> Result<(), EpochDeployError> {
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
        Err(EpochDeployError::PeersNotDistinct)
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
            Err(EpochDeployError::NoChallengePeriod)
        );
        assert_eq!(
            with(|rules| rules.collateral.0 = 0),
            Err(EpochDeployError::NoCollateral)
        );
        assert_eq!(
            with(|rules| rules.settle_window = 0),
            Err(EpochDeployError::NoSettleWindow)
        );
        assert_eq!(
            with(|rules| rules.replay_delay = 0),
            Err(EpochDeployError::NoReplayDelay)
        );
        assert_eq!(
            with(|rules| rules.rollover_delay = rules.replay_delay),
            Err(EpochDeployError::RolloverBeforeReplay)
        );
        assert_eq!(
            with(|rules| rules.collateral_part.0 = 10_001),
            Err(EpochDeployError::CollateralAboveBudget)
        );
        assert_eq!(
            with(|rules| rules.reward_part.0 = 5_001),
            Err(EpochDeployError::RewardTooHigh)
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
                assert_eq!(
                    check(&peers, &RULES),
                    Err(EpochDeployError::PeersNotDistinct)
                );
            }
        }
    }
}
