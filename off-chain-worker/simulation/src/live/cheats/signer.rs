//! A miner that answers rightly and signs with another key than its hotkey.

use crate::live::{
    local_http::{LocalServer, Reply, Request},
    LiveError,
};
use inktensor_neuron::program::Program;
use inktensor_primitives::AccountId;
use inktensor_wire::{
    fields::{read_question, Answered, Basis},
    signature::sha256,
    Hotkey, Media,
};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// A miner that claims a hotkey and signs with another key.
#[derive(Debug)]
pub struct Signer(LocalServer);

impl Signer {
    /// Serves right answers in the name of `claimed`, signed by `key`.
    ///
    /// # Errors
    /// `Socket`.
    pub fn start(
        program: Arc<dyn Program>,
        claimed: AccountId,
        key: Hotkey,
    ) -> Result<Self, LiveError> {
        let reply = move |request: &Request| {
            answer(program.as_ref(), &claimed, &key, request).unwrap_or_else(|| Reply::empty(400))
        };
        Ok(Self(LocalServer::start(reply)?))
    }

    /// Returns the address.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

fn answer(
    program: &dyn Program,
    claimed: &AccountId,
    key: &Hotkey,
    request: &Request,
) -> Option<Reply> {
    let question = read_question(&request.path, &request.headers).ok()?;
    let body = program.answer(&request.body).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let answered = Answered {
        status: 200,
        media: Media::Json,
        body: sha256(&body),
        created: now.as_secs(),
    };
    let basis = Basis::Signature(&question.signature);
    let signature = key.sign(&answered.base(claimed, basis));
    Some(Reply {
        status: answered.status,
        fields: answered.write(claimed, basis, &signature).into(),
        body,
    })
}
