//! `syncdeck daemon`: scheduled syncs until somebody ends it. One line on standard error for each
//! run that begins or ends, for the journal; with `--json` each ended run on standard output, a line
//! each, as `sync --json` prints it. Under systemd it tells when it is ready, what it does, and that
//! it is alive.

mod notify;

use super::exit::{Exit, Outcome};
use super::house::{Context, House, runtime};
use super::json::RunView;
use super::log::local;
use super::output::{Output, plain};
use super::signals::Stops;
use super::suspend::close_store_before_stops;
use super::table::counted;
use crate::engine::{Notice, Outlook, Outlooks, Scheduler};
use crate::model::{ConnectorId, Run, RunStatus, Stamp, Trigger, UserError};
use notify::Notifier;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long the loop may take to answer before it counts as stuck.
const ANSWER: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or SIGINT.
pub fn run(context: &Context) -> Outcome {
    context.may_write("The daemon")?;
    let house = context.open()?;
    let ended = runtime()?.block_on(serve(&house, context));
    drop(house);
    ended
}

async fn serve(house: &House, context: &Context) -> Outcome {
    let mut stops = Stops::take()?;
    let mut hangups = Stops::hangups()?;
    close_store_before_stops(&house.store);
    let notifier = Notifier::from_env();
    let out = Output::new(context.out.json);
    let tell = Arc::new(move |notice: Notice| tell(&Output::new(out.json), &notice));
    let (store, catalog) = (house.store.clone(), house.catalog.clone());
    let scheduler = Scheduler::start(house.engine.clone(), store, catalog, tell);
    let mut outlooks = scheduler.outlooks();
    let mut names = names(house);
    context.out.message(&welcome(&names));
    notifier.ready(&welcome(&names));
    let mut beat = notifier.watchdog().map(tokio::time::interval);
    loop {
        tokio::select! {
            biased;
            () = stops.next() => break,
            _ = hangups.recv() => {
                context.out.message("The settings are looked at again.");
                scheduler.look();
            }
            () = tick(&mut beat) => {
                // A loop that does not answer is not vouched for: systemd starts us anew.
                if scheduler.is_alive(ANSWER).await {
                    notifier.alive();
                }
            }
            Ok(()) = outlooks.changed() => {
                let now = outlooks.borrow_and_update().clone();
                if now.keys().ne(names.keys()) {
                    names = self::names(house);
                }
                notifier.status(&status(&now, &names));
            }
        }
    }
    notifier.stopping("Finishing what is in flight");
    context
        .out
        .message("Stopping: what is in flight is finished first. Once more to stop at once.");
    tokio::select! {
        () = scheduler.stop() => Ok(Exit::Done),
        () = stops.next() => Ok(Exit::Interrupted),
    }
}

/// The next beat; never, if nobody asks for one.
async fn tick(beat: &mut Option<tokio::time::Interval>) {
    match beat {
        Some(beat) => drop(beat.tick().await),
        None => std::future::pending().await,
    }
}

/// The connectors' names; none where the store cannot be read, which the schedule tells.
fn names(house: &House) -> BTreeMap<ConnectorId, String> {
    let all = house.store.read_blocking(|r| r.connectors()).unwrap_or_default();
    all.into_iter().map(|connector| (connector.id, plain(&connector.name))).collect()
}

fn welcome(names: &BTreeMap<ConnectorId, String>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let connectors = counted(names.len() as u64, "connector");
    format!("SyncDeck {version} runs the schedule of {connectors}.")
}

/// The status for `systemctl status`. Instants, not periods: it stays true until something happens.
fn status(outlooks: &Outlooks, names: &BTreeMap<ConnectorId, String>) -> String {
    let name = |id: &ConnectorId| names.get(id).map_or("?", String::as_str);
    let running: Vec<_> = outlooks
        .iter()
        .filter(|(_, outlook)| **outlook == Outlook::Running)
        .map(|(id, _)| name(id))
        .collect();
    let held: Vec<_> = outlooks
        .iter()
        .filter(|(_, outlook)| matches!(outlook, Outlook::Held(_)))
        .map(|(id, _)| name(id))
        .collect();
    let next = outlooks
        .iter()
        .filter_map(|(id, outlook)| match outlook {
            Outlook::Due(due) => Some((due.at, name(id))),
            _ => None,
        })
        .min();
    let mut parts = Vec::new();
    if !running.is_empty() {
        parts.push(format!("syncing {}", running.join(", ")));
    }
    if let Some((at, name)) = next {
        let [date, time] = local(at);
        parts.push(format!("next {name} at {date} {time}"));
    }
    if !held.is_empty() {
        parts.push(format!("waiting for a decision on {}", held.join(", ")));
    }
    match parts.is_empty() {
        true => "nothing is scheduled".into(),
        false => parts.join("; "),
    }
}

fn tell(out: &Output, notice: &Notice) {
    out.message(&line(notice));
    if let Notice::Ended(run) = notice
        && out.json
    {
        // Whoever reads may have gone; the syncs go on.
        let _ = out.document(&RunView::from(run.as_ref()));
    }
}

