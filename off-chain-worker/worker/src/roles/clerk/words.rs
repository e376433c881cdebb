//! The actions of a proposal in words, for the log.

use inktensor_client::{foreign_text, ss58::ss58};
use inktensor_primitives::{
    governance::{Action, NetworkRule},
    hash::hex,
    kernel::YumaParams,
    registry::{Hyperparameter, KernelParams, Unit},
    Rao,
};
use scale::Encode;

/// Returns an action in words.
pub fn described(action: &Action) -> String {
    match action {
        Action::SetHyperparameter(netuid, value) => {
            let name = value.parameter().name();
            format!("set {name} of subnet {netuid} to {}", value_of(value))
        }
        Action::AllowKernel {
            kernel,
            code_hash,
            defaults,
        } => format!(
            "allow kernel {} with code {} and {}",
            ss58(kernel),
            hex(code_hash),
            match defaults {
                KernelParams::Yuma(params) => format!("the parameters of Yuma {}", yuma(params)),
                KernelParams::Other(bytes) => format!("the parameters {}", hex(bytes)),
            }
        ),
        Action::RetireKernel(kernel) => format!("retire kernel {}", ss58(kernel)),
        Action::ChangeRule(rule) => rule_text(rule),
        Action::Pay { to, amount } => format!("pay {amount} to {}", ss58(to)),
        Action::OpenStream(stream) => format!(
            "pay {} to {} from block {} to block {}",
            stream.total,
            ss58(&stream.payee),
            stream.start,
            stream.end
        ),
        Action::OpenBudget(budget) => format!(
            "let {} spend {}, at most {} in {} blocks",
            ss58(&budget.manager),
            budget.total,
            budget.per_period,
            budget.period
        ),
        Action::Revoke(id) => format!("end grant {id} of the treasury"),
        Action::Rescue { token, to, amount } => format!(
            "send {amount} of the token {} from the treasury to {}",
            ss58(token),
            ss58(to)
        ),
        Action::SetTrack(track, _) => format!("set the rules of the track {}", track.name()),
        Action::SetGuard(guard) => format!(
            "appoint a guard of {} members for {} blocks",
            guard.members.len(),
            guard.term
        ),
        Action::OfferRoles(to) => format!("offer the roles of governance to {}", ss58(to)),
        Action::CloseDown(successor) => format!(
            "close the network down in favour of the minter {}",
            ss58(&successor.minter)
        ),
        Action::CancelCloseDown => "withdraw the announced close-down".into(),
        Action::CancelRules => "withdraw announced rules of the network".into(),
        Action::Cancel(id) => format!("cancel proposal {id}"),
        Action::LiftBrake => "end the brake".into(),
        Action::DismissGuard => "dismiss the guard".into(),
        Action::WithdrawOffers => "withdraw open offers of the roles of governance".into(),
        Action::WithdrawKernel(kernel) => {
            format!("withdraw the announcement of the kernel {}", ss58(kernel))
        }
        Action::Raw(call) => format!(
            "call message {} of {} with {} bytes",
            hex(&call.selector),
            ss58(&call.target),
            call.input.len()
        ),
    }
}

/// Returns `text` without line breaks and other characters that change how a log is shown.
pub fn one_line(text: &str) -> String {
    foreign_text::plain(text, ' ')
}

fn value_of(value: &Hyperparameter) -> String {
    let encoded = value.encode();
    let bytes = encoded.get(1..).unwrap_or_default();
    match value {
        Hyperparameter::Kernel(kernel) => return ss58(kernel),
        Hyperparameter::Yuma(params) => return yuma(params),
        Hyperparameter::AlphaValues(low, high) => return format!("{low} and {high}"),
        _ => {}
    }
    match (value.parameter().unit(), number(bytes)) {
        (Some(Unit::Rao), Some(number)) => Rao(number).to_string(),
        (Some(Unit::Blocks), Some(number)) => format!("{number} blocks"),
        (Some(Unit::Epochs), Some(number)) => format!("{number} epochs"),
        (Some(Unit::Bps), Some(number)) => format!("{number} basis points"),
        (Some(Unit::Flag), Some(number)) => yes_or_no(number != 0).into(),
        (Some(_), Some(number)) => number.to_string(),
        // Several values at once.
        _ => hex(bytes),
    }
}

