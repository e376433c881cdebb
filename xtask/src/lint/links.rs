//! Links between pages.

use super::{Finding, Source};
use std::{collections::BTreeSet, path::Path};

/// Checks that every relative link of a page leads to a file, and its fragment to a heading there.
pub fn check(root: &Path, sources: &[Source]) -> Vec<Finding> {
    let pages = sources.iter().filter(|source| source.name.ends_with(".md"));
    pages
        .flat_map(|page| {
            links(&page.text)
                .into_iter()
                .filter_map(|(line, link)| {
                    Some(Finding {
                        file: page.name.clone(),
                        line,
                        message: broken(root, page, &link, sources)?,
                    })
                })
                .collect::<Vec<_>>()
        })
        .collect()
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

/// Returns the links outside code, each with its line.
fn links(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut code = false;
    for (index, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        for part in line.split("](").skip(1) {
            if let Some((link, _)) = part.split_once(')') {
                found.push((index + 1, link.to_owned()));
            }
        }
    }
    found
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
}
