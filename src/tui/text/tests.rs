use super::*;
use proptest::prelude::*;

#[test]
fn control_characters_never_reach_the_terminal() {
    assert_eq!(clean("a\u{1b}[31mb\u{7}\nc\td\u{9b}e"), "a\u{fffd}[31mb\u{fffd} c d\u{fffd}e");
    assert_eq!(clean("x\u{202e}evil\u{200b}y"), "x\u{fffd}evily");
    assert_eq!(clean("مرحبا 漢字 é"), "مرحبا 漢字 é");
}

#[test]
fn wide_text_is_cut_by_columns() {
    assert_eq!(fit("漢字漢字", 5), "漢字…");
    assert_eq!(fit("漢字漢字", 4), "漢…");
    assert_eq!(fit("漢字", 4), "漢字");
    assert_eq!(fit("abc", 0), "");
    assert_eq!(left("漢", 4), "漢  ");
    assert_eq!(right("12", 5), "   12");
}

#[test]
fn long_words_are_broken_and_lines_kept() {
    assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert_eq!(wrap("a\nb", 4), ["a", "b"]);
    assert_eq!(wrap("漢字", 1), ["漢", "字"]);
}

#[test]
fn numbers_are_grouped() {
    assert_eq!(number(0), "0");
    assert_eq!(number(100_234), "100,234");
    assert_eq!(number(1_000), "1,000");
    assert_eq!(short_number(12_345_678), "12.3 M");
}

#[test]
fn today_shows_the_time_another_day_the_date() {
    let now = Stamp::parse("2026-11-21T12:41:00Z").unwrap();
    let zone = TimeZone::UTC;
    assert_eq!(when(now, now, &zone), "12:41");
    assert_eq!(when(Stamp::parse("2026-11-20T12:41:00Z").unwrap(), now, &zone), "2026-11-20");
}

proptest! {
    #[test]
    fn what_fits_is_never_wider(text in "\\PC{0,40}|[\u{0}-\u{ff}]{0,40}|[漢字مرحباé👩‍🚀]{0,20}", columns in 0usize..30) {
        prop_assert!(width(&fit(&text, columns)) <= columns);
        prop_assert!(left(&text, columns).width() == columns);
        prop_assert!(!clean(&text).chars().any(char::is_control));
        for line in wrap(&text, columns) {
            prop_assert!(width(&line) <= columns.max(2));
        }
    }
}
