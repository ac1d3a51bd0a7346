//! The administrator's file for the screens, `tui.toml` in the settings folder: keys, colours, what
//! the terminal can show. What in it cannot be used is told, and the rest is used.

use super::keymap::Keymap;
use super::theme::{Palette, Theme, colour_of};
use crate::model::UserError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The file's name.
pub const FILE: &str = "tui.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    theme: Option<String>,
    ascii: Option<bool>,
    links: Option<bool>,
    mouse: bool,
    colours: BTreeMap<String, String>,
    keys: BTreeMap<String, Keys>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Many(Vec<String>),
}

impl Keys {
    fn names(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How the terminal is drawn on.
    pub theme: Theme,
    /// Keys.
    pub keys: Keymap,
    /// The mouse is used.
    pub mouse: bool,
    /// What in it cannot be used, in sentences.
    pub wrong: Vec<String>,
}

/// Reads the file of a folder over what the environment asks for. Without a file all is as usual.
pub fn read(folder: &Path, theme: Theme) -> Config {
    match std::fs::read_to_string(folder.join(FILE)) {
        Ok(text) => parse(&text, theme),
        Err(error) if error.kind() == io::ErrorKind::NotFound => parse("", theme),
        Err(error) => {
            let wrong = vec![format!("It cannot be read: {error}.")];
            Config { wrong, ..parse("", theme) }
        }
    }
}

/// What is said of a file of which something cannot be used.
pub fn told(folder: &Path, wrong: &[String]) -> Option<UserError> {
    let first = wrong.first()?;
    let what = match wrong.len() {
        1 => format!("A line of {FILE} is not used."),
        n => format!("{n} lines of {FILE} are not used."),
    };
    let why = if wrong.len() == 1 { first.clone() } else { wrong.join(" · ") };
    let path = folder.join(FILE);
    Some(UserError::new(what, why, format!("Correct {}, then start again.", path.display())))
}

/// What is wrong with the file of a folder, for `doctor`; `None`: nothing, or there is no file.
pub fn check(folder: &Path) -> Option<UserError> {
    let theme = Theme::from_env(|_| None);
    told(folder, &read(folder, theme).wrong)
}

/// Reads the file's text.
pub fn parse(text: &str, theme: Theme) -> Config {
    let mut config = Config { theme, keys: Keymap::default(), mouse: false, wrong: Vec::new() };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            let line = line.map(|line| format!("Line {line}: ")).unwrap_or_default();
            config.wrong.push(format!("{line}{}; nothing of the file is used.", error.message()));
            return config;
        }
    };
    match file.theme.as_deref() {
        None | Some("auto") => {}
        Some("light") => config.theme.palette = Palette::LIGHT,
        Some("dark") => config.theme.palette = Palette::DARK,
        Some("none") => config.theme.colour = false,
        Some(other) => {
            config.wrong.push(format!("theme: \"{other}\" is none of auto, light, dark, none."));
        }
    }
    config.theme.ascii = file.ascii.unwrap_or(config.theme.ascii);
    config.theme.links = file.links.unwrap_or(config.theme.links);
    config.mouse = file.mouse;
    for (role, name) in file.colours {
        let palette = &mut config.theme.palette;
        let place = match role.as_str() {
            "good" => &mut palette.good,
            "warn" => &mut palette.warn,
            "bad" => &mut palette.bad,
            "accent" => &mut palette.accent,
            _ => {
                let text = format!("colours: \"{role}\" is none of good, warn, bad, accent.");
                config.wrong.push(text);
                continue;
            }
        };
        match colour_of(&name) {
            Some(colour) => *place = colour,
            None => config.wrong.push(format!(
                "colours: \"{name}\" is none of the sixteen, such as green or light-blue."
            )),
        }
    }
    let wishes: Vec<_> = file.keys.into_iter().map(|(name, keys)| (name, keys.names())).collect();
    let wishes = wishes.iter().map(|(name, keys)| (name.as_str(), keys.clone()));
    config.wrong.extend(config.keys.rebind(wishes));
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::commands::{Id, Place};
    use ratatui::style::Color;

    fn plain() -> Theme {
        Theme::from_env(|name| (name == "LANG").then(|| "C.UTF-8".to_owned()))
    }

    #[test]
    fn the_file_of_the_documentation_is_good() {
        let text = include_str!("../../docs/keys.md");
        let example = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let config = parse(example, plain());
        assert_eq!(config.wrong, Vec::<String>::new());
        assert_eq!(config.theme.palette.warn, Color::Magenta);
        assert_eq!(config.keys.of(Id::SyncNow, Place::Log), "F5");
    }

    #[test]
    fn without_a_file_all_is_as_usual() {
        let folder = tempfile::tempdir().unwrap();
        let config = read(folder.path(), plain());
        assert_eq!((config.theme, config.wrong.len()), (plain(), 0));
        assert_eq!(check(folder.path()), None);
    }

    #[test]
    fn what_cannot_be_used_is_told_and_the_rest_is_used() {
        let text = "theme = \"pink\"\nascii = true\nlinks = true\n[colours]\nwarn = \"mauve\"\n\
                    mood = \"red\"\nbad = \"light-red\"\n[keys]\nsync-nwo = \"s\"\nsync-now = \"f5\"\n";
        let config = parse(text, plain());
        assert_eq!(config.wrong.len(), 4, "{:?}", config.wrong);
        assert!(config.theme.ascii && config.theme.links);
        assert_eq!(config.theme.palette.bad, Color::LightRed);
        assert_eq!(config.keys.of(Id::SyncNow, Place::Log), "F5");
        let error = told(Path::new("/etc"), &config.wrong).unwrap();
        assert!(
            error.what.contains("4 lines") && error.next.contains("/etc/tui.toml"),
            "{error:?}"
        );
    }

    #[test]
    fn a_file_that_is_no_toml_or_names_something_unknown_is_told_with_its_line() {
        for (text, told) in [
            ("theme = \"light\"\nascii = maybe\n", "Line 2"),
            ("a = 1\n", "unknown field"),
            ("[keys]\nsync-now = 5\n", "Line 2"),
        ] {
            let config = parse(text, plain());
            assert!(config.wrong[0].contains(told), "{:?}", config.wrong);
            assert_eq!(config.theme, plain());
        }
    }
}
