//! The debug log.

use super::*;

#[test]
fn the_debug_log_is_followed_searched_and_opened() {
    let mut world = after("5");
    let chosen = |world: &World| world.model.debug.chosen();
    assert_eq!(chosen(&world), Some(1_234));
    world.debug_log = 1_240;
    world.send(Msg::StoreChanged);
    assert_eq!(chosen(&world), Some(1_240), "the newest is followed");
    world.press("j j");
    world.debug_log = 1_300;
    world.send(Msg::StoreChanged);
    assert_eq!(chosen(&world), Some(1_238), "until the cursor is moved");
    world.press("G k pagedown g /").type_text("müller").press("enter");
    assert_eq!((world.model.debug.shown(), chosen(&world)), (259, Some(1_300)));
    assert_eq!(world.model.place(), Place::DebugLog);
    world.press("j enter");
    assert_eq!(world.model.place(), Place::Exchange);
    assert!(shot(&world.model).contains("Müller"));
    world.press("j y");
    assert!(world.asked(|e| matches!(e, Effect::Copy(text) if text.contains("•••"))));
    world.press("esc");
    assert_eq!(chosen(&world), Some(1_295), "back to the same line");
    world.press("esc");
    assert_eq!((world.model.debug.shown(), chosen(&world)), (1_300, Some(1_295)));
    world.press("esc");
    assert_eq!(world.model.pane, Pane::Connectors);
}

#[test]
fn a_search_is_given_up_by_typing_on_and_by_esc() {
    let mut world = after("5 /");
    world.seen.clear();
    world.type_text("ab");
    let searches = world.seen.iter().filter_map(|e| match e {
        Effect::Debug(DebugAsk::Search { generation, text, .. }) => Some((*generation, text)),
        _ => None,
    });
    let searches: Vec<_> = searches.collect();
    assert!(searches[0].0 < searches[1].0 && searches[1].1 == "ab");
    // What the first one still tells is not taken for the second one's.
    let shown = world.model.debug.shown();
    let search = Search { looked: 1, total: 1, newest: 1, done: true };
    let generation = searches[0].0;
    let late = DebugNews::Found { generation, numbers: vec![1, 2, 3], search };
    world.send(Msg::Debug(late));
    assert_eq!(world.model.debug.shown(), shown);
    world.press("esc");
    assert!(world.asked(|e| *e == Effect::Debug(DebugAsk::StopSearch)));
    assert_eq!(world.model.debug.shown(), 1_234);
}

#[test]
fn debug_mode_is_switched_from_its_pane() {
    let mut world = after("5 d");
    assert!(world.asked(|e| *e == Effect::Debug(DebugAsk::Switch { connector: 1, on: true })));
    world.overview.connectors[0].connector.debug = true;
    let news = DebugNews::Switched { name: "shop".into(), on: true, result: Ok(()) };
    world.send(Msg::Debug(news));
    assert!(shot(&world.model).contains("Debug Mode of shop is on"));
    world.press("d");
    assert!(world.asked(|e| *e == Effect::Debug(DebugAsk::Switch { connector: 1, on: false })));
    world.model.read_only = true;
    world.press("d");
    assert!(world.model.toast.as_ref().unwrap().text.contains("--read-only"));
    assert!(!world.asked(|e| matches!(e, Effect::Debug(DebugAsk::Switch { .. }))));
}
