//! The people of the tests. An account's bytes are its name, so a failure prints whom it is about.

use inktensor_primitives::AccountId;

/// Holds all TAO of genesis and hands it out.
pub const BANK: AccountId = named("bank");
/// Deploys the contracts; has no role afterwards.
pub const DEPLOYER: AccountId = named("deployer");
/// Decides which kernels subnets may choose.
pub const ADMIN: AccountId = named("admin");
/// The account of the protocol's reserve.
pub const TREASURY: AccountId = named("treasury");
/// Posts assertions.
pub const WORKER: AccountId = named("worker");
/// Closes, finalises, settles.
pub const KEEPER: AccountId = named("keeper");
/// Has nothing to do with anything.
pub const STRANGER: AccountId = named("stranger");
/// Owns subnets.
pub const OWNER: AccountId = named("owner");
/// The subnet owner's hotkey.
pub const OWNER_HOTKEY: AccountId = named("owner-hotkey");
/// A person with TAO.
pub const ALICE: AccountId = named("alice");
/// A person with TAO.
pub const BOB: AccountId = named("bob");
/// A person with TAO.
pub const CHARLIE: AccountId = named("charlie");
/// Alice's hotkey.
pub const ALICE_HOTKEY: AccountId = named("alice-hotkey");
/// Bob's hotkey.
pub const BOB_HOTKEY: AccountId = named("bob-hotkey");

/// The account called `name`.
pub const fn named(name: &str) -> AccountId {
    nth(name, 0)
}

/// The `index`-th account called `name`; the first, 0, is the one [`named`] gives.
pub const fn nth(name: &str, index: u32) -> AccountId {
    let mut bytes = [0; 32];
    let name = name.as_bytes();
    assert!(name.len() <= 28, "names have at most 28 bytes");
    let mut at = 0;
    while at < name.len() {
        bytes[at] = name[at];
        at += 1;
    }
    let index = index.to_be_bytes();
    let mut at = 0;
    while at < index.len() {
        bytes[28 + at] = index[at];
        at += 1;
    }
    AccountId(bytes)
}
