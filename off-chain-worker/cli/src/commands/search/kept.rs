//! Embeddings that are kept between searches, by the hash of their text.

use crate::error::Failure;
use inktensor_embed::Answer;
use inktensor_primitives::{
    hash::{blake2, hex},
    Digest,
};
use inktensor_worker::store::file::File;
use std::path::Path;

/// Name of the table.
const TABLE: &str = "embeddings";
/// Bytes of a component.
const COMPONENT: usize = 2;

/// Embeddings of one manifest.
pub struct Kept(File);

impl Kept {
    /// Opens or creates the embeddings of `manifest` in `folder`.
    pub fn open(folder: &Path, manifest: &Digest) -> Result<Self, Failure> {
        let name = format!("{}.redb", hex(manifest).trim_start_matches("0x"));
        let file = File::open(folder.join(name), &[TABLE]);
        file.map(Self).map_err(Failure::input)
    }

    /// Returns the embedding of a text.
    pub fn get(&self, text: &str) -> Result<Option<Answer>, Failure> {
        let bytes = self.0.get(TABLE, &blake2(text.as_bytes()));
        let bytes = bytes.map_err(Failure::input)?;
        Ok(bytes.map(|bytes| Answer {
            answer: bytes
                .chunks_exact(COMPONENT)
                .filter_map(|it| it.try_into().ok())
                .map(i16::from_le_bytes)
                .collect(),
        }))
    }

    /// Keeps the embeddings of texts.
    pub fn put<'a>(&self, all: impl Iterator<Item = (&'a str, &'a Answer)>) -> Result<(), Failure> {
        let changed = self.0.change(|batch| {
            for (text, answer) in all {
                let bytes: Vec<u8> = answer
                    .answer
                    .iter()
                    .flat_map(|it| it.to_le_bytes())
                    .collect();
                batch.put(TABLE, &blake2(text.as_bytes()), &bytes)?;
            }
            Ok(())
        });
        changed.map_err(Failure::input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_is_kept_by_its_text() {
        let folder = std::env::temp_dir().join(format!("inktensor-kept-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let answer = Answer {
            answer: vec![-5, 0, 700],
        };
        let kept = Kept::open(&folder, &[1; 32]).unwrap();
        kept.put([("a", &answer)].into_iter()).unwrap();
        drop(kept);
        let kept = Kept::open(&folder, &[1; 32]).unwrap();
        assert_eq!(kept.get("a").unwrap(), Some(answer));
        assert_eq!(kept.get("b").unwrap(), None);
        drop(kept);
        let other = Kept::open(&folder, &[2; 32]).unwrap();
        assert_eq!(other.get("a").unwrap(), None);
        drop(other);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
