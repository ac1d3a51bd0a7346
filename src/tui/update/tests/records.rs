//! Record lists filtered by terms, a record's history, and the jump to what mends it.

use super::*;
use crate::model::{ItemStatus, Module, Reason, ReasonCode};
use crate::tui::model::ListView;
use crate::tui::msg::{Arranged, Busy, Column, Page, Part, Row, RowKey};
use std::time::Duration;

fn list(world: &World) -> &ListView {
    match world.model.screens.last() {
        Some(Screen::List(view)) => view,
        other => panic!("{other:?}"),
    }
}

fn shown(world: &World) -> u64 {
    list(world).list.shown()
}

fn row(key: RowKey) -> Row {
    let part = Part { module: Module::Contacts, side: Side::Vtiger, status: ItemStatus::Created };
    Row { key, item: fixture::item(key, part, false) }
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
        let head = |world: &World| shot(&world.model).lines().nth(2).unwrap().to_owned();
        assert!(!down && head(&world).contains('▲'), "{}", head(&world));
        world.press("v");
        assert!(head(&world).contains('▼'), "{}", head(&world));
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
    let generation = *generation;
    let busy = Busy { done: 20_000, total: 1_000_000, sorting: false };
    world.send(Msg::Arranging { generation, busy });
    let text = shot(&world.model);
    assert!(text.contains("looking through 20,000 of 1,000,000"), "{text}");
    assert!(text.contains("Esc gives up"), "{text}");
    world.send(Msg::Arranging { generation, busy: Busy { sorting: true, ..busy } });
    assert!(shot(&world.model).contains("sorting 20,000 of 1,000,000"));
    world.press("esc");
    assert!(world.asked(|e| *e == Effect::StopArranging));
    assert_eq!(world.model.place(), Place::List, "the list stays");
    // What was given up and comes all the same changes nothing.
    let made = Ok(Arranged { lengths: vec![96], order: Order::of([RowKey::new(0, 5)]) });
    world.send(Msg::Arranged { generation, made });
    assert_eq!(shown(&world), 96);
    assert!(!shot(&world.model).contains('▲'));
}

#[test]
fn giving_up_goes_back_to_the_filter_and_order_that_are_shown() {
    let mut world = after("j enter > /");
    world.type_text("anna").press("enter");
    let before = list(&world).arrangement.clone();
    assert_eq!((shown(&world), before.sort), (16, Some((Column::SourceModule, false))));
    // The world does not answer this one.
    crate::tui::update::update(&mut world.model, Msg::Key(Key::char('>')));
    assert!(list(&world).busy().is_some());
    world.seen.clear();
    world.press("esc");
    assert_eq!(world.seen, [Effect::StopArranging], "nothing is made anew");
    assert_eq!(list(&world).arrangement, before);
    assert!(list(&world).busy().is_none());
    world.press("esc");
    assert_eq!((shown(&world), list(&world).arrangement.sort), (96, before.sort));
}

#[test]
fn keys_are_answered_while_a_list_is_sorted_and_the_cursor_follows_its_row() {
    let mut world = after("j enter");
    crate::tui::update::update(&mut world.model, Msg::Key(Key::char('>')));
    let generation = list(&world).list.generation();
    world.press("G k");
    assert_eq!(list(&world).list.cursor(), 94);
    let key = list(&world).list.current().unwrap().key;
    // A page of the order before is no page of the new one, even if it comes after it.
    world.press("g");
    let late = Page {
        view: list(&world).list.view(),
        lengths: vec![96],
        from: 0,
        rows: Vec::new(),
        around: None,
    };
    world.press("G k");
    let order = Order::of((0..96).rev().map(|at| RowKey::new(0, at)));
    let made = Ok(Arranged { lengths: vec![96], order });
    world.send(Msg::Arranged { generation, made });
    world.send(Msg::Page(late));
    assert_eq!(list(&world).list.current().unwrap().key, key);
    assert_eq!(list(&world).list.cursor(), 1);
}

