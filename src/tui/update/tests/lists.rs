//! Record lists on the way there and back.

use super::*;
use crate::tui::msg::Column;

#[test]
fn filter_and_sort_survive_the_way_to_a_record_and_back() {
    let mut world = after("j enter > > v /");
    world.type_text("müller").press("enter k enter esc");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!(view.arrangement.filter, "müller");
    assert!(view.arrangement.sort.is_some());
    assert_eq!((view.list.shown(), view.list.total(), view.list.cursor()), (16, 96, 14));
    // The first Esc clears the filter, the second goes back.
    world.press("esc");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!(view.arrangement.filter, "");
    assert_eq!(view.list.shown(), 96);
    world.press("esc");
    assert!(world.model.screens.is_empty());
}

#[test]
fn a_list_that_lies_below_another_keeps_its_own_rows() {
    let mut world = fixture::with_held((80, 24));
    world.press("j enter");
    let rows = |world: &World| {
        let lines = shot(&world.model);
        lines.lines().skip(2).take(18).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = rows(&world);
    world.press("H v");
    assert_eq!(world.model.screens.len(), 2);
    assert_ne!(rows(&world), before);
    let _ = crate::tui::update::update(&mut world.model, Msg::Key(Key::parse("esc").unwrap()));
    assert_eq!(rows(&world), before, "before anything is read again");
}

#[test]
fn an_inverse_filter_shows_the_others() {
    let mut world = after("j enter /");
    world.type_text("!müller");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!((view.list.shown(), view.list.total()), (80, 96));
}

#[test]
fn a_filter_that_is_typed_on_is_asked_for_anew_and_older_answers_are_dropped() {
    let mut world = world();
    world.press("j enter /");
    let mut effects = crate::tui::update::update(&mut world.model, Msg::Key(Key::char('a')));
    effects.extend(crate::tui::update::update(&mut world.model, Msg::Key(Key::char('n'))));
    let generations: Vec<_> = effects
        .iter()
        .filter_map(|e| match e {
            Effect::Arrange { generation, .. } => Some(*generation),
            _ => None,
        })
        .collect();
    let [old, new] = generations[..] else { panic!("{effects:?}") };
    let arranged = |generation, n: u64| {
        let order = Order::of((0..n).map(|at| crate::tui::msg::RowKey::new(0, at)));
        Msg::Arranged { generation, made: Ok(Arranged { lengths: vec![96], order }) }
    };
    world.send(arranged(old, 5));
    let shown = |world: &World| match world.model.screens.last() {
        Some(Screen::List(view)) => view.list.shown(),
        _ => 0,
    };
    assert_eq!(shown(&world), 96);
    world.send(arranged(new, 7));
    assert_eq!(shown(&world), 7);
}

#[test]
fn links_are_copied_from_the_list_and_from_the_detail() {
    let copied = |world: &mut World, part: &str| {
        world.asked(|e| matches!(e, Effect::Copy(link) if link.contains(part)))
    };
    let mut world = after("j enter j o");
    assert!(copied(&mut world, "crm.example.com/index.php?module=Contacts&view=Detail&record=1"));
    world.press("O");
    assert!(copied(&mut world, "user_id=2"));
    world.press("enter O");
    assert!(copied(&mut world, "user_id=2"));
    assert!(shot(&world.model).contains("https://shop.example.com"), "also shown as text");
}

#[test]
fn a_page_far_down_asks_for_the_rows_around_it_only() {
    let mut world = after("tab k l enter");
    world.press("esc tab");
    world.model.log.side = Some(Side::Service);
    world.model.log.row = 0;
    world.model.log.column = 1;
    world.model.pane = Pane::Body;
    world.seen.clear();
    world.press("enter G");
    let Some(Effect::Page(request)) = world.seen.last() else { panic!("{:?}", world.seen) };
    let (from, count) = (request.from, request.count);
    assert!(from > 1_234_000 && count <= 60, "{from} {count}");
}

#[test]
fn the_order_of_a_list_is_kept_for_lists_of_its_kind() {
    let sort = |world: &World| match world.model.screens.last() {
        Some(Screen::List(view)) => view.arrangement.sort,
        other => panic!("{other:?}"),
    };
    let head = |world: &World| shot(&world.model).lines().nth(2).unwrap_or_default().to_owned();
    let mut world = after("j enter > > v esc");
    // The other side's list of created records.
    world.seen.clear();
    world.press("tab enter");
    assert_eq!(sort(&world), Some((Column::Name, true)));
    assert!(head(&world).contains("Record Name▼"), "{}", head(&world));
    let pages = world.seen.iter().filter(|e| matches!(e, Effect::Page(_))).count();
    assert!(pages >= 1, "what is there is shown until it is sorted");
    assert!(world.asked(|e| matches!(e, Effect::Arrange { .. })));
    // A list of another kind has its own order.
    world.press("esc backtab l l l enter");
    assert_eq!(sort(&world), None);
    // Given up, it is forgotten.
    world.press("esc tab h h h enter < <");
    assert_eq!(sort(&world), None);
    world.press("esc enter");
    assert_eq!(sort(&world), None);
}

#[test]
fn rows_asked_for_in_the_order_before_are_not_taken_for_others() {
    let mut world = after("j enter");
    // Sorting is under way when more rows are asked for.
    let effects = crate::tui::update::update(&mut world.model, Msg::Key(Key::char('>')));
    let arrange = effects.iter().find_map(|effect| match effect {
        Effect::Arrange { generation, .. } => Some(*generation),
        _ => None,
    });
    let effects = crate::tui::update::update(&mut world.model, Msg::Key(Key::char('G')));
    let late = effects.iter().find_map(|effect| match effect {
        Effect::Page(request) => Some(request.clone()),
        _ => None,
    });
    let (generation, late) = (arrange.unwrap(), late.unwrap());
    let order = Order::of((0..96).rev().map(|at| crate::tui::msg::RowKey::new(0, at)));
    let made = Ok(Arranged { lengths: vec![96], order });
    world.send(Msg::Arranged { generation, made });
    let shown = shot(&world.model);
    let page = crate::tui::msg::Page {
        view: late.view,
        lengths: vec![96],
        from: 0,
        rows: Vec::new(),
        around: None,
    };
    world.send(Msg::Page(page));
    assert_eq!(shot(&world.model), shown);
}
