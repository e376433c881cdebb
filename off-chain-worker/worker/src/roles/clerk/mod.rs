//! The clerk: counts votes again whose stake has left, and takes the steps of governance that any
//! account may take.
//!
//! * It recounts accounts whose own stake fell since the snapshot, or rose again: in batches of 32.
//! * It executes proposals that are ready, closes those that nearly all votes are against, and pays
//!   lost deposits to the treasury. A dry run goes before each of these.
//! * It announces new proposals, and measures governance and its treasury.
//!
//! Every step needs no trust in the clerk: the contract checks it. Several clerks side by side do
//! no harm. The first one takes a step, and the others find nothing left to do.

mod decide;
mod docket;
mod figures;
mod following;
mod history;
#[cfg(test)]
mod tests;
mod words;

pub use docket::Announcement;
pub use figures::{Figures, ProposalFigures};

use super::{
    turn::{self, report_general},
    Action, Role, RoleError, Subnets, TickReport, Turn, GROUP,
};
use crate::epochs::EpochCache;
use decide::{is_stale, proxy, Attempts, Step};
use docket::Docket;
use figures::MOST_SERIES;
use following::{Following, Sources};
use history::History;
use inktensor_client::{
    chain::{
        query_all, Answer, Call, CallError, Chain, ChainError, ChainRead, ContractError, Message,
        Receipt, Sent, Typed,
    },
    deploy::{Addresses, Governing},
};
use inktensor_primitives::{
    governance::{Ballot, Governance, GovernanceError, GuardView, State},
    staking::{Staking, StakingError, Standing},
    treasury::{Limits, Treasury},
    AccountId, Rao,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};
use tracing::debug;

/// The clerk role.
#[derive(Debug)]
pub struct Clerk {
    account: AccountId,
    contracts: Addresses,
    governing: Governing,
    memory: RefCell<Memory>,
}

/// The clerk's knowledge of the chain. It is read again after a restart.
#[derive(Debug, Default)]
struct Memory {
    docket: Docket,
    following: Following,
    history: History,
    attempts: Attempts,
    floor: Option<Rao>,
}

/// A message to send.
struct Planned {
    call: Call,
    task: Task,
}

enum Task {
    Recount { id: u32, accounts: Vec<AccountId> },
    Step { id: u32, step: Step },
}

impl Clerk {
    /// Creates a clerk that signs as `account` on the deployment at `contracts`. Returns `None` for
    /// a network without governance.
    pub fn on(account: AccountId, contracts: Addresses) -> Option<Self> {
        Some(Self {
            account,
            contracts,
            governing: contracts.governing?,
            memory: RefCell::default(),
        })
    }

