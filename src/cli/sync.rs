//! `syncdeck sync`: one run now, of one connector or of all; a preview; or the decision on a run
//! that a guard holds.

use super::exit::{Exit, Failure, Outcome};
use super::house::{Context, House, runtime};
use super::json::RunView;
use super::log;
use super::progress::ProgressLine;
use super::signals::Stops;
use super::suspend::close_store_before_stops;
use super::table::counted;
use crate::engine::{SyncError, SyncMode, SyncRequest};
use crate::model::{Connector, Module, Run, RunStatus, Stamp, Trigger};
use clap::Args;
use std::time::Duration;

/// Options of `sync`.
#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// A connector; without a name every enabled one, one after the other
    pub name: Option<String>,
    /// This module only; may be given several times
    #[arg(long, value_name = "MODULE")]
    pub module: Vec<Module>,
    /// Show what a sync would do, and write nothing to either side
    #[arg(long, conflicts_with_all = ["yes", "confirm", "drop"])]
    pub preview: bool,
    /// Accept in advance what a guard would hold
    #[arg(long, conflicts_with_all = ["confirm", "drop"])]
    pub yes: bool,
    /// Do what a guard holds as this run, within the numbers that were shown
    #[arg(long, value_name = "RUN", conflicts_with_all = ["drop", "module"])]
    pub confirm: Option<u64>,
    /// Drop the run that a guard holds
    #[arg(long, value_name = "RUN", conflicts_with = "module")]
    pub drop: Option<u64>,
}

/// What came of one connector: its run, or why there is none.
pub struct Synced {
    connector: String,
    started: Stamp,
    result: Result<Run, SyncError>,
}

/// Syncs, previews, or decides.
pub fn run(args: &SyncArgs, context: &Context) -> Outcome {
    if !args.preview {
        context.may_write("A sync")?;
    }
    let house = context.open()?;
    let runtime = runtime()?;
    if let Some(run) = args.drop {
        of_connector(&house, run, args.name.as_deref())?;
        let run = runtime.block_on(house.engine.drop_held(run))?;
        return print_one(&house, context, &run);
    }
    let connectors = chosen(args, &house)?;
    let request = SyncRequest {
        trigger: Trigger::Manual,
        modules: args.module.clone(),
        mode: match (args.preview, args.yes, args.confirm) {
            (true, ..) => SyncMode::Preview,
            (_, true, _) => SyncMode::Accept,
            (_, _, Some(run)) => SyncMode::Confirm(run),
            _ => SyncMode::Sync,
        },
    };
    let mut synced = runtime.block_on(sync_all(&house, context, &connectors, &request))?;
    if args.name.is_none() && args.confirm.is_none() {
        return print_all(&house, context, &synced);
    }
    match synced.pop() {
        Some(one) => print_one(&house, context, &one.result?),
        None => Ok(Exit::Interrupted),
    }
}

/// The connectors to sync.
fn chosen(args: &SyncArgs, house: &House) -> Outcome<Vec<Connector>> {
    if let Some(run) = args.confirm {
        return Ok(vec![of_connector(house, run, args.name.as_deref())?]);
    }
    if let Some(name) = args.name.as_deref() {
        let connector = house.connector(name)?;
        for module in &args.module {
            can_sync(&connector, *module, house.service_label(&connector.service))?;
        }
        return Ok(vec![connector]);
    }
    let all = house.store.read_blocking(|r| r.connectors())?;
    if all.is_empty() {
        return Err(Failure::usage(
            "There is nothing to sync.",
            "No connector has been set up yet.",
            "Set one up in the full-screen program, or with: syncdeck apply FILE",
        ));
    }
    let takes_part = |c: &Connector| {
        let mut asked = args.module.iter();
        args.module.is_empty() || asked.any(|m| c.modules.get(m).is_some_and(|m| m.enabled))
    };
    Ok(all.into_iter().filter(|c| c.enabled && takes_part(c)).collect())
}

