//! A question to a miner with its signed answer, and the form in which a validator hands it on.

use super::target::Target;
use crate::answering::ASK;
use inktensor_client::ss58::{hexadecimal, ss58};
use inktensor_primitives::{hash::hex, AccountId, Digest, NetUid, Uid};
use inktensor_wire::{
    receipt::SKEW, signature::sha256, Outcome, SignedRequest, SignedResponse, VerifyError,
};
use scale::{Decode, DecodeAll, Encode};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use thiserror::Error;

/// A neuron that may have answered a question: its generation and hotkey.
pub(super) type Answerer = (u32, AccountId);

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
    pub(super) fn is_of(
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

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_wire::{fields::Asked, Context, Endpoint, Hotkey, Media, Path};
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
