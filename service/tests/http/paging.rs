//! Pages: every document once, in `_id` order, with cursors that cannot be forged.

use bson::{Bson, Document, doc};
use mongodb::Collection;
use salvo::http::Method;
use service::configuration::Configuration;
use service::database::Namespace;

use super::app::TestApp;
use super::client::Answer;
use super::mongo;

/// Starts a service on a collection that the test can access.
async fn start(database: &str) -> (TestApp, Collection<Document>) {
    let uri = mongo::shared_uri().await;
    let namespace = Namespace {
        database: database.to_owned(),
        collection: "data".to_owned(),
    };
    let client = mongodb::Client::with_uri_str(&uri).await.unwrap();
    let collection = client
        .database(&namespace.database)
        .collection(&namespace.collection);
    let app = TestApp::start_at(&uri, namespace, Configuration::default()).await;
    (app, collection)
}

/// Returns the path of the next page, if there is one.
pub(crate) fn next(page: &Answer) -> Option<String> {
    let link = page.headers.get("link")?.to_str().unwrap();
    let path = link
        .strip_prefix('<')
        .unwrap()
        .strip_suffix(">; rel=\"next\"")
        .unwrap();
    assert!(path.starts_with("/data?limit="), "{link}");
    Some(path.to_owned())
}

/// Follows the links from a first page, and returns the bodies.
async fn pages(app: &TestApp, first: &str) -> Vec<String> {
    let mut path = Some(first.to_owned());
    let mut bodies = Vec::new();
    while let Some(some) = path {
        let page = app.client.get(&some).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(page.header("content-length"), page.body.len().to_string());
        path = next(&page);
        bodies.push(page.body);
    }
    bodies
}

