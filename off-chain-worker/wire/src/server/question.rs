//! A question, checked cheapest first, and its answer.
//!
//! 1. sizes, and the path
//! 2. shape: one text for each question
//! 3. addressed to this seat, and fresh
//! 4. the caller is admitted
//! 5. the nonce is new; for a guest, the rate of its address and of all guests; then the
//!    signature. Up to here refusals are unsigned, and nothing is counted against the key
//! 6. the rate
//! 7. a place of the caller's own, the mark of `created` on the disk, and room for the nonce, which
//!    is remembered from now on
//! 8. the body, and its hash
//! 9. one of the places of all, and the work, up to `expires`

use super::{
    body::{Outgoing, Reply},
    connection::{Peer, Serves},
    freshness::{Clock, Stale},
    state::{seconds, Event},
    Caller, Response, Roster, Service, Snapshot,
};
use crate::{
    fields::{read_question, Answered, Basis},
    signature::sha256,
    Media, SignedRequest,
};
use http::{header, HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use inktensor_primitives::{hash::hex, Rao};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The status of a question above the rate.
const TOO_MANY: u16 = 429;

/// A refusal before a signature was verified: unsigned, and it ends the connection.
struct Unsigned {
    status: u16,
    reason: String,
    retry_after: Option<u64>,
}

impl Unsigned {
    fn new(status: u16, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            retry_after: None,
        }
    }
}

/// Answers a question. The flag is true if the connection may stay open.
pub async fn reply<S: Service>(
    serves: &Serves<S>,
    request: Request<Incoming>,
    peer: Peer,
) -> (Reply, bool) {
    let state = &serves.shared.state;
    let snapshot = serves.shared.snapshot();
    let question = match check(serves, &snapshot.roster, &request) {
        Ok(question) => question,
        Err(refusal) => {
            state.count(Event::Unsigned);
            if refusal.status == 421 {
                state.misled(peer.address.ip());
            }
            return unsigned(refusal.status, &refusal.reason, refusal.retry_after);
        }
    };
    // A look-up is cheaper than a signature, and reveals only that a sent question was sent.
    let new = state
        .freshness()
        .is_new(question.hotkey, question.created, question.nonce);
    if new == Err(Stale::Replayed) {
        state.count(Event::Unsigned);
        return unsigned(409, "this nonce was used before", None);
    }
    if let Err(after) = guest(serves, &snapshot.roster, &question, peer) {
        state.count(Event::Unsigned);
        return unsigned(TOO_MANY, "too many questions of guests", Some(after));
    }
    if question.verify().is_err() {
        state.count(Event::Forged);
        return unsigned(
            401,
            "the signature is not one of keyid over these fields",
            None,
        );
    }
    let response = work(serves, &snapshot, &question, request, peer).await;
    match response {
        Ok(response) => {
            state.count(Event::Answered);
            (signed(serves, &question, response, None), true)
        }
        // Of a body that was not read, hyper drops the rest together with the connection.
        Err(Refused {
            response,
            retry_after,
        }) => {
            state.count(Event::Refused);
            // Whatever is above the rate costs a signature each: the gate bounds those by address.
            let keep = response.status != TOO_MANY;
            (signed(serves, &question, response, retry_after), keep)
        }
    }
}

/// Counts a question of a guest by its address, and looks whether the guests have a token: keys are
/// free, so the signature of a guest is not worth more than an unsigned request.
///
/// # Errors
/// The seconds to wait.
fn guest<S: Service>(
    serves: &Serves<S>,
    roster: &Roster,
    question: &SignedRequest,
    peer: Peer,
) -> Result<(), u64> {
    if roster.callers.contains_key(&question.hotkey) {
        return Ok(());
    }
    let state = &serves.shared.state;
    let counted = state.gate().read(peer.address.ip(), Instant::now());
    counted.map_err(|after| after.as_secs().saturating_add(1))?;
    state.guests_have_a_token()
}

/// A refusal after a signature was verified.
struct Refused {
    response: Response,
    retry_after: Option<u64>,
}

impl Refused {
    fn new(status: u16, reason: &str, retry_after: Option<u64>) -> Self {
        Self {
            response: Response::refuse(status, reason),
            retry_after,
        }
    }
}

