//! Stakes TAO on a hotkey, and prints the position.
//!
//! ```text
//! cargo run -p inktensor-client --example stake -- \
//!     ws://127.0.0.1:9944 deployments/development.json alice.suri 1 HOTKEY 5
//! ```
//!
//! `alice.suri` holds the secret URI of the coldkey, and only its owner may read it.

use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings},
        Answer, Typed,
    },
    deploy::Record,
    keys,
    ss58::parse_address,
};
use inktensor_primitives::{staking::Staking, NetUid, Rao};
use psp22::PSP22;
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, record, key, netuid, hotkey, tao] = arguments.as_slice() else {
        return Err("usage: stake URL RECORD KEY_FILE NETUID HOTKEY TAO".into());
    };
    let netuid = NetUid(netuid.parse()?);
    let hotkey = parse_address(hotkey)?;
    let amount = Rao::from_tao(tao.parse()?);
    let key = keys::from_file(Path::new(key))?;
    let coldkey = keys::account(&key);
    let mut chain = RpcChain::connect(Settings::of(url), [key])?;
    let contracts = Record::from_text(&fs::read_to_string(record)?)?.addresses()?;

    // The staking contract collects the amount, which the coldkey approves first.
    let approve = contracts
        .psp22()
        .approve(contracts.staking, amount.to_u128());
    chain.send(coldkey, approve).answer()?;
    let add = contracts.staking().add_stake(netuid, hotkey, amount);
    let sent = chain.send(coldkey, add).answer()?;
    println!("staked {amount}, for a fee of {}", sent.cost.fee);

    let position = contracts.staking().stake(netuid, hotkey, coldkey);
    println!("the position is {}", chain.query(position)?);
    Ok(())
}
