//! Which functions a function can reach.
//!
//! A call through the table is taken to reach every function in any element segment, and every
//! function whose reference is taken, that has the signature the call asks for: another one traps.
//! So the graph has all calls that can happen, and some that cannot. The search is a loop over a
//! queue and visits each function and each signature once, however deep, cyclic or dense the graph
//! is.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
};

/// Most characters of a name that are shown.
const SHOWN_NAME: usize = 80;
/// Most hops of a path that are shown: the first ones, and the last ones.
const SHOWN_HOPS: (usize, usize) = (16, 8);

/// Who calls whom.
#[derive(Default)]
pub struct CallGraph {
    /// Per function: what it calls. Imports come first and call nothing.
    calls: Vec<Calls>,
    /// Functions that a call through the table can reach, by signature.
    table: HashMap<u32, Vec<u32>>,
    /// Names of functions, as `module.name` for imports.
    names: HashMap<u32, String>,
    imports: u32,
}

/// What one function calls.
#[derive(Default)]
struct Calls {
    direct: HashSet<u32>,
    /// Signatures that it calls through the table.
    indirect: HashSet<u32>,
}

impl CallGraph {
    /// Adds an imported function. All imports come before all others.
    pub fn import(&mut self, name: String) {
        self.names.insert(self.imports, name);
        self.imports = self.imports.saturating_add(1);
        self.calls.push(Calls::default());
    }

    /// Adds a function with a body, and gives its index.
    pub fn function(&mut self) -> u32 {
        self.calls.push(Calls::default());
        // Far fewer than 2^32: each has bytes of its own.
        u32::try_from(self.calls.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// `caller` calls `callee`.
    pub fn call(&mut self, caller: u32, callee: u32) {
        if let Some(calls) = self.of_mut(caller) {
            calls.direct.insert(callee);
        }
    }

    /// `caller` calls a function with this signature through the table.
    pub fn call_table(&mut self, caller: u32, signature: u32) {
        if let Some(calls) = self.of_mut(caller) {
            calls.indirect.insert(signature);
        }
    }

    /// `function`, which has this signature, can be called through the table.
    pub fn enter_table(&mut self, signature: u32, function: u32) {
        self.table.entry(signature).or_default().push(function);
    }

    /// Calls `function` by this name; imports have theirs.
    pub fn name(&mut self, function: u32, name: &str) {
        if function >= self.imports {
            self.names.insert(function, shown(name));
        }
    }

    /// The name of an import; none for a function with a body.
    pub fn import_name(&self, function: u32) -> Option<&str> {
        (function < self.imports)
            .then(|| self.names.get(&function).map(String::as_str))
            .flatten()
    }

    /// All that `entry` can reach.
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

    /// How to call `function` in a sentence.
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

/// A name from the module's own bytes, fit to be shown: not too long, and control characters
/// escaped.
pub fn shown(name: &str) -> String {
    let letters = name.chars().take(SHOWN_NAME);
    letters.flat_map(char::escape_debug).collect()
}

/// In ascending order, so that the same code has the same path each time.
fn sorted(set: &HashSet<u32>) -> Vec<u32> {
    let mut sorted: Vec<u32> = set.iter().copied().collect();
    sorted.sort_unstable();
    sorted
}

/// By whom a function was found.
#[derive(Clone, Copy)]
enum Caller {
    None,
    Direct(u32),
    Table(u32),
}

/// All that an entry point can reach.
pub struct Reach<'a> {
    graph: &'a CallGraph,
    found: HashMap<u32, Caller>,
}

impl Reach<'_> {
    /// The imports reached, in order of their index.
    pub fn imports(&self) -> Vec<u32> {
        (0..self.graph.imports)
            .filter(|import| self.found.contains_key(import))
            .collect()
    }

    /// A shortest path from the entry point, which is called `entry`, to `function`; none if it is
    /// not reached.
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

/// Who calls whom, from an entry point to a function of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<Hop>);

/// A station on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// An entry point, by its name.
    Entry(&'static str),
    /// The table of functions: the next one is called through it.
    Table,
    /// A function of the module.
    Function {
        /// Its index.
        index: u32,
        /// Its name, if the module tells names. Control characters are escaped.
        name: Option<String>,
    },
    /// A function of the chain, as `module.name`.
    Host(String),
}

impl Path {
    /// What it leads to.
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
