//! A miner that computes nothing and asks another miner.

use crate::live::{models::Model, LiveError};
use inktensor_wire::{Client, Context, Endpoint, Media, Outcome, Path};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Longest wait for the other miner.
const WAIT: Duration = Duration::from_secs(3);

/// A model that hands each question on to another miner, in the name of the relay's own hotkey.
///
/// The other miner answers validators only, and signs for itself: the relay gets a refusal.
pub struct Relay {
    runtime: Runtime,
    client: Client,
    endpoint: Endpoint,
    context: Context,
    path: Path,
}

impl Relay {
    /// Creates the relay. `context` names the relay's seat and that of the other miner.
    ///
    /// # Errors
    /// `Socket`, `Unusable`.
    pub fn new(client: Client, endpoint: Endpoint, context: Context) -> Result<Self, LiveError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let path = Path::new("/v1/ask").map_err(|it| LiveError::Unusable(it.to_string()))?;
        Ok(Self {
            runtime: runtime.map_err(LiveError::Socket)?,
            client,
            endpoint,
            context,
            path,
        })
    }
}

impl Model for Relay {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let asked = self.client.ask(
            &self.endpoint,
            &self.context,
            &self.path,
            Media::Json,
            question.to_vec(),
            WAIT,
        );
        let exchange = self.runtime.block_on(asked).ok()?;
        match exchange.outcome {
            Outcome::Signed(response) => match response.content {
                inktensor_wire::Content::Whole(body) => Some(body),
                inktensor_wire::Content::Digest(_) => None,
            },
            Outcome::Refused(_) | Outcome::Silent { .. } | Outcome::Unsigned { .. } => None,
        }
    }
}
