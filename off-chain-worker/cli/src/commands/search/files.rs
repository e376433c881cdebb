//! The text files of a folder: which are read, and why others are not.

use super::pieces::{cut, Fits, Piece};
use crate::error::Failure;
use inktensor_client::io_error::reason;
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
/// Deepest folder below the one that is named.
const MAX_DEPTH: usize = 32;

/// A file that was not read, with the reason.
#[derive(Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub file: PathBuf,
    /// The reason.
    pub reason: String,
}

/// The pieces that were read, and the files that were not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The pieces, by file and line.
    pub pieces: Vec<Piece>,
    /// Number of files that were read.
    pub files: usize,
    /// The files that are not text, too long, or unreadable.
    pub skipped: Vec<Skipped>,
}

/// Reads the text files below `folder`, and cuts them into pieces that fit. Names that begin with a
/// dot are left out, and so are links.
pub fn read(folder: &Path, fits: &Fits<'_>) -> Result<Found, Failure> {
    let mut files = Vec::new();
    if folder.is_file() {
        files.push(folder.to_owned());
    } else {
        collect(folder, 0, &mut files)?;
    }
    files.sort();
    let mut found = Found::default();
    for file in files {
        let text = match text_of(&file) {
            Ok(text) => text,
            Err(reason) => {
                found.skipped.push(Skipped { file, reason });
                continue;
            }
        };
        found.files += 1;
        for (line, text) in cut(&text, fits) {
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

/// Returns the text of a file, or the reason for which it has none.
fn text_of(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| reason(&error))?;
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the file is too long.
    let read = file.take(MAX_FILE + 1).read_to_end(&mut bytes);
    let read = read.map_err(|error| reason(&error))?;
    if read as u64 > MAX_FILE {
        return Err(format!("longer than {} MiB", MAX_FILE / (1024 * 1024)));
    }
    let not_text = || "not text in UTF-8".to_owned();
    match bytes.contains(&0) {
        true => Err(not_text()),
        false => String::from_utf8(bytes).map_err(|_| not_text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        fs::write(folder.join("long.txt"), vec![b'a'; (4 << 20) + 1]).unwrap();
        let found = read(&folder, &|_| true).unwrap();
        let skipped = [
            ("c.bin", "not text in UTF-8"),
            ("long.txt", "longer than 4 MiB"),
        ];
        let skipped = skipped.map(|(name, reason)| Skipped {
            file: folder.join(name),
            reason: reason.into(),
        });
        assert_eq!((found.files, &found.skipped[..]), (2, &skipped[..]));
        let texts: Vec<&str> = found.pieces.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["hello", "world"]);
        assert!(read(&folder.join("none"), &|_| true).is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
