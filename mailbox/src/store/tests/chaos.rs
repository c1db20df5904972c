//! Eight writer processes that are killed with SIGKILL at random points, and replaced, against one reader that
//! forgets what it was doing as if it had been killed too.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

/// Makes a copy of this program a writer: the mail root, its name.
const ROOT: &str = "SWARM_TEST_MAIL_ROOT";
const NAME: &str = "SWARM_TEST_MAIL_NAME";

const WRITERS: usize = 8;
const LIVES: usize = 6;

/// What the writers run: they post numbers from 0 and note each one that was delivered, until they are killed. By itself
/// it shows that such a note is kept.
#[test]
fn a_writer() {
    let Some(root) = std::env::var_os(ROOT) else {
        let dir = tempfile::tempdir().unwrap();
        note(dir.path(), "x", 0);
        note(dir.path(), "x", 1);
        assert_eq!(noted(dir.path(), "x"), 2);
        return;
    };
    let name = std::env::var(NAME).unwrap();
    for number in 0.. {
        post(Path::new(&root), &letter(&name, number)).unwrap();
        note(Path::new(&root), &name, number);
    }
}

fn note(root: &Path, name: &str, number: u64) {
    let path = root.join(format!("{name}.noted"));
    let mut file = fs::File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(format!("{number:08}\n").as_bytes()).unwrap();
}

/// How many messages a writer knew to be delivered: each note has nine bytes.
fn noted(root: &Path, name: &str) -> u64 {
    let notes = root.join(format!("{name}.noted")).metadata();
    notes.map_or(0, |notes| notes.len() / 9)
}

fn spawn(root: &Path, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::chaos::a_writer", "--nocapture"])
        .env(ROOT, root)
        .env(NAME, name)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Small and good enough to pick moments; the seed is fixed, the moments are not.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The writers that live, each until it has noted as many messages as chance wills.
struct Herd<'a> {
    root: &'a Path,
    random: Random,
    living: Vec<Writer>,
}

struct Writer {
    process: Child,
    number: usize,
    life: usize,
    ends_after: u64,
}

fn name(number: usize, life: usize) -> String {
    format!("w{number}.{life}")
}

impl Herd<'_> {
    fn spawn(&mut self, number: usize, life: usize) {
        let process = spawn(self.root, &name(number, life));
        let ends_after = self.random.below(60);
        self.living.push(Writer {
            process,
            number,
            life,
            ends_after,
        });
    }

    /// Kills those whose time has come, and lets the next ones of their names follow.
    fn cull(&mut self) {
        for mut writer in std::mem::take(&mut self.living) {
            if noted(self.root, &name(writer.number, writer.life)) < writer.ends_after {
                self.living.push(writer);
                continue;
            }
            writer.process.kill().unwrap();
            assert!(!writer.process.wait().unwrap().success());
            if writer.life + 1 < LIVES {
                self.spawn(writer.number, writer.life + 1);
            }
        }
    }
}

impl Drop for Herd<'_> {
    fn drop(&mut self) {
        for writer in &mut self.living {
            writer.process.kill().unwrap();
            writer.process.wait().unwrap();
        }
    }
}

/// What was handled of each sender, and every message of it.
#[derive(Default)]
struct Reader {
    handled: BTreeMap<String, u64>,
    settled: BTreeSet<MessageId>,
}

impl Reader {
    fn handle(&mut self, engine: &Mailbox, letter: &Envelope) {
        let next = self.handled.entry(letter.from.to_string()).or_default();
        assert_eq!(
            letter.body,
            Message::Stop { grace_ms: *next },
            "from {}",
            letter.from
        );
        *next += 1;
        engine.settle(letter.id).unwrap();
        assert!(
            self.settled.insert(letter.id),
            "{} was handed out after it was settled",
            letter.id
        );
    }
}

#[test]
fn killed_writers_and_a_forgetful_reader_lose_and_repeat_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let mut engine = Mailbox::open(root, &agent("engine")).unwrap();
    let mut random = Random(7);
    let mut herd = Herd {
        root,
        random: Random(8),
        living: Vec::new(),
    };
    (0..WRITERS).for_each(|number| herd.spawn(number, 0));
    let mut reader = Reader::default();
    loop {
        // When this is so before a look, the look finds the rest.
        let over = herd.living.is_empty();
        herd.cull();
        let delivery = engine.pending().unwrap();
        assert!(delivery.dead.is_empty(), "{:?}", delivery.dead);
        if over && delivery.letters.is_empty() {
            break;
        }
        for letter in &delivery.letters {
            if !over && random.below(40) == 0 {
                engine = Mailbox::open(root, &agent("engine")).unwrap();
                break;
            }
            reader.handle(&engine, letter);
        }
        std::thread::sleep(Duration::from_millis(random.below(4)));
    }
    for (number, life) in (0..WRITERS).flat_map(|number| (0..LIVES).map(move |life| (number, life)))
    {
        let name = name(number, life);
        let (noted, handled) = (
            noted(root, &name),
            reader.handled.get(&name).copied().unwrap_or(0),
        );
        // A writer may be killed after its message is delivered and before it knows.
        assert!(
            handled == noted || handled == noted + 1,
            "{name} knew of {noted}, {handled} arrived"
        );
    }
    let total = reader.settled.len();
    assert!(total > 500, "{total} messages are too few to show anything");
}
