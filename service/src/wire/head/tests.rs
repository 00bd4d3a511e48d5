//! Bytes in, the following body or the refusal out.

use proptest::prelude::*;

use super::*;

fn read(head: &[u8]) -> Result<Option<Body>, Refusal> {
    match Scan::default().advance(head)? {
        Some(length) => inspect(&head[..length]).map(Some),
        None => Ok(None),
    }
}

fn check(head: &str, expected: &Result<Option<Body>, Refusal>) {
    assert_eq!(&read(head.as_bytes()), expected, "{head:?}");
}

fn check_headers(headers: &str, expected: Result<Body, Refusal>) {
    check(
        &format!("POST /data HTTP/1.1\r\nHost: a\r\n{headers}\r\n"),
        &expected.map(Some),
    );
}

#[test]
fn the_body_is_what_one_header_says() {
    check_headers("", Ok(Body::Length(0)));
    check_headers("Content-Length: 17\r\n", Ok(Body::Length(17)));
    check_headers("content-length:\t007 \r\n", Ok(Body::Length(7)));
    check_headers("Transfer-Encoding: Chunked\r\n", Ok(Body::Chunked));
    for length in [
        "+5",
        "-5",
        "5 5",
        "5, 5",
        "0x5",
        "5.0",
        "",
        "18446744073709551616",
        "9223372036854775808",
    ] {
        check_headers(
            &format!("Content-Length: {length}\r\n"),
            Err(Refusal::ContentLength),
        );
    }
    check_headers(
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        Err(Refusal::ContentLength),
    );
    for coding in [
        "gzip",
        "identity",
        "chunked, identity",
        "chunked, chunked",
        "xchunked",
        "\"chunked\"",
        "chunked;a",
        "",
    ] {
        check_headers(
            &format!("Transfer-Encoding: {coding}\r\n"),
            Err(Refusal::TransferEncoding),
        );
    }
    check_headers("Transfer-Encoding: gzip, chunked\r\n", Err(Refusal::Coding));
    check_headers(
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        Err(Refusal::Coding),
    );
    for both in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        check_headers(both, Err(Refusal::TwoFramings));
    }
    check(
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        &Err(Refusal::TransferEncoding),
    );
}

#[test]
fn a_malformed_header_is_refused() {
    for header in [
        "A : b",
        " A: b",
        "A",
        ": b",
        "A: b\r\n folded",
        "A: b\r\n\tfolded",
        "Transfer-Encoding : chunked",
        "Content-Length\t: 5",
    ] {
        check_headers(&format!("{header}\r\n"), Err(Refusal::Header));
    }
    for ending in ["A: b\n", "A: b\rc\r\n", "A: b\r\r\n"] {
        check_headers(ending, Err(Refusal::LineEnd));
    }
    for control in ["A: \0\r\n", "A: \u{7f}\r\n", "A: \u{1b}[31m\r\n"] {
        check_headers(control, Err(Refusal::Control));
    }
    check_headers(&"A: b\r\n".repeat(99), Ok(Body::Length(0)));
    check_headers(&"A: b\r\n".repeat(100), Err(Refusal::ManyHeaders));
    check_headers(
        &format!("A: {}\r\n", "x".repeat(HEAD_BYTES)),
        Err(Refusal::LargeHead),
    );
}

#[test]
fn the_request_line_is_a_method_a_target_and_a_version() {
    let check = |line: &str, expected: Result<(), Refusal>| {
        let expected = expected.map(|()| Some(Body::Length(0)));
        check(&format!("{line}\r\n\r\n"), &expected);
    };
    for good in [
        "GET /data HTTP/1.1",
        "GET /data?x=%zz HTTP/1.0",
        "GET http://a:5000/data HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT a:443 HTTP/1.1",
        "BREW /pot HTTP/1.1",
    ] {
        check(good, Ok(()));
    }
    for bad in [
        "GET /",
        "GET",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / a HTTP/1.1",
        "G@T / HTTP/1.1",
        "- /refused/slow HTTP/1.1",
        "GET / nonsense",
    ] {
        check(bad, Err(Refusal::RequestLine));
    }
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3"] {
        check(&format!("GET / {version}"), Err(Refusal::Version));
    }
    for target in [
        "data",
        "*",
        "a:443",
        "ftp://a/",
        "/data#x",
        "/d\u{e9}",
        "http:///data",
    ] {
        check(&format!("GET {target} HTTP/1.1"), Err(Refusal::Target));
    }
    check("CONNECT /data HTTP/1.1", Err(Refusal::Target));
    check(
        &format!("GET /{} HTTP/1.1", "x".repeat(LINE_BYTES)),
        Err(Refusal::LongLine),
    );
}

#[test]
fn another_protocol_is_refused_early() {
    check("\u{16}\u{3}\u{1}", &Err(Refusal::Control));
    check("PRI * HTTP/2.0\r\n", &Err(Refusal::Version));
    check("GET /\r\n", &Err(Refusal::RequestLine));
    check("EHLO mail.example.org\r\n", &Err(Refusal::RequestLine));
    check("GET / HTTP/1.1\r\nHost: a\r\n", &Ok(None));
}

proptest! {
    #[test]
    fn hyper_accepts_every_head_that_passes(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..12),
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut head = b"POST /data HTTP/1.1\r\n".to_vec();
        head.extend(pieces.concat().bytes());
        head.extend(b"\r\n\r\n");
        for (index, byte) in noise {
            *index.get_mut(&mut head) = byte;
        }
        if let Ok(Some(_)) = read(&head) {
            let mut headers = [EMPTY_HEADER; HEADERS];
            let mut request = Request::new(&mut headers);
            prop_assert!(request.parse(&head).unwrap().is_complete());
            prop_assert!(request.path.unwrap().parse::<Uri>().is_ok());
            prop_assert!(request.method.unwrap().parse::<salvo::http::Method>().is_ok());
        }
    }
}

const PIECES: &[&str] = &[
    "Host: a\r\n",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "A: b",
    "\r\n",
    "\n",
    " ",
    "\t",
    ":",
    "Expect: 100-continue\r\n",
];
