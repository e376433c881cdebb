//! The start of `mine` and `validate`: settings, log, key, monitoring and the chain.

use crate::{
    error::{Failure, Verdict},
    network::not_opened,
    verifier,
};
use inktensor_client::{
    chain::rpc::{Urgent, Wait},
    keys::KeyArguments,
};
use inktensor_neuron::{
    config::{Common, Fields, Resolved},
    error::NeuronError,
    publish::check_endpoint,
};
use inktensor_worker::{
    chain_source::{Access, ChainSource, Opened, SourceError},
    service::{
        http, logging, metrics,
        signals::{self, Stop},
        status::Status,
        Handles,
    },
};
use std::{env, io::Write, path::PathBuf, sync::Arc};
use subxt_signer::sr25519::Keypair;

/// Arguments of `mine` and `validate` beside their settings.
#[derive(clap::Args)]
pub struct StartArgs {
    /// Ask for the hotkey's secret URI at the terminal, without showing it
    #[arg(long)]
    ask_suri: bool,
    /// A TOML file with any of these settings, with underscores in their names
    ///
    /// A flag goes before an environment variable (INKTENSOR_POLL for --poll, and so on), and a
    /// variable before the file. The variable INKTENSOR_CONFIG may name the file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print all settings and their origins, and do nothing else
    #[arg(long)]
    print_config: bool,
}

impl StartArgs {
    /// Returns the settings of flags, variables and file, or prints them if that is all that is
    /// asked for.
    pub fn resolve<L: Fields>(&self, given: &L, out: &mut dyn Write) -> Result<Option<L>, Failure> {
        let variable = |name: &str| env::var_os(name);
        let resolved = Resolved::by(given, &variable, self.config.as_deref());
        let resolved = resolved.map_err(Failure::input)?;
        if self.print_config {
            write!(out, "{resolved}")?;
            return Ok(None);
        }
        Ok(Some(resolved.layer().clone()))
    }
}

/// A function that opens the chain.
pub type Open<'a> = &'a (dyn Fn() -> Result<Opened, SourceError> + Sync);

/// Runs a service until SIGTERM or SIGINT ends it.
pub fn run(
    common: Common,
    start: &StartArgs,
    service: impl FnOnce(&Common, Keypair, Open<'_>, Handles) -> Result<(), NeuronError>,
) -> Result<Verdict, Failure> {
    if let ChainSource::Dir(folder) = &common.chain {
        return Err(Failure::in_file(
            folder,
            "a chain in a folder makes no blocks; serve it with `inktensor devchain --state DIR`",
        ));
    }
    if let (ChainSource::Served(_), Some(file)) = (&common.chain, &common.deployment) {
        return Err(Failure::in_file(
            file,
            "a devchain names its contracts itself; remove --deployment",
        ));
    }
    check_endpoint(&common).map_err(Failure::input)?;
    logging::start(common.log_format, &common.log).map_err(Failure::input)?;
    // The hotkey signs on the wire, so it is needed on a devchain too.
    let keys = KeyArguments {
        suri_file: common.suri_file.clone(),
        ask_suri: start.ask_suri,
    };
    let hotkey = keys.keypair().map_err(Failure::input)?;
    let handles = Handles {
        status: Arc::new(Status::new(common.stalled_after)),
        stop: Arc::new(Stop::default()),
    };
    signals::listen(Arc::clone(&handles.stop)).map_err(Failure::input)?;
    if let Some(address) = common.http {
        let handle = metrics::start().map_err(Failure::input)?;
        http::serve(address, handle, Arc::clone(&handles.status))
            .map_err(|error| Failure::input(format_args!("--http {address}: {error}")))?;
    }
    let open = || {
        let access = Access {
            deployment: common.deployment.clone(),
            keys: vec![hotkey.clone()],
            // The service looks again, and what it has sent is in the chain's state.
            wait: Wait::Best,
            timeout: verifier::TIMEOUT,
            urgent: Urgent::default(),
            is_writing: true,
        };
        common.chain.open(access)
    };
    let ended = service(&common, hotkey.clone(), &open, handles);
    ended.map_err(|error| match error {
        NeuronError::Source(error) => not_opened(&common.chain, error),
        error => Failure::input(error),
    })?;
    Ok(Verdict::Good)
}
