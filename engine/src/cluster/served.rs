//! Reads the kinds that a server serves from its discovery documents: aggregated ones, or one per group version.

use serde::Deserialize;
use serde_json::Value;

use super::error::ClusterError;
use engine_core::object::{Kind, KindNames};

#[derive(Deserialize)]
struct Document {
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

/// An older server's document at `/api`: the versions of the core group.
#[derive(Deserialize)]
struct LegacyVersions {
    versions: Vec<String>,
}

/// An older server's document at `/apis`: its groups and their versions, without resources.
#[derive(Deserialize)]
struct LegacyGroups {
    groups: Vec<LegacyGroup>,
}

#[derive(Deserialize)]
struct LegacyGroup {
    name: String,
    versions: Vec<Version>,
}

/// An older server's document for one version of a group.
#[derive(Deserialize)]
struct LegacyResources {
    resources: Vec<LegacyResource>,
}

#[derive(Deserialize)]
struct LegacyResource {
    name: String,
    kind: String,
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

/// The content of a discovery document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Discovered {
    /// The namespaced kinds that can be listed, each in its preferred version.
    Kinds(Vec<Kind>),
    /// Groups and versions, preferred ones first; the kinds of each need another request.
    GroupVersions(Vec<(String, String)>),
}

/// Reads the document at `/api` or `/apis`.
pub(super) fn discovered(document: &Value) -> Result<Discovered, ClusterError> {
    match document["kind"].as_str() {
        Some("APIGroupDiscoveryList") => namespaced_kinds(document).map(Discovered::Kinds),
        Some("APIVersions") => {
            let LegacyVersions { versions } = read(document)?;
            let core = versions.into_iter().map(|version| (String::new(), version));
            Ok(Discovered::GroupVersions(core.collect()))
        }
        Some("APIGroupList") => {
            let LegacyGroups { groups } = read(document)?;
            let named = groups.into_iter().flat_map(|group| {
                let versions = group.versions.into_iter();
                versions.map(move |version| (group.name.clone(), version.name))
            });
            Ok(Discovered::GroupVersions(named.collect()))
        }
        // An empty list of kinds would make a namespace look empty.
        other => Err(unexpected(other)),
    }
}

/// Adds the namespaced kinds of a group version that can be listed and are not yet known in another version.
pub(super) fn add_kinds(
    (group, version): &(String, String),
    document: &Value,
    kinds: &mut Vec<Kind>,
) -> Result<(), ClusterError> {
    let kind = document["kind"].as_str();
    if kind != Some("APIResourceList") {
        return Err(unexpected(kind));
    }
    let document: LegacyResources = read(document)?;
    for resource in document.resources {
        let is_known = kinds
            .iter()
            .any(|kind| kind.group == *group && kind.plural == resource.name);
        let is_listable = resource.verbs.iter().any(|verb| verb == "list");
        // A name with a slash is a subresource.
        if is_known || !is_listable || !resource.namespaced || resource.name.contains('/') {
            continue;
        }
        kinds.push(Kind::from(KindNames {
            group: group.clone(),
            version: version.clone(),
            kind: resource.kind,
            plural: resource.name,
            namespaced: true,
        }));
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(document: &'a Value) -> Result<T, ClusterError> {
    T::deserialize(document).map_err(|error| bad(error.to_string()))
}

fn bad(cause: String) -> ClusterError {
    ClusterError::BadAnswer {
        attempt: "list the kinds that the server serves".to_owned(),
        server: "the API server".to_owned(),
        cause,
    }
}

fn unexpected(kind: Option<&str>) -> ClusterError {
    let kind = kind.unwrap_or("without a kind");
    bad(format!("expected a discovery document, found `{kind}`"))
}

fn namespaced_kinds(document: &Value) -> Result<Vec<Kind>, ClusterError> {
    let document: Document = read(document)?;
    let mut kinds = Vec::new();
    for group in document.items {
        let group_name = group.metadata.name;
        // The first version is the preferred one; some kinds are served only in a later one.
        for version in group.versions {
            if version.freshness == "Stale" {
                return Err(bad(format!(
                    "the kinds of group `{group_name}` are unknown because its server is down"
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(kinds: &[Kind]) -> Vec<String> {
        let name = |kind: &Kind| format!("{} {}", kind.api_version(), kind.plural);
        kinds.iter().map(name).collect()
    }

    #[test]
    fn an_aggregated_document_names_the_kinds() {
        let resource = |plural: &str, scope: &str| json!({"resource": plural, "scope": scope, "verbs": ["list"], "responseKind": {"kind": "K"}});
        let document = json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "apps"}, "versions": [
            {"version": "v1", "resources": [resource("deployments", "Namespaced"), resource("nodes", "Cluster")]},
            {"version": "v0", "resources": [resource("deployments", "Namespaced"), resource("old", "Namespaced")]},
        ]}]});
        let Ok(Discovered::Kinds(kinds)) = discovered(&document) else {
            panic!("it names kinds");
        };
        assert_eq!(names(&kinds), ["apps/v1 deployments", "apps/v0 old"]);
    }

    #[test]
    fn legacy_documents_name_group_versions_and_then_kinds() {
        let core = json!({"kind": "APIVersions", "versions": ["v1"]});
        let groups = json!({"kind": "APIGroupList", "groups": [
            {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}, {"version": "v0"}]},
        ]});
        let pair = |group: &str, version: &str| (group.to_owned(), version.to_owned());
        let expected = Discovered::GroupVersions(vec![pair("", "v1")]);
        assert_eq!(discovered(&core).unwrap(), expected);
        let expected = Discovered::GroupVersions(vec![pair("apps", "v1"), pair("apps", "v0")]);
        assert_eq!(discovered(&groups).unwrap(), expected);

        let resource = |name: &str, namespaced: bool, verbs: &[&str]| json!({"name": name, "kind": "K", "namespaced": namespaced, "verbs": verbs});
        let document = json!({"kind": "APIResourceList", "resources": [
            resource("deployments", true, &["list"]),
            resource("deployments/scale", true, &["list"]),
            resource("nodes", false, &["list"]),
            resource("reviews", true, &["create"]),
        ]});
        let mut kinds = Vec::new();
        for version in ["v1", "v0"] {
            add_kinds(&pair("apps", version), &document, &mut kinds).unwrap();
        }
        assert_eq!(names(&kinds), ["apps/v1 deployments"]);
    }

    #[test]
    fn what_is_no_discovery_document_is_never_an_empty_list() {
        for document in [
            json!({}),
            json!({"kind": "Status"}),
            json!({"kind": "List", "items": []}),
            json!({"kind": "APIGroupDiscoveryList"}),
            json!({"kind": "APIGroupList"}),
            json!({"kind": "APIVersions"}),
        ] {
            discovered(&document).unwrap_err();
            add_kinds(&(String::new(), "v1".to_owned()), &document, &mut Vec::new()).unwrap_err();
        }
        discovered(&json!({"kind": "APIGroupList", "groups": [{"name": "apps"}]})).unwrap_err();
    }
}
