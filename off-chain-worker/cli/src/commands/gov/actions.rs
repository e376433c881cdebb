//! The actions of a new proposal, as options.

use super::{
    governing,
    track_rules::{change, TrackChange},
};
use crate::{
    args::Who,
    commands::{deploy::governance::guard_in, subnet::hyperparameters},
    error::Failure,
    network::Network,
    values,
};
use inktensor_client::ss58::ss58;
use inktensor_primitives::{
    governance::{Action, Governance, NetworkRule, RawCall, Track, TrackRules, MAX_RAW_INPUT},
    kernel::YumaParams,
    registry::{Hyperparameter, KernelParams},
    token::Successor,
    treasury::{NewBudget, NewStream},
    AccountId, Digest, NetUid, Rao,
};
use std::path::PathBuf;

/// The heading in help of the options that are actions.
const ACTIONS: &str = "Actions";

/// Actions of a proposal. They are executed in the order of these fields.
#[derive(clap::Args)]
#[command(next_help_heading = ACTIONS)]
pub struct ActionArgs {
    /// Set a hyperparameter of a subnet, as `subnet set` does
    #[arg(long, value_parser = setting, value_name = "NETUID:NAME=VALUE")]
    set: Vec<Setting>,
    /// Allow a kernel, with the code that it has now
    ///
    /// Default parameters are those of Yuma with `=yuma`, bytes in hexadecimal, or none.
    #[arg(long, value_parser = allowing, value_name = "ADDRESS[=yuma|HEX]")]
    allow_kernel: Vec<Allowing>,
    /// Retire a kernel
    #[arg(long, value_parser = values::address, value_name = "ADDRESS")]
    retire_kernel: Vec<AccountId>,
    /// Change a rule of the network, named as in `deploy.toml`
    #[arg(long, value_parser = rule, value_name = "NAME=VALUE")]
    rule: Vec<NetworkRule>,
    /// Pay from the treasury
    #[arg(long, value_parser = paying, value_name = "ADDRESS=TAO")]
    pay: Vec<Paying>,
    /// Open a stream of the treasury, which vests from block to block
    ///
    /// Nothing is vested before the cliff, and all of it at the end.
    #[arg(long, value_parser = stream, value_name = "ADDRESS=TAO:START:CLIFF:END")]
    stream: Vec<Granting>,
    /// Open a budget of the treasury: TAO that a manager pays out
    ///
    /// TAO is the whole amount, EACH the most TAO of a period, PERIOD its blocks, and UNTIL the
    /// block at which the budget is over.
    #[arg(long, value_parser = budget, value_name = "ADDRESS=TAO:EACH:PERIOD:UNTIL")]
    budget: Vec<Budgeting>,
    /// End a stream or a budget of the treasury
    #[arg(long, value_parser = values::whole::<u32>(0..=u64::MAX), value_name = "GRANT")]
    revoke: Vec<u32>,
    /// Send tokens other than TAO that the treasury has received
    ///
    /// TOKEN is the address of a PSP22 contract, and AMOUNT is in its smallest unit.
    #[arg(long, value_parser = rescue, value_name = "TOKEN,ADDRESS=AMOUNT")]
    rescue: Vec<Rescuing>,
    /// Change a rule of a track, for proposals to come; lengths are blocks
    ///
    /// Fields are deposit, places, lead, decide, confirm, delay, window, approval and support. A
    /// curve is three parts, the last two with their blocks, as in 80,65@14400,50@50400.
    #[arg(long, value_parser = change, value_name = "TRACK:FIELD=VALUE")]
    track_rule: Vec<TrackChange>,
    /// Replace the guard by the one in a TOML file
    ///
    /// The file has `members`, `threshold`, `days` and `vetoes`.
    #[arg(long, value_name = "FILE")]
    guard: Option<PathBuf>,
    /// Offer the roles of the registry's admin and of the treasury's owner
    #[arg(long, value_name = "ADDRESS")]
    offer_roles: Option<Who>,
    /// Close the network down in favour of a successor
    #[arg(long, value_parser = successor, value_name = "MINTER,REGISTRY")]
    close_down: Option<Successor>,
    /// Call a contract that is not one of the network's own, with the code that it has now
    ///
    /// INPUT is the selector of a message and its encoded arguments, in hexadecimal. The message
    /// must answer nothing or a `Result`. The call gets at most so much time in picoseconds, bytes
    /// of proof and storage deposit, and the execution fails if it needs more.
    #[arg(
        long,
        value_parser = raw,
        value_name = "ADDRESS=INPUT:REF_TIME:PROOF_SIZE:DEPOSIT"
    )]
    raw: Vec<Calling>,
    /// Withdraw an announced close-down
    #[arg(long)]
    cancel_close_down: bool,
    /// Withdraw announced rules of the network
    #[arg(long)]
    cancel_rules: bool,
    /// Cancel another proposal
    #[arg(long, value_parser = values::whole::<u32>(0..=u64::MAX), value_name = "PROPOSAL")]
    cancel: Vec<u32>,
    /// Withdraw offers of the roles of governance that no account has accepted
    #[arg(long)]
    withdraw_offers: bool,
    /// Withdraw the announcement of a kernel that no subnet can choose yet
    #[arg(long, value_parser = values::address, value_name = "ADDRESS")]
    withdraw_kernel: Vec<AccountId>,
    /// End the guard's brake
    #[arg(long)]
    lift_brake: bool,
    /// Dismiss the guard
    #[arg(long)]
    dismiss_guard: bool,
}

