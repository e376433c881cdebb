//! The end of an epoch: it becomes final, and its chunks are paid.

use super::{groups::settlement_calls, Keeper, GROUP};
use crate::{
    epochs::{ComputedEpoch, Sharing},
    history::EpochHistory,
    roles::{
        stakes::is_too_large,
        standing::StandingAssertion,
        turn::{Due, Look, Remedy, Step},
        Action, RoleError, Turn,
    },
};
use inktensor_client::chain::{CallError, ChainError, Sent};
use inktensor_compute::epoch::first_difference;
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, Epochs, FinalChunk, Settled},
    kernel::NeuronResult,
    NetUid, Rao,
};

/// A call with chunks.
#[derive(Clone, Copy)]
struct Paying {
    netuid: NetUid,
    epoch: u32,
    /// True if the call also makes the epoch final.
    finalizes: bool,
    /// The first of the chunks.
    first: u16,
    /// Number of chunks.
    chunks: u16,
    /// Most neurons of a chunk alone.
    most: u16,
    sharing: Sharing,
}

impl Paying {
    /// Describes a call of `settle` with `chunks` of an epoch.
    fn of(turn: &Turn<'_>, (netuid, epoch): (NetUid, u32), chunks: &[FinalChunk]) -> Self {
        Self {
            netuid,
            epoch,
            finalizes: false,
            first: chunks.first().map_or(0, |it| it.chunk),
            chunks: u16::try_from(chunks.len()).unwrap_or(u16::MAX),
            most: turn.epochs.paid_at_once(netuid, epoch),
            sharing: turn.epochs.sharing(netuid, epoch),
        }
    }

    const fn name(&self) -> &'static str {
        if self.finalizes {
            "Epochs::finalize_and_settle"
        } else {
            "Epochs::settle"
        }
    }

    /// Returns the steps that the call took.
    fn actions(&self, sent: &Sent<Rao>) -> Vec<Action> {
        let Self {
            netuid,
            epoch,
            finalizes,
            first,
            ..
        } = *self;
        // Another account may have settled some of them first.
        let settled = sent.events_of::<Settled>();
        let settled = Action::Settled {
            netuid,
            epoch,
            chunk: settled.first().map_or(first, |it| it.chunk),
            chunks: u16::try_from(settled.len()).unwrap_or(u16::MAX),
            paid: sent.value,
        };
        let finalized = finalizes.then_some(Action::Finalized { netuid, epoch });
        finalized.into_iter().chain([settled]).collect()
    }

    /// Returns true if another account has done what the call was to do.
    fn is_overtaken(&self, error: &EpochError) -> bool {
        match error {
            EpochError::AlreadySettled | EpochError::NotSettling | EpochError::NoWholeChunk => true,
            error => self.finalizes && is_final(error),
        }
    }

    /// Returns the outcome of the call.
    fn read(self, answer: Result<Sent<Rao>, CallError<EpochError>>) -> Result<Step, RoleError> {
        let Self {
            epoch,
            most,
            sharing,
            chunks,
            ..
        } = self;
        let error = match answer {
            Ok(sent) => return Ok(Step::Took(self.actions(&sent))),
            Err(error) => error,
        };
        let is_shared = self.chunks > 1 || self.finalizes;
        let is_overtaken = matches!(&error, CallError::Refused(error) if self.is_overtaken(error));
        // Whatever stops a call of several parts may stop one of them alone.
        let is_reducible =
            is_too_large(&error) || (is_shared && !is_overtaken && !is_unsent(&error));
        let problem = RoleError::refused(self.name())(error);
        if is_reducible {
            let remedy = if is_shared {
                Remedy::ShareLess {
                    epoch,
                    sharing,
                    chunks,
                }
            } else {
                Remedy::PayFewer { epoch, most }
            };
            Ok(Step::Reducible { remedy, problem })
        } else if is_overtaken {
            Ok(Step::Overtaken(problem))
        } else {
            Err(problem)
        }
    }
}

/// Returns true if the reason is the connection to the chain, or a worker that stops.
fn is_unsent(error: &CallError<EpochError>) -> bool {
    match error {
        CallError::Chain(error) => {
            error.is_of_the_connection() || matches!(error, ChainError::NotSent(_))
        }
        CallError::Refused(_) => false,
    }
}

