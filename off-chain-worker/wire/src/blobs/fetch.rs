//! Blobs from mirrors, of which none is trusted: the hash decides.

use super::{digits, BlobError, Blobs, Hasher};
use crate::client::{insert, pool::Arriving, request, Cause, Client, Endpoint, Transport};
use bytes::Bytes;
use http::{header, Method};
use http_body_util::BodyExt;
use inktensor_primitives::{
    hash::hex,
    registry::{Host, MAX_HOST},
    Digest,
};
use std::{path::Path, time::Duration};
use thiserror::Error;
use tokio::{
    fs::File,
    io::AsyncWriteExt,
    time::{timeout, timeout_at, Instant},
};

/// Times that a broken transfer is continued at the same mirror.
const CONTINUES: u32 = 3;
/// Most bytes of the path of a mirror.
const MAX_PREFIX: usize = 128;

/// A place that may serve a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    host: Host,
    port: u16,
    transport: Transport,
    prefix: String,
}

/// A text that is not the address of a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a mirror; expected https://HOST[:PORT]/PATH or http://HOST[:PORT]/PATH")]
pub struct MirrorError(pub String);

/// A blob that no mirror has served.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The folder cannot take it.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// No mirror had it.
    #[error("no mirror has served the blob {}: {}", hex(hash), problems(tried))]
    Nowhere {
        /// The blob.
        hash: Digest,
        /// The mirrors in the order of trying, with the reason of each.
        tried: Vec<(Mirror, MirrorProblem)>,
    },
}

/// A reason for which a mirror has not served a blob.
#[derive(Debug, Error)]
pub enum MirrorProblem {
    /// No connection, no answer, or another status.
    #[error(transparent)]
    Cause(#[from] Cause),
    /// Other bytes.
    #[error("it served bytes with another hash")]
    Hash,
    /// A response without a length, or with one above the limit.
    #[error("it named no length, or one above the limit of {0} bytes")]
    Length(u64),
    /// Another part than the one that was asked for.
    #[error("it served another part than the one asked for")]
    Range,
    /// The folder cannot take it.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl Mirror {
    /// Returns the mirror that a neuron is.
    pub fn neuron(endpoint: &Endpoint) -> Self {
        Self {
            host: endpoint.host.clone(),
            port: endpoint.port,
            transport: endpoint.transport(),
            prefix: "/v1/blob/".into(),
        }
    }

    /// Reads the address of a web server, below which a blob is found by its 64 digits.
    ///
    /// With `https` any certificate is accepted: the hash of the blob is known, and blobs are
    /// public.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn parse(text: &str) -> Result<Self, MirrorError> {
        parse(text).ok_or_else(|| MirrorError(text.chars().take(MAX_HOST).collect()))
    }
}

fn parse(text: &str) -> Option<Mirror> {
    let (transport, usual, rest) = match text.split_once("://")? {
        ("https", rest) => (Transport::Unchecked, 443, rest),
        ("http", rest) => (Transport::Plain, 80, rest),
        _ => return None,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().ok()?),
        None => (authority, usual),
    };
    let letter = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.');
    let named = !name.is_empty() && name.len() <= MAX_HOST && name.bytes().all(letter);
    let path = path.trim_end_matches('/');
    let walk = |it: u8| letter(it) || matches!(it, b'_' | b'~' | b'/');
    let walks = path.len() <= MAX_PREFIX && path.bytes().all(walk);
    let prefix = if path.is_empty() {
        "/".into()
    } else {
        format!("/{path}/")
    };
    let host = Host::Name(name.into());
    (named && walks).then_some(Mirror {
        host,
        port,
        transport,
        prefix,
    })
}

/// A transfer in progress: the file, the hash so far, and the position.
struct Transfer {
    file: File,
    hasher: Hasher,
    done: u64,
    size: Option<u64>,
}

