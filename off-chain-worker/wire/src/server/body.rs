//! Bodies of responses: bytes, or a blob that is read while it is sent.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// The body of a response.
#[derive(Debug)]
pub enum Outgoing {
    /// Bytes that are in memory.
    Whole(Option<Bytes>),
    /// Bytes that follow, and the number of those that are missing.
    Pieces(mpsc::Receiver<io::Result<Bytes>>, u64),
}

impl Outgoing {
    /// Returns a body of `bytes`.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces(pieces, missing) => pieces.poll_recv(context).map(|piece| {
                let piece = match piece? {
                    Ok(piece) => piece,
                    Err(problem) => return Some(Err(problem)),
                };
                let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                *missing = missing.saturating_sub(length);
                Some(Ok(Frame::data(piece)))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Pieces(_, missing) => *missing == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Self::Pieces(_, missing) => SizeHint::with_exact(*missing),
        }
    }
}

/// The response type of the server's handler.
pub type Reply = http::Response<Outgoing>;
/// The error of the server's handler: each failure is a response.
pub type Never = Infallible;
