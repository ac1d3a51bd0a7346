//! How far a sync is, on standard error: one line that is redrawn on a terminal, a plain line now
//! and then elsewhere.

use super::output::plain;
use super::table::{cut, thousands};
use crate::model::{Module, Progress};
use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

/// How long nothing is said where no terminal shows it.
const SPARSE: Duration = Duration::from_secs(10);

/// The progress line of one sync.
pub struct ProgressLine {
    connector: String,
    terminal: bool,
    shown: bool,
    last: Instant,
    said: Option<(Option<Module>, String)>,
}

impl ProgressLine {
    /// The line of this connector.
    pub fn new(connector: &str) -> Self {
        Self {
            connector: plain(connector),
            terminal: stderr().is_terminal(),
            shown: false,
            last: Instant::now(),
            said: None,
        }
    }

    /// Shows how far the sync is; call it twice a second.
    pub fn show(&mut self, progress: Option<&Progress>) {
        let Some(progress) = progress else { return };
        let line = line(&self.connector, progress);
        // Nobody can be told that standard error is closed.
        if self.terminal {
            let width = crossterm::terminal::size().map_or(80, |(columns, _)| columns);
            let _ =
                write!(stderr(), "\r\x1b[K{}", cut(&line, usize::from(width).saturating_sub(1)));
            self.shown = true;
            return;
        }
        let step = Some((progress.module, progress.step.clone()));
        if self.last.elapsed() >= SPARSE && step != self.said {
            let _ = writeln!(stderr(), "{line}");
            self.last = Instant::now();
            self.said = step;
        }
    }

    /// Takes the line away, so that something else can be printed.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn line(connector: &str, progress: &Progress) -> String {
    let mut line = format!("{connector}:");
    if let Some(module) = progress.module {
        line.push_str(&format!(" {module},"));
    }
    line.push_str(&format!(" {}", plain(&progress.step)));
    match (progress.done, progress.total) {
        (0, None) => {}
        (done, None) => line.push_str(&format!(" {}", thousands(done))),
        (done, Some(total)) => {
            line.push_str(&format!(" {} of {}", thousands(done), thousands(total)));
        }
    }
    if progress.rate > 0 {
        line.push_str(&format!(", {}/s", thousands(progress.rate)));
    }
    if progress.cancelling {
        line.push_str(", stopping");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_is_known() {
        let mut progress = Progress {
            module: Some(Module::Products),
            step: "reading Vtiger".into(),
            ..Progress::default()
        };
        assert_eq!(line("shop", &progress), "shop: Products, reading Vtiger");
        progress = Progress { done: 4200, total: Some(9830), rate: 812, ..progress };
        progress.cancelling = true;
        let full = "shop: Products, reading Vtiger 4,200 of 9,830, 812/s, stopping";
        assert_eq!(line("shop", &progress), full);
    }
}