/// A hyperparameter of a subnet with its value.
#[derive(Clone)]
struct Setting(NetUid, Hyperparameter);

/// A kernel to allow, with its default parameters.
#[derive(Clone)]
struct Allowing(AccountId, KernelParams);

/// A payment to an account, which may have a name on a devchain.
#[derive(Clone)]
struct Paying(Who, Rao);

/// A stream: payee, amount, and its three blocks.
#[derive(Clone)]
struct Granting(Paying, [u32; 3]);

/// A budget: manager and amount, amount of a period, blocks of a period, end.
#[derive(Clone)]
struct Budgeting(Paying, Rao, [u32; 2]);

/// A transfer of another token than TAO: the token, and the payment in its smallest unit.
#[derive(Clone)]
struct Rescuing(AccountId, Who, u128);

/// A raw call, without the hash of the code.
#[derive(Clone)]
struct Calling(RawCall);

impl ActionArgs {
    /// Returns the actions, in the order of their execution.
    ///
    /// # Errors
    /// If there are none; if a contract has no code; if the guard's file cannot be read.
    pub fn actions(&self, network: &Network) -> Result<Vec<Action>, Failure> {
        let source = &network.source;
        let mut all: Vec<Action> = Vec::new();
        let sets = self.set.iter().cloned();
        all.extend(sets.map(|Setting(netuid, value)| Action::SetHyperparameter(netuid, value)));
        for Allowing(kernel, defaults) in &self.allow_kernel {
            let code_hash = code_at(network, "--allow-kernel", *kernel)?;
            all.push(Action::AllowKernel {
                kernel: *kernel,
                code_hash,
                defaults: defaults.clone(),
            });
        }
        all.extend(self.retire_kernel.iter().copied().map(Action::RetireKernel));
        all.extend(self.rule.iter().copied().map(Action::ChangeRule));
        for Paying(to, amount) in &self.pay {
            all.push(Action::Pay {
                to: to.on(source)?,
                amount: *amount,
            });
        }
        for Granting(Paying(payee, total), [start, cliff, end]) in &self.stream {
            all.push(Action::OpenStream(NewStream {
                payee: payee.on(source)?,
                total: *total,
                start: *start,
                cliff: *cliff,
                end: *end,
            }));
        }
        for Budgeting(Paying(manager, total), per_period, [period, until]) in &self.budget {
            all.push(Action::OpenBudget(NewBudget {
                manager: manager.on(source)?,
                total: *total,
                per_period: *per_period,
                period: *period,
                until: *until,
            }));
        }
        all.extend(self.revoke.iter().copied().map(Action::Revoke));
        for Rescuing(token, to, amount) in &self.rescue {
            all.push(Action::Rescue {
                token: *token,
                to: to.on(source)?,
                amount: *amount,
            });
        }
        all.extend(self.track_rules(network)?);
        if let Some(path) = &self.guard {
            all.push(Action::SetGuard(guard_in(path)?));
        }
        if let Some(to) = &self.offer_roles {
            all.push(Action::OfferRoles(to.on(source)?));
        }
        all.extend(self.close_down.map(Action::CloseDown));
        for Calling(call) in &self.raw {
            all.push(Action::Raw(RawCall {
                code_hash: code_at(network, "--raw", call.target)?,
                ..call.clone()
            }));
        }
        all.extend(self.cancel_close_down.then_some(Action::CancelCloseDown));
        all.extend(self.cancel_rules.then_some(Action::CancelRules));
        all.extend(self.cancel.iter().copied().map(Action::Cancel));
        all.extend(self.withdraw_offers.then_some(Action::WithdrawOffers));
        let kernels = self.withdraw_kernel.iter().copied();
        all.extend(kernels.map(Action::WithdrawKernel));
        all.extend(self.lift_brake.then_some(Action::LiftBrake));
        all.extend(self.dismiss_guard.then_some(Action::DismissGuard));
        if all.is_empty() {
            return Err(Failure::input(
                "the proposal has no action; add one, such as --set 1:tempo=720",
            ));
        }
        Ok(all)
    }
}

