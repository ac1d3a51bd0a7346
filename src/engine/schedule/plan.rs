//! What is due, and when to look again: a pure function of the settings, the past and the clock.
//!
//! A module is due when its period has passed since its last completed run began; however many
//! periods were missed, that is one run. Runs that came to no end are tried again at the next
//! period, then after twice, four times … as long. A run that died, or that was cut short because
//! the program ended, is taken up at once. A held run stops the schedule: a person decides.

use super::past::Past;
use super::timing::{Timed, Timing};
use crate::model::{Mode, Module, RunStatus, Stamp, UserError};
use std::time::Duration;

/// Between runs that died, and between tries to start one.
const FIRST: Duration = Duration::from_secs(60);
/// The longest pause of that kind.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The longest pause between failing runs, unless the period itself is longer.
const LONGEST_PERIOD: Duration = Duration::from_secs(4 * 3_600);
/// After a person cancelled or dropped a run, probes leave the connector alone for so long.
const RESPECT: Duration = Duration::from_secs(900);
/// The longest pause between failing probes.
const LONGEST_PROBE: Duration = Duration::from_secs(900);
/// What is due within a tenth of its period, at most this, comes along with what is due now.
const TOGETHER: Duration = Duration::from_secs(60);
/// A stamp further in the future was made before the clock was set back; it tells nothing.
const FUTURE: Duration = Duration::from_secs(60);

/// What only this process knows of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Here {
    /// When a run last could not even start, how often in a row, and why.
    pub refused: Option<(Stamp, u32, UserError)>,
    /// When the last probe ended, and how many failed in a row.
    pub probed: Option<(Stamp, u32)>,
    /// Why it failed.
    pub blind: Option<UserError>,
    /// Somebody else syncs it: not before this.
    pub busy_until: Option<Stamp>,
}

/// What to do with a connector now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sync these modules.
    Sync(Vec<Module>),
    /// Look whether anything changed, in the modules that want it.
    Probe,
    /// Nothing, until then; `None`: until something else changes.
    Wait(Option<Stamp>),
}

/// When a connector is synced by itself, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// Never: it is disabled, or nothing asks for it.
    Off,
    /// A guard holds this run; the schedule waits for a person.
    Held(u64),
    /// It is being synced.
    Running,
    /// Some time.
    Due(Due),
}

/// When a connector is synced next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// By the clock.
    pub at: Stamp,
    /// Sooner, if a probe sees a change.
    pub watched: bool,
    /// What keeps it from being synced or looked at now.
    pub trouble: Option<UserError>,
}

/// What follows from settings, past and clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What to do.
    pub step: Step,
    /// What to tell.
    pub outlook: Outlook,
}

/// Plans.
pub fn plan(timing: &Timing, past: &Past, here: &Here, now: Stamp) -> Plan {
    if timing.modules.is_empty() {
        return Plan { step: Step::Wait(None), outlook: Outlook::Off };
    }
    if let Some(newest) = past.newest.as_ref().filter(|run| run.status == RunStatus::Held) {
        return Plan { step: Step::Wait(None), outlook: Outlook::Held(newest.id) };
    }
    let pause = Pause::of(past, here, now);
    let due = |module: &Module, timed: &Timed| due_at(*module, timed, past, &pause, now);
    let due: Vec<(Module, &Timed, Stamp)> =
        timing.modules.iter().map(|(m, timed)| (*m, timed, due(m, timed))).collect();
    let clock = due.iter().map(|(.., at)| *at).min().unwrap_or(now);
    let watched = timing.modules.values().any(|timed| timed.mode == Mode::Immediately);
    let probe = watched.then(|| probe_at(timing, here, &pause, now));
    let step = if clock <= now {
        let along = |timed: &Timed| now.plus((timed.every / 10).min(TOGETHER));
        let now_too = due.iter().filter(|(_, timed, at)| *at <= now || *at <= along(timed));
        Step::Sync(now_too.map(|(module, ..)| *module).collect())
    } else if probe.is_some_and(|at| at <= now) {
        Step::Probe
    } else {
        Step::Wait(Some(probe.map_or(clock, |probe| probe.min(clock))))
    };
    let running = past.newest.as_ref().is_some_and(|run| run.status == RunStatus::Running);
    let outlook = if running && here.busy_until.is_some_and(|until| until > now) {
        Outlook::Running
    } else {
        let refused = here.refused.as_ref().map(|(.., error)| error);
        let trouble = refused.or(here.blind.as_ref()).cloned();
        Outlook::Due(Due { at: clock, watched, trouble })
    };
    Plan { step, outlook }
}

