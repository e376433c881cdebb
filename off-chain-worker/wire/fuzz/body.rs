//! The body of the fuzz target and of an ordinary test: any bytes are read as a head.

use http::{header::HeaderName, HeaderMap, HeaderValue};
use inktensor_wire::{
    fields::{read_question, write_question, Answered, Basis},
    Path,
};

/// Most lines of a head, as in the server.
const LINES: usize = 32;

/// Reads lines of `name: value` as the head of a question and of an answer; the first line is the
/// path. Returns true if they are a question.
///
/// # Panics
/// If a head is accepted that has more than one spelling, or if the parser panics.
pub fn head(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\n');
    let path = lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let path = path.unwrap_or("/v1/ask");
    let mut headers = HeaderMap::new();
    for line in lines.take(LINES) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let question = read_question(path, &headers);
    if let Ok(question) = &question {
        assert_eq!(question.path.as_str(), path);
        for (name, value) in write_question(question) {
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
    question.is_ok()
}
