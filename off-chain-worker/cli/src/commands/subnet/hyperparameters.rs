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
use inktensor_client::ss58::ss58;
use inktensor_primitives::{
    emission::SplitPreset,
    registry::{
        Hyperparameter, HyperparameterSet, HyperparameterView, KernelParams, Parameter, Registry,
        Setter, Unit,
    },
    Rao,
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
    /// The value; for kernel yuma, mean or an address, for alpha_values two numbers
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
    next: Option<u64>,
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
    next: String,
    min: String,
    max: String,
}

impl Row {
    fn new(it: &HyperparameterView) -> Self {
        let shown = |value| shown(it.parameter, value, it.unit);
        Self {
            parameter: it.parameter.name(),
            value: it.value,
            next: it.next,
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
                next: it.next.map(shown).unwrap_or_default(),
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
            number("next"),
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
                it.shown.next.clone(),
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
    let (name, text) = (arguments.parameter.as_str(), arguments.value.as_str());
    // The name of a kernel stands for an address of the deployment.
    let parsed = match name {
        "kernel" => None,
        _ => Some(parse("--value", name, text)?),
    };
    let mut session = arguments.sign.open()?;
    let epoch = session.network.subnet(netuid)?.epoch;
    let contracts = session.network.contracts();
    let (mut written, mut shown) = (text.to_owned(), text.to_owned());
    let value = match parsed {
        Some(value) => value,
        None => {
            let kernel = super::kernel("--value", text, &contracts)?;
            session.check_kernel(kernel)?;
            written = ss58(&kernel);
            shown = match session.network.kernel_name(kernel) {
                Some(name) => format!("{name} ({written})"),
                None => written.clone(),
            };
            Hyperparameter::Kernel(kernel)
        }
    };
    let message = contracts.registry().set_hyperparameter(netuid, value);
    let done = session.send(message)?;
    let answer = Changed {
        netuid: netuid.0,
        parameter: name.to_owned(),
        value: written,
    };
    // A transaction of another account may have closed the epoch of the dry run.
    let event = done.event::<HyperparameterSet>();
    let mut sentence = format!("{} of subnet {} is {shown}", answer.parameter, netuid.0);
    if let Some(event) = event.filter(|event| event.from_epoch > epoch) {
        sentence.push_str(&format!(" from epoch {} on", event.from_epoch));
    }
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// The parameters of a subnet's kernel, by name.
pub enum Params {
    /// The parameters of the Yuma kernel.
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
        let params = all.iter().filter(|it| it.parameter.is_of_yuma());
        let params = params.map(|it| {
            let shown = shown(it.parameter, it.value, it.unit);
            Param {
                name: it.parameter.name(),
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
pub fn shown(parameter: Parameter, value: u64, unit: Unit) -> String {
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

/// Returns the name of a unit; nothing for a plain number.
pub const fn unit(unit: Unit) -> &'static str {
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

/// Parses the hyperparameter called `name`, except the kernel, with the value `text` of `option`,
/// as [`shown`] writes it.
pub fn parse(option: &str, name: &str, text: &str) -> Result<Hyperparameter, Failure> {
    let bad = |what: &str| Failure::input(format_args!("{option} {text:?}: {name} is {what}"));
    match name {
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
                pair.ok_or_else(|| bad("two whole numbers up to 65535, as in 45875,58982"))?;
            return Ok(Hyperparameter::AlphaValues(low, high));
        }
        "alpha_low" | "alpha_high" => {
            return Err(Failure::input(format_args!(
                "{name} is set together with the other one: set alpha_values"
            )));
        }
        _ => {}
    }
    let (parameter, unit) = numbers()
        .find(|(it, _)| it.name() == name)
        .ok_or_else(|| unknown(name))?;
    let number = match unit {
        Unit::Flag => match text {
            "yes" | "true" | "on" | "1" => 1,
            "no" | "false" | "off" | "0" => 0,
            _ => return Err(bad("yes or no")),
        },
        Unit::Rao => {
            let amount = values::tao(text);
            amount.map_err(|_| bad("an amount of TAO such as 0.5"))?.0
        }
        _ => {
            let number = values::whole(0..=u64::MAX)(text);
            number.map_err(|_| bad("a whole number"))?
        }
    };
    Hyperparameter::from_number(parameter, number).ok_or_else(|| {
        let (_, most) = parameter.bounds();
        bad(&format!("at most {most}"))
    })
}

/// Returns the failure to find a hyperparameter.
fn unknown(name: &str) -> Failure {
    Failure::missing(format_args!(
        "hyperparameter {name:?}; `inktensor subnet hyperparameters` lists all"
    ))
}

/// Returns the hyperparameters that are numbers, with their units.
fn numbers() -> impl Iterator<Item = (Parameter, Unit)> {
    let all = Parameter::ALL.iter();
    all.filter_map(|it| Some((*it, it.unit()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_set() {
        for (parameter, _) in numbers() {
            let name = parameter.name();
            let parsed = parse("--value", name, "1").map(|it| it.parameter());
            if ["alpha_low", "alpha_high"].contains(&name) {
                assert!(parsed.is_err(), "{name}");
            } else {
                assert_eq!(parsed.ok(), Some(parameter), "{name}");
            }
        }
        assert!(parse("--value", "alpha_values", "2000, 3000").is_ok());
    }

    #[test]
    fn values_are_set_as_they_are_shown() {
        for (parameter, value, unit) in [
            (Parameter::MinStake, 2_000_000, Unit::Rao),
            (Parameter::Kappa, 32_767, Unit::U16Ratio),
            (Parameter::Yuma3, 1, Unit::Flag),
            (Parameter::Split, 1, Unit::Number),
        ] {
            let text = shown(parameter, value, unit);
            let parsed = parse("--value", parameter.name(), &text).unwrap();
            let expected = match parameter {
                Parameter::MinStake => Hyperparameter::MinStake(Rao(value)),
                Parameter::Kappa => Hyperparameter::Kappa(32_767),
                Parameter::Yuma3 => Hyperparameter::Yuma3(true),
                _ => Hyperparameter::Split(SplitPreset::Bittensor),
            };
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn bad_names_and_values_are_refused() {
        for (name, text) in [
            ("colour", "1"),
            ("kappa", "65536"),
            ("tempo", "-1"),
            ("yuma3_enabled", "maybe"),
            ("alpha_values", "2000"),
            ("split", "half"),
            ("min_stake", "5 rao"),
        ] {
            assert!(parse("--value", name, text).is_err(), "{name} {text}");
        }
    }
}
