//! The watcher: computes every closed epoch again, and disputes false assertions. It needs no
//! collateral.
//!
//! An assertion that the watcher could not judge, for whatever reason, is one kind of problem:
//! `unchecked`. The chain may refuse a dispute because the step is right. Then what the watcher has
//! computed is wrong: it drops that, reads the epoch again, and reports `doubted`.
//!
//! On several nodes, the chain is what enough of them agree on. An assertion that one of them alone
//! shows is judged too, and disputed if it is false: the others may hide it.

use super::{
    stakes::is_too_large,
    standing::{standing, StandingAssertion},
    turn::{self, Due, Look, Remedy, Step},
    Action, Role, RoleError, SubnetStatus, Subnets, TickReport, Turn,
};
use crate::{epochs::EpochCache, history::EpochHistory};
use inktensor_client::{
    chain::{CallError, Chain, ChainError, ChainRead, ContractError, Sent},
    deploy::Addresses,
};
use inktensor_compute::epoch::first_difference;
use inktensor_primitives::{
    assertion::Assertion,
    dispute::{Disputed, StepProof},
    epoch::{EpochError, EpochStatus, Epochs},
    AccountId, Digest, NetUid, Rao,
};
use std::{collections::BTreeSet, rc::Rc};
use tracing::debug;

/// The watcher role.
#[derive(Clone, Copy, Debug)]
pub struct Watcher {
    account: AccountId,
    contracts: Addresses,
}

/// The judgment of an assertion.
enum Judgment {
    /// It is what this worker computes.
    True,
    /// It is false at step `k`.
    False { k: u32, proof: Box<StepProof> },
    /// It stands no longer: the next epoch has closed.
    Over,
}

impl Watcher {
    /// Creates a watcher that signs, and is rewarded, as `account` on the deployment at
    /// `contracts`.
    pub const fn new(account: AccountId, contracts: Addresses) -> Self {
        Self { account, contracts }
    }

    /// Checks every assertion that stands, on all subnets, and disputes each false one at its first
    /// false step. Assertions of one epoch stand side by side, and at most one is correct.
    ///
    /// An assertion that cannot be checked is a problem in the report: another watcher has to check
    /// it.
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

    /// Checks the assertions of a subnet, and one of those that single nodes show. Returns the
    /// disputes that are due.
    fn look(
        &self,
        turn: &mut Turn<'_>,
        block: u32,
        (netuid, status): (NetUid, &EpochStatus),
        shown: &[Shown],
    ) -> Result<Look, RoleError> {
        let (mut due, mut blocks_left) = (Vec::new(), None);
        let shown = shown.iter().find(|shown| shown.posted.netuid == netuid);
        if let Some(shown) = shown.filter(|_| turn.epochs.judges_shown(netuid, block)) {
            match self.judge_shown(turn, shown) {
                Ok(Some((k, proof))) => due.push(self.dispute(&shown.posted, k, proof)),
                Ok(None) => {}
                // A node alone can make up what cannot be judged.
                Err(reason) => debug!(netuid = netuid.0, %reason, "a node shows an assertion"),
            }
        }
        for posted in standing(netuid, status) {
            match self.judge(turn, &posted, block) {
                Ok(Judgment::True) => {
                    if let Err(problem) = remember(turn, &posted) {
                        turn::report(turn.listener, netuid, problem)?;
                    }
                }
                Ok(Judgment::False { k, proof }) => due.push(self.dispute(&posted, k, *proof)),
                Ok(Judgment::Over) => {}
                // Nothing is known about an assertion that a stopping worker did not look at.
                Err(RoleError::Chain(ChainError::NotSent(_))) => {}
                Err(problem) => {
                    let left = posted.deadline.saturating_sub(block);
                    blocks_left = blocks_left.or(Some(left));
                    let problem = unchecked(&posted, problem);
                    turn::report(turn.listener, netuid, problem)?;
                }
            }
        }
        // A dispute that is due is not carried out yet.
        if due.is_empty() {
            turn.listener.unchecked(netuid, blocks_left);
        }
        Ok(Look::Due(due))
    }

