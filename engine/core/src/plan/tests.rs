//! What was observed, and the plan that follows from it, one line each.

use serde_json::{Value, json};

use super::{Action, AllowedEffects, Consent, Consents, EffectKind, Plan, Summary};
use crate::object::owner::{Owner, Ownership};
use crate::object::path::Path;
use crate::object::{HashKey, Identity, Kind, KindNames, Object, ObjectId, marks};
use crate::observation::adoption::{Adoption, LAST_APPLIED};
use crate::observation::{
    Check, Contents, Evidence, ImmutableField, LiveClaim, Observation, Observations, State,
};
use crate::record::{Claim, Record};
use crate::stack::{ClaimOrigin, ExpectedClaim, Role, Stack, StackObject};

fn id(text: &str) -> ObjectId {
    let parts: Vec<&str> = text.split('/').collect();
    let group = match parts[0] {
        "Deployment" | "StatefulSet" => "apps",
        "HorizontalPodAutoscaler" => "autoscaling",
        _ => "",
    };
    ObjectId::from(Identity {
        kind: Kind::from(KindNames {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: parts[0].to_owned(),
            plural: format!("{}s", parts[0].to_lowercase()),
            namespaced: parts.len() == 3,
        }),
        namespace: (parts.len() == 3).then(|| parts[1].to_owned()),
        name: parts[parts.len() - 1].to_owned(),
    })
}

/// The desired object, with `image` where the tests change something.
fn desired(id: &ObjectId, image: &str) -> Object {
    let json = json!({
        "apiVersion": id.kind.api_version(), "kind": id.kind.kind,
        "metadata": {"name": id.name, "namespace": id.namespace, "labels": {marks::ENVIRONMENT: "shop"}},
        "spec": {"template": {"image": image}},
    });
    Object::from_json(&id.kind, json, &HashKey::new([0; 32]))
}

/// The desired object as the cluster would hold it after our apply, with one foreign field.
fn live(object: &Object, image: &str, owner: Option<(&str, &str)>) -> Value {
    let mut live = object.json();
    live["spec"]["template"]["image"] = json!(image);
    let mut ours = json!({
        "f:metadata": {
            "f:annotations": {(format!("f:{}", marks::STATE_HASH)): {}},
            "f:labels": {(format!("f:{}", marks::ENVIRONMENT)): {}},
        },
        "f:spec": {"f:template": {"f:image": {}}},
    });
    let mut managers = Vec::new();
    if let Some((name, operation)) = owner {
        ours = json!({"f:metadata": ours["f:metadata"]});
        managers.push(json!({
            "manager": name, "operation": operation, "time": "2026-11-21T10:00:00Z",
            "fieldsV1": {"f:spec": {"f:template": {"f:image": {}}}},
        }));
    }
    managers.push(json!({"manager": "infra", "operation": "Apply", "fieldsV1": ours}));
    live["metadata"]["managedFields"] = json!(managers);
    live
}

