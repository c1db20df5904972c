//! Front matter: the settings at the top of a plan file, between two lines of `---`.
//!
//! Knows which keys there are and what they take; knows nothing of what they do.

use std::ops::Range;
use std::time::Duration;

use swarm_policy::scope::Pattern;

use super::diagnostic::{Problems, did_you_mean, quoted};
use super::task::Isolation;
use super::value::{self, Budget, ValueError};
use super::yaml::{self, Kind, Node};
use crate::nearest::nearest;

/// Most bytes of front matter.
pub(super) const MAX_FRONT_BYTES: usize = 64 * 1024;
/// Most workers at a time.
const MAX_WORKERS: i64 = 1024;
/// Most tries after the first one.
pub(super) const MAX_RETRIES: i64 = 100;
/// Most tasks of one merge candidate.
const MAX_BATCH: i64 = 100;

/// Every key, in the order in which it is documented and written.
pub(super) const KEYS: [&str; 16] = [
    "into",
    "base",
    "gates",
    "setup",
    "max-workers",
    "merge-batch",
    "budget",
    "timeout",
    "retries",
    "model",
    "agent",
    "permissions",
    "isolation",
    "env",
    "copy",
    "link",
];

/// Settings of a plan. What is `None` or empty was not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// The branch that `swarm merge` lands on.
    pub into: Option<String>,
    /// The branch or commit that the run starts from.
    pub base: Option<String>,
    /// Commands that judge every branch and every merged tree.
    pub gates: Vec<String>,
    /// Commands that prepare a new worktree.
    pub setup: Vec<String>,
    /// Most workers at a time, at least 1.
    pub max_workers: Option<u32>,
    /// Most tasks that one merge candidate may hold, at least 1.
    pub merge_batch: Option<u32>,
    /// What the run may cost.
    pub budget: Option<Budget>,
    /// How long one try of a task may take, where the task does not say.
    pub timeout: Option<Duration>,
    /// How many tries may follow a failed one, where the task does not say.
    pub retries: Option<u32>,
    /// The model of the agents.
    pub model: Option<String>,
    /// The agent of tasks that name none.
    pub agent: Option<String>,
    /// The permission mode of the agents.
    pub permissions: Option<String>,
    /// Where tasks work that do not say.
    pub isolation: Option<Isolation>,
    /// Environment variables of every command, in order.
    pub env: Vec<(String, String)>,
    /// Path patterns of untracked files to copy into a new worktree.
    pub copy: Vec<String>,
    /// Path patterns of untracked files to link into a new worktree.
    pub link: Vec<String>,
}

/// The places of front matter in `text`: what stands between its lines, and where the rest begins.
///
/// `Ok(None)` where the first line is not `---`, `Err` with the place of the first line where there is no last one.
pub(super) fn find(text: &str) -> Result<Option<(Range<usize>, usize)>, Range<usize>> {
    let is_fence = |line: &str, fences: &[&str]| {
        fences.contains(&line.trim_end_matches(['\n', '\r', ' ', '\t']))
    };
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| is_fence(line, &["---"])) else {
        return Ok(None);
    };
    let mut at = first.len();
    for line in lines {
        if is_fence(line, &["---", "..."]) {
            return Ok(Some((first.len()..at, at + line.len())));
        }
        at += line.len();
    }
    Err(0..3)
}

/// Reads the front matter that stands at `range`.
pub(super) fn read(text: &str, range: Range<usize>, problems: &mut Problems) -> FrontMatter {
    let mut front = FrontMatter::default();
    if range.len() > MAX_FRONT_BYTES {
        let message = format!(
            "the front matter has {} bytes, and {MAX_FRONT_BYTES} is the most",
            range.len()
        );
        problems.error(
            "front-matter",
            &(0..3),
            message,
            "is the `---` that ends it missing?",
        );
        return front;
    }
    let pairs = match yaml::read(&text[range.clone()], range.start) {
        Err(error) => {
            problems.error(
                "front-matter",
                &error.span,
                format!("the front matter is no YAML: {}", error.why),
                None,
            );
            return front;
        }
        Ok(None) => return front,
        Ok(Some(Node {
            kind: Kind::Null, ..
        })) => return front,
        Ok(Some(Node {
            kind: Kind::Map(pairs),
            ..
        })) => pairs,
        Ok(Some(node)) => {
            let message = format!(
                "the front matter is {}, not a map of keys and values",
                node.noun()
            );
            problems.error(
                "front-matter",
                &node.span,
                message,
                "write `key: value` lines",
            );
            return front;
        }
    };
    let mut seen: Vec<String> = Vec::new();
    for (key, node) in pairs {
        let Kind::Scalar(name) = key.kind else {
            problems.error(
                "front-matter",
                &key.span,
                format!("{} is no key", key.noun()),
                None,
            );
            continue;
        };
        if seen.contains(&name) {
            let message = format!("the key {} stands here a second time", quoted(&name));
            problems.error("repeated-key", &key.span, message, "write it once");
        } else if let Err((code, span, (message, hint))) = front.set(&name, &key.span, &node) {
            problems.error(code, &span, message, hint);
        }
        seen.push(name);
    }
    front
}

