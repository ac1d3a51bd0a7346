//! The settings of a connector one by one, for forms: what each is called, what can be chosen and
//! why something cannot. Values are written as in the settings file, and read by the same rules.

use super::fields::{
    CONCURRENCY, GUARD_CREATES, REQUESTS_PER_SECOND, number, period, settle_wait, vtiger_field,
};
use crate::catalog::{Catalog, Service, ServiceModule};
use crate::model::{
    Advanced, ConflictRule, Connector, Deletes, Direction, Mode, Module, ModuleSettings, Period,
    Stamp, SyncFrom,
};

/// A section of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What the service asks for.
    Connection,
    /// What is asked first, and locked once saved.
    PreSync,
    /// What concerns the whole connector.
    System,
    /// A module.
    Module(Module),
    /// Limits that have safe defaults.
    Advanced,
}

impl Section {
    /// Its heading.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::PreSync => "Pre Sync Settings",
            Self::System => "System Settings",
            Self::Module(module) => module.label(),
            Self::Advanced => "Advanced",
        }
    }
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// In the settings file.
    pub value: String,
    /// On the screen.
    pub label: String,
    /// Why it cannot be chosen here, if that is so.
    pub why_not: Option<String>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its place in the connector's table of the settings file: `modules.contacts.direction`.
    pub path: String,
    /// Its section.
    pub section: Section,
    /// Its label.
    pub label: &'static str,
    /// What it does, and what can be entered.
    pub help: String,
    /// What can be chosen; empty: any text that [`check_setting`] accepts.
    pub choices: Vec<Choice>,
    /// What it is.
    pub value: String,
    /// What holds while nothing is entered; empty: something has to be.
    pub unset: &'static str,
    /// Why it cannot be changed, if that is so.
    pub locked: Option<String>,
}

/// What an empty number stands for.
const USUAL: &str = "the service's default";
/// What an empty name stands for.
const NONE: &str = "none";

/// The settings of a connector; of one that is not stored yet only those that are asked first.
pub fn settings_of(service: &Service, connector: &Connector) -> Vec<Setting> {
    let mut all = vec![sync_from(connector)];
    if connector.id == 0 {
        // Without these some servers could not even be checked.
        let way_there = ["advanced.allow_http", "advanced.ca_file"];
        let mut more = advanced(&connector.advanced);
        more.retain(|setting| way_there.contains(&setting.path.as_str()));
        all.extend(more);
        return all;
    }
    all.extend(system(service, connector));
    for (module, spec) in &service.modules {
        if let Some(settings) = connector.modules.get(module) {
            all.extend(module_settings(service, *module, spec, settings));
        }
    }
    all.extend(advanced(&connector.advanced));
    let enabled = service.modules.keys().filter(|module| connector.modules.contains_key(module));
    all.extend(enabled.map(|module| external_id(*module, &connector.advanced)));
    all
}

fn text(path: &str, section: Section, label: &'static str, value: String, help: &str) -> Setting {
    Setting {
        path: path.to_owned(),
        section,
        label,
        help: help.to_owned(),
        choices: Vec::new(),
        value,
        unset: "",
        locked: None,
    }
}

fn choice(value: &str, label: impl Into<String>) -> Choice {
    Choice { value: value.to_owned(), label: label.into(), why_not: None }
}

fn yes_or_no(setting: Setting, on: bool) -> Setting {
    let choices = vec![choice("true", "yes"), choice("false", "no")];
    Setting { choices, value: on.to_string(), ..setting }
}

fn sync_from(connector: &Connector) -> Setting {
    let help = "all, a date (2026-01-31), or a period counted back from now (30d). Older records \
                are left alone. Once saved it cannot be changed.";
    let asked = connector.sync_from.asked.clone();
    let setting = text("sync_from", Section::PreSync, "Sync Records From", asked, help);
    let locked = "It was saved and cannot be changed: what is older was never looked at. Add \
                  another connector for another period.";
    Setting { locked: (connector.id != 0).then(|| locked.to_owned()), ..setting }
}

