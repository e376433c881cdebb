//! `inktensor search`: the pieces of one's own files that are nearest in meaning to a query.

mod embed;
mod files;
mod kept;
mod pieces;
mod source;

use super::{
    ask::demand_words,
    neural::{User, UserArgs},
};
use crate::{
    args,
    error::{Failure, Verdict},
    output::{
        self, csv,
        format::count,
        json,
        table::{number, text, Room, Table},
    },
    values,
};
use embed::{Embedded, Embedder, Stop, ALL};
use files::{Found, Skipped};
use inktensor_embed::{Answer, Question};
use inktensor_neuron::{ask::plain, program::Program};
use inktensor_primitives::Digest;
use inktensor_task::Body;
use kept::Kept;
use pieces::{seems_to_fit, Piece};
use serde::Serialize;
use source::{Here, Neurons, Source};
use std::{
    cmp::Reverse,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

/// Folder of embeddings, beside the blobs.
const KEPT: &str = "search";
/// Files and pieces without an embedding that are named.
const NAMED: usize = 20;
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
    /// Compute all embeddings here, with the subnet's model, and send no text
    #[arg(long)]
    local: bool,
    /// Check answers of miners in this share only, chosen by chance; that of the query always
    #[arg(
        long,
        value_parser = values::whole::<u64>(1..=ALL),
        default_value_t = ALL,
        conflicts_with = "local",
        value_name = "PERCENT"
    )]
    sample: u64,
    /// Check nothing, for computers without the subnet's model
    #[arg(long, conflicts_with_all = ["local", "sample"])]
    no_check: bool,
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
                plain(&format!("{}:{}", row.file, row.line)),
                plain(&shown),
            ]);
        }
        table.print(out)
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    demand_words("the query", &arguments.query)?;
    // A folder without text needs no network.
    let found = files::read(&arguments.folder, &seems_to_fit)?;
    demand_pieces(arguments, &found)?;
    let user = arguments.user.open()?;
    let manifest = user.manifest()?;
    let program = match arguments.no_check {
        true => None,
        false => {
            user.network.now_waits_for("the model of the subnet");
            Some(user.task(&manifest)?.program)
        }
    };
    let found = match &program {
        Some(program) => read_again(arguments, program.as_ref())?,
        None => found,
    };
    let kept = opened(&user, &manifest)?;
    let shows = |subject: &str| user.network.now_waits_for(subject);
    let searched = match &program {
        Some(program) if arguments.local => Embedder {
            kept: &kept,
            source: Here(Arc::clone(program)),
            program: Some(Arc::clone(program)),
            sample: ALL,
            shows: &shows,
        }
        .searched(&arguments.query, found.pieces),
        _ => Embedder {
            kept: &kept,
            source: Neurons {
                runtime: &user.means.runtime,
                asker: Arc::new(match &program {
                    Some(_) => user.asker()?.with_checked_questions(),
                    None => user.asker()?,
                }),
            },
            program: program.clone(),
            sample: arguments.sample,
            shows: &shows,
        }
        .searched(&arguments.query, found.pieces),
    };
    let (query, embedded) = match searched {
        Ok(searched) => searched,
        Err(Stop::Failed(failure)) => return Err(failure),
        Err(Stop::Wrong(wrong)) => {
            output::show(arguments.json, &wrong, out)?;
            return Ok(Verdict::Bad);
        }
    };
    let list = Nearest(nearest(&embedded.all, &query, arguments.count));
    let skipped = [&found.skipped[..], &embedded.skipped[..]];
    if arguments.json {
        json::print(&list, out)?;
    } else if arguments.csv {
        csv::print(output::List::rows(&list), out)?;
    } else {
        output::List::table(&list, Room::of_terminal(), out)?;
        writeln!(out, "{}", summary(embedded.all.len(), found.files))?;
        name(skipped, out)?;
        return Ok(Verdict::Good);
    }
    // Programs read the standard output.
    name(skipped, &mut io::stderr())?;
    Ok(Verdict::Good)
}

impl<S: Source> Embedder<'_, S> {
    /// Returns the embeddings of the query and of the pieces.
    fn searched(&self, query: &str, pieces: Vec<Piece>) -> Result<(Answer, Embedded), Stop> {
        let query = self.query(query)?;
        let embedded = self.pieces(pieces)?;
        match (embedded.all.is_empty(), embedded.skipped.first()) {
            (true, Some(first)) => {
                let (place, reason) = (first.file.display(), &first.reason);
                Err(
                    Failure::input(format_args!("no piece has an embedding: {place}: {reason}"))
                        .into(),
                )
            }
            _ => Ok((query, embedded)),
        }
    }
}

