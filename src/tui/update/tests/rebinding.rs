//! Keys that an administrator changed, on the screens.

use super::*;
use crate::tui::config::parse;
use std::sync::Arc;

fn with(file: &str) -> World {
    let mut world = world();
    let config = parse(file, world.model.theme);
    assert_eq!(config.wrong, Vec::<String>::new());
    world.model.keys = Arc::new(config.keys);
    world
}

#[test]
fn footer_help_palette_and_dialogs_show_the_keys_that_were_chosen() {
    let mut world =
        with("[keys]\nsync-now = \"f5\"\npreview = []\nyes = \"j\"\n\"close@error\" = \"f8\"\n");
    let footer = |world: &World| shot(&world.model).lines().last().unwrap().to_owned();
    assert!(footer(&world).contains("F5 Sync Now"), "{}", footer(&world));
    assert!(!footer(&world).contains("Preview"), "without a key it is not in the footer");
    world.press("s");
    assert!(!world.asked(|e| matches!(e, Effect::Sync { .. })), "the old key does nothing");
    world.press("?");
    assert!(shot(&world.model).contains("F5             Sync the chosen connector now."));
    world.press("esc :").type_text("preview").press("enter");
    assert!(world.asked(|e| matches!(e, Effect::Sync { mode: SyncMode::Preview, .. })));
    world.press("ctrl-c");
    assert!(shot(&world.model).contains("j cancel the sync and leave"), "{}", shot(&world.model));
    world.press("esc").send(Msg::Failed(UserError::new("x", "", "")));
    assert!(shot(&world.model).contains("F8 close"));
    world.press("f8 f5");
    assert!(world.model.dialogs.is_empty());
}

#[test]
fn links_of_a_detail_are_marked_only_where_the_terminal_knows_them() {
    let mut world = after("j enter enter");
    let marked = |world: &World| {
        let buffer = crate::tui::draw::tests::picture(&world.model);
        buffer.content.iter().filter(|cell| cell.symbol().contains("\x1b]8;;https://")).count()
    };
    assert_eq!(marked(&world), 0);
    world.model.theme.links = true;
    assert_eq!(marked(&world), 3, "the CRM's address takes two lines");
    world.press("o");
    assert!(world.asked(|e| matches!(e, Effect::Copy(link) if link.starts_with("https://"))));
    world.send(Msg::Failed(UserError::new("x", "", "")));
    assert_eq!(marked(&world), 0, "nothing of it below a dialog");
}
