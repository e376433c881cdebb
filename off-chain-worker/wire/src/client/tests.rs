//! A client against receivers that lie, stall and send too much.

use super::*;
use crate::testing::{ask, client, context, endpoint, hotkey, miner, path, validator};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Serves one connection after another: reads a question, then does `then` with it.
async fn receiver<F, W>(then: F) -> SocketAddr
where
    F: Fn(TcpStream, SignedRequest) -> W + Send + 'static,
    W: std::future::Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"body") {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.unwrap();
                bytes.extend_from_slice(&piece[..read]);
                if read == 0 {
                    break;
                }
            }
            then(stream, parsed(&String::from_utf8(bytes).unwrap())).await;
        }
    });
    address
}

fn parsed(text: &str) -> SignedRequest {
    let mut headers = HeaderMap::new();
    for line in text.lines().skip(1).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        let name = header::HeaderName::try_from(name).unwrap();
        headers.append(name, HeaderValue::try_from(value).unwrap());
    }
    crate::fields::read_question("/v1/ask", &headers).unwrap()
}

/// A signed answer as text.
fn answer(by: &Hotkey, question: &SignedRequest, status: u16, body: &str, created: u64) -> String {
    let answered = Answered {
        status,
        media: Media::Json,
        body: sha256(body.as_bytes()),
        created,
    };
    let basis = Basis::Signature(&question.signature);
    let signature = by.sign(&answered.base(&by.account(), basis));
    let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in answered.write(&by.account(), basis, &signature) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{text}\r\n{body}")
}

async fn asked(address: SocketAddr, seconds: u64) -> Exchange {
    let deadline = Duration::from_secs(seconds);
    ask(&client(), &endpoint(address, None), b"body", deadline).await
}

/// Asks a receiver that sends the text that `of` makes of a question.
async fn outcome(of: impl Fn(&SignedRequest) -> String + Send + Sync + 'static) -> Outcome {
    let of = std::sync::Arc::new(of);
    let address = receiver(move |mut stream, question| {
        let of = std::sync::Arc::clone(&of);
        async move {
            stream.write_all(of(&question).as_bytes()).await.unwrap();
        }
    })
    .await;
    let exchange = asked(address, 5).await;
    assert_eq!(exchange.outcome.verify(&exchange.request), Ok(()));
    assert_eq!(exchange.request.verify(), Ok(()));
    exchange.outcome
}

#[tokio::test]
async fn an_answer_by_the_receiver_counts() {
    let signed = outcome(|it| answer(&miner(), it, 200, "{}", it.created)).await;
    assert!(matches!(signed, Outcome::Signed(_)), "{signed:?}");
    let refused = outcome(|it| answer(&miner(), it, 503, "{}", it.created)).await;
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
}

