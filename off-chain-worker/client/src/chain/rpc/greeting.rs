//! The first requests of a connection: the chain's first block, its types and its limits.

use super::{
    api::Gas,
    limits::Tariff,
    link::{At, Connection, Trouble},
};
use crate::chain::ChainError;
use std::sync::Arc;
use subxt::{
    backend::LegacyBackend,
    dynamic,
    ext::{
        jsonrpsee::{
            client_transport::ws::{Url, WsTransportClientBuilder},
            core::client::Client,
        },
        scale_decode::DecodeAsType,
    },
    rpcs::{LegacyRpcMethods, RpcClient},
    OnlineClient, PolkadotConfig,
};

/// Largest answer that is read, in bytes. A node sends at most what its `--rpc-max-response-size`
/// allows, 15 MiB by default: a whole block in hexadecimal can be that long. The limit is far
/// above, so that no block and no pool of transactions stops a client, and a node cannot fill its
/// memory.
const MAX_ANSWER: u32 = 256 * 1024 * 1024;
/// Messages of a subscription that may wait to be read.
const SUBSCRIBED: usize = 4096;

/// Connects, and reads the chain's first block and constants.
pub async fn greet(address: &str) -> Result<Connection, Trouble> {
    let lost = |error: &dyn std::fmt::Display| Trouble::lost(error);
    let raw = open(address).await?;
    let rpc = LegacyRpcMethods::new(raw.clone());
    let best = rpc.chain_get_block_hash(None).await?;
    let best = best.ok_or_else(|| lost(&"it has no blocks"))?;
    let backend: LegacyBackend<PolkadotConfig> = LegacyBackend::builder().build(raw.clone());
    let client = OnlineClient::<PolkadotConfig>::from_backend(Arc::new(backend))
        .await
        .map_err(|error| lost(&error))?;
    let at = client.at_block(best).await.map_err(|error| lost(&error))?;
    Ok(Connection {
        tariff: tariff(&at)?,
        genesis: client.genesis_hash().0,
        at: Arc::new(at),
        rpc,
        raw,
    })
}

/// Opens a WebSocket to a node.
async fn open(address: &str) -> Result<RpcClient, Trouble> {
    let url = Url::parse(address).map_err(|error| Trouble::lost(&error))?;
    let (sender, receiver) = WsTransportClientBuilder::default()
        .max_response_size(MAX_ANSWER)
        .build(url)
        .await
        .map_err(|error| Trouble::lost(&error))?;
    let client = Client::builder()
        .max_buffer_capacity_per_subscription(SUBSCRIBED)
        .build_with_tokio(sender, receiver);
    Ok(RpcClient::new(client))
}

/// Reads the limits from the chain's constants.
fn tariff(at: &At) -> Result<Tariff, ChainError> {
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct Weight {
        ref_time: u64,
        proof_size: u64,
    }
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct OfClass {
        max_extrinsic: Option<Weight>,
    }
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct PerClass {
        normal: OfClass,
    }
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct BlockWeights {
        max_block: Weight,
        per_class: PerClass,
    }
    fn constant<T: DecodeAsType>(at: &At, pallet: &str, name: &str) -> Result<T, ChainError> {
        at.constants()
            .entry(dynamic::constant::<T>(pallet, name))
            .map_err(|error| {
                let problem = format!("the chain has no usable {pallet}.{name}: {error}");
                ChainError::Runtime(problem)
            })
    }
    let weights: BlockWeights = constant(at, "System", "BlockWeights")?;
    let most = weights
        .per_class
        .normal
        .max_extrinsic
        .unwrap_or(weights.max_block);
    Ok(Tariff {
        most: Gas {
            ref_time: most.ref_time,
            proof_size: most.proof_size,
        },
        per_item: constant(at, "Contracts", "DepositPerItem")?,
        per_byte: constant(at, "Contracts", "DepositPerByte")?,
    })
}
