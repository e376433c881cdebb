//! The files of an audit: from disk, from the validator, and the task by its hashes.

use super::{chain::Chain, Subject};
use crate::{
    commands::{model::read_at_most, neural::Means},
    error::Failure,
    network::Network,
};
use inktensor_neuron::{
    evidence::{
        any::AnyEvidence,
        audit::{Absence, Origin},
        codec::{read_facts, MAX_FILE},
        facts::Facts,
        read_facts as from_chain,
    },
    fetch::{held, speaks, Held},
    manifest::{Manifest, MAX_MANIFEST},
    program::Runs,
    view::neurons_at,
};
use inktensor_primitives::{hash::hex, Digest, NetUid, Uid};
use inktensor_wire::{Cause, Endpoint, Path as WirePath};
use std::{path::Path, time::Duration};

/// Longest transfer of a file of evidence.
const DEADLINE: Duration = Duration::from_secs(120);

/// Evidence, or the reason why it is missing.
pub type Found = Result<(AnyEvidence, Origin), Absence>;

/// Returns the facts that a file has, which must be those of the subject.
pub fn facts_in(path: &Path, subject: &Subject) -> Result<Facts, Failure> {
    let bytes = read_at_most(path, u64::try_from(MAX_FILE).unwrap_or(u64::MAX))?;
    let facts = read_facts(&bytes).map_err(|error| Failure::in_file(path, error))?;
    same(&facts, subject.netuid.netuid, subject.epoch, subject.uid)
        .map_err(|error| Failure::in_file(path, error))?;
    Ok(facts)
}

/// Checks that the facts are those of a validator's epoch.
fn same(facts: &Facts, netuid: NetUid, epoch: u32, uid: Uid) -> Result<(), String> {
    let name = |netuid: NetUid, epoch, uid: Uid| {
        format!("subnet {}, epoch {epoch}, uid {}", netuid.0, uid.0)
    };
    let found = name(facts.netuid, facts.epoch, facts.uid);
    let named = name(netuid, epoch, uid);
    match found == named {
        true => Ok(()),
        false => Err(format!(
            "the facts are of {found}, and the command names {named}; name the same ones"
        )),
    }
}

/// Reads the facts of the subject from the chain.
pub fn facts_of(network: &Network, subject: &Subject) -> Result<Facts, Failure> {
    let contracts = network.contracts();
    let (netuid, epoch, uid) = (subject.netuid.netuid, subject.epoch, subject.uid);
    from_chain::read(network.chain(), &contracts, netuid, epoch, uid).map_err(Failure::input)
}

/// Returns the evidence that a file has.
pub fn evidence_in(path: &Path) -> Result<AnyEvidence, Failure> {
    let bytes = read_at_most(path, u64::try_from(MAX_FILE).unwrap_or(u64::MAX))?;
    AnyEvidence::read(&bytes).map_err(|error| Failure::in_file(path, error))
}

/// Returns the evidence of `epoch` that the validator on `uid` serves.
pub fn served(
    means: &Means,
    chain: &Chain<'_>,
    netuid: NetUid,
    uid: Uid,
    epoch: u32,
) -> Result<Found, Failure> {
    let network = chain.network("the validator's endpoint", "pass the evidence with --from")?;
    let Some(endpoint) = endpoint_of(network, netuid, uid)? else {
        let cause = format!("uid {} has no endpoint for questions now", uid.0);
        return Ok(Err(Absence::Withheld(cause)));
    };
    let path = WirePath::new(&format!("/v1/evidence/{epoch}")).map_err(Failure::input)?;
    let page = means.client.page(&endpoint, &path, MAX_FILE, DEADLINE);
    let bytes = match means.runtime.block_on(page) {
        Ok(bytes) => bytes,
        Err(cause) => return Ok(Err(absence(&cause))),
    };
    // Without a certificate on the chain, others on the way could have changed the bytes.
    let origin = match endpoint.tls {
        Some(_) => Origin::Validator,
        None => Origin::Elsewhere,
    };
    Ok(match AnyEvidence::read(&bytes) {
        Ok(evidence) => Ok((evidence, origin)),
        Err(error) => Err(Absence::Withheld(format!("what is served there: {error}"))),
    })
}

