//! The work behind a validator's endpoints: questions of users, handed to miners, and evidence.

use crate::{
    answering::{self, on_a_thread, task_of, About, Refusal},
    ask::{ask_target, Target, Unanswered, BAD_QUESTION, MOST_TRIES},
    clock,
    fold::fraud::PROOFS_PATH,
    tasks::Working,
};
use inktensor_primitives::{AccountId, Digest, NetUid};
use inktensor_wire::{Caller, Client, Context, Media, Page, Path, Response, Service};
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
    /// Number and file of the proofs of fraud that are served.
    pub proofs: (usize, Arc<Vec<u8>>),
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
        let program = match &known.task {
            Some(working) => Some(task_of(working)?),
            None => None,
        };
        let knows_question = program.is_some();
        if let Some(program) = program {
            let question = body.to_vec();
            let checked = on_a_thread(move || program.check_question(&question)).await?;
            checked.map_err(|error| answering::refusal(&error, BAD_QUESTION))?;
        }
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
                // A question that holds by the model here is not a bad one: the miner is wrong.
                Ok(Err(Unanswered::BadQuestion(reason))) if !knows_question => {
                    return Err((BAD_QUESTION, reason));
                }
                Ok(Err(unanswered)) => unanswered.to_string(),
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
            ("proofs", json!(known.proofs.0)),
        ])
    }

    fn page(&self, path: &Path) -> Option<Page> {
        let known = self.0.known.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if path.as_str() == PROOFS_PATH {
            let body = known.proofs.1.to_vec();
            // Empty before the first block of a training.
            return (!body.is_empty()).then_some(Page::Bytes {
                media: Media::Octets,
                body,
            });
        }
        let epoch = path.as_str().strip_prefix(EVIDENCE)?.parse().ok()?;
        known.evidence.get(&epoch).copied().map(Page::Blob)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answering::ASK,
        manifest::Manifest,
        program::{linked, Runs},
    };
    use inktensor_embed::small;
    use inktensor_primitives::{Bps, Rao};
    use inktensor_wire::{fields::Asked, signature::sha256, ClientLimits, Hotkey, SignedRequest};
    use std::net::{Ipv4Addr, SocketAddr};
    use subxt_signer::sr25519::dev;

    fn users() -> Users {
        let manifest = Manifest {
            task: "embed/1".into(),
            program: None,
            state: [1; 32],
            mirrors: Vec::new(),
            questions: 4,
            window: 10,
            check: Bps::ONE,
            alpha: Bps::ONE,
            steps: None,
        };
        let working = Working {
            hash: [2; 32],
            manifest,
            runs: Runs::Task(linked("embed/1", &small::state(1).unwrap()).unwrap()),
        };
        let hotkey = Hotkey::new(dev::alice());
        Users(Arc::new(Shared {
            home: [5; 32],
            netuid: NetUid(1),
            hotkey: hotkey.account(),
            users: true,
            client: Arc::new(Client::new(hotkey, ClientLimits::default(), true)),
            known: RwLock::new(Known {
                task: Some(Arc::new(working)),
                closed_until: clock::now() + 60,
                ..Known::default()
            }),
        }))
    }

    fn handed_on(body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let users = users();
        let asked = Asked {
            path: Path::new(ASK).unwrap(),
            media: Media::Json,
            body: sha256(body),
            context: Context {
                home: [5; 32],
                netuid: NetUid(1),
                epoch: 0,
                by: None,
                to: users.0.hotkey,
                seat: 0,
            },
            created: clock::now(),
            expires: clock::now() + 20,
            nonce: [9; 16],
        };
        let caller = Caller {
            uid: None,
            stake: Rao::ZERO,
            guest: true,
            question: SignedRequest::sign(&Hotkey::new(dev::bob()), asked).unwrap(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(users.hand_on(&caller, body))
    }

    #[test]
    fn a_bad_question_is_refused_without_a_miner_and_without_a_wait() {
        let long = format!("{{\"text\":\"{}\"}}", "a ".repeat(300));
        let refused = handed_on(long.as_bytes()).unwrap_err();
        let reason = "the text is over 128 tokens or 8192 bytes; split it";
        assert_eq!(refused, (BAD_QUESTION, reason.to_owned()));
        let (status, _) = handed_on(b"[]").unwrap_err();
        assert_eq!(status, BAD_QUESTION);
        let (status, reason) = handed_on(b"{\"text\":\"a\"}").unwrap_err();
        assert_eq!(status, 503, "{reason}");
    }
}