#[test]
fn a_list_that_cannot_be_sorted_stays_and_says_why() {
    let mut world = after("j enter");
    crate::tui::update::update(&mut world.model, Msg::Key(Key::char('>')));
    let generation = list(&world).list.generation();
    let made = Err(crate::model::UserError::new("No room is left on the disk.", "", ""));
    world.send(Msg::Arranged { generation, made });
    assert!(shot(&world.model).contains("No room is left on the disk."));
    world.press("esc");
    assert!(list(&world).arrangement.is_natural() && list(&world).busy().is_none());
}

#[test]
fn a_sorted_list_of_a_running_sync_takes_new_rows_in_now_and_then() {
    let mut world = after("j enter > v");
    let arranges = |world: &mut World| {
        let seen = std::mem::take(&mut world.seen);
        seen.iter().filter(|e| matches!(e, Effect::Arrange { .. })).count()
    };
    arranges(&mut world);
    let grow = |world: &mut World, by: u64| {
        let mut page = match crate::tui::update::update(&mut world.model, Msg::StoreChanged)
            .into_iter()
            .find_map(|e| if let Effect::Page(request) = e { Some(request) } else { None })
        {
            Some(request) => Page {
                view: request.view,
                lengths: vec![96 + by],
                from: request.from,
                rows: Vec::new(),
                around: None,
            },
            None => panic!("the rows are read again"),
        };
        page.rows = (0..96).map(|n| row(RowKey::new(0, 95 - n))).collect();
        world.send(Msg::Page(page));
    };
    for by in 1..20 {
        grow(&mut world, by);
    }
    assert_eq!(arranges(&mut world), 0, "it was sorted a moment ago");
    let wait = world.model.next_tick().unwrap();
    assert!(wait <= Duration::from_secs(2), "{wait:?}");
    world.model.now = world.model.now.plus(wait);
    let effects = crate::tui::update::update(&mut world.model, Msg::Tick);
    assert!(matches!(effects[..], [Effect::Arrange { .. }]), "{effects:?}");
    assert!(list(&world).busy().is_none(), "nobody waits for it");
    assert_eq!(list(&world).list.total(), 115);
    // It took a second: it rests for four.
    grow(&mut world, 20);
    assert_eq!(world.model.next_tick(), None, "no timer runs while it is being made");
    let generation = list(&world).list.generation();
    world.model.now = world.model.now.plus(Duration::from_secs(1));
    let order = Order::of((0..115).map(|at| RowKey::new(0, at)));
    let made = Ok(Arranged { lengths: vec![115], order });
    let effects = crate::tui::update::update(&mut world.model, Msg::Arranged { generation, made });
    assert!(effects.iter().all(|e| matches!(e, Effect::Page(_))), "{effects:?}");
    let rest = list(&world).rest.since(world.model.now);
    assert_eq!(rest, Duration::from_secs(4));
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

#[test]
fn a_key_in_a_list_of_a_million_rows_reads_two_screens_at_most() {
    let mut world = world();
    world.model.log.side = Some(Side::Service);
    world.model.log.column = 1;
    world.press("enter");
    assert_eq!(shown(&world), 1_234_567);
    let keys = "j j k ctrl-d ctrl-d ctrl-u ctrl-f ctrl-f ctrl-b G k ctrl-b ctrl-u j G g G ctrl-f g";
    let most = usize::try_from(crate::tui::layout::list_height(&world.model) * 2).unwrap();
    for key in keys.split(' ') {
        world.seen.clear();
        world.press(key);
        let asked = std::mem::take(&mut world.seen);
        assert!(asked.len() <= 1, "{key}: {asked:?}");
        for effect in asked {
            let Effect::Page(request) = effect else { panic!("{key}: {effect:?}") };
            assert!(request.count <= most, "{key}: {} rows", request.count);
        }
        assert!(list(&world).list.current().is_some(), "{key}");
    }
    // What a sync writes meanwhile asks for the same rows again, and for nothing that grows.
    world.seen.clear();
    world.send(Msg::StoreChanged);
    let pages = world.seen.iter().filter(|e| matches!(e, Effect::Page(_)));
    assert_eq!(pages.count(), 1);
}
