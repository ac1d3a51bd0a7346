//! The connection forms: opening, moving, checking, saving, leaving.

use super::Effects;
use crate::model::{CheckReport, UserError};
use crate::settings::Section;
use crate::tui::commands::{Id, Place};
use crate::tui::form::{CheckState, Focus, Form, NAME};
use crate::tui::model::{Ask, Dialog, Entry, Model, Question, Screen, Tone};
use crate::tui::msg::{Effect, Target};
use std::collections::BTreeMap;

/// Opens the form of the CRM.
pub fn open_crm(model: &mut Model, effects: &mut Effects) {
    let id = model.next_serial();
    let form = Form::crm(id, &model.catalog, model.overview.crm.as_ref());
    open(model, form, effects);
}

/// Opens the form of the chosen line.
pub fn open_chosen(model: &mut Model, effects: &mut Effects) {
    let Some(row) = model.chosen() else {
        if model.entry == Entry::Crm {
            open_crm(model, effects);
        }
        return;
    };
    let connector = row.connector.clone();
    let taken = names(model).into_iter().filter(|n| *n != connector.name).collect();
    let id = model.next_serial();
    let service = connector.service.clone();
    if let Some(form) = Form::connector(id, &model.catalog, &service, Some(&connector), taken) {
        open(model, form, effects);
    }
}

/// Opens the form of the chosen connector at a section.
pub fn open_at(model: &mut Model, section: Section, effects: &mut Effects) {
    open_chosen(model, effects);
    if let Some(form) = top(model) {
        form.go_to_section(Some(section));
    }
}

/// Opens the form of a connector to be added.
pub fn open_new(model: &mut Model, service: &str, effects: &mut Effects) {
    let id = model.next_serial();
    if let Some(form) = Form::connector(id, &model.catalog, service, None, names(model)) {
        open(model, form, effects);
    }
}

fn names(model: &Model) -> Vec<String> {
    model.overview.connectors.iter().map(|row| row.connector.name.clone()).collect()
}

fn open(model: &mut Model, mut form: Form, effects: &mut Effects) {
    // Who may not change anything may look.
    form.locked = match form.target {
        Target::Crm => model.locked().map(str::to_owned),
        Target::New | Target::Connector(_) => model.settings_locked().map(str::to_owned),
    };
    if form.target != Target::New {
        effects.push(Effect::Tails { form: form.id, target: form.target });
    }
    model.screens.push(Screen::Form(Box::new(form)));
    model.dirty = true;
}

fn top(model: &mut Model) -> Option<&mut Form> {
    match model.screens.last_mut() {
        Some(Screen::Form(form)) => Some(form),
        _ => None,
    }
}

/// The form with this number, wherever it is.
fn by_id(model: &mut Model, id: u64) -> Option<&mut Form> {
    model.screens.iter_mut().find_map(|screen| match screen {
        Screen::Form(form) if form.id == id => Some(&mut **form),
        _ => None,
    })
}

/// The commands of a form.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    let Some(form) = top(model) else { return };
    match id {
        Id::FieldNext => form.move_focus(true),
        Id::FieldPrev => form.move_focus(false),
        Id::FieldEnter => match form.focus {
            Focus::Field(_) => form.move_focus(true),
            Focus::Check => super::run(model, Id::Check, effects),
            Focus::Save => super::run(model, Id::Save, effects),
        },
        Id::SectionNext => form.move_section(true),
        Id::SectionPrev => form.move_section(false),
        Id::Reveal => form.toggle_reveal(),
        Id::Check => check(form, effects),
        Id::Save => save(form, effects),
        Id::FormUp => form.scroll = form.scroll.saturating_sub(5),
        Id::FormDown => {
            let lines = crate::tui::draw::form_lines(model);
            if let Some(form) = top(model) {
                form.scroll = (form.scroll + 5).min(lines);
            }
        }
        _ => close(model),
    }
}

fn check(form: &mut Form, effects: &mut Effects) {
    if !form.validate_all() {
        return;
    }
    form.check = CheckState::Running;
    form.scroll = 0;
    effects.push(Effect::Check { form: form.id, draft: form.draft() });
}

fn save(form: &mut Form, effects: &mut Effects) {
    if !form.validate_all() {
        return;
    }
    form.saving = true;
    effects.push(Effect::Save { form: form.id, draft: form.draft() });
}

/// Leaves the form; asks if something in it is not saved.
pub fn close(model: &mut Model) {
    let Some(form) = top(model) else { return };
    if form.changed() && !form.saving {
        let title = form.title.clone();
        model.dialogs.push(Dialog::Confirm(Question {
            ask: Ask::LeaveForm,
            title: "Leave without saving?".into(),
            text: format!("What was entered for {title} is not saved, and would be lost."),
            yes: "leave without saving",
            name: None,
        }));
    } else {
        model.screens.pop();
    }
}

/// The ends of the stored secrets are known.
pub fn take_tails(model: &mut Model, form: u64, tails: &BTreeMap<String, String>) {
    if let Some(form) = by_id(model, form) {
        for field in &mut form.fields {
            field.tail = tails.get(&field.name).cloned();
        }
        model.dirty = true;
    }
}

/// The check answered. If the form was changed meanwhile, the answer is about something else.
pub fn take_check(model: &mut Model, form: u64, report: Result<Box<CheckReport>, UserError>) {
    if let Some(form) = by_id(model, form)
        && form.check == CheckState::Running
    {
        form.check = match report {
            Ok(report) => CheckState::Done(report),
            Err(error) => CheckState::Failed(error),
        };
        model.dirty = true;
    }
}

/// The form was saved, or not.
pub fn take_saved(
    model: &mut Model,
    id: u64,
    result: Result<(), UserError>,
    effects: &mut Effects,
) {
    let Some(form) = by_id(model, id) else { return };
    form.saving = false;
    model.dirty = true;
    if let Err(error) = result {
        model.show_error("The settings were not saved", error);
        return;
    }
    let Some(form) = by_id(model, id) else { return };
    let (target, title) = (form.target, form.title.clone());
    let name = form.fields.iter().find(|f| f.name == NAME).map(|f| f.text().to_owned());
    model.screens.retain(|screen| !matches!(screen, Screen::Form(form) if form.id == id));
    super::answers::read_overview(model, effects);
    match target {
        Target::Crm if model.overview.connectors.is_empty() => {
            model.say(
                Tone::Good,
                "Vtiger CRM is connected. Now choose what to keep in step with it.",
            );
            model.entry = Entry::Add;
            model.dialogs.push(Dialog::Services { cursor: 0 });
        }
        Target::New => {
            let name = name.unwrap_or(title);
            let esc = model.key(Id::FormClose, Place::Form);
            model.say(
                Tone::Good,
                format!(
                    "{name} was added. Look through its settings; {esc} leaves them as they are."
                ),
            );
            model.expected = Some(name);
        }
        Target::Crm | Target::Connector(_) => {
            model.say(Tone::Good, format!("The settings of {} were saved.", name.unwrap_or(title)));
        }
    }
}
