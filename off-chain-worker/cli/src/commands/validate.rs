//! `inktensor validate`: a validator as a process, see [`validator`](inktensor_neuron::validator).

use super::neuron_service::{self, StartArgs};
use crate::error::{Failure, Verdict};
use inktensor_neuron::{config::ValidateLayer, validator};
use std::io::Write;

/// Arguments of `validate`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "validate --netuid 1 --chain ws://127.0.0.1:9944 --suri-file hot.suri --listen 0.0.0.0:8092 \
     --host v0.example.org --store validator"
))]
pub struct Arguments {
    #[command(flatten)]
    given: ValidateLayer,
    #[command(flatten)]
    start: StartArgs,
}

/// Runs the command until SIGTERM or SIGINT ends it.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Some(layer) = arguments.start.resolve(&arguments.given, out)? else {
        return Ok(Verdict::Good);
    };
    let common = layer.common().map_err(Failure::input)?;
    let users = layer.users.unwrap_or(true);
    neuron_service::run(common, &arguments.start, |common, hotkey, open, handles| {
        validator::run(common, users, hotkey, open, handles)
    })
}
