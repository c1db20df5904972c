//! One reader, many writers: threads for order, processes that are killed for loss, a model for everything else.

mod chaos;
mod model;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::wire::message::Message;

struct Fixture {
    dir: tempfile::TempDir,
    engine: Mailbox,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = Mailbox::open(dir.path(), &agent("engine")).unwrap();
        Self { dir, engine }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("engine").join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path("new").join(name), bytes).unwrap();
    }

    fn pending(&self) -> Vec<MessageId> {
        let delivery = self.engine.pending().unwrap();
        assert!(delivery.dead.is_empty(), "{:?}", delivery.dead);
        delivery.letters.iter().map(|letter| letter.id).collect()
    }
}

fn agent(name: &str) -> AgentName {
    AgentName::new(name).unwrap()
}

fn letter(from: &str, number: u64) -> Envelope {
    Envelope::new(
        &agent(from),
        &agent("engine"),
        Message::Stop { grace_ms: number },
    )
}

#[test]
fn a_message_is_handed_out_until_it_is_settled_and_never_after() {
    let fixture = Fixture::new();
    let (first, second) = (letter("a", 1), letter("a", 2));
    fixture.engine.post(&first).unwrap();
    fixture.engine.post(&second).unwrap();
    assert_eq!(fixture.pending(), [first.id, second.id]);
    assert_eq!(
        fixture.engine.pending().unwrap().letters,
        [first.clone(), second.clone()]
    );
    fixture.engine.settle(first.id).unwrap();
    fixture.engine.settle(first.id).unwrap();
    // A sender that does not know whether its message arrived sends it again.
    fixture.engine.post(&first).unwrap();
    fixture.engine.post(&second).unwrap();
    assert_eq!(fixture.pending(), [second.id]);
    let again = Mailbox::open(fixture.dir.path(), &agent("engine")).unwrap();
    assert_eq!(again.pending().unwrap().letters, [second]);
    assert_eq!(fs::read_dir(fixture.path("tmp")).unwrap().count(), 0);
}

#[test]
fn what_never_came_cannot_be_settled() {
    let fixture = Fixture::new();
    let id = MessageId::fresh();
    assert!(
        matches!(fixture.engine.settle(id), Err(StoreError::Unknown(unknown)) if unknown == id)
    );
}

#[test]
fn a_message_to_nobody_is_an_error_to_its_sender() {
    let fixture = Fixture::new();
    let lost = Envelope::new(&agent("a"), &agent("nobody"), Message::Stop { grace_ms: 0 });
    let error = fixture.engine.post(&lost).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("there is no mailbox of 'nobody' in /"),
        "{error}"
    );
    assert!(!fixture.dir.path().join("nobody").exists());
    assert!(Mailbox::existing(fixture.dir.path(), &agent("nobody")).is_none());
    let engine = Mailbox::existing(fixture.dir.path(), &agent("engine")).unwrap();
    assert_eq!(engine.pending().unwrap().letters, []);
}

#[test]
fn a_mailbox_that_cannot_be_written_is_an_error_to_the_sender_and_loses_nothing() {
    let fixture = Fixture::new();
    let kept = letter("a", 1);
    fixture.engine.post(&kept).unwrap();
    if rustix::process::geteuid().is_root() {
        // Nothing is read-only to root. A missing directory refuses everybody.
        fs::rename(fixture.path("tmp"), fixture.path("gone")).unwrap();
    } else {
        fs::set_permissions(fixture.path("tmp"), fs::Permissions::from_mode(0o500)).unwrap();
    }
    assert!(matches!(
        fixture.engine.post(&letter("a", 2)),
        Err(StoreError::Io(..))
    ));
    assert_eq!(fixture.pending(), [kept.id]);
    let _ = fs::set_permissions(fixture.path("tmp"), fs::Permissions::from_mode(0o700));
}

