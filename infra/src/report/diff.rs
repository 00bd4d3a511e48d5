//! A plan as a unified diff of YAML, live to planned, of the fields that this program declares. Pure.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::manifests::{VALUES, without_hash, without_values};
use super::plan_text::hint_below;
use super::style;
use super::yaml::{self, Content, Node};
use engine_core::object::path::{Path, PathElement};
use engine_core::object::{FieldValue, Object, ObjectId};
use engine_core::plan::{Action, Cause, Change, FieldDrift, Plan, reasons_to_replace};

/// Lines around a change: enough for the names of all tables above a deep field.
const CONTEXT: usize = 8;

/// The side of a diff on which nothing stands.
const NOTHING: &str = "/dev/null";

/// One diff for each object that changes; what a diff cannot show stands in comments.
pub(super) fn text(plan: &Plan) -> String {
    let changes = plan.changes.iter().enumerate().map(|(place, change)| {
        let text = self::change(change);
        match hint_below(&plan.changes, place) {
            Some(hint) => format!("{text}\n# hint: {hint}"),
            None => text,
        }
    });
    let notes = plan
        .notes
        .iter()
        .map(|note| format!("# note {}: {}", note.id, note.text));
    let blocks: Vec<String> = changes.chain(notes).collect();
    blocks.join("\n")
}

/// What is compared: the two documents of an object. `None` is the side on which it is not there.
pub(super) struct Sides {
    pub(super) live: Option<Node>,
    pub(super) planned: Option<Node>,
}

impl Sides {
    /// The documents of a change; `None` for one that changes no content.
    pub(super) fn of(change: &Change) -> Option<Self> {
        let id = &change.id;
        let (live, planned) = match &change.action {
            Action::Create { desired, .. } => (None, Some(created(desired))),
            Action::Delete { .. } => (Some(Node::from(&identity(id))), None),
            Action::Update { fields, .. } | Action::Adopt { fields, .. } | Action::Replace { fields, .. } => {
                (
                    Some(document(id, fields, before)),
                    Some(document(id, fields, after)),
                )
            }
            Action::Mark { .. } | Action::Keep { .. } | Action::Refuse { .. } => return None,
        };
        Some(Self { live, planned })
    }

    /// The unified diff, without colours.
    pub(super) fn unified(&self, id: &ObjectId) -> String {
        let side = |name: &str, node: &Option<Node>| match node {
            Some(node) => (format!("{name}/{id}"), yaml::document(node)),
            None => (NOTHING.to_owned(), String::new()),
        };
        let (live, before) = side("live", &self.live);
        let (planned, after) = side("planned", &self.planned);
        let diff = TextDiff::from_lines(&before, &after);
        let mut unified = diff.unified_diff();
        unified
            .context_radius(CONTEXT)
            .header(&live, &planned)
            .to_string()
    }
}

fn change(change: &Change) -> String {
    let id = &change.id;
    let mut text = String::new();
    if !change.effects.is_empty() {
        let effects: Vec<String> = change.effects.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "# {id}: {}", effects.join(", "));
    }
    match &change.action {
        Action::Adopt { .. } => {
            let _ = writeln!(text, "# adopt {id}: it is there, and nobody's");
        }
        Action::Replace { reasons, .. } => {
            let _ = writeln!(text, "# replace {id}: {}", reasons_to_replace(reasons));
        }
        _ => {}
    }
    let content = Sides::of(change).map(|sides| {
        let lines: Vec<String> = sides.unified(id).lines().map(coloured).collect();
        lines.join("\n")
    });
    text + &match &change.action {
        Action::Mark { lost, .. } => format!("# mark {id}: {lost}; the content is as it should be"),
        Action::Keep { why } => format!("# keep {id}: {why}"),
        Action::Refuse { why } => format!("# refuse {id}: {why}"),
        _ => content.unwrap_or_default(),
    }
}

fn coloured(line: &str) -> String {
    match line.as_bytes().first() {
        Some(b'+') => style::good(line),
        Some(b'-') => style::gone(line),
        Some(b'@') => style::hint(line),
        _ => line.to_owned(),
    }
}

fn identity(id: &ObjectId) -> Value {
    let mut metadata = json!({"name": id.name});
    if let Some(namespace) = &id.namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": id.kind.api_version(), "kind": id.kind.kind, "metadata": metadata})
}

/// An object that is not there yet, without the hash and the values of Secrets.
fn created(desired: &Object) -> Node {
    if !desired.id().kind.is_secret() {
        let mut json = desired.json();
        without_hash(&mut json);
        return Node::from(&json);
    }
    let json = desired.json();
    let mut node = Node::from(&without_values(desired));
    for field in VALUES {
        let Some(values) = json[field].as_object() else {
            continue;
        };
        for name in values.keys() {
            let path = [
                PathElement::Field(field.to_owned()),
                PathElement::Field(name.clone()),
            ];
            insert(&mut node, &path, Node::new(Content::Hidden));
        }
    }
    yaml::sort_all(&mut node);
    node
}

