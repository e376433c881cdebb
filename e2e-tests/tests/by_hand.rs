//! The pages about deployment and messages, tried on a node: every command runs as printed.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use inktensor_client::deploy::Bundles;
use inktensor_e2e_tests::{
    node::{Node, Options},
    tools::CARGO_CONTRACT,
    TempDir,
};
use inktensor_primitives::hash::blake2;
use inktensor_primitives::hash::hex;
use serde_json::Value;
use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

/// The longest run of a script, in seconds.
const PATIENCE: &str = "600";
/// The line that the script of all calls prints before each call.
const MARK: &str = "--- call ";
/// All contracts.
const CONTRACTS: [&str; 9] = [
    "token",
    "registry",
    "staking",
    "emission",
    "epoch",
    "yuma",
    "mean",
    "treasury",
    "governance",
];
/// The type of hyperparameters.
const HYPERPARAMETER: &str = "Hyperparameter";

#[test]
fn commands_of_the_pages_succeed_on_a_node() {
    let test = "commands_of_the_pages_succeed_on_a_node";
    let Some(cargo_contract) = CARGO_CONTRACT.for_test(test) else {
        return;
    };
    let Some(node) = Node::for_test(test, Options::default()) else {
        return;
    };
    let shell = Shell::new(&node, &cargo_contract);
    let by_hand = blocks(&section(&page("deploy.md"), "## By hand"));
    assert!(by_hand.len() > 10, "only {} blocks found", by_hand.len());
    shell.run(&by_hand.join("\n"));

    let addresses = shell.addresses();
    assert_code(&shell, &addresses);
    assert_peers(&shell, &addresses);
    assert_answers(&shell, &by_hand[0]);
}

/// Checks that the code at each address is the built code.
fn assert_code(shell: &Shell, addresses: &BTreeMap<String, String>) {
    let bundles = Bundles::load().unwrap();
    let codes = [
        ("TOKEN", &bundles.token),
        ("REGISTRY", &bundles.registry_front),
        ("STAKING", &bundles.staking_front),
        ("EMISSION", &bundles.emission),
        ("EPOCH", &bundles.epoch_front),
        ("YUMA", &bundles.yuma),
        ("MEAN", &bundles.mean),
        ("TREASURY", &bundles.treasury),
        ("GOVERNANCE", &bundles.governance),
    ];
    for (name, bundle) in codes {
        let info = shell.run(&format!(
            r#"cargo contract info --contract {} --url "$URL" --output-json"#,
            addresses[name]
        ));
        let info: Value = serde_json::from_str(&info).unwrap();
        assert_eq!(info["code_hash"], hex(&blake2(&bundle.code)), "{name}");
    }
    let full = [
        ("registry", &bundles.registry),
        ("staking", &bundles.staking),
        ("epoch", &bundles.epoch),
    ];
    for (name, bundle) in full {
        let answer = shell.run(&format!(
            r#"cargo contract call "$CONTRACTS/{name}_front.json" --contract {} --url "$URL" --suri //Alice --message full_code"#,
            addresses[&name.to_uppercase()]
        ));
        let expected = format!("Ok({})", hex(&blake2(&bundle.code)));
        assert_eq!(result(&answer), Some(expected.as_str()), "{name}");
    }
}

/// Checks the addresses that the epoch contract and governance call.
fn assert_peers(shell: &Shell, addresses: &BTreeMap<String, String>) {
    let peers = |contract: &str, message: &str| {
        shell.run(&format!(
            r#"cargo contract call "$CONTRACTS/{contract}.json" --contract {} --url "$URL" --suri //Alice --message {message}"#,
            addresses[&contract.to_uppercase()]
        ))
    };
    let of = |name: &str| &addresses[name];
    let (token, registry, staking) = (of("TOKEN"), of("REGISTRY"), of("STAKING"));
    let (emission, epoch, treasury) = (of("EMISSION"), of("EPOCH"), of("TREASURY"));
    let common =
        format!("token: {token}, registry: {registry}, staking: {staking}, emission: {emission}");
    let expected = format!("Ok(Peers {{ {common} }})");
    assert_eq!(
        result(&peers("epoch", "Epochs::peers")),
        Some(expected.as_str())
    );
    let expected =
        format!("Ok(GovernancePeers {{ {common}, epoch: {epoch}, treasury: {treasury} }})");
    assert_eq!(
        result(&peers("governance", "Governance::peers")),
        Some(expected.as_str())
    );
}

