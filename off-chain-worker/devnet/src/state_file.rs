//! A chain's state as bytes, to go on with later or elsewhere.
//!
//! A file is a magic word, the number of its format (4 bytes, little endian), the hash of the rest,
//! and the rest in SCALE. The state is a trie that the runtime takes to be whole, so a file that is
//! not what was written is refused by its hash.

use super::sandbox::{Snapshot, PALLET_VERSION};
use inktensor_client::chain::ContractEvent;
use inktensor_primitives::{hash::blake2, Digest};
use scale::{Decode, DecodeAll, Encode};
use thiserror::Error;

/// What a file begins with.
const MAGIC: [u8; 16] = *b"inktensor chain\n";
/// The number of the format. It changes with every change to it.
const FORMAT: u32 = 1;
/// Bytes before the state itself.
const HEAD: usize = MAGIC.len() + 4 + 32;

/// The state of an in-process chain, and all that its contracts ever told.
#[derive(Clone)]
pub struct State {
    pub(super) snapshot: Snapshot,
    pub(super) events: Vec<ContractEvent>,
}

/// Why bytes are no state.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SavedError {
    /// They begin otherwise.
    #[error("this is not the state of a chain")]
    NotAState,
    /// They are of another format.
    #[error("the state has format {0}, this program reads {FORMAT}; make it anew")]
    OtherFormat(u32),
    /// They are of a runtime with another version of pallet-contracts.
    #[error(
        "the state is of pallet-contracts {0}, this program runs {PALLET_VERSION}; make it anew"
    )]
    OtherPallet(String),
    /// They are not what was written.
    #[error("the state is damaged: it has not the hash it was written with; make it anew")]
    Damaged,
}

#[derive(Encode, Decode)]
struct Body {
    pallet: String,
    root: Digest,
    storage: ink_sandbox::RawStorage,
    events: Vec<ContractEvent>,
}

impl State {
    /// Adds events that nobody told.
    #[cfg(test)]
    pub(crate) fn add_events(&mut self, events: impl IntoIterator<Item = ContractEvent>) {
        self.events.extend(events);
        self.snapshot.events = self.events.len();
    }

    /// The state as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let state = &self.snapshot.state;
        let body = Body {
            pallet: PALLET_VERSION.into(),
            root: state.storage_root.0,
            storage: state.storage.clone(),
            events: self.events.clone(),
        }
        .encode();
        let mut bytes = Vec::with_capacity(HEAD.saturating_add(body.len()));
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(blake2(&body));
        bytes.extend(body);
        bytes
    }

    /// The state in `bytes`.
    ///
    /// # Errors
    /// See [`SavedError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SavedError::NotAState)?;
        let (format, rest) = rest.split_first_chunk().ok_or(SavedError::Damaged)?;
        let format = u32::from_le_bytes(*format);
        if format != FORMAT {
            return Err(SavedError::OtherFormat(format));
        }
        let (hash, body) = rest.split_first_chunk::<32>().ok_or(SavedError::Damaged)?;
        if blake2(body) != *hash {
            return Err(SavedError::Damaged);
        }
        let body = Body::decode_all(&mut &body[..]).map_err(|_| SavedError::Damaged)?;
        if body.pallet != PALLET_VERSION {
            return Err(SavedError::OtherPallet(body.pallet));
        }
        Ok(Self {
            snapshot: Snapshot {
                state: ink_sandbox::Snapshot {
                    storage: body.storage,
                    storage_root: body.root.into(),
                },
                events: body.events.len(),
            },
            events: body.events,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::SandboxChain;
    use inktensor_client::chain::Chain;

    const ALICE: [u8; 32] = [1; 32];

    /// A chain at block 7 with one code, and that code.
    fn chain() -> (SandboxChain, Vec<u8>) {
        let mut chain = SandboxChain::new();
        chain.advance(6);
        let code = wat::parse_str(
            r#"(module (import "env" "memory" (memory 1 1)) (func (export "deploy")) (func (export "call")))"#,
        )
        .unwrap();
        chain.upload(ALICE.into(), &code).unwrap();
        (chain, code)
    }

    #[test]
    fn a_chain_goes_on_from_its_bytes() {
        let (mut chain, code) = chain();
        let told = ContractEvent {
            block: 3,
            contract: ALICE.into(),
            topics: vec![[4; 32]],
            data: vec![5],
        };
        let mut state = chain.state();
        state.add_events([told.clone()]);
        let state = State::from_bytes(&state.to_bytes()).unwrap();
        let mut again = SandboxChain::begin_from(&state);
        assert_eq!(again.block(), Ok(7));
        assert_eq!(again.code(&blake2(&code)), Ok(Some(code)));
        assert_eq!(again.events(0), Ok(vec![told]));
        again.advance(1);
        assert_eq!(again.block(), Ok(8));
    }

    #[test]
    fn what_is_not_a_whole_state_is_refused() {
        let bytes = chain().0.state().to_bytes();
        let refused = |bytes: &[u8]| State::from_bytes(bytes).err();
        assert_eq!(refused(b"something else"), Some(SavedError::NotAState));
        assert_eq!(refused(&bytes[..20]), Some(SavedError::Damaged));
        assert_eq!(
            refused(&bytes[..bytes.len() - 1]),
            Some(SavedError::Damaged)
        );
        let mut other = bytes.clone();
        other[16] = 9;
        assert_eq!(refused(&other), Some(SavedError::OtherFormat(9)));
        let mut other = bytes;
        let last = other.len() - 1;
        other[last] ^= 1;
        assert_eq!(refused(&other), Some(SavedError::Damaged));
    }
}
