//! The order of checks: what is cheap comes first, and nothing of a body is read too early.

use crate::{
    testing::{
        asked, head, hotkey, is_signed, limits, question, rest, roster, send, serve, server,
        status, text, validator, Echo, PATIENCE,
    },
    Guests, Limits, SignedRequest,
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Sends a head without any byte of its body, and returns the answer.
async fn only_head(address: std::net::SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(format!("{head}\r\n").as_bytes())
        .await
        .unwrap();
    timeout(PATIENCE, rest(&mut stream)).await.unwrap()
}

#[tokio::test]
async fn a_body_is_not_read_before_the_signature_is_verified() {
    // With this limit, an answer that waits for the body is late.
    let running = serve(Limits {
        body: PATIENCE * 2,
        ..limits()
    })
    .await;
    let mut forged = question(b"body");
    forged.signature[0] ^= 1;
    let unknown = SignedRequest::sign(&hotkey(3), asked(b"body")).unwrap();
    let mut elsewhere = question(b"body");
    elsewhere.context.netuid.0 = 2;
    for (question, expected) in [(forged, 401), (unknown, 403), (elsewhere, 421)] {
        let answer = only_head(running.address(), &head(&question, 4)).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(!is_signed(&answer));
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_caller_is_admitted_before_the_signature_is_verified() {
    let mut with_denied = server(limits());
    let denied = validator().account();
    with_denied.roster.denied.insert(denied);
    with_denied.roster.guests = Guests::Admitted;
    let running = with_denied.start(Echo).await.unwrap();
    for signature in [[0; 64], question(b"").signature] {
        let named = SignedRequest {
            signature,
            ..question(b"")
        };
        assert_eq!(
            status(&send(running.address(), &text(&named, "")).await),
            403
        );
    }
    assert_eq!(running.counts().forged, 0, "no signature was looked at");
}

#[tokio::test]
async fn guests_ask_without_a_seat_and_share_one_bucket() {
    let mut with_guests = server(Limits {
        guests: 1,
        burst: 2,
        ..limits()
    });
    with_guests.roster.guests = Guests::Admitted;
    let running = with_guests.start(Echo).await.unwrap();
    let ask = |number: u8, by| {
        let mut asked = asked(b"who");
        asked.context.by = by;
        let question = SignedRequest::sign(&hotkey(number), asked).unwrap();
        let address = running.address();
        async move { send(address, &text(&question, "who")).await }
    };
    assert_eq!(status(&ask(10, Some(7)).await), 403);
    let answer = ask(10, None).await;
    assert!(answer.ends_with("\r\n\r\nNone 0 true"), "{answer}");
    assert_eq!(status(&ask(11, None).await), 200);
    let refused = ask(12, None).await;
    assert_eq!(status(&refused), 429);
    assert!(
        !is_signed(&refused),
        "a signature for any key is work for a stranger"
    );
    // Keys are free, so guests have one bucket; the roster's callers do not depend on it.
    let answer = send(running.address(), &text(&question(b"who"), "who")).await;
    assert!(answer.ends_with("\r\n\r\nSome(Uid(0)) 1 false"), "{answer}");
}

#[tokio::test]
async fn sizes_and_encodings_are_refused_by_the_head() {
    let running = serve(limits()).await;
    let good = head(&question(b"body"), 4);
    for (from, to, expected) in [
        ("Content-Length: 4\r\n", "", 411),
        (
            "Content-Length: 4\r\n",
            "Transfer-Encoding: chunked\r\n",
            411,
        ),
        ("Content-Length: 4\r\n", "Content-Length: 65537\r\n", 413),
        (
            "Content-Length: 4\r\n",
            "Content-Length: 99999999999999\r\n",
            413,
        ),
        (
            "Content-Length: 4\r\n",
            "Content-Length: 4\r\nContent-Length: 5\r\n",
            400,
        ),
        (
            "Content-Length: 4\r\n",
            "Content-Length: 4\r\nContent-Encoding: gzip\r\n",
            415,
        ),
    ] {
        let answer = only_head(running.address(), &good.replace(from, to)).await;
        assert_eq!(status(&answer), expected, "{to}: {answer}");
    }
    // The limit of the path, below that of the server.
    let mut probe = asked(b"12345678901234567");
    probe.path = crate::testing::path("/v1/probe");
    let probe = SignedRequest::sign(&validator(), probe).unwrap();
    assert_eq!(
        status(&send(running.address(), &text(&probe, "12345678901234567")).await),
        413
    );
}

#[tokio::test]
async fn the_largest_body_is_answered() {
    let running = serve(limits()).await;
    let body = "x".repeat(64 * 1024);
    let answer = send(running.address(), &text(&question(body.as_bytes()), &body)).await;
    assert_eq!(status(&answer), 200);
    assert!(answer.ends_with(&body));
}

#[tokio::test]
async fn heads_are_bounded_in_bytes_and_lines() {
    let running = serve(limits()).await;
    let good = head(&question(b""), 0);
    let long = format!("{good}X: {}\r\n", "a".repeat(17 * 1024));
    assert_eq!(status(&only_head(running.address(), &long).await), 431);
    let many = format!("{good}{}", "X: y\r\n".repeat(40));
    assert_eq!(status(&only_head(running.address(), &many).await), 431);
}

#[tokio::test]
async fn a_question_past_its_time_is_refused_with_a_signature() {
    let running = serve(limits()).await;
    let mut slow = asked(b"");
    slow.path = crate::testing::path("/v1/slow");
    slow.expires = slow.created + 2;
    let slow = SignedRequest::sign(&validator(), slow).unwrap();
    let answer = send(running.address(), &text(&slow, "")).await;
    assert_eq!(status(&answer), 504, "{answer}");
    assert!(is_signed(&answer));
}

#[tokio::test]
async fn the_rate_follows_the_stake() {
    let (rich, poor) = (validator(), hotkey(3));
    let mut staked = server(Limits {
        floor: 1,
        capacity: 8,
        burst: 1,
        ..limits()
    });
    staked.roster = roster(&[(rich.account(), 3_000), (poor.account(), 1_000)]);
    let running = staked.start(Echo).await.unwrap();
    let mut taken = Vec::new();
    for caller in [&rich, &poor] {
        let mut answered = 0;
        loop {
            let question = SignedRequest::sign(caller, asked(b"")).unwrap();
            let answer = send(running.address(), &text(&question, "")).await;
            match status(&answer) {
                200 => answered += 1,
                other => {
                    assert_eq!(other, 429, "{answer}");
                    assert!(is_signed(&answer) && answer.contains("\r\nretry-after: 1\r\n"));
                    break;
                }
            }
            assert!(answered < 20, "there is no limit");
        }
        taken.push(answered);
    }
    // A floor of one and six or two of eight. A slow machine refills some.
    assert!(
        taken[0] >= 7 && taken[1] >= 3 && taken[0] > taken[1],
        "{taken:?}"
    );
}

#[tokio::test]
async fn a_refused_rate_leaves_the_question_unused() {
    let running = serve(Limits {
        floor: 1,
        capacity: 0,
        burst: 1,
        ..limits()
    })
    .await;
    let send = |question: SignedRequest| send_text(running.address(), question);
    assert_eq!(send(question(b"")).await, 200);
    let second = question(b"");
    let first_try = send(second.clone()).await;
    if first_try == 429 {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(send(second).await, 200);
    } else {
        // The machine is so slow that a token was there again.
        assert_eq!(first_try, 200);
    }
}

async fn send_text(address: std::net::SocketAddr, question: SignedRequest) -> u16 {
    status(&send(address, &text(&question, "")).await)
}

#[tokio::test]
async fn a_connection_carries_many_questions() {
    let running = serve(limits()).await;
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    for number in 0..5 {
        let body = format!("body {number}");
        let question = question(body.as_bytes());
        let request = format!("{}\r\n{body}", head(&question, body.len()));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with(&body) {
            let mut bytes = [0; 4096];
            let read = timeout(PATIENCE, stream.read(&mut bytes))
                .await
                .unwrap()
                .unwrap();
            assert!(read > 0, "{answer}");
            answer.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        assert_eq!(status(&answer), 200);
    }
    assert_eq!(running.counts().connected, 1);
}
