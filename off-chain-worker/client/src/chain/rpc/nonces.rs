//! The nonces of accounts, for all connections of this process.
//!
//! Two transactions of an account must not have the same nonce. A node counts those that it has
//! taken; those on their way to it, or taken by another node, are counted here.

use inktensor_primitives::Digest;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

/// A chain's first block, the addresses of its nodes, and an account. Chains for development have
/// the same first block.
type Key = (Digest, String, [u8; 32]);
type Pending = Arc<Mutex<BTreeSet<u64>>>;

fn locked<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The nonces of one account on one chain.
#[derive(Clone)]
pub struct Nonces(Pending);

/// The right to choose nonces. Hold it until the node has the transactions, so that they arrive in
/// order.
pub struct Choice<'a>(MutexGuard<'a, BTreeSet<u64>>);

impl Nonces {
    /// Returns the nonces of `account` on the chain with this first block and these nodes.
    pub fn of(genesis: Digest, nodes: String, account: [u8; 32]) -> Self {
        static ALL: OnceLock<Mutex<BTreeMap<Key, Pending>>> = OnceLock::new();
        let mut all = locked(ALL.get_or_init(Mutex::default));
        Self(Arc::clone(
            all.entry((genesis, nodes, account)).or_default(),
        ))
    }

    /// Waits until no other connection chooses nonces for the account.
    pub fn choose(&self) -> Choice<'_> {
        Choice(locked(&self.0))
    }

    /// Forgets a nonce whose transaction is in a block, or never will be.
    pub fn forget(&self, nonce: u64) {
        locked(&self.0).remove(&nonce);
    }
}

impl Choice<'_> {
    /// Returns the next nonce, and counts it as pending. `of_node` is the next one by the node,
    /// which counts what it has taken.
    pub fn next(&mut self, of_node: u64) -> u64 {
        let after = self.0.last().map_or(0, |last| last.saturating_add(1));
        let next = of_node.max(after);
        self.0.insert(next);
        next
    }

    /// Forgets a nonce whose transaction the node has not taken.
    pub fn forget(&mut self, nonce: u64) {
        self.0.remove(&nonce);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces(genesis: Digest, nodes: &str, account: u8) -> Nonces {
        Nonces::of(genesis, nodes.into(), [account; 32])
    }

    #[test]
    fn nonces_of_all_connections_follow_each_other() {
        let (one, other) = (nonces([1; 32], "a,b", 9), nonces([1; 32], "a,b", 9));
        assert_eq!(one.choose().next(5), 5);
        // The node does not know of the first yet.
        assert_eq!(other.choose().next(5), 6);
        let mut choice = one.choose();
        assert_eq!(choice.next(5), 7);
        choice.forget(7);
        drop(choice);
        other.forget(5);
        assert_eq!(one.choose().next(6), 7);
        for nonce in [6, 7] {
            one.forget(nonce);
        }
        assert_eq!(other.choose().next(8), 8);
        other.forget(8);
    }

    #[test]
    fn accounts_and_chains_have_nonces_of_their_own() {
        assert_eq!(nonces([2; 32], "a", 9).choose().next(3), 3);
        assert_eq!(nonces([2; 32], "a", 8).choose().next(0), 0);
        assert_eq!(nonces([3; 32], "a", 9).choose().next(0), 0);
        assert_eq!(nonces([2; 32], "b", 9).choose().next(0), 0);
    }
}
