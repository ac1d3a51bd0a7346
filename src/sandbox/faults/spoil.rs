//! Replies that are not what a system said: proxies' pages, halves, bodies without an end, texts
//! that are no texts.

use std::io;
use std::ops::Range;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Response;
use futures::stream;

use super::FaultKind;
use crate::sandbox::gate::Line;
use crate::sandbox::http::Reply;
use crate::sandbox::patch::Changes;
use crate::sandbox::text::cut;

/// Seconds that a 429 asks to wait.
const WAIT: u64 = 1;
/// A piece of a body without an end.
const PIECE: usize = 256 * 1024;

/// Takes something away from one of the texts that are to be stored, among those that `may` lose.
pub fn lossy(changes: &mut Changes, may: impl Fn(u8) -> bool, line: Line<'_>) {
    let long = |text: &str| text.chars().count() > 3 && !text.starts_with(['[', '{']);
    let places: Vec<usize> = changes
        .iter()
        .enumerate()
        .filter(|(_, (column, value))| may(*column) && value.as_deref().is_some_and(long))
        .map(|(at, _)| at)
        .collect();
    if places.is_empty() || !line.strikes(FaultKind::Lossy) {
        return;
    }
    if let (_, Some(text)) = &mut changes[places[pick(&line, places.len())]] {
        *text = match line.below(3) {
            0 => text.chars().filter(|c| *c != ' ').collect(),
            1 if text.contains('&') => text.replace('&', "&amp;"),
            _ => cut(text, text.chars().count() - 2).trim_end().to_owned(),
        };
    }
}

/// The reply to a request that is not let in, at `now`.
pub fn turned_away(kind: FaultKind, now: i64) -> Reply {
    let reply = page(429, "Too Many Requests");
    match kind {
        FaultKind::TooMany => reply.with("retry-after", WAIT.to_string()),
        FaultKind::TooManyDate => {
            let at = now + i64::try_from(WAIT).unwrap_or(1) + 1;
            reply.with("retry-after", http_date(at).unwrap_or_default())
        }
        FaultKind::TooManyAbsurd => reply.with("retry-after", "31536000"),
        _ => reply,
    }
}

/// How late a late reply comes.
pub fn delay(line: &Line<'_>) -> Duration {
    Duration::from_millis(100 + line.below(400))
}

/// What comes in the place of a reply.
pub fn spoiled(kind: FaultKind, reply: Reply, line: &Line<'_>) -> Response<Body> {
    match kind {
        FaultKind::Broken if line.below(2) == 0 => {
            respond(Reply::new(500, "text/html; charset=UTF-8", String::new()))
        }
        FaultKind::Broken => respond(page(500, "There has been a critical error on this website.")),
        FaultKind::BadGateway => respond(page(502, "502 Bad Gateway")),
        FaultKind::Html => respond(page(200, "Just a moment...")),
        FaultKind::Empty => respond(Reply::new(200, "text/html; charset=UTF-8", String::new())),
        FaultKind::Truncated => truncated(reply, line),
        FaultKind::Huge => endless(reply),
        FaultKind::BadUtf8 => with_body(reply, |body| not_utf8(body, line)),
        FaultKind::ControlChars => with_body(reply, |body| controlled(body, line)),
        FaultKind::PhpNotice => with_body(reply, |body| {
            let notice = "<br />\n<b>Notice</b>:  Undefined index: tax[0] in \
                          <b>/var/www/html/include/utils.php</b> on line <b>212</b><br />\n";
            [notice.as_bytes(), &body].concat()
        }),
        _ => respond(reply),
    }
}

/// A reply as the server sends it.
pub fn respond(mut reply: Reply) -> Response<Body> {
    let body = std::mem::take(&mut reply.body);
    headed(reply, Body::from(body))
}

/// A web server's own page.
pub fn page(status: u16, title: &str) -> Reply {
    let body = format!(
        "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    );
    Reply::new(status, "text/html; charset=UTF-8", body)
}

/// A time as headers tell it.
pub fn http_date(secs: i64) -> Option<String> {
    let at = jiff::Timestamp::from_second(secs).ok()?;
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

fn headed(reply: Reply, body: Body) -> Response<Body> {
    use axum::http::{HeaderName, HeaderValue};
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}

fn with_body(mut reply: Reply, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Response<Body> {
    let body = change(std::mem::take(&mut reply.body).into_bytes());
    headed(reply, Body::from(body))
}

/// Half of it: as a whole message, or with the end of the connection in its middle.
fn truncated(mut reply: Reply, line: &Line<'_>) -> Response<Body> {
    let body = std::mem::take(&mut reply.body).into_bytes();
    let length = u64::try_from(body.len()).unwrap_or(0);
    let kept = usize::try_from(line.below(length)).unwrap_or(0);
    let part = Bytes::copy_from_slice(&body[..kept]);
    if line.below(2) == 0 {
        return headed(reply, Body::from(part));
    }
    let lost = io::Error::new(io::ErrorKind::BrokenPipe, "cut off");
    headed(reply, Body::from_stream(stream::iter([Ok(part), Err(lost)])))
}

/// Blanks without an end behind the beginning of a list.
fn endless(reply: Reply) -> Response<Body> {
    let blanks = Bytes::from(vec![b' '; PIECE]);
    let first = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"["))]);
    let rest = stream::repeat_with(move || Ok(blanks.clone()));
    headed(reply, Body::from_stream(futures::StreamExt::chain(first, rest)))
}

