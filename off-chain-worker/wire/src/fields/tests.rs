use super::*;
use crate::testing::{context, miner, path, question, validator, HOME};
use http::HeaderValue;
use proptest::prelude::*;
use rand_chacha::{
    rand_core::{RngCore, SeedableRng},
    ChaCha8Rng,
};
use std::env;

/// An address with the prefix of Polkadot.
const OF_POLKADOT: &str = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5";
/// The variable that sets the number of inputs, for longer runs.
const INPUTS: &str = "INKTENSOR_WIRE_INPUTS";

/// A change of the text of a field.
type Change = fn(&str) -> String;

fn headers(fields: &[(&str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::try_from(*name).unwrap();
        headers.append(name, HeaderValue::try_from(value).unwrap());
    }
    headers
}

/// Reads the fields of a question after a change of the text of one of them.
fn changed(name: &str, change: impl Fn(&str) -> String) -> Result<SignedRequest, ShapeError> {
    let fields = write_question(&question(b"body")).map(|(field, value)| {
        let value = if field == name { change(&value) } else { value };
        (field, value)
    });
    read_question("/v1/ask", &headers(&fields))
}

#[test]
fn a_question_reads_as_it_was_written() {
    let mut guest = question(b"body");
    guest.context.by = None;
    for written in [question(b"body"), guest] {
        let read = read_question("/v1/ask", &headers(&write_question(&written)));
        assert_eq!(read, Ok(written));
    }
}

/// The bytes of `docs/wire.md`: another implementation compares its own with them.
#[test]
fn the_example_of_the_specification_is_what_is_written() {
    let page = include_str!("../../../../docs/wire.md");
    let asked = Asked {
        path: path("/v1/ask"),
        media: Media::Json,
        body: crate::signature::sha256(b"{\"text\":\"a voyage\"}"),
        context: context(),
        created: 1_764_344_000,
        expires: 1_764_344_020,
        nonce: *b"sixteen bytes ok",
    };
    assert_eq!(asked.context.home, HOME);
    let base = String::from_utf8(asked.base(&validator().account())).unwrap();
    assert!(
        page.contains(&format!("```text\n{base}\n```")),
        "the page lacks\n{base}"
    );
    let signature = {
        let line = page
            .lines()
            .find(|line| line.starts_with("Signature: q="))
            .unwrap();
        let bytes = signature_bytes(line.strip_prefix("Signature: ").unwrap(), ASKED).unwrap();
        <[u8; 64]>::try_from(bytes).unwrap()
    };
    let question = SignedRequest::from_parts(asked, validator().account(), signature);
    assert_eq!(question.verify(), Ok(()));
    for (name, value) in write_question(&question) {
        assert!(
            page.contains(&format!("\n{name}: {value}\n")),
            "the page lacks {name}: {value}"
        );
    }
    let answered = Answered {
        status: 200,
        media: Media::Json,
        body: crate::signature::sha256(b"{\"near\":[12,80]}"),
        created: 1_764_344_001,
    };
    let account = miner().account();
    let basis = Basis::Signature(&question.signature);
    let base = String::from_utf8(answered.base(&account, basis)).unwrap();
    assert!(
        page.contains(&format!("```text\n{base}\n```")),
        "the page lacks\n{base}"
    );
    let line = page
        .lines()
        .find(|line| line.starts_with("Signature: a="))
        .unwrap();
    let bytes = signature_bytes(line.strip_prefix("Signature: ").unwrap(), ANSWERED).unwrap();
    let signature = <[u8; 64]>::try_from(bytes).unwrap();
    assert!(crate::signature::verify(
        &account,
        base.as_bytes(),
        &signature
    ));
}

#[test]
fn a_missing_or_repeated_field_is_refused() {
    let fields = write_question(&question(b"body"));
    for (name, value) in &fields {
        let mut some = headers(&fields);
        some.remove(HeaderName::try_from(*name).unwrap());
        let read = read_question("/v1/ask", &some);
        assert_eq!(read, Err(FieldError::Missing(name).into()), "{name}");
        let mut more = headers(&fields);
        let value = HeaderValue::try_from(value).unwrap();
        more.append(HeaderName::try_from(*name).unwrap(), value);
        let read = read_question("/v1/ask", &more);
        assert_eq!(read, Err(FieldError::Repeated(name).into()), "{name}");
    }
}

#[test]
fn an_empty_signature_is_refused() {
    for value in ["q=::", "q", "q=?0", "", "q=:AAAA:", "sig=::"] {
        assert!(changed(SIGNATURE, |_| value.into()).is_err(), "{value}");
    }
}

#[test]
fn a_second_spelling_of_the_same_values_is_refused() {
    let spellings: [(&str, Change); 16] = [
        (SIGNATURE_INPUT, |it| it.replace("\" \"", "\"  \"")),
        (SIGNATURE_INPUT, |it| it.replace(";created", "; created")),
        (SIGNATURE_INPUT, |it| it.replace("created=", "created=0")),
        (SIGNATURE_INPUT, |it| format!("{it};x")),
        (SIGNATURE_INPUT, |it| {
            it.replace("\"inktensor\")", "\"inktensor\" \"host\")")
        }),
        (SIGNATURE_INPUT, |it| it.replace(" \"content-digest\"", "")),
        (SIGNATURE_INPUT, |it| {
            it.replace("\"@method\" \"@path\"", "\"@path\" \"@method\"")
        }),
        (SIGNATURE_INPUT, |it| it.replace(";tag=\"inktensor-1\"", "")),
        (SIGNATURE_INPUT, |it| {
            it.replace("inktensor-1", "inktensor-2")
        }),
        (SIGNATURE_INPUT, |it| {
            it.replace(";keyid", ";alg=\"ed25519\";keyid")
        }),
        (SIGNATURE_INPUT, |it| format!("{it}, a=()")),
        (INKTENSOR, |it| it.replace(", ", ",")),
        (INKTENSOR, |it| it.replace("netuid=1", "netuid=01")),
        (INKTENSOR, |it| format!("{it}, more=1")),
        (CONTENT_DIGEST, |it| format!("{it}, sha-512=:AAAA:")),
        (CONTENT_TYPE, |it| it.to_uppercase()),
    ];
    for (name, change) in spellings {
        let read = changed(name, change);
        assert!(read.is_err(), "{name}: {read:?}");
    }
}

#[test]
fn the_key_is_read_in_one_spelling() {
    let account = validator().account();
    let hexadecimal = inktensor_primitives::hash::hex(account.as_ref());
    let read = changed(SIGNATURE_INPUT, |it| {
        it.replace(&ss58(&account), &hexadecimal)
    });
    assert!(
        matches!(
            read,
            Err(ShapeError::Field(FieldError::NotCanonical { .. }))
        ),
        "{read:?}"
    );
    // Other prefixes are those of other chains; addresses here have the one without a chain.
    let read = changed(SIGNATURE_INPUT, |it| {
        it.replace(&ss58(&account), OF_POLKADOT)
    });
    assert!(
        matches!(
            read,
            Err(ShapeError::Field(FieldError::NotCanonical { .. }))
        ),
        "{read:?}"
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    for (from, to) in [
        ("netuid=1", "netuid=65536"),
        ("netuid=1", "netuid=-1"),
        ("epoch=41", "epoch=4294967296"),
        ("epoch=41", "epoch=41.0"),
        ("epoch=41", "epoch=\"41\""),
        ("seat=19", "seat=9999999999999999"),
        ("seat=19", "seat"),
        ("by=7", "by=(7)"),
    ] {
        let read = changed(INKTENSOR, |it| it.replace(from, to));
        assert!(read.is_err(), "{to}");
    }
    let long = changed(INKTENSOR, |it| format!("{it}, x=\"{}\"", "a".repeat(1100)));
    assert_eq!(long, Err(FieldError::TooLong(INKTENSOR).into()));
}

#[test]
fn an_answer_reads_as_it_was_written() {
    let question = question(b"body");
    let hello = path("/v1/hello");
    let answered = Answered {
        status: 200,
        media: Media::Json,
        body: [3; 32],
        created: 5,
    };
    let account = miner().account();
    for basis in [Basis::Signature(&question.signature), Basis::Path(&hello)] {
        let fields = answered.write(&account, basis, &[4; 64]);
        let read = Answered::read(200, &headers(&fields), &account, basis);
        assert_eq!(read, Ok((answered, [4; 64])));
        // A greeting is not an answer, nor the reverse, nor is one by another key.
        let other = match basis {
            Basis::Signature(_) => Basis::Path(&hello),
            Basis::Path(_) => Basis::Signature(&question.signature),
        };
        assert!(Answered::read(200, &headers(&fields), &account, other).is_err());
        let key = validator().account();
        assert!(Answered::read(200, &headers(&fields), &key, basis).is_err());
    }
}

/// Returns `text` with some of its bytes changed, removed, doubled, or taken from elsewhere.
fn mutated(random: &mut ChaCha8Rng, text: &str, other: &str) -> Vec<u8> {
    const SPECIAL: &[u8] = b"\"';:=,()\\ \t?*@.-09azA/+\x7f\x80\xff";
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.next_u32() % 4 {
        let number = usize::try_from(random.next_u32()).unwrap();
        let place = number % (bytes.len() + 1);
        let special = SPECIAL[number % SPECIAL.len()];
        match random.next_u32() % 7 {
            0 if place < bytes.len() => bytes[place] = special,
            1 => bytes.insert(place, special),
            2 if place < bytes.len() => {
                bytes.remove(place);
            }
            3 => bytes.truncate(place),
            4 => bytes.extend_from_within(place..),
            5 if place < bytes.len() => bytes[place] ^= 1 << (number % 8),
            _ => bytes.extend_from_slice(&other.as_bytes()[..place % (other.len() + 1)]),
        }
    }
    bytes
}

/// Parses many damaged heads. Nothing panics, and a head that is accepted has one spelling.
#[test]
fn damaged_heads_are_refused_or_have_one_spelling() {
    let inputs = env::var(INPUTS).map_or(1_000_000, |it| it.parse().unwrap());
    let seed = 20_261_129;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let written = write_question(&question(b"body"));
    let mut accepted = 0u32;
    for input in 0..inputs {
        let number = |random: &mut ChaCha8Rng| usize::try_from(random.next_u32()).unwrap() % 5;
        let (at, from) = (number(&mut random), number(&mut random));
        let mut fields = HeaderMap::new();
        for (place, (name, value)) in written.iter().enumerate() {
            let value = if place == at {
                mutated(&mut random, value, &written[from].1)
            } else {
                value.clone().into_bytes()
            };
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                fields.append(HeaderName::try_from(*name).unwrap(), value);
            }
        }
        if let Ok(read) = read_question("/v1/ask", &fields) {
            accepted += 1;
            let again = headers(&write_question(&read));
            assert_eq!(again, fields, "seed {seed}, input {input}");
        }
    }
    // Some changes are of one digit, and leave another question in its one spelling.
    assert!(
        accepted > 0 && accepted < inputs / 2,
        "{accepted} of {inputs}"
    );
}

proptest! {
    #[test]
    fn every_context_reads_as_it_was_written(
        netuid: u16, epoch: u32, by: Option<u32>, seat: u32, home: [u8; 32], to: [u8; 32]
    ) {
        let context =
            Context { home, netuid: NetUid(netuid), epoch, by, to: to.into(), seat };
        let text = context_field(&context);
        prop_assert_eq!(read_context(&text), Ok(context));
    }
}