fn system(service: &Service, connector: &Connector) -> Vec<Setting> {
    let of = |path, label, value: String, help| text(path, Section::System, label, value, help);
    let empty = String::new;
    let frequency = "off, or how often it is synced by itself: 15m, 2h. At least 1m. Modules can \
                     have a period of their own.";
    let rule = of(
        "conflict",
        "Conflict Resolution",
        connector.conflict.key().to_owned(),
        "Whose value counts when both sides changed the same field. The other one is kept in the \
         log.",
    );
    vec![
        yes_or_no(
            of("enabled", "Enabled", empty(), "A disabled connector is not synced at all."),
            connector.enabled,
        ),
        yes_or_no(
            of(
                "debug",
                "Debug Mode",
                empty(),
                "Keeps every request and answer in the Debug Log, secrets masked. Costs some speed.",
            ),
            connector.debug,
        ),
        of("frequency", "Background Sync Frequency", connector.frequency.to_string(), frequency),
        Setting {
            choices: [
                (ConflictRule::LastUpdated, "last updated record wins".to_owned()),
                (ConflictRule::Vtiger, "Vtiger record wins".to_owned()),
                (ConflictRule::Service, format!("{} record wins", service.label)),
            ]
            .map(|(rule, label)| choice(rule.key(), label))
            .to_vec(),
            ..rule
        },
    ]
}

fn module_settings(
    service: &Service,
    module: Module,
    spec: &ServiceModule,
    settings: &ModuleSettings,
) -> Vec<Setting> {
    let of = |name: &str, label, value: String, help: &str| {
        let path = format!("modules.{}.{name}", module.key());
        text(&path, Section::Module(module), label, value, help)
    };
    let usual = settings.mode.unwrap_or(service.mode);
    let mode = if usual == Mode::Immediately { "immediately" } else { "cron" };
    let deletes = if settings.deletes == Deletes::Carry { "carry" } else { "off" };
    let way = of(
        "direction",
        "Sync Direction",
        settings.direction.key().to_owned(),
        "Which side gives and which one takes.",
    );
    vec![
        yes_or_no(
            of("enabled", "Enable sync", String::new(), "Whether the module is synced."),
            settings.enabled,
        ),
        Setting { choices: directions(service, module, spec), ..way },
        Setting {
            choices: vec![choice("immediately", "Immediately"), choice("cron", "Cron Job")],
            ..of(
                "mode",
                "Sync Mode",
                mode.to_owned(),
                "Immediately: soon after a change is seen. Cron Job: by the period below, else at \
                 the Background Sync Frequency.",
            )
        },
        Setting {
            unset: "the connector's frequency",
            ..of(
                "period",
                "Period",
                settings.period.map(|period| period.to_string()).unwrap_or_default(),
                "Its own period, such as 5m; empty: the Background Sync Frequency.",
            )
        },
        Setting {
            choices: vec![
                choice("off", "off: a deletion is listed once as skipped"),
                choice("carry", "carry: what is deleted on one side is deleted on the other"),
            ],
            ..of(
                "deletes",
                "Deletes",
                deletes.to_owned(),
                "What a deletion on one side does to the record on the other.",
            )
        },
    ]
}

fn directions(service: &Service, module: Module, spec: &ServiceModule) -> Vec<Choice> {
    let label = &service.label;
    let only = |taker: &str| {
        format!("SyncDeck takes {module} from {label}, and does not write them into {taker}.")
    };
    [
        (Direction::Both, format!("Vtiger ↔ {label}")),
        (Direction::ToVtiger, format!("{label} → Vtiger")),
        (Direction::ToService, format!("Vtiger → {label}")),
    ]
    .map(|(direction, shown)| {
        let taker = if direction == Direction::ToVtiger { "Vtiger" } else { label };
        let why_not = (!spec.directions.contains(&direction)).then(|| only(taker));
        Choice { why_not, ..choice(direction.key(), shown) }
    })
    .to_vec()
}

