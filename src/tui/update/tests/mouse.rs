//! The mouse, which is left to the terminal unless it is wished.

use super::*;
use crate::tui::msg::Mouse;

#[test]
fn the_mouse_is_used_only_where_it_is_wished() {
    let mut model = fixture::empty(SIZE);
    let asks = |model: &mut crate::tui::model::Model| {
        let effects = crate::tui::update::start(model);
        effects.iter().any(|effect| matches!(effect, Effect::Mouse(_)))
    };
    assert!(!asks(&mut model), "off unless it is wished");
    let config = crate::tui::config::parse("mouse = true", model.theme);
    assert!(config.mouse && config.wrong.is_empty());
    model.mouse = config.mouse;
    assert!(asks(&mut model));
    // By key at any time.
    let mut world = after("M");
    assert!(world.asked(|e| *e == Effect::Mouse(true)));
    world.press("M");
    assert!(world.asked(|e| *e == Effect::Mouse(false)));
}

#[test]
fn the_wheel_moves_and_a_click_chooses() {
    let mut world = after("j enter");
    let cursor = |world: &World| match world.model.screens.last() {
        Some(Screen::List(view)) => view.list.cursor(),
        other => panic!("{other:?}"),
    };
    world.send(Msg::Mouse(Mouse::Down)).send(Msg::Mouse(Mouse::Down)).send(Msg::Mouse(Mouse::Up));
    assert_eq!(cursor(&world), 3);
    // The fifth row of the list stands on the eighth line of the screen.
    let shown = shot(&world.model);
    let y = shown.lines().position(|line| line.contains("12x4 ")).unwrap();
    world.send(Msg::Mouse(Mouse::Click(10, u16::try_from(y).unwrap())));
    assert_eq!(cursor(&world), 4);
    world.send(Msg::Mouse(Mouse::Click(10, 1)));
    assert_eq!(cursor(&world), 4, "the border is no row");
    // A key of the last line.
    let line = shot(&world.model).lines().last().unwrap().to_owned();
    let x = line[..line.find("detail").unwrap()].chars().count();
    world.send(Msg::Mouse(Mouse::Click(u16::try_from(x).unwrap(), 23)));
    assert_eq!(world.model.place(), Place::Detail);
    // Between two keys there is nothing.
    let before = world.model.screens.len();
    world.send(Msg::Mouse(Mouse::Click(0, 23)));
    assert_eq!(world.model.screens.len(), before);
    // Panes.
    let mut world = after("");
    world.send(Msg::Mouse(Mouse::Click(3, 10)));
    assert_eq!(world.model.pane, Pane::Connectors);
    world.send(Msg::Mouse(Mouse::Click(60, 10)));
    assert_eq!(world.model.pane, Pane::Body);
    // What a dialog asks is not answered by a click beside it.
    let mut world = after("s ctrl-c");
    world.send(Msg::Mouse(Mouse::Click(60, 10))).send(Msg::Mouse(Mouse::Down));
    assert_eq!(world.model.place(), Place::Confirm);
}
