//! How many requests the engine sends for environments of ten, a thousand and ten thousand objects.

use std::fmt::Write as _;
use std::path::Path;

use ::engine::record::LoadedRecord;
use engine_core::stack::Stack;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::engine::{self, CarriedOut, Engine};
use crate::fixture::World;
use crate::generated::{self, Shape};
use crate::proxy::{Harm, Proxy};

/// Two namespaces, in which eight kinds of the environment and the claims are listed; namespaces and definitions.
const LISTS: usize = (8 + 1) * 2 + 2;

/// Requests of a run that are not for an object of the environment, whatever their number: the record and the lock, the
/// namespaces' states, another look at the claims, and what is in a namespace before it is deleted.
const AROUND: usize = 400;

/// Writes in flight while an environment is created without the engine.
const IN_FLIGHT: usize = 16;

/// The shared objects in the cluster of every test: created once and only read.
static MADE: [(usize, OnceCell<Value>); 3] = [
    (10, OnceCell::const_new()),
    (1_000, OnceCell::const_new()),
    (10_000, OnceCell::const_new()),
];

/// An environment and a proxy that counts the engine's requests.
struct Scene {
    shape: Shape,
    secret: Value,
    proxy: Proxy,
    engine: Engine,
}

/// The requests that went through a proxy.
struct Requests(Vec<String>);

impl Requests {
    fn count(&self, is_wanted: impl Fn(&str) -> bool) -> usize {
        self.0.iter().filter(|request| is_wanted(request)).count()
    }

    fn dry_runs(&self) -> usize {
        self.count(|request| request.contains("dryRun=All"))
    }

    /// Applies that were not dry-runs.
    fn applies(&self) -> usize {
        self.count(|request| request.starts_with("PATCH ") && !request.contains("dryRun=All"))
    }

    /// Deletions of the environment's objects, excluding its record and lock.
    fn deletions(&self) -> usize {
        let is_around = |request: &str| request.contains(engine::RECORD_NAMESPACE);
        self.count(|request| request.starts_with("DELETE ") && !is_around(request))
    }

    fn writes(&self) -> usize {
        self.count(|request| !request.starts_with("GET ")) - self.dry_runs()
    }

    /// Reads of single objects of the environment, excluding objects that are waited for.
    fn reads(&self) -> usize {
        self.count(|request| {
            let path = request.split('?').next().unwrap_or_default();
            let name = path.rsplit('/').next().unwrap_or_default();
            let is_generated =
                name.len() > 6 && name.as_bytes()[name.len() - 5..].iter().all(u8::is_ascii_digit);
            request.starts_with("GET ") && is_generated && !path.contains("/deployments/")
        })
    }

    /// The number of requests of each kind, for the message of a failed test.
    fn summary(&self) -> String {
        let mut text = format!("{} requests", self.0.len());
        let _ = write!(
            text,
            ": {} dry-runs, {} applies, {} deletions, {} reads of single objects",
            self.dry_runs(),
            self.applies(),
            self.deletions(),
            self.reads()
        );
        text
    }
}

impl Scene {
    /// An environment that does not exist.
    async fn new(world: &World, objects: usize) -> Self {
        prepare_cluster(world).await;
        let secret = engine::new_record(&Shape::new(&world.name, objects), &cluster_id(world).await);
        Self::with(world, Shape::new(&world.name, objects), secret).await
    }

    /// An existing environment, shared with other tests.
    async fn made(world: &World, objects: usize) -> Self {
        let (_, cell) = MADE.iter().find(|(size, _)| *size == objects).expect("a size");
        let shape = Shape::new(&format!("scale-{objects}"), objects);
        let secret = cell.get_or_init(|| make(world, &shape)).await.clone();
        Self::with(world, shape, secret).await
    }

    async fn with(world: &World, shape: Shape, secret: Value) -> Self {
        let proxy = Proxy::start(world.client(), Harm::None).await;
        let engine = connect(proxy.kubeconfig()).await;
        Self {
            shape,
            secret,
            proxy,
            engine,
        }
    }

