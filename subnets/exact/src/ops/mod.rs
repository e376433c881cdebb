//! Operations on `f32`, each with one order of its additions.
//!
//! An operation is a sequence of IEEE 754 additions, multiplications, divisions and square roots
//! that its documentation fixes. Vector width, tiles and threads divide work between results and
//! never within a sum, so none of them changes a bit.

pub mod activation;
pub mod finite;
pub mod norm;
pub mod product;
pub mod softmax;
pub mod special;
pub mod sum;

pub use finite::require_finite;
pub use norm::{layer_norm, rms_norm, rms_norm_back};
pub use product::{
    product, product_into, product_packed, row_parts, Matrix, MatrixMut, Packed, Start,
};
pub use softmax::{log_sum_exp, softmax};
