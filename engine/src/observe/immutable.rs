//! Recognises refusals that are about immutable fields, by rules taken from real API server responses. Pure.
//!
//! The status code proves nothing: 422 covers every invalid field, and 409 concurrent writes. So each cause is matched by
//! its reason and by the fixed part of its message; the value in the message can be any text.

use crate::cluster::Status;
use crate::cluster::error::Cause;
use engine_core::observation::ImmutableField;

/// Ends of messages of the form `Invalid value: VALUE: …`, where the value may be any text.
const INVALID: [&str; 4] = [
    ": field is immutable",
    ": field is immutable, except for updating from beta label to GA",
    // Addresses of Services.
    ": may not change once set",
    // Bindings of roles.
    ": cannot change roleRef",
];

/// Starts of messages that quote no value first.
const FORBIDDEN: [&str; 7] = [
    "Forbidden: updates to statefulset spec for fields other than ",
    "Forbidden: field is immutable when `immutable` is set",
    "Forbidden: spec is immutable after creation",
    "Forbidden: spec.persistentvolumesource is immutable after creation",
    "Forbidden: pod updates may not change fields other than ",
    "Forbidden: may not be changed in an update.",
    "Forbidden: field is immutable",
];

/// The immutable fields; empty when anything else is wrong too, or the causes are unknown.
pub(super) fn immutable_fields(status: &Status) -> Vec<ImmutableField> {
    let causes = &status.details.causes;
    let fields: Vec<ImmutableField> = causes.iter().filter_map(immutable_field).collect();
    if status.code == 422 && status.reason == "Invalid" && fields.len() == causes.len() {
        fields
    } else {
        Vec::new()
    }
}

fn immutable_field(cause: &Cause) -> Option<ImmutableField> {
    let message = cause.message.as_str();
    let why = match cause.reason.as_str() {
        "FieldValueInvalid" => {
            let end = INVALID.into_iter().find(|end| message.ends_with(end))?;
            end.trim_start_matches(": ")
        }
        "FieldValueForbidden" => {
            FORBIDDEN.into_iter().find(|start| message.starts_with(start))?;
            // Some kinds append a diff, which would reveal values.
            let line = message.lines().next().unwrap_or_default();
            line.trim_start_matches("Forbidden: ")
        }
        _ => return None,
    };
    Some(ImmutableField {
        field: cause.field.clone(),
        why: why.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::error::Details;

    /// One cause: its reason, its field, its message.
    type Seen<'a> = (&'a str, &'a str, &'a str);

    const INVALID: &str = "FieldValueInvalid";
    const FORBIDDEN: &str = "FieldValueForbidden";
    const STATEFUL_SET: &str = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
        'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

    #[track_caller]
    fn check(causes: &[Seen<'_>], expected: &[&str]) {
        let causes = causes.iter().map(|(reason, field, message)| Cause {
            reason: (*reason).to_owned(),
            field: (*field).to_owned(),
            message: (*message).to_owned(),
        });
        let status = Status {
            code: 422,
            reason: "Invalid".to_owned(),
            details: Details {
                causes: causes.collect(),
                ..Details::default()
            },
            ..Status::default()
        };
        let found: Vec<String> = immutable_fields(&status)
            .iter()
            .map(|found| format!("{}: {}", found.field, found.why))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_that_cannot_be_changed_are_known_by_what_the_server_says() {
        for (reason, field, message, why) in [
            (
                INVALID,
                "spec.clusterIPs[0]",
                "Invalid value: [\"None\"]: may not change once set",
                "may not change once set",
            ),
            (
                INVALID,
                "spec.selector",
                "Invalid value: {\"matchLabels\":{\"a\":\"c\"}}: field is immutable",
                "field is immutable",
            ),
            (
                INVALID,
                "spec.template",
                "Invalid value: {\"Spec\":{\"Volumes\":null}}: field is immutable",
                "field is immutable",
            ),
            (
                FORBIDDEN,
                "data",
                "Forbidden: field is immutable when `immutable` is set",
                "field is immutable when `immutable` is set",
            ),
            (
                INVALID,
                "type",
                "Invalid value: \"example.com/x\": field is immutable",
                "field is immutable",
            ),
            (
                INVALID,
                "roleRef",
                "Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"r2\"}: cannot change roleRef",
                "cannot change roleRef",
            ),
            (
                FORBIDDEN,
                "spec",
                "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for \
                 bound claims\n@@ -1,6 +1,6 @@\n {\n-  \"ReadWriteOnce\"\n+  \"ReadWriteMany\"\n",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
            ),
            (
                FORBIDDEN,
                "spec.persistentvolumesource",
                "Forbidden: spec.persistentvolumesource is immutable after creation\n@@ -2,7 +2,7 @@\n-  \"Path\": \"/a\",\n",
                "spec.persistentvolumesource is immutable after creation",
            ),
            (
                INVALID,
                "nodeAffinity",
                "Invalid value: {\"Required\":{}}: field is immutable, except for updating from beta label to GA",
                "field is immutable, except for updating from beta label to GA",
            ),
            (
                INVALID,
                "parameters",
                "Invalid value: {\"x\":\"2\"}: field is immutable",
                "field is immutable",
            ),
            (
                FORBIDDEN,
                "value",
                "Forbidden: may not be changed in an update.",
                "may not be changed in an update.",
            ),
        ] {
            check(&[(reason, field, message)], &[&format!("{field}: {why}")]);
        }
        check(
            &[(FORBIDDEN, "spec", STATEFUL_SET)],
            &[&format!(
                "spec: {}",
                STATEFUL_SET.trim_start_matches("Forbidden: ")
            )],
        );
    }

    #[test]
    fn a_refusal_for_something_else_too_is_a_plain_one() {
        check(
            &[
                (FORBIDDEN, "spec", STATEFUL_SET),
                (
                    INVALID,
                    "spec.replicas",
                    "Invalid value: -1: must be greater than or equal to 0",
                ),
            ],
            &[],
        );
        check(
            &[
                ("FieldValueRequired", "data[.dockerconfigjson]", "Required value"),
                (
                    INVALID,
                    "type",
                    "Invalid value: \"kubernetes.io/dockerconfigjson\": field is immutable",
                ),
            ],
            &[],
        );
    }

    #[test]
    fn other_refusals_are_plain_ones() {
        for seen in [
            (
                INVALID,
                "spec.ports[0].nodePort",
                "Invalid value: 31999: provided port is already allocated",
            ),
            (
                FORBIDDEN,
                "spec.resources.requests.storage",
                "Forbidden: field can not be less than status.capacity",
            ),
            (
                INVALID,
                "spec.clusterIPs[0]",
                "Invalid value: \"10.96.164.180\": expected an IPv6 value as indicated by `ipFamilies[0]`",
            ),
        ] {
            check(&[seen], &[]);
        }
        check(&[], &[]);
    }

    #[test]
    fn a_value_that_says_so_itself_proves_nothing() {
        check(
            &[(
                INVALID,
                "spec.schedule",
                "Invalid value: \"x: field is immutable\": expected exactly 5 fields",
            )],
            &[],
        );
        check(
            &[(
                "FieldValueNotSupported",
                "a",
                "Unsupported value: \"x\": field is immutable",
            )],
            &[],
        );
    }
}