/// Opens the embeddings of a manifest: another model has others.
fn opened(user: &User, manifest: &Digest) -> Result<Kept, Failure> {
    let blob = user.means.blobs.path(manifest);
    let folder = blob.parent().unwrap_or(&blob);
    Kept::open(&folder.join(KEPT), manifest)
}

/// Reads the files in pieces that fit by the model's own tokens, after a check of the query.
fn read_again(arguments: &Arguments, program: &dyn Program) -> Result<Found, Failure> {
    let checked = |text: &str| {
        let text = text.to_owned();
        let question = Question { text }.to_json().map_err(|it| it.to_string())?;
        let checked = program.check_question(&question);
        checked.map(drop).map_err(|it| it.to_string())
    };
    checked(&arguments.query)
        .map_err(|error| Failure::input(format_args!("the query: {error}")))?;
    let found = files::read(&arguments.folder, &|text| checked(text).is_ok())?;
    demand_pieces(arguments, &found)?;
    Ok(found)
}

fn demand_pieces(arguments: &Arguments, found: &Found) -> Result<(), Failure> {
    if !found.pieces.is_empty() {
        return Ok(());
    }
    Err(Failure::in_file(
        &arguments.folder,
        match found.skipped.first() {
            Some(Skipped { file, reason }) => {
                format!("no text to search; {} is {reason}", file.display())
            }
            None => "no text to search; name a folder with text files".to_owned(),
        },
    ))
}

/// Returns the line below the table.
fn summary(pieces: usize, files: usize) -> String {
    let [pieces, files] = [pieces, files].map(|it| i128::try_from(it).unwrap_or_default());
    format!("{} of {}", count(pieces, "piece"), count(files, "file"))
}

/// Names the files and pieces that were skipped, with the reasons.
fn name(skipped: [&[Skipped]; 2], out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<&Skipped> = skipped.into_iter().flatten().collect();
    for Skipped { file, reason } in all.iter().take(NAMED) {
        let file = file.display().to_string();
        writeln!(out, "skipped {}: {reason}", plain(&file))?;
    }
    match all.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(out, "skipped {more} more"),
    }
}

/// Returns the pieces that are nearest to the query, those of equal similarity by place.
fn nearest(pieces: &[(Piece, Answer)], query: &Answer, most: usize) -> Vec<Row> {
    let mut order: Vec<(i32, &Piece)> = Vec::with_capacity(pieces.len());
    for (piece, answer) in pieces {
        order.push((answer.similarity(query), piece));
    }
    order.sort_by_key(|&(similarity, piece)| (Reverse(similarity), &piece.file, piece.line));
    let best = order.into_iter().take(most);
    best.map(|(similarity, piece)| Row {
        similarity: f64::from(similarity) / WHOLE,
        file: piece.file.display().to_string(),
        line: piece.line,
        text: piece.text.clone(),
    })
    .collect()
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
        let pieces = [
            (piece("far"), answer(&[0, 1000])),
            (piece("near"), answer(&[800, 600])),
            (piece("same"), answer(&[1000, 0])),
        ];
        let rows = nearest(&pieces, &answer(&[1000, 0]), 2);
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(texts, ["same", "near"]);
        assert!((rows[0].similarity - 1.0).abs() < 1e-9);
        assert!((rows[1].similarity - 0.8).abs() < 1e-9);
    }

    #[test]
    fn what_was_skipped_is_named_with_the_reason() {
        let skipped = |number: usize| Skipped {
            file: format!("{number}.bin").into(),
            reason: "not text in UTF-8".into(),
        };
        let files: Vec<Skipped> = (0..21).map(skipped).collect();
        let mut lines = Vec::new();
        name([&files, &[skipped(21)]], &mut lines).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        assert!(lines.starts_with("skipped 0.bin: not text in UTF-8\n"));
        assert!(lines.ends_with("\nskipped 2 more\n"), "{lines}");
        assert_eq!(summary(1, 1), "1 piece of 1 file");
        assert_eq!(summary(1200, 2), "1 200 pieces of 2 files");
    }
}
