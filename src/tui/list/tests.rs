use super::*;
use crate::model::{Item, ItemStatus, Module, Side, Stamp};
use crate::tui::msg::Part;

fn source() -> Source {
    let part = |side| Part { module: Module::Contacts, side, status: ItemStatus::Conflict };
    Source { run: 1, parts: vec![part(Side::Vtiger), part(Side::Service)] }
}

fn row(key: RowKey) -> Row {
    let item = Item {
        module: Module::Contacts,
        side: Side::Vtiger,
        status: ItemStatus::Created,
        source_module: "Customers".into(),
        name: format!("{}/{}", key.part(), key.position()),
        vtiger_id: String::new(),
        service_id: String::new(),
        planned: false,
        reason: None,
        changes: Vec::new(),
        conflict: None,
        time: Stamp(0),
    };
    Row { key, item }
}

/// Answers a request as the store would.
fn answer(request: &PageRequest, lengths: &[u64]) -> Page {
    let all: Vec<RowKey> = lengths
        .iter()
        .enumerate()
        .flat_map(|(part, n)| (0..*n).map(move |at| RowKey::new(part, at)))
        .collect();
    let (from, keys) = match &request.wanted {
        Wanted::Range(from, count) => {
            let from_at = usize::try_from(*from).unwrap().min(all.len());
            (*from, all[from_at..(from_at + count).min(all.len())].to_vec())
        }
        Wanted::Picked(from, keys) => (*from, keys.clone()),
    };
    Page {
        generation: request.generation,
        lengths: lengths.to_vec(),
        from,
        rows: keys.into_iter().map(row).collect(),
    }
}

#[test]
fn a_million_rows_ask_for_three_screens_at_most() {
    let mut list = VirtualList::new(vec![1_000_000, 0]);
    for step in [0i64, 999_999, -500_000, 1, 20, -1] {
        list.step(step, 20);
        if let Some(request) = list.want(&source(), 20) {
            let Wanted::Range(_, count) = request.wanted else { panic!("not arranged") };
            assert!(count <= 60, "{count}");
            let page = answer(&request, &[1_000_000, 0]);
            assert!(list.accept(page, 20));
        }
        assert!(list.current().is_some());
        assert_eq!(list.want(&source(), 20), None, "all visible rows are there");
    }
}

#[test]
fn the_cursor_follows_its_row_when_lists_grow() {
    let mut list = VirtualList::new(vec![3, 3]);
    list.go(4, 10);
    let request = list.want(&source(), 10).unwrap();
    list.accept(answer(&request, &[3, 3]), 10);
    assert_eq!(list.current().unwrap().item.name, "1/1");
    let request = list.refresh(&source(), 10);
    list.accept(answer(&request, &[50, 3]), 10);
    assert_eq!(list.cursor(), 51);
    let request = list.want(&source(), 10).unwrap();
    list.accept(answer(&request, &[50, 3]), 10);
    assert_eq!(list.current().unwrap().item.name, "1/1");
}

#[test]
fn answers_to_an_older_view_are_dropped() {
    let mut list = VirtualList::new(vec![5, 0]);
    let old = list.want(&source(), 10).unwrap();
    list.next_view();
    assert!(!list.accept(answer(&old, &[5, 0]), 10));
    assert!(list.current().is_none());
    let new = list.want(&source(), 10).unwrap();
    assert!(list.accept(answer(&new, &[5, 0]), 10));
    assert!(!list.accept(answer(&new, &[5, 0]), 10), "the same page changes nothing");
}

#[test]
fn an_order_keeps_the_row_and_old_rows_stay_until_new_ones_come() {
    let mut list = VirtualList::new(vec![5, 0]);
    let request = list.want(&source(), 10).unwrap();
    list.accept(answer(&request, &[5, 0]), 10);
    list.go(3, 10);
    list.next_view();
    let order: Vec<_> = [4, 3, 1].into_iter().map(|n| RowKey::new(0, n)).collect();
    list.arrange(None, Some(Arc::new(order)), 10);
    assert_eq!((list.shown(), list.total(), list.cursor()), (3, 5, 1));
    assert!(list.visible_row(0).is_some(), "old rows are still drawn");
    assert!(list.current().is_none(), "but not taken for the new ones");
    let request = list.want(&source(), 10).unwrap();
    list.accept(answer(&request, &[5, 0]), 10);
    assert_eq!(list.current().unwrap().item.name, "0/3");
    list.next_view();
    list.arrange(None, None, 10);
    assert_eq!((list.shown(), list.cursor()), (5, 3));
}
