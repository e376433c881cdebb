//! Embeddings from sources that lie, refuse or are silent, without a network.

use super::*;
use crate::commands::search::source::Here;
use inktensor_neuron::program::linked;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fs,
};

const MINER: Uid = Uid(5);

fn program() -> Arc<dyn Program> {
    let state = inktensor_embed::small::state(1).unwrap();
    linked("embed/1", &state).unwrap()
}

/// A miner that answers by the model, but for texts that contain certain words.
struct Miner {
    program: Arc<dyn Program>,
    lies_about: &'static str,
    silent_about: &'static str,
    /// Most bytes of a question.
    most: usize,
    asked: RefCell<Vec<String>>,
}

impl Miner {
    fn honest() -> Self {
        Self {
            program: program(),
            lies_about: "-",
            silent_about: "-",
            most: usize::MAX,
            asked: RefCell::default(),
        }
    }
}

impl Source for &Miner {
    const SUBJECT: &'static str = "answers of a miner";

    fn replies(&self, questions: &[Vec<u8>], _: &dyn Fn(&str)) -> Result<Vec<Reply>, Failure> {
        let replies = questions.iter().map(|question| {
            let text = String::from_utf8(question.clone()).unwrap();
            self.asked.borrow_mut().push(text.clone());
            if text.contains(self.silent_about) {
                return Reply::Silent("no answer: uid 5: silent for 9 ms".into());
            }
            if text.len() > self.most {
                return Reply::Refused("uid 5 refuses the question: too long".into());
            }
            let body = match text.contains(self.lies_about) {
                true => b"{\"answer\":[1000,0]}".to_vec(),
                false => self.program.answer(question).unwrap(),
            };
            Reply::Given {
                body,
                uid: MINER,
                hotkey: [7; 32].into(),
            }
        });
        Ok(replies.collect())
    }
}

/// Kept embeddings in a folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("inktensor-embed-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn kept(&self) -> Kept {
        Kept::open(&self.0, &[1; 32]).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn piece(text: &str) -> Piece {
    Piece {
        file: "notes.txt".into(),
        line: 3,
        text: text.into(),
    }
}

fn pieces(texts: &[&str]) -> Vec<Piece> {
    texts.iter().map(|text| piece(text)).collect()
}

fn embedder<S: Source>(kept: &Kept, source: S, is_checked: bool, sample: u64) -> Embedder<'_, S> {
    Embedder {
        kept,
        source,
        program: is_checked.then(program),
        sample,
        shows: &|_| {},
    }
}

fn texts(embedded: &Embedded) -> BTreeSet<&str> {
    let all = embedded.all.iter();
    all.map(|(piece, _)| piece.text.as_str()).collect()
}

fn reference(text: &str) -> Answer {
    let text = text.to_owned();
    let question = Question { text }.to_json().unwrap();
    Answer::from_json(&program().answer(&question).unwrap()).unwrap()
}

#[test]
fn a_wrong_answer_ends_the_search_names_the_miner_and_is_not_kept() {
    let folder = Folder::new("wrong");
    let kept = folder.kept();
    let miner = Miner {
        lies_about: "zebra",
        ..Miner::honest()
    };
    let all = ["a cat", "a zebra"];
    let Err(Stop::Wrong(wrong)) = embedder(&kept, &miner, true, ALL).pieces(pieces(&all)) else {
        panic!("a wrong answer");
    };
    let mut line = Vec::new();
    wrong.text(&mut line).unwrap();
    let line = String::from_utf8(line).unwrap();
    assert!(line.starts_with("wrong: uid 5 5"), "{line}");
    assert!(line.contains("for notes.txt:3 than"), "{line}");
    assert_eq!(kept.get("a zebra", Trust::Unchecked).unwrap(), None);
    assert!(kept.get("a cat", Trust::Checked).unwrap().is_some());
    // The answer for the query is checked in any sample.
    for _ in 0..8 {
        let asked = embedder(&kept, &miner, true, 1).query("zebra");
        assert!(matches!(asked, Err(Stop::Wrong(_))));
    }
}

#[test]
fn unchecked_embeddings_are_not_used_as_checked_ones() {
    let folder = Folder::new("unchecked");
    let kept = folder.kept();
    let liar = Miner {
        lies_about: "a",
        ..Miner::honest()
    };
    let lies = embedder(&kept, &liar, false, ALL);
    let lies = lies.pieces(pieces(&["a cat"])).unwrap();
    assert_ne!(lies.all[0].1, reference("a cat"));
    let here = embedder(&kept, Here(program()), true, ALL);
    let here = here.pieces(pieces(&["a cat"])).unwrap();
    assert_eq!(here.all[0].1, reference("a cat"));

    // A search with checks asks again for what was not checked, and then keeps it.
    let miner = Miner::honest();
    embedder(&kept, &liar, false, ALL).query("a dog").unwrap();
    for _ in 0..2 {
        let found = embedder(&kept, &miner, true, ALL).query("a dog").unwrap();
        assert_eq!(found, reference("a dog"));
    }
    assert_eq!(miner.asked.borrow().len(), 1);
}

#[test]
fn a_piece_that_is_refused_is_halved_and_one_without_an_answer_is_skipped() {
    let folder = Folder::new("halved");
    let kept = folder.kept();
    let miner = Miner {
        silent_about: "ghost",
        most: 100,
        ..Miner::honest()
    };
    let long = "water ".repeat(60).trim_end().to_owned();
    let all = [long.as_str(), "a ghost", "a cat"];
    let embedded = embedder(&kept, &miner, false, ALL);
    let embedded = embedded.pieces(pieces(&all)).unwrap();
    let words = embedded.all.iter().map(|(piece, _)| piece.text.split(' '));
    let words = words.flatten().filter(|it| *it == "water").count();
    assert_eq!((words, texts(&embedded).contains("a cat")), (60, true));
    let [skipped] = &embedded.skipped[..] else {
        panic!("{:?}", embedded.skipped);
    };
    assert_eq!(skipped.file, PathBuf::from("notes.txt:3"));
    assert_eq!(skipped.reason, "no answer: uid 5: silent for 9 ms");
    // What surely fits is not too long: it is skipped, not halved.
    let short = Miner {
        most: 0,
        ..Miner::honest()
    };
    let embedded = embedder(&kept, &short, false, ALL).pieces(pieces(&["a dog"]));
    assert_eq!(embedded.unwrap().skipped.len(), 1);
    assert_eq!(short.asked.borrow().len(), 1);
    // Nothing is asked once more if no miner answers at all.
    let gone = Miner {
        silent_about: "",
        ..Miner::honest()
    };
    let ended = embedder(&kept, &gone, false, ALL).pieces(pieces(&["b", "c"]));
    assert!(matches!(ended, Err(Stop::Failed(_))));
    let query = embedder(&kept, &gone, false, ALL).query("d");
    assert!(matches!(query, Err(Stop::Failed(_))));
}

#[test]
fn a_wait_is_named() {
    let folder = Folder::new("wait");
    let kept = folder.kept();
    let (miner, shown) = (Miner::honest(), Cell::new(String::new()));
    let embedder = Embedder {
        shows: &|subject| shown.set(subject.to_owned()),
        ..embedder(&kept, &miner, true, ALL)
    };
    embedder.pieces(pieces(&["a cat", "a dog"])).unwrap();
    let subject = shown.take();
    assert_eq!(subject, "answers of a miner: 0 of 2 pieces are done");
}
