//! `infra status`: shows the objects of an environment and whether they are ready. Reads only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clap::Args;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use serde_json::Value;

use super::session::{Needs, Session};
use super::{Context, Exit, Failure};
use crate::cli::{EnvironmentArg, OutputArgs};
use crate::report::Standing;
use crate::resources;
use engine::cluster::ClusterError;
use engine::record::LoadedRecord;
use engine_core::object::{Kind, ObjectId, kind_of, marks};
use engine_core::record::Record;
use engine_core::stack::Stack;
use engine_core::status::runs_pods;
use engine_core::status::tree::{Found, Running, Wanted, is_ready, tree};

/// Show the objects, down to the containers, and their readiness
///
/// Exits with 3 if an object is not ready. Objects and claims that a destroy kept are listed too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  infra status minikube
  infra status minikube --output json")]
pub struct StatusArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// LISTs prepared at once. The cluster module limits those in flight.
const AT_ONCE: usize = 32;

pub(super) async fn run(args: &StatusArgs, context: &Arc<Context>) -> Result<Exit, Failure> {
    let session = Session::open(&args.environment.name_or_path, Needs::File, context).await?;
    let report = &context.report;
    let name = session.name();
    report.result(&session.describe());
    let stored = session.stored_record()?;
    let environment = session.environment()?;
    let mut record = match stored.as_ref().map(LoadedRecord::record) {
        Some(record) => record.clone(),
        None => resources::placeholder_record(environment, &session.deployment.cluster_id),
    };
    // The file may need a secret that no apply has stored yet.
    record.fill_with_placeholders(&resources::secrets(environment));
    let stack = resources::declare(environment, &record);
    let work = format!("reading {name}");
    let (objects, running) = report.during(&work, look(&session, &stack, &record)).await?;
    let is_applied = objects
        .iter()
        .any(|found| found.part == Wanted::Yes && found.live.is_some() && runs_pods(&found.id.kind));
    let kept: Vec<&ObjectId> = objects
        .iter()
        .filter(|found| found.part == Wanted::Kept)
        .map(|found| &found.id)
        .collect();
    let troubled = objects
        .iter()
        .filter(|found| !is_ready(std::slice::from_ref(found)))
        .count();
    let last_line = match (is_applied, troubled, kept.len()) {
        (true, 0, _) => format!("{name} is ready."),
        (true, _, _) => format!("{name} is not ready: {troubled} of {} objects.", objects.len()),
        (false, _, 0) => format!("{name} is not applied."),
        (false, _, kept) => format!("{name} is not applied, {kept} kept."),
    };
    let is_ready = is_applied && troubled == 0;
    report.status(&Standing {
        environment: name,
        place: &session.place(),
        is_ready,
        is_applied,
        parts: &tree(&objects, &running),
        kept,
    });
    report.result(&last_line);
    Ok(if is_ready { Exit::Done } else { Exit::NotReady })
}

/// Reads the declared objects, the labelled objects, the claims, and the pods in the namespaces.
async fn look(
    session: &Session,
    stack: &Stack,
    record: &Record,
) -> Result<(Vec<Found>, Running), ClusterError> {
    let namespaces: BTreeSet<&str> = stack
        .namespaces
        .iter()
        .chain(&record.namespaces)
        .map(String::as_str)
        .collect();
    let in_namespaces = |kind: Kind, selector: &'static str| {
        let lists = namespaces.iter().map(move |namespace| (kind.clone(), *namespace));
        let lists: Vec<(Kind, &str)> = lists.collect();
        async move {
            let lists: Vec<Vec<Value>> = stream::iter(lists)
                .map(|(kind, namespace)| async move {
                    session
                        .deployment
                        .cluster
                        .list(&kind, Some(namespace), selector)
                        .await
                })
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            Ok::<Vec<Value>, ClusterError>(lists.into_iter().flatten().collect())
        }
    };
    let (labelled, sets, pods, claims) = tokio::try_join!(
        labelled(session, stack, record, &namespaces),
        in_namespaces(kind_of::<ReplicaSet>(), ""),
        in_namespaces(kind_of::<Pod>(), ""),
        in_namespaces(kind_of::<PersistentVolumeClaim>(), ""),
    )?;
    let objects = sort(session, stack, record, labelled, &claims).await?;
    Ok((objects, Running { sets, pods }))
}

