//! Actions in words: the change of each, with the present value from the chain.

use super::{
    governing,
    state::{exact_percent, exact_time, plain},
};
use crate::{
    commands::subnet::hyperparameters::{shown, unit},
    error::Failure,
    network::Network,
    output::format::{count, tao},
};
use inktensor_client::ss58::ss58;
use inktensor_primitives::{
    governance::{
        Action, Body, Curve, Governance, GuardView, NetworkRule, NewGuard, RawCall, Track,
        TrackRules,
    },
    hash::hex,
    kernel::YumaParams,
    registry::{
        AnnouncedRules, Hyperparameter, HyperparameterView, KernelParams, NetworkRules, Number,
        Parameter, Registry, Unit,
    },
    token::{Succession, TokenControl},
    treasury::{BudgetView, StreamView, Treasury},
    NetUid, Rao,
};
use scale::Encode;

/// Returns an action in words. The present value of a setting is shown unless the proposal
/// `is_over`.
///
/// # Errors
/// If the chain does not answer.
pub fn action(network: &Network, action: &Action, is_over: bool) -> Result<String, Failure> {
    Ok(match action {
        Action::SetHyperparameter(netuid, value) => setting(network, *netuid, value, is_over)?,
        Action::AllowKernel {
            kernel,
            code_hash,
            defaults,
        } => format!(
            "allow kernel {} with code {}, default parameters {}",
            ss58(kernel),
            hex(code_hash),
            params(defaults)
        ),
        Action::RetireKernel(kernel) => format!("retire kernel {}", ss58(kernel)),
        Action::ChangeRule(rule) => {
            let registry = || network.contracts().registry();
            let announced = network.query(registry().announced_rules())?;
            let now = network.query(registry().network_rules())?;
            changed_rule(*rule, &now, announced.as_ref(), is_over)
        }
        Action::Pay { to, amount } => format!("pay {} TAO to {}", tao(*amount), ss58(to)),
        Action::OpenStream(it) => format!(
            "open a stream of {} TAO to {}, from block {} to {}, none before {}",
            tao(it.total),
            ss58(&it.payee),
            it.start,
            it.end,
            it.cliff
        ),
        Action::OpenBudget(it) => format!(
            "open a budget of {} TAO of {}, {} TAO each {}, until block {}",
            tao(it.total),
            ss58(&it.manager),
            tao(it.per_period),
            count(it.period, "block"),
            it.until
        ),
        Action::Revoke(id) => match is_over {
            true => format!("end grant {id} of the treasury"),
            false => revoked(network, *id)?,
        },
        Action::Rescue { token, to, amount } => format!(
            "send {amount} of the token {} to {}, in its smallest unit",
            ss58(token),
            ss58(to)
        ),
        Action::SetTrack(track, rules) => changed_track(network, *track, rules, is_over)?,
        Action::SetGuard(new) => {
            let new = guard(new);
            match is_over {
                true => format!("replace the guard by: {new}"),
                false => format!("replace the guard by: {new}; {}", present_guard(network)?),
            }
        }
        Action::OfferRoles(to) => format!(
            "offer the roles of the registry's admin and the treasury's owner to {}",
            ss58(to)
        ),
        Action::CloseDown(to) => format!(
            "close the network down in favour of minter {} and registry {}",
            ss58(&to.minter),
            ss58(&to.registry)
        ),
        Action::CancelCloseDown => cancelled_close_down(network, is_over)?,
        Action::CancelRules => cancelled_rules(network, is_over)?,
        Action::Cancel(id) => {
            let body: Option<Body> = network.query(governing(network)?.governance().body(*id))?;
            match body {
                Some(body) => format!("cancel proposal {id}, \"{}\"", plain(&body.title)),
                None => format!("cancel proposal {id}"),
            }
        }
        Action::LiftBrake => {
            let registry = network.contracts().registry();
            match network.query(registry.braked_until())? {
                Some(until) if !is_over => format!("end the guard's brake, until block {until}"),
                _ => "end the guard's brake".into(),
            }
        }
        Action::DismissGuard => "dismiss the guard".into(),
        Action::Raw(call) => raw(call),
        Action::WithdrawOffers => "withdraw open offers of the roles of governance".into(),
        Action::WithdrawKernel(kernel) => {
            format!("withdraw the announcement of kernel {}", ss58(kernel))
        }
    })
}

