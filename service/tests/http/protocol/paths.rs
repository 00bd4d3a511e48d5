//! Paths and methods: what each path supports, and what is not a path of this service.

use super::super::app::TestApp;
use super::Then::GoesOn;
use super::check;

const ROUTES: [(&str, &str); 5] = [
    ("/", "GET, HEAD, OPTIONS"),
    ("/data", "GET, HEAD, POST, OPTIONS"),
    ("/health", "GET, HEAD, OPTIONS"),
    ("/livez", "GET, HEAD, OPTIONS"),
    ("/readyz", "GET, HEAD, OPTIONS"),
];

#[tokio::test]
async fn a_path_is_taken_literally() {
    let app = TestApp::start().await;
    for (path, status) in [
        ("/data", 200),
        ("/%64ata", 200),
        ("/data?", 200),
        ("/livez?x=%zz", 200),
        ("http://elsewhere:5000/data", 200),
        ("//data", 404),
        ("/data/", 404),
        ("/data//", 404),
        ("/data/1", 404),
        ("/Data", 404),
        ("/data%00", 404),
        ("/data%2f", 404),
        ("/%2fdata", 404),
        ("/data%", 404),
        ("/%ff", 404),
        ("/../data", 404),
        ("/x/../data", 404),
        ("/./data", 404),
        ("/data;x", 404),
        ("//", 404),
        ("/nope", 404),
        ("/refused/slow", 404),
    ] {
        check(
            &app,
            format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"),
            status,
            GoesOn,
        )
        .await;
        check(
            &app,
            format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"),
            status,
            GoesOn,
        )
        .await;
    }
}

#[tokio::test]
async fn every_route_lists_its_methods() {
    let app = TestApp::start().await;
    for (path, allow) in ROUTES {
        for method in ["PUT", "PATCH", "DELETE", "TRACE", "BREW", "get"] {
            let answer = check(
                &app,
                format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n"),
                405,
                GoesOn,
            )
            .await;
            assert_eq!(answer.header("allow"), allow, "{method} {path}");
        }
        let origin = "Origin: http://b\r\nAccess-Control-Request-Method: PUT\r\n";
        let answer = check(
            &app,
            format!("OPTIONS {path} HTTP/1.1\r\nHost: a\r\n{origin}\r\n"),
            204,
            GoesOn,
        )
        .await;
        assert_eq!(answer.header("allow"), allow, "{path}");
        assert_eq!(answer.header("content-length"), "");
        let cors = answer
            .headers
            .iter()
            .any(|(name, _)| name.starts_with("access-control"));
        assert!(!cors, "{answer:?}");
    }
    let answer = check(&app, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, GoesOn).await;
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    check(&app, "OPTIONS /nope HTTP/1.1\r\nHost: a\r\n\r\n", 404, GoesOn).await;
    check(&app, "BREW /nope HTTP/1.1\r\nHost: a\r\n\r\n", 404, GoesOn).await;
    let answer = check(&app, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, GoesOn).await;
    assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn head_is_answered_with_the_headers_of_get() {
    let app = TestApp::start().await;
    assert_eq!(app.client.post("{}").await.status, 201);
    for path in ROUTES
        .map(|(path, _)| path)
        .into_iter()
        .chain(["/nope", "/data/"])
    {
        let rest = format!("{path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: same\r\n\r\n");
        let get = check_any(&app, &format!("GET {rest}")).await;
        let head = check_any(&app, &format!("HEAD {rest}")).await;
        assert_eq!(head, get, "{path}");
    }
}

#[tokio::test]
async fn head_reports_an_outage_of_mongodb() {
    let app = TestApp::start_on("mongodb://127.0.0.1:1/").await;
    for path in ["/data", "/health", "/readyz"] {
        for method in ["GET", "HEAD"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = check(&app, request, 503, GoesOn).await;
            assert_ne!(answer.header("content-length"), "0");
        }
    }
}

/// Returns status and headers without the date; without a body, framing headers may be omitted.
async fn check_any(app: &TestApp, request: &str) -> (u16, Vec<(String, String)>) {
    let status = if request.contains("/nope") || request.contains("/data/") {
        404
    } else {
        200
    };
    let mut answer = check(app, request, status, GoesOn).await;
    answer
        .headers
        .retain(|(name, _)| name != "date" && name != "transfer-encoding");
    answer.headers.sort();
    (answer.status, answer.headers)
}

#[tokio::test]
async fn an_upgrade_is_ignored() {
    let app = TestApp::start().await;
    for upgrade in ["websocket", "h2c", "TLS/1.3"] {
        let headers = format!("Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\n");
        check(&app, format!("GET /livez HTTP/1.1\r\n{headers}\r\n"), 200, GoesOn).await;
    }
}
