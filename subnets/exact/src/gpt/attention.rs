//! Causal attention and its gradient.
//!
//! Scores of a sequence and head are one square matrix, row `t` for the token at `t`. It is zero
//! right of the diagonal. Products leave out whole blocks there. What they do not leave out adds
//! zeros to a sum that began with zero, which changes no bit of it.

use super::Config;
use crate::{
    ops::{product, softmax, sum::dot, Matrix, MatrixMut, Start},
    ExactError,
};
use alloc::vec;
use core::ops::Range;

/// Tokens of a block.
const BLOCK: usize = 32;

/// Sizes of the attention of some sequences.
pub(super) struct Attention {
    sequences: usize,
    context: usize,
    width: usize,
    heads: usize,
    head: usize,
}

impl Attention {
    pub fn new(config: &Config, sequences: usize) -> Self {
        Self {
            sequences,
            context: config.context,
            width: config.width,
            heads: config.heads,
            head: config.head(),
        }
    }

    /// Returns the number of scores: a square for each sequence and head.
    pub fn scores(&self) -> usize {
        self.sequences * self.heads * self.context * self.context
    }

    /// Writes the attention's weights into `scores`, which is zero, and its output into `out`.
    ///
    /// A row of `qkv` has the queries, keys and values of all heads.
    pub fn forward(
        &self,
        qkv: &[f32],
        scores: &mut [f32],
        out: &mut [f32],
    ) -> Result<(), ExactError> {
        let scale = self.scale();
        let square = self.context * self.context;
        for ((sequence, head), scores) in self.each().zip(scores.chunks_exact_mut(square)) {
            let [queries, keys, values] = self.parts(qkv, sequence, head)?;
            for rows in blocks(self.context) {
                let block = MatrixMut::new(scores, self.context, self.context)?
                    .rows(rows.clone())?
                    .columns(0..rows.end)?;
                let keys = keys.rows(0..rows.end)?.transposed();
                product(queries.rows(rows.clone())?, keys, Start::Zero, block)?;
                for token in rows.clone() {
                    let row = &mut scores[token * self.context..][..rows.end];
                    let (seen, unseen) = row.split_at_mut(token + 1);
                    for score in seen.iter_mut() {
                        *score *= scale;
                    }
                    softmax(seen);
                    unseen.fill(0.0);
                }
                let weights = Matrix::new(scores, self.context, self.context)?
                    .rows(rows.clone())?
                    .columns(0..rows.end)?;
                let out = self
                    .part_mut(out, sequence, head, 1, 0)?
                    .rows(rows.clone())?;
                product(weights, values.rows(0..rows.end)?, Start::Zero, out)?;
            }
        }
        Ok(())
    }

    /// Writes the gradient of `qkv` into `dqkv`, given that of the output, `dout`.
    pub fn backward(
        &self,
        qkv: &[f32],
        scores: &[f32],
        dout: &[f32],
        dqkv: &mut [f32],
    ) -> Result<(), ExactError> {
        let scale = self.scale();
        let square = self.context * self.context;
        let mut dscores = vec![0.0; square];
        for ((sequence, head), scores) in self.each().zip(scores.chunks_exact(square)) {
            let [queries, keys, values] = self.parts(qkv, sequence, head)?;
            let dout = self.part(dout, sequence, head, 1, 0)?;
            let weights = Matrix::new(scores, self.context, self.context)?;
            for rows in blocks(self.context) {
                let block = MatrixMut::new(&mut dscores, self.context, self.context)?
                    .rows(rows.clone())?
                    .columns(0..rows.end)?;
                let values = values.rows(0..rows.end)?.transposed();
                product(dout.rows(rows.clone())?, values, Start::Zero, block)?;
                for token in rows.clone() {
                    let drow = &mut dscores[token * self.context..][..rows.end];
                    let row = &scores[token * self.context..][..rows.end];
                    let (drow, unseen) = drow.split_at_mut(token + 1);
                    let along = dot(drow, row);
                    for (d, weight) in drow.iter_mut().zip(row) {
                        *d = weight * (*d - along) * scale;
                    }
                    unseen.fill(0.0);
                }
            }
            let gradients = Matrix::new(&dscores, self.context, self.context)?;
            for block in blocks(self.context) {
                // Of a query: the tokens up to it. Of a key and a value: the tokens from it on.
                let (before, after) = (0..block.end, block.start..self.context);
                let row = gradients.rows(block.clone())?.columns(before.clone())?;
                let part = self
                    .part_mut(dqkv, sequence, head, 3, 0)?
                    .rows(block.clone())?;
                product(row, keys.rows(before)?, Start::Zero, part)?;

                let column = gradients.columns(block.clone())?.rows(after.clone())?;
                let part = self
                    .part_mut(dqkv, sequence, head, 3, 1)?
                    .rows(block.clone())?;
                product(
                    column.transposed(),
                    queries.rows(after.clone())?,
                    Start::Zero,
                    part,
                )?;

                let column = weights.columns(block.clone())?.rows(after.clone())?;
                let part = self.part_mut(dqkv, sequence, head, 3, 2)?.rows(block)?;
                product(column.transposed(), dout.rows(after)?, Start::Zero, part)?;
            }
        }
        Ok(())
    }

    /// Returns the factor of a score: one over the root of the width of a head.
    fn scale(&self) -> f32 {
        1.0 / crate::ops::special::sqrt(self.head as f32)
    }

    fn each(&self) -> impl Iterator<Item = (usize, usize)> {
        let heads = self.heads;
        (0..self.sequences).flat_map(move |sequence| (0..heads).map(move |head| (sequence, head)))
    }

    fn parts<'a>(
        &self,
        qkv: &'a [f32],
        sequence: usize,
        head: usize,
    ) -> Result<[Matrix<'a>; 3], ExactError> {
        Ok([
            self.part(qkv, sequence, head, 3, 0)?,
            self.part(qkv, sequence, head, 3, 1)?,
            self.part(qkv, sequence, head, 3, 2)?,
        ])
    }

    /// Returns the columns of a head in part `part` of `parts` of the rows of a sequence.
    fn part<'a>(
        &self,
        values: &'a [f32],
        sequence: usize,
        head: usize,
        parts: usize,
        part: usize,
    ) -> Result<Matrix<'a>, ExactError> {
        Matrix::new(values, self.sequences * self.context, parts * self.width)?
            .rows(self.tokens_of(sequence))?
            .columns(self.columns_of(head, part))
    }

    fn part_mut<'a>(
        &self,
        values: &'a mut [f32],
        sequence: usize,
        head: usize,
        parts: usize,
        part: usize,
    ) -> Result<MatrixMut<'a>, ExactError> {
        MatrixMut::new(values, self.sequences * self.context, parts * self.width)?
            .rows(self.tokens_of(sequence))?
            .columns(self.columns_of(head, part))
    }

    fn tokens_of(&self, sequence: usize) -> Range<usize> {
        let start = sequence * self.context;
        start..start + self.context
    }

    fn columns_of(&self, head: usize, part: usize) -> Range<usize> {
        let start = part * self.width + head * self.head;
        start..start + self.head
    }
}

fn blocks(context: usize) -> impl Iterator<Item = Range<usize>> {
    (0..context)
        .step_by(BLOCK)
        .map(move |start| start..context.min(start + BLOCK))
}
