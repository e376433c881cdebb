//! The reason of a neuron's pay, in a few words.

use super::Pay;
use crate::scenario::{Behaviour, KernelPlan};
use inktensor_primitives::kernel::NeuronResult;

/// Returns the reason, from the last epoch's results and the pay of all epochs.
pub(crate) fn reason(
    kernel: &KernelPlan,
    role: &Behaviour,
    score: &NeuronResult,
    paid: &Pay,
) -> String {
    match kernel {
        KernelPlan::Yuma(_) => by_consensus(role, score, paid),
        KernelPlan::Mean => by_mean(score),
    }
}

/// Returns the reason under the mean kernel: the stake of those who weigh the neuron.
fn by_mean(score: &NeuronResult) -> String {
    if score.dividends > 0 {
        for_stake(score)
    } else if score.incentive > 0 {
        format!("{} of the stake stands behind it", percent(score.incentive))
    } else if score.permit {
        "set no weights".into()
    } else {
        "no stake stands behind it".into()
    }
}

/// Returns the reason under Yuma.
fn by_consensus(role: &Behaviour, score: &NeuronResult, paid: &Pay) -> String {
    let validates = paid.take > 0 || paid.stakers > 0 || score.dividends > 0;
    match role {
        Behaviour::Idle => "set no weights, so it holds no bonds".into(),
        Behaviour::Cabal => format!(
            "consensus leaves {} of its weights",
            percent(score.validator_trust)
        ),
        Behaviour::CabalMiner if score.consensus == 0 => {
            "only a minority of stake weighs it".into()
        }
        Behaviour::Copier => format!(
            "copied consensus: {} of dividends",
            percent(score.dividends)
        ),
        Behaviour::Honest { .. } => for_stake(score),
        Behaviour::Recorded { .. } if score.dividends > 0 => for_stake(score),
        Behaviour::Recorded { weights } if score.permit && !weights.is_empty() => format!(
            "holds no bonds that pay; trust {}",
            percent(score.validator_trust)
        ),
        Behaviour::Recorded { weights }
            if score.permit && score.incentive == 0 && weights.is_empty() =>
        {
            "set no weights, so it holds no bonds".into()
        }
        _ if score.consensus > 0 => {
            format!("{} of the majority's weights", percent(score.consensus))
        }
        _ if validates => "by stake, while no miner had incentive".into(),
        _ => "no majority of stake weighs it".into(),
    }
}

/// Returns the text for a validator's earnings from its stake.
fn for_stake(score: &NeuronResult) -> String {
    format!(
        "{} of dividends, {} of stake",
        percent(score.dividends),
        percent(score.stake_weight),
    )
}

/// Returns a share of 65535 in percent.
fn percent(share: u16) -> String {
    format!("{:.1} %", f64::from(share) * 100.0 / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_neuron_has_a_reason_of_its_own() {
        let text = |role, score: NeuronResult| by_consensus(&role, &score, &Pay::default());
        let nothing = NeuronResult::default();
        let trusted = NeuronResult {
            validator_trust: 65_535,
            dividends: 6_554,
            stake_weight: 3_277,
            ..nothing
        };
        let weighed = NeuronResult {
            consensus: 655,
            incentive: 655,
            ..nothing
        };
        assert_eq!(
            text(Behaviour::Honest { noise: 0.1 }, trusted),
            "10.0 % of dividends, 5.0 % of stake"
        );
        assert_eq!(
            text(Behaviour::Miner { quality: 0.5 }, weighed),
            "1.0 % of the majority's weights"
        );
        assert_eq!(
            text(Behaviour::Miner { quality: 0.0 }, nothing),
            "no majority of stake weighs it"
        );
        assert_eq!(
            text(Behaviour::Cabal, nothing),
            "consensus leaves 0.0 % of its weights"
        );
        assert_eq!(
            text(Behaviour::CabalMiner, nothing),
            "only a minority of stake weighs it"
        );
    }

    #[test]
    fn the_mean_pays_whom_stake_stands_behind() {
        let text = |score: NeuronResult| {
            let role = Behaviour::Copier;
            reason(&KernelPlan::Mean, &role, &score, &Pay::default())
        };
        let nothing = NeuronResult::default();
        assert_eq!(text(nothing), "no stake stands behind it");
        let permit = NeuronResult {
            permit: true,
            ..nothing
        };
        assert_eq!(text(permit), "set no weights");
        let weighed = NeuronResult {
            incentive: 655,
            ..permit
        };
        assert_eq!(text(weighed), "1.0 % of the stake stands behind it");
        let validator = NeuronResult {
            dividends: 6_554,
            stake_weight: 3_277,
            ..weighed
        };
        assert_eq!(text(validator), "10.0 % of dividends, 5.0 % of stake");
    }
}
