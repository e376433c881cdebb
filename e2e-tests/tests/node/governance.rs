//! The commands of docs/governance.md on a node: the script of its section "By commands", with
//! keys in place of names, and with blocks that a node makes.

use super::page::{blocks, demand, page, starts, with_free_ports};
use inktensor_e2e_tests::node::{Node, Options};

/// The name of the test.
pub const TEST: &str = "holders_govern_a_node_by_the_commands_of_the_page";
/// The headings of the script, and of what differs on a node.
const HEADINGS: [&str; 2] = ["\n## By commands\n", "\n## On a node\n"];
/// The port of the node in the page.
const PORT: &str = "9944";
/// The longest run, in seconds: about 100 000 blocks.
const TIMEOUT: u32 = 3_600;
/// The command that lets blocks pass on a devchain, and the one on a node.
const PASS: [&str; 2] = [
    "inktensor devchain pass",
    "inktensor heartbeat --suri-file clock.suri --every 0 --blocks",
];
/// The reads of what is decided, when the commands of the page are over.
const DECIDED: &str = "
inktensor gov list
inktensor subnet hyperparameters --netuid 1 --json | tr -d ' \\n' | grep -o '{\"parameter\":\"tempo\"[^}]*}'
inktensor wallet balance --address $(address dan)
";

/// Runs the commands, and checks what they have decided.
pub fn run() {
    // Prints that the node is missing, or fails if it is required.
    let Some(program) = Node::program() else {
        let none = Node::for_test(TEST, Options::default());
        return assert!(none.is_none());
    };
    let page = page("governance.md");
    let [on_devchain, on_node] = HEADINGS.map(|heading| {
        let (_, section) = page.split_once(heading).expect("the section");
        blocks(section.split("\n## ").next().unwrap_or_default())
    });
    let [begin, end] = on_node.as_slice() else {
        panic!("the beginning and the end of the script on a node");
    };
    let keys = names(begin);
    // The first block of the page starts a devchain, and the last one ends it.
    let [first, played @ .., last] = on_devchain.as_slice() else {
        panic!("the page has commands");
    };
    assert!(first.contains("inktensor devchain --listen"), "{first}");
    assert!(last.contains("deployment check"), "{last}");
    let played: String = played
        .concat()
        .lines()
        .map(|it| on_keys(it, &keys))
        .collect();
    let script = with_free_ports(&format!("{begin}{played}{end}{DECIDED}"), &[PORT]);
    demand(
        TIMEOUT,
        &script,
        &[("substrate-contracts-node", &starts(&program))],
        &[
            "tempo of subnet 1: 360 -> 720 blocks",
            "aye on proposal 0 with 490000 TAO; it passes from block ",
            "nay on proposal 0 with 90000 TAO",
            "so the proxy does not count its stake",
            "counts 99000 TAO of its own now",
            "proposal 0 is executed",
            "100 TAO of the deposit of proposal 0 are paid back",
            "veto of proposal 1: done, by 2 members",
            "proposal 2 is executed",
            "no guard: no account can hold",
            "all 9 contracts are as recorded",
            "no contract's code can change",
            "registry admin     governance (5",
            "treasury owner     governance (5",
            "offers open        none",
            "guard              none",
            ", which can replace any contract's code",
            ":720",
            "vetoed",
            "balance             50 TAO",
        ],
    );
}

/// Returns the names in the block that writes key files: a line `NAME URI` each.
fn names(begin: &str) -> Vec<&str> {
    let listed = begin.split("<<'KEYS'\n").nth(1).expect("a list of keys");
    let lines = listed.split("KEYS\n").next().unwrap_or_default().lines();
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|it| it.0)
        .collect()
}

/// Returns a line of the page with the key files and addresses of accounts in place of `names`,
/// and with blocks of a node.
fn on_keys(line: &str, names: &[&str]) -> String {
    let [pass, beat] = PASS;
    let line = line.replace(pass, beat);
    // Reading an account's votes needs no key of it.
    let signs = !line.contains(" gov votes ");
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let (name, rest) = match word.split_once('=') {
            Some((name, rest)) => (name, format!("={rest}")),
            None => (word, String::new()),
        };
        if !names.contains(&name) {
            words.push(word.into());
            continue;
        }
        match words.last_mut().filter(|it| *it == "--account" && signs) {
            Some(flag) => {
                "--suri-file".clone_into(flag);
                words.push(format!("{name}.suri"));
            }
            None => words.push(format!("$(address {name}){rest}")),
        }
    }
    words.join(" ") + "\n"
}
