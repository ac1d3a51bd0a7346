//! The story of one run: settle what was left open, read both sides of every module, look at the
//! whole plan, write, move the cursors.

use super::apply::apply;
use super::companions::Companions;
use super::context::{Context, Step, Stop};
use super::deletes::apply_deletes;
use super::guard::{Tally, hold, may_be_held};
use super::handle::SyncMode;
use super::matching::Match;
use super::module::{ModuleWork, Prepared, at, prepare};
use super::plan::decide;
use super::planned::Planned;
use super::pull::{pull, stage_passed_over};
use super::recheck::stage_partners;
use super::reconcile::Decision;
use super::references::referring;
use super::safeguards::{Safeguard, on};
use super::settle::{settle, settle_companions};
use super::units::{Unit, Units};
use crate::model::{Cursor, Held, Intent, IntentKind, Module, RunStatus, Side, Stamp};
use crate::store::{Batch, Change, Reader};
use std::collections::BTreeMap;
use std::time::Duration;

/// A write may have been sent so long after it was announced: the others of its batch went first.
const OF_ONE_BATCH: Duration = Duration::from_secs(300);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Its status.
    pub status: RunStatus,
    /// What a guard holds it for.
    pub held: Option<Held>,
}

/// Carries out a run whose row is in the store and whose lease is held.
///
/// # Errors
/// It was cancelled, or cannot go on; what was done is recorded.
pub async fn run(
    context: &mut Context,
    mode: SyncMode,
    only: &[Module],
    confirmed: Option<&BTreeMap<String, u64>>,
) -> Step<End> {
    context.dry = mode == SyncMode::Preview;
    let mut modules = context.until_cancelled(prepare_modules(context, only)).await?;
    let services = context.catalog.vtiger_module(Module::Services).map(|m| m.entity.clone());
    let services = services.unwrap_or_default();
    context.remotes =
        referring(&context.remotes, &context.store, context.id(), &modules, &services);
    if !context.dry {
        // What a module is made of has to be known, even if it is not synced now.
        let open = open_sources(context, only).await?;
        let mut sources = match open.is_empty() {
            true => Vec::new(),
            false => prepare_modules(context, &open).await?,
        };
        settle_open(context, &mut modules, &mut sources).await?;
    }
    for work in &mut modules {
        for side in Side::BOTH {
            context.until_cancelled(pull(context, work, side)).await?;
        }
        context.until_cancelled(stage_partners(context, work)).await?;
        context.until_cancelled(stage_passed_over(context, work)).await?;
        note_unchanged(context, work).await?;
    }
    if context.dry {
        let end = carry_out(context, &mut modules).await?;
        context.commit(end).await?;
        return Ok(End { status: RunStatus::Preview, held: None });
    }
    let may_be_held = confirmed.is_some()
        || modules.iter().any(|work| {
            let staged = [work.linked.pushed(), work.fresh.pushed()];
            may_be_held(&context.connector.advanced, work.links, staged)
                || work.empty.contains(&true)
        });
    let tallies = context.until_cancelled(survey(context, &mut modules, may_be_held)).await?;
    let held = hold(&tallies, &context.connector.advanced, confirmed);
    if let Some(held) = held.filter(|_| mode != SyncMode::Accept) {
        // A person decides by looking at the plan: list it.
        context.dry = true;
        let end = carry_out(context, &mut modules).await?;
        context.commit(end).await?;
        return Ok(End { status: RunStatus::Held, held: Some(held) });
    }
    may_write(context, &modules, &tallies).await?;
    if !on(Safeguard::CursorLast) {
        move_cursors(context, &modules, Batch::new()).await?;
    }
    let end = carry_out(context, &mut modules).await?;
    move_cursors(context, &modules, end).await?;
    Ok(End { status: RunStatus::Completed, held: None })
}

/// The modules to be synced, with their rows in the run.
async fn prepare_modules(context: &Context, only: &[Module]) -> Step<Vec<ModuleWork>> {
    let mut rows = Batch::new();
    let modules = prepare_each(context, only, &mut rows).await;
    context.commit(rows).await?;
    modules
}