/// Refuses a module that would silently be left out.
fn can_sync(connector: &Connector, module: Module, service: &str) -> Outcome<()> {
    let name = &connector.name;
    match connector.modules.get(&module) {
        Some(settings) if settings.enabled => Ok(()),
        Some(_) => Err(Failure::usage(
            format!("{module} of connector \"{name}\" cannot be synced."),
            "The module is not enabled.",
            "Enable it in the connector's settings first.",
        )),
        None => Err(Failure::usage(
            format!("{module} of connector \"{name}\" cannot be synced."),
            format!("{service} has no such module, or it was never switched on."),
            "Look at the modules with: syncdeck services list",
        )),
    }
}

/// The connector of a run, which must be the one that was named, if one was.
fn of_connector(house: &House, run: u64, name: Option<&str>) -> Outcome<Connector> {
    let run = house.run(run)?;
    let id = run.connector;
    let connector = house.store.read_blocking(|r| r.connector(id))?;
    let connector = connector.ok_or_else(|| {
        Failure::usage(
            format!("Run {} cannot be decided.", run.id),
            format!("Its connector \"{}\" was removed.", run.connector_name),
            "",
        )
    })?;
    match name {
        Some(name) if !name.eq_ignore_ascii_case(&connector.name) => Err(Failure::usage(
            format!("Run {} is not a run of \"{name}\".", run.id),
            format!("It is a run of connector \"{}\".", connector.name),
            format!("Name that one: syncdeck sync {} …", connector.name),
        )),
        _ => Ok(connector),
    }
}

/// Syncs one connector after the other, until all are done or somebody interrupts.
pub async fn sync_all(
    house: &House,
    context: &Context,
    connectors: &[Connector],
    request: &SyncRequest,
) -> Outcome<Vec<Synced>> {
    Ok(sync_rounds(house, context, connectors, request, 1).await?.pop().unwrap_or_default())
}

/// Syncs connectors one after the other, and again, until a round writes nothing: the first ones
/// learn of what the later ones brought. At most so many rounds.
///
/// # Errors
/// As [`sync_all`].
pub async fn sync_rounds(
    house: &House,
    context: &Context,
    connectors: &[Connector],
    request: &SyncRequest,
    most: usize,
) -> Outcome<Vec<Vec<Synced>>> {
    let mut stops = Stops::or_hangup()?;
    close_store_before_stops(&house.store);
    let mut stopping = false;
    let mut rounds = Vec::new();
    while rounds.len() < most && !stopping {
        let mut all = Vec::new();
        for connector in connectors {
            let started = Stamp::now();
            let result =
                sync_one(house, context, connector, request, &mut stops, &mut stopping).await?;
            all.push(Synced { connector: connector.name.clone(), started, result });
            if stopping {
                break;
            }
        }
        let quiet = written(&all) == 0;
        rounds.push(all);
        if quiet {
            break;
        }
    }
    Ok(rounds)
}

/// Whether all connectors of a round were synced.
pub fn all_went(round: &[Synced]) -> bool {
    let completed = |run: &Run| run.status == RunStatus::Completed;
    round.iter().all(|one| one.result.as_ref().is_ok_and(completed))
}

/// How many records the runs of a round wrote.
pub fn written(round: &[Synced]) -> u64 {
    let runs = round.iter().filter_map(|one| one.result.as_ref().ok());
    let modules = runs.flat_map(|run| run.modules.values());
    modules.map(|counts| counts.vtiger.written() + counts.service.written()).sum()
}

/// Syncs one connector. The first signal lets it finish what is in flight, the second does not.
async fn sync_one(
    house: &House,
    context: &Context,
    connector: &Connector,
    request: &SyncRequest,
    stops: &mut Stops,
    stopping: &mut bool,
) -> Outcome<Result<Run, SyncError>> {
    let (engine, id, request) = (house.engine.clone(), connector.id, request.clone());
    // A task of its own: signals are heard while the engine computes.
    let mut work = tokio::spawn(async move { engine.sync(id, request).await });
    let progress = house.engine.progress();
    let mut line = ProgressLine::new(&connector.name);
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            result = &mut work => {
                line.clear();
                return result.map_err(|error| Failure::failed(
                    format!("The sync of \"{}\" broke down.", connector.name),
                    format!("It is a fault of SyncDeck: {error}."),
                    "Please report it. The next sync settles what was left open.",
                ));
            }
            () = stops.next() => {
                line.clear();
                if *stopping {
                    std::process::exit(Exit::Interrupted as i32);
                }
                *stopping = true;
                house.engine.cancel(id);
                context.out.message("Stopping: what is in flight is finished first. \
                                     Once more to stop at once.");
            }
            _ = tick.tick() => {
                if *stopping {
                    // The first request may have come before the run had begun.
                    house.engine.cancel(id);
                }
                line.show(progress.borrow().get(&id));
            }
        }
    }
}

