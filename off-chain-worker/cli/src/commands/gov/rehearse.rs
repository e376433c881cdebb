//! Rehearsals: the answer that each action of a proposal would have now, read from the contracts
//! as governance itself.

use super::objects::Object;
use crate::{error::Failure, network::Network, output::format::tao};
use inktensor_client::{
    chain::{ChainError, ContractError, Message, Typed},
    deploy::Governing,
};
use inktensor_primitives::{
    governance::{Action, RawCall},
    hash::hex,
    registry::{AnnouncedRules, NetworkRules, Registry, RegistryError},
    treasury::{Limits, Treasury, TreasuryError},
    Rao,
};
use scale::Decode;
use serde::Serialize;

/// Most bytes that are shown of the answer to a raw call.
const SHOWN_BYTES: usize = 16;

/// The answer that an action would have now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "snake_case")]
pub enum Rehearsal {
    /// The contract would carry it out.
    Works,
    /// The execution would leave it out: what it stops has ended, or is another one.
    Skipped,
    /// The action concerns governance alone, which checks it when it is proposed.
    Inside,
    /// The contract would refuse it now, and may accept it later.
    NotNow(String),
    /// The contract would refuse it, as long as nothing else changes.
    Refused(String),
    /// The chain does not carry out the rehearsal.
    Unknown(String),
}

impl Rehearsal {
    /// Returns the outcome as text.
    pub fn text(&self) -> String {
        match self {
            Self::Works => "would be carried out now".into(),
            Self::Skipped => "would be skipped: its object has ended".into(),
            Self::Inside => "governance itself carries it out".into(),
            Self::NotNow(reason) => format!("would be refused now: {reason}"),
            Self::Refused(reason) => format!("would be refused: {reason}"),
            Self::Unknown(reason) => format!("cannot be rehearsed: {reason}"),
        }
    }
}

/// Returns the answers that these actions would have now, each alone; changes of rules together,
/// as they are executed. `noted` has the numbers of the objects that the actions of a proposal
/// stop. It is absent for a proposal that is not made yet.
///
/// # Errors
/// If the chain does not answer.
pub fn all(
    network: &Network,
    at: Governing,
    actions: &[Action],
    noted: Option<&[u32]>,
) -> Result<Vec<Rehearsal>, Failure> {
    let spends = actions.iter().map(|it| it.spends().to_u128()).sum::<u128>();
    let rules = rules(network, at, actions)?;
    let mut answers = Vec::new();
    for (place, action) in actions.iter().enumerate() {
        let object = Object::of(network, at, action)?;
        let noted = noted.and_then(|all| all.get(place)).copied();
        answers.push(match (ended(object, action, noted, spends > 0), action) {
            (Some(ended), _) => ended,
            (None, Action::ChangeRule(_)) => rules.clone().unwrap_or(Rehearsal::Inside),
            (None, _) => one(network, at, action)?,
        });
    }
    // Each payment may be within the limit while all of them are not.
    let limits: Limits = network.query(at.treasury().limits())?;
    if spends > limits.left.to_u128() {
        let reason = format!(
            "the payments are {} TAO together, and the treasury may pay {} TAO now, a tenth of \
             its free TAO in 30 days; pay less, or wait",
            tao(Rao(u64::try_from(spends).unwrap_or(u64::MAX))),
            tao(limits.left)
        );
        for (answer, action) in answers.iter_mut().zip(actions) {
            if *answer == Rehearsal::Works && !action.spends().is_zero() {
                *answer = Rehearsal::NotNow(reason.clone());
            }
        }
    }
    Ok(answers)
}

/// Returns the answer of an action whose object has ended, or is another one than was noted. No
/// proposal is made of an action without its object.
fn ended(
    object: Object,
    action: &Action,
    noted: Option<u32>,
    is_spending: bool,
) -> Option<Rehearsal> {
    match (noted, object) {
        (None, Object::Gone) => {
            let reason = "what it stops is not there, or has ended";
            Some(Rehearsal::Refused(reason.into()))
        }
        (Some(noted), object) if !object.is_still(action, noted) => Some(match action {
            Action::Revoke(id) if is_spending => Rehearsal::Refused(format!(
                "grant {id} has ended, and a proposal that spends is not executed without its end"
            )),
            _ => Rehearsal::Skipped,
        }),
        _ => None,
    }
}

