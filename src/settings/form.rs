//! The settings of a connector one by one, for forms: what each is called, what can be chosen and
//! why something cannot. Values are written as in the settings file, and read by the same rules.

mod ids;
mod put;

pub use put::{check_setting, put_setting};

use crate::catalog::{Catalog, Service, ServiceModule};
use crate::model::{
    Advanced, ConflictRule, Connector, Deletes, Direction, Mode, Module, ModuleSettings,
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

/// The choice after (or before) the one with this value, round and round, among those that can be
/// chosen; `None`: it is the only one, or there is none.
pub fn next_choice<'c>(choices: &'c [Choice], now: &str, forward: bool) -> Option<&'c Choice> {
    let free: Vec<&Choice> = choices.iter().filter(|c| c.why_not.is_none()).collect();
    let at = free.iter().position(|choice| choice.value == now);
    let next = match (at, forward) {
        (Some(at), true) => (at + 1) % free.len(),
        (Some(at), false) => (at + free.len() - 1) % free.len(),
        (None, _) => 0,
    };
    free.get(next).copied().filter(|_| Some(next) != at)
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
    all.extend(enabled.flat_map(|module| ids::settings(service, *module, &connector.advanced)));
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
mod tests;