/// The changed fields of one side, each below its tables.
fn document(id: &ObjectId, fields: &[FieldDrift], side: fn(&FieldDrift) -> Option<Node>) -> Node {
    let mut node = Node::from(&identity(id));
    for drift in fields {
        if let Some(value) = side(drift) {
            insert(&mut node, &drift.field.path.0, value);
        }
    }
    yaml::sort_all(&mut node);
    node
}

fn before(drift: &FieldDrift) -> Option<Node> {
    let mut node = value(drift.field.live.as_ref()?);
    node.comment = author(drift).map(|author| format!("changed by {author}"));
    Some(node)
}

fn after(drift: &FieldDrift) -> Option<Node> {
    let mut node = value(drift.field.proposed.as_ref()?);
    node.comment = match &drift.field.live {
        None => author(drift).map(|author| format!("removed by {author}")),
        Some(FieldValue::Hidden) => Some("another value".to_owned()),
        Some(FieldValue::Shown(_)) => None,
    };
    Some(node)
}

fn author(drift: &FieldDrift) -> Option<String> {
    match &drift.cause {
        Cause::Configuration => None,
        Cause::TakenOver { by: author }
        | Cause::Drift { by: Some(author) }
        | Cause::Removed { by: Some(author), .. } => Some(author.to_string()),
        Cause::Drift { by: None } | Cause::Removed { by: None, .. } => Some("an unknown manager".to_owned()),
    }
}

fn value(value: &FieldValue) -> Node {
    match value {
        FieldValue::Shown(value) => Node::from(value),
        FieldValue::Hidden => Node::new(Content::Hidden),
    }
}

/// Puts a value where its path leads to, with the tables and list items on the way.
fn insert(node: &mut Node, path: &[PathElement], value: Node) {
    let Some((step, rest)) = path.split_first() else {
        // A comment that names the item's place in its list stays.
        let comment = node.comment.take();
        *node = value;
        node.comment = match (comment, node.comment.take()) {
            (Some(place), Some(said)) => Some(format!("{place} {said}")),
            (place, said) => place.or(said),
        };
        return;
    };
    let next = match step {
        PathElement::Field(name) => field(node, name),
        PathElement::Key(key) => item(
            node,
            |item| has_key(item, key),
            || {
                let fields = key.iter().map(|(name, value)| (name.clone(), Node::from(value)));
                Node::new(Content::Fields(fields.collect()))
            },
        ),
        PathElement::Index(_) | PathElement::Value(_) => {
            let place = Path(vec![step.clone()]).to_string();
            item(
                node,
                |item| item.comment.as_ref() == Some(&place),
                || Node {
                    comment: Some(place.clone()),
                    ..Node::new(Content::Fields(Vec::new()))
                },
            )
        }
    };
    if let Some(next) = next {
        insert(next, rest, value);
    }
}

/// The field of this name, made when it is missing; `None` below something that is no table.
fn field<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    let Content::Fields(fields) = &mut node.content else {
        return None;
    };
    let position = fields.iter().position(|(field, _)| field == name);
    let position = position.unwrap_or_else(|| {
        fields.push((name.to_owned(), Node::new(Content::Fields(Vec::new()))));
        fields.len() - 1
    });
    fields.get_mut(position).map(|(_, node)| node)
}

/// The item of a list that `is_it`, made when it is missing; `None` below something that is no list.
fn item(node: &mut Node, is_it: impl Fn(&Node) -> bool, make: impl FnOnce() -> Node) -> Option<&mut Node> {
    // Tables are made before it is known that a list stands there.
    if node.content == Content::Fields(Vec::new()) {
        node.content = Content::Items(Vec::new());
    }
    let Content::Items(items) = &mut node.content else {
        return None;
    };
    let position = items.iter().position(is_it).unwrap_or_else(|| {
        items.push(make());
        items.len() - 1
    });
    items.get_mut(position)
}

