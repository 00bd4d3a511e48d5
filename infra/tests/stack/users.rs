//! The init script of the database, run with a real mongod and a real mongosh over real data directories.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use sandbox::{Options, Sandbox};
use tempfile::TempDir;

/// The shell that the database's image brings; installed once into the user's cache.
const MONGOSH: &str = "mongosh@2.12.0";

/// Time limit of the script, on a busy machine.
const DEADLINE: Duration = Duration::from_mins(2);

/// A step of a first start, and the sign that the script has reached it.
type Step = (&'static str, fn(&Pod) -> bool);

/// The steps at which a first start is killed.
const STEPS: [Step; 6] = [
    ("mongod has begun to write", |pod| pod.has_files("data")),
    ("mongod has a process of its own", |pod| {
        pod.path("temporary/users.pid").exists()
    }),
    ("mongod answers", |pod| pod.is_served()),
    ("root is made", |pod| {
        pod.has_printed("user root of admin: created")
    }),
    ("the application's user is made", |pod| {
        pod.has_printed("user api of flask_db: created")
    }),
    ("mongod ends", |pod| {
        pod.read("temporary/users.log").contains("Received signal")
    }),
];

/// Logs in as each user with each password and prints the permissions.
const QUESTIONS: &str = r#"
    function may(user, generation, password, database) {
        const uri = `mongodb://${user}:${password}@127.0.0.1:${process.env.PORT}/${database}?serverSelectionTimeoutMS=60000`;
        let db;
        try { db = connect(uri); } catch (error) { return []; }
        const writes = (name) => {
            try { db.getSiblingDB(name).probe.insertOne({}); return true; } catch (error) { return false; }
        };
        const may = ["flask_db", "another"].filter(writes);
        return [`${user} ${generation}: ${may.length === 2 ? "all" : may.join(",")}`];
    }
    print(["first", "second"].flatMap((generation) => [
        ...may("root", generation, `${generation}-root`, "admin"),
        ...may("api", generation, `${generation}-application`, "flask_db"),
    ]).join(", "));
"#;

/// A pod's volumes, and the programs that its image brings.
struct Pod {
    directory: TempDir,
    port: u16,
}

/// The directories of the real programs, in the order of PATH.
fn programs() -> &'static str {
    static PROGRAMS: OnceLock<String> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let path = std::env::var("PATH").unwrap_or_default();
        format!("{}:{}:{path}", mongosh().display(), mongod().display())
    })
}

/// The directory of the sandbox's `mongod`: the sandbox finds or fetches it.
fn mongod() -> PathBuf {
    let sandbox = Sandbox::start(&Options {
        control_plane: false,
        mongodb: true,
        directory: None,
    })
    .expect("the sandbox starts");
    let program = format!("/proc/{}/exe", sandbox.mongodb_pid());
    let program = fs::read_link(program).expect("a running process has a program");
    program
        .parent()
        .expect("a program stands in a directory")
        .to_owned()
}

