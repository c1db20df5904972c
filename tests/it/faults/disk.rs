//! Disks: full, limited, read-only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use swarm_tests::{Output, Repo, TestEnv};

use crate::scene::{Scene, TELL};
use crate::sealed;

/// A small file system of its own in an environment; it is unmounted when this is dropped.
struct Mount {
    path: PathBuf,
}

impl Mount {
    /// Mounts it at `disk` in `env`. Says aloud on standard error where the system does not let it.
    fn new(env: &TestEnv, test: &str) -> Option<Self> {
        let path = env.root().join("disk");
        fs::create_dir(&path).expect("a mount point");
        if mount(&["-t", "tmpfs", "-o", "size=6m", "tmpfs"], &path) {
            return Some(Self { path });
        }
        skipped(test, "tmpfs cannot be mounted here (not root?)");
        None
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(mount(&["-o", &options], &self.path), "a larger disk");
    }

    fn fill(&self) -> PathBuf {
        let file = self.path.join("fill");
        let mut source = fs::File::open("/dev/zero").expect("zeros");
        let mut sink = fs::File::create(&file).expect("a file");
        let error = std::io::copy(&mut source, &mut sink).expect_err("the disk is small");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        file
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

fn mount(words: &[&str], path: &Path) -> bool {
    let done = Command::new("mount").args(words).arg(path).output();
    done.is_ok_and(|output| output.status.success())
}

#[expect(clippy::print_stderr, reason = "what is not tested has to be seen")]
fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
}

/// A repository with a plan, all of it on a small disk. The disk goes before the environment that holds it.
struct Small {
    disk: Mount,
    scene: Scene,
}

impl Small {
    fn new(test: &str, plan: &str) -> Option<Self> {
        let env = modest();
        let disk = Mount::new(&env, test)?;
        let repo = Repo::new(&env, "disk/repo", &[("plan.md", plan)]);
        let path = repo.path().to_owned();
        Some(Self {
            disk,
            scene: Scene { env, path },
        })
    }
}

/// What every failure of the disk must come to: exit 3, the reason, and how to go on.
#[track_caller]
fn told(output: Output, reasons: &[&str]) {
    let output = output.code(3);
    let said = output.raw_stderr();
    for reason in reasons {
        assert!(said.contains(reason), "{reason:?} is not told: {output}");
    }
    assert!(
        !said.contains("bug") && !said.contains("panicked"),
        "{output}"
    );
}

/// A world in which any disk is large enough to begin with, and any file small enough to be kept.
fn modest() -> TestEnv {
    sealed()
        .with("SWARM_MIN_FREE_DISK", "0")
        .with("SWARM_GATE_MAX_FILE_SIZE", "100MiB")
}

/// A task that leaves 4 MB which do not compress.
fn large() -> String {
    format!(
        "# Large\n\n## core: Write a large file\n- run: {TELL}; head -c 4000000 /dev/urandom > large.bin\n"
    )
}

#[test]
fn a_disk_that_is_full_when_work_is_committed_loses_nothing() {
    let name = "a_disk_that_is_full_when_work_is_committed_loses_nothing";
    let Some(Small { disk, scene }) = &Small::new(name, &large()) else {
        return;
    };
    let output = scene.swarm(["run", "plan.md"]).run();
    told(output, &["no space left", "make room", "swarm resume"]);
    scene.env.nobody_is_left();

    // Room is not made: the same again, and nothing is redone.
    let output = scene.swarm(["resume"]).run();
    told(output, &["no space left", "swarm resume"]);
    disk.resize("64m");
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["core 1"], "its work was kept");
}

#[test]
fn no_run_is_started_on_a_full_disk() {
    let plan = "# Small\n\n## core: Write a file\n- run: echo core > core.txt\n";
    let small = Small::new("no_run_is_started_on_a_full_disk", plan);
    let Some(Small { disk, scene }) = &small else {
        return;
    };
    let fill = disk.fill();
    let output = scene.swarm(["run", "plan.md"]).run();
    told(output, &["No space left on device"]);
    assert!(
        !has_runs(&scene.path),
        "nothing is left of a run that could not begin"
    );
    // Who did not say otherwise is told before anything is tried.
    let output = scene
        .swarm(["run", "plan.md"])
        .var("SWARM_MIN_FREE_DISK", "1GiB")
        .run();
    told(output, &["0 B free", "make room"]);
    scene.env.nobody_is_left();
    fs::remove_file(fill).expect("the filler goes");
    let _ = scene.swarm(["run", "plan.md"]).run().success();
    scene.all_merged();
}

/// Whether there is a run in the repository at `path`.
fn has_runs(path: &Path) -> bool {
    let mut runs = fs::read_dir(path.join(".git/swarm/runs"));
    runs.as_mut().is_ok_and(|runs| runs.next().is_some())
}