    fn stack(&self, shape: &Shape) -> Stack {
        generated::stack(shape, &engine::read_record(&self.secret).unwrap().key)
    }

    fn requests(&self) -> Requests {
        Requests(self.proxy.take())
    }

    /// Plans the environment of `shape`; returns the planned actions.
    async fn plan(&self, shape: &Shape) -> Vec<(String, String)> {
        let record = engine::read_record(&self.secret).unwrap();
        let plan = self.engine.plan(&self.stack(shape), &record).await.unwrap();
        engine::changes(&plan)
    }
}

/// A retry would be counted as a request.
fn no_notice(text: &str) {
    assert_eq!(text, "", "nothing is sent twice");
}

async fn connect(kubeconfig: &Path) -> Engine {
    Engine::connect(kubeconfig, no_notice).await.unwrap()
}

async fn cluster_id(world: &World) -> String {
    let namespace = world.read("/api/v1/namespaces/kube-system").await;
    namespace.unwrap()["metadata"]["uid"].as_str().unwrap().to_owned()
}

/// Creates the prerequisites of all environments: the namespace of the records and the custom resource definition.
async fn prepare_cluster(world: &World) {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": engine::RECORD_NAMESPACE },
    });
    let path = format!("/api/v1/namespaces/{}", engine::RECORD_NAMESPACE);
    world.apply_as("test", &path, &namespace).await;
    let definition = generated::shared_definition();
    let name = definition["metadata"]["name"].as_str().unwrap();
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
    world.apply_as("test", &path, &definition).await;
    let gadgets = "/apis/generated.internal/v1/gadgets";
    world.wait_for(gadgets, |list| list.is_some()).await;
}

/// Creates an environment as an apply would, in the fastest way, and returns its record.
async fn make(world: &World, shape: &Shape) -> Value {
    prepare_cluster(world).await;
    let secret = engine::new_record(shape, &cluster_id(world).await);
    let desired = engine::desired(shape, &engine::read_record(&secret).unwrap());
    let (inside, outside): (Vec<_>, Vec<_>) = desired.into_iter().partition(|(id, _)| id.kind.namespaced);
    for part in [outside, inside] {
        stream::iter(part)
            .for_each_concurrent(IN_FLIGHT, |(id, body)| async move {
                let object: Value = serde_json::from_slice(&body).unwrap();
                world.apply_as("infra", &engine::path(&id), &object).await;
            })
            .await;
    }
    let path = format!("/api/v1/namespaces/{}/secrets", engine::RECORD_NAMESPACE);
    world.create(&path, &secret).await;
    secret
}

#[tokio::test]
async fn a_plan_without_changes_needs_as_many_requests_for_ten_thousand_objects_as_for_ten() {
    let world = World::new().await;
    for (objects, _) in &MADE {
        let scene = Scene::made(&world, *objects).await;
        assert_eq!(scene.plan(&scene.shape).await, []);
        let requests = scene.requests();
        assert_eq!(requests.0.len(), LISTS, "{:#?}", requests.0);
    }
}

#[tokio::test]
async fn what_a_command_asks_before_a_plan_are_two_requests() {
    let world = World::new().await;
    let scene = Scene::made(&world, 10).await;
    scene.engine.look_up(&scene.shape.environment).await.unwrap();
    let requests = scene.requests();
    assert_eq!(requests.0.len(), 2, "{:#?}", requests.0);
}

#[tokio::test]
async fn a_change_of_one_percent_costs_a_dry_run_for_each_changed_object() {
    let world = World::new().await;
    for (objects, _) in &MADE {
        let scene = Scene::made(&world, *objects).await;
        let expected = scene.shape.one_percent();
        let changes = scene.plan(&scene.shape.one_percent_changed()).await;
        assert_eq!(changes.len(), expected);
        let requests = scene.requests();
        assert_eq!(requests.dry_runs(), expected, "{}", requests.summary());
        // The fields that differ are shown, so the live objects may be read too; and two namespaces.
        let most = LISTS + 2 * expected + 2;
        assert!(requests.0.len() <= most, "{}", requests.summary());
    }
}

