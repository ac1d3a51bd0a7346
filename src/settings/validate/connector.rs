//! Checks a connector of the file.

use super::{Checker, Wanted, default_connector};
use crate::catalog::{Service, ServiceModule};
use crate::model::{
    Advanced, Connector, Direction, Module, ModuleSettings, Pair, SecretText, SyncFrom,
};
use crate::settings::fields::{
    CONCURRENCY, GUARD_CREATES, Limits, REQUESTS_PER_SECOND, known_service, number, period,
    settle_wait, vtiger_field,
};
use crate::settings::file::{AdvancedFile, ConnectorFile, ModuleFile, Text};
use crate::settings::mapping::check_mapping;
use crate::settings::problem::did_you_mean;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

impl Checker<'_, '_, '_> {
    /// The connector, and its credentials.
    pub(super) fn connector(
        &mut self,
        spanned: &Spanned<ConnectorFile>,
    ) -> Option<(Connector, BTreeMap<String, Wanted>)> {
        let file = spanned.get_ref();
        let name = file.name.get_ref();
        self.checked("", "name", Some(&file.name));
        let service = match known_service(self.catalog, file.service.get_ref()) {
            Ok(service) => service,
            Err((message, hint)) => {
                self.problems.hinted(file.service.span(), message, hint);
                return None;
            }
        };
        let known = self.known.connectors.iter().find(|c| c.name.eq_ignore_ascii_case(name));
        if let Some(known) = known.filter(|known| known.service != service.name) {
            let message = format!(
                "the connector \"{name}\" is one of {}; remove it first, or choose another name",
                known.service
            );
            self.problems.at(file.service.span(), message);
            return None;
        }
        let stored = known.map(|known| known.credentials.clone()).unwrap_or_default();
        let credentials =
            self.credentials(&service.name, &spanned.span(), &file.credentials, &stored);
        self.addresses(file, &credentials);
        let mut connector = default_connector(service, name);
        connector.id = known.map_or(0, |known| known.id);
        connector.enabled = file.enabled.unwrap_or(true);
        connector.sync_from = self.sync_from(file, known, spanned.span());
        connector.frequency = self.parsed(file.frequency.as_ref(), connector.frequency);
        connector.conflict = file.conflict.unwrap_or_default();
        connector.debug = file.debug;
        connector.advanced = self.advanced(service, &file.advanced);
        self.modules(service, file, &mut connector);
        Some((connector, credentials))
    }

    /// Plain http in any of the addresses.
    fn addresses(&mut self, file: &ConnectorFile, credentials: &BTreeMap<String, Wanted>) {
        for (name, text) in &file.credentials {
            if let Some(Wanted::Kept(SecretText::Plain(address))) = credentials.get(name.get_ref())
            {
                let whose = format!("connector \"{}\"", file.name.get_ref());
                self.plain_http(&whose, address, file.advanced.allow_http, text.span());
            }
        }
    }

    /// The period is locked once saved; one that is counted back stays as it was resolved.
    fn sync_from(
        &mut self,
        file: &ConnectorFile,
        known: Option<&Connector>,
        place: Range<usize>,
    ) -> SyncFrom {
        let now = self.now;
        let asked = self
            .value(file.sync_from.as_ref(), SyncFrom::all(), |text| SyncFrom::resolve(text, now));
        let Some(saved) = known.map(|known| &known.sync_from) else {
            return asked;
        };
        let counted_back = asked.asked.parse::<crate::model::Period>().is_ok();
        if asked.asked != saved.asked && (counted_back || asked.from != saved.from) {
            let place = file.sync_from.as_ref().map_or(place, Text::span);
            self.problems.hinted(
                place,
                format!("sync_from was saved as \"{}\" and cannot be changed", saved.asked),
                format!(
                    "Write sync_from = \"{}\", or add a new connector with another name.",
                    saved.asked
                ),
            );
        }
        saved.clone()
    }

    /// The modules. One that is not named has its defaults, and is off if another one is named.
    fn modules(&mut self, service: &Service, file: &ConnectorFile, connector: &mut Connector) {
        if !file.modules.is_empty() {
            connector.modules.values_mut().for_each(|settings| settings.enabled = false);
        }
        let mut seen: Vec<Module> = Vec::new();
        for (name, settings) in &file.modules {
            let Some((module, spec)) = self.module(service, name) else {
                continue;
            };
            if seen.contains(&module) {
                self.problems.at(name.span(), format!("{module} stands twice in this connector"));
            }
            seen.push(module);
            let settings = self.module_settings(service, spec, module, settings);
            connector.modules.insert(module, settings);
        }
    }

    fn module<'s>(
        &mut self,
        service: &'s Service,
        name: &Text,
    ) -> Option<(Module, &'s ServiceModule)> {
        let keys = || service.modules.keys().map(|module| module.key());
        let (message, hint) = match name.get_ref().parse::<Module>() {
            Ok(module) => match service.modules.get(&module) {
                Some(spec) => return Some((module, spec)),
                None => {
                    let known: Vec<_> = keys().collect();
                    let known = known.join(", ");
                    (format!("{} has no {module}; it has {known}", service.label), String::new())
                }
            },
            Err(message) => (message, did_you_mean(name.get_ref(), keys())),
        };
        self.problems.hinted(name.span(), message, hint);
        None
    }

    fn module_settings(
        &mut self,
        service: &Service,
        spec: &ServiceModule,
        module: Module,
        file: &ModuleFile,
    ) -> ModuleSettings {
        let default = spec.directions.first().copied().unwrap_or(Direction::Both);
        let direction = file.direction.as_ref().map_or(default, |direction| *direction.get_ref());
        if let Some(place) =
            file.direction.as_ref().filter(|_| !spec.directions.contains(&direction))
        {
            let allowed: Vec<_> = spec.directions.iter().map(|d| d.key()).collect();
            let message = format!(
                "{module} of {} cannot go {}; it can go {}",
                service.label,
                direction.key(),
                allowed.join(", ")
            );
            self.problems.at(place.span(), message);
        }
        ModuleSettings {
            enabled: file.enabled.unwrap_or(true),
            direction,
            mode: file.mode,
            period: self.value(file.period.as_ref(), None, |text| period(text, 60).map(Some)),
            deletes: file.deletes,
            mapping: self.mapping(spec, &file.mapping),
        }
    }

    fn mapping(&mut self, spec: &ServiceModule, lines: &[Spanned<Pair>]) -> Vec<Pair> {
        let pairs: Vec<Pair> =
            lines.iter().map(|line| Pair { custom: false, ..line.get_ref().clone() }).collect();
        for (n, problem) in check_mapping(spec, &pairs) {
            self.problems.at(lines[n].span(), problem);
        }
        pairs
    }

    fn advanced(&mut self, service: &Service, file: &AdvancedFile) -> Advanced {
        let defaults = Advanced::default();
        let small = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok());
        Advanced {
            concurrency: small(self.number(file.concurrency.as_ref(), CONCURRENCY)),
            requests_per_second: small(
                self.number(file.requests_per_second.as_ref(), REQUESTS_PER_SECOND),
            ),
            probe_interval: self.value(
                file.probe_interval.as_ref(),
                defaults.probe_interval,
                |t| period(t, 5),
            ),
            full_scan: self.value(file.full_scan.as_ref(), defaults.full_scan, |t| period(t, 60)),
            settle_wait: self.value(file.settle_wait.as_ref(), defaults.settle_wait, settle_wait),
            guard_deletes: self.parsed(file.guard_deletes.as_ref(), defaults.guard_deletes),
            guard_changes: self.parsed(file.guard_changes.as_ref(), defaults.guard_changes),
            guard_creates: self
                .number(file.guard_creates.as_ref(), GUARD_CREATES)
                .unwrap_or(defaults.guard_creates),
            external_id_fields: self.external_ids(service, &file.external_id_fields),
            allow_http: file.allow_http,
            ca_file: self.checked("", "ca_file", file.ca_file.as_ref()),
        }
    }

    fn number(&mut self, given: Option<&Spanned<i64>>, limits: Limits) -> Option<u64> {
        let given = given?;
        number(&given.get_ref().to_string(), limits)
            .map_err(|message| self.problems.at(given.span(), message))
            .ok()
    }

    fn external_ids(
        &mut self,
        service: &Service,
        given: &BTreeMap<Text, Text>,
    ) -> BTreeMap<Module, String> {
        let mut fields = BTreeMap::new();
        for (name, field) in given {
            let module = self.module(service, name).map(|(module, _)| module);
            let field = self.value(Some(field), None, |text| {
                vtiger_field(text).map(|()| Some(text.to_owned()))
            });
            fields.extend(module.zip(field));
        }
        fields
    }
}
