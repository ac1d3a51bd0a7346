//! What comes back: pages, runs, progress, the ends of syncs, checks and exports.

use super::availability::is_busy;
use super::{Effects, connectors, consent, debug, forms, moves, navigate, queue, records};
use crate::engine::SyncMode;
use crate::model::{ConnectorId, Counts, Progress, Run, RunStatus, UserError};
use crate::settings::Section;
use crate::tui::commands::{Id, Place};
use crate::tui::model::{CsvState, Dialog, Entry, Model, Pane, Screen, Tab, Tone, held_text};
use crate::tui::msg::{Effect, Exported, Links, Msg, Overview};
use crate::tui::next::words;
use crate::tui::text;
use std::collections::BTreeMap;
use std::time::Duration;

/// Takes an answer in.
pub fn take(model: &mut Model, msg: Msg, effects: &mut Effects) {
    match msg {
        Msg::StoreChanged => store_changed(model, effects),
        Msg::Progress(progress) => take_progress(model, progress, effects),
        Msg::Schedule(outlooks) => {
            model.schedule = outlooks;
            model.dirty |= model.tab == Tab::Settings;
            tell_next(model);
        }
        Msg::Overview(None) => model.reading = (false, false),
        Msg::Overview(Some(overview)) => take_overview(model, *overview, effects),
        Msg::Runs { connector, generation, runs, more } => {
            let fits = model.log.connector == connector && model.log.generation == generation;
            if fits && model.log.accept(runs, more) {
                model.dirty = true;
                moves::follow_log(model);
            }
        }
        Msg::OlderRuns { connector, generation, runs, newer, more } => {
            let fits = model.log.connector == connector && model.log.generation == generation;
            // The row with the cursor stays where it is on the screen.
            let offset = model.log.row.saturating_sub(model.log_top);
            if fits && model.log.accept_window(runs, newer, more) {
                model.dirty = true;
                model.log_top = model.log.row.saturating_sub(offset);
                moves::follow_log(model);
            }
        }
        Msg::Page(page) => records::accept(model, page, effects),
        Msg::Arranging { generation, busy } => records::arranging(model, generation, busy),
        Msg::Arranged { generation, made } => {
            records::arranged(model, generation, made, effects);
        }
        Msg::Queue { connector, filter, rows } => {
            let height = crate::tui::layout::queue_height(model);
            let fits = model.entry == Entry::Connector(connector) && model.queue.filter == filter;
            model.dirty |= fits && model.queue.accept(rows, height);
        }
        Msg::QueueDone(result) => queue::done(model, result, effects),
        Msg::Standing { generation, entries } => {
            if let Some(Screen::Detail(view)) = model.screens.last_mut()
                && view.generation == generation
                && view.standing != entries
            {
                view.standing = entries;
                model.dirty = true;
            }
        }
        Msg::History { id, rows } => super::history::take(model, id, rows),
        Msg::Debug(news) => debug::take(model, news, effects),
        Msg::Mapping(news) => super::mapping::take(model, news, effects),
        Msg::Links { generation, links } => take_links(model, generation, links, effects),
        Msg::SyncEnded { connector, mode, result } => {
            sync_ended(model, connector, mode, result, effects);
        }
        Msg::Belongings { connector, belongings } => {
            connectors::ask_to_remove(model, connector, belongings);
        }
        Msg::ConnectorDone(result) => connectors::done(model, result, effects),
        Msg::HeldDropped(result) => match result {
            Ok(run) => {
                model.say(Tone::Good, format!("Run {} was dropped; nothing was written.", run.id))
            }
            Err(error) => model.show_error("The run was not dropped", error),
        },
        Msg::Tails { form, tails } => forms::take_tails(model, form, &tails),
        Msg::Checked { form, report } => forms::take_check(model, form, report),
        Msg::Saved { form, result } => forms::take_saved(model, form, result, effects),
        Msg::Consent { id, news } => consent::take(model, id, news),
        Msg::Exporting(rows) => {
            if let Some(Dialog::Csv(dialog)) = model.dialogs.last_mut()
                && matches!(dialog.state, CsvState::Writing(_))
            {
                dialog.state = CsvState::Writing(rows);
                model.dirty = true;
            }
        }
        Msg::Exported(exported) => take_exported(model, exported),
        Msg::Failed(error) => model.show_error("That did not work", error),
        Msg::Key(_)
        | Msg::Mouse(_)
        | Msg::Paste(_)
        | Msg::Resize(..)
        | Msg::Tick
        | Msg::Stop
        | Msg::Resumed
        | Msg::Terminate => {}
    }
}

