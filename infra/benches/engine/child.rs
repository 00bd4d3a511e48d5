//! One measured run in a separate process, so that its time and memory include nothing else.

use std::fs;
use std::time::Instant;

use ::engine::record::LoadedRecord;
use anyhow::{Context as _, Result, ensure};
use engine_core::object::{Identity, ObjectId};
use engine_core::stack::Stack;
use http::Method;
use serde_json::Value;

use crate::calls::{self, IsDryRun};
use crate::engine::{self, Engine};
use crate::generated;
use crate::http::{self as client, Call};
use crate::measure::{Meter, milliseconds};
use crate::task::{Answer, Program, Task};

/// Runs the task of the driver. The clock starts after the setup, which is not part of the work.
///
/// A failure of the engine is a result: it gets no score, and the other programs still run.
pub(crate) async fn run(task: &Task) -> Result<Answer> {
    let secret: Value = serde_json::from_slice(&fs::read(&task.record)?)?;
    let result = match &task.program {
        Program::Plan | Program::PlanAsCommand | Program::Apply => read_only(task, &secret).await,
        Program::FirstApply | Program::Destroy => writing(task, &secret).await,
        _ => return floor(task, &secret).await,
    };
    Ok(result.unwrap_or_else(|error| Answer {
        errors: vec![format!("{error:#}")],
        ..Answer::default()
    }))
}

async fn read_only(task: &Task, secret: &Value) -> Result<Answer> {
    let record = engine::read_record(secret)?;
    let stack = generated::stack(&task.shape(), &record.key);
    let mut answer = Answer::default();
    let mut meter = Meter::start(&task.servers);
    let began = meter.began();
    let engine = Engine::connect(&task.kubeconfig, crate::report::say).await?;
    let connected = Instant::now();
    if task.program == Program::PlanAsCommand {
        engine.look_up(&task.environment).await?;
    }
    let looked_up = Instant::now();
    let plan = engine.plan(&stack, &record).await?;
    let planned = Instant::now();
    if task.program == Program::Apply {
        ensure!(plan.is_empty(), "there is something to do");
        let summary = engine.wait(&plan, &stack).await;
        answer.errors = engine::errors(&summary);
    }
    answer.parts = vec![meter.lap()];
    answer.steps = steps(
        began,
        &[
            ("connect", connected),
            ("look up", looked_up),
            ("plan", planned),
            ("apply", meter.began()),
        ],
    );
    answer.changes = engine::changes(&plan);
    answer.unchanged = plan.unchanged.len();
    Ok(answer)
}

async fn writing(task: &Task, secret: &Value) -> Result<Answer> {
    let record = engine::read_record(secret)?;
    let is_destroy = task.program == Program::Destroy;
    let stack = if is_destroy {
        Stack::default()
    } else {
        generated::stack(&task.shape(), &record.key)
    };
    let mut answer = Answer::default();
    let mut meter = Meter::start(&task.servers);
    let began = meter.began();
    let engine = Engine::connect(&task.kubeconfig, crate::report::say).await?;
    let known = if is_destroy {
        engine.look_up(&task.environment).await?
    } else {
        LoadedRecord::New(record)
    };
    let shown = engine.shown(&stack, known.record()).await?;
    answer.changes = engine::changes(&shown.plan);
    answer.unchanged = shown.plan.unchanged.len();
    answer.parts.push(meter.lap());
    let confirmed = meter.began();
    answer.steps = steps(began, &[("plan", confirmed)]);
    let done = engine.carry_out(known, &stack, shown).await?;
    answer.parts.push(meter.lap());
    answer.steps.extend(steps(confirmed, &done.steps));
    // The namespace controller takes at least five seconds to delete a namespace, whoever requests it.
    if is_destroy {
        let wall = milliseconds(confirmed, done.objects_done);
        answer.steps.push(("all but namespaces".to_owned(), wall));
        if let Some(writes) = answer.parts.last_mut() {
            writes.wall = wall;
        }
    }
    answer.done = done.summary.created + done.summary.deleted;
    answer.errors = engine::errors(&done.summary);
    Ok(answer)
}

async fn floor(task: &Task, secret: &Value) -> Result<Answer> {
    let shape = task.shape();
    let desired = engine::desired(&shape, &engine::read_record(secret)?);
    let lists = calls::lists(&shape);
    let (first, then): (Vec<Call>, Vec<Call>) =
        match &task.program {
            Program::BareList => (lists, Vec::new()),
            Program::BareListAndDryRun(only) => {
                let is_wanted = |id: &ObjectId| only.contains(&engine::path(id));
                let wanted = desired.into_iter().filter(|(id, _)| is_wanted(id));
                let dry_runs = wanted.map(|(id, body)| calls::apply(&engine::path(&id), body, IsDryRun::Yes));
                (lists, dry_runs.collect())
            }
            Program::BareDryRun => {
                let dry_runs: Result<Vec<Call>> = desired
                    .into_iter()
                    .map(|(id, body)| stand_in(id, &body))
                    .collect();
                (dry_runs?, Vec::new())
            }
            Program::BareCreate => desired
                .into_iter()
                .map(|(id, body)| (id.kind.namespaced, engine::path(&id), body))
                .map(|(namespaced, path, body)| (namespaced, calls::apply(&path, body, IsDryRun::No)))
                .fold(Default::default(), split),
            _ => {
                desired
                    .into_iter()
                    .filter(|(id, _)| !id.kind.is_namespace())
                    .map(|(id, _)| {
                        (false, Call::with_body(
                Method::DELETE,
                engine::path(&id),
                "application/json",
                br#"{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"}"#.to_vec(),
            ))
                    })
                    .fold(Default::default(), split)
            }
        };
    let mut meter = Meter::start(&task.servers);
    let http = client::connect(&task.kubeconfig).await?;
    http.send_all(&first).await?;
    http.send_all(&then).await?;
    Ok(Answer {
        parts: vec![meter.lap()],
        done: first.len() + then.len(),
        ..Answer::default()
    })
}

fn split(mut parts: (Vec<Call>, Vec<Call>), (is_later, call): (bool, Call)) -> (Vec<Call>, Vec<Call>) {
    if is_later {
        parts.1.push(call);
    } else {
        parts.0.push(call);
    }
    parts
}

/// A dry-run in an existing namespace, because those of a first apply do not exist yet.
fn stand_in(id: ObjectId, body: &[u8]) -> Result<Call> {
    let mut id = Identity::from(id);
    let mut json: Value = serde_json::from_slice(body).context("a desired object")?;
    if id.kind.namespaced {
        id.namespace = Some("default".to_owned());
        json["metadata"]["namespace"] = Value::from("default");
    }
    let body = json.to_string().into_bytes();
    Ok(calls::apply(
        &engine::path(&ObjectId::from(id)),
        body,
        IsDryRun::Yes,
    ))
}

fn steps(mut from: Instant, ends: &[(&str, Instant)]) -> Vec<(String, f64)> {
    let mut steps = Vec::new();
    for (name, end) in ends {
        steps.push(((*name).to_owned(), milliseconds(from, *end)));
        from = *end;
    }
    steps
}
