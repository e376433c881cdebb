//! Help that can be read, examples that can be pasted, pages that name commands that exist.

use super::*;
use std::{collections::BTreeSet, fs, path::Path};

/// Calls `look` on every command with its full name.
fn each(look: &mut dyn FnMut(&Command, &str)) {
    fn walk(command: &Command, name: &str, look: &mut dyn FnMut(&Command, &str)) {
        look(command, name);
        for inner in command.get_subcommands() {
            if inner.get_name() != "help" {
                walk(inner, &format!("{name} {}", inner.get_name()), look);
            }
        }
    }
    let mut root = command().term_width(WIDTH);
    root.build();
    walk(&root, "inktensor", look);
}

#[test]
fn the_command_line_holds_together() {
    command().debug_assert();
}

#[test]
fn every_command_is_in_one_group() {
    let mut grouped: Vec<&str> = GROUPS
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    grouped.sort_unstable();
    let root = Cli::command();
    let mut all: Vec<&str> = root.get_subcommands().map(Command::get_name).collect();
    all.sort_unstable();
    assert_eq!(grouped, all);
}

#[test]
fn every_command_has_an_example_with_whole_addresses() {
    let mut wrong = Vec::new();
    each(&mut |command, name| {
        let example = command.get_after_help().map(ToString::to_string);
        let example = example.unwrap_or_default();
        let is_shown = example.contains(&format!("  {name}"));
        if (!command.has_subcommands() && !is_shown) || example.contains('…') {
            wrong.push(name.to_owned());
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn examples_are_accepted() {
    each(&mut |command, name| {
        let example = command.get_after_help().map(ToString::to_string);
        let Some(example) = example.filter(|_| !command.has_subcommands()) else {
            return;
        };
        let example = example.replace("\\\n", " ");
        let line = example.lines().find(|it| it.starts_with("  inktensor "));
        let line = line.unwrap_or_else(|| panic!("{name}: {example}"));
        let words = line.split(" > ").next().unwrap_or_default();
        let parsed = self::command().try_get_matches_from(words.split_whitespace());
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
    });
}

#[test]
fn help_fits_eighty_columns() {
    each(&mut |command, name| {
        let mut command = command.clone().term_width(WIDTH);
        let texts = [command.render_help(), command.render_long_help()];
        for text in texts.map(|it| it.to_string()) {
            for line in text.lines() {
                assert!(line.chars().count() <= WIDTH, "{name}: {line}");
            }
        }
    });
}

#[test]
fn first_sentences_fit_a_table() {
    each(&mut |command, name| {
        let about = command.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        assert!(
            !about.is_empty() && !about.ends_with('.'),
            "{name}: {about}"
        );
        assert!(about.chars().count() <= 66, "{name}: {about}");
    });
}

#[test]
fn the_groups_are_shown() {
    let text = command().term_width(WIDTH).render_long_help().to_string();
    for (users, names) in GROUPS {
        assert!(text.contains(&format!("\n{users}:\n")), "{text}");
        for name in names {
            assert!(text.contains(&format!("\n  {name} ")), "{name}: {text}");
        }
    }
}

#[test]
fn values_that_cannot_be_say_what_is_expected() {
    let child = "--child=5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY=0.5";
    for (words, said) in [
        ("metagraph --netuid -1", "must not be negative"),
        ("metagraph --netuid abc", "a whole number from 0 to 65535"),
        (
            "stake add --netuid 1 --hotkey a --amount -5",
            "must not be negative",
        ),
        ("stake set-take --hotkey a --take 0.12", "write 12%"),
        (
            "weights set --netuid 1 --uids 1 --weights x",
            "only the ratio",
        ),
        ("heartbeat --blocks 0", "at least 1"),
        (
            "serve axon --netuid 1 --host 999.1.1.1 --port 1",
            "not an IP address",
        ),
        (
            &format!("stake child set --netuid 1 --hotkey a {child}"),
            "write 50%",
        ),
    ] {
        let words = format!("inktensor {words} --chain folder");
        let problem = command()
            .try_get_matches_from(words.split(' '))
            .unwrap_err();
        let problem = problem.to_string();
        assert!(problem.contains(said), "{words}: {problem}");
    }
}

#[test]
fn long_examples_are_broken_before_flags() {
    let line =
        "  inktensor stake add --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --all";
    let expected = concat!(
        "  inktensor stake add --url ws://127.0.0.1:9944 --suri-file cold.suri \\\n",
        "      --netuid 1 --all",
    );
    assert_eq!(broken(line), expected);
    assert_eq!(broken("  inktensor demo"), "  inktensor demo");
}

#[test]
fn long_usage_is_broken_before_options() {
    let usage = "inktensor stake remove [OPTIONS] --chain <URL|DIR> --netuid <NUMBER> --hotkey \
                 <NAME|ADDRESS> <--amount <TAO>|--all>";
    let expected = concat!(
        "inktensor stake remove [OPTIONS] --chain <URL|DIR> --netuid <NUMBER>\n",
        "           --hotkey <NAME|ADDRESS> <--amount <TAO>|--all>",
    );
    assert_eq!(broken_usage(usage), expected);
}

/// Returns what is wrong with a command line of the documentation; nothing if all its names exist.
/// Values are not parsed.
fn wrong_with(line: &str) -> Option<String> {
    let root = command();
    let mut at = &root;
    let mut value_follows = false;
    // A comment ends a command.
    let words = line.split_whitespace().skip(1);
    for word in words.take_while(|word| !word.starts_with('#')) {
        if let Some(text) = word.strip_prefix("--") {
            let flag = text.split('=').next().unwrap_or_default();
            let known = at.get_arguments().find(|argument| {
                let names = argument.get_long_and_visible_aliases().unwrap_or_default();
                names.contains(&flag)
            });
            if known.is_none() && !["help", "version"].contains(&flag) {
                return Some(format!("{line}: no --{flag}"));
            }
            let takes_value = known.is_some_and(|it| it.get_action().takes_values());
            value_follows = takes_value && flag == text;
        } else if value_follows {
            value_follows = false;
        } else if at.has_subcommands() {
            let inner = at.get_subcommands().find(|inner| {
                inner.get_name() == word || inner.get_all_aliases().any(|name| name == word)
            });
            match inner {
                Some(inner) => at = inner,
                // `inktensor COMMAND --help` stands for any command.
                None if word == "COMMAND" => {}
                None => return Some(format!("{line}: no {word}")),
            }
        }
    }
    None
}

#[test]
fn the_documentation_names_commands_that_exist() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(docs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "md") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            // `inktensor scenario: NAME` is the preimage of a name's address, not a command.
            let spans = line
                .split('`')
                .filter(|it| it.starts_with("inktensor ") && !it.contains(':'));
            for span in spans {
                wrong.extend(wrong_with(span));
                seen.insert(span.to_owned());
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(
        seen.len() > 20,
        "only {} commands are documented",
        seen.len()
    );
}

#[test]
fn a_command_that_does_not_exist_is_noticed() {
    assert_eq!(wrong_with("inktensor stake list --coldkey ADDRESS"), None);
    assert!(wrong_with("inktensor stake lift").is_some());
    assert!(wrong_with("inktensor stake list --hot").is_some());
}