fn params(params: &KernelParams) -> String {
    match params {
        KernelParams::Yuma(params) => {
            let fields = yuma(params);
            let fields = fields.map(|(of, value)| with_unit(of, &shown_as(of, value)));
            format!("of Yuma: {}", fields.join(", "))
        }
        KernelParams::Other(bytes) if bytes.is_empty() => "none".into(),
        KernelParams::Other(bytes) => hex(bytes),
    }
}

/// Returns the parameters of Yuma as numbers, in the order of the table.
fn yuma(params: &YumaParams) -> [(Parameter, u64); 11] {
    let YumaParams {
        activity_cutoff,
        min_stake,
        kappa,
        bonds_penalty,
        bonds_moving_average,
        yuma3,
        liquid_alpha,
        alpha_low,
        alpha_high,
        alpha_sigmoid_steepness,
        commit_reveal,
    } = *params;
    [
        (Parameter::ActivityCutoff, activity_cutoff),
        (Parameter::MinStake, min_stake.0),
        (Parameter::Kappa, kappa.into()),
        (Parameter::BondsPenalty, bonds_penalty.into()),
        (Parameter::BondsMovingAverage, bonds_moving_average),
        (Parameter::Yuma3, yuma3.into()),
        (Parameter::LiquidAlpha, liquid_alpha.into()),
        (Parameter::AlphaLow, alpha_low.into()),
        (Parameter::AlphaHigh, alpha_high.into()),
        (
            Parameter::AlphaSigmoidSteepness,
            alpha_sigmoid_steepness.number(),
        ),
        (Parameter::CommitReveal, commit_reveal.into()),
    ]
}

fn shown_as(of: Parameter, value: u64) -> String {
    match of {
        // The only number with a sign.
        Parameter::AlphaSigmoidSteepness => match u16::try_from(value) {
            Ok(value) => value.cast_signed().to_string(),
            Err(_) => value.to_string(),
        },
        _ => shown(of, value, of.unit().unwrap_or(Unit::Number)),
    }
}

fn with_unit(of: Parameter, value: &str) -> String {
    let text = format!("{} {value} {}", of.name(), of.unit().map_or("", unit));
    text.trim_end().to_owned()
}

fn guard(guard: &NewGuard) -> String {
    let members: Vec<String> = guard.members.iter().map(ss58).collect();
    format!(
        "{} of {}, for {}, {} vetoes in 90 days: {}",
        guard.threshold,
        members.len(),
        exact_time(guard.term),
        guard.vetoes,
        members.join(", ")
    )
}

fn present_guard(network: &Network) -> Result<String, Failure> {
    let guard: Option<GuardView> = network.query(governing(network)?.governance().guard())?;
    Ok(guard.map_or_else(
        || "no guard is in office".into(),
        |guard| {
            let members: Vec<String> = guard.members.iter().map(ss58).collect();
            format!(
                "in office are {} of {}, until block {}, {} vetoes left: {}",
                guard.threshold,
                members.len(),
                guard.until,
                guard.vetoes_left,
                members.join(", ")
            )
        },
    ))
}

fn changed_track(
    network: &Network,
    track: Track,
    new: &TrackRules,
    is_over: bool,
) -> Result<String, Failure> {
    let now: TrackRules = match is_over {
        true => *new,
        false => network.query(governing(network)?.governance().track(track))?,
    };
    let fields: Vec<String> = track_rules(&now)
        .into_iter()
        .zip(track_rules(new))
        .map(|((name, now), (_, new))| match now == new {
            true => format!("{name} {new}"),
            false => format!("{name} {now} -> {new}"),
        })
        .collect();
    Ok(format!(
        "set the rules of track {}: {}",
        track.name(),
        fields.join(", ")
    ))
}

