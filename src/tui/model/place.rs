//! What has the keyboard: the topmost dialog, else the topmost screen, else a pane.

use super::{Dialog, Entry, Model, Pane, Question, Screen, Tab};
use crate::tui::commands::Place;
use crate::tui::consent::Step;

impl Model {
    /// What has the keyboard.
    pub fn place(&self) -> Place {
        if self.too_small() {
            return Place::TooSmall;
        }
        match self.dialogs.last() {
            Some(Dialog::Services { .. }) => return Place::Services,
            Some(
                Dialog::AddAll { .. }
                | Dialog::Decide { .. }
                | Dialog::Decisions { .. }
                | Dialog::Jump { .. },
            ) => {
                return Place::Pick;
            }
            Some(Dialog::Csv(_)) => return Place::Csv,
            Some(Dialog::Mapping(dialog)) => return dialog.place(),
            Some(Dialog::Confirm(Question { name: Some(_), .. })) => return Place::ConfirmName,
            Some(Dialog::Confirm(_)) => return Place::Confirm,
            Some(Dialog::Held(_)) => return Place::Held,
            Some(Dialog::Error { .. }) => return Place::Error,
            Some(Dialog::Help(help)) if help.typing => return Place::Filter,
            Some(Dialog::Help(_)) => return Place::Help,
            Some(Dialog::Palette { .. }) => return Place::Palette,
            None => {}
        }
        match self.screens.last() {
            Some(Screen::List(view)) if view.typing.is_some() => Place::Filter,
            Some(Screen::List(_)) => Place::List,
            Some(Screen::Detail(_)) => Place::Detail,
            Some(Screen::History(_)) => Place::History,
            Some(Screen::Exchange(_)) => Place::Exchange,
            Some(Screen::Form(_)) => Place::Form,
            Some(Screen::Consent(view)) => match view.step {
                Step::Ways => Place::Consent,
                Step::Paste { .. } => Place::ConsentPaste,
                Step::Asking | Step::Waiting(_) | Step::Sending | Step::Checking => {
                    Place::ConsentWait
                }
                Step::Done(_) => Place::ConsentDone,
            },
            Some(Screen::Pair(_)) => Place::Pair,
            None => self.main_place(),
        }
    }

    fn main_place(&self) -> Place {
        match (self.pane, self.entry, self.tab) {
            (Pane::Connectors, _, _) => Place::Connectors,
            (Pane::Body, Entry::Crm, _) | (_, _, Tab::Settings) => Place::Settings,
            (_, _, Tab::Log) => Place::Log,
            (_, _, Tab::Mapping) if self.mapping.typing.is_some() => Place::Filter,
            (_, _, Tab::Mapping) => Place::Mapping,
            (_, _, Tab::Queue) if self.queue.typing.is_some() => Place::Filter,
            (_, _, Tab::Queue) => Place::Queue,
            (_, _, Tab::Debug) if self.debug.typing.is_some() => Place::Filter,
            (_, _, Tab::Debug) => Place::DebugLog,
        }
    }
}
