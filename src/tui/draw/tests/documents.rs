//! The screens and keys in the documentation are those of the program. With
//! `SYNCDECK_UPDATE_DOCS=1` they are written anew.

use super::{SCENES, scheduled, shot};
use crate::model::{Progress, RunStatus};
use crate::tui::commands::{self, COMMANDS, Place};
use crate::tui::fixture::{self, World};
use crate::tui::keys::Key;
use crate::tui::msg::Msg;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The program at work, with a connector of every service.
fn tour(size: (u16, u16)) -> World {
    let mut world = fixture::model(size);
    let services = [("shop", "woocommerce"), ("zoho", "zoho"), ("magento", "magento")];
    let named = services.into_iter().chain([("irujul", "irujul")]);
    for (row, (name, service)) in world.overview.connectors.iter_mut().zip(named) {
        row.connector.name = name.into();
        row.connector.service = service.into();
        row.last = Some(fixture::run(
            30 + u64::from(row.connector.id),
            row.connector.id,
            RunStatus::Completed,
            "2026-11-21T12:31:00Z",
        ));
    }
    world.overview.connectors[3].last.as_mut().unwrap().status = RunStatus::Failed;
    world.overview.connectors[3].last.as_mut().unwrap().error = Some(fixture::auth_error());
    world.overview.connectors[1].undecided = 2;
    world.send(Msg::StoreChanged);
    let running = Progress { module: Some(crate::model::Module::Contacts), ..fixture::progress() };
    world.send(Msg::Progress(BTreeMap::from([(2, running)])));
    let mut world = scheduled(world);
    world.press("j l l l");
    world.model.toast = None;
    world
}

/// The scene of this name.
fn scene(name: &str) -> World {
    if name == "tour" {
        return tour((80, 24));
    }
    let found = SCENES.iter().find(|(scene, _)| *scene == name);
    (found.unwrap_or_else(|| panic!("no scene {name}")).1)((80, 24))
}

/// The commands with their usual keys, as a table.
fn keys() -> String {
    let mut lines = vec![
        "| command | keys | where | what it does |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for command in COMMANDS {
        let keys: Vec<_> = command
            .keys
            .iter()
            .filter_map(|name| Key::parse(name).map(|_| format!("`{}`", name.replace('|', "\\|"))))
            .collect();
        let all = command.places.len() == commands::ANYWHERE.len();
        let places: Vec<_> =
            command.places.iter().map(|place| commands::place_name(*place)).collect();
        let places = if all { "everywhere".to_owned() } else { places.join(", ") };
        let name = commands::name(command.id);
        lines.push(format!("| `{name}` | {} | {places} | {} |", keys.join(" "), command.help));
    }
    lines.join("\n")
}

/// What stands between the marks of a file now, and what should.
fn renewed(text: &str, shown: &mut BTreeSet<String>) -> String {
    let mut lines = text.lines().peekable();
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        all.push(line.to_owned());
        let mark = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        let block = match mark.and_then(|mark| mark.split_once(' ').or(Some((mark, "")))) {
            Some(("screen", name)) => {
                shown.insert(name.to_owned());
                format!("```text\n{}\n```", shot(&scene(name).model).trim_end())
            }
            Some(("keys", "")) => keys(),
            _ => continue,
        };
        all.extend(block.lines().map(str::to_owned));
        for line in lines.by_ref() {
            if line == "<!-- end -->" {
                all.push(line.to_owned());
                break;
            }
        }
    }
    all.join("\n") + "\n"
}

#[test]
fn the_documentation_shows_the_screens_and_keys_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown = BTreeSet::new();
    for file in ["README.md", "docs/screens.md", "docs/keys.md"] {
        let path = root.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let wanted = renewed(&text, &mut shown);
        if std::env::var_os("SYNCDECK_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert_eq!(
                text, wanted,
                "{file} is stale: SYNCDECK_UPDATE_DOCS=1 cargo test --lib documents"
            );
        }
    }
    // Every place where keys mean something is shown, but the one that is too small for it.
    let places: Vec<Place> = shown.iter().map(|name| scene(name).model.place()).collect();
    for place in commands::ANYWHERE {
        assert!(places.contains(place) || *place == Place::TooSmall, "{place:?} is not shown");
    }
}

/// All Rust sources of the project, in one text.
fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_expectation_names_tests_and_pictures_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in ["src", "tests"] {
        sources(&root.join(folder), &mut code);
    }
    let text = std::fs::read_to_string(root.join("docs/expectations.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    let mut count = 0;
    for row in rows {
        let mut cells = row.trim_matches('|').rsplitn(2, '|');
        let (shown, what) = (cells.next().unwrap().trim(), cells.next().unwrap().trim());
        if what.starts_with("**") {
            continue;
        }
        count += 1;
        assert!(!shown.is_empty(), "{what} is shown by nothing");
        for name in shown.split('`').skip(1).step_by(2) {
            match name.strip_prefix("picture ") {
                Some(scene) => {
                    assert!(SCENES.iter().any(|(name, _)| *name == scene), "no picture {scene}");
                }
                None => assert!(code.contains(&format!("fn {name}(")), "no test {name}: {what}"),
            }
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn every_picture_is_kept_in_both_sizes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui/draw/snapshots");
    let mut places = BTreeSet::new();
    for (name, scene) in SCENES {
        for size in ["80x24", "120x40"] {
            let file = root.join(format!("syncdeck__tui__draw__tests__{name}_{size}.snap"));
            assert!(file.exists(), "{name} at {size}");
        }
        places.insert(commands::place_name(scene((80, 24)).model.place()));
    }
    // No screen and no dialog is left out.
    for place in commands::ANYWHERE.iter().filter(|place| **place != Place::TooSmall) {
        assert!(places.contains(&commands::place_name(*place)), "{place:?} has no picture");
    }
}
