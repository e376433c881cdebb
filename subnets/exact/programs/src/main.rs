//! Runs all programs, and prints the name and the hash of each.

use std::process::ExitCode;

fn main() -> ExitCode {
    for program in inktensor_exact_programs::PROGRAMS {
        match (program.run)() {
            Ok(digest) => println!("{} {:016x}", program.name, digest.finish()),
            Err(error) => {
                eprintln!("{}: {error}", program.name);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
