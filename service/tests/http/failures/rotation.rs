//! Changes of the connection string file under load.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bson::{Document, doc};
use mongodb::Client;
use service::configuration::Configuration;

use super::super::app::TestApp;
use super::super::mongo;
use super::super::process::Process;
use super::super::wait::until;

const LOGIN: &str = "MongoDB rejected the service's credentials";

/// A mounted Secret: a symlink through another symlink, which is swapped.
struct Secret(tempfile::TempDir);

impl Secret {
    fn new(text: &str) -> Self {
        let secret = Self(tempfile::tempdir().unwrap());
        secret.exchange("first", text);
        symlink("..data/uri", secret.file()).unwrap();
        secret
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("uri")
    }

    fn exchange(&self, version: &str, text: &str) {
        let directory = self.0.path();
        std::fs::create_dir(directory.join(version)).unwrap();
        std::fs::write(directory.join(version).join("uri"), text).unwrap();
        symlink(version, directory.join("..data_tmp")).unwrap();
        std::fs::rename(directory.join("..data_tmp"), directory.join("..data")).unwrap();
    }
}

async fn start(uri: &str, file: &Path) -> TestApp {
    let mut configuration = Configuration::default();
    configuration.mongodb.uri_file = Some(file.to_owned());
    let app = TestApp::start_with_uri(uri, configuration).await;
    until("ready", async || app.client.get("/readyz").await.status == 200).await;
    app
}

async fn run(root: &Client, command: Document) {
    root.database("flask_db").run_command(command).await.unwrap();
}

fn user(verb: &str, name: &str, password: &str) -> Document {
    doc! { verb: name, "pwd": password, "roles": ["readWrite"] }
}

/// Posts and lists until stopped; returns every unexpected status.
async fn load(app: &TestApp, stop: &AtomicBool) -> Vec<u16> {
    let mut wrong = Vec::new();
    while !stop.load(Ordering::Acquire) {
        let (post, list) = tokio::join!(app.client.post("{}"), app.client.get("/data"));
        for (answer, right) in [(post, 201), (list, 200)] {
            if answer.status != right {
                wrong.push(answer.status);
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    wrong
}

#[tokio::test]
async fn another_user_takes_over_without_a_failed_request() {
    let mongodb = mongo::own().await;
    let root = Client::with_uri_str(mongodb.mongodb_root_uri()).await.unwrap();
    run(&root, user("createUser", "old", "old")).await;
    let host = mongo::host_of(&mongodb);
    let uri = |name: &str| format!("mongodb://{name}:{name}@{host}/flask_db");
    let secret = Secret::new(&uri("old"));
    let app = start(&uri("old"), &secret.file()).await;
    let stop = AtomicBool::new(false);
    let rotation = async {
        run(&root, user("createUser", "new", "new")).await;
        secret.exchange("second", &uri("new"));
        until("the new user's ping", async || is_used_by(&root, "new").await).await;
        // Calls that began before the swap end within this time.
        tokio::time::sleep(Duration::from_secs(3)).await;
        run(&root, doc! { "dropUser": "old" }).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        stop.store(true, Ordering::Release);
    };
    let (wrong, ()) = tokio::join!(load(&app, &stop), rotation);
    assert_eq!(wrong, Vec::<u16>::new());
    assert_eq!(app.client.get("/readyz").await.status, 200);
    until("an end of the old connections", async || {
        !is_used_by(&root, "old").await
    })
    .await;
}

/// Tells whether the service has a connection authenticated as this user.
async fn is_used_by(root: &Client, name: &str) -> bool {
    let operations = doc! { "currentOp": 1, "$all": true, "appName": "service", "effectiveUsers.user": name };
    let operations = root.database("admin").run_command(operations).await.unwrap();
    !operations.get_array("inprog").unwrap().is_empty()
}

#[tokio::test]
async fn a_changed_password_is_rejected_until_the_file_changes() {
    let mongodb = mongo::own().await;
    let root = Client::with_uri_str(mongodb.mongodb_root_uri()).await.unwrap();
    run(&root, user("createUser", "user", "old")).await;
    let host = mongo::host_of(&mongodb);
    let uri = |password: &str| format!("mongodb://user:{password}@{host}/flask_db");
    let secret = Secret::new(&uri("old"));
    let app = start(&uri("old"), &secret.file()).await;
    let stop = AtomicBool::new(false);
    let rotation = async {
        // Recreated, so that no connection keeps its privileges.
        run(&root, doc! { "dropUser": "user" }).await;
        run(&root, user("createUser", "user", "new")).await;
        until("refused", async || app.client.get("/readyz").await.status == 503).await;
        until("a login", async || {
            app.client.get("/readyz").await.problem(503) == LOGIN
        })
        .await;
        secret.exchange("second", &uri("new"));
        let time = std::time::Instant::now();
        until("ready again", async || {
            app.client.get("/readyz").await.status == 200
        })
        .await;
        assert!(time.elapsed() < Duration::from_secs(5), "{:?}", time.elapsed());
        stop.store(true, Ordering::Release);
    };
    let (wrong, ()) = tokio::join!(load(&app, &stop), rotation);
    assert!(wrong.iter().all(|status| *status == 503), "{wrong:?}");
    assert_eq!(app.client.post("{}").await.status, 201);
}

#[tokio::test]
async fn an_unusable_file_changes_nothing_and_is_logged_once() {
    let mongodb = mongo::own().await;
    let uri = mongodb.mongodb_uri();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("uri");
    std::fs::write(&file, &uri).unwrap();
    let variables = [
        ("LISTEN_ADDRESS", "127.0.0.1:0"),
        ("MONGODB_URI_FILE", "uri"),
        ("DRAIN_SECONDS", "0"),
    ];
    let mut process = Process::start(directory.path(), &variables);
    let client = process.client().await;
    process.event("MongoDB is available").await;
    let changed = "cannot use the new connection string; keeping the current one";
    let wrong = uri.replacen("flask_app:", "flask_app:p%40ss", 1);
    let closed_port = "mongodb://flask_app:p%40ss@127.0.0.1:1/";
    let refused = "cannot connect: MongoDB at `";
    for (text, error) in [
        (
            Some(""),
            "the MongoDB connection string does not start with `mongodb://`",
        ),
        (
            None,
            "cannot read the file: No such file or directory (os error 2)",
        ),
        (
            Some("mongodb://user:p%40ss@host:port/"),
            "invalid hosts or options in the MongoDB connection string",
        ),
        (Some(&wrong), refused),
        (
            Some(closed_port),
            "cannot connect: cannot reach MongoDB at `127.0.0.1:1`: connection refused",
        ),
    ] {
        match text {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let event = process.event(changed).await;
        assert!(event["error"].as_str().unwrap().starts_with(error), "{event}");
        assert_eq!(client.post("{}").await.status, 201);
        assert_eq!(client.get("/readyz").await.status, 200);
    }
    // No further line about the file until it is usable: the last error was not repeated.
    tokio::time::sleep(Duration::from_secs(2)).await;
    std::fs::write(&file, uri.replacen("/flask_db", "/flask_db?appName=renewed", 1)).unwrap();
    let lines = process.events_until("connection string reloaded").await;
    assert!(lines.iter().all(|event| event["message"] != changed), "{lines:?}");
    assert_eq!(client.post("{}").await.status, 201);
    assert!(process.terminate().await.success());
}
