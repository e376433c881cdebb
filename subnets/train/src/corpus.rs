//! The text that a model is trained on, and the rows that are drawn from it.

use alloc::vec::Vec;

use inktensor_task::{blake2, Digest, Seed};

use crate::TrainError;

/// The most bytes of a corpus: 256 MiB. Places of rows are drawn as `u32`.
pub const CORPUS_LIMIT: usize = 256 << 20;
/// One byte of so many is held out: no step sees it.
const HELD_OUT: usize = 16;

/// A corpus with its hash. The last sixteenth is held out for [`measure`].
///
/// [`measure`]: inktensor_task::Fold::measure
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    bytes: Vec<u8>,
    hash: Digest,
    /// Number of bytes that steps draw from.
    trained: usize,
    /// Bytes of a row.
    row: usize,
}

impl Corpus {
    /// Returns the corpus for rows of `row` bytes, each below `vocabulary`.
    ///
    /// # Errors
    /// `CorpusSize` or `Token`.
    pub fn new(bytes: Vec<u8>, row: usize, vocabulary: usize) -> Result<Self, TrainError> {
        let (found, least) = (bytes.len(), row.saturating_mul(2).max(1));
        if found < least || found > CORPUS_LIMIT {
            return Err(TrainError::CorpusSize { found, least });
        }
        if let Some(index) = bytes
            .iter()
            .position(|byte| usize::from(*byte) >= vocabulary)
        {
            return Err(TrainError::Token { index, vocabulary });
        }
        let held_out = (found / HELD_OUT).max(row);
        Ok(Self {
            hash: blake2(&bytes),
            trained: found.saturating_sub(held_out),
            row,
            bytes,
        })
    }

    /// Returns the hash of the bytes.
    pub const fn hash(&self) -> &Digest {
        &self.hash
    }

    /// Returns the number of bytes that no step sees.
    pub fn held_out_bytes(&self) -> usize {
        self.bytes.len().saturating_sub(self.trained)
    }

    /// Returns `count` rows to train on, which `seed` draws, one after another.
    pub fn rows(&self, seed: &Seed, count: u16) -> Vec<u8> {
        let (part, _) = self.parts();
        self.drawn(part, seed, count)
    }

    /// Returns `count` rows that no step sees, which `seed` draws, one after another.
    pub fn held_out_rows(&self, seed: &Seed, count: u16) -> Vec<u8> {
        let (_, part) = self.parts();
        self.drawn(part, seed, count)
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes
            .split_at_checked(self.trained)
            .unwrap_or_default()
    }

    /// Returns rows of `part`, each at a place of its own, drawn in order. Both parts are at least
    /// a row long.
    fn drawn(&self, part: &[u8], seed: &Seed, count: u16) -> Vec<u8> {
        let mut draw = seed.part("rows").draw();
        let places = part.len().saturating_sub(self.row).saturating_add(1);
        let mut rows = Vec::with_capacity(self.row.saturating_mul(count.into()));
        for _ in 0..count {
            let (_, rest) = part.split_at(draw.index(places).min(part.len()));
            rows.extend(rest.get(..self.row).unwrap_or_default());
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec};

    /// 160 bytes that are different: each names its place.
    fn corpus() -> Corpus {
        Corpus::new((0..160).collect(), 5, 256).unwrap()
    }

    #[test]
    fn rows_come_from_every_place_of_their_part_and_from_no_other() {
        let corpus = corpus();
        let starts = |rows: &[u8]| {
            for row in rows.chunks(5) {
                assert!(row.windows(2).all(|pair| pair[1] == pair[0] + 1), "{row:?}");
            }
            rows.chunks(5).map(|row| row[0]).collect::<BTreeSet<u8>>()
        };
        let trained = starts(&corpus.rows(&Seed([1; 32]), 3_000));
        assert_eq!(trained, (0..=145).collect());
        let held_out = starts(&corpus.held_out_rows(&Seed([1; 32]), 200));
        assert_eq!(held_out, (150..=155).collect());
        assert_eq!(corpus.held_out_bytes(), 10);
    }

    #[test]
    fn rows_follow_from_the_seed() {
        let corpus = corpus();
        let rows = corpus.rows(&Seed([1; 32]), 8);
        assert_eq!(rows.len(), 40);
        assert_eq!(corpus.rows(&Seed([1; 32]), 8), rows);
        assert_ne!(corpus.rows(&Seed([2; 32]), 8), rows);
        assert_eq!(corpus.rows(&Seed([1; 32]), 3), rows[..15]);
    }

    #[test]
    fn corpora_that_are_too_short_or_of_other_tokens_are_refused() {
        let refused = TrainError::CorpusSize {
            found: 9,
            least: 10,
        };
        assert_eq!(Corpus::new(vec![0; 9], 5, 256), Err(refused));
        let shortest = Corpus::new(vec![1; 10], 5, 256).unwrap();
        assert_eq!(shortest.rows(&Seed([0; 32]), 2), [1; 10]);
        assert_eq!(shortest.held_out_rows(&Seed([0; 32]), 1), [1; 5]);
        let refused = TrainError::Token {
            index: 3,
            vocabulary: 7,
        };
        assert_eq!(
            Corpus::new(vec![0, 6, 1, 7, 8, 0, 0, 0, 0, 0], 5, 7),
            Err(refused)
        );
    }
}
