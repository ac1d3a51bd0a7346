use super::*;
use crate::tui::fixture;

#[test]
fn a_run_that_did_not_simply_complete_has_a_line_of_its_own() {
    let mut log = LogView::of(1, 1);
    log.accept(fixture::runs(), false);
    let rows: Vec<_> = log.rows.iter().map(|row| (row.run, row.module)).collect();
    assert_eq!(
        rows,
        [
            (42, Some(Module::Products)),
            (42, Some(Module::Contacts)),
            (40, None),
            (39, Some(Module::Products)),
            (39, Some(Module::Contacts)),
            (38, None),
            (38, Some(Module::Products)),
            (38, Some(Module::Contacts)),
        ]
    );
    assert!(!log.accept(fixture::runs(), false), "the same runs change nothing");
}

#[test]
fn the_number_under_the_cursor_is_a_list() {
    let mut log = LogView::of(1, 1);
    log.accept(fixture::runs(), false);
    let (source, length) = log.number().unwrap();
    assert_eq!((source.run, source.parts.len(), length), (42, 1, 12));
    log.row = 2;
    assert!(log.number().is_none(), "a line without numbers");
    let (source, conflicts) = LogView { row: 0, ..log }.both_sides(ItemStatus::Conflict).unwrap();
    assert_eq!((source.parts.len(), conflicts), (2, 0), "of the module under the cursor");
}

#[test]
fn a_side_that_no_module_writes_is_known() {
    let mut connector = fixture::connector(1, "shop");
    assert_eq!(unwritten_side(&connector), None);
    for settings in connector.modules.values_mut() {
        settings.direction = crate::model::Direction::ToVtiger;
    }
    assert_eq!(unwritten_side(&connector), Some(Side::Service));
    for settings in connector.modules.values_mut() {
        settings.enabled = false;
    }
    assert_eq!(unwritten_side(&connector), None, "nothing is enabled: nothing to say");
}
