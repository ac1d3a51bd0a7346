//! Calendar events: date and time stand in fields of their own (in UTC, whatever the user's zone),
//! so the connector offers `start` and `end` as instants.

use super::super::RemoteError;
use super::call::refused;
use super::describe::Described;
use crate::model::{Fields, Record, Stamp, Value};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

/// The beginning, as an instant.
pub(crate) const START: &str = "start";
/// The end, as an instant.
pub(crate) const END: &str = "end";

/// Virtual paths: path, label, and the two columns they stand for.
pub(crate) const VIRTUAL: [(&str, &str, [&str; 2]); 2] =
    [(START, "Start", ["date_start", "time_start"]), (END, "End", ["due_date", "time_end"])];

/// Whether a module has these paths.
pub(crate) fn has_times(module: &str) -> bool {
    module == "Events"
}

/// The columns that the wanted paths need.
pub(crate) fn columns(module: &Described, wanted: &[String]) -> Vec<&'static str> {
    if !has_times(&module.info.name) {
        return Vec::new();
    }
    let of = VIRTUAL.iter().filter(|(path, ..)| wanted.iter().any(|w| w == path));
    of.flat_map(|(_, _, columns)| *columns).collect()
}

/// Fills the virtual paths of a record from its columns.
pub(crate) fn fill(record: &mut Record, wanted: &[&'static str]) {
    for (path, _, [date, time]) in VIRTUAL {
        if !wanted.contains(&date) {
            continue;
        }
        let text = |name: &str| record.fields.get(name).map(Value::to_text).unwrap_or_default();
        let instant = instant(&text(date), &text(time)).unwrap_or_default();
        record.fields.set(path, instant);
    }
}

/// `2026-11-21` and `9:05` as `2026-11-21T09:05:00Z`.
fn instant(date: &str, time: &str) -> Option<String> {
    let date: jiff::civil::Date = date.trim().get(..10)?.parse().ok()?;
    let mut parts = time.trim().split(':').map(|part| part.parse::<i8>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let time = jiff::civil::Time::new(part(), part(), part(), 0).ok()?;
    let at = DateTime::from_parts(date, time).to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp().to_string())
}

/// Takes the virtual paths out of a write and answers the members that carry them.
pub(crate) fn members(
    module: &Described,
    values: &mut Fields,
) -> Result<Map<String, Json>, RemoteError> {
    let mut members = Map::new();
    if !has_times(&module.info.name) {
        return Ok(members);
    }
    let mut at: [Option<Stamp>; 2] = [None, None];
    for (n, (path, _, [date, time])) in VIRTUAL.iter().enumerate() {
        let Some(value) = values.remove(path) else { continue };
        let text = value.to_text();
        let stamp = Stamp::parse(text.trim()).ok_or_else(|| unreadable(path, &text))?;
        let local = TimeZone::UTC.to_datetime(stamp.timestamp());
        members.insert((*date).to_owned(), local.date().to_string().into());
        members.insert((*time).to_owned(), local.strftime("%H:%M:%S").to_string().into());
        at[n] = Some(stamp);
    }
    if let [Some(start), Some(end)] = at {
        let minutes = end.since(start).as_secs() / 60;
        members.insert("duration_hours".into(), (minutes / 60).to_string().into());
        members.insert("duration_minutes".into(), format!("{:02}", minutes % 60).into());
    }
    Ok(members)
}

fn unreadable(path: &str, text: &str) -> RemoteError {
    let mut error = refused(
        "The time of an event was not sent to Vtiger.",
        format!("\"{text}\" is not an instant such as 2026-01-31T09:00:00Z."),
        "Correct the time in the record it comes from.",
    );
    error.field = Some(path.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_instants() {
        for (date, time, want) in [
            ("2026-11-21", "09:05:00", Some("2026-11-21T09:05:00Z")),
            ("2026-11-21", "9:05", Some("2026-11-21T09:05:00Z")),
            ("2026-11-21", "", Some("2026-11-21T00:00:00Z")),
            ("", "09:00", None),
            ("2026-11-21", "25:00", None),
        ] {
            assert_eq!(instant(date, time).as_deref(), want, "{date} {time}");
        }
    }
}
