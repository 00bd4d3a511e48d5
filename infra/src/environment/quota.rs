//! Checks that a quota has room for the pods of its environment. Pure.

use std::fmt::Display;

use super::reader::Reader;
use super::settings::{
    MongodbSettings, Namespaces, Quota, ResourceAmounts, Resources, Scale, ServiceSettings,
};

/// Extra pods of the data API during a rolling update: each new pod starts before an old one stops.
const SURGE: u64 = 1;

/// Reads the quota; the inner `None` means that the environment has none.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether reading succeeded, the inner one is the value"
)]
pub(super) fn read(reader: &mut Reader) -> Option<Option<Quota>> {
    if !reader.is_said("quota") {
        return Some(None);
    }
    let mut amounts = |kind: &str| {
        let cpu = reader.value(&format!("quota.{kind}_cpu"));
        let memory = reader.value(&format!("quota.{kind}_memory"));
        Some(ResourceAmounts {
            cpu: cpu?,
            memory: memory?,
        })
    };
    let requests = amounts("requests");
    let limits = amounts("limits");
    Some(Some(Quota {
        requests: requests?,
        limits: limits?,
    }))
}

/// Reports a fault for each quota that the maximum number of pods in a namespace exceeds.
pub(super) fn check(
    reader: &mut Reader,
    quota: &Quota,
    namespaces: &Namespaces,
    service: &ServiceSettings,
    mongodb: &MongodbSettings,
) {
    let replicas = match &service.scale {
        Scale::Fixed { replicas } => *replicas,
        Scale::Autoscaled(autoscaling) => autoscaling.max_replicas,
    };
    let pods = u64::from(replicas) + SURGE;
    let api = times(&service.resources, pods);
    let api_pods = format!("{pods} pods of the data API, one of them during an update");
    if namespaces.app == namespaces.database {
        let both = plus(&api, &mongodb.resources);
        compare(reader, quota, &both, &format!("{api_pods}, and the database"));
    } else {
        compare(reader, quota, &api, &api_pods);
        compare(reader, quota, &mongodb.resources, "the database");
    }
}

fn times(resources: &Resources, count: u64) -> Resources {
    let times = |amounts: &ResourceAmounts| ResourceAmounts {
        cpu: amounts.cpu.times(count),
        memory: amounts.memory.times(count),
    };
    Resources {
        requests: times(&resources.requests),
        limits: times(&resources.limits),
    }
}

fn plus(one: &Resources, other: &Resources) -> Resources {
    let plus = |one: &ResourceAmounts, other: &ResourceAmounts| ResourceAmounts {
        cpu: one.cpu.plus(other.cpu),
        memory: one.memory.plus(other.memory),
    };
    Resources {
        requests: plus(&one.requests, &other.requests),
        limits: plus(&one.limits, &other.limits),
    }
}

fn compare(reader: &mut Reader, quota: &Quota, asked: &Resources, who: &str) {
    for (kind, quota, asked) in [
        ("requests", &quota.requests, &asked.requests),
        ("limits", &quota.limits, &asked.limits),
    ] {
        compare_one(reader, &format!("quota.{kind}_cpu"), &quota.cpu, &asked.cpu, who);
        compare_one(
            reader,
            &format!("quota.{kind}_memory"),
            &quota.memory,
            &asked.memory,
            who,
        );
    }
}

fn compare_one<T: Ord + Display>(reader: &mut Reader, path: &str, quota: &T, asked: &T, who: &str) {
    if asked > quota {
        reader.conflict(
            &[path],
            format!("`{path}` is less than the pods of a namespace need"),
            format!("`{quota}` is less than `{asked}`: {who}"),
        );
    }
}
