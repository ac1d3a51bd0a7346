//! Instants in filters.

use serde_json::{Map, Value};

use super::render::OFFSET;
use crate::sandbox::clock::parse_stamp;

/// A date-time as it was given: the seconds on its clock and its distance from UTC, if it says one.
pub fn parse(text: &str) -> Option<(i64, Option<i64>)> {
    let clock = text.get(..19).and_then(parse_stamp)?;
    let mut rest = &text[19..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        rest = (digits > 0).then(|| &fraction[digits..])?;
    }
    match rest {
        "" => Some((clock, None)),
        "Z" | "z" => Some((clock, Some(0))),
        _ => {
            let sign = if rest.starts_with('-') { -1 } else { 1 };
            let digits = rest.strip_prefix(['+', '-'])?.replace(':', "");
            let number: i64 = digits.parse().ok()?;
            let minutes = match digits.len() {
                2 => number * 60,
                4 => number / 100 * 60 + number % 100,
                _ => return None,
            };
            Some((clock, Some(sign * minutes * 60)))
        }
    }
}

/// What a filter compares a record's instant with.
///
/// WordPress turns an instant with a zone into the site's clock and leaves one without as it is;
/// then it compares with the record's clock at the site or, when `dates_are_gmt` says so, in UTC.
/// A zone together with `dates_are_gmt` is therefore wrong by the site's distance from UTC.
pub fn bound(parameters: &Map<String, Value>, name: &str) -> Option<i64> {
    let text = parameters.get(name)?.as_str()?;
    let (clock, zone) = parse(text)?;
    let compared = zone.map_or(clock, |zone| clock - zone + OFFSET);
    let gmt = match parameters.get("dates_are_gmt") {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => matches!(text.as_str(), "true" | "1"),
        _ => false,
    };
    Some(if gmt { compared } else { compared - OFFSET })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clock::stamp;
    use serde_json::json;

    #[test]
    fn only_whole_date_times_are_taken() {
        for good in [
            "2026-11-21T19:22:23",
            "2026-11-21 19:22:23",
            "2026-11-21T19:22:23.000",
            "2026-11-21T19:22:23+05:30",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in
            ["2026-11-21", "1795289065", "2026-11-21T19:22", "yesterday", "2026-11-21T19:22:23x"]
        {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn zones_in_filters() {
        let utc = |parameters: Value| {
            let map = parameters.as_object().unwrap().clone();
            stamp(bound(&map, "modified_after").unwrap(), 'T')
        };
        let site = json!({"modified_after": "2026-11-21T10:00:00"});
        assert_eq!(utc(site), "2026-11-21T04:30:00", "a bare time is the site's");
        let zone = json!({"modified_after": "2026-11-21T10:00:00Z"});
        assert_eq!(utc(zone), "2026-11-21T10:00:00");
        let offset = json!({"modified_after": "2026-11-21T10:00:00+02:00"});
        assert_eq!(utc(offset), "2026-11-21T08:00:00");
        let bare = json!({"modified_after": "2026-11-21T10:00:00", "dates_are_gmt": "true"});
        assert_eq!(utc(bare), "2026-11-21T10:00:00");
        let both = json!({"modified_after": "2026-11-21T10:00:00Z", "dates_are_gmt": "true"});
        assert_eq!(utc(both), "2026-11-21T15:30:00", "wrong by the offset, as the real one is");
    }
}
