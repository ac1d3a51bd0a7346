use super::*;
use crate::mapping::FieldLimits;
use crate::model::{Fields, LinkOrigin, Pair, PairKind};
use proptest::prelude::*;

fn mapping() -> ModuleMapping {
    let pairs = vec![Pair::new("a", "a"), Pair::new("b", "b")];
    ModuleMapping::new(pairs, &["a".into()], [&[], &[]], |_| FieldLimits::default())
}

fn values(side: Side, a: &str, b: &str) -> Projection {
    mapping().project(side, &Fields::from_iter([("a", a), ("b", b)]))
}

fn rules(direction: Direction, conflict: ConflictRule) -> Rules {
    Rules { direction, conflict, deletes: Deletes::Carry, tolerance: Duration::from_secs(1) }
}

fn link(v: &Projection, s: &Projection) -> Link {
    Link {
        vtiger_id: "12x1".into(),
        service_id: "1".into(),
        vtiger_print: v.print,
        service_print: s.print,
        pairs: mapping().states(v, s),
        vtiger_stamp: None,
        service_stamp: None,
        revision: mapping().revision(),
        origin: LinkOrigin::Matched,
    }
}

#[test]
fn another_mapping_is_no_edit_of_a_record_whose_counterpart_is_gone() {
    let (v, s) = (values(Side::Vtiger, "1", "1"), values(Side::Service, "1", "1"));
    let older = Link { revision: 7, vtiger_print: 1, service_print: 2, ..link(&v, &s) };
    let decide = |v: &Projection| {
        let rules = rules(Direction::Both, ConflictRule::LastUpdated);
        reconcile(&mapping(), &rules, Some(&older), seen(v, 1), Seen::Gone)
    };
    assert_eq!(decide(&v), Decision::Delete(Side::Vtiger));
    let edited = values(Side::Vtiger, "1", "2");
    assert_eq!(decide(&edited), Decision::Revive(Side::Vtiger));
}

#[test]
fn values_that_nobody_has_compared_stay_though_the_counterpart_is_gone() {
    let (v, s) = (values(Side::Vtiger, "1", "1"), values(Side::Service, "1", "1"));
    let mut older = Link { revision: 7, vtiger_print: 1, service_print: 2, ..link(&v, &s) };
    older.pairs.pop();
    let decide = |v: &Projection| {
        let rules = rules(Direction::Both, ConflictRule::LastUpdated);
        reconcile(&mapping(), &rules, Some(&older), seen(v, 1), Seen::Gone)
    };
    assert_eq!(decide(&v), Decision::Keep(Side::Vtiger, Kept::NeverCompared));
    let empty = values(Side::Vtiger, "1", "");
    assert_eq!(decide(&empty), Decision::Delete(Side::Vtiger));
    let edited = values(Side::Vtiger, "2", "1");
    assert_eq!(decide(&edited), Decision::Revive(Side::Vtiger));
}

fn seen(values: &Projection, secs: i64) -> Seen<'_> {
    Seen::Present { values, stamp: Some(Stamp::from_secs(secs)) }
}

