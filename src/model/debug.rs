//! What Debug Mode keeps of a request and its answer.

use super::Stamp;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// A request to one of the systems, and its answer. Secrets were taken out before it was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DebugEntry {
    /// Its number in its connector's log: dense, the newest has the highest. The store gives it.
    pub number: u64,
    /// The run it belongs to; `None`: it was made to check the connection.
    pub run: Option<u64>,
    /// When it was sent.
    pub time: Stamp,
    /// The system it was sent to; [`DebugEntry::OURSELVES`] in a remark about the log itself.
    pub system: String,
    /// Method and address.
    pub request: String,
    /// The beginning of what was sent.
    pub body: String,
    /// The HTTP status; 0 if there was no answer.
    pub status: u16,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// How much was sent as a body, in bytes.
    pub sent: u64,
    /// How much came back, in bytes.
    pub received: u64,
}

impl DebugEntry {
    /// The system of a remark that the log makes about itself.
    pub const OURSELVES: &'static str = "SyncDeck";

    /// A remark about the log itself.
    pub fn remark(run: Option<u64>, text: impl Into<String>) -> Self {
        Self {
            run,
            time: Stamp::now(),
            system: Self::OURSELVES.to_owned(),
            request: text.into(),
            ..Self::default()
        }
    }

    /// Whether it is such a remark.
    pub fn is_remark(&self) -> bool {
        self.system == Self::OURSELVES
    }

    /// The request in as few words as tell it from others: method, the end of the path, and what
    /// was asked, decoded; without host, masked values and signatures. Of a script (`….php`) the
    /// first parameter tells more than its name does.
    pub fn brief(&self) -> String {
        let Some((method, address)) = self.request.split_once(' ').filter(|_| !self.is_remark())
        else {
            return self.request.clone();
        };
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let asked = pairs(query).into_iter().chain(self.form());
        let mut asked =
            asked.filter(|(name, value)| !value.contains("•••") && !name.starts_with("oauth_"));
        let end = end_of_path(path);
        let what = if end.ends_with(".php") { asked.next().map(|(_, value)| value) } else { None };
        let mut words = vec![method.to_owned(), what.unwrap_or(end)];
        words.extend(asked.map(|(name, value)| format!("{name}={value}")));
        words.join(" ")
    }

    /// Names and values of the query, decoded.
    pub fn query(&self) -> Vec<(String, String)> {
        pairs(self.request.split_once('?').map_or("", |(_, query)| query))
    }

    /// Names and values of a body that is a form, decoded; nothing of any other body.
    pub fn form(&self) -> Vec<(String, String)> {
        let first = self.body.split('&').next().unwrap_or("");
        let named = first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.[]".contains(&b))
        });
        if named { pairs(&self.body) } else { Vec::new() }
    }

    /// Whether a text stands in it, in any case: as it travelled, or as people read it.
    pub fn holds(&self, lowercase: &str) -> bool {
        let status = self.status.to_string();
        let texts = [&self.request, &self.body, &self.answer, &self.system, &status];
        texts.iter().any(|text| holds(text, lowercase))
            || holds(&self.brief(), lowercase)
            || [&self.body, &self.answer].iter().any(|text| match readable(text) {
                Cow::Owned(text) => holds(&text, lowercase),
                Cow::Borrowed(_) => false,
            })
    }
}

