//! A small environment of any objects, planned and applied by the engine itself.

use std::sync::Arc;

use ::engine::cluster::{Cluster, Target};
use ::engine::observe::{Depth, Look, observe};
use ::engine::record::LoadedRecord;
use engine_core::object::{FieldValue, HashKey, Identity, Kind, KindNames, Object, ObjectId};
use engine_core::plan::{Action, Author, Cause, Change, Consents, FieldDrift, Plan, Timing};
use engine_core::record::Record;
use engine_core::stack::{ClaimOrigin, ExpectedClaim, Need, Role, Stack, StackObject, Until};
use infra::resources;
use serde_json::{Value, json};

use crate::engine::{self, CarriedOut, Engine};
use crate::fixture::World;

/// One object that an environment may declare.
#[derive(Clone)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    pub(crate) json: Value,
}

/// An environment with one namespace, and the engine that plans and applies it.
pub(crate) struct Bed {
    pub(crate) world: World,
    /// The environment's namespace.
    pub(crate) namespace: String,
    engine: Engine,
    cluster: Cluster,
    first: Record,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(World::new().await, None).await
    }

    /// An environment whose requests go through another kubeconfig.
    pub(crate) async fn with(world: World, kubeconfig: Option<&std::path::Path>) -> Self {
        let kubeconfig = kubeconfig.unwrap_or(&world.kubeconfig);
        let engine = Engine::connect(kubeconfig, |_| {}).await.unwrap();
        let target = Target {
            context: "sandbox".to_owned(),
            kubeconfig: Some(kubeconfig.to_owned()),
        };
        let cluster = Cluster::connect(&target, Arc::new(|_: &str| {})).await.unwrap();
        let id = engine.identity().await.unwrap();
        let first = Record::new(resources::owner(&world.name), &id, HashKey::new([7; 32]));
        Self {
            namespace: world.app.clone(),
            world,
            engine,
            cluster,
            first,
        }
    }

    /// The existing record, or a new one.
    async fn known(&self) -> LoadedRecord {
        match self.world.read(&self.world.record()).await {
            Some(_) => self.engine.look_up(&self.world.name).await.unwrap(),
            None => LoadedRecord::New(self.first.clone()),
        }
    }

    /// An environment of these objects; its namespace comes first.
    pub(crate) fn stack(&self, things: &[Thing], record: &Record) -> Stack {
        let mut stack = Stack {
            namespaces: vec![self.namespace.clone()],
            ..Stack::default()
        };
        let home = thing(
            "",
            "v1",
            "Namespace",
            "namespaces",
            false,
            json!({"metadata": {"name": self.namespace}}),
        );
        let all = std::iter::once(&home).chain(things);
        for Thing { kind, json } in all {
            let mut json = json.clone();
            json["apiVersion"] = json!(kind.api_version());
            json["kind"] = json!(kind.kind);
            if kind.namespaced && json["metadata"]["namespace"].is_null() {
                json["metadata"]["namespace"] = json!(self.namespace);
            }
            json["metadata"]["labels"]["infra.internal/environment"] = json!(self.world.name);
            json["metadata"]["labels"]["infra.internal/stack"] = json!(resources::STACK);
            let needs = stack
                .objects
                .iter()
                .filter_map(|declared| needed(kind, declared))
                .collect();
            let object = Object::from_json(kind, json, &record.key);
            if kind.is("", "PersistentVolumeClaim") {
                stack.claims.push(ExpectedClaim {
                    workload: object.id().clone(),
                    claim: object.id().clone(),
                    origin: ClaimOrigin::Ours,
                });
            }
            stack.objects.push(StackObject {
                object,
                needs,
                role: Role::Plain,
            });
        }
        stack
    }

    /// The plan, which must be the same in fast and thorough depth.
    pub(crate) async fn plan(&self, things: &[Thing]) -> Plan {
        let known = self.known().await;
        let record = known.record();
        let stack = self.stack(things, record);
        let mut plans = Vec::new();
        for depth in [Depth::Fast, Depth::Thorough] {
            let look = Look {
                depth,
                ..Look::default()
            };
            let seen = observe(&stack, record, look, None, &self.cluster).await.unwrap();
            plans.push(Plan::new(&stack, record, &seen, Consents::default()));
        }
        let thorough = plans.pop().unwrap();
        let fast = plans.pop().unwrap();
        assert_eq!(self.lines_of(&fast), self.lines_of(&thorough));
        fast
    }

    /// The plan's lines, with `shop` for the environment and its namespace.
    pub(crate) async fn lines(&self, things: &[Thing]) -> Vec<String> {
        self.lines_of(&self.plan(things).await)
    }

    fn lines_of(&self, plan: &Plan) -> Vec<String> {
        let lines = plan.changes.iter().flat_map(lines);
        let named = lines.map(|line| self.in_short(&line));
        named.collect()
    }

    fn in_short(&self, line: &str) -> String {
        line.replace(&self.namespace, "shop")
            .replace(&self.world.name, "shop")
    }

    /// Plans and applies; returns the errors.
    pub(crate) async fn try_apply(&self, things: &[Thing]) -> Vec<String> {
        let known = self.known().await;
        let stack = self.stack(things, known.record());
        let shown = self.engine.shown(&stack, known.record()).await.unwrap();
        let done: CarriedOut = self.engine.carry_out(known, &stack, shown).await.unwrap();
        let errors = engine::errors(&done.summary);
        errors.iter().map(|line| self.in_short(line)).collect()
    }

    pub(crate) async fn apply(&self, things: &[Thing]) {
        assert_eq!(self.try_apply(things).await, <[String; 0]>::default());
    }

    /// URL of one of the objects.
    pub(crate) fn path(&self, thing: &Thing) -> String {
        engine::path(&ObjectId::from(Identity {
            kind: thing.kind.clone(),
            namespace: thing.kind.namespaced.then(|| self.namespace.clone()),
            name: thing.json["metadata"]["name"].as_str().unwrap().to_owned(),
        }))
    }
}

