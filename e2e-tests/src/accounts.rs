//! The accounts of the tests. An account's bytes are its name, so that failures are readable.

use inktensor_primitives::AccountId;

/// The account that has all TAO at genesis.
pub const BANK: AccountId = named("bank");
/// The account that deploys the contracts. It has no role afterwards.
pub const DEPLOYER: AccountId = named("deployer");
/// The account that governs the network.
pub const ADMIN: AccountId = named("admin");
/// The account of the protocol's reserve.
pub const TREASURY: AccountId = named("treasury");
/// The account that posts assertions.
pub const WORKER: AccountId = named("worker");
/// The account that closes, finalizes and settles.
pub const KEEPER: AccountId = named("keeper");
/// An account without any role.
pub const STRANGER: AccountId = named("stranger");
/// The coldkey that owns subnets.
pub const OWNER: AccountId = named("owner");
/// The subnet owner's hotkey.
pub const OWNER_HOTKEY: AccountId = named("owner-hotkey");
/// A coldkey.
pub const ALICE: AccountId = named("alice");
/// A coldkey.
pub const BOB: AccountId = named("bob");
/// A coldkey.
pub const CHARLIE: AccountId = named("charlie");
/// Alice's hotkey.
pub const ALICE_HOTKEY: AccountId = named("alice-hotkey");
/// Bob's hotkey.
pub const BOB_HOTKEY: AccountId = named("bob-hotkey");

/// Returns the account called `name`.
pub const fn named(name: &str) -> AccountId {
    nth(name, 0)
}

/// Returns the `index`-th account called `name`. Index 0 is the account of [`named`].
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
