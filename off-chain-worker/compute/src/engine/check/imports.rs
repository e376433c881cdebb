//! The functions of the chain that a kernel may import.

use wasmparser::{FuncType, ValType};

/// A function that a kernel may import. All parameters and results are `i32`.
pub struct Import {
    module: &'static str,
    name: &'static str,
    parameters: usize,
    results: usize,
    /// True if a step may call it. A step must not reach a function that only the constructor may
    /// call.
    pub in_steps: bool,
}

/// The one import that reads storage.
pub const GET_STORAGE: &str = "seal1.get_storage";
/// The one import that writes, and only in the constructor.
pub const SET_STORAGE: &str = "seal2.set_storage";

/// All imports of a pure ink! contract.
const IMPORTS: [Import; 5] = [
    Import {
        module: "seal0",
        name: "input",
        parameters: 2,
        results: 0,
        in_steps: true,
    },
    Import {
        module: "seal0",
        name: "seal_return",
        parameters: 3,
        results: 0,
        in_steps: true,
    },
    Import {
        module: "seal0",
        name: "value_transferred",
        parameters: 2,
        results: 0,
        in_steps: true,
    },
    // ink! reads the root cell before a message. A kernel's is empty.
    Import {
        module: "seal1",
        name: "get_storage",
        parameters: 4,
        results: 1,
        in_steps: true,
    },
    // ink! writes the empty root cell in the constructor.
    Import {
        module: "seal2",
        name: "set_storage",
        parameters: 4,
        results: 1,
        in_steps: false,
    },
];

impl Import {
    /// Returns the import with this name, if a kernel may have it.
    pub fn find(module: &str, name: &str) -> Option<&'static Self> {
        IMPORTS
            .iter()
            .find(|known| (known.module, known.name) == (module, name))
    }

    /// Returns the signature of the import on the chain.
    pub fn signature(&self) -> FuncType {
        signature(self.parameters, self.results)
    }
}

/// A signature of `i32` only.
pub fn signature(parameters: usize, results: usize) -> FuncType {
    FuncType::new(vec![ValType::I32; parameters], vec![ValType::I32; results])
}