/// A notice as a line for the journal.
fn line(notice: &Notice) -> String {
    match notice {
        Notice::Begun { connector, trigger, modules } => {
            let why = match trigger {
                Trigger::Schedule => "by the clock",
                Trigger::Immediate => "because something changed",
                Trigger::Manual => "by hand",
            };
            let modules: Vec<_> = modules.iter().map(|module| module.label()).collect();
            format!("{}: sync of {} began {why}.", plain(connector), modules.join(", "))
        }
        Notice::Ended(run) => ended(run),
        Notice::Refused(connector, error) => told(connector, "the sync did not start", error),
        Notice::Blind(connector, error) => told(connector, "cannot look for changes", error),
        Notice::Unreadable(error) => format!("The schedule waits. {}", plain(&error.one_line())),
    }
}

fn told(connector: &str, what: &str, error: &UserError) -> String {
    format!("{}: {what}. {}", plain(connector), plain(&error.one_line()))
}

fn ended(run: &Run) -> String {
    let (id, name) = (run.id, plain(&run.connector_name));
    let took = run.ended.unwrap_or_else(Stamp::now).since(run.started).as_secs();
    let begin = format!("{name}: run {id} {}", run.status.key());
    match run.status {
        RunStatus::Held => {
            let why = run.held.as_ref().map(|held| held.threshold.clone()).unwrap_or_default();
            format!(
                "{begin}: {}. Decide with: syncdeck sync {name} --confirm {id}, or --drop {id}",
                plain(&why)
            )
        }
        RunStatus::Failed => {
            let why = run.error.as_ref().map(UserError::one_line).unwrap_or_default();
            format!("{begin} after {took} s. {}", plain(&why))
        }
        _ => {
            let mut sum = [0; 4];
            for counts in run.modules.values().flat_map(|m| [&m.vtiger, &m.service]) {
                let each = [counts.created, counts.updated, counts.deleted, counts.skipped];
                sum.iter_mut().zip(each).for_each(|(sum, n)| *sum += n);
            }
            let [created, updated, deleted, skipped] = sum;
            format!(
                "{begin} after {took} s: {created} created, {updated} updated, {deleted} deleted, \
                 {skipped} skipped."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Due;
    use crate::model::{Held, Module, ModuleCounts};

    fn run(status: RunStatus) -> Run {
        let mut contacts = ModuleCounts::default();
        (contacts.vtiger.created, contacts.service.updated, contacts.service.skipped) = (3, 2, 1);
        Run {
            id: 12,
            connector: 1,
            connector_name: "sh\u{1b}op".into(),
            trigger: Trigger::Schedule,
            status,
            started: Stamp::from_secs(100),
            ended: Some(Stamp::from_secs(104)),
            held: None,
            modules: BTreeMap::from([(Module::Contacts, contacts)]),
            error: None,
            requests: 0,
            retries: 0,
            progress: None,
        }
    }

    #[test]
    fn lines_tell_what_happened() {
        let begun = |trigger| Notice::Begun {
            connector: "shop".into(),
            trigger,
            modules: vec![Module::Products, Module::Contacts],
        };
        let error = UserError::new("It failed.", "The line\nis down.", "Wait.");
        let failed = Run { error: Some(error.clone()), ..run(RunStatus::Failed) };
        let held = Held {
            guard: "deletes".into(),
            counts: BTreeMap::new(),
            threshold: "40 of 100 are gone".into(),
        };
        for (notice, want) in [
            (begun(Trigger::Schedule), "shop: sync of Products, Contacts began by the clock."),
            (
                Notice::Ended(Box::new(run(RunStatus::Completed))),
                "sh\u{fffd}op: run 12 completed after 4 s: 3 created, 2 updated, 0 deleted, 1 skipped.",
            ),
            (
                Notice::Ended(Box::new(Run { held: Some(held), ..run(RunStatus::Held) })),
                "sh\u{fffd}op: run 12 held: 40 of 100 are gone. Decide with: syncdeck sync sh\u{fffd}op \
                 --confirm 12, or --drop 12",
            ),
            (
                Notice::Ended(Box::new(failed)),
                "sh\u{fffd}op: run 12 failed after 4 s. It failed. The line is down. Wait.",
            ),
            (
                Notice::Blind("shop".into(), error),
                "shop: cannot look for changes. It failed. The line is down. Wait.",
            ),
        ] {
            assert_eq!(line(&notice), want);
            assert_eq!(line(&notice).lines().count(), 1);
        }
        assert!(line(&begun(Trigger::Immediate)).contains("because something changed"));
    }

    #[test]
    fn the_status_tells_what_comes_next() {
        let names = BTreeMap::from([(1, "a".to_owned()), (2, "b".to_owned()), (3, "c".to_owned())]);
        let due =
            |secs| Outlook::Due(Due { at: Stamp::from_secs(secs), watched: false, trouble: None });
        let of = |list: &[(ConnectorId, Outlook)]| {
            status(&list.iter().cloned().collect::<Outlooks>(), &names)
        };
        assert_eq!(of(&[]), "nothing is scheduled");
        assert_eq!(of(&[(1, Outlook::Off)]), "nothing is scheduled");
        let next = of(&[(1, due(9_000_000)), (2, due(60)), (3, Outlook::Held(7))]);
        assert!(
            next.starts_with("next b at ") && next.ends_with("waiting for a decision on c"),
            "{next}"
        );
        assert_eq!(of(&[(2, Outlook::Running)]), "syncing b");
    }
}
