//! Tests of places, hints and masks.

use super::{Place, closest, distance, masked};

#[test]
fn places_count_from_one_in_letters() {
    let text = "a = 1\nßé = 2\n";
    let place = |offset| {
        let place = Place::of(text, offset);
        (place.number, place.column, place.line)
    };
    assert_eq!(place(0), (1, 1, "a = 1"));
    assert_eq!(place(6), (2, 1, "ßé = 2"));
    assert_eq!(place(7), (2, 1, "ßé = 2"));
    assert_eq!(place(10), (2, 3, "ßé = 2"));
    assert_eq!(place(999), (3, 1, ""));
}

#[test]
fn secrets_are_not_quoted() {
    let cases = [
        ("access_key = \"abc\"", "access_key = \"•••\""),
        ("access_key = 'a b' # x", "access_key = '•••' # x"),
        ("access_key = \"abc", "access_key = \"•••"),
        ("access_key=12345", "access_key=•••"),
        ("username = \"abc\"", "username = \"abc\""),
        ("access_key = \"env:KEY\"", "access_key = \"env:KEY\""),
        ("access_key = \"keep:\"", "access_key = \"keep:\""),
        (
            "credentials = { app_url = \"https://x\", consumer_key = \"ck_1\", \"consumer_secret\" = 'cs_2' }",
            "credentials = { app_url = \"https://x\", consumer_key = \"•••\", \"consumer_secret\" = '•••' }",
        ),
        ("credentials.token = \"tt\"", "credentials.token = \"•••\""),
        ("password", "password"),
        ("grant_code = { a = 1 }", "grant_code = •••"),
        ("acces_ky = \"abc\"", "acces_ky = \"•••\""),
        ("modules.contacts.direction = \"both\"", "modules.contacts.direction = \"both\""),
        (
            "external_id_fields = { contacts = \"cf_9\" }",
            "external_id_fields = { contacts = \"cf_9\" }",
        ),
        (
            "service_id_fields = { contacts = \"Vtiger_ID\" }",
            "service_id_fields = { contacts = \"Vtiger_ID\" }",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(masked(line, super::may_be_secret), expected);
    }
}

#[test]
fn the_closest_word_is_near_enough() {
    assert_eq!(distance("kitten", "sitting"), 3);
    assert_eq!(distance("", "abc"), 3);
    let words = ["frequency", "conflict", "debug"];
    assert_eq!(closest("frequncy", words), Some("frequency"));
    assert_eq!(closest("Conflicts", words), Some("conflict"));
    assert_eq!(closest("colour", words), None);
    assert_eq!(closest("x", []), None);
}