fn yuma(params: &YumaParams) -> String {
    let values = [
        Hyperparameter::ActivityCutoff(params.activity_cutoff),
        Hyperparameter::MinStake(params.min_stake),
        Hyperparameter::Kappa(params.kappa),
        Hyperparameter::BondsPenalty(params.bonds_penalty),
        Hyperparameter::BondsMovingAverage(params.bonds_moving_average),
        Hyperparameter::Yuma3(params.yuma3),
        Hyperparameter::LiquidAlpha(params.liquid_alpha),
        Hyperparameter::AlphaValues(params.alpha_low, params.alpha_high),
        Hyperparameter::AlphaSigmoidSteepness(params.alpha_sigmoid_steepness),
        Hyperparameter::CommitReveal(params.commit_reveal),
    ];
    let named = values.map(|it| match it {
        Hyperparameter::AlphaValues(..) => format!("alpha_values {}", value_of(&it)),
        _ => format!("{} {}", it.parameter().name(), value_of(&it)),
    });
    named.join(", ")
}

/// Returns the number that `bytes` are, in the order of the contracts.
fn number(bytes: &[u8]) -> Option<u64> {
    let mut all = [0; 8];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(all))
}

const fn yes_or_no(value: bool) -> &'static str {
    if value {
        "yes"
    } else {
        "no"
    }
}

fn rule_text(rule: &NetworkRule) -> String {
    match rule {
        NetworkRule::MinLock(value) => format!("set the least price of a subnet to {value}"),
        NetworkRule::LockInterval(value) => {
            format!("let the price of a subnet fall within {value} blocks")
        }
        NetworkRule::CreationInterval(value) => {
            format!("require {value} blocks between two new subnets")
        }
        NetworkRule::SubnetLimit(value) => format!("allow at most {value} subnets"),
        NetworkRule::SubnetImmunity(value) => {
            format!("protect new subnets for {value} blocks")
        }
        NetworkRule::BittensorSplit(value) => {
            format!(
                "let subnets choose Bittensor's split: {}",
                yes_or_no(*value)
            )
        }
        NetworkRule::NominatorMin(value) => {
            format!("set the least stake of a nominator to {value}")
        }
        NetworkRule::ServingDeposit(value) => format!("set the serving deposit to {value}"),
        NetworkRule::SwapFee(value) => format!("set the fee of a hotkey swap to {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{governance::RawCall, NetUid};

    #[test]
    fn actions_have_values_with_units() {
        let set = |value| described(&Action::SetHyperparameter(NetUid(3), value));
        for (value, text) in [
            (
                Hyperparameter::Tempo(360),
                "set tempo of subnet 3 to 360 blocks",
            ),
            (
                Hyperparameter::StakeThreshold(Rao::from_tao(1_000)),
                "set stake_threshold of subnet 3 to 1000 TAO",
            ),
            (
                Hyperparameter::Yuma3(true),
                "set yuma3_enabled of subnet 3 to yes",
            ),
            (
                Hyperparameter::OtherParams(vec![1, 255]),
                "set other_params of subnet 3 to 0x0801ff",
            ),
        ] {
            assert_eq!(set(value).replace('\u{a0}', " "), text);
        }
        let rule = Action::ChangeRule(NetworkRule::SubnetLimit(64));
        assert_eq!(described(&rule), "allow at most 64 subnets");
        let call = Action::Raw(RawCall {
            target: [1; 32].into(),
            code_hash: [2; 32],
            selector: [1, 2, 3, 4],
            input: vec![0; 9],
            ref_time: 1,
            proof_size: 1,
            deposit: 1,
        });
        let text = described(&call);
        assert!(text.starts_with("call message 0x01020304 of 5"), "{text}");
        assert!(text.ends_with(" with 9 bytes"), "{text}");
        let allow = Action::AllowKernel {
            kernel: [1; 32].into(),
            code_hash: [2; 32],
            defaults: KernelParams::Yuma(YumaParams::default()),
        };
        let text = described(&allow).replace('\u{a0}', " ");
        assert!(text.contains("of Yuma activity_cutoff 5000 blocks, min_stake 0 TAO, kappa 32767"));
        assert!(text.ends_with("commit_mask no"), "{text}");
    }

    #[test]
    fn a_title_cannot_begin_a_line_of_the_log() {
        assert_eq!(one_line("a\u{202e}b\u{200b}c"), "a b c");
        assert_eq!(one_line("a\nERROR \u{1b}[31mb"), "a ERROR  [31mb");
    }
}
