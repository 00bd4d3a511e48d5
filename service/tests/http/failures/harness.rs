//! Injects faults into a MongoDB behind the service, and checks what clients see.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use futures::future::join_all;
use mongodb::Client;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use sandbox::{Options, Sandbox};
use service::configuration::Configuration;

use super::super::app::TestApp;
use super::super::client::Answer;
use super::super::mongo::{blocking, with};
use super::super::proxy::{Link, Proxy, address_of, with_address};
use super::super::wait::until;

/// The longest wait of a client: a second in the queue, two for the call, the rest for slow machines.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(5);

/// The documented limits.
const NOT_READY_WITHIN: Duration = Duration::from_secs(2);
const READY_WITHIN: Duration = Duration::from_secs(5);

/// A fault of MongoDB or of the link to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Frozen,
    Killed,
    Stopped,
    UserDropped,
    RoleRevoked,
    WritesLocked,
    DiskReadOnly,
    Delayed,
    Trickling,
    Blackholed,
}

/// Document numbers and the status of their insert.
pub(crate) type Outcomes = BTreeMap<usize, u16>;

pub(crate) struct Harness {
    directory: tempfile::TempDir,
    /// `None` while a dead process is replaced.
    mongodb: Option<Sandbox>,
    root: Client,
    proxy: Proxy,
    pub(crate) app: TestApp,
}

impl Harness {
    pub(crate) async fn start() -> Self {
        Self::start_with(Configuration::default(), "").await
    }

    /// Starts with this configuration, and with `options` appended to the connection string.
    pub(crate) async fn start_with(configuration: Configuration, options: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mongodb = start(&directory).await;
        let uri = mongodb.mongodb_uri();
        let root = Client::with_uri_str(mongodb.mongodb_root_uri()).await.unwrap();
        let proxy = Proxy::start(address_of(&uri)).await;
        let app =
            TestApp::start_with_uri(&(with_address(&uri, proxy.address) + options), configuration).await;
        until("ready", async || app.client.get("/readyz").await.status == 200).await;
        Self {
            directory,
            mongodb: Some(mongodb),
            root,
            proxy,
            app,
        }
    }

    pub(crate) async fn inject(&mut self, fault: Fault) {
        match fault {
            Fault::Frozen => self.signal(Signal::STOP),
            Fault::Killed => self.with_mongodb(|mongodb| mongodb.kill_mongodb().unwrap()).await,
            Fault::Stopped => self.with_mongodb(|mongodb| mongodb.stop_mongodb().unwrap()).await,
            Fault::UserDropped => self.flask_db(doc! { "dropUser": "flask_app" }).await,
            Fault::RoleRevoked => {
                let command = doc! { "revokeRolesFromUser": "flask_app", "roles": ["readWrite"] };
                self.flask_db(command).await;
            }
            Fault::WritesLocked => self.admin(doc! { "fsync": 1, "lock": true }).await,
            Fault::DiskReadOnly => {
                let nothing = Rlimit {
                    current: Some(0),
                    maximum: None,
                };
                prlimit(Some(self.pid()), Resource::Fsize, nothing).unwrap();
                // MongoDB aborts at its next write, which is this one, and does not answer it.
                let write = self.root.database("other").collection::<Document>("data");
                let _ = tokio::time::timeout(ANSWER_DEADLINE, write.insert_one(doc! {}).into_future()).await;
            }
            Fault::Delayed => self.link(Link::Delayed(Duration::from_secs(3))),
            Fault::Trickling => self.link(Link::Trickling),
            Fault::Blackholed => self.link(Link::Blackholed),
        }
    }

    pub(crate) async fn recover(&mut self, fault: Fault) {
        match fault {
            Fault::Frozen => self.signal(Signal::CONT),
            // MongoDB's start recreates a missing user.
            Fault::Killed | Fault::Stopped | Fault::UserDropped => {
                self.with_mongodb(|mongodb| mongodb.restart_mongodb().unwrap())
                    .await;
            }
            Fault::RoleRevoked => {
                let command = doc! { "grantRolesToUser": "flask_app", "roles": ["readWrite"] };
                self.flask_db(command).await;
            }
            Fault::WritesLocked => self.admin(doc! { "fsyncUnlock": 1 }).await,
            Fault::DiskReadOnly => {
                let dead = self.mongodb.take();
                blocking(move || drop(dead)).await;
                self.mongodb = Some(start(&self.directory).await);
            }
            Fault::Delayed | Fault::Trickling | Fault::Blackholed => self.link(Link::Open),
        }
    }

