//! A chain that another process serves, see [`server`](crate::server).
//!
//! A request that only reads is repeated over a new connection until it is answered or the timeout
//! ends. A request that changes the chain is sent at most once: if the connection is lost in
//! between, the error states that the outcome is unknown.

use crate::protocol::{self, Page, Request, Timed};
use inktensor_client::{
    chain::{BlockId, Chain, ChainError, ChainRead, ContractEvent, Instantiated, Receipt},
    io_error::text,
};
use inktensor_primitives::{AccountId, Digest};
use scale::{Decode, DecodeAll};
use std::{
    cell::RefCell,
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    thread,
    time::{Duration, Instant},
};

/// Longest wait for an answer, by default.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// Wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// A chain that another process serves.
pub struct RemoteChain {
    address: String,
    timeout: Duration,
    /// Open connection. `None` before the first request, and after a failure.
    connection: RefCell<Option<TcpStream>>,
}

impl RemoteChain {
    /// Connects to the chain served at `address`, `HOST:PORT`. `timeout` limits the wait for each
    /// answer.
    ///
    /// # Errors
    /// `Unreachable` if no chain answers within the timeout.
    pub fn connect(address: impl Into<String>, timeout: Duration) -> Result<Self, ChainError> {
        let chain = Self {
            address: address.into(),
            timeout,
            connection: RefCell::new(None),
        };
        chain.block()?;
        Ok(chain)
    }

    /// Returns the contracts deployed on the chain, by name.
    ///
    /// # Errors
    /// `Unreachable`.
    pub fn contracts(&self) -> Result<Vec<(String, AccountId)>, ChainError> {
        self.ask(&Request::Contracts)
    }

    /// Lets `blocks` blocks pass, and returns the new height.
    ///
    /// # Errors
    /// `Unreachable`, `OutcomeUnknown`, `Runtime` above the limit of blocks.
    pub fn advance(&mut self, blocks: u32) -> Result<u32, ChainError> {
        self.order(&Request::Advance(blocks))
    }

