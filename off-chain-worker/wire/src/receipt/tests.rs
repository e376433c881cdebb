use super::*;
use crate::testing::{asked, hotkey, miner, path, question, validator};
use inktensor_primitives::NetUid;
use proptest::prelude::*;

fn answer(request: &SignedRequest) -> SignedResponse {
    let body = b"{\"answer\":1}".to_vec();
    SignedResponse::sign(
        &miner(),
        request,
        200,
        Media::Json,
        body,
        request.created + 1,
    )
}

/// Every request that differs from `request` in one signed field.
fn changed(request: &SignedRequest) -> Vec<(&'static str, SignedRequest)> {
    let change = |change: &dyn Fn(&mut SignedRequest)| {
        let mut changed = request.clone();
        change(&mut changed);
        changed
    };
    vec![
        ("path", change(&|it| it.path = path("/v1/probe"))),
        ("media", change(&|it| it.media = Media::Octets)),
        ("body", change(&|it| it.body[0] ^= 1)),
        ("home", change(&|it| it.context.home[31] ^= 1)),
        ("netuid", change(&|it| it.context.netuid = NetUid(2))),
        ("epoch", change(&|it| it.context.epoch += 1)),
        ("by", change(&|it| it.context.by = Some(8))),
        ("by", change(&|it| it.context.by = None)),
        ("to", change(&|it| it.context.to = hotkey(5).account())),
        ("seat", change(&|it| it.context.seat += 1)),
        ("hotkey", change(&|it| it.hotkey = hotkey(5).account())),
        ("created", change(&|it| it.created += 1)),
        ("expires", change(&|it| it.expires += 1)),
        ("nonce", change(&|it| it.nonce[0] ^= 1)),
        ("signature", change(&|it| it.signature[63] ^= 1)),
    ]
}

#[test]
fn verify_accepts_a_question_and_its_answer_without_a_network() {
    let request = question(b"body");
    let response = answer(&request);
    assert_eq!(request.verify(), Ok(()));
    assert_eq!(request.verify_body(b"body"), Ok(()));
    assert_eq!(response.verify(&request), Ok(()));
    assert_eq!(
        Outcome::of(response.clone()),
        Outcome::Signed(response.clone())
    );
    assert_eq!(Outcome::of(response).verify(&request), Ok(()));
}

#[test]
fn verify_refuses_a_question_with_any_changed_field() {
    let request = question(b"body");
    for (field, changed) in changed(&request) {
        assert_eq!(
            changed.verify(),
            Err(VerifyError::Signature(changed.hotkey)),
            "{field}"
        );
    }
    assert_eq!(request.verify_body(b"other"), Err(VerifyError::Body));
}

#[test]
fn verify_refuses_an_answer_with_any_changed_field() {
    let request = question(b"body");
    let response = answer(&request);
    let refused = Err(VerifyError::Signature(miner().account()));
    for change in [
        SignedResponse {
            status: 201,
            ..response.clone()
        },
        SignedResponse {
            media: Media::Text,
            ..response.clone()
        },
        SignedResponse {
            content: Content::Whole(b"other".to_vec()),
            ..response.clone()
        },
        SignedResponse {
            content: Content::Digest([0; 32]),
            ..response.clone()
        },
        SignedResponse {
            created: response.created + 1,
            ..response.clone()
        },
        SignedResponse {
            signature: [0; 64],
            ..response.clone()
        },
    ] {
        assert_eq!(change.verify(&request), refused, "{change:?}");
    }
}

#[test]
fn an_answer_holds_for_its_own_question_only() {
    let (first, second) = (question(b"body"), question(b"body"));
    assert_ne!(first.signature, second.signature);
    let response = answer(&first);
    assert!(response.verify(&second).is_err());
    // The same question in every field, signed once more, is another question.
    let again = SignedRequest::sign(&validator(), first.asked()).unwrap();
    assert_ne!(again.signature, first.signature);
    assert!(response.verify(&again).is_err());
}

#[test]
fn an_answer_by_another_key_does_not_count() {
    let request = question(b"body");
    let forged = SignedResponse::sign(
        &hotkey(5),
        &request,
        200,
        Media::Json,
        b"{}".to_vec(),
        request.created,
    );
    assert_eq!(
        forged.verify(&request),
        Err(VerifyError::Signature(miner().account()))
    );
}

