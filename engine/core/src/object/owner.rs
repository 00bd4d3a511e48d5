//! Which environment of which stack owns a live object. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::field_managers::{managers, ours};
use super::marks;
use super::path::Path;

/// One environment of one stack: the owner of objects, a record and a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Name of the stack.
    pub stack: String,
    /// Name of the environment.
    pub environment: String,
    /// Name of the Secret with the record, and of the Lease that locks it.
    pub record_name: String,
    /// Whether its objects carry the stack's label.
    pub stack_label: StackLabel,
}

/// Whether the objects of an environment carry the stack's label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackLabel {
    /// Every object carries it.
    #[default]
    Present,
    /// None does: the environment is older than the label, and is left unchanged.
    Absent,
}

/// Written `data-api/minikube`.
impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.stack, self.environment)
    }
}

impl Owner {
    /// Builds an owner with the record name `infra-STACK-ENVIRONMENT`.
    #[must_use]
    pub fn new(stack: &str, environment: &str) -> Self {
        Self::with_record_name(stack, environment, &format!("infra-{stack}-{environment}"))
    }

    /// Builds an owner with another record name.
    #[must_use]
    pub fn with_record_name(stack: &str, environment: &str, record_name: &str) -> Self {
        Self {
            stack: stack.to_owned(),
            environment: environment.to_owned(),
            record_name: record_name.to_owned(),
            stack_label: StackLabel::Present,
        }
    }

    /// Selects the objects with the environment's label. Those of other stacks are among them.
    #[must_use]
    pub fn selector(&self) -> String {
        format!("{}={}", marks::ENVIRONMENT, self.environment)
    }

    /// Whether these labels are exactly the ones that this owner puts on its objects.
    #[must_use]
    pub fn has_labels(&self, environment: Option<&str>, stack: Option<&str>) -> bool {
        let is_stack = match (self.stack_label, stack) {
            (_, Some(stack)) => stack == self.stack,
            (StackLabel::Absent, None) => true,
            (StackLabel::Present, None) => false,
        };
        is_stack && environment == Some(&self.environment)
    }

    /// Adds the owner's labels to a desired object.
    pub(crate) fn label(&self, object: &mut Value) {
        let labels = &mut object["metadata"]["labels"];
        labels[marks::ENVIRONMENT] = Value::String(self.environment.clone());
        if self.stack_label == StackLabel::Present {
            labels[marks::STACK] = Value::String(self.stack.clone());
        }
    }
}

/// The owner of an object, from its labels and field managers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The owner in question.
    Ours,
    /// This program applied it for an environment of that name, but the stack's label is missing. If the stack declares the
    /// object, it is ours; otherwise its owner is unknown.
    Unlabelled,
    /// Another environment, or another stack.
    Other {
        /// The stack, if a label names another than ours.
        stack: Option<String>,
        /// The environment, if a label names it.
        environment: Option<String>,
    },
    /// This program does not manage it.
    Foreign,
}

impl fmt::Display for Ownership {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stack, environment) = match self {
            Self::Ours | Self::Unlabelled => return formatter.write_str("this environment"),
            Self::Foreign => return formatter.write_str("another owner"),
            Self::Other { stack, environment } => (stack, environment),
        };
        if let Some(environment) = environment {
            write!(formatter, "environment `{environment}`")?;
        }
        if let Some(stack) = stack {
            let of = if environment.is_some() { " of " } else { "" };
            write!(formatter, "{of}stack `{stack}`")?;
        }
        Ok(())
    }
}

