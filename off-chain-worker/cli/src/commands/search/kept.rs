//! Embeddings that are kept between searches, by the hash of their text. Those that were computed
//! or checked on this machine are apart from those that a miner gave unchecked.

use crate::error::Failure;
use inktensor_embed::Answer;
use inktensor_primitives::{
    hash::{blake2, hex},
    Digest,
};
use inktensor_worker::store::file::File;
use std::path::Path;

/// Bytes of a component.
const COMPONENT: usize = 2;

/// The trust in an embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Computed on this machine, or compared with what it computes.
    Checked,
    /// Given by a miner.
    Unchecked,
}

impl Trust {
    /// Returns the name of the table.
    const fn table(self) -> &'static str {
        match self {
            Self::Checked => "checked",
            Self::Unchecked => "unchecked",
        }
    }
}

/// Embeddings of one manifest.
pub struct Kept(File);

impl Kept {
    /// Opens or creates the embeddings of `manifest` in `folder`.
    pub fn open(folder: &Path, manifest: &Digest) -> Result<Self, Failure> {
        let name = format!("{}.redb", hex(manifest).trim_start_matches("0x"));
        let tables = [Trust::Checked, Trust::Unchecked].map(Trust::table);
        let file = File::open(folder.join(name), &tables);
        file.map(Self).map_err(Failure::input)
    }

    /// Returns the embedding of a text, with at least this trust.
    pub fn get(&self, text: &str, least: Trust) -> Result<Option<Answer>, Failure> {
        let checked = self.read(Trust::Checked, text)?;
        match least {
            Trust::Unchecked if checked.is_none() => self.read(least, text),
            _ => Ok(checked),
        }
    }

    fn read(&self, trust: Trust, text: &str) -> Result<Option<Answer>, Failure> {
        let bytes = self.0.get(trust.table(), &blake2(text.as_bytes()));
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
    pub fn put<'a>(
        &self,
        all: impl Iterator<Item = (&'a str, &'a Answer, Trust)>,
    ) -> Result<(), Failure> {
        let changed = self.0.change(|batch| {
            for (text, answer, trust) in all {
                let bytes: Vec<u8> = answer
                    .answer
                    .iter()
                    .flat_map(|it| it.to_le_bytes())
                    .collect();
                batch.put(trust.table(), &blake2(text.as_bytes()), &bytes)?;
            }
            Ok(())
        });
        changed.map_err(Failure::input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Trust::{Checked, Unchecked};

    #[test]
    fn an_embedding_is_kept_by_its_text_and_its_trust() {
        let folder = std::env::temp_dir().join(format!("inktensor-kept-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let answer = |first| Answer {
            answer: vec![first, 0, 700],
        };
        let (own, lie) = (answer(-5), answer(9));
        let kept = Kept::open(&folder, &[1; 32]).unwrap();
        let all = [("a", &own, Checked), ("b", &lie, Unchecked)];
        kept.put(all.into_iter()).unwrap();
        drop(kept);
        let kept = Kept::open(&folder, &[1; 32]).unwrap();
        assert_eq!(kept.get("a", Checked).unwrap(), Some(own.clone()));
        assert_eq!(kept.get("a", Unchecked).unwrap(), Some(own.clone()));
        assert_eq!(kept.get("b", Unchecked).unwrap(), Some(lie));
        assert_eq!(kept.get("b", Checked).unwrap(), None);
        assert_eq!(kept.get("c", Unchecked).unwrap(), None);
        // What was computed here goes before what a miner gave.
        kept.put([("b", &own, Checked)].into_iter()).unwrap();
        assert_eq!(kept.get("b", Unchecked).unwrap(), Some(own));
        drop(kept);
        let other = Kept::open(&folder, &[2; 32]).unwrap();
        assert_eq!(other.get("a", Unchecked).unwrap(), None);
        drop(other);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