async fn prepare_each(
    context: &Context,
    only: &[Module],
    rows: &mut Batch,
) -> Step<Vec<ModuleWork>> {
    let catalog = context.catalog.clone();
    let service = catalog.service(&context.connector.service).ok_or_else(|| {
        Stop::Failed(crate::model::UserError::new(
            format!("The service \"{}\" is not known.", context.connector.service),
            "This version of SyncDeck has no description of it.",
            "Remove the connector, or use the version that made it.",
        ))
    })?;
    let mut modules = Vec::new();
    for (module, settings) in &context.connector.modules {
        let wanted = only.is_empty() || only.contains(module);
        if !settings.enabled || !wanted {
            continue;
        }
        let (Some(crm), Some(spec)) = (catalog.vtiger_module(*module), service.modules.get(module))
        else {
            continue;
        };
        context.begin(*module, "reading the fields", None);
        let (available, why) = match prepare(context, *module, settings, crm, spec).await? {
            Prepared::Ready(work) => {
                modules.push(*work);
                (true, None)
            }
            Prepared::Unavailable(why) => (false, Some(why)),
        };
        rows.push(Change::ModuleRow { run: context.run, module: *module, available, why });
    }
    Ok(modules)
}

/// The modules that the chosen ones are made of in the service, if a create of theirs is open.
async fn open_sources(context: &Context, only: &[Module]) -> Step<Vec<Module>> {
    let service = context.catalog.service(&context.connector.service);
    let from = |module: &Module| {
        let spec = service?.modules.get(module)?;
        spec.comes_from.as_ref().map(|from| from.module).filter(|from| !only.contains(from))
    };
    let mut sources: Vec<Module> = only.iter().filter_map(from).collect();
    if !sources.is_empty() {
        let connector = context.id();
        let open = context.read(move |r| r.intents(connector)).await?;
        sources.retain(|source| {
            open.iter().any(|(m, intent)| m == source && intent.kind == IntentKind::Create)
        });
        sources.dedup();
    }
    Ok(sources)
}

/// Settles the writes that a crash or a lost answer left open.
async fn settle_open(
    context: &Context,
    modules: &mut [ModuleWork],
    sources: &mut [ModuleWork],
) -> Step<()> {
    let connector = context.id();
    let open = context.read(move |r| r.intents(connector)).await?;
    if open.is_empty() {
        return Ok(());
    }
    let_them_land(context, &open).await?;
    let mut by_module: BTreeMap<Module, Vec<Intent>> = BTreeMap::new();
    let mut companions = Vec::new();
    for (module, intent) in open {
        // An update is always the module's own: companions are only ever created.
        let companion = intent.kind == IntentKind::Create
            && context.catalog.vtiger.companion_of(&intent.source_id).is_some();
        if companion {
            companions.push(intent);
        } else {
            by_module.entry(module).or_default().push(intent);
        }
    }
    settle_companions(context, companions).await?;
    for work in modules.iter_mut().chain(sources) {
        if let Some(intents) = by_module.remove(&work.module) {
            context.begin(work.module, "settling what was left open", Some(intents.len() as u64));
            settle(context, work, intents).await?;
            // A first sync that was cut off may have its first links only now.
            let module = work.module;
            work.links = context.read(move |r| r.link_count(connector, module)).await?;
        }
    }
    Ok(())
}

/// A server goes on with a write though its client has died. Before a create is looked for that may
/// have been sent a moment ago, such a write gets the time to land: else it would be made twice.
async fn let_them_land(context: &Context, open: &[(Module, Intent)]) -> Step<()> {
    let now = Stamp::now();
    let recent = |(_, intent): &&(Module, Intent)| {
        intent.kind == IntentKind::Create && now.since(intent.sent) < OF_ONE_BATCH
    };
    let Some((module, _)) = open.iter().find(recent) else { return Ok(()) };
    if !on(Safeguard::LateWrites) {
        return Ok(());
    }
    context.begin(*module, "waiting for writes under way", None);
    context.wait_until(now.plus(context.connector.advanced.settle_wait.0)).await
}

async fn note_unchanged(context: &Context, work: &ModuleWork) -> Step<()> {
    let change = Change::AddUnchanged {
        run: context.run,
        module: work.module,
        unchanged: work.unchanged,
        standing_skips: 0,
    };
    let mut batch: Batch = change.into();
    batch.push(context.progress_change());
    context.begin_commit(batch).await
}

