//! Unsigned requests: the server's greeting, blobs, and pages of the service.

use super::{
    body::{Outgoing, Reply},
    connection::{Peer, Serves},
    question::{unsigned, with_fields},
    state::{seconds, Event, Signed},
    Page, Service, Shared,
};
use crate::{
    blobs::{range::Range, BlobError},
    fields::{Answered, Basis},
    signature::sha256,
    Media, Path,
};
use bytes::Bytes;
use http::{header, Request};
use hyper::body::Incoming;
use inktensor_client::ss58::hexadecimal;
use inktensor_primitives::Digest;
use std::{
    io,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
    sync::{mpsc, OwnedSemaphorePermit},
    time::timeout,
};

/// The path of the greeting.
const HELLO: &str = "/v1/hello";
/// The folder of blobs.
const BLOB: &str = "/v1/blob/";
/// Bytes that are read of a blob at a time.
const PIECE: usize = 64 * 1024;
/// Pieces that wait for the connection.
const PIECES: usize = 2;

/// Answers an unsigned request. The flag is true if the connection may stay open.
pub async fn reply<S: Service>(
    serves: &Serves<S>,
    request: &Request<Incoming>,
    peer: Peer,
) -> (Reply, bool) {
    let state = &serves.shared.state;
    let room = state.gate().read(peer.address.ip(), Instant::now());
    let reply = match room {
        Err(after) => {
            let after = after.as_secs().saturating_add(1);
            unsigned(429, "too many pages for this address", Some(after))
        }
        Ok(()) => page(serves, request, peer).await,
    };
    state.count(if reply.1 {
        Event::Read
    } else {
        Event::Unsigned
    });
    reply
}

async fn page<S: Service>(
    serves: &Serves<S>,
    request: &Request<Incoming>,
    peer: Peer,
) -> (Reply, bool) {
    let target = request.uri();
    let path = Path::new(target.path());
    let path = match path {
        Ok(path) if target.query().is_none() && target.authority().is_none() => path,
        Ok(_) => return unsigned(400, "the target is a path without a query", None),
        Err(problem) => return unsigned(400, &problem.to_string(), None),
    };
    let range = request
        .headers()
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    if path.as_str() == HELLO {
        return (hello(serves, path), true);
    }
    if let Some(digits) = path.as_str().strip_prefix(BLOB) {
        let hash = hexadecimal(digits).and_then(|bytes| bytes.try_into().ok());
        return match hash {
            Some(hash) => blob(serves, hash, range, peer).await,
            None => unsigned(400, "a blob is named by 64 hexadecimal digits", None),
        };
    }
    match serves.service.page(&path) {
        Some(Page::Bytes { media, body }) => {
            let fields = [
                ("Content-Type", media.text().to_owned()),
                ("Cache-Control", "no-store".to_owned()),
            ];
            (with_fields(200, &fields, Outgoing::whole(body), None), true)
        }
        Some(Page::Blob(hash)) => blob(serves, hash, range, peer).await,
        None => unsigned(404, "there is no page at this path", None),
    }
}

/// Returns the greeting, signed over the path once a second.
fn hello<S: Service>(serves: &Serves<S>, path: Path) -> Reply {
    let created = seconds();
    let mut kept = serves.shared.state.hello();
    let signed = match kept.as_ref() {
        Some(signed) if signed.created == created => signed.clone(),
        _ => {
            let body = Bytes::from(serves.service.hello());
            let answered = Answered {
                status: 200,
                media: Media::Json,
                body: sha256(&body),
                created,
            };
            let (basis, account) = (Basis::Path(&path), serves.hotkey.account());
            let signature = serves.hotkey.sign(&answered.base(&account, basis));
            let fields = answered.write(&account, basis, &signature).into();
            kept.insert(Signed {
                created,
                fields,
                body,
            })
            .clone()
        }
    };
    drop(kept);
    with_fields(200, &signed.fields, Outgoing::whole(signed.body), None)
}

