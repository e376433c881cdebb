//! Questions of users: asked of miners by a hotkey with a permit, and through a validator by any
//! other one.

use crate::{
    answering::ASK,
    clock,
    error::NeuronError,
    fetch::speaks,
    view::{neurons_at, Served, SubnetView},
};
use inktensor_client::{
    chain::{ChainError, ChainRead},
    deploy::Addresses,
    ss58::{hexadecimal, ss58},
};
use inktensor_primitives::{hash::hex, AccountId, Digest, NetUid, Uid};
use inktensor_wire::{
    home, receipt::SKEW, signature::sha256, AskError, Client, ClientLimits, Context, Endpoint,
    Hotkey, Media, Outcome, Path, PathError, SignedRequest, SignedResponse, VerifyError,
};
use scale::{Decode, DecodeAll, Encode};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BTreeMap, ops::RangeInclusive, time::Duration};
use thiserror::Error;
use tokio::runtime::Runtime;

/// Most neurons that are asked one question, the best first.
pub const MOST_TRIES: usize = 3;

/// Most bytes of a refusal's reason that are shown.
const MAX_REASON: usize = 200;

/// A neuron that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The uid.
    pub uid: Uid,
    /// The generation of the neuron on the uid.
    pub generation: u32,
    /// The hotkey.
    pub hotkey: AccountId,
    /// The endpoint.
    pub endpoint: Endpoint,
}

impl Target {
    fn of(neuron: &Served) -> Option<Self> {
        let axon = neuron.axon.as_ref().filter(|_| speaks(neuron))?;
        Some(Self {
            uid: neuron.view.uid,
            generation: neuron.view.neuron.generation,
            hotkey: neuron.view.neuron.hotkey,
            endpoint: Endpoint::from(axon),
        })
    }
}

/// Returns the miners of a subnet that can be asked, those with most incentive first.
pub fn miners(neurons: &[Served], view: &SubnetView) -> Vec<Target> {
    let is_validator = |uid: Uid| view.permitted.iter().any(|it| it.uid == uid);
    let miners = neurons.iter().filter(|it| !is_validator(it.view.uid));
    let mut miners: Vec<(u16, Target)> = miners
        .filter_map(|it| Some((it.view.score.incentive, Target::of(it)?)))
        .collect();
    miners.sort_by_key(|(incentive, it)| (Reverse(*incentive), it.uid));
    miners.into_iter().map(|(_, it)| it).collect()
}

/// Returns the validators of a subnet that can be asked, those with most stake first.
pub fn validators(neurons: &[Served], view: &SubnetView) -> Vec<Target> {
    let mut validators: Vec<_> = view
        .permitted
        .iter()
        .filter_map(|permitted| {
            let neuron = neurons.iter().find(|it| it.view.uid == permitted.uid)?;
            Some((permitted.stake, Target::of(neuron)?))
        })
        .collect();
    validators.sort_by_key(|(stake, it)| (Reverse(*stake), it.uid));
    validators.into_iter().map(|(_, it)| it).collect()
}

/// A question to a miner with its signed answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AnswerReceipt {
    /// The uid of the miner.
    pub uid: Uid,
    /// The question, signed by the caller or by the validator in between.
    pub asked: SignedRequest,
    /// The answer, signed by the miner.
    pub answered: SignedResponse,
}

/// The body of a validator's answer to a user.
#[derive(Serialize, Deserialize)]
struct Handed {
    /// The miner's answer, for callers that trust the validator.
    answer: serde_json::Value,
    /// The uid of the miner.
    uid: u16,
    /// The hotkey of the miner.
    hotkey: String,
    /// The receipt in SCALE, in hexadecimal.
    receipt: String,
}

/// An error of a receipt from a validator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// The body is not one of a validator.
    #[error("the validator's answer has another form")]
    Form,
    /// The receipt is of another question.
    #[error("the receipt is of another question")]
    OtherQuestion,
    /// The receipt is not of a neuron that was asked for.
    #[error("the receipt is of another subnet, or of another neuron than it states")]
    OtherNeuron,
    /// The question in the receipt was signed by another one than the validator.
    #[error("the receipt's question was not asked by the validator")]
    OtherAsker,
    /// The receipt is of an earlier time.
    #[error("the receipt was made at another time than this question")]
    Old,
    /// A signature does not hold.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

impl AnswerReceipt {
    /// Returns the answer's body.
    pub fn answer(&self) -> &[u8] {
        self.answered.body().unwrap_or_default()
    }

    /// Returns the hotkey of the miner.
    pub const fn hotkey(&self) -> AccountId {
        self.asked.context.to
    }

