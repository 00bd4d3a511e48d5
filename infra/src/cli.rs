//! The command line: the parser, the global flags, and the flags that several commands share. The flags of a single command
//! stand in its file under `commands`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, PathCompleter, ValueCompleter as _};

use crate::commands::apply::ApplyArgs;
use crate::commands::destroy::DestroyArgs;
use crate::commands::diff::DiffArgs;
use crate::commands::forward::ForwardArgs;
use crate::commands::image::ImageArgs;
use crate::commands::man::ManArgs;
use crate::commands::plan::PlanArgs;
use crate::commands::render::RenderArgs;
use crate::commands::status::StatusArgs;
use crate::commands::validate::ValidateArgs;
use crate::environment;
use engine_core::plan::EffectKind;

/// The default of `--environments`.
const DIRECTORY: &str = "environments";

/// Sets `--environments`.
const DIRECTORY_VARIABLE: &str = "INFRA_ENVIRONMENTS";

const VARIABLES: &str = "\
Variables:
  INFRA_KUBECONFIG, INFRA_ENVIRONMENTS, INFRA_COLOR, INFRA_OUTPUT and
  INFRA_TIMEOUT set the flags of the same names; the command line wins.
  INFRA_TABLE__KEY overrides a key of the environment file, as in
  INFRA_SERVICE__NODE_PORT=30600. No variable gives consent: --yes, --allow,
  --replace, --adopt, --force-conflicts, --purge-data and --confirm are taken
  from the command line alone.";

/// Deploys the data API and its database to Kubernetes
///
/// An environment is one TOML file. `infra` declares its Kubernetes objects, compares them with the cluster, shows what
/// would change, and applies that.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_long_help = VARIABLES
)]
pub struct Cli {
    /// The command and its flags.
    #[command(subcommand)]
    pub command: Command,
    /// The flags of every command.
    #[command(flatten)]
    pub global: Global,
}

impl Cli {
    /// Parses the command line and the variables of its flags.
    ///
    /// # Errors
    /// When they cannot be parsed, and when help or version is asked for.
    pub fn read() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches().map_err(with_variable)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let source = matches.value_source("environments");
        cli.global.is_directory_typed = source == Some(ValueSource::CommandLine);
        Ok(cli)
    }
}

/// The flags of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Kubeconfig to use instead of the environment's
    ///
    /// Wins over `kubeconfig` in the `[cluster]` table. Without either, `KUBECONFIG` or ~/.kube/config is used. Variable:
    /// `INFRA_KUBECONFIG`.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "INFRA_KUBECONFIG",
        hide_env = true
    )]
    pub kubeconfig: Option<PathBuf>,
    /// Directory of environments
    ///
    /// The environment NAME is the file NAME.toml in this directory. Variable: `INFRA_ENVIRONMENTS`.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = DIRECTORY,
        env = DIRECTORY_VARIABLE,
        hide_env = true
    )]
    pub environments: PathBuf,
    /// Whether `--environments` is on the command line.
    #[arg(skip)]
    pub is_directory_typed: bool,
    /// Colours: auto, always or never
    ///
    /// `auto` means on a terminal, unless `NO_COLOR` is set. Variable: `INFRA_COLOR`.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "INFRA_COLOR",
        hide_env = true,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Print only the result
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Verbosity"
    )]
    pub quiet: bool,
    /// Also show unchanged objects, full values and foreign fields
    #[arg(short, long, global = true, help_heading = "Verbosity")]
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

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "the help of a command is the doc comment of its arguments"
)]
pub enum Command {
    Plan(PlanArgs),
    Diff(DiffArgs),
    Apply(ApplyArgs),
    Destroy(DestroyArgs),
    Status(StatusArgs),
    Render(RenderArgs),
    Validate(ValidateArgs),
    Image(ImageArgs),
    Forward(ForwardArgs),
    #[command(hide = true)]
    Man(ManArgs),
}

/// The environment that a command is about.
#[derive(Clone, Debug, Args)]
pub struct EnvironmentArg {
    /// Name of the environment, or path of its file
    #[arg(id = "environment", value_name = "ENVIRONMENT", add = ArgValueCompleter::new(environments))]
    pub name_or_path: String,
}