/// Returns the answer of all changes of rules together; nothing without one.
fn rules(
    network: &Network,
    at: Governing,
    actions: &[Action],
) -> Result<Option<Rehearsal>, Failure> {
    let changes = actions.iter().filter_map(|action| match action {
        Action::ChangeRule(rule) => Some(*rule),
        _ => None,
    });
    let mut changes = changes.peekable();
    if changes.peek().is_none() {
        return Ok(None);
    }
    let registry = || network.contracts().registry();
    let announced: Option<AnnouncedRules> = network.query(registry().announced_rules())?;
    let rules: NetworkRules = match announced {
        Some(announced) => announced.rules,
        None => network.query(registry().network_rules())?,
    };
    let rules = changes.fold(rules, |rules, change| change.applied_to(rules));
    let asks = Asks { network, at };
    asks.registry(registry().set_network_rules(rules)).map(Some)
}

fn one(network: &Network, at: Governing, action: &Action) -> Result<Rehearsal, Failure> {
    let registry = || network.contracts().registry();
    let treasury = || at.treasury();
    let asks = Asks { network, at };
    match action {
        Action::SetHyperparameter(netuid, value) => {
            asks.registry(registry().set_hyperparameter(*netuid, value.clone()))
        }
        Action::AllowKernel {
            kernel,
            code_hash,
            defaults,
        } => asks.registry(registry().allow_kernel(*kernel, *code_hash, defaults.clone())),
        Action::RetireKernel(kernel) | Action::WithdrawKernel(kernel) => {
            asks.registry(registry().retire_kernel(*kernel))
        }
        Action::Pay { to, amount } => asks.treasury(treasury().pay(*to, *amount)),
        Action::OpenStream(stream) => asks.treasury(treasury().open_stream(*stream)),
        Action::OpenBudget(budget) => asks.treasury(treasury().open_budget(*budget)),
        Action::Revoke(id) => asks.treasury(treasury().revoke(*id)),
        Action::Rescue { token, to, amount } => {
            asks.treasury(treasury().rescue(*token, *to, *amount))
        }
        Action::OfferRoles(to) => match asks.registry(registry().offer_admin(Some(*to)))? {
            Rehearsal::Works => asks.treasury(treasury().offer_owner(Some(*to))),
            other => Ok(other),
        },
        Action::WithdrawOffers => match asks.registry(registry().offer_admin(None))? {
            Rehearsal::Works => asks.treasury(treasury().offer_owner(None)),
            other => Ok(other),
        },
        Action::CloseDown(to) => asks.registry(registry().close_down(*to)),
        Action::CancelCloseDown => asks.registry(registry().cancel_close_down()),
        Action::CancelRules => asks.registry(registry().cancel_network_rules()),
        Action::LiftBrake => asks.registry(registry().brake(network.block()?)),
        Action::Raw(call) => asks.raw(call),
        Action::ChangeRule(_)
        | Action::SetTrack(..)
        | Action::SetGuard(_)
        | Action::Cancel(_)
        | Action::DismissGuard => Ok(Rehearsal::Inside),
    }
}

/// Reads messages as governance.
struct Asks<'a> {
    network: &'a Network,
    at: Governing,
}

