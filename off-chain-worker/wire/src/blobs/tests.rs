use super::*;
use crate::testing::{client, endpoint, limits, server, Echo, Folder, PATIENCE};
use crate::{Running, Server};
use inktensor_primitives::registry::Host;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const SMALL: BlobLimits = BlobLimits {
    count: 3,
    bytes: 100,
    size: 60,
};

/// More than any blob of these tests.
const MOST: u64 = 1024 * 1024;

fn bytes(length: usize, first: u8) -> Vec<u8> {
    (0..length)
        .map(|place| first.wrapping_add(u8::try_from(place % 251).unwrap()))
        .collect()
}

#[test]
fn put_stores_by_hash_and_get_checks_it() {
    let folder = Folder::new("put");
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    let hash = blobs.put(b"blob").unwrap();
    assert_eq!(hash, blake2(b"blob"));
    assert_eq!(blobs.put(b"blob").unwrap(), hash);
    assert_eq!(blobs.get(&hash).unwrap(), b"blob");
    assert_eq!(blobs.hashes(), [hash]);
    let mut hasher = Hasher::new();
    hasher.update(b"bl");
    hasher.update(b"ob");
    assert_eq!(hasher.digest(), hash);
    let unknown = blobs.get(&[0; 32]).unwrap_err();
    assert!(matches!(unknown, BlobError::Unknown(_)), "{unknown}");
    fs::write(blobs.path(&hash), b"other").unwrap();
    let damaged = blobs.get(&hash).unwrap_err();
    assert!(matches!(damaged, BlobError::Damaged(_)), "{damaged}");
    assert!(!blobs.contains(&hash) && !blobs.path(&hash).exists());
}

#[test]
fn put_is_bounded_in_size_count_and_bytes() {
    let folder = Folder::new("bounds");
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    let large = blobs.put(&bytes(61, 0)).unwrap_err();
    assert!(
        matches!(
            large,
            BlobError::Size {
                size: 61,
                limit: 60
            }
        ),
        "{large}"
    );
    let first = blobs.put(&bytes(60, 0)).unwrap();
    blobs.put(&bytes(40, 1)).unwrap();
    let full = blobs.put(&bytes(1, 2)).unwrap_err();
    assert!(
        matches!(
            full,
            BlobError::Full {
                count: 2,
                bytes: 100,
                ..
            }
        ),
        "{full}"
    );
    blobs.remove(&first).unwrap();
    blobs.put(&bytes(1, 2)).unwrap();
    blobs.put(&bytes(1, 3)).unwrap();
    let full = blobs.put(&bytes(1, 4)).unwrap_err();
    assert!(
        matches!(
            full,
            BlobError::Full {
                count: 3,
                bytes: 42,
                ..
            }
        ),
        "{full}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn at_finds_the_blobs_and_removes_what_is_not_whole() {
    let folder = Folder::new("again");
    let hash = Blobs::at(folder.path(), SMALL)
        .unwrap()
        .put(b"blob")
        .unwrap();
    fs::write(folder.path().join("7.part"), b"bl").unwrap();
    fs::write(folder.path().join("README"), b"not a blob").unwrap();
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    assert_eq!(blobs.hashes(), [hash]);
    assert_eq!(blobs.held().bytes, 4);
    assert!(!folder.path().join("7.part").exists() && folder.path().join("README").exists());
}

#[tokio::test]
async fn open_of_an_earlier_process_hashes_the_file_once() {
    let folder = Folder::new("first-open");
    let hash = Blobs::at(folder.path(), SMALL)
        .unwrap()
        .put(b"blob")
        .unwrap();
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    assert!(blobs.held().checked.is_empty());
    assert_eq!(blobs.open(&hash).await.unwrap().1, 4);
    assert!(blobs.held().checked.contains(&hash));
    // The same length, other bytes: a fault of the disk before the next start.
    fs::write(blobs.path(&hash), b"bl\0\0").unwrap();
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    let damaged = blobs.open(&hash).await.unwrap_err();
    assert!(matches!(damaged, BlobError::Damaged(_)), "{damaged}");
    assert!(!blobs.contains(&hash) && !blobs.path(&hash).exists());
    assert_eq!(blobs.held().bytes, 0);
    let unknown = blobs.open(&hash).await.unwrap_err();
    assert!(matches!(unknown, BlobError::Unknown(_)), "{unknown}");
}

#[tokio::test]
async fn open_looks_at_the_length_each_time() {
    let folder = Folder::new("length");
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    let hash = blobs.put(b"blob").unwrap();
    blobs.open(&hash).await.unwrap();
    fs::write(blobs.path(&hash), b"bl").unwrap();
    let damaged = blobs.open(&hash).await.unwrap_err();
    assert!(matches!(damaged, BlobError::Damaged(_)), "{damaged}");
    assert!(!blobs.contains(&hash));
}

async fn serving(folder: &Folder, blob: &[u8]) -> (Running, Digest) {
    let blobs = Blobs::at(folder.path(), BlobLimits::default()).unwrap();
    let hash = blobs.put(blob).unwrap();
    let server = Server {
        blobs: Some(Arc::new(blobs)),
        ..server(limits())
    };
    (server.start(Echo).await.unwrap(), hash)
}

/// Serves one fixed response after another, and closes after each.
async fn mirror(responses: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for response in responses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(&response).await.unwrap();
        }
    });
    address
}