fn advanced(advanced: &Advanced) -> Vec<Setting> {
    let of = |name: &str, label, value: String, help: &str| {
        text(&format!("advanced.{name}"), Section::Advanced, label, value, help)
    };
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    vec![
        Setting {
            unset: USUAL,
            ..of(
                "concurrency",
                "Requests at a time",
                number(advanced.concurrency),
                "1 to 32; empty: what the service bears well.",
            )
        },
        Setting {
            unset: USUAL,
            ..of(
                "requests_per_second",
                "Requests a second",
                number(advanced.requests_per_second),
                "1 to 1000, at most; empty: what the service bears well.",
            )
        },
        of(
            "probe_interval",
            "Look for changes every",
            advanced.probe_interval.to_string(),
            "How often Immediately asks whether something changed: 30s. At least 5s.",
        ),
        of(
            "full_scan",
            "Complete listing every",
            advanced.full_scan.to_string(),
            "How often everything is listed, for deletions and for what time stamps do not show: \
             24h.",
        ),
        of(
            "settle_wait",
            "Wait for late records",
            advanced.settle_wait.to_string(),
            "If a sync is cut off while it creates records, the next one waits so long before it \
             looks whether they arrived: 4s; longer for a slow server.",
        ),
        of(
            "guard_deletes",
            "Hold from deletes of",
            advanced.guard_deletes.to_string(),
            "A sync that would delete more than this share of the linked records waits for your \
             decision.",
        ),
        of(
            "guard_changes",
            "Hold from changes of",
            advanced.guard_changes.to_string(),
            "A sync in which more than this share of the linked records changed at once waits for \
             your decision.",
        ),
        of(
            "guard_creates",
            "Hold from first creates of",
            advanced.guard_creates.to_string(),
            "A first sync that would create more records than this waits for your decision.",
        ),
        yes_or_no(
            of(
                "allow_http",
                "Allow plain http",
                String::new(),
                "Passwords and records would travel readable. For networks that you trust.",
            ),
            advanced.allow_http,
        ),
        Setting {
            unset: NONE,
            ..of(
                "ca_file",
                "Certificate file",
                advanced.ca_file.clone().unwrap_or_default(),
                "A further certificate authority in PEM, for a server with a certificate of your \
                 own.",
            )
        },
    ]
}

fn external_id(module: Module, advanced: &Advanced) -> Setting {
    let value = advanced.external_id_fields.get(&module).cloned().unwrap_or_default();
    let path = format!("advanced.external_id_fields.{}", module.key());
    let help = format!(
        "A Vtiger field of {module}, such as cf_900, that carries the other side's id. A create \
         whose answer was lost is found again by it. Empty: none."
    );
    let label = match module {
        Module::Contacts => "Id field of Contacts",
        Module::Organizations => "Id field of Organizations",
        Module::Leads => "Id field of Leads",
        Module::Products => "Id field of Products",
        Module::Services => "Id field of Services",
        Module::SalesOrders => "Id field of Sales Orders",
        Module::Invoices => "Id field of Invoices",
        Module::Taxes => "Id field of Taxes",
        Module::Campaigns => "Id field of Campaigns",
        Module::Events => "Id field of Events",
        Module::Payments => "Id field of Payments",
    };
    Setting { unset: NONE, ..text(&path, Section::Advanced, label, value, &help) }
}

/// Whether a text may be entered for a setting.
///
/// # Errors
/// A sentence that says what is accepted.
pub fn check_setting(service: &Service, path: &str, value: &str) -> Result<(), String> {
    let mut connector = super::default_connector(service, "");
    put_setting(service, &mut connector, path, value, Stamp::default())
}

