//! Notices as lines of text: an aligned first column, then what happened. Used for pipes and for `swarm log`; the progress
//! display puts the same lines above its bars.
//!
//! Knows nothing of what a notice says.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use swarm_mailbox::id::TaskId;
use swarm_run::event::Timestamp;

use super::cell::{pad, width};
use super::notice::{Notice, Tone, Weight};
use super::{Reporter, RunView};

/// The first column is never wider; longer task ids are trimmed there.
const MAX_COLUMN: usize = 24;
/// `warning` has to fit.
const MIN_COLUMN: usize = 7;

/// How notices become lines.
#[derive(Debug, Clone)]
pub struct Layout {
    column: usize,
    clock: Clock,
    least: Weight,
}

/// Whether lines begin with the time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// They do not: who looks on knows.
    Hidden,
    /// They do, in local time.
    Shown,
}

impl Layout {
    /// A layout for the notices of a run with these tasks, showing what weighs at least `least`.
    #[must_use]
    pub fn new<'a>(
        tasks: impl IntoIterator<Item = &'a TaskId>,
        clock: Clock,
        least: Weight,
    ) -> Self {
        let widest = tasks
            .into_iter()
            .map(|task| width(task.as_str()))
            .max()
            .unwrap_or(0);
        Self {
            column: widest.clamp(MIN_COLUMN, MAX_COLUMN),
            clock,
            least,
        }
    }

    /// Columns of the first column.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// The lines of a notice, each with its line end, styled; nothing where it does not weigh enough.
    #[must_use]
    pub fn lines(&self, at: Timestamp, notice: &Notice) -> String {
        if notice.weight() < self.least {
            return String::new();
        }
        let dim = Style::new().dimmed();
        let style = style(notice.tone());
        let time = match self.clock {
            Clock::Hidden => String::new(),
            Clock::Shown => format!("{dim}{}{dim:#}  ", local_time(at)),
        };
        let subject = pad(notice.subject(), self.column);
        let mut lines = format!("{time}{style}{subject}{style:#}  {}\n", notice.text());
        if self.least == Weight::Detail {
            for finding in notice.findings() {
                lines.push_str(&format!(
                    "{:1$}    {dim}{finding}{dim:#}\n",
                    "", self.column
                ));
            }
        }
        lines
    }
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Care => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
    }
}

fn local_time(at: Timestamp) -> String {
    let time = super::utc(at).to_zoned(jiff::tz::TimeZone::system());
    time.strftime("%H:%M:%S").to_string()
}

/// Writes notices as plain lines, as they come.
pub struct Lines<W> {
    out: W,
    layout: Layout,
    gone: bool,
}

impl<W: Write> Lines<W> {
    /// Lines in `layout` on `out`, which takes out styles where they are not wanted.
    pub fn new(out: W, layout: Layout) -> Self {
        Self {
            out,
            layout,
            gone: false,
        }
    }
}

impl<W: Write> Reporter for Lines<W> {
    fn notice(&mut self, at: Timestamp, notice: &Notice) {
        if !self.gone {
            let lines = self.layout.lines(at, notice);
            let written = self
                .out
                .write_all(lines.as_bytes())
                .and_then(|()| self.out.flush());
            // A reader that went away does not end the run; nothing more is written for it.
            self.gone = written.is_err();
        }
    }

    fn refresh(&mut self, _view: &RunView) {}

    fn end(&mut self) {}
}

#[cfg(test)]
mod tests;
