//! What changes hands when an object that was nobody's becomes ours. Pure.
//!
//! Removing a field is not a right of its own: an apply removes what its manager owned before and sends no more. So fields
//! that must go are first given to our entry of `managedFields`, in one write that is guarded by the object's version; the
//! apply that follows does the rest. `kubectl apply` migrates its own history in the same way.
//!
//! A field of a field set is named by the steps of the set itself: `f:NAME`, `k:{…}`, `v:…`.

use serde_json::{Map, Value, json};

use crate::object::marks;
use crate::object::path::{Path, Step};

/// The manager whose entries are the history of `kubectl apply`.
const KUBECTL: &str = "kubectl-client-side-apply";

/// The annotation with a copy of all that `kubectl apply` was given, values of Secrets included.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Steps from the root of a field set to one of its fields.
pub type FieldSteps = Vec<String>;

/// The steps to the annotation of `kubectl apply`.
#[must_use]
pub fn last_applied_steps() -> FieldSteps {
    vec![
        "f:metadata".to_owned(),
        "f:annotations".to_owned(),
        format!("f:{LAST_APPLIED}"),
    ]
}

/// The managers of an object after the take-over; `None` when nothing has to change hands.
///
/// Our entry takes over the entries of `kubectl apply` whole, the annotation in which it keeps what it was given, and `more`.
#[must_use]
pub fn managers_after(live: &Value, api_version: &str, more: &[FieldSteps]) -> Option<Vec<Value>> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let mut ours = json!({});
    let mut time = None;
    let mut others = Vec::new();
    let wanted: Vec<FieldSteps> = more.iter().cloned().chain([last_applied_steps()]).collect();
    let mut changed = false;
    for entry in entries {
        if is_ours(entry) {
            union(&mut ours, &entry["fieldsV1"]);
            time = entry["time"].as_str().or(time);
            continue;
        }
        if is_history(entry) {
            changed = true;
            let fields = &entry["fieldsV1"];
            // The fields of another version may not be there in ours; those of metadata are the same in all.
            if entry["apiVersion"] == api_version {
                union(&mut ours, fields);
            } else {
                union(&mut ours, &json!({"f:metadata": fields["f:metadata"]}));
            }
            time = time.or(entry["time"].as_str());
            continue;
        }
        let mut entry = entry.clone();
        for steps in &wanted {
            if let Some(taken) = remove(&mut entry["fieldsV1"], steps) {
                union(&mut ours, &nested(steps, taken));
                changed = true;
            }
        }
        if entry["fieldsV1"]
            .as_object()
            .is_some_and(|fields| !fields.is_empty())
        {
            others.push(entry);
        }
    }
    if !changed {
        return None;
    }
    // Without its hash an object is looked at closely: a run that ends before the apply leaves nothing unseen.
    let hash = format!("f:{}", marks::STATE_HASH);
    remove(
        &mut ours,
        &["f:metadata".to_owned(), "f:annotations".to_owned(), hash],
    );
    let mut entry = json!({
        "manager": marks::MANAGER,
        "operation": "Apply",
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": ours,
    });
    if let Some(time) = time {
        entry["time"] = json!(time);
    }
    others.push(entry);
    Some(others)
}

/// Takes out of `object` what only the take-over's entry owns and an apply of `sent` would no longer send.
///
/// `managers` are those after the take-over; `sent` is the field set of the configuration that is applied then.
pub fn strip(object: &mut Value, managers: &[Value], sent: &Value) -> Vec<Path> {
    let ours = managers.iter().find(|entry| is_ours(entry));
    let others: Vec<&Value> = managers
        .iter()
        .filter(|entry| !is_ours(entry))
        .map(|entry| &entry["fieldsV1"])
        .collect();
    let mut removed = Vec::new();
    if let Some(ours) = ours {
        strip_value(
            object,
            &ours["fieldsV1"],
            Some(sent),
            &others,
            &Path::default(),
            &mut removed,
        );
    }
    removed
}