/// Checks 1 to 4.
fn check<S: Service>(
    serves: &Serves<S>,
    roster: &Roster,
    request: &Request<Incoming>,
) -> Result<SignedRequest, Unsigned> {
    let headers = request.headers();
    let length = length(headers)?;
    if request.uri().query().is_some() || request.uri().authority().is_some() {
        return Err(Unsigned::new(400, "the target is a path without a query"));
    }
    let question = read_question(request.uri().path(), headers);
    let question = question.map_err(|problem| Unsigned::new(400, problem.to_string()))?;
    let limit = serves.service.limit(&question.path);
    let limit = limit.ok_or_else(|| Unsigned::new(404, "there are no questions at this path"))?;
    let limit = limit.min(serves.shared.state.limits.question);
    if length > limit {
        let reason = format!("a body of {length} bytes is above the limit of {limit}");
        return Err(Unsigned::new(413, reason));
    }
    addressed(serves, roster, &question)?;
    let mut freshness = serves.shared.state.freshness();
    let times = freshness.check(question.created, question.expires, Clock::read());
    drop(freshness);
    times.map_err(stale)?;
    let admitted = roster.admits(&question.hotkey);
    let admitted = admitted.map_err(|()| Unsigned::new(403, "this hotkey may not ask here"))?;
    let generation = admitted.and_then(|admitted| admitted.generation);
    if question.context.by != generation {
        let reason = match generation {
            Some(generation) => format!("this hotkey has generation {generation}; name it in by"),
            None => "this hotkey has no seat here; leave by out".to_owned(),
        };
        return Err(Unsigned::new(403, reason));
    }
    Ok(question)
}

/// Returns the length of a body that is neither chunked nor encoded.
fn length(headers: &HeaderMap) -> Result<usize, Unsigned> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        let reason = "chunked questions are not served; send Content-Length";
        return Err(Unsigned::new(411, reason));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Unsigned::new(415, "the body must not be encoded"));
    }
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let length = length.and_then(|value| value.parse().ok());
    length.ok_or_else(|| Unsigned::new(411, "send Content-Length"))
}

fn addressed<S: Service>(
    serves: &Serves<S>,
    roster: &Roster,
    question: &SignedRequest,
) -> Result<(), Unsigned> {
    let context = &question.context;
    let misdirected = |reason: &str| Err(Unsigned::new(421, reason));
    if context.home != roster.home {
        return misdirected(&format!("home is {} here", hex(&roster.home)));
    }
    if context.netuid != roster.netuid {
        return misdirected(&format!("netuid is {} here", roster.netuid.0));
    }
    if context.to != serves.hotkey.account() {
        return misdirected("to is another hotkey");
    }
    if context.seat != roster.seat {
        return misdirected(&format!("the seat has generation {} here", roster.seat));
    }
    Ok(())
}

fn stale(stale: Stale) -> Unsigned {
    match stale {
        Stale::Early(first) => {
            let reason = format!(
                "a question created before {first} may have been answered; sign again then"
            );
            Unsigned {
                retry_after: Some(first.saturating_sub(seconds()).max(1)),
                ..Unsigned::new(425, reason)
            }
        }
        Stale::Outside | Stale::Replayed | Stale::Full => Unsigned::new(
            412,
            "created or expires is outside of the window of this clock",
        ),
    }
}

