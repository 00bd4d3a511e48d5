//! An environment of the benchmark: its record and objects, and how to create and remove it without the engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use engine_core::object::ObjectId;
use http::Method;
use serde_json::{Value, json};

use crate::calls::{self, IsDryRun};
use crate::drift::Seeded;
use crate::engine;
use crate::generated::{self, Shape};
use crate::http::{Call, Http, Transport};

/// Time limit for the deletion of a namespace.
const END: Duration = Duration::from_mins(10);

/// Pause between two polls.
const PAUSE: Duration = Duration::from_millis(250);

/// An environment.
pub(crate) struct Place {
    pub(crate) shape: Shape,
    /// The file with the record's Secret.
    pub(crate) record: PathBuf,
    pub(crate) desired: Vec<(ObjectId, Vec<u8>)>,
    secret: Value,
}

impl Place {
    /// Defines an environment without touching the cluster.
    pub(crate) fn new(name: &str, objects: usize, cluster_id: &str, directory: &Path) -> Result<Self> {
        let shape = Shape::new(name, objects);
        let secret = engine::new_record(&shape, cluster_id);
        let record = directory.join(format!("{name}-record.json"));
        fs::write(&record, secret.to_string())?;
        let desired = engine::desired(&shape, &engine::read_record(&secret)?);
        Ok(Self {
            shape,
            record,
            desired,
            secret,
        })
    }

    /// The expected plan after a change of one percent of the configuration.
    pub(crate) fn one_percent(&self) -> Result<Seeded> {
        let record = engine::read_record(&self.secret)?;
        let changed = engine::desired(&self.shape.one_percent_changed(), &record);
        let mut expected = Seeded::default();
        for ((id, before), (_, after)) in self.desired.iter().zip(&changed) {
            if before != after {
                expected.expected.insert(id.to_string(), "update".to_owned());
                expected.tried.push(engine::path(id));
            }
        }
        let wanted = self.shape.one_percent();
        ensure!(
            expected.tried.len() == wanted,
            "{} objects change, not {wanted}",
            expected.tried.len()
        );
        Ok(expected)
    }

    /// Creates everything that an apply would, in the fastest way.
    pub(crate) async fn create<C: Transport>(&self, http: &Http<C>) -> Result<()> {
        let (inside, outside): (Vec<_>, Vec<_>) = self.desired.iter().partition(|(id, _)| id.kind.namespaced);
        for part in [outside, inside] {
            let calls: Vec<Call> = part
                .into_iter()
                .map(|(id, body)| calls::apply(&engine::path(id), body.clone(), IsDryRun::No))
                .collect();
            http.send_all(&calls).await?;
        }
        let path = format!("/api/v1/namespaces/{}/secrets", engine::RECORD_NAMESPACE);
        let body = self.secret.to_string().into_bytes();
        http.ask(&Call::with_body(Method::POST, path, "application/json", body))
            .await?;
        Ok(())
    }

    /// Removes everything that may be left, and waits until it is gone.
    pub(crate) async fn remove<C: Transport>(&self, http: &Http<C>) -> Result<()> {
        let mut paths: Vec<String> = self.desired.iter().map(|(id, _)| engine::path(id)).collect();
        paths.reverse();
        let mut calls: Vec<Call> = paths.into_iter().map(Call::delete).collect();
        let clusterwide = self.desired.iter().filter(|(id, _)| !id.kind.namespaced);
        let clusterwide: Vec<String> = clusterwide.map(|(id, _)| engine::path(id)).collect();
        calls.push(Call::delete(engine::record_path(&self.shape.environment)));
        // A namespace that is gone took its objects with it.
        if self.is_there(&clusterwide, http).await? {
            http.send_all(&calls).await?;
        } else {
            http.send_all(&calls[calls.len() - 1..]).await?;
        }
        let began = Instant::now();
        while self.is_there(&clusterwide, http).await? {
            ensure!(began.elapsed() < END, "{} does not end", self.shape.environment);
            tokio::time::sleep(PAUSE).await;
        }
        fs::remove_file(&self.record)?;
        Ok(())
    }

    async fn is_there<C: Transport>(&self, paths: &[String], http: &Http<C>) -> Result<bool> {
        for path in paths {
            if http.ask(&Call::get(path.as_str())).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the objects as manifests for other programs.
    pub(crate) fn manifests(&self, file: &Path, content: Content) -> Result<()> {
        let record = engine::read_record(&self.secret)?;
        let desired = match content {
            Content::Changed => engine::desired(&self.shape.one_percent_changed(), &record),
            Content::All | Content::WithoutNamespaces => self.desired.clone(),
        };
        let is_wanted = |id: &ObjectId| content != Content::WithoutNamespaces || !id.kind.is_namespace();
        let mut text = Vec::new();
        for (_, body) in desired.iter().filter(|(id, _)| is_wanted(id)) {
            text.extend_from_slice(b"---\n");
            text.extend_from_slice(body);
            text.push(b'\n');
        }
        fs::write(file, text)?;
        Ok(())
    }
}

/// Which objects to write as manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    All,
    Changed,
    WithoutNamespaces,
}

/// Creates the prerequisites of all environments: the namespace of the records and the CRD.
pub(crate) async fn prepare_cluster<C: Transport>(http: &Http<C>) -> Result<()> {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": engine::RECORD_NAMESPACE },
    });
    let namespace = namespace.to_string().into_bytes();
    let path = format!("/api/v1/namespaces/{}", engine::RECORD_NAMESPACE);
    http.ask(&calls::apply(&path, namespace, IsDryRun::No)).await?;
    let definition = generated::shared_definition();
    let name = definition["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
    let body = definition.to_string().into_bytes();
    http.ask(&calls::apply(&path, body, IsDryRun::No)).await?;
    let began = Instant::now();
    // During setup the server answers 404, and then 429 for a moment.
    while !matches!(
        http.ask(&Call::get("/apis/generated.internal/v1/gadgets")).await,
        Ok(Some(_))
    ) {
        ensure!(began.elapsed() < END, "the custom resources are not served");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
