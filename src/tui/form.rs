//! A form for a connection: the fields that the asset names, two buttons, and what is known about
//! each field. Secrets are masked; a stored one is never shown again, only how it ends.

use super::msg::{Draft, Entered, Target};
use super::validate;
use crate::catalog::{Catalog, FieldKind, FormField};
use crate::model::{CheckReport, Connector, Crm, SecretText, UserError};
use crate::secrets::is_reference;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tui_input::{Input, InputRequest};

/// The name of the field that holds a connector's name.
pub const NAME: &str = "name";

/// A field of a form.
#[derive(Clone)]
pub struct Field {
    /// The name in files.
    pub name: String,
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
    fn new(asset: &FormField, value: Option<&SecretText>) -> Self {
        let (text, stored) = match value {
            None => (asset.default.clone(), false),
            Some(SecretText::Plain(text)) if asset.secret => (String::new(), !text.is_empty()),
            Some(SecretText::Plain(text) | SecretText::Reference(text)) => (text.clone(), false),
            Some(SecretText::Sealed(_)) => (String::new(), true),
        };
        Self {
            name: asset.name.clone(),
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

    fn entered(&self) -> Entered {
        if self.stored && self.text().is_empty() {
            Entered::Keep
        } else {
            Entered::Text(self.text().to_owned(), self.secret)
        }
    }
}

/// What has the focus in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// A field.
    Field(usize),
    /// *Check connection*.
    Check,
    /// *Save*.
    Save,
}

/// What a check said, or is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CheckState {
    /// Not checked, or changed since.
    #[default]
    None,
    /// It runs.
    Running,
    /// It answered.
    Done(Box<CheckReport>),
    /// It could not be made.
    Failed(UserError),
}

/// A form.
#[derive(Debug, Clone)]
pub struct Form {
    /// Tells the answers for this form from those for an older one.
    pub id: u64,
    /// What it edits.
    pub target: Target,
    /// The service, for connectors.
    pub service: String,
    /// Its heading.
    pub title: String,
    /// Text above the fields.
    pub welcome: &'static str,
    /// The fields.
    pub fields: Vec<Field>,
    /// What has the focus.
    pub focus: Focus,
    /// What *Check connection* said.
    pub check: CheckState,
    /// It is being saved.
    pub saving: bool,
    /// First visible line of what the check said.
    pub scroll: u16,
    /// Names of other connectors.
    pub taken: Vec<String>,
    /// What the fields are checked against.
    pub catalog: Arc<Catalog>,
}

/// What is said above the CRM's form at the first start.
pub const WELCOME: &str = "Welcome to SyncDeck. First connect your Vtiger CRM, then add the shop or \
     service whose records should be kept in step with it. Nothing is written to either system \
     before you start a sync.";

impl Form {
    /// The form of the CRM's connection.
    pub fn crm(id: u64, catalog: &Arc<Catalog>, crm: Option<&Crm>) -> Self {
        let value = |name: &str| {
            crm.map(|crm| match name {
                "url" => SecretText::Plain(crm.url.clone()),
                "username" => SecretText::Plain(crm.username.clone()),
                _ => crm.access_key.clone(),
            })
        };
        let asset = &catalog.vtiger;
        let fields = asset.form.iter().map(|f| Field::new(f, value(&f.name).as_ref())).collect();
        Self {
            welcome: if crm.is_none() { WELCOME } else { "" },
            ..Self::bare(id, Target::Crm, asset.label.clone(), fields, catalog)
        }
    }

    /// The form of a connector, or of one to be added.
    pub fn connector(
        id: u64,
        catalog: &Arc<Catalog>,
        service: &str,
        connector: Option<&Connector>,
        taken: Vec<String>,
    ) -> Option<Self> {
        let asset = catalog.service(service)?;
        let name = connector.map_or_else(|| free_name(service, &taken), |c| c.name.clone());
        let name_field = FormField {
            name: NAME.into(),
            label: "Name".into(),
            kind: FieldKind::Text,
            help: "What this connector is called here and on the command line.".into(),
            secret: false,
            required: true,
            default: String::new(),
        };
        let mut fields = vec![Field::new(&name_field, Some(&SecretText::Plain(name)))];
        let value = |name: &str| connector.and_then(|c| c.credentials.get(name));
        fields.extend(asset.form.iter().map(|f| Field::new(f, value(&f.name))));
        let target = connector.map_or(Target::New, |c| Target::Connector(c.id));
        Some(Self {
            service: service.to_owned(),
            taken,
            ..Self::bare(id, target, asset.label.clone(), fields, catalog)
        })
    }

