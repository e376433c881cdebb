//! Accounts with keys of a development node.

use inktensor_client::{
    chain::rpc::{RpcChain, Settings},
    keys,
    ss58::ss58,
};
use inktensor_primitives::AccountId;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// An account with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(&'static str);

/// The account that deploys, has all TAO, and owns subnets and hotkeys.
pub const ALICE: Account = Account("//Alice");
/// A validator's hotkey.
pub const BOB: Account = Account("//Bob");
/// Another validator's hotkey.
pub const CHARLIE: Account = Account("//Charlie");
/// A worker.
pub const DAVE: Account = Account("//Dave");
/// A worker.
pub const EVE: Account = Account("//Eve");
/// A worker.
pub const FERDIE: Account = Account("//Ferdie");
/// The account of the heartbeat.
pub const CLOCK: Account = Account("//Alice//stash");
/// The account that posts lies.
pub const LIAR: Account = Account("//Bob//stash");

/// The hotkeys of miners.
pub const MINERS: [Account; 3] = [
    Account("//Miner1"),
    Account("//Miner2"),
    Account("//Miner3"),
];

/// All accounts that sign.
pub const ALL: [Account; 8] = [ALICE, BOB, CHARLIE, DAVE, EVE, FERDIE, CLOCK, LIAR];

impl Account {
    /// Returns the key.
    pub fn key(self) -> Keypair {
        let uri: SecretUri = self.0.parse().expect("a secret URI");
        Keypair::from_uri(&uri).expect("a key")
    }

    /// Returns the account id.
    pub fn id(self) -> AccountId {
        keys::account(&self.key())
    }

    /// Returns the account's address.
    pub fn address(self) -> String {
        ss58(&self.id())
    }

    /// Returns a name for files.
    pub fn name(self) -> String {
        self.0
            .trim_start_matches('/')
            .replace('/', "-")
            .to_lowercase()
    }

    /// Returns the name of the key's file.
    pub fn key_file(self) -> String {
        format!("{}.suri", self.name())
    }

    /// Writes the key to a file that only its owner can read.
    pub fn write_key(self, folder: &Path) {
        let path = folder.join(self.key_file());
        fs::write(&path, self.0).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }
}

/// Returns a client at `url` with the keys of `accounts`.
pub fn connect(url: &str, accounts: &[Account]) -> RpcChain {
    let keys = accounts.iter().map(|account| account.key());
    RpcChain::connect(Settings::of(url), keys).expect("the node answers")
}
