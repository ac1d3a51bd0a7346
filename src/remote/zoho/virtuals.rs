//! Paths that Zoho's records do not have and mappings need: date and time of an instant apart, the
//! length of a meeting, the account that a meeting is about.

use super::entity::Entity;
use crate::model::{Fields, Stamp, Value};
use std::collections::BTreeSet;

/// The module that `What_Id` points into.
pub(crate) const SE_MODULE: &str = "$se_module";
/// The account that an event is about, if it is one.
pub(crate) const ABOUT_ACCOUNT: &str = "What_Id.account";
/// Whole hours between an event's start and end.
pub(crate) const HOURS: &str = "Duration.hours";
/// What kind of activity an event is: always a meeting.
pub(crate) const ACTIVITY: &str = "Activity_Type";
const MEETING: &str = "Meeting";
const START: &str = "Start_DateTime";
const END: &str = "End_DateTime";
const ABOUT: &str = "What_Id.id";

/// The two halves of an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// `2026-11-21`, in UTC.
    Date,
    /// `09:05:00`, in UTC.
    Time,
}

/// The field and the half that a path means, if the field holds instants.
pub(crate) fn half(path: &str, is_instant: impl Fn(&str) -> bool) -> Option<(&str, Half)> {
    let (field, part) = path.split_once('.')?;
    let half = match part {
        "date" => Half::Date,
        "time" => Half::Time,
        _ => return None,
    };
    is_instant(field).then_some((field, half))
}

/// The paths that are really read for the wanted ones.
pub(crate) fn sources(
    entity: &Entity,
    wanted: &[String],
    is_instant: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut paths = BTreeSet::new();
    for path in wanted {
        match path.as_str() {
            ABOUT_ACCOUNT => paths.extend([ABOUT.to_owned(), SE_MODULE.to_owned()]),
            HOURS => paths.extend([START.to_owned(), END.to_owned()]),
            ACTIVITY if entity.name == "Events" => {}
            path => match half(path, &is_instant) {
                Some((field, _)) => {
                    paths.insert(field.to_owned());
                }
                None => {
                    paths.insert(path.to_owned());
                }
            },
        }
    }
    paths.into_iter().collect()
}

/// The wanted paths, made of what was read. Instants are told in UTC.
pub(crate) fn derive(
    entity: &Entity,
    wanted: &[String],
    read: &Fields,
    is_instant: impl Fn(&str) -> bool,
) -> Fields {
    let mut fields = Fields::new();
    for path in wanted {
        let value = match path.as_str() {
            ABOUT_ACCOUNT => about(read),
            HOURS => hours(read),
            ACTIVITY if entity.name == "Events" => Some(MEETING.into()),
            path => match half(path, &is_instant) {
                Some((field, half)) => read.get(field).map(|value| part(value, half)),
                None if is_instant(path) => read.get(path).map(in_utc),
                None => read.get(path).cloned(),
            },
        };
        if let Some(value) = value {
            fields.set(path.as_str(), value);
        }
    }
    fields
}

fn about(read: &Fields) -> Option<Value> {
    let module = read.get(SE_MODULE).map(Value::to_text).unwrap_or_default();
    (module == "Accounts").then(|| read.get(ABOUT).cloned()).flatten()
}

fn instant(value: &Value) -> Option<Stamp> {
    match value {
        Value::Text(text) => Stamp::parse(text),
        _ => None,
    }
}

fn hours(read: &Fields) -> Option<Value> {
    let (start, end) = (instant(read.get(START)?)?, instant(read.get(END)?)?);
    let hours = i64::try_from(end.since(start).as_secs() / 3600).ok()?;
    Some(Value::from(hours))
}

fn part(value: &Value, half: Half) -> Value {
    let Some(at) = instant(value) else { return Value::Null };
    let format = match half {
        Half::Date => "%Y-%m-%d",
        Half::Time => "%H:%M:%S",
    };
    Value::from(at.timestamp().strftime(format).to_string())
}

fn in_utc(value: &Value) -> Value {
    match instant(value) {
        Some(at) => Value::from(at.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;

    #[test]
    fn an_events_times_are_told_in_halves_of_utc() {
        let events = named("Events").unwrap();
        let is_instant = |f: &str| matches!(f, "Start_DateTime" | "End_DateTime");
        let wanted: Vec<String> = [
            "Start_DateTime.date",
            "Start_DateTime.time",
            "End_DateTime",
            HOURS,
            ABOUT_ACCOUNT,
            ACTIVITY,
            "Venue",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(
            sources(events, &wanted, is_instant),
            ["$se_module", "End_DateTime", "Start_DateTime", "Venue", "What_Id.id"]
        );
        let mut read: Fields = [
            ("Start_DateTime", "2026-11-22T01:30:00+05:30"),
            ("End_DateTime", "2026-11-22T04:29:00+05:30"),
            ("What_Id.id", "77"),
            (SE_MODULE, "Accounts"),
        ]
        .into_iter()
        .collect();
        let made = derive(events, &wanted, &read, is_instant);
        let text = |path: &str| made.get(path).map(Value::to_text);
        assert_eq!(text("Start_DateTime.date").as_deref(), Some("2026-11-21"));
        assert_eq!(text("Start_DateTime.time").as_deref(), Some("20:00:00"));
        assert_eq!(text("End_DateTime").as_deref(), Some("2026-11-21T22:59:00Z"));
        assert_eq!(text(HOURS).as_deref(), Some("2"));
        assert_eq!(text(ABOUT_ACCOUNT).as_deref(), Some("77"));
        assert_eq!(text(ACTIVITY).as_deref(), Some("Meeting"));
        assert_eq!(text("Venue"), None);
        read.set(SE_MODULE, "Deals");
        assert!(derive(events, &wanted, &read, is_instant).get(ABOUT_ACCOUNT).is_none());
    }
}
