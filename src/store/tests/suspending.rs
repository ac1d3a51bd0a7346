//! A suspended store holds no lock, and nothing is lost by it.

use super::samples::connector;
use super::{block_on, commit, store};
use crate::store::{Change, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(150);

fn fact(name: &str) -> Change {
    Change::PutFact(name.into(), Some("x".into()))
}

fn names(store: &Store) -> Vec<String> {
    let names = ["a", "b"].map(str::to_owned).into_iter();
    let there = |name: &String| store.read_blocking(|r| r.fact(name)).unwrap().is_some();
    names.filter(there).collect()
}

#[test]
fn while_it_is_suspended_others_write_and_its_own_writes_wait() {
    let (_folder, store) = store();
    let other = Store::open(store.path()).unwrap();
    assert!(store.suspend(SHORT));
    scope(|scope| {
        let waits = scope.spawn(|| {
            commit(&store, [fact("a")]).unwrap();
            Instant::now()
        });
        sleep(SHORT);
        assert!(!waits.is_finished());
        commit(&other, [fact("b")]).unwrap();
        assert_eq!(names(&other), ["b"]);
        let resumed = Instant::now();
        store.resume();
        assert!(waits.join().unwrap() > resumed);
    });
    assert_eq!(names(&store), ["a", "b"]);
}

#[test]
fn an_open_transaction_is_waited_for() {
    let (_folder, store) = store();
    let (inside, done) = (AtomicBool::new(false), AtomicBool::new(false));
    scope(|scope| {
        scope.spawn(|| {
            store
                .read_blocking(|r| {
                    inside.store(true, Ordering::SeqCst);
                    sleep(SHORT);
                    done.store(true, Ordering::SeqCst);
                    r.connectors()
                })
                .unwrap();
        });
        while !inside.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
        store.suspend(Duration::ZERO);
        assert!(done.load(Ordering::SeqCst));
        store.resume();
    });
}

#[test]
fn a_section_ends_first_unless_it_takes_too_long() {
    let (_folder, store) = store();
    let section = block_on(store.section());
    assert!(!store.suspend(SHORT), "it goes on for longer than that");
    store.resume();
    scope(|scope| {
        let suspends = scope.spawn(|| store.suspend(Duration::from_secs(60)));
        sleep(SHORT);
        // Its own commits are not held up, so that it can end.
        commit(&store, [Change::PutConnector(Box::new(connector("shop")))]).unwrap();
        assert!(!suspends.is_finished());
        let next = scope.spawn(|| block_on(store.section()));
        sleep(SHORT);
        assert!(!next.is_finished(), "another one does not begin");
        drop(section);
        assert!(suspends.join().unwrap());
        store.resume();
        drop(next.join().unwrap());
    });
}

#[test]
fn a_writer_that_waits_for_another_process_does_not_hold_up_the_suspension() {
    let (_folder, store) = store();
    let db = redb::Builder::new()
        .set_concurrency_mode(redb::ConcurrencyMode::MultiWriter)
        .open(store.path())
        .unwrap();
    let held = db.begin_write().unwrap();
    scope(|scope| {
        let waits = scope.spawn(|| commit(&store, [fact("a")]));
        sleep(SHORT);
        let begun = Instant::now();
        store.suspend(Duration::ZERO);
        assert!(begun.elapsed() < Duration::from_secs(2));
        drop(held);
        sleep(SHORT);
        assert!(!waits.is_finished());
        store.resume();
        waits.join().unwrap().unwrap();
    });
}