fn strip_value(
    value: &mut Value,
    owned: &Value,
    sent: Option<&Value>,
    others: &[&Value],
    path: &Path,
    removed: &mut Vec<Path>,
) {
    // A leaf that is sent covers all below it.
    if sent.is_some_and(is_leaf) {
        return;
    }
    for (name, child) in owned.as_object().into_iter().flatten() {
        let Some((step, index)) = locate(value, name) else {
            continue;
        };
        let sent = sent.and_then(|sent| sent.get(name));
        let others: Vec<&Value> = others.iter().filter_map(|other| other.get(name)).collect();
        let path = path.then(step);
        if sent.is_none() && others.is_empty() {
            take_out(value, &path, index);
            removed.push(path);
        } else if let Some(inner) = at(value, &path, index) {
            strip_value(inner, child, sent, &others, &path, removed);
        }
    }
}

/// Finds what one step of a field set means in a value, with its position when it is an item.
fn locate(value: &Value, name: &str) -> Option<(Step, Option<usize>)> {
    if let Some(field) = name.strip_prefix("f:") {
        value.get(field)?;
        return Some((Step::Field(field.to_owned()), None));
    }
    let items = value.as_array()?;
    if let Some(key) = name.strip_prefix("k:") {
        let key: Map<String, Value> = serde_json::from_str(key).ok()?;
        let index = items
            .iter()
            .position(|item| key.iter().all(|(field, value)| item.get(field) == Some(value)))?;
        return Some((Step::Item(key.into_iter().collect()), Some(index)));
    }
    let wanted: Value = serde_json::from_str(name.strip_prefix("v:")?).ok()?;
    let index = items.iter().position(|item| *item == wanted)?;
    Some((Step::Index(index), Some(index)))
}

fn at<'a>(value: &'a mut Value, path: &Path, index: Option<usize>) -> Option<&'a mut Value> {
    match (path.0.last()?, index) {
        (Step::Field(field), _) => value.get_mut(field),
        (_, Some(index)) => value.get_mut(index),
        _ => None,
    }
}

fn take_out(value: &mut Value, path: &Path, index: Option<usize>) {
    match (path.0.last(), value, index) {
        (Some(Step::Field(field)), Value::Object(fields), _) => {
            fields.remove(field);
        }
        (_, Value::Array(items), Some(index)) => {
            items.remove(index);
        }
        _ => {}
    }
}

/// The foreign fields that stand beside ours where the server found a fault in both together.
///
/// `field` is the server's name of the place, such as `spec.template.spec.containers[0].env[0].valueFrom`. Positions in it
/// count the items of both sides, so every item of ours is looked at.
#[must_use]
pub fn beside(live: &Value, sent: &Value, field: &str) -> Vec<FieldSteps> {
    let steps: Vec<&str> = field
        .split('.')
        .flat_map(|part| match part.split_once('[') {
            Some((name, _)) => vec![name, "["],
            None => vec![part],
        })
        .collect();
    let Some((last, parents)) = steps.split_last() else {
        return Vec::new();
    };
    let foreign: Vec<&Value> = live["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entry| !is_ours(entry))
        .map(|entry| &entry["fieldsV1"])
        .collect();
    let mut places: Vec<(FieldSteps, &Value)> = vec![(Vec::new(), sent)];
    for step in parents {
        places = places
            .into_iter()
            .flat_map(|(steps, node)| children(node, step, &steps))
            .collect();
    }
    let named = format!("f:{last}");
    let mut exact = Vec::new();
    let mut around = Vec::new();
    for (steps, sent) in places {
        for owner in &foreign {
            let Some(owned) = find(owner, &steps).and_then(Value::as_object) else {
                continue;
            };
            for (name, fields) in owned {
                if name == "." || sent.get(name).is_some() {
                    continue;
                }
                let mut steps = steps.clone();
                steps.push(name.clone());
                if *name == named {
                    exact.push(steps);
                } else if !is_leaf(fields) {
                    around.push(steps);
                }
            }
        }
    }
    // The server names the second of two that exclude each other, which may be ours.
    if exact.is_empty() { around } else { exact }
}

fn children<'a>(node: &'a Value, step: &str, steps: &[String]) -> Vec<(FieldSteps, &'a Value)> {
    let is_wanted = |name: &str| {
        if step == "[" {
            name.starts_with("k:")
        } else {
            name.strip_prefix("f:") == Some(step)
        }
    };
    node.as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, child)| ([steps, std::slice::from_ref(name)].concat(), child))
        .collect()
}

