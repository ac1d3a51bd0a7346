//! How values are read: the manifest's rules, with the time zone looked up.

use crate::model::manifest::{FieldType, ValueRules};
use crate::model::{Stamp, UserError, Value};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// How values are read.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Texts that mean that nothing is there.
    pub(crate) empty: Vec<String>,
    dates: Vec<String>,
    zone: TimeZone,
    decimal: String,
    thousands: String,
    yes: Vec<String>,
    no: Vec<String>,
}

impl Rules {
    /// The rules of a manifest.
    ///
    /// # Errors
    /// There is no such time zone.
    pub(crate) fn new(rules: &ValueRules, zone: &str) -> Result<Self, UserError> {
        let zone = match zone.trim() {
            "" => TimeZone::UTC,
            name => TimeZone::get(name).map_err(|_| no_zone(name))?,
        };
        let or = |text: &str, other: &str| if text.is_empty() { other } else { text }.to_owned();
        let words = |own: &[String], all: &[&str]| {
            let own = own.iter().map(|word| word.to_lowercase());
            own.chain(all.iter().map(|word| (*word).to_owned())).collect()
        };
        Ok(Self {
            empty: rules.empty.clone(),
            dates: rules.dates.clone(),
            zone,
            decimal: or(&rules.decimal, "."),
            thousands: rules.thousands.clone(),
            yes: words(&rules.yes, &["1", "true", "yes"]),
            no: words(&rules.no, &["0", "false", "no"]),
        })
    }

    /// A value as its type says; without a type, texts that are dates by the manifest's notations
    /// are dates.
    pub(crate) fn read(&self, value: Value, kind: Option<FieldType>) -> Value {
        let Value::Text(text) = &value else { return value };
        let better = match kind {
            Some(FieldType::Text) => None,
            Some(FieldType::Number) => self.number(text).map(Value::Number),
            Some(FieldType::Boolean) => self.boolean(text).map(Value::Bool),
            Some(FieldType::Date) | None => self.dated(text),
        };
        better.unwrap_or(value)
    }

    /// A number in the service's signs.
    pub(crate) fn number(&self, text: &str) -> Option<Decimal> {
        let mut text = text.trim().to_owned();
        if !self.thousands.is_empty() {
            text = text.replace(&self.thousands, "");
        }
        if self.decimal != "." {
            text = text.replace(&self.decimal, ".");
        }
        plain_number(&text)
    }

