use super::*;
use crate::model::ConnectorId;
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
fn what_is_typed_before_anything_is_read_is_meant_for_what_is_seen_then() {
    let key = |c| Msg::Key(Key::char(c));
    let overview = || Msg::Overview(Some(Box::new(fixture::overview())));
    let syncs = |msgs| {
        let (_, effects) = run_with(msgs);
        effects.into_iter().filter(|e| matches!(e, Effect::Sync { .. })).collect::<Vec<_>>()
    };
    let typed_then = syncs(vec![overview(), key('s')]);
    assert_eq!(typed_then.len(), 1);
    assert_eq!(syncs(vec![key('s'), overview()]), typed_then);
    // What cannot be read is not waited for.
    let (_, effects) = run_with(vec![key('q'), Msg::Overview(None), key('s'), overview()]);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Sync { .. })));
}

#[test]
fn a_resize_and_the_return_from_a_stop_draw_everything_anew() {
    let ctrl_z = Key { code: KeyCode::Char('z'), ctrl: true };
    let (screen, _) = run_with(vec![Msg::Resize(100, 30), Msg::Resumed, Msg::Key(ctrl_z)]);
    assert_eq!((screen.forgotten, screen.draws), (3, 2));
}

/// A screen that is gone.
struct Gone(usize);

impl Gone {
    fn told<T>(&mut self) -> io::Result<T> {
        self.0 += 1;
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

impl Screen for Gone {
    fn draw(&mut self, _: &Model) -> io::Result<()> {
        self.told()
    }
    fn forget(&mut self) -> io::Result<()> {
        self.told()
    }
    fn copy(&mut self, _: &str) -> io::Result<bool> {
        self.told()
    }
    fn mouse(&mut self, _: bool) -> io::Result<()> {
        self.told()
    }
    fn suspend(&mut self) -> io::Result<()> {
        self.told()
    }
    fn retake(&mut self) -> io::Result<()> {
        self.told()
    }
}

#[test]
fn without_a_screen_what_runs_is_called_off_and_waited_for() {
    let (sender, messages) = channel();
    let mut model = fixture::empty((80, 24));
    let id: ConnectorId = 1;
    let runs = BTreeMap::from([(id, fixture::progress())]);
    for msg in [Msg::Overview(Some(Box::new(fixture::overview()))), Msg::Progress(runs)] {
        update(&mut model, msg);
    }
    model.dirty = true;
    // Nobody looks at what comes after the end.
    for msg in [Msg::Tick, Msg::Progress(BTreeMap::new()), Msg::Key(Key::char('s'))] {
        sender.send(msg).unwrap();
    }
    let (mut screen, runner) = (Gone(0), Nobody::default());
    assert!(run(&mut model, &mut screen, &runner, &messages).is_err());
    assert_eq!(screen.0, 1, "it is not tried again");
    let effects = runner.0.into_inner();
    assert!(effects.contains(&Effect::CancelSync(id)), "{effects:?}");
    assert!(!effects.iter().any(|e| matches!(e, Effect::Sync { .. })), "{effects:?}");
}

/// Answers pages from a thread of its own, or never.
struct Reads(Option<Sender<Msg>>);

impl Runner for Reads {
    fn run(&self, effect: Effect) {
        let (Effect::Page(request), Some(messages)) = (effect, self.0.clone()) else { return };
        thread::spawn(move || {
            let rows = (request.from..).take(request.count).map(|at| {
                let key = crate::tui::msg::RowKey::new(0, at);
                let item = fixture::item(key, request.source.parts[0], false);
                crate::tui::msg::Row { key, item }
            });
            let page = crate::tui::msg::Page {
                view: request.view,
                lengths: vec![96],
                from: request.from,
                rows: rows.collect(),
                around: None,
            };
            messages.send(Msg::Page(page))
        });
    }
}

/// A screen that notes which pictures lack rows, and ends the program after two.
struct Lacking(Vec<bool>, Sender<Msg>);

impl Screen for Lacking {
    fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.0.push(model.awaits_rows());
        if self.0.len() == 2 {
            self.1.send(Msg::Terminate).unwrap();
        }
        Ok(())
    }
    fn forget(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn copy(&mut self, _: &str) -> io::Result<bool> {
        Ok(true)
    }
    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn retake(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_that_come_at_once_are_in_the_same_frame_and_others_are_not_waited_for() {
    for answered in [true, false] {
        let (sender, messages) = channel();
        let mut world = fixture::model((80, 24));
        world.press("j enter");
        world.model.dirty = true;
        // Far down nothing is in memory.
        sender.send(Msg::Key(Key::char('G'))).unwrap();
        let reads = Reads(answered.then(|| sender.clone()));
        let mut screen = Lacking(Vec::new(), sender);
        run(&mut world.model, &mut screen, &reads, &messages).unwrap();
        assert_eq!(screen.0, [false, !answered]);
    }
}
