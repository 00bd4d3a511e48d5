//! From the text of a file and variables to the environment, or to the printed faults.

use std::path::Path;

use insta::assert_snapshot;

use super::keys::KEYS;
use super::{Environment, EnvironmentError, parse};

/// A valid file; a test changes what it is about.
const GOOD: &str = r#"[cluster]
context = "minikube"

[service]
image = "service:dev"
node_port = 30500
requests = { cpu = "200m", memory = "250Mi" }
limits = { cpu = "500m", memory = "500Mi" }

[service.autoscaling]
min_replicas = 2
max_replicas = 5
"#;

/// Parses a text, overridden by `NAME=value` variables.
fn parsed(text: &str, variables: &[&str]) -> Result<Environment, EnvironmentError> {
    let variables = variables.iter().filter_map(|variable| variable.split_once('='));
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    parse(
        "minikube",
        Path::new("environments/minikube.toml"),
        text,
        variables,
    )
}

/// Parses a text and variables, and returns what is printed.
fn check(text: &str, variables: &[&str]) -> String {
    parsed(text, variables).map_or_else(|error| error.render(), |_| "valid".to_owned())
}

/// Changes one line of the valid file, and returns what is printed without the count.
fn check_changed(line: &str, changed: &str) -> String {
    assert!(GOOD.contains(line), "`{line}` is in the valid file");
    let printed = check(&GOOD.replace(line, changed), &[]);
    printed.replace("\n\nerror: `environments/minikube.toml` has 1 fault", "")
}

/// Adds lines to `[cluster]` or whatever follows, and returns what is printed without the count.
fn check_added(lines: &str) -> String {
    check_changed(
        "context = \"minikube\"\n",
        &format!("context = \"minikube\"\n{lines}\n"),
    )
}

