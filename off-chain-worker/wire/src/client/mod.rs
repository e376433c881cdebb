//! The caller: asks, verifies, and returns a receipt. Each address and each byte of an answer is
//! hostile.

pub mod address;
mod answered;
pub(crate) mod pool;

pub use address::AddressError;

use crate::{
    fields::{write_question, Answered, Asked, Basis},
    receipt::SKEW,
    server::seconds,
    signature::{sha256, verify, Hotkey},
    tls::Pin,
    Content, Context, Media, Outcome, Path, SignedRequest, SignedResponse, VerifyError,
    MAX_LIFETIME, MAX_QUESTION,
};
use answered::AnsweredAt;
use bytes::Bytes;
use http::{header, HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use inktensor_primitives::{
    hash::hex,
    registry::{Axon, Host},
    AccountId,
};
use pool::{Arriving, Pool, Target};
use rustls::crypto::SecureRandom;
use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio::time::{sleep, timeout};

/// Most bytes of an answer by default.
pub const MAX_ANSWER: usize = 1024 * 1024;
/// Wait before a question is signed again for a receiver that has just started.
const AFTER_EARLY: Duration = Duration::from_secs(1);
/// First wait before a question is sent again for which the receiver had no room. Each next wait is
/// twice as long.
const AFTER_CLOSED: Duration = Duration::from_millis(250);
/// Most waits for room of a question.
const MAX_WAITS: u32 = 5;

/// The endpoint of a neuron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// SHA-256 of the certificate. `None` for plain HTTP.
    pub tls: Option<Pin>,
}

/// The way to speak to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP without TLS.
    Plain,
    /// TLS with this certificate.
    Pinned(Pin),
    /// TLS with any certificate: only for bytes whose hash is known.
    Unchecked,
}

/// The limits of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Most bytes of a question's body.
    pub question: usize,
    /// Most bytes of an answer's body.
    pub answer: usize,
    /// Longest time without a byte of a blob.
    pub stall: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            question: MAX_QUESTION,
            answer: MAX_ANSWER,
            stall: Duration::from_secs(10),
        }
    }
}

/// A caller with a hotkey.
pub struct Client {
    hotkey: Hotkey,
    limits: ClientLimits,
    allow_private: bool,
    pool: Pool,
    answered: AnsweredAt,
    random: &'static dyn SecureRandom,
}

/// A question and its outcome: a receipt, if the outcome is signed.
#[derive(Debug)]
pub struct Exchange {
    /// The question as it was signed.
    pub request: SignedRequest,
    /// The outcome. A signed one is verified.
    pub outcome: Outcome,
    /// The reason for which there is no signed answer, for a log.
    pub cause: Option<Cause>,
    /// The time from the first signature to the outcome.
    pub millis: u32,
}

