//! The binary `inktensor`; see [`inktensor_cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    inktensor_cli::main()
}
