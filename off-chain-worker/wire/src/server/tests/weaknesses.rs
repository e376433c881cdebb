//! Each weakness that other protocols have had, tried against a server.

use crate::{
    fields::Asked,
    testing::{
        ask, asked, client, context, endpoint, hotkey, is_signed, limits, miner, path, question,
        roster, send, serve, server, status, text, validator, Echo, PATIENCE,
    },
    Cause, Identity, Limits, Outcome, SignedRequest,
};
use inktensor_primitives::NetUid;
use std::time::Duration;

#[tokio::test]
async fn an_empty_or_missing_signature_is_refused() {
    let running = serve(limits()).await;
    let good = text(&question(b"body"), "body");
    let line = good
        .lines()
        .find(|line| line.starts_with("Signature: "))
        .unwrap();
    for other in ["Signature: q=::", "Signature: ", "Signature: q", "X: y"] {
        let answer = send(running.address(), &good.replace(line, other)).await;
        assert_eq!(status(&answer), 400, "{other}: {answer}");
        assert!(!is_signed(&answer));
    }
    assert_eq!(status(&send(running.address(), &good).await), 200);
}

#[tokio::test]
async fn the_body_is_signed() {
    let running = serve(limits()).await;
    let other_body = text(&question(b"body"), "bodY");
    let answer = send(running.address(), &other_body).await;
    assert_eq!(status(&answer), 400);
    assert!(
        is_signed(&answer),
        "the caller's key is known, so the refusal is signed: {answer}"
    );
    let mut other_digest = question(b"body");
    other_digest.body = crate::signature::sha256(b"bodY");
    let answer = send(running.address(), &text(&other_digest, "bodY")).await;
    assert_eq!(status(&answer), 401);
}

#[tokio::test]
async fn the_replay_window_is_the_receivers() {
    let running = serve(limits()).await;
    let now = asked(b"").created;
    for (created, expires) in [
        (now - 60, now + 60),
        (now - 11, now + 20),
        (now + 10, now + 20),
        (now, now + 61),
        (now, now + 100_000),
        (now - 5, now - 1),
    ] {
        // Signed, so that nothing but the times is wrong.
        let signed = Asked {
            created,
            expires,
            ..asked(b"")
        };
        let signature = validator().sign(&signed.base(&validator().account()));
        let signed = SignedRequest::from_parts(signed, validator().account(), signature);
        let answer = send(running.address(), &text(&signed, "")).await;
        assert_eq!(status(&answer), 412, "{created} {expires}: {answer}");
    }
    // Fields that are not signed have no effect.
    let late = Asked {
        created: now - 20,
        expires: now + 20,
        ..asked(b"")
    };
    let late = SignedRequest::sign(&validator(), late).unwrap();
    let with = text(&late, "").replace("\r\nHost", "\r\nTimeout: 100000\r\nVersion: 1\r\nHost");
    assert_eq!(status(&send(running.address(), &with).await), 412);
}

#[tokio::test]
async fn a_question_is_answered_once() {
    let running = serve(limits()).await;
    let once = text(&question(b"body"), "body");
    assert_eq!(status(&send(running.address(), &once).await), 200);
    for _ in 0..3 {
        assert_eq!(status(&send(running.address(), &once).await), 409);
    }
    assert_eq!(running.counts().answered, 1);
}

#[tokio::test]
async fn the_same_question_sent_twice_at_once_is_answered_once() {
    let running = serve(limits()).await;
    let once = text(&question(b"body"), "body");
    let sent = (0..8).map(|_| {
        let (address, once) = (running.address(), once.clone());
        tokio::spawn(async move { status(&send(address, &once).await) })
    });
    let mut answered = 0;
    for sent in sent.collect::<Vec<_>>() {
        match sent.await.unwrap() {
            200 => answered += 1,
            other => assert_eq!(other, 409),
        }
    }
    assert_eq!(answered, 1);
}

