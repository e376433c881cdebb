//! Both halves of a receipt, in the form that evidence stores: whatever rebuilds the signed bytes.
//!
//! Nothing here needs a network, a clock or a chain.

use crate::{
    fields::{Answered, Asked, Basis},
    signature::{sha256, verify, Hotkey},
    Context, Media, Path, MAX_LIFETIME,
};
use inktensor_primitives::{ss58::ss58, AccountId, Digest};
use scale::{Decode, Encode};
use thiserror::Error;

/// Seconds by which the clocks of caller and receiver may differ.
pub const SKEW: u64 = 10;

/// A question with its caller's signature. 320 bytes or so, without the body.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedRequest {
    /// The endpoint. The method is `POST`.
    pub path: Path,
    /// The content type.
    pub media: Media,
    /// SHA-256 of the body.
    pub body: Digest,
    /// The chain, subnet, epoch and seats.
    pub context: Context,
    /// The caller's hotkey.
    pub hotkey: AccountId,
    /// Seconds since 1970 at which the caller signed.
    pub created: u64,
    /// Seconds since 1970 up to which an answer is of use.
    pub expires: u64,
    /// Random bytes, new for each question.
    pub nonce: [u8; 16],
    /// The signature by `hotkey`.
    pub signature: [u8; 64],
}

/// An answer's body, or its hash for a receipt of which the body is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Content {
    /// The bytes.
    Whole(Vec<u8>),
    /// SHA-256 of the bytes.
    Digest(Digest),
}

/// An answer with its signature, which covers the signature of the question.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedResponse {
    /// The status code. 200 for an answer, another one for a refusal.
    pub status: u16,
    /// The content type.
    pub media: Media,
    /// The body.
    pub content: Content,
    /// Seconds since 1970 at which the receiver signed.
    pub created: u64,
    /// The signature by the hotkey `to` of the question's context.
    pub signature: [u8; 64],
}

/// The outcome of a question.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// A signed answer with status 200.
    Signed(SignedResponse),
    /// A signed refusal: any other status.
    Refused(SignedResponse),
    /// No complete response up to the deadline, or no connection.
    Silent {
        /// The time that the caller waited.
        millis: u32,
    },
    /// A response without a valid signature over this question. It counts as no answer.
    Unsigned {
        /// The status code that it claims.
        status: u16,
    },
}

/// A reason for which a half of a receipt does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// A lifetime of zero, below zero, or above the limit.
    #[error(
        "the question was created at {created} and expires at {expires}; its lifetime must be 1 \
         to {MAX_LIFETIME} seconds"
    )]
    Lifetime {
        /// Seconds since 1970.
        created: u64,
        /// Seconds since 1970.
        expires: u64,
    },
    /// A body with another hash than the signed one.
    #[error("the body does not have the hash that the signature covers; fetch it again")]
    Body,
    /// An answer that claims a time outside of the question's.
    #[error(
        "the answer was signed at {answered}, and the question is from {created} to {expires}; \
         {SKEW} seconds of difference are allowed"
    )]
    Time {
        /// Seconds since 1970.
        answered: u64,
        /// Seconds since 1970.
        created: u64,
        /// Seconds since 1970.
        expires: u64,
    },
    /// A status code that HTTP does not have.
    #[error("status {0} is not one of HTTP; expected 200 to 599")]
    Status(u16),
    /// A status code that the outcome contradicts.
    #[error("status {0} does not fit the outcome: an answer has 200, a refusal another status")]
    Outcome(u16),
    /// A signature that the key did not make over these fields.
    #[error("the signature is not one of {} over these fields", ss58(.0))]
    Signature(AccountId),
}

impl SignedRequest {
    /// Signs a question.
    ///
    /// # Errors
    /// [`VerifyError::Lifetime`].
    pub fn sign(hotkey: &Hotkey, asked: Asked) -> Result<Self, VerifyError> {
        check_lifetime(asked.created, asked.expires)?;
        let signature = hotkey.sign(&asked.base(&hotkey.account()));
        Ok(Self::from_parts(asked, hotkey.account(), signature))
    }

    /// Returns a question with a signature that is not yet verified.
    pub fn from_parts(asked: Asked, hotkey: AccountId, signature: [u8; 64]) -> Self {
        Self {
            path: asked.path,
            media: asked.media,
            body: asked.body,
            context: asked.context,
            hotkey,
            created: asked.created,
            expires: asked.expires,
            nonce: asked.nonce,
            signature,
        }
    }

    /// Returns the signed fields.
    pub fn asked(&self) -> Asked {
        Asked {
            path: self.path.clone(),
            media: self.media,
            body: self.body,
            context: self.context,
            created: self.created,
            expires: self.expires,
            nonce: self.nonce,
        }
    }

