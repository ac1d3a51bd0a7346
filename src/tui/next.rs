//! When a connector is synced by itself next, in the few words of the connectors pane. Coarse, so
//! that an idle screen is drawn once a minute at most.

use crate::engine::Outlook;
use crate::model::Stamp;
use std::time::Duration;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The words, and how long they stay true; `None`: until something happens.
pub fn words(outlook: &Outlook, now: Stamp) -> Option<(String, Option<Duration>)> {
    match outlook {
        Outlook::Off | Outlook::Running => None,
        Outlook::Held(_) => Some(("on hold".into(), None)),
        Outlook::Due(due) if due.trouble.is_some() => Some(("retrying".into(), None)),
        Outlook::Due(due) if due.watched => Some(("immediately".into(), None)),
        Outlook::Due(due) => Some(until(due.at.since(now))),
    }
}

/// A length of time, rounded up to minutes, from an hour on down to hours.
fn until(left: Duration) -> (String, Option<Duration>) {
    let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    // The first moment at which it is another text.
    let (n, unit, then) = match left {
        0 => return ("now".into(), None),
        ms if ms <= 59 * MINUTE => {
            let n = ms.div_ceil(MINUTE);
            (n, "min", (n - 1) * MINUTE)
        }
        ms if ms < 2 * HOUR => (1, "h", 59 * MINUTE),
        ms if ms < 2 * DAY => (ms / HOUR, "h", ms / HOUR * HOUR - 1),
        ms => (ms / DAY, "days", ms / DAY * DAY - 1),
    };
    (format!("in {n} {unit}"), Some(Duration::from_millis(left - then)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Due;
    use crate::model::UserError;

    fn due(at: i64, watched: bool, trouble: Option<UserError>) -> Outlook {
        Outlook::Due(Due { at: Stamp::from_secs(at), watched, trouble })
    }

    fn said(outlook: &Outlook) -> String {
        words(outlook, Stamp::from_secs(0)).map(|(words, _)| words).unwrap_or_default()
    }

    #[test]
    fn a_few_words() {
        for (secs, want) in [
            (-5, "now"),
            (0, "now"),
            (1, "in 1 min"),
            (60, "in 1 min"),
            (61, "in 2 min"),
            (59 * 60, "in 59 min"),
            (59 * 60 + 1, "in 1 h"),
            (7_199, "in 1 h"),
            (7_200, "in 2 h"),
            (86_400, "in 24 h"),
            (3 * 86_400, "in 3 days"),
        ] {
            assert_eq!(said(&due(secs, false, None)), want, "{secs}");
        }
        let trouble = Some(UserError::new("No.", "", ""));
        assert_eq!(said(&due(60, true, trouble)), "retrying");
        assert_eq!(said(&due(60, true, None)), "immediately");
        assert_eq!(said(&Outlook::Held(4)), "on hold");
        assert_eq!(said(&Outlook::Off), "");
        assert_eq!(said(&Outlook::Running), "");
    }

    #[test]
    fn the_words_change_when_they_say_so_and_not_before() {
        let outlook = due(4 * 86_400, false, None);
        let mut now = Stamp(0);
        let mut draws = 0;
        while let Some((text, Some(stays))) = words(&outlook, now) {
            let last = Stamp(now.plus(stays).0 - 1);
            assert_eq!(words(&outlook, last).unwrap().0, text);
            now = now.plus(stays);
            assert_ne!(words(&outlook, now).unwrap().0, text);
            draws += 1;
        }
        assert_eq!(words(&outlook, now).unwrap().0, "now");
        assert!(draws < 200, "{draws}");
    }
}
