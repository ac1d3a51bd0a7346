//! The loop: messages in, one draw when something changed, effects out.

use super::clipboard;
use super::commands::{Id, Place};
use super::keys::Key;
use super::model::{Model, Tone};
use super::msg::{Effect, Mouse, Msg};
use super::runner::Runner;
use super::terminal::Screen;
use super::update::{start, update};
use crate::job_control;
use crate::model::Stamp;
use crossterm::event::{self, Event, MouseButton, MouseEvent, MouseEventKind};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How long a frame waits for rows that are just being read: one with them in the place of one
/// without and another one.
const BREATH: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 8 });

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    Out,
}

/// A screen that may be gone: somebody closed the window, or the line broke.
struct Maybe<'a> {
    screen: &'a mut dyn Screen,
    gone: Option<io::Error>,
}

impl Maybe<'_> {
    /// Does something with the screen. `None`: it is gone.
    fn with<T>(&mut self, act: impl FnOnce(&mut dyn Screen) -> io::Result<T>) -> Option<T> {
        if self.gone.is_some() {
            return None;
        }
        act(self.screen).map_err(|error| self.gone = Some(error)).ok()
    }
}

/// Runs the screens until the user leaves, or until the terminal is gone and what ran has been
/// cancelled and has ended.
///
/// # Errors
/// The terminal is gone.
pub fn run(
    model: &mut Model,
    screen: &mut dyn Screen,
    runner: &dyn Runner,
    messages: &Receiver<Msg>,
) -> io::Result<()> {
    let mut screen = Maybe { screen, gone: None };
    run_until_left(model, &mut screen, runner, messages);
    screen.gone.map_or(Ok(()), Err)
}

fn run_until_left(
    model: &mut Model,
    screen: &mut Maybe<'_>,
    runner: &dyn Runner,
    messages: &Receiver<Msg>,
) {
    model.now = Stamp::now();
    let effects = start(model);
    perform(model, screen, runner, effects);
    let mut draw_at = None;
    let mut told = false;
    loop {
        let mut wait = model.next_tick();
        if model.dirty {
            let now = Instant::now();
            let at = *draw_at.get_or_insert(now + BREATH);
            if model.awaits_rows() && now < at {
                wait = Some(wait.map_or(at - now, |wait| wait.min(at - now)));
            } else {
                draw_at = None;
                model.dirty = false;
                screen.with(|screen| screen.draw(model));
            }
        }
        if screen.gone.is_some() && !told {
            told = true;
            let effects = update(model, Msg::Terminate);
            if perform(model, screen, runner, effects) == Go::Out {
                return;
            }
        }
        let first = match wait {
            None => messages.recv().ok(),
            Some(wait) => match messages.recv_timeout(wait) {
                Ok(msg) => Some(msg),
                Err(RecvTimeoutError::Timeout) => Some(Msg::Tick),
                Err(RecvTimeoutError::Disconnected) => None,
            },
        };
        let Some(first) = first else { return };
        // All that is there, then one draw: a held key or a burst of news costs one frame.
        for msg in std::iter::once(first).chain(messages.try_iter()) {
            model.now = Stamp::now();
            let effects = update(model, msg);
            if perform(model, screen, runner, effects) == Go::Out {
                return;
            }
        }
    }
}

fn perform(
    model: &mut Model,
    screen: &mut Maybe<'_>,
    runner: &dyn Runner,
    effects: Vec<Effect>,
) -> Go {
    for effect in effects {
        match effect {
            Effect::Quit => return Go::Out,
            Effect::Redraw => {
                screen.with(|screen| screen.forget());
                model.dirty = true;
            }
            Effect::Retake => {
                screen.with(|screen| screen.retake());
                if model.mouse {
                    screen.with(|screen| screen.mouse(true));
                }
                model.dirty = true;
            }
            Effect::Copy(text) => {
                if screen.with(|screen| screen.copy(&text)) == Some(false) {
                    match clipboard::write_file(&model.folder, &text) {
                        Ok(path) => model.say(
                            Tone::Good,
                            format!("Too long for the clipboard: it is in {}.", path.display()),
                        ),
                        Err(error) => model.say(
                            Tone::Warn,
                            format!(
                                "Too long for the clipboard, and no file was written: {error}."
                            ),
                        ),
                    }
                }
            }
            Effect::Mouse(on) => {
                screen.with(|screen| screen.mouse(on));
            }
            Effect::Suspend => suspend(model, screen, runner),
            effect => runner.run(effect),
        }
    }
    Go::On
}

