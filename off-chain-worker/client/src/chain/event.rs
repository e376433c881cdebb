//! Events of contracts.

use ink::env::Event;
use inktensor_primitives::AccountId;
use scale::{Decode, DecodeAll, Encode};

/// An event that a contract emitted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ContractEvent {
    /// Block of the event.
    pub block: u32,
    /// Contract that emitted the event.
    pub contract: AccountId,
    /// Topics of the event. The first one names its kind.
    pub topics: Vec<[u8; 32]>,
    /// Fields of the event, encoded.
    pub data: Vec<u8>,
}

impl ContractEvent {
    /// Decodes the event if it is of kind `E`. Compare `contract` too: any contract may emit any
    /// kind.
    pub fn decode<E: Event + Decode>(&self) -> Option<E> {
        if self.topics.first().copied() != E::SIGNATURE_TOPIC {
            return None;
        }
        E::decode_all(&mut &self.data[..]).ok()
    }
}
