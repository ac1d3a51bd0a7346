//! Several stores on one file; who hears of what.

use super::samples::*;
use super::{commit, sentences, store};
use crate::model::{Module, Side};
use crate::store::migrate::CURRENT;
use crate::store::{Batch, Change, Store, StoreError, open};
use std::time::{Duration, Instant};

fn fact(name: &str, n: usize) -> Change {
    Change::PutFact(name.into(), Some(n.to_string()))
}

#[test]
fn the_generation_grows_with_what_a_screen_shows() {
    let (_folder, store) = store();
    let generation = store.generation();
    let before = *generation.borrow();
    let m = Module::Contacts;
    commit(
        &store,
        [
            Change::PutIntent(1, m, intent(Side::Vtiger, "1")),
            Change::DropIntent(1, m, Side::Vtiger, "1".into()),
        ],
    )
    .unwrap();
    assert_eq!(*generation.borrow(), before);
    commit(&store, [fact("a", 1)]).unwrap();
    // Own commits: at once.
    assert_eq!(*generation.borrow(), before + 1);
    let refused = [Change::PutLink(1, m, link("1", "1")), Change::PutLink(1, m, link("2", "1"))];
    assert!(commit(&store, refused).is_err());
    assert_eq!(*generation.borrow(), before + 1);
}

#[tokio::test]
async fn others_commits_are_heard_of() {
    let (_folder, one) = store();
    let two = Store::open(one.path()).unwrap();
    let mut heard = two.generation();
    // Let the watcher settle, so that only the file's stat can tell it.
    tokio::time::sleep(Duration::from_millis(600)).await;
    heard.mark_unchanged();
    for n in 0..3 {
        one.commit(Batch::from(fact("n", n))).await.unwrap();
        let soon = Duration::from_secs(3);
        tokio::time::timeout(soon, heard.changed()).await.unwrap().unwrap();
        assert_eq!(*heard.borrow_and_update(), *one.generation().borrow());
    }
    let seen = two.read(|r| r.fact("n")).await.unwrap();
    assert_eq!(seen.as_deref(), Some("2"));
}

#[test]
fn one_who_begins_to_watch_late_hears_the_present() {
    let (_folder, one) = store();
    let two = Store::open(one.path()).unwrap();
    commit(&one, [fact("n", 1)]).unwrap();
    let heard = two.generation();
    let since = Instant::now();
    while *heard.borrow() != 1 {
        assert!(since.elapsed() < Duration::from_secs(3));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn many_writers_lose_nothing() {
    let (_folder, store) = store();
    let path = store.path();
    std::thread::scope(|scope| {
        for writer in 0..3 {
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                for n in 0..40 {
                    commit(&store, [fact(&format!("{writer}.{n}"), n)]).unwrap();
                }
            });
        }
    });
    for writer in 0..3 {
        for n in 0..40 {
            let got = store.read_blocking(|r| r.fact(&format!("{writer}.{n}")));
            assert_eq!(got.unwrap(), Some(n.to_string()));
        }
    }
    let generation = store.read_blocking(|r| r.generation()).unwrap();
    assert_eq!(generation, 120);
}

#[test]
fn a_writer_who_blocks_is_waited_for_and_then_named() {
    let (_folder, held) = store();
    let path = held.path();
    let mut handle = super::super::Handle::new(
        path,
        open::open(path, CURRENT).unwrap(),
        Box::new(|| unreachable!()),
    );
    handle.set_patience(Duration::from_millis(300));
    let store = Store::with(handle, CURRENT).unwrap();
    let blocking = held.inner.shared.handle.begin_write().unwrap();
    let since = Instant::now();
    let error = sentences(commit(&store, [fact("a", 1)]));
    assert!(since.elapsed() >= Duration::from_millis(300));
    assert!(error.why.contains("nother process"), "{error}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| commit(&store, [fact("a", 2)]));
        std::thread::sleep(Duration::from_millis(50));
        drop(blocking);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn works_without_a_runtime_and_from_any() {
    let (_folder, store) = store();
    super::block_on(async {
        store.commit(Batch::from(fact("a", 1))).await.unwrap();
        assert!(store.read(|r| r.fact("a")).await.unwrap().is_some());
    });
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(async {
        store.commit(Batch::from(fact("b", 1))).await.unwrap();
        // Blocking calls are allowed on an async worker, if not wise.
        store.commit_blocking(Batch::from(fact("c", 1))).unwrap();
        assert!(store.read(|r| r.fact("c")).await.unwrap().is_some());
    });
}

#[test]
fn a_dropped_future_still_commits_and_a_closing_store_finishes() {
    let (_folder, store) = store();
    let path = store.path().to_owned();
    for n in 0..20 {
        let mut commit = Box::pin(store.commit(Batch::from(fact("n", n))));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(commit.as_mut().poll(&mut context).is_pending());
    }
    drop(store);
    let store = Store::open(&path).unwrap();
    let last = store.read_blocking(|r| r.fact("n")).unwrap();
    assert_eq!(last.as_deref(), Some("19"));
}

#[test]
fn the_last_clone_may_go_inside_a_read() {
    let (_folder, store) = store();
    let path = store.path().to_owned();
    let clone = store.clone();
    let read = async move {
        let inside = clone.clone();
        let reading = clone.read(move |r| {
            std::thread::sleep(Duration::from_millis(100));
            let fact = r.fact("a");
            drop(inside);
            fact
        });
        drop(store);
        reading.await.map(drop)
    };
    super::block_on(read).unwrap();
    Store::open(&path).unwrap();
}

#[test]
fn a_panic_in_a_read_is_an_error_and_the_next_works() {
    let (_folder, store) = store();
    let read = store.read::<(), _>(|_| panic!("on purpose"));
    let error = super::block_on(read).unwrap_err();
    assert!(matches!(error, StoreError::User(_)));
    for _ in 0..4 {
        let read = store.read(|r| r.fact("a"));
        assert_eq!(super::block_on(read).unwrap(), None);
    }
}
