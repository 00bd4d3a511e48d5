//! A second stack: a report on a schedule. `reports plan|apply|destroy ENVIRONMENT CONTEXT [SCHEDULE]`
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use engine::apply::{Options, Waiting};
use engine::cluster::{Cluster, Target};
use engine::deployment::{self, Declaration, Deployment};
use engine::observe::Look;
use engine_core::object::owner::Owner;
use engine_core::plan::Summary;
use engine_core::record::Record;
use engine_core::stack::{Stack, StackBuilder};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Container, Namespace, PodSpec, PodTemplateSpec};
use k8s_openapi::api::core::v1::{ConfigMapEnvSource, EnvFromSource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::sync::mpsc;

fn named(name: &str, namespace: Option<&str>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(str::to_owned),
        ..ObjectMeta::default()
    }
}

/// The pod that writes the report, with its variables from a `ConfigMap`.
fn worker(settings: &str) -> PodTemplateSpec {
    let variables = ConfigMapEnvSource {
        name: settings.to_owned(),
        ..ConfigMapEnvSource::default()
    };
    let container = Container {
        name: "worker".to_owned(),
        image: Some("busybox:1.36".to_owned()),
        command: Some(["sh", "-c", "echo report as $FORMAT"].map(str::to_owned).to_vec()),
        env_from: Some(vec![EnvFromSource {
            config_map_ref: Some(variables),
            ..EnvFromSource::default()
        }]),
        ..Container::default()
    };
    let pod = PodSpec {
        containers: vec![container],
        restart_policy: Some("Never".to_owned()),
        ..PodSpec::default()
    };
    PodTemplateSpec {
        spec: Some(pod),
        ..PodTemplateSpec::default()
    }
}

/// Declares the stack. Pure: the same environment and record give the same objects.
fn declare(environment: &str, schedule: &str, record: &Record) -> Stack {
    let home = format!("reports-{environment}");
    let mut stack = StackBuilder::new(record);
    let namespace = Namespace {
        metadata: named(&home, None),
        ..Namespace::default()
    };
    let namespace = stack.add(&namespace, Vec::new());
    let settings = ConfigMap {
        metadata: named("settings", Some(&home)),
        data: Some([("FORMAT".to_owned(), "csv".to_owned())].into()),
        ..ConfigMap::default()
    };
    // Handles give the order: the namespace first, the settings before the job that reads them.
    let settings = stack.add(&settings, vec![namespace.applied()]);
    let job = JobSpec {
        template: worker(settings.name()),
        ..JobSpec::default()
    };
    let report = CronJob {
        metadata: named("report", Some(&home)),
        spec: Some(CronJobSpec {
            schedule: schedule.to_owned(),
            job_template: JobTemplateSpec {
                spec: Some(job),
                ..JobTemplateSpec::default()
            },
            ..CronJobSpec::default()
        }),
        ..CronJob::default()
    };
    stack.add(&report, vec![namespace.applied(), settings.applied()]);
    stack.add_namespace(&home);
    stack.finish()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, environment, context, rest @ ..] = arguments.as_slice() else {
        bail!("usage: reports plan|apply|destroy ENVIRONMENT CONTEXT [SCHEDULE]");
    };
    let schedule = rest.first().map_or("0 6 * * *", String::as_str);
    let declaration = Declaration::new(|record| declare(environment, schedule, record));
    let target = match command.as_str() {
        "plan" | "apply" => deployment::Target::apply(declaration),
        "destroy" => deployment::Target::destroy(declaration),
        other => bail!("`{other}` is none of plan, apply and destroy"),
    };
    let context = Target {
        context: context.clone(),
        kubeconfig: None,
    };
    let cluster = Cluster::connect(&context, Arc::new(|notice: &str| println!("{notice}"))).await?;
    let owner = Owner::new("reports", environment);
    let deployment = Deployment::open(owner, "infra-system", "reports", Arc::new(cluster)).await?;

    let loaded = deployment.complete(&target, deployment.load().await?).await?;
    let planned = deployment
        .plan(&target, loaded.record(), Look::default(), None)
        .await?;
    for change in &planned.plan.changes {
        println!("{} {}", change.action.word(), change.id);
    }
    println!("Plan: {}.", Summary::of(&planned.plan));
    if let Some((id, why)) = planned.plan.refusals().next() {
        bail!("{id}: {why}");
    }
    if command == "plan" || planned.plan.is_empty() {
        return Ok(());
    }

    let (events, _) = mpsc::unbounded_channel();
    let options = Options::new(Waiting::Until(Duration::from_mins(2)));
    let finished = deployment
        .apply(&target, loaded, planned, options, events)
        .await?;
    let (summary, record, lock) = (finished.summary, finished.record, finished.lock);
    record?;
    lock?;
    ensure!(
        summary.is_complete(),
        "not everything was done: {:?}",
        summary.errors
    );
    println!(
        "Done: {} created, {} changed, {} deleted.",
        summary.created, summary.changed, summary.deleted
    );
    Ok(())
}
