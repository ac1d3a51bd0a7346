use super::super::editor::Origin;
use super::super::picker::Picker;
use super::*;
use crate::model::Transform;
use crate::remote::{EntityInfo, FieldInfo};

const KEY: Key = (1, Module::Contacts);

fn form(pair: Option<Pair>) -> PairForm {
    let row = pair.map(|pair| Row { pair, origin: Origin::Own(0) });
    PairForm::new(KEY, row, Direction::Both, "WooCommerce")
}

fn full() -> Pair {
    let mut pair = Pair::new("lastname", "last_name");
    pair.fallback = vec!["billing.last_name".into()];
    pair.zero_is_empty = true;
    pair.required = true;
    pair.transform = vec![Transform::Truncate { length: 9 }, Transform::Lowercase];
    pair.description = "Name".into();
    pair
}

fn type_text(form: &mut PairForm, text: &str) {
    for c in text.chars() {
        form.edit(InputRequest::InsertChar(c)).unwrap();
    }
}

fn field(path: &str, type_name: &str) -> FieldInfo {
    crate::tui::fixture::fields::field(path, "", type_name)
}

#[test]
fn a_line_that_is_not_touched_stays_as_it_is() {
    let form = form(Some(full()));
    assert_eq!(form.pair().unwrap(), full());
    assert!(!form.changed());
    assert!(!self::form(None).changed());
}

#[test]
fn every_part_can_be_reached_and_comes_round() {
    let mut form = form(Some(full()));
    let slots = form.slots();
    let mut seen = Vec::new();
    for _ in 0..slots.len() {
        seen.push(form.focus);
        form.move_focus(true);
    }
    assert_eq!(seen, slots);
    assert_eq!(form.focus, Slot::Vtiger);
    form.move_focus(false);
    assert_eq!(form.focus, Slot::Done);
    assert!(slots.contains(&Slot::Param(0, 0)) && slots.contains(&Slot::Step(1)));
}

