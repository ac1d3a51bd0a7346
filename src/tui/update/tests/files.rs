//! Downloads as CSV.

use super::*;

#[test]
fn a_csv_is_what_is_shown_and_replaces_nothing_unasked() {
    let mut world = after("j enter > v x");
    world.seen.clear();
    world.press("enter");
    let Some(Effect::Export(first)) = world.seen.first().cloned() else {
        panic!("{:?}", world.seen)
    };
    assert_eq!(
        first.path,
        PathBuf::from("/home/admin/shop-contacts-created-vtiger-2026-11-21.csv")
    );
    assert!(!first.replace);
    let ExportWhat::Records(_, Some(order)) = &first.what else { panic!("the order is exported") };
    assert_eq!(order.len(), 96);
    // The world answers that the file is there.
    assert_eq!(world.model.place(), Place::Confirm);
    world.press("enter");
    assert_eq!(world.model.place(), Place::Csv, "Enter replaces nothing");
    world.press("enter y");
    assert!(world.asked(|e| matches!(e, Effect::Export(request) if request.replace)));
    assert_eq!(world.model.place(), Place::List);
    assert!(
        world.model.toast.as_ref().unwrap().text.starts_with("96 rows written to /home/admin/")
    );
}

#[test]
fn an_export_that_fails_keeps_the_name_and_can_be_stopped() {
    let mut world = after("x");
    let Some(Dialog::Csv(dialog)) = world.model.dialogs.last_mut() else { panic!("no dialog") };
    dialog.state = crate::tui::model::CsvState::Writing(0);
    world.send(Msg::Exporting(20_000));
    assert!(shot(&world.model).contains("20,000 rows written…"));
    world.send(Msg::Exported(Exported::Failed(fixture::auth_error()))).press("esc");
    assert_eq!(world.model.place(), Place::Csv);
    let Some(Dialog::Csv(dialog)) = world.model.dialogs.last_mut() else { panic!("no dialog") };
    dialog.state = crate::tui::model::CsvState::Writing(0);
    world.press("esc");
    assert!(world.asked(|e| *e == Effect::StopExport));
}

#[test]
fn the_csv_of_the_debug_log_is_what_is_shown() {
    let mut world = after("5 x enter");
    let whole = |e: &Effect| matches!(e, Effect::Export(r) if matches!(r.what, ExportWhat::Debug(1, _, None)));
    assert!(world.asked(whole));
    let mut world = after("5 /");
    world.type_text("too fast").press("enter x enter");
    let found = world.seen.iter().find_map(|e| match e {
        Effect::Export(request) => match &request.what {
            ExportWhat::Debug(1, _, found) => found.clone(),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(found.unwrap().len(), 247);
}

#[test]
fn the_history_of_a_record_is_downloaded_with_the_columns_that_are_shown() {
    let mut world = after("j enter h");
    let seen = shot(&world.model);
    world.press("x");
    assert!(shot(&world.model).contains("4 rows as shown"), "{}", shot(&world.model));
    world.press("enter");
    let request = world.seen.iter().rev().find_map(|effect| match effect {
        Effect::Export(request) => Some(request.clone()),
        _ => None,
    });
    let request = request.unwrap();
    assert_eq!(
        request.path,
        PathBuf::from("/home/admin/shop-contacts-12x0-history-2026-11-21.csv")
    );
    let ExportWhat::Shown(columns, rows) = &request.what else { panic!("{request:?}") };
    assert_eq!(columns.len(), 6);
    assert_eq!(rows.len(), 4);
    for row in rows.iter() {
        let line = seen.lines().find(|line| line.contains(&row[1]) && line.contains(&row[3]));
        let line = line.unwrap_or_else(|| panic!("{row:?} is not in\n{seen}"));
        assert!(row[..5].iter().all(|cell| line.contains(cell)), "{row:?}: {line}");
    }
    let mut nothing = after("j enter h");
    if let Some(Screen::History(view)) = nothing.model.screens.last_mut() {
        view.rows = Some(Vec::new());
    }
    nothing.press("x");
    assert!(nothing.model.toast.as_ref().unwrap().text.contains("nothing to write"));
}
