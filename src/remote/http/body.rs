//! JSON out of answers that are not quite JSON.
//!
//! PHP systems put a byte order mark or a notice before the JSON, leave control characters
//! unescaped (Vtiger does), or send bytes that are not UTF-8. The strict parser goes first; only
//! when it fails is the body repaired. A byte that is no UTF-8 becomes [`UNREADABLE`], and the
//! connectors refuse to write a text that holds it, so that nothing unreadable travels on.

use syncdeck_records::UNREADABLE;

/// How many places are tried as the beginning of the JSON.
const CANDIDATES: usize = 200;

/// Parses a body, strictly at first, then repaired, then from the first bracket that parses.
/// `None`: there is no JSON in it.
pub(crate) fn parse<T>(body: &[u8], parse: impl Fn(&str) -> serde_json::Result<T>) -> Option<T> {
    if let Some(value) = std::str::from_utf8(body).ok().and_then(|text| parse(text).ok()) {
        return Some(value);
    }
    let text = repair(body);
    let text = text.trim_start();
    if let Ok(value) = parse(text) {
        return Some(value);
    }
    if text.starts_with(['{', '[']) {
        // Cut off, or something else: an inner piece must not pass for the whole.
        return None;
    }
    text.match_indices(['{', '[']).take(CANDIDATES).find_map(|(at, _)| parse(&text[at..]).ok())
}

/// The body as text: no byte order mark, no control characters, no invalid UTF-8.
fn repair(body: &[u8]) -> String {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let clean: Vec<u8> =
        body.iter().copied().filter(|b| *b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r')).collect();
    let mut text = String::with_capacity(clean.len());
    for chunk in clean.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str(UNREADABLE);
        }
    }
    text
}

/// The title of an HTML page, or the beginning of its text.
pub(crate) fn title(body: &[u8]) -> Option<String> {
    let head = &body[..body.len().min(64 * 1024)];
    let text = String::from_utf8_lossy(head);
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let start = at + lower[at..].find('>')? + 1;
        let end = start + lower[start..].find('<')?;
        Some(&text[start..end])
    });
    let raw = match title {
        Some(title) if !title.trim().is_empty() => title.to_owned(),
        _ => without_tags(&text),
    };
    let plain = html_escape::decode_html_entities(&raw);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut line: String = words.join(" ");
    line.retain(|c| !c.is_control());
    // It becomes part of a sentence.
    line.truncate(line.trim_end_matches('.').len());
    if line.chars().count() > 100 {
        line = line.chars().take(99).collect::<String>() + "…";
    }
    (!line.is_empty()).then_some(line)
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
        if out.len() > 400 {
            break;
        }
    }
    out
}

/// Whether a body looks like a page for people.
pub(crate) fn is_html(body: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&body[..body.len().min(512)]).to_ascii_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with("<!doctype")
        || head.starts_with("<html")
        || head.contains("<head")
        || head.contains("<title")
        || head.contains("<body")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn value(body: &[u8]) -> Option<Value> {
        parse(body, |text| serde_json::from_str(text))
    }

    #[test]
    fn broken_bodies_are_repaired() {
        for (body, want) in [
            (&b"{\"a\":1}"[..], Some(json!({"a":1}))),
            (b"\xEF\xBB\xBF{\"a\":1}", Some(json!({"a":1}))),
            (b"{\"a\":\"x\x01\x02y\x1F\"}", Some(json!({"a":"xy"}))),
            (
                b"<br />\n<b>Notice</b>: Undefined index: a[0] in /x.php on line 3<br />\n[1,2]",
                Some(json!([1, 2])),
            ),
            (b"\nWarning: {bad}\n{\"a\":[1]}\n", Some(json!({"a":[1]}))),
            (b"{\"a\":\"M\xFCller\"}", Some(json!({"a": "M\u{FFFD}\u{FDD1}ller"}))),
            (b"", None),
            (b"   ", None),
            (b"<html><script>{}</script></html>", None),
            (b"[{\"a\":1},{\"b\":2}", None),
            (b"{\"a\":1}trailing", None),
        ] {
            assert_eq!(value(body), want, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn titles_are_found() {
        let of = |text: &str| title(text.as_bytes());
        assert_eq!(
            of("<html><head><TITLE lang=en>\n Log in &lsaquo; My &amp; Shop </TITLE>").as_deref(),
            Some("Log in ‹ My & Shop")
        );
        assert_eq!(of("<h1>502 Bad Gateway</h1>").as_deref(), Some("502 Bad Gateway"));
        assert_eq!(of("<p>It is broken.</p>").as_deref(), Some("It is broken"));
        assert_eq!(of(""), None);
        assert!(of(&format!("<title>{}</title>", "x".repeat(500))).unwrap().len() < 110);
    }
}