    pub(crate) async fn becomes_unready(&self) {
        let start = Instant::now();
        loop {
            let asked = Instant::now();
            let answer = self.app.client.get("/readyz").await;
            assert!(
                asked.elapsed() < NOT_READY_WITHIN,
                "a probe waits: {:?}",
                asked.elapsed()
            );
            if answer.status == 503 {
                break;
            }
            assert!(
                start.elapsed() < NOT_READY_WITHIN,
                "still ready: {:?}",
                start.elapsed()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn becomes_ready(&self) {
        let start = Instant::now();
        while self.app.client.get("/readyz").await.status != 200 {
            assert!(start.elapsed() < READY_WITHIN, "not ready: {:?}", start.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Inserts these documents and lists the collection as often, all at once. Returns the outcomes.
    pub(crate) async fn at_once(&self, numbers: impl Iterator<Item = usize>) -> Outcomes {
        let start = Instant::now();
        let pairs = numbers.map(async |number| {
            let post = async {
                let answer = self.app.client.post(format!(r#"{{"n":{number}}}"#)).await;
                check_refusal(&answer, 201);
                answer.status
            };
            let list = async {
                check_refusal(&self.app.client.get("/data").await, 200);
            };
            let (status, ()) = tokio::join!(post, list);
            (number, status)
        });
        let outcomes = join_all(pairs).await.into_iter().collect();
        assert!(start.elapsed() < ANSWER_DEADLINE, "{:?}", start.elapsed());
        outcomes
    }

    /// Asserts that acknowledged documents are stored once, refused ones never, and unknown ones at most once.
    pub(crate) async fn check_documents(&self, outcomes: &Outcomes) {
        let listed = self.app.client.get("/data").await.json();
        let mut counts = BTreeMap::<usize, usize>::new();
        for document in listed.as_array().unwrap() {
            let number = document["n"].as_u64().unwrap();
            *counts.entry(usize::try_from(number).unwrap()).or_default() += 1;
        }
        for (number, status) in outcomes {
            let count = counts.get(number).copied().unwrap_or(0);
            let right = match status {
                201 => count == 1,
                503 => count == 0,
                _ => count <= 1,
            };
            assert!(
                right,
                "document {number} got {status} and is stored {count} times"
            );
        }
    }

    /// Stores a document without waiting for the journal, which MongoDB writes ten times a second.
    pub(crate) async fn store_carelessly(&self, document: Document) {
        let command =
            doc! { "insert": "data", "documents": [document], "writeConcern": { "w": 1, "j": false } };
        self.flask_db(command).await;
    }

    /// Returns the number of MongoDB's connections, including the test's.
    pub(crate) async fn connections(&self) -> i32 {
        let admin = self.root.database("admin");
        let status = admin.run_command(doc! { "serverStatus": 1 }).await.unwrap();
        status
            .get_document("connections")
            .unwrap()
            .get_i32("current")
            .unwrap()
    }

    pub(crate) fn link(&self, link: Link) {
        self.proxy.link.send_replace(link);
    }

    fn pid(&self) -> Pid {
        let pid = self.mongodb.as_ref().unwrap().mongodb_pid();
        Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    async fn flask_db(&self, command: Document) {
        self.root.database("flask_db").run_command(command).await.unwrap();
    }

    async fn admin(&self, command: Document) {
        self.root.database("admin").run_command(command).await.unwrap();
    }

    async fn with_mongodb(&mut self, act: impl FnOnce(&Sandbox) + Send + 'static) {
        let mongodb = self.mongodb.take().unwrap();
        self.mongodb = Some(with(mongodb, act).await);
    }
}

/// A frozen MongoDB could not be stopped at the end of a failed test.
impl Drop for Harness {
    fn drop(&mut self) {
        if let Some(pid) = self
            .mongodb
            .as_ref()
            .map(Sandbox::mongodb_pid)
            .and_then(|pid| i32::try_from(pid).ok())
            && let Some(pid) = Pid::from_raw(pid)
        {
            // The process may be gone.
            let _ = kill_process(pid, Signal::CONT);
        }
    }
}

/// Starts a MongoDB whose data and port survive its death.
async fn start(directory: &tempfile::TempDir) -> Sandbox {
    let options = Options {
        control_plane: false,
        mongodb: true,
        directory: Some(directory.path().to_owned()),
    };
    blocking(move || Sandbox::start(&options).unwrap_or_else(|error| panic!("{error}"))).await
}

/// Asserts that a response is successful or a proper refusal.
fn check_refusal(answer: &Answer, right: u16) {
    let unknown = answer.status == 500 && answer.body.contains("urn:problem-type:outcome-unknown");
    if answer.status == right || (unknown && right == 201) {
        return;
    }
    answer.problem(503);
    assert!(
        ["1", "5"].contains(&answer.header("retry-after")),
        "{:?}",
        answer.headers
    );
    let kinds = [
        "urn:problem-type:database-unavailable",
        "urn:problem-type:overloaded",
    ];
    assert!(
        kinds.iter().any(|kind| answer.json()["type"] == *kind),
        "{}",
        answer.body
    );
}
