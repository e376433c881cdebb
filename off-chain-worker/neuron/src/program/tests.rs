//! Programs by their names, with the reasons for which one is refused.

use super::*;
use crate::evidence::codec::MAX_ANSWER;
use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_primitives::hash::blake2;
use inktensor_task::{Blob, Fold};
use inktensor_train::{Recipe, Train};

#[test]
fn answers_of_all_tasks_fit_into_evidence() {
    assert!((1..=MAX_ANSWER).contains(&most_answer()));
}

/// Returns `complete/1` with the first state of a small training.
fn complete() -> Arc<dyn Program> {
    let config = Config {
        vocabulary: 128,
        context: 8,
        width: 8,
        layers: 1,
        heads: 1,
        hidden: 8,
    };
    let recipe = Recipe {
        rows: 1,
        descent: AdamW::SMALL,
    };
    let train = Train::new(config, recipe, vec![b'a'; 64]).unwrap();
    let state = train.start(&Seed([1; 32])).unwrap();
    linked(Complete::NAME, &state.to_blob()).unwrap()
}

fn embed() -> Arc<dyn Program> {
    let task = Embed::NAME;
    let state = inktensor_embed::small::state(1).unwrap();
    linked(task, &state).unwrap()
}

#[test]
fn text_of_another_form_is_not_passed_on() {
    let program = embed();
    let question = program.check_question(b" {\"text\": \"a\"}\n");
    assert_eq!(question, Ok(b"{\"text\":\"a\"}".to_vec()));
    let answer = program.check_answer(b"{ \"answer\": [1, -2] }");
    assert_eq!(answer, Ok(b"{\"answer\":[1,-2]}".to_vec()));
    for wrong in [
        &b""[..],
        b"[1]",
        b"{\"answer\":[1e9]}",
        b"{\"answer\":\"\"}",
    ] {
        let read = program.check_answer(wrong);
        assert!(matches!(read, Err(ProgramError::Malformed(_))), "{read:?}");
    }
    let unknown = linked("other/1", b"").err();
    assert_eq!(unknown, Some(ProgramError::Unknown("other/1".into())));
}

#[test]
fn a_state_of_a_training_continues_texts_and_every_answer_is_checked() {
    let program = complete();
    let seed = Seed([3; 32]);
    let question = program.question(&seed).unwrap();
    assert_eq!(program.check_question(&question), Ok(question.clone()));
    let answer = program.answer(&question).unwrap();
    assert_eq!(program.worth(&question, &answer), Ok(Worth::WHOLE));
    let other = program.question(&Seed([4; 32])).unwrap();
    let other = program.answer(&other).unwrap();
    assert_ne!(other, answer);
    for wrong in [&other[..], b"{\"answer\":[]}", b"none"] {
        assert_eq!(program.worth(&question, wrong), Ok(Worth::NONE));
    }
    let outside = br#"{"prompt":[200],"bytes":1,"temperature":0,"seed":0}"#;
    for refused in [program.check_question(outside), program.answer(outside)] {
        assert!(matches!(refused, Err(ProgramError::Refused(_))));
    }
    assert!(linked(Complete::NAME, b"embed/1\0").is_err());
}

#[test]
fn a_manifest_names_the_blobs_of_its_task() {
    let manifest = |program: &str| {
        let text = format!(
            "task = \"embed/1\"\n{program}\nstate = \"0x{}\"\nquestions = 1\nwindow = 9\n\
             check = 1.0\nalpha = 0.2",
            "11".repeat(32)
        );
        Manifest::parse(text.as_bytes()).unwrap()
    };
    let state = inktensor_embed::small::state(1).unwrap();
    let load = |manifest: &Manifest, code: &[u8]| {
        let mut asked = Vec::new();
        let program = load(manifest, |what, hash, most| {
            asked.push((what, *hash, most));
            Ok::<_, ProgramError>(match what {
                "model" => state.clone(),
                _ => code.to_vec(),
            })
        });
        (asked, program.map(|it| it.name().to_owned()))
    };
    let most = inktensor_embed::STATE_LIMIT;
    let model = ("model", [0x11; 32], most);
    let (asked, built_in) = load(&manifest(""), b"");
    assert_eq!((asked, built_in), (vec![model], Ok("embed/1".into())));

    let code = b"\0asm\x01\0\0\0";
    let hash = blake2(code);
    let named = manifest(&format!("program = \"{}\"", hex(&hash)));
    let (asked, refused) = load(&named, code);
    let model = ("model", [0x11; 32], Limits::WASM.state);
    assert_eq!(asked, [("program", hash, MAX_CODE), model]);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("does not export memory"), "{refused}");
    let (_, refused) = load(&named, b"other");
    let refused = refused.unwrap_err();
    assert!(matches!(
        refused,
        ProgramError::Wasm(WasmError::Hash { .. })
    ));
}

#[test]
fn a_question_is_checked_as_it_is_answered() {
    let program = embed();
    for words in [1, 126, 127, 200] {
        let question = format!("{{\"text\":\"{}\"}}", "a ".repeat(words));
        let checked = program.check_question(question.as_bytes());
        let answered = program.answer(question.as_bytes());
        assert_eq!(checked.err(), answered.err(), "{words}");
    }
}