/// What the last runs allow.
struct Pause {
    /// Nothing before this.
    all: Stamp,
    /// No run because of a probe before this.
    probes: Stamp,
    /// When the last run began that failed or was called off, and how many periods to wait.
    missed: Option<(Stamp, u32)>,
    /// The last run was cut short: everything is due.
    cut: bool,
}

impl Pause {
    fn of(past: &Past, here: &Here, now: Stamp) -> Self {
        let mut pause =
            Self { all: Stamp(i64::MIN), probes: Stamp(i64::MIN), missed: None, cut: false };
        let after = |at: Stamp, wait: Duration| credible(at, now).map(|at| at.plus(wait));
        pause.all =
            pause.all.max(here.busy_until.and_then(|at| credible(at, now)).unwrap_or(pause.all));
        if let Some((at, tries, _)) = &here.refused {
            pause.all = pause.all.max(after(*at, doubled(FIRST, *tries, LONGEST)).unwrap_or(now));
        }
        let Some(newest) = &past.newest else { return pause };
        let ended = newest.ended.unwrap_or(newest.started);
        match newest.status {
            RunStatus::Completed | RunStatus::Preview | RunStatus::Held => {}
            RunStatus::Running | RunStatus::Interrupted => {
                pause.cut = true;
                if past.unlucky > 1 {
                    let wait = doubled(FIRST, past.unlucky - 1, LONGEST);
                    pause.all = pause.all.max(after(ended, wait).unwrap_or(now));
                }
            }
            RunStatus::Cancelled if past.resume => pause.cut = true,
            status => {
                pause.missed = credible(newest.started, now).map(|at| (at, past.unlucky));
                let wait = match status {
                    RunStatus::Failed => doubled(FIRST, past.unlucky, LONGEST),
                    _ => doubled(RESPECT, past.unlucky, LONGEST),
                };
                pause.probes = after(ended, wait).unwrap_or(now);
            }
        }
        pause
    }
}

/// When a module is due by the clock.
fn due_at(module: Module, timed: &Timed, past: &Past, pause: &Pause, now: Stamp) -> Stamp {
    let completed = past.completed.get(&module).and_then(|(_, at)| credible(*at, now));
    let mut at = match completed {
        Some(at) if !pause.cut => at.plus(timed.every),
        _ => now,
    };
    if timed.mode == Mode::Immediately
        && let (Some(retry), Some(completed)) = (past.waiting.get(&module), completed)
    {
        at = at.min((*retry).max(completed.plus(FIRST)));
    }
    if let Some((began, tries)) = pause.missed {
        let longest = timed.every.max(LONGEST_PERIOD);
        at = at.max(began.plus(doubled(timed.every, tries, longest)));
    }
    at.max(pause.all)
}

/// When to probe.
fn probe_at(timing: &Timing, here: &Here, pause: &Pause, now: Stamp) -> Stamp {
    let last = here.probed.and_then(|(at, failed)| Some((credible(at, now)?, failed)));
    let at = last.map_or(now, |(at, failed)| {
        let longest = timing.probe.max(LONGEST_PROBE);
        at.plus(doubled(timing.probe, failed + 1, longest))
    });
    at.max(pause.all).max(pause.probes)
}

/// An instant of the past, unless the clock was set back since.
fn credible(at: Stamp, now: Stamp) -> Option<Stamp> {
    (at <= now.plus(FUTURE)).then_some(at)
}

/// The pause after so many failures: once, twice, four times … as long.
fn doubled(first: Duration, tries: u32, longest: Duration) -> Duration {
    let factor = 1u32 << tries.saturating_sub(1).min(20);
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests;
