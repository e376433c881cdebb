//! Unsigned requests: the greeting, blobs and pages.

use crate::{
    testing::{
        client, connect_from, endpoint, hotkey, is_signed, limits, miner, path, send, serve,
        server, status, Echo, Folder, PATIENCE,
    },
    BlobLimits, Blobs, Cause, Limits, Running,
};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

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

/// Serves one blob, larger than all that the buffers between hold, and returns its path.
async fn large(folder: &Folder, limits: Limits) -> (Running, String) {
    let blobs = Blobs::at(folder.path(), BlobLimits::default()).unwrap();
    let hash = blobs.put(&vec![7; 32 * 1024 * 1024]).unwrap();
    let mut with_blobs = server(limits);
    with_blobs.blobs = Some(Arc::new(blobs));
    let name = format!("/v1/blob/{}", &inktensor_primitives::hash::hex(&hash)[2..]);
    (with_blobs.start(Echo).await.unwrap(), name)
}

/// Begins to read a page, and returns when its first bytes are there.
async fn begin(stream: &mut TcpStream, target: &str, fields: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: m0.localhost\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 16];
    stream.read_exact(&mut first).await.unwrap();
    String::from_utf8(first.into()).unwrap()
}

const PART: &str = "Range: bytes=0-9\r\n";

#[tokio::test]
async fn blobs_to_an_address_are_bounded() {
    let folder = Folder::new("per-address");
    let limits = Limits {
        transfers_per_address: 1,
        ..limits()
    };
    let (running, name) = large(&folder, limits).await;
    let mut unread = TcpStream::connect(running.address()).await.unwrap();
    assert_eq!(status(&begin(&mut unread, &name, "").await), 200);
    assert_eq!(status(&get(running.address(), &name, PART).await), 503);
    let mut elsewhere = connect_from([127, 0, 0, 2], running.address()).await;
    assert_eq!(status(&begin(&mut elsewhere, &name, PART).await), 206);
    drop(unread);
    for attempt in 0.. {
        if status(&get(running.address(), &name, PART).await) == 206 {
            break;
        }
        assert!(attempt < 200, "the place is not given back");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_slow_reader_of_a_blob_loses_its_place() {
    let folder = Folder::new("slow-reader");
    let limits = Limits {
        transfers: 1,
        stall: Duration::from_secs(1),
        slowest: u32::MAX,
        ..limits()
    };
    let (running, name) = large(&folder, limits).await;
    let mut slow = TcpStream::connect(running.address()).await.unwrap();
    assert_eq!(status(&begin(&mut slow, &name, "").await), 200);
    // Each read makes some progress, so the write never stalls for long.
    let reads = tokio::spawn(async move {
        let mut read = 0;
        let mut bytes = vec![0; 256 * 1024];
        loop {
            sleep(Duration::from_millis(100)).await;
            match slow.read(&mut bytes).await {
                Ok(length) if length > 0 => read += length,
                _ => return read,
            }
        }
    });
    let begun = Instant::now();
    while status(&get(running.address(), &name, PART).await) == 503 {
        assert!(begun.elapsed() < PATIENCE, "the place is not given back");
        sleep(Duration::from_millis(50)).await;
    }
    let read = timeout(PATIENCE, reads).await.unwrap().unwrap();
    assert!(read < 32 * 1024 * 1024, "{read}");
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