#[test]
fn without_body_verifies_as_before() {
    let request = question(b"body");
    let response = answer(&request);
    assert_eq!(response.body(), Some(&b"{\"answer\":1}"[..]));
    let short = response.without_body();
    assert_eq!(short.body(), None);
    assert_eq!(short.verify(&request), Ok(()));
}

#[test]
fn a_lifetime_outside_of_the_limit_is_refused_before_the_signature() {
    let created = 1_764_344_000;
    for (created, expires, good) in [
        (created, created + 1, true),
        (created, created + 60, true),
        (created, created + 61, false),
        (created, created, false),
        (created, created - 1, false),
        (u64::MAX, 0, false),
    ] {
        let signed = SignedRequest::sign(
            &validator(),
            Asked {
                created,
                expires,
                ..asked(b"")
            },
        );
        assert_eq!(signed.is_ok(), good, "{created} {expires}");
        let unsigned = SignedRequest {
            created,
            expires,
            ..question(b"")
        };
        let refused = Err(VerifyError::Lifetime { created, expires });
        assert_eq!(unsigned.verify() == refused, !good, "{created} {expires}");
    }
}

#[test]
fn an_answer_from_another_time_is_refused() {
    let request = question(b"");
    let at = |created| {
        SignedResponse::sign(&miner(), &request, 200, Media::Json, Vec::new(), created)
            .verify(&request)
    };
    let (created, expires) = (request.created, request.expires);
    for good in [created - SKEW, created, expires + SKEW] {
        assert_eq!(at(good), Ok(()));
    }
    for answered in [0, created - SKEW - 1, expires + SKEW + 1, u64::MAX] {
        assert_eq!(
            at(answered),
            Err(VerifyError::Time {
                answered,
                created,
                expires
            })
        );
    }
}

#[test]
fn a_refusal_is_no_answer_and_silence_has_no_signature() {
    let request = question(b"");
    let refusal = SignedResponse::sign(
        &miner(),
        &request,
        429,
        Media::Text,
        Vec::new(),
        request.created,
    );
    assert_eq!(
        Outcome::of(refusal.clone()),
        Outcome::Refused(refusal.clone())
    );
    assert_eq!(Outcome::Refused(refusal.clone()).verify(&request), Ok(()));
    assert_eq!(
        Outcome::Signed(refusal).verify(&request),
        Err(VerifyError::Outcome(429))
    );
    let answered = Outcome::Refused(answer(&request));
    assert_eq!(answered.verify(&request), Err(VerifyError::Outcome(200)));
    assert_eq!(Outcome::Silent { millis: 1 }.verify(&request), Ok(()));
    let odd = SignedResponse {
        status: 99,
        ..answer(&request)
    };
    assert_eq!(odd.verify(&request), Err(VerifyError::Status(99)));
}

#[test]
fn a_receipt_reads_as_it_was_written() {
    let request = question(b"body");
    let encoded = request.encode();
    assert!(encoded.len() < 320, "{}", encoded.len());
    assert_eq!(
        SignedRequest::decode(&mut &encoded[..]),
        Ok(request.clone())
    );
    for outcome in [
        Outcome::of(answer(&request)),
        Outcome::of(answer(&request).without_body()),
        Outcome::Silent { millis: 20_000 },
        Outcome::Unsigned { status: 502 },
    ] {
        let encoded = outcome.encode();
        assert_eq!(Outcome::decode(&mut &encoded[..]), Ok(outcome));
    }
}

proptest! {
    /// Damaged bytes never verify as another receipt.
    #[test]
    fn a_damaged_receipt_does_not_verify(place in 0usize..400, bit in 0u8..8) {
        let request = question(b"body");
        let mut encoded = request.encode();
        let place = place % encoded.len();
        encoded[place] ^= 1 << bit;
        if let Ok(damaged) = SignedRequest::decode(&mut &encoded[..]) {
            prop_assert!(damaged.verify().is_err());
            let same = damaged.signature == request.signature;
            prop_assert!(same || answer(&request).verify(&damaged).is_err());
        }
    }

    #[test]
    fn decode_of_any_bytes_returns(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = SignedRequest::decode(&mut &bytes[..]);
        let _ = Outcome::decode(&mut &bytes[..]);
    }
}
