//! Unsigned requests: the greeting, blobs and pages.

use crate::{
    testing::{
        client, endpoint, hotkey, is_signed, limits, miner, path, send, serve, server, status,
        Echo, Folder, PATIENCE,
    },
    BlobLimits, Blobs, Cause, Limits,
};
use std::{net::SocketAddr, sync::Arc};

async fn get(address: SocketAddr, target: &str, fields: &str) -> String {
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: m0.localhost\r\n{fields}Connection: close\r\n\r\n");
    send(address, &request).await
}

#[tokio::test]
async fn the_greeting_is_signed_by_the_receiver() {
    let running = serve(limits()).await;
    let (endpoint, client) = (endpoint(running.address(), None), client());
    let hello = client
        .hello(&endpoint, &miner().account(), PATIENCE)
        .await
        .unwrap();
    assert_eq!(hello, br#"{"task":"echo/1"}"#);
    let other = client
        .hello(&endpoint, &hotkey(3).account(), PATIENCE)
        .await;
    assert!(
        matches!(other, Err(Cause::Unsigned { status: 200, .. })),
        "{other:?}"
    );
}

#[tokio::test]
async fn pages_of_the_service_are_served_unsigned() {
    let running = serve(limits()).await;
    let (endpoint, client) = (endpoint(running.address(), None), client());
    let page = |text, limit| client.page(&endpoint, text, limit, PATIENCE);
    let evidence = path("/v1/evidence/41");
    assert_eq!(page(&evidence, 8).await.unwrap(), b"evidence");
    assert!(matches!(page(&evidence, 7).await, Err(Cause::Length(7))));
    let missing = page(&path("/v1/evidence/42"), 8).await;
    assert!(matches!(missing, Err(Cause::Status(404))), "{missing:?}");
    let answer = get(running.address(), "/v1/evidence/41", "").await;
    assert!(
        !is_signed(&answer) && answer.ends_with("\r\n\r\nevidence"),
        "{answer}"
    );
    for target in ["/", "/v1/evidence/41?x", "/v1/../etc/passwd", "/metrics"] {
        assert_eq!(
            status(&get(running.address(), target, "").await),
            400,
            "{target}"
        );
    }
}

#[tokio::test]
async fn pages_of_an_address_are_bounded_in_time() {
    let running = serve(Limits {
        reads_per_address: 1,
        ..limits()
    })
    .await;
    let mut refused = 0;
    for _ in 0..12 {
        let answer = get(running.address(), "/v1/hello", "").await;
        refused += u32::from(status(&answer) == 429);
    }
    assert!(refused >= 4, "{refused} of 12");
}

#[tokio::test]
async fn blobs_are_served_with_ranges() {
    let folder = Folder::new("served");
    let blobs = Arc::new(Blobs::at(folder.path(), BlobLimits::default()).unwrap());
    let text: String = (0..40_000).map(|number| format!("{number} ")).collect();
    let hash = blobs.put(text.as_bytes()).unwrap();
    let mut with_blobs = server(limits());
    with_blobs.blobs = Some(Arc::clone(&blobs));
    let running = with_blobs.start(Echo).await.unwrap();
    let name = format!("/v1/blob/{}", &inktensor_primitives::hash::hex(&hash)[2..]);
    let whole = get(running.address(), &name, "").await;
    assert_eq!(status(&whole), 200);
    assert!(whole.ends_with(&format!("\r\n\r\n{text}")));
    let size = text.len();
    let part = get(running.address(), &name, "Range: bytes=100000-100009\r\n").await;
    assert_eq!(status(&part), 206);
    assert!(part.contains(&format!(
        "\r\ncontent-range: bytes 100000-100009/{size}\r\n"
    )));
    assert!(
        part.ends_with(&format!("\r\n\r\n{}", &text[100_000..100_010])),
        "{part}"
    );
    let beyond = get(
        running.address(),
        &name,
        &format!("Range: bytes={size}-\r\n"),
    )
    .await;
    assert_eq!(status(&beyond), 416);
    assert!(
        beyond.contains(&format!("\r\ncontent-range: bytes */{size}\r\n")),
        "{beyond}"
    );
    for (target, expected) in [
        (format!("/v1/blob/{}", "00".repeat(32)), 404),
        (format!("/v1/blob/{}", "00".repeat(31)), 400),
        ("/v1/blob/zz".to_owned(), 400),
    ] {
        assert_eq!(
            status(&get(running.address(), &target, "").await),
            expected,
            "{target}"
        );
    }
}
