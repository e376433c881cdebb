//! Hyperparameters: all of them in a table, and how one is set.

use crate::{
    args::{ChainArguments, SignerArguments},
    commands::Failure,
    output::table::{is_wide, show, table, tao_text},
    session::{missing, print, tell},
};
use inktensor_client::{chain::Typed, ss58::address};
use inktensor_primitives::{
    emission::SplitPreset,
    registry::{Hyperparameter, HyperparameterView, Parameter, Registry, Setter, Unit},
    Bps, NetUid, Rao,
};
use serde_json::{json, Value};
use std::io::Write;

/// Which subnet.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to set.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The hyperparameter, as `subnet hyperparameters` names it
    #[arg(long, value_name = "NAME")]
    parameter: String,
    /// Its value; two with a comma between for alpha_values
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Lists all of a subnet's hyperparameters.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let message = opened
        .contracts
        .registry()
        .hyperparameters(NetUid(arguments.netuid));
    let all: Vec<HyperparameterView> = opened.chain.query(message)?;
    if all.is_empty() {
        return Err(missing(format_args!("subnet {}", arguments.netuid)));
    }
    let block = opened.chain.block()?;
    if arguments.json {
        let documents = all.iter().map(|it| {
            json!({
                "parameter": name(it.parameter),
                "value": it.value,
                "min": it.min,
                "max": it.max,
                "unit": unit(it.unit),
                "setter": setter(it.setter),
                "changes_from": it.changes_from,
            })
        });
        return Ok(print(&Value::Array(documents.collect()), out)?);
    }
    let is_wide = is_wide();
    let mut header = vec!["parameter", "value"];
    // Where there is room, the bounds too.
    header.extend(is_wide.then_some(["from", "to"]).into_iter().flatten());
    header.extend(["in", "set by", "changes"]);
    let numbers: Vec<usize> = (1..header.len() - 3).collect();
    let mut rows = table(header, &numbers);
    for it in &all {
        let changes = match it.changes_from {
            at if at <= block => "now".into(),
            at => format!("at {at}"),
        };
        let mut row = vec![name(it.parameter).into(), number(it.value, it.unit)];
        let bounds = is_wide.then(|| [it.min, it.max].map(|bound| number(bound, it.unit)));
        row.extend(bounds.into_iter().flatten());
        row.extend([unit(it.unit).into(), setter(it.setter).into(), changes]);
        rows.add_row(row);
    }
    show(&rows, out)?;
    writeln!(out, "\nblock {block}")?;
    Ok(())
}

/// Sets a hyperparameter.
pub fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let value = parse(&arguments.parameter, &arguments.value)?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let netuid = NetUid(arguments.netuid);
    let message = session
        .contracts
        .registry()
        .set_hyperparameter(netuid, value);
    let done = session.run("Registry::set_hyperparameter", message)?;
    let (parameter, value) = (&arguments.parameter, &arguments.value);
    let sentence = format!("{parameter} of subnet {} is {value}", netuid.0);
    let document = json!({ "netuid": netuid.0, "parameter": parameter, "value": value });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

