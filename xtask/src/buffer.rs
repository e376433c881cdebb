//! The size of ink!'s static buffer, which all contracts of one deployment share.
//!
//! ink! reads it from the environment while it compiles. Cargo provides it, from `[env]` in
//! `.cargo/config.toml`, and contracts/primitives says what it must be.

use crate::project::Project;
use anyhow::{ensure, Context, Result};
use std::{env, fs};

/// The variable that ink! and cargo-contract read.
pub const VARIABLE: &str = "INK_STATIC_BUFFER_SIZE";
const SOURCE: &str = "primitives/src/kernel/mod.rs";
const CONSTANT: &str = "pub const STATIC_BUFFER: usize =";

/// The size in bytes.
///
/// # Errors
/// If the compiler would see another size than the contracts expect.
pub fn size(project: &Project) -> Result<u64> {
    let path = project.contracts().join(SOURCE);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let wanted = declared(&text)
        .with_context(|| format!("no line `{CONSTANT} <product>;` in {}", path.display()))?;
    let given = env::var(VARIABLE)
        .with_context(|| format!("{VARIABLE} is not set: start this program by `cargo xtask`"))?;
    ensure!(
        given == wanted.to_string(),
        "{VARIABLE} is {given} in .cargo/config.toml, but STATIC_BUFFER is {wanted} in {}",
        path.display()
    );
    Ok(wanted)
}

/// The value of the constant in Rust source: a number, or a product of numbers.
fn declared(source: &str) -> Option<u64> {
    let product = source
        .lines()
        .find_map(|line| line.trim().strip_prefix(CONSTANT)?.strip_suffix(';'))?;
    product.split('*').try_fold(1u64, |so_far, factor| {
        let factor: u64 = factor.trim().replace('_', "").parse().ok()?;
        so_far.checked_mul(factor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constant_may_be_a_product() {
        assert_eq!(
            declared("/// Bytes.\npub const STATIC_BUFFER: usize = 256 * 1024;\n"),
            Some(262_144)
        );
        assert_eq!(
            declared("    pub const STATIC_BUFFER: usize = 16_384;"),
            Some(16_384)
        );
        assert_eq!(declared("pub const STATIC_BUFFER: usize = PAGE * 2;"), None);
        assert_eq!(declared(""), None);
    }

    #[test]
    fn cargo_and_contracts_agree() {
        size(&Project::locate().unwrap()).unwrap();
    }
}
