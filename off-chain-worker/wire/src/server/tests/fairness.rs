//! Callers, guests and strangers share a server: none of them keeps the others out.

use crate::{
    testing::{
        ask, asked, client, connect_from, endpoint, head, hotkey, is_signed, limits, path,
        question, rest, roster, send, serve, server, status, text, validator, Echo, PATIENCE,
    },
    Cause, Guests, Identity, Limits, Outcome, Running, SignedRequest,
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// The number of a second caller's key.
const OTHER: u8 = 3;

async fn two_callers(limits: Limits) -> Running {
    let mut server = server(limits);
    server.roster = roster(&[(validator().account(), 1), (hotkey(OTHER).account(), 1)]);
    server.start(Echo).await.unwrap()
}

async fn with_guests(limits: Limits) -> Running {
    let mut server = server(limits);
    server.roster.guests = Guests::Admitted;
    server.start(Echo).await.unwrap()
}

/// A question of a key outside of the roster.
fn of_guest(number: u8) -> SignedRequest {
    let mut asked = asked(b"body");
    asked.context.by = None;
    SignedRequest::sign(&hotkey(number), asked).unwrap()
}

fn of_other(body: &[u8]) -> SignedRequest {
    SignedRequest::sign(&hotkey(OTHER), asked(body)).unwrap()
}

/// Opens a question, and sends nothing of its body.
async fn without_body(running: &Running, question: &SignedRequest) -> TcpStream {
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    let head = format!("{}\r\n", head(question, 4));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Reads one answer that ends with `end`, and leaves the connection open.
async fn answer(stream: &mut TcpStream, end: &str) -> String {
    let mut answer = String::new();
    while !answer.ends_with(end) {
        let mut bytes = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut bytes)).await;
        let read = read.unwrap().unwrap();
        assert!(read > 0, "{answer}");
        answer.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    answer
}

#[tokio::test]
async fn bodies_that_never_end_hold_up_their_caller_only() {
    let running = two_callers(Limits {
        works: 2,
        works_per_caller: 1,
        body: PATIENCE * 2,
        ..limits()
    })
    .await;
    let _first = without_body(&running, &question(b"body")).await;
    for attempt in 0.. {
        let mut further = without_body(&running, &question(b"body")).await;
        let answer = timeout(Duration::from_millis(500), rest(&mut further)).await;
        if let Ok(answer) = answer {
            assert_eq!(status(&answer), 503, "{answer}");
            assert!(is_signed(&answer));
            break;
        }
        assert!(
            attempt < 20,
            "a caller has more open questions than its own"
        );
    }
    let answer = send(running.address(), &text(&of_other(b"body"), "body")).await;
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn a_question_without_a_place_is_not_used() {
    let running = two_callers(Limits {
        works: 1,
        ..limits()
    })
    .await;
    let mut slow = asked(b"");
    slow.path = path("/v1/slow");
    let slow = SignedRequest::sign(&hotkey(OTHER), slow).unwrap();
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    stream.write_all(text(&slow, "").as_bytes()).await.unwrap();
    let mut refused = None;
    for attempt in 0.. {
        let request = text(&question(b"body"), "body");
        if status(&send(running.address(), &request).await) == 503 {
            refused = Some(request);
            break;
        }
        assert!(attempt < 200, "two questions are answered at a time");
        sleep(Duration::from_millis(20)).await;
    }
    drop(stream);
    let refused = refused.unwrap();
    for attempt in 0.. {
        match status(&send(running.address(), &refused).await) {
            200 => break,
            other => assert_eq!(other, 503),
        }
        assert!(attempt < 200, "the place is not given back");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status(&send(running.address(), &refused).await), 409);
}

#[tokio::test]
async fn a_guest_above_the_rate_makes_no_signature() {
    let running = with_guests(Limits {
        guests: 0,
        ..limits()
    })
    .await;
    assert_eq!(
        status(&send(running.address(), &text(&of_guest(10), "body")).await),
        200
    );
    let again = text(&of_guest(11), "body");
    for _ in 0..3 {
        let answer = send(running.address(), &again).await;
        assert_eq!(status(&answer), 429, "{answer}");
        assert!(!is_signed(&answer));
        assert!(answer.contains("\r\nretry-after: 61\r\n"), "{answer}");
    }
    assert_eq!(running.counts().unsigned, 3);
}

#[tokio::test]
async fn signatures_of_guests_are_bounded_by_address() {
    let running = with_guests(Limits {
        guests: 1000,
        reads_per_address: 1,
        ..limits()
    })
    .await;
    let mut refused = 0;
    for number in 0..12 {
        let mut forged = of_guest(10);
        forged.signature[number] ^= 1;
        match status(&send(running.address(), &text(&forged, "body")).await) {
            429 => refused += 1,
            other => assert_eq!(other, 401),
        }
    }
    assert!(refused >= 4, "{refused} of 12");
    // A caller of the roster does not depend on it.
    let answer = send(running.address(), &text(&question(b"body"), "body")).await;
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn a_caller_above_the_rate_has_to_connect_again() {
    let running = serve(Limits {
        floor: 0,
        capacity: 0,
        burst: 1,
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    let request = |question| format!("{}\r\nbody", head(&question, 4));
    let first = request(question(b"body"));
    stream.write_all(first.as_bytes()).await.unwrap();
    let first = answer(&mut stream, "body").await;
    assert_eq!(status(&first), 200);
    let second = request(question(b"body"));
    stream.write_all(second.as_bytes()).await.unwrap();
    let second = rest(&mut stream).await;
    assert_eq!(status(&second), 429);
    assert!(
        is_signed(&second) && second.contains("\r\nconnection: close\r\n"),
        "{second}"
    );
}

#[tokio::test]
async fn a_guest_gives_way_to_new_connections() {
    let running = with_guests(Limits {
        connections: 1,
        ..limits()
    })
    .await;
    let mut guest = TcpStream::connect(running.address()).await.unwrap();
    let request = format!("{}\r\nbody", head(&of_guest(10), 4));
    guest.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut guest, "body").await), 200);
    let later = send(running.address(), &text(&question(b"body"), "body")).await;
    assert_eq!(status(&later), 200, "{later}");
    assert_eq!(rest(&mut guest).await, "");
}

async fn with_tls(identity: &Identity, limits: Limits) -> Running {
    let mut server = server(limits);
    server.identity = Some(identity.clone());
    server.start(Echo).await.unwrap()
}

/// Asks over a connection of its own, with this certificate. Returns true if it is answered.
async fn answered(running: &Running, identity: &Identity) -> bool {
    let endpoint = endpoint(running.address(), Some(identity));
    let exchange = ask(&client(), &endpoint, b"body", PATIENCE).await;
    matches!(exchange.outcome, Outcome::Signed(_))
}

#[tokio::test]
async fn a_flood_of_handshakes_keeps_no_proven_caller_out() {
    let identity = Identity::make().unwrap();
    let limits = Limits {
        handshakes: 5,
        ..limits()
    };
    let running = with_tls(&identity, limits).await;
    assert!(answered(&running, &identity).await);
    for _ in 0..20 {
        for number in 1..10 {
            // Each stranger is in a block of its own.
            drop(connect_from([127, 0, number, 2], running.address()).await);
        }
        assert!(answered(&running, &identity).await);
    }
    let closed = running.counts().closed;
    assert!(closed >= 90, "{closed} of 180 strangers");
}

#[tokio::test]
async fn a_caller_that_was_closed_before_tls_asks_again() {
    let identity = Identity::make().unwrap();
    let limits = Limits {
        connects_per_address: 1,
        ..limits()
    };
    let running = with_tls(&identity, limits).await;
    for _ in 0..4 {
        drop(TcpStream::connect(running.address()).await.unwrap());
    }
    assert!(answered(&running, &identity).await);
    let closed = running.counts().closed;
    assert!((1..=4).contains(&closed), "{closed}");
    // One that never has room ends at its last attempt.
    let endpoint = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || while listener.accept().is_ok() {});
        endpoint(address, Some(&identity))
    };
    let deadline = Duration::from_secs(2);
    let exchange = ask(&client(), &endpoint, b"body", deadline).await;
    assert!(
        matches!(exchange.cause, Some(Cause::Early(_) | Cause::Deadline)),
        "{exchange:?}"
    );
}

#[tokio::test]
async fn connections_that_were_meant_for_another_are_counted() {
    let (identity, other) = (Identity::make().unwrap(), Identity::make().unwrap());
    let running = with_tls(&identity, limits()).await;
    assert!(answered(&running, &identity).await);
    assert!(!answered(&running, &other).await);
    for attempt in 0.. {
        if running.counts().misled == 1 {
            break;
        }
        assert!(attempt < 200, "{:?}", running.counts());
        sleep(Duration::from_millis(20)).await;
    }
}
