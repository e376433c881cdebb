//! The call graph of a kernel: the functions that a function can reach.
//!
//! A call through the table counts as a call of every function with the right signature that an
//! element segment lists or whose reference is taken; any other function traps. So the graph has
//! all calls that can happen, and some that cannot. The search is a loop over a queue. It visits
//! each function and each signature once, however deep, cyclic or dense the graph is.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
};

/// Largest number of characters of a name that are shown.
const SHOWN_NAME: usize = 80;
/// Largest number of hops of a path that are shown: the first and the last ones.
const SHOWN_HOPS: (usize, usize) = (16, 8);

/// A call graph.
#[derive(Default)]
pub struct CallGraph {
    /// Calls of each function. Imports come first and call nothing.
    calls: Vec<Calls>,
    /// Functions that a call through the table can reach, by signature.
    table: HashMap<u32, Vec<u32>>,
    /// Names of functions, as `module.name` for imports.
    names: HashMap<u32, String>,
    imports: u32,
}

/// The calls of one function.
#[derive(Default)]
struct Calls {
    direct: HashSet<u32>,
    /// Signatures of its calls through the table.
    indirect: HashSet<u32>,
}

impl CallGraph {
    /// Adds an imported function. All imports come before all others.
    pub fn import(&mut self, name: String) {
        self.names.insert(self.imports, name);
        self.imports = self.imports.saturating_add(1);
        self.calls.push(Calls::default());
    }

    /// Adds a function with a body, and returns its index.
    pub fn function(&mut self) -> u32 {
        self.calls.push(Calls::default());
        // Far fewer than 2^32: each function has bytes of its own.
        u32::try_from(self.calls.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Adds a call of `callee` by `caller`.
    pub fn call(&mut self, caller: u32, callee: u32) {
        if let Some(calls) = self.of_mut(caller) {
            calls.direct.insert(callee);
        }
    }

    /// Adds a call through the table: `caller` calls a function with this signature.
    pub fn call_table(&mut self, caller: u32, signature: u32) {
        if let Some(calls) = self.of_mut(caller) {
            calls.indirect.insert(signature);
        }
    }

    /// Adds `function`, which has this signature, to the table.
    pub fn enter_table(&mut self, signature: u32, function: u32) {
        self.table.entry(signature).or_default().push(function);
    }

    /// Sets the name of `function`. Imports have theirs.
    pub fn name(&mut self, function: u32, name: &str) {
        if function >= self.imports {
            self.names.insert(function, shown(name));
        }
    }

    /// Returns the name of an import; `None` for a function with a body.
    pub fn import_name(&self, function: u32) -> Option<&str> {
        (function < self.imports)
            .then(|| self.names.get(&function).map(String::as_str))
            .flatten()
    }

    /// Returns everything that `entry` can reach.
    pub fn reach(&self, entry: u32) -> Reach<'_> {
        let mut found = HashMap::from([(entry, Caller::None)]);
        let mut signatures = HashSet::new();
        let mut queue = VecDeque::from([entry]);
        while let Some(function) = queue.pop_front() {
            let Some(calls) = self.of(function) else {
                continue;
            };
            let mut visit = |callee: u32, caller: Caller| {
                found.entry(callee).or_insert_with(|| {
                    queue.push_back(callee);
                    caller
                });
            };
            for callee in sorted(&calls.direct) {
                visit(callee, Caller::Direct(function));
            }
            for signature in sorted(&calls.indirect) {
                if signatures.insert(signature) {
                    let entries = self.table.get(&signature).map_or(&[][..], Vec::as_slice);
                    for callee in entries {
                        visit(*callee, Caller::Table(function));
                    }
                }
            }
        }
        Reach { graph: self, found }
    }

    /// Returns the text for `function` in a sentence.
    pub fn hop(&self, function: u32) -> Hop {
        match self.import_name(function) {
            Some(name) => Hop::Host(name.to_owned()),
            None => Hop::Function {
                index: function,
                name: self.names.get(&function).cloned(),
            },
        }
    }

    fn of(&self, function: u32) -> Option<&Calls> {
        self.calls.get(usize::try_from(function).ok()?)
    }

    fn of_mut(&mut self, function: u32) -> Option<&mut Calls> {
        self.calls.get_mut(usize::try_from(function).ok()?)
    }
}

/// Returns a name of the module, shortened, with control characters escaped.
pub fn shown(name: &str) -> String {
    let letters = name.chars().take(SHOWN_NAME);
    letters.flat_map(char::escape_debug).collect()
}

/// Ascending, so that the same code has the same path each time.
fn sorted(set: &HashSet<u32>) -> Vec<u32> {
    let mut sorted: Vec<u32> = set.iter().copied().collect();
    sorted.sort_unstable();
    sorted
}

/// The caller through which a function was found.
#[derive(Clone, Copy)]
enum Caller {
    None,
    Direct(u32),
    Table(u32),
}

/// Everything that an entry point can reach.
pub struct Reach<'a> {
    graph: &'a CallGraph,
    found: HashMap<u32, Caller>,
}

impl Reach<'_> {
    /// Returns the reached imports, in order of their index.
    pub fn imports(&self) -> Vec<u32> {
        (0..self.graph.imports)
            .filter(|import| self.found.contains_key(import))
            .collect()
    }

    /// Returns a shortest path from the entry point, whose name is `entry`, to `function`; `None`
    /// if it is not reached.
    pub fn path(&self, entry: &'static str, function: u32) -> Option<Path> {
        let mut hops = Vec::new();
        let mut at = function;
        loop {
            match self.found.get(&at)? {
                Caller::None => break,
                Caller::Direct(caller) => {
                    hops.push(self.graph.hop(at));
                    at = *caller;
                }
                Caller::Table(caller) => {
                    hops.push(self.graph.hop(at));
                    hops.push(Hop::Table);
                    at = *caller;
                }
            }
        }
        hops.push(Hop::Entry(entry));
        hops.reverse();
        Some(Path(hops))
    }
}

/// A chain of calls, from an entry point to a function of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<Hop>);

/// A station on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// An entry point, by its name.
    Entry(&'static str),
    /// The table of functions. The next function is called through it.
    Table,
    /// A function of the module.
    Function {
        /// Index of the function.
        index: u32,
        /// Name of the function, if the module has names. Control characters are escaped.
        name: Option<String>,
    },
    /// A function of the chain, as `module.name`.
    Host(String),
}

impl Path {
    /// Returns the end of the path.
    pub fn end(&self) -> String {
        self.0.last().map(Hop::to_string).unwrap_or_default()
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hop::Entry(name) => f.write_str(name),
            Hop::Table => f.write_str("table"),
            Hop::Function { index, name: None } => write!(f, "func {index}"),
            Hop::Function {
                index,
                name: Some(name),
            } => write!(f, "func {index} ({name})"),
            Hop::Host(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = SHOWN_HOPS;
        let tail = self.0.len().saturating_sub(last);
        for (place, hop) in self.0.iter().enumerate() {
            if place >= first && place < tail {
                if place == first {
                    write!(f, " -> ({} more)", tail.saturating_sub(first))?;
                }
                continue;
            }
            let arrow = if place == 0 { "" } else { " -> " };
            write!(f, "{arrow}{hop}")?;
        }
        Ok(())
    }
}