/// Lists the objects with the environment's label.
async fn labelled(
    session: &Session,
    stack: &Stack,
    record: &Record,
    namespaces: &BTreeSet<&str>,
) -> Result<BTreeMap<ObjectId, Value>, ClusterError> {
    let kinds: BTreeSet<&Kind> = stack
        .objects
        .iter()
        .map(|declared| &declared.object.id().kind)
        .chain(&record.kinds)
        .collect();
    let mut lists: Vec<(&Kind, Option<&str>)> = Vec::new();
    for kind in kinds {
        if kind.namespaced {
            lists.extend(namespaces.iter().map(|namespace| (kind, Some(*namespace))));
        } else {
            lists.push((kind, None));
        }
    }
    let selector = record.owner.selector();
    let selector = selector.as_str();
    let is_ours = |live: &Value| {
        let stack = marks::label(live, marks::STACK);
        stack.is_none_or(|stack| stack == record.owner.stack) && !marks::has_controller(live)
    };
    let lists: Vec<Vec<(ObjectId, Value)>> = stream::iter(lists)
        .map(|(kind, namespace)| async move {
            let items = session.deployment.cluster.list(kind, namespace, selector).await?;
            let items = items
                .into_iter()
                .map(|live| (ObjectId::of_live(kind, &live), live));
            Ok::<_, ClusterError>(items.filter(|(_, live)| is_ours(live)).collect())
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(lists.into_iter().flatten().collect())
}

/// Sorts the objects: wanted, kept, or unwanted.
async fn sort(
    session: &Session,
    stack: &Stack,
    record: &Record,
    mut labelled: BTreeMap<ObjectId, Value>,
    claims: &[Value],
) -> Result<Vec<Found>, ClusterError> {
    let mut objects = Vec::new();
    for declared in &stack.objects {
        let id = declared.object.id();
        let live = match labelled.remove(id) {
            Some(live) => Some(live),
            // It may have lost its label.
            None => session.deployment.cluster.read(id).await?,
        };
        objects.push(Found {
            id: id.clone(),
            live,
            part: Wanted::Yes,
        });
    }
    let is_applied = objects
        .iter()
        .any(|found| found.live.is_some() && runs_pods(&found.id.kind));
    if !is_applied {
        // After a destroy, or before the first apply, a missing object is expected and an existing one was kept.
        objects.retain(|found| found.live.is_some());
        for found in &mut objects {
            found.part = Wanted::Kept;
        }
    }
    let kind = kind_of::<PersistentVolumeClaim>();
    let ours = claims.iter().filter_map(|live| {
        let id = ObjectId::of_live(&kind, live);
        let is_ours = marks::label(live, "app.kubernetes.io/instance") == Some(&record.owner.environment)
            || record.claim(&id).is_some();
        let is_expected = is_applied && stack.claims.iter().any(|expected| expected.claim == id);
        is_ours.then(|| Found {
            id,
            live: Some(live.clone()),
            part: if is_expected { Wanted::Along } else { Wanted::Kept },
        })
    });
    objects.extend(ours);
    let left = labelled
        .into_iter()
        .filter(|(id, _)| !id.kind.is("", "PersistentVolumeClaim"));
    objects.extend(left.map(|(id, live)| Found {
        part: if record.data_keys.contains(&id) {
            Wanted::Kept
        } else {
            Wanted::No
        },
        id,
        live: Some(live),
    }));
    Ok(objects)
}