/// Runs `swarm` where no file may grow beyond `blocks` of 512 bytes. What goes beyond gets an error and no signal.
fn limited(scene: &Scene, blocks: u32, words: &str) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec swarm {words}");
    scene.env.shell(&scene.path, &script).run()
}

#[test]
fn a_journal_that_cannot_grow_stops_the_engine_and_a_resume_goes_on() {
    let tasks: String = (0..6)
        .map(|n| format!("## t{n}: Write a file\n- run: {TELL}; echo {n} > {n}.txt\n\n"))
        .collect();
    let scene = Scene::new(&format!("---\nmax-workers: 1\n---\n# Many\n\n{tasks}"));
    let output = limited(&scene, 8, "run plan.md");
    told(
        output,
        &[
            "cannot write to the journal",
            "File too large",
            "swarm resume",
        ],
    );
    let journal = fs::metadata(scene.run_dir().join("journal.jsonl")).expect("it");
    assert!(journal.len() <= 8 * 512);
    // The worker that was at work reports to a mailbox, which is read by whoever comes next.
    scene.env.nobody_is_left();
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    let mut told = scene.told();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), scene.told().len(), "nothing was done twice");
    assert_eq!(told.len(), 6);
}

#[test]
fn work_that_cannot_be_committed_for_a_limit_is_kept() {
    let scene = Scene::within(modest(), &large());
    // The task may write its file; the limit of 2 MB holds for git alone, as the disk's end would.
    let script = "trap '' XFSZ; ulimit -S -f 4000; exec swarm run plan.md";
    let plan = scene.repo().read("plan.md").expect("the plan");
    scene.repo().write(
        "plan.md",
        &plan.replace("head -c", "ulimit -S -f unlimited; head -c"),
    );
    let output = scene.env.shell(&scene.path, script).run();
    told(output, &["git add", "swarm resume"]);
    scene.env.nobody_is_left();
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["core 1"]);
}

/// Makes a directory one in which nothing can be made, whoever asks; back again when this is dropped.
struct Frozen {
    path: PathBuf,
}

impl Frozen {
    fn new(path: PathBuf) -> Option<Self> {
        let frozen = Self { path };
        frozen.set(true).then_some(frozen)
    }

    /// Permissions mean nothing to root, and attributes cannot be set by anybody else.
    fn set(&self, on: bool) -> bool {
        let (attribute, mode) = if on { ("+i", "a-w") } else { ("-i", "u+w") };
        let run = |program: &str, word: &str| {
            let done = Command::new(program).arg(word).arg(&self.path).output();
            done.is_ok_and(|output| output.status.success())
        };
        if rustix::process::geteuid().is_root() {
            run("chattr", attribute)
        } else {
            run("chmod", mode)
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.set(false);
    }
}

#[test]
fn no_run_is_started_in_a_read_only_repository() {
    let name = "no_run_is_started_in_a_read_only_repository";
    let scene = Scene::new("# Small\n\n## core: Write a file\n- run: echo core > core.txt\n");
    let Some(frozen) = Frozen::new(scene.path.join(".git")) else {
        return skipped(name, "no directory can be made read-only here");
    };
    let output = scene.swarm(["run", "plan.md"]).run();
    told(output, &[".git"]);
    assert!(!has_runs(&scene.path));
    scene.env.nobody_is_left();
    drop(frozen);
    let _ = scene.swarm(["run", "plan.md"]).run().success();
    scene.all_merged();
}

#[test]
fn a_store_of_objects_that_turns_read_only_stops_the_run_until_it_is_mended() {
    let name = "a_store_of_objects_that_turns_read_only_stops_the_run_until_it_is_mended";
    let hold = crate::scene::hold("up", "go");
    let scene = Scene::new(&format!(
        "# Small\n\n## core: Write files\n- run: {TELL}; {hold}; for i in $(seq 40); do echo $i > $i.txt; done\n"
    ));
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("up");
    let Some(frozen) = Frozen::new(scene.path.join(".git/objects")) else {
        return skipped(name, "no directory can be made read-only here");
    };
    scene.raise("go");
    told(
        running.wait(),
        &["make the repository writable", "swarm resume"],
    );
    scene.env.nobody_is_left();
    drop(frozen);
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["core 1"]);
}

#[test]
fn a_full_standard_output_does_not_end_a_run() {
    let scene = Scene::new("# Small\n\n## core: Write a file\n- run: echo core > core.txt\n");
    let _ = scene
        .env
        .shell(&scene.path, "exec swarm run plan.md > /dev/full")
        .run()
        .success();
    scene.all_merged();
}