/// JSON without the escapes that PHP makes of slashes and of all letters beyond ASCII.
pub fn readable(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") && !json.contains("\\/") {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let unit = rest
            .strip_prefix("\\u")
            .and_then(|hex| u16::from_str_radix(hex.get(..4)?, 16).ok())
            // What is ASCII was escaped for a reason.
            .filter(|unit| *unit >= 0x80);
        if let Some(unit) = unit {
            units.push(unit);
            rest = &rest[6..];
            continue;
        }
        out.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
        let taken = match rest.get(..2) {
            Some("\\/") => {
                out.push('/');
                2
            }
            Some(pair) if pair.starts_with('\\') => {
                out.push_str(pair);
                2
            }
            _ => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out.push_str(&String::from_utf16_lossy(&units));
    Cow::Owned(out)
}

/// The last segment of a path; the one before it too if the last one tells nothing by itself.
fn end_of_path(path: &str) -> String {
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let segments: Vec<&str> = path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
    match segments.as_slice() {
        [] => "/".to_owned(),
        [.., before, last] if *last == "batch" || !last.contains(|c: char| c.is_alphabetic()) => {
            format!("{before}/{last}")
        }
        [.., last] => (*last).to_owned(),
    }
}

/// Names and values, decoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let plain =
        |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// Whether a text holds another one, which is in lower case. ASCII, as most bodies are, is not
/// copied for it.
fn holds(text: &str, lowercase: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(lowercase);
    }
    let (text, wanted) = (text.as_bytes(), lowercase.as_bytes());
    wanted.is_empty() || text.windows(wanted.len()).any(|w| w.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_in_few_words() {
        let brief = |request: &str, body: &str| {
            DebugEntry { request: request.into(), body: body.into(), ..DebugEntry::default() }
                .brief()
        };
        for (request, body, words) in [
            (
                "GET https://shop.example.com/wp-json/wc/v3/customers?oauth_nonce=1&page=2&a=•••",
                "",
                "GET customers page=2",
            ),
            ("PUT http://h/shop/wp-json/wc/v3/products/12", "{\"a=b\":1}", "PUT products/12"),
            ("POST http://h/v3/customers/batch", "{}", "POST customers/batch"),
            (
                "POST http://h/vtiger/webservice.php",
                "operation=create&sessionName=•••&element=%7B%22a%22%3A%22b+c%22%7D",
                "POST create element={\"a\":\"b c\"}",
            ),
            ("POST http://h/vtiger/webservice.php", "", "POST webservice.php"),
            ("GET http://h/", "", "GET /"),
            ("GET http://h/12", "", "GET 12"),
            ("odd", "", "odd"),
        ] {
            assert_eq!(brief(request, body), words);
        }
        let remark = DebugEntry::remark(None, "2 exchanges were not kept.");
        assert_eq!(remark.brief(), "2 exchanges were not kept.");
    }

    #[test]
    fn escapes_are_read_as_people_read_them() {
        for (json, text) in [
            ("plain é", "plain é"),
            ("\\u00e9\\u6771\\/x", "é東/x"),
            ("\\ud83d\\ude00", "😀"),
            ("\\ud83d!", "\u{fffd}!"),
            ("\\u001b\\u0022 \\\\u00e9", "\\u001b\\u0022 \\\\u00e9"),
            ("\\u00e", "\\u00e"),
            ("\\u00é", "\\u00é"),
            ("\\", "\\"),
        ] {
            assert_eq!(readable(json), text, "{json}");
        }
    }

    #[test]
    fn a_text_is_found_in_any_case_and_in_every_part() {
        let entry = DebugEntry {
            request: "GET /Customers".into(),
            body: "Zoë ÄRGER".into(),
            status: 404,
            answer: "Not Found".into(),
            system: "Vtiger".into(),
            ..DebugEntry::default()
        };
        for text in ["customers", "ärger", "404", "not f", "vtiger", ""] {
            assert!(entry.holds(text), "{text}");
        }
        let php = DebugEntry {
            request: "POST http://h/webservice.php".into(),
            body: "operation=create&element=%7B%22a%22%3A%22M%C3%BCller+%22%7D".into(),
            answer: "{\"a\":\"\\u00dcber\\/x \\ud83d\\ude00\"}".into(),
            ..DebugEntry::default()
        };
        for text in ["müller \"", "über/x 😀", "\\u00dc", "m%c3"] {
            assert!(php.holds(text), "{text}");
        }
        assert!(!entry.holds("customerss") && !entry.holds("found not"));
    }
}
