//! The consent of a service: opened, a way chosen, an answer pasted, its result shown.

use super::{Effects, act, forms, navigate};
use crate::engine::SyncMode;
use crate::model::{ConnectorId, SecretText, UserError};
use crate::settings::Section;
use crate::tui::commands::{Id, Place};
use crate::tui::consent::{ConsentAsk, ConsentNews, ConsentView, Pasted, Step, Way};
use crate::tui::model::{Dialog, Entry, Model, Pane, Screen, Tab, Tone};
use crate::tui::msg::{Effect, Target};
use tui_input::{Input, InputRequest};

/// Opens the screen for the connector that the keyboard is about.
pub fn open(model: &mut Model, effects: &mut Effects) {
    let Some(connector) = subject(model) else { return };
    if let Some(Dialog::Error { .. }) = model.dialogs.last() {
        model.dialogs.pop();
    }
    open_for(model, connector, false, effects);
}

/// Opens it for a connector that was just added, unless it brought its consent along. Answers
/// whether it did.
pub fn open_for_new(model: &mut Model, connector: ConnectorId, effects: &mut Effects) -> bool {
    let Some(row) = model.row(connector) else { return false };
    let fields = model.service(connector).map(|service| service.consent.clone());
    let fields = fields.unwrap_or_default();
    let filled = |name: &String| match row.connector.credentials.get(name) {
        Some(SecretText::Plain(text) | SecretText::Reference(text) | SecretText::Sealed(text)) => {
            !text.is_empty()
        }
        None => false,
    };
    if fields.is_empty() || fields.iter().any(filled) {
        return false;
    }
    open_for(model, connector, true, effects);
    true
}

fn open_for(model: &mut Model, connector: ConnectorId, new: bool, effects: &mut Effects) {
    let Some(label) = model.service(connector).map(|service| service.label.clone()) else { return };
    let id = model.next_serial();
    let view = ConsentView::new(id, connector, label, new);
    model.screens.push(Screen::Consent(Box::new(view)));
    model.dirty = true;
    effects.push(Effect::Consent { id, ask: ConsentAsk::Begin(connector) });
}

/// The connector that a consent would be for: that of the form, of the error, or the chosen one.
fn subject(model: &Model) -> Option<ConnectorId> {
    match (model.dialogs.last(), model.screens.last()) {
        (Some(Dialog::Error { about, .. }), _) => *about,
        (_, Some(Screen::Form(form))) => match form.target {
            Target::Connector(id) => Some(id),
            Target::Crm | Target::New => None,
        },
        _ => model.chosen().map(|row| row.connector.id),
    }
}

/// Why it cannot be asked for now.
pub fn why_not(model: &Model) -> Option<String> {
    if let Some(Screen::Form(form)) = model.screens.last()
        && model.dialogs.is_empty()
    {
        let wants = model.catalog.service(&form.service).is_some_and(|s| !s.consent.is_empty());
        match form.target {
            Target::New if wants => return Some("Save first: the log in follows.".into()),
            Target::Connector(_) if wants && form.changed() => {
                return Some("Save first: the log in goes with what is stored.".into());
            }
            _ => {}
        }
    }
    let Some(connector) = subject(model) else {
        return Some("Only a connector of a service that asks for a log in has one.".into());
    };
    let label = model.side_label(connector, crate::model::Side::Service);
    if model.service(connector).is_none_or(|service| service.consent.is_empty()) {
        return Some(format!("{label} works with the keys in its settings; nobody logs in."));
    }
    model.settings_locked().map(str::to_owned)
}

fn top(model: &mut Model) -> Option<&mut ConsentView> {
    match model.screens.last_mut() {
        Some(Screen::Consent(view)) => Some(view),
        _ => None,
    }
}

