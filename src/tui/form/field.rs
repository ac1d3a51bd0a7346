//! A field of a form: what is entered, what is known about it, and what may be shown of it.

use crate::catalog::FormField;
use crate::model::SecretText;
use crate::secrets::is_reference;
use crate::settings::{Choice, Section, Setting, next_choice};
use crate::tui::msg::Entered;
use std::fmt;
use tui_input::{Input, InputRequest};

/// A field of a form.
#[derive(Clone)]
pub struct Field {
    /// The name in files; of a setting the path in the connector's table.
    pub name: String,
    /// Where it stands.
    pub section: Section,
    /// It is a setting, not a part of the connection.
    pub setting: bool,
    /// What can be chosen; empty: text is entered.
    pub choices: Vec<Choice>,
    /// Why it cannot be changed, if that is so.
    pub locked: Option<String>,
    /// What holds while nothing is entered.
    pub unset: &'static str,
    /// The label.
    pub label: String,
    /// Where to find what is asked for.
    pub help: String,
    /// It is masked.
    pub secret: bool,
    /// It must not be empty.
    pub required: bool,
    /// What is entered.
    pub input: Input,
    /// What it was when the form was opened.
    pub original: String,
    /// A secret is stored; it stays unless another one is entered.
    pub stored: bool,
    /// How the stored secret ends, where that can be told.
    pub tail: Option<String>,
    /// The secret that is being entered is shown.
    pub revealed: bool,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl fmt::Debug for Field {
    /// What is entered may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Field");
        shown.field("name", &self.name).field("error", &self.error);
        shown.field("cursor", &self.input.cursor()).field("length", &self.input.value().len());
        shown.field("stored", &self.stored).field("revealed", &self.revealed);
        if !self.secret {
            shown.field("value", &self.input.value());
        }
        shown.finish_non_exhaustive()
    }
}

impl Field {
    pub(super) fn new(asset: &FormField, value: Option<&SecretText>) -> Self {
        let (text, stored) = match value {
            None => (asset.default.clone(), false),
            Some(SecretText::Plain(text)) if asset.secret => (String::new(), !text.is_empty()),
            Some(SecretText::Plain(text) | SecretText::Reference(text)) => (text.clone(), false),
            Some(SecretText::Sealed(_)) => (String::new(), true),
        };
        Self {
            name: asset.name.clone(),
            section: Section::Connection,
            setting: false,
            choices: Vec::new(),
            locked: None,
            unset: "",
            label: asset.label.clone(),
            help: asset.help.clone(),
            secret: asset.secret,
            required: asset.required,
            input: Input::new(text.clone()),
            original: text,
            stored,
            tail: None,
            revealed: false,
            error: None,
        }
    }

    pub(super) fn of_setting(setting: Setting) -> Self {
        Self {
            name: setting.path,
            section: setting.section,
            setting: true,
            choices: setting.choices,
            locked: setting.locked,
            unset: setting.unset,
            label: setting.label.to_owned(),
            help: setting.help,
            secret: false,
            required: false,
            input: Input::new(setting.value.clone()),
            original: setting.value,
            stored: false,
            tail: None,
            revealed: false,
            error: None,
        }
    }

    /// What is chosen, as the screen names it.
    pub fn chosen(&self) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.value == self.text())
    }

    /// What a key does to a choice.
    pub(super) fn choose(&mut self, request: InputRequest) -> Result<(), String> {
        let forward = match request {
            InputRequest::GoToNextChar | InputRequest::InsertChar(' ') => true,
            InputRequest::GoToPrevChar => false,
            _ => return Err("Left and Right choose here.".into()),
        };
        if self.cycle(forward) {
            return Ok(());
        }
        let others = self.choices.iter().find_map(|choice| choice.why_not.clone());
        Err(others.unwrap_or_else(|| "There is nothing else to choose.".into()))
    }

    /// Takes the next or previous choice that can be chosen. Answers whether that changed anything.
    fn cycle(&mut self, forward: bool) -> bool {
        let Some(next) = next_choice(&self.choices, self.text(), forward) else { return false };
        self.input = Input::new(next.value.clone());
        true
    }

    /// What is entered, without blanks at its ends.
    pub fn text(&self) -> &str {
        self.input.value().trim()
    }

    /// Whether what is entered must be masked. A reference is no secret.
    pub fn masked(&self) -> bool {
        self.secret && !self.revealed && !is_reference(self.text())
    }

    /// Whether it differs from what it was.
    pub fn changed(&self) -> bool {
        self.input.value() != self.original
    }

    pub(super) fn entered(&self) -> Entered {
        if self.stored && self.text().is_empty() {
            Entered::Keep
        } else {
            Entered::Text(self.text().to_owned(), self.secret)
        }
    }
}