impl ActionArgs {
    /// Returns an action for each track that has changes: its present rules with all of them.
    fn track_rules(&self, network: &Network) -> Result<Vec<Action>, Failure> {
        let mut actions = Vec::new();
        for track in Track::ALL {
            let changes = self.track_rule.iter().filter(|it| it.track == track);
            let mut changes = changes.peekable();
            if changes.peek().is_none() {
                continue;
            }
            let governance = governing(network)?.governance();
            let rules: TrackRules = network.query(governance.track(track))?;
            let rules = changes.fold(rules, |rules, change| change.applied_to(rules));
            actions.push(Action::SetTrack(track, rules));
        }
        Ok(actions)
    }
}

/// Returns the hash of the code that the contract at `address` has now.
///
/// # Errors
/// That there is no contract.
fn code_at(network: &Network, option: &str, address: AccountId) -> Result<Digest, Failure> {
    network.chain().code_hash(&address)?.ok_or_else(|| {
        Failure::input(format_args!(
            "{option}: there is no contract at {}; deploy it first",
            ss58(&address)
        ))
    })
}

/// Returns the two parts of `text` around `sign`.
fn parted<'a>(text: &'a str, sign: char, form: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once(sign)
        .ok_or_else(|| format!("expected {form}"))
}

fn setting(text: &str) -> Result<Setting, String> {
    let form = "NETUID:NAME=VALUE, as in 3:tempo=720";
    let (netuid, rest) = parted(text, ':', form)?;
    let (name, value) = parted(rest, '=', form)?;
    let netuid = values::netuid(netuid).map_err(|problem| format!("NETUID: {problem}"))?;
    if name == "kernel" {
        return Err("the kernel is the choice of the subnet's owner; set another one".into());
    }
    let value = hyperparameters::parse("value", name, value);
    let value = value.map_err(|problem| problem.to_string())?;
    Ok(Setting(netuid, value))
}

fn allowing(text: &str) -> Result<Allowing, String> {
    let (address, defaults) = match text.split_once('=') {
        None => (text, KernelParams::Other(Vec::new())),
        Some((address, "yuma")) => (address, KernelParams::Yuma(YumaParams::default())),
        Some((address, bytes)) => {
            let bytes = values::bytes(bytes);
            let bytes = bytes.ok_or("after = expected yuma, or bytes in hexadecimal")?;
            (address, KernelParams::Other(bytes))
        }
    };
    Ok(Allowing(values::address(address)?, defaults))
}

fn rule(text: &str) -> Result<NetworkRule, String> {
    let (name, value) = parted(text, '=', "NAME=VALUE, as in swap_fee=0.01")?;
    let named = |problem: String| format!("{name}: {problem}");
    let tao = || values::tao(value).map_err(named);
    let blocks = || values::whole::<u32>(0..=u32::MAX.into())(value).map_err(named);
    Ok(match name {
        "min_lock" | "creation_price" => NetworkRule::MinLock(tao()?),
        "lock_interval" => NetworkRule::LockInterval(blocks()?),
        "creation_interval" => NetworkRule::CreationInterval(blocks()?),
        "subnet_limit" => {
            let limit = values::whole::<u16>(0..=u16::MAX.into())(value);
            NetworkRule::SubnetLimit(limit.map_err(named)?)
        }
        "subnet_immunity" => NetworkRule::SubnetImmunity(blocks()?),
        "bittensor_split" => NetworkRule::BittensorSplit(match value {
            "yes" | "true" => true,
            "no" | "false" => false,
            _ => return Err(named("expected yes or no".into())),
        }),
        "nominator_min" => NetworkRule::NominatorMin(tao()?),
        "serving_deposit" => NetworkRule::ServingDeposit(tao()?),
        "swap_fee" => NetworkRule::SwapFee(tao()?),
        _ => {
            return Err(format!(
                "there is no rule {name:?}; the rules are min_lock, lock_interval, \
                 creation_interval, subnet_limit, subnet_immunity, bittensor_split, \
                 nominator_min, serving_deposit and swap_fee"
            ));
        }
    })
}

