//! The golden files are format version 1 as it was released: reading them must work for ever. See `mailbox/golden/v1/`.

use std::path::PathBuf;

use super::message::{Command, Message};
use super::report::{Exit, Outcome, Report, StepResult};
use super::*;
use crate::id::TaskId;

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("golden/v1")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn envelope(body: Message) -> Envelope {
    Envelope {
        v: 1,
        id: "0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f5a6b".parse().unwrap(),
        from: AgentName::new("core.1").unwrap(),
        to: AgentName::new("engine").unwrap(),
        in_reply_to: None,
        created: 1_767_225_600_123,
        body,
    }
}

fn report() -> Message {
    let step = |exit, tail: &str| StepResult {
        name: "test".into(),
        command: "cargo test".into(),
        exit,
        millis: 1234,
        log: (10, 4096),
        tail: tail.into(),
    };
    Message::Report(Report {
        outcome: Outcome::Killed { signal: 9 },
        steps: vec![
            step(Exit::Code(0), ""),
            step(Exit::Signal(9), "a\n\u{1b}[31mü\u{fffd}\n"),
            step(Exit::TimedOut, ""),
            step(Exit::Stopped, ""),
        ],
        error: Some("output could not be kept".into()),
    })
}

fn commands() -> Vec<Message> {
    let task = TaskId::new("core").unwrap();
    let commands = [
        Command::Pause,
        Command::Unpause,
        Command::Suspend { grace_ms: 30_000 },
        Command::Cancel,
        Command::CancelTask { task: task.clone() },
        Command::Retry { task },
    ];
    commands.into_iter().map(Message::Command).collect()
}

#[test]
fn a_report_is_spelled_as_in_version_1() {
    let text = String::from_utf8(envelope(report()).to_json().unwrap()).unwrap();
    assert_eq!(format!("{text}\n").into_bytes(), golden("report.json"));
    assert_eq!(
        Envelope::from_json(&golden("report.json")).unwrap(),
        envelope(report())
    );
}

#[test]
fn outcomes_are_spelled_as_in_version_1() {
    let all = [
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::TimedOut,
        Outcome::Killed { signal: 15 },
        Outcome::Stopped,
    ];
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(
        text,
        r#"["succeeded","failed","timed_out",{"killed":{"signal":15}},"stopped"]"#
    );
    assert_eq!(serde_json::from_str::<Vec<Outcome>>(&text).unwrap(), all);
}

#[test]
fn orders_are_spelled_as_in_version_1() {
    let mut all = vec![Message::Stop { grace_ms: 5000 }];
    all.extend(commands());
    let mut lines = String::new();
    for body in &all {
        let mut envelope = envelope(body.clone());
        envelope.in_reply_to = matches!(body, Message::Stop { .. }).then_some(envelope.id);
        lines += &String::from_utf8(envelope.to_json().unwrap()).unwrap();
        lines.push('\n');
    }
    assert_eq!(lines.into_bytes(), golden("orders.jsonl"));
    for (line, body) in golden("orders.jsonl")
        .split(|&byte| byte == b'\n')
        .zip(&all)
    {
        assert_eq!(Envelope::from_json(line).unwrap().body, *body);
    }
}

#[test]
fn fields_from_a_later_time_are_passed_over_everywhere() {
    let mut json: serde_json::Value = serde_json::from_slice(&golden("report.json")).unwrap();
    json["thread"] = "new".into();
    json["body"]["usage"] = serde_json::json!({ "tokens": 5 });
    json["body"]["steps"][0]["memory"] = 5.into();
    assert_eq!(
        Envelope::from_json(json.to_string().as_bytes()).unwrap(),
        envelope(report())
    );
}

#[test]
fn what_is_no_message_is_refused_with_the_reason() {
    let refused = |json: &str| {
        Envelope::from_json(json.as_bytes())
            .unwrap_err()
            .to_string()
    };
    let good = String::from_utf8(golden("report.json")).unwrap();
    assert!(refused("").starts_with("it is no message: EOF"));
    assert!(refused(&good[..good.len() / 2]).starts_with("it is no message: "));
    assert!(
        refused(&good.replace("\"report\"", "\"riddle\"")).contains("unknown variant `riddle`")
    );
    assert!(refused(&good.replace("core.1", "../core")).contains("'../core' is no agent name"));
    assert!(refused(&good.replace("\"v\":1", "\"v\":2")).contains("format version 2"));
    assert!(refused(&good.replace("\"v\":1", "\"v\":0")).contains("format version 0"));
    // A newer version is told as such even if nothing else can be read.
    assert!(refused(r#"{"v":9,"everything":"else"}"#).contains("format version 9"));
    assert!(refused(&"[".repeat(100_000)).starts_with("it is no message: "));
    assert!(refused(&" ".repeat(MAX_ENVELOPE_BYTES + 1)).contains("larger than 1048576 bytes"));
}

#[test]
fn a_message_over_the_limit_is_not_written() {
    let with = |size: usize| {
        let mut envelope = envelope(report());
        if let Message::Report(report) = &mut envelope.body {
            report.error = Some("x".repeat(size));
        }
        envelope
    };
    let rest = with(0).to_json().unwrap().len();
    let largest = with(MAX_ENVELOPE_BYTES - rest);
    assert_eq!(
        Envelope::from_json(&largest.to_json().unwrap()).unwrap(),
        largest
    );
    assert!(matches!(
        with(MAX_ENVELOPE_BYTES - rest + 1).to_json(),
        Err(WireError::TooLarge)
    ));
}
