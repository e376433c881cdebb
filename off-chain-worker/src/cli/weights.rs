//! `inktensor weights`: sets a validator's weights.

use super::{
    chain::{ChainArguments, SignerArguments},
    session::tell,
    Failure, Verdict,
};
use inktensor_primitives::{epoch::Epochs, NetUid, Uid};
use serde_json::json;
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Set the weights of the signer's neuron, replacing all before
    #[command(
        after_help = "Example:\n  inktensor weights set --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --uids 2,3 --weights 30,70"
    )]
    Set(Set),
}

/// The weights.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Whom they are for; none to clear them
    #[arg(long, value_delimiter = ',', value_name = "UID,..")]
    uids: Vec<u16>,
    /// The weight of each, 0 to 65535; only their ratio counts
    #[arg(long, value_delimiter = ',', value_name = "WEIGHT,..")]
    weights: Vec<u16>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Set(arguments) = command;
    let (uids, weights) = (&arguments.uids, &arguments.weights);
    if uids.len() != weights.len() {
        return Err(Failure::input(format_args!(
            "--uids has {} entries, --weights has {}: each uid needs a weight",
            uids.len(),
            weights.len()
        )));
    }
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let message = session.contracts.epoch().set_weights(
        NetUid(arguments.netuid),
        uids.iter().copied().map(Uid).collect(),
        weights.clone(),
    );
    let done = session.run("Epochs::set_weights", message)?;
    let (count, netuid) = (uids.len(), arguments.netuid);
    let sentence = format!("set {count} weights on subnet {netuid}");
    let document = json!({ "netuid": netuid, "uids": uids, "weights": weights });
    tell(arguments.json, &sentence, document, &done.cost, out)?;
    Ok(Verdict::Good)
}