#[tokio::test]
async fn an_answer_without_a_signature_that_holds_does_not_count() {
    let unsigned = |status| Outcome::Unsigned { status };
    let by_other = outcome(|it| answer(&hotkey(3), it, 200, "{}", it.created)).await;
    assert_eq!(by_other, unsigned(200));
    let bare = outcome(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".into()).await;
    assert_eq!(bare, unsigned(200));
    let other_body =
        outcome(|it| answer(&miner(), it, 200, "{}", it.created).replace("{}", "[]")).await;
    assert_eq!(other_body, unsigned(200));
    let other_status =
        outcome(|it| answer(&miner(), it, 503, "{}", it.created).replace(" 503 ", " 200 ")).await;
    assert_eq!(other_status, unsigned(200));
    let other_question = outcome(|it| {
        let other = crate::testing::question(b"body");
        answer(&miner(), &other, 200, "{}", it.created)
    });
    assert_eq!(other_question.await, unsigned(200));
    let old = outcome(|it| answer(&miner(), it, 200, "{}", it.created - 11)).await;
    assert_eq!(old, unsigned(200));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let moved = outcome(|_| {
        "HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n".into()
    });
    assert_eq!(moved.await, Outcome::Unsigned { status: 307 });
}

#[tokio::test]
async fn an_answer_above_the_limit_is_not_read() {
    let address = receiver(|mut stream, _| async move {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        // Without an end, until the client closes.
        while stream.write_all(piece.as_bytes()).await.is_ok() {}
    })
    .await;
    let exchange = asked(address, 10).await;
    assert_eq!(exchange.outcome, Outcome::Unsigned { status: 200 });
    let reason = exchange.cause.unwrap().to_string();
    assert!(reason.contains("longer than 1048576 bytes"), "{reason}");
}

#[tokio::test]
async fn a_receiver_that_stalls_is_silent_at_the_deadline() {
    let address = receiver(|mut stream, _| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
            .await
            .unwrap();
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let exchange = asked(address, 1).await;
    assert!(
        matches!(exchange.outcome, Outcome::Silent { millis: 1000.. }),
        "{exchange:?}"
    );
    assert!(matches!(exchange.cause, Some(Cause::Deadline)));
}

#[tokio::test]
async fn a_receiver_that_closes_or_speaks_no_http_is_silent() {
    let silent = |outcome: &Outcome| matches!(outcome, Outcome::Silent { .. });
    assert!(silent(&outcome(|_| String::new()).await));
    assert!(silent(&outcome(|_| "SSH-2.0-OpenSSH_9.0\r\n".into()).await));
    let long = outcome(|_| format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(20_000))).await;
    assert!(silent(&long), "{long:?}");
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let exchange = asked(closed, 5).await;
    assert!(silent(&exchange.outcome));
    assert!(
        matches!(exchange.cause, Some(Cause::Connect(_))),
        "{exchange:?}"
    );
}

#[tokio::test]
async fn an_early_refusal_is_retried_up_to_the_deadline_only() {
    let early = outcome(|_| "HTTP/1.1 425 X\r\nContent-Length: 0\r\n\r\n".into());
    assert_eq!(early.await, Outcome::Unsigned { status: 425 });
}

#[tokio::test]
async fn a_private_address_is_not_connected_to() {
    let address = receiver(|_, _| async { panic!("a question was received") }).await;
    let strict = Client::new(validator(), ClientLimits::default(), false);
    for host in [Host::V4([127, 0, 0, 1]), Host::Name("m0.localhost".into())] {
        let endpoint = Endpoint {
            host,
            port: address.port(),
            tls: None,
        };
        let exchange = ask(&strict, &endpoint, b"body", Duration::from_secs(5)).await;
        assert!(
            matches!(exchange.cause, Some(Cause::Address(_))),
            "{exchange:?}"
        );
        assert!(matches!(exchange.outcome, Outcome::Silent { .. }));
    }
}

#[tokio::test]
async fn a_mistake_of_the_caller_is_an_error() {
    let endpoint = endpoint(([127, 0, 0, 1], 9).into(), None);
    let ask = |body: Vec<u8>, millis| {
        let endpoint = endpoint.clone();
        async move {
            let (path, deadline) = (path("/v1/ask"), Duration::from_millis(millis));
            client()
                .ask(&endpoint, &context(), &path, Media::Json, body, deadline)
                .await
        }
    };
    assert!(matches!(
        ask(Vec::new(), 999).await,
        Err(AskError::Deadline(_))
    ));
    assert!(matches!(
        ask(Vec::new(), 60_001).await,
        Err(AskError::Deadline(_))
    ));
    let long = ask(vec![0; MAX_QUESTION + 1], 1000).await;
    assert!(matches!(
        long,
        Err(AskError::Body {
            size: 65_537,
            limit: 65_536
        })
    ));
}

#[test]
fn a_question_expires_at_the_first_second_after_its_deadline() {
    let client = client();
    for (millis, seconds) in [(1000, 1), (1001, 2), (20_000, 20), (60_000, 60), (1, 1)] {
        let lifetime = Duration::from_millis(millis);
        let signed = client
            .sign(&context(), &path("/v1/ask"), Media::Json, b"", lifetime)
            .unwrap();
        assert_eq!(signed.expires - signed.created, seconds);
    }
    let nonce = || {
        let second = Duration::from_secs(1);
        client
            .sign(&context(), &path("/v1/ask"), Media::Json, b"", second)
            .unwrap()
            .nonce
    };
    assert_ne!(nonce(), nonce());
}

#[test]
fn an_endpoint_is_the_one_of_an_axon() {
    let host = Host::Name("m0.example.org".into());
    let mut axon = Axon {
        host: host.clone(),
        port: 8091,
        protocol: 9,
        version: 1,
        tls: Some([4; 32]),
    };
    let tls = Some(Pin([4; 32]));
    assert_eq!(
        Endpoint::from(&axon),
        Endpoint {
            host: host.clone(),
            port: 8091,
            tls
        }
    );
    axon.tls = None;
    assert_eq!(
        Endpoint::from(&axon),
        Endpoint {
            host,
            port: 8091,
            tls: None
        }
    );
}