#[tokio::test]
async fn a_restart_forgets_no_question() {
    let before = serve(limits()).await;
    let once = text(&question(b"body"), "body");
    assert_eq!(status(&send(before.address(), &once).await), 200);
    before.stop().await;
    let after = serve(Limits {
        quiet: Limits::default().quiet,
        ..limits()
    })
    .await;
    let answer = send(after.address(), &once).await;
    assert_eq!(status(&answer), 425, "{answer}");
    // The rest of the three seconds in which it is quiet.
    let wait = |seconds| answer.contains(&format!("\r\nretry-after: {seconds}\r\n"));
    assert!((1..=3).any(wait), "{answer}");
}

#[tokio::test]
async fn a_client_signs_again_for_a_receiver_that_has_just_started() {
    let running = serve(Limits {
        quiet: 1,
        ..limits()
    })
    .await;
    let endpoint = endpoint(running.address(), None);
    let exchange = ask(&client(), &endpoint, b"body", PATIENCE).await;
    assert!(
        matches!(exchange.outcome, Outcome::Signed(_)),
        "{exchange:?}"
    );
}

#[tokio::test]
async fn a_question_is_relayed_to_no_other_receiver() {
    // The same hotkey's seat on another subnet, another generation, another deployment.
    let mut other_subnet = server(limits());
    other_subnet.roster.netuid = NetUid(2);
    let mut other_seat = server(limits());
    other_seat.roster.seat += 1;
    let mut other_home = server(limits());
    other_home.roster.home = [8; 32];
    let mut other_key = server(limits());
    other_key.hotkey = hotkey(3);
    for other in [other_subnet, other_seat, other_home, other_key] {
        let running = other.start(Echo).await.unwrap();
        let answer = send(running.address(), &text(&question(b"body"), "body")).await;
        assert_eq!(status(&answer), 421, "{answer}");
    }
}

#[tokio::test]
async fn a_relay_that_changes_the_receiver_breaks_the_signature() {
    let mut other = server(limits());
    other.hotkey = hotkey(3);
    let running = other.start(Echo).await.unwrap();
    let mut relayed = question(b"body");
    relayed.context.to = hotkey(3).account();
    let answer = send(running.address(), &text(&relayed, "body")).await;
    assert_eq!(status(&answer), 401);
}

#[tokio::test]
async fn a_question_works_at_one_endpoint_and_by_one_method() {
    let running = serve(limits()).await;
    let mut moved = question(b"body");
    moved.path = path("/v1/probe");
    assert_eq!(
        status(&send(running.address(), &text(&moved, "body")).await),
        401
    );
    let ask = text(&question(b"body"), "body");
    for (from, to, expected) in [
        ("POST /v1/ask", "PUT /v1/ask", 405),
        ("POST /v1/ask", "GET /v1/ask", 404),
        ("POST /v1/ask", "POST /v1/ask?a=b", 400),
        ("POST /v1/ask", "POST /v1//ask", 400),
        ("POST /v1/ask", "POST /v1/%61sk", 400),
        ("POST /v1/ask", "POST /v1/nothing", 404),
        ("POST /v1/ask", "POST http://m0.localhost/v1/ask", 400),
    ] {
        let answer = send(running.address(), &ask.replace(from, to)).await;
        assert_eq!(status(&answer), expected, "{to}: {answer}");
    }
}

#[tokio::test]
async fn a_signature_is_no_bearer_token() {
    let running = serve(limits()).await;
    let first = question(b"first");
    assert_eq!(
        status(&send(running.address(), &text(&first, "first")).await),
        200
    );
    // The same signature for other bodies, epochs and later times.
    let mut other = first.clone();
    other.body = crate::signature::sha256(b"other");
    other.nonce = [5; 16];
    assert_eq!(
        status(&send(running.address(), &text(&other, "other")).await),
        401
    );
    let mut other = first.clone();
    (other.context.epoch, other.nonce) = (42, [6; 16]);
    assert_eq!(
        status(&send(running.address(), &text(&other, "first")).await),
        401
    );
    let mut other = first;
    other.expires += 30;
    other.nonce = [7; 16];
    assert_eq!(
        status(&send(running.address(), &text(&other, "first")).await),
        401
    );
}

