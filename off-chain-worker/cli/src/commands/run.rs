//! `inktensor run`: a worker as a process, see [`service`](inktensor_worker::service).

use super::{Failure, Verdict};
use crate::{
    args::{SignerArguments, Who},
    verifier,
};
use inktensor_client::{chain::rpc::Wait, keys::KeyArguments};
use inktensor_worker::{
    chain_source::{Access, ChainSource},
    service::{
        self,
        config::{Layer, Told},
        http, logging, metrics,
        signals::{self, Stop},
        status::Status,
        Service, Ties,
    },
};
use std::{env, io::Write, path::PathBuf, sync::Arc};
use tracing::info;

/// A worker to run.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    told: Layer,
    /// Ask for the secret URI of the key that signs at the terminal, without showing it
    #[arg(long)]
    ask_suri: bool,
    /// A file that tells any of these, as inktensor.example.toml does; a flag goes before the
    /// environment (INKTENSOR_POLL for --poll, and so on), that before the file.
    /// INKTENSOR_CONFIG may name it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print what holds and who told it, and do nothing else
    #[arg(long)]
    print_config: bool,
}

/// Runs the command. It ends when it is asked to by SIGTERM or SIGINT.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let variable = |name: &str| env::var_os(name);
    let told = Told::by(&arguments.told, &variable, arguments.config.as_deref())
        .map_err(Failure::input)?;
    if arguments.print_config {
        write!(out, "{told}")?;
        return Ok(Verdict::Good);
    }
    let config = told.complete().map_err(Failure::input)?;
    if let ChainSource::Kept(folder) = &config.chain {
        return Err(Failure::in_file(
            folder,
            "nothing happens on a chain in a folder; serve it with `inktensor devchain --state DIR`",
        ));
    }
    if let (ChainSource::Served(_), Some(file)) = (&config.chain, &config.deployment) {
        return Err(Failure::in_file(
            file,
            "a devchain tells the contracts' addresses itself; leave --deployment away",
        ));
    }
    logging::start(config.log_format, &config.log).map_err(Failure::input)?;
    let signer = SignerArguments {
        keys: KeyArguments {
            suri_file: config.suri_file.clone(),
            ask_suri: arguments.ask_suri,
        },
        account: config.account.as_deref().map(Who::from),
        // Roles look again before the next step, and every step is one that the chain checks.
        wait: Wait::Best,
    };
    let (account, keys) = signer.account_on(&config.chain)?;
    let ties = Ties {
        status: Arc::new(Status::new(config.stalled_after)),
        stop: Arc::new(Stop::default()),
    };
    signals::listen(Arc::clone(&ties.stop)).map_err(Failure::input)?;
    if let Some(address) = config.http {
        let handle = metrics::start().map_err(Failure::input)?;
        let bound = http::serve(address, handle, Arc::clone(&ties.status))
            .map_err(|error| Failure::input(format_args!("--http {address}: {error}")))?;
        info!("metrics and health on http://{bound}");
    }
    let open = || {
        let access = Access {
            deployment: config.deployment.clone(),
            keys: keys.clone(),
            wait: signer.wait,
            // Not long: a worker that is asked to end waits for the question in hand, and the next
            // turn asks again.
            patience: verifier::PATIENCE,
        };
        config.chain.open(access)
    };
    let opened = service::opened(&ties, config.poll, open)
        .map_err(|error| Failure::input(format_args!("--chain {}: {error}", config.chain)))?;
    if let Some(opened) = opened {
        let kernels = verifier::kernels()?;
        Service::new(&config, account, opened, kernels, ties.clone())
            .map_err(Failure::input)?
            .run();
    }
    info!(signal = ties.stop.asked_by(), "ended");
    Ok(Verdict::Good)
}