/// Changes one setting of a connector. `now` is what periods are counted back from.
///
/// # Errors
/// A sentence that says what is accepted; the connector is as it was.
pub fn put_setting(
    service: &Service,
    connector: &mut Connector,
    path: &str,
    value: &str,
    now: Stamp,
) -> Result<(), String> {
    let value = value.trim();
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["sync_from"] if connector.id != 0 => return Err("it was saved, and is locked".into()),
        ["sync_from"] => connector.sync_from = SyncFrom::resolve(value, now)?,
        ["enabled"] => connector.enabled = read_bool(value)?,
        ["debug"] => connector.debug = read_bool(value)?,
        ["frequency"] => connector.frequency = value.parse()?,
        ["conflict"] => connector.conflict = read_word(value)?,
        ["modules", module, name] => {
            let module: Module = module.parse()?;
            let spec = service.modules.get(&module);
            let spec = spec.ok_or_else(|| format!("{} has no {module}", service.label))?;
            let settings = connector.modules.entry(module).or_insert_with(|| ModuleSettings {
                enabled: false,
                direction: spec.directions.first().copied().unwrap_or(Direction::Both),
                mode: None,
                period: None,
                deletes: Deletes::Off,
                mapping: Vec::new(),
            });
            put_of_module(spec, settings, name, value)?;
        }
        ["advanced", "external_id_fields", module] => {
            let module: Module = module.parse()?;
            let fields = &mut connector.advanced.external_id_fields;
            if value.is_empty() {
                fields.remove(&module);
            } else {
                vtiger_field(value)?;
                fields.insert(module, value.to_owned());
            }
        }
        ["advanced", name] => put_advanced(&mut connector.advanced, name, value)?,
        _ => return Err(format!("there is no setting {path}")),
    }
    Ok(())
}

fn put_of_module(
    spec: &ServiceModule,
    settings: &mut ModuleSettings,
    name: &str,
    value: &str,
) -> Result<(), String> {
    match name {
        "enabled" => settings.enabled = read_bool(value)?,
        "direction" => {
            let direction: Direction = read_word(value)?;
            if !spec.directions.contains(&direction) {
                return Err("the service does not allow this direction".into());
            }
            settings.direction = direction;
        }
        "mode" => settings.mode = Some(read_word(value)?),
        "period" => {
            settings.period = (!value.is_empty()).then(|| period(value, 60)).transpose()?;
        }
        "deletes" => settings.deletes = read_word(value)?,
        _ => return Err(format!("there is no setting {name}")),
    }
    Ok(())
}

fn put_advanced(advanced: &mut Advanced, name: &str, value: &str) -> Result<(), String> {
    let defaults = Advanced::default();
    let or = |default: Period, shortest: u64| match value {
        "" => Ok(default),
        _ => period(value, shortest),
    };
    let small = |limits| match value {
        "" => Ok(None),
        _ => number(value, limits).map(|n| u32::try_from(n).ok()),
    };
    match name {
        "concurrency" => advanced.concurrency = small(CONCURRENCY)?,
        "requests_per_second" => advanced.requests_per_second = small(REQUESTS_PER_SECOND)?,
        "probe_interval" => advanced.probe_interval = or(defaults.probe_interval, 5)?,
        "full_scan" => advanced.full_scan = or(defaults.full_scan, 60)?,
        "settle_wait" if value.is_empty() => advanced.settle_wait = defaults.settle_wait,
        "settle_wait" => advanced.settle_wait = settle_wait(value)?,
        "guard_deletes" if value.is_empty() => advanced.guard_deletes = defaults.guard_deletes,
        "guard_deletes" => advanced.guard_deletes = value.parse()?,
        "guard_changes" if value.is_empty() => advanced.guard_changes = defaults.guard_changes,
        "guard_changes" => advanced.guard_changes = value.parse()?,
        "guard_creates" if value.is_empty() => advanced.guard_creates = defaults.guard_creates,
        "guard_creates" => advanced.guard_creates = number(value, GUARD_CREATES)?,
        "allow_http" => advanced.allow_http = read_bool(value)?,
        "ca_file" => advanced.ca_file = (!value.is_empty()).then(|| value.to_owned()),
        _ => return Err(format!("there is no setting {name}")),
    }
    Ok(())
}

