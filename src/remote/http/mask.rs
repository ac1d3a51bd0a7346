//! Takes secrets out of everything that is shown or logged.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in place of a secret.
const STARS: &str = "•••";

/// Names whose values are secrets, in addresses, forms, headers and JSON alike.
const NAMES: [&str; 15] = [
    "consumer_key",
    "consumer_secret",
    "oauth_consumer_key",
    "oauth_token",
    "oauth_nonce",
    "oauth_signature",
    "access_token",
    "refresh_token",
    "client_secret",
    "accesskey",
    "sessionname",
    "authorization",
    "password",
    "user_pass",
    "token",
];

/// Knows the secrets of one connection.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    secrets: Vec<String>,
}

impl Mask {
    /// A mask for these secrets, in the clear and as they stand in addresses.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Vec::new();
        for secret in secrets.into_iter().filter(|s| s.len() >= 4) {
            let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            if encoded != secret {
                all.push(encoded);
            }
            all.push(secret.to_owned());
        }
        Self { secrets: all }
    }

    /// The text without secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut out = by_name(text);
        for secret in &self.secrets {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), STARS);
            }
        }
        out
    }

    /// The beginning of a body, without secrets, at most `limit` bytes.
    pub(crate) fn body(&self, body: &[u8], limit: usize) -> String {
        // Masked before it is cut, so that no half of a secret stands at the end.
        let head = &body[..body.len().min(limit.saturating_mul(2))];
        let mut text = self.text(&String::from_utf8_lossy(head));
        if text.len() > limit {
            let mut at = limit;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.truncate(at);
            text.push('…');
        }
        text
    }
}

/// Masks `name=value`, `name: value` and `"name":"value"`.
fn by_name(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match NAMES.iter().find_map(|name| value_at(&lower, at, name)) {
            Some((start, end)) if end > start => {
                out.push_str(&text[at..start]);
                out.push_str(STARS);
                at = end;
            }
            _ => {
                let step = text[at..].chars().next().map_or(1, char::len_utf8);
                out.push_str(&text[at..at + step]);
                at += step;
            }
        }
    }
    out
}

/// Where the value of `name` lies, if the name stands at `at`.
fn value_at(lower: &str, at: usize, name: &str) -> Option<(usize, usize)> {
    let rest = lower.get(at..)?.strip_prefix(name)?;
    if at > 0 && lower.as_bytes()[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let mut cut = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    cut = cut.trim_start_matches(' ');
    cut = cut.strip_prefix(['=', ':']).or_else(|| cut.strip_prefix("%3d"))?;
    cut = cut.trim_start_matches(' ');
    let whole_line = name == "authorization" && !cut.starts_with(['"', '\'']);
    cut = cut.strip_prefix(['"', '\'']).unwrap_or(cut);
    let start = lower.len() - cut.len();
    let end = cut
        .find(|c: char| {
            if whole_line {
                matches!(c, '\n' | '\r')
            } else {
                matches!(c, '&' | '"' | '\'' | ',' | ';' | '>' | '}') || c.is_whitespace()
            }
        })
        .map_or(lower.len(), |n| start + n);
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_every_shape() {
        let mask = Mask::new(["cs_abcdef", "key/with+signs"]);
        for (from, to) in [
            (
                "GET /x?consumer_key=ck_1&a=1&consumer_secret=cs_2",
                "GET /x?consumer_key=•••&a=1&consumer_secret=•••",
            ),
            (
                "Link: <https://x/?consumer_key=ck_1&page=2>; rel=\"next\"",
                "Link: <https://x/?consumer_key=•••&page=2>; rel=\"next\"",
            ),
            ("Authorization: Basic Y2s6Y3M=\nX: 1", "Authorization: •••\nX: 1"),
            ("{\"sessionName\":\"2f6c\",\"a\":1}", "{\"sessionName\":\"•••\",\"a\":1}"),
            (
                "operation=login&username=admin&accessKey=0f0f0f",
                "operation=login&username=admin&accessKey=•••",
            ),
            ("oauth_signature=ab%2Bcd%3D&x=1", "oauth_signature=•••&x=1"),
            ("plain cs_abcdef text", "plain ••• text"),
            ("a=key%2Fwith%2Bsigns", "a=•••"),
            ("no secrets here: tokens, password", "no secrets here: tokens, password"),
            ("Müller & Söhne", "Müller & Söhne"),
        ] {
            assert_eq!(mask.text(from), to);
        }
    }

    #[test]
    fn bodies_are_cut_after_masking() {
        let mask = Mask::new(["secretsecret"]);
        let body = format!("{}secretsecret", "ä".repeat(8));
        let shown = mask.body(body.as_bytes(), 20);
        assert!(!shown.contains("secr"), "{shown}");
        assert!(shown.ends_with('…'));
    }
}
