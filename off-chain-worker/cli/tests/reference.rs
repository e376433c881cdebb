//! The reference of the command line, `docs/cli.md`, says what `--help` says.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use clap::Command;
use std::{env, fs, path::Path};

/// The variable that makes this test write the page instead of comparing.
const WRITE: &str = "INKTENSOR_WRITE_DOCS";
/// Columns of the page's help.
const WIDTH: usize = 80;

/// Returns the page.
fn page() -> String {
    let mut root = inktensor_cli::help::command()
        .term_width(WIDTH)
        .mut_args(|it| it.hide_env_values(true));
    root.build();
    let mut text = format!(
        "# Commands\n\n\
         Made from the program's own help. `{WRITE}=1 cargo test -p inktensor-cli --test reference`\n\
         writes this page, and the same test fails while the page is stale.\n\n\
         Exit codes: 0 when all is well, 1 when a check did not hold or the answer is no, 2 for an\n\
         error, with one line on standard error.\n\n\
         With `--json` a command prints one document, with `--csv` a list prints lines. Amounts\n\
         are then whole numbers of rao, in fields whose names end in `_rao`. Accounts are SS58\n\
         addresses, and hashes are hexadecimal after `0x`.\n"
    );
    section(&root, "inktensor", &mut text);
    text
}

/// Adds the help of a command and of all below it.
fn section(command: &Command, name: &str, text: &mut String) {
    let help = command
        .clone()
        .term_width(WIDTH)
        .mut_args(|it| it.hide_env_values(true))
        .render_long_help()
        .to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let help = lines.join("\n");
    text.push_str(&format!(
        "\n## {name}\n\n```text\n{}\n```\n",
        help.trim_end()
    ));
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            section(inner, &format!("{name} {}", inner.get_name()), text);
        }
    }
}

#[test]
fn the_reference_is_what_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let page = page();
    if env::var_os(WRITE).is_some() {
        fs::write(&path, page).expect("the page is written");
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs = written
        .lines()
        .zip(page.lines())
        .position(|(written, now)| written != now);
    assert!(
        written == page,
        "docs/cli.md is stale from line {:?} on: {WRITE}=1 cargo test -p inktensor-cli --test \
         reference writes it",
        differs.map(|line| line + 1)
    );
}
