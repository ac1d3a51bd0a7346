//! What an administrator sets: the CRM, the connectors, their modules, limits and retention.

use super::{Direction, Module, Pair, Stamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The number of a connector in the store; it stays when the connector is renamed.
pub type ConnectorId = u32;

/// A setting that may be secret, in the form in which it is kept. Never the clear secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretText {
    /// Not a secret (a URL, a user name).
    Plain(String),
    /// `env:NAME`, `file:PATH` or `cmd:COMMAND`: read when it is needed.
    Reference(String),
    /// Sealed with the key that is kept apart from the store.
    Sealed(String),
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It may be something that somebody entered in the wrong field.
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Reference(text) => write!(f, "Reference({text:?})"),
            Self::Sealed(_) => f.write_str("Sealed(…)"),
        }
    }
}

/// The connected Vtiger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crm {
    /// The whole address of `webservice.php`.
    pub url: String,
    /// The user whose access key it is.
    pub username: String,
    /// The access key.
    pub access_key: SecretText,
    /// Plain http to a host that is not this machine is accepted.
    #[serde(default)]
    pub allow_http: bool,
    /// A further certificate authority, in PEM.
    #[serde(default)]
    pub ca_file: Option<String>,
}

/// The period from which records are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncFrom {
    /// As it was entered: `all`, a date, a date with time, `30d`.
    pub asked: String,
    /// The instant it was resolved to when it was saved; `None`: all.
    pub from: Option<Stamp>,
}

impl SyncFrom {
    /// Everything.
    pub fn all() -> Self {
        Self { asked: "all".into(), from: None }
    }

    /// Resolves what was entered, periods counted back from `now`.
    ///
    /// # Errors
    /// A sentence that says what is accepted.
    pub fn resolve(asked: &str, now: Stamp) -> Result<Self, String> {
        let text = asked.trim();
        let from = if text.eq_ignore_ascii_case("all") {
            None
        } else if let Some(at) = Stamp::parse(text) {
            Some(at)
        } else if let Ok(date) = text.parse::<jiff::civil::Date>() {
            let at = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|e| e.to_string())?;
            Some(Stamp(at.timestamp().as_millisecond()))
        } else if let Ok(period) = text.parse::<Period>() {
            Some(now.minus(period.0))
        } else {
            return Err(format!(
                "\"{text}\" is none of: all, a date such as 2026-01-31, a time such as \
                 2026-01-31T08:00:00Z, a period such as 30d"
            ));
        };
        Ok(Self { asked: text.to_owned(), from })
    }
}

/// A length of time, written `30s`, `15m`, `24h`, `365d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    /// So many seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs();
        for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m")] {
            if secs >= unit && secs.is_multiple_of(unit) {
                return write!(f, "{}{name}", secs / unit);
            }
        }
        write!(f, "{secs}s")
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bad = || format!("\"{text}\" is not a length of time such as 30s, 15m, 24h or 365d");
        let unit = text.chars().last().ok_or_else(bad)?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(bad()),
        };
        let number: u64 = text[..text.len() - 1].trim().parse().map_err(|_| bad())?;
        let secs = number.checked_mul(factor).filter(|s| *s <= 86_400 * 36_500).ok_or_else(bad)?;
        Ok(Self::secs(secs))
    }
}

/// How often a connector is synced by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// Never.
    Off,
    /// Every so often.
    Every(Period),
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Every(period) => period.fmt(f),
        }
    }
}

impl FromStr for Frequency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(Self::Off);
        }
        let period: Period = text.parse().map_err(|e| format!("{e}, or off"))?;
        if period.0 < Duration::from_secs(60) {
            return Err("the shortest frequency is 1m".into());
        }
        Ok(Self::Every(period))
    }
}

/// A share in percent, written `10%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio(pub u8);

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').unwrap_or("");
        match number.trim().parse::<u8>() {
            Ok(percent) if percent <= 100 => Ok(Self(percent)),
            _ => Err(format!("\"{text}\" is not a share such as 10%")),
        }
    }
}

/// Types that are written as one piece of text in files.
macro_rules! as_text {
    ($($kind:ty),*) => { $(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
as_text!(Period, Frequency, Ratio);

/// Who wins when both sides changed the same field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictRule {
    /// The side that was changed last.
    #[default]
    LastUpdated,
    /// Vtiger.
    Vtiger,
    /// The service.
    Service,
}

impl ConflictRule {
    /// The name used in files and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::LastUpdated => "last-updated",
            Self::Vtiger => "vtiger",
            Self::Service => "service",
        }
    }
}

/// Whether a module is synced at once or by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// As soon as a probe sees a change.
    Immediately,
    /// By the module's period, else the connector's frequency.
    #[default]
    Cron,
}

/// What happens to the other side's record when one is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Deletes {
    /// Nothing; it is listed as skipped.
    #[default]
    Off,
    /// It is deleted too.
    Carry,
}

/// The settings of one module of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleSettings {
    /// It is synced.
    pub enabled: bool,
    /// Which way.
    pub direction: Direction,
    /// When; `None`: the service's usual mode.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Its own period.
    #[serde(default)]
    pub period: Option<Period>,
    /// Deletions.
    #[serde(default)]
    pub deletes: Deletes,
    /// The administrator's lines, added to the defaults of the service's asset.
    #[serde(default)]
    pub mapping: Vec<Pair>,
}

