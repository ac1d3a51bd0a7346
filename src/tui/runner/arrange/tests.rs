use super::*;
use crate::model::{ItemStatus, Module, Side, Stamp};
use crate::tui::fixture::item;
use crate::tui::msg::Part;
use std::cmp::Ordering as Compared;

fn any() -> Item {
    let part = Part { module: Module::Contacts, side: Side::Vtiger, status: ItemStatus::Created };
    item(RowKey::new(0, 0), part, false)
}

fn compare(a: &Item, b: &Item, column: Column, down: bool) -> Compared {
    let key = |item| {
        let mut key = Vec::new();
        sort_key(&mut key, item, column, down);
        key
    };
    key(a).cmp(&key(b))
}

#[test]
fn texts_sort_whatever_the_case_and_their_beginnings_come_first() {
    let named = |name: &str| Item { name: name.into(), ..any() };
    let names = ["", "\0", "a", "A b", "ab", "Ab\0", "abc", "b", "zoë", "Ärger", "山田"];
    for (at, a) in names.iter().enumerate() {
        for b in &names[at + 1..] {
            let (a, b) = (named(a), named(b));
            assert_eq!(compare(&a, &b, Column::Name, false), Compared::Less, "{a:?} {b:?}");
            assert_eq!(compare(&a, &b, Column::Name, true), Compared::Greater, "{a:?} {b:?}");
        }
    }
    let (a, b) = (named("Anna"), named("aNNA"));
    assert_eq!(compare(&a, &b, Column::Name, false), Compared::Equal);
    assert_eq!(compare(&a, &b, Column::Name, true), Compared::Equal);
}

#[test]
fn ids_sort_as_numbers_and_times_as_instants() {
    let with_id = |id: &str| Item { vtiger_id: id.into(), service_id: id.into(), ..any() };
    for column in [Column::VtigerId, Column::ServiceId] {
        let (a, b) = (with_id("12x9"), with_id("12x10"));
        assert_eq!(compare(&a, &b, column, false), Compared::Less);
        assert_eq!(compare(&a, &b, column, true), Compared::Greater);
    }
    let times = [i64::MIN, -1, 0, 1, 256, i64::MAX].map(|time| Item { time: Stamp(time), ..any() });
    for pair in times.windows(2) {
        assert_eq!(compare(&pair[0], &pair[1], Column::Time, false), Compared::Less);
        assert_eq!(compare(&pair[0], &pair[1], Column::Time, true), Compared::Greater);
    }
}

mod store;
