//! Addresses of names, each looked up again after a bounded time.

use super::lock;
use crate::client::address::{addresses, allowed, check, AddressError, Lookup};
use inktensor_primitives::registry::Host;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
    time::{Duration, Instant},
};

/// Time for which a look-up counts.
const AGE: Duration = Duration::from_secs(10);
/// Time by which a look-up may be older for a request that has waited for a place.
const WAIT: Duration = Duration::from_secs(1);
/// Most names that are remembered.
const MAX_NAMES: usize = 4096;

/// Addresses of names.
#[derive(Debug)]
pub struct Names<L> {
    lookup: L,
    age: Duration,
    known: Mutex<HashMap<String, Known>>,
}

/// The addresses of a name, checked or not, and the time at which they were asked for.
#[derive(Clone, Debug)]
struct Known {
    addresses: Vec<IpAddr>,
    since: Instant,
}

/// An address to connect to, and the time at which the resolver was asked for it.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The address.
    pub address: SocketAddr,
    since: Instant,
}

impl<L: Default> Default for Names<L> {
    fn default() -> Self {
        Self::new(L::default(), AGE)
    }
}

impl<L> Names<L> {
    /// Returns a memory in which a look-up counts for `age`.
    pub fn new(lookup: L, age: Duration) -> Self {
        Self {
            lookup,
            age,
            known: Mutex::default(),
        }
    }
}

impl<L: Lookup> Names<L> {
    /// Returns the address of a host to connect to. It is checked each time.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub async fn address(
        &self,
        host: &Host,
        port: u16,
        allow_private: bool,
    ) -> Result<Found, AddressError> {
        check(host, port, allow_private)?;
        let known = match self.known(host) {
            Some(known) => known,
            None => {
                let since = Instant::now();
                let addresses = addresses(host, &self.lookup).await?;
                let known = Known { addresses, since };
                self.remember(host, &known);
                known
            }
        };
        let address = allowed(host, port, &known.addresses, allow_private)?;
        let since = known.since;
        Ok(Found { address, since })
    }

    /// Returns true if an address still counts after a wait for a place.
    pub fn still_counts(&self, found: &Found) -> bool {
        found.since.elapsed() < self.age.saturating_add(WAIT)
    }

    fn known(&self, host: &Host) -> Option<Known> {
        let Host::Name(name) = host else {
            return None;
        };
        let known = lock(&self.known).get(name).cloned();
        known.filter(|it| it.since.elapsed() < self.age)
    }

    fn remember(&self, host: &Host, found: &Known) {
        let Host::Name(name) = host else {
            return;
        };
        let mut known = lock(&self.known);
        if known.len() >= MAX_NAMES && !known.contains_key(name) {
            known.retain(|_, it| it.since.elapsed() < self.age);
            if known.len() >= MAX_NAMES {
                // The name is looked up again next time.
                return;
            }
        }
        known.insert(name.clone(), found.clone());
    }
}