/// Reads the overview, or notes that it must be read again once it is there.
pub fn read_overview(model: &mut Model, effects: &mut Effects) {
    if model.reading.0 {
        model.reading.1 = true;
    } else {
        model.reading.0 = true;
        effects.push(Effect::Overview);
    }
}

fn store_changed(model: &mut Model, effects: &mut Effects) {
    read_overview(model, effects);
    navigate::read_log(model, effects);
    navigate::read_queue(model, effects);
    queue::ask_standing(model, effects);
    debug::read(model, effects);
    records::refresh(model, effects);
    super::history::read(model, effects);
}

fn take_progress(
    model: &mut Model,
    progress: BTreeMap<ConnectorId, Progress>,
    effects: &mut Effects,
) {
    if model.progress != progress {
        // Of a sync of the schedule nothing else tells that it has ended.
        model.cancelling.retain(|id| progress.contains_key(id) || model.started.contains(id));
        model.progress = progress;
        model.dirty = true;
    }
    if model.leaving && model.ours().is_empty() {
        effects.push(Effect::Quit);
    }
}

/// Puts into words when each connector is synced by itself next; draws if they are others.
pub fn tell_next(model: &mut Model) {
    let shown = |outlook| words(outlook, model.now).map(|(words, _)| words);
    let told: BTreeMap<_, _> =
        model.schedule.iter().filter_map(|(id, outlook)| Some((*id, shown(outlook)?))).collect();
    if model.next_words != told {
        model.next_words = told;
        model.dirty = true;
    }
}

/// How often a sync of another process is looked after.
const LOOK: Duration = Duration::from_secs(5);

/// Looks whether another process that syncs is still there.
pub fn look_after_others(model: &mut Model, effects: &mut Effects) {
    if model.foreign_runs() && model.look_at <= model.now {
        model.look_at = model.now.plus(LOOK);
        read_overview(model, effects);
    }
}

fn take_overview(model: &mut Model, overview: Overview, effects: &mut Effects) {
    let again = model.reading.1;
    model.reading = (false, false);
    if again {
        read_overview(model, effects);
    }
    let first = !model.loaded;
    if !first && model.overview == overview {
        return;
    }
    model.overview = overview;
    model.loaded = true;
    model.dirty = true;
    let expected = model.expected.take();
    let found = expected
        .as_ref()
        .and_then(|name| model.overview.connectors.iter().find(|row| row.connector.name == *name));
    match found.map(|row| row.connector.id) {
        Some(id) => {
            navigate::choose(model, Entry::Connector(id), effects);
            model.pane = Pane::Body;
            model.tab = Tab::Settings;
            let free = model.dialogs.is_empty() && model.screens.is_empty();
            if free && !consent::open_for_new(model, id, effects) {
                forms::open_at(model, Section::System, effects);
            }
        }
        None => model.expected = expected,
    }
    if !model.entries().contains(&model.entry) || (first && model.entry == Entry::Add) {
        let entry = model.entries().first().copied().unwrap_or(Entry::Add);
        navigate::choose(model, entry, effects);
    }
    if first {
        first_screen(model, effects);
    }
    super::mapping::settle(model, effects);
}

/// Where the program starts: at the log, or, with nothing set up, at the CRM's form.
fn first_screen(model: &mut Model, effects: &mut Effects) {
    if model.overview.crm.is_none() && model.locked().is_none() {
        forms::open_crm(model, effects);
    } else if model.overview.connectors.is_empty() {
        model.entry = Entry::Add;
    } else if model.chosen().is_some_and(|row| row.last.is_none()) {
        // In an empty log there is nowhere to go.
        model.pane = Pane::Connectors;
    } else {
        model.pane = Pane::Body;
    }
}

