//! Programs that some tests run and that may be missing.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
};

/// The environment variable that makes a missing program a failure.
pub const REQUIRE_NODE: &str = "INKTENSOR_REQUIRE_NODE";

/// A program, and the environment variable with its path.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The name of the executable.
    pub name: &'static str,
    /// The environment variable.
    pub variable: &'static str,
}

/// A node with `pallet-contracts`.
pub const NODE: Tool = Tool {
    name: "substrate-contracts-node",
    variable: "CONTRACTS_NODE",
};
/// The program that uploads, instantiates and calls contracts.
pub const CARGO_CONTRACT: Tool = Tool {
    name: "cargo-contract",
    variable: "CARGO_CONTRACT",
};

impl Tool {
    /// Returns its path: the one in the environment, else in `target/tools/bin` of the workspace
    /// that this test was built in or runs in, else on the search path.
    pub fn find(&self) -> Option<PathBuf> {
        if let Some(named) = env::var_os(self.variable).filter(|named| !named.is_empty()) {
            return Some(named.into());
        }
        let starts = [env::current_dir(), env::current_exe()];
        let tools = starts
            .iter()
            .flatten()
            .flat_map(|start| start.ancestors())
            .map(|place| place.join("target/tools/bin"));
        let path = env::var_os("PATH").unwrap_or_default();
        tools
            .chain(env::split_paths(&path))
            .map(|folder| folder.join(self.name))
            .find(|program| program.is_file())
    }

    /// Returns its path for `test`. If it is missing, prints one line; the test is skipped.
    ///
    /// # Panics
    /// If it is missing while [`REQUIRE_NODE`] is set.
    pub fn for_test(&self, test: &str) -> Option<PathBuf> {
        let Self { name, variable } = self;
        let found = self.find();
        if found.is_none() {
            assert!(
                env::var_os(REQUIRE_NODE).is_none(),
                "{test}: no {name} (set {variable}), and {REQUIRE_NODE} is set"
            );
            // Standard error itself: the test harness captures `eprintln!`.
            let _ = writeln!(io::stderr(), "SKIPPED {test}: no {name} (set {variable})");
        }
        found
    }
}