/// Lays a configuration over an object as the server does: `sent` says which parts are taken over whole.
pub fn lay_over(object: &mut Value, configuration: &Value, sent: &Value) {
    if is_leaf(sent) {
        object.clone_from(configuration);
        return;
    }
    match configuration {
        Value::Object(fields) => {
            if !object.is_object() {
                *object = json!({});
            }
            for (name, value) in fields {
                match sent.get(format!("f:{name}")) {
                    Some(sent) => lay_over(&mut object[name.as_str()], value, sent),
                    // Names and the like, which no field set holds.
                    None if object.get(name).is_none() => object[name.as_str()] = value.clone(),
                    None => {}
                }
            }
        }
        Value::Array(items) => lay_items_over(object, items, sent),
        scalar => object.clone_from(scalar),
    }
}

fn lay_items_over(list: &mut Value, items: &[Value], sent: &Value) {
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
        let keyed = sent.as_object().into_iter().flatten().find_map(|(name, sent)| {
            let key: Map<String, Value> = serde_json::from_str(name.strip_prefix("k:")?).ok()?;
            let is_this = key
                .iter()
                .all(|(field, value)| fields.get(field).is_none_or(|sent| sent == value))
                && key.keys().any(|field| fields.contains_key(field));
            is_this.then_some((key, sent))
        });
        let Some((key, sent)) = keyed else {
            list.push(item.clone());
            continue;
        };
        let position = list
            .iter()
            .position(|there| key.iter().all(|(field, value)| there.get(field) == Some(value)));
        match position {
            Some(position) => lay_over(&mut list[position], item, sent),
            None => list.push(item.clone()),
        }
    }
}

fn is_ours(entry: &Value) -> bool {
    entry["manager"] == marks::MANAGER && entry["operation"] == "Apply" && is_of_the_object(entry)
}

fn is_history(entry: &Value) -> bool {
    entry["manager"] == KUBECTL && entry["operation"] == "Update" && is_of_the_object(entry)
}

fn is_of_the_object(entry: &Value) -> bool {
    entry["subresource"].as_str().unwrap_or_default().is_empty()
}

fn is_leaf(fields: &Value) -> bool {
    fields.as_object().is_some_and(Map::is_empty)
}

fn find<'a>(fields: &'a Value, steps: &[String]) -> Option<&'a Value> {
    steps.iter().try_fold(fields, |node, step| node.get(step))
}

fn nested(steps: &[String], leaf: Value) -> Value {
    steps
        .iter()
        .rev()
        .fold(leaf, |inner, step| json!({ (step.as_str()): inner }))
}

fn union(into: &mut Value, from: &Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else {
        return;
    };
    for (name, fields) in from {
        match into.get_mut(name) {
            // A leaf owns more than any of its parts.
            Some(there) if is_leaf(there) => {}
            Some(there) if is_leaf(fields) => *there = json!({}),
            Some(there) => union(there, fields),
            None => {
                into.insert(name.clone(), fields.clone());
            }
        }
    }
}

