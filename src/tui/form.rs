//! A form: the connection's fields that the asset names, the settings of a connector, two buttons,
//! and what is known about each field. Secrets are masked; a stored one is never shown again, only
//! how it ends.

mod field;

pub use field::Field;

use super::msg::{Draft, Entered, Target};
use super::validate;
use crate::catalog::{Catalog, FieldKind, FormField};
use crate::model::{CheckReport, Connector, Crm, SecretText, UserError};
use crate::settings::{Section, default_connector, settings_of};
use std::collections::BTreeMap;
use std::sync::Arc;
use tui_input::InputRequest;

/// The name of the field that holds a connector's name.
pub const NAME: &str = "name";

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
    /// How many lines it was scrolled down from where the focus would have it.
    pub scroll: usize,
    /// Why nothing can be changed, if that is so: the form is there to look at.
    pub locked: Option<String>,
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
        let mut fields = vec![Field::new(&name_field, Some(&SecretText::Plain(name.clone())))];
        let value = |name: &str| connector.and_then(|c| c.credentials.get(name));
        fields.extend(asset.form.iter().map(|f| Field::new(f, value(&f.name))));
        let usual = default_connector(asset, &name);
        let settings = settings_of(asset, connector.unwrap_or(&usual));
        fields.extend(settings.into_iter().map(Field::of_setting));
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
            locked: None,
            taken: Vec::new(),
            catalog: Arc::clone(catalog),
        }
    }

    /// What it is for, in a word.
    pub fn what(&self) -> &'static str {
        if self.target == Target::Crm { "Connection" } else { "Settings" }
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
        let stops = self.stops();
        let at = stops.iter().position(|stop| *stop == self.focus).unwrap_or(0);
        let next = if forward { at + 1 } else { at + stops.len() - 1 } % stops.len();
        self.go_to(stops[next]);
    }

    fn go_to(&mut self, stop: Focus) {
        self.focus = stop;
        self.scroll = 0;
    }

    /// Everything that can have the focus, in order: *Check connection* stands below what it
    /// checks, *Save* at the end.
    pub fn stops(&self) -> Vec<Focus> {
        let (connection, rest): (Vec<usize>, Vec<usize>) = (0..self.fields.len())
            .filter(|at| self.is_shown(*at))
            .partition(|at| self.fields[*at].section == Section::Connection);
        let connection = connection.into_iter().map(Focus::Field).chain([Focus::Check]);
        connection.chain(rest.into_iter().map(Focus::Field)).chain([Focus::Save]).collect()
    }

    /// Whether a field is shown: of a module that is not synced only the switch is.
    pub fn is_shown(&self, at: usize) -> bool {
        let Some(field) = self.fields.get(at) else { return false };
        let Section::Module(_) = field.section else { return true };
        let switch = self.fields.iter().find(|f| f.section == field.section && is_switch(f));
        is_switch(field) || switch.is_none_or(|switch| switch.text() == "true")
    }

    /// The section that has the focus; *Save* has none.
    pub fn section(&self) -> Option<Section> {
        match self.focus {
            Focus::Field(at) => self.fields.get(at).map(|field| field.section),
            Focus::Check => Some(Section::Connection),
            Focus::Save => None,
        }
    }

    /// The sections, in order.
    pub fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = self.fields.iter().map(|field| field.section).collect();
        sections.dedup();
        sections
    }

    /// Goes to the first field of the next section, or of the one before.
    pub fn move_section(&mut self, forward: bool) {
        if let Focus::Field(at) = self.focus {
            self.validate(at);
        }
        let mut sections: Vec<_> = self.sections().into_iter().map(Some).collect();
        sections.push(None);
        let at = sections.iter().position(|s| *s == self.section()).unwrap_or(0);
        let next = if forward { at + 1 } else { at + sections.len() - 1 } % sections.len();
        self.go_to_section(sections[next]);
    }

    /// Goes to the first field of a section; `None`: to *Save*.
    pub fn go_to_section(&mut self, section: Option<Section>) {
        let first = self.fields.iter().position(|field| Some(field.section) == section);
        self.go_to(first.map_or(Focus::Save, Focus::Field));
    }

    /// Edits the field with the focus.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub fn edit(&mut self, request: InputRequest) -> Result<(), String> {
        let locked = self.locked.clone();
        let Some(field) = self.field_mut() else {
            return Ok(());
        };
        let moves = matches!(
            request,
            InputRequest::GoToPrevChar
                | InputRequest::GoToNextChar
                | InputRequest::GoToStart
                | InputRequest::GoToEnd
        );
        let moves = moves && field.choices.is_empty();
        if let Some(why) = locked.or_else(|| field.locked.clone()).filter(|_| !moves) {
            return Err(why);
        }
        let before = field.input.value().to_owned();
        if field.choices.is_empty() {
            field.input.handle(request);
        } else {
            field.choose(request)?;
        }
        if field.input.value() != before {
            field.error = None;
            let connects = !field.setting || field.section == Section::Advanced;
            if connects && self.check != CheckState::None {
                self.check = CheckState::None;
                self.scroll = 0;
            }
        }
        Ok(())
    }

    /// Puts pasted text into the field with the focus; line breaks at its ends do not count.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim().chars().filter(|c| !c.is_control()) {
            if self.edit(InputRequest::InsertChar(c)).is_err() {
                return;
            }
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
                self.go_to(Focus::Field(bad));
                false
            }
            None => true,
        }
    }

    /// What is entered, to be checked or saved.
    pub fn draft(&self) -> Draft {
        let (settings, connection): (Vec<&Field>, Vec<&Field>) =
            self.fields.iter().partition(|field| field.setting);
        let mut values: BTreeMap<String, Entered> =
            connection.into_iter().map(|f| (f.name.clone(), f.entered())).collect();
        let chosen = settings.into_iter().filter(|field| field.changed());
        let settings = chosen.map(|field| (field.name.clone(), field.text().to_owned())).collect();
        let name = match (self.target, values.remove(NAME)) {
            (Target::Crm, _) | (_, None | Some(Entered::Keep)) => String::new(),
            (_, Some(Entered::Text(name, _))) => name,
        };
        let admin = match &self.check {
            CheckState::Done(report) => report.admin,
            _ => None,
        };
        Draft { target: self.target, service: self.service.clone(), name, values, settings, admin }
    }
}

fn is_switch(field: &Field) -> bool {
    field.name.ends_with(".enabled")
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
