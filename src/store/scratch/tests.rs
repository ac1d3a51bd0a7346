//! Tests of the sorted runs.

use super::{FULL_ENTRIES, Scratch, clean};
use crate::model::{Fields, Record, Stamp, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn all<T: serde::Serialize + serde::de::DeserializeOwned>(
    scratch: &mut Scratch<T>,
) -> Vec<(Vec<u8>, T)> {
    scratch.iter().unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn little_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut scratch = Scratch::new(&folder.path().join("scratch"));
    for (key, value) in [("b", 1), ("a", 2), ("b", 3)] {
        scratch.push(key.as_bytes(), &value).unwrap();
    }
    let expected = vec![(b"a".to_vec(), 2), (b"b".to_vec(), 3)];
    assert_eq!(all(&mut scratch), expected);
    assert_eq!(all(&mut scratch), expected);
    assert_eq!(scratch.pushed(), 3);
    assert!(!folder.path().join("scratch").exists());
}

#[test]
fn an_iterator_does_not_see_later_pushes() {
    let folder = tempfile::tempdir().unwrap();
    let mut scratch = Scratch::new(&folder.path().join("scratch"));
    let count = FULL_ENTRIES as u64 + 5;
    for n in 0..count {
        scratch.push(&n.to_be_bytes(), &0_u8).unwrap();
    }
    let early = scratch.iter().unwrap();
    for n in 0..count * 2 {
        scratch.push(&n.to_be_bytes(), &1_u8).unwrap();
    }
    let early: Vec<_> = early.map(|entry| entry.unwrap().1).collect();
    assert_eq!(early, vec![0; usize::try_from(count).unwrap()]);
    let late = all(&mut scratch);
    assert_eq!(late.len() as u64, count * 2);
    assert!(late.iter().all(|(_, value)| *value == 1));
}

#[test]
fn a_million_are_sorted_with_flat_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut scratch = Scratch::new(&folder.path().join("scratch"));
    let (count, step) = (1_600_000_u64, 982_451_653);
    for n in 0..count {
        let key = (n * step) % count;
        scratch.push(&key.to_be_bytes(), &key).unwrap();
        if n % 16 == 0 {
            // Pushed again, later, in another run: this one wins.
            scratch.push(&key.to_be_bytes(), &(key + 1)).unwrap();
        }
        assert!(scratch.memory.entries() <= FULL_ENTRIES);
    }
    assert!(scratch.files.len() < 64, "{}", scratch.files.len());
    assert!(scratch.files.iter().any(|file| file.level() > 0));
    let mut next = 0_u64;
    let mut again = 0_u64;
    for entry in scratch.iter().unwrap() {
        let (key, value) = entry.unwrap();
        assert_eq!(key, next.to_be_bytes());
        again += value - next;
        next += 1;
    }
    assert_eq!((next, again), (count, count / 16));
    // Nothing lies about under a name, not even while it is in use.
    assert_eq!(std::fs::read_dir(folder.path().join("scratch")).unwrap().count(), 0);
}

#[test]
fn big_values_spill_by_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut scratch = Scratch::new(&folder.path().join("scratch"));
    let big = "x".repeat(1024 * 1024);
    for n in 0..40_u8 {
        scratch.push(&[n], &big).unwrap();
    }
    assert!(scratch.files.len() >= 2);
    assert_eq!(scratch.iter().unwrap().count(), 40);
}

#[test]
fn leftovers_are_cleaned_and_the_living_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    clean(&folder.path().join("scratch"));
    let mut scratch = Scratch::new(&folder.path().join("scratch"));
    for n in 0..30_000_u64 {
        scratch.push(&n.to_be_bytes(), &n).unwrap();
    }
    std::fs::write(folder.path().join("scratch/1-1.run"), b"left").unwrap();
    clean(&folder.path().join("scratch"));
    assert_eq!(std::fs::read_dir(folder.path().join("scratch")).unwrap().count(), 0);
    assert_eq!(scratch.iter().unwrap().count(), 30_000);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_of_the_push() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scratch"), b"a file").unwrap();
    let mut scratch = Scratch::new(&folder.path().join("scratch"));
    let mut pushes = (0..FULL_ENTRIES as u64).map(|n| scratch.push(&n.to_be_bytes(), &n));
    let error = pushes.find_map(Result::err).unwrap();
    assert!(error.user().what.contains("on disk"), "{error}");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (any::<i64>(), 0_u32..28)
            .prop_map(|(n, scale)| Value::Number(rust_decimal::Decimal::new(n, scale))),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(("[a-z.]{1,6}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn record() -> impl Strategy<Value = Record> {
    let stamp = || prop::option::of(any::<i64>().prop_map(Stamp));
    let fields = prop::collection::vec(("[a-z.]{1,6}", value()), 0..6);
    (".{0,8}", stamp(), stamp(), any::<bool>(), fields).prop_map(
        |(id, modified, created, trashed, fields)| Record {
            id,
            modified,
            created,
            trashed,
            fields: fields.into_iter().collect::<Fields>(),
        },
    )
}

proptest! {
    #[test]
    fn records_come_back_as_they_were(record in record()) {
        let bytes = postcard::to_stdvec(&record).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Record>(&bytes).unwrap(), record);
    }

    #[test]
    fn the_same_as_a_map(
        pushes in prop::collection::vec((prop::collection::vec(0..4_u8, 0..4), any::<u32>()), 0..200),
        spill_at in 1..40_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut scratch = Scratch::new(&folder.path().join("scratch"));
        let mut map = BTreeMap::new();
        for (n, (key, value)) in pushes.iter().enumerate() {
            scratch.push(key, value).unwrap();
            map.insert(key.clone(), *value);
            if n % spill_at == 0 {
                scratch.spill().unwrap();
            }
        }
        prop_assert_eq!(all(&mut scratch), map.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(scratch.pushed(), pushes.len() as u64);
    }
}
