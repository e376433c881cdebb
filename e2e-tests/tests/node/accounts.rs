//! Who takes part, with keys that a development node knows.

use inktensor_client::{
    chain::rpc::{RpcChain, Settings, Wait},
    keys,
    ss58::ss58,
};
use inktensor_primitives::AccountId;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// Somebody with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person(&'static str);

/// Deploys, holds all TAO, owns subnets and hotkeys.
pub const ALICE: Person = Person("//Alice");
/// A validator's hotkey.
pub const BOB: Person = Person("//Bob");
/// Another validator's hotkey.
pub const CHARLIE: Person = Person("//Charlie");
/// A worker.
pub const DAVE: Person = Person("//Dave");
/// A worker.
pub const EVE: Person = Person("//Eve");
/// A worker.
pub const FERDIE: Person = Person("//Ferdie");
/// Lets time pass.
pub const CLOCK: Person = Person("//Alice//stash");
/// Posts lies.
pub const LIAR: Person = Person("//Bob//stash");

/// Everybody.
pub const PEOPLE: [Person; 8] = [ALICE, BOB, CHARLIE, DAVE, EVE, FERDIE, CLOCK, LIAR];

impl Person {
    /// The key.
    pub fn key(self) -> Keypair {
        let uri: SecretUri = self.0.parse().expect("a secret URI");
        Keypair::from_uri(&uri).expect("a key")
    }

    /// The account.
    pub fn account(self) -> AccountId {
        keys::account(&self.key())
    }

    /// The account as it is written.
    pub fn address(self) -> String {
        ss58(&self.account())
    }

    /// A name for files.
    pub fn name(self) -> String {
        self.0
            .trim_start_matches('/')
            .replace('/', "-")
            .to_lowercase()
    }

    /// The name of the file with the key.
    pub fn key_file(self) -> String {
        format!("{}.suri", self.name())
    }

    /// Writes the key where only its owner can read it.
    pub fn write_key(self, folder: &Path) {
        let path = folder.join(self.key_file());
        fs::write(&path, self.0).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }
}

/// A client at `url` for these people.
pub fn connect(url: &str, people: &[Person]) -> RpcChain {
    let settings = Settings {
        addresses: vec![url.into()],
        patience: Duration::from_secs(60),
        wait: Wait::Best,
        genesis: None,
    };
    let keys = people.iter().map(|person| person.key());
    RpcChain::connect(settings, keys).expect("the node answers")
}