type KeyError = (&'static str, Range<usize>, ValueError);

impl FrontMatter {
    fn set(&mut self, key: &str, place: &Range<usize>, node: &Node) -> Result<(), KeyError> {
        let in_key = |(message, hint): ValueError| {
            (
                "bad-value",
                node.span.clone(),
                (format!("`{key}`: {message}"), hint),
            )
        };
        let number = |range: Range<i64>| -> Result<Option<u32>, KeyError> {
            value::number(scalar(key, node)?, range)
                .map(|number| u32::try_from(number).ok())
                .map_err(in_key)
        };
        match key {
            "into" => self.into = Some(name(key, node)?),
            "base" => self.base = Some(name(key, node)?),
            "gates" => self.gates = strings(key, node)?,
            "setup" => self.setup = strings(key, node)?,
            "max-workers" => self.max_workers = number(1..MAX_WORKERS + 1)?,
            "merge-batch" => self.merge_batch = number(1..MAX_BATCH + 1)?,
            "budget" => self.budget = Some(value::budget(scalar(key, node)?).map_err(in_key)?),
            "timeout" => {
                self.timeout = Some(value::time_limit(scalar(key, node)?).map_err(in_key)?)
            }
            "retries" => self.retries = number(0..MAX_RETRIES + 1)?,
            "model" => self.model = Some(name(key, node)?),
            "agent" => self.agent = Some(name(key, node)?),
            "permissions" => self.permissions = Some(name(key, node)?),
            "isolation" => {
                self.isolation =
                    Some(value::word(scalar(key, node)?, &Isolation::WORDS).map_err(in_key)?)
            }
            "env" => self.env = env(node)?,
            "copy" => self.copy = paths(key, node)?,
            "link" => self.link = paths(key, node)?,
            _ => {
                let hint = did_you_mean(nearest(key, KEYS))
                    .unwrap_or_else(|| format!("the keys are {}", KEYS.join(", ")));
                let message = format!("{} is no key of the front matter", quoted(key));
                return Err(("unknown-key", place.clone(), (message, Some(hint))));
            }
        }
        Ok(())
    }
}

fn wrong_type(key: &str, node: &Node, wanted: &str) -> KeyError {
    let message = format!("`{key}` is {}, and should be {wanted}", node.noun());
    let hint =
        matches!(node.kind, Kind::Null).then(|| "give it a value, or leave it out".to_owned());
    ("wrong-type", node.span.clone(), (message, hint))
}

fn scalar<'n>(key: &str, node: &'n Node) -> Result<&'n str, KeyError> {
    match &node.kind {
        Kind::Scalar(text) => Ok(text),
        _ => Err(wrong_type(key, node, "a single value")),
    }
}

/// One line of text that is not empty.
fn name(key: &str, node: &Node) -> Result<String, KeyError> {
    let text = scalar(key, node)?;
    let wrong = |message: String| ("bad-value", node.span.clone(), (message, None));
    if text.trim().is_empty() {
        return Err(wrong(format!("`{key}` is empty")));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(format!(
            "`{key}` holds a control character: {}",
            quoted(text)
        )));
    }
    Ok(text.to_owned())
}

/// One text, or a list of them; none is empty and none holds a NUL, which no command can.
fn strings(key: &str, node: &Node) -> Result<Vec<String>, KeyError> {
    let nodes = match &node.kind {
        Kind::Scalar(_) => std::slice::from_ref(node),
        Kind::List(nodes) => nodes,
        _ => return Err(wrong_type(key, node, "a text or a list of texts")),
    };
    let one = |node: &Node| match &node.kind {
        Kind::Scalar(text) if text.trim().is_empty() => Err((
            "bad-value",
            node.span.clone(),
            (format!("`{key}` holds an empty text"), None),
        )),
        Kind::Scalar(text) if text.contains('\0') => Err((
            "bad-value",
            node.span.clone(),
            (format!("`{key}` holds a NUL character"), None),
        )),
        Kind::Scalar(text) => Ok(text.clone()),
        _ => Err(wrong_type(key, node, "a list of texts")),
    };
    nodes.iter().map(one).collect()
}

/// Path patterns within the repository.
fn paths(key: &str, node: &Node) -> Result<Vec<String>, KeyError> {
    let paths = strings(key, node)?;
    match paths.iter().find_map(|path| Pattern::parse(path).err()) {
        None => Ok(paths),
        Some(error) => {
            let message = format!(
                "`{key}`: {} is no path pattern: {}",
                quoted(&error.pattern),
                error.why
            );
            let hint = Some("paths are relative to the top of the repository".to_owned());
            Err(("bad-glob", node.span.clone(), (message, hint)))
        }
    }
}

fn env(node: &Node) -> Result<Vec<(String, String)>, KeyError> {
    let Kind::Map(pairs) = &node.kind else {
        return Err(wrong_type("env", node, "a map of names and values"));
    };
    let mut env: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for (key, node) in pairs {
        let wrong = |message: String, hint: &str| {
            (
                "bad-value",
                key.span.clone(),
                (message, Some(hint.to_owned())),
            )
        };
        let name = scalar("env", key)?;
        let text = match &node.kind {
            Kind::Null => "",
            _ => scalar("env", node)?,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.chars().all(plain)
            || name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
        {
            let hint = "use letters, digits and '_', and no digit first";
            return Err(wrong(
                format!("{} is no name of an environment variable", quoted(name)),
                hint,
            ));
        }
        if name.starts_with("SWARM_") {
            let hint = "choose a name that does not start with SWARM_";
            return Err(wrong(
                format!("{} is set by swarm itself", quoted(name)),
                hint,
            ));
        }
        if text.contains('\0') {
            return Err(wrong(
                format!("the value of {} holds a NUL character", quoted(name)),
                "remove it",
            ));
        }
        if env.iter().any(|(other, _)| other == name) {
            return Err(wrong(
                format!("{} stands here a second time", quoted(name)),
                "write it once",
            ));
        }
        env.push((name.to_owned(), text.to_owned()));
    }
    Ok(env)
}
