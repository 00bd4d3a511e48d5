//! Runs the benchmark on a sandbox: checks the plans, measures the programs in turn, and records their cost.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::Options;
use crate::drift::{self, CLASSES, Seeded};
use crate::engine::Engine;
use crate::http::{self, Http, Transport};
use crate::measure::Cost;
use crate::peers::{self, Peers};
use crate::place::{self, Content, Place};
use crate::relay::{self, Counter};
use crate::report::say;
use crate::rows::{Key, Network, Row, Scenario, Who, Work};
use crate::task::{Answer, Program, Task};

/// Time limit for one run of a program.
const DEADLINE: Duration = Duration::from_mins(15);

/// From this number of objects, the writes of peers are measured only once.
pub(crate) const ONCE_FOR_PEERS: usize = 1_000;

/// Above this number of objects, writes are measured once, only on loopback and without peers: they take minutes.
pub(crate) const LARGE: usize = 5_000;

struct Driver<'a, C> {
    options: &'a Options,
    http: Arc<Http<C>>,
    kubeconfig: PathBuf,
    delayed: PathBuf,
    counter: Counter,
    servers: Vec<u32>,
    peers: Peers,
    cluster_id: String,
    directory: TempDir,
    made: usize,
    rows: Vec<Row>,
}

/// Runs the measurements that the options select.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let building = (!options.without_peers).then(peers::begin);
    let sandbox = tokio::task::spawn_blocking(|| {
        Sandbox::start(&sandbox::Options {
            control_plane: true,
            mongodb: false,
            directory: None,
        })
    });
    let sandbox = sandbox.await??;
    let peers = match building {
        // Wait for the compiler before timing anything.
        Some(building) => tokio::task::spawn_blocking(|| building.join())
            .await?
            .unwrap_or_default(),
        None => Peers::default(),
    };
    let directory = TempDir::new()?;
    let kubeconfig = sandbox.kubeconfig().to_owned();
    let http = Arc::new(http::connect(&kubeconfig).await?);
    place::prepare_cluster(&http).await?;
    let mut driver = Driver {
        delayed: relay::delaying(&kubeconfig, directory.path()).await?,
        counter: Counter::start(Arc::clone(&http), directory.path()).await?,
        servers: servers(&sandbox)?,
        cluster_id: Engine::connect(&kubeconfig, say).await?.identity().await?,
        options,
        http,
        kubeconfig,
        peers,
        directory,
        made: 0,
        rows: Vec::new(),
    };
    driver.run().await?;
    Ok(driver.rows)
}

/// The processes of API server and etcd.
fn servers(sandbox: &Sandbox) -> Result<Vec<u32>> {
    let text = std::fs::read(sandbox.directory().join("state.json"))?;
    let state: Value = serde_json::from_slice(&text)?;
    let processes = state["processes"]
        .as_array()
        .context("the sandbox has processes")?;
    Ok(processes
        .iter()
        .filter(|process| {
            ["etcd", "kube-apiserver"]
                .iter()
                .any(|name| process["component"] == *name)
        })
        .filter_map(|process| u32::try_from(process["pid"].as_u64()?).ok())
        .collect())
}

