//! Text as a terminal can bear it: control characters taken out, cut to a width in columns, numbers
//! and instants in the form the screens use.

use crate::model::Stamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

/// Whether every character is one that a terminal shows in one column: most of what there is, and
/// then much is simpler.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Data made safe for a terminal: line breaks and tabs become blanks, other control characters and
/// those that steer direction or joining become `�` or vanish.
pub fn clean(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' => {}
            '\u{fe00}'..='\u{fe0f}' => {}
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' => {
                out.push('\u{fffd}');
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

/// The text cut to so many columns, with `…` in the last one where something was cut off.
pub fn fit(text: &str, columns: usize) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    if columns == 0 {
        return String::new();
    }
    let mut cut = head(&text, columns - 1).to_owned();
    cut.push('…');
    cut
}

/// The longest beginning that takes at most so many columns.
fn head(text: &str, columns: usize) -> &str {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if width(&text[..next]) > columns {
            break;
        }
        end = next;
    }
    &text[..end]
}

/// The text cut or filled with blanks on the right to exactly so many columns.
pub fn left(text: &str, columns: usize) -> String {
    let mut text = fit(text, columns);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&text))));
    text
}

/// The text cut or filled with blanks on the left to exactly so many columns.
pub fn right(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    let gap = columns.saturating_sub(width(&text));
    format!("{}{text}", " ".repeat(gap))
}

/// The text in lines of at most so many columns, broken at blanks where there are some. Line breaks
/// in the text are kept.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in clean(paragraph).split(' ') {
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(word) <= columns {
                line.push_str(&" "[..gap]);
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let mut rest = word;
            while width(rest) > columns {
                let first = head(rest, columns);
                // A character wider than the whole line stands alone.
                let end = if first.is_empty() {
                    rest.chars().next().map_or(rest.len(), char::len_utf8)
                } else {
                    first.len()
                };
                lines.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
            line.push_str(rest);
        }
        if !line.is_empty() || paragraph.trim().is_empty() {
            lines.push(line);
        }
    }
    lines
}

/// A number with its thousands apart: `100,234`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number that takes at most seven columns: `1.2 M` from ten millions on.
pub fn short_number(n: u64) -> String {
    match n {
        0..=999_999 => number(n),
        1_000_000..=999_999_999 => format!("{}.{} M", n / 1_000_000, n / 100_000 % 10),
        _ => format!("{} G", n / 1_000_000_000),
    }
}

/// `1 record`, `2 records`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// The date of an instant: `2026-11-21`.
pub fn date(at: Stamp, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

/// The time of day of an instant: `12:41`.
pub fn time(at: Stamp, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

/// Date and time of an instant, to the second.
pub fn date_time(at: Stamp, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// When something was, as short as it is clear: the time for today, else the date. No "two minutes
/// ago": that would go stale on a screen that is only drawn when something changes.
pub fn when(at: Stamp, now: Stamp, zone: &TimeZone) -> String {
    if date(at, zone) == date(now, zone) { time(at, zone) } else { date(at, zone) }
}

/// A length of time in words: `7 s`, `3 min`, `2 h`.
pub fn seconds(secs: u64) -> String {
    match secs {
        0..=99 => format!("{secs} s"),
        100..=5_999 => format!("{} min", secs / 60),
        _ => format!("{} h", secs / 3_600),
    }
}

#[cfg(test)]
mod tests;