#[test]
fn a_context_is_enough() {
    assert_snapshot!(format!("{:#?}", parsed("cluster.context = 'minikube'", &[]).unwrap()), @r#"
    Environment {
        name: EnvironmentName(
            "minikube",
        ),
        cluster: ClusterSettings {
            context: "minikube",
            kubeconfig: None,
            id: None,
            protected: false,
        },
        allowed: {
            Restart,
            Scale,
            Outage,
        },
        record: RecordSettings {
            namespace: NamespaceName(
                "infra-system",
            ),
        },
        namespaces: Namespaces {
            app: NamespaceName(
                "app",
            ),
            database: NamespaceName(
                "database",
            ),
            create: true,
        },
        service: ServiceSettings {
            image: Image(
                "service:dev",
            ),
            build: None,
            image_pull_policy: Never,
            node_port: NodePort(
                30500,
            ),
            resources: Resources {
                requests: ResourceAmounts {
                    cpu: CpuQuantity {
                        millicores: 200,
                    },
                    memory: ByteQuantity {
                        bytes: 262144000,
                        notation: Binary,
                    },
                },
                limits: ResourceAmounts {
                    cpu: CpuQuantity {
                        millicores: 500,
                    },
                    memory: ByteQuantity {
                        bytes: 524288000,
                        notation: Binary,
                    },
                },
            },
            scale: Fixed {
                replicas: 2,
            },
        },
        mongodb: MongodbSettings {
            image: Image(
                "mongo:8.0",
            ),
            resources: Resources {
                requests: ResourceAmounts {
                    cpu: CpuQuantity {
                        millicores: 200,
                    },
                    memory: ByteQuantity {
                        bytes: 262144000,
                        notation: Binary,
                    },
                },
                limits: ResourceAmounts {
                    cpu: CpuQuantity {
                        millicores: 500,
                    },
                    memory: ByteQuantity {
                        bytes: 524288000,
                        notation: Binary,
                    },
                },
            },
            storage: Provisioned {
                size: ByteQuantity {
                    bytes: 1073741824,
                    notation: Binary,
                },
                class: None,
            },
            cluster_ip: false,
        },
        pull_secret: None,
        quota: None,
    }
    "#);
}

#[test]
fn an_autoscaling_table_replaces_the_number_of_replicas() {
    let scale =
        |text: &str, variables: &[&str]| format!("{:?}", parsed(text, variables).unwrap().service.scale);
    let context = "cluster.context = 'a'\n";
    assert_snapshot!(scale(context, &[]), @"Fixed { replicas: 2 }");
    assert_snapshot!(scale(&format!("{context}service.replicas = 3"), &[]), @"Fixed { replicas: 3 }");
    assert_snapshot!(scale(&format!("{context}[service.autoscaling]"), &[]), @"Autoscaled(Autoscaling { min_replicas: 2, max_replicas: 5, target_cpu_percent: 70 })");
    assert_snapshot!(scale(context, &["INFRA_SERVICE__AUTOSCALING__MAX_REPLICAS=7"]), @"Autoscaled(Autoscaling { min_replicas: 2, max_replicas: 7, target_cpu_percent: 70 })");
}

#[test]
fn a_relative_kubeconfig_begins_above_the_directory_of_environments() {
    let check = |directory: &str, kubeconfig: &str, expected: &str| {
        let text = format!("cluster = {{ context = 'a', kubeconfig = '{kubeconfig}' }}");
        let environment = parse("a", &Path::new(directory).join("a.toml"), &text, []).unwrap();
        assert_eq!(
            environment.cluster.kubeconfig.as_deref(),
            Some(Path::new(expected)),
            "in `{directory}`"
        );
    };
    check("environments", ".sandbox/kubeconfig", ".sandbox/kubeconfig");
    check(
        "project/environments",
        ".sandbox/kubeconfig",
        "project/.sandbox/kubeconfig",
    );
    check("environments", "/etc/kubeconfig", "/etc/kubeconfig");
    check(".", "kubeconfig", "./../kubeconfig");
}

#[test]
fn every_fault_of_a_file_is_shown_at_once() {
    let text = GOOD
        .replace("node_port = 30500", "node_prot = 30500")
        .replace("service:dev", "service: dev")
        .replace("cpu = \"200m\"", "cpu = \"1\"")
        .replace("min_replicas = 2", "min_replicas = \"two\"");
    assert_snapshot!(check(&text, &[]), @r#"
    error: `service.image` must be an image such as `mongo:8.0`
     --> environments/minikube.toml:5:9
      |
    5 | image = "service: dev"
      |         ^^^^^^^^^^^^^^ it contains white space: " "

    error: unknown key `node_prot` in `[service]`
     --> environments/minikube.toml:6:1
      |
    6 | node_prot = 30500
      | ^^^^^^^^^ nearest: `node_port`

    error: `service.requests.cpu` is more than `service.limits.cpu`
     --> environments/minikube.toml:7:20
      |
    7 | requests = { cpu = "1", memory = "250Mi" }
      |                    ^^^ `1` is more than `500m`

    error: `service.autoscaling.min_replicas` must be an integer from 1 to 1000
      --> environments/minikube.toml:11:16
       |
    11 | min_replicas = "two"
       |                ^^^^^ found a string

    error: `environments/minikube.toml` has 4 faults
    "#);
}

#[test]
fn what_is_not_toml_is_one_fault() {
    assert_snapshot!(check("[cluster\ncontext = 3", &["INFRA_SERVICE__NODE_PORT=1"]), @"
    error: this is not valid TOML
     --> environments/minikube.toml:1:9
      |
    1 | [cluster
      |         ^ unclosed table, expected `]`

    error: `environments/minikube.toml` has 1 fault
    ");
    assert_snapshot!(check("[cluster]\n[cluster]\n", &[]), @"
    error: this is not valid TOML
     --> environments/minikube.toml:2:2
      |
    2 | [cluster]
      |  ^^^^^^^ duplicate key

    error: `environments/minikube.toml` has 1 fault
    ");
    assert_snapshot!(check("[cluster]\ncontext = \"a", &[]), @r#"
    error: this is not valid TOML
     --> environments/minikube.toml:2:13
      |
    2 | context = "a
      |             ^ invalid basic string, expected `"`

    error: `environments/minikube.toml` has 1 fault
    "#);
}

#[test]
fn a_missing_context_is_shown_at_its_table() {
    assert_snapshot!(check("[cluster]\nprotected = true\n", &[]), @"
    error: `cluster.context` is missing
     --> environments/minikube.toml:1:2
      |
    1 | [cluster]
      |  ^^^^^^^ add it to `[cluster]`: it has no built-in value

    error: `environments/minikube.toml` has 1 fault
    ");
    assert_snapshot!(check("", &[]), @"
    error: `cluster.context` is missing
    --> environments/minikube.toml
     = note: add it to `[cluster]`: it has no built-in value

    error: `environments/minikube.toml` has 1 fault
    ");
}

#[test]
fn an_unknown_key_names_the_nearest_or_where_it_belongs() {
    assert_snapshot!(check_added("protcted = true"), @"
    error: unknown key `protcted` in `[cluster]`
     --> environments/minikube.toml:3:1
      |
    3 | protcted = true
      | ^^^^^^^^ nearest: `protected`
    ");
    assert_snapshot!(check_added("size = true"), @"
    error: unknown key `size` in `[cluster]`
     --> environments/minikube.toml:3:1
      |
    3 | size = true
      | ^^^^ known here: `context`, `kubeconfig`, `id`, `protected`
    ");
    assert_snapshot!(check_added("replicas = 2"), @"
    error: unknown key `replicas` in `[cluster]`
     --> environments/minikube.toml:3:1
      |
    3 | replicas = 2
      | ^^^^^^^^ belongs in `[service]`
    ");
    assert_snapshot!(check_added("\"service.image\" = 'a'"), @r#"
    error: unknown key `service.image` in `[cluster]`
     --> environments/minikube.toml:3:1
      |
    3 | "service.image" = 'a'
      | ^^^^^^^^^^^^^^^ known here: `context`, `kubeconfig`, `id`, `protected`
    "#);
    assert_snapshot!(check_added("\"\\u001b[31m\" = 'a'"), @r#"
    error: unknown key `\u{1b}[31m` in `[cluster]`
     --> environments/minikube.toml:3:1
      |
    3 | "\u001b[31m" = 'a'
      | ^^^^^^^^^^^^ known here: `context`, `kubeconfig`, `id`, `protected`
    "#);
    assert_snapshot!(check_added("[service.autoscalng]\nmin = 1"), @"
    error: unknown table `[service.autoscalng]`
     --> environments/minikube.toml:3:10
      |
    3 | [service.autoscalng]
      |          ^^^^^^^^^^ nearest: `autoscaling`
    ");
    assert_snapshot!(check(&format!("node_port = 30500\n{GOOD}"), &[]), @"
    error: unknown key `node_port` outside of a table
     --> environments/minikube.toml:1:1
      |
    1 | node_port = 30500
      | ^^^^^^^^^ belongs in `[service]`

    error: `environments/minikube.toml` has 1 fault
    ");
}

#[test]
fn a_misspelt_key_is_not_missing_as_well() {
    assert_snapshot!(check_changed("context", "contxt"), @r#"
    error: unknown key `contxt` in `[cluster]`
     --> environments/minikube.toml:2:1
      |
    2 | contxt = "minikube"
      | ^^^^^^ nearest: `context`
    "#);
    assert_snapshot!(check_changed("[cluster]", "[clutser]"), @"
    error: unknown table `[clutser]`
     --> environments/minikube.toml:1:2
      |
    1 | [clutser]
      |  ^^^^^^^ nearest: `cluster`
    ");
}

#[test]
fn a_wrong_type_names_what_was_expected_and_what_was_found() {
    assert_snapshot!(check_changed("context = \"minikube\"", "context = 3"), @"
    error: `cluster.context` must be the name of a context in the kubeconfig
     --> environments/minikube.toml:2:11
      |
    2 | context = 3
      |           ^ found an integer
      |
      = hint: write it in quotes
    ");
    assert_snapshot!(check_changed("30500", "\"30500\""), @r#"
    error: `service.node_port` must be an integer from 30000 to 32767
     --> environments/minikube.toml:6:13
      |
    6 | node_port = "30500"
      |             ^^^^^^^ found a string
      |
      = hint: write it without quotes
    "#);
    assert_snapshot!(check_changed("30500", "30500.5"), @"
    error: `service.node_port` must be an integer from 30000 to 32767
     --> environments/minikube.toml:6:13
      |
    6 | node_port = 30500.5
      |             ^^^^^^^ found a float
    ");
    assert_snapshot!(check_changed("{ cpu = \"200m\", memory = \"250Mi\" }", "\"200m\""), @r#"
    error: `service.requests` must be a table
     --> environments/minikube.toml:7:12
      |
    7 | requests = "200m"
      |            ^^^^^^ found a string
    "#);
    assert_snapshot!(check_changed("\"service:dev\"", "[\"service:dev\"]"), @r#"
    error: `service.image` must be an image such as `mongo:8.0`
     --> environments/minikube.toml:5:9
      |
    5 | image = ["service:dev"]
      |         ^^^^^^^^^^^^^^^ found an array
    "#);
    assert_snapshot!(check_added("protected = \"yes\""), @r#"
    error: `cluster.protected` must be `true` or `false`
     --> environments/minikube.toml:3:13
      |
    3 | protected = "yes"
      |             ^^^^^ found a string
    "#);
    assert_snapshot!(check_added("[[mongodb]]"), @"
    error: `mongodb` must be a table
     --> environments/minikube.toml:3:1
      |
    3 | [[mongodb]]
      | ^^^^^^^^^^^ found an array of tables
    ");
}

#[test]
fn a_wrong_value_names_the_reason() {
    assert_snapshot!(check_changed("30500", "80"), @"
    error: `service.node_port` must be an integer from 30000 to 32767
     --> environments/minikube.toml:6:13
      |
    6 | node_port = 80
      |             ^^ found `80`
    ");
    assert_snapshot!(check_changed("\"minikube\"", "\"\""), @r#"
    error: `cluster.context` must be the name of a context in the kubeconfig
     --> environments/minikube.toml:2:11
      |
    2 | context = ""
      |           ^^ it is empty
    "#);
    assert_snapshot!(check_changed("250Mi", "250mb"), @r#"
    error: `service.requests.memory` must be an amount of bytes such as `250Mi`
     --> environments/minikube.toml:7:37
      |
    7 | requests = { cpu = "200m", memory = "250mb" }
      |                                     ^^^^^^^ `mb` is not a unit of bytes: use `Ki`, `Mi`, `Gi`, `Ti`, `k`, `M`, `G`, `T`
    "#);
    assert_snapshot!(check_added("id = \"4711\""), @r#"
    error: `cluster.id` must be the UID of the namespace `kube-system`
     --> environments/minikube.toml:3:6
      |
    3 | id = "4711"
      |      ^^^^^^ not a lower-case UUID
    "#);
    assert_snapshot!(check_added("kubeconfig = \"~/kubeconfig\""), @r#"
    error: `cluster.kubeconfig` begins with `~`
     --> environments/minikube.toml:3:14
      |
    3 | kubeconfig = "~/kubeconfig"
      |              ^^^^^^^^^^^^^^ `~` is not expanded: write the full path, or omit the key to use `~/.kube/config`
    "#);
    assert_snapshot!(check_changed("node_port", "image_pull_policy = \"never\"\nnode_port"), @r#"
    error: `service.image_pull_policy` must be `Always`, `IfNotPresent` or `Never`
     --> environments/minikube.toml:6:21
      |
    6 | image_pull_policy = "never"
      |                     ^^^^^^^ found `never`, nearest: `Never`
    "#);
    assert_snapshot!(check_added("[mongodb]\nimage = \"\"\"mongo\n\"\"\""), @r#"
    error: `mongodb.image` must be an image such as `mongo:8.0`
     --> environments/minikube.toml:4:9
      |
    4 |   image = """mongo
      |  _________^
    5 | | """
      | |___^ it contains white space: "\n"
    "#);
    assert_snapshot!(check_added("[mongodb]\nstorage_class = \"Fast\""), @r#"
    error: `mongodb.storage_class` must be a storage class's name such as `standard`
     --> environments/minikube.toml:4:17
      |
    4 | storage_class = "Fast"
      |                 ^^^^^^ `F` is not one of `a-z`, `0-9` and `-`
    "#);
}

#[test]
fn values_that_do_not_go_together_are_shown_at_the_one_that_was_said() {
    assert_snapshot!(check_changed("cpu = \"500m\"", "cpu = \"0.1\""), @r#"
    error: `service.requests.cpu` is more than `service.limits.cpu`
     --> environments/minikube.toml:7:20
      |
    7 | requests = { cpu = "200m", memory = "250Mi" }
      |                    ^^^^^^ `200m` is more than `100m`
    "#);
    assert_snapshot!(check_changed("memory = \"250Mi\"", "memory = \"1Gi\""), @r#"
    error: `service.requests.memory` is more than `service.limits.memory`
     --> environments/minikube.toml:7:37
      |
    7 | requests = { cpu = "200m", memory = "1Gi" }
      |                                     ^^^^^ `1Gi` is more than `500Mi`
    "#);
    assert_snapshot!(check_added("[mongodb.limits]\ncpu = \"100m\""), @r#"
    error: `mongodb.requests.cpu` is more than `mongodb.limits.cpu`
     --> environments/minikube.toml:4:7
      |
    4 | cpu = "100m"
      |       ^^^^^^ `200m` is more than `100m`
    "#);
    assert_snapshot!(check_changed("min_replicas = 2", "min_replicas = 6"), @"
    error: `service.autoscaling.min_replicas` is more than `max_replicas`
      --> environments/minikube.toml:11:16
       |
    11 | min_replicas = 6
       |                ^ `6` is more than `5`
    ");
    assert_snapshot!(check_changed("min_replicas = 2", "target_cpu_percent = 250"), @"
    error: `service.autoscaling.target_cpu_percent` can never be exceeded
      --> environments/minikube.toml:11:22
       |
    11 | target_cpu_percent = 250
       |                      ^^^ `service.limits.cpu` caps a pod at 250 % of its request
    ");
    assert_snapshot!(check_changed("node_port", "replicas = 2\nnode_port"), @"
    error: `service.replicas` conflicts with `[service.autoscaling]`
     --> environments/minikube.toml:6:12
      |
    6 | replicas = 2
      |            ^ the autoscaler sets the number: keep one of the two
    ");
}

#[test]
fn an_image_that_is_built_here_can_be_tagged_and_is_not_pulled() {
    assert_snapshot!(check_changed("node_port", "image_pull_policy = \"Always\"\nbuild = true\nnode_port"), @r#"
    error: `service.image_pull_policy` is `Always`, but the image is built here
     --> environments/minikube.toml:6:21
      |
    6 | image_pull_policy = "Always"
      |                     ^^^^^^^^ it is in no registry: use `Never` or `IfNotPresent`
    "#);
    let digest = format!("build = true\nimage = \"service@sha256:{}\"", "0a".repeat(32));
    assert_snapshot!(check_changed("image = \"service:dev\"", &digest), @r#"
    error: `service.image` cannot be tagged by its content
     --> environments/minikube.toml:6:9
      |
    6 | image = "service@sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ an image that is built here needs a tag with room for 13 more characters, and no digest
    "#);
    assert_snapshot!(check_changed("node_port", "build = true\nnode_port"), @"valid");
}

#[test]
fn the_data_is_in_one_place() {
    let storage = |lines: &str| {
        format!(
            "{:?}",
            parsed(&format!("cluster.context = 'a'\n[mongodb]\n{lines}"), &[])
                .unwrap()
                .mongodb
                .storage
        )
    };
    assert_snapshot!(storage("existing_claim = 'old'"), @r#"ExistingClaim(ClaimName("old"))"#);
    assert_snapshot!(storage("host_path = { path = '/srv/mongodb', node = 'minikube' }"), @r#"HostPath { size: ByteQuantity { bytes: 1073741824, notation: Binary }, path: HostDirectory("/srv/mongodb"), node: NodeName("minikube") }"#);
    assert_snapshot!(check_added("[mongodb]\nexisting_claim = 'old'\nstorage = '1Gi'"), @"
    error: `mongodb.storage` conflicts with `mongodb.existing_claim`
     --> environments/minikube.toml:5:11
      |
    5 | storage = '1Gi'
      |           ^^^^^ an existing claim defines its storage: keep one of the two
    ");
    assert_snapshot!(check_added("[mongodb]\nexisting_claim = 'old'\nhost_path = { path = '/srv', node = 'a' }"), @"
    error: `mongodb.host_path` conflicts with `mongodb.existing_claim`
     --> environments/minikube.toml:5:1
      |
    5 | host_path = { path = '/srv', node = 'a' }
      | ^^^^^^^^^ an existing claim defines its storage: keep one of the two
    ");
    assert_snapshot!(check_added("[mongodb]\nstorage_class = 'fast'\nhost_path = { path = '/srv', node = 'a' }"), @"
    error: `mongodb.storage_class` conflicts with `mongodb.host_path`
     --> environments/minikube.toml:4:17
      |
    4 | storage_class = 'fast'
      |                 ^^^^^^ a directory has no class: keep one of the two
    ");
    assert_snapshot!(check_added("[mongodb.host_path]\npath = 'srv'"), @"
    error: `mongodb.host_path.node` is missing
     --> environments/minikube.toml:3:10
      |
    3 | [mongodb.host_path]
      |          ^^^^^^^^^ add it to `[mongodb.host_path]`: it has no built-in value

    error: `mongodb.host_path.path` must be an absolute path on a node such as `/srv/mongodb`
     --> environments/minikube.toml:4:8
      |
    4 | path = 'srv'
      |        ^^^^^ it must begin with `/`

    error: `environments/minikube.toml` has 2 faults
    ");
}

#[test]
fn a_quota_has_room_for_every_pod() {
    let check =
        |quota: &str, namespaces: &str| check_added(&format!("[quota]\n{quota}\n[namespaces]\n{namespaces}"));
    let ample = "requests_cpu = '2'\nrequests_memory = '4Gi'\nlimits_cpu = '4'\nlimits_memory = '4Gi'";
    assert_snapshot!(check(ample, ""), @"valid");
    assert_snapshot!(check(&ample.replace("requests_cpu = '2'", "requests_cpu = '1'"), ""), @"
    error: `quota.requests_cpu` is less than the pods of a namespace need
     --> environments/minikube.toml:4:16
      |
    4 | requests_cpu = '1'
      |                ^^^ `1` is less than `1200m`: 6 pods of the data API, one of them during an update
    ");
    assert_snapshot!(check(&ample.replace("limits_cpu = '4'", "limits_cpu = '3'"), ""), @"valid");
    assert_snapshot!(check(&ample.replace("limits_cpu = '4'", "limits_cpu = '3'"), "app = 'shop'\ndatabase = 'shop'"), @"
    error: `quota.limits_cpu` is less than the pods of a namespace need
     --> environments/minikube.toml:6:14
      |
    6 | limits_cpu = '3'
      |              ^^^ `3` is less than `3500m`: 6 pods of the data API, one of them during an update, and the database
    ");
    assert_snapshot!(check_added("[quota]\nrequests_cpu = '2'\nrequests_memory = '4Gi'\nlimits_cpu = '4'"), @"
    error: `quota.limits_memory` is missing
     --> environments/minikube.toml:3:2
      |
    3 | [quota]
      |  ^^^^^ add it to `[quota]`: it has no built-in value
    ");
}

#[test]
fn a_pull_secret_takes_its_password_from_a_variable_alone() {
    const VARIABLE: &str = "INFRA_PULL_SECRET__PASSWORD=hunter2";
    let text = format!("{GOOD}[pull_secret]\nserver = 'registry.example.com'\nusername = 'puller'\n");
    let settings = parsed(&text, &[VARIABLE]).unwrap().pull_secret.unwrap();
    assert_eq!(settings.password.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(
        parsed(&text, &[])
            .unwrap()
            .pull_secret
            .unwrap()
            .password
            .is_none()
    );
    // For the sake of another environment.
    assert_eq!(parsed(GOOD, &[VARIABLE]).unwrap().pull_secret, None);
    assert_snapshot!(check(&format!("{text}password = 'hunter2'"), &[]), @"
    error: `pull_secret.password` stands in the file
    --> environments/minikube.toml
     = note: take it out, choose another one, and hand that over in the variable `INFRA_PULL_SECRET__PASSWORD`

    error: `environments/minikube.toml` has 1 fault
    ");
    assert_snapshot!(check(&format!("{text}pasword = 'hunter2'"), &[]), @"
    error: unknown key `pasword` in `[pull_secret]`
    --> environments/minikube.toml
     = note: known here: `server`, `username`

    error: `environments/minikube.toml` has 1 fault
    ");
    assert_snapshot!(check(&format!("{GOOD}[pull_secret]\nserver = 'registry.example.com'"), &[VARIABLE]), @"
    error: `pull_secret.username` is missing
      --> environments/minikube.toml:13:2
       |
    13 | [pull_secret]
       |  ^^^^^^^^^^^ add it to `[pull_secret]`: it has no built-in value

    error: `environments/minikube.toml` has 1 fault
    ");
    assert_snapshot!(check(&text, &["INFRA_PULL_SECRET__PASSWORD=", "INFRA_PULL_SECRET__SERVER=a b"]), @"
    error: `pull_secret.password` must be the password of that user
    --> INFRA_PULL_SECRET__PASSWORD
     = note: it is empty

    error: `pull_secret.server` must be a registry such as `registry.example.com`
     |
     | INFRA_PULL_SECRET__SERVER=a b
     |                           ^^^ it contains white space

    error: the variables `INFRA_PULL_SECRET__PASSWORD`, `INFRA_PULL_SECRET__SERVER` are not valid
    ");
}

#[test]
fn namespaces_are_neither_those_of_kubernetes_nor_that_of_the_record() {
    assert_snapshot!(check_added("[namespaces]\napp = \"kube-system\""), @r#"
    error: `namespaces.app` is a namespace reserved for Kubernetes
     --> environments/minikube.toml:4:7
      |
    4 | app = "kube-system"
      |       ^^^^^^^^^^^^^ choose another namespace
    "#);
    assert_snapshot!(check_added("[namespaces]\ndatabase = \"default\""), @r#"
    error: `namespaces.database` is a namespace reserved for Kubernetes
     --> environments/minikube.toml:4:12
      |
    4 | database = "default"
      |            ^^^^^^^^^ choose another namespace
    "#);
    assert_snapshot!(check_added("[record]\nnamespace = \"app\""), @r#"
    error: `namespaces.app` is the namespace of the record
     --> environments/minikube.toml:4:13
      |
    4 | namespace = "app"
      |             ^^^^^ the record must outlive the namespaces of the environment
    "#);
    assert_snapshot!(check_added("[namespaces]\napp = \"shop\"\ndatabase = \"shop\""), @"valid");
}

#[test]
fn a_variable_overrides_the_file() {
    let variables = [
        "INFRA_CLUSTER__CONTEXT=123",
        "INFRA_SERVICE__NODE_PORT=30600",
        "INFRA_CLUSTER__PROTECTED=true",
        "HOME=x",
    ];
    let environment = parsed(GOOD, &variables).unwrap();
    assert_eq!(environment.cluster.context, "123");
    assert_eq!(environment.service.node_port.number(), 30600);
    assert!(environment.cluster.protected);
}

#[test]
fn a_fault_in_a_variable_is_shown_at_the_variable() {
    assert_snapshot!(check(GOOD, &["INFRA_SERVICE__NODE_PORT=eighty", "INFRA_SERVICE__IMAGE=", "INFRA_SERVICE__LIMITS__CPU=0.1"]), @"
    error: `service.image` must be an image such as `mongo:8.0`
     |
     | INFRA_SERVICE__IMAGE=
     |                      ^ it is empty

    error: `service.requests.cpu` is more than `service.limits.cpu`
     |
     | INFRA_SERVICE__LIMITS__CPU=0.1
     |                            ^^^ `200m` is more than `100m`

    error: `service.node_port` must be an integer from 30000 to 32767
     |
     | INFRA_SERVICE__NODE_PORT=eighty
     |                          ^^^^^^ found `eighty`

    error: the variables `INFRA_SERVICE__IMAGE`, `INFRA_SERVICE__LIMITS__CPU`, `INFRA_SERVICE__NODE_PORT` are not valid
    ");
}

#[test]
fn an_unknown_variable_names_the_nearest_and_keeps_its_value_to_itself() {
    assert_snapshot!(check(GOOD, &["INFRA_SERVICE__IMAG=secret", "INFRA_PASS__WORD=secret", "INFRA_SERVICE_IMAGE=x", "INFRA_ENV=x"]), @"
    error: unknown variable `INFRA_PASS__WORD`
    --> INFRA_PASS__WORD
     = note: it overrides no key: unset it

    error: unknown variable `INFRA_SERVICE__IMAG`
    --> INFRA_SERVICE__IMAG
     = note: nearest: `INFRA_SERVICE__IMAGE`

    error: the variables `INFRA_PASS__WORD`, `INFRA_SERVICE__IMAG` are not valid
    ");
}

#[test]
fn the_policy_lists_effects() {
    let allowed = |lines: &str| {
        let text = format!("[cluster]\ncontext = 'a'\n{lines}");
        format!("{:?}", parsed(&text, &[]).unwrap().allowed)
    };
    assert_eq!(allowed(""), "{Restart, Scale, Outage}");
    assert_eq!(allowed("protected = true"), "{Restart, Scale}");
    assert_eq!(
        allowed("protected = true\n[policy]\nallow = ['outage', 'data-loss']"),
        "{Outage, DataLoss}"
    );
    assert_eq!(allowed("[policy]\nallow = []"), "{}");
    assert_snapshot!(check_added("[policy]\nallow = ['restart', 'outge']"), @"
    error: `policy.allow` must be a list of the effects that need no consent: `restart`, `scale`, `outage`, `replace`, `data-loss`
     --> environments/minikube.toml:4:9
      |
    4 | allow = ['restart', 'outge']
      |         ^^^^^^^^^^^^^^^^^^^^ found `outge`, nearest: `outage`
    ");
    assert_snapshot!(check_added("[policy]\nallow = 'restart'"), @r#"
    error: `policy.allow` must be a list of the effects that need no consent: `restart`, `scale`, `outage`, `replace`, `data-loss`
     --> environments/minikube.toml:4:9
      |
    4 | allow = 'restart'
      |         ^^^^^^^^^ found a string
      |
      = hint: write it as `["restart", "scale"]`
    "#);
    assert_snapshot!(check_added("[policy]\nallow = ['']"), @"
    error: `policy.allow` must be a list of the effects that need no consent: `restart`, `scale`, `outage`, `replace`, `data-loss`
     --> environments/minikube.toml:4:9
      |
    4 | allow = ['']
      |         ^^^^ found ``
    ");
    assert_snapshot!(check_added("[policy]\nallow = [1]"), @r#"
    error: `policy.allow` must be a list of the effects that need no consent: `restart`, `scale`, `outage`, `replace`, `data-loss`
     --> environments/minikube.toml:4:9
      |
    4 | allow = [1]
      |         ^^^ found an array
      |
      = hint: write it as `["restart", "scale"]`
    "#);
    assert_snapshot!(check_added("[policy]\nalow = ['restart']"), @"
    error: unknown key `alow` in `[policy]`
     --> environments/minikube.toml:4:1
      |
    4 | alow = ['restart']
      | ^^^^ nearest: `allow`
    ");
    assert_snapshot!(check(GOOD, &["INFRA_POLICY__ALLOW=outage"]), @"
    error: `policy.allow` must be set in the file
    --> INFRA_POLICY__ALLOW
     = note: a variable cannot give consent: unset it

    error: the variable `INFRA_POLICY__ALLOW` is not valid
    ");
}

#[test]
fn every_described_key_is_read() {
    for key in KEYS {
        let variables = [
            format!("{}=", key.variable()),
            "INFRA_SERVICE__AUTOSCALING__MIN_REPLICAS=".to_owned(),
        ];
        let printed = check("cluster.context = 'a'", &variables.each_ref().map(String::as_str));
        assert!(
            printed.contains(&format!("`{}` must be", key.path)),
            "`{}`: {printed}",
            key.path
        );
    }
}

#[test]
fn every_built_in_value_is_valid() {
    assert_eq!(
        check("cluster.context = 'a'\n[service.autoscaling]", &[]),
        "valid"
    );
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_not_move_the_caret() {
    assert_snapshot!(check("\u{feff}[cluster]\r\n# ä\r\ncontext = 3\r\n", &[]), @"
    error: `cluster.context` must be the name of a context in the kubeconfig
     --> environments/minikube.toml:3:11
      |
    3 | context = 3
      |           ^ found an integer
      |
      = hint: write it in quotes

    error: `environments/minikube.toml` has 1 fault
    ");
}

#[test]
fn colours_are_only_where_they_are_asked_for() {
    let error = parsed("", &[]).unwrap_err();
    assert!(error.render_coloured().contains("\u{1b}["));
    assert!(!error.render().contains("\u{1b}["));
}
