//! Addresses from which callers of the roster ask, and the connections that were meant for others.

use super::{Network, MAX_ADDRESSES};
use inktensor_primitives::AccountId;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Time for which an address is proven after a question: longer than an epoch mostly takes.
const LASTS: Duration = Duration::from_secs(3 * 3600);
/// Least time between two warnings of misled connections.
const QUIET: Duration = Duration::from_secs(60);

/// Proven addresses. Each caller of the roster proves one: the last from which it has asked.
#[derive(Debug, Default)]
pub struct Proven {
    callers: HashMap<AccountId, Network>,
    asked: HashMap<Network, Instant>,
    /// Misled connections by address, until they are reported or the address counts as a stranger.
    misled: HashMap<Network, u32>,
    count: u64,
    warned: Option<Instant>,
}

impl Proven {
    /// Returns true if a caller of the roster has asked from there lately.
    pub fn has(&self, network: Network, now: Instant) -> bool {
        let asked = self.asked.get(&network);
        asked.is_some_and(|at| now.saturating_duration_since(*at) < LASTS)
    }

    /// Records a question of a caller of the roster. Returns the misled connections to warn of.
    pub fn welcome(&mut self, caller: AccountId, network: Network, now: Instant) -> Option<u32> {
        if self.callers.len() >= MAX_ADDRESSES && !self.callers.contains_key(&caller) {
            self.forget(now);
        }
        if let Some(before) = self.callers.insert(caller, network) {
            if before != network {
                // A second caller there proves the address again with its next question.
                self.asked.remove(&before);
            }
        }
        self.asked.insert(network, now);
        self.report(network, now)
    }

    /// Records a connection that was meant for another receiver. Returns those to warn of.
    pub fn misled(&mut self, network: Network, now: Instant) -> Option<u32> {
        if self.misled.len() >= MAX_ADDRESSES && !self.misled.contains_key(&network) {
            self.misled.clear();
        }
        let misled = self.misled.entry(network).or_insert(0);
        *misled = misled.saturating_add(1);
        if !self.has(network, now) {
            return None;
        }
        self.count = self.count.saturating_add(1);
        self.report(network, now)
    }

    /// Returns the number of misled connections of addresses that were proven then.
    pub fn count_misled(&self) -> u64 {
        self.count
    }

    fn report(&mut self, network: Network, now: Instant) -> Option<u32> {
        let is_due = self
            .warned
            .is_none_or(|at| now.saturating_duration_since(at) >= QUIET);
        if !is_due {
            return None;
        }
        let misled = self.misled.remove(&network)?;
        self.warned = Some(now);
        Some(misled)
    }

    /// Forgets callers that have not asked for long. If all have, forgets all of them.
    fn forget(&mut self, now: Instant) {
        let lasts = |at: &Instant| now.saturating_duration_since(*at) < LASTS;
        self.asked.retain(|_, at| lasts(at));
        let asked = &self.asked;
        self.callers
            .retain(|_, network| asked.contains_key(network));
        if self.callers.len() >= MAX_ADDRESSES {
            self.callers.clear();
            self.asked.clear();
        }
    }
}