fn has_key(item: &Node, key: &Map<String, Value>) -> bool {
    let Content::Fields(fields) = &item.content else {
        return false;
    };
    key.iter().all(|(name, value)| {
        let wanted = Content::Scalar(value.clone());
        fields
            .iter()
            .any(|(field, node)| field == name && node.content == wanted)
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::Secret;

    use super::*;
    use engine_core::object::field_managers::Operation;
    use engine_core::object::{HashKey, Identity, Kind, differences, kind_of};
    use engine_core::plan::{Author, Effect};

    fn object(kind: &Kind, spec: &Value) -> Object {
        let mut json = identity(&ObjectId::from(Identity {
            kind: kind.clone(),
            namespace: Some("app".to_owned()),
            name: "api".to_owned(),
        }));
        for (name, value) in spec.as_object().unwrap() {
            json[name] = value.clone();
        }
        Object::from_json(kind, json, &HashKey::new([0; 32]))
    }

    fn check(action: Action, id: &ObjectId, effects: Vec<Effect>) -> String {
        let plan = Plan {
            changes: vec![Change {
                effects,
                ..Change::new(id, action)
            }],
            ..Plan::default()
        };
        anstream::adapter::strip_str(&text(&plan)).to_string()
    }

    fn update(kind: &Kind, live: &Value, proposed: &Value, cause: &Cause) -> String {
        let [live, desired] = [live, proposed].map(|spec| object(kind, spec));
        let mut fields = differences(kind, &live.json(), &desired.json());
        fields.retain(|field| !field.path.to_string().contains("state-hash"));
        let fields = fields.into_iter().map(|field| FieldDrift {
            field,
            cause: cause.clone(),
            key: None,
        });
        let action = Action::Update {
            fields: fields.collect(),
            desired: desired.clone(),
        };
        check(action, desired.id(), vec![Effect::RollingRestart { pods: 2 }])
    }

    fn drift() -> Cause {
        Cause::Drift {
            by: Some(Author {
                manager: "kubectl-edit".to_owned(),
                operation: Operation::Update,
                subresource: String::new(),
                time: "2026-11-21T10:00:00Z".to_owned(),
            }),
        }
    }

    #[test]
    fn a_changed_field_stands_below_its_tables_with_its_author() {
        let live = json!({"spec": {"replicas": 2, "containers": [
            {"name": "a", "image": "a:1", "args": ["x", "y"]}, {"name": "b"}
        ]}});
        let proposed = json!({"spec": {"replicas": 2, "containers": [
            {"name": "a", "image": "a:2", "args": ["x", "z"], "tty": true}, {"name": "b"}
        ]}});
        assert_snapshot!(update(&kind_of::<Deployment>(), &live, &proposed, &drift()), @r#"
        # Deployment/app/api: rolling restart (2 pods)
        --- live/Deployment/app/api
        +++ planned/Deployment/app/api
        @@ -2,10 +2,11 @@
         kind: Deployment
         metadata:
           name: api
           namespace: app
         spec:
           containers:
           - name: a
             args:
        -    - "y"  # [1] changed by kubectl-edit at 2026-11-21T10:00:00Z
        -    image: a:1  # changed by kubectl-edit at 2026-11-21T10:00:00Z
        +    - z  # [1]
        +    image: a:2
        +    tty: true  # removed by kubectl-edit at 2026-11-21T10:00:00Z
        "#);
    }

    #[test]
    fn a_changed_value_of_a_secret_is_not_shown() {
        let live = json!({"data": {"a": "b2xk", "same": "c2FtZQ=="}});
        let proposed = json!({"data": {"a": "bmV3", "same": "c2FtZQ==", "b": "bmV3"}});
        assert_snapshot!(update(&kind_of::<Secret>(), &live, &proposed, &Cause::Configuration), @"
        # Secret/app/api: rolling restart (2 pods)
        --- live/Secret/app/api
        +++ planned/Secret/app/api
        @@ -1,7 +1,8 @@
         apiVersion: v1
         kind: Secret
         metadata:
           name: api
           namespace: app
         data:
        -  a: (not shown)
        +  a: (not shown)  # another value
        +  b: (not shown)
        ");
    }

    #[test]
    fn what_is_made_stands_on_one_side_and_what_goes_on_the_other() {
        let secret = object(
            &kind_of::<Secret>(),
            &json!({"type": "Opaque", "data": {"a": "bmV3"}}),
        );
        let timing = engine_core::plan::Timing::Checked;
        let create = Action::Create {
            desired: secret.clone(),
            timing,
        };
        assert_snapshot!(check(create, secret.id(), Vec::new()), @"
        --- /dev/null
        +++ planned/Secret/app/api
        @@ -0,0 +1,8 @@
        +apiVersion: v1
        +kind: Secret
        +metadata:
        +  name: api
        +  namespace: app
        +data:
        +  a: (not shown)
        +type: Opaque
        ");
        let delete = Action::Delete {
            uid: "u".to_owned(),
            makes_way_for: None,
        };
        assert_snapshot!(check(delete, secret.id(), vec![Effect::DataLoss]), @"
        # Secret/app/api: data is lost
        --- live/Secret/app/api
        +++ /dev/null
        @@ -1,5 +0,0 @@
        -apiVersion: v1
        -kind: Secret
        -metadata:
        -  name: api
        -  namespace: app
        ");
    }
}
