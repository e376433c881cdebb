//! The chain, subnet, epoch and seats that a question is valid for.

use inktensor_primitives::{hash::blake2, AccountId, Digest, NetUid};
use scale::{Decode, Encode};

/// The kind of the hash that names a deployment.
const HOME: &[u8; 8] = b"ink:home";

/// Returns the digest that names a deployment: a chain, and a registry on it.
pub fn home(genesis: &Digest, registry: &AccountId) -> Digest {
    blake2(&[&HOME[..], genesis, registry.as_ref()].concat())
}

/// The chain, subnet, epoch and seats that a question is valid for. The field `Inktensor` carries
/// it, and the signature covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Context {
    /// The deployment, see [`home`].
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch that the caller sees open.
    pub epoch: u32,
    /// The generation of the caller's seat. `None` for a caller without a seat.
    pub by: Option<u32>,
    /// The hotkey of the receiver.
    pub to: AccountId,
    /// The generation of the receiver's seat.
    pub seat: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_differs_by_chain_and_by_registry() {
        let here = home(&[1; 32], &[2; 32].into());
        assert_ne!(here, home(&[3; 32], &[2; 32].into()));
        assert_ne!(here, home(&[1; 32], &[3; 32].into()));
        assert_eq!(
            here,
            blake2(&[&b"ink:home"[..], &[1; 32], &[2; 32]].concat())
        );
    }
}
