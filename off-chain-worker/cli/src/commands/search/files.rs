//! The text of a folder in pieces: what is read, and how it is cut.

use crate::error::Failure;
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// Most files of a folder. A search over more should name a smaller folder.
pub const MAX_FILES: usize = 20_000;
/// Most bytes of a file; longer ones are skipped, since they are rarely text for people.
pub const MAX_FILE: u64 = 4 * 1024 * 1024;
/// Most pieces of all files: at 40 ms each, more than an hour of embedding.
pub const MAX_PIECES: usize = 100_000;
/// Most characters of a piece: about the 128 tokens that a question has at most.
pub const PIECE: usize = 480;
/// Deepest folder below the one that is named.
const MAX_DEPTH: usize = 32;

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub file: PathBuf,
    /// The piece's first line, counted from 1.
    pub line: usize,
    /// The text, with single spaces.
    pub text: String,
}

/// The pieces that were read, and the number of files that were not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The pieces, by file and line.
    pub pieces: Vec<Piece>,
    /// Number of files that were read.
    pub files: usize,
    /// Number of files that are not text, too long, or unreadable.
    pub skipped: usize,
}

/// Reads the text files below `folder`. Names that begin with a dot are left out, and so are links.
pub fn read(folder: &Path) -> Result<Found, Failure> {
    let mut files = Vec::new();
    if folder.is_file() {
        files.push(folder.to_owned());
    } else {
        collect(folder, 0, &mut files)?;
    }
    files.sort();
    let mut found = Found::default();
    for file in files {
        let Some(text) = text_of(&file) else {
            found.skipped += 1;
            continue;
        };
        found.files += 1;
        for (line, text) in pieces(&text) {
            if found.pieces.len() == MAX_PIECES {
                return Err(Failure::in_file(
                    folder,
                    format_args!("more than {MAX_PIECES} pieces of text; name a smaller folder"),
                ));
            }
            let file = file.clone();
            found.pieces.push(Piece { file, line, text });
        }
    }
    Ok(found)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries =
        fs::read_dir(folder).map_err(|error| Failure::unusable("--in", folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::unusable("--in", folder, &error))?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type();
        let kind = kind.map_err(|error| Failure::unusable("--in", folder, &error))?;
        if kind.is_dir() && depth < MAX_DEPTH {
            collect(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            if files.len() == MAX_FILES {
                return Err(Failure::in_file(
                    folder,
                    format_args!("more than {MAX_FILES} files; name a smaller folder"),
                ));
            }
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Returns the text of a file, or `None` for one that is not text.
fn text_of(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the file is too long.
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).ok()?;
    if u64::try_from(bytes.len()).ok()? > MAX_FILE || bytes.contains(&0) {
        return None;
    }
    String::from_utf8(bytes).ok()
}

/// Cuts a text into pieces at empty lines, and long paragraphs between words. Returns the first
/// line and the text of each.
pub fn pieces(text: &str) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    let mut piece = String::new();
    let mut start = 1;
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            end(&mut piece, start, &mut all);
            continue;
        }
        for word in line.split_whitespace() {
            for part in parts(word) {
                let length = piece.chars().count() + 1 + part.chars().count();
                if !piece.is_empty() && length > PIECE {
                    end(&mut piece, start, &mut all);
                }
                if piece.is_empty() {
                    start = at + 1;
                } else {
                    piece.push(' ');
                }
                piece.push_str(&part);
            }
        }
    }
    end(&mut piece, start, &mut all);
    all
}

/// Ends a piece, unless it has no letter or digit.
fn end(piece: &mut String, start: usize, all: &mut Vec<(usize, String)>) {
    let text = std::mem::take(piece);
    if text.chars().any(char::is_alphanumeric) {
        all.push((start, text));
    }
}

/// Cuts a word that is longer than a piece.
fn parts(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters
        .chunks(PIECE)
        .map(|part| part.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_pieces_with_their_lines() {
        let found = pieces("one\ntwo\n\n---\n\n three  four\n");
        assert_eq!(found, [(1, "one two".into()), (6, "three four".into())]);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn long_paragraphs_are_cut_between_words() {
        let text = "word ".repeat(300);
        let found = pieces(&text);
        assert!(found.len() > 1);
        assert!(found
            .iter()
            .all(|(_, piece)| piece.chars().count() <= PIECE));
        let words: usize = found
            .iter()
            .map(|(_, piece)| piece.split(' ').count())
            .sum();
        assert_eq!(words, 300);
        let long = "ä".repeat(PIECE * 2 + 1);
        let lengths: Vec<usize> = pieces(&long)
            .iter()
            .map(|(_, it)| it.chars().count())
            .collect();
        assert_eq!(lengths, [PIECE, PIECE, 1]);
    }

    #[test]
    fn binary_and_hidden_files_are_left_out() {
        let folder = std::env::temp_dir().join(format!("inktensor-files-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join(".git")).unwrap();
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("a.txt"), "hello").unwrap();
        fs::write(folder.join("in/b.md"), "world").unwrap();
        fs::write(folder.join("c.bin"), [0, 1, 2]).unwrap();
        fs::write(folder.join(".git/d"), "hidden").unwrap();
        let found = read(&folder).unwrap();
        assert_eq!((found.files, found.skipped), (2, 1));
        let texts: Vec<&str> = found.pieces.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["hello", "world"]);
        assert!(read(&folder.join("none")).is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
