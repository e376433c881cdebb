//! Blobs by their hash: from this folder, from the manifest's mirrors, and from other neurons.

use crate::{
    error::NeuronError,
    evidence::codec::MAX_FILE,
    program::most_state,
    service::random,
    view::{neurons_at, Served},
};
use inktensor_client::{
    chain::{ChainRead, Pinned, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    hash::blake2,
    registry::{Registry, Subnet},
    AccountId, Digest, NetUid,
};
use inktensor_wire::{
    BlobError, BlobLimits, Blobs, Cause, Client, Endpoint, FetchError, Mirror, PROTOCOL,
};
use std::{cmp::Reverse, collections::BTreeSet, fs, path::Path, time::Duration};
use thiserror::Error;
use tokio::{runtime::Runtime, time::Instant};
use tracing::debug;

/// Most neurons with most pay that are asked for a blob, after the owner's.
const BEST_NEURONS: usize = 8;
/// Most other neurons that are asked, drawn at random: those with most pay may all be one operator.
const DRAWN_NEURONS: usize = 8;
/// Longest time of one mirror. The client ends a transfer that stalls much earlier.
const DEADLINE: Duration = Duration::from_secs(120);
/// Longest time of all mirrors together.
const TOTAL: Duration = Duration::from_secs(600);
/// Most causes that an error names.
const MAX_CAUSES: usize = 4;
/// Status of a place that does not have the blob.
const NOT_FOUND: u16 = 404;

/// A reason why a blob was not found.
#[derive(Debug, Error)]
pub enum FindError {
    /// The chain does not answer, or the folder is unusable.
    #[error(transparent)]
    Neuron(#[from] NeuronError),
    /// No place had the blob, and some could not be asked.
    #[error("{0}; or name its file with --blob")]
    Nowhere(FetchError),
}

/// Returns the limits of a folder of blobs: no blob is longer than the longest one that is of use,
/// a model or a file of evidence.
pub fn limits() -> BlobLimits {
    let size = most_state().max(MAX_FILE);
    BlobLimits {
        size: u64::try_from(size).unwrap_or(u64::MAX),
        ..BlobLimits::default()
    }
}

/// Adds a file to a folder of blobs, and returns its hash.
///
/// # Errors
/// `BlobFile`, `Blob`.
pub fn add_file(blobs: &Blobs, path: &Path) -> Result<Digest, NeuronError> {
    let bytes = fs::read(path).map_err(|error| NeuronError::BlobFile {
        path: path.into(),
        error,
    })?;
    Ok(blobs.put(&bytes)?)
}

/// A way to blobs.
pub struct Fetcher<'a> {
    /// The chain, which names the neurons.
    pub chain: &'a dyn ChainRead,
    /// Addresses of the contracts.
    pub contracts: &'a Addresses,
    /// The subnet.
    pub netuid: NetUid,
    /// The client.
    pub client: &'a Client,
    /// The folder in which blobs are kept.
    pub blobs: &'a Blobs,
    /// The runtime of the client.
    pub runtime: &'a Runtime,
}

impl Fetcher<'_> {
    /// Returns the blob with this hash, of at most `most` bytes. Returns `None` if each mirror and
    /// each neuron answered that it does not have the blob, or if the blob here is longer.
    ///
    /// # Errors
    /// `Neuron`; `Nowhere` with the causes, if a place could not be asked or served other bytes.
    pub fn find(
        &self,
        hash: &Digest,
        most: usize,
        mirrors: &[String],
    ) -> Result<Option<Vec<u8>>, FindError> {
        if !self.blobs.contains(hash) {
            let places = self.places(mirrors)?;
            let fetched = fetch(self.client, self.blobs, hash, most, &places);
            match self.runtime.block_on(fetched).map_err(NeuronError::from)? {
                Fetched::Here => {}
                Fetched::Absent => return Ok(None),
                Fetched::Unknown(error) => return Err(FindError::Nowhere(error)),
            }
        }
        match held(self.blobs, hash, most).map_err(NeuronError::from)? {
            Held::Whole(bytes) => Ok(Some(bytes)),
            Held::TooLong(_) | Held::Absent => Ok(None),
        }
    }

    /// Returns the places that may serve blobs: these mirrors, and neurons of the subnet.
    ///
    /// # Errors
    /// If the chain does not answer, or the system gives no random bytes.
    pub fn places(&self, mirrors: &[String]) -> Result<Vec<Mirror>, NeuronError> {
        let mut places: Vec<Mirror> = mirrors
            .iter()
            .filter_map(|text| Mirror::parse(text).ok())
            .collect();
        let pinned = Pinned::best(self.chain)?;
        let subnet = self.contracts.registry().subnet(self.netuid);
        let subnet: Option<Subnet> = pinned.query(subnet)?;
        let mut neurons = neurons_at(self.chain, self.contracts, self.netuid, pinned.id())?;
        let account = self.client.account();
        neurons.retain(|it| it.view.neuron.hotkey != account);
        let owner = subnet.map(|it| it.owner_hotkey);
        let chosen = chosen(neurons, owner.as_ref(), &random()?);
        let endpoints = chosen.iter().filter_map(|it| it.axon.as_ref());
        places.extend(endpoints.map(|axon| Mirror::neuron(&Endpoint::from(axon))));
        Ok(places)
    }
}

