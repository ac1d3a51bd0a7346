//! Colours and marks. Sixteen colours on the terminal's own background; nothing is told by colour
//! alone. Without colours (`NO_COLOR`) or beyond ASCII (`LANG=C`) the finished frame is translated,
//! so that no screen has to think of it.

use super::hyperlinks;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// How this terminal is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Colours may be used.
    pub colour: bool,
    /// Only ASCII may be used.
    pub ascii: bool,
    /// The terminal opens links with a click.
    pub links: bool,
    /// The colours.
    pub palette: Palette,
}

/// The colours of what is said with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Well.
    pub good: Color,
    /// To be looked at.
    pub warn: Color,
    /// Wrong.
    pub bad: Color,
    /// Keys, and what is at work.
    pub accent: Color,
}

impl Palette {
    /// For any background.
    pub const USUAL: Self = Self::of(Color::Green, Color::Yellow, Color::Red, Color::Cyan);
    /// For a light one, on which yellow and cyan are hard to read.
    pub const LIGHT: Self = Self::of(Color::Green, Color::Magenta, Color::Red, Color::Blue);
    /// For a dark one.
    pub const DARK: Self =
        Self::of(Color::LightGreen, Color::LightYellow, Color::LightRed, Color::LightCyan);

    const fn of(good: Color, warn: Color, bad: Color, accent: Color) -> Self {
        Self { good, warn, bad, accent }
    }

    /// The colour that takes the place of one of the usual ones.
    fn translate(self, colour: Color) -> Color {
        match colour {
            c if c == Self::USUAL.good => self.good,
            c if c == Self::USUAL.warn => self.warn,
            c if c == Self::USUAL.bad => self.bad,
            c if c == Self::USUAL.accent => self.accent,
            other => other,
        }
    }
}

/// One of the sixteen colours by its name.
pub fn colour_of(name: &str) -> Option<Color> {
    Some(match name {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "gray" => Color::Gray,
        "dark-gray" => Color::DarkGray,
        "light-red" => Color::LightRed,
        "light-green" => Color::LightGreen,
        "light-yellow" => Color::LightYellow,
        "light-blue" => Color::LightBlue,
        "light-magenta" => Color::LightMagenta,
        "light-cyan" => Color::LightCyan,
        "white" => Color::White,
        _ => return None,
    })
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
            colour: coloured(&set),
            ascii: set("SYNCDECK_ASCII").is_some() || plain,
            links: hyperlinks::supported(set),
            palette: Palette::USUAL,
        }
    }

    /// Takes from a finished frame what this terminal cannot show.
    pub fn translate(self, buffer: &mut Buffer) {
        if self.colour && !self.ascii && self.palette == Palette::USUAL {
            return;
        }
        for cell in &mut buffer.content {
            if !self.colour {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            } else {
                cell.fg = self.palette.translate(cell.fg);
            }
            if self.ascii && !cell.symbol().is_ascii() {
                let plain = ascii(cell.symbol());
                cell.set_symbol(plain);
            }
        }
    }
}

/// `NO_COLOR` refuses colours, `CLICOLOR_FORCE` asks for them where a terminal is not known to have
/// any, `CLICOLOR=0` would rather have none.
fn coloured(set: &impl Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, value: &str| set(name).as_deref() == Some(value);
    let forced = set("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0");
    set("NO_COLOR").is_none() && (forced || !(is("TERM", "dumb") || is("CLICOLOR", "0")))
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

    fn with(colour: bool, ascii: bool) -> Theme {
        Theme { colour, ascii, links: false, palette: Palette::USUAL }
    }

    #[test]
    fn a_palette_takes_the_place_of_the_usual_colours() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        for (x, style) in [(0, GOOD), (1, WARN), (2, KEY)] {
            buffer.set_string(x, 0, "x", style);
        }
        Theme { palette: Palette::LIGHT, ..with(true, false) }.translate(&mut buffer);
        let colours: Vec<_> = buffer.content.iter().map(|cell| cell.fg).collect();
        assert_eq!(colours, [Color::Green, Color::Magenta, Color::Blue]);
        // All of them are among the sixteen, and can be named.
        for palette in [Palette::USUAL, Palette::LIGHT, Palette::DARK] {
            for colour in [palette.good, palette.warn, palette.bad, palette.accent] {
                assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)));
            }
        }
        assert_eq!(colour_of("light-blue"), Some(Color::LightBlue));
        assert_eq!(colour_of("#ff0000"), None);
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(theme(&[("LANG", "en_US.UTF-8")]), with(true, false));
        assert_eq!(theme(&[("LANG", "C")]), with(true, true));
        assert_eq!(theme(&[("LANG", "C.UTF-8")]), with(true, false));
        assert!(!theme(&[("LANG", "C"), ("LC_ALL", "de_DE.UTF-8")]).ascii);
        assert_eq!(theme(&[("SYNCDECK_ASCII", "1"), ("NO_COLOR", "1")]), with(false, true));
    }

    #[test]
    fn colours_are_refused_and_forced_as_programs_do_it() {
        for (vars, colour) in [
            (&[][..], true),
            (&[("NO_COLOR", "")], true),
            (&[("NO_COLOR", "1")], false),
            (&[("TERM", "dumb")], false),
            (&[("CLICOLOR", "0")], false),
            (&[("CLICOLOR", "1")], true),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "0")], false),
            (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        ] {
            assert_eq!(theme(vars).colour, colour, "{vars:?}");
        }
    }

    #[test]
    fn a_plain_terminal_gets_ascii_without_colours() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "┌● 漢 → …é", BAD);
        with(false, true).translate(&mut buffer);
        let text: String = buffer.content.iter().map(|c| c.symbol()).collect();
        assert_eq!(text, "+* ?  > .?  ");
        assert!(buffer.content.iter().all(|c| c.fg == Color::Reset));
    }
}
