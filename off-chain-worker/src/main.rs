//! The binary `inktensor`: see [`inktensor_worker::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    inktensor_worker::cli::main()
}
