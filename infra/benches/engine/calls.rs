//! The requests of the floor measurements, as the engine sends them.

use engine_core::object::marks;

use crate::engine::kind_path;
use crate::generated::{self, Shape};
use crate::http::Call;

/// A server-side apply as the engine sends it.
pub(crate) fn apply(path: &str, body: Vec<u8>, is_dry_run: IsDryRun) -> Call {
    let dry_run = match is_dry_run {
        IsDryRun::Yes => "&dryRun=All",
        IsDryRun::No => "",
    };
    let path = format!(
        "{path}?fieldManager={}&force=true&fieldValidation=Strict{dry_run}",
        marks::MANAGER
    );
    Call::with_body(http::Method::PATCH, path, "application/apply-patch+yaml", body)
}

/// Whether an apply is a dry-run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsDryRun {
    Yes,
    No,
}

/// The metadata LISTs of everything with an environment's label.
pub(crate) fn lists(shape: &Shape) -> Vec<Call> {
    let mut calls = Vec::new();
    for kind in generated::kinds() {
        let places: Vec<Option<&str>> = if kind.namespaced {
            shape.namespaces.iter().map(|name| Some(name.as_str())).collect()
        } else {
            vec![None]
        };
        for place in places {
            let path = kind_path(&kind, place);
            let selector = format!(
                "{}%3D{}",
                marks::ENVIRONMENT.replace('/', "%2F"),
                shape.environment
            );
            calls.push(Call {
                accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                ..Call::get(format!("{path}?labelSelector={selector}"))
            });
        }
    }
    calls
}
