//! Metrics of a worker, for Prometheus.
//!
//! All names begin with `inktensor_`. Amounts are in rao, the smallest part of TAO; `netuid` is the
//! subnet.

mod governance;

pub use governance::set_governance;

use super::status::Status;
use crate::{
    roles::{Action, RoleError},
    service::lag::SubnetLag,
};
use inktensor_client::chain::{ChainError, Cost};
use inktensor_primitives::{epoch::Collateral, NetUid};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use thiserror::Error;

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $kind:ident $constant:ident = $name:literal;)+) => {
        $($(#[doc = $doc])+ pub const $constant: &str = $name;)+

        /// All metrics, with their descriptions.
        pub const ALL: &[(&str, &str)] = &[$(($name, concat!($($doc),+))),+];

        fn describe() {
            $(names!(@$kind $constant, concat!($($doc),+));)+
        }
    };
    (@counter $name:ident, $doc:expr) => { describe_counter!($name, $doc.trim()) };
    (@gauge $name:ident, $doc:expr) => { describe_gauge!($name, $doc.trim()) };
}

names! {
    /// Epochs closed by this worker, by netuid.
    counter CLOSED = "inktensor_epochs_closed_total";
    /// Epochs posted by this worker, by netuid.
    counter PROPOSED = "inktensor_epochs_proposed_total";
    /// Assertions disproved by this worker, by netuid.
    counter DISPUTED = "inktensor_epochs_disputed_total";
    /// Epochs made final by this worker, by netuid.
    counter FINALIZED = "inktensor_epochs_finalized_total";
    /// Chunks of final epochs settled by this worker, by netuid.
    counter SETTLED = "inktensor_chunks_settled_total";
    /// Calls by which this worker made the chain execute steps of an epoch, by netuid.
    counter REPLAYED = "inktensor_replay_calls_total";
    /// Tempos of subnets without neurons restarted by this worker, by netuid.
    counter TEMPOS_RESTARTED = "inktensor_tempos_restarted_total";
    /// Epochs rolled over by this worker, by netuid.
    counter ROLLED_OVER = "inktensor_epochs_rolled_over_total";
    /// Steps that another account took first, by netuid. With several equal workers that is usual.
    counter OVERTAKEN = "inktensor_overtaken_total";
    /// Pay of the chunks that this worker settled, in rao, by netuid.
    counter PAID = "inktensor_settled_pay_rao_total";
    /// Rewards of this worker's disputes, in rao, by netuid.
    counter REWARDS = "inktensor_dispute_reward_rao_total";
    /// Collateral that this worker deposited, in rao.
    counter COLLATERAL_ACCOUNT = "inktensor_collateral_added_rao_total";
    /// The open epoch, by netuid.
    gauge OPEN_EPOCH = "inktensor_open_epoch";
    /// The last final epoch, by netuid; absent before there is one.
    gauge FINAL_EPOCH = "inktensor_final_epoch";
    /// Blocks for which the next step has been due, by netuid; 0 if no step is due.
    gauge LAG = "inktensor_lag_blocks";
    /// Fewest blocks left to dispute an assertion that the watcher has not checked yet, by netuid;
    /// +Inf while all are checked.
    gauge UNCHECKED = "inktensor_unchecked_assertion_blocks_left";
    /// 1 while the role has this kind of problem with the subnet, else 0, by role, netuid and kind;
    /// netuid is "none" for a problem with the chain.
    gauge PROBLEM = "inktensor_problem";
    /// The best block that the worker has seen.
    gauge BLOCK = "inktensor_best_block";
    /// Seconds since the best block has changed.
    gauge BLOCK_AGE = "inktensor_best_block_age_seconds";
    /// Seconds since the last sign of life, by role: the end of a turn, or an answer of the chain.
    gauge ALIVE_AGE = "inktensor_alive_age_seconds";
    /// 1 while every role can take steps, as /ready reports, else 0.
    gauge READY = "inktensor_ready";
    /// Turns, by role: reads of the chain, with the steps that follow.
    counter TURNS = "inktensor_turns_total";
    /// Requests and transactions that the chain did not carry out, by kind of error.
    counter CHAIN_ERRORS = "inktensor_chain_errors_total";
    /// Transactions by message and outcome: done, refused by the contract, failed, or not_sent.
    counter TRANSACTIONS = "inktensor_transactions_total";
    /// Time that the chain charged, in picoseconds of its reference machine, by message.
    counter REF_TIME = "inktensor_gas_ref_time_picoseconds_total";
    /// Bytes of proof that the chain charged, by message.
    counter PROOF_SIZE = "inktensor_gas_proof_bytes_total";
    /// Deposit for storage that the chain took, in its own coin's smallest part, by message.
    counter DEPOSITS = "inktensor_deposit_taken_total";
    /// Deposit for storage that the chain returned, in its own coin's smallest part, by message.
    counter REFUNDS = "inktensor_deposit_returned_total";
    /// Fees that the chain took, in its own coin's smallest part, by message.
    counter FEES = "inktensor_fees_total";
    /// Free collateral of the account, in rao.
    gauge COLLATERAL_FREE = "inktensor_collateral_free_rao";
    /// Collateral of the account that is locked behind assertions, in rao.
    gauge COLLATERAL_LOCKED = "inktensor_collateral_locked_rao";
    /// TAO that the account holds, in rao.
    gauge BALANCE = "inktensor_balance_rao";
    /// Proposals by track and state.
    gauge GOV_PROPOSALS = "inktensor_gov_proposals";
    /// Blocks until the state of a proposal ends by itself, by number of the proposal. At most 64
    /// proposals, those that end first.
    gauge GOV_ENDS_IN = "inktensor_gov_ends_in_blocks";
    /// Part of ayes and nays that are ayes, by number of the proposal.
    gauge GOV_APPROVAL = "inktensor_gov_approval_ratio";
    /// Part of the electorate that has voted for the proposal, by number of the proposal.
    gauge GOV_SUPPORT = "inktensor_gov_support_ratio";
    /// Proposals that are ready and not executed.
    gauge GOV_READY = "inktensor_gov_ready_unexecuted";
    /// Accounts whose stake this worker counted again.
    counter GOV_RECOUNTS = "inktensor_gov_recounts_total";
    /// Block from which the guard has no power; 0 without a guard.
    gauge GOV_GUARD_UNTIL = "inktensor_gov_guard_until_block";
    /// TAO of the treasury that is not committed, in rao.
    gauge TREASURY_FREE = "inktensor_treasury_free_rao";
    /// TAO that the treasury has paid and committed within its window of 30 days, in rao.
    gauge TREASURY_OUT = "inktensor_treasury_out_window_rao";
    /// TAO of the treasury that is committed to streams and budgets and not paid, in rao.
    gauge TREASURY_COMMITTED = "inktensor_treasury_committed_rao";
    /// 1, with the worker's version, account, roles and a mark for a dry run.
    gauge INFO = "inktensor_info";
}

/// Value of netuid for a problem with the chain.
const NO_SUBNET: &str = "none";

/// An error of starting the metrics.
#[derive(Debug, Error)]
#[error("metrics cannot be counted: {0}")]
pub struct MetricsError(String);

/// Starts to count, in this whole process.
///
/// # Errors
/// If another recorder is installed already.
pub fn start() -> Result<PrometheusHandle, MetricsError> {
    let handle = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| MetricsError(error.to_string()))?;
    describe();
    Ok(handle)
}

