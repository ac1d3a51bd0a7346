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
    let mut from = request.from;
    let mut around = None;
    let keys = match &request.order {
        Some(order) => {
            if let Some(key) = request.around {
                let at = order.index_of(key).unwrap();
                from = at.map_or(0, |at| at.saturating_sub(request.count as u64 / 2));
                around = Some((key, at));
            }
            order.keys(from, request.count).unwrap()
        }
        None => {
            let all = lengths
                .iter()
                .enumerate()
                .flat_map(|(part, n)| (0..*n).map(move |at| RowKey::new(part, at)));
            all.skip(usize::try_from(from).unwrap()).take(request.count).collect()
        }
    };
    let rows = keys.into_iter().map(row).collect();
    Page { view: request.view, lengths: lengths.to_vec(), from, rows, around }
}

fn arrange(list: &mut VirtualList, lengths: &[u64], keys: impl IntoIterator<Item = u64>) {
    list.next_view();
    let order = Order::of(keys.into_iter().map(|n| RowKey::new(0, n)));
    let shown = Arrangement { filter: "x".into(), ..Arrangement::default() };
    list.arrange(shown, Arranged { lengths: lengths.to_vec(), order }, 10);
}

#[test]
fn a_million_rows_ask_for_two_screens_at_most() {
    let mut list = VirtualList::new(vec![1_000_000, 0], 0);
    for step in [0i64, 999_999, -500_000, 1, 20, -1] {
        list.step(step, 20);
        if let Some(request) = list.want(&source(), 20) {
            assert!(request.count <= 40, "{}", request.count);
            let page = answer(&request, &[1_000_000, 0]);
            assert!(list.accept(page, 20));
        }
        assert!(list.current().is_some());
        assert_eq!(list.want(&source(), 20), None, "all visible rows are there");
    }
}

#[test]
fn the_cursor_follows_its_row_when_lists_grow() {
    let mut list = VirtualList::new(vec![3, 3], 0);
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
    let mut list = VirtualList::new(vec![5, 0], 0);
    let old = list.want(&source(), 10).unwrap();
    list.next_view();
    assert_eq!(list.generation(), 1);
    assert!(list.accept(answer(&old, &[5, 0]), 10), "the new view is not shown yet");
    arrange(&mut list, &[5, 0], [4, 2]);
    assert!(!list.accept(answer(&old, &[5, 0]), 10));
    assert!(list.current().is_none());
    let new = list.want(&source(), 10).unwrap();
    assert!(list.accept(answer(&new, &[5, 0]), 10));
    let again = list.refresh(&source(), 10);
    assert!(!list.accept(answer(&again, &[5, 0]), 10), "the same page changes nothing");
}

#[test]
fn an_order_keeps_the_row_and_old_rows_stay_until_new_ones_come() {
    let mut list = VirtualList::new(vec![5, 0], 0);
    let request = list.want(&source(), 10).unwrap();
    list.accept(answer(&request, &[5, 0]), 10);
    list.go(3, 10);
    arrange(&mut list, &[5, 0], [4, 3, 1]);
    assert_eq!((list.shown(), list.total()), (3, 5));
    assert!(list.visible_row(0).is_some(), "old rows are still drawn");
    assert!(list.current().is_none(), "but not taken for the new ones");
    let request = list.want(&source(), 10).unwrap();
    list.accept(answer(&request, &[5, 0]), 10);
    assert_eq!((list.cursor(), list.current().unwrap().item.name.as_str()), (1, "0/3"));
    list.next_view();
    list.show_all(10);
    assert_eq!((list.shown(), list.cursor()), (5, 3));
}

#[test]
fn a_row_that_the_filter_leaves_out_leaves_the_cursor_at_the_top() {
    let mut list = VirtualList::new(vec![50], 0);
    list.go(30, 10);
    arrange(&mut list, &[50], 0..20);
    let request = list.want(&source(), 10).unwrap();
    assert_eq!(request.around, Some(RowKey::new(0, 30)));
    list.accept(answer(&request, &[50]), 10);
    assert_eq!((list.cursor(), list.top()), (0, 0));
    assert_eq!(list.want(&source(), 10), None);
}

#[test]
fn a_million_rows_in_another_order_ask_for_two_screens_at_most() {
    let mut list = VirtualList::new(vec![1_000_000], 0);
    list.go(600_000, 40);
    arrange(&mut list, &[1_000_000], (0..1_000_000).rev());
    for step in [0i64, 1, 40, -20, 999_999, -999_999, 500_000] {
        if step != 0 {
            list.step(step, 40);
        }
        while let Some(request) = list.want(&source(), 40) {
            assert!(request.count <= 80, "{}", request.count);
            assert!(list.accept(answer(&request, &[1_000_000]), 40));
        }
        assert!(list.current().is_some(), "{step}");
        if step == 0 {
            assert_eq!(list.current().unwrap().key, RowKey::new(0, 600_000));
        }
    }
}
