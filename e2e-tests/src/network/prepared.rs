//! A state that several tests begin from, built once per process.

use crate::{Network, Template};
use std::sync::OnceLock;

/// A network in a state that several tests begin from.
///
/// # Example
/// ```no_run
/// use inktensor_e2e_tests::{Network, Prepared, Shape};
/// use inktensor_primitives::NetUid;
///
/// static STARTED: Prepared<NetUid> = Prepared::new(|net| net.create(Shape::default()));
/// let (net, netuid) = STARTED.network();
/// ```
pub struct Prepared<T> {
    deploy: fn() -> Network,
    build: fn(&mut Network) -> T,
    built: OnceLock<(Template, T)>,
}

impl<T: Clone> Prepared<T> {
    /// Prepares what `build` makes of a new network. Its return value is handed to every test.
    pub const fn new(build: fn(&mut Network) -> T) -> Self {
        Self::of(Network::deploy, build)
    }

    /// Prepares what `build` makes of a network that `deploy` returns.
    pub const fn of(deploy: fn() -> Network, build: fn(&mut Network) -> T) -> Self {
        Self {
            deploy,
            build,
            built: OnceLock::new(),
        }
    }

    /// Returns a new network in the prepared state, and what `build` returned.
    pub fn network(&self) -> (Network, T) {
        let (template, facts) = self.built.get_or_init(|| {
            let mut net = (self.deploy)();
            let facts = (self.build)(&mut net);
            (net.template(), facts)
        });
        (Network::begin_from(template), facts.clone())
    }
}
