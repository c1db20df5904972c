//! The display on a terminal: a line for each running task, a bar for the run below them, and the notices above both.
//!
//! Redraws only what the engine hands in; there is no clock and no thread of its own. Knows nothing of how a task runs.

use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use swarm_mailbox::id::TaskId;
use swarm_run::event::Timestamp;

use super::cell::{clean, pad, span};
use super::line::Layout;
use super::notice::Notice;
use super::{Counts, Reporter, RunView, Running};

/// Lines of the screen that are left for notices and the bar.
const SPARE_ROWS: usize = 6;
/// Even the smallest screen shows as many tasks.
const MIN_TASKS: usize = 3;

/// Shows a run on a terminal.
pub struct Progress {
    multi: MultiProgress,
    total: ProgressBar,
    /// One for each task on the screen, from the top.
    tasks: Vec<(TaskId, ProgressBar)>,
    layout: Layout,
    styled: bool,
    rows: Box<dyn Fn() -> usize>,
}

impl Progress {
    /// A display on `target`, whose present height `rows` tells; without styles unless `styled`.
    #[must_use]
    pub fn new(
        target: ProgressDrawTarget,
        layout: Layout,
        styled: bool,
        rows: Box<dyn Fn() -> usize>,
    ) -> Self {
        let multi = MultiProgress::with_draw_target(target);
        let total = multi.add(ProgressBar::new(0));
        total.set_style(bar_style(styled));
        Self {
            multi,
            total,
            tasks: Vec::new(),
            layout,
            styled,
            rows,
        }
    }

    /// Brings the lines on the screen in step with the tasks that run.
    fn show(&mut self, running: &[Running]) {
        let (multi, total) = (&self.multi, &self.total);
        self.tasks.retain(|(task, bar)| {
            let stays = running.iter().any(|one| one.task == *task);
            if !stays {
                bar.finish_and_clear();
                multi.remove(bar);
            }
            stays
        });
        for one in running {
            if !self.tasks.iter().any(|(task, _)| *task == one.task) {
                let bar = multi.insert_before(total, ProgressBar::new_spinner());
                bar.set_style(line_style());
                self.tasks.push((one.task.clone(), bar));
            }
        }
    }

    fn text(&self, styled: String) -> String {
        if self.styled {
            styled
        } else {
            strip_str(&styled).to_string()
        }
    }
}

impl Reporter for Progress {
    fn notice(&mut self, at: Timestamp, notice: &Notice) {
        let lines = self.text(self.layout.lines(at, notice));
        if !lines.is_empty() {
            // A terminal that is gone is no reason to end a run.
            let _ = self.multi.println(lines.trim_end());
        }
    }

    fn refresh(&mut self, view: &RunView) {
        let room = (self.rows)().saturating_sub(SPARE_ROWS).max(MIN_TASKS);
        let shown = &view.running[..view.running.len().min(room)];
        self.show(shown);
        for one in shown {
            if let Some((_, bar)) = self.tasks.iter().find(|(task, _)| *task == one.task) {
                bar.set_message(self.text(task_line(one, view.at, self.layout.column())));
            }
        }
        self.total.set_length(view.counts.total().into());
        self.total.set_position(view.counts.ended().into());
        let hidden = view.running.len() - shown.len();
        self.total
            .set_message(self.text(total_line(view.counts, hidden)));
        self.total.tick();
    }

    fn end(&mut self) {
        for (_, bar) in self.tasks.drain(..) {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }
}

/// `core  working     12s  Compiling tracing v0.1.44`.
fn task_line(one: &Running, now: Timestamp, column: usize) -> String {
    let dim = Style::new().dimmed();
    let elapsed = whole(now.0.saturating_sub(one.since.0));
    let again = if one.attempt.0 > 1 {
        format!("try {}  ", one.attempt)
    } else {
        String::new()
    };
    format!(
        "{}  {}  {elapsed:>6}  {again}{dim}{}{dim:#}",
        pad(one.task.as_str(), column),
        pad(one.phase.word(), 10),
        clean(&one.last_line),
    )
}

/// A span in whole seconds: tenths would only flicker.
fn whole(millis: u64) -> String {
    match millis / 1000 {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => span(seconds * 1000),
    }
}

/// `3 running, 4 waiting, 1 failed`.
fn total_line(counts: Counts, hidden: usize) -> String {
    let red = AnsiColor::Red.on_default();
    let mut parts = Vec::new();
    for (number, word) in [(counts.running, "running"), (counts.waiting, "waiting")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    parts.extend(
        counts
            .unwell()
            .map(|(number, word)| format!("{red}{number} {word}{red:#}")),
    );
    if hidden > 0 {
        parts.push(format!("{hidden} not shown"));
    }
    parts.join(", ")
}

/// The templates are constants and known to be right; were one not, the display would be plain and the run unharmed.
fn bar_style(styled: bool) -> ProgressStyle {
    let template = if styled {
        "{bar:20.green/dim} {pos}/{len}  {wide_msg}"
    } else {
        "{bar:20} {pos}/{len}  {wide_msg}"
    };
    ProgressStyle::with_template(template)
        .map(|style| style.progress_chars("━╸─"))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line_style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests;
