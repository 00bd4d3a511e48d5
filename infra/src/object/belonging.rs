//! Whose a live object is. Pure.

use serde_json::Value;

use super::marks;
use super::ownership::{managers, ours};
use super::path::Path;

/// Whose an object is, as its marks and its field managers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// This environment's.
    Ours,
    /// Another environment's.
    OtherEnvironment(String),
    /// Nobody's that this program knows.
    Foreign,
}

/// Tells whose `object` is, asked by `environment`.
///
/// A label alone proves nothing: anyone can copy a manifest. What counts is that this program has applied the object.
#[must_use]
pub fn belonging(object: &Value, environment: &str) -> Belonging {
    let has_hash = marks::annotation(object, marks::STATE_HASH).is_some();
    let applied = ours(object);
    match marks::label(object, marks::ENVIRONMENT) {
        Some(name) if name == environment => {
            let managers_were_cleared = managers(object).next().is_none();
            if applied.is_some() || (managers_were_cleared && has_hash) {
                Belonging::Ours
            } else {
                Belonging::Foreign
            }
        }
        Some(other) => Belonging::OtherEnvironment(other.to_owned()),
        // The label was taken off; our configuration still holds the hash.
        None => {
            let hash = Path::of(&["metadata", "annotations", marks::STATE_HASH]);
            if applied.is_some_and(|applied| applied.owns(&hash)) {
                Belonging::Ours
            } else {
                Belonging::Foreign
            }
        }
    }
}

/// Whether a claim looks as those do that a database of `environment` makes from its template.
///
/// Such claims carry exactly the two labels of our selectors. Charts that use the same labels add others to them.
#[must_use]
pub fn looks_like_our_claim(claim: &Value, environment: &str) -> bool {
    let labels = claim["metadata"]["labels"].as_object();
    labels.is_some_and(|labels| labels.len() == 2 && labels.contains_key("app.kubernetes.io/name"))
        && marks::label(claim, "app.kubernetes.io/instance") == Some(environment)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HASH: &str = marks::STATE_HASH;

    fn entry(manager: &str, operation: &str) -> Value {
        json!([{"manager": manager, "operation": operation, "fieldsV1": {
            "f:metadata": {"f:annotations": {(format!("f:{HASH}")): {}}}
        }}])
    }

    fn check(environment: Option<&str>, managers: &Value, expected: &Belonging) {
        let mut object = json!({"metadata": {"annotations": {HASH: "v1:0"}, "managedFields": managers}});
        if let Some(environment) = environment {
            object["metadata"]["labels"] = json!({marks::ENVIRONMENT: environment});
        }
        assert_eq!(&belonging(&object, "shop"), expected);
    }

    #[test]
    fn an_object_that_we_applied_is_ours() {
        check(Some("shop"), &entry("infra", "Apply"), &Belonging::Ours);
    }

    #[test]
    fn an_object_that_lost_its_label_is_still_ours() {
        check(None, &entry("infra", "Apply"), &Belonging::Ours);
    }

    #[test]
    fn an_object_whose_managers_were_cleared_is_still_ours() {
        check(Some("shop"), &json!([]), &Belonging::Ours);
    }

    #[test]
    fn a_copied_manifest_is_foreign() {
        check(Some("shop"), &entry("kubectl", "Apply"), &Belonging::Foreign);
        check(Some("shop"), &entry("infra", "Update"), &Belonging::Foreign);
        check(None, &entry("kubectl", "Update"), &Belonging::Foreign);
    }

    #[test]
    fn another_environments_object_is_that_ones() {
        check(
            Some("other"),
            &entry("infra", "Apply"),
            &Belonging::OtherEnvironment("other".to_owned()),
        );
    }
}
