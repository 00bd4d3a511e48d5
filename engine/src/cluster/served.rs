//! Which kinds a server serves, from its aggregated discovery documents.

use serde::Deserialize;

use super::error::ClusterError;
use engine_core::object::{Kind, KindNames};

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(rename = "version")]
    name: String,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(rename = "resource")]
    plural: String,
    #[serde(default)]
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    kind: String,
}

/// Reads the kinds that stand in namespaces and can be listed, each in its preferred version.
pub(super) fn namespaced_kinds(document: &serde_json::Value) -> Result<Vec<Kind>, ClusterError> {
    let bad = |cause: String| ClusterError::BadAnswer {
        attempt: "list the kinds that the server serves".to_owned(),
        server: "the API server".to_owned(),
        cause,
    };
    let document = Document::deserialize(document).map_err(|error| bad(error.to_string()))?;
    let mut kinds = Vec::new();
    for group in document.items {
        let group_name = group.metadata.name;
        // The first version is the preferred one; a kind may be served by a later one alone.
        for version in group.versions {
            if version.freshness == "Stale" {
                return Err(bad(format!(
                    "group `{group_name}` does not say what it serves: its server is down"
                )));
            }
            for resource in version.resources {
                let known = kinds
                    .iter()
                    .any(|kind: &Kind| kind.group == group_name && kind.plural == resource.plural);
                let listable = resource.verbs.iter().any(|verb| verb == "list");
                if known || !listable || resource.scope != "Namespaced" {
                    continue;
                }
                kinds.push(Kind::from(KindNames {
                    group: group_name.clone(),
                    version: version.name.clone(),
                    kind: resource.response_kind.map(|kind| kind.kind).unwrap_or_default(),
                    plural: resource.plural,
                    namespaced: true,
                }));
            }
        }
    }
    Ok(kinds)
}