impl Asks<'_> {
    fn registry<T: Decode>(
        &self,
        message: impl Into<Message<Result<T, RegistryError>>>,
    ) -> Result<Rehearsal, Failure> {
        self.ask(message, |error| {
            matches!(
                error,
                RegistryError::TooSoon(_)
                    | RegistryError::Cooldown(_)
                    | RegistryError::Announced(_)
                    | RegistryError::NothingAnnounced
            )
        })
    }

    fn treasury<T: Decode>(
        &self,
        message: impl Into<Message<Result<T, TreasuryError>>>,
    ) -> Result<Rehearsal, Failure> {
        self.ask(message, |error| {
            matches!(
                error,
                TreasuryError::AboveLimit { .. } | TreasuryError::Payment(_)
            )
        })
    }

    fn ask<T: Decode, E: Decode + ContractError>(
        &self,
        message: impl Into<Message<Result<T, E>>>,
        may_pass: impl Fn(&E) -> bool,
    ) -> Result<Rehearsal, Failure> {
        match self.network.chain().query_as(self.at.governance, message) {
            Ok(Ok(_)) => Ok(Rehearsal::Works),
            Ok(Err(error)) if may_pass(&error) => Ok(Rehearsal::NotNow(error.text())),
            Ok(Err(error)) => Ok(Rehearsal::Refused(error.text())),
            Err(error) => self.unanswered(error),
        }
    }

    /// Runs a call of another contract, without its limits of gas and deposit.
    fn raw(&self, call: &RawCall) -> Result<Rehearsal, Failure> {
        let input = [&call.selector[..], &call.input].concat();
        let chain = self.network.chain();
        let code = chain.code_hash(&call.target);
        match code.map_err(|error| self.network.failed(error))? {
            Some(code) if code == call.code_hash => {}
            Some(code) => {
                let reason = format!("the code of the contract is {} now", hex(&code));
                return Ok(Rehearsal::Refused(reason));
            }
            None => return Ok(Rehearsal::Refused("there is no contract any more".into())),
        }
        match chain.read(self.at.governance, call.target, &input) {
            Ok(answer) => Ok(answered(&answer)),
            // Its answer was not seen, and may be a failure.
            Err(ChainError::Runtime(reason)) if is_of_the_deposit(&reason) => {
                Ok(Rehearsal::Unknown(
                    "the call stores something, which a rehearsal cannot pay for".into(),
                ))
            }
            Err(error) => self.unanswered(error),
        }
    }

    /// Returns the outcome of a message that the chain does not carry out.
    fn unanswered(&self, error: ChainError) -> Result<Rehearsal, Failure> {
        Ok(match error {
            // A chain takes the deposit for storage last, and only for what a contract has carried
            // out. Governance has no coin for it; the account that executes pays it.
            ChainError::Runtime(reason) if is_of_the_deposit(&reason) => Rehearsal::Works,
            ChainError::Runtime(_) | ChainError::Trapped | ChainError::OutOfGas => {
                Rehearsal::Unknown(error.to_string())
            }
            error => return Err(self.network.failed(error)),
        })
    }
}

/// Returns the outcome of a raw call with this answer, as governance judges it: a byte of the
/// contract's dispatch comes first, and a zero byte after it is success.
fn answered(answer: &[u8]) -> Rehearsal {
    match answer {
        [0] | [0, 0, ..] => Rehearsal::Works,
        [0, error @ ..] => Rehearsal::NotNow(format!(
            "the contract answers {}{}, which does not begin with a zero byte and so is a failure",
            hex(error.get(..SHOWN_BYTES).unwrap_or(error)),
            if error.len() > SHOWN_BYTES { "..." } else { "" }
        )),
        [_, ..] => Rehearsal::Refused(
            "the contract has no message with this selector, or not with these arguments".into(),
        ),
        [] => {
            Rehearsal::Refused("the contract answers nothing, which no ink! contract does".into())
        }
    }
}

/// Returns true if a node's refusal is that the caller cannot pay the deposit for storage.
fn is_of_the_deposit(reason: &str) -> bool {
    reason == "StorageDepositLimitExhausted" || reason.contains("deposit for storage")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_action_is_skipped_unless_its_end_pays() {
        let revoke = Action::Revoke(3);
        let stale = |is_spending| ended(Object::Gone, &revoke, Some(3), is_spending);
        assert_eq!(stale(false), Some(Rehearsal::Skipped));
        assert!(matches!(stale(true), Some(Rehearsal::Refused(_))));
        assert_eq!(ended(Object::Is(3), &revoke, Some(3), true), None);
        let dismiss = Action::DismissGuard;
        let other = ended(Object::Is(2), &dismiss, Some(1), false);
        assert_eq!(other, Some(Rehearsal::Skipped));
        // Before a proposal is made, no object is noted.
        assert_eq!(ended(Object::Is(2), &dismiss, None, false), None);
        let refused = ended(Object::Gone, &dismiss, None, false);
        assert!(matches!(refused, Some(Rehearsal::Refused(_))));
    }

    #[test]
    fn an_answer_to_a_raw_call_is_judged_as_governance_does() {
        for answer in [&[0][..], &[0, 0], &[0, 0, 9]] {
            assert_eq!(answered(answer), Rehearsal::Works);
        }
        let failure = answered(&[0, 1, 5]);
        let Rehearsal::NotNow(reason) = &failure else {
            panic!("{failure:?}");
        };
        assert!(reason.contains("answers 0x0105,"), "{reason}");
        assert!(matches!(answered(&[1, 1]), Rehearsal::Refused(_)));
        assert!(matches!(answered(&[]), Rehearsal::Refused(_)));
    }
}