fn track_rules(rules: &TrackRules) -> [(&'static str, String); 9] {
    [
        ("deposit", format!("{} TAO", tao(rules.deposit))),
        ("places", rules.places.to_string()),
        ("lead", count(rules.lead, "root epoch")),
        ("decide", exact_time(rules.decide)),
        ("confirm", exact_time(rules.confirm)),
        ("delay", exact_time(rules.delay)),
        ("window", exact_time(rules.window)),
        ("approval", curve(&rules.approval)),
        ("support", curve(&rules.support)),
    ]
}

fn curve(curve: &Curve) -> String {
    format!(
        "{} % to {} % after {} and {} % after {}",
        exact_percent(curve.start),
        exact_percent(curve.middle),
        exact_time(curve.middle_at),
        exact_percent(curve.floor),
        exact_time(curve.floor_at)
    )
}

/// Returns the end of a grant, with what is left of it.
fn revoked(network: &Network, id: u32) -> Result<String, Failure> {
    let treasury = || governing(network).map(|it| it.treasury());
    let stream: Option<StreamView> = network.query(treasury()?.stream(id))?;
    if let Some(it) = stream.filter(|it| it.revoked_at.is_none()) {
        return Ok(format!(
            "end grant {id} of the treasury: a stream of {} TAO to {}, of which {} TAO are \
             vested and {} TAO paid; {} TAO are not paid out",
            tao(it.total),
            ss58(&it.payee),
            tao(it.vested),
            tao(it.paid),
            tao(Rao(it.total.0.saturating_sub(it.vested.0)))
        ));
    }
    let budget: Option<BudgetView> = network.query(treasury()?.budget(id))?;
    Ok(match budget {
        Some(it) => format!(
            "end grant {id} of the treasury: a budget of {}, {} TAO each {}, of which {} TAO are \
             left",
            ss58(&it.manager),
            tao(it.per_period),
            count(it.period, "block"),
            tao(it.left)
        ),
        None => format!("end grant {id} of the treasury, which has ended"),
    })
}

fn cancelled_close_down(network: &Network, is_over: bool) -> Result<String, Failure> {
    let text = "withdraw the announced close-down";
    let contracts = network.contracts();
    let at: Option<u32> = network.query(contracts.registry().closes_down_at())?;
    let Some(at) = at.filter(|_| !is_over) else {
        return Ok(text.into());
    };
    let succession: Option<Succession> = network.query(contracts.token().succession())?;
    let to = succession.map(|it| {
        format!(
            " in favour of minter {} and registry {}",
            ss58(&it.to.minter),
            ss58(&it.to.registry)
        )
    });
    Ok(format!("{text} at block {at}{}", to.unwrap_or_default()))
}

fn cancelled_rules(network: &Network, is_over: bool) -> Result<String, Failure> {
    let text = "withdraw the announced rules of the network";
    let registry = || network.contracts().registry();
    let announced: Option<AnnouncedRules> = network.query(registry().announced_rules())?;
    let Some(announced) = announced.filter(|_| !is_over) else {
        return Ok(text.into());
    };
    let now: NetworkRules = network.query(registry().network_rules())?;
    Ok(format!(
        "{text} from block {}: {}",
        announced.from,
        differences(&now, &announced.rules).join(", ")
    ))
}

/// Returns the changes from `now` to `then`.
fn differences(now: &NetworkRules, then: &NetworkRules) -> Vec<String> {
    [
        NetworkRule::MinLock(then.min_lock),
        NetworkRule::LockInterval(then.lock_interval),
        NetworkRule::CreationInterval(then.creation_interval),
        NetworkRule::SubnetLimit(then.subnet_limit),
        NetworkRule::SubnetImmunity(then.subnet_immunity),
        NetworkRule::BittensorSplit(then.bittensor_split),
        NetworkRule::NominatorMin(then.nominator_min),
        NetworkRule::ServingDeposit(then.serving_deposit),
        NetworkRule::SwapFee(then.swap_fee),
    ]
    .into_iter()
    .filter(|rule| rule.applied_to(*now) != *now)
    .map(|rule| {
        let (name, unit) = name_and_unit(rule);
        format!("{name} {} -> {}{unit}", value(rule, now), value(rule, then))
    })
    .collect()
}

fn raw(call: &RawCall) -> String {
    let bytes = i128::try_from(call.input.len()).unwrap_or_default();
    format!(
        "call contract {} with code {}: message {}, arguments {} ({}), at most {} ref_time, \
         {} proof_size and a storage deposit of {}",
        ss58(&call.target),
        hex(&call.code_hash),
        hex(&call.selector),
        hex(&call.input),
        count(bytes, "byte"),
        call.ref_time,
        call.proof_size,
        call.deposit
    )
}

fn setting(
    network: &Network,
    netuid: NetUid,
    value: &Hyperparameter,
    is_over: bool,
) -> Result<String, Failure> {
    let parameter = value.parameter();
    let registry = network.contracts().registry();
    let all: Vec<HyperparameterView> = network.query(registry.hyperparameters(netuid))?;
    let view = |of: Parameter| all.iter().find(|it| it.parameter == of);
    if let Hyperparameter::AlphaValues(low, high) = value {
        let now = |of| view(of).map_or(0, |it| it.value);
        let now = format!("{},{}", now(Parameter::AlphaLow), now(Parameter::AlphaHigh));
        let change = changed(&now, &format!("{low},{high}"), is_over);
        return Ok(format!("alpha_values of subnet {}: {change}", netuid.0));
    }
    if let Hyperparameter::Yuma(params) = value {
        let fields = yuma(params).map(|(of, then)| {
            let then = shown_as(of, then);
            let now = view(of).map(|it| shown_as(of, it.value));
            match now.filter(|now| *now != then) {
                Some(now) => with_unit(of, &changed(&now, &then, is_over)),
                None => with_unit(of, &then),
            }
        });
        return Ok(format!(
            "yuma of subnet {}: {}",
            netuid.0,
            fields.join(", ")
        ));
    }
    let name = parameter.name();
    let (Some(view), Some(then)) = (view(parameter), number(value)) else {
        let then = match value {
            Hyperparameter::Kernel(kernel) => ss58(kernel),
            Hyperparameter::OtherParams(bytes) => hex(bytes),
            other => hex(other.encode().get(1..).unwrap_or_default()),
        };
        return Ok(format!("{name} of subnet {}: set to {then}", netuid.0));
    };
    let shown = |value| shown(parameter, value, view.unit);
    let next = view.next.map(|next| format!(" (then {})", shown(next)));
    let now = format!("{}{}", shown(view.value), next.unwrap_or_default());
    let line = format!(
        "{name} of subnet {}: {} {}",
        netuid.0,
        changed(&now, &shown(then), is_over),
        unit(view.unit)
    );
    Ok(line.trim_end().to_owned())
}

/// Returns a change: both values, or the new one alone.
fn changed(now: &str, then: &str, is_over: bool) -> String {
    match is_over {
        true => then.to_owned(),
        false => format!("{now} -> {then}"),
    }
}

/// Returns the value of a hyperparameter that is one number.
fn number(value: &Hyperparameter) -> Option<u64> {
    let encoded = value.encode();
    // After the variant, the number in little endian.
    let bytes = encoded.get(1..).filter(|bytes| bytes.len() <= 8)?;
    let number = bytes
        .iter()
        .rev()
        .fold(0, |sum: u64, byte| (sum << 8) | u64::from(*byte));
    let same = Hyperparameter::from_number(value.parameter(), number);
    same.filter(|it| it == value).map(|_| number)
}

fn changed_rule(
    rule: NetworkRule,
    now: &NetworkRules,
    announced: Option<&AnnouncedRules>,
    is_over: bool,
) -> String {
    let (name, unit) = name_and_unit(rule);
    let mut present = value(rule, now);
    if let Some(announced) = announced {
        let next = value(rule, &announced.rules);
        if next != present {
            present = format!("{present} ({next} from block {})", announced.from);
        }
    }
    let change = changed(&present, &value(rule, &rule.applied_to(*now)), is_over);
    format!("{name} of the network: {change}{unit}")
}

const fn name_and_unit(rule: NetworkRule) -> (&'static str, &'static str) {
    match rule {
        NetworkRule::MinLock(_) => ("min_lock", " TAO"),
        NetworkRule::LockInterval(_) => ("lock_interval", " blocks"),
        NetworkRule::CreationInterval(_) => ("creation_interval", " blocks"),
        NetworkRule::SubnetLimit(_) => ("subnet_limit", ""),
        NetworkRule::SubnetImmunity(_) => ("subnet_immunity", " blocks"),
        NetworkRule::BittensorSplit(_) => ("bittensor_split", ""),
        NetworkRule::NominatorMin(_) => ("nominator_min", " TAO"),
        NetworkRule::ServingDeposit(_) => ("serving_deposit", " TAO"),
        NetworkRule::SwapFee(_) => ("swap_fee", " TAO"),
    }
}

/// Returns the value that a rule has in `rules`.
fn value(rule: NetworkRule, rules: &NetworkRules) -> String {
    match rule {
        NetworkRule::MinLock(_) => tao(rules.min_lock),
        NetworkRule::LockInterval(_) => rules.lock_interval.to_string(),
        NetworkRule::CreationInterval(_) => rules.creation_interval.to_string(),
        NetworkRule::SubnetLimit(_) => rules.subnet_limit.to_string(),
        NetworkRule::SubnetImmunity(_) => rules.subnet_immunity.to_string(),
        NetworkRule::BittensorSplit(_) if rules.bittensor_split => "yes".into(),
        NetworkRule::BittensorSplit(_) => "no".into(),
        NetworkRule::NominatorMin(_) => tao(rules.nominator_min),
        NetworkRule::ServingDeposit(_) => tao(rules.serving_deposit),
        NetworkRule::SwapFee(_) => tao(rules.swap_fee),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_numbers_are_read_back() {
        for parameter in Parameter::ALL {
            let (least, most) = parameter.bounds();
            for number in [least, most] {
                if let Some(value) = Hyperparameter::from_number(*parameter, number) {
                    assert_eq!(super::number(&value), Some(number), "{}", parameter.name());
                }
            }
        }
        assert_eq!(number(&Hyperparameter::AlphaValues(1, 2)), None);
    }

    #[test]
    fn a_rule_is_shown_with_its_present_value() {
        let now = NetworkRules::DEFAULT;
        for (rule, text) in [
            (
                NetworkRule::MinLock(Rao::from_tao(500)),
                "min_lock of the network: 1000 -> 500 TAO",
            ),
            (
                NetworkRule::BittensorSplit(false),
                "bittensor_split of the network: yes -> no",
            ),
            (
                NetworkRule::SubnetLimit(9),
                "subnet_limit of the network: 128 -> 9",
            ),
        ] {
            assert_eq!(changed_rule(rule, &now, None, false), text);
        }
        let over = changed_rule(NetworkRule::SubnetLimit(9), &now, None, true);
        assert_eq!(over, "subnet_limit of the network: 9");
        let mut announced = AnnouncedRules {
            rules: now,
            from: 50,
        };
        announced.rules.subnet_limit = 64;
        let both = changed_rule(NetworkRule::SubnetLimit(9), &now, Some(&announced), false);
        let text = "subnet_limit of the network: 128 (64 from block 50) -> 9";
        assert_eq!(both, text);
        let changes = differences(&now, &announced.rules);
        assert_eq!(changes, ["subnet_limit 128 -> 64"]);
    }

    #[test]
    fn all_parameters_of_yuma_are_shown() {
        let of_yuma = Parameter::ALL.iter().filter(|it| it.is_of_yuma());
        let fields = yuma(&YumaParams::default()).map(|(of, _)| of);
        assert!(of_yuma.clone().all(|it| fields.contains(it)));
        assert_eq!(of_yuma.count(), fields.len());
        let text = params(&KernelParams::Yuma(YumaParams::default()));
        assert!(text.starts_with("of Yuma: activity_cutoff 5000 blocks, min_stake 0 TAO, "));
        assert!(
            text.ends_with("alpha_sigmoid_steepness 1000, commit_mask no"),
            "{text}"
        );
        assert_eq!(
            shown_as(Parameter::AlphaSigmoidSteepness, (-5_i16).number()),
            "-5"
        );
    }

    #[test]
    fn a_raw_call_is_shown_with_its_limits() {
        let call = RawCall {
            target: [1; 32].into(),
            code_hash: [2; 32],
            selector: [1, 2, 3, 4],
            // Calls that differ in the last byte only are shown as different ones.
            input: [vec![7; 1023], vec![9]].concat(),
            ref_time: 5,
            proof_size: 6,
            deposit: 8,
        };
        let end = "at most 5 ref_time, 6 proof_size and a storage deposit of 8";
        let text = raw(&call);
        assert!(
            text.ends_with(&format!("0709 (1 024 bytes), {end}")),
            "{text}"
        );
        assert!(
            text.contains("message 0x01020304, arguments 0x0707"),
            "{text}"
        );
    }
}