/// Returns all metrics in the text form of Prometheus.
pub fn page(handle: &PrometheusHandle, status: &Status) -> String {
    if let Some((block, age)) = status.block() {
        gauge!(BLOCK).set(block);
        gauge!(BLOCK_AGE).set(age.as_secs_f64());
    }
    for (role, age) in status.since_alive() {
        gauge!(ALIVE_AGE, "role" => role).set(age.as_secs_f64());
    }
    gauge!(READY).set(if status.readiness().is_ok() { 1.0 } else { 0.0 });
    let mut page = handle.render();
    if let Some(figures) = status.governance() {
        governance::append(&mut page, &figures);
    }
    page
}

/// Sets the description of the worker.
pub fn set_info(account: &str, roles: &str, dry_run: bool) {
    let version = env!("CARGO_PKG_VERSION");
    gauge!(
        INFO,
        "version" => version,
        "account" => account.to_owned(),
        "roles" => roles.to_owned(),
        "dry_run" => if dry_run { "true" } else { "false" }
    )
    .set(1.0);
}

/// Counts a turn of `role`.
pub fn count_turn(role: &'static str) {
    counter!(TURNS, "role" => role).increment(1);
}

/// Counts a step of the worker.
pub fn count_action(action: &Action) {
    let one = |name: &'static str, netuid: &NetUid| {
        counter!(name, "netuid" => label(*netuid)).increment(1);
    };
    match action {
        Action::Closed { netuid, .. } => one(CLOSED, netuid),
        Action::TempoRestarted { netuid } => one(TEMPOS_RESTARTED, netuid),
        Action::CollateralAdded { amount } => counter!(COLLATERAL_ACCOUNT).increment(amount.0),
        Action::Proposed { netuid, .. } => one(PROPOSED, netuid),
        Action::Disputed { netuid, reward, .. } => {
            one(DISPUTED, netuid);
            counter!(REWARDS, "netuid" => label(*netuid)).increment(reward.0);
        }
        Action::Finalized { netuid, .. } => one(FINALIZED, netuid),
        Action::Replayed { netuid, .. } => one(REPLAYED, netuid),
        Action::RolledOver { netuid, .. } => one(ROLLED_OVER, netuid),
        Action::Settled {
            netuid,
            chunks,
            paid,
            ..
        } => {
            counter!(SETTLED, "netuid" => label(*netuid)).increment((*chunks).into());
            counter!(PAID, "netuid" => label(*netuid)).increment(paid.0);
        }
        Action::Recounted { accounts, .. } => {
            counter!(GOV_RECOUNTS).increment((*accounts).into());
        }
        Action::Executed { .. } | Action::EndedEarly { .. } | Action::Forfeited { .. } => {}
    }
}