    /// Returns the body with which a validator hands the answer on.
    ///
    /// # Errors
    /// `Form` for an answer that is not JSON.
    pub fn handed_on(&self) -> Result<Vec<u8>, ReceiptError> {
        let answer = serde_json::from_slice(self.answer()).map_err(|_| ReceiptError::Form)?;
        let handed = Handed {
            answer,
            uid: self.uid.0,
            hotkey: ss58(&self.hotkey()),
            receipt: hex(&self.encode()),
        };
        serde_json::to_vec(&handed).map_err(|_| ReceiptError::Form)
    }

    /// Reads the body with which a validator handed an answer on, and checks that a miner of this
    /// subnet signed it for this question.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub fn read(
        body: &[u8],
        question: &[u8],
        home: &Digest,
        netuid: NetUid,
    ) -> Result<Self, ReceiptError> {
        let handed: Handed = serde_json::from_slice(body).map_err(|_| ReceiptError::Form)?;
        let digits = handed.receipt.strip_prefix("0x").unwrap_or_default();
        let bytes = hexadecimal(digits).ok_or(ReceiptError::Form)?;
        let receipt = Self::decode_all(&mut &bytes[..]).map_err(|_| ReceiptError::Form)?;
        if receipt.asked.body != sha256(question) || receipt.asked.path.as_str() != ASK {
            return Err(ReceiptError::OtherQuestion);
        }
        let context = &receipt.asked.context;
        if context.home != *home || context.netuid != netuid {
            return Err(ReceiptError::OtherNeuron);
        }
        receipt.asked.verify()?;
        Outcome::of(receipt.answered.clone()).verify(&receipt.asked)?;
        match receipt.answered.status {
            200 if receipt.answered.body().is_some() => Ok(receipt),
            _ => Err(ReceiptError::Form),
        }
    }

    /// Checks that `validator` asked for this answer during the wait, and that a neuron of the
    /// subnet gave it: `neuron`, which has the receipt's uid by the chain.
    fn is_of(
        &self,
        validator: &Target,
        epoch: u32,
        neuron: Option<&Answerer>,
        wait: RangeInclusive<u64>,
    ) -> Result<(), ReceiptError> {
        let context = &self.asked.context;
        let asker = (self.asked.hotkey, context.by);
        if asker != (validator.hotkey, Some(validator.generation)) {
            return Err(ReceiptError::OtherAsker);
        }
        let (seat, to) = (context.seat, context.to);
        if neuron != Some(&(seat, to)) || to == validator.hotkey {
            return Err(ReceiptError::OtherNeuron);
        }
        // The validator may see the next block before this process does, or after.
        let first = wait.start().saturating_sub(SKEW);
        let last = wait.end().saturating_add(SKEW);
        let is_now = (first..=last).contains(&self.asked.created);
        if !is_now || context.epoch.saturating_add(1) < epoch {
            return Err(ReceiptError::Old);
        }
        Ok(())
    }
}

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
    /// The blobs are unusable.
    #[error(transparent)]
    Neuron(#[from] NeuronError),
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
}

/// A neuron that may have answered a question: its generation and hotkey.
type Answerer = (u32, AccountId);

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
            true => ("miner", miners(&neurons, &view)),
            false => ("validator", validators(&neurons, &view)),
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
        })
    }

    /// Returns the client.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Asks the best neurons in turn, until one answers.
    ///
    /// # Errors
    /// `NoAnswer` with the reason of the last one, or that the question cannot be sent.
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
        let mut last = String::new();
        for target in self.targets.iter().take(MOST_TRIES) {
            match self.ask_one(target, question, deadline).await? {
                Ok(receipt) => return Ok(receipt),
                Err(reason) => last = format!("uid {}: {reason}", target.uid.0),
            }
        }
        Err(UserError::NoAnswer(last))
    }

    async fn ask_one(
        &self,
        target: &Target,
        question: &[u8],
        deadline: Duration,
    ) -> Result<Result<AnswerReceipt, String>, UserError> {
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
                read.map_err(|error| error.to_string())
            }
            Err(reason) => Err(reason),
        })
    }
}

