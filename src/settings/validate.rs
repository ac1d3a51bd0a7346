//! From the file to the settings it asks for, or to a list of what is wrong with it. No I/O.

mod connector;

use super::fields::{CRM, KEEP, address, form_of};
use super::file::{CrmFile, RetentionFile, SettingsFile, Text};
use super::problem::{Problems, did_you_mean};
use super::url::is_plain_http;
use crate::catalog::{Catalog, FormField, Service};
use crate::model::{
    Advanced, ConflictRule, Connector, Crm, Deletes, Frequency, ModuleSettings, Retention,
    SecretText, Stamp, SyncFrom,
};
use crate::secrets::is_reference;
use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use zeroize::Zeroizing;

/// What the store has.
#[derive(Default)]
pub(super) struct Known {
    pub(super) crm: Option<Crm>,
    pub(super) connectors: Vec<Connector>,
    pub(super) retention: Retention,
}

/// What a credential is to become.
pub(super) enum Wanted {
    /// As it is: a reference, a text that is no secret, what the store has.
    Kept(SecretText),
    /// A clear secret, and what the store has for it.
    Clear(Zeroizing<String>, Option<SecretText>),
}

/// What the file asks for.
#[derive(Default)]
pub(super) struct Plan {
    /// The CRM, its access key still to be sealed.
    pub(super) crm: Option<(Crm, Wanted)>,
    /// The connectors, their credentials still to be sealed.
    pub(super) connectors: Vec<(Connector, BTreeMap<String, Wanted>)>,
    pub(super) retention: Option<Retention>,
    pub(super) warnings: Vec<String>,
}

/// A connector of a service with the defaults for everything: all its modules, in their first
/// direction, not synced by the clock.
pub fn default_connector(service: &Service, name: &str) -> Connector {
    let modules = service.modules.iter().map(|(module, spec)| {
        let settings = ModuleSettings {
            enabled: true,
            direction: spec.directions.first().copied().unwrap_or(crate::model::Direction::Both),
            mode: None,
            period: None,
            deletes: Deletes::Off,
            mapping: Vec::new(),
        };
        (*module, settings)
    });
    Connector {
        id: 0,
        name: name.to_owned(),
        service: service.name.clone(),
        enabled: true,
        credentials: BTreeMap::new(),
        sync_from: SyncFrom::all(),
        frequency: Frequency::Off,
        conflict: ConflictRule::default(),
        debug: false,
        modules: modules.collect(),
        advanced: Advanced::default(),
    }
}

/// Checks a file against the catalog and what the store has.
pub(super) fn validate(
    file: SettingsFile,
    catalog: &Catalog,
    known: &Known,
    now: Stamp,
    problems: &mut Problems<'_>,
) -> Plan {
    let mut checker = Checker { catalog, known, now, problems, warnings: Vec::new() };
    let crm = file.crm.and_then(|crm| checker.crm(crm));
    let retention = file.retention.map(|retention| checker.retention(&retention));
    let mut names: Vec<String> = Vec::new();
    let mut connectors = Vec::new();
    for connector in &file.connector {
        let name = &connector.get_ref().name;
        if names.iter().any(|other| other.eq_ignore_ascii_case(name.get_ref())) {
            let message = format!("there is another connector \"{}\" in this file", name.get_ref());
            checker.problems.at(name.span(), message);
        }
        names.push(name.get_ref().clone());
        connectors.extend(checker.connector(connector));
    }
    Plan { crm, connectors, retention, warnings: checker.warnings }
}

/// A file being checked.
struct Checker<'c, 'p, 't> {
    catalog: &'c Catalog,
    known: &'c Known,
    now: Stamp,
    problems: &'p mut Problems<'t>,
    warnings: Vec<String>,
}