/// Determines who owns `object`, from the view of `owner`.
///
/// A label alone proves nothing, because manifests get copied: this program must have applied the object.
#[must_use]
pub fn ownership(object: &Value, owner: &Owner) -> Ownership {
    let has_hash = marks::annotation(object, marks::STATE_HASH).is_some();
    let applied = ours(object);
    let stack = marks::label(object, marks::STACK);
    let Some(environment) = marks::label(object, marks::ENVIRONMENT) else {
        // Someone removed the label; our configuration still holds the hash.
        let hash = Path::of(&["metadata", "annotations", marks::STATE_HASH]);
        let is_applied = applied.is_some_and(|applied| applied.owns(&hash));
        return match stack {
            _ if !is_applied => Ownership::Foreign,
            Some(stack) if stack != owner.stack => other(Some(stack), None),
            _ => Ownership::Ours,
        };
    };
    let other_stack = stack.filter(|stack| *stack != owner.stack);
    if environment != owner.environment || other_stack.is_some() {
        return other(other_stack, Some(environment));
    }
    let managers_were_cleared = managers(object).next().is_none();
    if applied.is_none() && !(managers_were_cleared && has_hash) {
        Ownership::Foreign
    } else if owner.has_labels(Some(environment), stack) {
        Ownership::Ours
    } else {
        Ownership::Unlabelled
    }
}

fn other(stack: Option<&str>, environment: Option<&str>) -> Ownership {
    Ownership::Other {
        stack: stack.map(str::to_owned),
        environment: environment.map(str::to_owned),
    }
}

/// Whether a claim has the labels of one that a database of the environment creates from its template.
///
/// Such claims carry exactly the two labels of our selectors. Charts that use the same labels add others to them.
#[must_use]
pub fn looks_like_our_claim(claim: &Value, owner: &Owner) -> bool {
    let labels = claim["metadata"]["labels"].as_object();
    labels.is_some_and(|labels| labels.len() == 2 && labels.contains_key("app.kubernetes.io/name"))
        && marks::label(claim, "app.kubernetes.io/instance") == Some(&owner.environment)
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

    #[track_caller]
    fn check(labels: &[(&str, &str)], managers: &Value, expected: &Ownership) {
        let owner = Owner::new("web", "shop");
        check_as(&owner, labels, managers, expected);
    }

    #[track_caller]
    fn check_as(owner: &Owner, labels: &[(&str, &str)], managers: &Value, expected: &Ownership) {
        let mut object = json!({"metadata": {"annotations": {HASH: "v1:0"}, "managedFields": managers}});
        for (label, value) in labels {
            object["metadata"]["labels"][label] = json!(value);
        }
        assert_eq!(&ownership(&object, owner), expected);
    }

    const OURS: [(&str, &str); 2] = [(marks::ENVIRONMENT, "shop"), (marks::STACK, "web")];

    #[test]
    fn an_object_that_we_applied_is_ours() {
        check(&OURS, &entry("infra", "Apply"), &Ownership::Ours);
    }

    #[test]
    fn an_object_that_lost_its_labels_is_still_ours() {
        check(&[], &entry("infra", "Apply"), &Ownership::Ours);
        check(&OURS[1..], &entry("infra", "Apply"), &Ownership::Ours);
    }

    #[test]
    fn an_object_whose_managers_were_cleared_is_still_ours() {
        check(&OURS, &json!([]), &Ownership::Ours);
    }

    #[test]
    fn a_copied_manifest_is_foreign() {
        check(&OURS, &entry("kubectl", "Apply"), &Ownership::Foreign);
        check(&OURS, &entry("infra", "Update"), &Ownership::Foreign);
        check(&[], &entry("kubectl", "Update"), &Ownership::Foreign);
    }

    #[test]
    fn an_object_of_another_environment_or_stack_belongs_to_that() {
        let applied = entry("infra", "Apply");
        let labels = [(marks::ENVIRONMENT, "test"), (marks::STACK, "web")];
        check(&labels, &applied, &other(None, Some("test")));
        let labels = [(marks::ENVIRONMENT, "shop"), (marks::STACK, "reports")];
        check(&labels, &applied, &other(Some("reports"), Some("shop")));
        check(&labels[1..], &applied, &other(Some("reports"), None));
    }

    #[test]
    fn an_object_without_the_stacks_label_is_that_of_an_environment_older_than_the_label() {
        let applied = entry("infra", "Apply");
        check(&OURS[..1], &applied, &Ownership::Unlabelled);
        let older = Owner {
            stack_label: StackLabel::Absent,
            ..Owner::new("web", "shop")
        };
        check_as(&older, &OURS[..1], &applied, &Ownership::Ours);
        check_as(&older, &OURS, &applied, &Ownership::Ours);
    }
}
