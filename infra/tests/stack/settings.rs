//! Each field that a key of the environment's file decides leads back to that key.

use engine_core::object::differences;

use crate::environments::stack;

/// Checks that every field that changes with a key maps back to the key.
#[track_caller]
fn check(table: &str, key: &str, one: &str, other: &str) {
    let with = |value: &str| stack(&format!("[{table}]\n{key} = {value}"));
    let (before, after) = (with(one), with(other));
    let mut followed = 0;
    for (before, object) in before.objects.iter().zip(&after.objects) {
        let id = object.object.id();
        for change in differences(&id.kind, &before.object.json(), &object.object.json()) {
            let field = change.path.to_string();
            // The hash follows from everything.
            if field.contains("state-hash") {
                continue;
            }
            assert_eq!(
                after.key_of(id, &change.path),
                Some(format!("{table}.{key}").as_str()),
                "{id} {field}"
            );
            followed += 1;
        }
    }
    assert!(followed > 0, "nothing follows from `{table}.{key}`");
}

#[test]
fn the_fields_of_the_data_api_lead_back_to_their_keys() {
    check("service", "image", "'a:1'", "'a:2'");
    check("service", "image_pull_policy", "'Always'", "'Never'");
    check("service", "node_port", "30500", "30501");
    check("service", "replicas", "2", "3");
    for table in ["requests", "limits"] {
        let amount = |cpu: &str| format!("{{ cpu = '{cpu}', memory = '450Mi' }}");
        check("service", table, &amount("300m"), &amount("400m"));
    }
}

#[test]
fn the_fields_of_the_autoscaler_lead_back_to_their_keys() {
    check("service.autoscaling", "min_replicas", "2", "3");
    check("service.autoscaling", "max_replicas", "5", "6");
    check("service.autoscaling", "target_cpu_percent", "70", "80");
}

#[test]
fn the_fields_of_the_database_lead_back_to_their_keys() {
    check("mongodb", "image", "'mongo:8.0'", "'mongo:8.1'");
    for table in ["requests", "limits"] {
        let amount = |cpu: &str| format!("{{ cpu = '{cpu}', memory = '450Mi' }}");
        check("mongodb", table, &amount("300m"), &amount("400m"));
    }
}

#[test]
fn the_fields_of_the_quota_lead_back_to_their_keys() {
    const QUOTA: [(&str, &str, &str); 4] = [
        ("requests_cpu", "'4'", "'5'"),
        ("requests_memory", "'4Gi'", "'5Gi'"),
        ("limits_cpu", "'8'", "'9'"),
        ("limits_memory", "'8Gi'", "'9Gi'"),
    ];
    for (key, one, other) in QUOTA {
        let others: Vec<String> = QUOTA
            .iter()
            .filter(|(name, ..)| *name != key)
            .map(|(name, value, _)| format!("{name} = {value}"))
            .collect();
        let more = format!("\n{}", others.join("\n"));
        check("quota", key, &format!("{one}{more}"), &format!("{other}{more}"));
    }
}

#[test]
fn a_field_that_is_fixed_leads_to_no_key() {
    let stack = stack("");
    let api = stack
        .objects
        .iter()
        .map(|declared| declared.object.id())
        .find(|id| id.kind.kind == "Deployment")
        .unwrap();
    let fixed = engine_core::object::path::Path::of(&["spec", "strategy"]);
    assert_eq!(stack.key_of(api, &fixed), None);
}
