//! The rules for every object of every stack, independent of how the objects are built.

use serde_json::{Value, json};

/// Lists every breach of a rule.
pub(crate) fn breaches(objects: &[Value]) -> Vec<String> {
    let mut breaches = Vec::new();
    for object in objects {
        let mut check = |is_kept: bool, rule: &str| {
            if !is_kept {
                breaches.push(format!("{}: {rule}", name(object)));
            }
        };
        match object["kind"].as_str().unwrap() {
            "Namespace" => check(
                object["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted",
                "takes pods with privileges",
            ),
            "ServiceAccount" => check(
                object["automountServiceAccountToken"] == false,
                "gives out tokens",
            ),
            "PodDisruptionBudget" => budget(object, &mut check),
            "NetworkPolicy" => policy(object, &mut check),
            "Deployment" | "StatefulSet" => {
                guards(object, objects, &mut check);
                pod(&object["spec"]["template"]["spec"], &mut check);
            }
            "PersistentVolume" => check(
                object["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
                    && object["spec"]["claimRef"]["name"].is_string()
                    && object["spec"]["hostPath"]["type"] == "Directory"
                    && object["spec"]["nodeAffinity"]["required"].is_object(),
                "is not kept for one claim on one node",
            ),
            "ConfigMap"
            | "HorizontalPodAutoscaler"
            | "PersistentVolumeClaim"
            | "ResourceQuota"
            | "Secret"
            | "Service" => {}
            _ => check(false, "is of a kind without rules"),
        }
        match object["kind"].as_str().unwrap() {
            "Deployment" => deployment(&object["spec"], &mut check),
            "StatefulSet" => stateful_set(&object["spec"], &mut check),
            _ => {}
        }
    }
    breaches
}

fn name(object: &Value) -> String {
    format!(
        "{}/{}",
        object["kind"].as_str().unwrap(),
        object["metadata"]["name"].as_str().unwrap()
    )
}

type Check<'check> = dyn FnMut(bool, &str) + 'check;

fn budget(object: &Value, check: &mut Check<'_>) {
    let spec = &object["spec"];
    check(spec["maxUnavailable"] == 1, "lets a drain take more than one pod");
    check(
        spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow",
        "lets a sick pod hold up a drain",
    );
    check(labels(&spec["selector"]).is_some(), "selects every pod");
}

fn policy(object: &Value, check: &mut Check<'_>) {
    let spec = &object["spec"];
    check(
        spec["policyTypes"] == json!(["Ingress", "Egress"]),
        "leaves a direction open",
    );
    check(labels(&spec["podSelector"]).is_some(), "selects every pod");
    for rule in list(&spec["ingress"]).chain(list(&spec["egress"])) {
        check(list(&rule["ports"]).next().is_some(), "opens every port");
        for port in list(&rule["ports"]) {
            check(
                port["port"].is_i64() && port["protocol"].is_string(),
                "opens every port",
            );
        }
    }
    for rule in list(&spec["egress"]) {
        check(list(&rule["to"]).next().is_some(), "lets pods out to everywhere");
        for peer in list(&rule["to"]) {
            check(
                labels(&peer["namespaceSelector"]).is_some(),
                "lets pods out to every namespace",
            );
        }
    }
    if object["metadata"]["name"] == "mongodb" {
        for rule in list(&spec["ingress"]) {
            check(
                list(&rule["from"]).next().is_some(),
                "lets everybody in to the database",
            );
            for peer in list(&rule["from"]) {
                check(
                    labels(&peer["namespaceSelector"]).is_some() && labels(&peer["podSelector"]).is_some(),
                    "lets everybody in to the database",
                );
            }
        }
        let to_dns = |rule: &Value| list(&rule["ports"]).all(|port| port["port"] == 53);
        check(list(&spec["egress"]).all(to_dns), "lets the database out");
    }
}

/// The pods of a workload have their own account, policy and budget.
fn guards(workload: &Value, objects: &[Value], check: &mut Check<'_>) {
    let account = &workload["spec"]["template"]["spec"]["serviceAccountName"];
    let home = &workload["metadata"]["namespace"];
    let of_kind = |kind: &'static str| {
        objects
            .iter()
            .filter(move |object| object["kind"] == kind && object["metadata"]["namespace"] == *home)
    };
    check(
        of_kind("ServiceAccount").any(|object| object["metadata"]["name"] == *account),
        "has no account of its own",
    );
    let labels = &workload["spec"]["template"]["metadata"]["labels"];
    for (kind, field) in [
        ("NetworkPolicy", "podSelector"),
        ("PodDisruptionBudget", "selector"),
    ] {
        check(
            of_kind(kind).any(|object| object["spec"][field]["matchLabels"] == *labels),
            &format!("has no {kind}"),
        );
    }
    let allowed = ["app.kubernetes.io/instance", "app.kubernetes.io/name"];
    let names: Vec<&String> = labels.as_object().unwrap().keys().collect();
    check(names == allowed, "has pods with labels that change");
    for template in list(&workload["spec"]["volumeClaimTemplates"]) {
        let names: Vec<&String> = template["metadata"]["labels"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        check(names == allowed, "has claims that look like objects to prune");
    }
}

fn pod(pod: &Value, check: &mut Check<'_>) {
    check(pod["automountServiceAccountToken"] == false, "mounts a token");
    check(
        pod["enableServiceLinks"] == false,
        "gets the addresses of all Services as variables",
    );
    for field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] {
        check(pod[field].is_null(), "shares something with its node");
    }
    let security = &pod["securityContext"];
    check(security["runAsNonRoot"] == true, "may run as root");
    for field in ["runAsUser", "runAsGroup"] {
        check(
            security[field].as_i64() >= Some(10000),
            "runs as a user of the node",
        );
    }
    check(
        security["fsGroup"] == security["runAsGroup"],
        "cannot write its volumes",
    );
    check(
        security["fsGroupChangePolicy"] == "OnRootMismatch",
        "walks through its volume at each start",
    );
    check(
        security["seccompProfile"]["type"] == "RuntimeDefault",
        "may make every system call",
    );
    for volume in list(&pod["volumes"]) {
        check(volume["hostPath"].is_null(), "mounts a directory of the node");
        if let Some(empty) = volume.get("emptyDir") {
            check(empty["sizeLimit"].is_string(), "can fill the node's disk");
        }
        if let Some(secret) = volume.get("secret") {
            check(secret["defaultMode"] == 0o440, "lets everybody read a Secret");
        }
    }
    for container in list(&pod["initContainers"]).chain(list(&pod["containers"])) {
        self::container(container, check);
    }
    for container in list(&pod["containers"]) {
        let probes = ["startupProbe", "livenessProbe", "readinessProbe"].map(|probe| &container[probe]);
        check(probes.iter().all(|probe| probe.is_object()), "lacks a probe");
        check(
            probes[1] != probes[2],
            "asks the same to restart it as to take it out",
        );
    }
}

fn container(container: &Value, check: &mut Check<'_>) {
    let security = &container["securityContext"];
    check(
        security["allowPrivilegeEscalation"] == false,
        "may gain privileges",
    );
    check(security["readOnlyRootFilesystem"] == true, "may change its image");
    check(
        security["capabilities"]["drop"] == json!(["ALL"]),
        "keeps capabilities",
    );
    check(security["capabilities"]["add"].is_null(), "adds capabilities");
    check(security["privileged"].is_null(), "is privileged");
    for kind in ["requests", "limits"] {
        for resource in ["cpu", "memory", "ephemeral-storage"] {
            check(
                container["resources"][kind][resource].is_string(),
                "is without bounds",
            );
        }
    }
    check(
        container["imagePullPolicy"].is_string(),
        "leaves open when its image is pulled",
    );
    for variable in list(&container["env"]) {
        check(
            variable["valueFrom"]["secretKeyRef"].is_null(),
            "has a Secret in a variable",
        );
    }
    for mount in list(&container["volumeMounts"]) {
        let is_for_reading = ["mongodb-uri", "users", "scripts"]
            .iter()
            .any(|name| mount["name"] == *name);
        check(
            !is_for_reading || mount["readOnly"] == true,
            "may write what it only reads",
        );
    }
}

fn deployment(spec: &Value, check: &mut Check<'_>) {
    let update = &spec["strategy"]["rollingUpdate"];
    check(
        update["maxUnavailable"] == 0 && update["maxSurge"] == 1,
        "is updated with less than all pods",
    );
    let pod = &spec["template"]["spec"];
    let keys: Vec<&Value> = list(&pod["topologySpreadConstraints"])
        .map(|spread| &spread["topologyKey"])
        .collect();
    check(
        keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"],
        "may stand on one node",
    );
    let sleep = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_i64();
    check(sleep >= Some(5), "ends before every node has heard of it");
    let grace = pod["terminationGracePeriodSeconds"].as_i64();
    check(grace >= Some(40), "is ended with requests under way");
}

fn stateful_set(spec: &Value, check: &mut Check<'_>) {
    check(
        spec["persistentVolumeClaimRetentionPolicy"]
            == json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
        "takes its claims with it",
    );
    check(
        spec["template"]["spec"]["terminationGracePeriodSeconds"].as_i64() >= Some(60),
        "is ended before its cache is written",
    );
    let arguments = &spec["template"]["spec"]["containers"][0]["args"];
    check(
        list(arguments).any(|argument| argument == "--auth"),
        "takes everybody as its user",
    );
}

/// The labels that a selector asks for, when it asks for any.
fn labels(selector: &Value) -> Option<&Value> {
    let labels = &selector["matchLabels"];
    labels
        .as_object()
        .filter(|labels| !labels.is_empty())
        .map(|_| labels)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