impl Blobs {
    /// Fetches a blob of at most `most` bytes from the first mirror that has it, and stores it.
    /// Each mirror has at most `deadline`. The limit of the folder holds besides.
    ///
    /// A longer blob is refused by the length that the mirror names, before a byte is read.
    /// A transfer that breaks is continued at the same mirror. Bytes of two mirrors are never
    /// mixed, so one that lies costs its own time only.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch(
        &self,
        client: &Client,
        hash: &Digest,
        most: u64,
        mirrors: &[Mirror],
        deadline: Duration,
    ) -> Result<(), FetchError> {
        let most = most.min(self.limits.size);
        match self.size_of(hash) {
            Some(size) if size > most => return Err(BlobError::Size { size, limit: most }.into()),
            Some(_) => return Ok(()),
            None => {}
        }
        let mut tried = Vec::new();
        for mirror in mirrors {
            let part = self.part();
            let until = Instant::now().checked_add(deadline);
            let fetched = self.fetch_from(client, (hash, most), mirror, &part, until);
            match fetched.await {
                Ok(()) => return Ok(()),
                Err(problem) => {
                    // The reason of the failure is the one to report.
                    let _ = tokio::fs::remove_file(&part).await;
                    if let MirrorProblem::Blob(
                        problem @ (BlobError::Full { .. } | BlobError::File { .. }),
                    ) = problem
                    {
                        return Err(problem.into());
                    }
                    tried.push((mirror.clone(), problem));
                }
            }
        }
        Err(FetchError::Nowhere { hash: *hash, tried })
    }

    async fn fetch_from(
        &self,
        client: &Client,
        (hash, most): (&Digest, u64),
        mirror: &Mirror,
        part: &Path,
        until: Option<Instant>,
    ) -> Result<(), MirrorProblem> {
        let file = |problem| BlobError::File {
            path: part.into(),
            problem,
        };
        let created = File::create(part).await.map_err(file)?;
        let mut transfer = Transfer {
            file: created,
            hasher: Hasher::new(),
            done: 0,
            size: None,
        };
        let mut room = None;
        let mut continued = 0;
        loop {
            let head = head(client, hash, mirror, transfer.done);
            let arriving = within(until, head).await??;
            let size = size(&arriving, &transfer, most)?;
            if room.is_none() {
                room = Some(self.reserve(size)?);
            }
            transfer.size = Some(size);
            let copied = copy(client, arriving, &mut transfer, part);
            match within(until, copied).await? {
                Ok(()) => break,
                Err(MirrorProblem::Cause(Cause::Closed(_))) if continued < CONTINUES => {
                    continued = continued.saturating_add(1);
                }
                Err(problem) => return Err(problem),
            }
        }
        transfer.file.sync_all().await.map_err(file)?;
        if transfer.hasher.digest() != *hash {
            return Err(MirrorProblem::Hash);
        }
        match room {
            Some(room) if room.size == transfer.done => Ok(self.keep(part, *hash, room)?),
            Some(_) => Err(MirrorProblem::Range),
            None => Err(MirrorProblem::Length(most)),
        }
    }
}

/// Returns the size of the whole blob, of at most `most` bytes, from the head of a response.
fn size(arriving: &Arriving, transfer: &Transfer, most: u64) -> Result<u64, MirrorProblem> {
    let status = arriving.response.status().as_u16();
    if !matches!(status, 200 | 206) {
        // The page of an error has a length of its own.
        return Err(Cause::Status(status).into());
    }
    let headers = arriving.response.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let length = text(header::CONTENT_LENGTH).and_then(|it| it.parse::<u64>().ok());
    let length = length.ok_or(MirrorProblem::Length(most))?;
    let size = transfer
        .done
        .checked_add(length)
        .filter(|size| *size <= most);
    let size = size.ok_or(MirrorProblem::Length(most))?;
    // Room was reserved for the size that the first response named.
    let same = transfer.size.is_none_or(|before| before == size);
    match (status, transfer.done) {
        (200, 0) if same => Ok(size),
        (206, done) if done > 0 => {
            let last = size.saturating_sub(1);
            let expected = format!("bytes {done}-{last}/{size}");
            if same && text(header::CONTENT_RANGE) == Some(&expected) {
                Ok(size)
            } else {
                Err(MirrorProblem::Range)
            }
        }
        (200, _) => Err(MirrorProblem::Range),
        (status, _) => Err(Cause::Status(status).into()),
    }
}

