//! The gradient of the mean loss.

use super::{
    attention::Attention,
    forward::{LayerPass, Pass, Rows},
    layout::LayerLayout,
    Gpt,
};
use crate::{
    ops::{product_into, require_finite, rms_norm_back, Matrix, Start},
    ExactError,
};
use alloc::{vec, vec::Vec};

impl Gpt {
    /// Writes the gradient of the mean loss of a pass.
    pub(super) fn backward(
        &self,
        weights: &[f32],
        rows: &Rows<'_>,
        pass: Pass,
        gradient: &mut [f32],
    ) -> Result<(), ExactError> {
        let (vocabulary, width) = (self.config.vocabulary, self.config.width);
        let layout = &self.layout;
        let tokens = rows.count * self.config.context;
        gradient.fill(0.0);

        // Of the logits: the probabilities, less one at the right token.
        let mut dlogits = pass.probabilities;
        let scale = 1.0 / tokens as f32;
        for (row, target) in dlogits.chunks_exact_mut(vocabulary).zip(rows.targets()) {
            row[target] -= 1.0;
            for value in row {
                *value *= scale;
            }
        }
        let mut dnormed = vec![0.0; tokens * width];
        let dlogits = Matrix::new(&dlogits, tokens, vocabulary)?;
        let embedding = Matrix::new(&weights[layout.tokens.clone()], vocabulary, width)?;
        product_into(dlogits, embedding, Start::Zero, &mut dnormed)?;
        product_into(
            dlogits.transposed(),
            Matrix::new(&pass.normed, tokens, width)?,
            Start::Zero,
            &mut gradient[layout.tokens.clone()],
        )?;

        let mut dx = vec![0.0; tokens * width];
        rms_norm_back(
            &pass.last,
            &weights[layout.gain.clone()],
            &pass.factors,
            &dnormed,
            &mut dx,
            &mut gradient[layout.gain.clone()],
        )?;
        for (layout, layer) in layout.layers.iter().zip(&pass.layers).rev() {
            self.hidden_back(weights, layout, layer, &mut dx, gradient)?;
            self.attention_back(weights, layout, layer, rows.count, &mut dx, gradient)?;
        }

        let places = rows.inputs().zip((0..self.config.context).cycle());
        for (dx, (token, position)) in dx.chunks_exact(width).zip(places) {
            let token = layout.tokens.start + token * width;
            let position = layout.positions.start + position * width;
            for start in [token, position] {
                let sums = &mut gradient[start..start + width];
                sums.iter_mut().zip(dx).for_each(|(sum, d)| *sum += d);
            }
        }
        require_finite("the gradient", gradient)
    }

    /// Adds the gradients of the hidden part of a layer.
    fn hidden_back(
        &self,
        weights: &[f32],
        layout: &LayerLayout,
        layer: &LayerPass,
        dx: &mut [f32],
        gradient: &mut [f32],
    ) -> Result<(), ExactError> {
        let (width, hidden) = (self.config.width, self.config.hidden);
        let tokens = dx.len() / width;
        let dafter = Matrix::new(dx, tokens, width)?;
        product_into(
            Matrix::new(&layer.hidden, tokens, hidden)?.transposed(),
            dafter,
            Start::Zero,
            &mut gradient[layout.hidden_out.clone()],
        )?;
        let mut dhidden = vec![0.0; tokens * hidden];
        let out = Matrix::new(&weights[layout.hidden_out.clone()], hidden, width)?;
        product_into(dafter, out.transposed(), Start::Zero, &mut dhidden)?;
        require_finite("gradients of hidden values", &dhidden)?;
        for (d, value) in dhidden.iter_mut().zip(&layer.hidden) {
            *d = if *value > 0.0 { *d } else { 0.0 };
        }
        let dhidden = Matrix::new(&dhidden, tokens, hidden)?;
        product_into(
            Matrix::new(&layer.hidden_normed, tokens, width)?.transposed(),
            dhidden,
            Start::Zero,
            &mut gradient[layout.hidden_in.clone()],
        )?;
        let mut dnormed = vec![0.0; tokens * width];
        let into = Matrix::new(&weights[layout.hidden_in.clone()], width, hidden)?;
        product_into(dhidden, into.transposed(), Start::Zero, &mut dnormed)?;
        rms_norm_back(
            &layer.middle,
            &weights[layout.hidden_gain.clone()],
            &layer.hidden_factors,
            &dnormed,
            dx,
            &mut gradient[layout.hidden_gain.clone()],
        )
    }

    /// Adds the gradients of the attention of a layer.
    fn attention_back(
        &self,
        weights: &[f32],
        layout: &LayerLayout,
        layer: &LayerPass,
        sequences: usize,
        dx: &mut [f32],
        gradient: &mut [f32],
    ) -> Result<(), ExactError> {
        let width = self.config.width;
        let tokens = dx.len() / width;
        let dmiddle = Matrix::new(dx, tokens, width)?;
        product_into(
            Matrix::new(&layer.attended, tokens, width)?.transposed(),
            dmiddle,
            Start::Zero,
            &mut gradient[layout.attention_out.clone()],
        )?;
        let mut dattended = vec![0.0; tokens * width];
        let out = Matrix::new(&weights[layout.attention_out.clone()], width, width)?;
        product_into(dmiddle, out.transposed(), Start::Zero, &mut dattended)?;
        let mut dqkv: Vec<f32> = vec![0.0; tokens * 3 * width];
        let attention = Attention::new(&self.config, sequences);
        attention.backward(&layer.qkv, &layer.scores, &dattended, &mut dqkv)?;
        let dqkv = Matrix::new(&dqkv, tokens, 3 * width)?;
        product_into(
            Matrix::new(&layer.attention_normed, tokens, width)?.transposed(),
            dqkv,
            Start::Zero,
            &mut gradient[layout.attention_in.clone()],
        )?;
        let mut dnormed = vec![0.0; tokens * width];
        let into = Matrix::new(&weights[layout.attention_in.clone()], width, 3 * width)?;
        product_into(dqkv, into.transposed(), Start::Zero, &mut dnormed)?;
        rms_norm_back(
            &layer.x,
            &weights[layout.attention_gain.clone()],
            &layer.attention_factors,
            &dnormed,
            dx,
            &mut gradient[layout.attention_gain.clone()],
        )
    }
}