fn read_bool(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("\"{value}\" is neither true nor false"))
}

/// One of the words of the settings file.
fn read_word<T: for<'de> serde::Deserialize<'de>>(value: &str) -> Result<T, String> {
    use serde::de::IntoDeserializer;
    let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        value.into_deserializer();
    T::deserialize(word).map_err(|error| error.to_string())
}

/// The address of a connector that is plain http although that is not allowed.
pub fn forbidden_http<'c>(catalog: &Catalog, connector: &'c Connector) -> Option<&'c str> {
    let service = catalog.service(&connector.service)?;
    let forms = service.form.iter().filter(|field| field.kind == crate::catalog::FieldKind::Url);
    let mut addresses = forms.filter_map(|field| match connector.credentials.get(&field.name) {
        Some(crate::model::SecretText::Plain(address)) => Some(address.as_str()),
        _ => None,
    });
    addresses.find(|address| super::is_plain_http(address) && !connector.advanced.allow_http)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        Catalog::built_in().unwrap()
    }

    fn stored(service: &Service) -> Connector {
        Connector { id: 7, ..super::super::default_connector(service, "shop") }
    }

    #[test]
    fn every_setting_of_every_service_takes_its_own_value_and_changes_nothing() {
        for service in catalog().services() {
            let connector = stored(service);
            let mut copy = connector.clone();
            for setting in settings_of(service, &connector) {
                if setting.locked.is_some() || setting.path.ends_with(".mode") {
                    continue;
                }
                put_setting(service, &mut copy, &setting.path, &setting.value, Stamp::default())
                    .unwrap_or_else(|why| panic!("{}: {why}", setting.path));
                if !setting.choices.is_empty() {
                    let chosen = setting.choices.iter().find(|c| c.value == setting.value);
                    assert!(chosen.is_some_and(|c| c.why_not.is_none()), "{setting:?}");
                }
                assert!(!setting.help.is_empty());
            }
            assert_eq!(copy, connector, "{}", service.name);
        }
    }

    #[test]
    fn every_choice_is_kept_and_told_again() {
        let catalog = catalog();
        for service in catalog.services() {
            for setting in settings_of(service, &stored(service)) {
                for choice in &setting.choices {
                    let mut connector = stored(service);
                    let put = put_setting(
                        service,
                        &mut connector,
                        &setting.path,
                        &choice.value,
                        Stamp::default(),
                    );
                    assert_eq!(put.is_err(), choice.why_not.is_some(), "{choice:?}");
                    let now = settings_of(service, &connector);
                    let now = now.iter().find(|s| s.path == setting.path).unwrap();
                    assert!(put.is_err() || now.value == choice.value, "{choice:?}");
                }
            }
        }
    }

    #[test]
    fn what_a_file_would_refuse_a_form_refuses_too() {
        let catalog = catalog();
        let shop = catalog.service("woocommerce").unwrap();
        for (path, bad) in [
            ("frequency", "10s"),
            ("modules.contacts.period", "5s"),
            ("modules.contacts.direction", "sideways"),
            ("modules.campaigns.enabled", "true"),
            ("advanced.concurrency", "0"),
            ("advanced.guard_deletes", "10"),
            ("advanced.external_id_fields.contacts", "cf 9"),
            ("advanced.nonsense", "1"),
            ("enabled", "maybe"),
            ("sync_from", "yesterday"),
        ] {
            assert!(check_setting(shop, path, bad).is_err(), "{path} = {bad}");
        }
        let mut connector = stored(shop);
        let locked = put_setting(shop, &mut connector, "sync_from", "30d", Stamp::default());
        assert!(locked.is_err());
        assert!(check_setting(shop, "sync_from", "30d").is_ok());
    }
}
