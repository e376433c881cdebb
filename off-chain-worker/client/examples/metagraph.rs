//! Prints the neurons of a subnet.
//!
//! ```text
//! cargo run -p inktensor-client --example metagraph -- \
//!     ws://127.0.0.1:9944 deployments/development.json 1
//! ```

use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings},
        Typed,
    },
    deploy::Record,
    ss58::ss58,
};
use inktensor_primitives::{registry::Registry, NetUid, PAGE};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, record, netuid] = arguments.as_slice() else {
        return Err("usage: metagraph URL RECORD NETUID".into());
    };
    let netuid = NetUid(netuid.parse()?);
    let chain = RpcChain::connect(Settings::of(url), [])?;
    let contracts = Record::from_text(&fs::read_to_string(record)?)?.addresses()?;
    let subnet = chain.query(contracts.registry().subnet(netuid))?;
    let subnet = subnet.ok_or("no such subnet")?;
    println!("uid  hotkey                                            permit  dividends  incentive");
    for page in 0..subnet.neurons.div_ceil(PAGE) {
        for view in chain.query(contracts.registry().metagraph(netuid, page))? {
            let score = view.score;
            println!(
                "{:>3}  {}  {:<6}  {:>9}  {:>9}",
                view.uid.0,
                ss58(&view.neuron.hotkey),
                score.permit,
                score.dividends,
                score.incentive
            );
        }
    }
    Ok(())
}