/// The place of a blob that is being sent, which its end gives back.
struct Transfer {
    shared: Arc<Shared>,
    address: IpAddr,
    is_strange: bool,
    _place: OwnedSemaphorePermit,
}

impl Transfer {
    /// Takes a place of all, and one of the address. `None` if all are taken.
    fn begin(shared: &Arc<Shared>, address: IpAddr) -> Option<Self> {
        let state = &shared.state;
        let place = Arc::clone(&state.transfers).try_acquire_owned().ok()?;
        let is_strange = state.gate().begin_transfer(address, Instant::now())?;
        Some(Self {
            shared: Arc::clone(shared),
            address,
            is_strange,
            _place: place,
        })
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let mut gate = self.shared.state.gate();
        gate.end_transfer(self.address, self.is_strange);
    }
}

async fn blob<S: Service>(
    serves: &Serves<S>,
    hash: Digest,
    range: Option<&str>,
    peer: Peer,
) -> (Reply, bool) {
    let Some(blobs) = &serves.blobs else {
        return unsigned(404, "this server has no blobs", None);
    };
    let Some(transfer) = Transfer::begin(&serves.shared, peer.address.ip()) else {
        return unsigned(503, "too many blobs are being sent", Some(1));
    };
    let (file, size) = match blobs.open(&hash).await {
        Ok(opened) => opened,
        Err(BlobError::Unknown(_) | BlobError::Damaged(_)) => {
            return unsigned(404, "this blob is not here", None)
        }
        Err(_) => return unsigned(500, "this blob cannot be read", None),
    };
    let Some(range) = Range::of(range, size) else {
        let fields = [("Content-Range", format!("bytes */{size}"))];
        return (
            with_fields(416, &fields, Outgoing::whole(Bytes::new()), None),
            true,
        );
    };
    let (send, pieces) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        // Held until the last piece is with the connection, or the connection has ended, or its
        // reader is too slow.
        send_pieces(file, range, send, &transfer).await;
    });
    let mut fields = vec![
        ("Content-Type", Media::Octets.text().to_owned()),
        ("Accept-Ranges", "bytes".to_owned()),
        // A blob never changes.
        (
            "Cache-Control",
            "public, max-age=31536000, immutable".to_owned(),
        ),
    ];
    let status = if range.is_part(size) {
        fields.push(("Content-Range", range.text(size)));
        206
    } else {
        200
    };
    let body = Outgoing::Pieces(pieces, range.length);
    (with_fields(status, &fields, body, None), true)
}

async fn send_pieces(
    mut file: File,
    range: Range,
    send: mpsc::Sender<io::Result<Bytes>>,
    transfer: &Transfer,
) {
    let limits = &transfer.shared.state.limits;
    let begun = Instant::now();
    let mut missing = range.length;
    let mut sought = file
        .seek(io::SeekFrom::Start(range.start))
        .await
        .map(|_| ());
    while missing > 0 {
        let piece = match sought {
            Ok(()) => read_piece(&mut file, missing).await,
            Err(problem) => Err(problem),
        };
        sought = Ok(());
        let length = piece.as_ref().map_or(missing, |piece| {
            u64::try_from(piece.len()).unwrap_or(missing)
        });
        // The time in which the slowest reader takes all that was sent before.
        let sent = range.length.saturating_sub(missing);
        let due = sent.checked_div(u64::from(limits.slowest)).unwrap_or(0);
        let longest = limits.stall.saturating_add(Duration::from_secs(due));
        missing = missing.saturating_sub(length);
        let rest = longest.saturating_sub(begun.elapsed());
        if !matches!(timeout(rest, send.send(piece)).await, Ok(Ok(()))) {
            // The connection has ended, or ends now, for its body is not whole.
            return;
        }
    }
}

async fn read_piece(file: &mut File, missing: u64) -> io::Result<Bytes> {
    let length = usize::try_from(missing).unwrap_or(PIECE).min(PIECE);
    let mut piece = vec![0; length];
    file.read_exact(&mut piece).await?;
    Ok(piece.into())
}
