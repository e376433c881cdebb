//! One turn of a role: a look at the subnets, which ends with the first transactions.
//!
//! Messages on different subnets do not need each other, so a turn sends up to [`GROUP`] of them
//! together. Then it ends, and the next one reads the chain again: no role acts on an old view, and
//! none is busy for longer than a few blocks.

use super::{stakes, Action, Announcement, Figures, RoleError, Subnets, TickReport};
use crate::{
    epochs::{EpochCache, Sharing},
    roles::subnets::SubnetStatus,
};
use inktensor_client::chain::{
    Answer, Call, CallError, Chain, ChainError, ChainRead, Message, Receipt, Sent, Typed,
};
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs},
    AccountId, NetUid,
};
use scale::Decode;
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

/// Most messages that a turn sends together.
pub const GROUP: usize = 8;
/// Time for which a turn looks for further messages once it has found one.
const GATHER: Duration = Duration::from_secs(1);

/// The listener of a role. It gets each outcome at once, while the turn goes on.
pub trait Listener {
    /// The role has taken a step.
    fn took(&mut self, action: Action);

    /// Another account was first on a subnet, with its sign. That is not a problem.
    fn overtaken(&mut self, netuid: NetUid, how: RoleError);

    /// The next step on a subnet cannot be taken.
    fn problem(&mut self, netuid: NetUid, problem: RoleError);

    /// The turn has finished with a subnet: problems that were not repeated are solved.
    fn looked_at(&mut self, _netuid: NetUid) {}

    /// So many blocks are left to dispute an assertion that was not checked yet; `None` if all of
    /// the subnet are checked.
    fn unchecked(&mut self, _netuid: NetUid, _blocks_left: Option<u32>) {}

    /// The next step that is not about a subnet cannot be taken.
    fn general_problem(&mut self, _problem: RoleError) {}

    /// There is a proposal that the clerk did not know.
    fn proposed(&mut self, _announcement: &Announcement) {}

    /// The clerk has measured governance.
    fn measured(&mut self, _figures: Figures) {}
}

/// Everything that a role works with during a turn.
pub struct Turn<'a> {
    /// The chain.
    pub chain: &'a mut dyn Chain,
    /// Computed epochs.
    pub epochs: &'a mut EpochCache,
    /// Subnets to serve.
    pub subnets: &'a mut Subnets,
    /// Listener to the outcomes.
    pub listener: &'a mut dyn Listener,
    /// Each node of the chain alone, if `chain` is what several of them agree on. A watcher acts on
    /// what one of them shows.
    pub views: &'a [Rc<dyn ChainRead>],
}

impl Turn<'_> {
    fn status(&self, netuid: NetUid) -> Result<Option<EpochStatus>, ChainError> {
        let status = self.subnets.contracts().epoch().status(netuid);
        self.chain.query(status)
    }
}

/// A role of a worker.
pub trait Role {
    /// Looks at the subnets until the first transactions are sent. Returns true if the role took a
    /// step, or was overtaken: then more may be due. Returns false once nothing is due.
    ///
    /// # Errors
    /// If the chain does not answer.
    fn turn(&self, turn: &mut Turn<'_>) -> Result<bool, ChainError>;
}

/// Takes turns until nothing is due on any subnet.
///
/// # Errors
/// If the chain does not answer.
pub fn tick(
    role: &dyn Role,
    mut subnets: Subnets,
    chain: &mut dyn Chain,
    epochs: &mut EpochCache,
) -> Result<TickReport, ChainError> {
    let mut report = TickReport::default();
    loop {
        report.problems.clear();
        report.general_problems.clear();
        let moved = role.turn(&mut Turn {
            chain: &mut *chain,
            epochs: &mut *epochs,
            subnets: &mut subnets,
            listener: &mut report,
            views: &[],
        })?;
        if !moved {
            return Ok(report);
        }
    }
}

/// The outcome of a message.
#[derive(Debug)]
pub enum Step {
    /// The role took a step, or several in one.
    Took(Vec<Action>),
    /// Nothing has changed, and that is no problem.
    Nothing,
    /// The step was refused as if it had been taken already. If another account took it, the
    /// subnet's status has changed.
    Overtaken(RoleError),
    /// A call may lack the gas for the message, or one of several parts may be refused.
    Reducible {
        /// The way to a message that needs less, or has fewer parts.
        remedy: Remedy,
        /// The problem, if the remedy is used up.
        problem: RoleError,
    },
}

/// A way to a message that needs less gas, or has fewer parts.
#[derive(Clone, Copy, Debug)]
pub enum Remedy {
    /// To store the stakes of the chunk of step `k` of the closed epoch, see [`stakes`].
    StoreStakes {
        /// The step.
        k: u32,
    },
    /// To pay fewer neurons than `most` by one call.
    PayFewer {
        /// The epoch that is settled.
        epoch: u32,
        /// Neurons by one call so far.
        most: u16,
    },
    /// To put fewer chunks into a call.
    ShareLess {
        /// The epoch that is settled.
        epoch: u32,
        /// The extent to which the refused call was shared.
        sharing: Sharing,
        /// Number of its chunks.
        chunks: u16,
    },
}

type Reading = dyn FnOnce(Result<Receipt, ChainError>) -> Result<Step, RoleError>;

/// A message that is due, with the meaning of its answer.
pub struct Due {
    call: Call,
    read: Box<Reading>,
}

impl Due {
    /// Creates a message whose answer `read` understands.
    pub fn new<T: Decode + 'static>(
        message: impl Into<Message<Result<T, EpochError>>>,
        read: impl FnOnce(Result<Sent<T>, CallError<EpochError>>) -> Result<Step, RoleError> + 'static,
    ) -> Self {
        let message: Message<Result<T, EpochError>> = message.into();
        Self {
            call: message.into(),
            read: Box::new(move |receipt| {
                read(receipt.and_then(Sent::<Result<T, EpochError>>::of).answer())
            }),
        }
    }