fn numbers(pages: &[String]) -> Vec<i64> {
    let documents = pages.iter().flat_map(|page| {
        let page: serde_json::Value = serde_json::from_str(page).unwrap();
        page.as_array().unwrap().clone()
    });
    documents
        .map(|document| document["n"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn pages_list_documents_in_id_order() {
    let (app, collection) = start("paging_order").await;
    assert_eq!(
        pages(&app, "/data?limit=5").await,
        ["[]"],
        "there is no collection yet"
    );
    let documents = (0..10).rev().map(|n| doc! { "_id": n, "n": n });
    collection.insert_many(documents).await.unwrap();
    let expected: Vec<i64> = (0..10).collect();
    for (limit, count) in [(1, 10), (3, 4), (5, 2), (9, 2), (10, 1), (11, 1), (1000, 1)] {
        let pages = pages(&app, &format!("/data?limit={limit}")).await;
        assert_eq!(
            (numbers(&pages), pages.len()),
            (expected.clone(), count),
            "{limit}"
        );
        assert!(!pages.concat().contains("_id"));
    }
    assert_eq!(app.client.get("/data?limit=2").await.body, r#"[{"n":0},{"n":1}]"#);
    let after = next(&app.client.get("/data?limit=2").await).unwrap();
    let after = after.split_once("after=").unwrap().1;
    let rest = pages(&app, &format!("/data?after={after}")).await;
    assert_eq!(
        numbers(&rest),
        (2..10).collect::<Vec<i64>>(),
        "the default limit is 100"
    );
}

#[tokio::test]
async fn documents_with_ids_of_all_types_appear_once() {
    let (app, collection) = start("paging_types").await;
    let ids: Vec<Bson> = vec![
        bson::oid::ObjectId::new().into(),
        "a".into(),
        7.into(),
        Bson::Null,
        "".into(),
        0.5.into(),
        bson::DateTime::now().into(),
        true.into(),
        i64::MAX.into(),
        doc! { "a": 1 }.into(),
        f64::NAN.into(),
        Bson::MinKey,
        (-1).into(),
        bson::oid::ObjectId::from_bytes([0; 12]).into(),
        false.into(),
        Bson::MaxKey,
        "1.5".parse::<bson::Decimal128>().unwrap().into(),
        bson::Binary {
            subtype: bson::spec::BinarySubtype::Generic,
            bytes: vec![1],
        }
        .into(),
        bson::Timestamp {
            time: 1,
            increment: 1,
        }
        .into(),
        f64::NEG_INFINITY.into(),
        "é".into(),
        Document::new().into(),
    ];
    let documents = ids.iter().zip(0..).map(|(id, n)| doc! { "_id": id, "n": n });
    collection.insert_many(documents).await.unwrap();
    let mut sorted = collection.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
    let mut expected = Vec::new();
    while sorted.advance().await.unwrap() {
        expected.push(i64::from(
            sorted.deserialize_current().unwrap().get_i32("n").unwrap(),
        ));
    }
    assert_eq!(expected.len(), ids.len());
    for limit in [1, 2, 3, 7, 1000] {
        let pages = pages(&app, &format!("/data?limit={limit}")).await;
        assert_eq!(numbers(&pages), expected, "{limit}");
    }
}

#[tokio::test]
async fn a_page_continues_after_its_last_document_even_if_that_was_deleted() {
    let (app, collection) = start("paging_gone").await;
    let documents = (0..10).map(|n| doc! { "_id": n * 10, "n": n * 10 });
    collection.insert_many(documents).await.unwrap();
    let first = app.client.get("/data?limit=3").await;
    let path = next(&first).unwrap();
    collection
        .delete_many(doc! { "_id": { "$lte": 30 } })
        .await
        .unwrap();
    collection.insert_one(doc! { "_id": 25, "n": 25 }).await.unwrap();
    collection.insert_one(doc! { "_id": 5, "n": 5 }).await.unwrap();
    let rest = pages(&app, &path).await;
    assert_eq!(numbers(&rest), [25, 40, 50, 60, 70, 80, 90]);
    collection.delete_many(doc! {}).await.unwrap();
    assert_eq!(pages(&app, &path).await, ["[]"]);
}

#[tokio::test]
async fn a_page_of_large_documents_is_shorter_and_omits_nothing() {
    let (app, collection) = start("paging_large").await;
    let large = "x".repeat(3 * 1024 * 1024);
    for n in 0..12 {
        collection
            .insert_one(doc! { "_id": n, "n": n, "large": &large })
            .await
            .unwrap();
    }
    let pages = pages(&app, "/data?limit=1000").await;
    assert_eq!(numbers(&pages), (0..12).collect::<Vec<i64>>());
    assert!(pages.len() >= 3, "{}", pages.len());
    assert!(pages.iter().all(|page| page.len() <= 16 * 1024 * 1024));
}

#[tokio::test]
async fn a_page_costs_what_it_holds() {
    let (app, collection) = start("paging_cost").await;
    let documents =
        (0..5000).map(|n| doc! { "_id": if n % 2 == 0 { Bson::Int32(n) } else { n.to_string().into() } });
    collection.insert_many(documents).await.unwrap();
    let mut path = "/data?limit=1000".to_owned();
    for _ in 0..3 {
        path = next(&app.client.get(&path).await).unwrap();
    }
    let path = path.replace("limit=1000", "limit=10");
    let database = collection.client().database("paging_cost");
    database.run_command(doc! { "profile": 2 }).await.unwrap();
    assert_eq!(app.client.get(&path).await.json().as_array().unwrap().len(), 10);
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = database.collection::<Document>("system.profile");
    let seen = profile
        .find_one(doc! { "command.find": "data" })
        .await
        .unwrap()
        .unwrap();
    assert!(seen.get_i32("keysExamined").unwrap() <= 13, "{seen}");
    assert!(seen.get_i32("docsExamined").unwrap() <= 13, "{seen}");
}

#[tokio::test]
async fn a_cursor_is_valid_in_every_process_but_only_for_its_collection() {
    let (app, collection) = start("paging_cursor").await;
    let (replica, _) = start("paging_cursor").await;
    let (other, other_collection) = start("paging_other").await;
    for collection in [&collection, &other_collection] {
        collection
            .insert_many((0..4).map(|n| doc! { "_id": n, "n": n }))
            .await
            .unwrap();
    }
    let path = next(&app.client.get("/data?limit=2").await).unwrap();
    assert_eq!(numbers(&pages(&replica, &path).await), [2, 3]);
    let refused = async |app: &TestApp, path: &str| {
        let answer = app.client.get(path).await;
        let detail = "the query parameter `after` is invalid or outdated; start again without it";
        assert_eq!(answer.problem(400), detail, "{path}");
        assert_eq!(answer.json()["type"], "urn:problem-type:query-refused");
    };
    refused(&other, &path).await;
    // Any change of the connection string invalidates cursors.
    let uri = format!("{}&appName=other", mongo::shared_uri().await);
    let namespace = Namespace {
        database: "paging_cursor".to_owned(),
        collection: "data".to_owned(),
    };
    let changed = TestApp::start_at(&uri, namespace, Configuration::default()).await;
    refused(&changed, &path).await;
    for tampered in [
        "/data?limit=2&after=",
        "/data?after=2",
        "/data?after=eyJfaWQiOjF9",
        &path[..path.len() - 1],
        &format!("{path}A"),
        &format!("{path}%00"),
        &path.replace("after=A", "after=%C3%A9"),
        &path.replace("after=", "after=+"),
    ] {
        refused(&app, tampered).await;
    }
    let start = path.find("after=").unwrap() + "after=".len();
    for position in [start, start + 1, start + 10, path.len() - 6, path.len() - 1] {
        let other = if path.as_bytes()[position] == b'A' {
            'B'
        } else {
            'A'
        };
        let mut tampered = path.clone();
        tampered.replace_range(position..=position, other.encode_utf8(&mut [0; 4]));
        refused(&app, &tampered).await;
    }
}

#[tokio::test]
async fn an_invalid_query_is_refused_by_name() {
    let app = TestApp::start().await;
    for (query, words) in [
        ("limit=0", "`limit` must be an integer from 1 to 1000"),
        ("limit=1001", "`limit` must be an integer from 1 to 1000"),
        ("limit=abc", "`limit` must be an integer from 1 to 1000"),
        ("limit=", "`limit` must be an integer from 1 to 1000"),
        ("limit=1&limit=2", "`limit` was given more than once"),
        ("after=x&after=x", "`after` was given more than once"),
        (
            "skip=1",
            "unknown query parameter `skip`; supported: `limit`, `after`",
        ),
        (
            "limit=1&%7B=%7D",
            "unknown query parameter `{`; supported: `limit`, `after`",
        ),
    ] {
        let answer = app.client.get(&format!("/data?{query}")).await;
        let detail = answer.problem(400);
        assert!(detail.contains(words), "{query}: {detail}");
    }
    assert_eq!(app.client.get("/data?").await.body, "[]");
    let headers = [("content-type", "application/json")];
    let answer = app
        .client
        .send(Method::POST, "/data?limit=1", &headers, "{}")
        .await;
    assert_eq!(
        answer.problem(400),
        "unknown query parameter `limit`; supported: none"
    );
    assert_eq!(app.client.get("/data").await.body, "[]");
}

#[tokio::test]
async fn head_has_the_link_of_the_page() {
    let (app, collection) = start("paging_head").await;
    collection
        .insert_many((0..4).map(|n| doc! { "_id": n, "n": n }))
        .await
        .unwrap();
    let get = app.client.get("/data?limit=2").await;
    let head = app.client.send(Method::HEAD, "/data?limit=2", &[], "").await;
    for name in ["link", "content-type", "content-length", "vary"] {
        assert!(!head.header(name).is_empty(), "{name}");
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}