/// Returns the neurons to ask for a blob: the owner's, then those with most pay, then some that are
/// drawn by these random bytes.
fn chosen(mut neurons: Vec<Served>, owner: Option<&AccountId>, seed: &[u8; 16]) -> Vec<Served> {
    neurons.retain(speaks);
    let is_owners = |it: &Served| Some(&it.view.neuron.hotkey) == owner;
    neurons.sort_by_key(|it| (!is_owners(it), Reverse(it.view.score.emission)));
    let owners = usize::from(neurons.first().is_some_and(is_owners));
    let best = neurons.len().min(owners.saturating_add(BEST_NEURONS));
    let mut others = neurons.split_off(best);
    others.sort_by_cached_key(|it| {
        let uid = it.view.uid.0.to_le_bytes();
        blake2(&[&seed[..], &uid[..]].concat())
    });
    others.truncate(DRAWN_NEURONS);
    neurons.append(&mut others);
    neurons
}

/// A blob in a folder.
pub enum Held {
    /// The bytes.
    Whole(Vec<u8>),
    /// A blob with more bytes than are used: so many.
    TooLong(u64),
    /// No blob, or a damaged one, which was removed.
    Absent,
}

/// Returns the blob with this hash, if it has at most `most` bytes.
///
/// # Errors
/// If the folder is unusable.
pub fn held(blobs: &Blobs, hash: &Digest, most: usize) -> Result<Held, BlobError> {
    if !blobs.contains(hash) {
        return Ok(Held::Absent);
    }
    // Looked at first: the whole blob would be read into memory.
    let size = fs::metadata(blobs.path(hash)).map_or(0, |it| it.len());
    if usize::try_from(size).map_or(true, |size| size > most) {
        return Ok(Held::TooLong(size));
    }
    match blobs.get(hash) {
        Ok(bytes) => Ok(Held::Whole(bytes)),
        Err(BlobError::Damaged(_) | BlobError::Unknown(_)) => Ok(Held::Absent),
        Err(error) => Err(error),
    }
}

/// The end of a search for a blob.
#[derive(Debug)]
pub enum Fetched {
    /// The blob is in the folder.
    Here,
    /// Each place answered that it does not have the blob.
    Absent,
    /// No place served the blob, and some could not be asked or served other bytes. The error has
    /// the causes, each once.
    Unknown(FetchError),
}

