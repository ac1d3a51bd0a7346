//! The gate: with a safeguard switched off, the stories have to go wrong. So the stories are tested.

use super::setup::Habits;
use super::stories::{Kind, story};
use crate::engine::safeguards::{Safeguard, switch_off};

/// A violation has to be found within so many stories.
const PATIENCE: u64 = 400;

const KIND: Kind = Kind {
    habits: Habits {
        deletes: false,
        restores: false,
        key_edits: false,
        twins: false,
        clears: false,
        companies: false,
    },
    faults: true,
    crashes: true,
    calm: false,
    fuss: false,
};

/// Switches a safeguard off until somebody notices, and then tells the same story with it on.
fn is_missed(safeguard: Safeguard, names: &[&str]) {
    switch_off(Some(safeguard));
    let noticed = (0..PATIENCE).find_map(|seed| {
        let (_, bad, _) = story(seed, KIND);
        let hit = bad.into_iter().find(|what| names.iter().any(|name| what.starts_with(name)));
        hit.map(|what| (seed, what))
    });
    switch_off(None);
    let Some((seed, what)) = noticed else {
        panic!("nobody misses {safeguard:?} in {PATIENCE} stories");
    };
    println!("{safeguard:?} is missed in story {seed}: {what}");
    let (_, bad, _) = story(seed, KIND);
    assert!(bad.is_empty(), "story {seed} goes wrong with {safeguard:?} too: {bad:#?}");
}

#[test]
fn without_the_search_before_a_create_there_are_twins() {
    is_missed(Safeguard::SearchBeforeCreate, &["I4"]);
}

#[test]
fn without_reading_again_edits_are_overwritten() {
    is_missed(Safeguard::ReadAgain, &["I3", "I13"]);
}

#[test]
fn without_parking_records_are_forgotten() {
    is_missed(Safeguard::Parking, &["I1", "I3", "I10"]);
}

#[test]
fn with_the_cursor_first_records_are_forgotten() {
    is_missed(Safeguard::CursorLast, &["I1", "I3", "I10"]);
}

#[test]
fn with_conflicts_recorded_afterwards_values_are_lost() {
    is_missed(Safeguard::ConflictFirst, &["I3", "I13"]);
}

#[test]
fn with_creates_repeated_blindly_there_are_twins() {
    is_missed(Safeguard::LookUpUnknown, &["I4", "I9"]);
}