/// Every hyperparameter that is a number, with what btcli's users call it.
const NAMES: [(Parameter, &str); 33] = [
    (Parameter::Tempo, "tempo"),
    (Parameter::MaxUids, "max_uids"),
    (Parameter::MaxValidators, "max_validators"),
    (Parameter::ImmunityPeriod, "immunity_period"),
    (Parameter::RegistrationPrice, "registration_price"),
    (Parameter::ActivityCutoff, "activity_cutoff"),
    (Parameter::MinStake, "min_stake"),
    (Parameter::Kappa, "kappa"),
    (Parameter::BondsPenalty, "bonds_penalty"),
    (Parameter::BondsMovingAverage, "bonds_moving_avg"),
    (Parameter::Yuma3, "yuma3_enabled"),
    (Parameter::LiquidAlpha, "liquid_alpha_enabled"),
    (Parameter::AlphaLow, "alpha_low"),
    (Parameter::AlphaHigh, "alpha_high"),
    (Parameter::AlphaSigmoidSteepness, "alpha_sigmoid_steepness"),
    (Parameter::CommitReveal, "commit_mask"),
    (Parameter::MinBurn, "min_burn"),
    (Parameter::MaxBurn, "max_burn"),
    (Parameter::BurnHalfLife, "burn_half_life"),
    (Parameter::BurnIncrease, "burn_increase"),
    (Parameter::MaxRegistrationsPerBlock, "max_regs_per_block"),
    (Parameter::RegistrationAllowed, "registration_allowed"),
    (Parameter::MinNonImmuneUids, "min_non_immune_uids"),
    (Parameter::ImmuneOwnerUids, "immune_owner_uids"),
    (Parameter::Split, "split"),
    (Parameter::TransferEnabled, "transfers_enabled"),
    (Parameter::WeightsVersionKey, "weights_version"),
    (Parameter::WeightsRateLimit, "weights_rate_limit"),
    (Parameter::MinAllowedWeights, "min_allowed_weights"),
    (Parameter::CommitRevealWeights, "commit_reveal_enabled"),
    (Parameter::RevealPeriod, "commit_reveal_period"),
    (Parameter::StakeThreshold, "stake_threshold"),
    (Parameter::ServingRateLimit, "serving_rate_limit"),
];

fn name(parameter: Parameter) -> &'static str {
    let known = NAMES.iter().find(|(it, _)| *it == parameter);
    known.map_or("unknown", |(_, name)| name)
}