/// The commands of the screen.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    match id {
        Id::Open => choose(model, effects),
        Id::ConsentSend => send(model, effects),
        Id::Reveal => {
            if let Some(Step::Paste { revealed, .. }) = top(model).map(|view| &mut view.step) {
                *revealed = !*revealed;
            }
        }
        Id::CopyPage | Id::CopyCode => copy(model, id, effects),
        Id::Preview => preview(model, effects),
        Id::FormUp => vertical(model, Id::HalfUp),
        Id::FormDown => vertical(model, Id::HalfDown),
        _ => {}
    }
}

/// Goes the chosen way.
fn choose(model: &mut Model, effects: &mut Effects) {
    let Some(view) = top(model) else { return };
    if view.way == Way::Device {
        view.go(Step::Asking);
        effects.push(Effect::Consent { id: view.id, ask: ConsentAsk::Device });
    } else {
        view.go(Step::Paste { input: Input::default(), revealed: false });
    }
}

fn send(model: &mut Model, effects: &mut Effects) {
    let Some(view) = top(model) else { return };
    let Step::Paste { input, .. } = &view.step else { return };
    let pasted = Pasted(input.value().trim().to_owned());
    if pasted.0.is_empty() {
        model.say(Tone::Warn, "Paste the answer first.");
        return;
    }
    let ask = match view.way {
        Way::Address => ConsentAsk::Address(pasted),
        // Somebody may paste the address where a code is asked for.
        _ if pasted.0.starts_with("http") => ConsentAsk::Address(pasted),
        _ => ConsentAsk::Code(pasted),
    };
    view.go(Step::Sending);
    effects.push(Effect::Consent { id: view.id, ask });
}

/// Edits what is pasted.
pub fn edit(view: &mut ConsentView, request: InputRequest) {
    if let Step::Paste { input, .. } = &mut view.step {
        input.handle(request);
    }
}

/// What the two keys for copying copy at this step: the address, and the scope or code.
fn copied(view: &ConsentView, id: Id) -> Option<(&'static str, &str)> {
    let facts = view.facts.as_ref()?;
    let page = id == Id::CopyPage;
    Some(match (&view.step, view.way, page) {
        (Step::Waiting(shown), _, true) => ("The address", &shown.whole),
        (Step::Waiting(shown), _, false) => ("The code", &shown.code),
        (_, Way::Address, true) => ("The address", &facts.page),
        (_, Way::Address, false) => ("The redirect URL", &facts.redirect),
        (_, _, true) => ("The address", &facts.console),
        (_, _, false) => ("The scope", &facts.scope),
    })
}

fn copy(model: &mut Model, id: Id, effects: &mut Effects) {
    let Some(Screen::Consent(view)) = model.screens.last() else { return };
    let Some((what, text)) = copied(view, id) else { return };
    effects.push(Effect::Copy(text.to_owned()));
    model.say(Tone::Good, format!("{what} was copied."));
}

/// Leaves the screen and previews a first sync.
fn preview(model: &mut Model, effects: &mut Effects) {
    let Some(connector) = top(model).map(|view| view.connector) else { return };
    model.screens.clear();
    navigate::choose(model, Entry::Connector(connector), effects);
    navigate::tab(model, Tab::Log, effects);
    let name = model.row(connector).map(|r| r.connector.name.clone()).unwrap_or_default();
    model.say(Tone::Good, format!("Preview of {name} started; nothing is written."));
    act::start_sync(model, connector, SyncMode::Preview, effects);
}

/// One step back; from the result on to the settings of a new connector.
pub fn back(model: &mut Model, effects: &mut Effects) {
    let Some(view) = top(model) else { return };
    match view.step {
        Step::Paste { .. } => view.go(Step::Ways),
        Step::Asking | Step::Waiting(_) => {
            effects.push(Effect::Consent { id: view.id, ask: ConsentAsk::Stop });
            view.go(Step::Ways);
        }
        Step::Sending => {}
        Step::Ways | Step::Checking | Step::Done(_) => leave(model, effects),
    }
}

