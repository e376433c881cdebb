//! The contracts, and how each is built. A new contract is one line here.

use anyhow::{Context, Result};

/// The aim of a contract's optimisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Small code: it is stored on the chain, and loaded again by every call.
    Size,
    /// Fast code: a kernel computes whole epochs.
    Speed,
}

impl Goal {
    /// Returns the optimisation passes for wasm-opt.
    pub fn passes(self) -> &'static str {
        match self {
            Goal::Size => "z",
            Goal::Speed => "4",
        }
    }
}

/// A contract of the project.
#[derive(Debug)]
pub struct Contract {
    /// The name of the bundle, and of the staged package that it is built from.
    pub name: &'static str,
    /// The folder below `contracts/`.
    pub folder: &'static str,
    /// The aim of its optimisation.
    pub goal: Goal,
    /// The folder of the contract whose front this is: a front is compiled with its code.
    pub front_of: Option<&'static str>,
    /// True for a contract of the network, which has bindings for JavaScript.
    pub has_bindings: bool,
}

/// All contracts, in the order in which they are built.
pub const ALL: [Contract; 13] = [
    Contract {
        name: "token",
        folder: "token",
        goal: Goal::Size,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "registry",
        folder: "registry",
        goal: Goal::Size,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "registry_front",
        folder: "registry/front",
        goal: Goal::Size,
        front_of: Some("registry"),
        has_bindings: false,
    },
    Contract {
        name: "staking",
        folder: "staking",
        goal: Goal::Size,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "staking_front",
        folder: "staking/front",
        goal: Goal::Size,
        front_of: Some("staking"),
        has_bindings: false,
    },
    Contract {
        name: "emission",
        folder: "emission",
        goal: Goal::Size,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "treasury",
        folder: "treasury",
        goal: Goal::Size,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "epoch",
        folder: "epoch",
        goal: Goal::Size,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "epoch_front",
        folder: "epoch/front",
        goal: Goal::Size,
        front_of: Some("epoch"),
        has_bindings: false,
    },
    Contract {
        name: "yuma",
        folder: "kernels/yuma",
        goal: Goal::Speed,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "mean",
        folder: "kernels/mean",
        goal: Goal::Speed,
        front_of: None,
        has_bindings: true,
    },
    Contract {
        name: "governance",
        folder: "governance",
        goal: Goal::Size,
        front_of: None,
        has_bindings: true,
    },
    // A user's contract, which tests show how to test.
    Contract {
        name: "nominator",
        folder: "../e2e-tests/drink/user-contract",
        goal: Goal::Size,
        front_of: None,
        has_bindings: false,
    },
];

/// Most bytes of code that `pallet-contracts` stores: 123 KiB.
pub const CODE_LIMIT: usize = 123 * 1024;

/// The contracts named, or all of them when none is.
pub fn select(names: &[String]) -> Result<Vec<&'static Contract>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            ALL.iter()
                .find(|contract| contract.name == name)
                .with_context(|| {
                    let known: Vec<&str> = ALL.iter().map(|contract| contract.name).collect();
                    format!("no contract `{name}`; there are {}", known.join(", "))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_contracts() {
        assert_eq!(select(&[]).unwrap().len(), ALL.len());
        assert_eq!(select(&["yuma".into()]).unwrap()[0].folder, "kernels/yuma");
        let error = select(&["flipper".into()]).unwrap_err().to_string();
        assert!(
            error.contains("no contract `flipper`") && error.contains("token"),
            "{error}"
        );
    }
}
