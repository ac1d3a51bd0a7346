//! Jumps from a skip reason, a conflict or a changed field to the mapping line or the setting that
//! mends it. Esc there comes back.

use super::{Effects, forms};
use crate::model::{ConnectorId, Item, Module, ReasonCode};
use crate::settings::Section;
use crate::tui::jump::Place;
use crate::tui::model::{Dialog, Entry, Model, Screen, Tone};

/// The record that is pointed at.
fn pointed(model: &Model) -> Option<(&Item, ConnectorId)> {
    match model.screens.last()? {
        Screen::List(view) => Some((&view.list.current()?.item, view.connector)),
        Screen::Detail(view) => Some((&view.item, view.connector)),
        _ => None,
    }
}

/// What mends it, as the item tells it.
enum Mend<'i> {
    Line(&'i str),
    Settings(Section),
}

fn mends(item: &Item) -> Vec<Mend<'_>> {
    let mut all = Vec::new();
    if let Some(reason) = &item.reason {
        let section = match reason.code {
            ReasonCode::SideIsReadOnly | ReasonCode::DeleteNotCarriedOver => {
                Some(Section::Module(item.module))
            }
            ReasonCode::OutsidePeriod => Some(Section::PreSync),
            ReasonCode::NoPermission => Some(Section::Connection),
            ReasonCode::RateLimited => Some(Section::Advanced),
            ReasonCode::ConflictTie => Some(Section::System),
            _ => None,
        };
        all.extend(section.map(Mend::Settings));
        all.extend((!reason.field.is_empty()).then_some(Mend::Line(&reason.field)));
    }
    if let Some(conflict) = &item.conflict {
        all.extend([Mend::Line(&conflict.field), Mend::Settings(Section::System)]);
    }
    all.extend(item.changes.iter().map(|change| Mend::Line(&change.field)));
    all
}

/// The places that mend what became of a record: that of the reason first.
pub fn places(model: &Model) -> Vec<(String, Place)> {
    let Some((item, connector)) = pointed(model) else { return Vec::new() };
    let mut once: Vec<(String, Place)> = Vec::new();
    for mend in mends(item) {
        let place = match mend {
            Mend::Line(field) => {
                let name = vtiger_field(model, connector, item.module, field);
                (format!("Mapping line of {name}"), Place::Line(item.module, name))
            }
            Mend::Settings(section) => {
                (format!("Settings: {}", section.label()), Place::Settings(section))
            }
        };
        if !once.contains(&place) {
            once.push(place);
        }
    }
    once
}

/// The Vtiger field of the line that a path of either side belongs to.
fn vtiger_field(model: &Model, connector: ConnectorId, module: Module, path: &str) -> String {
    let asset = model.service(connector).and_then(|service| service.modules.get(&module));
    let custom = model.row(connector).and_then(|row| row.connector.modules.get(&module));
    let custom = custom.map(|settings| settings.mapping.as_slice()).unwrap_or_default();
    let lines = asset.map(|asset| asset.effective_mapping(custom)).unwrap_or_default();
    let direct = lines.iter().any(|pair| pair.vtiger == path);
    let found = lines.iter().find(|pair| pair.service.iter().any(|service| service == path));
    match found {
        Some(pair) if !direct => pair.vtiger.clone(),
        _ => path.to_owned(),
    }
}

/// Goes to the only place, or lists them.
pub fn open(model: &mut Model, effects: &mut Effects) {
    let mut places = places(model);
    if places.len() == 1
        && let Some((_, place)) = places.pop()
    {
        go(model, &place, effects);
    } else {
        model.dialogs.push(Dialog::Jump { cursor: 0 });
    }
}

/// Enter in the list of places.
pub fn choose(model: &mut Model, effects: &mut Effects) {
    let Some(Dialog::Jump { cursor }) = model.dialogs.pop() else { return };
    if let Some((_, place)) = places(model).into_iter().nth(cursor) {
        go(model, &place, effects);
    }
}

fn go(model: &mut Model, place: &Place, effects: &mut Effects) {
    let Some((_, connector)) = pointed(model) else { return };
    if model.entry != Entry::Connector(connector) {
        model.say(Tone::Warn, "Its connector is not chosen any more.");
        return;
    }
    match place {
        // The form lies above; leaving it comes back by itself.
        Place::Settings(section) => forms::open_at(model, *section, effects),
        // Esc there comes back.
        Place::Line(module, field) => {
            super::mapping::show_line(model, connector, *module, field, effects);
        }
    }
}

/// Why the key does nothing now.
pub fn why_not(model: &Model) -> Option<String> {
    let Some((item, _)) = pointed(model) else {
        return Some("The row is still being read.".into());
    };
    mends(item).is_empty().then(|| "No mapping line and no setting has to do with it.".into())
}