fn leave(model: &mut Model, effects: &mut Effects) {
    let Some(Screen::Consent(view)) = model.screens.pop() else { return };
    if !view.new {
        return;
    }
    model.pane = Pane::Body;
    if matches!(view.step, Step::Ways) {
        let key = model.key(Id::Consent, Place::Settings);
        let told = format!("Without the log in nothing can be synced. {key} logs in.");
        model.say(Tone::Warn, told);
    } else if model.screens.is_empty() {
        forms::open_at(model, Section::System, effects);
    }
}

/// Something came of it.
pub fn take(model: &mut Model, id: u64, news: ConsentNews) {
    model.dirty = true;
    let found = model.screens.iter_mut().find_map(|screen| match screen {
        Screen::Consent(view) if view.id == id => Some(&mut **view),
        _ => None,
    });
    let Some(view) = found else {
        if matches!(news, ConsentNews::Given) {
            model.say(Tone::Good, "The consent was given and is kept.");
        }
        return;
    };
    match (news, &view.step) {
        (ConsentNews::Begun(facts), _) => view.facts = Some(facts),
        (ConsentNews::Shown(shown), Step::Asking) => view.go(Step::Waiting(shown)),
        // It was given up meanwhile.
        (ConsentNews::Shown(_), _) => {}
        (ConsentNews::Given, _) => view.go(Step::Checking),
        (ConsentNews::Checked(report), _) => view.go(Step::Done(report)),
        (ConsentNews::Failed(_), Step::Ways) if view.facts.is_some() => {}
        (ConsentNews::Failed(error), _) => failed(model, id, error),
    }
}

/// Shows the error over the step from which it can be tried again.
fn failed(model: &mut Model, id: u64, error: UserError) {
    for screen in &mut model.screens {
        if let Screen::Consent(view) = screen
            && view.id == id
        {
            let pastes = matches!(view.step, Step::Sending);
            view.go(match pastes {
                true => Step::Paste { input: Input::default(), revealed: false },
                false => Step::Ways,
            });
        }
    }
    // Settings that cannot be used are mended in the form.
    model.screens.retain(|s| !matches!(s, Screen::Consent(v) if v.id == id && v.facts.is_none()));
    model.show_error("The consent was not given", error);
}

/// Moves between the ways, or scrolls.
pub fn vertical(model: &mut Model, id: Id) {
    let lines = crate::tui::draw::consent_lines(model);
    let page = crate::tui::layout::page(model);
    let step = super::moves::step(id, page);
    let Some(view) = top(model) else { return };
    if matches!(view.step, Step::Ways) {
        let at = Way::ALL.iter().position(|way| *way == view.way).unwrap_or(0);
        let to = super::moves::moved(at, step, Way::ALL.len());
        view.way = Way::ALL.get(to).copied().unwrap_or(view.way);
    } else {
        view.scroll = super::moves::moved(view.scroll, step, lines.saturating_sub(page) + 1);
    }
}

/// Why a command of the screen does nothing now.
pub fn why_not_here(model: &Model, id: Id) -> Option<String> {
    let Some(Screen::Consent(view)) = model.screens.last() else { return None };
    match (id, &view.step) {
        (Id::Open, Step::Ways) if view.facts.is_none() => {
            Some("The settings are still being read.".into())
        }
        (Id::Back, Step::Sending) => {
            Some("It is on its way; a code works only once, so it is not taken back.".into())
        }
        (Id::CopyPage | Id::CopyCode, step)
            if !matches!(step, Step::Paste { .. } | Step::Waiting(_)) =>
        {
            Some("There is nothing to copy yet.".into())
        }
        (Id::Preview, Step::Done(_)) => {
            let row = model.row(view.connector)?;
            if model.running(view.connector).is_some() {
                return Some(format!("{} is being synced already.", row.connector.name));
            }
            model.locked().map(str::to_owned)
        }
        _ => None,
    }
}
