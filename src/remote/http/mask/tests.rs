//! Secrets in all the shapes in which they were seen, or could be.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

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
        ("a=key%2fwith%2bsigns", "a=•••"),
        ("{\"a\":\"key\\/with+signs\"}", "{\"a\":\"•••\"}"),
        ("no secrets here: tokens, password", "no secrets here: tokens, password"),
        ("Müller & Söhne", "Müller & Söhne"),
    ] {
        assert_eq!(mask.text(from), to);
    }
}

#[test]
fn names_tell_secrets_in_every_notation() {
    let mask = Mask::default();
    for (from, to) in [
        ("{\"password\":\"a, b \\\" c\",\"d\":1}", "{\"password\":\"•••\",\"d\":1}"),
        ("{\"authorization\":\"Bearer abc def\"}", "{\"authorization\":\"•••\"}"),
        ("\"{\\\"token\\\":\\\"abc def\\\",1}\"", "\"{\\\"token\\\":\\\"•••\\\",1}\""),
        ("%7B%22access_token%22%3A%22abc%22%7D", "%7B%22access_token%22%3A%22•••%22%7D"),
        ("next=%2Fx%3FsessionName%3Dabc%26b%3D1", "next=%2Fx%3FsessionName%3D•••%26b%3D1"),
        (
            "<a href=\"?a=1&amp;oauth_token=abc&amp;b\">",
            "<a href=\"?a=1&amp;oauth_token=•••&amp;b\">",
        ),
        ("&quot;sessionName&quot;:&quot;abc&quot;", "&quot;sessionName&quot;:&quot;•••&quot;"),
        ("<refresh_token>abc</refresh_token>", "<refresh_token>•••</refresh_token>"),
        ("<p>?sessionName=abc</p>", "<p>?sessionName=•••</p>"),
        ("[accessKey] => abc\n", "[accessKey] => •••\n"),
        ("sent Basic Y2tfMTIzNDpjc181Njc4 along", "sent Basic ••• along"),
        ("a basic authentication scheme", "a basic authentication scheme"),
        (
            "{\"name\":\"accesskey\",\"label\":\"Key\"}",
            "{\"name\":\"accesskey\",\"label\":\"Key\"}",
        ),
        ("token", "token"),
        ("token=", "token="),
    ] {
        assert_eq!(mask.text(from), to);
    }
}

#[test]
fn what_is_learned_is_masked_and_forgotten_at_last() {
    let mask = Mask::new([]);
    let other = mask.clone();
    mask.learn("5f0ab1c2");
    mask.learn("abc");
    assert_eq!(other.text("<b>5f0ab1c2</b> abc"), "<b>•••</b> abc");
    for n in 0..LEARNED {
        mask.learn(&format!("session{n:03}"));
    }
    assert_eq!(mask.text("5f0ab1c2 session000"), "5f0ab1c2 •••");
}

#[test]
fn what_a_request_carries_by_name_is_masked_in_its_answer_without_the_name() {
    let mask = Mask::new(["ck_12345"]);
    mask.learn_from("http://h/?a=plain&oauth_signature=ab%2Bcd%3D&oauth_consumer_key=ck_12345");
    assert_eq!(mask.text("it was ab+cd= or ab%2Bcd%3D, plain"), "it was ••• or •••, plain");
}

#[test]
fn bodies_are_cut_after_masking() {
    let mask = Mask::new(["secretsecret"]);
    let body = format!("{}secretsecret", "ä".repeat(8));
    let shown = mask.body(body.as_bytes(), 20);
    assert!(!shown.contains("secr"), "{shown}");
    assert!(shown.ends_with('…'));
}

#[test]
fn no_half_of_a_secret_comes_into_sight_when_masking_makes_the_text_shorter() {
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    let mask = Mask::new([secret]);
    for before in 0..secret.len() {
        let body = format!("{}{}", " ".repeat(before), secret.repeat(50));
        let shown = mask.body(body.as_bytes(), 300);
        assert!(shown.chars().all(|c| " •…".contains(c)), "{shown}");
        assert!(shown.ends_with('…'));
    }
}

/// Everything somebody might make of a secret on the way.
fn shapes(secret: &str, before: &str, after: &str) -> Vec<String> {
    let whole = format!("{before}{secret}{after}");
    vec![
        whole.clone(),
        utf8_percent_encode(&whole, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(&whole, NON_ALPHANUMERIC).to_string().to_lowercase(),
        serde_json::to_string(&whole).unwrap(),
        html_escape::encode_text(&whole).to_string(),
        STANDARD.encode(&whole),
        URL_SAFE.encode(&whole),
    ]
}

proptest! {
    #[test]
    fn a_secret_does_not_come_through(
        secret in "[a-z0-9/+=_&<\\\\\" -]{12,40}",
        before in "[a-z0-9:]{0,9}",
        after in "[a-z0-9:]{0,9}",
    ) {
        let mask = Mask::new([secret.as_str()]);
        for shape in shapes(&secret, &before, &after) {
            // What is left must not be turned back into the secret.
            let shown = mask.text(&shape);
            prop_assert!(!shown.contains(&secret));
            let decoded = percent_encoding::percent_decode_str(&shown).decode_utf8_lossy();
            prop_assert!(!decoded.contains(&secret), "{shown}");
            let decoded = html_escape::decode_html_entities(&shown);
            prop_assert!(!decoded.contains(&secret), "{shown}");
            for alphabet in [&STANDARD, &URL_SAFE] {
                if let Ok(bytes) = alphabet.decode(shown.as_bytes()) {
                    prop_assert!(!String::from_utf8_lossy(&bytes).contains(&secret), "{shown}");
                }
            }
        }
    }

    #[test]
    fn any_text_can_be_masked(text in "\\PC{0,80}", limit in 0_usize..60) {
        let mask = Mask::new(["token=secret"]);
        mask.text(&text);
        mask.body(text.as_bytes(), limit);
    }
}
