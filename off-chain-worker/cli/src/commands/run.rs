//! `inktensor run`: a worker as a process, see [`service`](inktensor_worker::service).

use crate::{
    args::{SignerArgs, Who},
    error::{Failure, Verdict},
    network::not_opened,
    verifier,
};
use inktensor_client::{
    chain::{
        rpc::{Urgent, Wait},
        selector,
    },
    keys::KeyArguments,
};
use inktensor_worker::{
    chain_source::{Access, ChainSource},
    service::{
        self,
        config::{Layer, ResolvedConfig},
        http, logging, metrics,
        signals::{self, Stop},
        status::Status,
        Handles, ServiceError,
    },
};
use std::{env, io::Write, path::PathBuf, sync::Arc};

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "run --role keeper,proposer,watcher --chain ws://127.0.0.1:9944 --suri-file worker.suri \
     --store worker"
))]
pub struct Arguments {
    #[command(flatten)]
    given: Layer,
    /// Ask for the key's secret URI at the terminal, without showing it
    #[arg(long)]
    ask_suri: bool,
    /// A TOML file with any of these settings, as inktensor.example.toml
    ///
    /// A flag goes before an environment variable (INKTENSOR_POLL for --poll, and so on), and a
    /// variable before the file. The variable INKTENSOR_CONFIG may name the file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print all settings and their origins, and do nothing else
    #[arg(long)]
    print_config: bool,
}

/// Runs the command until SIGTERM or SIGINT ends it.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let variable = |name: &str| env::var_os(name);
    let resolved = ResolvedConfig::by(&arguments.given, &variable, arguments.config.as_deref())
        .map_err(Failure::input)?;
    if arguments.print_config {
        write!(out, "{resolved}")?;
        return Ok(Verdict::Good);
    }
    let config = resolved.complete().map_err(Failure::input)?;
    if let ChainSource::Dir(folder) = &config.chain {
        return Err(Failure::in_file(
            folder,
            "a chain in a folder makes no blocks; serve it with `inktensor devchain --state DIR`",
        ));
    }
    if let (ChainSource::Served(_), Some(file)) = (&config.chain, &config.deployment) {
        return Err(Failure::in_file(
            file,
            "a devchain names its contracts itself; remove --deployment",
        ));
    }
    logging::start(config.log_format, &config.log).map_err(Failure::input)?;
    let signer = SignerArgs {
        keys: KeyArguments {
            suri_file: config.suri_file.clone(),
            ask_suri: arguments.ask_suri,
        },
        account: config.account.as_deref().map(Who::from),
        // Roles look again before the next step, and the chain checks every step.
        wait: Wait::Best,
    };
    let (account, keys) = signer.account_on(&config.chain)?;
    let ties = Handles {
        status: Arc::new(Status::new(config.stalled_after)),
        stop: Arc::new(Stop::default()),
    };
    signals::listen(Arc::clone(&ties.stop)).map_err(Failure::input)?;
    if let Some(address) = config.http {
        let handle = metrics::start().map_err(Failure::input)?;
        http::serve(address, handle, Arc::clone(&ties.status))
            .map_err(|error| Failure::input(format_args!("--http {address}: {error}")))?;
    }
    let open = || {
        let access = Access {
            deployment: config.deployment.clone(),
            keys: keys.clone(),
            wait: signer.wait,
            // Short: a worker that is to end waits for the request in hand, and the next turn
            // sends it again.
            timeout: verifier::TIMEOUT,
            // A false assertion can be disputed for a limited time, at times after `gather` only.
            urgent: Urgent {
                selectors: ["Epochs::dispute", "Epochs::gather"].map(selector).to_vec(),
                most_tip: config.max_tip,
            },
            is_writing: true,
        };
        config.chain.open(access)
    };
    // Each role opens a connection of its own.
    let kernels = verifier::kernels(Some(&config.store))?;
    service::run(&config, account, open, kernels, ties.clone()).map_err(|error| match error {
        ServiceError::Source(error) => not_opened(&config.chain, error),
        error => Failure::input(error),
    })?;
    Ok(Verdict::Good)
}