    /// Computes the epoch and compares.
    fn judge(
        &self,
        turn: &mut Turn<'_>,
        posted: &StandingAssertion,
        block: u32,
    ) -> Result<Judgment, RoleError> {
        let netuid = posted.netuid;
        let (chain, epochs) = (&*turn.chain, &mut *turn.epochs);
        if let Some(doubt) = epochs.doubt(netuid, &posted.digest, block) {
            return Err(doubt);
        }
        match epochs.closed(chain, netuid) {
            Ok(computed) if computed.assertion.digest() == posted.digest => {
                return Ok(Judgment::True);
            }
            Ok(computed) if computed.trace.epoch != posted.epoch => return Ok(Judgment::Over),
            Ok(_) => {}
            // The steps before the failure are known, and the assertion may be false there.
            Err(_) if epochs.is_partly_known(netuid) => {}
            Err(error) => return Err(error),
        }
        let claimed = self.read(chain, posted)?;
        let claimed = claimed.ok_or(RoleError::AssertionUnknown { netuid })?;
        match epochs.refute(chain, netuid, &claimed)? {
            Some((k, proof)) if chain.block()? < posted.deadline => {
                let proof = Box::new(proof);
                Ok(Judgment::False { k, proof })
            }
            _ => Err(disagreement(chain, epochs, netuid, &claimed)?),
        }
    }

    /// Returns the first false step of an assertion that a single node shows, with the proof.
    fn judge_shown(
        &self,
        turn: &mut Turn<'_>,
        shown: &Shown,
    ) -> Result<Option<(u32, StepProof)>, RoleError> {
        let Shown { view, posted } = shown;
        let netuid = posted.netuid;
        let (chain, view): (&dyn ChainRead, &dyn ChainRead) = (turn.chain, view.as_ref());
        let about = (netuid, posted.epoch);
        let computed = turn.epochs.closed_as_shown(chain, view, about)?;
        if computed.assertion.digest() == posted.digest {
            return Ok(None);
        }
        let claimed = self.read(view, posted)?;
        let claimed = claimed.ok_or(RoleError::AssertionUnknown { netuid })?;
        Ok(computed.trace.refute(&computed.inputs, &claimed))
    }

    fn dispute(&self, posted: &StandingAssertion, step: u32, proof: StepProof) -> Due {
        let StandingAssertion {
            netuid,
            epoch,
            digest,
            ..
        } = *posted;
        let message = self.contracts.epoch().dispute(netuid, step, proof);
        Due::new(message, move |answer| {
            let doubted = |error: &EpochError| RoleError::Doubted {
                netuid,
                epoch,
                step,
                assertion: digest,
                reason: error.text(),
            };
            let answer = match answer {
                // The chain's result is what was posted. Then what is known here may be wrong.
                Err(CallError::Refused(error @ EpochError::StepIsCorrect)) => {
                    return Err(doubted(&error))
                }
                Err(error) if is_too_large(&error) => {
                    let problem = match error {
                        // Or the chain cannot execute the step at all.
                        CallError::Refused(error @ EpochError::KernelFailed) => doubted(&error),
                        error => RoleError::refused("Epochs::dispute")(error),
                    };
                    let remedy = Remedy::StoreStakes { k: step };
                    return Ok(Step::Reducible { remedy, problem });
                }
                answer => answer,
            };
            let action = |sent: Sent<()>| {
                let disputed = sent.events_of::<Disputed>();
                Action::Disputed {
                    netuid,
                    epoch,
                    step,
                    reward: disputed.first().map_or(Rao::ZERO, |it| it.reward),
                }
            };
            turn::answered("Epochs::dispute", answer, action, |error| {
                // Another account disputed it first, or finalized it, or another assertion stands
                // by now.
                matches!(
                    error,
                    EpochError::NotAsserted
                        | EpochError::AssertionMismatch
                        | EpochError::ChallengeOver(_)
                )
            })
        })
    }