    /// Checks the lifetime and the signature. The body is checked by [`Self::verify_body`].
    ///
    /// # Errors
    /// [`VerifyError::Lifetime`], [`VerifyError::Signature`], in this order.
    pub fn verify(&self) -> Result<(), VerifyError> {
        check_lifetime(self.created, self.expires)?;
        let base = self.asked().base(&self.hotkey);
        if verify(&self.hotkey, &base, &self.signature) {
            Ok(())
        } else {
            Err(VerifyError::Signature(self.hotkey))
        }
    }

    /// Checks that `body` is the one that was signed.
    ///
    /// # Errors
    /// [`VerifyError::Body`].
    pub fn verify_body(&self, body: &[u8]) -> Result<(), VerifyError> {
        if sha256(body) == self.body {
            Ok(())
        } else {
            Err(VerifyError::Body)
        }
    }
}

impl SignedResponse {
    /// Signs an answer to `request`.
    pub fn sign(
        hotkey: &Hotkey,
        request: &SignedRequest,
        status: u16,
        media: Media,
        body: Vec<u8>,
        created: u64,
    ) -> Self {
        let answered = Answered {
            status,
            media,
            body: sha256(&body),
            created,
        };
        let signature =
            hotkey.sign(&answered.base(&hotkey.account(), Basis::Signature(&request.signature)));
        Self {
            status,
            media,
            content: Content::Whole(body),
            created,
            signature,
        }
    }

    /// Returns SHA-256 of the body.
    pub fn body_digest(&self) -> Digest {
        match &self.content {
            Content::Whole(bytes) => sha256(bytes),
            Content::Digest(digest) => *digest,
        }
    }

    /// Returns the body, unless only its hash was kept.
    pub fn body(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Whole(bytes) => Some(bytes),
            Content::Digest(_) => None,
        }
    }

    /// Returns the same answer with the hash in place of the body. It verifies as before.
    #[must_use]
    pub fn without_body(self) -> Self {
        let digest = self.body_digest();
        Self {
            content: Content::Digest(digest),
            ..self
        }
    }

    /// Checks that the receiver of `request` signed this as its answer to exactly this request.
    /// The request itself is checked by [`SignedRequest::verify`].
    ///
    /// # Errors
    /// [`VerifyError::Status`], [`VerifyError::Time`], [`VerifyError::Signature`], in this order.
    pub fn verify(&self, request: &SignedRequest) -> Result<(), VerifyError> {
        if !(200..600).contains(&self.status) {
            return Err(VerifyError::Status(self.status));
        }
        self.verify_times(request)?;
        let answered = Answered {
            status: self.status,
            media: self.media,
            body: self.body_digest(),
            created: self.created,
        };
        let receiver = request.context.to;
        let base = answered.base(&receiver, Basis::Signature(&request.signature));
        if verify(&receiver, &base, &self.signature) {
            Ok(())
        } else {
            Err(VerifyError::Signature(receiver))
        }
    }
}

impl SignedResponse {
    /// Checks that the time of the answer is one of the question's lifetime.
    pub(crate) fn verify_times(&self, request: &SignedRequest) -> Result<(), VerifyError> {
        let (created, expires) = (request.created, request.expires);
        let first = created.saturating_sub(SKEW);
        if (first..=expires.saturating_add(SKEW)).contains(&self.created) {
            Ok(())
        } else {
            Err(VerifyError::Time {
                answered: self.created,
                created,
                expires,
            })
        }
    }
}

impl Outcome {
    /// Returns the outcome that a verified response is.
    pub fn of(response: SignedResponse) -> Self {
        if response.status == 200 {
            Self::Signed(response)
        } else {
            Self::Refused(response)
        }
    }

    /// Checks the signature of an answer or a refusal. There is nothing to check of the others:
    /// silence leaves no signature.
    ///
    /// # Errors
    /// [`VerifyError::Outcome`], then those of [`SignedResponse::verify`].
    pub fn verify(&self, request: &SignedRequest) -> Result<(), VerifyError> {
        let (response, answered) = match self {
            Self::Signed(response) => (response, true),
            Self::Refused(response) => (response, false),
            Self::Silent { .. } | Self::Unsigned { .. } => return Ok(()),
        };
        if answered != (response.status == 200) {
            return Err(VerifyError::Outcome(response.status));
        }
        response.verify(request)
    }
}

fn check_lifetime(created: u64, expires: u64) -> Result<(), VerifyError> {
    let lifetime = expires.checked_sub(created);
    match lifetime {
        Some(1..=MAX_LIFETIME) => Ok(()),
        _ => Err(VerifyError::Lifetime { created, expires }),
    }
}

#[cfg(test)]
mod tests;