fn paying(text: &str) -> Result<Paying, String> {
    let (to, amount) = parted(text, '=', "ADDRESS=TAO")?;
    Ok(Paying(to.into(), values::some_tao(amount)?))
}

/// Returns the payment, and the three parts after it.
fn granted<'a>(text: &'a str, form: &str) -> Result<(Paying, [&'a str; 3]), String> {
    let (to, rest) = parted(text, '=', form)?;
    let parts: Vec<&str> = rest.split(':').collect();
    match parts.as_slice() {
        [amount, first, second, third] => {
            let paying = Paying(to.into(), values::some_tao(amount)?);
            Ok((paying, [*first, *second, *third]))
        }
        _ => Err(format!("expected {form}")),
    }
}

fn block(name: &str, text: &str) -> Result<u32, String> {
    let block = values::whole::<u32>(0..=u32::MAX.into())(text);
    block.map_err(|problem| format!("{name}: {problem}"))
}

fn stream(text: &str) -> Result<Granting, String> {
    let (paying, [start, cliff, end]) = granted(text, "ADDRESS=TAO:START:CLIFF:END")?;
    let blocks = [
        block("START", start)?,
        block("CLIFF", cliff)?,
        block("END", end)?,
    ];
    Ok(Granting(paying, blocks))
}

fn budget(text: &str) -> Result<Budgeting, String> {
    let (paying, [each, period, until]) = granted(text, "ADDRESS=TAO:EACH:PERIOD:UNTIL")?;
    let each = values::some_tao(each).map_err(|problem| format!("EACH: {problem}"))?;
    let blocks = [block("PERIOD", period)?, block("UNTIL", until)?];
    Ok(Budgeting(paying, each, blocks))
}

fn successor(text: &str) -> Result<Successor, String> {
    let (minter, registry) = parted(text, ',', "MINTER,REGISTRY")?;
    Ok(Successor {
        minter: values::address(minter)?,
        registry: values::address(registry)?,
    })
}

fn rescue(text: &str) -> Result<Rescuing, String> {
    let form = "TOKEN,ADDRESS=AMOUNT";
    let (token, rest) = parted(text, ',', form)?;
    let (to, amount) = parted(rest, '=', form)?;
    let token = values::address(token).map_err(|problem| format!("TOKEN: {problem}"))?;
    Ok(Rescuing(token, to.into(), at_least_one("AMOUNT", amount)?))
}

fn raw(text: &str) -> Result<Calling, String> {
    let form = "ADDRESS=INPUT:REF_TIME:PROOF_SIZE:DEPOSIT";
    let (target, rest) = parted(text, '=', form)?;
    let parts: Vec<&str> = rest.split(':').collect();
    let [input, ref_time, proof_size, deposit] = parts.as_slice() else {
        return Err(format!("expected {form}"));
    };
    let bytes = values::bytes(input).ok_or("INPUT: expected bytes in hexadecimal")?;
    let (selector, arguments) = bytes.split_first_chunk::<4>().ok_or_else(|| {
        format!(
            "INPUT: {} bytes are fewer than the 4 of a selector; put the selector of the message \
             first",
            bytes.len()
        )
    })?;
    if arguments.len() > MAX_RAW_INPUT {
        return Err(format!(
            "INPUT: {} bytes after the selector are more than {MAX_RAW_INPUT}; pass fewer",
            arguments.len()
        ));
    }
    Ok(Calling(RawCall {
        target: values::address(target)?,
        code_hash: Digest::default(),
        selector: *selector,
        input: arguments.to_vec(),
        ref_time: at_least_one("REF_TIME", ref_time)?,
        proof_size: at_least_one("PROOF_SIZE", proof_size)?,
        deposit: at_least_one("DEPOSIT", deposit)?,
    }))
}

/// Parses a whole number from 1 on, which may have more digits than those of other options.
fn at_least_one<T: TryFrom<u128>>(name: &str, text: &str) -> Result<T, String> {
    let number = text.parse::<u128>().ok().filter(|it| *it > 0);
    let number = number.and_then(|it| T::try_from(it).ok());
    let most = u128::MAX >> (128 - 8 * size_of::<T>().min(16));
    number.ok_or_else(|| format!("{name}: expected a whole number from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn values_are_read_with_their_units() {
        let Setting(netuid, value) = setting("3:tempo=720").unwrap();
        assert_eq!((netuid, value), (NetUid(3), Hyperparameter::Tempo(720)));
        assert_eq!(
            rule("swap_fee=0.01"),
            Ok(NetworkRule::SwapFee(Rao(10_000_000)))
        );
        let Paying(to, amount) = paying(&format!("{ALICE}=2")).unwrap();
        assert_eq!((to, amount), (Who::from(ALICE), Rao::from_tao(2)));
        let Granting(_, blocks) = stream(&format!("{ALICE}=2:10:20:30")).unwrap();
        assert_eq!(blocks, [10, 20, 30]);
        let Budgeting(_, each, blocks) = budget("ann=2:0.5:7200:90000").unwrap();
        assert_eq!((each, blocks), (Rao(500_000_000), [7_200, 90_000]));
        let Rescuing(_, to, amount) = rescue(&format!("{ALICE},ann=18446744073709551616")).unwrap();
        assert_eq!((to, amount), (Who::from("ann"), 1 << 64));
        let Calling(call) = raw(&format!("{ALICE}=0x0102030405:6:7:8")).unwrap();
        assert_eq!((call.selector, call.input), ([1, 2, 3, 4], vec![5]));
        assert_eq!((call.ref_time, call.proof_size, call.deposit), (6, 7, 8));
        let Allowing(_, defaults) = allowing(&format!("{ALICE}=0x0102")).unwrap();
        assert_eq!(defaults, KernelParams::Other(vec![1, 2]));
    }

    #[test]
    fn a_value_that_cannot_be_says_what_is_expected() {
        let problem = |problem: Option<String>| problem.unwrap_or_default();
        for (problem, said) in [
            (problem(setting("3").err()), "NETUID:NAME=VALUE"),
            (problem(setting("3:colour=1").err()), "colour"),
            (problem(setting("3:kernel=yuma").err()), "owner"),
            (problem(setting("3:tempo=x").err()), "whole number"),
            (problem(rule("colour=1").err()), "the rules are"),
            (problem(rule("subnet_limit=x").err()), "subnet_limit: "),
            (problem(paying(ALICE).err()), "ADDRESS=TAO"),
            (problem(stream(&format!("{ALICE}=1:2")).err()), "START"),
            (problem(allowing(&format!("{ALICE}=no")).err()), "yuma"),
            (problem(successor(ALICE).err()), "MINTER"),
            (problem(rescue(ALICE).err()), "TOKEN,ADDRESS=AMOUNT"),
            (problem(rescue("me,you=1").err()), "TOKEN: "),
            (
                problem(rescue(&format!("{ALICE},ann=0")).err()),
                "from 1 to 340282366920938463463374607431768211455",
            ),
            (
                problem(raw(&format!("{ALICE}=0x01020304")).err()),
                "REF_TIME",
            ),
            (
                problem(raw(&format!("{ALICE}=0x0102:1:1:1")).err()),
                "2 bytes are fewer than the 4",
            ),
            (
                problem(raw(&format!("{ALICE}=xyz:1:1:1")).err()),
                "hexadecimal",
            ),
            (
                problem(raw(&format!("{ALICE}=0x01020304:1:0:1")).err()),
                "PROOF_SIZE: expected a whole number from 1 to 18446744073709551615",
            ),
            (
                problem(raw(&format!("{ALICE}={}:1:1:1", "00".repeat(1_029))).err()),
                "1025 bytes after the selector are more than 1024",
            ),
        ] {
            assert!(problem.contains(said), "{said}: {problem}");
        }
    }
}