fn take_links(model: &mut Model, generation: u64, links: Links, effects: &mut Effects) {
    if let Some((asked, side)) = model.copying
        && asked == generation
    {
        model.copying = None;
        match links.side(side) {
            Some(link) => {
                model.say(Tone::Good, format!("Copied: {link}"));
                effects.push(Effect::Copy(link.to_owned()));
            }
            None => model.say(Tone::Warn, "There is no page for this record."),
        }
        return;
    }
    if let Some(Screen::Detail(view)) = model.screens.last_mut()
        && view.generation == generation
    {
        view.links = Some(links);
        model.dirty = true;
    }
}

fn sync_ended(
    model: &mut Model,
    connector: ConnectorId,
    mode: SyncMode,
    result: Result<Box<Run>, UserError>,
    effects: &mut Effects,
) {
    model.started.remove(&connector);
    model.cancelling.remove(&connector);
    model.progress.remove(&connector);
    model.dirty = true;
    store_changed(model, effects);
    let name = model.row(connector).map(|r| r.connector.name.clone()).unwrap_or_default();
    match result {
        Err(error) => {
            model.show_error_of(connector, &format!("The sync of {name} did not start"), error);
        }
        Ok(run) => match (run.status, &run.error) {
            (RunStatus::Preview, _) if mode == SyncMode::Preview => {
                preview_ended(model, &name, &run, effects);
            }
            (RunStatus::Held, _) => held(model, &name, run),
            (RunStatus::Failed, Some(error)) => {
                let title = format!("The sync of {name} failed");
                model.show_error_of(connector, &title, error.clone());
            }
            (RunStatus::Completed, _) => model.say(Tone::Good, completed(&name, &run)),
            (status, _) => model.say(Tone::Warn, format!("Sync of {name}: {}.", status.key())),
        },
    }
    if model.leaving && model.ours().is_empty() {
        effects.push(Effect::Quit);
    }
}

fn completed(name: &str, run: &Run) -> String {
    let mut sum = Counts::default();
    for counts in run.modules.values().flat_map(|m| [&m.vtiger, &m.service]) {
        sum.created += counts.created;
        sum.updated += counts.updated;
        sum.deleted += counts.deleted;
        sum.skipped += counts.skipped;
    }
    if sum == Counts::default() {
        return format!("{name} is in step: nothing had to be written.");
    }
    let n = text::number;
    format!(
        "{name} synced: {} created, {} updated, {} deleted, {} skipped.",
        n(sum.created),
        n(sum.updated),
        n(sum.deleted),
        n(sum.skipped)
    )
}

fn preview_ended(model: &mut Model, name: &str, run: &Run, effects: &mut Effects) {
    let here = model.entry == Entry::Connector(run.connector);
    if is_busy(model) || !here || model.leaving {
        model.say(
            Tone::Good,
            format!("The preview of {name} is ready: see its line in the sync log."),
        );
        return;
    }
    let runs = model.key(Id::RunIt, Place::List);
    let back = model.key_like(Id::Back, Place::List, "esc");
    model.say(
        Tone::Good,
        format!("Preview of {name}: {runs} runs it, {back} leaves it. Nothing was written."),
    );
    navigate::open_plan(model, run, effects);
}

fn held(model: &mut Model, name: &str, run: Box<Run>) {
    if is_busy(model) || model.leaving {
        let why = run.held.as_ref().map(held_text).unwrap_or_default();
        model.say(Tone::Warn, format!("The sync of {name} is held. {why}"));
    } else {
        model.dialogs.push(Dialog::Held(run));
    }
}

fn take_exported(model: &mut Model, exported: Exported) {
    model.dirty = true;
    let at = model.dialogs.iter().rposition(|d| matches!(d, Dialog::Csv(_)));
    match exported {
        Exported::Exists(path) => super::dialogs::ask_to_replace(model, &path),
        Exported::Done(path, rows) => {
            at.map(|at| model.dialogs.remove(at));
            let rows = text::count(rows, "row", "rows");
            model.say(Tone::Good, format!("{rows} written to {}", path.display()));
        }
        Exported::Cancelled => model.say(Tone::Warn, "No file was written."),
        Exported::Failed(error) => {
            if let Some(Dialog::Csv(dialog)) = at.and_then(|at| model.dialogs.get_mut(at)) {
                dialog.state = CsvState::Naming;
            }
            model.show_error("The file was not written", error);
        }
    }
}
