//! A model in another process, in any language: one local HTTP POST for each question.
//!
//! The body of the request is the question in the task's JSON, the body of the response is the
//! answer in the task's JSON, with status 200. There are no keys, no chain and no library.
//!
//! The process is trusted with the questions, not with this process: its time and its bytes are
//! limited, and so is the number of connections to it, by [`CONNECTIONS`]. The answer is parsed
//! like a stranger's.

use http::{header, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, time::Duration};
use thiserror::Error;
use tokio::{
    net::{lookup_host, TcpStream},
    time::timeout,
};

/// Most connections to the process at a time. The caller counts them.
pub const CONNECTIONS: usize = 32;
/// Largest head of a response in bytes; hyper's own limit is larger.
const MAX_HEAD: usize = 16 * 1024;
/// Most bytes of an address.
const MAX_URL: usize = 512;

/// The address of a model in another process.
#[derive(Clone, Debug)]
pub struct SideProcess {
    /// HOST:PORT.
    authority: String,
    /// Path and query.
    path: String,
    allow_remote: bool,
}

/// An error of a model in another process.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SideProcessError {
    /// The address is malformed.
    #[error("{url:?}: {problem}; write http://127.0.0.1:PORT/PATH")]
    Address {
        /// The address, shortened.
        url: String,
        /// The problem.
        problem: &'static str,
    },
    /// The host is not this machine.
    #[error(
        "the model at {0} is not on this machine, and the connection is not encrypted; run it \
         here, or allow it with --allow-remote-model"
    )]
    Remote(String),
    /// The process does not take connections, or ends them early.
    #[error("the model at {address} does not answer: {reason}; start it")]
    Unreachable {
        /// HOST:PORT.
        address: String,
        /// The system's error.
        reason: String,
    },
    /// No whole answer in time.
    #[error("the model gave no answer within {0} ms; the deadline is the asker's")]
    Late(u128),
    /// Another status than 200.
    #[error("the model answered with status {0}; an answer has 200")]
    Status(u16),
    /// The answer is too long.
    #[error("the model's answer is longer than the task's {0} bytes")]
    TooLong(usize),
}

