//! HTTP over raw sockets: each input has one answer, and nothing after a refused request is taken for another one.

mod answers;
mod bodies;
mod child;
mod connections;
mod framing;
mod gone;
mod heads;
mod mutations;
mod paths;
mod requests;

use super::app::TestApp;
use answers::RawAnswer;

/// Sent after every input. Its answer shows where the server sees the end of the input.
const PROBE: &str = "GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: probe\r\nConnection: close\r\n\r\n";

/// What happens to the connection after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The probe is answered.
    GoesOn,
    /// The probe is ignored.
    Ends,
}

/// Sends the input and the probe at once, and returns the answer to the input.
async fn check(app: &TestApp, input: impl AsRef<[u8]>, status: u16, then: Then) -> RawAnswer {
    let input = input.as_ref();
    let start = String::from_utf8_lossy(&input[..input.len().min(200)]).into_owned();
    let mut wire = app.wire().await;
    // The server may close before it has read a large input.
    let _ = wire.write_bytes(&[input, PROBE.as_bytes()].concat()).await;
    let text = wire.read_to_end().await;
    let is_head = input.starts_with(b"HEAD ");
    let mut answers = answers::split(&text, is_head).into_iter();
    let answer = answers.next().unwrap_or_else(|| panic!("no answer to {start:?}"));
    let probe = answers.next();
    assert_eq!(answer.status, status, "{start:?}: {text}");
    match then {
        Then::GoesOn => {
            let probe = probe.unwrap_or_else(|| panic!("it ended: {start:?}: {text}"));
            assert_eq!(
                (probe.status, probe.header("x-request-id")),
                (200, "probe"),
                "{start:?}"
            );
        }
        Then::Ends => {
            assert_eq!(probe, None, "{start:?}: {text}");
            assert_eq!(answer.header("connection"), "close", "{start:?}: {text}");
        }
    }
    assert_eq!(answers.next(), None, "{start:?}: {text}");
    answer.assert_sound(is_head);
    answer
}
