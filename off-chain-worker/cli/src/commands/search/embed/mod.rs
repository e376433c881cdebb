//! Embeddings of pieces: the kept ones, and those that a source gives, checked by the model.

use super::{
    files::Skipped,
    kept::{Kept, Trust},
    pieces::{surely_fits, Piece},
    source::{in_parallel, Reply, Source},
};
use crate::{
    error::Failure,
    output::{json::Address, View},
};
use inktensor_client::ss58::ss58;
use inktensor_embed::{Answer, Question};
use inktensor_neuron::program::Program;
use inktensor_primitives::{AccountId, Uid};
use inktensor_task::{Body, Worth};
use serde::Serialize;
use std::{
    collections::{hash_map::RandomState, VecDeque},
    hash::BuildHasher,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

/// Pieces that are embedded before their embeddings are kept.
const BATCH: usize = 64;
/// The sample of all answers, in per cent.
pub const ALL: u64 = 100;

/// An answer that the model on this machine does not give.
#[derive(Debug, Serialize)]
pub struct Wrong {
    verdict: &'static str,
    uid: u16,
    hotkey: Address,
    place: String,
    #[serde(skip)]
    account: AccountId,
}

impl View for Wrong {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let hotkey = ss58(&self.account);
        writeln!(
            out,
            "wrong: uid {} {hotkey} gave another answer for {} than this computer computes; search \
             with --local, or again later",
            self.uid, self.place
        )
    }
}

/// A reason for which a search ends early.
#[derive(Debug)]
pub enum Stop {
    /// A failure.
    Failed(Failure),
    /// A wrong answer.
    Wrong(Wrong),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Pieces with their embeddings, and the pieces that have none.
#[derive(Debug, Default)]
pub struct Embedded {
    /// The pieces with embeddings.
    pub all: Vec<(Piece, Answer)>,
    /// The pieces without one, with the reason.
    pub skipped: Vec<Skipped>,
}

/// The embedding of texts.
pub struct Embedder<'a, S> {
    /// The kept embeddings.
    pub kept: &'a Kept,
    /// The source of others.
    pub source: S,
    /// The model that checks answers.
    pub program: Option<Arc<dyn Program>>,
    /// The part of the miners' answers that is checked, in per cent.
    pub sample: u64,
    /// Shows what the command waits for.
    pub shows: &'a dyn Fn(&str),
}

