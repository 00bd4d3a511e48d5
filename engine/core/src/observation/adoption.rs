//! Adoption of an object that nothing manages: the managed fields that move to our entry, and the content that results. Pure.
//!
//! A server-side apply removes only what its manager owned before and no longer sends. So fields that must go move to our
//! entry of `managedFields` first, in one write guarded by the object's version; the apply that follows removes them.
//! `kubectl apply --server-side` migrates its own history in the same way.

use serde_json::{Value, json};

use crate::object::field_managers::{Manager, Operation, managers};
use crate::object::field_set::FieldSet;
use crate::object::marks;
use crate::object::path::{Path, PathElement};

/// The manager whose entries are the history of client-side `kubectl apply`.
const KUBECTL: &str = "kubectl-client-side-apply";

/// The annotation that holds a copy of the input of `kubectl apply`, values of Secrets included.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields that an adoption removes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adoption {
    /// Foreign fields that exclude ours, by the keys of their field sets.
    pub excluded: Vec<Path>,
    /// All fields that go: the excluded ones, the copy of `kubectl apply`, and what `kubectl apply` alone has set.
    pub removed: Vec<Path>,
}

/// The `managedFields` of an object after the migration; `None` when nothing has to move.
///
/// Our entry takes the history of `kubectl apply`, the annotation with its copy, and the `excluded` fields.
#[must_use]
pub fn migrated_managers(live: &Value, api_version: &str, excluded: &[Path]) -> Option<Vec<Value>> {
    let copy = Path::of(&["metadata", "annotations", LAST_APPLIED]);
    let mut ours = FieldSet::default();
    let mut time = "";
    let mut migrated = Vec::new();
    let mut has_moved = false;
    for entry in live["metadata"]["managedFields"].as_array()? {
        let manager = Manager::of(entry);
        let mut fields = manager.fields();
        if manager.is_ours() {
            ours.merge(fields);
            time = if manager.time.is_empty() {
                time
            } else {
                manager.time
            };
            continue;
        }
        if is_history(&manager) {
            has_moved = true;
            // The fields of another version may not exist in ours; those of metadata are the same in all.
            if entry["apiVersion"] != api_version {
                fields = fields.take(&Path::of(&["metadata"])).unwrap_or_default();
            }
            ours.merge(fields);
            time = if time.is_empty() { manager.time } else { time };
            continue;
        }
        for path in excluded.iter().chain([&copy]) {
            if let Some(taken) = fields.take(path) {
                ours.merge(taken);
                has_moved = true;
            }
        }
        if !fields.is_leaf() {
            let mut entry = entry.clone();
            entry["fieldsV1"] = json!(fields);
            migrated.push(entry);
        }
    }
    if !has_moved {
        return None;
    }
    // Without its hash, an object is dry-run: a run that ends before the apply leaves nothing unseen.
    ours.take(&Path::of(&["metadata", "annotations", marks::STATE_HASH]));
    let mut entry = json!({
        "manager": marks::MANAGER,
        "operation": "Apply",
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": ours,
    });
    if !time.is_empty() {
        entry["time"] = json!(time);
    }
    migrated.push(entry);
    Some(migrated)
}

fn is_history(manager: &Manager<'_>) -> bool {
    manager.name == KUBECTL && manager.operation == Operation::Update && manager.subresource.is_empty()
}

/// Removes from `object` the fields that only our migrated entry owns and an apply of `sent` no longer sends.
///
/// `migrated` are the `managedFields` after the migration; `sent` is the field set of the configuration. Returns the removed
/// fields.
pub fn prune(object: &mut Value, migrated: &[Value], sent: &FieldSet<'_>) -> Vec<Path> {
    let managers = migrated.iter().map(Manager::of);
    let (ours, others): (Vec<_>, Vec<_>) = managers.partition(Manager::is_ours);
    let others: Vec<FieldSet<'_>> = others.iter().map(Manager::fields).collect();
    let others: Vec<&FieldSet<'_>> = others.iter().collect();
    let mut removed = Vec::new();
    for ours in &ours {
        let path = Path::default();
        prune_value(object, &ours.fields(), Some(sent), &others, &path, &mut removed);
    }
    removed
}

