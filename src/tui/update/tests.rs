//! What keys and answers do, told by tables.

mod consent;
mod debug;
mod files;
mod forms;
mod keys;
mod lists;
mod log;
mod mapping;
mod mouse;
mod moving;
mod news;
mod queue;
mod rebinding;
mod records;
mod rights;
mod runs;
mod syncs;

use crate::engine::{Due, Holder, Outlook, Outlooks, SyncMode};
use crate::model::{Counts, Direction, RunStatus, Side, Stamp, UserError};
use crate::settings::Section;
use crate::tui::commands::{self, Id, Place};
use crate::tui::debug::{DebugAsk, DebugNews, Search};
use crate::tui::draw::tests::{consent as consents, shot};
use crate::tui::fixture::{self, World};
use crate::tui::form::{CheckState, Focus};
use crate::tui::keys::Key;
use crate::tui::log::Window;
use crate::tui::model::{Ask, Dialog, Entry, Pane, Question, Screen, Tab};
use crate::tui::msg::{
    Arranged, ConnectorDeed, Draft, Effect, Entered, ExportWhat, Exported, Msg, Target,
};
use crate::tui::order::Order;
use crossterm::event::KeyCode;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

const SIZE: (u16, u16) = (80, 24);

fn world() -> World {
    fixture::model(SIZE)
}

fn after(keys: &str) -> World {
    let mut world = world();
    world.press(keys);
    world
}

/// A world in which the keyboard is at a place, with a neighbour in every direction.
fn at(place: Place) -> World {
    let world = match place {
        Place::TooSmall => fixture::model((40, 10)),
        Place::Connectors => after("backtab j"),
        Place::Log => after("j l l"),
        Place::Settings => after("2 j j"),
        Place::Mapping => after("3 j j"),
        Place::Pair => after("3 j j enter tab"),
        Place::FieldPick => after("3 ] enter tab enter"),
        Place::TryOut => after("3 j u"),
        Place::Diff => after("3 ] G t ctrl-s"),
        Place::MapFile => after("3 x"),
        Place::Queue => after("4 j j"),
        Place::DebugLog => after("5 j j"),
        Place::Exchange => after("5 j enter j j"),
        Place::List => after("j enter pagedown >"),
        Place::Detail => after("j enter enter"),
        Place::Form => after("V tab tab"),
        Place::History => after("j enter h j"),
        Place::Consent => consents::after(SIZE, "j"),
        Place::ConsentPaste => consents::pasted(SIZE),
        Place::ConsentWait => consents::after(SIZE, "j enter"),
        Place::ConsentDone => consents::given(SIZE),
        Place::Filter => after("j enter /"),
        Place::Csv => after("j enter x"),
        Place::Services => after("a"),
        Place::Pick => after("4 j j m j"),
        Place::Palette => after(": down"),
        Place::Help => after("? j j"),
        Place::Confirm => after("s ctrl-c"),
        Place::ConfirmName => after("backtab X"),
        Place::Held => after("backtab j j l k enter"),
        Place::Error => {
            let mut world = world();
            let long = UserError::new("what ".repeat(400), "", "");
            world.send(Msg::Failed(long)).press("j j");
            world
        }
    };
    assert_eq!(world.model.place(), place);
    world
}