#[tokio::test]
async fn forged_questions_do_not_touch_the_budget_of_the_name_they_use() {
    let running = serve(Limits {
        floor: 1,
        capacity: 0,
        burst: 1,
        ..limits()
    })
    .await;
    for number in 0..40 {
        let mut forged = question(b"body");
        forged.signature[number] ^= 1;
        let answer = send(running.address(), &text(&forged, "body")).await;
        assert_eq!(status(&answer), 401);
        assert!(
            !is_signed(&answer),
            "a signature for each forgery is work for a stranger"
        );
    }
    let answer = send(running.address(), &text(&question(b"body"), "body")).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(running.counts().forged, 40);
}

#[tokio::test]
async fn an_answer_is_signed_over_its_body_and_its_question() {
    let running = serve(limits()).await;
    let endpoint = endpoint(running.address(), None);
    let client = client();
    let ask = |body: &'static [u8]| ask(&client, &endpoint, body, PATIENCE);
    let (first, second) = (ask(b"first").await, ask(b"second").await);
    let (Outcome::Signed(a), Outcome::Signed(b)) = (&first.outcome, &second.outcome) else {
        panic!("{first:?} {second:?}");
    };
    assert_eq!(
        (a.body(), b.body()),
        (Some(&b"first"[..]), Some(&b"second"[..]))
    );
    assert_eq!(a.verify(&first.request), Ok(()));
    assert!(a.verify(&second.request).is_err() && b.verify(&first.request).is_err());
    let refused = ask(b"refuse").await;
    let Outcome::Refused(refusal) = &refused.outcome else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (refusal.status, refusal.verify(&refused.request)),
        (422, Ok(()))
    );
}

#[tokio::test]
async fn tls_is_pinned_by_the_hash_that_the_chain_stores() {
    let identity = Identity::make().unwrap();
    let mut with_tls = server(limits());
    with_tls.identity = Some(identity.clone());
    let running = with_tls.start(Echo).await.unwrap();
    let client = client();
    let other_identity = Identity::make().unwrap();
    let at = |identity| endpoint(running.address(), identity);
    let mut answered = 0;
    while answered < 50 && running.counts().connected == answered {
        let exchange = ask(&client, &at(Some(&identity)), b"body", PATIENCE).await;
        assert!(
            matches!(exchange.outcome, Outcome::Signed(_)),
            "{exchange:?}"
        );
        answered += 1;
    }
    assert!(answered < 50, "no connection is used again");
    let other = ask(&client, &at(Some(&other_identity)), b"body", PATIENCE).await;
    assert!(matches!(other.outcome, Outcome::Silent { .. }), "{other:?}");
    let shown = identity.pin();
    let is_other = matches!(&other.cause, Some(Cause::Certificate { shown: it }) if *it == shown);
    assert!(is_other, "{other:?}");
    let plain = ask(&client, &at(None), b"body", Duration::from_secs(2)).await;
    assert!(matches!(plain.outcome, Outcome::Silent { .. }), "{plain:?}");
}

#[tokio::test]
async fn a_client_with_a_pin_never_speaks_plain_http() {
    let running = serve(limits()).await;
    let identity = Identity::make().unwrap();
    let endpoint = endpoint(running.address(), Some(&identity));
    let exchange = ask(&client(), &endpoint, b"body", Duration::from_secs(2)).await;
    assert!(
        matches!(exchange.cause, Some(Cause::Tls(_))),
        "{exchange:?}"
    );
    assert_eq!(running.counts().answered, 0);
}

#[tokio::test]
async fn a_replaced_seat_is_no_caller_and_no_receiver() {
    let running = serve(limits()).await;
    let mut old = asked(b"");
    old.context.by = Some(6);
    let old = SignedRequest::sign(&validator(), old).unwrap();
    assert_eq!(status(&send(running.address(), &text(&old, "")).await), 403);
    let mut later = roster(&[(validator().account(), 1)]);
    later.seat = 20;
    running.set_roster(later).unwrap();
    let answer = send(running.address(), &text(&question(b""), "")).await;
    assert_eq!(status(&answer), 421, "{answer}");
    assert_eq!(miner().account(), context().to);
}