impl Checker<'_, '_, '_> {
    /// A value that is read from a text; the default if it is absent or wrong.
    fn value<T>(
        &mut self,
        text: Option<&Text>,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = text else {
            return default;
        };
        match read(text.get_ref()) {
            Ok(value) => value,
            Err(message) => {
                self.problems.at(text.span(), message);
                default
            }
        }
    }

    /// [`Self::value`] for what reads itself.
    fn parsed<T: FromStr<Err = String>>(&mut self, text: Option<&Text>, default: T) -> T {
        self.value(text, default, str::parse)
    }

    /// A text that the check of its field accepts.
    fn checked(&mut self, service: &str, field: &str, text: Option<&Text>) -> Option<String> {
        let catalog = self.catalog;
        self.value(text, None, |text| {
            super::check_field(catalog, service, field, text)?;
            Ok(Some(text.trim().to_owned()))
        })
    }

    fn crm(&mut self, file: Spanned<CrmFile>) -> Option<(Crm, Wanted)> {
        let span = file.span();
        let file = file.into_inner();
        if let Some(api) = file.api.as_ref().filter(|api| api.get_ref() != "webservice") {
            let message = format!("\"{}\" is not supported; the api is webservice", api.get_ref());
            self.problems.at(api.span(), message);
        }
        let mut given = BTreeMap::new();
        let fields =
            [("url", file.url), ("username", file.username), ("access_key", file.access_key)];
        for (name, text) in fields {
            given.extend(text.map(|text| (Spanned::new(text.span(), name.to_owned()), text)));
        }
        let stored = self.known.crm.as_ref().map(crm_credentials).unwrap_or_default();
        let mut wanted = self.credentials(CRM, &span, &given, &stored);
        let mut plain = |name: &str| match wanted.remove(name) {
            Some(Wanted::Kept(SecretText::Plain(text))) => text,
            _ => String::new(),
        };
        let crm = Crm {
            url: plain("url"),
            username: plain("username"),
            access_key: SecretText::Plain(String::new()),
            allow_http: file.allow_http,
            ca_file: self.checked(CRM, "ca_file", file.ca_file.as_ref()),
        };
        let place = given.iter().find(|(name, _)| name.get_ref() == "url").map(|(_, v)| v.span());
        self.plain_http("the CRM", &crm.url, file.allow_http, place.unwrap_or(span));
        Some((crm, wanted.remove("access_key")?))
    }

    fn retention(&mut self, file: &RetentionFile) -> Retention {
        let defaults = Retention::default();
        let period = |text: &str| super::fields::period(text, 60);
        Retention {
            runs: self.value(file.runs.as_ref(), defaults.runs, period),
            debug: self.value(file.debug.as_ref(), defaults.debug, period),
            debug_size: self
                .checked("", "debug_size", file.debug_size.as_ref())
                .unwrap_or(defaults.debug_size),
        }
    }

    /// The credentials of a service's form.
    fn credentials(
        &mut self,
        service: &str,
        place: &Range<usize>,
        given: &BTreeMap<Text, Text>,
        stored: &BTreeMap<String, SecretText>,
    ) -> BTreeMap<String, Wanted> {
        let form = form_of(self.catalog, service);
        let mut wanted = BTreeMap::new();
        for (name, text) in given {
            let Some(field) = form.iter().find(|field| field.name == *name.get_ref()) else {
                self.unknown_field(service, form, name);
                continue;
            };
            match credential(self.catalog, service, field, text.get_ref(), stored) {
                Ok(Some(credential)) => {
                    wanted.insert(field.name.clone(), credential);
                }
                Ok(None) => {}
                Err(message) => self.problems.at(text.span(), message),
            }
        }
        for field in form {
            if given.keys().any(|name| *name.get_ref() == field.name) {
                continue;
            }
            if !field.default.is_empty() {
                let default = SecretText::Plain(field.default.clone());
                wanted.insert(field.name.clone(), Wanted::Kept(default));
            } else if field.required {
                let message = format!("{} ({}) is required", field.name, field.label);
                self.problems.at(place.clone(), message);
            }
        }
        self.together(service, place, given, &wanted);
        wanted
    }

    /// What is wrong only with several fields taken together.
    fn together(
        &mut self,
        service: &str,
        place: &Range<usize>,
        given: &BTreeMap<Text, Text>,
        wanted: &BTreeMap<String, Wanted>,
    ) {
        let plain: BTreeMap<&str, String> = wanted
            .iter()
            .filter_map(|(name, wanted)| match wanted {
                Wanted::Kept(SecretText::Plain(text)) => Some((name.as_str(), text.clone())),
                _ => None,
            })
            .collect();
        for (field, error) in crate::remote::check_credentials(service, &plain) {
            let text = given.iter().find(|(name, _)| name.get_ref() == field);
            let at = text.map_or_else(|| place.clone(), |(_, text)| text.span());
            let message = format!("{field}: {} {}", error.what, error.why);
            self.problems.hinted(at, message.trim_end().to_owned(), error.next);
        }
    }

    fn unknown_field(&mut self, service: &str, form: &[FormField], name: &Text) {
        let names: Vec<_> = form.iter().map(|field| field.name.as_str()).collect();
        let message = format!(
            "{service} has no credential \"{}\"; it has {}",
            name.get_ref(),
            names.join(", ")
        );
        self.problems.hinted(name.span(), message, did_you_mean(name.get_ref(), names));
    }

    /// Plain http is for this machine, or for who says that it is wanted.
    fn plain_http(&mut self, whose: &str, address: &str, allowed: bool, place: Range<usize>) {
        if !is_plain_http(address) {
            return;
        }
        if allowed {
            self.warnings.push(format!(
                "{address} of {whose} is plain http: passwords and records travel readable."
            ));
        } else {
            self.problems.hinted(
                place,
                format!("\"{address}\" is plain http: passwords and records would travel readable"),
                "Use https, or set allow_http = true.",
            );
        }
    }
}

/// What is stored of the CRM, by field.
fn crm_credentials(crm: &Crm) -> BTreeMap<String, SecretText> {
    BTreeMap::from([
        ("url".to_owned(), SecretText::Plain(crm.url.clone())),
        ("username".to_owned(), SecretText::Plain(crm.username.clone())),
        ("access_key".to_owned(), crm.access_key.clone()),
    ])
}

/// What one credential is to become; `None`: it is left empty.
fn credential(
    catalog: &Catalog,
    service: &str,
    field: &FormField,
    text: &str,
    stored: &BTreeMap<String, SecretText>,
) -> Result<Option<Wanted>, String> {
    super::check_field(catalog, service, &field.name, text)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let stored = stored.get(&field.name).cloned();
    if text == KEEP {
        let stored =
            stored.ok_or("keep: stands for what the store has, and it has nothing here")?;
        return Ok(Some(Wanted::Kept(stored)));
    }
    if is_reference(text) {
        return Ok(Some(Wanted::Kept(SecretText::Reference(text.to_owned()))));
    }
    if field.secret {
        return Ok(Some(Wanted::Clear(Zeroizing::new(text.to_owned()), stored)));
    }
    let text = match field.kind {
        crate::catalog::FieldKind::Url => address(service, text)?,
        crate::catalog::FieldKind::Text => text.to_owned(),
    };
    Ok(Some(Wanted::Kept(SecretText::Plain(text))))
}
