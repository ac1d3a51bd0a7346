//! Keys that an administrator changed, on the screens.

use super::*;
use crate::tui::config::parse;
use crate::tui::draw::tests::SCENES;
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

/// Every command at every place has a key that nobody else has, and that no sentence would name by
/// itself.
fn strange() -> World {
    let mut world = world();
    let mut ids: Vec<Id> = Vec::new();
    for command in commands::COMMANDS {
        if !ids.contains(&command.id) {
            ids.push(command.id);
        }
    }
    let first = u32::from('א');
    let letters = ('а'..='я').chain('А'..='Я').chain('α'..='ω').chain('Α'..='Ρ');
    let letters = letters.chain((0..27).filter_map(|at| char::from_u32(first + at)));
    let letters: Vec<char> = letters.collect();
    assert!(letters.len() >= ids.len(), "{} keys for {}", letters.len(), ids.len());
    let wishes: Vec<(String, Vec<String>)> = ids
        .iter()
        .zip(letters)
        .map(|(id, letter)| (commands::name(*id), vec![format!("ctrl-{letter}")]))
        .collect();
    let mut keys = crate::tui::keymap::Keymap::default();
    let wrong = keys.rebind(wishes.iter().map(|(name, keys)| (name.as_str(), keys.clone())));
    assert_eq!(wrong, Vec::<String>::new());
    world.model.keys = Arc::new(keys);
    world
}

/// A key that stands in a text as it is usually bound.
fn usual_key(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare =
        |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-').to_owned();
    let named = ["Esc", "Enter", "PgUp", "PgDn", "Shift-Tab"];
    for (at, word) in words.iter().enumerate() {
        let word = bare(word);
        let next = words.get(at + 1).map(|next| bare(next)).unwrap_or_default();
        let ctrl = word.strip_prefix("Ctrl-").is_some_and(|key| key.is_ascii());
        // `c cancels it`
        let letter = word.len() == 1 && word.chars().all(|c| c.is_ascii_alphabetic() && c != 'a');
        let verb = next.len() > 3 && next.ends_with('s') && next.chars().all(char::is_lowercase);
        let enter_is_a_verb =
            word == "Enter" && ["this", "them", "it", "another", "a"].contains(&next.as_str());
        if ctrl || (letter && verb) || (named.contains(&word.as_str()) && !enter_is_a_verb) {
            return Some(format!("{word} {next}"));
        }
    }
    None
}

#[test]
fn screens_and_sentences_name_keys_as_they_are_bound() {
    let strange = strange();
    let mut wrong = Vec::new();
    // Questions are put into words when they are asked.
    for (name, scene) in SCENES.iter().filter(|(name, _)| *name != "quit") {
        let mut world = scene((120, 40));
        world.model.toast = None;
        assert!(usual_key("Now Esc clears it.").is_some() && usual_key("c cancels").is_some());
        world.model.keys = Arc::clone(&strange.model.keys);
        let shown = shot(&world.model);
        for line in shown.lines() {
            wrong.extend(usual_key(line).map(|key| format!("{key} in {name}: {}", line.trim())));
        }
    }
    for place in commands::ANYWHERE.iter().copied().filter(|place| *place != Place::Confirm) {
        for command in commands::at(place) {
            let mut world = at(place);
            world.model.keys = Arc::clone(&strange.model.keys);
            world.model.toast = None;
            for key in world.model.keys.keys(command, place) {
                world.send(Msg::Key(key));
            }
            let told = world.model.toast.as_ref().map(|toast| toast.text.clone());
            let told = told.unwrap_or_default();
            let id = command.id;
            wrong.extend(
                usual_key(&told).map(|key| format!("{key} of {id:?} at {place:?}: {told}")),
            );
            if let Some(Dialog::Confirm(question)) = world.model.dialogs.last() {
                let text = &question.text;
                wrong.extend(usual_key(text).map(|key| format!("{key} of {id:?}: {text}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sentence_names_the_usual_key_while_it_is_one_and_else_the_name_of_the_command() {
    let mut keys = crate::tui::keymap::Keymap::default();
    assert_eq!(keys.told(Id::No, Place::Confirm, "esc"), "Esc");
    assert_eq!(keys.told(Id::No, Place::Confirm, ""), "n");
    let wishes = [("no", vec!["f2".to_owned()]), ("add-all", Vec::new())];
    assert_eq!(keys.rebind(wishes), Vec::<String>::new());
    assert_eq!(keys.told(Id::No, Place::Confirm, "esc"), "F2");
    assert_eq!(keys.told(Id::AddAll, Place::Queue, ""), ":Add All");
    assert_eq!(keys.told(Id::AddAll, Place::Log, ""), "", "it does not apply there");
}
