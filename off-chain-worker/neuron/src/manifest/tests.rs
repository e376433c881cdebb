//! Manifests that are read, and manifests that are refused by the name of their field.

use super::*;
use proptest::prelude::*;

fn with(field: &str, value: &str) -> Result<Manifest, ManifestError> {
    let fields = [
        ("task", "\"embed/1\""),
        (
            "state",
            "\"0x2222222222222222222222222222222222222222222222222222222222222222\"",
        ),
        ("mirrors", "[\"https://example.org/blobs\"]"),
        ("questions", "4"),
        ("window", "30"),
        ("check", "1.0"),
        ("alpha", "0.2"),
    ];
    let known = fields.iter().any(|(name, _)| *name == field);
    let mut text: String = fields
        .iter()
        .map(|(name, default)| {
            let value = if *name == field { value } else { default };
            format!("{name} = {value}\n")
        })
        .collect();
    if !known {
        text.push_str(&format!("{field} = {value}\n"));
    }
    Manifest::parse(text.as_bytes())
}

fn refusal(field: &str, value: &str) -> String {
    with(field, value).unwrap_err().to_string()
}

#[test]
fn a_manifest_is_read_and_written() {
    let manifest = with("check", "1").unwrap();
    assert_eq!(manifest.task, "embed/1");
    assert_eq!(manifest.state, [0x22; 32]);
    assert_eq!((manifest.check, manifest.alpha), (Bps(10_000), Bps(2_000)));
    let again = Manifest::parse(manifest.to_string().as_bytes());
    assert_eq!(again, Ok(manifest));
}

#[test]
fn a_manifest_may_name_a_wasm_program() {
    assert_eq!(with("check", "1").unwrap().program, None);
    let hash = format!("\"0x{}\"", "33".repeat(32));
    let manifest = with("program", &hash).unwrap();
    assert_eq!(manifest.program, Some([0x33; 32]));
    let again = Manifest::parse(manifest.to_string().as_bytes());
    assert_eq!(again, Ok(manifest));
    let refused = refusal("program", "\"embed.wasm\"");
    assert!(refused.starts_with("program: "), "{refused}");
}

#[test]
fn a_wrong_field_is_named() {
    let long = format!("\"https://{}\"", "a".repeat(MAX_MIRROR));
    let many = format!("[{}]", "\"https://a\",".repeat(MAX_MIRRORS + 1));
    for (field, value) in [
        ("task", "\"embed\""),
        ("task", "\"Embed/1\""),
        ("task", "\"embed/x\""),
        ("task", "\"/1\""),
        ("task", "7"),
        ("state", "\"0x22\""),
        ("mirrors", "[\"ftp://example.org\"]"),
        ("mirrors", "[\"https:///x\"]"),
        ("mirrors", "[\"https://a b\"]"),
        ("mirrors", &format!("[{long}]")),
        ("mirrors", &many),
        ("questions", "0"),
        ("questions", "65"),
        ("questions", "-1"),
        ("questions", "1.5"),
        ("window", "61"),
        ("window", "1"),
        ("check", "0"),
        ("check", "1.01"),
        ("check", "nan"),
        ("check", "0.00001"),
        ("alpha", "-0.1"),
        ("alpha", "inf"),
        ("other", "1"),
    ] {
        let problem = refusal(field, value);
        assert!(problem.contains(field), "{field} = {value}: {problem}");
    }
}

#[test]
fn limits_are_allowed() {
    for (field, value) in [
        ("questions", "1"),
        ("questions", "64"),
        ("window", "2"),
        ("window", "60"),
        ("check", "0.0001"),
        ("alpha", "1.0"),
        ("mirrors", "[]"),
    ] {
        assert!(with(field, value).is_ok(), "{field} = {value}");
    }
    let mirrors = format!("[{}]", "\"https://a\",".repeat(MAX_MIRRORS));
    assert!(with("mirrors", &mirrors).is_ok());
}

#[test]
fn a_file_above_the_limit_is_refused_before_it_is_parsed() {
    let file = vec![b'#'; MAX_MANIFEST + 1];
    assert_eq!(
        Manifest::parse(&file),
        Err(ManifestError::TooLong(MAX_MANIFEST + 1))
    );
    assert_eq!(Manifest::parse(&[0xff]), Err(ManifestError::NotText));
}

#[test]
fn a_missing_field_is_named() {
    let problem = Manifest::parse(b"task = \"embed/1\"").unwrap_err();
    assert!(problem.to_string().contains("state"), "{problem}");
}

proptest! {
    #[test]
    fn any_bytes_are_a_manifest_or_refused(bytes: Vec<u8>) {
        let _ = Manifest::parse(&bytes);
    }

    #[test]
    fn a_part_is_read_as_it_is_written(bps in 1u16..=10_000) {
        prop_assert_eq!(part("check", decimal(Bps(bps)).parse().unwrap()), Ok(Bps(bps)));
    }
}
