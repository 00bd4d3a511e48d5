//! The OpenAPI document and the router have the same routes.

use std::collections::BTreeSet;

use salvo::routing::{FilterInfo, Router};
use serde_json::Value;

use super::*;
use crate::database::{ConnectionString, Limits, Place};

/// The form of the page: no schema can say of a text that it is JSON, and no program should use it.
const UNDESCRIBED: &str = "/add";

type Routes = BTreeSet<(String, String)>;

fn collect(router: &Router, prefix: &str, served: &mut Routes) {
    let mut path = prefix.to_owned();
    let mut method = None;
    for filter in &router.filters {
        match filter.info() {
            FilterInfo::Path(part) => path = format!("{path}/{part}"),
            FilterInfo::Method(name) => method = Some(name.to_string()),
            other => panic!("a route depends on {other:?}, which the document does not describe"),
        }
    }
    if router.goal.is_some() {
        let path = if path.is_empty() { "/" } else { &path };
        served.insert((path.to_owned(), method.unwrap()));
    }
    for child in &router.routers {
        collect(child, &path, served);
    }
}

#[tokio::test]
async fn the_description_has_every_route_and_no_other() {
    let uri = ConnectionString::new("mongodb://127.0.0.1:1/".to_owned());
    let database = Database::prepare(&uri, Place::default(), Limits::default())
        .await
        .unwrap();
    let readiness = Arc::new(Readiness::new(database.clone()));
    let mut served = Routes::new();
    collect(&routes(&database, &readiness, &Http::default()), "", &mut served);
    served.retain(|(path, _)| path != UNDESCRIBED);
    let document: Value = serde_json::from_str(include_str!("../description/openapi.json")).unwrap();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut described = Routes::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert((path.clone(), method.to_uppercase()));
            if method == "get" {
                // The document says of all of them that they take HEAD too.
                described.insert((path.clone(), "HEAD".to_owned()));
            }
        }
    }
    assert_eq!(served, described);
}
