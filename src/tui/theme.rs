//! Colours and marks. Sixteen colours on the terminal's own background; nothing is told by colour
//! alone. Without colours (`NO_COLOR`) or beyond ASCII (`LANG=C`) the finished frame is translated,
//! so that no screen has to think of it.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// How this terminal is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Colours may be used.
    pub colour: bool,
    /// Only ASCII may be used.
    pub ascii: bool,
}

impl Theme {
    /// What the environment asks for: `NO_COLOR`, `SYNCDECK_ASCII`, a locale that is not UTF-8.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| var(name).filter(|v| !v.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let plain = match locale.as_deref() {
            Some("C" | "POSIX") => true,
            Some(name) => name.contains('.') && !name.to_ascii_lowercase().contains("utf"),
            None => false,
        };
        Self {
            colour: set("NO_COLOR").is_none() && set("TERM").as_deref() != Some("dumb"),
            ascii: set("SYNCDECK_ASCII").is_some() || plain,
        }
    }

    /// Takes from a finished frame what this terminal cannot show.
    pub fn translate(self, buffer: &mut Buffer) {
        if self.colour && !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            if !self.colour {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            }
            if self.ascii && !cell.symbol().is_ascii() {
                let plain = ascii(cell.symbol());
                cell.set_symbol(plain);
            }
        }
    }
}

/// The nearest ASCII for a symbol of ours; `?` for anything else.
fn ascii(symbol: &str) -> &'static str {
    match symbol {
        "─" | "━" | "—" | "–" => "-",
        "│" | "┃" => "|",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┬" | "┴" | "┼" => "+",
        "●" => "*",
        "○" | "◐" => "o",
        "✕" => "x",
        "‖" => "!",
        "▸" | "›" | "→" => ">",
        "←" => "<",
        "↔" => "=",
        "▲" | "↑" => "^",
        "▼" | "↓" => "v",
        "⏎" => "~",
        "▇" | "█" => "#",
        "▁" | "·" | "…" | "░" => ".",
        "✓" => "y",
        "•" => "*",
        _ => "?",
    }
}

/// Plain text.
pub const PLAIN: Style = Style::new();
/// Less important text.
pub const DIM: Style = Style::new().add_modifier(Modifier::DIM);
/// Titles and headings.
pub const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
/// The thing that has the cursor.
pub const CURSOR: Style = Style::new().add_modifier(Modifier::REVERSED);
/// Keys in the footer and the help.
pub const KEY: Style = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
/// Well.
pub const GOOD: Style = Style::new().fg(Color::Green);
/// To be looked at.
pub const WARN: Style = Style::new().fg(Color::Yellow);
/// Wrong.
pub const BAD: Style = Style::new().fg(Color::Red);
/// At work.
pub const BUSY: Style = Style::new().fg(Color::Cyan);

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn theme(vars: &[(&str, &str)]) -> Theme {
        Theme::from_env(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(theme(&[("LANG", "en_US.UTF-8")]), Theme { colour: true, ascii: false });
        assert_eq!(theme(&[("LANG", "C")]), Theme { colour: true, ascii: true });
        assert_eq!(theme(&[("LANG", "C.UTF-8")]), Theme { colour: true, ascii: false });
        assert!(!theme(&[("LANG", "C"), ("LC_ALL", "de_DE.UTF-8")]).ascii);
        assert_eq!(
            theme(&[("SYNCDECK_ASCII", "1"), ("NO_COLOR", "1")]),
            Theme { colour: false, ascii: true }
        );
    }

    #[test]
    fn a_plain_terminal_gets_ascii_without_colours() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "┌● 漢 → …é", BAD);
        Theme { colour: false, ascii: true }.translate(&mut buffer);
        let text: String = buffer.content.iter().map(|c| c.symbol()).collect();
        assert_eq!(text, "+* ?  > .?  ");
        assert!(buffer.content.iter().all(|c| c.fg == Color::Reset));
    }
}