/// Limits and switches that have safe defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advanced {
    /// Requests at a time; `None`: the service's default.
    pub concurrency: Option<u32>,
    /// Requests a second; `None`: the service's default.
    pub requests_per_second: Option<u32>,
    /// How often *Immediately* looks for changes.
    pub probe_interval: Period,
    /// How often everything is listed, for deletions and what stamps do not show.
    pub full_scan: Period,
    /// How long a new record that was under way when a sync was cut off may take to appear, before
    /// it is taken for not created.
    #[serde(default = "settle_wait")]
    pub settle_wait: Period,
    /// Hold a run that would delete more than this share of the links.
    pub guard_deletes: Ratio,
    /// Hold a run in which more than this share of the links changed.
    pub guard_changes: Ratio,
    /// Hold a first sync that would create more than this.
    pub guard_creates: u64,
    /// Vtiger fields that carry the other side's id, by module.
    pub external_id_fields: BTreeMap<Module, String>,
    /// Plain http to a host that is not this machine is accepted.
    pub allow_http: bool,
    /// A further certificate authority, in PEM.
    pub ca_file: Option<String>,
}

/// A server goes on with a write though its client has died, but rarely for longer.
fn settle_wait() -> Period {
    Period::secs(4)
}

impl Default for Advanced {
    fn default() -> Self {
        Self {
            concurrency: None,
            requests_per_second: None,
            probe_interval: Period::secs(30),
            full_scan: Period::secs(86_400),
            settle_wait: settle_wait(),
            guard_deletes: Ratio(10),
            guard_changes: Ratio(50),
            guard_creates: 50_000,
            external_id_fields: BTreeMap::new(),
            allow_http: false,
            ca_file: None,
        }
    }
}

/// A connected instance of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connector {
    /// Its number.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// The service it is an instance of (`woocommerce`).
    pub service: String,
    /// Whether it is synced at all.
    pub enabled: bool,
    /// What the administrator entered in the service's form, by field name.
    pub credentials: BTreeMap<String, SecretText>,
    /// The period from which records are taken; locked once saved.
    pub sync_from: SyncFrom,
    /// Background Sync Frequency.
    pub frequency: Frequency,
    /// Conflict Resolution.
    pub conflict: ConflictRule,
    /// Debug Mode.
    pub debug: bool,
    /// The modules, as far as the service has them.
    pub modules: BTreeMap<Module, ModuleSettings>,
    /// Limits and switches.
    pub advanced: Advanced,
}

/// How long the past is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Runs and their records.
    pub runs: Period,
    /// The debug log.
    pub debug: Period,
    /// The debug log's size, in bytes or with a unit (`200MB`).
    pub debug_size: String,
}

impl Retention {
    /// [`Self::debug_size`] in bytes. What cannot be read, which validation does not let in, is
    /// taken for the default.
    pub fn debug_bytes(&self) -> u64 {
        parse_size(&self.debug_size).unwrap_or(200_000_000)
    }
}

/// A size such as `200MB`, in bytes.
///
/// # Errors
/// A sentence that says what is accepted.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let factor = match text[digits..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" | "K" => 1_000,
        "MB" | "M" => 1_000_000,
        "GB" | "G" => 1_000_000_000,
        _ => 0,
    };
    let size = text[..digits].parse::<u64>().ok().and_then(|n| n.checked_mul(factor));
    size.filter(|size| *size > 0)
        .ok_or_else(|| format!("\"{text}\" is not a size such as 200MB or 1GB"))
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            runs: Period::secs(365 * 86_400),
            debug: Period::secs(7 * 86_400),
            debug_size: "200MB".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_and_written_alike() {
        for text in ["30s", "15m", "24h", "1d", "365d", "90s"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        }
        for bad in ["", "m", "15", "15 minutes", "-1m", "99999999999999d", "é"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_units() {
        let bytes = |text: &str| {
            Retention { debug_size: text.into(), ..Retention::default() }.debug_bytes()
        };
        assert_eq!(bytes("1500"), 1500);
        assert_eq!(bytes("2 kb"), 2_000);
        assert_eq!((bytes("200MB"), bytes("3G")), (200_000_000, 3_000_000_000));
        assert_eq!((bytes("0"), bytes("much")), (200_000_000, 200_000_000));
    }

    #[test]
    fn secrets_are_not_shown_in_debug_output() {
        for kept in [SecretText::Plain("s3cret".into()), SecretText::Sealed("s3cret".into())] {
            assert!(!format!("{kept:?}").contains("s3cret"));
        }
    }

    #[test]
    fn sync_from_takes_all_dates_times_and_periods() {
        let now = Stamp::parse("2026-11-21T12:00:00Z").unwrap();
        let from = |text| SyncFrom::resolve(text, now).unwrap().from.map(|s| s.to_string());
        assert_eq!(from("all"), None);
        assert_eq!(from("2026-01-31").as_deref(), Some("2026-01-31T00:00:00Z"));
        assert_eq!(from("2026-01-31T08:00:00+02:00").as_deref(), Some("2026-01-31T06:00:00Z"));
        assert_eq!(from("30d").as_deref(), Some("2026-10-22T12:00:00Z"));
        assert!(SyncFrom::resolve("yesterday", now).is_err());
    }
}