/// A case: the states of the stack's objects, of the orphans, and the claims.
#[derive(Default)]
struct Case {
    objects: Vec<(&'static str, State)>,
    orphans: Vec<&'static str>,
    claims: Vec<&'static str>,
    recorded_claim: Option<&'static str>,
    expected_claim: Option<&'static str>,
    given_claim: Option<&'static str>,
    strangers: Vec<&'static str>,
    data_keys: Vec<&'static str>,
    gaps: Vec<&'static str>,
    namespaces: Vec<&'static str>,
    evidence: Evidence,
    goes_with_its_workload: bool,
    consents: Consents,
}

fn claim(id: &ObjectId, uid: &str) -> Claim {
    Claim {
        namespace: id.namespace.clone().unwrap(),
        name: id.name.clone(),
        uid: uid.to_owned(),
        volume: "v".to_owned(),
    }
}

#[track_caller]
fn check(case: Case, expected: &[&str]) {
    let mut record = Record::new(Owner::new("web", "shop"), "cluster", HashKey::new([0; 32]));
    record.data_keys = case.data_keys.iter().map(|text| id(text)).collect();
    record.claims = case
        .recorded_claim
        .iter()
        .map(|text| claim(&id(text), "u"))
        .collect();
    record.given_claims = case.given_claim.iter().map(|text| id(text)).collect();
    let mut stack = Stack::default();
    let mut observations = Observations {
        strangers: case.strangers.iter().map(|text| id(text)).collect(),
        ..Observations::default()
    };
    for (text, state) in case.objects {
        let id = id(text);
        if let Some(claim) = case.expected_claim.filter(|_| id.kind.kind == "StatefulSet") {
            stack.claims.push(ExpectedClaim {
                workload: id.clone(),
                claim: self::id(claim),
                origin: match case.given_claim {
                    Some(_) => ClaimOrigin::Given,
                    None => ClaimOrigin::Ours,
                },
            });
        }
        stack.objects.push(StackObject {
            object: desired(&id, "wanted"),
            needs: Vec::new(),
            role: Role::Plain,
        });
        observations.objects.push(Observation { id, state });
    }
    observations.orphans = case
        .orphans
        .iter()
        .map(|text| Observation {
            id: id(text),
            state: State::Orphaned {
                uid: "u".to_owned(),
                contents: Contents::Ours,
            },
        })
        .collect();
    observations.claims = case
        .claims
        .iter()
        .map(|text| LiveClaim {
            claim: claim(&id(text), "u"),
            evidence: case.evidence,
            is_terminating: false,
            goes_with_its_workload: case.goes_with_its_workload,
        })
        .collect();
    stack.namespaces = case.namespaces.iter().map(ToString::to_string).collect();
    observations.gaps = case.gaps.iter().map(ToString::to_string).collect();

    let plan = Plan::new(&stack, &record, &observations, case.consents);
    let mut shown: Vec<String> = plan.changes.iter().map(show).collect();
    shown.push(Summary::of(&plan).to_string());
    assert_eq!(shown, expected);
}

fn show(change: &super::Change) -> String {
    let id = &change.id;
    match &change.action {
        Action::Create { .. } => format!("+ {id}"),
        Action::Update { fields, .. } => {
            let causes: Vec<String> = fields
                .iter()
                .map(|drift| format!("{}: {:?}", drift.field.path, drift.cause))
                .collect();
            format!("~ {id} {}", causes.join(", "))
        }
        Action::Adopt { fields, .. } => {
            let causes: Vec<String> = fields
                .iter()
                .map(|drift| format!("{}: {:?}", drift.field.path, drift.cause))
                .collect();
            format!("adopt {id} {}", causes.join(", "))
        }
        Action::Replace { fields, pods, .. } => {
            let paths: Vec<String> = fields.iter().map(|drift| drift.field.path.to_string()).collect();
            format!(
                "-/+ {id} {} pods {pods:?} {:?}",
                paths.join(", "),
                change.handover
            )
        }
        Action::Mark { lost, .. } => format!("mark {id}: {lost}"),
        Action::Delete {
            makes_way_for: Some(_),
            ..
        } => format!("- {id} first"),
        Action::Delete { .. } => format!("- {id}"),
        Action::Keep { why } => format!("keep {id}: {why}"),
        Action::Refuse { why } => format!("refuse {id}: {why}"),
    }
}

fn absent() -> State {
    State::Absent {
        check: Check::Accepted,
    }
}

fn suspect(text: &str, image: &str, owner: Option<(&str, &str)>) -> State {
    let object = desired(&id(text), "wanted");
    State::Suspect {
        live: live(&object, image, owner),
        proposed: live(&object, "wanted", None),
    }
}

const API: &str = "Deployment/shop/api";
const DATABASE: &str = "StatefulSet/shop/mongodb";
const CLAIM: &str = "PersistentVolumeClaim/shop/data";

#[test]
fn an_absent_object_is_created() {
    check(
        Case {
            objects: vec![(API, absent())],
            ..Case::default()
        },
        &[
            "+ Deployment/shop/api",
            "1 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn an_object_that_an_apply_would_not_change_is_unchanged() {
    check(
        Case {
            objects: vec![(API, suspect(API, "wanted", None))],
            ..Case::default()
        },
        &["0 to create, 0 to change, 0 to replace, 0 to delete, 1 unchanged"],
    );
}

#[test]
fn drift_names_its_author() {
    check(
        Case {
            objects: vec![(API, suspect(API, "theirs", Some(("kubectl-set", "Update"))))],
            ..Case::default()
        },
        &[
            "~ Deployment/shop/api spec.template.image: Drift { by: Some(Author { manager: \"kubectl-set\", \
             operation: Update, subresource: \"\", time: \"2026-11-21T10:00:00Z\" }) }",
            "0 to create, 1 to change, 0 to replace, 0 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn a_field_that_we_own_changes_with_the_configuration() {
    check(
        Case {
            objects: vec![(API, suspect(API, "before", None))],
            ..Case::default()
        },
        &[
            "~ Deployment/shop/api spec.template.image: Configuration",
            "0 to create, 1 to change, 0 to replace, 0 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn a_field_that_was_taken_over_with_our_own_value_is_marked() {
    check(
        Case {
            objects: vec![(API, suspect(API, "wanted", Some(("kubectl", "Update"))))],
            ..Case::default()
        },
        &[
            "mark Deployment/shop/api: field ownership was lost",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 to mark",
        ],
    );
}

#[test]
fn a_field_of_another_applier_is_refused_without_consent() {
    let objects = || vec![(API, suspect(API, "theirs", Some(("argocd", "Apply"))))];
    check(
        Case {
            objects: objects(),
            ..Case::default()
        },
        &[
            "refuse Deployment/shop/api: `spec.template.image` is declared by argocd at 2026-11-21T10:00:00Z",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
    let consents = Consents {
        conflicts: Consent::Given,
        ..Consents::default()
    };
    check(
        Case {
            objects: objects(),
            consents,
            ..Case::default()
        },
        &[
            "~ Deployment/shop/api spec.template.image: Drift { by: Some(Author { manager: \"argocd\", \
             operation: Apply, subresource: \"\", time: \"2026-11-21T10:00:00Z\" }) }",
            "0 to create, 1 to change, 0 to replace, 0 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn a_foreign_object_is_refused() {
    let foreign = |owner| State::Foreign { owner };
    check(
        Case {
            objects: vec![
                (API, foreign(Ownership::Foreign)),
                (
                    DATABASE,
                    foreign(Ownership::Other {
                        stack: None,
                        environment: Some("other".to_owned()),
                    }),
                ),
            ],
            ..Case::default()
        },
        &[
            "refuse Deployment/shop/api: it already exists and is not managed by this environment",
            "refuse StatefulSet/shop/mongodb: it belongs to environment `other`",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 2 refused",
        ],
    );
}

#[test]
fn orphans_are_deleted_last_and_in_the_order_of_their_ranks() {
    check(
        Case {
            objects: vec![(API, absent())],
            orphans: vec![
                "Namespace/shop",
                "Secret/shop/s",
                "Service/shop/s",
                DATABASE,
                "Deployment/shop/old",
                "HorizontalPodAutoscaler/shop/api",
            ],
            ..Case::default()
        },
        &[
            "+ Deployment/shop/api",
            "- HorizontalPodAutoscaler/shop/api",
            "- Deployment/shop/old",
            "- StatefulSet/shop/mongodb",
            "- Service/shop/s",
            "- Secret/shop/s",
            "- Namespace/shop",
            "1 to create, 0 to change, 0 to replace, 6 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn data_is_kept_with_what_opens_it_and_where_it_lives() {
    let case = || Case {
        orphans: vec![
            "Secret/shop/users",
            "Secret/shop/other",
            "Namespace/shop",
            "Namespace/empty",
        ],
        claims: vec![CLAIM],
        data_keys: vec!["Secret/shop/users"],
        ..Case::default()
    };
    check(
        case(),
        &[
            "keep Secret/shop/users: unlocks the data in claim shop/data",
            "- Secret/shop/other",
            "keep PersistentVolumeClaim/shop/data: holds data (volume v)",
            "keep Namespace/shop: holds PersistentVolumeClaim/shop/data, Secret/shop/users",
            "- Namespace/empty",
            "0 to create, 0 to change, 0 to replace, 2 to delete, 0 unchanged, 3 kept",
        ],
    );
    let consents = Consents {
        purge: Consent::Given,
        ..Consents::default()
    };
    check(
        Case { consents, ..case() },
        &[
            "- Secret/shop/users",
            "- Secret/shop/other",
            "- PersistentVolumeClaim/shop/data",
            "- Namespace/shop",
            "- Namespace/empty",
            "0 to create, 0 to change, 0 to replace, 5 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn nothing_is_pruned_on_incomplete_knowledge() {
    check(
        Case {
            orphans: vec!["Service/shop/s"],
            gaps: vec!["could not list secrets"],
            ..Case::default()
        },
        &[
            "keep Service/shop/s: not everything could be listed: could not list secrets",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 kept",
        ],
    );
}

#[test]
fn a_database_whose_claim_is_gone_is_refused() {
    let case = || Case {
        objects: vec![(DATABASE, suspect(DATABASE, "wanted", None))],
        recorded_claim: Some(CLAIM),
        expected_claim: Some(CLAIM),
        ..Case::default()
    };
    check(
        case(),
        &[
            "refuse StatefulSet/shop/mongodb: the database would start empty: claim \
             PersistentVolumeClaim/shop/data with its data (uid u) is gone",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
    check(
        Case {
            claims: vec![CLAIM],
            ..case()
        },
        &["0 to create, 0 to change, 0 to replace, 0 to delete, 1 unchanged"],
    );
    let consents = Consents {
        empty_database: Consent::Given,
        ..Consents::default()
    };
    check(
        Case { consents, ..case() },
        &["0 to create, 0 to change, 0 to replace, 0 to delete, 1 unchanged"],
    );
}

#[test]
fn a_namespace_that_the_environment_lives_in_is_kept() {
    check(
        Case {
            orphans: vec!["Namespace/shop", "Namespace/data"],
            namespaces: vec!["shop"],
            claims: vec!["PersistentVolumeClaim/data/data"],
            expected_claim: None,
            ..Case::default()
        },
        &[
            "keep PersistentVolumeClaim/data/data: holds data (volume v)",
            "keep Namespace/shop: the environment uses it",
            "keep Namespace/data: holds PersistentVolumeClaim/data/data",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 3 kept",
        ],
    );
}

#[test]
fn a_claim_that_only_looks_like_ours_is_never_purged() {
    check(
        Case {
            claims: vec![CLAIM],
            evidence: Evidence::Labels,
            consents: Consents {
                purge: Consent::Given,
                ..Consents::default()
            },
            ..Case::default()
        },
        &[
            "keep PersistentVolumeClaim/shop/data: may hold this environment's data (volume v), but is not in the record",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 kept",
        ],
    );
}

#[test]
fn a_workload_that_would_take_its_data_along_is_refused() {
    check(
        Case {
            orphans: vec![DATABASE],
            claims: vec![CLAIM],
            goes_with_its_workload: true,
            ..Case::default()
        },
        &[
            "refuse StatefulSet/shop/mongodb: PersistentVolumeClaim/shop/data and its data would be deleted with it",
            "keep PersistentVolumeClaim/shop/data: holds data (volume v)",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 kept, 1 refused",
        ],
    );
}

#[test]
fn data_that_was_never_recorded_is_not_left_behind_either() {
    check(
        Case {
            objects: vec![(DATABASE, absent())],
            expected_claim: Some(CLAIM),
            claims: vec!["PersistentVolumeClaim/elsewhere/data"],
            evidence: Evidence::Labels,
            ..Case::default()
        },
        &[
            "refuse StatefulSet/shop/mongodb: the database would start empty: its data is in claim elsewhere/data, \
             and it would mount PersistentVolumeClaim/shop/data",
            "keep PersistentVolumeClaim/elsewhere/data: may hold this environment's data (volume v), but is not in the record",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 kept, 1 refused",
        ],
    );
}

#[test]
fn a_claim_that_was_given_is_no_stranger_and_never_deleted() {
    let case = || Case {
        objects: vec![(DATABASE, suspect(DATABASE, "wanted", None))],
        expected_claim: Some(CLAIM),
        strangers: vec![CLAIM],
        ..Case::default()
    };
    check(
        Case {
            given_claim: Some(CLAIM),
            ..case()
        },
        &["0 to create, 0 to change, 0 to replace, 0 to delete, 1 unchanged"],
    );
    check(
        case(),
        &[
            "refuse StatefulSet/shop/mongodb: it would mount PersistentVolumeClaim/shop/data, which this environment does not own",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
    check(
        Case {
            claims: vec![CLAIM],
            given_claim: Some(CLAIM),
            evidence: Evidence::Given,
            consents: Consents {
                purge: Consent::Given,
                ..Consents::default()
            },
            ..Case::default()
        },
        &[
            "keep PersistentVolumeClaim/shop/data: it was provided, not created by the environment",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 kept",
        ],
    );
}

#[test]
fn a_claim_with_the_environments_label_is_counted_once() {
    check(
        Case {
            claims: vec![CLAIM],
            orphans: vec![CLAIM],
            ..Case::default()
        },
        &[
            "keep PersistentVolumeClaim/shop/data: holds data (volume v)",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 kept",
        ],
    );
}

fn replacing() -> Consents {
    Consents {
        allowed: AllowedEffects::default().and(EffectKind::Replace),
        ..Consents::default()
    }
}

fn adopting() -> Consents {
    Consents {
        adopt: Consent::Given,
        ..Consents::default()
    }
}

/// An object of ours whose `before` cannot become `recreated` in place.
fn immutable(text: &str, field: &str, why: &str, before: &Value, recreated: &Value) -> State {
    let object = desired(&id(text), "wanted");
    let owner =
        || json!([{"manager": "infra", "operation": "Apply", "fieldsV1": {"f:spec": {}, "f:data": {}}}]);
    let with = |content: &Value| {
        let mut json = object.json().clone();
        json["metadata"]["uid"] = json!("u");
        json["metadata"]["managedFields"] = owner();
        json["spec"] = content.clone();
        json
    };
    State::Immutable {
        live: with(before),
        recreated: with(recreated),
        fields: vec![ImmutableField {
            field: field.to_owned(),
            why: why.to_owned(),
        }],
    }
}

const STATEFUL_SET_FIELDS: &str =
    "updates to statefulset spec for fields other than 'replicas', 'template' are forbidden";

#[test]
fn a_field_that_cannot_be_changed_in_place_is_named_and_replaced_only_with_consent() {
    let case = || Case {
        objects: vec![(
            API,
            immutable(
                API,
                "spec.selector",
                "field is immutable",
                &json!({"selector": "old", "replicas": 4}),
                &json!({"selector": "new", "replicas": 1}),
            ),
        )],
        ..Case::default()
    };
    check(
        case(),
        &[
            "refuse Deployment/shop/api: `spec.selector` (field is immutable) cannot be changed in place: \
             spec.selector \"old\" -> \"new\"",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
    check(
        Case {
            consents: replacing(),
            ..case()
        },
        &[
            "-/+ Deployment/shop/api spec.replicas, spec.selector pods End None",
            "0 to create, 0 to change, 1 to replace, 0 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn an_object_that_holds_data_is_never_replaced() {
    for (text, shown) in [
        (CLAIM, "PersistentVolumeClaim/shop/data"),
        ("PersistentVolume/data", "PersistentVolume/data"),
        ("Namespace/shop", "Namespace/shop"),
    ] {
        let state = immutable(text, "spec", "is immutable", &json!({"a": 1}), &json!({"a": 2}));
        check(
            Case {
                objects: vec![(text, state)],
                consents: replacing(),
                ..Case::default()
            },
            &[
                &format!(
                    "refuse {shown}: `spec` (is immutable) cannot be changed in place: spec.a 1 -> 2; it cannot be \
                     replaced: it holds data"
                ),
                "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
            ],
        );
    }
}

/// The spec of a database whose template of a claim has this name, class and size.
fn database_spec(name: &str, class: &str, size: &str, selector: &str) -> Value {
    json!({
        "selector": {"matchLabels": {"app": selector}},
        "template": {"metadata": {"labels": {"app": "mongodb"}}},
        "volumeClaimTemplates": [{"metadata": {"name": name}, "spec": {"storageClassName": class, "size": size}}],
    })
}

fn database_replaced_by(recreated: &Value) -> Case {
    let before = database_spec("data", "standard", "1Gi", "mongodb");
    Case {
        objects: vec![(
            DATABASE,
            immutable(DATABASE, "spec", STATEFUL_SET_FIELDS, &before, recreated),
        )],
        consents: replacing(),
        ..Case::default()
    }
}

#[test]
fn a_database_is_replaced_around_its_pod_while_it_mounts_the_same_claims() {
    check(
        database_replaced_by(&database_spec("data", "standard", "2Gi", "mongodb")),
        &[
            "-/+ StatefulSet/shop/mongodb spec.volumeClaimTemplates[0].spec.size pods Stay None",
            "0 to create, 0 to change, 1 to replace, 0 to delete, 0 unchanged",
        ],
    );
}

#[test]
fn a_database_that_would_lose_its_claim_or_its_pod_is_not_replaced() {
    for (recreated, change, why) in [
        (
            database_spec("other", "standard", "1Gi", "mongodb"),
            "spec.volumeClaimTemplates[0].metadata.name \"data\" -> \"other\"",
            "its data is in claim `template data` (class `standard`), and it would mount claim `template other` (class \
             `standard`)",
        ),
        (
            database_spec("data", "fast", "1Gi", "mongodb"),
            "spec.volumeClaimTemplates[0].spec.storageClassName \"standard\" -> \"fast\"",
            "its data is in claim `template data` (class `standard`), and it would mount claim `template data` (class \
             `fast`)",
        ),
        (
            database_spec("data", "standard", "1Gi", "other"),
            "spec.selector.matchLabels.app \"mongodb\" -> \"other\"",
            "its new selector does not match the existing pod, which keeps the name",
        ),
    ] {
        check(
            database_replaced_by(&recreated),
            &[
                &format!(
                    "refuse StatefulSet/shop/mongodb: parts of `spec` cannot be changed in place: \
                     {change}; it cannot be replaced: {why}"
                ),
                "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
            ],
        );
    }
    check(
        Case {
            claims: vec![CLAIM],
            goes_with_its_workload: true,
            expected_claim: Some(CLAIM),
            ..database_replaced_by(&database_spec("data", "standard", "2Gi", "mongodb"))
        },
        &[
            "refuse StatefulSet/shop/mongodb: parts of `spec` cannot be changed in place: \
                 spec.volumeClaimTemplates[0].spec.size \"1Gi\" -> \"2Gi\"; it cannot be replaced: \
                 PersistentVolumeClaim/shop/data and its data would be deleted with it",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
}

/// An unmanaged object, with `live` and `proposed` as its spec.
fn adoptable(text: &str, manager: (&str, &str), live: &Value, proposed: &Value) -> State {
    let object = desired(&id(text), "wanted");
    let with = |content: &Value| {
        let mut json = object.json().clone();
        json["metadata"]["uid"] = json!("u");
        json["metadata"]["managedFields"] =
            json!([{"manager": manager.0, "operation": manager.1, "time": "t", "fieldsV1": {"f:spec": {}}}]);
        json["spec"] = content.clone();
        json
    };
    let mut live = with(live);
    live["metadata"]["annotations"][LAST_APPLIED] = json!("a copy");
    State::Adoptable {
        live,
        proposed: with(proposed),
        adoption: Adoption {
            excluded: vec![Path::of(&["spec", "valueFrom"])],
            removed: vec![Path::of(&["spec", "left"]), Path::of(&["spec", "valueFrom"])],
        },
    }
}

#[test]
fn an_unmanaged_object_is_adopted_only_with_consent() {
    let state = || {
        adoptable(
            API,
            ("kubectl-create", "Update"),
            &json!({"value": 1, "left": {"a": 1}, "valueFrom": 2, "theirs": 1}),
            &json!({"value": 2, "theirs": 1}),
        )
    };
    check(
        Case {
            objects: vec![(API, state())],
            consents: replacing(),
            ..Case::default()
        },
        &[
            "refuse Deployment/shop/api: it already exists and is not managed by this environment",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
    let by = "Author { manager: \"kubectl-create\", operation: Update, subresource: \"\", time: \"t\" }";
    check(
        Case {
            objects: vec![(API, state())],
            consents: adopting(),
            ..Case::default()
        },
        &[
            &format!(
                "adopt Deployment/shop/api metadata.annotations[\"{LAST_APPLIED}\"]: Removed {{ by: None, why: Copy }}, \
                 spec.left.a: Removed {{ by: Some({by}), why: History }}, spec.value: TakenOver {{ by: {by} }}, \
                 spec.valueFrom: Removed {{ by: Some({by}), why: Excluded }}"
            ),
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 to adopt",
        ],
    );
}

#[test]
fn an_adoption_does_not_take_over_what_another_applier_has_declared() {
    let state = adoptable(
        API,
        ("argocd", "Apply"),
        &json!({"value": 1}),
        &json!({"value": 2}),
    );
    check(
        Case {
            objects: vec![(API, state)],
            consents: adopting(),
            ..Case::default()
        },
        &[
            "refuse Deployment/shop/api: `spec.value` is declared by argocd at t",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
}

#[test]
fn a_database_is_not_adopted_away_from_its_data() {
    let volumes =
        |volume: &Value| json!({"template": {"spec": {"volumes": [volume, {"name": "c", "configMap": {}}]}}});
    let claim = |name: &str| json!({"name": "data", "persistentVolumeClaim": {"claimName": name}});
    for (live, proposed, why) in [
        (
            claim("old"),
            claim("new"),
            "claim `old`, and would mount claim `new`",
        ),
        (
            json!({"name": "data", "hostPath": {"path": "/data"}}),
            claim("new"),
            "volume `data` (hostPath), and would mount claim `new`",
        ),
        (
            json!({"name": "other", "secret": {}}),
            claim("new"),
            "no claim, and would mount claim `new`",
        ),
    ] {
        check(
            Case {
                objects: vec![(
                    DATABASE,
                    adoptable(DATABASE, ("a", "Update"), &volumes(&live), &volumes(&proposed)),
                )],
                consents: adopting(),
                ..Case::default()
            },
            &[
                &format!(
                    "refuse StatefulSet/shop/mongodb: the database would start empty: it keeps its data in {why}"
                ),
                "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
            ],
        );
    }
}

#[test]
fn an_adopted_database_is_guarded_as_any_other() {
    let same = json!({"volumeClaimTemplates": [{"metadata": {"name": "data"}}]});
    check(
        Case {
            objects: vec![(DATABASE, adoptable(DATABASE, ("a", "Update"), &same, &same))],
            expected_claim: Some(CLAIM),
            strangers: vec![CLAIM],
            consents: adopting(),
            ..Case::default()
        },
        &[
            "refuse StatefulSet/shop/mongodb: it would mount PersistentVolumeClaim/shop/data, which this environment does not own",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 refused",
        ],
    );
}

fn blocked_by(holder: &str) -> State {
    State::Blocked {
        holder: id(holder),
        message: "provided port is already allocated".to_owned(),
        object: None,
    }
}

#[test]
fn an_orphan_that_has_what_its_successor_needs_goes_first() {
    const SERVICE: &str = "Service/shop/api";
    check(
        Case {
            objects: vec![(SERVICE, blocked_by("Service/shop/old"))],
            orphans: vec!["Service/shop/old"],
            ..Case::default()
        },
        &[
            "+ Service/shop/api",
            "- Service/shop/old first",
            "1 to create, 0 to change, 0 to replace, 1 to delete, 0 unchanged",
        ],
    );
    // A Service that stays keeps its port, as a foreign one does.
    check(
        Case {
            objects: vec![(SERVICE, blocked_by("Service/shop/old"))],
            orphans: vec!["Service/shop/old"],
            gaps: vec!["could not list secrets"],
            ..Case::default()
        },
        &[
            "refuse Service/shop/api: the server refuses it: provided port is already allocated; Service/shop/old uses it",
            "keep Service/shop/old: not everything could be listed: could not list secrets",
            "0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, 1 kept, 1 refused",
        ],
    );
}

/// Consents that allow these effects alone.
fn allowing(kinds: &[EffectKind]) -> Consents {
    Consents {
        allowed: kinds.iter().copied().collect(),
        ..Consents::default()
    }
}

#[test]
fn a_change_whose_effects_are_not_allowed_is_refused() {
    const OUTAGE: &str = "~ StatefulSet/shop/mongodb spec.template.image: Configuration";
    const NO_OUTAGE: &str = "refuse StatefulSet/shop/mongodb: not allowed without consent: outage";
    const RESTART: &str = "~ Deployment/shop/api spec.template.image: Configuration";
    const NO_RESTART: &str = "refuse Deployment/shop/api: not allowed without consent: restart";
    let planned = |consents: Consents, expected: &[&str]| {
        let case = Case {
            objects: vec![
                (DATABASE, suspect(DATABASE, "before", None)),
                (API, suspect(API, "before", None)),
            ],
            consents,
            ..Case::default()
        };
        check(case, expected);
    };
    let numbers = |changed, refused| {
        format!("0 to create, {changed} to change, 0 to replace, 0 to delete, 0 unchanged{refused}")
    };
    let restart = allowing(&[EffectKind::Restart]);
    planned(Consents::default(), &[OUTAGE, RESTART, &numbers(2, "")]);
    planned(restart, &[NO_OUTAGE, RESTART, &numbers(1, ", 1 refused")]);
    planned(
        allowing(&[]),
        &[NO_OUTAGE, NO_RESTART, &numbers(0, ", 2 refused")],
    );
}

#[test]
fn an_orphan_whose_end_is_an_outage_needs_that_consent() {
    let case = |consents| Case {
        orphans: vec![API, "Service/shop/s"],
        consents,
        ..Case::default()
    };
    check(
        case(allowing(&[EffectKind::Restart])),
        &[
            "refuse Deployment/shop/api: not allowed without consent: outage",
            "- Service/shop/s",
            "0 to create, 0 to change, 0 to replace, 1 to delete, 0 unchanged, 1 refused",
        ],
    );
    check(
        case(allowing(&[EffectKind::Outage])),
        &[
            "- Deployment/shop/api",
            "- Service/shop/s",
            "0 to create, 0 to change, 0 to replace, 2 to delete, 0 unchanged",
        ],
    );
}