/// Returns the endpoint for questions of the neuron on `uid`, as it is published now.
pub fn endpoint_of(
    network: &Network,
    netuid: NetUid,
    uid: Uid,
) -> Result<Option<Endpoint>, Failure> {
    let contracts = network.contracts();
    let block = network.chain().best()?;
    let neurons = neurons_at(network.chain(), &contracts, netuid, block)?;
    let neuron = neurons.iter().find(|it| it.view.uid == uid);
    let axon = neuron
        .filter(|it| speaks(it))
        .and_then(|it| it.axon.as_ref());
    Ok(axon.map(Endpoint::from))
}

/// Returns the absence with its cause. An address that is refused or not resolved here was not
/// asked, which is no fault of the validator.
fn absence(cause: &Cause) -> Absence {
    let text = cause.to_string();
    match cause {
        Cause::Address(_) => Absence::NotAsked(text),
        Cause::Status(404) => Absence::Withheld("it answers that it does not have it".into()),
        _ => Absence::Withheld(text),
    }
}

/// The manifest of a subnet with what it names.
pub struct Named {
    /// The manifest's file.
    pub file: Vec<u8>,
    /// The manifest.
    pub manifest: Manifest,
    /// The task, the fold or the contest.
    pub runs: Runs,
}

/// Returns what a manifest names. No chain is opened if the manifest and its blobs are here.
pub fn named(
    means: &Means,
    chain: &Chain<'_>,
    netuid: NetUid,
    hash: &Digest,
) -> Result<Named, Failure> {
    let file = blob(means, chain, netuid, ("manifest", hash), MAX_MANIFEST, &[])?;
    let manifest = Manifest::parse(&file)
        .map_err(|error| Failure::input(format_args!("the subnet's manifest: {error}")))?;
    let runs = Runs::load(&manifest, |what, hash, most| {
        blob(means, chain, netuid, (what, hash), most, &manifest.mirrors)
    })?;
    Ok(Named {
        file,
        manifest,
        runs,
    })
}

/// Returns a blob from the folder of blobs, from a mirror, or from a neuron.
pub fn blob(
    means: &Means,
    chain: &Chain<'_>,
    netuid: NetUid,
    (what, hash): (&str, &Digest),
    most: usize,
    mirrors: &[String],
) -> Result<Vec<u8>, Failure> {
    if let Held::Whole(bytes) = held(&means.blobs, hash, most).map_err(Failure::input)? {
        return Ok(bytes);
    }
    let named = format!("the {what} {}", hex(hash));
    let network = chain.network(&named, "name its file with --blob")?;
    let found = means.blob(network, netuid, hash, most, mirrors)?;
    found.ok_or_else(|| {
        Failure::input(format_args!(
            "no neuron and no mirror has {named}; name its file with --blob"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::neural::unknown_key;
    use inktensor_primitives::registry::Host;
    use inktensor_wire::{Client, ClientLimits};
    use std::io;
    use tokio::runtime::Builder;

    #[test]
    fn an_address_that_is_refused_here_is_not_withheld() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = Client::new(unknown_key().unwrap(), ClientLimits::default(), false);
        for (host, text) in [
            (Host::Name("v.localhost".into()), "--allow-private"),
            (Host::V4([10, 0, 0, 1]), "--allow-private"),
        ] {
            let (port, tls) = (8091, None);
            let endpoint = Endpoint { host, port, tls };
            let path = WirePath::new("/v1/evidence/7").unwrap();
            let page = client.page(&endpoint, &path, MAX_FILE, DEADLINE);
            match absence(&runtime.block_on(page).unwrap_err()) {
                Absence::NotAsked(cause) => assert!(cause.contains(text), "{cause}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn withheld_evidence_has_its_cause() {
        let refused = io::Error::other("refused");
        for (cause, text) in [
            (Cause::Status(404), "does not have it"),
            (Cause::Status(503), "status 503"),
            (Cause::Deadline, "deadline"),
            (Cause::Tls("expired".into()), "TLS"),
            (Cause::Connect(refused), "cannot connect"),
        ] {
            match absence(&cause) {
                Absence::Withheld(cause) => assert!(cause.contains(text), "{cause}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
