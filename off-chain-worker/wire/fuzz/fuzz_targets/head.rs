//! Heads of questions and answers, from any bytes.
//!
//! ```sh
//! cargo install cargo-fuzz
//! cargo +nightly fuzz run head    # in off-chain-worker/wire
//! ```
//!
//! The input is lines of `name: value`; the first line is the path. Nothing may panic, and a head
//! that is accepted has one spelling.
#![no_main]

use http::{header::HeaderName, HeaderMap, HeaderValue};
use inktensor_wire::{
    fields::{read_question, write_question, Answered, Basis},
    Path,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let path = lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let path = path.unwrap_or("/v1/ask");
    let mut headers = HeaderMap::new();
    for line in lines.take(32) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Ok(question) = read_question(path, &headers) {
        assert_eq!(question.path.as_str(), path);
        for (name, value) in write_question(&question) {
            let written = headers.get(HeaderName::try_from(name).unwrap()).unwrap();
            assert_eq!(written.as_bytes(), value.as_bytes());
        }
        let _ = question.verify();
    }
    let key = [7; 32].into();
    let _ = Answered::read(200, &headers, &key, Basis::Signature(&[3; 64]));
    if let Ok(path) = Path::new(path) {
        let _ = Answered::read(200, &headers, &key, Basis::Path(&path));
    }
});
