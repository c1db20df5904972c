//! `swarm-fake MODE [ARGUMENT...]`: a program with one bad habit a mode, to be run as a task, a setup step or a gate.
//!
//! It does what programs in the wild do to whoever starts them: hang, ignore signals, leave children behind, flood
//! their output, die in the middle of a write. Knows nothing of `swarm` but `SWARM_ATTEMPT`.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process, setsid};

const USAGE: &str = "usage: swarm-fake MODE
  hang                  never end; SIGTERM ends it
  ignore-term           never end, not even on SIGTERM
  double-fork           leave a grandchild in a session of its own, holding stdout, and end at once
  flood BYTES           write that many bytes of lines to stdout
  die-by-signal NUMBER  kill itself with that signal
  die-mid-write FILE    write half of a line to FILE and kill itself with SIGKILL
  edit FILE LINE        append LINE to FILE
  sleep MILLISECONDS    end after that time
  fail-until ATTEMPT    end with 1 while SWARM_ATTEMPT is lower than ATTEMPT";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    act(&words).unwrap_or_else(|error| {
        let _unheard = writeln!(std::io::stderr(), "swarm-fake: {error}");
        ExitCode::from(70)
    })
}

fn act(words: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    match words {
        ["hang"] => hang(),
        ["ignore-term"] => ignore_term(),
        ["double-fork"] => start(&["orphan"]),
        // The middle one of the two forks: it opens the session and leaves the grandchild in it.
        ["orphan"] => {
            setsid()?;
            start(&["hang"])
        }
        ["flood", bytes] => flood(bytes.parse()?),
        ["die-by-signal", number] => die(number.parse()?),
        ["die-mid-write", file] => {
            let mut file = File::create(file)?;
            file.write_all(b"half of a li")?;
            file.sync_all()?;
            die(Signal::KILL.as_raw())
        }
        ["edit", file, line] => {
            writeln!(
                OpenOptions::new().create(true).append(true).open(file)?,
                "{line}"
            )?;
            Ok(ExitCode::SUCCESS)
        }
        ["sleep", milliseconds] => {
            std::thread::sleep(Duration::from_millis(milliseconds.parse()?));
            Ok(ExitCode::SUCCESS)
        }
        ["fail-until", attempt] => fail_until(attempt.parse()?),
        _ => Err(USAGE.into()),
    }
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// An ignored signal stays ignored in whatever a shell turns into.
fn ignore_term() -> Result<ExitCode, Box<dyn Error>> {
    let this = std::env::current_exe()?;
    Err(Command::new("sh")
        .args(["-c", "trap '' TERM; exec \"$0\" hang"])
        .arg(this)
        .exec()
        .into())
}

/// Starts this program again and does not wait for it.
fn start(words: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    Command::new(std::env::current_exe()?).args(words).spawn()?;
    Ok(ExitCode::SUCCESS)
}

fn flood(bytes: u64) -> Result<ExitCode, Box<dyn Error>> {
    let line = [b"0123456789abcde".as_slice(), b"\n"].concat();
    let mut out = std::io::stdout().lock();
    for _ in 0..bytes.div_ceil(line.len() as u64) {
        out.write_all(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn die(number: i32) -> Result<ExitCode, Box<dyn Error>> {
    let signal = Signal::from_named_raw(number).ok_or("no such signal")?;
    // The standard library catches the first SIGSEGV or SIGBUS and takes its handler away.
    kill_process(getpid(), signal)?;
    kill_process(getpid(), signal)?;
    hang()
}

fn fail_until(attempt: u32) -> Result<ExitCode, Box<dyn Error>> {
    let present: u32 = std::env::var("SWARM_ATTEMPT")
        .map_err(|_| "SWARM_ATTEMPT is not set")?
        .parse()?;
    Ok(if present < attempt {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
