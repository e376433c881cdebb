//! Questions of users: asked of miners by a hotkey with a permit, and through a validator by any
//! other one.

mod receipt;
mod target;

pub use receipt::{AnswerReceipt, ReceiptError};
pub use target::{ask_target, miners, plain, validators, Target, Unanswered, BAD_QUESTION};

use crate::{
    clock,
    error::NeuronError,
    view::{neurons_at, SubnetView},
};
use inktensor_client::{
    chain::{ChainError, ChainRead},
    deploy::Addresses,
};
use inktensor_primitives::{Digest, NetUid, Uid};
use inktensor_wire::{home, AskError, Client, ClientLimits, Context, Hotkey, PathError};
use receipt::Answerer;
use std::{collections::BTreeMap, time::Duration};
use thiserror::Error;
use tokio::runtime::Runtime;

/// Most neurons that are asked one question, the best first.
pub const MOST_TRIES: usize = 3;

/// An error of a user's question.
#[derive(Debug, Error)]
pub enum UserError {
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The subnet does not exist.
    #[error("there is no subnet {0}; `inktensor subnet list` lists all")]
    NoSubnet(NetUid),
    /// No neuron can be asked.
    #[error(
        "no {0} of the subnet has an endpoint of this protocol; `inktensor serve list` lists \
         endpoints"
    )]
    Nowhere(&'static str),
    /// The question cannot be sent.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The path is malformed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No neuron has answered.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// A neuron refused the question as one that the task does not answer.
    #[error("uid {uid} refuses the question: {reason}", uid = uid.0)]
    BadQuestion {
        /// The uid of the neuron.
        uid: Uid,
        /// The neuron's text.
        reason: String,
    },
    /// The blobs are unusable.
    #[error(transparent)]
    Neuron(#[from] NeuronError),
}

impl UserError {
    /// Returns the error of a question that the neuron on `uid` has not answered.
    fn of(uid: Uid, unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::BadQuestion(reason) => Self::BadQuestion { uid, reason },
            other => Self::NoAnswer(format!("uid {}: {other}", uid.0)),
        }
    }
}

/// A user of a subnet.
pub struct Asker {
    client: Client,
    home: Digest,
    netuid: NetUid,
    epoch: u32,
    by: Option<u32>,
    /// True if miners are asked, and not validators.
    is_direct: bool,
    targets: Vec<Target>,
    /// The neurons that may have answered a validator, by uid.
    neurons: BTreeMap<Uid, Answerer>,
    /// True if the caller has checked by the model that the task answers its questions.
    knows_questions: bool,
}

impl Asker {
    /// Returns a user that asks as `hotkey`: of miners if the hotkey has a permit, else of
    /// validators.
    ///
    /// # Errors
    /// See [`UserError`].
    pub fn new(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
        hotkey: Hotkey,
        allow_private: bool,
    ) -> Result<Self, UserError> {
        let view = SubnetView::read(chain, contracts, netuid)?;
        let view = view.ok_or(UserError::NoSubnet(netuid))?;
        let neurons = neurons_at(chain, contracts, netuid, view.block)?;
        let account = hotkey.account();
        let is_direct = view.permit_of(&account).is_some();
        let (kind, mut targets) = match is_direct {
            true => ("miner", miners(&neurons, &view.permitted)),
            false => ("validator", validators(&neurons, &view.permitted)),
        };
        targets.retain(|it| it.hotkey != account);
        if targets.is_empty() {
            return Err(UserError::Nowhere(kind));
        }
        // Servers know the generation of permit holders only: from others `by` is absent.
        let own = view.permit_of(&account).map(|it| it.neuron.generation);
        let neurons = neurons.iter().map(|it| {
            let neuron = &it.view.neuron;
            (it.view.uid, (neuron.generation, neuron.hotkey))
        });
        Ok(Self {
            client: Client::new(hotkey, ClientLimits::default(), allow_private),
            home: home(&chain.genesis()?, &contracts.registry),
            netuid,
            epoch: view.status.open,
            by: own,
            is_direct,
            targets,
            neurons: neurons.collect(),
            knows_questions: false,
        })
    }

    /// Returns the same user, for questions that the caller has checked by the model. Where one
    /// neuron refuses such a question as a bad one, the next neuron is asked.
    #[must_use]
    pub const fn with_checked_questions(mut self) -> Self {
        self.knows_questions = true;
        self
    }

    /// Returns the client.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Asks the best neurons in turn, until one answers, or refuses the question as a bad one.
    ///
    /// # Errors
    /// `BadQuestion`; `NoAnswer` with the reason of the best one; or that the question cannot be
    /// sent.
    pub fn ask(
        &self,
        runtime: &Runtime,
        question: &[u8],
        deadline: Duration,
    ) -> Result<AnswerReceipt, UserError> {
        runtime.block_on(self.asked(question, deadline))
    }

    /// Asks the best neurons in turn, as [`Asker::ask`] does.
    ///
    /// # Errors
    /// As for [`Asker::ask`].
    pub async fn asked(
        &self,
        question: &[u8],
        deadline: Duration,
    ) -> Result<AnswerReceipt, UserError> {
        let mut first = None;
        for target in self.targets.iter().take(MOST_TRIES) {
            let error = match self.ask_one(target, question, deadline).await? {
                Ok(receipt) => return Ok(receipt),
                Err(unanswered) => UserError::of(target.uid, unanswered),
            };
            if matches!(error, UserError::BadQuestion { .. }) && !self.knows_questions {
                return Err(error);
            }
            first.get_or_insert(error);
        }
        Err(first.unwrap_or(UserError::Nowhere("neuron")))
    }

    async fn ask_one(
        &self,
        target: &Target,
        question: &[u8],
        deadline: Duration,
    ) -> Result<Result<AnswerReceipt, Unanswered>, UserError> {
        let context = Context {
            home: self.home,
            netuid: self.netuid,
            epoch: self.epoch,
            by: self.by,
            to: target.hotkey,
            seat: target.generation,
        };
        let began_at = clock::now();
        let asked = ask_target(&self.client, target, &context, question, deadline).await?;
        Ok(match asked {
            Ok(receipt) if self.is_direct => Ok(receipt),
            Ok(handed) => {
                let read = AnswerReceipt::read(handed.answer(), question, &self.home, self.netuid);
                let read = read.and_then(|receipt| {
                    let neuron = self.neurons.get(&receipt.uid);
                    let wait = began_at..=clock::now();
                    receipt.is_of(target, self.epoch, neuron, wait)?;
                    Ok(receipt)
                });
                read.map_err(|error| Unanswered::Failed(error.to_string()))
            }
            Err(reason) => Err(reason),
        })
    }
}