/// Prints the one run, and tells what to do about it.
fn print_one(house: &House, context: &Context, run: &Run) -> Outcome {
    if context.out.json {
        context.out.document(&RunView::from(run))?;
    } else {
        context.out.text(&log::text(house, std::slice::from_ref(run))?)?;
    }
    advise(context, run);
    Ok(exit_of(run))
}

/// Prints what came of every connector.
pub fn print_all(house: &House, context: &Context, synced: &[Synced]) -> Outcome {
    let runs: Vec<&Run> = synced.iter().filter_map(|one| one.result.as_ref().ok()).collect();
    if context.out.json {
        let mut array = context.out.array()?;
        for one in synced {
            array.push(&view(one))?;
        }
        array.end()?;
    } else if runs.is_empty() {
        context.out.text("")?;
    } else {
        let runs: Vec<Run> = runs.into_iter().cloned().collect();
        context.out.text(&log::text(house, &runs)?)?;
    }
    if synced.is_empty() {
        context.out.message("Nothing was synced: no enabled connector takes part.");
    }
    let mut exit = Exit::Done;
    for one in synced {
        match &one.result {
            Ok(run) => {
                advise(context, run);
                exit = exit.and(exit_of(run));
            }
            Err(error) => {
                let (SyncError::Busy(told) | SyncError::Failed(told)) = error;
                context.out.error(told);
                let busy = matches!(error, SyncError::Busy(_));
                exit = exit.and(if busy { Exit::Busy } else { Exit::Failed });
            }
        }
    }
    Ok(exit)
}

/// A run, or in its place why there is none.
fn view(one: &Synced) -> RunView<'_> {
    match &one.result {
        Ok(run) => RunView::from(run),
        Err(SyncError::Busy(error) | SyncError::Failed(error)) => RunView {
            run: None,
            connector: &one.connector,
            trigger: Trigger::Manual,
            status: RunStatus::Failed.key(),
            started: one.started,
            ended: Some(one.started),
            held: None,
            modules: Vec::new(),
            error: Some(error),
        },
    }
}

/// How many records this run decided to skip.
fn skipped(run: &Run) -> u64 {
    run.modules.values().map(|m| m.vtiger.skipped + m.service.skipped).sum()
}

fn exit_of(run: &Run) -> Exit {
    match run.status {
        RunStatus::Completed if skipped(run) > 0 => Exit::Skipped,
        RunStatus::Completed | RunStatus::Preview | RunStatus::Dropped => Exit::Done,
        RunStatus::Held => Exit::Held,
        RunStatus::Cancelled => Exit::Interrupted,
        RunStatus::Failed | RunStatus::Running | RunStatus::Interrupted => Exit::Failed,
    }
}

/// What a person can do now, on standard error.
fn advise(context: &Context, run: &Run) {
    let (id, name) = (run.id, &run.connector_name);
    match run.status {
        RunStatus::Failed => {
            if let Some(error) = &run.error {
                context.out.error(error);
            }
        }
        RunStatus::Held => context.out.message(&format!(
            "Look at what it would do:  syncdeck records {id}\n\
             Do it:                     syncdeck sync {name} --confirm {id}\n\
             Drop it:                   syncdeck sync {name} --drop {id}"
        )),
        RunStatus::Completed | RunStatus::Preview if skipped(run) > 0 => {
            context.out.message(&format!(
                "{} skipped; why and what to do:  syncdeck records {id} --status skipped",
                counted(skipped(run), "record")
            ));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