/// Asks one neuron. The inner error is the reason for which there is no answer.
///
/// # Errors
/// If the question cannot be sent.
pub async fn ask_target(
    client: &Client,
    target: &Target,
    context: &Context,
    question: &[u8],
    deadline: Duration,
) -> Result<Result<AnswerReceipt, String>, UserError> {
    let exchange = client
        .ask(
            &target.endpoint,
            context,
            &Path::new(ASK)?,
            Media::Json,
            question.to_vec(),
            deadline,
        )
        .await?;
    Ok(match exchange.outcome {
        Outcome::Signed(answered) => Ok(AnswerReceipt {
            uid: target.uid,
            asked: exchange.request,
            answered,
        }),
        Outcome::Refused(refusal) => {
            let reason = refusal.body().unwrap_or_default();
            // The text is a stranger's: control characters are escaped.
            let reason = reason.get(..MAX_REASON).unwrap_or(reason);
            let reason = String::from_utf8_lossy(reason);
            Err(format!(
                "refused with status {}: {}",
                refusal.status,
                reason.trim_end().escape_debug()
            ))
        }
        Outcome::Silent { millis } => Err(match exchange.cause {
            Some(cause) => cause.to_string(),
            None => format!("silent for {millis} ms"),
        }),
        Outcome::Unsigned { status } => Err(match exchange.cause {
            Some(cause) => cause.to_string(),
            None => format!("status {status} without a signature"),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_wire::fields::Asked;
    use subxt_signer::sr25519::dev;

    const QUESTION: &[u8] = b"{\"text\":\"a\"}";
    const HOME: Digest = [5; 32];

    fn receipt(body: &[u8]) -> AnswerReceipt {
        let (by, to) = (Hotkey::new(dev::alice()), Hotkey::new(dev::bob()));
        let asked = Asked {
            path: Path::new(ASK).unwrap(),
            media: Media::Json,
            body: sha256(QUESTION),
            context: Context {
                home: HOME,
                netuid: NetUid(1),
                epoch: 2,
                by: Some(3),
                to: to.account(),
                seat: 4,
            },
            created: 1_000,
            expires: 1_010,
            nonce: [9; 16],
        };
        let asked = SignedRequest::sign(&by, asked).unwrap();
        let answered = SignedResponse::sign(&to, &asked, 200, Media::Json, body.to_vec(), 1_001);
        AnswerReceipt {
            uid: Uid(7),
            asked,
            answered,
        }
    }

    #[test]
    fn an_answer_that_is_handed_on_proves_who_gave_it() {
        let receipt = receipt(b"{\"answer\":[1]}");
        let body = receipt.handed_on().unwrap();
        let read = |question: &[u8], home: &Digest, netuid| {
            AnswerReceipt::read(&body, question, home, NetUid(netuid))
        };
        assert_eq!(read(QUESTION, &HOME, 1), Ok(receipt.clone()));
        assert_eq!(read(b"{}", &HOME, 1), Err(ReceiptError::OtherQuestion));
        assert_eq!(read(QUESTION, &[6; 32], 1), Err(ReceiptError::OtherNeuron));
        assert_eq!(read(QUESTION, &HOME, 2), Err(ReceiptError::OtherNeuron));
    }

    #[test]
    fn a_receipt_that_is_handed_on_is_of_this_question_only() {
        let receipt = receipt(b"{}");
        let validator = |hotkey, generation| Target {
            uid: Uid(0),
            generation,
            hotkey,
            endpoint: Endpoint {
                host: inktensor_primitives::registry::Host::V4([127, 0, 0, 1]),
                port: 1024,
                tls: None,
            },
        };
        let (alice, bob) = (receipt.asked.hotkey, receipt.hotkey());
        let asker = validator(alice, 3);
        let check = |asker: &Target, epoch, neuron: Option<&Answerer>, wait| {
            receipt.is_of(asker, epoch, neuron, wait)
        };
        let miner = (4, bob);
        for epoch in [1, 2, 3] {
            assert_eq!(check(&asker, epoch, Some(&miner), 1_000..=1_005), Ok(()));
        }
        let old = Err(ReceiptError::Old);
        assert_eq!(check(&asker, 4, Some(&miner), 1_000..=1_005), old);
        assert_eq!(check(&asker, 2, Some(&miner), 1_011..=1_020), old);
        assert_eq!(check(&asker, 2, Some(&miner), 900..=989), old);
        // Any key can sign: the chain must have it on the uid.
        let other = Err(ReceiptError::OtherNeuron);
        for neuron in [None, Some(&(5, bob)), Some(&(4, alice))] {
            assert_eq!(check(&asker, 2, neuron, 1_000..=1_005), other);
        }
        let asker = Err(ReceiptError::OtherAsker);
        for wrong in [validator(bob, 3), validator(alice, 2)] {
            assert_eq!(check(&wrong, 2, Some(&miner), 1_000..=1_005), asker);
        }
    }

    #[test]
    fn a_changed_answer_is_noticed() {
        let mut changed = receipt(b"{\"answer\":[1]}");
        changed.answered.content = inktensor_wire::Content::Whole(b"{\"answer\":[2]}".to_vec());
        let body = changed.handed_on().unwrap();
        let read = AnswerReceipt::read(&body, QUESTION, &HOME, NetUid(1));
        assert!(matches!(read, Err(ReceiptError::Signature(_))), "{read:?}");
        for body in [
            &b""[..],
            b"{}",
            b"{\"answer\":1,\"uid\":1,\"hotkey\":\"\",\"receipt\":\"0x00\"}",
        ] {
            let read = AnswerReceipt::read(body, QUESTION, &HOME, NetUid(1));
            assert_eq!(read, Err(ReceiptError::Form));
        }
    }
}
