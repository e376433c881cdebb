//! Links between pages, and paths in them.

use super::{Finding, Source};
use std::{collections::BTreeSet, path::Path};

/// The folders of the root that paths in code spans begin with.
const FOLDERS: [&str; 7] = [
    "bindings/",
    "contracts/",
    "docs/",
    "e2e-tests/",
    "off-chain-worker/",
    "subnets/",
    "xtask/",
];

/// Checks that every relative link of a page leads to a file, and its fragment to a heading there,
/// and that every path in a code span exists.
pub fn check(root: &Path, sources: &[Source]) -> Vec<Finding> {
    let pages = sources.iter().filter(|source| source.name.ends_with(".md"));
    pages
        .flat_map(|page| {
            let finding = |line, message| Finding {
                file: page.name.clone(),
                line,
                message,
            };
            let mut findings = Vec::new();
            for (line, text) in prose(&page.text) {
                let messages = links(text).filter_map(|link| broken(root, page, link, sources));
                findings.extend(messages.map(|message| finding(line, message)));
                let messages = spans(text).filter_map(|span| missing(root, span));
                findings.extend(messages.map(|message| finding(line, message)));
            }
            findings
        })
        .collect()
}

/// Returns a message if the code span `span` is a path that does not exist.
fn missing(root: &Path, span: &str) -> Option<String> {
    let path = span.split_whitespace().next()?;
    let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder));
    let has_wildcard = path.contains(['*', '<', '{']) || path.contains("..");
    let has_placeholder = path.split('/').any(is_placeholder);
    (is_path && !has_wildcard && !has_placeholder && !root.join(path).exists())
        .then(|| format!("the path {path} does not exist"))
}

/// Returns true if `part` of a path stands for any name, such as `NAME`.
fn is_placeholder(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|letter| letter.is_ascii_uppercase())
}

/// Returns what is wrong with `link`, if something is.
fn broken(root: &Path, page: &Source, link: &str, sources: &[Source]) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        page.name.clone()
    } else {
        let folder = Path::new(&page.name).parent()?;
        normal(&folder.join(path))
    };
    if !root.join(&target).exists() {
        return Some(format!("the link {link} leads to no file"));
    }
    let known = sources.iter().find(|source| source.name == target)?;
    let missing = !fragment.is_empty() && !headings(&known.text).contains(fragment);
    missing.then(|| format!("the link {link} leads to no heading of {target}"))
}

/// Returns the lines outside code blocks, with their numbers.
pub(super) fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    (1..).zip(page.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// Returns the targets of the links of a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let parts = line.split("](").skip(1);
    parts.filter_map(|part| Some(part.split_once(')')?.0))
}

/// Returns the code spans of a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Returns the fragments of a page's headings, as GitHub and mdbook make them.
fn headings(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in page.lines() {
        let Some(heading) = line.strip_prefix('#') else {
            continue;
        };
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let slug: String = text
            .chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
            .map(|letter| if letter == ' ' { '-' } else { letter })
            .collect();
        found.insert(slug);
    }
    found
}

/// Returns the path without `..`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part.as_os_str().to_string_lossy().as_ref() {
            ".." => drop(parts.pop()),
            "." => {}
            name => parts.push(name.to_owned()),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_files_and_headings() {
        let page = Source {
            name: "docs/a.md".into(),
            text: "# A b, c\n[x](#a-b-c) [y](#d) [z](../none.md)\n```\n[w](v)\n```\n".into(),
        };
        let root = std::env::temp_dir().join(format!("xtask-links-{}", std::process::id()));
        std::fs::create_dir_all(root.join("docs")).unwrap();
        std::fs::write(root.join("docs/a.md"), &page.text).unwrap();
        let found = check(&root, &[page]);
        std::fs::remove_dir_all(root).unwrap();
        let messages: Vec<&str> = found.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "the link #d leads to no heading of docs/a.md",
                "the link ../none.md leads to no file"
            ]
        );
    }

    #[test]
    fn paths_in_code_spans_exist() {
        let text = "`docs/a.md` `docs/` `docs/b.md`, `xtask/c/`\n\
            `docs/NAME/x` `docs/*.md` `docs/{a,b}.md` `contracts/<name>` `target/d` `call docs/e`\n\
            ```\n`docs/f.md`\n```\n";
        let page = Source {
            name: "docs/a.md".into(),
            text: text.into(),
        };
        let root = std::env::temp_dir().join(format!("xtask-paths-{}", std::process::id()));
        std::fs::create_dir_all(root.join("docs")).unwrap();
        std::fs::write(root.join("docs/a.md"), &page.text).unwrap();
        let found = check(&root, &[page]);
        std::fs::remove_dir_all(root).unwrap();
        let places: Vec<_> = found
            .iter()
            .map(|it| (it.line, it.message.as_str()))
            .collect();
        assert_eq!(
            places,
            [
                (1, "the path docs/b.md does not exist"),
                (1, "the path xtask/c/ does not exist"),
            ]
        );
    }
}