async fn head(
    client: &Client,
    hash: &Digest,
    mirror: &Mirror,
    from: u64,
) -> Result<Arriving, Cause> {
    let path = format!("{}{}", mirror.prefix, digits(hash));
    let mut request = request(Method::GET, &path, Bytes::new())?;
    if from > 0 {
        insert(request.headers_mut(), "Range", &format!("bytes={from}-"))?;
    }
    let sent = client.send_to(&mirror.host, mirror.port, mirror.transport, request);
    timeout(client.stall(), sent)
        .await
        .unwrap_or(Err(Cause::Deadline))
}

/// Copies the body of a response to the file.
async fn copy(
    client: &Client,
    arriving: Arriving,
    transfer: &mut Transfer,
    part: &Path,
) -> Result<(), MirrorProblem> {
    let file = |problem| BlobError::File {
        path: part.into(),
        problem,
    };
    let (response, rest) = arriving.split();
    let mut body = response.into_body();
    let size = transfer.size.unwrap_or(0);
    while transfer.done < size {
        let frame = timeout(client.stall(), body.frame()).await;
        let frame = frame.map_err(|_| Cause::Closed("no bytes for too long".into()))?;
        let early = || Cause::Closed("the body ended early".into());
        let frame = frame
            .ok_or_else(early)?
            .map_err(|problem| Cause::Closed(problem.to_string()))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        let done = transfer
            .done
            .checked_add(length)
            .filter(|done| *done <= size);
        transfer.done = done.ok_or(MirrorProblem::Length(size))?;
        transfer.hasher.update(&piece);
        transfer.file.write_all(&piece).await.map_err(file)?;
    }
    transfer.file.flush().await.map_err(file)?;
    rest.keep();
    Ok(())
}

async fn within<T>(
    until: Option<Instant>,
    work: impl std::future::Future<Output = T>,
) -> Result<T, MirrorProblem> {
    match until {
        Some(until) => timeout_at(until, work)
            .await
            .map_err(|_| Cause::Deadline.into()),
        None => Ok(work.await),
    }
}

fn problems(tried: &[(Mirror, MirrorProblem)]) -> String {
    if tried.is_empty() {
        return "no mirror is known; name one".into();
    }
    let name = |host: &Host| match host {
        Host::V4(address) => std::net::Ipv4Addr::from(*address).to_string(),
        Host::V6(address) => std::net::Ipv6Addr::from(*address).to_string(),
        Host::Name(name) => name.clone(),
    };
    let texts = tried
        .iter()
        .map(|(mirror, problem)| format!("{}: {problem}", name(&mirror.host)));
    texts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_addresses_of_web_servers() {
        let mirror = Mirror::parse("https://example.org/blobs").unwrap();
        assert_eq!((mirror.port, mirror.transport), (443, Transport::Unchecked));
        assert_eq!(mirror.prefix, "/blobs/");
        let mirror = Mirror::parse("http://m0.localhost:8080").unwrap();
        assert_eq!((mirror.port, mirror.transport), (8080, Transport::Plain));
        assert_eq!(mirror.prefix, "/");
        assert_eq!(
            Mirror::parse("http://a.b/c/d_e~/").unwrap().prefix,
            "/c/d_e~/"
        );
    }

    #[test]
    fn parse_refuses_other_texts() {
        for text in [
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https:///x",
            "http://a:b/",
            "http://a:99999/",
            "http://user@a/",
            "http://a/x y",
            "http://a/?q",
            "http://a/#f",
            "http://a\r\nHost: b/",
            "http://[::1]/",
        ] {
            assert!(Mirror::parse(text).is_err(), "{text:?}");
        }
    }
}
