//! Content negotiation on `/data`: an array, lines, or 406.

use salvo::http::Method;

use super::app::TestApp;

#[tokio::test]
async fn documents_are_listed_as_lines_on_request() {
    let app = TestApp::start().await;
    let lines = async |path: &str| {
        let accept = [("accept", "application/x-ndjson")];
        let answer = app.client.send(Method::GET, path, &accept, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        assert_eq!(answer.header("vary"), "accept");
        answer.body
    };
    assert_eq!(lines("/data").await, "");
    assert_eq!(lines("/data?limit=5").await, "");
    app.client.post(r#"{"_id":2,"a":"\n"}"#).await;
    app.client.post(r#"{"_id":1,"b":2}"#).await;
    assert_eq!(lines("/data").await, "{\"a\":\"\\n\"}\n{\"b\":2}\n");
    assert_eq!(lines("/data?limit=5").await, "{\"b\":2}\n{\"a\":\"\\n\"}\n");
    assert_eq!(lines("/data?limit=1").await, "{\"b\":2}\n");
}

#[tokio::test]
async fn a_client_that_accepts_no_available_format_is_told_which_exist() {
    let app = TestApp::start().await;
    let both = "the response is only available as `application/json` or `application/x-ndjson`, which `Accept` excludes";
    let json = "the response is only available as `application/json`, which `Accept` excludes";
    for accept in [
        "text/html",
        "application/json;q=0",
        "nonsense",
        "image/*, text/*;q=0.5",
    ] {
        let headers = [("accept", accept), ("content-type", "application/json")];
        for (method, path) in [(Method::GET, "/data"), (Method::GET, "/data?limit=1")] {
            let answer = app.client.send(method, path, &headers, "").await;
            assert_eq!(answer.problem(406), both, "{accept}");
            assert_eq!(answer.header("vary"), "accept");
        }
        let answer = app.client.send(Method::POST, "/data", &headers, "{}").await;
        assert_eq!(answer.problem(406), json, "{accept}");
        let answer = app.client.send(Method::HEAD, "/data", &headers, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (406, ""));
    }
    assert_eq!(app.client.get("/data").await.body, "[]", "nothing was stored");
    for accept in [
        "*/*",
        "",
        "text/html, */*;q=0.1",
        "application/json;charset=utf-8",
    ] {
        let headers = [("accept", accept), ("content-type", "application/json")];
        for (method, status) in [(Method::GET, 200), (Method::POST, 201)] {
            let answer = app.client.send(method, "/data", &headers, "{}").await;
            assert_eq!(answer.status, status, "{accept}");
            assert_eq!(answer.header("content-type"), "application/json");
        }
    }
}