    /// Yes or no in the service's words.
    fn boolean(&self, text: &str) -> Option<bool> {
        let text = text.trim().to_lowercase();
        match (self.yes.contains(&text), self.no.contains(&text)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// A date or time in one of the service's notations, as 2026-12-31 or an instant.
    fn dated(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        self.dates.iter().find_map(|format| {
            if has_time(format) {
                let at = DateTime::strptime(format, text).ok()?;
                return Some(Value::from(self.local(at)?.to_string()));
            }
            Date::strptime(format, text).ok().map(|date| Value::from(date.to_string()))
        })
    }

    /// An instant in any of the notations: those of the manifest, RFC 3339, Unix time, a date.
    pub(crate) fn instant(&self, text: &str) -> Option<Stamp> {
        let text = text.trim();
        let midnight = |date: Date| self.local(date.to_datetime(Time::midnight()));
        for format in &self.dates {
            if has_time(format)
                && let Ok(at) = DateTime::strptime(format, text)
            {
                return self.local(at);
            }
            if !has_time(format)
                && let Ok(date) = Date::strptime(format, text)
            {
                return midnight(date);
            }
        }
        if let Some(stamp) = Stamp::parse(text) {
            return Some(stamp);
        }
        if text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit()) {
            let number: i64 = text.parse().ok()?;
            // Thirteen digits are milliseconds.
            return Some(Stamp(if text.len() >= 12 { number } else { number * 1000 }));
        }
        if text.len() > 10
            && let Ok(at) = text.replacen(' ', "T", 1).parse::<DateTime>()
        {
            return self.local(at);
        }
        midnight(text.parse::<Date>().ok()?)
    }

    /// An instant in a notation, in the service's zone.
    pub(crate) fn written(&self, format: &str, at: Stamp) -> String {
        if format == "%s" {
            return at.0.div_euclid(1000).to_string();
        }
        // A notation that says Z means UTC, whatever the zone of the service.
        let zone = if format.ends_with('Z') { TimeZone::UTC } else { self.zone.clone() };
        let zoned = at.timestamp().to_zoned(zone);
        jiff::fmt::strtime::format(format, &zoned).unwrap_or_else(|_| at.to_string())
    }

    fn local(&self, at: DateTime) -> Option<Stamp> {
        let at = at.to_zoned(self.zone.clone()).ok()?;
        Some(Stamp(at.timestamp().as_millisecond()))
    }
}

/// Whether a notation tells the time of the day.
fn has_time(format: &str) -> bool {
    ["%H", "%I", "%T", "%R", "%k", "%l"].iter().any(|part| format.contains(part))
}

/// A number with a decimal point.
pub(crate) fn plain_number(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

fn no_zone(name: &str) -> UserError {
    UserError::new(
        format!("The time zone \"{name}\" is not known."),
        "The service's times are read in it.",
        "Name one as in Asia/Kolkata or Europe/Berlin, or UTC.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Rules {
        let rules: ValueRules = toml::from_str(text).unwrap();
        Rules::new(&rules, &rules.zone).unwrap()
    }

    #[test]
    fn times_are_read_in_many_notations() {
        let rules = rules("dates = [\"%d/%m/%Y %H:%M\", \"%d/%m/%Y\"]\nzone = \"Asia/Kolkata\"");
        for (text, want) in [
            ("21/11/2026 10:00", "2026-11-21T04:30:00Z"),
            ("21/11/2026", "2026-11-20T18:30:00Z"),
            ("2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00Z"),
            ("1795291615", "2026-11-21T20:06:55Z"),
            ("1795291615000", "2026-11-21T20:06:55Z"),
            ("2026-11-21 10:00:00", "2026-11-21T04:30:00Z"),
            ("2026-11-21", "2026-11-20T18:30:00Z"),
        ] {
            assert_eq!(rules.instant(text), Stamp::parse(want), "{text}");
        }
        assert_eq!(rules.instant("soon"), None);
        assert!(Rules::new(&ValueRules::default(), "Atlantis").is_err());
    }

    #[test]
    fn instants_are_written_in_the_zone_of_the_service() {
        let rules = rules("zone = \"Asia/Kolkata\"");
        let at = Stamp::parse("2026-11-21T20:06:55Z").unwrap();
        for (format, want) in [
            ("%Y-%m-%d", "2026-11-22"),
            ("%d/%m/%Y %H:%M", "22/11/2026 01:36"),
            ("%Y-%m-%dT%H:%M:%SZ", "2026-11-21T20:06:55Z"),
            ("%s", "1795291615"),
        ] {
            assert_eq!(rules.written(format, at), want);
        }
    }

    #[test]
    fn texts_are_read_as_their_type_says() {
        let rules = rules(
            "dates = [\"%d.%m.%Y\"]\ndecimal = \",\"\nthousands = \".\"\nyes = [\"Ja\"]\nno = [\"nein\"]",
        );
        let text = |t: &str| Value::from(t);
        let number = |n: i64, scale| Value::Number(Decimal::new(n, scale));
        for (given, kind, want) in [
            ("1.234,50", Some(FieldType::Number), number(123_450, 2)),
            ("1.234,50", None, text("1.234,50")),
            ("ja", Some(FieldType::Boolean), Value::Bool(true)),
            ("NEIN", Some(FieldType::Boolean), Value::Bool(false)),
            ("vielleicht", Some(FieldType::Boolean), text("vielleicht")),
            ("31.12.2026", None, text("2026-12-31")),
            ("31.12.2026", Some(FieldType::Text), text("31.12.2026")),
            ("31.12.2026", Some(FieldType::Date), text("2026-12-31")),
            ("none", Some(FieldType::Number), text("none")),
        ] {
            assert_eq!(rules.read(text(given), kind), want, "{given} {kind:?}");
        }
        assert_eq!(rules.read(Value::Bool(true), Some(FieldType::Number)), Value::Bool(true));
    }
}
