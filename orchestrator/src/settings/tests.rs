//! Tests of the layers together, with real files.

use std::fs;
use std::time::Duration;

use super::*;
use crate::gate::Level;
use crate::settings::value::Value;

/// A home directory and a repository with these two settings files.
struct Place {
    dir: tempfile::TempDir,
    sources: Sources,
}

fn place(user: &str, project: &str) -> Place {
    let dir = tempfile::tempdir().unwrap();
    let mut sources = sample::sources(dir.path());
    sources.home = Some(dir.path().join("home"));
    sources.repo_top = Some(dir.path().join("repo"));
    for (file, text) in [
        (sources.user_file(), user),
        (sources.project_file(), project),
    ] {
        let file = file.unwrap();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    Place { dir, sources }
}

fn from(settings: &Settings, key: &str) -> String {
    let origins = &settings.entry(key).unwrap().origins;
    origins
        .iter()
        .map(Origin::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn problems(place: &Place) -> Vec<String> {
    let text = Settings::load(&place.sources).unwrap_err().to_string();
    let base = format!("{}/", place.dir.path().display());
    text.replace(&base, "").lines().map(str::to_owned).collect()
}

#[test]
fn without_files_every_default_holds() {
    let settings = Settings::load(&sample::sources(std::path::Path::new("/nowhere"))).unwrap();
    assert_eq!(settings.max_workers, 8);
    assert_eq!(settings.retries, 1);
    assert_eq!(settings.timeout, None);
    assert_eq!(settings.grace, Duration::from_secs(10));
    assert_eq!(settings.stop_grace, Duration::from_secs(5));
    assert_eq!(settings.merge_batch, 4);
    assert_eq!(settings.gates, GateSettings::default());
    assert_eq!(settings.color, ColorChoice::Auto);
    assert_eq!(from(&settings, "retries"), "default");
    assert_eq!(settings.entries.len(), key::table().len());
    assert!(settings.warnings.is_empty());
}

#[test]
fn later_layers_go_before_earlier_ones_and_say_where_they_are() {
    let mut place = place(
        "# comment\n\nretries = 2\ngrace = \"1m\"\nbackoff = \"2s\"\novertime = \"3s\"\n",
        "grace = \"2m\"\nbackoff = \"3s\"\novertime = \"4s\"\n[gate]\nstubs = \"off\"\n",
    );
    place
        .sources
        .env
        .insert("SWARM_BACKOFF".into(), "4s".into());
    place
        .sources
        .env
        .insert("SWARM_OVERTIME".into(), "5s".into());
    place.sources.flags.push(("overtime".into(), "6s".into()));
    let settings = Settings::load(&place.sources).unwrap();
    let base = place.dir.path().display();
    assert_eq!(settings.retries, 2);
    assert_eq!(
        from(&settings, "retries"),
        format!("user file {base}/home/.config/swarm/config.toml line 3")
    );
    assert_eq!(settings.grace, Duration::from_secs(120));
    assert_eq!(
        from(&settings, "grace"),
        format!("project file {base}/repo/.swarm/config.toml line 1")
    );
    assert_eq!(settings.backoff, Duration::from_secs(4));
    assert_eq!(from(&settings, "backoff"), "variable SWARM_BACKOFF");
    assert_eq!(settings.overtime, Duration::from_secs(6));
    assert_eq!(from(&settings, "overtime"), "flag --overtime");
    assert!(settings.is_from_flag("overtime") && !settings.is_from_flag("backoff"));
    assert_eq!(settings.gates.level("stubs"), Level::Off);
    assert_eq!(settings.gates.level("tests"), Level::Error);
}

#[test]
fn words_of_all_layers_count() {
    let mut place = place(
        "words = [\"acme\", \"initech\"]\n",
        "words = [\"globex\", \"acme\"]\n",
    );
    place
        .sources
        .env
        .insert("SWARM_WORDS".into(), "hooli".into());
    let settings = Settings::load(&place.sources).unwrap();
    assert_eq!(settings.gates.words, ["acme", "initech", "globex", "hooli"]);
    assert_eq!(settings.entry("words").unwrap().origins.len(), 3);
}

#[test]
fn everything_that_is_wrong_is_said_in_one_go() {
    let mut place = place(
        "max-worker = 3\nretries = \"many\"\n\n[gate]\nstub = \"off\"\nsize = \"fatal\"\n",
        "gate = 3\ngrace = [1]\ntelemetry = true\n[env.pass]\nx = 1\n",
    );
    place.sources.env.insert("SWARM_GRACE".into(), "5".into());
    place.sources.flags.push(("color".into(), "pink".into()));
    assert_eq!(
        problems(&place),
        [
            "home/.config/swarm/config.toml:1: there is no setting 'max-worker'; did you mean 'max-workers'?",
            "home/.config/swarm/config.toml:2: retries: 'many' is not a whole number from 0 to 100",
            "home/.config/swarm/config.toml:5: there is no setting 'gate.stub'; did you mean 'gate.stubs'?",
            "home/.config/swarm/config.toml:6: gate.size: 'fatal' is not one of error, warning, off",
            "repo/.swarm/config.toml:1: 'gate' is a section; write it as [gate]",
            "repo/.swarm/config.toml:2: grace: it must be a duration such as 90s or 1h30m, not a list",
            "repo/.swarm/config.toml:3: there is no setting 'telemetry'",
            "repo/.swarm/config.toml:4: env.pass: it must be a plain value or a list, not a table",
            "SWARM_GRACE: '5' has no unit; write 5s, 5m or 5h",
            "--color: 'pink' is not one of auto, always, never",
        ]
    );
}

#[test]
fn a_file_that_is_no_toml_is_an_error_with_its_line() {
    let place = place("retries = 1\nretries = 2\n", "a = = 1\n");
    let problems = problems(&place);
    assert!(
        problems[0].starts_with("home/.config/swarm/config.toml:2: duplicate key"),
        "{problems:?}"
    );
    assert!(
        problems[1].starts_with("repo/.swarm/config.toml:1: "),
        "{problems:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_silence() {
    let place = place("", "");
    let user = place.sources.user_file().unwrap();
    fs::write(&user, b"words = [\"\xff\"]").unwrap();
    let project = place.sources.project_file().unwrap();
    fs::remove_file(&project).unwrap();
    fs::create_dir(&project).unwrap();
    assert_eq!(
        problems(&place),
        [
            "home/.config/swarm/config.toml:1: it is not UTF-8 from byte 10 on",
            "repo/.swarm/config.toml:1: it is no regular file",
        ]
    );
}

#[test]
fn a_repository_may_not_ask_for_hooks_places_or_secrets() {
    let place = place(
        "worktree-root = \"~/trees\"\n[commit]\nhooks = true\n[env]\npass = [\"GITHUB_TOKEN\"]\n",
        "worktree-root = \"/etc\"\n[commit]\nhooks = true\n[env]\npass = [\"EDITOR\", \"GITHUB_TOKEN\"]\n",
    );
    let problems = problems(&place);
    assert_eq!(problems.len(), 3, "{problems:?}");
    for (problem, start) in problems.iter().zip([
        "repo/.swarm/config.toml:1: worktree-root: only the user's own file",
        "repo/.swarm/config.toml:3: commit.hooks: only the user's own file",
        "repo/.swarm/config.toml:5: env.pass: 'GITHUB_TOKEN' looks like a secret",
    ]) {
        assert!(problem.starts_with(start), "{problem}");
    }
}

#[test]
fn the_worktree_root_is_made_absolute() {
    let root = |text: &str| {
        let place = place(&format!("worktree-root = {text:?}\n"), "");
        let settings = Settings::load(&place.sources).unwrap();
        let base = place.dir.path().to_owned();
        settings
            .worktree_root
            .map(|root| root.strip_prefix(&base).map(Into::into).unwrap_or(root))
    };
    assert_eq!(root("~/trees"), Some("home/trees".into()));
    assert_eq!(root("../trees"), Some("repo/../trees".into()));
    assert_eq!(root("/trees"), Some("/trees".into()));
    assert_eq!(root("none"), None);
    let mut homeless = place("", "");
    homeless
        .sources
        .flags
        .push(("worktree-root".into(), "~/x".into()));
    homeless.sources.home = None;
    assert_eq!(
        problems(&homeless),
        [
            "--worktree-root: worktree-root: there is no home directory for '~'; write an absolute path"
        ]
    );
}

#[test]
fn commands_get_the_basic_variables_and_the_named_ones() {
    let mut place = place("[env]\npass = [\"EDITOR\"]\n", "");
    for name in ["EDITOR", "PAGER", "GIT_DIR", "NPM_TOKEN"] {
        place.sources.env.insert(name.into(), "x".into());
    }
    let settings = Settings::load(&place.sources).unwrap();
    let names: Vec<_> = settings
        .command_env
        .keys()
        .map(|name| name.to_str().unwrap())
        .collect();
    assert_eq!(names, ["EDITOR", "PATH"]);
}

#[test]
fn a_variable_that_is_nearly_ours_is_a_warning() {
    let mut place = place("", "");
    for name in [
        "SWARM_RETRY",
        "SWARM_TASK",
        "SWARM_RUN",
        "SWARM_HOST",
        "SWARM_FINDINGS",
    ] {
        place.sources.env.insert(name.into(), "x".into());
    }
    let settings = Settings::load(&place.sources).unwrap();
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    place.sources.env.insert("SWARM_RETRYS".into(), "x".into());
    let settings = Settings::load(&place.sources).unwrap();
    assert_eq!(
        settings.warnings,
        ["the variable SWARM_RETRYS is no setting; did you mean 'SWARM_RETRIES'?"]
    );
}

#[test]
fn entries_are_json_with_their_origin() {
    let place = place("retries = 3\nlog-limit = \"1KiB\"\n", "");
    let settings = Settings::load(&place.sources).unwrap();
    let json = |key| serde_json::to_value(settings.entry(key).unwrap()).unwrap();
    assert_eq!(
        json("grace"),
        serde_json::json!({"key": "grace", "value": "10s", "from": ["default"]})
    );
    assert_eq!(json("log-limit")["value"], 1024);
    assert_eq!(json("timeout")["value"], serde_json::Value::Null);
    assert_eq!(json("retries")["value"], 3);
    assert_eq!(settings.entry("retries").unwrap().value, Value::Count(3));
}
