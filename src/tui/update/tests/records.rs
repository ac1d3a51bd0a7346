//! Record lists filtered by terms, a record's history, and the jump to what mends it.

use super::*;
use crate::model::{ItemStatus, Module, Reason, ReasonCode};
use crate::tui::msg::Column;

fn shown(world: &World) -> u64 {
    match world.model.screens.last() {
        Some(Screen::List(view)) => view.list.shown(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_is_narrowed_by_terms_and_a_wrong_one_says_so() {
    let mut world = after("j enter /");
    assert!(shot(&world.model).contains("status: why: from:2h"), "what can be entered is told");
    world.type_text("id:12x7");
    assert_eq!(shown(&world), 1);
    world.press("ctrl-u").type_text("status:created müller");
    assert_eq!(shown(&world), 16);
    world.press("ctrl-u").type_text("from:12:45");
    assert_eq!(shown(&world), 96);
    world.press("ctrl-u").type_text("from:12:46");
    assert_eq!(shown(&world), 0);
    assert!(shot(&world.model).contains("No row passes this filter"));
    world.press("ctrl-u").type_text("from:noon");
    assert_eq!(shown(&world), 96);
    assert!(shot(&world.model).contains("from: takes a time"), "{}", shot(&world.model));
}

#[test]
fn a_term_that_is_being_typed_asks_for_nothing_before_it_has_a_value() {
    let mut world = after("j enter /");
    world.seen.clear();
    world.type_text("status:");
    let asked = world.seen.iter().filter(|e| matches!(e, Effect::Arrange { .. })).count();
    // `status` is a text until the colon makes it a term.
    assert_eq!(asked, "status".len());
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert!(view.arrangement.is_natural());
}

#[test]
fn every_column_sorts_both_ways_and_the_head_shows_it() {
    let mut world = after("j l l l enter");
    let mut seen = Vec::new();
    for _ in 0..6 {
        world.press(">");
        let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
        let (column, down) = view.arrangement.sort.unwrap();
        assert!(!down && shot(&world.model).contains('▲'));
        world.press("v");
        assert!(shot(&world.model).contains('▼'));
        seen.push(column);
    }
    let all = [
        Column::SourceModule,
        Column::Name,
        Column::VtigerId,
        Column::ServiceId,
        Column::Time,
        Column::Reason,
    ];
    assert_eq!(seen, all);
}

#[test]
fn sorting_and_filtering_show_how_far_they_are_and_are_given_up_by_escape() {
    let mut world = after("j enter");
    let effects = crate::tui::update::update(&mut world.model, Msg::Key(Key::char('>')));
    let Some(Effect::Arrange { generation, .. }) = effects.last() else { panic!("{effects:?}") };
    world.send(Msg::Arranging { generation: *generation, done: 20_000, total: 1_000_000 });
    assert!(shot(&world.model).contains("looking through 20,000 of 1,000,000"));
    world.press("esc");
    assert!(world.asked(|e| *e == Effect::StopArranging));
    assert_eq!(world.model.place(), Place::List, "the list stays");
}

#[test]
fn the_history_of_a_record_is_opened_from_list_and_detail_and_leads_to_each_outcome() {
    for keys in ["j enter j h", "j enter j enter h"] {
        let mut world = after(keys);
        assert_eq!(world.model.place(), Place::History, "{keys}");
        let asked = world.seen.iter().rev().find_map(|e| match e {
            Effect::History { connector, module, ids, .. } => Some((*connector, *module, ids)),
            _ => None,
        });
        assert_eq!(asked, Some((1, Module::Contacts, &["12x1".to_owned(), "2".to_owned()])));
        let text = shot(&world.model);
        for told in ["updated", "created", "skipped", "A mandatory field is empty", "4 outcomes"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        world.press("G enter");
        assert!(shot(&world.model).contains("skipped in Vtiger"));
        world.press("esc");
        let Some(Screen::History(view)) = world.model.screens.last() else { panic!("{keys}") };
        assert_eq!(view.cursor, 3, "back at the same outcome");
        // A newer outcome does not move the cursor away from it.
        let mut rows = fixture::history();
        rows.insert(0, (43, rows[0].1.clone()));
        let id = view.id;
        world.send(Msg::History { id, rows });
        let Some(Screen::History(view)) = world.model.screens.last() else { panic!("{keys}") };
        assert_eq!(view.cursor, 4);
    }
}

#[test]
fn a_skip_reason_leads_to_its_mapping_line_and_escape_comes_back() {
    let mut world = after("j l l l enter j enter j f");
    // The reason's field and the changed ones.
    assert_eq!(world.model.place(), Place::Pick);
    let text = shot(&world.model);
    assert!(text.contains("Mapping line of lastname"), "{text}");
    assert!(text.contains("Mapping line of mailingcity"), "{text}");
    world.press("j enter");
    assert_eq!((world.model.tab, world.model.screens.len()), (Tab::Mapping, 0));
    assert_eq!(world.model.mapping.module, Some(Module::Contacts));
    assert!(shot(&world.model).contains("mailingcity"), "{}", shot(&world.model));
    world.press("esc");
    let Some(Screen::Detail(view)) = world.model.screens.last() else { panic!("no detail") };
    assert_eq!((view.scroll, world.model.tab), (1, Tab::Log));
    world.press("esc");
    assert_eq!(world.model.place(), Place::List);
    // Who looks elsewhere meanwhile is not led back.
    world.press("f enter 1 3 esc");
    assert!(world.model.screens.is_empty());
}

#[test]
fn a_reason_that_a_setting_mends_leads_to_its_section() {
    for (code, section) in [
        (ReasonCode::DeleteNotCarriedOver, Section::Module(Module::Contacts)),
        (ReasonCode::NoPermission, Section::Connection),
        (ReasonCode::ConflictTie, Section::System),
    ] {
        let mut world = after("j l l l enter enter");
        if let Some(Screen::Detail(view)) = world.model.screens.last_mut() {
            view.item.reason = Some(Reason::new(code, "", ""));
            view.item.changes.clear();
        }
        world.press("f");
        let Some(Screen::Form(form)) = world.model.screens.last() else { panic!("{code:?}") };
        assert_eq!(form.section(), Some(section));
        world.press("esc");
        assert_eq!(world.model.place(), Place::Detail);
    }
    let mut world = after("j enter enter");
    if let Some(Screen::Detail(view)) = world.model.screens.last_mut() {
        view.item.changes.clear();
        view.item.status = ItemStatus::Linked;
    }
    world.press("f");
    assert!(world.model.toast.as_ref().unwrap().text.contains("No mapping line"));
}