fn response(head: &str, body: &[u8]) -> Vec<u8> {
    [head.as_bytes(), b"\r\n\r\n", body].concat()
}

fn neuron(address: SocketAddr) -> Mirror {
    Mirror::neuron(&endpoint(address, None))
}

#[tokio::test]
async fn fetch_takes_a_blob_from_the_first_honest_mirror() {
    let (theirs, ours) = (Folder::new("theirs"), Folder::new("ours"));
    let blob = bytes(300_000, 5);
    let (running, hash) = serving(&theirs, &blob).await;
    let lies = vec![b'x'; blob.len()];
    let liar = mirror(vec![response(
        "HTTP/1.1 200 OK\r\nContent-Length: 300000",
        &lies,
    )])
    .await;
    let without = mirror(vec![response("HTTP/1.1 404 No\r\nContent-Length: 0", b"")]).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let mirrors = [liar, without, closed, running.address()].map(neuron);
    let blobs = Blobs::at(ours.path(), BlobLimits::default()).unwrap();
    blobs
        .fetch(&client(), &hash, MOST, &mirrors, PATIENCE)
        .await
        .unwrap();
    assert_eq!(blobs.get(&hash).unwrap(), blob);
    assert_eq!(blobs.held().bytes, 300_000);
    // It is there now: no mirror is needed.
    blobs
        .fetch(&client(), &hash, MOST, &[], PATIENCE)
        .await
        .unwrap();
}

#[tokio::test]
async fn fetch_continues_a_broken_transfer_at_the_same_mirror() {
    let folder = Folder::new("continued");
    let blob = bytes(1000, 5);
    let part = "HTTP/1.1 206 Part\r\nContent-Length: 600\r\nContent-Range: bytes 400-999/1000";
    let broken = mirror(vec![
        response("HTTP/1.1 200 OK\r\nContent-Length: 1000", &blob[..400]),
        response(part, &blob[400..]),
    ])
    .await;
    let blobs = Blobs::at(folder.path(), BlobLimits::default()).unwrap();
    blobs
        .fetch(&client(), &blake2(&blob), MOST, &[neuron(broken)], PATIENCE)
        .await
        .unwrap();
    assert_eq!(blobs.get(&blake2(&blob)).unwrap(), blob);
}

#[tokio::test]
async fn fetch_refuses_another_size_after_a_break() {
    let folder = Folder::new("resized");
    // The first response breaks before its first byte; the second one is honest, but larger.
    for (before, after) in [(4, 50), (50, 4)] {
        let blob = bytes(after, 1);
        let size = |size: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {size}");
        let resized = mirror(vec![
            response(&size(before), b""),
            response(&size(after), &blob),
        ])
        .await;
        let blobs = Blobs::at(folder.path(), SMALL).unwrap();
        let problem = blobs
            .fetch(
                &client(),
                &blake2(&blob),
                MOST,
                &[neuron(resized)],
                PATIENCE,
            )
            .await
            .unwrap_err();
        let text = problem.to_string();
        assert!(text.contains("another part"), "{text}");
        let held = blobs.held();
        assert_eq!((held.bytes, held.reserved, held.sizes.len()), (0, 0, 0));
    }
}