    /// Creates the message called `name`. `action` makes the step of an accepted message.
    /// `is_overtaken` returns true for the errors of a step that another account has taken before.
    pub fn step<T: Decode + 'static>(
        name: &'static str,
        message: impl Into<Message<Result<T, EpochError>>>,
        action: impl FnOnce(Sent<T>) -> Action + 'static,
        is_overtaken: fn(&EpochError) -> bool,
    ) -> Self {
        Self::new(message, move |answer| {
            answered(name, answer, action, is_overtaken)
        })
    }
}

/// Returns the outcome of the message called `name`, see [`Due::step`].
pub fn answered<T>(
    name: &'static str,
    answer: Result<T, CallError<EpochError>>,
    action: impl FnOnce(T) -> Action,
    is_overtaken: fn(&EpochError) -> bool,
) -> Result<Step, RoleError> {
    let error = match answer {
        Ok(accepted) => return Ok(Step::Took(vec![action(accepted)])),
        Err(error) => error,
    };
    let is_overtaken = matches!(&error, CallError::Refused(error) if is_overtaken(error));
    let error = RoleError::refused(name)(error);
    if is_overtaken {
        Ok(Step::Overtaken(error))
    } else {
        Err(error)
    }
}

/// The outcome of a look at a subnet.
pub enum Look {
    /// These messages are due; none, if nothing is.
    Due(Vec<Due>),
    /// The role has sent a transaction while it looked, so the turn is over.
    Moved,
}

impl Look {
    /// Nothing is due.
    pub const NOTHING: Self = Look::Due(Vec::new());
}

/// Informs the listener of a step that the role has just taken on `netuid`, which had the status
/// `before`.
///
/// # Errors
/// The refusal, if it is about this worker.
pub fn taken(
    turn: &mut Turn<'_>,
    netuid: NetUid,
    before: &EpochStatus,
    step: Step,
) -> Result<Look, RoleError> {
    match step {
        Step::Took(actions) => {
            for action in actions {
                turn.listener.took(action);
            }
        }
        Step::Nothing => return Ok(Look::NOTHING),
        Step::Reducible { problem, .. } => return Err(problem),
        Step::Overtaken(problem) => {
            if turn.status(netuid)?.as_ref() == Some(before) {
                return Err(problem);
            }
            turn.listener.overtaken(netuid, problem);
        }
    }
    Ok(Look::Moved)
}

/// A message of a turn, with the status that it was made for.
struct Grouped {
    netuid: NetUid,
    status: EpochStatus,
    due: Due,
}

