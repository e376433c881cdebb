//! `inktensor search`: the pieces of one's own files that are nearest in meaning to a query.

mod files;
mod kept;

use super::neural::{cache, Means, UserArgs};
use crate::{
    args,
    error::{Failure, Verdict},
    output::{
        self, csv, json,
        table::{number, text, Room, Table},
    },
    values,
};
use files::Piece;
use inktensor_embed::{Answer, Question};
use inktensor_neuron::{ask::Asker, program::Program};
use inktensor_task::Body;
use kept::Kept;
use serde::Serialize;
use std::{
    cmp::Reverse,
    io::{self, Write},
    num::NonZeroUsize,
    path::PathBuf,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    thread,
    time::Duration,
};
use tokio::sync::Semaphore;

/// Questions that are open at a time.
const OPEN: usize = 4;
/// Attempts for a piece. Between two of them a second passes, in which a bucket fills again.
const ATTEMPTS: u32 = 30;
/// Wait before another attempt.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest wait for an answer of one neuron.
const DEADLINE: Duration = Duration::from_secs(20);
/// Pieces that are embedded before their embeddings are kept.
const BATCH: usize = 64;
/// Characters of a piece in the table.
const SHOWN: usize = 60;
/// A million: the similarity of a text with itself.
const WHOLE: f64 = 1_000_000.0;

/// Arguments of `search`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "search --url ws://127.0.0.1:9944 --netuid 1 --in notes water"
))]
pub struct Arguments {
    /// The query
    query: String,
    /// The folder with text files, or one file
    #[arg(long = "in", value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    user: UserArgs,
    /// Compute all embeddings here, with the subnet's model
    #[arg(long)]
    local: bool,
    /// The number of pieces to show
    #[arg(
        long,
        value_parser = values::whole::<usize>(1..=1000),
        default_value = "10",
        value_name = "NUMBER"
    )]
    count: usize,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
    /// Print CSV, with the fields of the JSON document as columns
    #[arg(long, conflicts_with = "json", help_heading = args::OUTPUT)]
    csv: bool,
}

/// The nearest pieces.
#[derive(Serialize)]
#[serde(transparent)]
struct Nearest(Vec<Row>);

#[derive(Serialize)]
struct Row {
    similarity: f64,
    file: String,
    line: usize,
    text: String,
}

impl output::List for Nearest {
    type Row = Row;

