//! Every kind of body and its expected answer, over a raw connection that repairs nothing.

use serde_json::Value;

use super::app::TestApp;

/// The expected answer to a body.
#[derive(Clone, Copy)]
enum Expected {
    /// 201, and `GET /data` shows this.
    Taken(&'static str),
    /// 201, and `GET /data` shows the body.
    Same,
    /// A status, a detail without its location, a pointer, a line and a column.
    Refused(u16, &'static str, &'static str, usize, usize),
}

use Expected::{Refused, Same, Taken};

const EMPTY: &str = "the body is empty; expected a JSON object";
const MARK: &str = "the body is not plain UTF-8: it starts with a byte order mark";
const UTF16: &str = "the body is not plain UTF-8: it looks like UTF-16 or UTF-32";
const NO_UTF8: &str = "the body is not plain UTF-8: it contains invalid bytes";
const SURROGATE: &str = "a string contains an unpaired surrogate, which cannot be stored";
const NUL: &str = "a key contains the NUL character, which MongoDB cannot store";
const VALUE: &str = "invalid JSON: expected value";
const KEY: &str = "invalid JSON: key must be a string";
const TRAILING: &str = "invalid JSON: trailing characters";
const NUMBER: &str = "invalid JSON: invalid number";
const END: &str = "invalid JSON: EOF while parsing an object";
const END_OF_STRING: &str = "invalid JSON: EOF while parsing a string";
const CONTROL: &str = "invalid JSON: control character (\\u0000-\\u001F) found while parsing a string";

/// 400 for anything but UTF-8 JSON, 422 for JSON that cannot be stored unchanged.
#[rustfmt::skip]
const BODIES: &[(&[u8], Expected)] = &[
    // Empty bodies and non-objects.
    (b"", Refused(400, EMPTY, "", 1, 1)),
    (b" \r\n\t", Refused(400, EMPTY, "", 1, 1)),
    (b"null", Refused(422, "expected a JSON object, found null", "", 1, 1)),
    (b" true", Refused(422, "expected a JSON object, found a boolean", "", 1, 2)),
    (b"\n\"text\"", Refused(422, "expected a JSON object, found a string", "", 2, 1)),
    (b"1e400", Refused(422, "the number `1e400` is out of range for a 64-bit float", "", 1, 1)),
    (b"-1", Refused(422, "expected a JSON object, found a number", "", 1, 1)),
    (b"[]", Refused(422, "expected a JSON object, found an array", "", 1, 1)),
    (b"[{\"a\":1}]", Refused(422, "expected a JSON object, found an array", "", 1, 1)),
    (b"{}", Same),
    (b"\r\n\t {\"a\" :\n1} \n", Taken(r#"{"a":1}"#)),
    // Invalid JSON.
    (b"{", Refused(400, END, "", 1, 2)),
    (b"{\"a\":1", Refused(400, END, "/a", 1, 7)),
    (b"{\"a\":\"b", Refused(400, END_OF_STRING, "/a", 1, 8)),
    (b"{\"a\":1}{}", Refused(400, TRAILING, "", 1, 8)),
    (b"{\"a\":1}\n x", Refused(400, TRAILING, "", 2, 2)),
    (b"{\"a\":1}\0", Refused(400, TRAILING, "", 1, 8)),
    (b"[] x", Refused(400, TRAILING, "", 1, 4)),
    (b"{\"a\":1,\"a\":2} x", Refused(400, TRAILING, "", 1, 15)),
    (b"/* c */{}", Refused(400, VALUE, "", 1, 1)),
    (b"{\"a\":1 // c\n}", Refused(400, "invalid JSON: expected `,` or `}`", "/a", 1, 8)),
    (b"{// c\n\"a\":1}", Refused(400, KEY, "", 1, 2)),
    (b"{a:1}", Refused(400, KEY, "", 1, 2)),
    (b"{'a':1}", Refused(400, KEY, "", 1, 2)),
    (b"{\"a\":1,}", Refused(400, "invalid JSON: trailing comma", "", 1, 8)),
    (b"{\"a\":tru}", Refused(400, "invalid JSON: expected ident", "/a", 1, 9)),
    (b"{\"a\":\"\\x\"}", Refused(400, "invalid JSON: invalid escape", "/a", 1, 8)),
    (b"{\"a\":\"\x01\"}", Refused(400, CONTROL, "/a", 1, 7)),
    (b"hello=world", Refused(400, VALUE, "", 1, 1)),
    // Encodings.
    (b"\xef\xbb\xbf{}", Refused(400, MARK, "", 1, 1)),
    (b"\xff\xfe{\0}\0", Refused(400, UTF16, "", 1, 1)),
    (b"\xfe\xff\0{\0}", Refused(400, UTF16, "", 1, 1)),
    (b"{\0\"\0a\0\"\0:\0[\0]\0}\0", Refused(400, UTF16, "", 1, 1)),
    (b"{\"a\":\"\xc3\xa9\xe9\"}", Refused(400, NO_UTF8, "/a", 1, 8)),
    (b"{\"a\":\"\xc0\x80\"}", Refused(400, NO_UTF8, "/a", 1, 7)),
    (b"{\"a\":\"\xed\xa0\x80\"}", Refused(400, NO_UTF8, "/a", 1, 7)),
    (b"{\"\xff\":1}", Refused(400, NO_UTF8, "", 1, 3)),
    (b"{\"a\":\"\\ud800\"}", Refused(422, SURROGATE, "/a", 1, 13)),
    (b"{\"a\":\"\\udc00\"}", Refused(422, SURROGATE, "/a", 1, 12)),
    (b"{\"\\ud800\":1}", Refused(422, SURROGATE, "", 1, 9)),
    (b"{\"a\":\"\\ud834\\udd1e\"}", Taken("{\"a\":\"\u{1d11e}\"}")),
    ("{\"a\":\"\u{1d11e}\u{ffff}\u{fffd}\u{feff}\"}".as_bytes(), Same),
    // Keys.
    (br#"{"a\u0000b":1}"#, Refused(422, NUL, "/a\0b", 1, 2)),
    (br#"{"a":[{"\u0000":1}]}"#, Refused(422, NUL, "/a/0/\0", 1, 8)),
    (br#"{"a":"\u0000"}"#, Same),
    (br#"{"":1,"a":{"":{"":2}}}"#, Same),
    (br#"{"$set":{"$inc":1},"a":[{"$gt":{"$where":"x"}}]}"#, Same),
    (br#"{"a.b":1,".":2,"..":{"a.":3},"a":{"b":4}}"#, Same),
    (br#"{"a":{"$oid":"6b018ca9e539d0e4320647d9"},"b":{"$oid":"zz"},"$oid":"x"}"#, Same),
    (br#"{"a":{"$date":0},"b":{"$numberLong":"5"},"c":{"$numberDouble":"NaN"},"d":{"$binary":{}}}"#, Same),
    (br#"{"a":{"$ref":"b","$id":1},"$minKey":1,"b":{"$undefined":true}}"#, Same),
    (br#"{"__proto__":{"a":1},"constructor":{"prototype":{}}}"#, Same),
    (br#"{"a":1,"b":2,"a":1}"#, Refused(422, "duplicate key `a`", "/a", 1, 14)),
    (b"{\"x\":[{\"a\":1,\n \"\\u0061\":2}]}", Refused(422, "duplicate key `a`", "/x/0/a", 2, 2)),
    (br#"{"a":1,"A":2,"a ":3}"#, Same),
    // The `_id`.
    (br#"{"_id":[]}"#, Refused(422, "`_id` must be a string, a number, a boolean or null, not an array", "/_id", 1, 8)),
    (br#"{"_id":{}}"#, Refused(422, "`_id` must be a string, a number, a boolean or null, not an object", "/_id", 1, 8)),
    (br#"{"_id":{"$oid":"6b018ca9e539d0e4320647d9"}}"#, Refused(422, "`_id` must be a string, a number, a boolean or null, not an object", "/_id", 1, 8)),
    (br#"{"_id":"x","_id":"y"}"#, Refused(422, "duplicate key `_id`", "/_id", 1, 12)),
    (br#"{"a":{"_id":[{"_id":{}}]}}"#, Same),
    (br#"{"_id":"table","a":1}"#, Taken(r#"{"a":1}"#)),
    // Numbers.
    (br#"{"a":[9223372036854775807,-9223372036854775808,2147483648,-2147483649]}"#, Same),
    (br#"{"a":9223372036854775808}"#, Refused(422, "the integer `9223372036854775808` does not fit in 64 bits", "/a", 1, 6)),
    (br#"{"a":-9223372036854775809}"#, Refused(422, "the integer `-9223372036854775809` does not fit in 64 bits", "/a", 1, 6)),
    (br#"{"a":[0,18446744073709551615]}"#, Refused(422, "the integer `18446744073709551615` does not fit in 64 bits", "/a/1", 1, 9)),
    (br#"{"a":123456789012345678901234567890}"#, Refused(422, "the integer `123456789012345678901234567890` does not fit in 64 bits", "/a", 1, 6)),
    (br#"{"a":1e308}"#, Taken(r#"{"a":1e+308}"#)),
    (br#"{"a":1e400}"#, Refused(422, "the number `1e400` is out of range for a 64-bit float", "/a", 1, 6)),
    (br#"{"a":-1e400}"#, Refused(422, "the number `-1e400` is out of range for a 64-bit float", "/a", 1, 6)),
    (br#"{"a":1e-400}"#, Refused(422, "the number `1e-400` is out of range for a 64-bit float", "/a", 1, 6)),
    (br#"{"a":[-0.0,0.0,1.0,1.5,5e-324,0.1]}"#, Same),
    (br#"{"a":-0}"#, Taken(r#"{"a":0}"#)),
    (br#"{"a":1E2}"#, Taken(r#"{"a":100.0}"#)),
    (br#"{"a":0.1234567890123456789012345678901}"#, Taken(r#"{"a":0.12345678901234568}"#)),
    (b"{\"a\":NaN}", Refused(400, VALUE, "/a", 1, 6)),
    (b"{\"a\":Infinity}", Refused(400, VALUE, "/a", 1, 6)),
    (b"{\"a\":-Infinity}", Refused(400, NUMBER, "/a", 1, 7)),
    (b"{\"a\":01}", Refused(400, NUMBER, "/a", 1, 7)),
    (b"{\"a\":-01}", Refused(400, NUMBER, "/a", 1, 8)),
    (b"{\"a\":+1}", Refused(400, VALUE, "/a", 1, 6)),
    (b"{\"a\":.5}", Refused(400, VALUE, "/a", 1, 6)),
    (b"{\"a\":1.}", Refused(400, NUMBER, "/a", 1, 8)),
    (b"{\"a\":0x10}", Refused(400, "invalid JSON: expected `,` or `}`", "/a", 1, 7)),
];

/// Sends one request and reads one response.
async fn post(app: &TestApp, body: &[u8]) -> (u16, Value) {
    let mut wire = app.wire().await;
    let head = "POST /data HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n";
    wire.write(&format!("{head}Content-Length: {}\r\n\r\n", body.len()))
        .await;
    // A server that refuses the head may not read the body.
    let _ = wire.write_bytes(body).await;
    let answer = wire.read_to_end().await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

async fn check(app: &TestApp, body: &[u8], expected: Expected) {
    let (status, answer) = post(app, body).await;
    let shown = String::from_utf8_lossy(body);
    let expected = match expected {
        Taken(expected) => expected,
        Same => &shown,
        Refused(expected, detail, pointer, line, column) => {
            let detail = format!("{detail} (line {line} column {column})");
            assert_eq!(
                (status, answer["detail"].as_str()),
                (expected, Some(detail.as_str())),
                "{shown}"
            );
            assert_eq!(answer["pointer"], pointer, "{shown}");
            assert_eq!(
                (&answer["line"], &answer["column"]),
                (&line.into(), &column.into()),
                "{shown}"
            );
            let kind = if status == 400 {
                "malformed-body"
            } else {
                "document-refused"
            };
            assert_eq!(answer["type"], format!("urn:problem-type:{kind}"), "{shown}");
            return;
        }
    };
    assert_eq!(status, 201, "{shown}: {answer}");
    let listed = app.client.get("/data").await.body;
    assert!(listed.ends_with(&format!("{expected}]")), "{shown}: {listed}");
}

#[tokio::test]
async fn every_body_has_one_expected_answer() {
    let app = TestApp::start().await;
    for (body, expected) in BODIES {
        check(&app, body, *expected).await;
    }
    let taken = BODIES
        .iter()
        .filter(|(_, expected)| !matches!(expected, Refused(..)))
        .count();
    let stored = app.client.get("/data").await.json();
    assert_eq!(
        stored.as_array().unwrap().len(),
        taken,
        "nothing that was refused is stored"
    );
}

#[tokio::test]
async fn an_object_may_be_a_hundred_levels_deep() {
    let app = TestApp::start().await;
    let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    for levels in [64, 100] {
        check(&app, nested(levels).as_bytes(), Same).await;
    }
    for levels in [101, 127, 128, 10_000] {
        let (status, answer) = post(&app, nested(levels).as_bytes()).await;
        assert_eq!(status, 422, "{levels}");
        assert_eq!(
            answer["detail"],
            "the document is nested more than 100 levels deep (line 1 column 501)"
        );
        assert_eq!(answer["pointer"], "/a".repeat(100));
    }
    let (status, answer) = post(&app, &b"[".repeat(10_000)).await;
    assert_eq!((status, &answer["column"]), (400, &10_001.into()));
}

#[tokio::test]
async fn an_object_may_have_a_hundred_thousand_keys_and_each_only_once() {
    let app = TestApp::start().await;
    let keys: Vec<String> = (0..100_000).map(|key| format!(r#""{key}":1"#)).collect();
    let body = format!("{{{}}}", keys.join(","));
    let (status, answer) = post(&app, body.as_bytes()).await;
    assert_eq!(status, 201, "{answer}");
    assert!(app.client.get("/data").await.body == format!("[{body}]"));
    let twice = format!(r#"{},"5":1}}"#, &body[..body.len() - 1]);
    let (status, answer) = post(&app, twice.as_bytes()).await;
    assert_eq!((status, &answer["pointer"]), (422, &"/5".into()), "{answer}");
}

#[tokio::test]
async fn documents_too_large_for_mongodb_are_refused_before_they_are_sent() {
    let mut configuration = service::configuration::Configuration::default();
    configuration.http.body_bytes = 20 * 1024 * 1024;
    let app = TestApp::start_with(configuration).await;
    let items = |count: usize| format!(r#"{{"a":[{}1]}}"#, "0,".repeat(count - 1));
    let million = items(1_000_000);
    let (status, answer) = post(&app, million.as_bytes()).await;
    assert_eq!(status, 201, "{answer}");
    assert!(app.client.get("/data").await.body == format!("[{million}]"));
    let string = format!(r#"{{"a":"{}"}}"#, "x".repeat(17 * 1024 * 1024));
    for too_large in [items(1_500_000), string] {
        let (status, answer) = post(&app, too_large.as_bytes()).await;
        assert_eq!(status, 413, "{answer}");
        let detail = "the document is larger than 16777216 bytes as BSON (line 1 column 1)";
        assert_eq!(answer["detail"], detail);
    }
    let edge = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes));
    // 4 + (1 + "_id\0" + 12) + (1 + "a\0" + 4 + 1) + 1
    let overhead = 30;
    let (status, answer) = post(&app, edge(16 * 1024 * 1024 - overhead).as_bytes()).await;
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = post(&app, edge(16 * 1024 * 1024 - overhead + 1).as_bytes()).await;
    assert_eq!(status, 413, "{answer}");
}
