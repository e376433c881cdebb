//! A chain's state as bytes, to continue later or elsewhere.
//!
//! A file is a magic word, the number of its format (4 bytes, little endian), the hash of the rest,
//! and the rest in SCALE. The runtime trusts the state, which is a trie, so a file with another
//! hash is refused.

use crate::{
    past::Past,
    runtime::{self, RawStorage},
    sandbox::{Snapshot, State, PALLET_VERSION},
};
use inktensor_client::chain::ContractEvent;
use inktensor_primitives::{hash::blake2, Digest};
use scale::{Decode, DecodeAll, Encode};
use thiserror::Error;

/// First bytes of a file.
const MAGIC: [u8; 16] = *b"inktensor chain\n";
/// Number of the format. Every change to the format changes it.
const FORMAT: u32 = 2;
/// Bytes before the state.
const HEAD: usize = MAGIC.len() + 4 + 32;

/// An error of a state's file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StateFileError {
    /// The file is of another kind.
    #[error("this is not the state of a chain: the file was not written by `inktensor devchain` or `inktensor demo`")]
    NotAState,
    /// The file has another format.
    #[error("the state has format {0}, this program reads format {FORMAT}; recreate it")]
    OtherFormat(u32),
    /// The state is of another version of pallet-contracts.
    #[error(
        "the state is of pallet-contracts {0}, this program runs {PALLET_VERSION}; recreate it"
    )]
    OtherPallet(String),
    /// The file is corrupt.
    #[error("the state file is corrupt (checksum mismatch); recreate it")]
    Damaged,
}

#[derive(Encode, Decode)]
struct Body {
    pallet: String,
    root: Digest,
    storage: RawStorage,
    events: Vec<ContractEvent>,
    past: Past,
}

impl State {
    /// Adds events without a contract's doing.
    #[cfg(test)]
    pub(crate) fn add_events(&mut self, events: impl IntoIterator<Item = ContractEvent>) {
        self.events.extend(events);
        self.snapshot.events = self.events.len();
    }

    /// Returns the state as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let state = &self.snapshot.state;
        let body = Body {
            pallet: PALLET_VERSION.into(),
            root: state.storage_root.0,
            storage: state.storage.clone(),
            events: self.events.clone(),
            past: self.past.clone(),
        }
        .encode();
        let mut bytes = Vec::with_capacity(HEAD.saturating_add(body.len()));
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(blake2(&body));
        bytes.extend(body);
        bytes
    }

    /// Reads the state in `bytes`.
    ///
    /// # Errors
    /// See [`StateFileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateFileError> {
        let rest = bytes
            .strip_prefix(&MAGIC)
            .ok_or(StateFileError::NotAState)?;
        let (format, rest) = rest.split_first_chunk().ok_or(StateFileError::Damaged)?;
        let format = u32::from_le_bytes(*format);
        if format != FORMAT {
            return Err(StateFileError::OtherFormat(format));
        }
        let (hash, body) = rest
            .split_first_chunk::<32>()
            .ok_or(StateFileError::Damaged)?;
        if blake2(body) != *hash {
            return Err(StateFileError::Damaged);
        }
        let body = Body::decode_all(&mut &body[..]).map_err(|_| StateFileError::Damaged)?;
        if body.pallet != PALLET_VERSION {
            return Err(StateFileError::OtherPallet(body.pallet));
        }
        if body.past.is_empty() {
            return Err(StateFileError::Damaged);
        }
        Ok(Self {
            snapshot: Snapshot {
                state: runtime::Snapshot {
                    storage: body.storage,
                    storage_root: body.root.into(),
                },
                events: body.events.len(),
                moment: body.past.moment(),
            },
            events: body.events,
            past: body.past,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::SandboxChain;
    use inktensor_client::chain::{Chain, ChainRead};

    const ALICE: [u8; 32] = [1; 32];

    /// Returns a chain at block 7 with one code, and that code.
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
        let event = ContractEvent {
            block: 3,
            contract: ALICE.into(),
            topics: vec![[4; 32]],
            data: vec![5],
        };
        let mut state = chain.state();
        state.add_events([event.clone()]);
        let state = State::from_bytes(&state.to_bytes()).unwrap();
        let mut again = SandboxChain::begin_from(&state);
        assert_eq!(again.block(), Ok(7));
        assert_eq!(again.best(), chain.best());
        assert_eq!(again.code(&blake2(&code)), Ok(Some(code)));
        assert_eq!(again.events(0), Ok(vec![event]));
        again.advance(1);
        assert_eq!(again.block(), Ok(8));
    }

    #[test]
    fn what_is_not_a_whole_state_is_refused() {
        let bytes = chain().0.state().to_bytes();
        let refused = |bytes: &[u8]| State::from_bytes(bytes).err();
        assert_eq!(refused(b"something else"), Some(StateFileError::NotAState));
        assert_eq!(refused(&bytes[..20]), Some(StateFileError::Damaged));
        assert_eq!(
            refused(&bytes[..bytes.len() - 1]),
            Some(StateFileError::Damaged)
        );
        let mut other = bytes.clone();
        other[16] = 9;
        assert_eq!(refused(&other), Some(StateFileError::OtherFormat(9)));
        let mut other = bytes;
        let last = other.len() - 1;
        other[last] ^= 1;
        assert_eq!(refused(&other), Some(StateFileError::Damaged));
    }
}
