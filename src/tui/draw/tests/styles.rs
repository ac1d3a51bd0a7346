//! Colours and weight say the same as the words beside them: what is well, to be looked at, wrong, at
//! work; what is chosen; which key can be used.

use super::{SCENES, picture, text_of};
use crate::tui::msg::Msg;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// Colour and weight of the first cell of a text.
fn style(buffer: &Buffer, text: &str) -> (Color, Modifier) {
    let shown = text_of(buffer);
    let found = shown.lines().enumerate().find_map(|(y, line)| {
        let at = line.find(text)?;
        Some((line[..at].width(), y))
    });
    let (x, y) = found.unwrap_or_else(|| panic!("\"{text}\" is not in\n{shown}"));
    let cell = &buffer[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())];
    (cell.fg, cell.modifier)
}

fn scene(name: &str) -> Buffer {
    let found = SCENES.iter().find(|(scene, _)| *scene == name);
    picture(&(found.unwrap_or_else(|| panic!("no scene {name}")).1)((80, 24)).model)
}

const NONE: Modifier = Modifier::empty();

#[test]
fn words_of_state_rows_keys_and_errors_have_their_styles() {
    let mut wrong = Vec::new();
    for (name, text, colour, weight) in [
        // How connectors stand.
        ("connectors", "failed: The", Color::Red, NONE),
        ("connectors", "held: decide", Color::Yellow, NONE),
        ("log_running", "42 % Prod", Color::Cyan, NONE),
        ("log", "● crm.example.com", Color::Green, NONE),
        // How runs stand.
        ("log", "✕ failed: The shop", Color::Red, NONE),
        ("log_running", "◐ Products  reading", Color::Cyan, NONE),
        ("log_cancelling", "◐ cancelling…", Color::Cyan, NONE),
        ("held_notice", "‖ The sync of wholesale-eu is held", Color::Yellow, NONE),
        // What is chosen.
        ("log", "[12]", Color::Reset, Modifier::REVERSED),
        ("connectors", "▸● shop", Color::Reset, Modifier::REVERSED),
        ("records_created", "▸Customers", Color::Reset, Modifier::REVERSED),
        ("queue", "▸Contacts", Color::Reset, Modifier::REVERSED),
        ("debug", "▸12:44", Color::Reset, Modifier::REVERSED),
        ("history", "▸2026", Color::Reset, Modifier::REVERSED),
        ("help", "▸s ", Color::Reset, Modifier::REVERSED),
        ("palette", "▸Sync Now", Color::Reset, Modifier::REVERSED),
        ("services", "▸ iRujul", Color::Reset, Modifier::REVERSED),
        ("log", "[1 Log]", Color::Reset, Modifier::REVERSED),
        // Keys that can be used, and that cannot.
        ("log", "s Sync Now", Color::Cyan, Modifier::BOLD),
        ("available", "s Sync Now", Color::Reset, Modifier::DIM),
        ("available", "a add", Color::Cyan, Modifier::BOLD),
        ("log_running", "c cancel", Color::Cyan, Modifier::BOLD),
        // What is wrong, and what is well.
        ("error", "The shop refused the consumer key.", Color::Red, NONE),
        ("form_shop_bad", "✕", Color::Red, NONE),
        ("form_checked", "✓ Connected", Color::Green, NONE),
        ("form_check_failed", "✕ This connection", Color::Red, NONE),
        ("mapping_line_advanced", "✕ Write manage", Color::Red, NONE),
        ("debug_switched_off", "Debug Mode is off", Color::Yellow, NONE),
        ("exchange_failed", "no answer", Color::Red, NONE),
        ("consent_given", "✓ The consent", Color::Green, NONE),
        ("csv_replace", "[ Esc Cancel ]", Color::Reset, Modifier::REVERSED),
        ("remove", "[ Esc Cancel ]", Color::Reset, Modifier::REVERSED),
    ] {
        let found = style(&scene(name), text);
        if found != (colour, weight) {
            wrong.push(format!("{text} in {name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn toasts_are_told_by_mark_and_colour() {
    let mut world = super::after((80, 24), "s");
    let buffer = picture(&world.model);
    assert_eq!(style(&buffer, "✓ Sync of shop started").0, Color::Green);
    world.press("s");
    assert_eq!(style(&picture(&world.model), "! shop is being synced").0, Color::Yellow);
    world.send(Msg::Failed(crate::tui::fixture::auth_error()));
    assert_eq!(style(&picture(&world.model), "https://shop.example.com answered").0, Color::Reset);
}