/// Counts a step that another account took first.
pub fn count_overtaken(netuid: NetUid) {
    counter!(OVERTAKEN, "netuid" => label(netuid)).increment(1);
}

/// Updates the gauges of a subnet.
pub fn set_subnet(netuid: NetUid, lag: &SubnetLag) {
    let label = label(netuid);
    // A counter that does not exist before its first step hides that step from a rate.
    for name in [
        CLOSED,
        PROPOSED,
        DISPUTED,
        FINALIZED,
        SETTLED,
        REPLAYED,
        TEMPOS_RESTARTED,
        ROLLED_OVER,
        OVERTAKEN,
    ] {
        counter!(name, "netuid" => label.clone()).increment(0);
    }
    gauge!(OPEN_EPOCH, "netuid" => label.clone()).set(lag.open);
    if let Some(epoch) = lag.final_epoch {
        gauge!(FINAL_EPOCH, "netuid" => label.clone()).set(epoch);
    }
    gauge!(LAG, "netuid" => label).set(lag.lag);
}

/// Sets the fewest blocks left to dispute an unchecked assertion; `None` if all are checked.
pub fn set_unchecked(netuid: NetUid, blocks_left: Option<u32>) {
    let left = blocks_left.map_or(f64::INFINITY, f64::from);
    gauge!(UNCHECKED, "netuid" => label(netuid)).set(left);
}

/// Sets or clears a problem of this kind.
pub fn set_problem(role: &'static str, netuid: Option<NetUid>, kind: &'static str, is_there: bool) {
    let netuid = netuid.map_or_else(|| NO_SUBNET.into(), label);
    gauge!(PROBLEM, "role" => role, "netuid" => netuid, "kind" => kind).set(if is_there {
        1.0
    } else {
        0.0
    });
}

