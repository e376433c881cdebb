//! A network whose chain runs in another process for a while.

use crate::{curve, observer::Observer, Network, Template};
use inktensor_client::chain::ChainRead;
use inktensor_devnet::sandbox::{SandboxChain, State};

impl Network {
    /// Returns the chain's state, for another process, and this network as a template. The last
    /// block of the state is empty.
    pub fn export(&mut self) -> (State, Template) {
        self.advance(1);
        (self.chain.state(), self.template())
    }

    /// Returns the network exported as `template` on `chain`, which has continued from there
    /// without new subnets.
    ///
    /// The events since then are recorded, so they have to be in order. The inputs of epochs that
    /// closed since then are unknown.
    pub fn resume(template: &Template, chain: SandboxChain) -> Self {
        let mut net = Self::begin_from(template);
        let left = net.block();
        let blocks = chain.block().expect("the block") - left;
        assert!(net.issuance().total_weight.0 > 0, "issuance has begun");
        net.chain = chain;
        let events = net.chain.events(left).expect("the events");
        net.observer.record(&net.addresses, &events);
        net.observer.issued = curve::issue(net.observer.issued, blocks);
        for history in net.observer.subnets.values_mut() {
            history.closed = None;
        }
        net
    }

    /// Returns the record of all events.
    pub const fn observer(&self) -> &Observer {
        &self.observer
    }
}
