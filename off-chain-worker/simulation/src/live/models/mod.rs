//! Models of the demo behind stock miners: side processes in a thread, honest and cheating.

mod behaviour;
mod weights;

pub use behaviour::{Machine, Model, Slow, Stale, Truthful};
pub use weights::{int8, shallow, whole};

use super::{
    local_http::{LocalServer, Reply},
    LiveError,
};

/// A model that is served as `inktensor mine --model` expects it. It ends when this is dropped.
#[derive(Debug)]
pub struct ModelServer(LocalServer);

impl ModelServer {
    /// Serves `model` at a free port.
    ///
    /// # Errors
    /// `Socket`.
    pub fn start(model: impl Model + 'static) -> Result<Self, LiveError> {
        let server = LocalServer::start(move |request| match model.answer(&request.body) {
            Some(body) => Reply {
                status: 200,
                fields: vec![("Content-Type", "application/json".into())],
                body,
            },
            None => Reply::empty(503),
        })?;
        Ok(Self(server))
    }

    /// Returns the address for `--model`.
    pub fn url(&self) -> String {
        format!("http://{}/answer", self.0.address())
    }
}
