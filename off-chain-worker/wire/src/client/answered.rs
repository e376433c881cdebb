//! Receivers that have answered, with the address at which they did.

use inktensor_primitives::AccountId;
use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Most receivers that are remembered.
const MAX_ANSWERED: usize = 8192;

/// Addresses, with the receivers that have answered there.
#[derive(Debug, Default)]
pub struct AnsweredAt(Mutex<HashSet<(SocketAddr, AccountId)>>);

impl AnsweredAt {
    /// Remembers a receiver at an address, or forgets it.
    pub fn set(&self, address: SocketAddr, receiver: AccountId, answers: bool) {
        let mut known = self.lock();
        if !answers {
            known.remove(&(address, receiver));
            return;
        }
        if known.len() >= MAX_ANSWERED {
            known.clear();
        }
        known.insert((address, receiver));
    }

    /// Returns true if the receiver is remembered at the address.
    pub fn has(&self, address: SocketAddr, receiver: AccountId) -> bool {
        self.lock().contains(&(address, receiver))
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(SocketAddr, AccountId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
