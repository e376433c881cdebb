//! Names whose addresses change, and names that lead to one address.

use super::*;
use crate::{
    client::{request, AddressError},
    testing::PATIENCE,
};
use http::Method;
use http_body_util::BodyExt;
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};

const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// A resolver with one answer for all names.
#[derive(Debug, Default)]
struct Table {
    addresses: Mutex<Vec<IpAddr>>,
    lookups: AtomicUsize,
}

impl Table {
    fn of(addresses: &[Ipv4Addr]) -> Arc<Self> {
        let table = Self::default();
        table.set(addresses);
        Arc::new(table)
    }

    fn set(&self, addresses: &[Ipv4Addr]) {
        *lock(&self.addresses) = addresses.iter().map(|it| IpAddr::from(*it)).collect();
    }
}

impl Lookup for Arc<Table> {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        Ok(lock(&self.addresses).clone())
    }
}

/// A server that counts its connections.
#[derive(Clone, Default)]
struct Counted {
    accepted: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Counted {
    /// Answers each request after `pause`, and keeps the connections. Returns the port.
    async fn at(address: Ipv4Addr, port: u16, pause: Duration) -> (Self, u16) {
        let listener = TcpListener::bind((address, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let counted = Self::default();
        let counts = counted.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(counts.clone().serve(stream, pause));
            }
        });
        (counted, port)
    }

