//! One control plane for all tests, and a separate environment for each test.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use kube::client::Body;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Time limit for one run of the binary.
const DEADLINE: Duration = Duration::from_mins(2);

/// How long the server may take to free a port that no Service has: it checks every three minutes and frees it at the fourth check.
const PORTS_REPAIRED: Duration = Duration::from_mins(14);

/// How many objects an environment of [`World::new`] has: 2 namespaces; for each component an account, a policy, a budget and
/// a workload; its database's users, scripts and Service; its API's URI, Service and autoscaler.
pub(crate) const OBJECTS: usize = 2 + 2 * 4 + 3 + 3;

/// URL prefix of the admission policies, up to the end of their kind's name.
const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmission";

static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
static NEXT: AtomicU16 = AtomicU16::new(0);

/// The control plane, started by the first test that asks for it; it ends with the test process.
pub(crate) fn control_plane() -> &'static Sandbox {
    SANDBOX.get_or_init(|| {
        Sandbox::start(&Options {
            control_plane: true,
            mongodb: false,
            directory: None,
        })
        .expect("the sandbox starts")
    })
}

/// An environment with its own name, namespaces and node port.
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) app: String,
    pub(crate) database: String,
    pub(crate) node_port: u16,
    pub(crate) kubeconfig: PathBuf,
    directory: TempDir,
    client: kube::Client,
}

