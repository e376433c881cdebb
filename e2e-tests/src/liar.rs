//! A proxy to a node that makes the node lie: each request is changed on its way, so the node's
//! answer is about something else than the client asked. Or the proxy answers itself, and the node
//! never gets the request.
//!
//! The client sees a node that answers in good form and wrong. Frames of the WebSocket from the
//! client are read and written again; the node's answers are forwarded as they are.

use serde_json::Value;
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, PoisonError,
    },
    thread,
};

/// Bytes forwarded at once.
const CHUNK: usize = 16 * 1024;
/// Code of a text frame.
const TEXT: u8 = 1;
/// Bit of a message's last frame.
const LAST: u8 = 0x80;
/// Bit of a frame of a client.
const MASKED: u8 = 0x80;
/// Largest frame in bytes.
const MAX_FRAME: u64 = 64 * 1024 * 1024;

/// A request of a client: its method and parameters. A lie changes the parameters.
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The parameters.
    pub params: &'a mut Vec<Value>,
    /// The answer, if the node is not to be asked: `{"result": ..}` or `{"error": ..}`.
    pub answer: Option<Value>,
}

type Lie = Box<dyn FnMut(&mut Request<'_>) + Send>;

/// A proxy to `127.0.0.1:port`.
pub struct Liar {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    ending: AtomicBool,
    lie: Mutex<Option<Lie>>,
}

impl Liar {
    /// Starts a proxy to the node on this port, which is honest at first.
    ///
    /// # Panics
    /// If no port is free.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let line = Arc::new(Line::default());
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.ending.load(Ordering::SeqCst) {
                    return;
                }
                let line = Arc::clone(&shared);
                if let Ok(stream) = stream {
                    // An unreachable node looks like one that hangs up.
                    let _ = join(&line, stream, port);
                }
            }
        });
        Self { address, line }
    }

    /// Returns the address to connect to.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Changes requests by `lie` from now on.
    pub fn lie(&self, lie: impl FnMut(&mut Request<'_>) + Send + 'static) {
        *self.line.lie.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(lie));
    }

    /// Lets the node tell the truth again.
    pub fn repent(&self) {
        *self.line.lie.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.line.ending.store(true, Ordering::SeqCst);
        // Wakes the listening thread.
        drop(TcpStream::connect(self.address));
    }
}

fn join(line: &Arc<Line>, client: TcpStream, port: u16) -> io::Result<()> {
    let node = TcpStream::connect(("127.0.0.1", port))?;
    client.set_nodelay(true)?;
    node.set_nodelay(true)?;
    let (from_client, mut to_client) = (client.try_clone()?, client);
    let mut back = to_client.try_clone()?;
    let (to_node, mut from_node) = (node.try_clone()?, node);
    let line = Arc::clone(line);
    thread::spawn(move || {
        let (mut from, mut to) = (from_client, to_node);
        // Either end has hung up.
        let _ = line.forward(&mut from, &mut to, &mut back);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let mut bytes = [0; CHUNK];
        while let Ok(count @ 1..) = from_node.read(&mut bytes) {
            if to_client.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from_node.shutdown(Shutdown::Both);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    Ok(())
}

impl Line {
    /// Forwards the handshake and then each frame, changed. Answers of the proxy go `back`; none of
    /// the node is on its way then, as long as a client waits for each answer.
    fn forward(
        &self,
        from: &mut TcpStream,
        to: &mut TcpStream,
        back: &mut TcpStream,
    ) -> io::Result<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            from.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        to.write_all(&head)?;
        let mut message = Vec::new();
        loop {
            let (start, payload) = read_frame(from)?;
            let (is_last, code) = (start & LAST != 0, start & 0x0f);
            if code > 2 {
                write_frame(to, start, MASKED, &payload)?;
                continue;
            }
            message.extend(payload);
            if is_last {
                let changed = self.changed(&message);
                message.clear();
                match changed {
                    Ok(request) => write_frame(to, LAST | TEXT, MASKED, &request)?,
                    Err(answer) => write_frame(back, LAST | TEXT, 0, &answer)?,
                }
            }
        }
    }

    /// Returns the message with its request changed, or the answer to it.
    fn changed(&self, message: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let mut lie = self.lie.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(lie), Ok(mut request)) = (lie.as_mut(), serde_json::from_slice::<Value>(message))
        else {
            return Ok(message.to_vec());
        };
        let method = request["method"].as_str().unwrap_or_default().to_owned();
        let id = request["id"].clone();
        if let Some(params) = request.get_mut("params").and_then(Value::as_array_mut) {
            let mut seen = Request {
                method: &method,
                params,
                answer: None,
            };
            lie(&mut seen);
            if let Some(mut answer) = seen.answer {
                answer["jsonrpc"] = "2.0".into();
                answer["id"] = id;
                return Err(answer.to_string().into_bytes());
            }
        }
        Ok(request.to_string().into_bytes())
    }
}

/// Reads a frame of a client. Returns its first byte and its payload, without the mask.
fn read_frame(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    from.read_exact(&mut head)?;
    let length = match head[1] & 0x7f {
        126 => {
            let mut length = [0; 2];
            from.read_exact(&mut length)?;
            u16::from_be_bytes(length).into()
        }
        127 => {
            let mut length = [0; 8];
            from.read_exact(&mut length)?;
            u64::from_be_bytes(length)
        }
        short => u64::from(short),
    };
    let length = usize::try_from(length.min(MAX_FRAME)).expect("small");
    let mut mask = [0; 4];
    if head[1] & MASKED != 0 {
        from.read_exact(&mut mask)?;
    }
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok((head[0], payload))
}

/// Writes a frame: as a client does if it is [`MASKED`], with a mask of zeros, or else as a server.
fn write_frame(to: &mut impl Write, start: u8, masked: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![start];
    match payload.len() {
        short @ 0..=125 => frame.push(masked | u8::try_from(short).expect("short")),
        middle @ 126..=65_535 => {
            frame.push(masked | 126);
            frame.extend(u16::try_from(middle).expect("middle").to_be_bytes());
        }
        long => {
            frame.push(masked | 127);
            frame.extend(u64::try_from(long).expect("long").to_be_bytes());
        }
    }
    if masked != 0 {
        frame.extend([0; 4]);
    }
    frame.extend(payload);
    to.write_all(&frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_written() {
        for length in [0usize, 5, 125, 126, 65_535, 65_536, 70_000] {
            let payload: Vec<u8> = (0..length).map(|it| it.to_le_bytes()[0]).collect();
            let mut wire = Vec::new();
            write_frame(&mut wire, 0x81, MASKED, &payload).unwrap();
            assert_eq!(read_frame(&mut &wire[..]).unwrap(), (0x81, payload));
        }
    }

    #[test]
    fn a_masked_frame_is_read_without_its_mask() {
        let wire = [0x81, 0x82, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2];
        assert_eq!(read_frame(&mut &wire[..]).unwrap(), (0x81, b"ab".to_vec()));
    }
}
