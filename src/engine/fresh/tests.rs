//! Groups, sides, and keys that changed while records were listed.

use super::*;
use crate::engine::staged::Paths;
use crate::model::Record;
use proptest::prelude::*;
use std::collections::HashMap;

fn staged(side: Side, id: &str) -> Staged {
    let record = Record { id: id.to_owned(), ..Record::default() };
    Paths::new([&[], &[]]).fresh(side, record).unwrap()
}

#[test]
fn the_group_is_what_stands_before_the_side() {
    assert_eq!(group_of(b"kanna@b\0\x005"), b"kanna@b");
    assert_eq!(group_of(b"kanna@b\0\x015"), b"kanna@b");
    assert_eq!(group_of(b"k\0\x01"), b"k");
}

#[test]
fn a_key_tells_its_side_and_its_id() {
    for side in Side::BOTH {
        for id in ["5", "12x7", ""] {
            for key in [Some("anna@b"), Some(""), None] {
                let told = fresh_key(key, side, id);
                assert_eq!(side_of(&told), Some(side), "{key:?} {id}");
                assert_eq!(id_of(&told), id_key(id).as_bytes(), "{key:?} {id}");
            }
        }
    }
}

#[test]
fn records_in_the_order_of_their_ids_cost_no_second_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut fresh = Fresh::new(folder.path());
    for id in 0..50 {
        for side in Side::BOTH {
            fresh.push(Some(&format!("{}@b", id % 7)), &staged(side, &id.to_string())).unwrap();
        }
    }
    assert_eq!((fresh.pushed(), fresh.keys.pushed()), (100, 0));
    assert!(fresh.stale().unwrap().is_empty());
}

proptest! {
    #[test]
    fn of_a_record_the_last_key_counts(
        pushes in prop::collection::vec((any::<bool>(), 0u8..12, prop::option::of("[a-c]")), 0..30),
        ordered in 0usize..12,
        asked in 0usize..30,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut fresh = Fresh::new(folder.path());
        let mut all: HashMap<(Side, String), Vec<Vec<u8>>> = HashMap::new();
        let first = (0..ordered).map(|id| (true, u8::try_from(id).unwrap(), Some("a".to_owned())));
        for (n, (service, id, key)) in first.chain(pushes).enumerate() {
            let side = if service { Side::Service } else { Side::Vtiger };
            let id = id.to_string();
            fresh.push(key.as_deref(), &staged(side, &id)).unwrap();
            if n == asked {
                fresh.stale().unwrap();
            }
            let told = fresh_key(key.as_deref(), side, &id);
            all.entry((side, id)).or_default().push(told);
        }
        let mut want = HashSet::new();
        for keys in all.values() {
            let last = keys.last().unwrap();
            want.extend(keys.iter().filter(|key| *key != last).cloned());
        }
        prop_assert_eq!(&*fresh.stale().unwrap(), &want);
    }
}