    fn bare(
        id: u64,
        target: Target,
        title: String,
        fields: Vec<Field>,
        catalog: &Arc<Catalog>,
    ) -> Self {
        Self {
            id,
            target,
            service: validate::CRM.to_owned(),
            title,
            welcome: "",
            fields,
            focus: Focus::Field(0),
            check: CheckState::None,
            saving: false,
            scroll: 0,
            taken: Vec::new(),
            catalog: Arc::clone(catalog),
        }
    }

    /// Whether something was entered that is not saved.
    pub fn changed(&self) -> bool {
        self.fields.iter().any(Field::changed)
    }

    /// The field with the focus.
    pub fn field(&self) -> Option<&Field> {
        match self.focus {
            Focus::Field(at) => self.fields.get(at),
            Focus::Check | Focus::Save => None,
        }
    }

    fn field_mut(&mut self) -> Option<&mut Field> {
        match self.focus {
            Focus::Field(at) => self.fields.get_mut(at),
            Focus::Check | Focus::Save => None,
        }
    }

    /// Moves the focus to the next or previous stop; the field that is left is checked.
    pub fn move_focus(&mut self, forward: bool) {
        if let Focus::Field(at) = self.focus {
            self.validate(at);
        }
        let stops = self.fields.len() + 2;
        let at = match self.focus {
            Focus::Field(at) => at,
            Focus::Check => stops - 2,
            Focus::Save => stops - 1,
        };
        let next = if forward { at + 1 } else { at + stops - 1 } % stops;
        self.focus = match next {
            n if n == stops - 2 => Focus::Check,
            n if n == stops - 1 => Focus::Save,
            n => Focus::Field(n),
        };
    }

    /// Edits the field with the focus. Answers whether there was one.
    pub fn edit(&mut self, request: InputRequest) -> bool {
        let Some(field) = self.field_mut() else {
            return false;
        };
        let before = field.input.value().to_owned();
        field.input.handle(request);
        if field.input.value() != before {
            field.error = None;
            self.check = CheckState::None;
            self.scroll = 0;
        }
        true
    }

    /// Puts pasted text into the field with the focus; line breaks at its ends do not count.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim().chars().filter(|c| !c.is_control()) {
            self.edit(InputRequest::InsertChar(c));
        }
    }

    /// Shows or masks the secret that is being entered.
    pub fn toggle_reveal(&mut self) {
        if let Some(field) = self.field_mut() {
            field.revealed = !field.revealed;
        }
    }

    fn validate(&mut self, at: usize) {
        if let Some(field) = self.fields.get_mut(at) {
            field.error = validate::field(&self.catalog, &self.service, field, &self.taken).err();
        }
    }

    /// Checks all fields, and puts the focus on the first bad one. Answers whether all are good.
    pub fn validate_all(&mut self) -> bool {
        for at in 0..self.fields.len() {
            self.validate(at);
        }
        match self.fields.iter().position(|f| f.error.is_some()) {
            Some(bad) => {
                self.focus = Focus::Field(bad);
                false
            }
            None => true,
        }
    }

    /// What is entered, to be checked or saved.
    pub fn draft(&self) -> Draft {
        let mut values: BTreeMap<String, Entered> =
            self.fields.iter().map(|f| (f.name.clone(), f.entered())).collect();
        let name = match (self.target, values.remove(NAME)) {
            (Target::Crm, _) | (_, None | Some(Entered::Keep)) => String::new(),
            (_, Some(Entered::Text(name, _))) => name,
        };
        let admin = match &self.check {
            CheckState::Done(report) => report.admin,
            _ => None,
        };
        Draft { target: self.target, service: self.service.clone(), name, values, admin }
    }
}

/// A name for a new connector that no other one has: `shop`, `shop-2` …
fn free_name(service: &str, taken: &[String]) -> String {
    let base = if service == "woocommerce" { "shop" } else { service };
    let mut name = base.to_owned();
    let mut number = 2;
    while taken.contains(&name) {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests;
