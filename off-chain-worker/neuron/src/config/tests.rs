//! The layers of a neuron's configuration.

use super::*;
use std::ffi::OsString;

fn none(_: &str) -> Option<OsString> {
    None
}

fn whole() -> MineLayer {
    MineLayer {
        netuid: NonZeroU16::new(1),
        chain: Some("tcp://127.0.0.1:9955".parse().unwrap()),
        listen: Some(([127, 0, 0, 1], 8091).into()),
        host: Some("m0.localhost".into()),
        store: Some("miner".into()),
        ..MineLayer::default()
    }
}

#[test]
fn a_flag_goes_before_the_environment_and_the_default() {
    let variable = |name: &str| match name {
        "INKTENSOR_POLL" => Some("7".into()),
        "INKTENSOR_HOST" => Some("other.example.org".into()),
        _ => None,
    };
    let resolved = Resolved::by(&whole(), &variable, None).unwrap();
    let common = resolved.layer().common().unwrap();
    assert_eq!(common.host, Host::Name("m0.localhost".into()));
    assert_eq!(common.poll, Duration::from_millis(7));
    assert_eq!(common.log, DEFAULT_FILTER);
    let text = resolved.to_string();
    assert!(text.contains("poll = 7 # INKTENSOR_POLL"), "{text}");
    assert!(text.contains("# model is not set"), "{text}");
}

#[test]
fn a_missing_field_names_flag_and_variable() {
    for field in ["netuid", "chain", "listen", "host", "store"] {
        let mut layer = whole();
        match field {
            "netuid" => layer.netuid = None,
            "chain" => layer.chain = None,
            "listen" => layer.listen = None,
            "host" => layer.host = None,
            _ => layer.store = None,
        }
        let resolved = Resolved::by(&layer, &none, None).unwrap();
        let problem = resolved.layer().common().unwrap_err().to_string();
        assert!(problem.contains(&format!("--{field}")), "{problem}");
    }
}

#[test]
fn a_host_is_an_address_or_a_name_with_a_dot() {
    assert_eq!(parse_host("1.2.3.4").unwrap(), Host::V4([1, 2, 3, 4]));
    assert!(parse_host("m0.localhost").is_ok());
    for text in [
        "",
        "localhost",
        "a..b",
        "-a.b",
        "a_b.c",
        "1.2.3.400",
        "a.b ",
    ] {
        assert!(parse_host(text).is_err(), "{text}");
    }
}

#[test]
fn the_services_have_their_own_flags() {
    assert!(names::<MineLayer>().contains(&"model".to_owned()));
    assert!(!names::<ValidateLayer>().contains(&"model".to_owned()));
    assert!(names::<ValidateLayer>().contains(&"users".to_owned()));
}