/// Fetches a blob of at most `most` bytes from the first of these places that has it, within ten
/// minutes.
///
/// # Errors
/// If the folder is unusable.
pub async fn fetch(
    client: &Client,
    blobs: &Blobs,
    hash: &Digest,
    most: usize,
    places: &[Mirror],
) -> Result<Fetched, BlobError> {
    match fetch_from(client, blobs, hash, most, places).await {
        Ok(()) => Ok(Fetched::Here),
        Err(FetchError::Blob(error)) => Err(error),
        Err(_) if blobs.contains(hash) => Ok(Fetched::Here),
        Err(error @ FetchError::Nowhere { .. }) => {
            debug!("{error}");
            Ok(unasked(error).map_or(Fetched::Absent, Fetched::Unknown))
        }
    }
}

/// Fetches a blob as [`fetch`] does.
///
/// # Errors
/// `Blob` if the folder is unusable; `Nowhere` with the cause of each place that was asked.
async fn fetch_from(
    client: &Client,
    blobs: &Blobs,
    hash: &Digest,
    most: usize,
    places: &[Mirror],
) -> Result<(), FetchError> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let start = Instant::now();
    let mut all = Vec::new();
    for place in places {
        let left = TOTAL.saturating_sub(start.elapsed());
        if left.is_zero() {
            break;
        }
        let place = std::slice::from_ref(place);
        let deadline = left.min(DEADLINE);
        match blobs.fetch(client, hash, most, place, deadline).await {
            Ok(()) => return Ok(()),
            Err(FetchError::Blob(error)) => return Err(FetchError::Blob(error)),
            Err(FetchError::Nowhere { tried, .. }) => all.extend(tried),
        }
    }
    let (hash, tried) = (*hash, all);
    Err(FetchError::Nowhere { hash, tried })
}

/// Returns the error with the causes that are not answers without the blob, each once and the first
/// of them. Returns `None` if there are no such causes.
fn unasked(error: FetchError) -> Option<FetchError> {
    let FetchError::Nowhere { hash, mut tried } = error else {
        return Some(error);
    };
    let not_found = Cause::Status(NOT_FOUND).to_string();
    let mut seen = BTreeSet::new();
    tried.retain(|(_, problem)| {
        let cause = problem.to_string();
        cause != not_found && seen.insert(cause)
    });
    tried.truncate(MAX_CAUSES);
    (!tried.is_empty()).then_some(FetchError::Nowhere { hash, tried })
}

