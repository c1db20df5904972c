//! Notices as lines of JSON, one object each, for programs: see `docs/json.md`.
//!
//! Knows nothing of what a notice says.

use std::io::Write;

use swarm_mailbox::id::RunId;
use swarm_run::event::Timestamp;

use super::notice::{Line, Notice, VERSION};
use super::{Reporter, RunView};

/// Writes every notice, whatever its weight, as it comes.
pub struct Json<W> {
    out: W,
    run: RunId,
    gone: bool,
}

impl<W: Write> Json<W> {
    /// Lines of `run` on `out`.
    pub fn new(out: W, run: RunId) -> Self {
        Self {
            out,
            run,
            gone: false,
        }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn notice(&mut self, at: Timestamp, notice: &Notice) {
        if self.gone {
            return;
        }
        let line = Line {
            v: VERSION,
            at: super::utc(at),
            run: self.run.clone(),
            notice: notice.clone(),
        };
        let written = serde_json::to_vec(&line)
            .map_err(std::io::Error::from)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                self.out.write_all(&bytes)?;
                self.out.flush()
            });
        // A reader that went away does not end the run; nothing more is written for it.
        self.gone = written.is_err();
    }

    fn refresh(&mut self, _view: &RunView) {}

    fn end(&mut self) {}
}

#[cfg(test)]
mod tests {
    use swarm_mailbox::id::TaskId;

    use super::*;

    fn queued(name: &str) -> Notice {
        Notice::Queued {
            task: TaskId::new(name).unwrap(),
        }
    }

    #[test]
    fn each_notice_is_one_line_that_reads_back() {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out, RunId::new("0abc1defg").unwrap());
        json.notice(Timestamp(1_772_366_400_005), &queued("a"));
        json.notice(
            Timestamp(1_772_366_400_100),
            &Notice::Warning {
                text: "two\nlines".into(),
            },
        );
        json.end();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Line> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].notice, queued("a"));
        assert!(text.starts_with(
            r#"{"v":1,"at":"2026-03-01T12:00:00.005Z","run":"0abc1defg","type":"queued""#
        ));
    }

    #[test]
    fn a_reader_that_is_gone_is_not_written_to_again() {
        struct Closed(u32);
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                self.0 += 1;
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut json = Json::new(Closed(0), RunId::new("0abc1defg").unwrap());
        json.notice(Timestamp(1), &queued("a"));
        json.notice(Timestamp(2), &queued("b"));
        assert_eq!(json.out.0, 1);
    }
}
