use super::*;
use clap::FromArgMatches;
use std::{
    env,
    ffi::OsString,
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

const EXAMPLE: &str = include_str!("../../../../inktensor.example.toml");

/// Each field: its flag, two texts for it on a command line or in the environment, and the same two
/// in a file.
const FIELDS: [(&str, [&str; 2], [&str; 2]); 20] = [
    (
        "role",
        ["keeper", "proposer,watcher"],
        [r#"["keeper"]"#, r#"["proposer", "watcher"]"#],
    ),
    (
        "chain",
        ["tcp://a:1", "tcp://b:2"],
        [r#""tcp://a:1""#, r#""tcp://b:2""#],
    ),
    (
        "deployment",
        ["a.json", "b.json"],
        [r#""a.json""#, r#""b.json""#],
    ),
    ("store", ["a", "b"], [r#""a""#, r#""b""#]),
    ("account", ["alice", "bob"], [r#""alice""#, r#""bob""#]),
    (
        "suri-file",
        ["a.suri", "b.suri"],
        [r#""a.suri""#, r#""b.suri""#],
    ),
    ("netuid", ["1", "2,3"], ["[1]", "[2, 3]"]),
    ("min-fee", ["0.5", "1"], [r#""0.5""#, r#""1""#]),
    ("max-bond", ["20", "40"], [r#""20""#, r#""40""#]),
    ("replay", ["1", "2"], ["1", "2"]),
    ("agree", ["1", "2"], ["1", "2"]),
    ("early", ["true", "false"], ["true", "false"]),
    ("max-tip", ["3", "4"], ["3", "4"]),
    ("poll", ["3", "4"], ["3", "4"]),
    ("stagger", ["5", "6"], ["5", "6"]),
    ("stalled-after", ["7", "8"], ["7", "8"]),
    ("log-format", ["json", "text"], [r#""json""#, r#""text""#]),
    (
        "log",
        ["debug", "info,subxt=warn"],
        [r#""debug""#, r#""info,subxt=warn""#],
    ),
    (
        "http",
        ["127.0.0.1:1", "[::1]:2"],
        [r#""127.0.0.1:1""#, r#""[::1]:2""#],
    ),
    ("dry-run", ["true", "false"], ["true", "false"]),
];

/// A file with this text, which goes with the value.
struct Written(PathBuf);

impl Written {
    fn new(text: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("inktensor-config-{}-{next}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn nothing(_: &str) -> Option<OsString> {
    None
}

fn flagged(words: &[&str]) -> Layer {
    let matches = layers::flags::<Layer>()
        .try_get_matches_from(words)
        .unwrap();
    Layer::from_arg_matches(&matches).unwrap()
}

fn file(text: &str) -> Result<Layer, String> {
    Layer::from_file(&Written::new(text).0).map_err(|error| error.to_string())
}

#[test]
fn the_list_of_fields_here_is_complete() {
    let listed: Vec<&str> = FIELDS.iter().map(|(flag, ..)| *flag).collect();
    assert_eq!(names::<Layer>(), listed);
}

#[test]
fn every_field_is_set_by_flag_before_environment_before_file_before_default() {
    let defaults = Layer::defaults().table().unwrap();
    for (flag, texts, written) in FIELDS {
        let field = field_of(flag);
        let variable = |text: &'static str| {
            move |name: &str| (name == variable_of(flag)).then(|| OsString::from(text))
        };
        let written = written.map(|text| Written::new(&format!("{field} = {text}\n")));
        let wanted = texts.map(|text| {
            let layer = flagged(&[&format!("--{flag}={text}")]);
            layer.table().unwrap().remove(&field)
        });
        assert!(wanted[0].is_some() && wanted[0] != wanted[1], "{field}");
        let resolved = |flags: &Layer, environment: &dyn Fn(&str) -> Option<OsString>, file| {
            let resolved = ResolvedConfig::by(flags, environment, file).unwrap();
            let value = resolved.layer.table().unwrap().remove(&field);
            (value, resolved.origins.get(&field).cloned())
        };
        let none = Layer::default();
        let default = defaults.get(&field).cloned();
        let origin = default.is_some().then_some(ValueSource::Default);
        assert_eq!(resolved(&none, &nothing, None), (default, origin));
        for (one, other) in [(0, 1), (1, 0)] {
            let path = &written[one].0;
            let from_file = (wanted[one].clone(), Some(ValueSource::File(path.clone())));
            assert_eq!(resolved(&none, &nothing, Some(path)), from_file);
            let from_environment = (wanted[other].clone(), Some(ValueSource::Environment));
            assert_eq!(
                resolved(&none, &variable(texts[other]), Some(path)),
                from_environment
            );
            let by_flag = flagged(&[&format!("--{flag}={}", texts[one])]);
            let from_flag = (wanted[one].clone(), Some(ValueSource::Flag));
            assert_eq!(
                resolved(&by_flag, &variable(texts[other]), Some(path)),
                from_flag
            );
        }
    }
}

#[test]
fn the_environment_may_name_the_file_and_a_flag_goes_before_it() {
    let (one, other) = (Written::new("stagger = 1\n"), Written::new("stagger = 2\n"));
    let named = |name: &str| (name == FILE_VARIABLE).then(|| one.0.clone().into_os_string());
    let stagger = |file| {
        ResolvedConfig::by(&Layer::default(), &named, file)
            .unwrap()
            .layer
            .stagger
    };
    assert_eq!(stagger(None), Some(1));
    assert_eq!(stagger(Some(&other.0)), Some(2));
}

#[test]
fn the_printed_text_is_a_file_with_the_same_values() {
    let flags = flagged(&[
        "--role=keeper,watcher",
        "--chain=tcp://a:1",
        "--store=a b",
        "--dry-run",
    ]);
    let resolved = ResolvedConfig::by(&flags, &nothing, None).unwrap();
    let text = resolved.to_string();
    assert!(text.contains("dry_run = true # --dry-run\n"), "{text}");
    assert!(text.contains("poll = 200 # the default\n"), "{text}");
    assert!(text.contains("# http is not set\n"), "{text}");
    let again = Written::new(&text);
    let again = ResolvedConfig::by(&Layer::default(), &nothing, Some(&again.0)).unwrap();
    assert_eq!(again.layer, resolved.layer);
    assert_eq!(text.lines().count(), FIELDS.len());
}

#[test]
fn the_example_lists_every_field_and_is_complete() {
    let resolved = |text: &str| {
        let written = Written::new(text);
        ResolvedConfig::by(&Layer::default(), &nothing, Some(&written.0)).unwrap()
    };
    let config = resolved(EXAMPLE).complete().unwrap();
    assert_eq!(config.roles.len(), 3);
    // With what need not be set.
    let all: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(field) if !field.starts_with(' ') => field,
            _ => line,
        })
        .collect();
    let layer = resolved(&all.join("\n")).layer;
    let mut listed: Vec<String> = layer.table().unwrap().keys().cloned().collect();
    let mut fields: Vec<String> = names::<Layer>().iter().map(|flag| field_of(flag)).collect();
    listed.sort();
    fields.sort();
    assert_eq!(listed, fields);
    // What it says of defaults holds.
    let defaults = Layer::defaults();
    assert_eq!(
        (layer.poll, layer.stagger),
        (defaults.poll, defaults.stagger)
    );
    assert_eq!(layer.stalled_after, defaults.stalled_after);
    assert_eq!(
        (layer.log_format, layer.log),
        (defaults.log_format, defaults.log)
    );
    assert_eq!(layer.dry_run, defaults.dry_run);
}

#[test]
fn a_mistake_in_a_file_is_named_with_file_line_and_field() {
    let mistakes = [
        ("poll = 5\nsped = 1\n", ":2: ", "sped"),
        ("\n\npoll = 0\n", ":3: poll: ", "nonzero"),
        ("role = [\"keeper\", \"king\"]\n", ":1: role[1]: ", "king"),
        ("http = \"here\"\n", ":1: http: ", "socket address"),
        ("dry_run = \"yes\"\n", ":1: dry_run: ", "boolean"),
        ("stagger = -1\n", ":1: stagger: ", "-1"),
        ("store = \"a\"\nstore = \"b\"\n", ":2: ", "duplicate"),
        ("poll = \n", ":1: ", ""),
    ];
    for (text, place, what) in mistakes {
        let problem = file(text).unwrap_err();
        assert!(
            problem.contains(place) && problem.contains(what),
            "{problem}"
        );
        assert!(problem.contains("inktensor-config-"), "{problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
    let missing = Layer::from_file(Path::new("no/such.toml")).unwrap_err();
    assert!(missing.to_string().contains("no/such.toml"));
}

#[test]
fn a_mistake_in_the_environment_is_named_with_its_variable() {
    let mistakes = [
        ("INKTENSOR_POLL", "soon"),
        ("INKTENSOR_ROLE", "king"),
        ("INKTENSOR_HTTP", "here"),
        ("INKTENSOR_DRY_RUN", "perhaps"),
        ("INKTENSOR_STORE", ""),
    ];
    for (name, text) in mistakes {
        let set = |asked: &str| (asked == name).then(|| OsString::from(text));
        let problem = Layer::from_environment(&set).unwrap_err().to_string();
        assert!(problem.contains(name), "{problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
}

#[test]
fn a_missing_field_is_named_with_all_ways_to_set_it() {
    let whole = ["--role=keeper", "--chain=tcp://a:1", "--store=a"];
    for (missing, field) in ["role", "chain", "store"].into_iter().enumerate() {
        let mut words = whole.to_vec();
        words.remove(missing);
        let resolved = ResolvedConfig::by(&flagged(&words), &nothing, None).unwrap();
        let problem = resolved.complete().unwrap_err().to_string();
        for way in [
            format!("--{field}"),
            format!("INKTENSOR_{}", field.to_uppercase()),
            format!("`{field} = ..`"),
        ] {
            assert!(problem.contains(&way), "{problem}");
        }
    }
    let resolved = ResolvedConfig::by(&flagged(&whole), &nothing, None).unwrap();
    let config = resolved.complete().unwrap();
    assert_eq!(config.poll, Duration::from_millis(POLL));
    assert!(!config.dry_run && config.http.is_none());
}

#[test]
fn half_of_the_nodes_must_agree_by_default_and_no_more_than_there_are() {
    let agree = |chain: &str, more: &[&str]| {
        let chain = format!("--chain={chain}");
        let words = [&["--role=watcher", "--store=a", &chain], more].concat();
        let layer = flagged(&words);
        let resolved = ResolvedConfig::by(&layer, &nothing, None).unwrap();
        resolved.complete().map(|config| config.agree)
    };
    let nodes = "ws://a:1,ws://b:2,ws://c:3";
    assert_eq!(agree("tcp://a:1", &[]).unwrap(), 1);
    assert_eq!(agree("ws://a:1", &[]).unwrap(), 1);
    assert_eq!(agree("ws://a:1,ws://b:2", &[]).unwrap(), 1);
    assert_eq!(agree(nodes, &[]).unwrap(), 2);
    assert_eq!(agree(nodes, &["--agree=3"]).unwrap(), 3);
    let problem = agree(nodes, &["--agree=4"]).unwrap_err().to_string();
    assert!(problem.contains("names 3 node(s)"), "{problem}");
}
