//! Compares a deployment's record with the chain.

use super::{full_code_at, is_front, Addresses, Governing, Record, RecordError};
use crate::{
    chain::{ChainError, ChainRead, Typed},
    ss58::ss58,
};
use inktensor_primitives::{
    emission::Emission,
    epoch::Epochs,
    governance::Governance,
    hash::{blake2, hex},
    registry::Registry,
    staking::Staking,
    token::TokenControl,
    treasury::Treasury,
    AccountId, Digest,
};
use thiserror::Error;

/// A difference between a deployment's record and the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The compared value.
    pub what: String,
    /// Value in the record, or value that follows from the record.
    pub written: String,
    /// Value on the chain.
    pub found: String,
}

/// An error that prevents the comparison.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The record is incomplete.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Returns every difference between the chain and `record`: the chain's first block, each
/// contract's code, its full code if it is a front, and the addresses of the other contracts that
/// each contract has.
///
/// # Errors
/// See [`CheckError`].
pub fn check(chain: &dyn ChainRead, record: &Record) -> Result<Vec<Mismatch>, CheckError> {
    let mut found = Found::default();
    let genesis = chain.genesis()?;
    found.compare("genesis", hex(&record.genesis), hex(&genesis));
    if !found.mismatches.is_empty() {
        // On another chain every value differs.
        return Ok(found.mismatches);
    }
    for (name, entry) in &record.contracts {
        let there = chain.code_hash(&entry.address)?;
        let on_chain = there.map_or_else(|| "no contract".into(), |hash| hex(&hash));
        found.compare(&format!("code of {name}"), hex(&entry.code_hash), on_chain);
        let Some(hash) = there else { continue };
        found.bytes(chain, &format!("{name}'s code"), &hash)?;
        if is_front(name) {
            let written = entry.full_code.map(|hash| hex(&hash));
            let on_chain = full_code_at(chain, name, entry.address)?;
            found.compare(
                &format!("full code of {name}"),
                written.unwrap_or_else(|| "none".into()),
                on_chain.map_or_else(|| "no front".into(), |hash| hex(&hash)),
            );
            if let Some(hash) = on_chain {
                found.bytes(chain, &format!("{name}'s full code"), &hash)?;
            }
        }
    }
    if found.mismatches.is_empty() {
        found.wiring(chain, record)?;
    }
    Ok(found.mismatches)
}

#[derive(Default)]
struct Found {
    mismatches: Vec<Mismatch>,
}

impl Found {
    fn compare(&mut self, what: &str, written: String, found: String) {
        if written != found {
            self.mismatches.push(Mismatch {
                what: what.into(),
                written,
                found,
            });
        }
    }

    /// Compares the bytes of the code that the chain has under `hash` with it.
    fn bytes(
        &mut self,
        chain: &dyn ChainRead,
        what: &str,
        hash: &Digest,
    ) -> Result<(), ChainError> {
        let code = chain.code(hash)?;
        let bytes = code.map_or_else(|| "none".into(), |code| hex(&blake2(&code)));
        self.compare(&format!("bytes of {what}"), hex(hash), bytes);
        Ok(())
    }

    fn peer(&mut self, what: &str, written: AccountId, found: Option<AccountId>) {
        let found = found.map_or_else(|| "not set".into(), |found| ss58(&found));
        self.compare(what, ss58(&written), found);
    }

    fn wiring(&mut self, chain: &dyn ChainRead, record: &Record) -> Result<(), CheckError> {
        let at = record.addresses()?;
        let minter = chain.query(at.token().minter())?;
        self.peer("the token's minter", at.emission, minter);
        let registry = chain.query(at.token().registry())?;
        self.peer("the token's registry", at.registry, registry);
        let registry = chain.query(at.registry().peers())?;
        self.peer("the registry's token", at.token, Some(registry.token));
        self.peer("the registry's epoch contract", at.epoch, registry.epoch);
        let staking = chain.query(at.staking().peers())?;
        self.peer("staking's token", at.token, Some(staking.token));
        self.peer("staking's registry", at.registry, Some(staking.registry));
        self.peer("staking's emission contract", at.emission, staking.emission);
        self.peer("staking's epoch contract", at.epoch, staking.epoch);
        let emission = chain.query(at.emission().peers())?;
        self.peer("emission's token", at.token, Some(emission.token));
        self.peer(
            "emission's staking contract",
            at.staking,
            Some(emission.staking),
        );
        self.peer("emission's epoch contract", at.epoch, emission.epoch);
        let epoch = chain.query(at.epoch().peers())?;
        self.peer("epoch's token", at.token, Some(epoch.token));
        self.peer("epoch's registry", at.registry, Some(epoch.registry));
        self.peer("epoch's staking contract", at.staking, Some(epoch.staking));
        self.peer(
            "epoch's emission contract",
            at.emission,
            Some(epoch.emission),
        );
        for (name, kernel) in [("yuma", at.yuma), ("mean", at.mean)] {
            let entry = chain.query(at.registry().kernel(kernel))?;
            let on_chain = entry.map_or_else(|| "not listed".into(), |it| hex(&it.code_hash));
            let code = record.contracts.get(name).map(|it| hex(&it.code_hash));
            let what = format!("the registry's code of {name}");
            self.compare(&what, code.unwrap_or_default(), on_chain);
        }
        match at.governing {
            Some(governing) => self.governing(chain, &at, governing),
            None => Ok(()),
        }
    }

    /// Compares the roles of governance.
    fn governing(
        &mut self,
        chain: &dyn ChainRead,
        at: &Addresses,
        governing: Governing,
    ) -> Result<(), CheckError> {
        let Governing {
            treasury,
            governance,
        } = governing;
        let receiver = chain.query(at.emission().treasury())?;
        self.peer("emission's treasury", treasury, Some(receiver));
        let admin = chain.query(at.registry().admin())?;
        self.peer("the registry's admin", governance, Some(admin));
        let owner = chain.query(governing.treasury().owner())?;
        self.peer("the treasury's owner", governance, Some(owner));
        let token = chain.query(governing.treasury().token())?;
        self.peer("the treasury's token", at.token, Some(token));
        let offers = [
            (
                "the registry's admin",
                chain.query(at.registry().offered_admin())?,
            ),
            (
                "the treasury's owner",
                chain.query(governing.treasury().offered_owner())?,
            ),
        ];
        for (role, offered) in offers {
            let found = offered.map_or_else(|| "no account".into(), |it| ss58(&it));
            self.compare(&format!("offer of {role}"), "no account".into(), found);
        }
        let peers = chain.query(governing.governance().peers())?;
        let written = at.governed(treasury);
        for (name, written, found) in [
            ("token", written.token, peers.token),
            ("registry", written.registry, peers.registry),
            ("staking contract", written.staking, peers.staking),
            ("emission contract", written.emission, peers.emission),
            ("epoch contract", written.epoch, peers.epoch),
            ("treasury", written.treasury, peers.treasury),
        ] {
            self.peer(&format!("governance's {name}"), written, Some(found));
        }
        Ok(())
    }
}
