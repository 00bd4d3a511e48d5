//! The contract with the sample's clients, A1 to A4, and the probes.

use jiff::Zoned;
use jiff::civil::DateTime;
use salvo::http::Method;

use super::app::TestApp;
use super::mongo;
use super::wait::until;

#[tokio::test]
async fn the_root_greets_with_the_local_time_in_microseconds() {
    let app = TestApp::start().await;
    let before = Zoned::now().datetime();
    let answer = app.client.get("/").await;
    let after = Zoned::now().datetime();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let time = answer
        .body
        .strip_prefix("Welcome to the Flask app! The current time is: ")
        .unwrap();
    assert_eq!(time.len(), "2026-11-21 09:34:12.123456".len());
    let time: DateTime = time.parse().unwrap();
    assert!(
        before.round_down() <= time && time <= after,
        "{before} {time} {after}"
    );
}

/// The response has microseconds only.
trait RoundDown {
    fn round_down(self) -> Self;
}

impl RoundDown for DateTime {
    fn round_down(self) -> Self {
        let microsecond = self.subsec_nanosecond() / 1000 * 1000;
        self.with().subsec_nanosecond(microsecond).build().unwrap()
    }
}

#[tokio::test]
async fn an_empty_collection_is_an_empty_array() {
    let app = TestApp::start().await;
    let answer = app.client.get("/data").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "[]"));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_document_is_inserted_and_listed_without_its_id() {
    let app = TestApp::start().await;
    let answer = app.client.post(r#"{"name":"test","value":1}"#).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), "application/json");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.body,
        format!(r#"{{"status":"Data inserted","id":"{id}"}}"#)
    );
    let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    assert!(id.len() == 24 && id.bytes().all(is_hex), "{id}");
    assert_eq!(
        app.client.get("/data").await.body,
        r#"[{"name":"test","value":1}]"#
    );
}

#[tokio::test]
async fn documents_are_listed_in_the_order_of_their_insertion_over_many_batches() {
    let mongodb = mongo::own().await;
    let client = mongodb::Client::with_uri_str(mongodb.mongodb_uri())
        .await
        .unwrap();
    let collection = client.database("flask_db").collection("data");
    collection
        .insert_many((0..2500).rev().map(|n| bson::doc! { "n": n }))
        .await
        .unwrap();
    let app = TestApp::start_on(&mongodb.mongodb_uri()).await;
    assert_eq!(app.client.post(r#"{"n":-1}"#).await.status, 201);
    let numbers = (-1..2500).rev().map(|n| format!(r#"{{"n":{n}}}"#));
    let expected = format!("[{}]", numbers.collect::<Vec<_>>().join(","));
    assert_eq!(app.client.get("/data").await.body, expected);
}

#[tokio::test]
async fn a_client_defined_id_is_kept_and_returned_as_text() {
    let app = TestApp::start().await;
    let check = async |body: &str, id: &str| {
        let expected = format!(r#"{{"status":"Data inserted","id":"{id}"}}"#);
        assert_eq!(app.client.post(body).await.body, expected);
    };
    let taken = async |body: &str| {
        let answer = app.client.post(body).await;
        assert_eq!(answer.problem(409), "a document with this `_id` already exists");
        assert_eq!(answer.json()["type"], "urn:problem-type:duplicate-id");
    };
    check(r#"{"a":1,"_id":"mine"}"#, "mine").await;
    check(r#"{"_id":7}"#, "7").await;
    check(r#"{"_id":"7"}"#, "7").await;
    check(r#"{"_id":0.5,"b":[]}"#, "0.5").await;
    check(r#"{"_id":null,"c":1}"#, "null").await;
    check(r#"{"_id":true}"#, "true").await;
    check(r#"{"_id":9223372036854775807}"#, "9223372036854775807").await;
    check(r#"{"_id":""}"#, "").await;
    for body in [
        r#"{"_id":"mine"}"#,
        r#"{"_id":7}"#,
        // MongoDB compares numbers by value.
        r#"{"_id":7.0}"#,
        r#"{"_id":0.5}"#,
        r#"{"_id":null}"#,
        r#"{"_id":true}"#,
    ] {
        taken(body).await;
    }
    let expected = r#"[{"a":1},{},{},{"b":[]},{"c":1},{},{},{}]"#;
    assert_eq!(app.client.get("/data").await.body, expected);
}

#[tokio::test]
async fn probes_succeed_while_mongodb_is_available() {
    let app = TestApp::start().await;
    for (path, body) in [
        ("/health", r#"{"status":"healthy"}"#),
        ("/livez", r#"{"status":"ok"}"#),
        ("/readyz", r#"{"status":"ok"}"#),
    ] {
        let answer = app.client.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn the_application_user_has_all_required_rights() {
    let mongodb = mongo::own().await;
    let app = TestApp::start_on(&mongodb.mongodb_uri()).await;
    assert_eq!(app.client.get("/health").await.status, 200);
    assert_eq!(app.client.post(r#"{"a":1}"#).await.status, 201);
    assert_eq!(app.client.get("/data").await.body, r#"[{"a":1}]"#);
    let root = TestApp::start_on(&mongodb.mongodb_root_uri()).await;
    assert_eq!(
        root.client.get("/data").await.body,
        r#"[{"a":1}]"#,
        "stored in flask_db.data"
    );
}

#[tokio::test]
async fn a_get_route_answers_head_with_the_same_head_and_no_body() {
    let app = TestApp::start().await;
    for path in ["/", "/data", "/health", "/livez", "/readyz"] {
        let (get, head) = (
            app.client.get(path).await,
            app.client.send(Method::HEAD, path, &[], "").await,
        );
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(
            head.header("content-length"),
            get.header("content-length"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn probes_share_one_ping_a_second() {
    let mongodb = mongo::own().await;
    let app = TestApp::start_on(&mongodb.mongodb_uri()).await;
    let pings = async || {
        let client = mongodb::Client::with_uri_str(mongodb.mongodb_root_uri())
            .await
            .unwrap();
        let status = client
            .database("admin")
            .run_command(bson::doc! { "serverStatus": 1 })
            .await
            .unwrap();
        let commands = status
            .get_document("metrics")
            .unwrap()
            .get_document("commands")
            .unwrap();
        let ping = commands.get_document("ping").unwrap();
        client.shutdown().await;
        ping.get_i64("total").unwrap()
    };
    until("ready", async || app.client.get("/readyz").await.status == 200).await;
    let (start, before) = (std::time::Instant::now(), pings().await);
    let many = (0..200).map(|_| app.client.get("/readyz"));
    let answers = futures::future::join_all(many).await;
    let (after, seconds) = (pings().await, i64::try_from(start.elapsed().as_secs()).unwrap());
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(after - before <= seconds + 1, "{before} {after} in {seconds} s");
}
