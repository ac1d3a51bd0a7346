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

/// Runs the screens until the user leaves.
///
/// # Errors
/// The terminal is gone.
pub fn run(
    model: &mut Model,
    screen: &mut dyn Screen,
    runner: &dyn Runner,
    messages: &Receiver<Msg>,
) -> io::Result<()> {
    model.now = Stamp::now();
    let effects = start(model);
    perform(model, screen, runner, effects)?;
    let mut draw_at = None;
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
                screen.draw(model)?;
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
        let Some(first) = first else { return Ok(()) };
        // All that is there, then one draw: a held key or a burst of news costs one frame.
        for msg in std::iter::once(first).chain(messages.try_iter()) {
            model.now = Stamp::now();
            let effects = update(model, msg);
            if perform(model, screen, runner, effects)? == Go::Out {
                return Ok(());
            }
        }
    }
}

fn perform(
    model: &mut Model,
    screen: &mut dyn Screen,
    runner: &dyn Runner,
    effects: Vec<Effect>,
) -> io::Result<Go> {
    for effect in effects {
        match effect {
            Effect::Quit => return Ok(Go::Out),
            Effect::Redraw => {
                screen.forget()?;
                model.dirty = true;
            }
            Effect::Retake => {
                screen.retake()?;
                if model.mouse {
                    screen.mouse(true)?;
                }
                model.dirty = true;
            }
            Effect::Copy(text) => {
                if !screen.copy(&text)? {
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
            Effect::Mouse(on) => screen.mouse(on)?,
            Effect::Suspend => suspend(model, screen, runner)?,
            effect => runner.run(effect),
        }
    }
    Ok(Go::On)
}

/// Stops the process until the shell continues it, with the store closed meanwhile.
fn suspend(model: &mut Model, screen: &mut dyn Screen, runner: &dyn Runner) -> io::Result<()> {
    model.dirty = true;
    if !screen.can_suspend() {
        let key = model.key(Id::Quit, Place::Log);
        model.say(Tone::Warn, format!("There is no shell to go back to; {key} leaves SyncDeck."));
        return Ok(());
    }
    if !model.progress.is_empty() {
        model.say(Tone::Good, "Finishing what is in flight before SyncDeck is stopped…");
        screen.draw(model)?;
        model.toast = None;
    }
    runner.before_stop();
    let continued = screen.suspend();
    runner.after_stop();
    if model.mouse {
        screen.mouse(true)?;
    }
    continued
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
    runtime.spawn(async move {
        // A signal that cannot be heard keeps its usual effect.
        let Ok(mut signals) = tokio::signal::unix::signal(kind) else {
            return;
        };
        while signals.recv().await.is_some() {
            if messages.send(msg.clone()).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests;