/// The directory of `mongosh`, installed with npm if missing.
fn mongosh() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").expect("a home directory")).join(".cache"),
        PathBuf::from,
    );
    let directory = cache.join("infra-sandbox").join(MONGOSH.replace('@', "-"));
    let programs = directory.join("node_modules/.bin");
    if programs.join("mongosh").exists() {
        return programs;
    }
    let parent = directory.parent().expect("it stands in the cache");
    fs::create_dir_all(parent).expect("the cache can be written");
    // Installed elsewhere and moved in one step, so an existing directory is complete.
    let unfinished = tempfile::tempdir_in(parent).expect("the cache can be written");
    let output = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(unfinished.path())
        .arg(MONGOSH)
        .output()
        .expect("`npm` is needed to install mongosh");
    assert!(
        output.status.success(),
        "npm cannot install {MONGOSH}: {}",
        text(&output.stderr)
    );
    // Another test process may have won the race; its result is equally good.
    let _faster = fs::rename(unfinished.keep(), &directory);
    programs
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A free port below the ephemeral range, which starts above 32,767.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 9_000).unwrap();
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Pod {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        for inside in ["data", "temporary", "secrets"] {
            fs::create_dir(directory.path().join(inside)).unwrap();
        }
        let pod = Self {
            port: free_port(),
            directory,
        };
        pod.set_passwords("first-root", "first-application");
        pod
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.directory.path().join(inside)
    }

    fn set_passwords(&self, root: &str, application: &str) {
        fs::write(self.path("secrets/root-password"), root).unwrap();
        fs::write(self.path("secrets/application-password"), application).unwrap();
    }

    /// Starts the script as the init container does, in a new process group, so that killing the group ends all of it.
    fn start(&self) -> Child {
        let printed = fs::File::create(self.path("printed")).unwrap();
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/src/resources/mongodb");
        Command::new("bash")
            .arg(format!("{scripts}/users.sh"))
            .env_clear()
            .env("PATH", programs())
            .env("DATA_DIRECTORY", self.path("data"))
            .env("TEMPORARY_DIRECTORY", self.path("temporary"))
            .env("SECRETS_DIRECTORY", self.path("secrets"))
            .env("PORT", self.port.to_string())
            .stdin(Stdio::null())
            .stdout(printed.try_clone().unwrap())
            .stderr(printed)
            .process_group(0)
            .spawn()
            .unwrap()
    }

    /// Runs the script to its end.
    #[track_caller]
    fn make_users(&self) -> String {
        let status = self.start().wait().unwrap();
        let printed = self.read("printed");
        assert!(status.success(), "{printed}");
        printed
    }

    /// Starts the script and kills all of it at a step, as a node failure would.
    fn make_users_until(&self, step: &str, is_reached: fn(&Self) -> bool) {
        let mut script = self.start();
        let begin = Instant::now();
        while !is_reached(self) {
            assert!(begin.elapsed() < DEADLINE, "{step}: {}", self.read("printed"));
            std::thread::sleep(Duration::from_millis(2));
        }
        let _gone = kill_process_group(Pid::from_child(&script), Signal::KILL);
        script.wait().unwrap();
        // mongod left the group when it forked, and may be forking still.
        loop {
            let servers = self.servers();
            if servers.is_empty() {
                break;
            }
            for server in servers {
                let _gone = kill_process(server, Signal::KILL);
            }
        }
        // Each start of a pod has an empty directory here.
        fs::remove_dir_all(self.path("temporary")).unwrap();
        fs::create_dir(self.path("temporary")).unwrap();
    }

    /// The processes that this test's directory is given to as data.
    fn servers(&self) -> Vec<Pid> {
        let data = self.path("data").display().to_string();
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes
            .filter(|process| {
                let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
                text(&arguments).contains(&data)
            })
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .filter_map(Pid::from_raw)
            .collect()
    }

    fn read(&self, inside: &str) -> String {
        fs::read(self.path(inside)).map_or_else(|_| String::new(), |bytes| text(&bytes))
    }

    fn has_printed(&self, line: &str) -> bool {
        self.read("printed").contains(line)
    }

    fn has_files(&self, inside: &str) -> bool {
        fs::read_dir(self.path(inside)).unwrap().next().is_some()
    }

    fn is_served(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    /// Runs the database as the pod does and returns the permissions of each user.
    fn may(&self) -> String {
        let mut server = Command::new("mongod")
            .env("PATH", programs())
            .args(["--auth", "--bind_ip", "127.0.0.1", "--nounixsocket"])
            .args([
                "--wiredTigerCacheSizeGB",
                "0.25",
                "--port",
                &self.port.to_string(),
            ])
            .arg("--dbpath")
            .arg(self.path("data"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let output = Command::new("mongosh")
            .env("PATH", programs())
            .env("HOME", self.path("temporary"))
            .env("PORT", self.port.to_string())
            .args(["--quiet", "--norc", "--nodb", "--eval", QUESTIONS])
            .output()
            .unwrap();
        kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
        server.wait().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }
}

#[test]
fn an_empty_volume_gets_its_users() {
    let pod = Pod::new();
    assert_eq!(
        pod.make_users(),
        "user root of admin: created\nuser api of flask_db: created\n"
    );
    assert_eq!(pod.may(), "root first: all, api first: flask_db");
}

#[test]
fn a_first_start_that_was_killed_at_any_step_is_repaired_by_the_next() {
    let check = |(step, is_reached): Step| {
        let pod = Pod::new();
        pod.make_users_until(step, is_reached);
        pod.make_users();
        assert_eq!(
            pod.may(),
            "root first: all, api first: flask_db",
            "killed when {step}"
        );
    };
    // Each step has its own directory and port, and mostly waits for mongosh.
    std::thread::scope(|scope| {
        for step in STEPS {
            scope.spawn(move || check(step));
        }
    });
}

#[test]
fn other_passwords_take_the_place_of_the_first() {
    let pod = Pod::new();
    pod.make_users();
    pod.set_passwords("second-root", "second-application");
    assert_eq!(
        pod.make_users(),
        "user root of admin: up to date\nuser api of flask_db: up to date\n"
    );
    assert_eq!(pod.may(), "root second: all, api second: flask_db");
}
