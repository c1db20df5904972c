//! A program on a real terminal: what a person would see, and the keys that a person would press.
//!
//! The terminal is a PTY of the system, the picture on it is kept by a terminal emulator. Knows nothing of the program.

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

use crate::wait_until;

/// How long the screen may take to show something.
const DEADLINE: Duration = Duration::from_secs(120);

/// A program with a terminal of its own. Dropping it closes the terminal.
pub struct Screen {
    child: Box<dyn Child + Send + Sync>,
    /// The terminal's ends in this process, until it is hung up.
    ends: Option<Ends>,
    picture: Arc<Mutex<Picture>>,
}

/// What keeps a terminal open besides the thread that reads it.
struct Ends {
    keys: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
}

/// What the program wrote to its terminal.
struct Picture {
    parser: Parser,
    /// Every byte, for what has been drawn over since.
    transcript: Vec<u8>,
    /// Nobody looks any more: the thread that reads is to let go of the terminal.
    abandoned: bool,
    closed: bool,
}

impl Screen {
    /// Starts `command` (its words, its variables and its directory) on a terminal.
    pub(crate) fn start(command: &Command, rows: u16, columns: u16) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system().openpty(size).expect("a terminal");
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.cwd(
            command
                .get_current_dir()
                .expect("a command of an environment has a directory"),
        );
        builder.env_clear();
        for (name, value) in command.get_envs() {
            builder.env(name, value.unwrap_or_default());
        }
        let child = pty
            .slave
            .spawn_command(builder)
            .expect("the program starts");
        // Our own end of the slave is closed, so that reading ends when the program does.
        drop(pty.slave);
        let reader = pty
            .master
            .try_clone_reader()
            .expect("the terminal's output");
        let keys = pty.master.take_writer().expect("the terminal's input");
        let side = |cells| NonZero::new(cells).expect("a screen has rows and columns");
        let parser = Parser::new(side(rows), side(columns), 0);
        let picture = Arc::new(Mutex::new(Picture {
            parser,
            transcript: Vec::new(),
            abandoned: false,
            closed: false,
        }));
        watch(reader, Arc::clone(&picture));
        Self {
            child,
            ends: Some(Ends {
                keys,
                _master: pty.master,
            }),
            picture,
        }
    }

    /// What the screen shows now: its rows, without the blanks at their ends and the empty rows below the last word.
    #[must_use]
    pub fn text(&self) -> String {
        rows(&self.lock().parser)
    }

    /// Everything that was ever written to the terminal, control sequences and all.
    #[must_use]
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.lock().transcript).into_owned()
    }

    /// Waits until the screen shows `text`, and returns the whole screen of that moment.
    ///
    /// # Panics
    /// When it does not come in time, or when the program ends without showing it.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        let mut shown = String::new();
        wait_until(DEADLINE, &format!("the screen showed {text:?}"), || {
            let picture = self.lock();
            shown = rows(&picture.parser);
            let found = shown.contains(text);
            assert!(
                found || !picture.closed,
                "the program ended without showing {text:?}; the screen:\n{shown}"
            );
            found
        });
        shown
    }

    /// Presses keys: the text is sent as it is, `"\x03"` is Ctrl-C.
    ///
    /// # Panics
    /// When the terminal is closed.
    pub fn press(&mut self, keys: &str) {
        let ends = self.ends.as_mut().expect("the terminal is open");
        ends.keys
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
        ends.keys.flush().expect("the terminal takes keys");
    }

    /// Closes the terminal, as somebody does who closes its window: the program gets SIGHUP, and can write no more.
    ///
    /// # Panics
    /// When the terminal is closed already.
    pub fn hang_up(&mut self) {
        self.lock().abandoned = true;
        // Its echo wakes the thread that reads, which then lets go of the terminal.
        self.press(" ");
        self.ends = None;
    }

    /// Waits for the program's end and for everything that it wrote, and returns its exit code.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn wait(&mut self) -> u32 {
        let mut status = None;
        wait_until(DEADLINE, "the program on the screen ended", || {
            status = self.child.try_wait().expect("the child's state");
            status.is_some()
        });
        wait_until(
            Duration::from_secs(20),
            "the terminal was closed by everybody",
            || self.lock().closed,
        );
        status.expect("it ended").exit_code()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _gone = self.child.kill();
        }
    }
}

/// The rows on the screen, as they are seen: a long line is cut where the screen ends.
fn rows(parser: &Parser) -> String {
    let screen = parser.screen();
    let (_, columns) = screen.size();
    let rows: Vec<String> = screen
        .rows(0, columns.into())
        .map(|row| row.trim_end().to_owned())
        .collect();
    rows.join("\n").trim_end().to_owned()
}

/// Reads the terminal to its end on a thread of its own.
fn watch(mut reader: Box<dyn Read + Send>, picture: Arc<Mutex<Picture>>) {
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        loop {
            let count = reader.read(&mut chunk).unwrap_or(0);
            let mut picture = picture.lock().unwrap_or_else(PoisonError::into_inner);
            if count == 0 || picture.abandoned {
                // Before anybody hears that it is closed, it is.
                drop(reader);
                picture.closed = true;
                return;
            }
            picture.parser.process(&chunk[..count]);
            picture.transcript.extend_from_slice(&chunk[..count]);
        }
    });
}
