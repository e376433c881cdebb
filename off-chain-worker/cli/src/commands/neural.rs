//! The means of commands that talk to neurons: a key, a client, a folder of blobs, and the task of
//! a subnet.

use crate::{
    args::{ChainArgs, NetuidArg},
    error::Failure,
    network::Network,
};
use inktensor_client::{chain::Pinned, keys::KeyArguments};
use inktensor_neuron::{
    ask::Asker,
    fetch::{self, Fetcher, FindError},
    manifest::{Manifest, MAX_MANIFEST},
    pledged::{counts_from, manifest_now},
    program::{self, Program},
};
use inktensor_primitives::{epoch::Epochs, hash::hex, Digest, NetUid};
use inktensor_wire::{Blobs, Client, ClientLimits, Hotkey};
use std::{
    env,
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};
use subxt_signer::sr25519::Keypair;
use tokio::runtime::{self, Runtime};

/// The heading in help of these options.
pub const NEURONS: &str = "Neurons";
/// Most bytes of an answer: those of evidence are read as pages, which have a limit of their own.
const LIMITS: fn() -> ClientLimits = ClientLimits::default;

/// Arguments of commands that talk to neurons.
#[derive(Clone, Debug, clap::Args)]
pub struct NeuralArgs {
    /// The folder in which models and manifests are kept; by default in the user's cache
    #[arg(long, value_name = "DIR", help_heading = NEURONS)]
    cache: Option<PathBuf>,
    /// Files that are used by their hash instead of fetched, such as the model
    #[arg(long, value_delimiter = ',', value_name = "FILE,..", help_heading = NEURONS)]
    blob: Vec<PathBuf>,
    /// Connect to loopback and private addresses too
    #[arg(long, help_heading = NEURONS)]
    pub allow_private: bool,
}

/// The key of commands that ask neurons. Any key may ask a validator.
#[derive(Clone, Debug, clap::Args)]
pub struct AskerKey {
    #[command(flatten)]
    keys: KeyArguments,
}

impl AskerKey {
    /// Returns the key that is given, or one that nothing else knows.
    pub fn hotkey(&self) -> Result<Hotkey, Failure> {
        let keys = match self.keys.is_given() {
            true => self.keys.keypair().map_err(Failure::input)?,
            false => return unknown_key(),
        };
        Ok(Hotkey::new(keys))
    }
}

/// Arguments of commands that ask a subnet as its users do.
#[derive(clap::Args)]
pub struct UserArgs {
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    #[command(flatten)]
    key: AskerKey,
    #[command(flatten)]
    neural: NeuralArgs,
}

impl UserArgs {
    /// Opens the chain, and returns a user of the subnet, which exists.
    pub fn open(&self) -> Result<User, Failure> {
        let hotkey = self.key.hotkey()?;
        let network = self.chain.open()?;
        let netuid = self.netuid.netuid;
        network.subnet(netuid)?;
        Ok(User {
            means: self.neural.means(hotkey.clone())?,
            network,
            netuid,
            hotkey,
            allow_private: self.neural.allow_private,
        })
    }
}

/// A user of a subnet.
pub struct User {
    /// The chain.
    pub network: Network,
    /// The subnet.
    pub netuid: NetUid,
    /// The means to talk to neurons.
    pub means: Means,
    hotkey: Hotkey,
    allow_private: bool,
}

impl User {
    /// Returns the user as one that asks neurons.
    pub fn asker(&self) -> Result<Asker, Failure> {
        let (chain, contracts) = (self.network.chain(), self.network.contracts());
        let (hotkey, private) = (self.hotkey.clone(), self.allow_private);
        Asker::new(chain, &contracts, self.netuid, hotkey, private).map_err(Failure::input)
    }

    /// Returns the hash of the manifest that counts in the open epoch.
    pub fn manifest(&self) -> Result<Digest, Failure> {
        counting_manifest(&self.network, self.netuid)
    }

    /// Returns the subnet's manifest.
    pub fn read_manifest(&self) -> Result<Manifest, Failure> {
        let hash = self.manifest()?;
        let (_, manifest) = self.means.manifest(&self.network, self.netuid, &hash)?;
        Ok(manifest)
    }

    /// Returns the task with this manifest.
    pub fn task(&self, manifest: &Digest) -> Result<Loaded, Failure> {
        self.means.task(&self.network, self.netuid, manifest)
    }
}

/// Returns a hotkey that no other process knows.
pub fn unknown_key() -> Result<Hotkey, Failure> {
    fresh().map(Hotkey::new).map_err(Failure::input)
}

/// Returns a new key.
fn fresh() -> io::Result<Keypair> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Keypair::from_secret_key(seed).map_err(io::Error::other)
}