    fn read(
        &self,
        chain: &dyn ChainRead,
        wanted: &StandingAssertion,
    ) -> Result<Option<Assertion>, ChainError> {
        let epoch = (wanted.netuid, wanted.epoch);
        let from = wanted.posted_at(chain, &self.contracts)?;
        let history = EpochHistory::read(chain, &self.contracts, epoch, from)?;
        Ok(history.assertion(&wanted.digest).cloned())
    }
}

impl Role for Watcher {
    fn turn(&self, turn: &mut Turn<'_>) -> Result<bool, ChainError> {
        let mut statuses = turn.subnets.read(turn.chain)?;
        let block = turn.chain.block()?;
        let deadline = |netuid: NetUid, status: &EpochStatus| {
            standing(netuid, status)
                .first()
                .map(|posted| posted.deadline)
        };
        for (netuid, status) in &statuses {
            let standing = standing(*netuid, status);
            let unchecked = standing.iter().find(|posted| {
                let known = turn.epochs.computed(*netuid, posted.epoch);
                known.is_none_or(|known| known.assertion.digest() != posted.digest)
            });
            if let Some(posted) = unchecked {
                let left = posted.deadline.saturating_sub(block);
                turn.listener.unchecked(*netuid, Some(left));
            }
        }
        // The most urgent one first.
        statuses.sort_by_key(|(netuid, status)| deadline(*netuid, status).unwrap_or(u32::MAX));
        let shown = shown(turn, &statuses);
        turn::take(turn, self.account, statuses, |turn, netuid, status| {
            self.look(turn, block, (netuid, status), &shown)
        })
    }
}

/// An assertion that a single node shows.
struct Shown {
    view: Rc<dyn ChainRead>,
    posted: StandingAssertion,
}

/// Returns the assertions that single nodes show on these subnets, beyond those that the nodes
/// agree on. A node that does not answer shows none.
fn shown(turn: &Turn<'_>, statuses: &[SubnetStatus]) -> Vec<Shown> {
    let netuids: Vec<NetUid> = statuses.iter().map(|(netuid, _)| *netuid).collect();
    let agreed: BTreeSet<(NetUid, Digest)> = statuses
        .iter()
        .flat_map(|(netuid, status)| standing(*netuid, status))
        .map(|posted| (posted.netuid, posted.digest))
        .collect();
    let mut all = Vec::new();
    for view in turn.views {
        let seen = turn.subnets.statuses(view.as_ref(), netuids.clone());
        let posted = seen.into_iter().flatten();
        let posted = posted.flat_map(|(netuid, status)| standing(netuid, &status));
        let new = posted.filter(|it| !agreed.contains(&(it.netuid, it.digest)));
        all.extend(new.map(|posted| Shown {
            view: Rc::clone(view),
            posted,
        }));
    }
    all
}

/// Stores that this assertion was seen.
fn remember(turn: &Turn<'_>, posted: &StandingAssertion) -> Result<(), RoleError> {
    match turn.epochs.store() {
        Some(store) => Ok(store.put_posted(posted.netuid, posted.epoch, &posted.digest)?),
        None => Ok(()),
    }
}

/// Returns the problem of an assertion that could not be judged because of `problem`. An assertion
/// that is known to be false, and a doubt, are problems of their own.
fn unchecked(posted: &StandingAssertion, problem: RoleError) -> RoleError {
    match problem {
        RoleError::Disagreement { .. } | RoleError::Doubted { .. } => problem,
        reason => RoleError::Unchecked {
            netuid: posted.netuid,
            epoch: posted.epoch,
            deadline: posted.deadline,
            reason: Box::new(reason),
        },
    }
}

/// Returns the problem of a false assertion that cannot be disputed.
fn disagreement(
    chain: &dyn ChainRead,
    epochs: &mut EpochCache,
    netuid: NetUid,
    claimed: &Assertion,
) -> Result<RoleError, RoleError> {
    let computed = epochs.closed(chain, netuid)?;
    let header = &computed.inputs.header;
    let difference = first_difference(
        &computed.trace.plan,
        header.neurons,
        &computed.assertion,
        claimed,
    );
    Ok(RoleError::Disagreement {
        netuid,
        epoch: header.epoch,
        difference,
    })
}
