//! The seat of the receiver, and who may ask: a snapshot of one block.

use super::ServerError;
use crate::SignedRequest;
use inktensor_primitives::{AccountId, Digest, NetUid, Rao, Uid};
use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
};

/// Most callers of a roster. A subnet has 4096 neurons at most; the rest is for an owner's list.
pub const MAX_ROSTER: usize = 8192;

/// The seat of the receiver, and who may ask: a snapshot of one block.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// The generation of the receiver's seat.
    pub seat: u32,
    /// The callers that may ask.
    pub callers: HashMap<AccountId, Admitted>,
    /// Hotkeys that may not ask, not as guests either.
    pub denied: HashSet<AccountId>,
    /// The rule for hotkeys outside `callers`.
    pub guests: Guests,
}

/// A caller that may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The uid, for a neuron.
    pub uid: Option<Uid>,
    /// The generation that the question must name. `None` for a caller without a seat.
    pub generation: Option<u32>,
    /// The stake that the caller's share of the capacity follows.
    pub stake: Rao,
}

/// A rule for hotkeys outside the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guests {
    /// They are refused before their signature is checked.
    Refused,
    /// They may ask, and share one bucket.
    Admitted,
}

/// The caller of a question, after all checks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The uid, for a neuron of the roster.
    pub uid: Option<Uid>,
    /// The stake. Zero for a guest.
    pub stake: Rao,
    /// True for a hotkey outside the roster.
    pub guest: bool,
    /// The question as it was signed, with the hotkey and the context.
    pub question: SignedRequest,
    /// The address that the question was received from.
    pub address: SocketAddr,
}

impl Roster {
    pub(super) fn check(&self) -> Result<(), ServerError> {
        if self.callers.len() > MAX_ROSTER {
            return Err(ServerError::Roster(self.callers.len()));
        }
        Ok(())
    }

    /// Returns the caller with this hotkey, `None` for a guest.
    ///
    /// # Errors
    /// If the hotkey may not ask.
    pub(super) fn admits(&self, hotkey: &AccountId) -> Result<Option<Admitted>, ()> {
        if self.denied.contains(hotkey) {
            return Err(());
        }
        match (self.callers.get(hotkey), self.guests) {
            (Some(admitted), _) => Ok(Some(*admitted)),
            (None, Guests::Admitted) => Ok(None),
            (None, Guests::Refused) => Err(()),
        }
    }

    /// Returns the stake of all callers.
    pub(super) fn stake(&self) -> u128 {
        self.callers
            .values()
            .map(|caller| caller.stake.to_u128())
            .sum()
    }
}