/// A question that was not sent.
#[derive(Debug, Error)]
pub enum AskError {
    /// A deadline of less than a second, or above the longest lifetime.
    #[error("a deadline of {0:?} is outside of 1 to {MAX_LIFETIME} seconds")]
    Deadline(Duration),
    /// A body above the limit.
    #[error("a question of {size} bytes is above the limit of {limit}; shorten it")]
    Body {
        /// The size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a nonce")]
    Random,
    /// A question that cannot be signed.
    #[error(transparent)]
    Sign(#[from] VerifyError),
}

/// A reason for which there is no signed answer.
#[derive(Debug, Error)]
pub enum Cause {
    /// An address that is not connected to.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// No TLS.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// Another certificate than that of the endpoint.
    #[error("the certificate there has the hash {}, which is not the endpoint's", hex(&shown.0))]
    Certificate {
        /// The certificate that the server has shown.
        shown: Pin,
    },
    /// A connection that the receiver closed before TLS: it has no room.
    #[error("the connection was closed before TLS: {0}")]
    Early(String),
    /// A connection that ended early, or that does not speak HTTP.
    #[error("the connection ended: {0}")]
    Closed(String),
    /// No whole answer in time.
    #[error("no whole answer up to the deadline")]
    Deadline,
    /// An answer above the limit.
    #[error("the answer is longer than {0} bytes, or ended early")]
    Length(usize),
    /// An answer whose signature is missing or does not hold.
    #[error("status {status} without a signature that holds: {reason}")]
    Unsigned {
        /// The status code.
        status: u16,
        /// The reason.
        reason: String,
    },
    /// A page with another status than 200.
    #[error("status {0}")]
    Status(u16),
}

impl Cause {
    fn closed(problem: hyper::Error) -> Self {
        Self::Closed(problem.to_string())
    }
}

impl From<&Axon> for Endpoint {
    fn from(axon: &Axon) -> Self {
        Self {
            host: axon.host.clone(),
            port: axon.port,
            tls: axon.tls.map(Pin),
        }
    }
}

impl Endpoint {
    pub(crate) fn transport(&self) -> Transport {
        self.tls.map_or(Transport::Plain, Transport::Pinned)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("hotkey", &self.hotkey)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Returns a client. With `allow_private` it also connects to private and local addresses: for
    /// tests and for networks of one's own.
    pub fn new(hotkey: Hotkey, limits: ClientLimits, allow_private: bool) -> Self {
        let random = rustls::crypto::ring::default_provider().secure_random;
        Self {
            hotkey,
            limits,
            allow_private,
            pool: Pool::default(),
            answered: AnsweredAt::default(),
            random,
        }
    }

    /// Remembers that a receiver has answered at an address, or forgets it.
    pub fn remember(&self, address: SocketAddr, receiver: AccountId, answers: bool) {
        self.answered.set(address, receiver, answers);
    }

    /// Returns true if the receiver has answered at the address, as [`Self::remember`] was given.
    pub fn remembers(&self, address: SocketAddr, receiver: AccountId) -> bool {
        self.answered.has(address, receiver)
    }

    /// Returns the caller's account.
    pub fn account(&self) -> AccountId {
        self.hotkey.account()
    }

    /// Asks, and waits at most `deadline`: 1 to 60 seconds. The question expires at the first whole
    /// second after it.
    ///
    /// A receiver that has just started refuses with 425. The client then signs and asks again, up
    /// to the deadline. One that closes the connection before TLS has no room: the client asks
    /// again a few times.
    ///
    /// # Errors
    /// See [`AskError`]: nothing was sent. All that the receiver or the network does is an outcome.
    pub async fn ask(
        &self,
        endpoint: &Endpoint,
        context: &Context,
        path: &Path,
        media: Media,
        body: Vec<u8>,
        deadline: Duration,
    ) -> Result<Exchange, AskError> {
        let limit = self.limits.question;
        if body.len() > limit {
            return Err(AskError::Body {
                size: body.len(),
                limit,
            });
        }
        if deadline < Duration::from_secs(1) || deadline > Duration::from_secs(MAX_LIFETIME) {
            return Err(AskError::Deadline(deadline));
        }
        let start = Instant::now();
        let body = Bytes::from(body);
        let mut waits = 0_u32;
        loop {
            let left = deadline.saturating_sub(start.elapsed());
            let request = self.sign(context, path, media, &body, left)?;
            let answer = self.exchange(endpoint, &request, body.clone());
            let answer = timeout(left, answer).await.unwrap_or(Err(Cause::Deadline));
            let left = deadline.saturating_sub(start.elapsed());
            if matches!(&answer, Err(Cause::Unsigned { status: 425, .. })) && left > AFTER_EARLY {
                sleep(AFTER_EARLY).await;
                continue;
            }
            let wait = AFTER_CLOSED.saturating_mul(2_u32.saturating_pow(waits));
            if matches!(&answer, Err(Cause::Early(_))) && waits < MAX_WAITS && left > wait {
                waits = waits.saturating_add(1);
                sleep(wait).await;
                continue;
            }
            let millis = u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX);
            let (outcome, cause) = match answer {
                Ok(response) => (Outcome::of(response), None),
                Err(cause) => (outcome_of(&cause, millis), Some(cause)),
            };
            return Ok(Exchange {
                request,
                outcome,
                cause,
                millis,
            });
        }
    }

    /// Reads the greeting of `receiver`, and checks its signature and its time.
    ///
    /// # Errors
    /// See [`Cause`].
    pub async fn hello(
        &self,
        endpoint: &Endpoint,
        receiver: &AccountId,
        deadline: Duration,
    ) -> Result<Vec<u8>, Cause> {
        let read = async {
            let path = Path::new("/v1/hello").map_err(|it| Cause::Closed(it.to_string()))?;
            let (status, headers, body) = self.get(endpoint, &path).await?;
            let basis = Basis::Path(&path);
            let answered = verified(status, &headers, &body, receiver, basis)?.0;
            let reason = "it was signed at another time".to_owned();
            if answered.created.abs_diff(seconds()) > SKEW {
                return Err(Cause::Unsigned { status, reason });
            }
            Ok(body)
        };
        timeout(deadline, read)
            .await
            .unwrap_or(Err(Cause::Deadline))
    }

    /// Reads an unsigned page of at most `limit` bytes. Check it by a hash that is known.
    ///
    /// # Errors
    /// See [`Cause`].
    pub async fn page(
        &self,
        endpoint: &Endpoint,
        path: &Path,
        limit: usize,
        deadline: Duration,
    ) -> Result<Vec<u8>, Cause> {
        let read = async {
            let request = request(Method::GET, path.as_str(), Bytes::new())?;
            let arriving = self.send(endpoint, request).await?;
            match arriving.response.status().as_u16() {
                200 => Ok(read(arriving, limit).await?.2),
                status => Err(Cause::Status(status)),
            }
        };
        timeout(deadline, read)
            .await
            .unwrap_or(Err(Cause::Deadline))
    }

    /// Signs a question with a new nonce.
    fn sign(
        &self,
        context: &Context,
        path: &Path,
        media: Media,
        body: &[u8],
        lifetime: Duration,
    ) -> Result<SignedRequest, AskError> {
        let mut nonce = [0; 16];
        self.random.fill(&mut nonce).map_err(|_| AskError::Random)?;
        let created = seconds();
        let whole = lifetime.as_secs();
        let rounded = if lifetime.subsec_nanos() > 0 {
            whole.saturating_add(1)
        } else {
            whole
        };
        let lifetime = rounded.clamp(1, MAX_LIFETIME);
        let asked = Asked {
            path: path.clone(),
            media,
            body: sha256(body),
            context: *context,
            created,
            expires: created.saturating_add(lifetime),
            nonce,
        };
        Ok(SignedRequest::sign(&self.hotkey, asked)?)
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        question: &SignedRequest,
        body: Bytes,
    ) -> Result<SignedResponse, Cause> {
        let mut request = request(Method::POST, question.path.as_str(), body)?;
        for (name, value) in write_question(question) {
            insert(request.headers_mut(), name, &value)?;
        }
        let arriving = self.send(endpoint, request).await?;
        let status = arriving.response.status().as_u16();
        let read = read(arriving, self.limits.answer).await;
        // Not silence: the receiver has answered something that does not count.
        let length = |problem: Cause| Cause::Unsigned {
            status,
            reason: problem.to_string(),
        };
        let (status, headers, body) = read.map_err(length)?;
        let basis = Basis::Signature(&question.signature);
        let receiver = question.context.to;
        let (answered, signature) = verified(status, &headers, &body, &receiver, basis)?;
        let response = SignedResponse {
            status,
            media: answered.media,
            content: Content::Whole(body),
            created: answered.created,
            signature,
        };
        let unsigned = |problem: VerifyError| Cause::Unsigned {
            status,
            reason: problem.to_string(),
        };
        response.verify_times(question).map_err(unsigned)?;
        Ok(response)
    }

    async fn get(
        &self,
        endpoint: &Endpoint,
        path: &Path,
    ) -> Result<(u16, HeaderMap, Vec<u8>), Cause> {
        let request = request(Method::GET, path.as_str(), Bytes::new())?;
        read(self.send(endpoint, request).await?, self.limits.answer).await
    }

    async fn send(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
    ) -> Result<Arriving, Cause> {
        self.send_to(&endpoint.host, endpoint.port, endpoint.transport(), request)
            .await
    }

    /// Sends a request over a kept or a new connection, with the field `Host`.
    pub(crate) async fn send_to(
        &self,
        host: &Host,
        port: u16,
        transport: Transport,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Arriving, Cause> {
        let name = match host {
            Host::V4(address) => Ipv4Addr::from(*address).to_string(),
            Host::V6(address) => format!("[{}]", Ipv6Addr::from(*address)),
            Host::Name(name) => name.clone(),
        };
        insert(request.headers_mut(), "Host", &format!("{name}:{port}"))?;
        let target = Target {
            host: name,
            port,
            transport,
        };
        self.pool
            .send(host, &target, self.allow_private, request)
            .await
    }

    pub(crate) fn stall(&self) -> Duration {
        self.limits.stall
    }
}

/// Returns a request in origin form.
pub(crate) fn request(
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, Cause> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Full::new(body));
    request.map_err(|problem| Cause::Closed(problem.to_string()))
}

/// Reads a whole response of at most `limit` bytes, and keeps the connection.
async fn read(arriving: Arriving, limit: usize) -> Result<(u16, HeaderMap, Vec<u8>), Cause> {
    let (response, rest) = arriving.split();
    let (head, body) = response.into_parts();
    let body = Limited::new(body, limit).collect().await;
    let body = body.map_err(|_| Cause::Length(limit))?;
    rest.keep();
    Ok((head.status.as_u16(), head.headers, body.to_bytes().into()))
}

/// Returns the fields of a response that `receiver` has signed.
fn verified(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    receiver: &AccountId,
    basis: Basis<'_>,
) -> Result<(Answered, [u8; 64]), Cause> {
    let unsigned = |reason: String| Cause::Unsigned { status, reason };
    let read = Answered::read(status, headers, receiver, basis);
    let (answered, signature) = read.map_err(|problem| unsigned(problem.to_string()))?;
    if answered.body != sha256(body) {
        return Err(unsigned("the body does not have the signed hash".into()));
    }
    if !verify(receiver, &answered.base(receiver, basis), &signature) {
        return Err(unsigned("the signature is not one of the receiver".into()));
    }
    Ok((answered, signature))
}

fn outcome_of(cause: &Cause, millis: u32) -> Outcome {
    match cause {
        Cause::Unsigned { status, .. } | Cause::Status(status) => {
            Outcome::Unsigned { status: *status }
        }
        Cause::Address(_)
        | Cause::Connect(_)
        | Cause::Tls(_)
        | Cause::Certificate { .. }
        | Cause::Early(_)
        | Cause::Closed(_)
        | Cause::Deadline
        | Cause::Length(_) => Outcome::Silent { millis },
    }
}

pub(crate) fn insert(
    headers: &mut HeaderMap,
    name: &'static str,
    value: &str,
) -> Result<(), Cause> {
    let value = HeaderValue::try_from(value);
    let value = value.map_err(|_| Cause::Closed(format!("the field {name} is not sendable")))?;
    let name = header::HeaderName::try_from(name);
    let name = name.map_err(|problem| Cause::Closed(problem.to_string()))?;
    headers.insert(name, value);
    Ok(())
}

#[cfg(test)]
mod tests;
