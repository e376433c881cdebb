//! Prints stake that is added, and epochs that close, as they happen.
//!
//! ```text
//! cargo run -p inktensor-client --example follow_events -- \
//!     ws://127.0.0.1:9944 deployments/development.json
//! ```

use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings},
        ChainRead,
    },
    deploy::Record,
    ss58::ss58,
};
use inktensor_primitives::{epoch::EpochClosed, staking::StakeAdded};
use std::{env, error::Error, fs, thread, time::Duration};

/// Time between two reads of the chain.
const PAUSE: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, record] = arguments.as_slice() else {
        return Err("usage: follow_events URL RECORD".into());
    };
    let contracts = Record::from_text(&fs::read_to_string(record)?)?.addresses()?;
    let mut chain = RpcChain::connect(Settings::of(url), [])?;
    // A busy chain has many events of other contracts.
    chain.listen_to([contracts.staking, contracts.epoch]);
    let mut next = chain.block()?;
    loop {
        let best = chain.block()?;
        let events = chain.events(next)?;
        // A later block may have come in between; its events are printed in the next round.
        for event in events.iter().filter(|event| event.block <= best) {
            if let Some(added) = event.decode::<StakeAdded>() {
                let (hotkey, amount) = (ss58(&added.hotkey), added.amount);
                println!("block {}: {amount} staked on {hotkey}", event.block);
            } else if let Some(closed) = event.decode::<EpochClosed>() {
                let (netuid, epoch) = (closed.netuid, closed.epoch);
                println!(
                    "block {}: epoch {epoch} of subnet {netuid} closed",
                    event.block
                );
            }
        }
        next = next.max(best.saturating_add(1));
        thread::sleep(PAUSE);
    }
}
