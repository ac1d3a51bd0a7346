//! Changing one setting of a connector, from the text that was entered for it.

use super::super::fields::{
    CONCURRENCY, GUARD_CREATES, REQUESTS_PER_SECOND, number, period, settle_wait,
};
use super::ids;
use crate::catalog::{Service, ServiceModule};
use crate::model::{
    Advanced, Connector, Deletes, Direction, Module, ModuleSettings, Period, Stamp, SyncFrom,
};
use crate::settings::default_connector;

/// Whether a text may be entered for a setting.
///
/// # Errors
/// A sentence that says what is accepted.
pub fn check_setting(service: &Service, path: &str, value: &str) -> Result<(), String> {
    let mut connector = default_connector(service, "");
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
        ["advanced", name @ ("external_id_fields" | "service_id_fields"), module] => {
            ids::put(service, &mut connector.advanced, name, module.parse()?, value)?;
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