#[tokio::test]
async fn fetch_names_the_fault_of_each_mirror_and_leaves_nothing_behind() {
    let folder = Folder::new("faults");
    let size = "HTTP/1.1 200 OK\r\nContent-Length: ";
    let mirrors = [
        mirror(vec![response(&format!("{size}61"), &bytes(61, 0))]).await,
        mirror(vec![response(&format!("{size}10"), b"other data")]).await,
        mirror(vec![response(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
            b"1\r\nx",
        )])
        .await,
        mirror(vec![response(
            "HTTP/1.1 206 Part\r\nContent-Length: 4",
            b"blob",
        )])
        .await,
        mirror(vec![response(
            "HTTP/1.1 302 X\r\nLocation: http://[::1]/\r\nContent-Length: 0",
            b"",
        )])
        .await,
    ]
    .map(neuron);
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    let problem = blobs
        .fetch(&client(), &blake2(b"blob"), MOST, &mirrors, PATIENCE)
        .await
        .unwrap_err();
    let text = problem.to_string();
    for part in [
        "above the limit of 60",
        "another hash",
        "no length",
        "status 206",
        "status 302",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let held = blobs.held();
    assert_eq!((held.bytes, held.reserved), (0, 0));
}

#[tokio::test]
async fn fetch_reads_no_more_than_its_caller_expects() {
    let client = client();
    let folder = Folder::new("expected");
    let blob = bytes(1001, 1);
    let size = "HTTP/1.1 200 OK\r\nContent-Length: ";
    let whole = response(&format!("{size}1001"), &blob);
    let endless = response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"1\r\nx");
    // It names a length within the limit, and sends more.
    let more = response(&format!("{size}1000"), &blob);
    let mirrors = [
        mirror(vec![whole.clone()]).await,
        mirror(vec![endless]).await,
        mirror(vec![more]).await,
    ]
    .map(neuron);
    let blobs = Blobs::at(folder.path(), BlobLimits::default()).unwrap();
    let hash = blake2(&blob);
    let fetched = blobs.fetch(&client, &hash, 1000, &mirrors, PATIENCE);
    let text = fetched.await.unwrap_err().to_string();
    assert_eq!(text.matches("above the limit of 1000").count(), 2, "{text}");
    assert_eq!(text.matches("another hash").count(), 1, "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let again = [neuron(mirror(vec![whole]).await)];
    let fetched = blobs.fetch(&client, &hash, 1001, &again, PATIENCE);
    fetched.await.unwrap();
    // It is there now, and it is still too long for another caller.
    let refused = blobs.fetch(&client, &hash, 1000, &[], PATIENCE).await;
    assert!(
        matches!(
            refused,
            Err(FetchError::Blob(BlobError::Size {
                size: 1001,
                limit: 1000
            }))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn fetch_names_the_status_of_a_page_above_the_limit() {
    let client = client();
    let folder = Folder::new("status");
    let page = bytes(61, 0);
    let missing = mirror(vec![response(
        "HTTP/1.1 404 No\r\nContent-Length: 61",
        &page,
    )])
    .await;
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    let mirrors = [neuron(missing)];
    let fetched = blobs.fetch(&client, &[1; 32], 60, &mirrors, PATIENCE);
    let text = fetched.await.unwrap_err().to_string();
    assert!(text.contains("status 404"), "{text}");
}

#[tokio::test]
async fn fetch_into_a_full_folder_asks_no_further_mirror() {
    let folder = Folder::new("full");
    let blobs = Blobs::at(folder.path(), SMALL).unwrap();
    blobs.put(&bytes(60, 0)).unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 50";
    let honest = mirror(vec![response(head, &bytes(50, 1))]).await;
    let problem = blobs
        .fetch(
            &client(),
            &blake2(&bytes(50, 1)),
            MOST,
            &[neuron(honest)],
            PATIENCE,
        )
        .await;
    assert!(
        matches!(problem, Err(FetchError::Blob(BlobError::Full { .. }))),
        "{problem:?}"
    );
}

#[tokio::test]
async fn fetch_from_a_private_mirror_is_refused() {
    let (theirs, ours) = (Folder::new("private"), Folder::new("private-ours"));
    let (running, hash) = serving(&theirs, b"blob").await;
    let strict = crate::Client::new(
        crate::testing::validator(),
        crate::ClientLimits::default(),
        false,
    );
    let mut mirror = endpoint(running.address(), None);
    mirror.host = Host::V4([127, 0, 0, 1]);
    let blobs = Blobs::at(ours.path(), SMALL).unwrap();
    let refused = blobs
        .fetch(&strict, &hash, MOST, &[Mirror::neuron(&mirror)], PATIENCE)
        .await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("is not an address of the internet"), "{text}");
}
