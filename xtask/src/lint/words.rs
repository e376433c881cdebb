//! The mechanical rules of voice: a list of words, and how documentation begins.

use super::{
    text::{prose, Kind},
    Finding, Source,
};

/// Words and phrases that the glossary or the rules of voice replace, with the replacement.
const REPLACED: [(&str, &str); 23] = [
    ("anew", "again"),
    ("whoever", "the caller, anyone"),
    ("nobody", "no account, no one"),
    ("somebody", "an account, anyone"),
    ("tells", "returns, prints, logs, emits"),
    ("told", "returned, printed, logged, emitted"),
    ("comes to", "amounts to, is"),
    ("come to", "amount to, are"),
    ("came to", "amounted to, was"),
    ("let be", "allow"),
    ("has not the", "does not have the"),
    ("have not the", "do not have the"),
    ("is none", "does not exist, is not one"),
    ("or no longer", "two sentences"),
    ("finalise", "finalize"),
    ("finalises", "finalizes"),
    ("finalised", "finalized"),
    ("finalising", "finalizing"),
    ("so-manieth", "nth"),
    ("who asks", "the caller"),
    ("on and off", "at times"),
    ("purse", "account"),
    ("furnace", "burning"),
];
/// Words that documentation does not begin with. A function's begins with a verb, a type's with a
/// noun.
const OPENINGS: [&str; 8] = [
    "What", "Whether", "Who", "Whose", "How", "Where", "Its", "Those",
];
/// Files and folders whose words are not yet rewritten. It may only shrink.
const NOT_YET: &str = include_str!("words_not_yet.txt");
/// Files that quote the list.
const QUOTING: [&str; 3] = ["xtask/src/lint/", "CONTRIBUTING.md", "docs/glossary.md"];

/// Checks all files but those that are not yet rewritten.
///
/// An entry of that list without a finding is a finding: it has to go.
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let not_yet: Vec<&str> = NOT_YET
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut needed = vec![false; not_yet.len()];
    let mut findings = Vec::new();
    for source in sources {
        if QUOTING
            .iter()
            .any(|quoting| source.name.starts_with(quoting))
        {
            continue;
        }
        let found = check_source(source);
        let entry = not_yet
            .iter()
            .position(|entry| source.name.starts_with(entry));
        match entry {
            Some(entry) => needed[entry] |= !found.is_empty(),
            None => findings.extend(found),
        }
    }
    let idle = not_yet.iter().zip(needed).filter(|(_, needed)| !needed);
    findings.extend(idle.map(|(entry, _)| Finding {
        file: "xtask/src/lint/words_not_yet.txt".into(),
        line: 1,
        message: format!("`{entry}` breaks no rule of voice; remove the entry"),
    }));
    findings
}

fn check_source(source: &Source) -> Vec<Finding> {
    if source.name.ends_with(".md") {
        check_page(source)
    } else {
        check_code(source)
    }
}

fn check_page(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut code = false;
    for (index, line) in source.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            check_words(source, index + 1, line, &mut findings);
        }
    }
    findings
}

fn check_code(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut last_doc = None;
    for prose in prose(&source.text) {
        check_words(source, prose.line, prose.text, &mut findings);
        if prose.kind == Kind::Doc {
            let opens = last_doc != prose.line.checked_sub(1);
            last_doc = Some(prose.line);
            if opens {
                findings.extend(check_opening(source, prose.line, prose.text));
            }
        }
    }
    findings
}

fn check_opening(source: &Source, line: usize, text: &str) -> Option<Finding> {
    let first = text.split_whitespace().next()?;
    let first = first.trim_end_matches([',', '.', ':']);
    OPENINGS.contains(&first).then(|| Finding {
        file: source.name.clone(),
        line,
        message: format!("documentation begins with `{first}`; begin with a verb or a noun"),
    })
}

fn check_words(source: &Source, line: usize, text: &str, findings: &mut Vec<Finding>) {
    let text = text.to_lowercase();
    let broken = REPLACED.iter().filter(|(word, _)| has_phrase(&text, word));
    findings.extend(broken.map(|(word, better)| Finding {
        file: source.name.clone(),
        line,
        message: format!("`{word}`: say {better}"),
    }));
}

/// Returns true if `text` has `phrase` as words of their own. Code in backticks does not count, nor
/// part of a name.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(phrase).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        let quoted = text[..start].matches('`').count() % 2 == 1;
        !quoted && !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, text: &str) -> Vec<String> {
        let source = Source {
            name: name.into(),
            text: text.into(),
        };
        let found = check_source(&source);
        found
            .iter()
            .map(|finding| format!("{} {}", finding.line, finding.message))
            .collect()
    }

    #[test]
    fn words_of_comments_and_literals_are_checked_and_names_are_not() {
        let found = findings(
            "a.rs",
            "/// Builds it anew.\nfn told(anew: u8) {\n  say(\"Nobody is `told`\");\n}\n",
        );
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("1 `anew`"), "{found:?}");
        assert!(found[1].starts_with("3 `nobody`"), "{found:?}");
    }

    #[test]
    fn only_the_first_line_of_documentation_opens() {
        let found = findings(
            "a.rs",
            "/// Whether it fits.\n/// What follows.\nfn f() {}\n",
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`Whether`"), "{found:?}");
    }

    #[test]
    fn code_on_a_page_is_not_prose() {
        let found = findings(
            "a.md",
            "told\n```sh\necho told\n```\na whoever-like thing\n",
        );
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
