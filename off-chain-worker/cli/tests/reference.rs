//! The reference of the command line, `docs/cli.md`, says what `--help` says. Options that many
//! commands take are in it once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use clap::{Arg, Args, Command};
use inktensor_cli::args::{self, ListArgs, SignArgs};
use std::{env, fs, path::Path};

/// The variable that makes this test write the page instead of comparing.
const WRITE: &str = "INKTENSOR_WRITE_DOCS";
/// Columns of the page's help.
const WIDTH: usize = 80;
/// The headings of common options, in the order of the page.
const HEADINGS: [&str; 3] = [args::CHAIN, args::SIGNER, args::OUTPUT];

/// Returns the page.
fn page() -> String {
    let mut root = inktensor_cli::help::command();
    root.build();
    let common = common();
    let mut text = format!(
        "# Commands\n\n\
         Made from the program's own help. The test `reference` fails while the page is stale.\n\
         `{WRITE}=1 cargo test -p inktensor-cli --test reference` writes the page.\n\n\
         Exit codes: 0 when all is well, 1 when a check did not hold or the answer is no, 2 for an\n\
         error, with one line on standard error.\n\n\
         With `--json` a command prints one document, with `--csv` a list prints lines. Amounts\n\
         are then whole numbers of rao, in fields whose names end in `_rao`. Accounts are SS58\n\
         addresses, and hashes are hexadecimal after `0x`.\n\n\
         ## Common options\n\n\
         Most commands take some of these options, and name them below their own. Every command\n\
         also has `-h` for a summary and `--help` for the whole text.\n"
    );
    for heading in HEADINGS {
        let options = of_heading(common.get_arguments(), heading);
        let options = Command::new("options")
            .args(options.into_iter().cloned())
            .disable_help_flag(true)
            .help_template("{all-args}");
        text.push_str(&format!("\n### {heading}\n\n{}", help(options)));
    }
    section(&root, "inktensor", &common, &mut text);
    text
}

/// Returns a command with all common options.
fn common() -> Command {
    let lists = ListArgs::augment_args(Command::new("common"));
    let signs = SignArgs::augment_args(Command::new("common"));
    let others = signs.get_arguments();
    let others: Vec<Arg> = others
        .filter(|it| {
            lists
                .get_arguments()
                .all(|known| known.get_id() != it.get_id())
        })
        .cloned()
        .collect();
    lists.args(others)
}

/// Returns true if `option` has the texts of a common one. Some commands have an option of the same
/// name that means something else.
fn is_common(option: &Arg, common: &Command) -> bool {
    common.get_arguments().any(|it| {
        it.get_id() == option.get_id()
            && it.get_help_heading() == option.get_help_heading()
            && it.get_help() == option.get_help()
            && it.get_long_help() == option.get_long_help()
            && it.get_env() == option.get_env()
    })
}

/// Returns the options below a heading.
fn of_heading<'a>(options: impl IntoIterator<Item = &'a Arg>, heading: &str) -> Vec<&'a Arg> {
    let all = options.into_iter();
    all.filter(|it| it.get_help_heading() == Some(heading))
        .collect()
}

/// Adds the help of a command and of all below it.
fn section(command: &Command, name: &str, common: &Command, text: &mut String) {
    let is_root = !name.contains(' ');
    // Usage omits hidden options, so it is taken from the command with all of them.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    let own = command.clone().override_usage(usage).mut_args(|it| {
        let is_hidden = is_common(&it, common) || (it.get_id() == "help" && !is_root);
        let was_hidden = it.is_hide_set();
        it.hide(is_hidden || was_hidden)
    });
    text.push_str(&format!("\n## {name}\n\n{}", help(own)));
    let shared: Vec<&Arg> = command
        .get_arguments()
        .filter(|it| is_common(it, common))
        .collect();
    if !shared.is_empty() {
        let links = links(&shared, common);
        text.push_str(&format!("\nCommon options: {links}.\n"));
    }
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            section(inner, &format!("{name} {}", inner.get_name()), common, text);
        }
    }
}

/// Returns links to common options: to a heading with all its options, else to the options.
fn links(shared: &[&Arg], common: &Command) -> String {
    let mut links = Vec::new();
    for heading in HEADINGS {
        let options = of_heading(shared.iter().copied(), heading);
        let place = heading.to_lowercase();
        if options.len() == of_heading(common.get_arguments(), heading).len() {
            links.push(format!("[{place}](#{place})"));
        } else {
            let flags = options.iter().filter_map(|it| it.get_long());
            links.extend(flags.map(|flag| format!("[`--{flag}`](#{place})")));
        }
    }
    links.join(", ")
}

/// Returns the help of a command as a block of text.
fn help(command: Command) -> String {
    let help = command
        .term_width(WIDTH)
        .mut_args(|it| it.hide_env_values(true))
        .render_long_help()
        .to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    format!("```text\n{}\n```\n", lines.join("\n").trim_end())
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
