//! Tests of the plan's checks and of what is read off its graph.

use super::*;

fn task(id: &str, needs: &[u32]) -> Task {
    Task {
        id: TaskId::new(id).unwrap(),
        needs: needs.iter().copied().map(TaskIx).collect(),
        apart: Vec::new(),
        priority: 0,
        retries: 0,
        timeout: None,
        done: false,
    }
}

fn ixs(places: &[u32]) -> Vec<TaskIx> {
    places.iter().copied().map(TaskIx).collect()
}

/// a <- b <- d, a <- c, e alone.
fn diamondish() -> Plan {
    let tasks = vec![
        task("a", &[]),
        task("b", &[0]),
        task("c", &[0]),
        task("d", &[1]),
        task("e", &[]),
    ];
    Plan::new(tasks).unwrap()
}

#[test]
fn levels_follow_the_needs() {
    assert_eq!(
        diamondish().levels(),
        [ixs(&[0, 4]), ixs(&[1, 2]), ixs(&[3])]
    );
}

#[test]
fn paths_count_the_undone_tasks_of_the_longest_chain() {
    let plan = diamondish();
    let paths: Vec<u32> = plan.places().map(|ix| plan.remaining_path(ix)).collect();
    assert_eq!(paths, [3, 2, 1, 1, 1]);
    assert_eq!(plan.critical_path(), ixs(&[0, 1, 3]));
}

#[test]
fn tasks_that_are_done_are_no_part_of_the_critical_path() {
    let mut tasks = diamondish().tasks().to_vec();
    tasks[1].done = true;
    let plan = Plan::new(tasks).unwrap();
    assert_eq!(plan.remaining_path(TaskIx(0)), 2);
    assert_eq!(plan.critical_path().len(), 2);
    assert!(!plan.critical_path().contains(&TaskIx(1)));
}

#[test]
fn tasks_are_found_by_their_names() {
    let plan = diamondish();
    for ix in plan.places() {
        assert_eq!(plan.find(&plan.task(ix).id), Some(ix));
    }
    assert_eq!(plan.find(&TaskId::new("nobody").unwrap()), None);
    assert_eq!(plan.get(TaskIx(5)), None);
}

#[test]
fn two_tasks_of_one_name_are_refused() {
    let error = Plan::new(vec![task("a", &[]), task("b", &[]), task("a", &[])]).unwrap_err();
    assert_eq!(
        error,
        PlanError::DuplicateId {
            id: TaskId::new("a").unwrap()
        }
    );
}

#[test]
fn a_need_that_does_not_exist_is_refused() {
    let error = Plan::new(vec![task("a", &[1])]).unwrap_err();
    assert_eq!(
        error,
        PlanError::UnknownTask {
            id: TaskId::new("a").unwrap(),
            named: TaskIx(1)
        }
    );
}

#[test]
fn a_task_that_needs_itself_is_refused() {
    let error = Plan::new(vec![task("a", &[]), task("b", &[1])]).unwrap_err();
    assert_eq!(
        error,
        PlanError::SelfNeed {
            id: TaskId::new("b").unwrap()
        }
    );
}

#[test]
fn a_cycle_is_shown_whole_and_without_what_only_leads_to_it() {
    // a needs b, b needs c, c needs d, d needs b; e needs a.
    let tasks = vec![
        task("a", &[1]),
        task("b", &[2]),
        task("c", &[3]),
        task("d", &[1]),
        task("e", &[0]),
    ];
    let error = Plan::new(tasks).unwrap_err();
    assert_eq!(
        error.to_string(),
        "tasks need each other in a circle: b -> c -> d -> b; drop one of these needs"
    );
    let PlanError::Cycle { tasks, ids } = error else {
        panic!("no cycle: {error}")
    };
    assert_eq!(tasks, ixs(&[1, 2, 3]));
    assert_eq!(ids.len(), 3);
}

#[test]
fn every_task_of_a_reported_cycle_needs_the_next() {
    let tasks: Vec<Task> = (0..40_u32)
        .map(|n| task(&format!("t{n}"), &[(n * 7 + 3) % 40, (n + 1) % 40]))
        .collect();
    let Err(PlanError::Cycle { tasks: cycle, .. }) = Plan::new(tasks.clone()) else {
        panic!("no cycle")
    };
    for (place, ix) in cycle.iter().enumerate() {
        let next = cycle[(place + 1) % cycle.len()];
        assert!(
            tasks[ix.index()].needs.contains(&next),
            "{ix:?} does not need {next:?}"
        );
    }
}

#[test]
fn a_cycle_of_a_hundred_thousand_tasks_is_found_and_shown_short() {
    let count = 100_000;
    let tasks = (0..count)
        .map(|n| task(&format!("t{n}"), &[(n + 1) % count]))
        .collect();
    let error = Plan::new(tasks).unwrap_err();
    assert!(
        error.to_string().contains("t19 -> (99980 more) -> t0"),
        "{error}"
    );
    assert!(matches!(error, PlanError::Cycle { tasks, .. } if tasks.len() == count as usize));
}

#[test]
fn apart_becomes_symmetric_and_repetitions_go() {
    let mut tasks = vec![task("a", &[]), task("b", &[0, 0]), task("c", &[])];
    tasks[0].apart = ixs(&[2, 2, 0]);
    tasks[1].apart = ixs(&[0]);
    let plan = Plan::new(tasks).unwrap();
    assert_eq!(plan.task(TaskIx(0)).apart, ixs(&[1, 2]));
    assert_eq!(plan.task(TaskIx(1)).apart, ixs(&[0]));
    assert_eq!(plan.task(TaskIx(2)).apart, ixs(&[0]));
    assert_eq!(plan.task(TaskIx(1)).needs, ixs(&[0]));
}

#[test]
fn an_empty_plan_is_a_plan() {
    let plan = Plan::new(Vec::new()).unwrap();
    assert!(plan.is_empty());
    assert!(plan.levels().is_empty());
    assert!(plan.critical_path().is_empty());
}
