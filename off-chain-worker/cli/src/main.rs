//! The binary `inktensor`; see [`inktensor_cli`].

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// With the system's allocator, threads that share an epoch wait for each other's memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    inktensor_cli::main()
}