/// The means of a command that talks to neurons.
pub struct Means {
    /// The runtime of the client.
    pub runtime: Runtime,
    /// The client.
    pub client: Client,
    /// The blobs.
    pub blobs: Arc<Blobs>,
}

/// The task of a subnet.
pub struct Loaded {
    /// The task with its state.
    pub program: Arc<dyn Program>,
}

impl NeuralArgs {
    /// Returns the means, with a client that signs as `hotkey`.
    pub fn means(&self, hotkey: Hotkey) -> Result<Means, Failure> {
        let folder = match &self.cache {
            Some(folder) => folder.clone(),
            None => cache()?.join("blobs"),
        };
        let blobs = Blobs::at(&folder, fetch::limits()).map_err(Failure::input)?;
        for path in &self.blob {
            fetch::add_file(&blobs, path).map_err(Failure::input)?;
        }
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Ok(Means {
            runtime: runtime.map_err(Failure::input)?,
            client: Client::new(hotkey, LIMITS(), self.allow_private),
            blobs: Arc::new(blobs),
        })
    }
}

/// Returns the folder of this program in the user's cache.
pub fn cache() -> Result<PathBuf, Failure> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = named.filter(|it| it.is_absolute()).or_else(home);
    cache
        .map(|cache| cache.join("inktensor"))
        .ok_or_else(|| Failure::input("there is no folder for files: name one with --cache"))
}

impl Means {
    /// Returns the blob with this hash. Returns `None` if no place has it.
    pub fn blob(
        &self,
        network: &Network,
        netuid: NetUid,
        hash: &Digest,
        most: usize,
        mirrors: &[String],
    ) -> Result<Option<Vec<u8>>, Failure> {
        let found = self.find(network, netuid, hash, most, mirrors);
        found.map_err(Failure::input)
    }

    /// Finds the blob as [`Self::blob`] does, and returns the error as it is.
    pub fn find(
        &self,
        network: &Network,
        netuid: NetUid,
        hash: &Digest,
        most: usize,
        mirrors: &[String],
    ) -> Result<Option<Vec<u8>>, FindError> {
        let contracts = network.contracts();
        let fetcher = Fetcher {
            chain: network.chain(),
            contracts: &contracts,
            netuid,
            client: &self.client,
            blobs: &self.blobs,
            runtime: &self.runtime,
        };
        fetcher.find(hash, most, mirrors)
    }

    /// Returns the file with this hash as a manifest, and its content.
    pub fn manifest(
        &self,
        network: &Network,
        netuid: NetUid,
        hash: &Digest,
    ) -> Result<(Vec<u8>, Manifest), Failure> {
        let file = self.blob(network, netuid, hash, MAX_MANIFEST, &[])?;
        let file = found(file, hash)?;
        let manifest = Manifest::parse(&file)
            .map_err(|error| Failure::input(format_args!("the subnet's manifest: {error}")))?;
        Ok((file, manifest))
    }

    /// Returns the task with this manifest.
    pub fn task(
        &self,
        network: &Network,
        netuid: NetUid,
        manifest: &Digest,
    ) -> Result<Loaded, Failure> {
        let (_, manifest) = self.manifest(network, netuid, manifest)?;
        let program = program::load(&manifest, |_, hash, most| {
            let bytes = self.blob(network, netuid, hash, most, &manifest.mirrors)?;
            found(bytes, hash)
        })?;
        Ok(Loaded { program })
    }
}

/// Returns the bytes that were found for a blob.
fn found(bytes: Option<Vec<u8>>, hash: &Digest) -> Result<Vec<u8>, Failure> {
    bytes.ok_or_else(|| {
        Failure::input(format_args!(
            "no neuron and no mirror has the blob {}; name its file with --blob",
            hex(hash)
        ))
    })
}

/// Returns the hash of the manifest that counts in the open epoch.
fn counting_manifest(network: &Network, netuid: NetUid) -> Result<Digest, Failure> {
    network.subnet(netuid)?;
    let contracts = network.contracts();
    let pinned = Pinned::best(network.chain())?;
    let pledged = manifest_now(&pinned, &contracts, netuid)?.ok_or_else(|| {
        Failure::input(format_args!(
            "the owner of subnet {} has pledged no manifest, so the subnet has no task",
            netuid.0
        ))
    })?;
    let status = network.query(contracts.epoch().status(netuid))?;
    let last = network.query(contracts.epoch().header(netuid))?;
    let open = status.as_ref().map_or(0, |status| status.open);
    let from = status.map_or(0, |status| {
        counts_from(pledged.block, &status, last.as_ref())
    });
    if from > open {
        return Err(Failure::input(format_args!(
            "the manifest of subnet {} counts from epoch {from} on, and epoch {open} is open; try \
             again then",
            netuid.0
        )));
    }
    Ok(pledged.manifest)
}
