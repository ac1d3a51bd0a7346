//! What keys do with the queue, with ambiguous records and with held runs.

use super::{after, world};
use crate::engine::queue::{Act, Select, State};
use crate::model::{Module, ReasonCode, Side, UserError};
use crate::tui::commands::{Id, Place};
use crate::tui::draw::tests::shot;
use crate::tui::fixture::{self, World};
use crate::tui::model::{Ask, Dialog, Pane, Question, Screen};
use crate::tui::msg::{Effect, Msg, QueueDeed};
use crate::tui::update::why_not;

fn deeds(world: &World) -> Vec<QueueDeed> {
    let deeds = world.seen.iter().filter_map(|effect| match effect {
        Effect::QueueDo { connector: 1, deed } => Some(deed.clone()),
        _ => None,
    });
    deeds.collect()
}

fn only(module: Module, side: Side, id: &str) -> Select {
    let id = Some(id.to_owned());
    Select { module: Some(module), side: Some(side), id, ..Select::default() }
}

fn question(world: &World) -> String {
    match world.model.dialogs.last() {
        Some(Dialog::Confirm(Question { title, text, .. })) => format!("{title} {text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_entry_is_retried_at_once_and_more_only_after_a_question() {
    let mut world = after("4 r");
    let select = only(Module::Products, Side::Service, "77");
    assert_eq!(deeds(&world), [QueueDeed::Change(select, Act::Retry)]);
    world.send(Msg::QueueDone(Ok("1 record tried again.".into())));
    assert!(shot(&world.model).contains("1 record tried again."));

    let mut world = after("4 R");
    assert!(question(&world).contains("1 record of this connector"), "{}", question(&world));
    assert_eq!(deeds(&world), []);
    world.press("y");
    let select = Select { reason: Some(ReasonCode::RateLimited), ..Select::default() };
    assert_eq!(deeds(&world), [QueueDeed::Change(select, Act::Retry)]);

    let mut world = after("4 /");
    world.type_text("anna").press("enter T");
    assert!(question(&world).contains("1 entry with \"anna\""), "{}", question(&world));
    world.press("enter");
    assert_eq!(deeds(&world), []);
    world.press("T y");
    let select = Select { text: "anna".into(), ..Select::default() };
    assert_eq!(deeds(&world), [QueueDeed::Change(select, Act::Retry)]);
}

#[test]
fn dropping_asks_and_names_the_record_and_a_standing_skip_is_not_dropped() {
    let mut world = after("4 d");
    assert!(question(&world).contains("Blue T-Shirt"), "{}", question(&world));
    world.press("y");
    let select = only(Module::Products, Side::Service, "77");
    assert_eq!(deeds(&world), [QueueDeed::Change(select, Act::Drop)]);
    let mut world = after("4 j j d");
    assert!(world.model.dialogs.is_empty() && world.model.toast.is_some());
    world.press("y");
    assert_eq!(deeds(&world), []);
}

#[test]
fn a_delete_that_waits_is_not_dropped() {
    let mut world = after("4");
    let rows = world.model.queue.rows.as_mut().unwrap();
    let State::Waiting(parked) = &mut rows.entries[0].state else { panic!("{rows:?}") };
    parked.gone = true;
    world.press("d");
    assert!(world.model.dialogs.is_empty() && deeds(&world).is_empty());
    assert!(shot(&world.model).contains("to keep it, switch deletes off"));
}

#[test]
fn all_records_of_a_module_are_added_after_a_question() {
    let mut world = after("4 A j enter");
    assert!(question(&world).contains("Contacts"), "{}", question(&world));
    world.press("y");
    assert_eq!(deeds(&world), [QueueDeed::All(Module::Contacts)]);
    let world = after("4 A esc");
    assert!(world.model.dialogs.is_empty() && deeds(&world).is_empty());
}

#[test]
fn an_ambiguous_record_is_linked_created_or_left_out() {
    let module = Module::Contacts;
    let (side, id) = (Side::Service, "42".to_owned());
    let link = QueueDeed::Link { module, vtiger_id: "12x31".into(), service_id: "42".into() };
    let new = QueueDeed::New { module, side, id: id.clone() };
    let never = QueueDeed::Never { module, side, id };
    for (keys, deed) in [("j", link), ("j j", new), ("G", never)] {
        for start in ["4 j j m", "4 j j enter m"] {
            let mut world = after(start);
            assert_eq!(world.model.place(), Place::Pick, "{start}");
            world.press(keys).press("enter");
            assert_eq!(deeds(&world), [], "it is asked first");
            world.press("y");
            assert_eq!(deeds(&world), std::slice::from_ref(&deed), "{start} {keys}");
        }
    }
    let mut world = after("4 m");
    assert!(world.model.dialogs.is_empty(), "{:?}", world.model.dialogs);
    world.press("j j j j m");
    assert!(world.model.toast.as_ref().unwrap().text.contains("left it out"));
}

#[test]
fn a_skipped_record_of_a_run_is_put_into_the_queue_from_its_list_and_its_detail() {
    for keys in ["j l l l enter r", "j l l l enter enter r"] {
        let world = after(keys);
        let select = only(Module::Contacts, Side::Service, "1");
        assert_eq!(deeds(&world), [QueueDeed::Change(select, Act::Retry)], "{keys}");
    }
    let world = after("j enter r");
    assert_eq!(deeds(&world), [], "a created record is not in the queue");
    assert!(world.model.toast.is_some());
    let mut world = after("j l l l enter R y");
    let select = Select { reason: Some(ReasonCode::MandatoryFieldEmpty), ..Select::default() };
    assert_eq!(deeds(&world), [QueueDeed::Change(select, Act::Retry)]);
    world.send(Msg::QueueDone(Err(UserError::new("No.", "Why.", ""))));
    assert_eq!(world.model.place(), Place::Error);
}

#[test]
fn nothing_is_changed_with_read_only_or_without_an_administrator() {
    let ids = [Id::Retry, Id::RetryReason, Id::RetryShown, Id::DropEntry, Id::AddAll, Id::Decide];
    let mut read_only = after("4 j j");
    read_only.model.read_only = true;
    let mut nobody = after("4 j j");
    nobody.model.overview.admin = Some(false);
    for world in [&mut read_only, &mut nobody] {
        for id in ids {
            assert!(why_not(&world.model, id).is_some(), "{id:?}");
        }
        world.press("r R T d A m enter r");
        assert_eq!(deeds(world), []);
        assert!(world.model.dialogs.is_empty());
    }
}

#[test]
fn the_cursor_follows_its_entry_and_the_filter_is_cleared_by_escape() {
    let mut world = after("4 j j");
    let mut rows = fixture::queue();
    rows.entries.remove(0);
    rows.total = 4;
    world.send(Msg::Queue { connector: 1, filter: String::new(), rows });
    assert_eq!(world.model.queue.current().unwrap().id(), "42");
    world.press("/").type_text("bo").press("enter");
    assert_eq!(world.model.queue.entries().len(), 1);
    world.press("esc");
    assert_eq!(world.model.queue.entries().len(), 5);
    assert_eq!(world.model.pane, Pane::Body);
    world.press("esc");
    assert_eq!(world.model.pane, Pane::Connectors);
}

#[test]
fn rows_for_another_filter_or_connector_are_left_out() {
    let mut world = after("4");
    let rows = fixture::queue();
    world.model.queue.filter = "x".into();
    let before = world.model.queue.entries().len();
    let mut other = rows.clone();
    other.entries.clear();
    world.send(Msg::Queue { connector: 1, filter: String::new(), rows: other.clone() });
    world.send(Msg::Queue { connector: 2, filter: "x".into(), rows: other });
    assert_eq!(world.model.queue.entries().len(), before);
}

#[test]
fn more_entries_are_read_near_the_end() {
    let mut world = after("4");
    let mut rows = fixture::queue();
    let first = rows.entries[2].clone();
    let numbered = |n: usize| {
        let mut entry = first.clone();
        if let State::Skipped(skip) = &mut entry.state {
            skip.id = n.to_string();
        }
        entry
    };
    rows.entries = (0..200).map(numbered).collect();
    (rows.total, rows.more) = (900, true);
    world.send(Msg::Queue { connector: 1, filter: String::new(), rows });
    world.seen.clear();
    let height = crate::tui::layout::queue_height(&world.model);
    world.model.queue.go(120, height);
    world.press("j");
    assert!(!world.asked(|e| matches!(e, Effect::Queue { .. })), "not yet");
    let mut rows = world.model.queue.rows.clone().unwrap();
    rows.entries.truncate(160);
    world.send(Msg::Queue { connector: 1, filter: String::new(), rows });
    world.press("j");
    assert!(world.asked(|e| matches!(e, Effect::Queue { limit: 201.., .. })));
}

#[test]
fn a_held_run_is_decided_from_anywhere_and_from_its_plan() {
    assert_eq!(
        why_not(&world().model, Id::Held).as_deref(),
        Some("No sync is held, and no record waits for a decision.")
    );
    let held = |keys: &str| {
        let mut world = fixture::with_held((80, 24));
        world.press(keys);
        world
    };
    assert!(shot(&held("").model).contains("wholesale-eu is held: run 41. H decides."));
    for keys in ["H y", "2 H v y", "H v j y"] {
        let mut world = held(keys);
        let asked = question(&world);
        assert!(asked.contains("2,310 Products gone from one side"), "{keys}: {asked}");
        assert!(matches!(
            world.model.dialogs.last(),
            Some(Dialog::Confirm(Question { ask: Ask::ConfirmHeld(3, 41), .. }))
        ));
        world.type_text("shop").press("enter");
        assert!(world.asked(|e| matches!(e, Effect::Sync { connector: 3, .. })), "{keys}");
        let plan = |s: &Screen| matches!(s, Screen::List(view) if view.held.is_some());
        assert!(!world.model.screens.iter().any(plan), "{keys}");
    }
    let mut world = held("H v D");
    assert!(question(&world).contains("140 Contacts"), "{}", question(&world));
    world.press("enter");
    assert!(!world.asked(|e| matches!(e, Effect::DropHeld(_))));
    world.press("D y");
    assert!(world.asked(|e| *e == Effect::DropHeld(41)));
    let mut world = after("j enter");
    world.press("y D");
    assert!(world.model.dialogs.is_empty(), "a list that is no held plan");
    let mut world = held("H v");
    world.model.read_only = true;
    world.press("y D");
    assert!(world.model.dialogs.is_empty());
}

#[test]
fn what_waits_for_a_decision_is_counted_in_the_header_and_one_key_leads_there_from_everywhere() {
    let mut world = fixture::with_held((80, 24));
    assert!(shot(&world.model).lines().next().unwrap().contains("‖ 1 to decide: H"));
    world.overview.connectors[0].undecided = 3;
    world.send(Msg::StoreChanged);
    assert!(shot(&world.model).lines().next().unwrap().contains("‖ 4 to decide: H"));
    for keys in ["", "4", "j enter", "j enter enter", "5 j enter"] {
        world.press(keys).press("H");
        assert_eq!(world.model.place(), Place::Pick, "{keys}");
        let text = shot(&world.model);
        assert!(text.contains("sync of wholesale-eu is held (run 41)"), "{text}");
        assert!(text.contains("3 records of shop to decide about"), "{text}");
        world.press("esc");
    }
    world.press("H j enter");
    assert_eq!((world.model.place(), world.model.screens.len()), (Place::Queue, 0));
    let entries: Vec<_> = world.model.queue.entries().iter().map(|entry| entry.name()).collect();
    assert_eq!(entries, ["Anna Müller"], "only what is to be decided");
    world.press("m");
    assert!(shot(&world.model).contains("may be one of several"));
    world.overview.connectors[0].undecided = 0;
    world.press("esc esc").send(Msg::StoreChanged).press("H");
    assert_eq!(world.model.place(), Place::Held, "the only thing is opened at once");
    let mut world = fixture::model((80, 24));
    world.press("H");
    assert!(world.model.toast.as_ref().unwrap().text.contains("no record waits"));
}