/// Base ("1", "1"); the values of pair b now; stamps; direction and rule; expected target of b and
/// winner.
#[test]
fn three_way_by_table() {
    use ConflictRule::{LastUpdated, Service, Vtiger};
    use Direction::{Both, ToService, ToVtiger};
    let (v, s) = (Some(Side::Vtiger), Some(Side::Service));
    let table = [
        // nothing changed; both changed to the same
        ("1", "1", 10, 10, Both, LastUpdated, None, None),
        ("2", "2", 10, 10, Both, LastUpdated, None, None),
        // one side changed
        ("2", "1", 10, 99, Both, LastUpdated, s, None),
        ("1", "2", 99, 10, Both, Vtiger, v, None),
        ("", "1", 10, 10, Both, LastUpdated, s, None),
        // both changed
        ("2", "3", 20, 10, Both, LastUpdated, s, Some((Side::Vtiger, "last-updated"))),
        ("2", "3", 10, 20, Both, LastUpdated, v, Some((Side::Service, "last-updated"))),
        ("2", "3", 10, 11, Both, LastUpdated, s, Some((Side::Vtiger, "tie"))),
        ("2", "3", 10, 20, Both, Vtiger, s, Some((Side::Vtiger, "vtiger"))),
        ("2", "3", 20, 10, Both, Service, v, Some((Side::Service, "service"))),
        // one way: the source is never written
        ("2", "1", 20, 10, ToVtiger, LastUpdated, None, Some((Side::Vtiger, "last-updated"))),
        ("2", "1", 20, 10, ToVtiger, Vtiger, None, Some((Side::Vtiger, "vtiger"))),
        ("2", "1", 20, 10, ToVtiger, Service, v, Some((Side::Service, "service"))),
        ("2", "3", 20, 10, ToVtiger, LastUpdated, None, Some((Side::Vtiger, "last-updated"))),
        ("2", "3", 10, 20, ToVtiger, LastUpdated, v, Some((Side::Service, "last-updated"))),
        ("1", "2", 10, 20, ToService, LastUpdated, None, Some((Side::Service, "last-updated"))),
        ("1", "2", 10, 20, ToService, Vtiger, s, Some((Side::Vtiger, "vtiger"))),
        ("2", "1", 10, 20, ToService, Service, s, None),
    ];
    let base = link(&values(Side::Vtiger, "1", "1"), &values(Side::Service, "1", "1"));
    for (b_v, b_s, at_v, at_s, direction, rule, target, winner) in table {
        let (now_v, now_s) = (values(Side::Vtiger, "1", b_v), values(Side::Service, "1", b_s));
        let rules = rules(direction, rule);
        let decision =
            reconcile(&mapping(), &rules, Some(&base), seen(&now_v, at_v), seen(&now_s, at_s));
        let on = |side| {
            if target == Some(side) { vec![1] } else { vec![] }
        };
        let lost =
            winner.map(|(winner, rule)| Lost { pair: 1, winner, rule }).into_iter().collect();
        let expected =
            Decision::Write { vtiger: on(Side::Vtiger), service: on(Side::Service), lost };
        assert_eq!(decision, expected, "{b_v:?} {b_s:?} {direction:?} {rule:?}");
    }
}

#[test]
fn at_the_first_meeting_filled_values_fill_empty_ones_and_nothing_is_cleared() {
    let (v, s) = (values(Side::Vtiger, "1", ""), values(Side::Service, "1", "2"));
    for rule in [ConflictRule::LastUpdated, ConflictRule::Vtiger, ConflictRule::Service] {
        let decision =
            reconcile(&mapping(), &rules(Direction::Both, rule), None, seen(&v, 9), seen(&s, 1));
        assert_eq!(decision, Decision::Write { vtiger: vec![1], service: vec![], lost: vec![] });
        let one_way = rules(Direction::ToService, rule);
        let decision = reconcile(&mapping(), &one_way, None, seen(&v, 9), seen(&s, 1));
        // The source may not be filled: the value stays where it is, and is told of.
        let lost = vec![Lost { pair: 1, winner: Side::Service, rule: rule.key() }];
        assert_eq!(decision, Decision::Write { vtiger: vec![], service: vec![], lost });
    }
}

#[test]
fn a_delete_is_carried_only_when_configured_and_never_over_an_edit() {
    let (v, s) = (values(Side::Vtiger, "1", "1"), values(Side::Service, "1", "1"));
    let edited = values(Side::Vtiger, "1", "2");
    let link = link(&v, &s);
    let mapping = mapping();
    let decide =
        |rules: &Rules, v: Seen<'_>, s: Seen<'_>| reconcile(&mapping, rules, Some(&link), v, s);
    let carry = rules(Direction::Both, ConflictRule::LastUpdated);
    assert_eq!(decide(&carry, seen(&v, 1), Seen::Gone), Decision::Delete(Side::Vtiger));
    assert_eq!(decide(&carry, Seen::Gone, Seen::AsLinked), Decision::Delete(Side::Service));
    assert_eq!(decide(&carry, seen(&edited, 1), Seen::Gone), Decision::Revive(Side::Vtiger));
    assert_eq!(decide(&carry, Seen::Gone, Seen::Gone), Decision::Forget);
    let off = Rules { deletes: Deletes::Off, ..carry };
    assert_eq!(
        decide(&off, seen(&v, 1), Seen::Gone),
        Decision::Keep(Side::Vtiger, Kept::NotCarried)
    );
    assert_eq!(
        decide(&off, seen(&edited, 1), Seen::Gone),
        Decision::Keep(Side::Vtiger, Kept::NotCarried)
    );
    let one_way = rules(Direction::ToVtiger, ConflictRule::LastUpdated);
    assert_eq!(
        decide(&one_way, Seen::Gone, seen(&s, 1)),
        Decision::Keep(Side::Service, Kept::NotCarried)
    );
    assert_eq!(decide(&one_way, seen(&v, 1), Seen::Gone), Decision::Delete(Side::Vtiger));
    assert_eq!(
        decide(&one_way, seen(&edited, 1), Seen::Gone),
        Decision::Keep(Side::Vtiger, Kept::Edited)
    );
}

