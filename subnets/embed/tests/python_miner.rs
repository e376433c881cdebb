//! A miner's model in Python answers drawn questions right: `python/serve.py`.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use inktensor_embed::{small, Answer, Embed, Model, Question};
use inktensor_task::{Body, Seed, Task, Worth};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The time for the server to start and for each answer. A hang must not hang the tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with the test, and the file that it serves.
struct Server(Child, PathBuf);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = fs::remove_file(&self.1);
    }
}

fn python() -> String {
    env::var("INKTENSOR_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn has_numpy() -> bool {
    let mut probe = Command::new(python());
    probe.args(["-c", "import numpy"]).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// Starts the server and returns its port.
fn start(state: &[u8]) -> Result<(Server, u16)> {
    let file = env::temp_dir().join(format!("inktensor-embed-{}.state", std::process::id()));
    fs::write(&file, state)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/serve.py");
    let mut command = Command::new(python());
    command
        .arg("-B")
        .arg(script)
        .arg("--state")
        .arg(&file)
        .args(["--port", "0"]);
    let mut server = Server(command.stdout(Stdio::piped()).spawn()?, file);
    let mut line = String::new();
    let output = server.0.stdout.take().ok_or("the server has no output")?;
    BufReader::new(output).read_line(&mut line)?;
    let port = line
        .trim()
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .ok_or("no port")?
        .parse()?;
    Ok((server, port))
}

/// Posts `body` and returns the status and the body of the response.
fn post(port: u16, body: &[u8]) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: model\r\nContent-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let head = response
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .ok_or("no end of head")?;
    let status = std::str::from_utf8(&response[..head])?
        .split(' ')
        .nth(1)
        .ok_or("no status")?;
    Ok((status.parse()?, response[head + 4..].to_vec()))
}

#[test]
fn model_in_python_answers_drawn_questions_right() -> Result<()> {
    if !has_numpy() {
        let why = format!("{} with numpy is not there; set INKTENSOR_PYTHON", python());
        // The harness captures `eprintln!` of a test that passes.
        writeln!(io::stderr(), "skipped: {why}")?;
        return Ok(());
    }
    let state = small::state(11)?;
    let model = Model::read(&state)?;
    let (_server, port) = start(&state)?;
    for number in 0..20 {
        let question = Embed.question(&model, &Seed([number; 32]));
        let (status, body) = post(port, &question.to_json()?)?;
        assert_eq!(status, 200, "{question:?}");
        let answer = Answer::from_json(&body)?;
        assert_eq!(
            Embed.worth(&model, &question, &answer),
            Worth::WHOLE,
            "{question:?}"
        );
        let other = Question {
            text: question.text + " and more",
        };
        assert_eq!(
            Embed.worth(&model, &other, &answer),
            Worth::NONE,
            "{other:?}"
        );
    }
    let accents = Question {
        text: "Crème brûlée, naïve façade; 東京!".into(),
    };
    let (_, body) = post(port, &accents.to_json()?)?;
    assert_eq!(
        Embed.worth(&model, &accents, &Answer::from_json(&body)?),
        Worth::WHOLE
    );

    let too_long = Question {
        text: "a ".repeat(127),
    };
    assert_eq!(post(port, &too_long.to_json()?)?.0, 422);
    for malformed in ["", "{", "[]", "{\"text\":1}"] {
        assert_eq!(post(port, malformed.as_bytes())?.0, 422, "{malformed}");
    }
    Ok(())
}