/// Checks 6 to 9, and does the work.
async fn work<S: Service>(
    serves: &Serves<S>,
    snapshot: &Snapshot,
    question: &SignedRequest,
    request: Request<Incoming>,
    peer: Peer,
) -> Result<Response, Refused> {
    let state = &serves.shared.state;
    let replayed = |stale| match stale {
        Stale::Full => Refused::new(503, "no room for a further nonce", Some(1)),
        Stale::Outside | Stale::Early(_) => Refused::new(412, "created is too old", None),
        Stale::Replayed => Refused::new(409, "this nonce was used before", None),
    };
    let admitted = snapshot.roster.admits(&question.hotkey);
    let admitted =
        admitted.map_err(|()| Refused::new(403, "this hotkey may not ask here", None))?;
    let tokens = state.take(question.hotkey, admitted, snapshot.stake);
    tokens
        .map_err(|after| Refused::new(TOO_MANY, "too many questions of this key", Some(after)))?;
    if admitted.is_some() {
        // Before the rate, or for a key that is free, a signature would keep a connection for good.
        state.gate().prove(peer.id);
        state.welcome(question.hotkey, peer.address.ip());
    }
    let own = admitted.map(|_| question.hotkey);
    let stake = admitted.map_or(0, |admitted| admitted.stake.to_u128());
    let own = state.works.own(own, stake, snapshot.stake);
    let _own =
        own.ok_or_else(|| Refused::new(503, "too many open questions of this key", Some(1)))?;
    if let Some(mark) = &state.mark {
        let covered = mark.cover(question.created).await;
        // The mark has logged the problem.
        covered.map_err(|_| {
            Refused::new(
                503,
                "this server cannot store what it has accepted",
                Some(1),
            )
        })?;
    }
    // Looks again: the same question may have passed the first look at the same time.
    let remembered = state
        .freshness()
        .remember(question.hotkey, question.created, question.nonce);
    remembered.map_err(replayed)?;

    let until = Duration::from_secs(question.expires.saturating_sub(seconds()));
    let body = body(serves, question, request, until).await?;
    let Some(_place) = state.works.place() else {
        // Nothing was done: the caller may send the same question again.
        state
            .freshness()
            .take_back(question.hotkey, question.created, question.nonce);
        return Err(Refused::new(503, "all places are taken", Some(1)));
    };
    let until = Duration::from_secs(question.expires.saturating_sub(seconds()));
    let caller = Caller {
        uid: admitted.and_then(|admitted| admitted.uid),
        stake: admitted.map_or(Rao::ZERO, |admitted| admitted.stake),
        guest: admitted.is_none(),
        question: question.clone(),
        address: peer.address,
    };
    let answer = serves.service.answer(&caller, &question.path, body);
    let answer = timeout(until, answer).await;
    answer.map_err(|_| Refused::new(504, "the question expired", None))
}

/// Reads the body up to its declared length, and compares its hash with the signed one.
async fn body<S: Service>(
    serves: &Serves<S>,
    question: &SignedRequest,
    request: Request<Incoming>,
    until: Duration,
) -> Result<Vec<u8>, Refused> {
    let limits = &serves.shared.state.limits;
    let read = Limited::new(request.into_body(), limits.question).collect();
    let body = match timeout(limits.body.min(until), read).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return Err(Refused::new(400, "the body ended early", None)),
        Err(_) => return Err(Refused::new(408, "the body took too long", None)),
    };
    if sha256(&body) != question.body {
        return Err(Refused::new(
            400,
            "the body does not have the signed hash",
            None,
        ));
    }
    Ok(body.into())
}

/// Signs a response to a question.
fn signed<S: Service>(
    serves: &Serves<S>,
    question: &SignedRequest,
    response: Response,
    retry_after: Option<u64>,
) -> Reply {
    let Response {
        status,
        media,
        body,
    } = response;
    let answered = Answered {
        status,
        media,
        body: sha256(&body),
        created: seconds(),
    };
    let basis = Basis::Signature(&question.signature);
    let account = serves.hotkey.account();
    let signature = serves.hotkey.sign(&answered.base(&account, basis));
    let fields = answered.write(&account, basis, &signature);
    with_fields(status, &fields, Outgoing::whole(body), retry_after)
}

/// Returns a response with these fields.
pub fn with_fields(
    status: u16,
    fields: &[(&'static str, String)],
    body: Outgoing,
    retry_after: Option<u64>,
) -> Reply {
    let mut reply = Reply::new(body);
    // The status codes of this crate, and those that `Response` admits, are all valid.
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    for (name, value) in fields {
        let name = header::HeaderName::try_from(*name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

/// Returns a refusal without a signature, after which the connection closes.
pub fn unsigned(status: u16, reason: &str, retry_after: Option<u64>) -> (Reply, bool) {
    let fields = [("Content-Type", Media::Text.text().to_owned())];
    let body = Outgoing::whole(format!("{reason}\n"));
    (with_fields(status, &fields, body, retry_after), false)
}