impl SideProcess {
    /// Reads an address. Without `allow_remote` the process must be on this machine.
    ///
    /// # Errors
    /// `Address`.
    pub fn at(url: &str, allow_remote: bool) -> Result<Self, SideProcessError> {
        let wrong = |problem| SideProcessError::Address {
            url: url.chars().take(MAX_URL).collect(),
            problem,
        };
        if url.len() > MAX_URL {
            return Err(wrong("it is longer than 512 bytes"));
        }
        let uri: Uri = url.parse().map_err(|_| wrong("it is not an address"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("it does not begin with http://"));
        }
        let host = uri.host().ok_or_else(|| wrong("the host is missing"))?;
        if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
            return Err(wrong("it names a user"));
        }
        let port = uri.port_u16().unwrap_or(80);
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        Ok(Self {
            authority: format!("{host}:{port}"),
            path: path.into(),
            allow_remote,
        })
    }

    /// Returns HOST:PORT of the process.
    pub fn address(&self) -> &str {
        &self.authority
    }

    /// Returns the answer to a question, of at most `most` bytes, within `time`.
    ///
    /// # Errors
    /// All but `Address`.
    pub async fn answer(
        &self,
        question: &[u8],
        time: Duration,
        most: usize,
    ) -> Result<Vec<u8>, SideProcessError> {
        let asked = timeout(time, self.exchange(question, most)).await;
        asked.unwrap_or(Err(SideProcessError::Late(time.as_millis())))
    }

    async fn exchange(&self, question: &[u8], most: usize) -> Result<Vec<u8>, SideProcessError> {
        let stream = self.connect().await?;
        let unreachable = |error: hyper::Error| self.unreachable(error);
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(unreachable)?;
        let request = Request::post(&self.path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::copy_from_slice(question)))
            .map_err(|_| SideProcessError::Address {
                url: self.path.clone(),
                problem: "its path has characters that HTTP does not allow",
            })?;
        let asked = async {
            let response = sender.send_request(request).await.map_err(unreachable)?;
            if response.status() != StatusCode::OK {
                return Err(SideProcessError::Status(response.status().as_u16()));
            }
            let body = Limited::new(response.into_body(), most).collect().await;
            match body {
                Ok(body) => Ok(body.to_bytes().to_vec()),
                Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                    Err(SideProcessError::TooLong(most))
                }
                Err(error) => Err(self.unreachable(error)),
            }
        };
        // The connection ends with the answer: it is polled here, and dropped with this future.
        tokio::pin!(asked);
        tokio::pin!(connection);
        tokio::select! {
            answer = &mut asked => answer,
            ended = &mut connection => match ended {
                // Whole bodies may arrive together with the end of the connection.
                Ok(()) => asked.await,
                Err(error) => Err(self.unreachable(error)),
            },
        }
    }

    async fn connect(&self) -> Result<TcpStream, SideProcessError> {
        let found = lookup_host(&self.authority).await;
        let found: Vec<SocketAddr> = found.map_err(|error| self.unreachable(error))?.collect();
        let mut last = None;
        for address in found {
            // The very address that is checked is connected to.
            if !self.allow_remote && !address.ip().is_loopback() {
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(match last {
            Some(error) => self.unreachable(error),
            None => SideProcessError::Remote(self.authority.clone()),
        })
    }

    fn unreachable(&self, reason: impl ToString) -> SideProcessError {
        SideProcessError::Unreachable {
            address: self.authority.clone(),
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    /// Serves one connection with these bytes, after the whole request has arrived.
    fn model(response: &'static str) -> SideProcess {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{\"text\":\"a\"}") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream.write_all(response.as_bytes()).unwrap();
            // An answer without an end keeps the connection.
            if response.is_empty() {
                let _ = stream.read(&mut [0]);
            }
        });
        SideProcess::at(&format!("http://127.0.0.1:{port}/answer"), false).unwrap()
    }

    fn ask(response: &'static str, millis: u64) -> Result<Vec<u8>, SideProcessError> {
        let model = model(response);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let time = Duration::from_millis(millis);
        runtime.block_on(model.answer(b"{\"text\":\"a\"}", time, 8))
    }

    #[test]
    fn an_answer_of_any_framing_is_returned() {
        for response in [
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[1]",
            "HTTP/1.0 200 OK\r\n\r\n[1]",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
        ] {
            assert_eq!(ask(response, 5_000), Ok(b"[1]".to_vec()), "{response}");
        }
    }

    #[test]
    fn answers_beyond_a_limit_are_refused() {
        let long = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789";
        assert_eq!(ask(long, 5_000), Err(SideProcessError::TooLong(8)));
        let longest = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n12345678";
        assert_eq!(ask(longest, 5_000), Ok(b"12345678".to_vec()));
        let failed = "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(ask(failed, 5_000), Err(SideProcessError::Status(500)));
        assert_eq!(ask("", 50), Err(SideProcessError::Late(50)));
        let garbage = ask("nonsense\r\n\r\n", 5_000).unwrap_err();
        assert!(matches!(garbage, SideProcessError::Unreachable { .. }));
    }

    #[test]
    fn a_model_elsewhere_needs_a_flag() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let elsewhere = SideProcess::at("http://192.0.2.1:1/", false).unwrap();
        let asked = runtime.block_on(elsewhere.answer(b"", Duration::from_secs(5), 8));
        assert_eq!(asked, Err(SideProcessError::Remote("192.0.2.1:1".into())));
    }

    #[test]
    fn other_addresses_are_refused() {
        for url in [
            "",
            "https://localhost/",
            "http://",
            "127.0.0.1:1",
            "http://a@localhost/",
        ] {
            assert!(SideProcess::at(url, true).is_err(), "{url}");
        }
        let long = format!("http://localhost/{}", "a".repeat(MAX_URL));
        assert!(SideProcess::at(&long, true).is_err());
        assert_eq!(
            SideProcess::at("http://[::1]/", false).unwrap().address(),
            "[::1]:80"
        );
    }
}
