//! Randomly mutated requests: nothing from the wire makes the service panic or stop.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::super::client::Wire;
use super::super::mongo;
use super::child::Child;

const REQUESTS: &[&str] = &[
    "GET /data HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://[::1]:80/%64ata?a=b&c HTTP/1.0\r\nHost: [::1]\r\nConnection: keep-alive\r\n\r\n",
    "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
    "POST /data HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
     4;x=y\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\nX: y\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n\r\n",
];

/// Returns some requests with bytes changed, dropped and duplicated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    let requests = prop::collection::vec(prop::sample::select(REQUESTS), 1..4);
    (requests, prop::collection::vec(change, 0..6)).prop_map(|(requests, changes)| {
        let mut bytes = requests.concat().into_bytes();
        for (index, byte, kind) in changes {
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

#[tokio::test]
async fn nothing_from_the_wire_makes_the_service_panic() {
    let uri = mongo::shared_uri().await;
    let mut child = Child::start(&[("MONGODB_URI", &uri), ("LOG_LEVEL", "info")]).await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..300 {
        let bytes = mutated().new_tree(&mut runner).unwrap().current();
        let mut wire = Wire::open(child.address).await;
        let _ = wire.write_bytes(&bytes).await;
        wire.end().await;
        let text = wire.read_to_end().await;
        assert!(text.is_empty() || text.starts_with("HTTP/1."), "{text}");
        assert!(!text.contains("HTTP/1.1 500"), "{text}");
    }
    assert!(child.livez_is_answered().await);
    let log = child.end().await;
    assert!(!log.contains("panic"), "{log}");
}
