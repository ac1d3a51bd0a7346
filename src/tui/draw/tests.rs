//! Pictures of every screen and dialog, and what must hold for all of them.

pub mod consent;
mod documents;
mod styles;

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

type Scene = (&'static str, fn((u16, u16)) -> World);

fn after(size: (u16, u16), keys: &str) -> World {
    let mut world = fixture::model(size);
    world.press(keys);
    world
}

/// Connectors that are due in a while, watched, on hold and in trouble.
fn scheduled(mut world: World) -> World {
    let due = |minutes: u64, watched, trouble| {
        let at = fixture::now().plus(std::time::Duration::from_secs(60 * minutes));
        Outlook::Due(Due { at, watched, trouble })
    };
    let trouble = Some(fixture::auth_error());
    let schedule = [
        (1, due(4, true, trouble)),
        (2, due(12, false, None)),
        (3, Outlook::Held(41)),
        (4, due(90, false, None)),
    ];
    world.send(Msg::Schedule(schedule.into()));
    world
}

/// The mapping of Contacts with a line of its own, one switched off, and one changed.
fn changed(size: (u16, u16), keys: &str) -> World {
    let mut world = after(size, "3 ] + enter");
    world.type_text("vat").press("enter enter");
    world.type_text("meta_data.vat_number").press("enter ctrl-s /").type_text("city");
    world.press("enter j t esc g j j enter tab tab tab tab right tab").type_text("20");
    world.press("ctrl-s").press(keys);
    world.model.toast = None;
    world
}

/// Every screen and dialog.
pub const SCENES: &[Scene] = &[
    ("log", |size| after(size, "")),
    ("log_service_table", |size| after(size, "tab l l")),
    ("log_failed_run", |size| after(size, "j j")),
    ("log_running", |size| {
        let mut world = after(size, "s");
        world.send(Msg::Progress(BTreeMap::from([(1, fixture::progress())])));
        world.model.toast = None;
        world
    }),
    ("log_scheduled", |size| scheduled(after(size, ""))),
    ("settings_scheduled", |size| scheduled(after(size, "2"))),
    ("log_cancelling", |size| {
        let mut world = after(size, "s");
        world.send(Msg::Progress(BTreeMap::from([(1, fixture::progress())]))).press("c");
        world.model.toast = None;
        world
    }),
    ("log_empty", |size| after(size, "backtab G k k g j j j l")),
    ("one_way", |size| {
        let mut world = fixture::model(size);
        for module in world.overview.connectors[0].connector.modules.values_mut() {
            module.direction = crate::model::Direction::ToVtiger;
        }
        world.send(Msg::StoreChanged);
        let mut runs = fixture::runs();
        for counts in runs.iter_mut().flat_map(|run| run.modules.values_mut()) {
            counts.service = crate::model::Counts::default();
        }
        let (connector, generation) = (1, world.model.log.generation);
        world.send(Msg::Runs { connector, generation, runs, more: true });
        world
    }),
    ("connectors", |size| after(size, "backtab")),
    ("available", |size| after(size, "backtab G k")),
    ("crm_settings", |size| after(size, "backtab G")),
    ("settings", |size| after(size, "2")),
    ("mapping", |size| after(size, "3 ]")),
    ("mapping_changed", |size| changed(size, "")),
    ("mapping_filtered", |size| {
        let mut world = after(size, "3 ] /");
        world.type_text("mailing");
        world
    }),
    ("mapping_line", |size| after(size, "3 ] j enter tab tab tab tab")),
    ("mapping_line_told", |size| {
        let mut world = after(size, "3 ] G enter tab tab tab tab right");
        world.press("tab").type_text("30").press("ctrl-t esc");
        world
    }),
    ("mapping_line_advanced", |size| {
        let mut world = after(size, "3 ] j j enter backtab backtab enter");
        world.press("tab tab tab tab").type_text("manage = maybe").press("ctrl-s");
        world
    }),
    ("mapping_add", |size| after(size, "3 ] +")),
    ("mapping_pick", |size| {
        let mut world = after(size, "3 ] + enter");
        world.type_text("street");
        world
    }),
    ("mapping_pick_service", |size| {
        after(size, "3 ] + tab enter down down down down tab down tab")
    }),
    ("mapping_try", |size| after(size, "3 ] j j u")),
    ("mapping_diff", |size| changed(size, "ctrl-s")),
    ("mapping_remove", |size| changed(size, "X")),
    ("mapping_restore", |size| changed(size, "R")),
    ("mapping_export", |size| after(size, "3 ] x")),
    ("mapping_import", |size| after(size, "3 ] i")),
    ("mapping_leave", |size| changed(size, "q")),
    ("queue", |size| after(size, "4 j j")),
    ("queue_all", |size| after(size, "4 j")),
    ("queue_filtered", |size| {
        let mut world = after(size, "4 /");
        world.type_text("left out");
        world
    }),
    ("queue_drop", |size| after(size, "4 d")),
    ("queue_decide", |size| after(size, "4 j j m j")),
    ("queue_link", |size| after(size, "4 j j m j enter")),
    ("queue_add_all", |size| after(size, "4 A")),
    ("detail_queue", |size| after(size, "4 j j enter")),
    ("held_notice", |size| fixture::with_held(size)),
    ("held_plan", |size| {
        let mut world = fixture::with_held(size);
        world.press("H v");
        world
    }),
    ("held_plan_confirm", |size| {
        let mut world = fixture::with_held(size);
        world.press("H v y");
        world
    }),
    ("debug", |size| {
        let mut world = fixture::model(size);
        world.overview.connectors[0].connector.debug = true;
        world.send(Msg::StoreChanged).press("5 j j");
        world
    }),
    ("debug_switched_off", |size| after(size, "5 G")),
    ("debug_empty", |size| after(size, "5 backtab j tab")),
    ("debug_search", |size| {
        let mut world = after(size, "5 /");
        world.type_text("müller");
        world
    }),
    ("exchange_form", |size| after(size, "5 j j j j j j j j j enter j")),
    ("exchange_cut", |size| after(size, "5 j j j enter")),
    ("exchange_failed", |size| after(size, "5 j enter")),
    ("exchange_remark", |size| after(size, "5 j j j j enter")),
    ("records_created", |size| after(size, "enter")),
    ("records_skipped", |size| after(size, "j l l l enter")),
    ("records_filtered", |size| {
        let mut world = after(size, "j enter /");
        world.type_text("müller");
        world
    }),
    ("records_sorted", |size| after(size, "j enter > > v j")),
    ("conflicts", |size| after(size, "C")),
    ("detail_created", |size| after(size, "j enter j enter")),
    ("detail_skipped", |size| after(size, "j l l l enter enter")),
    ("detail_conflict", |size| after(size, "C enter")),
    ("plan", |size| {
        let mut world = after(size, "p");
        let run = fixture::run(43, 1, RunStatus::Preview, "2026-11-21T12:44:00Z");
        let result = Ok(Box::new(run));
        world.send(Msg::SyncEnded { connector: 1, mode: SyncMode::Preview, result });
        world
    }),
    ("held", |size| {
        let mut world = after(size, "backtab j j l");
        world.press("k enter");
        world
    }),
    ("held_confirm", |size| {
        let mut world = after(size, "backtab j j l");
        world.press("k enter y");
        world
    }),
    ("error", |size| {
        let mut world = after(size, "s");
        let mut run = fixture::run(43, 1, RunStatus::Failed, "2026-11-21T12:44:00Z");
        run.error = Some(fixture::auth_error());
        world.send(Msg::SyncEnded {
            connector: 1,
            mode: SyncMode::Sync,
            result: Ok(Box::new(run)),
        });
        world
    }),
    ("csv", |size| after(size, "j enter x")),
    ("csv_replace", |size| after(size, "j enter x enter")),
    ("welcome", |size| World::blank(size)),
    ("form_crm", |size| after(size, "V")),
    ("form_shop_bad", |size| {
        let mut world = after(size, "2 e ctrl-u tab ctrl-u");
        world.type_text("ftp://x").press("ctrl-s");
        world
    }),
    ("form_checked", |size| {
        let mut world = after(size, "V ctrl-t");
        world.send(Msg::Checked {
            form: world.model.serial,
            report: Ok(Box::new(fixture::report())),
        });
        world
    }),
    ("form_check_failed", |size| {
        let mut world = after(size, "2 e ctrl-t");
        let report = crate::model::CheckReport {
            ok: false,
            problems: vec![fixture::auth_error()],
            modules: Vec::new(),
            ..fixture::report()
        };
        world.send(Msg::Checked { form: world.model.serial, report: Ok(Box::new(report)) });
        world
    }),
    ("form_settings", |size| after(size, "2 e ctrl-n ctrl-n down down down right")),
    ("form_module", |size| after(size, "2 e ctrl-n ctrl-n ctrl-n tab tab tab")),
    ("form_advanced", |size| after(size, "2 e ctrl-p ctrl-p down down down down")),
    ("form_new", |size| after(size, "a enter ctrl-n")),
    ("remove", |size| after(size, "backtab X")),
    ("form_leave", |size| {
        let mut world = after(size, "2 e");
        world.type_text("x").press("esc");
        world
    }),
    ("history", |size| after(size, "j enter h j")),
    ("mend", |size| after(size, "j l l l enter enter f")),
    ("filter_terms", |size| {
        let mut world = after(size, "j l l l enter > v /");
        world.type_text("status:skipped from:noon");
        world
    }),
    ("decisions", |size| {
        let mut world = fixture::with_held(size);
        world.overview.connectors[0].undecided = 3;
        world.send(Msg::StoreChanged).press("j enter H");
        world
    }),
    ("preview_empty", |size| {
        let mut world = fixture::model(size);
        let mut run = fixture::run(43, 1, RunStatus::Preview, "2026-11-21T12:44:00Z");
        run.modules.clear();
        let ended =
            Msg::SyncEnded { connector: 1, mode: SyncMode::Preview, result: Ok(Box::new(run)) };
        world.send(ended);
        world.model.toast = None;
        world
    }),
    ("start_never_synced", |size| {
        let mut overview = fixture::overview();
        overview.connectors.retain(|row| matches!(row.connector.id, 2 | 4));
        for row in &mut overview.connectors {
            row.last = None;
        }
        fixture::of(size, overview)
    }),
    ("consent", |size| consent::after(size, "j")),
    ("consent_code", consent::pasted),
    ("consent_address", |size| consent::after(size, "j j enter")),
    ("consent_device", |size| consent::after(size, "j enter")),
    ("consent_given", consent::given),
    ("services", |size| after(size, "a")),
    ("help", |size| after(size, "?")),
    ("help_filtered", |size| {
        let mut world = after(size, "? /");
        world.type_text("records");
        world
    }),
    ("held_confirm_name", |size| {
        let mut world = fixture::with_held(size);
        world.press("H v y").type_text("sho");
        world
    }),
    ("palette", |size| {
        let mut world = after(size, ":");
        world.type_text("sync");
        world
    }),
    ("quit", |size| after(size, "s ctrl-c")),
];

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