    /// Takes every step that is due now.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn tick(
        &self,
        chain: &mut dyn Chain,
        epochs: &mut EpochCache,
    ) -> Result<TickReport, ChainError> {
        turn::tick(self, Subnets::of(self.contracts), chain, epochs)
    }

    /// Reads proposals and events. Returns true if more are to be read.
    fn read(
        &self,
        memory: &mut Memory,
        turn: &mut Turn<'_>,
        block: u32,
    ) -> Result<bool, ChainError> {
        let Memory {
            docket,
            following,
            history,
            ..
        } = memory;
        let chain: &dyn ChainRead = &*turn.chain;
        let (news, has_more) = docket.read(chain, &self.governing, block)?;
        for announcement in news {
            turn.listener.proposed(&announcement);
        }
        if has_more {
            return Ok(true);
        }
        following.set_voting(&docket.voting());
        let sources = Sources {
            staking: self.contracts.staking,
            governance: self.governing.governance,
        };
        let first = docket.first_block();
        history.read_new(chain, block, first, (&mut *following, &sources))?;
        history.read_old(chain, (following, &sources))
    }

    fn measure(
        &self,
        memory: &mut Memory,
        chain: &dyn ChainRead,
        block: u32,
    ) -> Result<Figures, ChainError> {
        let governance = || self.governing.governance();
        let floor = match memory.floor {
            Some(floor) => floor,
            None => chain.query(governance().electorate_floor())?,
        };
        memory.floor = Some(floor);
        let guard: Option<GuardView> = chain.query(governance().guard())?;
        let treasury: Limits = chain.query(self.governing.treasury().limits())?;
        let docket = &memory.docket;
        let is_ready = |state: State| matches!(state, State::Ready(_));
        let ready = docket.present().filter(|it| is_ready(it.state)).count();
        Ok(Figures {
            proposals: docket.counts(),
            open: docket.figures(block, floor, MOST_SERIES),
            ready: u32::try_from(ready).unwrap_or(u32::MAX),
            guard_until: guard.map(|it| it.until),
            treasury,
        })
    }

    /// Returns the recounts that are due among the accounts of this turn.
    fn recounts(
        &self,
        memory: &mut Memory,
        turn: &mut Turn<'_>,
        block: u32,
    ) -> Result<Vec<Planned>, ChainError> {
        let snapshots = memory.docket.snapshots();
        let mut pages = memory.following.pages(block).into_iter();
        let mut planned = Vec::new();
        while let Some((id, page)) = pages.next() {
            let Some(snapshot) = snapshots.get(&id) else {
                continue;
            };
            match self.stale(memory, &*turn.chain, (id, *snapshot), &page) {
                Ok(accounts) if accounts.is_empty() => {}
                Ok(accounts) => {
                    let message: Message<Result<(), GovernanceError>> = self
                        .governing
                        .governance()
                        .recount(id, accounts.clone())
                        .into();
                    planned.push(Planned {
                        call: message.into(),
                        task: Task::Recount { id, accounts },
                    });
                }
                Err(problem) => {
                    let is_trouble = problem.trouble().is_some();
                    if is_trouble {
                        memory.following.put_back(id, page);
                        for (id, page) in pages.by_ref() {
                            memory.following.put_back(id, page);
                        }
                        for Planned { task, .. } in planned.drain(..) {
                            if let Task::Recount { id, accounts } = task {
                                memory.following.put_back(id, accounts);
                            }
                        }
                    }
                    report_general(turn.listener, problem)?;
                }
            }
        }
        Ok(planned)
    }

    /// Returns the accounts of `page` whose recount changes the votes on proposal `id`.
    fn stale(
        &self,
        memory: &mut Memory,
        chain: &dyn ChainRead,
        (id, snapshot): (u32, u32),
        page: &[AccountId],
    ) -> Result<Vec<AccountId>, RoleError> {
        let message = self.contracts.staking().standings(page.to_vec(), snapshot);
        let answer: Result<Result<(Vec<Standing>, Rao), StakingError>, _> = chain.query(message);
        let (standings, _) = answer
            .answer()
            .map_err(RoleError::refused("Staking::standings"))?;
        let proxies = standings.iter().filter_map(proxy);
        let wanted: BTreeSet<AccountId> = page.iter().copied().chain(proxies).collect();
        let messages = wanted
            .iter()
            .map(|account| self.governing.governance().ballot(id, *account));
        let ballots: Vec<Option<Ballot>> = query_all(chain, messages)?;
        let ballots: BTreeMap<AccountId, Option<Ballot>> =
            wanted.iter().copied().zip(ballots).collect();
        let ballot = |account: &AccountId| ballots.get(account).and_then(Option::as_ref);
        let mut stale = Vec::new();
        for (account, standing) in page.iter().zip(&standings) {
            let proxy = proxy(standing);
            if let Some(proxy) = proxy {
                memory.following.add_person(proxy, *account);
            }
            let theirs = proxy.as_ref().and_then(ballot);
            let has_proxy_voted = theirs.is_some_and(|it| it.choice.is_some());
            if is_stale(standing, ballot(account), has_proxy_voted)
                && !memory.following.was_counted(id, account)
            {
                stale.push(*account);
            }
        }
        Ok(stale)
    }

    /// Returns the steps of proposals that a dry run accepts.
    fn steps(
        &self,
        memory: &mut Memory,
        chain: &dyn ChainRead,
        block: u32,
    ) -> Result<Vec<Planned>, ChainError> {
        let wanted = memory.docket.steps();
        let is_wanted = |id, step| wanted.contains(&(id, step));
        memory.attempts.retain(is_wanted);
        let mut planned = Vec::new();
        for (id, step) in wanted {
            if planned.len() >= GROUP {
                break;
            }
            if !memory.attempts.is_due(id, step, block) {
                continue;
            }
            let call = self.call(id, step);
            let output = chain.read(self.account, call.to, &call.input);
            let receipt = output.map(|output| Receipt {
                output,
                events: Vec::new(),
                cost: Default::default(),
            });
            match answer(step, receipt) {
                Ok(_) => planned.push(Planned {
                    call,
                    task: Task::Step { id, step },
                }),
                Err(CallError::Chain(trouble)) if trouble.is_of_the_connection() => {
                    return Err(trouble);
                }
                Err(error) => fail(memory, (id, step), block, error),
            }
        }
        Ok(planned)
    }

    fn call(&self, id: u32, step: Step) -> Call {
        let mut governance = self.governing.governance();
        match step {
            Step::Execute => encoded(governance.execute(id)),
            Step::Close => encoded(governance.close(id)),
            Step::Forfeit => encoded(governance.forfeit(id)),
        }
    }

    /// Sends messages. Returns true if one was carried out.
    fn send(
        &self,
        memory: &mut Memory,
        turn: &mut Turn<'_>,
        block: u32,
        planned: Vec<Planned>,
    ) -> Result<bool, ChainError> {
        if planned.is_empty() {
            return Ok(false);
        }
        let calls: Vec<Call> = planned.iter().map(|it| it.call.clone()).collect();
        let receipts = turn.chain.submit_many(self.account, &calls);
        let (mut moved, mut trouble) = (false, None);
        for (sent, receipt) in planned.into_iter().zip(receipts) {
            let outcome = match sent.task {
                Task::Recount { id, accounts } => recounted(memory, block, id, accounts, receipt),
                Task::Step { id, step } => stepped(memory, block, (id, step), receipt),
            };
            match outcome {
                Ok(Some(action)) => {
                    moved = true;
                    turn.listener.took(action);
                }
                Ok(None) => {}
                Err(problem) => {
                    if let Err(error) = report_general(turn.listener, problem) {
                        trouble.get_or_insert(error);
                    }
                }
            }
        }
        trouble.map_or(Ok(moved), Err)
    }
}