#[tokio::test]
async fn an_apply_without_changes_writes_nothing_however_large_the_environment() {
    let world = World::new().await;
    for (objects, _) in &MADE {
        let scene = Scene::made(&world, *objects).await;
        let record = engine::read_record(&scene.secret).unwrap();
        let stack = scene.stack(&scene.shape);
        let plan = scene.engine.plan(&stack, &record).await.unwrap();
        let outcome = scene.engine.wait(&plan, &stack).await;
        assert_eq!(engine::errors(&outcome), <[String; 0]>::default());
        let requests = scene.requests();
        assert_eq!(
            requests.writes() + requests.dry_runs(),
            0,
            "{}",
            requests.summary()
        );
        assert_eq!(requests.reads(), 0, "{}", requests.summary());
    }
}

/// Applies a new environment and destroys it; returns the requests of both, from the first plan to the end.
async fn whole_life(objects: usize) -> (Requests, Requests) {
    let world = World::new().await;
    let scene = Scene::new(&world, objects).await;
    let record = engine::read_record(&scene.secret).unwrap();
    let stack = scene.stack(&scene.shape);
    let shown = scene.engine.shown(&stack, &record).await.unwrap();
    let known = LoadedRecord::New(record);
    let done: CarriedOut = scene.engine.carry_out(known, &stack, shown).await.unwrap();
    assert_eq!(engine::errors(&done.summary), <[String; 0]>::default());
    assert_eq!(done.summary.created, objects);
    let first = scene.requests();
    let known = scene.engine.look_up(&scene.shape.environment).await.unwrap();
    let nothing = Stack::default();
    let shown = scene.engine.shown(&nothing, known.record()).await.unwrap();
    let done = scene.engine.carry_out(known, &nothing, shown).await.unwrap();
    assert_eq!(engine::errors(&done.summary), <[String; 0]>::default());
    assert_eq!(done.summary.deleted, objects);
    (first, scene.requests())
}

#[track_caller]
fn check_first_apply(requests: &Requests, objects: usize) {
    assert_eq!(requests.applies(), objects, "{}", requests.summary());
    assert_eq!(requests.dry_runs(), objects, "{}", requests.summary());
    assert_eq!(requests.reads(), 0, "{}", requests.summary());
}

#[track_caller]
fn check_destroy(requests: &Requests, objects: usize) {
    assert_eq!(requests.deletions(), objects, "{}", requests.summary());
    assert_eq!(requests.reads(), 0, "{}", requests.summary());
    let rest = requests.0.len() - requests.deletions();
    assert!(rest <= AROUND, "{rest} other requests; {}", requests.summary());
}

/// One dry-run, one write and one deletion per object, and no more requests besides than for ten objects.
async fn check_life(objects: usize) {
    let (first, last) = whole_life(objects).await;
    check_first_apply(&first, objects);
    check_destroy(&last, objects);
}

#[tokio::test]
async fn each_of_ten_objects_is_tried_once_written_once_and_deleted_once() {
    check_life(10).await;
}

#[tokio::test]
async fn each_of_a_thousand_objects_is_tried_once_written_once_and_deleted_once() {
    check_life(1_000).await;
}

#[tokio::test]
async fn each_of_ten_thousand_objects_is_tried_once_written_once_and_deleted_once() {
    check_life(10_000).await;
}

#[tokio::test]
async fn what_is_not_there_yet_is_tried_and_not_read() {
    let world = World::new().await;
    let scene = Scene::made(&world, 10).await;
    let grown = Shape {
        objects: 1_000,
        ..scene.shape.clone()
    };
    let changes = scene.plan(&grown).await;
    let created = changes.iter().filter(|(_, action)| action == "create").count();
    assert_eq!(created, grown.objects - scene.shape.objects);
    let requests = scene.requests();
    assert_eq!(requests.dry_runs(), created, "{}", requests.summary());
    assert_eq!(requests.reads(), 0, "{}", requests.summary());
}