fn prune_value(
    value: &mut Value,
    owned: &FieldSet<'_>,
    sent: Option<&FieldSet<'_>>,
    others: &[&FieldSet<'_>],
    path: &Path,
    removed: &mut Vec<Path>,
) {
    // A leaf that is sent covers everything below it.
    if sent.is_some_and(FieldSet::is_leaf) {
        return;
    }
    for (element, below) in owned.elements() {
        let sent = sent.and_then(|sent| sent.get(&element));
        let others: Vec<&FieldSet<'_>> = others.iter().filter_map(|other| other.get(&element)).collect();
        let stays = sent.is_some() || !others.is_empty();
        match (&element, &mut *value) {
            (PathElement::Field(name), Value::Object(fields)) => {
                let path = path.then(element.clone());
                if !stays {
                    removed.extend(fields.remove(name).map(|_| path));
                } else if let Some(inner) = fields.get_mut(name) {
                    prune_value(inner, below, sent, &others, &path, removed);
                }
            }
            (_, Value::Array(items)) => {
                let Some(index) = items.iter().position(|item| is_item(&element, item)) else {
                    continue;
                };
                let path = path.then(match &element {
                    // A plan compares sets by position.
                    PathElement::Value(_) => PathElement::Index(index),
                    key => key.clone(),
                });
                if stays {
                    prune_value(&mut items[index], below, sent, &others, &path, removed);
                } else {
                    items.remove(index);
                    removed.push(path);
                }
            }
            _ => {}
        }
    }
}

/// Whether an element names an item of a live list, which lacks no key field.
fn is_item(element: &PathElement, item: &Value) -> bool {
    match element {
        PathElement::Key(key) => key.iter().all(|(field, value)| item.get(field) == Some(value)),
        PathElement::Value(value) => value == item,
        PathElement::Field(_) | PathElement::Index(_) => false,
    }
}

/// Finds the foreign fields that exclude ours, where the server rejects both together.
///
/// `field` is where the server found the fault, such as `spec.template.spec.containers[0].env[0].valueFrom`. Its positions
/// count the items of both sides, so every item that we send is searched.
#[must_use]
pub fn exclusive_fields(live: &Value, sent: &FieldSet<'_>, field: &str) -> Vec<Path> {
    const ITEM: &str = "[";
    let mut steps: Vec<&str> = Vec::new();
    for part in field.split('.') {
        match part.split_once(ITEM) {
            Some((name, _)) => steps.extend([name, ITEM]),
            None => steps.push(part),
        }
    }
    let last = steps.pop().unwrap_or_default();
    let mut places = vec![(Path::default(), sent)];
    for step in steps {
        let is_wanted = |element: &PathElement| match element {
            PathElement::Field(name) => name == step,
            PathElement::Key(_) => step == ITEM,
            PathElement::Value(_) | PathElement::Index(_) => false,
        };
        let mut below = Vec::new();
        for (path, fields) in places {
            let wanted = fields.elements().filter(|(element, _)| is_wanted(element));
            below.extend(wanted.map(|(element, fields)| (path.then(element), fields)));
        }
        places = below;
    }
    let foreign = managers(live).filter(|manager| !manager.is_ours());
    let foreign: Vec<FieldSet<'_>> = foreign.map(|manager| manager.fields()).collect();
    let (mut exact, mut around) = (Vec::new(), Vec::new());
    for (path, sent) in places {
        for owned in foreign.iter().filter_map(|fields| fields.at(&path)) {
            for (element, below) in owned.elements() {
                if sent.get(&element).is_some() {
                    continue;
                }
                if matches!(&element, PathElement::Field(name) if name == last) {
                    exact.push(path.then(element));
                } else if !below.is_leaf() {
                    around.push(path.then(element));
                }
            }
        }
    }
    // The server names the second of two fields that exclude each other, which may be ours.
    if exact.is_empty() { around } else { exact }
}

/// Merges a configuration into a live object as the server does. Leaves of `sent` replace what is there.
pub fn merge(object: &mut Value, configuration: &Value, sent: &FieldSet<'_>) {
    if sent.is_leaf() {
        object.clone_from(configuration);
        return;
    }
    match configuration {
        Value::Object(fields) => {
            if !object.is_object() {
                *object = json!({});
            }
            for (name, value) in fields {
                match sent.field(name) {
                    Some(sent) => merge(&mut object[name.as_str()], value, sent),
                    // Names and the like, which no field set holds.
                    None if object.get(name).is_none() => object[name.as_str()] = value.clone(),
                    None => {}
                }
            }
        }
        Value::Array(items) => merge_items(object, items, sent),
        scalar => object.clone_from(scalar),
    }
}

fn merge_items(list: &mut Value, items: &[Value], sent: &FieldSet<'_>) {
    if !list.is_array() {
        *list = json!([]);
    }
    let Value::Array(list) = list else {
        return;
    };
    for item in items {
        let Some(fields) = item.as_object() else {
            if !list.contains(item) {
                list.push(item.clone());
            }
            continue;
        };
        let keyed = sent.items(fields).next().and_then(|(key, sent)| {
            let key = PathElement::Key(key);
            Some((list.iter().position(|live| is_item(&key, live))?, sent))
        });
        match keyed {
            Some((place, sent)) => merge(&mut list[place], item, sent),
            None => list.push(item.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields})
    }

    fn object(managers: &[Value]) -> Value {
        json!({"metadata": {"managedFields": managers}})
    }

    fn shown(managers: Option<Vec<Value>>) -> Vec<String> {
        let entries = managers.into_iter().flatten();
        entries
            .map(|entry| {
                let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
                format!("{} {} {}", text("manager"), text("operation"), entry["fieldsV1"])
            })
            .collect()
    }

    #[test]
    fn what_kubectl_applied_becomes_ours() {
        let live = object(&[
            entry(
                "kubectl-client-side-apply",
                "Update",
                &json!({"f:data": {"f:a": {}}}),
            ),
            entry("kubectl-edit", "Update", &json!({"f:data": {"f:b": {}}})),
        ]);
        assert_eq!(
            shown(migrated_managers(&live, "v1", &[])),
            [
                r#"kubectl-edit Update {"f:data":{"f:b":{}}}"#,
                r#"infra Apply {"f:data":{"f:a":{}}}"#,
            ]
        );
    }

    #[test]
    fn the_copy_of_what_was_applied_becomes_ours_from_any_manager() {
        let fields = json!({"f:data": {}, "f:metadata": {"f:annotations": {".": {}, (format!("f:{LAST_APPLIED}")): {}}}});
        let live = object(&[entry("tool", "Update", &fields)]);
        assert_eq!(
            shown(migrated_managers(&live, "v1", &[])),
            [
                r#"tool Update {"f:data":{}}"#.to_owned(),
                format!(r#"infra Apply {{"f:metadata":{{"f:annotations":{{"f:{LAST_APPLIED}":{{}}}}}}}}"#),
            ]
        );
    }

    #[test]
    fn the_hash_has_no_owner_until_the_apply() {
        let hash = format!("f:{}", marks::STATE_HASH);
        let fields = json!({"f:data": {}, "f:metadata": {"f:annotations": {".": {}, (hash.as_str()): {}}}});
        let live = object(&[entry("kubectl-client-side-apply", "Update", &fields)]);
        assert_eq!(
            shown(migrated_managers(&live, "v1", &[])),
            [r#"infra Apply {"f:data":{}}"#]
        );
    }

    #[test]
    fn an_object_without_history_is_not_migrated() {
        let live = object(&[entry("kubectl-create", "Update", &json!({"f:data": {}}))]);
        assert_eq!(migrated_managers(&live, "v1", &[]), None);
    }

    #[test]
    fn fields_of_the_history_alone_go_and_shared_ones_stay() {
        let history = json!({"f:data": {".": {}, "f:ours": {}, "f:gone": {}, "f:shared": {}}, "f:spec": {"f:list": {
            "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:value": {}}
        }}});
        let live = object(&[
            entry("kubectl-client-side-apply", "Update", &history),
            entry("tool", "Update", &json!({"f:data": {"f:shared": {}}})),
        ]);
        let managers = migrated_managers(&live, "v1", &[]).unwrap();
        let mut content = json!({
            "data": {"ours": 1, "gone": 2, "shared": 3},
            "spec": {"list": [{"name": "b"}, {"name": "a", "value": 1}]},
        });
        let sent = json!({"f:data": {"f:ours": {}}, "f:spec": {"f:list": {"k:{\"name\":\"b\"}": {".": {}, "f:name": {}}}}});
        let removed = prune(&mut content, &managers, &FieldSet::of(&sent));
        let removed: Vec<String> = removed.iter().map(ToString::to_string).collect();
        assert_eq!(removed, ["data.gone", "spec.list[a]"]);
        assert_eq!(
            content,
            json!({"data": {"ours": 1, "shared": 3}, "spec": {"list": [{"name": "b"}]}})
        );
    }

    fn env(ours: &str, theirs: &str) -> (Value, Value) {
        let place = |fields: &Value| json!({"f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {"f:env": {"k:{\"name\":\"A\"}": fields}}}}});
        let sent = place(&json!({".": {}, "f:name": {}, (ours): {}}));
        let theirs = place(&json!({".": {}, "f:name": {}, (theirs): {".": {}, "f:x": {}}}));
        (object(&[entry("tool", "Update", &theirs)]), sent)
    }

    #[test]
    fn the_foreign_one_of_two_that_exclude_each_other_is_found() {
        let check = |(live, sent): (Value, Value), field: &str, expected: &[&str]| {
            let found = exclusive_fields(&live, &FieldSet::of(&sent), field);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, expected);
        };
        check(
            env("f:value", "f:valueFrom"),
            "spec.containers[0].env[3].valueFrom",
            &["spec.containers[c].env[A].valueFrom"],
        );
        // The server names ours.
        let both = || env("f:httpGet", "f:exec");
        check(
            both(),
            "spec.containers[0].env[0].httpGet",
            &["spec.containers[c].env[A].exec"],
        );
        // No foreign field is there.
        check(both(), "spec.replicas", &[]);
    }

    #[test]
    fn a_configuration_is_merged_by_the_keys_of_its_items() {
        let mut content = json!({
            "metadata": {"name": "x"},
            "selector": {"old": 1},
            "list": [{"name": "theirs"}, {"name": "a", "port": 1, "more": 2}],
        });
        let configuration =
            json!({"metadata": {"name": "x"}, "selector": {"new": 1}, "list": [{"name": "a", "port": 2}]});
        let sent = json!({"f:selector": {}, "f:list": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:port": {}}}});
        merge(&mut content, &configuration, &FieldSet::of(&sent));
        assert_eq!(
            content,
            json!({
                "metadata": {"name": "x"},
                "selector": {"new": 1},
                "list": [{"name": "theirs"}, {"name": "a", "port": 2, "more": 2}],
            })
        );
    }
}