    async fn serve(self, mut stream: TcpStream, pause: Duration) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(open, Ordering::Relaxed);
        let mut head = Vec::new();
        while let Ok(byte) = stream.read_u8().await {
            head.push(byte);
            if head.ends_with(b"\r\n\r\n") {
                head.clear();
                sleep(pause).await;
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                if stream.write_all(answer).await.is_err() {
                    break;
                }
            }
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// Sends a request, and reads the response to its end.
async fn sent(
    pool: &Pool<Arc<Table>>,
    name: &str,
    port: u16,
    allow_private: bool,
) -> Result<(), Cause> {
    let target = Target {
        host: name.into(),
        port,
        transport: Transport::Plain,
    };
    let request = request(Method::GET, "/", Bytes::new())?;
    let host = Host::Name(name.into());
    let arriving = pool.send(&host, &target, allow_private, request).await?;
    let (response, rest) = arriving.split();
    response
        .into_body()
        .collect()
        .await
        .map_err(Cause::closed)?;
    rest.keep();
    Ok(())
}

/// Returns when so many connections are kept.
async fn kept(pool: &Pool<Arc<Table>>, number: usize) {
    let kept = || {
        let slots: Vec<_> = lock(&pool.slots).values().cloned().collect();
        slots.iter().map(|it| lock(&it.idle).len()).sum::<usize>()
    };
    let reached = async {
        while kept() != number {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, reached).await.unwrap();
}

#[tokio::test]
async fn a_connection_is_used_again_while_its_name_leads_there() {
    let table = Table::of(&[FIRST]);
    let (server, port) = Counted::at(FIRST, 0, Duration::ZERO).await;
    let pool = Pool::new(Arc::clone(&table), LONG);
    for _ in 0..3 {
        sent(&pool, "a.example", port, true).await.unwrap();
        kept(&pool, 1).await;
    }
    assert_eq!(server.accepted(), 1);
    assert_eq!(table.lookups.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_is_not_used_after_its_name_has_moved() {
    let table = Table::of(&[FIRST]);
    let (before, port) = Counted::at(FIRST, 0, Duration::ZERO).await;
    let (after, _) = Counted::at(SECOND, port, Duration::ZERO).await;
    let pool = Pool::new(Arc::clone(&table), Duration::ZERO);
    sent(&pool, "a.example", port, true).await.unwrap();
    kept(&pool, 1).await;
    table.set(&[SECOND]);
    sent(&pool, "a.example", port, true).await.unwrap();
    assert_eq!((before.accepted(), after.accepted()), (1, 1));
}

#[tokio::test]
async fn a_connection_is_not_used_after_its_name_leads_to_a_refused_address() {
    let table = Table::of(&[FIRST]);
    let (server, port) = Counted::at(FIRST, 0, Duration::ZERO).await;
    let pool = Pool::new(Arc::clone(&table), LONG);
    sent(&pool, "a.example", port, true).await.unwrap();
    kept(&pool, 1).await;
    let refused = sent(&pool, "a.example", port, false).await;
    let private = matches!(refused, Err(Cause::Address(AddressError::Private(_))));
    assert!(private, "{refused:?}");
    table.set(&[]);
    let pool = Pool::new(Arc::clone(&table), Duration::ZERO);
    let refused = sent(&pool, "a.example", port, true).await;
    let nothing = matches!(refused, Err(Cause::Address(AddressError::Nothing(_))));
    assert!(nothing, "{refused:?}");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn names_that_lead_to_one_address_share_its_connections() {
    let table = Table::of(&[FIRST]);
    let (server, port) = Counted::at(FIRST, 0, Duration::from_millis(30)).await;
    let pool = Arc::new(Pool::new(table, LONG));
    let name = |number: usize| format!("a{number}.example");
    let all = async {
        // At once, which is what is open, then one after another, which is what is kept too.
        let mut at_once = JoinSet::new();
        for number in 0..30 {
            let pool = Arc::clone(&pool);
            at_once.spawn(async move { sent(&pool, &name(number), port, true).await });
        }
        for sent in at_once.join_all().await {
            sent.unwrap();
        }
        for number in 30..50 {
            sent(&pool, &name(number), port, true).await.unwrap();
        }
    };
    timeout(PATIENCE, all).await.unwrap();
    let most = server.most.load(Ordering::Relaxed);
    // One is opened before another is closed, and the server sees an end a moment later.
    assert!((2..=MAX_CONNECTIONS + 4).contains(&most), "{most}");
}

#[tokio::test]
async fn a_request_that_waits_for_a_place_follows_its_name() {
    let table = Table::of(&[FIRST]);
    let (before, port) = Counted::at(FIRST, 0, Duration::from_millis(1500)).await;
    let (after, _) = Counted::at(SECOND, port, Duration::ZERO).await;
    let pool = Arc::new(Pool::new(Arc::clone(&table), Duration::ZERO));
    let mut all = JoinSet::new();
    for _ in 0..=MAX_CONNECTIONS {
        let pool = Arc::clone(&pool);
        all.spawn(async move { sent(&pool, "a.example", port, true).await });
    }
    // All but one have a place.
    let full = async {
        while before.accepted() < MAX_CONNECTIONS {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, full).await.unwrap();
    table.set(&[SECOND]);
    for sent in all.join_all().await {
        sent.unwrap();
    }
    assert_eq!((before.accepted(), after.accepted()), (MAX_CONNECTIONS, 1));
}

#[tokio::test]
async fn a_connection_that_fails_closes_none_that_is_kept() {
    let table = Table::of(&[FIRST]);
    let (server, port) = Counted::at(FIRST, 0, Duration::from_millis(200)).await;
    let pool = Arc::new(Pool::new(table, LONG));
    let honest = async {
        let mut all = JoinSet::new();
        for _ in 0..MAX_CONNECTIONS {
            let pool = Arc::clone(&pool);
            all.spawn(async move { sent(&pool, "a.example", port, true).await });
        }
        for sent in all.join_all().await {
            sent.unwrap();
        }
        kept(&pool, MAX_CONNECTIONS).await;
    };
    timeout(PATIENCE, honest).await.unwrap();
    let target = Target {
        host: "copy.example".into(),
        port,
        transport: Transport::Pinned(Pin([7; 32])),
    };
    for _ in 0..3 {
        let request = request(Method::GET, "/", Bytes::new()).unwrap();
        let host = Host::Name(target.host.clone());
        let send = pool.send(&host, &target, true, request);
        // The server waits for the end of a head, which TLS never sends.
        let sent = timeout(Duration::from_millis(50), send).await;
        assert!(!matches!(sent, Ok(Ok(_))));
    }
    assert_eq!(server.accepted(), MAX_CONNECTIONS + 3);
    kept(&pool, MAX_CONNECTIONS).await;
}
