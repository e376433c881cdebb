//! Memory, connections and time: each bound is reached.

use crate::{
    testing::{
        asked, connect_from, head, is_signed, limits, path, question, rest, roster, send, serve,
        server, status, text, validator, Echo, PATIENCE,
    },
    Limits, Roster, ServerError, SignedRequest,
};
use inktensor_primitives::AccountId;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const SHORT: Duration = Duration::from_millis(300);

/// Returns true if the other side ends the connection.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut byte = [0; 1];
    matches!(
        timeout(PATIENCE, stream.read(&mut byte)).await,
        Ok(Ok(0) | Err(_))
    )
}

#[tokio::test]
async fn a_head_that_trickles_ends_the_connection() {
    let running = serve(Limits {
        head: SHORT,
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    let question = head(&question(b""), 0);
    let mut ended = false;
    for byte in question.bytes() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if stream.write_all(&[byte]).await.is_err() {
            ended = true;
            break;
        }
    }
    assert!(ended || ends(&mut stream).await);
    assert_eq!(running.counts().answered, 0);
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let running = serve(Limits {
        head: SHORT,
        ..limits()
    })
    .await;
    let mut silent = TcpStream::connect(running.address()).await.unwrap();
    assert!(ends(&mut silent).await);
}

#[tokio::test]
async fn a_body_that_trickles_is_refused_with_a_signature() {
    let running = serve(Limits {
        body: SHORT,
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    let question = head(&question(b"body"), 4);
    stream
        .write_all(format!("{question}\r\nbo").as_bytes())
        .await
        .unwrap();
    let answer = rest(&mut stream).await;
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(is_signed(&answer));
}

#[tokio::test]
async fn a_reader_that_stalls_ends_the_connection() {
    let running = serve(Limits {
        stall: SHORT,
        ..limits()
    })
    .await;
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    // Answers of 64 KiB each, none of which is read, until no more fits into the buffers between.
    let body = "x".repeat(64 * 1024);
    let mut written = Ok(());
    for _ in 0..400 {
        let question = question(body.as_bytes());
        let request = format!("{}\r\n{body}", head(&question, body.len()));
        written = match timeout(PATIENCE, stream.write_all(request.as_bytes())).await {
            Ok(written) => written,
            Err(_) => panic!("the connection does not end"),
        };
        if written.is_err() {
            break;
        }
    }
    assert!(written.is_err());
}

#[tokio::test]
async fn connections_of_an_address_are_bounded() {
    let running = serve(Limits {
        connections_per_address: 2,
        ..limits()
    })
    .await;
    let first = TcpStream::connect(running.address()).await.unwrap();
    let _second = TcpStream::connect(running.address()).await.unwrap();
    let mut third = TcpStream::connect(running.address()).await.unwrap();
    assert!(ends(&mut third).await);
    let mut elsewhere = connect_from([127, 0, 0, 2], running.address()).await;
    let request = text(&question(b""), "");
    elsewhere.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(status(&rest(&mut elsewhere).await), 200);
    drop(first);
    for attempt in 0.. {
        let mut again = TcpStream::connect(running.address()).await.unwrap();
        let request = text(&question(b""), "");
        let written = again.write_all(request.as_bytes()).await;
        let answer = rest(&mut again).await;
        if written.is_ok() && !answer.is_empty() {
            assert_eq!(status(&answer), 200);
            break;
        }
        assert!(attempt < 200, "the place is not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn idle_strangers_give_way_to_new_connections() {
    let running = serve(Limits {
        connections: 3,
        ..limits()
    })
    .await;
    let mut strangers = Vec::new();
    for number in 2..5 {
        strangers.push(connect_from([127, 0, 0, number], running.address()).await);
    }
    for _ in 0..4 {
        let answer = send(running.address(), &text(&question(b""), "")).await;
        assert_eq!(status(&answer), 200);
    }
    assert!(ends(&mut strangers[0]).await);
}

#[tokio::test]
async fn connects_of_an_address_are_bounded_in_time() {
    let running = serve(Limits {
        connects_per_address: 1,
        ..limits()
    })
    .await;
    let mut refused = 0;
    for _ in 0..12 {
        let mut stream = TcpStream::connect(running.address()).await.unwrap();
        let _ = stream.write_all(text(&question(b""), "").as_bytes()).await;
        refused += u32::from(rest(&mut stream).await.is_empty());
    }
    assert!(refused >= 4, "{refused} of 12");
    assert_eq!(running.counts().closed, u64::from(refused));
}

#[tokio::test]
async fn work_at_a_time_is_bounded() {
    let running = serve(Limits {
        works: 1,
        ..limits()
    })
    .await;
    let mut slow = asked(b"");
    slow.path = path("/v1/slow");
    let slow = SignedRequest::sign(&validator(), slow).unwrap();
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    stream.write_all(text(&slow, "").as_bytes()).await.unwrap();
    for attempt in 0.. {
        let answer = send(running.address(), &text(&question(b""), "")).await;
        if status(&answer) == 503 {
            assert!(
                is_signed(&answer) && answer.contains("retry-after: 1"),
                "{answer}"
            );
            break;
        }
        assert!(attempt < 200, "two questions are answered at a time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The place is free as soon as the caller of the slow one is gone.
    drop(stream);
    for attempt in 0.. {
        if status(&send(running.address(), &text(&question(b""), "")).await) == 200 {
            break;
        }
        assert!(attempt < 200, "the place is not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn nonces_are_bounded() {
    let running = serve(Limits {
        nonces: 5,
        ..limits()
    })
    .await;
    for _ in 0..5 {
        assert_eq!(
            status(&send(running.address(), &text(&question(b""), "")).await),
            200
        );
    }
    let answer = send(running.address(), &text(&question(b""), "")).await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(is_signed(&answer));
}

#[tokio::test]
async fn a_roster_above_the_bound_is_refused() {
    let running = serve(limits()).await;
    let callers = |number: u32| -> Roster {
        let account = |number: u32| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            (AccountId::from(bytes), 1)
        };
        let accounts: Vec<_> = (0..number).map(account).collect();
        let mut roster = roster(&[(validator().account(), 1)]);
        let admitted = roster.callers.values().next().copied().unwrap();
        roster
            .callers
            .extend(accounts.iter().map(|(account, _)| (*account, admitted)));
        roster
    };
    let most = u32::try_from(crate::server::MAX_ROSTER).unwrap();
    assert!(running.set_roster(callers(most - 1)).is_ok());
    let refused = running.set_roster(callers(most)).unwrap_err();
    assert!(matches!(refused, ServerError::Roster(_)), "{refused}");
    assert_eq!(running.roster().callers.len(), crate::server::MAX_ROSTER);
    assert_eq!(
        status(&send(running.address(), &text(&question(b""), "")).await),
        200
    );
}

#[tokio::test]
async fn a_limit_of_zero_does_not_start() {
    let none = server(Limits {
        works: 0,
        ..limits()
    })
    .start(Echo)
    .await;
    assert!(matches!(none, Err(ServerError::Limit("works"))));
    let running = serve(limits()).await;
    let mut taken = server(limits());
    taken.address = running.address();
    assert!(matches!(
        taken.start(Echo).await,
        Err(ServerError::Listen { .. })
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_frees_the_address_before_it_returns() {
    let mut running = serve(limits()).await;
    let address = running.address();
    for _ in 0..50 {
        running.stop().await;
        let mut again = server(limits());
        again.address = address;
        running = again.start(Echo).await.unwrap();
    }
}

#[tokio::test]
async fn stop_lets_an_open_question_end_and_frees_the_address() {
    let running = serve(limits()).await;
    let address = running.address();
    let mut slow = asked(b"");
    slow.path = path("/v1/slow");
    slow.expires = slow.created + 2;
    let slow = SignedRequest::sign(&validator(), slow).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text(&slow, "").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop().await;
    assert_eq!(status(&rest(&mut stream).await), 504);
    let mut again = server(limits());
    again.address = address;
    let again = again.start(Echo).await.unwrap();
    assert_eq!(again.address(), address);
}
