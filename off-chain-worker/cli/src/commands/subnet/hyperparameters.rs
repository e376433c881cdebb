//! Hyperparameters of a subnet: lists all, sets one. Names are btcli's.

use crate::{
    args::{ListArgs, NetuidArg, SignArgs},
    error::Failure,
    network::no_subnet,
    output::{
        self,
        format::tao,
        json::Hex,
        table::{number, text, Room, Table},
    },
    values,
};
use inktensor_primitives::{
    emission::SplitPreset,
    registry::{
        Hyperparameter, HyperparameterView, KernelParams, Parameter, Registry, Setter, Unit,
    },
    Bps, Rao,
};
use serde::{ser::SerializeMap, Serialize, Serializer};
use std::io::{self, Write};

/// Arguments of `subnet hyperparameters`.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

/// Arguments of `subnet set`.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The hyperparameter, as `subnet hyperparameters` names it
    #[arg(long, value_name = "NAME")]
    parameter: String,
    /// The value; two with a comma between for alpha_values
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
}

/// The hyperparameters of a subnet.
#[derive(Serialize)]
#[serde(transparent)]
struct Hyperparameters {
    rows: Vec<Row>,
    #[serde(skip)]
    block: u32,
}

#[derive(Serialize)]
struct Row {
    parameter: &'static str,
    value: u64,
    min: u64,
    max: u64,
    unit: &'static str,
    setter: &'static str,
    changes_from: u32,
    #[serde(skip)]
    shown: Shown,
}

/// A value and its bounds as they are shown, and set.
struct Shown {
    value: String,
    min: String,
    max: String,
}

impl Row {
    fn new(it: &HyperparameterView) -> Self {
        let shown = |value| shown(it.parameter, value, it.unit);
        Self {
            parameter: name(it.parameter),
            value: it.value,
            min: it.min,
            max: it.max,
            unit: unit(it.unit),
            setter: match it.setter {
                Setter::Owner => "owner",
                Setter::Admin => "admin",
            },
            changes_from: it.changes_from,
            shown: Shown {
                value: shown(it.value),
                min: shown(it.min),
                max: shown(it.max),
            },
        }
    }
}

#[derive(Serialize)]
struct Changed {
    netuid: u16,
    parameter: String,
    value: String,
}

/// Lists all hyperparameters of a subnet.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.list.open()?;
    let registry = network.contracts().registry();
    let all: Vec<HyperparameterView> = network.query(registry.hyperparameters(netuid))?;
    if all.is_empty() {
        return Err(no_subnet(netuid));
    }
    let answer = Hyperparameters {
        rows: all.iter().map(Row::new).collect(),
        block: network.block()?,
    };
    Ok(arguments.list.show(&answer, out)?)
}

impl output::List for Hyperparameters {
    type Row = Row;

    fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            text("parameter"),
            number("value"),
            number("from").from(Room::Wide),
            number("to").from(Room::Wide),
            text("in"),
            text("set by"),
            text("changes"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.rows {
            table.row([
                it.parameter.into(),
                it.shown.value.clone(),
                it.shown.min.clone(),
                it.shown.max.clone(),
                it.unit.into(),
                it.setter.into(),
                match it.changes_from {
                    at if at <= self.block => "now".into(),
                    at => format!("at {at}"),
                },
            ]);
        }
        table.print(out)?;
        writeln!(out, "\nblock {}", self.block)
    }
}

/// Sets a hyperparameter.
pub fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let value = parse(&arguments.parameter, &arguments.value)?;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let message = contracts.registry().set_hyperparameter(netuid, value);
    let done = session.send(message)?;
    let answer = Changed {
        netuid: netuid.0,
        parameter: arguments.parameter.clone(),
        value: arguments.value.clone(),
    };
    let sentence = format!(
        "{} of subnet {} is {}",
        answer.parameter, netuid.0, answer.value
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// The parameters of a subnet's kernel, by name.
pub enum Params {
    /// Those of the Yuma kernel.
    Yuma(Vec<Param>),
    /// The bytes of another kernel.
    Other(Hex),
}

/// A parameter of the Yuma kernel.
pub struct Param {
    name: &'static str,
    value: u64,
    is_flag: bool,
    shown: String,
}

impl Params {
    /// Returns the parameters of a subnet's kernel, with the names and values that
    /// `subnet hyperparameters` lists.
    pub fn new(params: &KernelParams, all: &[HyperparameterView]) -> Self {
        if let KernelParams::Other(bytes) = params {
            return Params::Other(Hex::from(bytes));
        }
        let of_kernel = Parameter::ActivityCutoff..=Parameter::CommitReveal;
        let params = all.iter().filter(|it| of_kernel.contains(&it.parameter));
        let params = params.map(|it| {
            let shown = shown(it.parameter, it.value, it.unit);
            Param {
                name: name(it.parameter),
                value: it.value,
                is_flag: it.unit == Unit::Flag,
                shown: format!("{shown} {}", unit(it.unit)).trim_end().into(),
            }
        });
        Params::Yuma(params.collect())
    }

    /// Prints a line for each parameter.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Params::Other(bytes) => writeln!(out, "{:<24} {bytes}", "params"),
            Params::Yuma(params) => params
                .iter()
                .try_for_each(|it| writeln!(out, "{:<24} {}", it.name, it.shown)),
        }
    }
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Params::Other(bytes) => map.serialize_entry("params", bytes)?,
            Params::Yuma(params) => {
                for it in params {
                    if it.is_flag {
                        map.serialize_entry(it.name, &(it.value != 0))?;
                    } else {
                        map.serialize_entry(it.name, &it.value)?;
                    }
                }
            }
        }
        map.end()
    }
}

/// Returns a value as it is shown, and as `subnet set` takes it.
fn shown(parameter: Parameter, value: u64, unit: Unit) -> String {
    match (parameter, unit) {
        (Parameter::Split, _) => split(value).into(),
        (_, Unit::Rao) => tao(Rao(value)),
        (_, Unit::Flag) => if value == 0 { "no" } else { "yes" }.into(),
        _ => value.to_string(),
    }
}

const fn split(value: u64) -> &'static str {
    match value {
        0 => "network",
        _ => "bittensor",
    }
}

const fn unit(unit: Unit) -> &'static str {
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

/// The name of every hyperparameter that is a number: btcli's, where it has one.
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

/// Parses the hyperparameter called `name` with the value `text`.
fn parse(name: &str, text: &str) -> Result<Hyperparameter, Failure> {
    let bad = |what: &str| Failure::input(format_args!("--value {text:?}: {name} is {what}"));
    match name {
        "kernel" => {
            let kernel = values::address(text);
            let kernel = kernel.map_err(|problem| Failure::input(format_args!("--value: {problem}")))?;
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
    let rao = || values::tao(text).map_err(|_| bad("an amount of TAO such as 0.5"));
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
            ("min_stake", "5 rao"),
            ("split", "half"),
        ] {
            assert!(parse(name, text).is_err(), "{name} {text}");
        }
    }
}
