//! Programs over `inktensor-exact` and `inktensor-train`, each of which ends in a hash.
//!
//! The hashes are recorded. A compiler, a target or a change that alters one bit of a result is
//! found by the test `agreement`, which builds these programs for several targets.

mod digest;
mod epochs;
#[cfg(target_arch = "wasm32")]
mod export;
mod models;
mod operations;
mod text;

pub use digest::Digest;
use inktensor_exact::ExactError;

/// A program.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name, the same on the page.
    pub name: &'static str,
    /// Computes its results, and returns their hash.
    pub run: fn() -> Result<Digest, ExactError>,
    /// The hash as it was recorded.
    pub recorded: u64,
}

const fn program(
    name: &'static str,
    run: fn() -> Result<Digest, ExactError>,
    recorded: u64,
) -> Program {
    Program {
        name,
        run,
        recorded,
    }
}

/// All programs.
pub const PROGRAMS: [Program; 17] = [
    program("product", operations::product, 0xd43e_12c2_b033_7026),
    program("product-views", operations::views, 0x42c6_a03f_1ba4_f55a),
    program("sum", operations::sums, 0xad6f_1a9e_e15a_fd9e),
    program("exp", operations::exp, 0x8629_7ed2_3c19_e9db),
    program("ln", operations::ln, 0x3414_f78e_aca7_fd7b),
    program("erf", operations::erf, 0x5e04_8e70_14b0_557d),
    program("sqrt", operations::sqrt, 0x1975_3641_2dec_28c3),
    program("gelu", operations::gelu, 0xe213_083f_beff_0b20),
    program("softmax", operations::softmax, 0xccdb_b129_8eb6_c20f),
    program("norms", operations::norms, 0x7c4e_3484_28ae_65a3),
    program("adamw", operations::adamw, 0x16bf_941f_17c5_d989),
    program("gpt-loss", models::gpt_loss, 0x6c35_e2d8_d475_104b),
    program("gpt-gradient", models::gpt_gradient, 0x4e14_a43f_8b18_da3d),
    program("gpt-100-steps", models::gpt_training, 0x853a_d597_8953_1e8b),
    program("bert", models::bert, 0x79ee_9ad6_b46b_0c42),
    program("wordpiece", models::wordpiece, 0xadf1_6aa8_7d69_f904),
    program("train-epochs", epochs::epochs, 0x3839_1f2f_262b_656f),
];
