//! The command line as it is typed: argument structs and their help, and nothing that is done with them.
//!
//! The doc comments are the help texts. Defaults that a plan or a settings file can give are absent here, so that a flag
//! which was not typed can be told from one that was.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueHint};
use swarm_mailbox::id::TaskId;

use crate::duration;
use crate::planfile::Budget;
use crate::settings::ColorChoice;

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Work as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,

    /// Print JSON on standard output and nothing else
    #[arg(long, global = true)]
    pub json: bool,

    /// Print only what went wrong and how it ended
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print every step; twice for what swarm does inside
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// When to use colours: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", value_parser = PossibleValuesParser::new(ColorChoice::NAMES), hide_possible_values = true)]
    pub color: Option<String>,
}

/// Run a plan
///
/// Works on the tasks of PLAN, each in a git worktree of its own and as many at once as the plan allows, checks their
/// results with the plan's gates, and merges what passes into the branch `swarm/RUN`. Your branches and your working tree
/// stay as they are until you say `swarm merge`.
///
/// Ctrl-C stops the run so that `swarm resume` can go on with it; a second Ctrl-C kills what still runs.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  swarm run plan.md                        run it
  swarm run plan.md --dry-run              show what would be done, and check the environment
  swarm run plan.md --max-workers 4 --fail-fast
  swarm run plan.md --into main --land     land the result on main when every task is merged
  swarm run plan.md --json | jq .type      follow it from a program (docs/json.md)")]
pub struct RunArgs {
    /// The plan file
    #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
    pub plan: PathBuf,

    /// Show what would be done and check the environment; change nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,

    /// Tasks that may run at once
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub max_workers: Option<u32>,

    /// After a failed task, go on with everything that does not need it (the default)
    #[arg(long, overrides_with = "fail_fast")]
    pub keep_going: bool,

    /// After a failed task, cancel everything else
    #[arg(long, overrides_with = "keep_going")]
    pub fail_fast: bool,

    /// The branch to land on; the checked out one if not given
    #[arg(long, value_name = "BRANCH")]
    pub into: Option<String>,

    /// The commit to start from; HEAD if not given
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,

    /// Tries that may follow a failed one, for tasks that do not say themselves
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub retries: Option<u32>,

    /// Time limit of the whole run, such as 90m or 2h30m
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub timeout: Option<Duration>,

    /// What the run may spend at most, such as $5 or '2M tokens'
    #[arg(long, value_name = "BUDGET")]
    pub budget: Option<Budget>,

    /// Land the result on the branch as `swarm merge` does, once every task is merged
    #[arg(long)]
    pub land: bool,

    /// How long running tasks may go on after a first Ctrl-C
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub grace: Option<Duration>,
}

/// Show a plan's order, its parallel steps and what keeps tasks apart
///
/// Reads PLAN, reports every mistake in it at once, and shows in which order its tasks can run, how many at a time, which
/// chain of tasks is the longest, and which tasks wait for each other only because they touch the same files.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  swarm plan plan.md
  swarm plan plan.md --dot | dot -Tsvg > plan.svg
  swarm plan plan.md --json | jq '.levels | length'")]
pub struct PlanArgs {
    /// The plan file
    #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
    pub plan: PathBuf,

    /// Print the graph for Graphviz
    #[arg(long, conflicts_with_all = ["mermaid", "json"])]
    pub dot: bool,

    /// Print the graph for Mermaid, as Markdown pages show it
    #[arg(long, conflicts_with = "json")]
    pub mermaid: bool,
}

/// List what runs now
#[derive(Debug, Clone, Args)]
pub struct PsArgs {}

/// Show the state of every task of a run
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The run, or how its id begins; the newest if not given
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Show what a task's commands printed
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  swarm logs core                the newest try of the task `core`
  swarm logs -f core             and follow it until it ends
  swarm logs core --gates        what its gates printed")]
pub struct LogsArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: TaskId,

    /// Go on printing until the task's try ends
    #[arg(long, short)]
    pub follow: bool,

    /// Which try, from 1; the newest if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub attempt: Option<u32>,

    /// What the gates printed, instead of the task's own commands
    #[arg(long)]
    pub gates: bool,

    /// The run, or how its id begins; the newest if not given
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// Show what a task changed
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: TaskId,

    /// Only the files and how many lines changed in each
    #[arg(long)]
    pub stat: bool,

    /// The run, or how its id begins; the newest if not given
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// Tell the story of a run
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// The run, or how its id begins; the newest if not given
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Land the work of a run on your branch
///
/// Brings the integration branch of a run, or the work of single tasks and of what they need, onto your branch: by
/// fast-forward where that is possible. Refuses, and names the files, where uncommitted changes of yours are in the way.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  swarm merge                    land the newest run on the branch it was started for
  swarm merge deps core          only these tasks and what they need
  swarm merge --squash           as one commit")]
