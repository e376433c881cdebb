//! A network whose chain goes on elsewhere for a while: what happened there is noted afterwards.

use crate::{book::Book, curve, Network, Template};
use inktensor_client::chain::Chain;
use inktensor_compute::epoch::Trace;
use inktensor_devnet::{sandbox::SandboxChain, state_file::State};
use inktensor_primitives::NetUid;

impl Network {
    /// The chain's state, to go on with elsewhere, and this network as it is now. Nothing has
    /// happened in its last block.
    pub fn leave(&mut self) -> (State, Template) {
        self.advance(1);
        (self.chain.state(), self.template())
    }

    /// The network that was left as `template`, on `chain`, which has gone on from there with no
    /// subnets but the known ones.
    ///
    /// What contracts told meanwhile is noted, and has to be in order. What a close elsewhere froze
    /// is not known here.
    pub fn come_back(template: &Template, chain: SandboxChain) -> Self {
        let mut net = Self::begin_from(template);
        let left = net.block();
        let blocks = chain.block().expect("the block") - left;
        assert!(net.issuance().total_weight.0 > 0, "issuance has begun");
        net.chain = chain;
        let told = net.chain.events(left).expect("the events");
        net.book.note(&net.addresses, &told);
        net.book.issued = curve::issue(net.book.issued, blocks);
        for history in net.book.subnets.values_mut() {
            history.frozen = None;
        }
        net
    }

    /// Notes what an epoch honestly comes to that was computed elsewhere.
    pub fn note_honest(&mut self, netuid: NetUid, trace: &Trace) {
        self.book.note_honest(netuid, trace);
    }

    /// What an honest observer has written down.
    pub const fn book(&self) -> &Book {
        &self.book
    }
}
