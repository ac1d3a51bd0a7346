//! The bytes of every version of every row. These never change: an old store has to stay readable.

use super::samples::*;
use crate::model::{
    Cursor, DebugEntry, Intent, Item, ItemStatus, Link, Module, Parked, Remedy, Side, Skip, Tomb,
};
use crate::store::codec::{Code, Row};
use crate::store::tables::runs::StoredRun;
use crate::store::{StoreError, StoreResult};
use std::fmt::Debug;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let hex: String = hex.split_whitespace().collect();
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

fn golden<R: Row + PartialEq + Debug>(row: &R, golden: &str) {
    let encoded = row.encode().unwrap();
    let in_one: String = golden.split_whitespace().collect();
    assert_eq!(hex(&encoded), in_one, "{}", R::TABLE);
    assert_eq!(&R::decode(&bytes(golden)).unwrap(), row);
    refuses_other_versions::<R>(&encoded);
    for length in 0..encoded.len() {
        let cut: StoreResult<R> = R::decode(&encoded[..length]);
        assert!(cut.is_err(), "{} cut to {length}", R::TABLE);
    }
    assert!(R::decode(&[encoded.as_slice(), &[0]].concat()).is_err());
}

/// The bytes of an older version are still read.
fn reads<R: Row + PartialEq + Debug>(row: &R, golden: &str) {
    assert_eq!(&R::decode(&bytes(golden)).unwrap(), row);
}

fn refuses_other_versions<R: Row + Debug>(encoded: &[u8]) {
    let mut newer = encoded.to_vec();
    newer[0] = 200;
    let Err(StoreError::User(error)) = R::decode(&newer) else {
        panic!("{} of version 200 is read", R::TABLE);
    };
    assert!(error.why.contains(R::TABLE) && error.why.contains("200"));
}

#[test]
fn links() {
    golden::<Link>(
        &link("12x4", "43"),
        "010431327834023433feffffffffffffffffffffffffffffffffff03070380d0acf30e00045a6fc3ab00
         01ffffffffffffffffff010201ac02010100030200000180f8b2e5bd680109c0843d02",
    );
}

#[test]
fn cursors() {
    let old = "0113323032362d31312d32312031323a30303a30300188f8b2e5bd6808";
    golden::<Cursor>(&cursor(), &format!("02{old}010a31373935323633363030"));
    reads(&Cursor { deletions: None, ..cursor() }, &format!("01{old}"));
}

#[test]
fn intents() {
    golden::<Intent>(
        &intent(Side::Service, "12x4"),
        "01020431327834020431327834056140622e638080808080808080808080808080040382f8b2e5bd6802
         03416461010570686f6e6500052b343920310d62696c6c696e672e70686f6e65",
    );
}

#[test]
fn parked_records() {
    let gone = Parked { gone: true, ..parked(Side::Vtiger, "12x4") };
    golden::<Parked>(
        &gone,
        "03010431327834034164610103086c6173746e616d650c546f6f206c6f6e673a20c5bd07437574206974
         2e84f8b2e5bd680486f8b2e5bd680161ac0201",
    );
    reads(
        &parked(Side::Vtiger, "12x4"),
        "02010431327834034164610103086c6173746e616d650c546f6f206c6f6e673a20c5bd07437574206974
         2e84f8b2e5bd680486f8b2e5bd680161ac02",
    );
    let old = Parked { print: None, revision: 0, ..parked(Side::Vtiger, "12x4") };
    reads(
        &old,
        "01010431327834034164610103086c6173746e616d650c546f6f206c6f6e673a20c5bd07437574206974
         2e84f8b2e5bd680486f8b2e5bd68",
    );
}

#[test]
fn skips() {
    golden::<Skip>(
        &skip(Side::Service, "43"),
        "03020234330341646103086c6173746e616d650c546f6f206c6f6e673a20c5bd074375742069742e6305
         06010137 02426f01038cf8b2e5bd68 018cf8b2e5bd68",
    );
    reads(
        &Skip { stamp: None, ..skip(Side::Service, "43") },
        "02020234330341646103086c6173746e616d650c546f6f206c6f6e673a20c5bd074375742069742e6305
         06010137 02426f01038cf8b2e5bd68",
    );
    let mut old = Skip { decided: None, stamp: None, ..skip(Side::Service, "43") };
    old.reason.candidates.clear();
    reads(
        &old,
        "01020234330341646103086c6173746e616d650c546f6f206c6f6e673a20c5bd074375742069742e6305
         06",
    );
}

#[test]
fn tombs() {
    golden::<Tomb>(
        &tomb(Side::Service, "43"),
        "0202023433620701086c6173746e616d65054279726f6e043132783701",
    );
    let old = Tomb { other: String::new(), stays: false, ..tomb(Side::Service, "43") };
    reads(&old, "0102023433620701086c6173746e616d65054279726f6e");
}

#[test]
fn debug_entries() {
    golden::<DebugEntry>(
        &debug_entry("GET /x"),
        "01ac0201098cf8b2e5bd680656746967657206474554202f7806613d5a6fc3abf603063c68746d6c3ee807
         06f0a204",
    );
}

#[test]
fn items() {
    let item = item(Module::Contacts, Side::Vtiger, ItemStatus::Conflict, "Ada");
    golden::<Item>(
        &item,
        "0105010509637573746f6d657273034164610431327834023433010103086c6173746e616d650c546f6f
         206c6f6e673a20c5bd074375742069742e010570686f6e6500052b343920310d62696c6c696e672e7068
         6f6e65010570686f6e650101310132013303746965028af8b2e5bd68",
    );
}

#[test]
fn runs() {
    let mut stored = StoredRun::new(full_run());
    *stored.length_mut(Module::Contacts, Side::Service, ItemStatus::Waiting) = 300;
    golden::<StoredRun>(
        &stored,
        "0109040473686f70020480f8b2e5bd680192f8b2e5bd68010764656c65746573010f636f6e7461637473
         2e767469676572ac020331302501050001086e6f20726967687401010101010101010205020206010477
         68617403776879046e657874e807010101030772656164696e6701010203010105000000000000000000
         00000000ac02",
    );
    let mut run = full_run();
    run.error = run.error.map(|error| error.mended_by(Remedy::LogIn));
    golden::<StoredRun>(
        &StoredRun::new(run),
        "0209040473686f70020480f8b2e5bd680192f8b2e5bd68010764656c65746573010f636f6e7461637473
         2e767469676572ac020331302501050001086e6f20726967687401010101010101010205020206010477
         68617403776879046e657874e807010101030772656164696e6701010203010001",
    );
}

#[test]
fn numbers_of_words_are_dense_and_read_back() {
    fn check<C: Code + PartialEq + Debug>(all: &[C]) {
        for (n, word) in all.iter().enumerate() {
            assert_eq!(usize::from(word.code()), n + 1, "{word:?}");
            assert_eq!(C::from_code(word.code()), Some(*word));
        }
        assert_eq!(C::from_code(0), None);
        assert_eq!(C::from_code(u8::try_from(all.len()).unwrap() + 1), None);
    }
    check(&Side::BOTH);
    check(&ItemStatus::ALL);
    check(&crate::model::ReasonCode::ALL);
    check(&Module::ALL);
    assert!(ItemStatus::ALL.iter().all(|s| s.code() == *s as u8));
}

#[test]
fn a_link_of_twenty_pairs_is_small() {
    let mut link = link("12x4", "43");
    link.pairs = (0..20).map(|n| crate::model::PairState::of(n, None, "short", "short")).collect();
    assert!(link.encode().unwrap().len() < 400);
}
