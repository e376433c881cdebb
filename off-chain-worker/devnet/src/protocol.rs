//! What a served chain and its clients say to each other.
//!
//! A frame is its length (4 bytes, little endian) and so many bytes. A request is the protocol's
//! number (1 byte) and a [`Request`] in SCALE; it is answered with a `Result<T, ChainError>` in
//! SCALE, in which the request tells `T`. Both ends hold a frame against a limit before they make
//! room for it, and against a deadline while it comes.

use inktensor_primitives::{AccountId, Digest};
use scale::{Decode, DecodeAll, Encode};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// The number of the protocol. It changes with every change to what is said.
const PROTOCOL: u8 = 2;
/// Most bytes of a request. The largest is code, of which a chain takes 123 KiB; calls fit a
/// contract's buffer of 256 KiB.
pub const MAX_REQUEST: usize = 1024 * 1024;
/// Most bytes of an answer. A contract's memory, and so what it returns, is at most 1 MiB.
pub const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// Bytes of events after which a page of them ends; the event that passes it is the last one.
pub const EVENTS_PAGE: usize = 1024 * 1024;

/// What a client asks for. Each is a method of [`Chain`](super::Chain), but for the last two.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// Answered with `Digest`.
    Genesis,
    /// Answered with `u32`.
    Block,
    /// Answered with `Vec<u8>`.
    Read {
        /// Who reads.
        caller: AccountId,
        /// The contract.
        to: AccountId,
        /// Selector and arguments.
        input: Vec<u8>,
    },
    /// Answered with `Receipt`.
    Submit {
        /// Who signs.
        signer: AccountId,
        /// The contract.
        to: AccountId,
        /// Selector and arguments.
        input: Vec<u8>,
    },
    /// Answered with `Digest`.
    Upload {
        /// Who signs.
        signer: AccountId,
        /// The code.
        code: Vec<u8>,
    },
    /// Answered with `Instantiated`.
    Instantiate {
        /// Who signs.
        signer: AccountId,
        /// Which code.
        code_hash: Digest,
        /// The constructor's selector and arguments.
        input: Vec<u8>,
        /// Tells contracts of equal code and arguments apart.
        salt: Vec<u8>,
    },
    /// Answered with `Instantiated`.
    Estimate {
        /// Who would sign.
        signer: AccountId,
        /// The code.
        code: Vec<u8>,
        /// The constructor's selector and arguments.
        input: Vec<u8>,
        /// Tells contracts of equal code and arguments apart.
        salt: Vec<u8>,
    },
    /// Answered with `Option<Vec<u8>>`.
    Code(Digest),
    /// Answered with `Option<Digest>`.
    CodeHash(AccountId),
    /// Answered with a [`Page`] of events.
    Events {
        /// The first block.
        from: u32,
        /// Events from that block on that the client has already.
        skip: u32,
    },
    /// The contracts deployed on the chain. Answered with `Vec<(String, AccountId)>`.
    Contracts,
    /// Lets blocks pass. Answered with the block, `u32`.
    Advance(u32),
}

/// Part of a list of events.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Page {
    /// The events.
    pub events: Vec<super::ContractEvent>,
    /// Whether these are the last.
    pub last: bool,
}

impl Request {
    /// The bytes of the request's frame.
    pub fn frame(&self) -> Vec<u8> {
        let mut frame = vec![PROTOCOL];
        self.encode_to(&mut frame);
        frame
    }

    /// The request in a frame; what is wrong with it if there is none.
    pub fn parse(frame: &[u8]) -> Result<Self, String> {
        match frame.split_first() {
            Some((&PROTOCOL, body)) => Request::decode_all(&mut &body[..])
                .map_err(|_| "the request cannot be read".to_owned()),
            Some((other, _)) => Err(format!(
                "the client speaks protocol {other}, this chain speaks {PROTOCOL}; use the same version of both"
            )),
            None => Err("the request is empty".to_owned()),
        }
    }
}

/// Sends one frame.
pub fn send(stream: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| too_long(body.len()))?;
    let mut frame = Vec::with_capacity(body.len().saturating_add(4));
    frame.extend(length.to_le_bytes());
    frame.extend(body);
    // In one piece, so that it goes out as few packets as it can.
    stream.write_all(&frame)?;
    stream.flush()
}

/// Receives one frame of at most `limit` bytes. Room is made as bytes come, not as they are
/// announced.
pub fn receive(stream: &mut impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    match usize::try_from(length) {
        Ok(length) if length <= limit => (),
        _ => return Err(too_long(usize::try_from(length).unwrap_or(usize::MAX))),
    }
    let mut body = Vec::new();
    let got = stream.take(u64::from(length)).read_to_end(&mut body)?;
    if u32::try_from(got) != Ok(length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

fn too_long(length: usize) -> io::Error {
    let problem = format!("a frame of {length} bytes is longer than any can be");
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// A stream on which nothing lasts longer than until a deadline, however slowly the other end goes.
pub struct Timed<'a> {
    stream: &'a TcpStream,
    deadline: Instant,
}

impl<'a> Timed<'a> {
    /// `stream`, until `deadline`.
    pub const fn new(stream: &'a TcpStream, deadline: Instant) -> Self {
        Self { stream, deadline }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the time given is over",
            ));
        }
        Ok(left)
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        let mut stream = self.stream;
        stream.read(buffer)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        let mut stream = self.stream;
        stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut stream = self.stream;
        stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_comes_back_as_it_was_sent() {
        let mut wire = Vec::new();
        send(&mut wire, &[1, 2, 3]).unwrap();
        send(&mut wire, &[]).unwrap();
        assert_eq!(wire, [3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]);
        let mut wire = &wire[..];
        assert_eq!(receive(&mut wire, 3).unwrap(), [1, 2, 3]);
        assert!(receive(&mut wire, 3).unwrap().is_empty());
        assert!(receive(&mut wire, 3).is_err());
    }

    #[test]
    fn a_frame_that_is_announced_too_long_is_refused_before_it_comes() {
        let wire = [255, 255, 255, 255, 1];
        let error = receive(&mut &wire[..], MAX_REQUEST).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_frame_that_ends_early_is_none() {
        let wire = [3, 0, 0, 0, 1, 2];
        let error = receive(&mut &wire[..], MAX_REQUEST).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn requests_of_another_protocol_are_told_apart() {
        let mut frame = Request::Block.frame();
        assert_eq!(Request::parse(&frame), Ok(Request::Block));
        frame[0] = 9;
        let problem = Request::parse(&frame).unwrap_err();
        assert!(problem.contains("protocol 9"), "{problem}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_of_requests_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Request::parse(&bytes);
            let mut framed = vec![PROTOCOL];
            framed.extend(&bytes);
            // A list that is announced long must not be made room for.
            let _ = Request::parse(&framed);
        }

        #[test]
        fn what_is_left_over_makes_a_request_unreadable(more in 1usize..8) {
            let mut frame = Request::Advance(7).frame();
            frame.extend(vec![0; more]);
            prop_assert!(Request::parse(&frame).is_err());
        }
    }
}