/// Returns true if a neuron has published an endpoint of this protocol.
pub fn speaks(neuron: &Served) -> bool {
    let axon = neuron.axon.as_ref();
    axon.is_some_and(|axon| axon.protocol == PROTOCOL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::served;
    use inktensor_primitives::Rao;
    use inktensor_wire::Hotkey;
    use std::{
        collections::BTreeSet,
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        thread,
    };
    use subxt_signer::sr25519::Keypair;
    use tokio::runtime::Builder;

    fn neuron(uid: u16, emission: u64) -> Served {
        let mut neuron = served(uid);
        neuron.view.score.emission = Rao(emission);
        neuron
    }

    #[test]
    fn the_owner_and_neurons_without_pay_are_asked_for_blobs_too() {
        let neurons: Vec<Served> = (1..=100).map(|uid| neuron(uid, uid.into())).collect();
        let owner = AccountId::from([7; 32]);
        let mut drawn = BTreeSet::new();
        for seed in 0..8 {
            let chosen = chosen(neurons.clone(), Some(&owner), &[seed; 16]);
            let uids: Vec<u16> = chosen.iter().map(|it| it.view.uid.0).collect();
            assert_eq!(uids[..9], [7, 100, 99, 98, 97, 96, 95, 94, 93]);
            assert_eq!(uids.len(), 17);
            assert_eq!(uids.iter().collect::<BTreeSet<_>>().len(), 17);
            drawn.extend(uids[9..].to_vec());
        }
        assert!(drawn.len() > DRAWN_NEURONS, "{drawn:?}");
        let mut silent = neuron(1, 9);
        silent.axon = None;
        assert!(chosen(vec![silent], None, &[0; 16]).is_empty());
    }

    #[test]
    fn a_blob_above_its_limit_is_not_read() {
        let folder = std::env::temp_dir().join(format!("inktensor-held-{}", std::process::id()));
        let blobs = Blobs::at(&folder, limits()).unwrap();
        let hash = blobs.put(b"12345678").unwrap();
        let longest = held(&blobs, &hash, 8).unwrap();
        assert!(matches!(longest, Held::Whole(bytes) if bytes == b"12345678"));
        assert!(matches!(held(&blobs, &hash, 7).unwrap(), Held::TooLong(8)));
        let absent = held(&blobs, &[1; 32], 8).unwrap();
        assert!(matches!(absent, Held::Absent));
        fs::remove_dir_all(folder).unwrap();
    }

    /// Serves a blob once for each connection. Returns the place.
    fn serving(blob: &'static [u8]) -> Mirror {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = BufReader::new(&stream).lines();
                while head.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", blob.len());
                // The client leaves if the blob is too long.
                let _ = stream.write_all(&[head.as_bytes(), blob].concat());
            }
        });
        Mirror::parse(&format!("http://localhost:{port}")).unwrap()
    }

    #[test]
    fn a_blob_that_is_longer_than_its_use_is_not_fetched() {
        let folder = std::env::temp_dir().join(format!("inktensor-fetch-{}", std::process::id()));
        let blobs = Blobs::at(&folder, limits()).unwrap();
        let hotkey = Hotkey::new(Keypair::from_secret_key([1; 32]).unwrap());
        let client = Client::new(hotkey, Default::default(), true);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let places = [serving(b"12345678")];
        let hash = blake2(b"12345678");
        let fetched = |most| runtime.block_on(fetch(&client, &blobs, &hash, most, &places));
        assert!(matches!(fetched(7).unwrap(), Fetched::Unknown(_)));
        assert!(!blobs.contains(&hash));
        assert!(matches!(fetched(8).unwrap(), Fetched::Here));
        fs::remove_dir_all(folder).unwrap();
    }

    /// Answers every request with this status. Returns the place.
    fn answering(status: &'static str) -> Mirror {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = BufReader::new(&stream).lines();
                while head.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
            }
        });
        Mirror::parse(&format!("http://localhost:{port}")).unwrap()
    }

    #[test]
    fn causes_other_than_not_found_are_named() {
        let name = format!("inktensor-causes-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let blobs = Blobs::at(&folder, limits()).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let hash = blake2(b"12345678");
        let causes = |allow_private, places: &[Mirror]| {
            let hotkey = Hotkey::new(Keypair::from_secret_key([1; 32]).unwrap());
            let client = Client::new(hotkey, Default::default(), allow_private);
            let fetched = fetch(&client, &blobs, &hash, 8, places);
            match runtime.block_on(fetched).unwrap() {
                Fetched::Here => panic!("no place has the blob"),
                Fetched::Absent => None,
                Fetched::Unknown(error) => Some(error.to_string()),
            }
        };
        let empty = answering("404 Not Found");
        assert_eq!(causes(true, &[]), None);
        assert_eq!(causes(true, std::slice::from_ref(&empty)), None);
        let private = causes(false, std::slice::from_ref(&empty)).unwrap();
        assert!(private.contains("--allow-private"), "{private}");
        let busy = answering("503 Service Unavailable");
        let mixed = causes(true, &[empty, busy.clone(), busy]).unwrap();
        assert!(mixed.ends_with("localhost: status 503"), "{mixed}");
        assert_eq!(mixed.matches("status").count(), 1, "{mixed}");
        // A port that nothing listens on.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let closed = Mirror::parse(&format!("http://localhost:{port}")).unwrap();
        let refused = causes(true, &[closed]).unwrap();
        assert!(refused.contains("cannot connect"), "{refused}");
        fs::remove_dir_all(folder).unwrap();
    }
}