    fn rows(&self) -> &[Row] {
        &self.0
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [number("similarity"), text("place"), text("text")];
        let mut table = Table::new(room, columns);
        for row in &self.0 {
            let shown: String = row.text.chars().take(SHOWN).collect();
            table.row([
                format!("{:.3}", row.similarity),
                format!("{}:{}", row.file, row.line),
                shown.escape_debug().to_string(),
            ]);
        }
        table.print(out)
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let found = files::read(&arguments.folder)?;
    if found.pieces.is_empty() {
        return Err(Failure::in_file(
            &arguments.folder,
            "no text: no file in it is text in UTF-8 of at most 4 MiB",
        ));
    }
    let user = arguments.user.open()?;
    let manifest = user.manifest()?;
    // Embeddings are of a manifest: another model has others.
    let kept = Kept::open(&cache()?.join("search"), &manifest)?;
    let mut texts: Vec<&str> = found.pieces.iter().map(|it| it.text.as_str()).collect();
    texts.push(&arguments.query);
    let source = match arguments.local {
        true => Source::Here(user.task(&manifest)?.program),
        false => Source::Neurons(Arc::new(user.asker()?)),
    };
    let mut answers = embedded(&texts, &kept, &user.means, &source)?;
    let query = answers
        .pop()
        .ok_or_else(|| Failure::missing("answer for the query"))?;
    let rows = nearest(&found.pieces, &answers, &query, arguments.count);
    let list = Nearest(rows);
    if arguments.json {
        json::print(&list, out)?;
    } else if arguments.csv {
        csv::print(output::List::rows(&list), out)?;
    } else {
        output::List::table(&list, Room::of_terminal(), out)?;
        writeln!(
            out,
            "{} pieces of {} files; {} files were skipped",
            found.pieces.len(),
            found.files,
            found.skipped
        )?;
    }
    Ok(Verdict::Good)
}

fn nearest(pieces: &[Piece], answers: &[Answer], query: &Answer, count: usize) -> Vec<Row> {
    let mut order: Vec<(i32, usize)> = answers
        .iter()
        .enumerate()
        .map(|(at, answer)| (answer.similarity(query), at))
        .collect();
    order.sort_by_key(|(similarity, at)| (Reverse(*similarity), *at));
    let best = order.into_iter().take(count);
    best.filter_map(|(similarity, at)| {
        let piece = pieces.get(at)?;
        Some(Row {
            similarity: f64::from(similarity) / WHOLE,
            file: piece.file.display().to_string(),
            line: piece.line,
            text: piece.text.clone(),
        })
    })
    .collect()
}

/// The source of embeddings.
enum Source {
    /// The subnet's program, in this process.
    Here(Arc<dyn Program>),
    /// The subnet's neurons.
    Neurons(Arc<Asker>),
}

impl Source {
    /// Returns the answers to these questions, in their order.
    fn answers(&self, means: &Means, questions: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
        match self {
            Source::Here(program) => computed(program.as_ref(), questions),
            Source::Neurons(asker) => means.runtime.block_on(asked(asker, questions)),
        }
    }
}

/// Returns the embeddings of `texts`: the kept ones, and those that are missing.
fn embedded(
    texts: &[&str],
    kept: &Kept,
    means: &Means,
    source: &Source,
) -> Result<Vec<Answer>, Failure> {
    let mut answers: Vec<Option<Answer>> = texts
        .iter()
        .map(|text| kept.get(text))
        .collect::<Result<_, _>>()?;
    let missing: Vec<usize> = (0..texts.len())
        .filter(|at| answers.get(*at).is_some_and(Option::is_none))
        .collect();
    for batch in missing.chunks(BATCH) {
        let batch_texts: Vec<&str> = batch
            .iter()
            .filter_map(|at| texts.get(*at))
            .copied()
            .collect();
        let questions: Vec<Vec<u8>> = batch_texts
            .iter()
            .map(|text| {
                let text = (*text).to_owned();
                Question { text }.to_json().map_err(Failure::input)
            })
            .collect::<Result<_, _>>()?;
        let found = source.answers(means, &questions)?;
        let found: Vec<Answer> = found
            .iter()
            .map(|body| Answer::from_json(body).map_err(Failure::input))
            .collect::<Result<_, _>>()?;
        kept.put(batch_texts.iter().copied().zip(&found))?;
        for (at, answer) in batch.iter().zip(found) {
            if let Some(place) = answers.get_mut(*at) {
                *place = Some(answer);
            }
        }
    }
    let all: Option<Vec<Answer>> = answers.into_iter().collect();
    all.ok_or_else(|| Failure::missing("answer for a piece of text"))
}

/// Computes answers on all cores.
fn computed(program: &dyn Program, questions: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(question) = questions.get(at) else {
                return done;
            };
            done.push((at, program.answer(question)));
        }
    };
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    let answers = all.into_iter().map(|(_, answer)| answer);
    answers
        .map(|answer| answer.map_err(Failure::input))
        .collect()
}

/// Asks the subnet's neurons, a few questions at a time.
async fn asked(asker: &Arc<Asker>, questions: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
    let open = Arc::new(Semaphore::new(OPEN));
    let tasks: Vec<_> = questions
        .iter()
        .map(|question| {
            let (asker, open, question) = (Arc::clone(asker), Arc::clone(&open), question.clone());
            tokio::spawn(async move {
                // Fails only when the semaphore is closed, which never happens.
                let _open = open.acquire().await.ok();
                let mut attempt = 1;
                loop {
                    match asker.asked(&question, DEADLINE).await {
                        Ok(receipt) => return Ok(receipt.answer().to_vec()),
                        Err(error) if attempt == ATTEMPTS => return Err(Failure::input(error)),
                        Err(_) => tokio::time::sleep(AGAIN).await,
                    }
                    attempt += 1;
                }
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await.map_err(Failure::input)??);
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_pieces_come_first() {
        let answer = |components: &[i16]| Answer {
            answer: components.to_vec(),
        };
        let piece = |text: &str| Piece {
            file: "notes.txt".into(),
            line: 1,
            text: text.into(),
        };
        let pieces = [piece("far"), piece("near"), piece("same")];
        let answers = [answer(&[0, 1000]), answer(&[800, 600]), answer(&[1000, 0])];
        let rows = nearest(&pieces, &answers, &answer(&[1000, 0]), 2);
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(texts, ["same", "near"]);
        assert!((rows[0].similarity - 1.0).abs() < 1e-9);
        assert!((rows[1].similarity - 0.8).abs() < 1e-9);
    }
}