impl<S: Source> Embedder<'_, S> {
    /// Returns the embedding of the query, which is always checked if there is a model.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub fn query(&self, text: &str) -> Result<Answer, Stop> {
        let query = Piece {
            file: PathBuf::from("the query"),
            line: 0,
            text: text.to_owned(),
        };
        let mut embedded = self.embedded(vec![query], true)?;
        match (embedded.all.pop(), embedded.skipped.pop()) {
            (Some((_, answer)), _) => Ok(answer),
            (None, Some(skipped)) => {
                let reason = skipped.reason;
                Err(Failure::input(format_args!("the query: {reason}")).into())
            }
            (None, None) => Err(Failure::missing("answer for the query").into()),
        }
    }

    /// Returns the embeddings of pieces. A piece that is refused as too long is halved, and one
    /// that has no answer otherwise is skipped.
    ///
    /// # Errors
    /// A wrong answer, or none at all.
    pub fn pieces(&self, pieces: Vec<Piece>) -> Result<Embedded, Stop> {
        self.embedded(pieces, false)
    }

    fn embedded(&self, pieces: Vec<Piece>, is_query: bool) -> Result<Embedded, Stop> {
        let checks_all = is_query || self.sample == ALL;
        let least = match self.program.is_some() && checks_all {
            true => Trust::Checked,
            false => Trust::Unchecked,
        };
        let mut embedded = Embedded::default();
        let mut missing = VecDeque::new();
        for piece in pieces {
            match self.kept.get(&piece.text, least)? {
                Some(answer) => embedded.all.push((piece, answer)),
                None => missing.push_back(piece),
            }
        }
        let what = S::SUBJECT;
        while !missing.is_empty() {
            let (done, left) = (embedded.all.len(), missing.len());
            let subject = match is_query {
                true => format!("{what}: the query"),
                false => format!("{what}: {done} of {} pieces are done", done + left),
            };
            (self.shows)(&subject);
            let notes = |reason: &str| (self.shows)(&format!("{subject}; {reason}"));
            let batch: Vec<Piece> = missing.drain(..left.min(BATCH)).collect();
            let replies = self.batch(&batch, is_query, &notes)?;
            for (piece, reply) in batch.into_iter().zip(replies) {
                let reason = match reply {
                    Ok(answer) => {
                        embedded.all.push((piece, answer));
                        continue;
                    }
                    Err(reason) => reason,
                };
                // With the model each piece was cut so that it fits.
                let may_be_long = self.program.is_none() && !surely_fits(&piece.text);
                match piece.halved().filter(|_| may_be_long && !is_query) {
                    Some(halves) => missing.extend(halves),
                    None => embedded.skipped.push(Skipped {
                        file: piece.place().into(),
                        reason,
                    }),
                }
            }
        }
        Ok(embedded)
    }

    /// Returns the answers for a batch, or the reasons for which pieces have none, and keeps them.
    fn batch(
        &self,
        batch: &[Piece],
        is_query: bool,
        notes: &dyn Fn(&str),
    ) -> Result<Vec<Result<Answer, String>>, Stop> {
        let mut questions = Vec::with_capacity(batch.len());
        for piece in batch {
            let text = piece.text.clone();
            questions.push(Question { text }.to_json().map_err(Failure::input)?);
        }
        let replies = self.source.replies(&questions, notes)?;
        if let [Reply::Silent(reason), rest @ ..] = &replies[..] {
            let all = rest.iter().all(|it| matches!(it, Reply::Silent(_)));
            if all && !rest.is_empty() {
                return Err(Failure::input(reason).into());
            }
        }
        let chance = RandomState::new();
        let items: Vec<_> = questions.iter().zip(replies).collect();
        let (program, sample) = (self.program.as_ref(), self.sample);
        let judged = in_parallel(&items, |(question, reply)| {
            let is_chosen = is_query || chance.hash_one(question) % ALL < sample;
            judged(program, question, reply, is_chosen)
        });
        let mut answers = Vec::with_capacity(batch.len());
        let mut kept = Vec::with_capacity(batch.len());
        let mut wrong = None;
        for (piece, judged) in batch.iter().zip(judged) {
            match judged {
                Judged::Answer(answer, trust) => {
                    kept.push((piece.text.as_str(), answer.clone(), trust));
                    answers.push(Ok(answer));
                }
                Judged::None(reason) => answers.push(Err(reason)),
                Judged::Wrong(uid, account) if wrong.is_none() => {
                    wrong = Some(Wrong {
                        verdict: "wrong",
                        uid: uid.0,
                        hotkey: account.into(),
                        account,
                        place: match is_query {
                            true => "the query".into(),
                            false => piece.place(),
                        },
                    });
                }
                Judged::Wrong(..) => {}
            }
        }
        // Beside a wrong answer only those are kept that were checked.
        kept.retain(|(_, _, trust)| wrong.is_none() || *trust == Trust::Checked);
        let kept = kept.iter();
        self.kept
            .put(kept.map(|(text, answer, trust)| (*text, answer, *trust)))?;
        match wrong {
            Some(wrong) => Err(Stop::Wrong(wrong)),
            None => Ok(answers),
        }
    }
}

/// A reply after its check.
enum Judged {
    Answer(Answer, Trust),
    None(String),
    Wrong(Uid, AccountId),
}

/// Checks a reply by the model, if there is one and the reply is chosen.
fn judged(
    program: Option<&Arc<dyn Program>>,
    question: &[u8],
    reply: &Reply,
    is_chosen: bool,
) -> Judged {
    let (body, by) = match reply {
        Reply::Computed(body) => (body, None),
        Reply::Given { body, uid, hotkey } => (body, Some((*uid, *hotkey))),
        Reply::Refused(reason) | Reply::Silent(reason) => return Judged::None(reason.clone()),
    };
    let answer = match Answer::from_json(body) {
        Ok(answer) => answer,
        Err(error) => {
            return match by {
                Some((uid, hotkey)) if program.is_some() => Judged::Wrong(uid, hotkey),
                _ => Judged::None(format!("the answer is not one of the task: {error}")),
            }
        }
    };
    let Some((uid, hotkey)) = by else {
        return Judged::Answer(answer, Trust::Checked);
    };
    let Some(program) = program.filter(|_| is_chosen) else {
        return Judged::Answer(answer, Trust::Unchecked);
    };
    match program.worth(question, body) {
        Ok(Worth::WHOLE) => Judged::Answer(answer, Trust::Checked),
        Ok(_) => Judged::Wrong(uid, hotkey),
        Err(error) => Judged::None(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
