//! The protocol between a served chain and its clients.
//!
//! A frame is its length (4 bytes, little endian) and that many bytes. A request is the protocol's
//! number (1 byte) and a [`Request`] in SCALE. Its answer is a `Result<T, ChainError>` in SCALE,
//! where the request determines `T`. Both ends check a frame's length before they allocate, and
//! have a deadline while it arrives.

use inktensor_client::chain::{BlockId, ContractEvent};
use inktensor_primitives::{AccountId, Digest};
use scale::{Decode, DecodeAll, Encode};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// Number of the protocol. Every change to requests or answers changes it.
const PROTOCOL: u8 = 3;
/// Largest request in bytes. The largest is code, up to 123 KiB on a chain; calls fit a contract's
/// buffer of 256 KiB.
pub const MAX_REQUEST: usize = 1024 * 1024;
/// Largest answer in bytes. A contract's memory, and so its output, is at most 1 MiB.
pub const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// Size in bytes at which a page of events ends. The event that passes it is the last one.
pub const EVENTS_PAGE: usize = 1024 * 1024;

/// A request of a client. All but the last two are methods of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// The answer is a `Digest`.
    Genesis,
    /// The answer is a `u32`.
    Block,
    /// The answer is a `BlockId`.
    Best,
    /// The answer is an `Option<Digest>`.
    Ancestor {
        /// Block whose past is asked for.
        of: BlockId,
        /// Number of a block in its past.
        number: u32,
    },
    /// The answer is a `bool`.
    Includes {
        /// Block whose past is asked for.
        of: BlockId,
        /// Block that may be in its past.
        block: BlockId,
    },
    /// The answer is a `Vec<u8>`.
    Read {
        /// Block to read at; by default the best one.
        at: Option<BlockId>,
        /// Caller of the message.
        caller: AccountId,
        /// Contract that receives the message.
        to: AccountId,
        /// Selector and arguments.
        input: Vec<u8>,
    },
    /// The answer is a `Receipt`.
    Submit {
        /// Signer of the message.
        signer: AccountId,
        /// Contract that receives the message.
        to: AccountId,
        /// Selector and arguments.
        input: Vec<u8>,
        /// Block without which the message is not valid.
        after: Option<BlockId>,
    },
    /// The answer is a `Digest`.
    Upload {
        /// Account that pays the deposit.
        signer: AccountId,
        /// The code.
        code: Vec<u8>,
    },
    /// The answer is an `Instantiated`.
    Instantiate {
        /// Account that makes the contract.
        signer: AccountId,
        /// Hash of the code.
        code_hash: Digest,
        /// The constructor's selector and arguments.
        input: Vec<u8>,
        /// Salt, for contracts with equal code and arguments.
        salt: Vec<u8>,
    },
    /// The answer is an `Instantiated`.
    Estimate {
        /// Account that would make the contract.
        signer: AccountId,
        /// The code.
        code: Vec<u8>,
        /// The constructor's selector and arguments.
        input: Vec<u8>,
        /// Salt, for contracts with equal code and arguments.
        salt: Vec<u8>,
    },
    /// The answer is an `Option<Vec<u8>>`.
    Code(Digest),
    /// The answer is an `Option<Digest>`.
    CodeHash(AccountId),
    /// The answer is a [`Page`] of events.
    Events {
        /// First block.
        from: u32,
        /// Number of events from that block on that the client already has.
        skip: u32,
    },
    /// The contracts deployed on the chain. The answer is a `Vec<(String, AccountId)>`.
    Contracts,
    /// Lets blocks pass. The answer is the new height, `u32`.
    Advance(u32),
}

/// A part of a list of events.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Page {
    /// The events.
    pub events: Vec<ContractEvent>,
    /// True if these are the last.
    pub last: bool,
}

impl Request {
    /// Returns the bytes of the request's frame.
    pub fn frame(&self) -> Vec<u8> {
        let mut frame = vec![PROTOCOL];
        self.encode_to(&mut frame);
        frame
    }

    /// Reads the request in a frame.
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
    // In one piece, so that it needs few packets.
    stream.write_all(&frame)?;
    stream.flush()
}

/// Receives one frame of at most `limit` bytes. Allocates as bytes arrive, whatever the announced
/// length.
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

/// A stream with a deadline for all reads and writes, however slow the other end is.
pub struct Timed<'a> {
    stream: &'a TcpStream,
    deadline: Instant,
}

impl<'a> Timed<'a> {
    /// Sets `deadline` for `stream`.
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
    fn requests_of_another_protocol_are_refused() {
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
            // A long announced list must not be allocated.
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
