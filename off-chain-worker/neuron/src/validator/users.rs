//! The work behind a validator's endpoints: questions of users, handed to miners, and evidence.

use crate::{
    answering::{self, About, Refusal},
    ask::{ask_target, Target, MOST_TRIES},
    clock,
    tasks::Working,
};
use inktensor_primitives::{AccountId, Digest, NetUid};
use inktensor_wire::{Caller, Client, Context, Page, Path, Response, Service};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// First part of the path of evidence. The epoch follows.
pub const EVIDENCE: &str = "/v1/evidence/";
/// Questions of users to this validator, by outcome: answered, refused or failed.
pub const HANDED_ON: &str = "inktensor_neuron_user_questions_total";
/// Seconds that are kept for the way back to the user.
const MARGIN: u64 = 1;

/// The state that the loop writes and the server reads.
pub struct Shared {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// The hotkey.
    pub hotkey: AccountId,
    /// True if users may ask.
    pub users: bool,
    /// The client that asks miners.
    pub client: Arc<Client>,
    /// The rest.
    pub known: RwLock<Known>,
}

/// The facts of the last block.
#[derive(Clone, Default)]
pub struct Known {
    /// The open epoch.
    pub epoch: u32,
    /// The generation of the validator's seat.
    pub generation: u32,
    /// The miners, the best first.
    pub miners: Arc<Vec<Target>>,
    /// The task of the open epoch.
    pub task: Option<Arc<Working>>,
    /// Seconds since 1970 up to which users are refused. While validators ask, a miner without a
    /// model could have its questions answered by another miner, through a validator.
    pub closed_until: u64,
    /// Files of evidence that are served, by epoch.
    pub evidence: BTreeMap<u32, Digest>,
}

impl Shared {
    /// Returns the facts of the last block.
    pub fn known(&self) -> Known {
        let known = self.known.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the facts.
    pub fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The work behind a validator's endpoints.
pub struct Users(pub Arc<Shared>);

impl Users {
    async fn hand_on(&self, caller: &Caller, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        if !caller.guest {
            return Err((403, "ask miners: your hotkey has a permit".into()));
        }
        let known = self.0.known();
        let closed = known.closed_until.saturating_sub(clock::now());
        if closed > 0 {
            let text = format!("miners answer validators now; ask again in {closed} s");
            return Err((503, text));
        }
        let mut last = "no miner has an endpoint".to_owned();
        for target in known.miners.iter().take(MOST_TRIES) {
            let left = caller.question.expires.saturating_sub(clock::now());
            let left = left.saturating_sub(MARGIN);
            if left == 0 {
                break;
            }
            let context = Context {
                home: self.0.home,
                netuid: self.0.netuid,
                epoch: known.epoch,
                by: Some(known.generation),
                to: target.hotkey,
                seat: target.generation,
            };
            let deadline = Duration::from_secs(left);
            let asked = ask_target(&self.0.client, target, &context, body, deadline).await;
            last = match asked {
                Ok(Ok(receipt)) => match receipt.handed_on() {
                    Ok(body) => return Ok(body),
                    Err(error) => error.to_string(),
                },
                Ok(Err(reason)) => reason,
                Err(error) => error.to_string(),
            };
        }
        Err((503, format!("no miner answered: {last}")))
    }
}

impl Service for Users {
    fn limit(&self, path: &Path) -> Option<usize> {
        answering::limit(path)
    }

    async fn answer(&self, caller: &Caller, _: &Path, body: Vec<u8>) -> Response {
        answering::response(HANDED_ON, self.hand_on(caller, &body).await)
    }

    fn hello(&self) -> Vec<u8> {
        let known = self.0.known();
        let about = About {
            part: "validator",
            hotkey: &self.0.hotkey,
            netuid: self.0.netuid.0,
            generation: known.generation,
            epoch: known.epoch,
            task: known.task.as_deref(),
        };
        about.hello([
            ("users", json!(self.0.users)),
            ("evidence", json!(known.evidence.keys().collect::<Vec<_>>())),
        ])
    }

    fn page(&self, path: &Path) -> Option<Page> {
        let epoch = path.as_str().strip_prefix(EVIDENCE)?.parse().ok()?;
        let known = self.0.known.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        known.evidence.get(&epoch).copied().map(Page::Blob)
    }
}
