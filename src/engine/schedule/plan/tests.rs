//! Tables and properties of the plan.

use super::super::past::Newest;
use super::*;
use crate::model::Module::{Contacts, Products};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NOW: i64 = 1_000_000_000;

/// So many seconds after the present.
fn at(secs: i64) -> Stamp {
    Stamp::from_secs(NOW + secs)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn cron(every: u64) -> Timed {
    Timed { mode: Mode::Cron, every: secs(every) }
}

fn immediate(every: u64) -> Timed {
    Timed { mode: Mode::Immediately, every: secs(every) }
}

fn timing(modules: &[(Module, Timed)]) -> Timing {
    Timing { modules: modules.iter().copied().collect(), probe: secs(30) }
}

/// A past whose newest run stands like this, and began and ended then.
fn past(status: RunStatus, started: i64, ended: Option<i64>, unlucky: u32) -> Past {
    let newest = Newest { id: 9, status, started: at(started), ended: ended.map(at) };
    Past { newest: Some(newest), unlucky, ..Past::default() }
}

fn completed(modules: &[(Module, i64)]) -> Past {
    let newest = modules.iter().map(|(_, secs)| *secs).max().unwrap_or(0);
    Past {
        completed: modules.iter().map(|(module, secs)| (*module, (9, at(*secs)))).collect(),
        ..past(RunStatus::Completed, newest, Some(newest + 5), 0)
    }
}

fn step(timing: &Timing, past: &Past, here: &Here) -> Step {
    plan(timing, past, here, at(0)).step
}

fn wait(secs: i64) -> Step {
    Step::Wait(Some(at(secs)))
}

#[test]
fn a_module_is_due_when_its_period_has_passed_since_its_run_began() {
    let quarter = timing(&[(Contacts, cron(900))]);
    let here = Here::default();
    for (past, want) in [
        (Past::default(), Step::Sync(vec![Contacts])),
        (completed(&[(Contacts, -900)]), Step::Sync(vec![Contacts])),
        (completed(&[(Contacts, -899)]), wait(1)),
        (completed(&[(Contacts, -300)]), wait(600)),
        // Many missed periods are one run.
        (completed(&[(Contacts, -90_000)]), Step::Sync(vec![Contacts])),
        // The clock was set back by a day: that run is no measure.
        (completed(&[(Contacts, 86_400)]), Step::Sync(vec![Contacts])),
        (completed(&[(Contacts, 30)]), wait(930)),
        // A run of another module only.
        (completed(&[(Products, -10)]), Step::Sync(vec![Contacts])),
    ] {
        assert_eq!(step(&quarter, &past, &here), want, "{past:?}");
    }
}

#[test]
fn nothing_asks_for_a_sync() {
    let planned = plan(&timing(&[]), &Past::default(), &Here::default(), at(0));
    assert_eq!(planned, Plan { step: Step::Wait(None), outlook: Outlook::Off });
}

#[test]
fn what_is_nearly_due_comes_along() {
    let two = timing(&[(Products, cron(900)), (Contacts, cron(300))]);
    let here = Here::default();
    for (products, contacts, want) in [
        (-900, -270, vec![Products, Contacts]),
        (-900, -200, vec![Products]),
        (-850, -300, vec![Products, Contacts]),
        (-800, -300, vec![Contacts]),
    ] {
        let past = completed(&[(Products, products), (Contacts, contacts)]);
        assert_eq!(step(&two, &past, &here), Step::Sync(want));
    }
}

#[test]
fn failed_runs_are_tried_again_ever_more_rarely() {
    let quarter = timing(&[(Contacts, cron(900))]);
    let here = Here::default();
    for (tries, next) in [(1, 900), (2, 1_800), (3, 3_600), (9, 14_400), (60, 14_400)] {
        let mut past = past(RunStatus::Failed, -10, Some(0), tries);
        past.completed.insert(Contacts, (1, at(-5_000)));
        assert_eq!(step(&quarter, &past, &here), wait(next - 10), "{tries}");
    }
    let day = timing(&[(Contacts, cron(86_400))]);
    let failed = past(RunStatus::Failed, -10, Some(0), 5);
    assert_eq!(step(&day, &failed, &here), wait(86_390), "never more often than its period");
    let future = past(RunStatus::Failed, 9_000, Some(9_001), 3);
    assert_eq!(step(&quarter, &future, &here), Step::Sync(vec![Contacts]), "clock set back");
}

#[test]
fn what_died_is_taken_up_at_once_but_not_over_and_over() {
    let day = timing(&[(Contacts, cron(86_400))]);
    let here = Here::default();
    for status in [RunStatus::Running, RunStatus::Interrupted] {
        let mut past = past(status, -100, None, 1);
        past.completed.insert(Contacts, (1, at(-5_000)));
        assert_eq!(step(&day, &past, &here), Step::Sync(vec![Contacts]));
        past.unlucky = 3;
        assert_eq!(step(&day, &past, &here), wait(20));
    }
    let mut cancelled = past(RunStatus::Cancelled, -100, Some(-90), 1);
    assert_eq!(step(&day, &cancelled, &here), wait(86_300), "by a person");
    cancelled.resume = true;
    assert_eq!(
        step(&day, &cancelled, &here),
        Step::Sync(vec![Contacts]),
        "by the end of the daemon"
    );
}

#[test]
fn a_held_run_waits_for_a_person() {
    let past = past(RunStatus::Held, -86_400, Some(-86_300), 0);
    let planned = plan(&timing(&[(Contacts, immediate(900))]), &past, &Here::default(), at(0));
    assert_eq!(planned, Plan { step: Step::Wait(None), outlook: Outlook::Held(9) });
    let dropped = Past { unlucky: 1, ..self::past(RunStatus::Dropped, -1_000, Some(-10), 1) };
    let after = step(&timing(&[(Contacts, cron(900))]), &dropped, &Here::default());
    assert_eq!(after, Step::Sync(vec![Contacts]), "it was decided; its period has passed");
}

#[test]
fn immediately_probes_between_its_syncs() {
    let now = timing(&[(Contacts, immediate(86_400)), (Products, cron(900))]);
    let past = completed(&[(Contacts, -100), (Products, -100)]);
    let probed = |secs, failed| Here { probed: Some((at(secs), failed)), ..Here::default() };
    for (here, want) in [
        (Here::default(), Step::Probe),
        (probed(-30, 0), Step::Probe),
        (probed(-10, 0), wait(20)),
        (probed(-30, 1), wait(30)),
        (probed(-30, 9), wait(800)),
        (probed(500, 0), Step::Probe),
    ] {
        assert_eq!(step(&now, &past, &here), want, "{here:?}");
    }
    let first = step(&now, &completed(&[(Products, -100)]), &Here::default());
    assert_eq!(first, Step::Sync(vec![Contacts]), "what was never synced needs no probe");
    let planned = plan(&now, &past, &Here::default(), at(0));
    let due = Due { at: at(800), watched: true, trouble: None };
    assert_eq!(planned.outlook, Outlook::Due(due));
}

#[test]
fn probes_leave_a_connector_alone_after_a_bad_end() {
    let now = timing(&[(Contacts, immediate(86_400))]);
    for (status, tries, next) in [
        (RunStatus::Failed, 1, 60),
        (RunStatus::Failed, 2, 120),
        (RunStatus::Failed, 30, 3_600),
        (RunStatus::Cancelled, 1, 900),
        (RunStatus::Dropped, 1, 900),
    ] {
        let mut past = past(status, -10, Some(0), tries);
        past.completed.insert(Contacts, (1, at(-5_000)));
        assert_eq!(step(&now, &past, &Here::default()), wait(next), "{status:?} {tries}");
    }
}

#[test]
fn what_waits_in_the_queue_of_an_immediate_module_has_its_time() {
    let now = timing(&[(Contacts, immediate(86_400))]);
    let here = Here { probed: Some((at(0), 0)), ..Here::default() };
    for (began, retry, want) in [
        (-500, -5, Step::Sync(vec![Contacts])),
        (-500, 20, wait(20)),
        (-500, 500, wait(30)),
        (-10, -5, wait(30)),
    ] {
        let waiting = BTreeMap::from([(Contacts, at(retry))]);
        let past = Past { waiting, ..completed(&[(Contacts, began)]) };
        assert_eq!(step(&now, &past, &here), want, "{began} {retry}");
    }
}

#[test]
fn what_cannot_start_is_tried_later_and_told() {
    let quarter = timing(&[(Contacts, cron(900))]);
    let error = UserError::new("No.", "", "");
    let refused =
        |secs, tries| Here { refused: Some((at(secs), tries, error.clone())), ..Here::default() };
    for (here, want) in [
        (refused(-10, 1), wait(50)),
        (refused(-10, 3), wait(230)),
        (refused(-60, 1), Step::Sync(vec![Contacts])),
        (Here { busy_until: Some(at(7)), ..Here::default() }, wait(7)),
        (Here { busy_until: Some(at(9_000)), ..Here::default() }, Step::Sync(vec![Contacts])),
    ] {
        assert_eq!(step(&quarter, &Past::default(), &here), want, "{here:?}");
    }
    let planned = plan(&quarter, &Past::default(), &refused(-10, 1), at(0));
    let Outlook::Due(due) = planned.outlook else { panic!("{planned:?}") };
    assert_eq!((due.at, due.trouble), (at(50), Some(error)));
}

#[test]
fn a_run_of_another_process_is_told() {
    let mut past = past(RunStatus::Running, -10, None, 1);
    past.completed.insert(Contacts, (1, at(-5_000)));
    let quarter = timing(&[(Contacts, cron(900))]);
    let here = Here { busy_until: Some(at(7)), ..Here::default() };
    let planned = plan(&quarter, &past, &here, at(0));
    assert_eq!(planned, Plan { step: wait(7), outlook: Outlook::Running });
}

/// A clock, a connector and a past that follow the plan.
struct Story {
    timing: Timing,
    past: Past,
    here: Here,
    now: Stamp,
    runs: Vec<Stamp>,
}

impl Story {
    /// Does what the plan says. `status`: how a run ends.
    fn follow(&mut self, status: RunStatus) -> Step {
        let step = plan(&self.timing, &self.past, &self.here, self.now).step;
        match &step {
            Step::Sync(modules) => {
                self.runs.push(self.now);
                let id = self.runs.len() as u64;
                if status == RunStatus::Completed {
                    let all = modules.iter().map(|module| (*module, (id, self.now)));
                    self.past.completed.extend(all);
                    self.past.unlucky = 0;
                } else {
                    self.past.unlucky += 1;
                }
                self.past.newest =
                    Some(Newest { id, status, started: self.now, ended: Some(self.now) });
            }
            Step::Probe => self.here.probed = Some((self.now, 0)),
            Step::Wait(_) => {}
        }
        step
    }
}

fn any_timing() -> impl Strategy<Value = Timing> {
    let timed = (any::<bool>(), 60u64..100_000)
        .prop_map(|(now, every)| if now { immediate(every) } else { cron(every) });
    (timed.clone(), timed, any::<bool>()).prop_map(|(first, second, both)| {
        let all = [(Contacts, first), (Products, second)];
        timing(&all[..1 + usize::from(both)])
    })
}

fn any_status() -> impl Strategy<Value = RunStatus> {
    prop::sample::select(vec![
        RunStatus::Completed,
        RunStatus::Failed,
        RunStatus::Cancelled,
        RunStatus::Interrupted,
    ])
}

proptest! {
    /// Whoever waits as long as the plan says finds something to do then, and not before.
    #[test]
    fn waiting_is_exact(timing in any_timing(), statuses in prop::collection::vec(any_status(), 1..12)) {
        let mut story = Story { timing, past: Past::default(), here: Here::default(), now: at(0), runs: vec![] };
        for status in statuses {
            let mut steps = 0;
            while let Step::Wait(until) = story.follow(status) {
                let until = until.expect("somebody will look again");
                prop_assert!(until > story.now);
                let before = Stamp(until.0 - 1);
                let early = plan(&story.timing, &story.past, &story.here, before).step;
                prop_assert_eq!(early, Step::Wait(Some(until)));
                story.now = until;
                steps += 1;
                prop_assert!(steps < 2, "nothing to do at the time that was named");
            }
        }
    }

    /// Whatever the clock does and however runs end, runs keep their distance: no storm.
    #[test]
    fn there_is_at_most_one_run_to_catch_up(
        timing in any_timing(),
        jumps in prop::collection::vec((-200_000i64..400_000, any_status()), 1..20),
    ) {
        let least = timing.modules.values().map(|timed| timed.every).min().unwrap();
        let mut story = Story { timing, past: Past::default(), here: Here::default(), now: at(0), runs: vec![] };
        for (jump, status) in jumps {
            story.now = Stamp(story.now.0 + jump * 1000);
            let before = story.runs.len();
            // A minute of looking every five seconds.
            for _ in 0..12 {
                story.follow(status);
                story.now = story.now.plus(secs(5));
            }
            let more = story.runs.len() - before;
            let died = status == RunStatus::Interrupted;
            // Two modules with periods of their own may come one after the other; a run that died
            // is taken up once.
            let most = story.timing.modules.len() + usize::from(died);
            prop_assert!(more <= most, "{more} runs within a minute, the least period is {least:?}");
        }
    }

    /// A failing connector is asked ever more rarely, and never given up.
    #[test]
    fn a_failing_connector_is_left_in_peace(timing in any_timing()) {
        let mut story = Story { timing, past: Past::default(), here: Here::default(), now: at(0), runs: vec![] };
        let least = story.timing.modules.values().map(|timed| timed.every).min().unwrap();
        while story.runs.len() < 12 {
            if let Step::Wait(Some(until)) = story.follow(RunStatus::Failed) {
                story.now = until;
            }
        }
        let gaps: Vec<_> = story.runs.windows(2).map(|two| two[1].since(two[0])).collect();
        prop_assert!(gaps.iter().all(|gap| *gap >= least), "{gaps:?}");
        prop_assert!(*gaps.last().unwrap() >= LONGEST_PERIOD, "{gaps:?}");
        prop_assert!(*gaps.last().unwrap() <= secs(100_000).max(LONGEST_PERIOD), "{gaps:?}");
    }
}
