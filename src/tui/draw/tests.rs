//! Pictures of every screen and dialog, and what must hold for all of them.

pub mod consent;
mod documents;
mod scenes;
mod styles;

pub use scenes::SCENES;
use scenes::{after, scheduled};

use crate::engine::{Due, Outlook, SyncMode};
use crate::model::{Progress, RunStatus, UserError};
use crate::tui::draw::draw;
use crate::tui::fixture::{self, World};
use crate::tui::model::Model;
use crate::tui::msg::{Msg, Row};
use crate::tui::theme::Theme;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

/// Draws a model on a terminal of its size.
pub fn picture(model: &Model) -> Buffer {
    let (width, height) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The text of a picture, without blanks at the ends of lines.
pub fn text_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let mut lines = Vec::new();
    for row in buffer.content.chunks(width) {
        let mut line = String::new();
        let mut skip = 0;
        for cell in row {
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = cell.symbol().width().saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

pub fn shot(model: &Model) -> String {
    text_of(&picture(model))
}

#[test]
fn every_screen_at_80_by_24() {
    for (name, scene) in SCENES {
        insta::assert_snapshot!(format!("{name}_80x24"), shot(&scene((80, 24)).model));
    }
}

#[test]
fn every_screen_at_120_by_40() {
    for (name, scene) in SCENES {
        insta::assert_snapshot!(format!("{name}_120x40"), shot(&scene((120, 40)).model));
    }
}

#[test]
fn a_small_terminal_shows_one_pane() {
    for name in [
        "log",
        "connectors",
        "records_skipped",
        "detail_skipped",
        "form_crm",
        "error",
        "held",
        "mapping_changed",
        "mapping_line_told",
        "mapping_pick_service",
        "mapping_try",
        "mapping_diff",
    ] {
        let scene = SCENES.iter().find(|(n, _)| *n == name).unwrap().1;
        insta::assert_snapshot!(format!("{name}_60x15"), shot(&scene((60, 15)).model));
    }
}

#[test]
fn a_terminal_that_is_too_small_says_so_and_takes_no_keys_but_quit() {
    let mut world = fixture::model((48, 12));
    assert_eq!(
        shot(&world.model).lines().next(),
        Some("too small (need 60x15, have 48x12)  q quit")
    );
    world.press("s enter x");
    assert!(world.seen.iter().all(|e| !matches!(e, crate::tui::msg::Effect::Sync { .. })));
    assert!(world.model.screens.is_empty());
    world.press("q");
    assert!(world.asked(|e| *e == crate::tui::msg::Effect::Quit));
}

#[test]
fn no_cell_has_a_control_character_and_colours_are_the_sixteen() {
    for (name, scene) in SCENES {
        let buffer = picture(&scene((80, 24)).model);
        for cell in &buffer.content {
            assert!(!cell.symbol().chars().any(char::is_control), "{name}");
            for colour in [cell.fg, cell.bg] {
                assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)), "{name}");
            }
            assert_eq!(cell.bg, Color::Reset, "{name}: the terminal's own background");
        }
    }
}

#[test]
fn without_colours_and_beyond_ascii_everything_is_still_told() {
    for (name, scene) in SCENES {
        let mut world = scene((80, 24));
        world.model.theme = Theme { colour: false, ascii: true, ..world.model.theme };
        let buffer = picture(&world.model);
        assert!(buffer.content.iter().all(|c| c.symbol().is_ascii()), "{name}");
        assert!(buffer.content.iter().all(|c| c.fg == Color::Reset), "{name}");
    }
    let mut world = fixture::model((80, 24));
    world.model.theme = Theme { colour: false, ascii: true, ..world.model.theme };
    insta::assert_snapshot!("log_ascii_80x24", shot(&world.model));
}

