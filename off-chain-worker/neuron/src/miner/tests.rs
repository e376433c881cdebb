//! Answers to signed questions, without a server.

use super::*;
use crate::{
    answering::ASK,
    manifest::Manifest,
    program::{linked, Limits},
};
use inktensor_embed::small;
use inktensor_primitives::{Bps, NetUid, Rao};
use inktensor_task::{Seed, Worth};
use inktensor_wire::{fields::Asked, signature::sha256, Context, Hotkey, SignedRequest};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Mutex,
};
use subxt_signer::sr25519::dev;
use tokio::runtime::{Builder, Runtime};

const EPOCH: u32 = 7;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Returns answers by a model, with a task whose program is `program`.
fn answers(model: Model, places: usize, program: Arc<dyn Program>) -> Answers {
    let manifest = Manifest {
        task: "embed/1".into(),
        program: None,
        state: [1; 32],
        mirrors: Vec::new(),
        questions: 4,
        window: 10,
        check: Bps::ONE,
        alpha: Bps::ONE,
        steps: None,
    };
    let working = Working {
        hash: [2; 32],
        manifest,
        runs: Runs::Task(program),
    };
    Answers(Arc::new(Shared {
        model,
        hotkey: [9; 32].into(),
        netuid: 1,
        known: RwLock::new(Known {
            has_looked: true,
            epoch: EPOCH,
            generation: 1,
            tasks: [Some(Arc::new(working)), None],
            pledges: None,
            opening: None,
        }),
        shelf: Shelf::default(),
        places: Arc::new(Places::new(places, WAITING)),
    }))
}

fn caller(key: Keypair, body: &[u8]) -> Caller {
    let asked = Asked {
        path: Path::new(ASK).unwrap(),
        media: Media::Json,
        body: sha256(body),
        context: Context {
            home: [5; 32],
            netuid: NetUid(1),
            epoch: EPOCH,
            by: Some(3),
            to: [9; 32].into(),
            seat: 1,
        },
        created: clock::now(),
        expires: clock::now() + 60,
        nonce: [9; 16],
    };
    Caller {
        uid: None,
        stake: Rao::ZERO,
        guest: false,
        question: SignedRequest::sign(&Hotkey::new(key), asked).unwrap(),
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
    }
}

/// A program that takes its time, and keeps the questions in the order in which it began them.
#[derive(Default)]
struct Slow(Mutex<Vec<String>>);

impl Program for Slow {
    fn name(&self) -> &'static str {
        "embed/1"
    }

    fn limits(&self) -> Limits {
        Limits::WASM
    }

    fn question(&self, _: &Seed) -> Result<Vec<u8>, ProgramError> {
        Ok(Vec::new())
    }

    fn check_question(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
        Ok(question.to_vec())
    }

    fn check_answer(&self, answer: &[u8]) -> Result<Vec<u8>, ProgramError> {
        Ok(answer.to_vec())
    }

    fn answer(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
        let text = String::from_utf8_lossy(question).into_owned();
        self.0.lock().unwrap().push(text);
        thread::sleep(Duration::from_millis(20));
        Ok(question.to_vec())
    }

    fn worth(&self, _: &[u8], _: &[u8]) -> Result<Worth, ProgramError> {
        Ok(Worth::NONE)
    }
}

#[test]
fn a_caller_with_many_questions_does_not_delay_another() {
    let program = Arc::new(Slow::default());
    let answers = Arc::new(answers(Model::Linked, 1, Arc::clone(&program) as _));
    let questions = ["a0", "a1", "a2", "a3", "b0", "b1"];
    runtime().block_on(async {
        let tasks = questions.map(|text| {
            let key = match text.starts_with('a') {
                true => dev::alice(),
                false => dev::bob(),
            };
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                let caller = caller(key, text.as_bytes());
                answers.work(&caller, text.into()).await
            })
        });
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    // The first one is answered when the others come.
    let order = program.0.lock().unwrap().clone();
    assert_eq!(order, ["a0", "a1", "b0", "a2", "b1", "a3"]);
}

#[test]
fn a_text_of_too_many_tokens_is_refused_whatever_the_model() {
    let program = linked("embed/1", &small::state(1).unwrap()).unwrap();
    // Nothing listens there: a question that is passed on fails otherwise.
    let side = Model::of(Some("http://127.0.0.1:1/"), None).unwrap();
    for model in [Model::Linked, side] {
        let name = format!("{model:?}");
        let answers = answers(model, 1, Arc::clone(&program));
        let body = format!("{{\"text\":\"{}\"}}", "a ".repeat(200)).into_bytes();
        let caller = caller(dev::alice(), &body);
        let refusal = runtime().block_on(answers.work(&caller, body));
        let (status, reason) = refusal.unwrap_err();
        assert_eq!(status, 400, "{name}: {reason}");
        assert!(reason.contains("128 tokens"), "{name}: {reason}");
    }
}
