//! What is on the screen, read back from a terminal emulator.

use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use indicatif::TermLike;
use swarm_mailbox::id::AttemptNo;

use super::*;
use crate::report::Phase;
use crate::report::line::Clock;
use crate::report::notice::Weight;

const COLUMNS: u16 = 60;

/// A terminal that can be looked at.
#[derive(Clone)]
struct Screen {
    emulator: Arc<Mutex<vt100::Parser>>,
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Screen")
    }
}

impl Screen {
    fn new() -> Self {
        let (rows, columns) = (NonZero::new(12).unwrap(), NonZero::new(COLUMNS).unwrap());
        Self {
            emulator: Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0))),
        }
    }

    fn send(&self, bytes: &str) -> io::Result<()> {
        self.emulator.lock().unwrap().process(bytes.as_bytes());
        Ok(())
    }

    fn contents(&self) -> String {
        let emulator = self.emulator.lock().unwrap();
        let rows: Vec<String> = emulator
            .screen()
            .rows(0, COLUMNS)
            .map(|row| row.trim_end().to_owned())
            .collect();
        rows.join("\n").trim_end().to_owned()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        COLUMNS
    }
    fn height(&self) -> u16 {
        12
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        if n == 0 {
            Ok(())
        } else {
            self.send(&format!("\u{1b}[{n}A"))
        }
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        if n == 0 {
            Ok(())
        } else {
            self.send(&format!("\u{1b}[{n}B"))
        }
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        if n == 0 {
            Ok(())
        } else {
            self.send(&format!("\u{1b}[{n}C"))
        }
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        if n == 0 {
            Ok(())
        } else {
            self.send(&format!("\u{1b}[{n}D"))
        }
    }
    fn write_line(&self, s: &str) -> io::Result<()> {
        self.send(&format!("{s}\r\n"))
    }
    fn write_str(&self, s: &str) -> io::Result<()> {
        self.send(s)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.send("\r\u{1b}[2K")
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

fn task(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

fn running(name: &str, phase: Phase, line: &str) -> Running {
    Running {
        task: task(name),
        attempt: AttemptNo(if name == "api" { 2 } else { 1 }),
        phase,
        since: Timestamp(1000),
        last_line: line.into(),
    }
}

fn view(counts: Counts, running: Vec<Running>) -> RunView {
    RunView {
        at: Timestamp(13_700),
        counts,
        running,
    }
}

fn display(screen: &Screen, rows: usize, styled: bool) -> Progress {
    let tasks = [task("core"), task("api"), task("docs")];
    let layout = Layout::new(&tasks, Clock::Hidden, Weight::Normal);
    // No limit of redraws: the last state is what the test reads.
    let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
    Progress::new(target, layout, styled, Box::new(move || rows))
}

#[test]
fn running_tasks_stand_above_the_bar_and_notices_above_them() {
    let screen = Screen::new();
    let mut progress = display(&screen, 24, false);
    let counts = Counts {
        merged: 1,
        running: 2,
        waiting: 1,
        failed: 1,
        ..Counts::default()
    };
    let long =
        "\u{1b}[32mCompiling\u{1b}[0m a-crate-with-a-long-name v0.1.0 (/somewhere/far/away)\r";
    progress.refresh(&view(
        counts,
        vec![
            running("core", Phase::Working, long),
            running("api", Phase::Gates, ""),
        ],
    ));
    progress.notice(Timestamp(0), &Notice::Unchanged { task: task("docs") });
    insta::assert_snapshot!(screen.contents(), @r"
    docs     done, nothing to merge
    core     working        12s  Compiling a-crate-with-a-long-n
    api      gates          12s  try 2
    ━━━━━━━━╸─────────── 2/5  2 running, 1 waiting, 1 failed
    ");
}

#[test]
fn a_task_that_ends_leaves_the_screen() {
    let screen = Screen::new();
    let mut progress = display(&screen, 24, true);
    let both = vec![
        running("core", Phase::Working, "a"),
        running("api", Phase::Working, "b"),
    ];
    progress.refresh(&view(
        Counts {
            running: 2,
            ..Counts::default()
        },
        both,
    ));
    let one = vec![running("api", Phase::Merging, "b")];
    progress.refresh(&view(
        Counts {
            merged: 1,
            running: 1,
            ..Counts::default()
        },
        one,
    ));
    let contents = screen.contents();
    assert!(
        !contents.contains("core") && contents.contains("merging"),
        "{contents}"
    );
    progress.end();
    assert_eq!(screen.contents(), "");
}

#[test]
fn a_small_screen_shows_some_and_counts_the_rest() {
    let screen = Screen::new();
    let mut progress = display(&screen, 4, false);
    let many: Vec<Running> = (0..40)
        .map(|n| running(&format!("t{n}"), Phase::Working, ""))
        .collect();
    progress.refresh(&view(
        Counts {
            running: 40,
            ..Counts::default()
        },
        many,
    ));
    let contents = screen.contents();
    assert_eq!(contents.lines().count(), MIN_TASKS + 1, "{contents}");
    assert!(contents.contains("37 not shown"), "{contents}");
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let one = running("core", Phase::Working, "x");
    let styled = task_line(&one, Timestamp(61_000), 7);
    assert!(styled.contains('\u{1b}'));
    let screen = Screen::new();
    assert_eq!(
        display(&screen, 24, false).text(styled),
        "core     working      1m00s  x"
    );
}