#[test]
fn the_cursor_is_marked_by_brackets_and_by_reversed_cells() {
    let world = fixture::model((80, 24));
    let buffer = picture(&world.model);
    let text = text_of(&buffer);
    let (y, line) = text.lines().enumerate().find(|(_, l)| l.contains("[12]")).unwrap();
    let x = line[..line.find("[12]").unwrap()].width();
    let cell = &buffer[(u16::try_from(x).unwrap() + 1, u16::try_from(y).unwrap())];
    assert!(cell.modifier.contains(Modifier::REVERSED));
}

#[test]
fn drawing_changes_nothing_and_is_repeatable() {
    for (_, scene) in SCENES {
        let world = scene((80, 24));
        assert_eq!(picture(&world.model), picture(&world.model));
    }
}

#[test]
fn a_list_of_a_million_rows_builds_the_visible_ones() {
    let mut world = after((80, 24), "j tab enter");
    // 1,234,567 products were updated in the shop.
    world.press("esc k l enter G");
    let text = shot(&world.model);
    assert!(text.contains("row 1,234,567 of 1,234,567"), "{text}");
    let pages = world.seen.iter().filter_map(|e| match e {
        crate::tui::msg::Effect::Page(request) => Some(request),
        _ => None,
    });
    for request in pages {
        assert!(request.count <= 60);
    }
    let started = std::time::Instant::now();
    for _ in 0..20 {
        picture(&world.model);
    }
    assert!(started.elapsed().as_millis() < 2_000, "{:?}", started.elapsed());
}

#[test]
fn wide_and_right_to_left_names_leave_the_columns_where_they_are() {
    let world = after((120, 40), "j enter");
    let buffer = picture(&world.model);
    // The column of the Vtiger ids begins at the same cell in every row.
    let column = |y: u16| {
        (0..120).find(|x| {
            buffer[(*x, y)].symbol() == "1"
                && buffer[(*x + 1, y)].symbol() == "2"
                && buffer[(*x + 2, y)].symbol() == "x"
        })
    };
    let first = column(3).unwrap();
    for y in 4..30 {
        assert_eq!(column(y), Some(first), "row {y}");
    }
}

#[test]
fn an_error_of_any_length_can_be_scrolled() {
    let mut world = fixture::model((80, 24));
    world.send(Msg::Failed(UserError::new("what ".repeat(300), "", "next")));
    let before = shot(&world.model);
    world.press("G");
    assert_ne!(before, shot(&world.model));
    assert!(shot(&world.model).contains("next"));
}

#[test]
fn progress_without_a_total_shows_what_is_known() {
    let mut world = fixture::model((80, 24));
    let progress = Progress { step: "reading Vtiger".into(), done: 12, ..Progress::default() };
    world.model.started.insert(1);
    world.send(Msg::Progress(BTreeMap::from([(1, progress)])));
    assert!(shot(&world.model).contains("◐ reading Vtiger 12"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_size_can_be_drawn(width in 1u16..200, height in 1u16..60, scene in 0..SCENES.len()) {
        let mut world = (SCENES[scene].1)((80, 24));
        world.send(Msg::Resize(width, height));
        picture(&world.model);
    }

    #[test]
    fn any_name_can_be_drawn(name in "\\PC{0,60}|[\u{0}-\u{2ff}]{0,40}") {
        let mut world = after((80, 24), "j enter");
        let request = world.seen.iter().rev().find_map(|e| match e {
            crate::tui::msg::Effect::Page(request) => Some(request.clone()),
            _ => None,
        }).unwrap();
        let key = crate::tui::msg::RowKey::new(0, 0);
        let mut item = fixture::item(key, request.source.parts[0], false);
        item.name = name;
        let page = crate::tui::msg::Page { view: request.view, lengths: vec![1], from: 0, rows: vec![Row { key, item }], around: None };
        world.send(Msg::Page(page));
        let buffer = picture(&world.model);
        prop_assert!(buffer.content.iter().all(|c| !c.symbol().chars().any(char::is_control)));
        world.press("enter");
        picture(&world.model);
    }
}
