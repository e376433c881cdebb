//! The exports of the Wasm build.

use crate::PROGRAMS;

/// Returns the number of programs.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn count() -> u32 {
    u32::try_from(PROGRAMS.len()).unwrap_or(u32::MAX)
}

/// Runs a program, and returns its hash, or zero if it is refused or there is no such program.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn run(index: u32) -> u64 {
    usize::try_from(index)
        .ok()
        .and_then(|index| PROGRAMS.get(index))
        .and_then(|program| (program.run)().ok())
        .map_or(0, |digest| digest.finish())
}