    /// Sends a request that changes nothing, repeatedly until it is answered.
    fn ask<T: Decode>(&self, request: &Request) -> Result<T, ChainError> {
        let deadline = Instant::now() + self.timeout;
        let frame = frame(request)?;
        let mut wait = FIRST_WAIT;
        loop {
            match self.exchange(&frame, deadline) {
                Ok(answer) => return read(&answer),
                Err(error) => {
                    let next = Instant::now() + wait;
                    if next >= deadline || error.kind() == io::ErrorKind::InvalidData {
                        return Err(self.unreachable(&error));
                    }
                    thread::sleep(wait);
                    wait = wait.saturating_mul(2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Sends a request that changes the chain, once.
    fn order<T: Decode>(&mut self, request: &Request) -> Result<T, ChainError> {
        let frame = frame(request)?;
        // A connection that the other end has closed fails only when it is used: this use is
        // harmless.
        self.ask::<u32>(&Request::Block)?;
        let deadline = Instant::now() + self.timeout;
        let answer = self
            .exchange(&frame, deadline)
            .map_err(|error| ChainError::OutcomeUnknown(error.to_string()))?;
        read(&answer)
    }

    /// Sends a frame and receives one. Drops the connection after a failure: a late answer must not
    /// be taken for that of the next request.
    fn exchange(&self, frame: &[u8], deadline: Instant) -> io::Result<Vec<u8>> {
        let open = self.connection.take();
        let stream = match open {
            Some(stream) => stream,
            None => self.open(deadline)?,
        };
        protocol::send(&mut Timed::new(&stream, deadline), frame)?;
        let answer = protocol::receive(&mut Timed::new(&stream, deadline), protocol::MAX_ANSWER)?;
        self.connection.replace(Some(stream));
        Ok(answer)
    }

    fn open(&self, deadline: Instant) -> io::Result<TcpStream> {
        let mut refusal = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in self.address.to_socket_addrs()? {
            match connect(&address, deadline) {
                Ok(stream) => return Ok(stream),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn unreachable(&self, error: &io::Error) -> ChainError {
        ChainError::Unreachable {
            address: self.address.clone(),
            reason: text(error),
        }
    }
}

fn connect(address: &SocketAddr, deadline: Instant) -> io::Result<TcpStream> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let stream = TcpStream::connect_timeout(address, left)?;
    // A request waits for its answer, so a delay for more data gains nothing.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns the request's frame, if it is within the limit.
fn frame(request: &Request) -> Result<Vec<u8>, ChainError> {
    let frame = request.frame();
    if frame.len() <= protocol::MAX_REQUEST {
        Ok(frame)
    } else {
        let (length, most) = (frame.len(), protocol::MAX_REQUEST);
        let problem = format!("a request of {length} bytes is too long; {most} are the most");
        Err(ChainError::Runtime(problem))
    }
}

fn read_request(at: Option<BlockId>, caller: AccountId, to: AccountId, input: &[u8]) -> Request {
    Request::Read {
        at,
        caller,
        to,
        input: input.to_vec(),
    }
}

fn submit_request(
    signer: AccountId,
    to: AccountId,
    input: &[u8],
    after: Option<BlockId>,
) -> Request {
    Request::Submit {
        signer,
        to,
        input: input.to_vec(),
        after,
    }
}

fn read<T: Decode>(answer: &[u8]) -> Result<T, ChainError> {
    Result::<T, ChainError>::decode_all(&mut &answer[..]).map_err(|_| ChainError::BadAnswer)?
}

impl ChainRead for RemoteChain {
    fn genesis(&self) -> Result<Digest, ChainError> {
        self.ask(&Request::Genesis)
    }

    fn block(&self) -> Result<u32, ChainError> {
        self.ask(&Request::Block)
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        self.ask(&Request::Best)
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        self.best()
    }

    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        self.ask(&Request::Ancestor { of: *of, number })
    }

    fn includes(&self, of: &BlockId, block: &BlockId) -> Result<bool, ChainError> {
        let (of, block) = (*of, *block);
        self.ask(&Request::Includes { of, block })
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        self.ask(&read_request(None, caller, to, input))
    }

    fn read_all_at(
        &self,
        at: &BlockId,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        let reads = reads.iter();
        reads
            .map(|(to, input)| self.ask(&read_request(Some(*at), caller, *to, input)))
            .collect()
    }

    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.ask(&Request::Estimate {
            signer,
            code: code.to_vec(),
            input: input.to_vec(),
            salt: salt.to_vec(),
        })
    }

    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        self.ask(&Request::Code(*code_hash))
    }

    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        self.ask(&Request::CodeHash(*address))
    }

    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError> {
        let mut events = Vec::new();
        loop {
            let skip = u32::try_from(events.len()).map_err(|_| ChainError::BadAnswer)?;
            let page: Page = self.ask(&Request::Events { from, skip })?;
            // A page that is neither the last nor has events would be requested for ever.
            if !page.last && page.events.is_empty() {
                return Err(ChainError::BadAnswer);
            }
            events.extend(page.events);
            if page.last {
                return Ok(events);
            }
        }
    }
}

impl Chain for RemoteChain {
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        self.order(&submit_request(signer, to, input, None))
    }

    fn submit_after(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
        after: &BlockId,
    ) -> Result<Receipt, ChainError> {
        self.order(&submit_request(signer, to, input, Some(*after)))
    }

    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError> {
        let code = code.to_vec();
        self.order(&Request::Upload { signer, code })
    }

    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.order(&Request::Instantiate {
            signer,
            code_hash,
            input: input.to_vec(),
            salt: salt.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scale::Encode;
    use std::net::TcpListener;

    const SOON: Duration = Duration::from_millis(200);
    const SOMEONE: [u8; 32] = [7; 32];

    /// Starts a server that answers each connection's requests as `script` says: with a block, or
    /// not at all. Returns the requests in the end.
    fn served(script: Vec<Vec<bool>>) -> (String, thread::JoinHandle<Vec<Request>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = move || {
            let mut asked = Vec::new();
            for connection in script {
                let (mut stream, _) = listener.accept().unwrap();
                for answered in connection {
                    let frame = protocol::receive(&mut stream, protocol::MAX_REQUEST).unwrap();
                    asked.push(Request::parse(&frame).unwrap());
                    if !answered {
                        break;
                    }
                    protocol::send(&mut stream, &Ok::<u32, ChainError>(5).encode()).unwrap();
                }
            }
            asked
        };
        (address, thread::spawn(serve))
    }

    #[test]
    fn a_question_is_asked_again_over_a_new_connection() {
        let (address, server) = served(vec![vec![true, false], vec![true]]);
        let chain = RemoteChain::connect(address, TIMEOUT).unwrap();
        assert_eq!(chain.block(), Ok(5));
        assert_eq!(server.join().unwrap(), vec![Request::Block; 3]);
    }

    #[test]
    fn a_transaction_is_sent_once_and_its_loss_is_reported() {
        let (address, server) = served(vec![vec![true, true, false]]);
        let mut chain = RemoteChain::connect(address, SOON).unwrap();
        let sent = chain.submit(SOMEONE.into(), SOMEONE.into(), &[1]);
        assert!(
            matches!(sent, Err(ChainError::OutcomeUnknown(_))),
            "{sent:?}"
        );
        let asked = server.join().unwrap();
        assert!(matches!(
            asked[..],
            [Request::Block, Request::Block, Request::Submit { .. }]
        ));
    }

    #[test]
    fn a_dead_connection_is_found_before_a_transaction_is_sent_over_it() {
        let (address, server) = served(vec![vec![true], vec![true, true]]);
        let mut chain = RemoteChain::connect(address, TIMEOUT).unwrap();
        assert_eq!(chain.advance(3), Ok(5));
        let asked = server.join().unwrap();
        assert_eq!(asked, [Request::Block, Request::Block, Request::Advance(3)]);
    }

    #[test]
    fn patience_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let start = Instant::now();
        // The server accepts connections and sends nothing.
        let silent = RemoteChain::connect(address.clone(), SOON).err();
        assert!(
            matches!(silent, Some(ChainError::Unreachable { .. })),
            "{silent:?}"
        );
        drop(listener);
        let silent = RemoteChain::connect(address, SOON).err();
        assert!(
            matches!(silent, Some(ChainError::Unreachable { .. })),
            "{silent:?}"
        );
        assert!(start.elapsed() < 20 * SOON);
    }

    #[test]
    fn an_answer_of_another_type_is_refused() {
        let (address, server) = served(vec![vec![true, true]]);
        let chain = RemoteChain::connect(address, SOON).unwrap();
        assert_eq!(chain.contracts(), Err(ChainError::BadAnswer));
        server.join().unwrap();
    }
}