/// Consents.
#[derive(Clone, Debug, Args)]
pub struct ConsentArgs {
    /// Take over fields that another applier manages
    ///
    /// Without it, the plan is refused if there is such a field. Manual edits are reverted without this flag.
    #[arg(long)]
    pub force_conflicts: bool,
    /// Adopt existing objects that nothing manages
    ///
    /// Without it, the plan is refused if there is such an object. Fields that the configuration does not set stay as they are.
    #[arg(long)]
    pub adopt: bool,
    /// Delete and recreate objects with immutable changes
    ///
    /// The same as --allow replace, which a protected environment needs instead. Claims, volumes, namespaces and custom
    /// resource definitions are never replaced.
    #[arg(long)]
    pub replace: bool,
    /// Allow restart, scale, outage, replace or data-loss
    ///
    /// The plan is refused if a change has an effect that is not allowed, even with --yes. Repeat the flag, or separate effects
    /// with commas. Effects in `allow` of the `[policy]` table never need the flag; by default these are restart, scale and
    /// outage, and on a protected environment only restart and scale. data-loss needs --confirm as well.
    #[arg(
        long,
        value_name = "EFFECT",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(EffectKind::ALL.map(EffectKind::as_str)).try_map(|name| name.parse::<EffectKind>()),
        hide_possible_values = true
    )]
    pub allow: Vec<EffectKind>,
    /// Confirm by name that the database may start empty
    ///
    /// Needed if the claim with the data is gone or would not be mounted. A protected environment also needs --allow data-loss.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// How a command waits until its writes have taken effect.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// Longest time to wait, such as 90s
    ///
    /// Limits the whole run; at most 24h. Variable: `INFRA_TIMEOUT`.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "5m",
        value_parser = duration,
        env = "INFRA_TIMEOUT",
        hide_env = true
    )]
    pub timeout: Duration,
    /// Exit without waiting for readiness or deletion
    #[arg(long)]
    pub no_wait: bool,
}

/// Keeps sums of times far from their limits.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// The format of the result.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// Output format: human or json
    ///
    /// The JSON formats are described in `schemas`. Variable: `INFRA_OUTPUT`.
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "human",
        env = "INFRA_OUTPUT",
        hide_env = true,
        hide_possible_values = true
    )]
    pub output: Output,
}

/// Who reads the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// People.
    Human,
    /// Programs.
    Json,
}

/// Names the variable of a flag that is not on the command line.
fn with_variable(mut error: clap::Error) -> clap::Error {
    if let Some(variable) = variable_behind(&error) {
        let tip = format!("the variable {variable} sets this flag");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn variable_behind(error: &clap::Error) -> Option<String> {
    let flag = error.get(ContextKind::InvalidArg)?.to_string();
    let flag = flag.split(' ').next()?;
    let is_typed = |word: OsString| {
        word.to_str()
            .is_some_and(|word| word.split('=').next() == Some(flag))
    };
    let command = Cli::command();
    let mut arguments = command
        .get_arguments()
        .chain(command.get_subcommands().flat_map(clap::Command::get_arguments));
    let argument = arguments.find(|argument| argument.get_long() == flag.strip_prefix("--"))?;
    let variable = argument.get_env()?;
    let is_set = std::env::var_os(variable).is_some() && !std::env::args_os().any(is_typed);
    is_set.then(|| variable.to_string_lossy().into_owned())
}

/// Completes the name of an environment, or the path of its file.
#[must_use]
pub fn environments(typed: &OsStr) -> Vec<CompletionCandidate> {
    let text = typed.to_string_lossy();
    if text.contains('/') {
        let is_offered = |path: &Path| path.is_dir() || path.extension() == Some(OsStr::new("toml"));
        return PathCompleter::any().filter(is_offered).complete(typed);
    }
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").collect();
    let names = environment::names(&directory_on(&words)).unwrap_or_default();
    let fitting = names.iter().filter(|name| name.as_str().starts_with(&*text));
    fitting
        .map(|name| CompletionCandidate::new(name.as_str()))
        .collect()
}

/// The directory of environments that a line to complete names: flags are not parsed by then.
fn directory_on(words: &[OsString]) -> PathBuf {
    const FLAG: &str = "--environments";
    let typed = words.iter().enumerate().rev().find_map(|(place, word)| {
        let word = word.to_str()?;
        if word == FLAG {
            return words.get(place + 1).map(OsString::as_os_str);
        }
        word.strip_prefix(FLAG)?.strip_prefix('=').map(OsStr::new)
    });
    let Some(typed) = typed.map(Path::new) else {
        return std::env::var_os(DIRECTORY_VARIABLE).map_or_else(|| DIRECTORY.into(), PathBuf::from);
    };
    // The shell has not expanded the line yet.
    match (typed.strip_prefix("~"), std::env::home_dir()) {
        (Ok(below), Some(home)) => home.join(below),
        _ => typed.to_owned(),
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
