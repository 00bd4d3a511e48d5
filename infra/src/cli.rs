//! What can be typed. Parses and nothing else.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use crate::environment;

/// Where environment files are looked for unless `--environments` says otherwise.
const DIRECTORY: &str = "environments";

/// Declares a Kubernetes environment in typed code and reconciles it by diff, plan and apply.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Where to find files and the cluster, and how to print.
    #[command(flatten)]
    pub global: Global,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Kubeconfig to use instead of the environment's
    #[arg(long, global = true, value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,
    /// Directory of the files
    #[arg(long, global = true, value_name = "DIR", default_value = DIRECTORY)]
    pub environments: PathBuf,
    /// Colours: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: Color,
    /// Print the result alone
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print the unchanged, whole values, others' fields
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what an apply would change, and why; changes nothing
    Plan(PlanArgs),
    /// Show the plan as a unified diff of YAML, live to planned
    Diff(DiffArgs),
    /// Plan, ask, write, wait until everything is ready
    Apply(ApplyArgs),
    /// Delete the environment; data is kept
    Destroy(DestroyArgs),
    /// Show what is there, down to the containers, and whether it is ready
    Status(StatusArgs),
    /// Print the manifests as YAML for kubectl; needs no cluster
    Render(RenderArgs),
    /// Check environment files; needs no cluster
    Validate(ValidateArgs),
    /// Print the image of the data API, and build it into minikube
    Image(ImageArgs),
    /// Lead a port of this machine to the data API, by kubectl
    Forward(ForwardArgs),
    /// Write the manual's pages
    #[command(hide = true)]
    Man(ManArgs),
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The directory to write them into; made when it is missing
    pub directory: PathBuf,
}

/// Arguments of `image`.
#[derive(Debug, Args)]
pub struct ImageArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
    /// Build it into minikube, in the profile named as the context, when it is missing there
    #[arg(long)]
    pub build: bool,
}

/// Arguments of `forward`.
#[derive(Debug, Args)]
pub struct ForwardArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 5000)]
    pub port: u16,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
    /// Plan a destroy
    #[arg(long, conflicts_with_all = ["force_conflicts", "adopt", "replace", "confirm"])]
    pub destroy: bool,
    /// Try every object on the server, also unchanged ones
    #[arg(long)]
    pub thorough: bool,
    /// Exit with 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// What is agreed to.
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// For whom to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
    /// Show what a destroy would delete
    #[arg(long, conflicts_with_all = ["force_conflicts", "confirm"])]
    pub destroy: bool,
    /// Exit with 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// What is agreed to.
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// For whom to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// First build an image that minikube lacks
    #[arg(long)]
    pub build: bool,
    /// How to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
    /// What is agreed to.
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// For whom to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
    /// Do not ask for the environment's name
    #[arg(short, long)]
    pub yes: bool,
    /// Delete the data too; needs --confirm
    #[arg(long)]
    pub purge_data: bool,
    /// The environment's name: its data may be lost
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// How to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
    /// For whom to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
    /// For whom to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The environment: the name of its file without `.toml`
    #[arg(add = ArgValueCandidates::new(names))]
    pub environment: String,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Environments to check; all when none is named
    #[arg(value_name = "ENVIRONMENT", add = ArgValueCandidates::new(names))]
    pub environments_to_check: Vec<String>,
}

/// What is agreed to.
#[derive(Clone, Debug, Args)]
pub struct ConsentArgs {
    /// Take over fields that another applier has declared
    #[arg(long)]
    pub force_conflicts: bool,
    /// Make ours what is there and nobody's
    #[arg(long)]
    pub adopt: bool,
    /// Delete and make anew what cannot be changed in place
    #[arg(long)]
    pub replace: bool,
    /// The environment's name: an empty database is fine
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// How to wait.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// How long to wait in all, such as 90s
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,
    /// Do not wait
    #[arg(long)]
    pub no_wait: bool,
}

/// Nobody waits longer; and sums of times stay far from their limits.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// For whom to print.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// Form of the result: human, json
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "human",
        hide_possible_values = true
    )]
    pub output: Output,
}

/// For whom to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// The names with which a shell completes.
fn names() -> Vec<CompletionCandidate> {
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").collect();
    let names = environment::names(&directory_on(&words)).unwrap_or_default();
    names
        .iter()
        .map(|name| CompletionCandidate::new(name.as_str()))
        .collect()
}

/// The directory of environments that a line to complete names: flags are not parsed by then.
fn directory_on(words: &[OsString]) -> PathBuf {
    const FLAG: &str = "--environments";
    let said = words.iter().enumerate().rev().find_map(|(place, word)| {
        let word = word.to_str()?;
        if word == FLAG {
            return words.get(place + 1).map(OsString::as_os_str);
        }
        word.strip_prefix(FLAG)?.strip_prefix('=').map(OsStr::new)
    });
    let said = Path::new(said.unwrap_or(OsStr::new(DIRECTORY)));
    // The line stands here as it was typed, before the shell has read it.
    match (said.strip_prefix("~"), std::env::home_dir()) {
        (Ok(below), Some(home)) => home.join(below),
        _ => said.to_owned(),
    }
}

/// Reads `90s`, `5m`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a number and a unit, such as `90s` or `5m`".to_owned();
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from(span).map_err(|_| wrong())?;
    if duration > LONGEST_WAIT {
        return Err("a time is at most 24h".to_owned());
    }
    Ok(duration)
}