impl<C: Transport> Driver<'_, C> {
    async fn run(&mut self) -> Result<()> {
        for &objects in &self.options.sizes {
            let scenarios = |of: &[Scenario]| -> Vec<Scenario> {
                let chosen = of
                    .iter()
                    .filter(|scenario| self.options.scenarios.contains(scenario));
                chosen.copied().collect()
            };
            let reading = scenarios(&Scenario::READING);
            let writing = scenarios(&[Scenario::FirstApply, Scenario::Destroy]);
            if !reading.is_empty() {
                self.read(objects, &reading).await?;
            }
            if !writing.is_empty() {
                self.write(objects).await?;
            }
        }
        Ok(())
    }

    /// The networks to measure on.
    fn networks(&self) -> Vec<Network> {
        if self.options.without_delay {
            vec![Network::Loopback]
        } else {
            vec![Network::Loopback, Network::Delayed]
        }
    }

    /// Whether peers are measured in this setting.
    fn has_peers(&self, objects: usize, network: Network) -> bool {
        network == Network::Loopback && objects < LARGE && !self.options.without_peers
    }

    fn place(&mut self, objects: usize) -> Result<Place> {
        self.made += 1;
        let name = format!("bench-{}", self.made);
        Place::new(&name, objects, &self.cluster_id, self.directory.path())
    }

    /// Measures the scenarios that need an existing environment.
    async fn read(&mut self, objects: usize, scenarios: &[Scenario]) -> Result<()> {
        say(&format!("{objects} objects: making an environment"));
        let place = self.place(objects)?;
        place.create(&self.http).await?;
        // Wait until the controllers have seen everything.
        self.child(&place, Program::Apply, &self.kubeconfig).await?;
        let kapp = self.kapp_place(objects)?;
        for scenario in scenarios {
            for network in self.networks() {
                self.read_one(&place, kapp.as_ref(), *scenario, network).await?;
            }
        }
        if let (Some(kapp), Some(program)) = (kapp, self.peers.kapp.clone()) {
            self.kapp(&program, &kapp, &["delete"], &[])?;
            kapp.remove(&self.http).await?;
        }
        place.remove(&self.http).await
    }

    /// An environment that kapp created.
    fn kapp_place(&mut self, objects: usize) -> Result<Option<Place>> {
        let Some(program) = self
            .peers
            .kapp
            .clone()
            .filter(|_| self.has_peers(objects, Network::Loopback))
        else {
            return Ok(None);
        };
        let place = self.place(objects)?;
        let file = self.manifests(&place, Content::All)?;
        let run = self.kapp(&program, &place, &["deploy", "-f", &file], &[])?;
        ensure!(run.code == Some(0), "kapp cannot deploy: {}", run.error);
        Ok(Some(place))
    }

    fn manifests(&self, place: &Place, content: Content) -> Result<String> {
        let name = format!("{}-{content:?}.yaml", place.shape.environment);
        let file = self.directory.path().join(name);
        place.manifests(&file, content)?;
        Ok(file.to_string_lossy().into_owned())
    }

    async fn read_one(
        &mut self,
        place: &Place,
        kapp: Option<&Place>,
        scenario: Scenario,
        network: Network,
    ) -> Result<()> {
        let objects = place.shape.objects;
        let (work, program) = match scenario {
            Scenario::OnePercent => (Work::OnePercent, Program::Plan),
            Scenario::Drifted => (Work::Drifted, Program::Plan),
            Scenario::NoopApply => (Work::NoopApply, Program::Apply),
            _ => (Work::NoopPlan, Program::Plan),
        };
        say(&format!(
            "{objects} objects, {}, {}",
            work.words(),
            network.words()
        ));
        let key = |who: Who| Key {
            work,
            objects,
            network,
            who,
        };
        let faults = self.check(place).await?;
        self.row(key(Who::Infra)).faults.extend(faults);
        let mut expected = match scenario {
            Scenario::OnePercent => place.one_percent()?,
            Scenario::Drifted => drift::seed(&self.http, &place.desired, &CLASSES).await?.0,
            _ => Seeded::default(),
        };
        let tried = std::mem::take(&mut expected.tried);
        let floor = if tried.is_empty() {
            Program::BareList
        } else {
            Program::BareListAndDryRun(tried)
        };
        let mut programs = vec![(Who::Floor, floor), (Who::Infra, program)];
        if scenario == Scenario::NoopPlan {
            programs.push((Who::Command, Program::PlanAsCommand));
        }
        let kubeconfig = self.kubeconfig_of(network);
        for run in 0..self.options.runs {
            for (who, program) in &programs {
                let answer = self.timed(place, scenario, program.clone(), &kubeconfig).await?;
                self.judge(key(*who), place, program, &answer, &expected);
                self.add(key(*who), &answer, 0);
            }
            if self.has_peers(objects, network) {
                self.read_peers(place, kapp, scenario, key, run)?;
            }
        }
        if network == Network::Loopback {
            for (who, program) in programs {
                self.counter.take();
                let counted = self.counter.kubeconfig.clone();
                self.timed(place, scenario, program, &counted).await?;
                let requests = self.counter.take();
                self.row(key(who)).requests = Some(requests);
            }
        }
        expected.repair(&self.http).await
    }

    /// Runs a program of the scenario: one percent of the configuration has changed, or none of it.
    async fn timed(
        &self,
        place: &Place,
        scenario: Scenario,
        program: Program,
        kubeconfig: &Path,
    ) -> Result<Answer> {
        if scenario == Scenario::OnePercent {
            self.changed_child(place, program, kubeconfig).await
        } else {
            self.child(place, program, kubeconfig).await
        }
    }

    /// Describes the faults of an engine run.
    fn judge(&mut self, key: Key, place: &Place, program: &Program, answer: &Answer, expected: &Seeded) {
        if !matches!(program, Program::Plan | Program::PlanAsCommand | Program::Apply) {
            return;
        }
        let mut faults = expected.faults(&answer.changes);
        faults.extend(answer.errors.iter().cloned());
        let orphans = expected
            .expected
            .values()
            .filter(|action| *action == "delete")
            .count();
        let unchanged = place.shape.objects + orphans - expected.expected.len();
        if answer.unchanged != unchanged {
            faults.push(format!(
                "{} objects are unchanged, not {unchanged}",
                answer.unchanged
            ));
        }
        self.row(key).faults.extend(faults);
    }

    /// Checks that the plan is exact after drift of every class, then reverts the drift.
    async fn check(&mut self, place: &Place) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let mut classes = CLASSES.to_vec();
        while !classes.is_empty() {
            let (seeded, left) = drift::seed(&self.http, &place.desired, &classes).await?;
            ensure!(left.len() < classes.len(), "there are no objects for {left:?}");
            let answer = self.child(place, Program::Plan, &self.kubeconfig).await?;
            faults.extend(seeded.faults(&answer.changes));
            faults.extend(answer.errors);
            seeded.repair(&self.http).await?;
            classes = left;
        }
        Ok(faults)
    }

    fn read_peers(
        &mut self,
        place: &Place,
        kapp_place: Option<&Place>,
        scenario: Scenario,
        key: impl Fn(Who) -> Key,
        run: usize,
    ) -> Result<()> {
        let content = if scenario == Scenario::OnePercent {
            Content::Changed
        } else {
            Content::All
        };
        if let Some(program) = self.peers.kubectl.clone() {
            let file = self.manifests(place, content)?;
            let verb = if scenario == Scenario::NoopApply {
                "apply"
            } else {
                "diff"
            };
            let arguments = [
                verb,
                "--server-side",
                "--force-conflicts",
                "--field-manager=infra",
                "-f",
                &file,
            ];
            if run == 0 {
                // Fills its discovery cache.
                self.peer(&program, &["api-resources"])?;
            }
            let ended = self.peer(&program, &arguments)?;
            let has_differences = matches!(scenario, Scenario::OnePercent | Scenario::Drifted);
            self.add_peer(key(Who::Kubectl), &ended, i32::from(has_differences));
        }
        // The objects that kapp created have no drift.
        if let (Some(program), Some(place)) = (self.peers.kapp.clone(), kapp_place)
            && scenario != Scenario::Drifted
        {
            let file = self.manifests(place, content)?;
            let flags: &[&str] = if scenario == Scenario::NoopApply {
                &[]
            } else {
                &["--diff-run"]
            };
            let ended = self.kapp(&program, place, &["deploy", "-f", &file], flags)?;
            self.add_peer(key(Who::Kapp), &ended, 0);
        }
        Ok(())
    }

    /// Measures first applies and destroys, each in a new environment.
    async fn write(&mut self, objects: usize) -> Result<()> {
        let (runs, networks) = if objects < LARGE {
            (self.options.runs, self.networks())
        } else {
            (1, vec![Network::Loopback])
        };
        for run in 0..runs {
            for network in &networks {
                say(&format!(
                    "{objects} objects, first apply and destroy, {}, {} of {runs}",
                    network.words(),
                    run + 1
                ));
                let kubeconfig = self.kubeconfig_of(*network);
                let parts = self.write_infra(objects, *network, &kubeconfig).await?;
                for (key, answer, part) in &parts {
                    self.add(*key, answer, *part);
                }
                self.write_floor(objects, *network, &kubeconfig).await?;
                // Peers take minutes for work that takes the engine seconds.
                let has_time = run == 0 || objects < ONCE_FOR_PEERS;
                if has_time && self.has_peers(objects, *network) {
                    self.write_kubectl(objects).await?;
                    self.write_kapp(objects).await?;
                }
            }
        }
        if objects < LARGE {
            let counted = self.counter.kubeconfig.clone();
            self.write_infra(objects, Network::Loopback, &counted).await?;
        }
        Ok(())
    }

    async fn write_infra(
        &mut self,
        objects: usize,
        network: Network,
        kubeconfig: &Path,
    ) -> Result<Vec<(Key, Answer, usize)>> {
        let place = self.place(objects)?;
        let is_counted = *kubeconfig == self.counter.kubeconfig;
        let key = |work: Work| Key {
            work,
            objects,
            network,
            who: Who::Infra,
        };
        self.counter.take();
        let first = self.child(&place, Program::FirstApply, kubeconfig).await?;
        let first_requests = self.counter.take();
        let last = self.child(&place, Program::Destroy, kubeconfig).await?;
        let last_requests = self.counter.take();
        for (work, answer, action) in [
            (Work::FirstApply, &first, "create"),
            (Work::Destroy, &last, "delete"),
        ] {
            let wrong = answer.changes.iter().filter(|(_, said)| said != action);
            let mut faults: Vec<String> = wrong.map(|(id, said)| format!("{said} {id}")).take(3).collect();
            faults.extend(answer.errors.iter().take(3).cloned());
            if answer.done != objects {
                faults.push(format!("{} of {objects} objects are done", answer.done));
            }
            self.row(key(work)).faults.extend(faults);
        }
        place.remove(&self.http).await?;
        if is_counted {
            self.row(key(Work::FirstApply)).requests = Some(first_requests);
            self.row(key(Work::Destroy)).requests = Some(last_requests);
        }
        let plan = (
            key(Work::FirstPlan),
            Answer {
                steps: Vec::new(),
                ..first.clone()
            },
            0,
        );
        Ok(vec![
            plan,
            (key(Work::FirstApply), first, 1),
            (key(Work::Destroy), last, 1),
        ])
    }

    async fn write_floor(&mut self, objects: usize, network: Network, kubeconfig: &Path) -> Result<()> {
        let place = self.place(objects)?;
        for (work, program) in [
            (Work::FirstPlan, Program::BareDryRun),
            (Work::FirstApply, Program::BareCreate),
            (Work::Destroy, Program::BareDelete),
        ] {
            let answer = self.child(&place, program, kubeconfig).await?;
            let key = Key {
                work,
                objects,
                network,
                who: Who::Floor,
            };
            self.add(key, &answer, 0);
            self.row(key).requests = Some(answer.done);
        }
        place.remove(&self.http).await
    }

    async fn write_kubectl(&mut self, objects: usize) -> Result<()> {
        let Some(program) = self.peers.kubectl.clone() else {
            return Ok(());
        };
        let place = self.place(objects)?;
        let key = |work: Work| Key {
            work,
            objects,
            network: Network::Loopback,
            who: Who::Kubectl,
        };
        let file = self.manifests(&place, Content::All)?;
        let ended = self.peer(
            &program,
            &["apply", "--server-side", "--field-manager=infra", "-f", &file],
        )?;
        self.add_peer(key(Work::FirstApply), &ended, 0);
        // It deletes objects one at a time: a thousand took 204 s.
        if objects < ONCE_FOR_PEERS {
            let file = self.manifests(&place, Content::WithoutNamespaces)?;
            let ended = self.peer(&program, &["delete", "-f", &file])?;
            self.add_peer(key(Work::Destroy), &ended, 0);
        }
        place.remove(&self.http).await
    }

    async fn write_kapp(&mut self, objects: usize) -> Result<()> {
        let Some(program) = self.peers.kapp.clone() else {
            return Ok(());
        };
        let place = self.place(objects)?;
        let key = |work: Work| Key {
            work,
            objects,
            network: Network::Loopback,
            who: Who::Kapp,
        };
        let file = self.manifests(&place, Content::All)?;
        let ended = self.kapp(&program, &place, &["deploy", "-f", &file], &[])?;
        self.add_peer(key(Work::FirstApply), &ended, 0);
        let ended = self.kapp(&program, &place, &["delete"], &[])?;
        self.add_peer(key(Work::Destroy), &ended, 0);
        place.remove(&self.http).await
    }

    fn kapp(&self, program: &Path, place: &Place, command: &[&str], flags: &[&str]) -> Result<peers::Run> {
        let application = ["-a", &place.shape.environment, "-n", "default", "--yes"];
        self.peer(program, &[command, &application, flags].concat())
    }

    fn peer(&self, program: &Path, arguments: &[&str]) -> Result<peers::Run> {
        peers::run(
            program,
            arguments,
            &self.kubeconfig,
            self.directory.path(),
            &self.servers,
        )
    }

    fn kubeconfig_of(&self, network: Network) -> PathBuf {
        match network {
            Network::Loopback => self.kubeconfig.clone(),
            Network::Delayed => self.delayed.clone(),
        }
    }

    fn row(&mut self, key: Key) -> &mut Row {
        let position = self.rows.iter().position(|row| row.key == key);
        let position = position.unwrap_or_else(|| {
            self.rows.push(Row::new(key));
            self.rows.len() - 1
        });
        &mut self.rows[position]
    }

    fn add(&mut self, key: Key, answer: &Answer, part: usize) {
        let row = self.row(key);
        row.samples.extend(answer.parts.get(part));
        row.steps.clone_from(&answer.steps);
    }

    fn add_peer(&mut self, key: Key, ended: &peers::Run, code: i32) {
        let row = self.row(key);
        row.samples.push(Cost { ..ended.cost });
        if ended.code != Some(code) {
            row.faults
                .push(format!("ended with {:?}: {}", ended.code, ended.error));
        }
    }

    async fn child(&self, place: &Place, program: Program, kubeconfig: &Path) -> Result<Answer> {
        self.start(place, program, kubeconfig, false).await
    }

    async fn changed_child(&self, place: &Place, program: Program, kubeconfig: &Path) -> Result<Answer> {
        self.start(place, program, kubeconfig, true).await
    }

    async fn start(
        &self,
        place: &Place,
        program: Program,
        kubeconfig: &Path,
        is_changed: bool,
    ) -> Result<Answer> {
        let task = Task {
            program,
            kubeconfig: kubeconfig.to_owned(),
            record: place.record.clone(),
            environment: place.shape.environment.clone(),
            objects: place.shape.objects,
            is_changed,
            servers: self.servers.clone(),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("child")
            .arg(serde_json::to_string(&task)?)
            .kill_on_drop(true);
        let output = tokio::time::timeout(DEADLINE, command.output()).await??;
        let words = String::from_utf8_lossy(&output.stderr);
        if !words.is_empty() {
            say(words.trim_end());
        }
        ensure!(
            output.status.success(),
            "{:?} of {} failed",
            task.program,
            task.environment
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