/// The hyperparameter called `name`, with the value that `text` writes.
fn parse(name: &str, text: &str) -> Result<Hyperparameter, Failure> {
    let bad = |what: &str| Failure::input(format_args!("--value {text:?}: {name} is {what}"));
    match name {
        "kernel" => {
            let kernel = address(text).ok_or_else(|| bad("the address of a kernel"))?;
            return Ok(Hyperparameter::Kernel(kernel));
        }
        "split" => {
            return match text {
                "0" | "network" => Ok(Hyperparameter::Split(SplitPreset::Network)),
                "1" | "bittensor" => Ok(Hyperparameter::Split(SplitPreset::Bittensor)),
                _ => Err(bad("network or bittensor")),
            };
        }
        "alpha_values" => {
            let pair = text.split_once(',').and_then(|(low, high)| {
                Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
            });
            let (low, high) =
                pair.ok_or_else(|| bad("two numbers up to 65535, as in 45875,58982"))?;
            return Ok(Hyperparameter::AlphaValues(low, high));
        }
        "alpha_low" | "alpha_high" => {
            return Err(Failure::input(format_args!(
                "{name} is set together with the other one, as alpha_values"
            )));
        }
        _ => {}
    }
    let parameter = NAMES.iter().find(|(_, it)| *it == name);
    let (parameter, _) = parameter.ok_or_else(|| {
        let mut known: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
        known.retain(|it| !["alpha_low", "alpha_high"].contains(it));
        Failure::input(format_args!(
            "there is no hyperparameter {name:?}; there are kernel, alpha_values, {}",
            known.join(", ")
        ))
    })?;
    let flag = || match text {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => Err(bad("yes or no")),
    };
    let wide = || text.parse::<u64>().map_err(|_| bad("a whole number"));
    let middle = || {
        text.parse::<u32>()
            .map_err(|_| bad("a whole number below 2^32"))
    };
    let narrow = || {
        text.parse::<u16>()
            .map_err(|_| bad("a whole number up to 65535"))
    };
    let rao = || wide().map(Rao);
    Ok(match parameter {
        Parameter::Tempo => Hyperparameter::Tempo(middle()?),
        Parameter::MaxUids => Hyperparameter::MaxUids(narrow()?),
        Parameter::MaxValidators => Hyperparameter::MaxValidators(narrow()?),
        Parameter::ImmunityPeriod => Hyperparameter::ImmunityPeriod(middle()?),
        Parameter::RegistrationPrice => Hyperparameter::RegistrationPrice(rao()?),
        Parameter::ActivityCutoff => Hyperparameter::ActivityCutoff(wide()?),
        Parameter::MinStake => Hyperparameter::MinStake(rao()?),
        Parameter::Kappa => Hyperparameter::Kappa(narrow()?),
        Parameter::BondsPenalty => Hyperparameter::BondsPenalty(narrow()?),
        Parameter::BondsMovingAverage => Hyperparameter::BondsMovingAverage(wide()?),
        Parameter::Yuma3 => Hyperparameter::Yuma3(flag()?),
        Parameter::LiquidAlpha => Hyperparameter::LiquidAlpha(flag()?),
        Parameter::AlphaSigmoidSteepness => {
            let slope = text
                .parse()
                .map_err(|_| bad("a whole number up to 32767"))?;
            Hyperparameter::AlphaSigmoidSteepness(slope)
        }
        Parameter::CommitReveal => Hyperparameter::CommitReveal(flag()?),
        Parameter::MinBurn => Hyperparameter::MinBurn(rao()?),
        Parameter::MaxBurn => Hyperparameter::MaxBurn(rao()?),
        Parameter::BurnHalfLife => Hyperparameter::BurnHalfLife(narrow()?),
        Parameter::BurnIncrease => Hyperparameter::BurnIncrease(Bps(narrow()?)),
        Parameter::MaxRegistrationsPerBlock => Hyperparameter::MaxRegistrationsPerBlock(narrow()?),
        Parameter::RegistrationAllowed => Hyperparameter::RegistrationAllowed(flag()?),
        Parameter::MinNonImmuneUids => Hyperparameter::MinNonImmuneUids(narrow()?),
        Parameter::ImmuneOwnerUids => Hyperparameter::ImmuneOwnerUids(narrow()?),
        Parameter::TransferEnabled => Hyperparameter::TransferEnabled(flag()?),
        Parameter::WeightsVersionKey => Hyperparameter::WeightsVersionKey(wide()?),
        Parameter::WeightsRateLimit => Hyperparameter::WeightsRateLimit(middle()?),
        Parameter::MinAllowedWeights => Hyperparameter::MinAllowedWeights(narrow()?),
        Parameter::CommitRevealWeights => Hyperparameter::CommitRevealWeights(flag()?),
        Parameter::RevealPeriod => Hyperparameter::RevealPeriod(middle()?),
        Parameter::StakeThreshold => Hyperparameter::StakeThreshold(rao()?),
        Parameter::ServingRateLimit => Hyperparameter::ServingRateLimit(middle()?),
        Parameter::Kernel
        | Parameter::OtherParams
        | Parameter::Yuma
        | Parameter::AlphaLow
        | Parameter::AlphaHigh
        | Parameter::Split => return Err(bad("set in another way")),
    })
}

fn number(value: u64, unit: Unit) -> String {
    match unit {
        Unit::Rao => tao_text(Rao(value)),
        Unit::Flag => if value == 0 { "no" } else { "yes" }.into(),
        _ => value.to_string(),
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Number | Unit::Flag => "",
        Unit::Rao => "TAO",
        Unit::Blocks => "blocks",
        Unit::Epochs => "epochs",
        Unit::Bps => "1/10000",
        Unit::U16Ratio => "1/65535",
        Unit::Millionths => "millionths",
    }
}

fn setter(setter: Setter) -> &'static str {
    match setter {
        Setter::Owner => "owner",
        Setter::Admin => "root",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_set() {
        for (_, name) in NAMES {
            let parsed = parse(name, "1");
            let is_pair = ["alpha_low", "alpha_high"].contains(&name);
            assert_eq!(parsed.is_err(), is_pair, "{name}");
        }
        assert!(parse("alpha_values", "2000, 3000").is_ok());
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for (name, text) in [
            ("colour", "1"),
            ("kappa", "65536"),
            ("tempo", "-1"),
            ("yuma3_enabled", "maybe"),
            ("alpha_values", "2000"),
            ("kernel", "mean"),
            ("split", "half"),
        ] {
            assert!(parse(name, text).is_err(), "{name} {text}");
        }
    }
}
