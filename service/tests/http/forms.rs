//! The page's form and files, as browsers request them.

use salvo::http::Method;

use super::app::TestApp;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn only_clients_that_name_html_get_the_page() {
    let app = TestApp::start().await;
    for (accept, is_page) in [("*/*", false), ("application/json", false), (BROWSER.1, true)] {
        let answer = app.client.send(Method::GET, "/", &[("accept", accept)], "").await;
        assert_eq!((answer.status, answer.header("vary")), (200, "accept"));
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(
            answer
                .body
                .contains("Welcome to the Flask app! The current time is: 2")
        );
        assert_eq!(answer.body.contains("<form"), is_page, "{accept}");
        let policy = answer.header("content-security-policy");
        assert_eq!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            is_page
        );
    }
}

#[tokio::test]
async fn a_form_is_accepted_from_the_page_and_no_other_site() {
    let app = TestApp::start().await;
    let body = "document=%7B%22a%22%3A1%7D";
    let own = format!("http://{}", app.address);
    for (headers, body, status) in [
        (vec![FORM], body, 303),
        (vec![FORM, ("origin", own.as_str())], body, 303),
        (vec![FORM, ("sec-fetch-site", "same-origin")], body, 303),
        (vec![FORM, ("origin", "http://evil.example")], body, 403),
        (vec![FORM, ("origin", "null")], body, 403),
        (vec![FORM, ("sec-fetch-site", "cross-site")], body, 403),
        (vec![FORM, ("sec-fetch-site", "same-site")], body, 403),
        (vec![("content-type", "text/plain")], body, 415),
        (
            vec![("content-type", "multipart/form-data; boundary=x")],
            body,
            415,
        ),
        (vec![], body, 415),
        (vec![FORM], "", 400),
        (vec![FORM], "document=", 400),
        (vec![FORM], "document={}&document={}", 400),
        (vec![FORM], "document=[]", 422),
    ] {
        let answer = app.client.send(Method::POST, "/add", &headers, body).await;
        assert_eq!(answer.status, status, "{headers:?} {body}");
        if status == 303 {
            assert_eq!(answer.header("location"), "/");
        } else {
            answer.problem(status);
        }
    }
    assert_eq!(app.client.get("/data").await.body, r#"[{"a":1},{"a":1},{"a":1}]"#);
    let get = app.client.get("/add").await;
    assert_eq!((get.status, get.header("location")), (303, "/"));
}

#[tokio::test]
async fn a_browser_gets_errors_as_a_page_with_the_typed_text() {
    let app = TestApp::start().await;
    let body = "document=%7B%22%3C%2Ftextarea%3E%22%3A+oh";
    let answer = app
        .client
        .send(Method::POST, "/add", &[FORM, BROWSER], body)
        .await;
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .body
            .contains("{&quot;&lt;/textarea&gt;&quot;: oh</textarea>"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("<mark>o</mark>"), "{}", answer.body);
    let large = format!("document=%7B%22a%22%3A%22{}%22%7D", "x".repeat(1024 * 1024));
    let answer = app.client.send(Method::POST, "/add", &[FORM], large).await;
    assert_eq!(answer.problem(413), "the body is larger than 1048576 bytes");
}

#[tokio::test]
async fn a_cached_file_is_not_sent_again() {
    let app = TestApp::start().await;
    for (path, kind) in [
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/openapi.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/start.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
    ] {
        let answer = app.client.get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, kind),
            "{path}"
        );
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        let tag = answer.header("etag").to_owned();
        let head = app.client.send(Method::HEAD, path, &[], "").await;
        assert_eq!(
            (head.status, head.header("etag"), head.body.as_str()),
            (200, tag.as_str(), "")
        );
        assert_eq!(head.header("content-length"), answer.header("content-length"));
        for (known, status) in [
            (tag.clone(), 304),
            (format!("\"x\", W/{tag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
        ] {
            let again = app
                .client
                .send(Method::GET, path, &[("if-none-match", &known)], "")
                .await;
            assert_eq!(
                (again.status, again.header("etag")),
                (status, tag.as_str()),
                "{path} {known}"
            );
        }
    }
    let description = app.client.get("/openapi.json").await.json();
    assert_eq!(description["openapi"], "3.1.0");
}

#[tokio::test]
async fn swagger_ui_is_compressed_for_clients_that_accept_gzip() {
    let app = TestApp::start().await;
    let path = "/docs/swagger-ui.css";
    let head = async |accept: &str| {
        let answer = app
            .client
            .send(Method::HEAD, path, &[("accept-encoding", accept)], "")
            .await;
        let length: usize = answer.header("content-length").parse().unwrap();
        assert_eq!(answer.header("vary"), "accept-encoding");
        (answer.header("content-encoding").to_owned(), length)
    };
    let (plain, length) = head("identity").await;
    assert_eq!(plain, "");
    for accept in ["gzip", "br, gzip;q=0.5", "*"] {
        let (coding, packed) = head(accept).await;
        assert!(
            coding == "gzip" && packed * 3 < length,
            "{accept}: {packed} of {length}"
        );
    }
    assert_eq!(head("gzip;q=0").await, (String::new(), length));
}

#[tokio::test]
async fn beyond_the_oldest_document_the_list_is_empty_and_the_count_right() {
    let app = TestApp::start().await;
    app.client.post("{}").await;
    let body = app.client.get("/recent?skip=500").await.body;
    assert!(body.contains("<span id=\"count\">1</span>"), "{body}");
    assert!(body.contains("No documents this far back."), "{body}");
}