#[test]
fn a_side_that_was_not_read_counts_as_unchanged() {
    let (v, s) = (values(Side::Vtiger, "1", "1"), values(Side::Service, "1", "1"));
    let edited = values(Side::Vtiger, "1", "2");
    let base = link(&v, &s);
    let both = rules(Direction::Both, ConflictRule::LastUpdated);
    let decision = reconcile(&mapping(), &both, Some(&base), seen(&edited, 5), Seen::AsLinked);
    assert_eq!(decision, Decision::Write { vtiger: vec![], service: vec![1], lost: vec![] });
}

fn value() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just("1"), Just("2"), Just("3")]
}

proptest! {
    /// After the writes of a both-ways module are done, both sides agree and the next plan is empty.
    #[test]
    fn both_ways_converges(
        base in (value(), value()), v in (value(), value()), s in (value(), value()),
        at in (0i64..5, 0i64..5), linked in any::<bool>(), rule in 0usize..3,
    ) {
        let rule = [ConflictRule::LastUpdated, ConflictRule::Vtiger, ConflictRule::Service][rule];
        let rules = rules(Direction::Both, rule);
        let base_v = values(Side::Vtiger, base.0, base.1);
        let known = link(&base_v, &values(Side::Service, base.0, base.1));
        let (pv, ps) = (values(Side::Vtiger, v.0, v.1), values(Side::Service, s.0, s.1));
        let decision = reconcile(
            &mapping(), &rules, linked.then_some(&known), seen(&pv, at.0), seen(&ps, at.1),
        );
        let Decision::Write { vtiger, service, lost } = decision else { panic!() };
        let (mut after_v, mut after_s) = ([v.0, v.1], [s.0, s.1]);
        for at in vtiger { after_v[at] = after_s[at]; }
        for at in service { after_s[at] = after_v[at]; }
        prop_assert_eq!(after_v, after_s);
        // Every value of a changed pair is live or recorded as the loser.
        for at in 0..2 {
            let (was, v, s) = ([base.0, base.1][at], [v.0, v.1][at], [s.0, s.1][at]);
            if linked && v != s && v != was && s != was {
                prop_assert!(lost.iter().any(|l| l.pair == at));
            }
        }
        let (pv, ps) = (values(Side::Vtiger, after_v[0], after_v[1]), values(Side::Service, after_s[0], after_s[1]));
        let again = reconcile(&mapping(), &rules, Some(&link(&pv, &ps)), seen(&pv, 9), seen(&ps, 9));
        prop_assert_eq!(again, Decision::Write { vtiger: vec![], service: vec![], lost: vec![] });
    }

    /// A one-way module never writes its source, whatever the rule.
    #[test]
    fn one_way_never_writes_its_source(
        base in value(), v in value(), s in value(), to_vtiger in any::<bool>(), linked in any::<bool>(), rule in 0usize..3,
    ) {
        let rule = [ConflictRule::LastUpdated, ConflictRule::Vtiger, ConflictRule::Service][rule];
        let direction = if to_vtiger { Direction::ToVtiger } else { Direction::ToService };
        let known = link(&values(Side::Vtiger, "1", base), &values(Side::Service, "1", base));
        let (pv, ps) = (values(Side::Vtiger, "1", v), values(Side::Service, "1", s));
        let decision = reconcile(
            &mapping(), &rules(direction, rule), linked.then_some(&known), seen(&pv, 1), seen(&ps, 7),
        );
        let Decision::Write { vtiger, service, .. } = decision else { panic!() };
        let source = if to_vtiger { service } else { vtiger };
        prop_assert!(source.is_empty());
    }
}

