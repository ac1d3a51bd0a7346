//! The terminal: taken over, drawn on, given back whole, whatever happens. Nothing here asks the
//! terminal a question: over SSH and in tmux the answer may never come.

use super::clipboard::{self, Between};
use super::draw;
use super::model::Model;
use super::msg::Msg;
use crate::fault;
use crate::job_control;
use crate::model::UserError;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

/// What the main loop needs of a terminal.
pub trait Screen {
    /// Draws the model.
    ///
    /// # Errors
    /// The terminal is gone.
    fn draw(&mut self, model: &Model) -> io::Result<()>;
    /// Forgets what is on the screen, so that the next draw writes all of it.
    ///
    /// # Errors
    /// The terminal is gone.
    fn forget(&mut self) -> io::Result<()>;
    /// Puts a text into the terminal's clipboard. Answers whether it was short enough.
    ///
    /// # Errors
    /// The terminal is gone.
    fn copy(&mut self, text: &str) -> io::Result<bool>;
    /// Uses the mouse, or leaves it to the terminal.
    ///
    /// # Errors
    /// The terminal is gone.
    fn mouse(&mut self, on: bool) -> io::Result<()>;
    /// Takes the terminal again after the process was stopped from outside and continued.
    ///
    /// # Errors
    /// The terminal is gone.
    fn retake(&mut self) -> io::Result<()>;
    /// Whether there is a shell to go back to.
    fn can_suspend(&self) -> bool {
        true
    }
    /// Gives the terminal back, stops the process, and takes the terminal again when it goes on.
    ///
    /// # Errors
    /// The terminal is gone.
    fn suspend(&mut self) -> io::Result<()>;
}

/// Button events with coordinates as numbers.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Whether the terminal is ours. It is given back once: a second time would put the cursor over what
/// was told of a fault.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is used now, for the way out.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// The real terminal.
pub struct Tty {
    /// Never dropped: it would show the cursor, which [`leave`] does, and where the terminal is gone
    /// it would tell so on standard error, which is gone as well: a panic.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
}

impl Tty {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// There is no terminal.
    pub fn take(messages: Sender<Msg>) -> io::Result<Self> {
        enter()?;
        restore_on_panic(messages);
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout()));
        let taken = Terminal::new(backend);
        if taken.is_err() {
            leave();
        }
        Ok(Self { terminal: ManuallyDrop::new(taken?) })
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        leave();
    }
}

impl Screen for Tty {
    fn draw(&mut self, model: &Model) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| draw::draw(model, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask for the cursor's position; a resize to the present size
        // clears without a question.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    fn copy(&mut self, text: &str) -> io::Result<bool> {
        let Some(sequence) = clipboard::sequence(text, Between::from_env()) else {
            return Ok(false);
        };
        let backend = self.terminal.backend_mut();
        backend.write_all(&sequence)?;
        Backend::flush(backend)?;
        Ok(true)
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        // Clicks and the wheel only: where it moves is nobody's business here.
        let sequence: &[u8] = if on { MOUSE_ON } else { MOUSE_OFF };
        MOUSE.store(on, Ordering::SeqCst);
        let backend = self.terminal.backend_mut();
        backend.write_all(sequence)?;
        Backend::flush(backend)
    }

    fn can_suspend(&self) -> bool {
        job_control::can_stop()
    }

    fn suspend(&mut self) -> io::Result<()> {
        leave();
        job_control::stop();
        enter()?;
        self.forget()
    }

    fn retake(&mut self) -> io::Result<()> {
        // The shell may have set its own mode meanwhile; only after a reset is ours set again.
        disable_raw_mode()?;
        enter()?;
        self.forget()
    }
}

fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Gives the terminal back. Errors cannot be told any more: the terminal is what is gone.
fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    if MOUSE.load(Ordering::SeqCst) {
        let _ = stdout().write_all(MOUSE_OFF);
    }
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}

/// A panic of this thread gives the terminal back before it is printed. A panic of another thread
/// must not write over the screen: it is shown as an error.
fn restore_on_panic(messages: Sender<Msg>) {
    let ours = thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == ours {
            leave();
            before(info);
        } else {
            let report = fault::report(info);
            let report = report.map(|path| format!(" The report is in {}.", path.display()));
            // Nobody listens any more once the program leaves.
            let _ = messages.send(Msg::Failed(UserError::new(
                "A task in the background stopped because of a fault in SyncDeck.",
                format!("{}.", fault::told(info)),
                format!(
                    "What was written so far is recorded; start it again. Please report the \
                     fault.{}",
                    report.unwrap_or_default()
                ),
            )));
        }
    }));
}

#[cfg(all(test, unix))]
mod tests;