/// Checks the answers in the tables of the page about messages.
fn assert_answers(shell: &Shell, accounts: &str) {
    let calls = calls(&page("messages.md"));
    assert!(calls.len() > 200, "only {} calls found", calls.len());
    let mut script = format!("{accounts}\n. ./inktensor.env\n");
    for (number, call) in calls.iter().enumerate() {
        // A failed call has no result; its output is printed.
        script += &format!("echo '{MARK}{number}'\n{} 2>&1 || true\n", call.command());
    }
    let printed = shell.run(&script);
    let mut answers = printed.split(MARK).skip(1);
    let mut wrong = Vec::new();
    for call in &calls {
        let printed = answers.next().expect("a mark for each call");
        if !result(printed).is_some_and(|answer| matches(answer, &call.answer)) {
            wrong.push(format!(
                "{}\n  expected: {}\n{printed}",
                call.command(),
                call.answer
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn page_has_every_message_and_hyperparameter() {
    let page = page("messages.md");
    let missing = |wanted: &str| !page.contains(wanted);
    let mut unknown = Vec::new();
    for contract in CONTRACTS {
        let metadata = metadata(contract);
        for message in list(&metadata["spec"]["messages"]) {
            let label = message["label"].as_str().expect("a label");
            if missing(&format!("`{label}`")) {
                unknown.push(label.to_owned());
            }
        }
        for (of, variant) in choices(&metadata) {
            let variant = variant["name"].as_str().expect("a name");
            if of == HYPERPARAMETER && missing(&format!("`1 \"{variant}(")) {
                unknown.push(variant.to_owned());
            }
        }
    }
    assert!(unknown.is_empty(), "not in docs/messages.md: {unknown:?}");
}

#[test]
fn metadata_documents_every_message_event_and_error() {
    let mut silent = Vec::new();
    for contract in CONTRACTS {
        let metadata = metadata(contract);
        for kind in ["constructors", "messages", "events"] {
            for item in list(&metadata["spec"][kind]) {
                let label = item["label"].as_str().expect("a label");
                if list(&item["docs"]).is_empty() {
                    silent.push(format!("{contract}: {label}"));
                }
                let fields = list(&item["args"]).iter();
                for field in
                    fields.filter(|field| kind == "events" && list(&field["docs"]).is_empty())
                {
                    silent.push(format!("{contract}: {label}.{}", field["label"]));
                }
            }
        }
        for (of, variant) in choices(&metadata) {
            if list(&variant["docs"]).is_empty() {
                silent.push(format!("{contract}: {of}::{}", variant["name"]));
            }
        }
    }
    assert!(silent.is_empty(), "without a doc comment: {silent:?}");
}

/// A folder in which scripts run, with the variables that the pages assume.
struct Shell {
    folder: TempDir,
    path: String,
    url: String,
}

impl Shell {
    /// Creates a shell for `node` with `cargo_contract` on the search path.
    fn new(node: &Node, cargo_contract: &Path) -> Self {
        let folder = TempDir::new();
        fs::create_dir_all(folder.path()).unwrap();
        let first = cargo_contract.parent().map(Path::to_owned);
        let rest = env::var_os("PATH").unwrap_or_default();
        let path = first.into_iter().chain(env::split_paths(&rest));
        Self {
            path: env::join_paths(path).unwrap().into_string().unwrap(),
            url: node.url(),
            folder,
        }
    }

    /// Runs `script` up to the first error, which fails the test. Returns the output.
    fn run(&self, script: &str) -> String {
        let file = self.folder.path().join("script.sh");
        fs::write(&file, script).unwrap();
        let output = Command::new("timeout")
            .args([PATIENCE, "bash", "-euo", "pipefail"])
            .arg(&file)
            .current_dir(self.folder.path())
            .env("PATH", &self.path)
            .env("URL", &self.url)
            .env("CONTRACTS", Bundles::folder().unwrap())
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{}: after\n{}\n{}",
            output.status,
            last_lines(&printed),
            String::from_utf8_lossy(&output.stderr)
        );
        printed
    }

    /// Returns the addresses that the page has stored.
    fn addresses(&self) -> BTreeMap<String, String> {
        let file = self.folder.path().join("inktensor.env");
        let text = fs::read_to_string(file).unwrap();
        text.lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// A line of a table of calls.
struct Call {
    /// The arguments with the metadata and the address.
    contract: String,
    message: String,
    signer: String,
    arguments: String,
    answer: String,
}

impl Call {
    fn command(&self) -> String {
        let Self {
            contract,
            message,
            signer,
            arguments,
            ..
        } = self;
        let arguments = match arguments.as_str() {
            "" => String::new(),
            some => format!(" --args {some}"),
        };
        format!(
            r#"cargo contract call {contract} --url "$URL" --suri {signer} --message {message}{arguments}"#
        )
    }
}

/// Returns the calls of a page. The contract of a table is named by the last line of code before
/// it.
fn calls(page: &str) -> Vec<Call> {
    let mut contract = String::new();
    let mut calls = Vec::new();
    for line in page.lines() {
        if line.starts_with("`\"$CONTRACTS/") {
            contract = line.trim_matches('`').to_owned();
        }
        let cells: Vec<&str> = line
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        if let ["", message, signer, arguments, answer, _, ""] = cells[..] {
            if signer.starts_with("//") {
                calls.push(Call {
                    contract: contract.clone(),
                    message: message.to_owned(),
                    signer: signer.to_owned(),
                    arguments: arguments.to_owned(),
                    answer: answer.to_owned(),
                });
            }
        }
    }
    calls
}

/// Returns the answer in a call's output.
fn result(printed: &str) -> Option<&str> {
    printed
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("Result "))
}

/// Returns true if `answer` matches `expected`, in which `..` stands for any text.
fn matches(answer: &str, expected: &str) -> bool {
    let pieces: Vec<&str> = expected.split("..").map(str::trim).collect();
    let [first, between @ .., last] = pieces.as_slice() else {
        return answer == expected;
    };
    let Some(mut rest) = answer.strip_prefix(first) else {
        return false;
    };
    for piece in between {
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// Returns a page of the documentation.
fn page(name: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::read_to_string(docs.join(name)).unwrap()
}

/// Returns the text of `page` from the heading `heading` on.
fn section(page: &str, heading: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no heading {heading:?}"));
    rest.to_owned()
}

/// Returns the blocks of shell code in a page.
fn blocks(page: &str) -> Vec<String> {
    page.split("```sh\n")
        .skip(1)
        .map(|rest| {
            let (block, _) = rest.split_once("\n```").expect("a block ends");
            block.to_owned()
        })
        .collect()
}

/// Returns the metadata of a built contract.
fn metadata(contract: &str) -> Value {
    let file = Bundles::folder()
        .unwrap()
        .join(contract)
        .with_extension("json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Returns the items of a list, or an empty slice.
fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns the variants of all errors and of the hyperparameters, each with the name of its type.
fn choices(metadata: &Value) -> Vec<(&str, &Value)> {
    let mut choices = Vec::new();
    for entry in list(&metadata["types"]) {
        let of = &entry["type"];
        let name = list(&of["path"]).last().and_then(Value::as_str);
        let name = name.filter(|name| name.ends_with("Error") || *name == HYPERPARAMETER);
        for variant in list(&of["def"]["variant"]["variants"]) {
            choices.extend(name.map(|name| (name, variant)));
        }
    }
    choices
}

/// Returns the end of a script's output.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[test]
fn matches_ignores_elided_parts() {
    assert!(matches("Ok(Ok())", "Ok(Ok())"));
    assert!(!matches("Ok(Ok())", "Ok(Err())"));
    assert!(!matches("Ok(Ok()) and more", "Ok(Ok())"));
    assert!(matches("Ok(Some(5Grw))", "Ok(Some(..))"));
    assert!(!matches("Ok(None)", "Ok(Some(..))"));
    assert!(matches("Ok(A { x: 1, y: 2 })", "Ok(A { .. y: 2 })"));
    assert!(!matches("Ok(A { x: 1, y: 3 })", "Ok(A { .. y: 2 })"));
    assert!(matches("Ok(A { x: 1, y: 3 })", "Ok(A { x: 1, .."));
}
