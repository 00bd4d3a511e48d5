//! Formats a plan as a unified YAML diff, live to planned, of the fields that this program declares. Pure.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::manifests::{VALUES, without_hash};
use super::plan_text::hint_below;
use super::style;
use super::yaml::{self, Comments};
use engine_core::object::path::{Path, PathElement};
use engine_core::object::{FieldValue, Object, ObjectId};
use engine_core::plan::{Action, Cause, Change, FieldDrift, Plan, reasons_to_replace};

/// Context lines around a change: enough to show every parent of a deeply nested field.
const CONTEXT: usize = 8;

/// File name for the side on which an object does not exist.
const NOTHING: &str = "/dev/null";

/// Placeholder for a secret value. It cannot be mistaken for one: values of Secrets are Base64.
const HIDDEN: &str = "(not shown)";

/// Formats one diff for each object that changes. Comments carry what a diff cannot show.
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

/// The two documents of an object that a diff compares. `None` if the object does not exist on that side.
pub(super) struct Sides {
    pub(super) live: Option<Document>,
    pub(super) planned: Option<Document>,
}

impl Sides {
    /// The documents of a change; `None` if it changes no content.
    pub(super) fn of(change: &Change) -> Option<Self> {
        let id = &change.id;
        let (live, planned) = match &change.action {
            Action::Create { desired, .. } => (None, Some(Document::new(created(desired)))),
            Action::Delete { .. } => (Some(Document::new(identity(id))), None),
            Action::Update { fields, .. } | Action::Adopt { fields, .. } | Action::Replace { fields, .. } => {
                (
                    Some(Document::of_fields(id, fields, before)),
                    Some(Document::of_fields(id, fields, after)),
                )
            }
            Action::Mark { .. } | Action::Keep { .. } | Action::Refuse { .. } => return None,
        };
        Some(Self { live, planned })
    }

    /// The unified diff, without colours.
    pub(super) fn unified(&self, id: &ObjectId) -> String {
        let side = |name: &str, document: &Option<Document>| match document {
            Some(Document { content, comments }) => {
                (format!("{name}/{id}"), yaml::commented(content, comments))
            }
            None => (NOTHING.to_owned(), String::new()),
        };
        let (live, before) = side("live", &self.live);
        let (planned, after) = side("planned", &self.planned);
        TextDiff::from_lines(&before, &after)
            .unified_diff()
            .context_radius(CONTEXT)
            .header(&live, &planned)
            .to_string()
    }
}

/// One side of a diff: the changed fields, nested in their parents.
pub(super) struct Document {
    pub(super) content: Value,
    comments: Comments,
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
            let _ = writeln!(text, "# adopt {id}: it exists and nothing manages it");
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
        Action::Mark { lost, .. } => format!("# mark {id}: {lost}; its content is up to date"),
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

/// The content of an object to create, without its hash and without values of Secrets.
fn created(desired: &Object) -> Value {
    let mut json = desired.json();
    without_hash(&mut json);
    if desired.id().kind.is_secret() {
        for field in VALUES {
            let values = json.get_mut(field).and_then(Value::as_object_mut);
            values
                .into_iter()
                .flat_map(Map::values_mut)
                .for_each(|value| *value = HIDDEN.into());
        }
    }
    json
}

/// A value and its trailing comment.
type Commented = (Value, Option<String>);

fn before(drift: &FieldDrift) -> Option<Commented> {
    let comment = author(drift).map(|author| format!("changed by {author}"));
    Some((value(drift.field.live.as_ref()?), comment))
}

fn after(drift: &FieldDrift) -> Option<Commented> {
    let comment = match &drift.field.live {
        None => author(drift).map(|author| format!("removed by {author}")),
        Some(FieldValue::Hidden) => Some("another value".to_owned()),
        Some(FieldValue::Shown(_)) => None,
    };
    Some((value(drift.field.proposed.as_ref()?), comment))
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

fn value(value: &FieldValue) -> Value {
    match value {
        FieldValue::Shown(value) => value.clone(),
        FieldValue::Hidden => HIDDEN.into(),
    }
}

impl Document {
    fn new(content: Value) -> Self {
        Self {
            content,
            comments: Comments::new(),
        }
    }

    fn of_fields(id: &ObjectId, fields: &[FieldDrift], side: fn(&FieldDrift) -> Option<Commented>) -> Self {
        let mut document = Self::new(identity(id));
        for drift in fields {
            if let Some((value, comment)) = side(drift) {
                let _ = document.insert(&drift.field.path.0, value, comment);
            }
        }
        document
    }

    /// Inserts a value at its path and creates missing parents; `None` if a scalar is in the way.
    fn insert(&mut self, path: &[PathElement], value: Value, comment: Option<String>) -> Option<()> {
        let mut place = Vec::new();
        let mut node = &mut self.content;
        for step in path {
            node = match step {
                PathElement::Field(name) => {
                    place.push(name.clone());
                    field(node, name)?
                }
                PathElement::Key(key) => {
                    let has_key =
                        |item: &Value| key.iter().all(|(name, value)| item.get(name) == Some(value));
                    let items = items(node)?;
                    let position = items.iter().position(has_key);
                    place.push(position.unwrap_or(items.len()).to_string());
                    item(items, position, || Value::Object(key.clone()))
                }
                PathElement::Index(_) | PathElement::Value(_) => {
                    // Only its comment identifies the item within the whole list.
                    let label = Path(vec![step.clone()]).to_string();
                    let items = items(node)?;
                    let is_it = |position: &usize| {
                        let place = [&place[..], &[position.to_string()]].concat();
                        self.comments.get(&place) == Some(&label)
                    };
                    let position = (0..items.len()).find(is_it);
                    place.push(position.unwrap_or(items.len()).to_string());
                    self.comments.entry(place.clone()).or_insert(label);
                    item(items, position, || Value::Null)
                }
            };
        }
        *node = value;
        if let Some(comment) = comment {
            let comments = self.comments.entry(place).or_default();
            if !comments.is_empty() {
                comments.push(' ');
            }
            comments.push_str(&comment);
        }
        Some(())
    }
}

/// The field of this name, created if missing; `None` if the node is not an object.
fn field<'a>(node: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if node.is_null() {
        *node = json!({});
    }
    Some(node.as_object_mut()?.entry(name).or_insert(Value::Null))
}

/// The items of a list; `None` if the node is not a list.
fn items(node: &mut Value) -> Option<&mut Vec<Value>> {
    if node.is_null() {
        *node = json!([]);
    }
    node.as_array_mut()
}

/// The item at a position, or a new one at the end.
fn item(items: &mut Vec<Value>, position: Option<usize>, create: impl FnOnce() -> Value) -> &mut Value {
    let position = position.unwrap_or_else(|| {
        items.push(create());
        items.len() - 1
    });
    &mut items[position]
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
