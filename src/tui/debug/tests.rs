//! The pane's list while the log grows and shrinks.

use super::*;

const HEIGHT: u64 = 5;

fn extent(first: u64, last: u64) -> DebugExtent {
    DebugExtent { first, last, bytes: 1 }
}

fn row(number: u64) -> DebugRow {
    DebugRow { number, ..DebugRow::from(DebugEntry::default()) }
}

/// Answers what the view wants from a log of these numbers.
fn answer(view: &mut DebugView, log: DebugExtent, wanted: &DebugWanted) {
    let rows = match wanted {
        DebugWanted::From(from, count) => {
            (log.first..=log.last.min(*from)).rev().take(*count).map(row).collect()
        }
        DebugWanted::These(numbers) => numbers.iter().copied().map(row).collect(),
    };
    view.accept(log, rows, HEIGHT);
    if let Some(wanted) = view.want(HEIGHT) {
        answer(view, log, &wanted);
    }
}

fn refresh(view: &mut DebugView, log: DebugExtent) {
    let wanted = view.window(HEIGHT);
    answer(view, log, &wanted);
}

fn visible(view: &DebugView) -> Vec<u64> {
    (view.top()..(view.top() + HEIGHT).min(view.shown()))
        .map(|index| view.row(index).unwrap().number)
        .collect()
}

#[test]
fn the_newest_are_followed_until_the_cursor_is_moved() {
    let mut view = DebugView::of(1, 1);
    refresh(&mut view, extent(1, 100));
    assert_eq!((visible(&view), view.chosen()), (vec![100, 99, 98, 97, 96], Some(100)));
    refresh(&mut view, extent(1, 103));
    assert_eq!(view.chosen(), Some(103));
    view.go(2, HEIGHT);
    refresh(&mut view, extent(1, 140));
    assert_eq!(view.chosen(), Some(101), "the row stays under the cursor");
    assert_eq!(visible(&view), [103, 102, 101, 100, 99], "and where it was");
    view.go(0, HEIGHT);
    refresh(&mut view, extent(1, 141));
    assert_eq!(view.chosen(), Some(141));
    view.go(u64::MAX, HEIGHT);
    refresh(&mut view, extent(1, 141));
    assert_eq!(visible(&view), [5, 4, 3, 2, 1]);
    // What was looked at is pruned: the cursor goes to what is nearest.
    refresh(&mut view, extent(50, 141));
    assert_eq!(view.chosen(), Some(50));
    refresh(&mut view, DebugExtent { first: 0, last: 141, bytes: 0 });
    assert_eq!((view.shown(), view.chosen()), (0, None));
}

#[test]
fn a_search_grows_and_goes_on_with_what_is_written() {
    let mut view = DebugView::of(1, 1);
    refresh(&mut view, extent(1, 100));
    assert!(view.search("x", 2, HEIGHT));
    assert_eq!((view.shown(), view.busy, view.search_due()), (0, Some((0, 100)), None));
    let step = |looked, done| Search { looked, total: 100, newest: 100, done };
    view.take_found(vec![90, 80], step(50, false), HEIGHT);
    assert_eq!((view.shown(), view.busy), (2, Some((50, 100))));
    view.take_found(vec![40, 2], step(100, true), HEIGHT);
    refresh(&mut view, extent(1, 100));
    assert_eq!((visible(&view), view.busy, view.search_due()), (vec![90, 80, 40, 2], None, None));
    view.go(1, HEIGHT);
    refresh(&mut view, extent(10, 130));
    assert_eq!(view.search_due(), Some(100));
    assert_eq!(view.search_due(), None, "one at a time");
    let news = Search { looked: 30, total: 30, newest: 130, done: true };
    view.take_found(vec![120], news, HEIGHT);
    refresh(&mut view, extent(10, 130));
    assert_eq!((visible(&view), view.chosen()), (vec![120, 90, 80, 40], Some(80)));
    assert!(!view.search("", 3, HEIGHT));
    refresh(&mut view, extent(10, 130));
    assert_eq!((view.shown(), view.chosen()), (121, Some(80)), "still on its row");
}