/// One text of it with a byte of Latin-1 in the place of a character, or at its end.
fn not_utf8(mut body: Vec<u8>, line: &Line<'_>) -> Vec<u8> {
    let all = texts(&body);
    let foreign: Vec<&Text> = all.iter().filter(|t| !body[t.at.clone()].is_ascii()).collect();
    if !foreign.is_empty() {
        let at = foreign[pick(line, foreign.len())].at.clone();
        let start = (at.start..at.end).find(|i| !body[*i].is_ascii()).unwrap_or(at.start);
        let end = (start + 1..at.end).find(|i| body[*i] & 0xc0 != 0x80).unwrap_or(at.end);
        body.splice(start..end, [0xf6]);
        return body;
    }
    let words: Vec<&Text> = all.iter().filter(|t| t.word).collect();
    if !words.is_empty() {
        let end = words[pick(line, words.len())].at.end;
        body.insert(end, 0xe9);
    }
    body
}

/// Control characters in some of its texts.
fn controlled(mut body: Vec<u8>, line: &Line<'_>) -> Vec<u8> {
    let all = texts(&body);
    if all.is_empty() {
        return body;
    }
    let mut places: Vec<usize> = (0..3).map(|_| all[pick(line, all.len())].at.end).collect();
    places.sort_unstable();
    for place in places.into_iter().rev() {
        body.splice(place..place, [0x01, 0x1f]);
    }
    body
}

fn pick(line: &Line<'_>, count: usize) -> usize {
    let count = u64::try_from(count).unwrap_or(1);
    usize::try_from(line.below(count)).unwrap_or(0)
}

/// A text of a JSON document that is a value.
#[derive(Debug, PartialEq, Eq)]
struct Text {
    /// Where it stands, without its quotes.
    at: Range<usize>,
    /// Somebody has typed it: no id, no number, no stamp, no token.
    word: bool,
}

/// The texts of a JSON document that are values and not empty.
fn texts(body: &[u8]) -> Vec<Text> {
    const MACHINE: [&[u8]; 9] = [
        b"id",
        b"token",
        b"sessionName",
        b"userId",
        b"code",
        b"success",
        b"key",
        b"href",
        b"status",
    ];
    let mut all = Vec::new();
    let mut key: &[u8] = b"";
    let mut at = 0;
    while at < body.len() {
        if body[at] != b'"' {
            at += 1;
            continue;
        }
        let start = at + 1;
        let mut end = start;
        while end < body.len() && body[end] != b'"' {
            end += if body[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(body.len());
        at = end + 1;
        let next = body.get(at..).and_then(|rest| rest.iter().find(|b| !b.is_ascii_whitespace()));
        let inside = &body[start..end];
        if next == Some(&b':') {
            key = inside;
        } else if !inside.is_empty() {
            let typed = inside[0].is_ascii_alphabetic() || !inside[0].is_ascii();
            all.push(Text { at: start..end, word: typed && !MACHINE.contains(&key) });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_values_only() {
        let body = br#"{"id":"12x5","a":"x\"y","n":1,"list":["b",""],"stamp":"2026-11-21"}"#;
        let found: Vec<(&[u8], bool)> =
            texts(body).iter().map(|t| (&body[t.at.clone()], t.word)).collect();
        let want: [(&[u8], bool); 4] =
            [(b"12x5", false), (br#"x\"y"#, true), (b"b", true), (b"2026-11-21", false)];
        assert_eq!(found, want);
    }

    #[test]
    fn bytes_that_are_no_text_and_characters_that_are_none() {
        let line = Line::own();
        let body = r#"{"name":"Győr","id":"12x5"}"#.as_bytes().to_vec();
        let spoiled = not_utf8(body.clone(), &line);
        assert!(std::str::from_utf8(&spoiled).is_err());
        assert_eq!(spoiled, b"{\"name\":\"Gy\xf6r\",\"id\":\"12x5\"}");
        assert_eq!(not_utf8(b"{\"a\":\"b\"}".to_vec(), &line), b"{\"a\":\"b\xe9\"}");
        let spoiled = controlled(body.clone(), &line);
        assert!(serde_json::from_slice::<serde_json::Value>(&spoiled).is_err());
        let mended: Vec<u8> = spoiled.into_iter().filter(|b| *b >= 0x20).collect();
        assert_eq!(mended, body);
    }

    #[test]
    fn turned_away_with_all_kinds_of_waits() {
        let wait = |kind| {
            let reply = turned_away(kind, 1_795_289_065);
            let header = reply.headers.into_iter().find(|(name, _)| *name == "retry-after");
            (reply.status.as_u16(), header.map(|(_, value)| value))
        };
        assert_eq!(wait(FaultKind::TooMany), (429, Some("1".into())));
        let date = Some("Sat, 21 Nov 2026 19:24:27 GMT".into());
        assert_eq!(wait(FaultKind::TooManyDate), (429, date));
        assert_eq!(wait(FaultKind::TooManyAbsurd), (429, Some("31536000".into())));
        assert_eq!(wait(FaultKind::TooManyBare), (429, None));
    }
}
