//! The shape of files: where a contract's type is named, how modules lie, how wide prose is.

use super::{
    links,
    text::{prose, Kind},
    Finding, Source,
};

/// The contracts' folders and the types of their storage.
const CONTRACTS: [(&str, &str); 9] = [
    ("contracts/token/src/", "Token"),
    ("contracts/registry/src/", "SubnetRegistry"),
    ("contracts/staking/src/", "StakingContract"),
    ("contracts/emission/src/", "EmissionContract"),
    ("contracts/treasury/src/", "TreasuryContract"),
    ("contracts/epoch/src/", "Epoch"),
    ("contracts/governance/src/", "GovernanceContract"),
    ("contracts/kernels/yuma/src/", "Yuma"),
    ("contracts/kernels/mean/src/", "Mean"),
];
/// The widest line of a comment or of a page's prose, in characters.
const WIDEST: usize = 100;
/// A page whose lines are not wrapped: its facts have one line each.
const UNWRAPPED: &str = "docs/subtensor-reference.md";

/// Checks every Rust file, and the width of every page.
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let (code, pages): (Vec<&Source>, Vec<&Source>) = sources
        .iter()
        .partition(|source| source.name.ends_with(".rs"));
    let of_code = code.into_iter().flat_map(|source| {
        let mut findings = contract_type(source);
        findings.extend(wide_comments(source));
        findings.extend(module_beside_its_folder(source, sources));
        findings
    });
    of_code
        .chain(pages.into_iter().flat_map(wide_prose))
        .collect()
}

/// A file other than `lib.rs` does not implement the contract: its parts are storage components
/// without an environment.
fn contract_type(source: &Source) -> Vec<Finding> {
    let Some((folder, name)) = CONTRACTS
        .iter()
        .find(|(folder, _)| source.name.starts_with(folder))
    else {
        return Vec::new();
    };
    if source.name == format!("{folder}lib.rs") || source.name.contains("tests") {
        return Vec::new();
    }
    let forms = [
        format!("impl {name} {{"),
        format!(" for {name} {{"),
        format!("use crate::{name};"),
        format!("&mut {name}"),
        format!("&{name}"),
    ];
    let lines = source.text.lines().enumerate();
    lines
        .filter(|(_, line)| {
            forms.iter().any(|form| {
                line.match_indices(form.as_str()).any(|(start, found)| {
                    let after = line[start + found.len()..].chars().next();
                    form.ends_with(['{', ';'])
                        || !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
                })
            })
        })
        .map(|(index, _)| Finding {
            file: source.name.clone(),
            line: index + 1,
            message: format!("`{name}` is named outside {folder}lib.rs; make a component of it"),
        })
        .collect()
}

fn wide_comments(source: &Source) -> Vec<Finding> {
    let wide: Vec<usize> = prose(&source.text)
        .into_iter()
        .filter(|prose| prose.kind != Kind::Literal && !prose.text.contains("://"))
        // A row of a table cannot be wrapped.
        .filter(|prose| !prose.text.trim_start().starts_with('|'))
        .map(|prose| prose.line)
        .collect();
    let lines: Vec<&str> = source.text.lines().collect();
    wide.into_iter()
        .filter(|line| {
            lines
                .get(line - 1)
                .is_some_and(|text| text.chars().count() > WIDEST)
        })
        .map(|line| Finding {
            file: source.name.clone(),
            line,
            message: format!("the comment goes beyond {WIDEST} columns; wrap it"),
        })
        .collect()
}

/// Code blocks, tables, and lines with a link cannot be wrapped.
fn wide_prose(page: &Source) -> Vec<Finding> {
    if page.name == UNWRAPPED {
        return Vec::new();
    }
    links::prose(&page.text)
        .filter(|(_, text)| text.chars().count() > WIDEST)
        .filter(|(_, text)| !text.trim_start().starts_with('|'))
        .filter(|(_, text)| !text.contains("](") && !text.contains("://"))
        .map(|(line, _)| Finding {
            file: page.name.clone(),
            line,
            message: format!("the line goes beyond {WIDEST} columns; wrap it"),
        })
        .collect()
}

/// A module with parts is `name/mod.rs`, and no `name.rs` beside the folder.
fn module_beside_its_folder(source: &Source, sources: &[Source]) -> Option<Finding> {
    let folder = format!("{}/", source.name.strip_suffix(".rs")?);
    let in_sources = source.name.contains("src/");
    let has_parts = sources.iter().any(|other| other.name.starts_with(&folder));
    (in_sources && has_parts).then(|| Finding {
        file: source.name.clone(),
        line: 1,
        message: format!("the module has a folder; move it to {folder}mod.rs"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source {
            name: name.into(),
            text: text.into(),
        }
    }

    #[test]
    fn contract_is_named_in_its_root_alone() {
        let text = "impl StakingContract {\n}\nfn f(it: &StakingContractRef) {}\n";
        let found = check(&[
            source("contracts/staking/src/lib.rs", text),
            source("contracts/staking/src/book.rs", text),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].line, found[0].file.as_str()),
            (1, "contracts/staking/src/book.rs")
        );
    }

    #[test]
    fn modules_with_parts_lie_in_their_folder() {
        let found = check(&[source("x/src/a.rs", ""), source("x/src/a/b.rs", "")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.contains("x/src/a/mod.rs"), "{found:?}");
    }

    #[test]
    fn wide_comments_are_found_and_addresses_are_not() {
        let wide = "x".repeat(101);
        let text = format!("// {wide}\n// https://{wide}\nlet x = \"{wide}\";\n");
        let found = check(&[source("a.rs", &text)]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn wide_prose_is_found_and_tables_code_and_links_are_not() {
        let wide = "x".repeat(101);
        let text = format!("{wide}\n| {wide} |\n[{wide}](a.md)\n```\n{wide}\n```\n");
        let found = check(&[source("a.md", &text), source(UNWRAPPED, &text)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].line, found[0].file.as_str()), (1, "a.md"));
    }
}
