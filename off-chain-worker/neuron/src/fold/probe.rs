//! Probes on the wire: a question names a step, and an answer opens the states around it.

use inktensor_client::ss58::parse_digest;
use inktensor_primitives::hash::hex;
use inktensor_task::{Body, Digest, Malformed};
use inktensor_train::{Answer, Opening};
use serde::{Deserialize, Serialize};

/// Most bytes of a question.
pub const QUESTION_BYTES: usize = 64;
/// Most bytes of an answer: three hashes with paths of 16 hashes each, and names.
pub const ANSWER_BYTES: usize = 8 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    step: u16,
}

impl Body for Question {
    const MAX_BYTES: usize = QUESTION_BYTES;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    step: u16,
    before: Open,
    after: Open,
    last: Open,
}

impl Body for Opened {
    const MAX_BYTES: usize = ANSWER_BYTES;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    state: String,
    path: Vec<String>,
}

/// Returns the body of a question about a step.
///
/// # Errors
/// `TooLong`, which no step is.
pub fn question(step: u16) -> Result<Vec<u8>, Malformed> {
    Question { step }.to_json()
}

/// Returns the step in the body of a question.
///
/// # Errors
/// See [`Malformed`].
pub fn read_question(body: &[u8]) -> Result<u16, Malformed> {
    Ok(Question::from_json(body)?.step)
}

/// Returns the body of an answer. The bytes of its state are not in it: they travel as a blob.
///
/// # Errors
/// `TooLong`, which no answer of a trace is.
pub fn answer(answer: &Answer) -> Result<Vec<u8>, Malformed> {
    let open = |opening: &Opening| Open {
        state: hex(&opening.state),
        path: opening.path.iter().map(|it| hex(it)).collect(),
    };
    let opened = Opened {
        step: answer.step,
        before: open(&answer.before),
        after: open(&answer.after),
        last: open(&answer.last),
    };
    opened.to_json()
}

/// Returns the answer in a body, without the bytes of its state.
///
/// # Errors
/// See [`Malformed`].
pub fn read_answer(body: &[u8]) -> Result<Answer, Malformed> {
    let opened = Opened::from_json(body)?;
    Ok(Answer {
        step: opened.step,
        before: opened.before.read()?,
        after: opened.after.read()?,
        last: opened.last.read()?,
        state: Vec::new(),
    })
}

impl Open {
    fn read(&self) -> Result<Opening, Malformed> {
        let path = self.path.iter().map(|it| digest(it));
        Ok(Opening {
            state: digest(&self.state)?,
            path: path.collect::<Result<_, _>>()?,
        })
    }
}

fn digest(text: &str) -> Result<Digest, Malformed> {
    parse_digest(text).map_err(|_| Malformed::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(byte: u8, hashes: usize) -> Opening {
        Opening {
            state: [byte; 32],
            path: vec![[byte; 32]; hashes],
        }
    }

    #[test]
    fn the_longest_answer_is_read_back() {
        // 65 536 leaves have paths of 16 hashes.
        let longest = Answer {
            step: u16::MAX,
            before: opening(1, 16),
            after: opening(2, 16),
            last: opening(3, 16),
            state: Vec::new(),
        };
        let body = answer(&longest).unwrap();
        assert!(body.len() <= ANSWER_BYTES, "{}", body.len());
        assert_eq!(read_answer(&body), Ok(longest));
        assert_eq!(question(7).unwrap(), b"{\"step\":7}");
        assert_eq!(read_question(b"{\"step\": 7}"), Ok(7));
    }

    #[test]
    fn bodies_of_another_shape_are_refused() {
        for body in [
            &b""[..],
            b"{}",
            b"{\"step\":65536}",
            b"{\"step\":1,\"step\":2}",
            b"{\"step\":1,\"more\":2}",
        ] {
            assert_eq!(read_question(body), Err(Malformed::Shape), "{body:?}");
        }
        let short = br#"{"step":0,"before":{"state":"0x00","path":[]},"after":{"state":"","path":[]},"last":{"state":"","path":[]}}"#;
        assert_eq!(read_answer(short), Err(Malformed::Shape));
        let long = vec![b' '; ANSWER_BYTES + 1];
        assert!(matches!(read_answer(&long), Err(Malformed::TooLong { .. })));
    }
}
