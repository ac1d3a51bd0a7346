//! Connectors as a whole: switched on and off, removed after a question that counts what is lost.

use super::Effects;
use crate::model::{ConnectorId, UserError};
use crate::store::Belongings;
use crate::tui::commands::Id;
use crate::tui::model::{Ask, Dialog, Model, Named, Question, Tone};
use crate::tui::msg::{ConnectorDeed, Effect};
use crate::tui::text;

/// The commands.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    let Some(row) = model.chosen() else { return };
    let connector = row.connector.id;
    let deed = match id {
        Id::Enable => ConnectorDeed::Enable(!row.connector.enabled),
        _ => ConnectorDeed::Count,
    };
    effects.push(Effect::Connector { connector, deed });
}

/// Why they cannot be run now.
pub fn why_not(model: &Model, id: Id) -> Option<String> {
    let Some(row) = model.chosen() else {
        return Some("Choose a connector first.".into());
    };
    if let Some(why) = model.settings_locked() {
        return Some(why.into());
    }
    let running = id == Id::Remove && model.running(row.connector.id).is_some();
    running.then(|| format!("{} is being synced; cancel that first.", row.connector.name))
}

/// What would be lost is counted: asks.
pub fn ask_to_remove(model: &mut Model, connector: ConnectorId, belongings: Belongings) {
    let Some(row) = model.row(connector) else { return };
    let name = row.connector.name.clone();
    let Belongings { links, queue, runs } = belongings;
    let counted =
        |n: u64, what: &str| format!("{} {what}{}", text::number(n), if n == 1 { "" } else { "s" });
    model.dialogs.push(Dialog::Confirm(Question {
        ask: Ask::Remove(connector),
        title: format!("Remove {name}?"),
        text: format!(
            "Its settings go, and with them {}, {} in the queue and {} of the log. The records stay \
             on both sides; a new connector has to match them again.",
            counted(links, "link"),
            counted(queue, "record"),
            counted(runs, "run"),
        ),
        yes: "remove it",
        name: Some(Named::new(name)),
    }));
    model.dirty = true;
}

/// It was done, or not.
pub fn done(model: &mut Model, result: Result<String, UserError>, effects: &mut Effects) {
    match result {
        Ok(said) => model.say(Tone::Good, said),
        Err(error) => model.show_error("The connector is as it was", error),
    }
    super::answers::read_overview(model, effects);
}
