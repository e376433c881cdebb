//! The source of the crate keeps the rules that Clippy cannot see.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Words that break a rule, with the rule. A word is found where no letter, digit or underscore
/// is beside it.
const FORBIDDEN: [(&str, &str); 30] = [
    ("mul_add", "products and sums are rounded apart"),
    ("fma", "products and sums are rounded apart"),
    ("fmaf", "products and sums are rounded apart"),
    ("algebraic_add", "a compiler may reorder it"),
    ("algebraic_mul", "a compiler may reorder it"),
    ("intrinsics", "some are as fast as they are inexact"),
    ("arch", "the same operations run everywhere"),
    ("simd", "the same operations run everywhere"),
    ("asm", "the same operations run everywhere"),
    (
        "is_x86_feature_detected",
        "the same operations run everywhere",
    ),
    ("unsafe", "all is safe"),
    ("std", "the crate is without a platform"),
    ("thread", "callers divide work, by `row_parts`"),
    ("rayon", "callers divide work, by `row_parts`"),
    ("HashMap", "its order is random"),
    ("HashSet", "its order is random"),
    ("hashbrown", "its order is random"),
    ("exp2", "use `ops::special`"),
    ("powf", "use `ops::special`"),
    ("powi", "use `ops::special`"),
    ("sin", "use `ops::special`"),
    ("cos", "use `ops::special`"),
    ("expf", "use `ops::special`"),
    ("logf", "use `ops::special`"),
    ("tanhf", "use `ops::special`"),
    ("erff", "use `ops::special`"),
    ("sum::<f32>", "use `ops::sum`"),
    ("sum::<f64>", "use a fold"),
    ("product::<f32>", "use a fold"),
    ("fast", "no attribute may loosen arithmetic"),
];

#[test]
fn source_keeps_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for file in sources(&folder) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        let found = findings(&name, &text);
        assert!(found.is_empty(), "{found:#?}");
        checked += 1;
    }
    assert!(checked > 20, "{checked} files");
}

#[test]
fn only_dependency_is_the_square_root() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let (_, after) = manifest.split_once("[dependencies]\n").unwrap();
    let (dependencies, _) = after.split_once("\n[").unwrap();
    let names: Vec<&str> = dependencies
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split(['=', '.', ' ']).next().unwrap())
        .collect();
    assert_eq!(names, ["libm"], "a dependency may be inexact");
}

#[test]
fn each_breach_is_found() {
    for (word, _) in FORBIDDEN {
        let text = format!("fn f(x: f32) -> f32 {{ x.{word}(x) }}\n");
        assert_eq!(findings("a.rs", &text).len(), 1, "{word}");
    }
    assert_eq!(findings("a.rs", "libm::cbrtf(x)\n").len(), 1);
    assert_eq!(findings("a.rs", "libm::sqrtf(x)\n").len(), 1);
    assert!(findings("ops/special/mod.rs", "libm::sqrtf(x)\n").is_empty());
    assert_eq!(
        findings("a.rs", "cfg!(target_feature = \"avx\")\n").len(),
        1
    );
    assert!(findings(
        "a.rs",
        "// mul_add\n/// std\n#[cfg(test)]\nextern crate std;\n"
    )
    .is_empty());
    let tested = "fn f() {}\n#[cfg(test)]\nmod tests {\n use std::thread;\n}\n";
    assert!(findings("a.rs", tested).is_empty());
}

fn findings(name: &str, text: &str) -> Vec<String> {
    // Tests may use anything: modules of tests are at the end of their file.
    let text = text
        .split_once("#[cfg(test)]\nmod tests {")
        .map_or(text, |(before, _)| before)
        .replace("#[cfg(test)]\nextern crate std;\n", "");
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let code = line.split("//").next().unwrap_or_default();
        for (word, rule) in FORBIDDEN {
            if has_word(code, word) {
                found.push(format!("{name}:{number}: `{word}`: {rule}"));
            }
        }
        if code.contains("libm::") && !(name == "ops/special/mod.rs" && code.contains("sqrtf")) {
            found.push(format!(
                "{name}:{number}: of libm only the square root, in ops/special"
            ));
        }
        if has_word(code, "target_feature") && name != "ops/product/kernel.rs" {
            found.push(format!(
                "{name}:{number}: only sizes of tiles depend on the target"
            ));
        }
    }
    found
}

fn has_word(code: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word).any(|(start, found)| {
        let before = code[..start].chars().next_back();
        let after = code[start + found.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Returns all files of source but those that are compiled for tests alone.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        if !["tests.rs", "reference.rs"].contains(&name) {
            files.push(path);
        }
    }
    files
}