/// Returns true if another account has made the epoch final, or another assertion stands by now.
const fn is_final(error: &EpochError) -> bool {
    matches!(
        error,
        EpochError::NotAsserted | EpochError::AssertionMismatch | EpochError::ChallengePeriod(_)
    )
}

/// Returns true if the first of the chunks has dividends.
fn has_dividends(chunks: &[FinalChunk]) -> bool {
    let first = chunks.first().map(|it| it.results.as_slice());
    let first = first.unwrap_or_default();
    first.iter().any(|it| !it.validator.is_zero())
}

fn final_chunks(
    results: Vec<Vec<NeuronResult>>,
    memory: Vec<Vec<u8>>,
) -> impl Iterator<Item = FinalChunk> {
    let outcomes = (0..).zip(results.into_iter().zip(memory));
    outcomes.map(|(chunk, (results, memory))| FinalChunk {
        chunk,
        results,
        memory,
    })
}

impl Keeper {
    /// Makes the epoch of `posted` final, and settles its first chunks by the same call. Returns
    /// nothing if the next epoch has closed in the meantime.
    pub(super) fn finalize(
        &self,
        turn: &mut Turn<'_>,
        posted: &StandingAssertion,
    ) -> Result<Option<Due>, RoleError> {
        let netuid = posted.netuid;
        let computed = turn.epochs.closed(turn.chain, netuid)?;
        let header = &computed.inputs.header;
        let epoch = header.epoch;
        if epoch != posted.epoch {
            return Ok(None);
        }
        if computed.assertion.digest() != posted.digest {
            let from = posted.posted_at(turn.chain, &self.contracts)?;
            let history = EpochHistory::read(turn.chain, &self.contracts, (netuid, epoch), from)?;
            let difference = history.assertion(&posted.digest).and_then(|posted| {
                let plan = &computed.trace.plan;
                first_difference(plan, header.neurons, &computed.assertion, posted)
            });
            return Err(RoleError::Disagreement {
                netuid,
                epoch,
                difference,
            });
        }
        let ComputedEpoch {
            assertion, trace, ..
        } = computed.as_ref();
        let assertion = assertion.clone();
        let sharing = turn.epochs.sharing(netuid, epoch);
        let calls = if sharing.is_any() {
            let finals = final_chunks(trace.results.clone(), trace.memory.clone());
            settlement_calls(None, finals, sharing)
        } else {
            Vec::new()
        };
        // A chunk with dividends comes first where it may share the call.
        let fits = |call: &Vec<FinalChunk>| sharing.with_dividends || !has_dividends(call);
        let mut contract = self.contracts.epoch();
        let Some(call) = calls.into_iter().find(fits) else {
            let message = contract.finalize(netuid, assertion);
            let action = move |_: Sent<()>| Action::Finalized { netuid, epoch };
            return Ok(Some(Due::step(
                "Epochs::finalize",
                message,
                action,
                is_final,
            )));
        };
        let paying = Paying {
            finalizes: true,
            ..Paying::of(turn, (netuid, epoch), &call)
        };
        let most = paying.most;
        let message = contract.finalize_and_settle(netuid, epoch, assertion, call, most);
        Ok(Some(Due::new(message, move |answer| paying.read(answer))))
    }

    /// Settles the next chunks, as many as a turn sends together.
    pub(super) fn settle(
        &self,
        turn: &Turn<'_>,
        netuid: NetUid,
        status: &EpochStatus,
    ) -> Result<Look, RoleError> {
        let Some(settling) = &status.settling else {
            return Ok(Look::NOTHING);
        };
        let (epoch, chunks) = (settling.epoch, settling.chunks());
        let results = turn.epochs.results(turn.chain, netuid, epoch)?;
        let memory = turn
            .epochs
            .final_memory(turn.chain, netuid, epoch, chunks)?;
        let finals = final_chunks(results, memory).take(chunks.into());
        let sharing = turn.epochs.sharing(netuid, epoch);
        let due: Vec<Due> = settlement_calls(Some(settling), finals, sharing)
            .into_iter()
            .take(GROUP)
            .map(|call| {
                let paying = Paying::of(turn, (netuid, epoch), &call);
                let mut contract = self.contracts.epoch();
                let message = contract.settle(netuid, epoch, call, paying.most);
                Due::new(message, move |answer| paying.read(answer))
            })
            .collect();
        if due.is_empty() {
            return Err(RoleError::ResultsUnknown { netuid, epoch });
        }
        Ok(Look::Due(due))
    }
}