/// Every object needs its namespace, and the definition of its kind.
fn needed(kind: &Kind, declared: &StackObject) -> Option<Need> {
    let id = declared.object.id();
    let until = if id.kind.is_namespace() && kind.namespaced {
        Until::Applied
    } else if id.kind.kind == "CustomResourceDefinition"
        && declared.object.json()["spec"]["names"]["kind"] == kind.kind
    {
        Until::Current
    } else {
        return None;
    };
    Some(Need {
        id: id.clone(),
        until,
    })
}

pub(crate) fn thing(
    group: &str,
    version: &str,
    kind: &str,
    plural: &str,
    namespaced: bool,
    json: Value,
) -> Thing {
    let kind = Kind::from(KindNames {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        namespaced,
    });
    Thing { kind, json }
}

pub(crate) fn config_map(name: &str, data: &Value) -> Thing {
    thing(
        "",
        "v1",
        "ConfigMap",
        "configmaps",
        true,
        json!({"metadata": {"name": name}, "data": data}),
    )
}

fn lines(change: &Change) -> Vec<String> {
    let id = &change.id;
    let effects: Vec<String> = change.effects.iter().map(ToString::to_string).collect();
    let effects = if effects.is_empty() {
        String::new()
    } else {
        format!(" [{}]", effects.join(", "))
    };
    match &change.action {
        Action::Update { fields, .. } => fields
            .iter()
            .map(|drift| format!("~ {id} {}{effects}", field(drift)))
            .collect(),
        Action::Create { timing, .. } => match timing {
            Timing::Checked => vec![format!("+ {id}")],
            Timing::Unchecked { until } => vec![format!("+ {id} (checked once {until} exists)")],
            Timing::AfterDeletion { finalizers } => vec![format!("+ {id} (after {})", finalizers.join(", "))],
            Timing::AfterPredecessor { predecessor } => vec![format!("+ {id} (after {predecessor})")],
        },
        Action::Mark { lost, .. } => vec![format!("mark {id}: {lost}")],
        Action::Delete { .. } => vec![format!("- {id}{effects}")],
        Action::Keep { why } => vec![format!("keep {id}: {why}")],
        Action::Refuse { why } => vec![format!("! {id}: {why}")],
        Action::Adopt { .. } => vec![format!("adopt {id}")],
        Action::Replace { .. } => vec![format!("-/+ {id}")],
    }
}

fn field(drift: &FieldDrift) -> String {
    let side = |value: &Option<FieldValue>| match value {
        Some(FieldValue::Shown(value)) => value.to_string(),
        Some(FieldValue::Hidden) => "secret".to_owned(),
        None => "nothing".to_owned(),
    };
    let change = &drift.field;
    let cause = match &drift.cause {
        Cause::Configuration => "configuration".to_owned(),
        Cause::TakenOver { by } => format!("taken over from {}", who(by)),
        Cause::Drift { by: Some(by) } => who(by),
        Cause::Drift { by: None } => "unknown".to_owned(),
        Cause::Removed { why, .. } => why.to_string(),
    };
    format!(
        "{}: {} -> {} ({cause})",
        change.path,
        side(&change.live),
        side(&change.proposed)
    )
}

fn who(author: &Author) -> String {
    assert!(author.time.starts_with("20"), "{author:?} has a time");
    let through = if author.subresource.is_empty() {
        String::new()
    } else {
        format!(" through {}", author.subresource)
    };
    format!("{} by {}{through}", author.operation, author.manager)
}
