use super::*;
use crate::tui::fixture;
use crossterm::event::KeyCode;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc::channel;

/// A screen that counts.
#[derive(Default)]
struct Fake {
    draws: usize,
    forgotten: usize,
    copied: Vec<String>,
}

impl Screen for Fake {
    fn draw(&mut self, _: &Model) -> io::Result<()> {
        self.draws += 1;
        Ok(())
    }
    fn forget(&mut self) -> io::Result<()> {
        self.forgotten += 1;
        Ok(())
    }
    fn copy(&mut self, text: &str) -> io::Result<bool> {
        self.copied.push(text.to_owned());
        Ok(text.len() < 10)
    }
    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
    fn suspend(&mut self) -> io::Result<()> {
        self.forget()
    }
    fn retake(&mut self) -> io::Result<()> {
        self.forget()
    }
}

#[derive(Default)]
struct Nobody(RefCell<Vec<Effect>>);

impl Runner for Nobody {
    fn run(&self, effect: Effect) {
        self.0.borrow_mut().push(effect);
    }
}

fn run_with(msgs: Vec<Msg>) -> (Fake, Vec<Effect>) {
    let (sender, messages) = channel();
    for msg in msgs {
        sender.send(msg).unwrap();
    }
    drop(sender);
    let mut model = fixture::empty((80, 24));
    let (mut screen, runner) = (Fake::default(), Nobody::default());
    run(&mut model, &mut screen, &runner, &messages).unwrap();
    (screen, runner.0.into_inner())
}

#[test]
fn a_burst_of_messages_costs_one_draw() {
    let mut msgs = vec![Msg::Overview(Some(Box::new(fixture::overview())))];
    msgs.extend((0..50).map(|_| Msg::Key(Key::char('j'))));
    let (screen, effects) = run_with(msgs);
    assert_eq!(screen.draws, 2, "the first picture, and one for all that came");
    assert!(effects.contains(&Effect::Overview));
}

#[test]
fn news_that_change_nothing_draw_nothing() {
    let same = || Msg::Progress(BTreeMap::new());
    let (screen, _) = run_with(vec![same(), same(), Msg::Tick]);
    assert_eq!(screen.draws, 1);
}

#[test]
fn leaving_ends_the_loop_and_the_rest_is_not_looked_at() {
    let ctrl_c = Key { code: KeyCode::Char('c'), ctrl: true };
    let (screen, effects) = run_with(vec![Msg::Key(ctrl_c), Msg::Key(Key::char('s'))]);
    assert_eq!(screen.draws, 1);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Sync { .. })));
}

#[test]
fn a_resize_and_the_return_from_a_stop_draw_everything_anew() {
    let ctrl_z = Key { code: KeyCode::Char('z'), ctrl: true };
    let (screen, _) = run_with(vec![Msg::Resize(100, 30), Msg::Resumed, Msg::Key(ctrl_z)]);
    assert_eq!((screen.forgotten, screen.draws), (3, 2));
}