pub struct MergeArgs {
    /// Tasks to land; all that are merged if none is given
    #[arg(value_name = "TASK")]
    pub tasks: Vec<TaskId>,

    /// The branch to land on; the run's if not given
    #[arg(long, value_name = "BRANCH")]
    pub into: Option<String>,

    /// Land everything as one new commit
    #[arg(long, conflicts_with = "no_ff")]
    pub squash: bool,

    /// Make a merge commit even where a fast-forward is possible
    #[arg(long)]
    pub no_ff: bool,

    /// The run, or how its id begins; the newest if not given
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// Go on with a run that was stopped or crashed
///
/// Workers that are still alive are taken over, and results that they left count; what died starts over. Nothing that took
/// place is done twice.
#[derive(Debug, Clone, Args)]
pub struct ResumeArgs {
    /// The run, or how its id begins; the newest that can be resumed if not given
    #[arg(value_name = "RUN")]
    pub run: Option<String>,

    /// How long running tasks may go on after a first Ctrl-C
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub grace: Option<Duration>,
}

/// Stop a run
///
/// Starts nothing new, waits until running tasks end or the grace period is over, and keeps everything for `swarm resume`.
#[derive(Debug, Clone, Args)]
pub struct StopArgs {
    /// The run, or how its id begins; the one that runs if not given
    #[arg(value_name = "RUN")]
    pub run: Option<String>,

    /// End it for good: what is not merged is cancelled
    #[arg(long)]
    pub cancel: bool,

    /// How long running tasks may go on
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub grace: Option<Duration>,
}

/// Start nothing new in a run; what runs goes on
#[derive(Debug, Clone, Args)]
pub struct PauseArgs {
    /// The run, or how its id begins; the one that runs if not given
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Take back a pause
#[derive(Debug, Clone, Args)]
pub struct UnpauseArgs {
    /// The run, or how its id begins; the one that runs if not given
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// End one task for good
#[derive(Debug, Clone, Args)]
pub struct CancelArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: TaskId,

    /// The run, or how its id begins; the newest if not given
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// Give a failed, blocked or cancelled task another set of tries
#[derive(Debug, Clone, Args)]
pub struct RetryArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: TaskId,

    /// The run, or how its id begins; the newest if not given
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// List the runs of this repository
#[derive(Debug, Clone, Args)]
pub struct RunsArgs {}

/// Remove what is left of ended runs
///
/// Removes worktrees and branches whose work is provably in an integration branch, and what runs left that nobody drives
/// any more. Work that is nowhere else stays, or is kept under `refs/swarm/backup/` first.
#[derive(Debug, Clone, Args)]
pub struct GcArgs {
    /// List what would be removed; remove nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

/// Check the environment and say how to mend it
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {}

/// Write a starter plan and a settings file to begin with
///
/// Writes `plan.md` and `.swarm/config.toml`, both with comments. A file that is there already stays as it is.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {}

/// Print the completions of a shell
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  swarm completions bash > ~/.local/share/bash-completion/completions/swarm
  swarm completions zsh > ~/.zfunc/_swarm
  swarm completions fish > ~/.config/fish/completions/swarm.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Print the manual page, or write one page for each command
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// Write the pages of swarm and of each command into DIR
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
}

/// Be the worker of one job; swarm starts itself so
#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {
    /// The file that says everything about the job
    #[arg(value_name = "SPEC", value_hint = ValueHint::FilePath)]
    pub spec: PathBuf,
}

/// Show and change settings
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  swarm config list                          every setting, and where its value comes from
  swarm config set max-workers 4             in your own file
  swarm config set --project gate.stubs off  in the file of this repository")]
pub struct ConfigArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What to do with settings.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigAction {
    /// List every setting with its value and where that comes from
    List,
    /// Print the value of one setting
    Get {
        /// The setting, such as max-workers
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Set one setting in a file; comments and order stay
    Set {
        /// The setting, such as max-workers
        #[arg(value_name = "KEY")]
        key: String,
        /// Its value
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
        /// In this repository's file instead of yours
        #[arg(long)]
        project: bool,
    },
    /// Remove one setting from a file, so that the default or another file counts
    Unset {
        /// The setting, such as max-workers
        #[arg(value_name = "KEY")]
        key: String,
        /// From this repository's file instead of yours
        #[arg(long)]
        project: bool,
    },
    /// Print where the settings files are
    Path,
    /// Print the reference of all settings as Markdown
    Reference,
}