/// Reconciles what was staged, only to count what is going to happen. Unless all is to be counted,
/// it ends where a write is planned.
async fn survey(
    context: &Context,
    modules: &mut [ModuleWork],
    all: bool,
) -> Step<BTreeMap<Module, Tally>> {
    let mut tallies = BTreeMap::new();
    for work in modules {
        let mut tally = Tally { links: work.links, ..Tally::default() };
        tally.empty_side = Side::BOTH.into_iter().find(|side| work.empty[at(*side)]);
        let mut units = Units::new(context, work).await?;
        let size = if all { 1_000 } else { 20 };
        while all || !tally.plans_writes() {
            context.go_on()?;
            let batch = units.next(context, work, size).await?;
            if batch.is_empty() {
                break;
            }
            for unit in &batch {
                count(work, unit, &mut tally);
            }
        }
        tallies.insert(work.module, tally);
    }
    Ok(tallies)
}

fn count(work: &ModuleWork, unit: &Unit, tally: &mut Tally) {
    match unit {
        Unit::Linked { link, now } => match decide(work, Some(link), now).0 {
            Decision::Write { vtiger, service, .. } => {
                tally.changed += u64::from(!vtiger.is_empty() || !service.is_empty());
            }
            Decision::Delete(_) | Decision::Keep(..) => tally.gone += 1,
            Decision::Revive(_) | Decision::Forget => {}
        },
        Unit::Match(found) => match found.as_ref() {
            Match::New { side: Side::Vtiger, .. } if work.writes(Side::Service) => {
                tally.creates_service += 1
            }
            Match::New { side: Side::Service, .. } if work.writes(Side::Vtiger) => {
                tally.creates_vtiger += 1
            }
            Match::Pair { .. } => tally.pairs += 1,
            _ => {}
        },
    }
}

/// Makes sure, before the first write, that both sides let themselves be written: a key without
/// that right would else leave a run half done.
async fn may_write(
    context: &Context,
    modules: &[ModuleWork],
    tallies: &BTreeMap<Module, Tally>,
) -> Step<()> {
    let planned = |work: &&ModuleWork| tallies.get(&work.module).is_some_and(Tally::plans_writes);
    for work in modules.iter().filter(planned) {
        for side in Side::BOTH.into_iter().filter(|side| work.writes(*side)) {
            context.remote(side).may_write(&work.entity[at(side)]).await?;
        }
    }
    Ok(())
}

/// Creates and updates in the order of the modules, then deletes in the reversed order. What is told
/// of it in the end is left to be committed.
async fn carry_out(context: &Context, modules: &mut [ModuleWork]) -> Step<Batch> {
    let folder = context.store.folder().join("scratch");
    let mut companions = Companions { planned: Planned::new(&folder, modules) };
    for work in modules.iter_mut() {
        apply(context, work, &mut companions).await?;
    }
    for work in modules.iter_mut().rev() {
        apply_deletes(context, work).await?;
    }
    standing_skips(context, modules).await
}

/// Tells how many skips of each module stand besides those that this run decided.
async fn standing_skips(context: &Context, modules: &[ModuleWork]) -> Step<Batch> {
    let (connector, run) = (context.id(), context.run);
    let tell = |r: &Reader| {
        let mut batch = Batch::new();
        let row = r.run(run)?.filter(|_| !context.dry);
        for module in modules.iter().map(|work| work.module) {
            let decided = row.as_ref().and_then(|row| row.modules.get(&module));
            let decided = decided.map_or(0, |m| m.vtiger.skipped + m.service.skipped);
            let standing_skips = r.skip_count(connector, module)?.saturating_sub(decided);
            batch.push(Change::AddUnchanged { run, module, unchanged: 0, standing_skips });
        }
        Ok(batch)
    };
    context.read(tell).await
}

/// Everything read is applied, skipped or parked: now the cursors move, in one commit with what else
/// is left.
async fn move_cursors(context: &Context, modules: &[ModuleWork], mut batch: Batch) -> Step<()> {
    for work in modules {
        for side in Side::BOTH {
            if let Some(cursor) = &work.cursors[at(side)] {
                let remote = context.remote(side);
                let refined = |mark: &Option<String>| mark.as_deref().map(|m| remote.refined(m));
                let (mark, deletions) = (refined(&cursor.mark), refined(&cursor.deletions));
                let cursor = Cursor { mark, deletions, ..cursor.clone() };
                batch.push(Change::PutCursor(context.id(), work.module, side, cursor));
            }
        }
        if let Some(since) = work.all.filter(|_| !work.slipped) {
            batch.push(Change::EndAll(context.id(), work.module, since));
        }
    }
    context.commit(batch).await
}
