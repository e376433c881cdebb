//! The chain's time: a block every few milliseconds, and none in which a lie would become final.
//!
//! A worker that is killed many times needs an unknown time for a dispute, more on a busy machine.
//! So the chain waits for it before the deadline of a lie. A watcher that never disputes is found
//! by the test's own timeout.

use super::{CHALLENGE_PERIOD, LIAR};
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_devnet::remote::RemoteChain;
use inktensor_primitives::{
    epoch::{Epochs, Stage},
    NetUid,
};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    thread,
    time::Duration,
};

/// Time between two blocks.
const BLOCK_TIME: Duration = Duration::from_millis(40);
/// Blocks before the deadline of a lie in which the chain waits.
const MARGIN: u32 = 5;
/// Blocks after which lies are looked for again: far fewer than the challenge period, in which a
/// lie that is posted meanwhile stands.
const LOOK_AGAIN: u32 = CHALLENGE_PERIOD / 2;

/// Makes blocks.
pub struct Clock {
    /// The chain.
    pub chain: RemoteChain,
    /// The contracts on it.
    pub contracts: Addresses,
    /// The subnets.
    pub netuids: Vec<NetUid>,
    /// True once it has to stop.
    pub ending: Arc<AtomicBool>,
}

impl Clock {
    /// Makes blocks until `ending` is set. Returns the number of times it waited for a dispute.
    pub fn run(mut self) -> usize {
        let (mut waits, mut safe_until) = (0usize, 0u32);
        let mut block = self.chain.block().expect("the chain answers");
        while !self.ending.load(Ordering::Relaxed) {
            thread::sleep(BLOCK_TIME);
            if block >= safe_until {
                let deadline = self.deadline().unwrap_or(u32::MAX);
                let near = deadline.saturating_sub(MARGIN);
                if block >= near {
                    waits = waits.saturating_add(1);
                    continue;
                }
                safe_until = near.min(block + LOOK_AGAIN);
            }
            block = self.chain.advance(1).expect("the chain answers");
        }
        waits
    }

    /// Returns the first deadline of all lies that stand.
    fn deadline(&self) -> Option<u32> {
        let deadlines = self.netuids.iter().filter_map(|netuid| {
            let status = self.chain.query(self.contracts.epoch().status(*netuid));
            deadline_of_a_lie(&status.expect("the chain answers").expect("a subnet").stage)
        });
        deadlines.min()
    }
}

/// Returns the first deadline of a lie.
fn deadline_of_a_lie(stage: &Stage) -> Option<u32> {
    let lies = stage.standing().iter().filter(|it| it.proposer == LIAR);
    lies.map(|it| it.deadline).min()
}
