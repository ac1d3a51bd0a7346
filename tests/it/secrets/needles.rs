//! What is searched for: every piece of twelve bytes of every secret, in every notation, so that
//! half a secret is found too.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::HashMap;

const PIECE: usize = 12;

#[derive(Default)]
pub struct Needles {
    pieces: HashMap<[u8; PIECE], String>,
}

impl Needles {
    /// A secret of the connection.
    pub fn secret(&mut self, secret: &str) {
        assert!(secret.len() >= PIECE);
        let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let json = serde_json::to_string(secret).unwrap();
        let mut forms = vec![
            secret.to_owned(),
            encoded.to_lowercase(),
            utf8_percent_encode(&encoded, NON_ALPHANUMERIC).to_string(),
            encoded,
            json.trim_matches('"').to_owned(),
            json.trim_matches('"').replace('/', "\\/"),
            html_escape::encode_text(secret).into_owned(),
            html_escape::encode_quoted_attribute(secret).into_owned(),
            secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
            secret.chars().rev().collect(),
        ];
        for before in 0..3 {
            let text = format!("{}{secret}", &"a:b"[..before]);
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                // The first and last characters depend on what stands beside the secret.
                let end = text.len() * 8 / 6;
                forms.push(encoded[(before * 8).div_ceil(6)..end].to_owned());
            }
        }
        for form in forms {
            self.form(&form, secret);
        }
    }

    /// Something that was seen on the wire, and belongs nowhere else.
    pub fn seen(&mut self, secret: &str) {
        self.form(secret, secret);
        self.form(&utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(), secret);
    }

    fn form(&mut self, form: &str, secret: &str) {
        for piece in form.as_bytes().windows(PIECE) {
            let piece: [u8; PIECE] = piece.try_into().unwrap();
            self.pieces.entry(piece).or_insert_with(|| secret.to_owned());
        }
    }

    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The first piece in some bytes, with what stands around it.
    pub fn find(&self, bytes: &[u8]) -> Option<String> {
        let mut first = [false; 256];
        self.pieces.keys().for_each(|piece| first[usize::from(piece[0])] = true);
        let mut windows = bytes.windows(PIECE).enumerate();
        windows.find_map(|(at, piece)| {
            let known = first[usize::from(piece[0])].then(|| self.pieces.get(piece)).flatten()?;
            let around = &bytes[at.saturating_sub(80)..(at + 120).min(bytes.len())];
            Some(format!("a piece of {known}: {}", String::from_utf8_lossy(around)))
        })
    }
}