/// What becomes of one pair whose values never met before.
fn first_meeting(pair: Pair, v: &Fields, s: &Fields, rules: Rules) -> Decision {
    let mapping = ModuleMapping::new(vec![pair], &[], [&[], &[]], |_| FieldLimits::default());
    let (v, s) = (mapping.project(Side::Vtiger, v), mapping.project(Side::Service, s));
    reconcile(&mapping, &rules, None, seen(&v, 99), seen(&s, 1))
}

#[test]
fn lines_that_meet_for_the_first_time_are_never_written_to_the_service_for_being_younger() {
    use crate::model::document::{Line, lines_value};
    let lines = |name: &str| {
        let line = Line { name: name.into(), quantity: 1.into(), ..Line::default() };
        Fields::from_iter([("lines", lines_value(&[line]))])
    };
    let pair = Pair { kind: PairKind::Items, ..Pair::new("lines", "lines") };
    let (v, s) = (lines("Fee"), lines("Gift wrap"));
    for (direction, rule, to_vtiger, to_service) in [
        (Direction::Both, ConflictRule::LastUpdated, true, false),
        (Direction::Both, ConflictRule::Vtiger, false, true),
        (Direction::Both, ConflictRule::Service, true, false),
        (Direction::ToVtiger, ConflictRule::LastUpdated, false, false),
        (Direction::ToService, ConflictRule::LastUpdated, false, true),
    ] {
        let decision = first_meeting(pair.clone(), &v, &s, rules(direction, rule));
        let Decision::Write { vtiger, service, lost } = decision else { panic!("{decision:?}") };
        assert_eq!(
            (vtiger.len() == 1, service.len() == 1),
            (to_vtiger, to_service),
            "{direction:?}"
        );
        assert_eq!(lost.len(), 1, "{direction:?} {rule:?}");
    }
}

fn reference() -> Pair {
    Pair { kind: PairKind::Reference, ..Pair::new("contact_id", "customer_id") }
}

#[test]
fn a_guests_order_stays_one_unless_it_was_made_in_the_crm() {
    let pair = Pair { zero_is_empty: true, ..reference() };
    let mapping = ModuleMapping::new(vec![pair], &[], [&[], &[]], |_| FieldLimits::default());
    let of = |contact: &str| {
        let fields = Fields::from_iter([("contact_id", contact), ("customer_id", "0")]);
        Side::BOTH.map(|side| mapping.project(side, &fields))
    };
    let ([v, s], [linked, _]) = (of(""), of("12x3"));
    for (origin, service) in [
        (LinkOrigin::created_on(Side::Vtiger), vec![]),
        (LinkOrigin::Matched, vec![]),
        (LinkOrigin::created_on(Side::Service), vec![0]),
    ] {
        let revision = mapping.revision();
        let link = Link { pairs: mapping.states(&v, &s), origin, revision, ..link(&v, &s) };
        let rules = rules(Direction::Both, ConflictRule::Vtiger);
        let decision = reconcile(&mapping, &rules, Some(&link), seen(&linked, 9), seen(&s, 1));
        assert_eq!(decision, Decision::Write { vtiger: vec![], service, lost: vec![] });
    }
}

#[test]
fn what_is_told_to_be_empty_and_what_only_stands_in_for_a_value_is_no_gap() {
    let quiet = Decision::Write { vtiger: vec![], service: vec![], lost: vec![] };
    let filled = Decision::Write { vtiger: vec![], service: vec![0], lost: vec![] };
    let reference = reference();
    let guest = Pair { zero_is_empty: true, ..reference.clone() };
    let stand_in = Pair { default: " n/a".into(), ..Pair::new("ship_street", "street") };
    for (pair, v, s, expected) in [
        (&guest, "12x3", "0", &quiet),
        (&reference, "12x3", "", &filled),
        (&stand_in, "n/a", "", &quiet),
        (&stand_in, "Main St 1", "", &filled),
    ] {
        let v = Fields::from_iter([(pair.vtiger.as_str(), v)]);
        let s = Fields::from_iter([(pair.service[0].as_str(), s)]);
        let rules = rules(Direction::Both, ConflictRule::LastUpdated);
        assert_eq!(first_meeting(pair.clone(), &v, &s, rules), *expected, "{pair:?}");
    }
}
