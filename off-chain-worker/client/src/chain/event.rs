//! Events of contracts.

use ink::env::Event;
use inktensor_primitives::AccountId;
use scale::{Decode, DecodeAll, Encode};

/// Something a contract told.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ContractEvent {
    /// Block in which it did.
    pub block: u32,
    /// The contract.
    pub contract: AccountId,
    /// Its topics; the first names the kind of event.
    pub topics: Vec<[u8; 32]>,
    /// Its fields, encoded.
    pub data: Vec<u8>,
}

impl ContractEvent {
    /// The event, if it is of kind `E`. Look at `contract` too: any contract may emit any kind.
    pub fn decode<E: Event + Decode>(&self) -> Option<E> {
        if self.topics.first().copied() != E::SIGNATURE_TOPIC {
            return None;
        }
        E::decode_all(&mut &self.data[..]).ok()
    }
}
