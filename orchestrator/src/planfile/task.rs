//! A task of a plan file, and the words that its fields may hold.
//!
//! Plain values. Knows nothing of Markdown.

use std::time::Duration;

use swarm_mailbox::id::TaskId;
use swarm_policy::scope::Scope;

/// One task, as its author wrote it. What is `None` or empty was not written; defaults are applied later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanTask {
    /// Its name, unique in the plan, also where case makes no difference.
    pub id: TaskId,
    /// What it is, in one line.
    pub title: String,
    /// Whether it was done before the run.
    pub done: bool,
    /// The tasks whose work it builds on, each once.
    pub needs: Vec<TaskId>,
    /// What to execute: a shell command or script.
    pub run: Option<String>,
    /// The paths that it may change. `None` means any path, and that it is kept apart from no other task.
    pub touches: Option<Scope>,
    /// What must hold when it is done, in the order of the file.
    pub accept: Vec<Accept>,
    /// How its worker comes to be.
    pub spawn: Option<SpawnModel>,
    /// Which agent works on it.
    pub agent: Option<String>,
    /// Which role its agent has.
    pub role: Option<String>,
    /// The tools that its agent may use.
    pub tools: Option<Vec<String>>,
    /// How long one try may take.
    pub timeout: Option<Duration>,
    /// How many tries may follow a failed one.
    pub retries: Option<u32>,
    /// Commands that judge its branch instead of the plan's `gates`; empty where it wants none of them.
    pub gates: Option<Vec<String>>,
    /// Higher starts first.
    pub priority: Option<i32>,
    /// Whether it may leave everything as it was.
    pub allow_empty: Option<bool>,
    /// Where it works.
    pub isolation: Option<Isolation>,
    /// The tasks that may run beside it although they touch the same paths.
    pub beside: Vec<TaskId>,
    /// Everything else that stands under its heading. May be empty.
    pub prose: String,
    /// The line of its heading, from 1.
    pub line: usize,
}

impl PlanTask {
    /// A task without any field.
    pub(super) fn new(id: TaskId, title: &str, done: bool) -> Self {
        Self {
            id,
            title: title.to_owned(),
            done,
            needs: Vec::new(),
            run: None,
            touches: None,
            accept: Vec::new(),
            spawn: None,
            agent: None,
            role: None,
            tools: None,
            timeout: None,
            retries: None,
            gates: None,
            priority: None,
            allow_empty: None,
            isolation: None,
            beside: Vec::new(),
            prose: String::new(),
            line: 0,
        }
    }
}

/// A condition of acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// A shell command that must exit with 0.
    Command(String),
    /// Words for a reviewer.
    Prose(String),
}

/// How the worker of a task comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpawnModel {
    /// It inherits its parent's context.
    Fork,
    /// It has a role, and takes one task of its role after the other.
    Teammate,
    /// It has a branch and a worktree of its own.
    Worktree,
}

/// Where a task works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// In a worktree of its own.
    Worktree,
    /// In the user's own working tree; what it changes there is neither committed nor merged.
    None,
}

impl SpawnModel {
    /// Every value with its word.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("fork", Self::Fork),
        ("teammate", Self::Teammate),
        ("worktree", Self::Worktree),
    ];
}

impl Isolation {
    /// Every value with its word.
    pub const WORDS: [(&'static str, Self); 2] =
        [("worktree", Self::Worktree), ("none", Self::None)];
}

/// The word of a value in a table of words.
pub(super) fn word_of<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words
        .iter()
        .find(|(_, other)| *other == value)
        .map_or("", |(word, _)| word)
}
