//! Keys as the command table names them: read from the terminal's events, parsed from text
//! (`ctrl-s`, `enter`, `G`) and shown to people.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::fmt;

/// A key press, without the modifiers that no terminal sends reliably.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key. A capital letter is a letter of its own.
    pub code: KeyCode,
    /// With Ctrl.
    pub ctrl: bool,
}

impl Key {
    /// A key without Ctrl.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    /// The key that types this character.
    #[cfg(test)]
    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    /// The keys of a terminal event. Alt with a key is Esc and that key: over a slow line the
    /// terminal cannot tell them apart, and nothing here is bound to Alt.
    pub fn from_event(event: KeyEvent) -> Vec<Self> {
        if event.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        let key = Self { code, ctrl };
        if event.modifiers.contains(KeyModifiers::ALT) {
            vec![Self::plain(KeyCode::Esc), key]
        } else {
            vec![key]
        }
    }

    /// Reads `ctrl-s`, `enter`, `f1`, `G`.
    pub fn parse(text: &str) -> Option<Self> {
        let (ctrl, name) = match text.strip_prefix("ctrl-") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let named = NAMES.iter().find(|(_, n, _)| *n == name);
        let code = match (named, name.chars().next()) {
            (Some((code, _, _)), _) => *code,
            (None, Some('f')) if name.len() > 1 => {
                KeyCode::F(name[1..].parse().ok().filter(|n| (1..=12).contains(n))?)
            }
            (None, Some(c)) if name.chars().count() == 1 => KeyCode::Char(c),
            _ => return None,
        };
        Some(Self { code, ctrl })
    }

    /// The character it types into a field, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl => Some(c),
            _ => None,
        }
    }
}

/// Code, name in the command table, name for people.
const NAMES: [(KeyCode, &str, &str); 15] = [
    (KeyCode::Enter, "enter", "Enter"),
    (KeyCode::Esc, "esc", "Esc"),
    (KeyCode::Tab, "tab", "Tab"),
    (KeyCode::BackTab, "backtab", "Shift-Tab"),
    (KeyCode::Backspace, "backspace", "Backspace"),
    (KeyCode::Delete, "delete", "Del"),
    (KeyCode::Up, "up", "↑"),
    (KeyCode::Down, "down", "↓"),
    (KeyCode::Left, "left", "←"),
    (KeyCode::Right, "right", "→"),
    (KeyCode::Home, "home", "Home"),
    (KeyCode::End, "end", "End"),
    (KeyCode::PageUp, "pageup", "PgUp"),
    (KeyCode::PageDown, "pagedown", "PgDn"),
    (KeyCode::Char(' '), "space", "Space"),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        match NAMES.iter().find(|(code, _, _)| *code == self.code) {
            Some((_, _, label)) => f.write_str(label),
            None => match self.code {
                KeyCode::Char(c) => write!(f, "{c}"),
                KeyCode::F(n) => write!(f, "F{n}"),
                other => write!(f, "{other}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_shown() {
        for (text, shown) in [("ctrl-s", "Ctrl-s"), ("enter", "Enter"), ("G", "G"), ("/", "/")] {
            assert_eq!(Key::parse(text).unwrap().to_string(), shown);
        }
        assert_eq!(Key::parse("nonsense"), None);
        assert_eq!(Key::parse(""), None);
    }

    #[test]
    fn alt_is_escape_and_the_key() {
        let event = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::ALT);
        assert_eq!(Key::from_event(event), [Key::plain(KeyCode::Esc), Key::char('j')]);
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::from_event(shifted), [Key::char('G')]);
    }
}