impl Role for Clerk {
    fn turn(&self, turn: &mut Turn<'_>) -> Result<bool, ChainError> {
        let mut memory = self.memory.borrow_mut();
        let block = turn.chain.block()?;
        let has_more = self.read(&mut memory, turn, block)?;
        let recounts = self.recounts(&mut memory, turn, block)?;
        let has_recounted = self.send(&mut memory, turn, block, recounts)?;
        let steps = self.steps(&mut memory, &*turn.chain, block)?;
        let has_stepped = self.send(&mut memory, turn, block, steps)?;
        let proposals = memory.attempts.unexecuted();
        if !proposals.is_empty() {
            report_general(turn.listener, RoleError::NotExecuted { proposals })?;
        }
        // Last, so that nothing waits for it.
        let figures = self.measure(&mut memory, &*turn.chain, block)?;
        turn.listener.measured(figures);
        Ok(has_more || has_recounted || has_stepped)
    }
}

fn encoded<R>(message: impl Into<Message<R>>) -> Call {
    let message: Message<R> = message.into();
    message.into()
}

/// Returns the amount that the step has paid, if the contract has taken it.
fn answer(
    step: Step,
    receipt: Result<Receipt, ChainError>,
) -> Result<Rao, CallError<GovernanceError>> {
    if step == Step::Forfeit {
        let sent = receipt.and_then(Sent::<Result<Rao, GovernanceError>>::of);
        return sent.answer().map(|sent| sent.value);
    }
    let sent = receipt.and_then(Sent::<Result<(), GovernanceError>>::of);
    sent.answer().map(|_| Rao::ZERO)
}

/// Records a step that was refused: it is tried again later, unless it will always be refused.
fn fail(
    memory: &mut Memory,
    (id, step): (u32, Step),
    block: u32,
    error: CallError<GovernanceError>,
) {
    match error {
        CallError::Refused(GovernanceError::NotForfeited) => memory.docket.settle(id),
        CallError::Refused(error) => memory.attempts.fail(id, step, block, error.text()),
        CallError::Chain(error) => memory.attempts.fail(id, step, block, error.to_string()),
    }
}

/// Returns true for the refusal of a step that another account has taken before.
const fn is_overtaken(error: &GovernanceError) -> bool {
    matches!(
        error,
        GovernanceError::UnknownProposal(_)
            | GovernanceError::NotReady
            | GovernanceError::NotVoting
            | GovernanceError::NotRejectable
            | GovernanceError::NotForfeited
    )
}

/// Returns the outcome of a recount that was sent.
fn recounted(
    memory: &mut Memory,
    block: u32,
    id: u32,
    accounts: Vec<AccountId>,
    receipt: Result<Receipt, ChainError>,
) -> Result<Option<Action>, RoleError> {
    let sent = receipt.and_then(Sent::<Result<(), GovernanceError>>::of);
    match sent.answer() {
        Ok(_) => {
            memory.following.count(id, &accounts, block);
            let accounts = u16::try_from(accounts.len()).unwrap_or(u16::MAX);
            Ok(Some(Action::Recounted { id, accounts }))
        }
        Err(CallError::Refused(error)) if is_overtaken(&error) => {
            debug!(proposal = id, error = error.text(), "the votes are over");
            Ok(None)
        }
        Err(error) => {
            match &error {
                CallError::Chain(it) if it.is_of_the_connection() => {
                    memory.following.put_back(id, accounts);
                }
                // A dry run, or a refusal: the next round finds these accounts again.
                _ => memory.following.count(id, &accounts, block),
            }
            Err(RoleError::refused("Governance::recount")(error))
        }
    }
}

/// Returns the outcome of another step that was sent.
fn stepped(
    memory: &mut Memory,
    block: u32,
    (id, step): (u32, Step),
    receipt: Result<Receipt, ChainError>,
) -> Result<Option<Action>, RoleError> {
    match answer(step, receipt) {
        Ok(amount) => {
            memory.attempts.succeed(id, step);
            Ok(Some(match step {
                Step::Execute => Action::Executed { id },
                Step::Close => Action::EndedEarly { id },
                Step::Forfeit => Action::Forfeited { id, amount },
            }))
        }
        Err(CallError::Refused(error)) if is_overtaken(&error) => {
            debug!(
                proposal = id,
                error = error.text(),
                "another account was first"
            );
            Ok(None)
        }
        Err(CallError::Chain(error))
            if error.is_of_the_connection() || matches!(error, ChainError::NotSent(_)) =>
        {
            Err(error.into())
        }
        Err(error) => {
            fail(memory, (id, step), block, error);
            Ok(None)
        }
    }
}