/// Part, keys (`>` right, `<` left, else typed), and what becomes of the line.
#[test]
fn keys_change_the_parts() {
    type Case = (Slot, &'static str, fn(&Pair) -> bool);
    let cases: &[Case] = &[
        (Slot::Direction, ">", |p| p.direction == Direction::ToVtiger),
        (Slot::Direction, "<", |p| p.direction == Direction::ToService),
        (Slot::Kind, ">", |p| p.kind == PairKind::Lines),
        (Slot::Kind, "c", |p| p.kind == PairKind::Country),
        (Slot::Required, ">", |p| !p.required),
        (Slot::Active, " ", |p| !p.active),
        (Slot::Empty, ">", |p| p.empty == EmptyRule::Keep),
        (Slot::Default, "x y", |p| p.default == "x y"),
        (Slot::Description, "!", |p| p.description == "Name!"),
        (Slot::Param(0, 0), "1", |p| p.transform[0] == Transform::Truncate { length: 91 }),
        (Slot::Step(1), "<", |p| p.transform[1] != Transform::Lowercase),
        (Slot::Step(1), "n", |p| p.transform.len() == 1 || p.transform[1].key() == "date-format"),
        (Slot::Add, "<", |p| p.transform.last() == Some(&Transform::HtmlToText)),
        (Slot::Service, " + x", |p| p.service == ["last_name", "x"]),
    ];
    for (slot, keys, expected) in cases {
        let mut form = form(Some(full()));
        form.go_to(*slot);
        for key in keys.chars() {
            let request = match key {
                '>' => InputRequest::GoToNextChar,
                '<' => InputRequest::GoToPrevChar,
                c => InputRequest::InsertChar(c),
            };
            form.edit(request).unwrap();
        }
        assert!(form.changed(), "{slot:?} {keys}");
        assert!(expected(&form.draft()), "{slot:?} {keys}: {:?}", form.draft());
        let kept = form.draft();
        assert!(kept.zero_is_empty && kept.fallback.len() == 1, "the rest stays");
    }
}

#[test]
fn only_what_the_module_allows_can_be_chosen_and_the_others_say_why() {
    for (module, free) in [
        (Direction::Both, vec!["both", "to-vtiger", "to-service"]),
        (Direction::ToVtiger, vec!["both", "to-vtiger"]),
        (Direction::ToService, vec!["both", "to-service"]),
    ] {
        let row = Row { pair: Pair::new("a", "b"), origin: Origin::Own(0) };
        let mut form = PairForm::new(KEY, Some(row), module, "WooCommerce");
        let choices = form.choices(Slot::Direction);
        let open: Vec<_> =
            choices.iter().filter(|c| c.why_not.is_none()).map(|c| c.value.as_str()).collect();
        assert_eq!(open, free);
        for choice in choices.iter().filter(|c| c.why_not.is_some()) {
            let why = choice.why_not.as_ref().unwrap();
            assert!(why.starts_with("Contacts only travel"), "{why}");
        }
        form.go_to(Slot::Direction);
        form.edit(InputRequest::GoToNextChar).unwrap();
        assert!(free.contains(&form.value(Slot::Direction).as_str()));
    }
    let mut form = PairForm::new(KEY, None, Direction::ToVtiger, "WooCommerce");
    form.go_to(Slot::Direction);
    let why = form.edit(InputRequest::InsertChar('V')).unwrap_err();
    assert!(why.contains("only travel WooCommerce → Vtiger"), "{why}");
}

#[test]
fn what_is_missing_or_cannot_be_read_is_told_at_its_place() {
    let mut form = form(None);
    assert_eq!(form.pair().unwrap_err().0, Slot::Vtiger);
    type_text(&mut form, "cf_1");
    assert_eq!(form.pair().unwrap_err().0, Slot::Service);
    form.go_to(Slot::Service);
    type_text(&mut form, "meta_data.a");
    form.go_to(Slot::Add);
    form.edit(InputRequest::InsertChar('c')).unwrap();
    assert_eq!(form.focus, Slot::Step(0));
    assert_eq!(form.pair().unwrap_err().0, Slot::Param(0, 0));
    assert!(form.changed());
    form.go_to(Slot::Param(0, 0));
    type_text(&mut form, "20");
    assert_eq!(form.pair().unwrap().transform, [Transform::Truncate { length: 20 }]);
    // Taken away again.
    form.go_to(Slot::Step(0));
    form.edit(InputRequest::GoToPrevChar).unwrap();
    assert_eq!(form.focus, Slot::Add);
    assert_eq!(form.pair().unwrap().transform, []);
}

#[test]
fn a_chosen_field_brings_its_type_until_one_is_chosen_by_hand() {
    let info = |fields| EntityInfo { fields, ..EntityInfo::default() };
    let live = LiveFields {
        infos: [
            info(vec![field("cf_1", "double"), field("cf_2", "boolean")]),
            info(vec![field("price", "string")]),
        ],
        ..LiveFields::default()
    };
    let (ours, theirs) = (Picker::default(), Picker { service: true, ..Picker::default() });
    let mut form = form(None);
    form.take_field(&ours, "cf_1", Some(&live));
    assert_eq!((form.focus, form.draft().kind), (Slot::Service, PairKind::Number));
    form.take_field(&theirs, "price", Some(&live));
    assert_eq!((form.focus, form.draft().kind), (Slot::Direction, PairKind::Number));
    form.go_to(Slot::Kind);
    form.edit(InputRequest::InsertChar('d')).unwrap();
    form.go_to(Slot::Vtiger);
    form.take_field(&ours, "cf_2", Some(&live));
    assert_eq!(form.draft().kind, PairKind::Date);
}

#[test]
fn several_service_fields_are_joined() {
    let mut form = form(Some(Pair::new("lastname", "last_name")));
    let picker =
        Picker { service: true, marked: vec!["a".into(), "b".into()], ..Picker::default() };
    form.go_to(Slot::Service);
    form.take_field(&picker, "b", None);
    let pair = form.pair().unwrap();
    assert_eq!(pair.service, ["a", "b"]);
    assert_eq!(pair.transform, [Transform::Join { separator: " ".into() }]);
}

#[test]
fn what_few_lines_need_is_under_advanced_and_keeps_the_form_short() {
    let mut form = form(Some(full()));
    assert!(!form.slots().contains(&Slot::Fallback));
    assert_eq!(form.advanced_words(), "else read from billing.last_name; zero counts as empty");
    form.go_to(Slot::Advanced);
    form.edit(InputRequest::GoToNextChar).unwrap();
    assert!(Slot::ADVANCED.iter().all(|slot| form.slots().contains(slot)));
    assert!(!form.changed(), "looking changes nothing");
    form.edit(InputRequest::GoToPrevChar).unwrap();
    assert!(!form.slots().contains(&Slot::Fallback));
    // Who may not change anything can look.
    form.locked = Some("no".into());
    form.edit(InputRequest::GoToNextChar).unwrap();
    form.go_to(Slot::Once);
    assert_eq!(form.edit(InputRequest::GoToNextChar), Err("no".into()));
}

/// Part, keys (`>` right, else typed), and the line as a file tells it.
#[test]
fn everything_that_a_line_can_hold_is_edited_and_comes_back_from_a_file() {
    let catalog = crate::catalog::Catalog::built_in().unwrap();
    let service = catalog.service("woocommerce").unwrap();
    let cases: &[(Slot, &str, &str)] = &[
        (Slot::Fallback, "a.b, c", "fallback = [\n    \"a.b\",\n    \"c\",\n]"),
        (Slot::Fallback, "a.b", "fallback = [\"a.b\"]"),
        (Slot::Once, ">", "once = true"),
        (Slot::Zero, ">", "zero_is_empty = true"),
        (Slot::Silent, ">", "null_is_silent = true"),
        (Slot::With, "manage_stock = yes, x.y = no", "[mapping.with]"),
        (Slot::With, "manage_stock", "manage_stock = true"),
    ];
    for (slot, keys, told) in cases {
        let mut form = form(Some(Pair::new("cf_1", "meta_data.a")));
        form.go_to(*slot);
        for key in keys.chars() {
            let request = match key {
                '>' => InputRequest::GoToNextChar,
                c => InputRequest::InsertChar(c),
            };
            form.edit(request).unwrap();
        }
        assert!(form.changed(), "{slot:?}");
        let pair = form.pair().unwrap();
        let lines = [pair.clone()];
        let text = crate::settings::export_mapping(service, Module::Contacts, &lines).unwrap();
        let flat = |text: &str| text.split_whitespace().collect::<String>().replace(",]", "]");
        assert!(flat(&text).contains(&flat(told)), "{told} is not in\n{text}");
        let read = crate::settings::read_mapping(service, Module::Contacts, &text, "x.toml");
        assert_eq!(read.unwrap(), lines);
        // Opened again, it is as it was.
        let again = self::form(Some(pair.clone()));
        assert_eq!(again.pair().unwrap(), pair);
        assert!(!again.changed());
    }
}

#[test]
fn a_switch_that_cannot_be_read_is_told_at_its_place() {
    for (text, why) in [
        ("manage_stock = perhaps", "Write manage_stock = yes"),
        ("a = yes, a = no", "a stands twice"),
        ("= yes", "Write a field"),
    ] {
        let mut form = form(Some(Pair::new("cf_1", "meta_data.a")));
        form.go_to(Slot::With);
        type_text(&mut form, text);
        let (slot, told) = form.pair().unwrap_err();
        assert!(slot == Slot::With && told.contains(why), "{text}: {told}");
        assert!(form.changed());
    }
}

#[test]
fn fields_that_are_read_in_turn_are_taken_from_the_list_in_their_order() {
    let mut form = form(Some(Pair::new("lastname", "last_name")));
    form.go_to(Slot::Fallback);
    let marked = vec!["billing.last_name".to_owned(), "shipping.last_name".to_owned()];
    form.take_field(&Picker { service: true, marked, ..Picker::default() }, "", None);
    let pair = form.pair().unwrap();
    assert_eq!(pair.fallback, ["billing.last_name", "shipping.last_name"]);
    assert_eq!((pair.service, pair.transform.len()), (vec!["last_name".to_owned()], 0));
    assert_eq!(form.focus, Slot::Once);
}