/// How the binary ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The lines of the result, each of which is JSON.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON on each line")
    }

    /// The last line of the result.
    pub(crate) fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_line(self, line: &str) -> Self {
        let printed = self.stdout.lines().chain(self.stderr.lines());
        assert!(
            printed.map(str::trim).any(|printed| printed == line.trim()),
            "no line `{line}` in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_text(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "no `{text}` in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl World {
    /// An environment with an autoscaler from 2 to 5, in two namespaces.
    pub(crate) async fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let kubeconfig = tokio::task::spawn_blocking(|| control_plane().kubeconfig().to_owned())
            .await
            .expect("the sandbox starts");
        let client = client(&kubeconfig).await;
        let world = Self {
            name: format!("test-{number}"),
            app: format!("test-{number}-app"),
            database: format!("test-{number}-db"),
            node_port: 30100 + number,
            kubeconfig,
            directory: TempDir::new().expect("a temporary directory"),
            client,
        };
        world.configure(|_| {});
        world
    }

    /// The lines of the environment file, by table.
    fn settings(&self) -> Settings {
        Settings {
            cluster: vec![
                "context = \"sandbox\"".to_owned(),
                format!("kubeconfig = \"{}\"", self.kubeconfig.display()),
            ],
            namespaces: vec![
                format!("app = \"{}\"", self.app),
                format!("database = \"{}\"", self.database),
            ],
            service: vec![format!("node_port = {}", self.node_port)],
            autoscaling: Some("min_replicas = 2\nmax_replicas = 5\ntarget_cpu_percent = 70".to_owned()),
            more: String::new(),
        }
    }

    /// Writes the environment file, with changes.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Settings)) {
        self.configure_as(&self.name, change);
    }

    /// Writes the file of another environment with the same settings, with changes.
    pub(crate) fn configure_as(&self, name: &str, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings();
        change(&mut settings);
        let mut text = format!(
            "[cluster]\n{}\n[namespaces]\n{}\n[service]\n{}\n",
            settings.cluster.join("\n"),
            settings.namespaces.join("\n"),
            settings.service.join("\n")
        );
        if let Some(autoscaling) = settings.autoscaling {
            let _ = write!(text, "[service.autoscaling]\n{autoscaling}\n");
        }
        text.push_str(&settings.more);
        let path = self.directory.path().join(format!("{name}.toml"));
        std::fs::write(path, text).expect("the environment file is written");
    }

    /// Starts the binary without waiting for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = command(self.directory.path(), arguments);
        command.spawn().expect("the binary starts")
    }

    /// Runs the binary with exactly these arguments.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.start(arguments)).await
    }

    /// Runs a command for this environment with variables.
    pub(crate) async fn infra_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let arguments = [&[arguments[0], self.name.as_str()], &arguments[1..]].concat();
        run_with(variables, self.directory.path(), &arguments).await
    }

    /// Runs a command for this environment.
    pub(crate) async fn infra(&self, command: &str, flags: &[&str]) -> Ended {
        self.run(&[&[command, self.name.as_str()], flags].concat()).await
    }

    pub(crate) async fn plan(&self) -> Ended {
        self.infra("plan", &[]).await
    }

    pub(crate) async fn apply(&self) -> Ended {
        self.infra("apply", &["--yes"]).await
    }

    /// Applies after a run that was killed.
    ///
    /// The server keeps the port of a Service whose creation was cut off until it looks through its ports, every few minutes.
    pub(crate) async fn apply_after_a_kill(&self) -> Ended {
        let begun = Instant::now();
        loop {
            let applied = self.apply().await;
            let is_port_kept = applied.stdout.contains("provided port is already allocated");
            if !is_port_kept || begun.elapsed() > PORTS_REPAIRED {
                return applied;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    pub(crate) async fn destroy(&self) -> Ended {
        self.infra("destroy", &["--yes"]).await
    }

    /// The directory of the environment files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A client of the real API server.
    pub(crate) fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// Sends a request as another manager; `None` unless it succeeds.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &Value,
    ) -> Option<Value> {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .body(Body::from(body.to_string().into_bytes()))
            .expect("a request");
        let response = self.client.send(request).await.expect("the API server answers");
        let succeeded = response.status().is_success();
        let bytes = response
            .into_body()
            .collect_bytes()
            .await
            .expect("a whole answer");
        succeeded.then(|| serde_json::from_slice(&bytes).expect("JSON"))
    }

    pub(crate) async fn read(&self, path: &str) -> Option<Value> {
        self.request("GET", path, "application/json", &Value::Null).await
    }

    /// Changes an object as `kubectl edit` does.
    pub(crate) async fn edit(&self, path: &str, change: &Value) -> Value {
        let path = format!("{path}?fieldManager=kubectl-edit");
        self.request("PATCH", &path, "application/merge-patch+json", change)
            .await
            .expect("the edit is taken")
    }

    /// Applies a configuration as another applier does.
    pub(crate) async fn apply_as(&self, manager: &str, path: &str, configuration: &Value) -> Value {
        let path = format!("{path}?fieldManager={manager}&force=true");
        self.request("PATCH", &path, "application/apply-patch+yaml", configuration)
            .await
            .expect("the apply is taken")
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) -> Value {
        let path = format!("{path}?fieldManager=kubectl-create");
        self.request("POST", &path, "application/json", object)
            .await
            .expect("the object is created")
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.request("DELETE", path, "application/json", &json!({}))
            .await
            .expect("the object is deleted");
    }

    /// Creates a policy that refuses an operation on this environment's objects of a kind; returns once it is in force.
    pub(crate) async fn forbid(&self, resources: &str, operation: &str, message: &str) {
        let name = format!("{}-forbids", self.name);
        let ours = json!({"matchLabels": {"infra.internal/environment": self.name}});
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["*"], "apiVersions": ["*"], "operations": [operation], "resources": [resources],
                }]},
                "validations": [{"expression": "false", "message": message}],
            },
        });
        self.create(&format!("{POLICIES}policies"), &policy).await;
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"], "matchResources": {"objectSelector": ours}},
        });
        self.create(&format!("{POLICIES}policybindings"), &binding).await;
        if operation != "CREATE" {
            let (probes, probe) = self.probe(resources);
            self.create(&probes, &probe).await;
        }
        // It is in force a moment later.
        self.until_forbidden(resources, operation, true).await;
    }

    /// Deletes such a policy; returns once it is no longer in force.
    pub(crate) async fn allow(&self, resources: &str, operation: &str) {
        for kind in ["policybindings", "policies"] {
            self.delete(&format!("{POLICIES}{kind}/{}-forbids", self.name))
                .await;
        }
        self.until_forbidden(resources, operation, false).await;
    }

    /// Tries what a policy forbids until the answer is as expected.
    async fn until_forbidden(&self, resources: &str, operation: &str, is_expected: bool) {
        let (probes, probe) = self.probe(resources);
        let (method, path, body) = if operation == "CREATE" {
            ("POST", format!("{probes}?dryRun=All"), probe)
        } else {
            let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]});
            ("DELETE", format!("{probes}/{}-forbids", self.name), options)
        };
        let wait = async {
            while self
                .request(method, &path, "application/json", &body)
                .await
                .is_none()
                != is_expected
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(DEADLINE, wait)
            .await
            .expect("the policy is in force in time");
    }

    /// An object that such a policy is about, and where it is made.
    fn probe(&self, resources: &str) -> (String, Value) {
        let (kind, spec) = match resources {
            "services" => ("Service", json!({"clusterIP": "None", "ports": [{"port": 80}]})),
            _ => ("ConfigMap", Value::Null),
        };
        let mut probe = json!({"apiVersion": "v1", "kind": kind, "metadata": {
            "name": format!("{}-forbids", self.name), "labels": {"infra.internal/environment": self.name},
        }});
        if !spec.is_null() {
            probe["spec"] = spec;
        }
        (format!("/api/v1/namespaces/default/{resources}"), probe)
    }

    /// Makes a user with these rights in the whole cluster, and returns its kubeconfig.
    pub(crate) async fn user(&self, rules: &[Value]) -> PathBuf {
        const RIGHTS: &str = "/apis/rbac.authorization.k8s.io/v1";
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-user-{number}", self.name);
        let accounts = "/api/v1/namespaces/default/serviceaccounts";
        let named = |kind: &str, api_version: &str| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
        self.create(accounts, &named("ServiceAccount", "v1")).await;
        let mut role = named("ClusterRole", "rbac.authorization.k8s.io/v1");
        role["rules"] = json!(rules);
        self.create(&format!("{RIGHTS}/clusterroles"), &role).await;
        let mut binding = named("ClusterRoleBinding", "rbac.authorization.k8s.io/v1");
        binding["roleRef"] =
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name});
        binding["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "default", "name": name}]);
        self.create(&format!("{RIGHTS}/clusterrolebindings"), &binding)
            .await;
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600},
        });
        let token = self.create(&format!("{accounts}/{name}/token"), &request).await;
        let mut kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("the sandbox's kubeconfig");
        for user in &mut kubeconfig.auth_infos {
            let token = token["status"]["token"].as_str().expect("a token").to_owned();
            user.auth_info = Some(AuthInfo {
                token: Some(token.into()),
                ..AuthInfo::default()
            });
        }
        let path = self.directory.path().join(format!("{name}.kubeconfig"));
        let text = serde_json::to_string(&kubeconfig).expect("JSON, which is YAML");
        std::fs::write(&path, text).expect("the kubeconfig is written");
        path
    }

    /// Waits until `is_true` of an object; the object may be missing.
    pub(crate) async fn wait_for(&self, path: &str, is_true: impl Fn(Option<&Value>) -> bool) {
        let wait = async {
            while !is_true(self.read(path).await.as_ref()) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(DEADLINE, wait)
            .await
            .expect("it comes true in time");
    }

    pub(crate) fn deployment(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/deployments/api", self.app)
    }

    pub(crate) fn stateful_set(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/statefulsets/mongodb", self.database)
    }

    pub(crate) fn autoscaler(&self) -> String {
        format!(
            "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers/api",
            self.app
        )
    }

    pub(crate) fn service(&self) -> String {
        format!("/api/v1/namespaces/{}/services/api", self.app)
    }

    pub(crate) fn users(&self) -> String {
        format!("/api/v1/namespaces/{}/secrets/mongodb-users", self.database)
    }

    pub(crate) fn claim(&self) -> String {
        format!(
            "/api/v1/namespaces/{}/persistentvolumeclaims/data-mongodb-0",
            self.database
        )
    }

    pub(crate) fn record(&self) -> String {
        format!("/api/v1/namespaces/infra-system/secrets/infra-{}", self.name)
    }

    /// The encoded password of the database's root user.
    pub(crate) async fn root_password(&self) -> String {
        let secret = self.read(&self.users()).await.expect("the Secret is there");
        secret["data"]["root-password"]
            .as_str()
            .expect("a password")
            .to_owned()
    }
}

/// The lines of an environment file, by table.
pub(crate) struct Settings {
    pub(crate) cluster: Vec<String>,
    pub(crate) namespaces: Vec<String>,
    pub(crate) service: Vec<String>,
    pub(crate) autoscaling: Option<String>,
    /// Further tables, as they stand in the file.
    pub(crate) more: String,
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command
        .args(arguments)
        .arg("--environments")
        .arg(directory)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs the binary with variables, on the environment files of `directory`.
pub(crate) async fn run_with(variables: &[(&str, &str)], directory: &Path, arguments: &[&str]) -> Ended {
    let mut command = command(directory, arguments);
    command.envs(variables.iter().copied());
    ended(command.spawn().expect("the binary starts")).await
}

/// Waits for the end of a run.
pub(crate) async fn ended(child: Child) -> Ended {
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output())
        .await
        .expect("the binary ends in time")
        .expect("the binary ends");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

async fn client(kubeconfig: &PathBuf) -> kube::Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("the sandbox's kubeconfig");
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .expect("the sandbox's kubeconfig");
    kube::Client::try_from(config).expect("a client")
}