/// Removes a field from a set, with the parents that it leaves empty: an empty one would own everything below it.
fn remove(fields: &mut Value, steps: &[String]) -> Option<Value> {
    let (step, rest) = steps.split_first()?;
    let fields = fields.as_object_mut()?;
    if rest.is_empty() {
        return fields.remove(step);
    }
    let child = fields.get_mut(step)?;
    let taken = remove(child, rest)?;
    let is_empty = child
        .as_object()
        .is_some_and(|left| left.keys().all(|name| name == "."));
    if is_empty {
        fields.remove(step);
    }
    Some(taken)
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
            shown(managers_after(&live, "v1", &[])),
            [
                r#"kubectl-edit Update {"f:data":{"f:b":{}}}"#,
                r#"infra Apply {"f:data":{"f:a":{}}}"#,
            ]
        );
    }

    #[test]
    fn the_copy_of_what_was_applied_becomes_ours_whoever_wrote_it() {
        let fields = json!({"f:data": {}, "f:metadata": {"f:annotations": {".": {}, (format!("f:{LAST_APPLIED}")): {}}}});
        let live = object(&[entry("tool", "Update", &fields)]);
        assert_eq!(
            shown(managers_after(&live, "v1", &[])),
            [
                r#"tool Update {"f:data":{}}"#.to_owned(),
                format!(r#"infra Apply {{"f:metadata":{{"f:annotations":{{"f:{LAST_APPLIED}":{{}}}}}}}}"#),
            ]
        );
    }

    #[test]
    fn the_hash_stays_nobodys_until_the_apply() {
        let hash = format!("f:{}", marks::STATE_HASH);
        let fields = json!({"f:data": {}, "f:metadata": {"f:annotations": {".": {}, (hash.as_str()): {}}}});
        let live = object(&[entry("kubectl-client-side-apply", "Update", &fields)]);
        assert_eq!(
            shown(managers_after(&live, "v1", &[])),
            [r#"infra Apply {"f:data":{}}"#]
        );
    }

    #[test]
    fn an_object_without_history_changes_no_hands() {
        let live = object(&[entry("kubectl-create", "Update", &json!({"f:data": {}}))]);
        assert_eq!(managers_after(&live, "v1", &[]), None);
    }

    #[test]
    fn what_only_the_history_holds_goes_and_what_others_hold_too_stays() {
        let history = json!({"f:data": {".": {}, "f:ours": {}, "f:gone": {}, "f:shared": {}}, "f:spec": {"f:list": {
            "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:value": {}}
        }}});
        let live = object(&[
            entry("kubectl-client-side-apply", "Update", &history),
            entry("tool", "Update", &json!({"f:data": {"f:shared": {}}})),
        ]);
        let managers = managers_after(&live, "v1", &[]).unwrap();
        let mut content = json!({
            "data": {"ours": 1, "gone": 2, "shared": 3},
            "spec": {"list": [{"name": "b"}, {"name": "a", "value": 1}]},
        });
        let sent = json!({"f:data": {"f:ours": {}}, "f:spec": {"f:list": {"k:{\"name\":\"b\"}": {".": {}, "f:name": {}}}}});
        let removed = strip(&mut content, &managers, &sent);
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
        let place = [
            "f:spec",
            "f:containers",
            "k:{\"name\":\"c\"}",
            "f:env",
            "k:{\"name\":\"A\"}",
        ];
        let expected = |last: &str| {
            vec![
                [&place[..], &[last]]
                    .concat()
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<String>>(),
            ]
        };
        let (live, sent) = env("f:value", "f:valueFrom");
        assert_eq!(
            beside(&live, &sent, "spec.containers[0].env[3].valueFrom"),
            expected("f:valueFrom")
        );
        // The server names ours.
        let (live, sent) = env("f:httpGet", "f:exec");
        assert_eq!(
            beside(&live, &sent, "spec.containers[0].env[0].httpGet"),
            expected("f:exec")
        );
        // Nothing foreign stands there.
        assert!(beside(&live, &sent, "spec.replicas").is_empty());
    }

    #[test]
    fn a_configuration_is_laid_over_by_the_keys_of_its_items() {
        let mut content = json!({
            "metadata": {"name": "x"},
            "selector": {"old": 1},
            "list": [{"name": "theirs"}, {"name": "a", "port": 1, "more": 2}],
        });
        let configuration =
            json!({"metadata": {"name": "x"}, "selector": {"new": 1}, "list": [{"name": "a", "port": 2}]});
        let sent = json!({"f:selector": {}, "f:list": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:port": {}}}});
        lay_over(&mut content, &configuration, &sent);
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
