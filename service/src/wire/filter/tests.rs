//! Received bytes in, what `hyper` may read out.

use super::*;

/// Feeds the bytes in pieces of one size, and returns what is passed on, request by request.
fn pass(bytes: &str, piece: usize) -> (Vec<String>, Step) {
    let mut filter = Filter::new();
    let mut messages = vec![String::new()];
    let mut pieces = bytes.as_bytes().chunks(piece);
    loop {
        match filter.step() {
            Step::Take => {
                let taken = String::from_utf8(filter.take(3).collect()).unwrap();
                messages.last_mut().unwrap().push_str(&taken);
                if filter.expects_head() {
                    messages.push(String::new());
                }
            }
            Step::Read => match pieces.next() {
                Some(piece) => filter.push(piece),
                None => return (messages, Step::Read),
            },
            end => return (messages, end),
        }
    }
}

fn check(bytes: &str, messages: &[&str], end: &Step) {
    for piece in [1, 2, 7, bytes.len()] {
        let (passed, step) = pass(bytes, piece);
        let passed: Vec<_> = passed
            .iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        assert_eq!(
            (passed.as_slice(), &step),
            (messages, end),
            "{bytes:?} by {piece}"
        );
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SIZED: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n{\n\n}";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";

#[test]
fn valid_requests_pass_unchanged_in_order() {
    check(
        &[GET, "\r\n\r\n", SIZED, CHUNKED, GET].concat(),
        &[GET, SIZED, CHUNKED, GET],
        &Step::Read,
    );
}

#[test]
fn a_refused_head_is_replaced_and_nothing_after_it_passes() {
    let smuggled =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let refusal = Refusal::TwoFramings.request();
    check(&[GET, smuggled, GET].concat(), &[GET, &refusal], &Step::Wait);
}

#[test]
fn nothing_passes_after_a_malformed_body() {
    let head = CHUNKED.trim_end_matches("2\r\n{}\r\n0\r\n\r\n");
    let broken = format!("{head}2\r\n{{}}\n\n{GET}");
    assert_eq!(pass(&broken, 1), (vec![format!("{head}2\r\n{{}}")], Step::Fail));
    // Bytes that arrive together with the fault are not passed on.
    assert_eq!(pass(&broken, broken.len()), (vec![head.to_owned()], Step::Fail));
}