/// Takes a turn as `signer`: calls `look` for each of `statuses`, and sends what is due in groups
/// until a step is taken. See [`Role::turn`].
pub fn take(
    turn: &mut Turn<'_>,
    signer: AccountId,
    statuses: Vec<SubnetStatus>,
    mut look: impl FnMut(&mut Turn<'_>, NetUid, &EpochStatus) -> Result<Look, RoleError>,
) -> Result<bool, ChainError> {
    let mut waiting = statuses.into_iter();
    loop {
        let (mut group, mut seen, mut moved) = (Vec::new(), Vec::new(), false);
        let mut found_at: Option<Instant> = None;
        let is_full = |group: &[Grouped], found_at: Option<Instant>| {
            group.len() >= GROUP || found_at.is_some_and(|at| at.elapsed() >= GATHER)
        };
        while !moved && !is_full(&group, found_at) {
            let Some((netuid, status)) = waiting.next() else {
                break;
            };
            seen.push(netuid);
            match look(turn, netuid, &status) {
                Ok(Look::Moved) => moved = true,
                Ok(Look::Due(messages)) => {
                    group.extend(messages.into_iter().map(|due| Grouped {
                        netuid,
                        status: status.clone(),
                        due,
                    }));
                }
                Err(problem) => report(turn.listener, netuid, problem)?,
            }
            if !group.is_empty() {
                found_at.get_or_insert_with(Instant::now);
            }
        }
        moved |= send(turn, signer, group)?;
        for netuid in &seen {
            turn.listener.looked_at(*netuid);
        }
        if moved {
            if let Some(last) = seen.last() {
                turn.subnets.begin_after(*last);
            }
            return Ok(true);
        }
        if waiting.len() == 0 {
            return Ok(false);
        }
    }
}

/// Sends a group of messages. Returns true if one was carried out, or another account was first.
fn send(turn: &mut Turn<'_>, signer: AccountId, group: Vec<Grouped>) -> Result<bool, ChainError> {
    if group.is_empty() {
        return Ok(false);
    }
    let calls: Vec<Call> = group.iter().map(|it| it.due.call.clone()).collect();
    let receipts = turn.chain.submit_many(signer, &calls);
    let (mut moved, mut overtaken, mut trouble) = (false, Vec::new(), None);
    for (sent, receipt) in group.into_iter().zip(receipts) {
        let netuid = sent.netuid;
        let step = match (sent.due.read)(receipt) {
            Ok(Step::Reducible { remedy, problem }) => {
                match apply(remedy, turn, netuid, signer) {
                    // The next turn sends the message again.
                    Ok(true) => {
                        moved = true;
                        Ok(Step::Nothing)
                    }
                    Ok(false) => Err(problem),
                    Err(error) => Err(error.into()),
                }
            }
            step => step,
        };
        match step {
            Ok(Step::Took(actions)) => {
                moved = true;
                for action in actions {
                    turn.listener.took(action);
                }
            }
            Ok(Step::Nothing) => {}
            Ok(Step::Overtaken(problem)) => overtaken.push((netuid, sent.status, problem)),
            Ok(Step::Reducible { problem, .. }) | Err(problem) => {
                // What is known here may be wrong: it is dropped, and read again at once.
                let told = match turn.epochs.begin_doubt(&problem, turn.chain.block()?) {
                    Ok(is_first) => {
                        moved |= is_first;
                        report(turn.listener, netuid, problem)
                    }
                    Err(error) => report(turn.listener, netuid, error),
                };
                if let Err(error) = told {
                    trouble.get_or_insert(error);
                }
            }
        }
    }
    for (netuid, before, problem) in overtaken {
        // If the status has not changed, the refusal is about this worker.
        if turn.status(netuid)? == Some(before) {
            report(turn.listener, netuid, problem)?;
        } else {
            moved = true;
            turn.listener.overtaken(netuid, problem);
        }
    }
    trouble.map_or(Ok(moved), Err)
}

/// Applies a remedy. Returns false if it is used up.
fn apply(
    remedy: Remedy,
    turn: &mut Turn<'_>,
    netuid: NetUid,
    signer: AccountId,
) -> Result<bool, ChainError> {
    match remedy {
        Remedy::StoreStakes { k } => {
            let contracts = turn.subnets.contracts();
            stakes::store_stakes_of_step(turn.chain, contracts, signer, (netuid, k))
        }
        Remedy::PayFewer { epoch, most } => Ok(turn.epochs.pay_fewer(netuid, epoch, most)),
        Remedy::ShareLess {
            epoch,
            sharing,
            chunks,
        } => {
            turn.epochs.share_less(netuid, epoch, sharing, chunks);
            Ok(true)
        }
    }
}

/// Informs the listener of a problem. Trouble with the chain ends the turn: it is the error.
pub fn report(
    listener: &mut dyn Listener,
    netuid: NetUid,
    problem: RoleError,
) -> Result<(), ChainError> {
    reported(problem, |problem| listener.problem(netuid, problem))
}

/// Informs the listener of a problem that is not about a subnet, as [`report`] does.
pub fn report_general(listener: &mut dyn Listener, problem: RoleError) -> Result<(), ChainError> {
    reported(problem, |problem| listener.general_problem(problem))
}

fn reported(problem: RoleError, inform: impl FnOnce(RoleError)) -> Result<(), ChainError> {
    // A dry run, or a worker that stops.
    if matches!(&problem, RoleError::Chain(ChainError::NotSent(_))) {
        return Ok(());
    }
    let trouble = problem.trouble().cloned();
    if trouble.is_none() || !matches!(problem, RoleError::Chain(_)) {
        inform(problem);
    }
    trouble.map_or(Ok(()), Err)
}
