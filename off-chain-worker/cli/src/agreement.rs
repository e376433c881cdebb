//! The agreement of a hotkey to belong to the coldkey that signs.

use crate::{
    args::{SignArgs, Who, SIGNER},
    error::Failure,
    session::Session,
};
use inktensor_client::{chain::Typed, keys, ss58::ss58};
use inktensor_primitives::{
    registry::{Registry, Signature},
    AccountId,
};
use inktensor_worker::chain_source::ChainSource;
use std::path::PathBuf;

/// The key of a hotkey that has no owner yet.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct HotkeyKey {
    /// A file with the secret URI of the hotkey, which agrees to belong to the signer
    ///
    /// A hotkey agrees once, before its first registration. On a devchain it needs no key. Where
    /// the key is not at hand, `neuron agree` sends the agreement from the hotkey.
    #[arg(long, value_name = "FILE", help_heading = SIGNER)]
    hotkey_suri_file: Option<PathBuf>,
}

impl HotkeyKey {
    /// Returns the hotkey that `hotkey` names: by default that of the key, or without one the
    /// signer.
    ///
    /// # Errors
    /// If an address or the key cannot be read.
    pub fn hotkey_or(
        &self,
        hotkey: Option<&Who>,
        sign: &SignArgs,
        session: &Session,
    ) -> Result<AccountId, Failure> {
        match (hotkey, &self.hotkey_suri_file) {
            (None, Some(file)) => {
                let key = keys::from_file(file).map_err(Failure::input)?;
                Ok(keys::account(&key))
            }
            (named, _) => sign.account_or(named, session),
        }
    }

    /// Returns the signature of `hotkey` that it belongs to the signer, if one is needed. Where no
    /// key is needed to sign, sends the agreement.
    ///
    /// # Errors
    /// If the file is of another key, or the hotkey has not agreed and no key is given.
    pub fn agree(
        &self,
        session: &mut Session,
        hotkey: AccountId,
    ) -> Result<Option<Signature>, Failure> {
        let coldkey = session.account;
        let contracts = session.network.contracts();
        if hotkey == coldkey || session.network.owner_of(hotkey)?.is_some() {
            return Ok(None);
        }
        if let Some(file) = &self.hotkey_suri_file {
            let key = keys::from_file(file).map_err(Failure::input)?;
            if keys::account(&key) != hotkey {
                return Err(Failure::input(format_args!(
                    "--hotkey-suri-file: the key is that of {}, not of the hotkey {}; name \
                     another file",
                    ss58(&keys::account(&key)),
                    ss58(&hotkey)
                )));
            }
            return Ok(Some(keys::agreement(&key, contracts.registry, coldkey)));
        }
        let registry = contracts.registry();
        let agreed: Option<AccountId> = session.network.query(registry.agreed(hotkey))?;
        if agreed == Some(coldkey) {
            return Ok(None);
        }
        if let ChainSource::Nodes(_) = session.network.source {
            return Err(Failure::input(format_args!(
                "the hotkey {hotkey} has not agreed to belong to {coldkey}; name its key with \
                 --hotkey-suri-file, or send `inktensor neuron agree --coldkey {coldkey}` with \
                 that key",
                hotkey = ss58(&hotkey),
                coldkey = ss58(&coldkey)
            )));
        }
        let message = contracts.registry().agree(Some(coldkey));
        let sent = session.network.opened.chain.send(hotkey, message);
        let sent = sent.map_err(|error| session.network.failed(error))?;
        sent.value.map_err(Failure::input)?;
        Ok(None)
    }
}