/// Updates the gauges of the account.
pub fn set_account(collateral: &Collateral, balance: u128) {
    gauge!(COLLATERAL_FREE).set(float(u128::from(collateral.free.0)));
    gauge!(COLLATERAL_LOCKED).set(float(u128::from(collateral.locked.0)));
    gauge!(BALANCE).set(float(balance));
}

/// Counts a failure of the chain.
pub fn count_chain_error(error: &ChainError) {
    counter!(CHAIN_ERRORS, "kind" => chain_error(error)).increment(1);
}

/// Counts a transaction.
pub fn count_transaction(message: &'static str, outcome: &'static str) {
    counter!(TRANSACTIONS, "message" => message, "outcome" => outcome).increment(1);
}

/// Adds the cost of a transaction.
pub fn add_cost(message: &'static str, cost: &Cost) {
    counter!(REF_TIME, "message" => message).increment(cost.ref_time);
    counter!(PROOF_SIZE, "message" => message).increment(cost.proof_size);
    let name = if cost.deposit < 0 { REFUNDS } else { DEPOSITS };
    counter!(name, "message" => message).increment(saturated(cost.deposit.unsigned_abs()));
    counter!(FEES, "message" => message).increment(saturated(cost.fee));
}

/// Returns the kind of a chain's error.
pub const fn chain_error(error: &ChainError) -> &'static str {
    match error {
        ChainError::NoContract(_) => "no_contract",
        ChainError::NoCode(_) => "no_code",
        ChainError::Trapped => "trapped",
        ChainError::OutOfGas => "out_of_gas",
        ChainError::Runtime(_) => "runtime",
        ChainError::NotUnderstood => "not_understood",
        ChainError::BadAnswer => "bad_answer",
        ChainError::Unreachable { .. } => "unreachable",
        ChainError::OutcomeUnknown(_) => "outcome_unknown",
        ChainError::BlockGone(_) => "block_gone",
        ChainError::NodesDiffer { .. } => "nodes_differ",
        ChainError::Pruned { .. } => "pruned",
        ChainError::NotSent(_) => "not_sent",
    }
}

/// Returns the kind of a role's problem.
pub const fn role_error(error: &RoleError) -> &'static str {
    match error {
        RoleError::Chain(error) => chain_error(error),
        RoleError::Refused { .. } => "refused",
        RoleError::NothingClosed(_) => "nothing_closed",
        RoleError::NoKernelCode(_) => "no_kernel_code",
        RoleError::Engine(_) => "engine",
        RoleError::Epoch(_) => "epoch",
        RoleError::OtherPlan => "other_plan",
        RoleError::Store(_) => "store",
        RoleError::NoStore => "no_store",
        RoleError::MemoryUnknown { .. } => "memory_unknown",
        RoleError::OtherMemory { .. } => "other_memory",
        RoleError::EnginesDiffer { .. } => "engines_differ",
        RoleError::ResultsUnknown { .. } => "results_unknown",
        RoleError::AssertionUnknown { .. } => "assertion_unknown",
        RoleError::InputsUnknown { .. } => "inputs_unknown",
        RoleError::Unchecked { .. } => "unchecked",
        RoleError::Doubted { .. } => "doubted",
        RoleError::Slashed { .. } => "slashed",
        RoleError::CollateralAboveLimit { .. } => "collateral_above_limit",
        RoleError::Disagreement { .. } => "disagreement",
        RoleError::NotExecuted { .. } => "not_executed",
    }
}

fn label(netuid: NetUid) -> String {
    netuid.0.to_string()
}

fn saturated(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}

/// Returns the nearest number that Prometheus can hold.
#[allow(
    clippy::cast_precision_loss,
    reason = "amounts beyond 2^53 are rounded"
)]
const fn float(amount: u128) -> f64 {
    amount as f64
}

#[cfg(test)]
mod tests;
