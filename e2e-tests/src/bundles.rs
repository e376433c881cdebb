//! The built contracts, loaded once per process.

use inktensor_client::deploy::Bundles;
use std::sync::OnceLock;

/// Returns the built contracts.
///
/// # Panics
/// With the command that builds them, if they are missing.
pub fn bundles() -> &'static Bundles {
    static BUNDLES: OnceLock<Bundles> = OnceLock::new();
    BUNDLES.get_or_init(|| match Bundles::load() {
        Ok(bundles) => bundles,
        Err(error) => panic!("{error}"),
    })
}