#[test]
fn what_is_no_message_is_told_once_and_set_aside_and_harms_no_other() {
    let fixture = Fixture::new();
    let good = letter("a", 1);
    let json = good.to_json().unwrap();
    fixture.put(&format!("{}.json", MessageId::fresh()), &json);
    fixture.put(
        &format!("{}.json", letter("a", 2).id),
        &json[..json.len() / 2],
    );
    fixture.put(&format!("{}.json", letter("a", 3).id), b"");
    fixture.put("README\n\u{1b}", b"hello");
    fs::create_dir(fixture.path("new").join("folder")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", fixture.path("new").join("endless")).unwrap();
    let misled = Envelope::new(&agent("a"), &agent("core.1"), Message::Stop { grace_ms: 0 });
    fixture.put(&format!("{}.json", misled.id), &misled.to_json().unwrap());
    fixture.put(
        &format!("{}.json", letter("a", 4).id),
        &vec![b' '; MAX_ENVELOPE_BYTES + 1],
    );
    fixture.engine.post(&good).unwrap();

    let delivery = fixture.engine.pending().unwrap();
    assert_eq!(delivery.letters, std::slice::from_ref(&good));
    let mut why: Vec<&str> = delivery.dead.iter().map(|dead| dead.why.as_str()).collect();
    why.sort_unstable();
    assert_eq!(why.len(), 8, "{why:?}");
    for expected in [
        "it is addressed to 'core.1'",
        "it is no regular file",
        "it is too large",
        "its name is not that of the message ",
        "it is no message: EOF while parsing",
        "it is no message: expected value",
    ] {
        assert!(
            why.iter().any(|why| why.starts_with(expected)),
            "{expected} is not among {why:?}"
        );
    }
    for dead in &delivery.dead {
        assert!(
            dead.path.starts_with(fixture.path("dead")) && dead.path.symlink_metadata().is_ok(),
            "{dead:?}"
        );
    }
    assert_eq!(fixture.pending(), [good.id]);
}

#[test]
fn a_second_thing_of_the_same_name_does_not_replace_the_first_one_set_aside() {
    let fixture = Fixture::new();
    for text in ["one", "two"] {
        fixture.put("junk", text.as_bytes());
        assert_eq!(fixture.engine.pending().unwrap().dead.len(), 1);
    }
    let dead = fs::read_dir(fixture.path("dead")).unwrap();
    let mut texts: Vec<String> = dead
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    texts.sort();
    assert_eq!(texts, ["one", "two"]);
}

#[test]
fn what_cannot_be_set_aside_is_told_where_it_is() {
    let fixture = Fixture::new();
    fs::remove_dir(fixture.path("dead")).unwrap();
    fixture.put("junk", b"");
    for _ in 0..2 {
        let dead = fixture.engine.pending().unwrap().dead;
        assert_eq!(dead[0].path, fixture.path("new").join("junk"));
    }
}

#[test]
fn messages_of_one_sender_are_never_seen_out_of_order_nor_with_a_gap() {
    const WRITERS: usize = 4;
    const EACH: u64 = 150;
    let fixture = Fixture::new();
    // A listing is atomic as long as it is short. These make it long; their ids put them behind all others.
    let mut last = letter("z", 0);
    for number in 0..3000 {
        last.id = format!("ffffffff-ffff-7fff-bfff-{number:012x}")
            .parse()
            .unwrap();
        fixture.put(&format!("{}.json", last.id), &last.to_json().unwrap());
    }
    let mut seen = [0; WRITERS];
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let engine = fixture.engine.clone();
            scope.spawn(move || {
                for number in 1..=EACH {
                    engine.post(&letter(&format!("w{writer}"), number)).unwrap();
                }
            });
        }
        while seen != [EACH; WRITERS] {
            for letter in fixture.engine.pending().unwrap().letters {
                let Some(writer) = letter.from.as_str().strip_prefix('w') else {
                    continue;
                };
                let writer: usize = writer.parse().unwrap();
                let Message::Stop { grace_ms } = letter.body else {
                    panic!()
                };
                assert_eq!(grace_ms, seen[writer] + 1, "of writer {writer}");
                seen[writer] = grace_ms;
                fixture.engine.settle(letter.id).unwrap();
            }
        }
    });
}

#[test]
fn a_flood_is_handed_out_piece_by_piece_and_in_order() {
    let fixture = Fixture::new();
    let all: Vec<Envelope> = (0..MAX_LETTERS as u64 + 10)
        .map(|number| letter("a", number))
        .collect();
    for letter in &all {
        // Durability is not the matter here, and 266 times of it would take long.
        fixture.put(&format!("{}.json", letter.id), &letter.to_json().unwrap());
    }
    let first = fixture.engine.pending().unwrap().letters;
    assert_eq!(first, all[..MAX_LETTERS]);
    for letter in &first {
        fixture.engine.settle(letter.id).unwrap();
    }
    assert_eq!(
        fixture.engine.pending().unwrap().letters,
        all[MAX_LETTERS..]
    );
}

/// Names the mail root to a copy of this program that may not write a byte.
const FULL: &str = "SWARM_TEST_FULL_DISK";

/// What that copy runs. By itself it shows that the message could be sent but for the limit.
#[test]
fn a_sender_without_space() {
    let Some(root) = std::env::var_os(FULL) else {
        let fixture = Fixture::new();
        post(fixture.dir.path(), &letter("a", 1)).unwrap();
        assert_eq!(fixture.pending().len(), 1);
        return;
    };
    let told = matches!(
        post(Path::new(&root), &letter("a", 1)),
        Err(StoreError::Io(..))
    );
    std::process::exit(if told { 33 } else { 1 });
}

#[test]
fn a_sender_that_has_no_space_is_told_and_leaves_nothing() {
    let fixture = Fixture::new();
    let kept = letter("a", 0);
    fixture.engine.post(&kept).unwrap();
    // A limit on file sizes makes every write fail, as a full disk does.
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$0\" --exact store::tests::a_sender_without_space --nocapture";
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(FULL, fixture.dir.path())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(33));
    assert_eq!(fixture.pending(), [kept.id]);
    assert_eq!(fs::read_dir(fixture.path("tmp")).unwrap().count(), 0);
}