/// Stops the process until the shell continues it, with the store closed meanwhile.
fn suspend(model: &mut Model, screen: &mut Maybe<'_>, runner: &dyn Runner) {
    model.dirty = true;
    if !screen.screen.can_suspend() {
        let key = model.key(Id::Quit, Place::Log);
        model.say(Tone::Warn, format!("There is no shell to go back to; {key} leaves SyncDeck."));
        return;
    }
    if !model.progress.is_empty() {
        model.say(Tone::Good, "Finishing what is in flight before SyncDeck is stopped…");
        screen.with(|screen| screen.draw(model));
        model.toast = None;
    }
    runner.before_stop();
    screen.with(|screen| screen.suspend());
    runner.after_stop();
    if model.mouse {
        screen.with(|screen| screen.mouse(true));
    }
}

/// Reads the terminal on a thread of its own, until it goes away.
pub fn read_input(messages: Sender<Msg>) {
    let read = move || {
        loop {
            let msgs = match event::read() {
                Ok(Event::Key(event)) => Key::from_event(event).into_iter().map(Msg::Key).collect(),
                Ok(Event::Paste(text)) => vec![Msg::Paste(text)],
                Ok(Event::Resize(width, height)) => vec![Msg::Resize(width, height)],
                Ok(Event::Mouse(event)) => mouse(event).into_iter().map(Msg::Mouse).collect(),
                Ok(Event::FocusGained | Event::FocusLost) => Vec::new(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Vec::new(),
                Err(_) => {
                    let _ = messages.send(Msg::Terminate);
                    return;
                }
            };
            for msg in msgs {
                if messages.send(msg).is_err() {
                    return;
                }
            }
        }
    };
    // Without the thread there are no keys; a signal still ends the program.
    let _ = thread::Builder::new().name("tui-input".into()).spawn(read);
}

/// What of the mouse means something.
fn mouse(event: MouseEvent) -> Option<Mouse> {
    match event.kind {
        MouseEventKind::ScrollUp => Some(Mouse::Up),
        MouseEventKind::ScrollDown => Some(Mouse::Down),
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Click(event.column, event.row)),
        _ => None,
    }
}

/// Turns the signals that end or continue a process into messages.
pub fn listen_to_signals(runtime: &tokio::runtime::Handle, messages: Sender<Msg>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::SignalKind;
        let ends = [
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::quit(),
        ];
        for kind in ends {
            forward(runtime, kind, Msg::Terminate, messages.clone());
        }
        forward(runtime, SignalKind::from_raw(job_control::SIGTSTP), Msg::Stop, messages.clone());
        forward(runtime, SignalKind::from_raw(SIGCONT), Msg::Resumed, messages);
    }
}

/// The number of the signal by which a stopped process is continued.
#[cfg(all(unix, any(target_os = "linux", target_os = "android")))]
const SIGCONT: i32 = 18;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const SIGCONT: i32 = 19;

#[cfg(unix)]
fn forward(
    runtime: &tokio::runtime::Handle,
    kind: tokio::signal::unix::SignalKind,
    msg: Msg,
    messages: Sender<Msg>,
) {
    // Heard from now on, not from when the task has its first turn.
    let _inside = runtime.enter();
    // A signal that cannot be heard keeps its usual effect.
    let Ok(mut signals) = tokio::signal::unix::signal(kind) else {
        return;
    };
    runtime.spawn(async move {
        while signals.recv().await.is_some() {
            if messages.send(msg.clone()).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests;
