//! Links that a terminal opens with a click (OSC 8). The whole visible piece of an address becomes
//! one cell with a known width, so nothing is measured wrongly and nothing else moves.

use super::text;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use std::num::NonZeroU16;

/// Whether the terminal is known to understand them, as the environment tells. An unknown one could
/// show the sequence as text.
pub fn supported(var: impl Fn(&str) -> Option<String>) -> bool {
    let value = |name: &str| var(name).filter(|v| !v.is_empty());
    match value("FORCE_HYPERLINK").as_deref() {
        Some("0" | "false") => return false,
        Some(_) => return true,
        None => {}
    }
    if value("NO_HYPERLINKS").is_some() || value("STY").is_some() {
        return false;
    }
    let term = value("TERM").unwrap_or_default();
    let program = value("TERM_PROGRAM").unwrap_or_default();
    if value("TMUX").is_some() || term.starts_with("tmux") || term.starts_with("screen") {
        // It passes them on since 3.4.
        let version = value("TERM_PROGRAM_VERSION").filter(|_| program == "tmux");
        return version.is_some_and(|version| version_of(&version) >= (3, 4));
    }
    let by_term = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour"];
    let by_program = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio"];
    let vte = value("VTE_VERSION").and_then(|v| v.parse::<u32>().ok()).unwrap_or(0);
    by_term.iter().any(|known| term.starts_with(known))
        || by_program.contains(&program.as_str())
        || ["WT_SESSION", "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID", "KONSOLE_VERSION"]
            .iter()
            .any(|name| value(name).is_some())
        || vte >= 5_000
}

/// `3.4a` as two numbers.
fn version_of(text: &str) -> (u32, u32) {
    let number = |part: Option<&str>| {
        let digits: String =
            part.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    };
    let mut parts = text.split('.');
    (number(parts.next()), number(parts.next()))
}

/// Turns an address that stands in an area, wrapped at its width, into links: each of its pieces
/// leads to the whole.
pub fn mark(buffer: &mut Buffer, area: Rect, url: &str) {
    let safe = url.starts_with("http") && url.bytes().all(|b| b.is_ascii_graphic());
    if !safe {
        return;
    }
    let pieces = text::wrap(url, usize::from(area.width));
    for y in area.y..area.bottom().min(buffer.area.bottom()) {
        let cells: String = (area.x..area.right())
            .filter_map(|x| buffer.cell((x, y)).map(|c| c.symbol()))
            .collect();
        let shown = cells.trim_end();
        if shown.is_empty() || !pieces.iter().any(|piece| piece == shown) {
            continue;
        }
        let Some(width) = u16::try_from(shown.len()).ok().and_then(NonZeroU16::new) else {
            continue;
        };
        let link = format!("\x1b]8;;{url}\x1b\\{shown}\x1b]8;;\x1b\\");
        if let Some(cell) = buffer.cell_mut((area.x, y)) {
            cell.set_symbol(&link).set_diff_option(CellDiffOption::ForcedWidth(width));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::CrosstermBackend;
    use ratatui::style::Style;
    use ratatui::{TerminalOptions, Viewport};

    fn known(vars: &[(&str, &str)]) -> bool {
        supported(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn only_terminals_that_are_known_get_links() {
        assert!(!known(&[("TERM", "xterm-256color")]), "an unknown one");
        assert!(!known(&[("TERM", "dumb")]) && !known(&[]));
        assert!(known(&[("TERM", "xterm-kitty")]) && known(&[("VTE_VERSION", "7600")]));
        assert!(!known(&[("VTE_VERSION", "4600")]));
        assert!(known(&[("TERM_PROGRAM", "vscode")]));
        let tmux = |version| {
            [("TMUX", "/tmp/x"), ("TERM_PROGRAM", "tmux"), ("TERM_PROGRAM_VERSION", version)]
        };
        assert!(known(&tmux("3.4")) && known(&tmux("3.5a")) && !known(&tmux("3.3a")));
        assert!(!known(&[("TMUX", "/tmp/x"), ("VTE_VERSION", "7600")]));
        assert!(!known(&[("STY", "1.pts"), ("VTE_VERSION", "7600")]));
        assert!(!known(&[("NO_HYPERLINKS", "1"), ("TERM", "xterm-kitty")]));
        assert!(known(&[("FORCE_HYPERLINK", "1")]));
        assert!(!known(&[("FORCE_HYPERLINK", "0"), ("TERM", "xterm-kitty")]));
    }

    /// What a terminal would show of two frames: with the links, then without the text.
    #[test]
    fn a_wrapped_address_is_a_link_in_each_piece_and_leaves_no_trace() {
        let url = "https://crm.example.com/index.php?record=1";
        let area = Rect::new(0, 0, 30, 4);
        let mut bytes = Vec::new();
        {
            let backend = CrosstermBackend::new(&mut bytes);
            let options = TerminalOptions { viewport: Viewport::Fixed(area) };
            let mut terminal = Terminal::with_options(backend, options).unwrap();
            terminal
                .draw(|frame| {
                    let buffer = frame.buffer_mut();
                    buffer.set_string(0, 0, "Link", Style::new());
                    for (y, piece) in (0..).zip(text::wrap(url, 20)) {
                        buffer.set_string(6, y, piece, Style::new());
                    }
                    buffer.set_string(27, 0, "end", Style::new());
                    mark(buffer, Rect::new(6, 0, 20, 4), url);
                })
                .unwrap();
        }
        let sent = String::from_utf8(bytes).unwrap();
        assert_eq!(sent.matches(&format!("\x1b]8;;{url}\x1b\\")).count(), 3, "{sent:?}");
        let mut parser = vt100::Parser::new(
            std::num::NonZeroU16::new(4).unwrap(),
            std::num::NonZeroU16::new(30).unwrap(),
            0,
        );
        parser.process(sent.as_bytes());
        let shown: Vec<_> = parser.screen().rows(0, 30).collect();
        assert_eq!(shown[0], "Link  https://crm.example. end");
        assert_eq!(shown[1].trim_end(), "      com/index.php?record");
        assert_eq!(shown[2].trim_end(), "      =1");
    }

    #[test]
    fn what_is_no_plain_address_is_left_alone() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, "https://x\u{fffd}y", Style::new());
        let before = buffer.clone();
        mark(&mut buffer, Rect::new(0, 0, 20, 1), "https://x\u{1b}y");
        mark(&mut buffer, Rect::new(0, 0, 20, 1), "javascript:x");
        mark(&mut buffer, Rect::new(0, 0, 20, 1), "https://elsewhere");
        assert_eq!(buffer, before);
    }
}
