//! Text as the imitated systems see it: how they compare it, escape it and write it into JSON.

use unicode_normalization::UnicodeNormalization;

/// Folds a text the way MySQL's `utf8_general_ci` compares it: case, Latin and Greek accents and
/// trailing blanks do not count.
pub fn fold(text: &str) -> String {
    let text = text.trim_end_matches(' ');
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    let mut base_folds = false;
    for c in text.nfd() {
        if matches!(c, '\u{300}'..='\u{36f}') {
            if !base_folds {
                out.push(c);
            }
            continue;
        }
        base_folds = matches!(c, '\0'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}');
        match c {
            'ß' => out.push('s'),
            'ς' => out.push('σ'),
            'İ' | 'ı' => out.push('i'),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Appends a JSON string the way Vtiger's own encoder does: only `\ " \n \r \t \b \f` are escaped,
/// other control characters go out as they are.
pub fn push_vtiger_json(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (i, b) in text.bytes().enumerate() {
        let escaped = match b {
            b'\\' => "\\\\",
            b'"' => "\\\"",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            _ => continue,
        };
        out.push_str(&text[from..i]);
        out.push_str(escaped);
        from = i + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// Appends a JSON string the way WordPress does: slashes and everything outside ASCII escaped.
pub fn push_wp_json(out: &mut String, text: &str) {
    out.push('"');
    push_wp_escaped(out, text);
    out.push('"');
}

/// Escapes what stands in `out` from `from` on in that way; `scratch` is overwritten. Most texts have
/// nothing to be escaped.
pub fn escape_wp_from(out: &mut String, from: usize, scratch: &mut String) {
    if !is_plain(&out.as_bytes()[from..]) {
        scratch.clear();
        scratch.push_str(&out[from..]);
        out.truncate(from);
        push_wp_escaped(out, scratch);
    }
}

/// Whether all of it goes into JSON as it is. Looks at every byte, many at a time.
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |all, b| all & is_plain_byte(*b))
}

fn is_plain_byte(b: u8) -> bool {
    (0x20..=0x7e).contains(&b) & (b != b'"') & (b != b'\\') & (b != b'/')
}

/// As [`push_wp_json`], without the quotes around it.
pub fn push_wp_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| !is_plain_byte(b)) {
        out.push_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('/') => out.push_str("\\/"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some(c) => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| push_u16(out, *unit)),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

fn push_u16(out: &mut String, unit: u16) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut escape = *b"\\u0000";
    for (digit, shift) in escape[2..].iter_mut().zip([12, 8, 4, 0]) {
        *digit = HEX[usize::from(unit >> shift & 15)];
    }
    out.push_str(std::str::from_utf8(&escape).unwrap_or_default());
}

/// Appends a number.
pub fn push_number(out: &mut String, number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or("0"));
}

/// Escapes `&`, `<` and `>` as WordPress does in names, leaving entities that are there already.
pub fn push_specialchars(out: &mut String, text: &str) {
    let mut from = 0;
    for (i, b) in text.bytes().enumerate() {
        let escaped = match b {
            b'&' if !starts_entity(&text[i..]) => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => continue,
        };
        out.push_str(&text[from..i]);
        out.push_str(escaped);
        from = i + 1;
    }
    out.push_str(&text[from..]);
}

fn starts_entity(text: &str) -> bool {
    let Some(end) = text.find(';').filter(|end| (2..=10).contains(end)) else {
        return false;
    };
    let name = &text[1..end];
    let number = name.strip_prefix('#').is_some_and(|n| {
        let hex = n.strip_prefix(['x', 'X']);
        hex.map_or_else(
            || !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()),
            |h| !h.is_empty() && h.bytes().all(|b| b.is_ascii_hexdigit()),
        )
    });
    number || name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Removes HTML tags, as `strip_tags` does: a `<` that begins no tag stays.
pub fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let begins =
            rest[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        match rest[at..].find('>').filter(|_| begins) {
            Some(end) => {
                out.push_str(&rest[..at]);
                rest = &rest[at + end + 1..];
            }
            None => {
                out.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The ninety-six names of Latin-1's upper half, as PHP's `htmlentities` writes them.
const LATIN1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// The Greek letters' names, from U+0391; an empty one is not a letter.
const GREEK: [&str; 57] = [
    "Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa",
    "Lambda", "Mu", "Nu", "Xi", "Omicron", "Pi", "Rho", "", "Sigma", "Tau", "Upsilon", "Phi",
    "Chi", "Psi", "Omega", "", "", "", "", "", "", "", "alpha", "beta", "gamma", "delta",
    "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron",
    "pi", "rho", "sigmaf", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
];

/// Appends a text as PHP's `htmlentities` with both quotes escapes it (Vtiger's `label`).
pub fn push_htmlentities(out: &mut String, text: &str) {
    for c in text.chars() {
        let code = u32::from(c);
        let name = match c {
            '&' => "amp",
            '"' => "quot",
            '\'' => "#039",
            '<' => "lt",
            '>' => "gt",
            '\u{152}' => "OElig",
            '\u{153}' => "oelig",
            '\u{160}' => "Scaron",
            '\u{161}' => "scaron",
            '\u{178}' => "Yuml",
            '\u{2013}' => "ndash",
            '\u{2014}' => "mdash",
            '\u{2018}' => "lsquo",
            '\u{2019}' => "rsquo",
            '\u{201c}' => "ldquo",
            '\u{201d}' => "rdquo",
            '\u{2026}' => "hellip",
            '\u{20ac}' => "euro",
            '\u{a0}'..='\u{ff}' => LATIN1[(code - 0xa0) as usize],
            '\u{391}'..='\u{3c9}' => GREEK[(code - 0x391) as usize],
            _ => "",
        };
        if name.is_empty() {
            out.push(c);
        } else {
            out.push('&');
            out.push_str(name);
            out.push(';');
        }
    }
}

/// Cuts a text to so many characters.
pub fn cut(text: &str, size: usize) -> &str {
    text.char_indices().nth(size).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_forgets_case_accents_and_trailing_blanks() {
        for (a, b) in [
            ("Ácme", "acme"),
            ("acme  ", "ACME"),
            ("Weiß", "weis"),
            ("ΑΘΗΝΑ", "αθηνα"),
            ("Άλφα", "αλφα"),
            ("İzmir", "izmir"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} = {b}");
        }
        for (a, b) in [(" acme", "acme"), ("Ørsted", "Orsted"), ("が", "か")] {
            assert_ne!(fold(a), fold(b), "{a} ≠ {b}");
        }
    }

    #[test]
    fn json_strings_differ_between_the_systems() {
        let text = "a/\"b\"\\ é 😀\u{1}\n";
        let mut vtiger = String::new();
        push_vtiger_json(&mut vtiger, text);
        assert_eq!(vtiger, "\"a/\\\"b\\\"\\\\ é 😀\u{1}\\n\"");
        let mut wp = String::new();
        push_wp_json(&mut wp, text);
        assert_eq!(wp, r#""a\/\"b\"\\ \u00e9 \ud83d\ude00\u0001\n""#);
        assert_eq!(serde_json::from_str::<String>(&wp).unwrap(), text);
    }

    #[test]
    fn entities_are_made_once() {
        let escaped = |text: &str| {
            let mut out = String::new();
            push_specialchars(&mut out, text);
            out
        };
        assert_eq!(escaped("Tom & Jerry"), "Tom &amp; Jerry");
        assert_eq!(escaped("Tom &amp; Jerry"), "Tom &amp; Jerry");
        assert_eq!(escaped("a < b"), "a &lt; b");
        assert_eq!(strip_tags("a <b>bold</b> 1 < 2"), "a bold 1 < 2");
        let mut label = String::new();
        push_htmlentities(&mut label, "O'Brien & Söhne Ελιά");
        assert_eq!(label, "O&#039;Brien &amp; S&ouml;hne &Epsilon;&lambda;&iota;ά");
    }

    #[test]
    fn numbers_and_cuts() {
        let mut out = String::new();
        push_number(&mut out, 0);
        push_number(&mut out, 1_234_567_890_123);
        assert_eq!(out, "01234567890123");
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("äöü", 3), "äöü");
    }
}
