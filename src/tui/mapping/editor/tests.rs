use super::*;
use crate::catalog::Catalog;
use crate::model::{Module, Transform};

fn spec() -> ServiceModule {
    let catalog = Catalog::built_in().unwrap();
    catalog.service("woocommerce").unwrap().modules[&Module::Contacts].clone()
}

fn row_of(spec: &ServiceModule, lines: &[Pair], vtiger: &str) -> Row {
    rows(spec, lines).into_iter().find(|row| row.pair.vtiger == vtiger).unwrap()
}

/// Own lines in short: `-` where inactive, `!` where they replace.
fn short(lines: &[Pair]) -> Vec<String> {
    let mark = |on: bool, mark: &str| if on { mark.to_owned() } else { String::new() };
    let line = |l: &Pair| {
        let (off, instead) = (mark(!l.active, "-"), mark(l.replaces, "!"));
        format!("{off}{instead}{}|{}", l.vtiger, l.service_label())
    };
    lines.iter().map(line).collect()
}

#[test]
fn a_default_line_is_switched_off_and_on_again_without_a_trace() {
    let (spec, mut lines) = (spec(), Vec::new());
    let before = rows(&spec, &lines);
    let phone = row_of(&spec, &lines, "phone");
    assert_eq!(phone.state(), "default");
    toggle(&spec, &mut lines, &phone);
    assert_eq!(short(&lines), ["-!phone|billing.phone"]);
    let off = row_of(&spec, &lines, "phone");
    assert_eq!((off.state(), off.origin), ("inactive", Origin::Instead(0)));
    let at = |rows: &[Row]| rows.iter().position(|row| row.pair.vtiger == "phone");
    assert_eq!(at(&rows(&spec, &lines)), at(&before), "it stands where it stood");
    toggle(&spec, &mut lines, &off);
    assert_eq!(lines, []);
}

/// What is put where, and what becomes of the own lines.
#[test]
fn lines_are_put_in_place_of_others() {
    let spec = spec();
    let own = Pair::new("cf_854", "meta_data.vat");
    let cut =
        |pair: &Pair| Pair { transform: vec![Transform::Truncate { length: 5 }], ..pair.clone() };
    type Case<'a> = (&'a [Pair], Option<&'a str>, Pair, &'a [&'a str]);
    let phone = row_of(&spec, &[], "phone").pair;
    let changed = Pair { replaces: true, ..cut(&phone) };
    let to = |vtiger: &str, service: &str| Pair::new(vtiger, service);
    let (one, two) = (std::slice::from_ref(&own), std::slice::from_ref(&changed));
    let cases: &[Case<'_>] = &[
        (&[], None, own.clone(), &["cf_854|meta_data.vat"]),
        (one, Some("cf_854"), cut(&own), &["cf_854|meta_data.vat"]),
        (&[], Some("phone"), cut(&phone), &["!phone|billing.phone"]),
        (&[], Some("phone"), phone.clone(), &[]),
        (&[], Some("phone"), to("phone", "meta_data.p"), &["!phone|meta_data.p"]),
        (
            &[],
            Some("phone"),
            to("cf_1", "meta_data.p"),
            &["-!phone|billing.phone", "cf_1|meta_data.p"],
        ),
        (two, Some("phone"), phone.clone(), &[]),
        (
            two,
            Some("phone"),
            to("cf_1", "meta_data.p"),
            &["-!phone|billing.phone", "cf_1|meta_data.p"],
        ),
        (two, Some("phone"), to("cf_1", "billing.phone"), &["!cf_1|billing.phone"]),
    ];
    for (before, row, pair, after) in cases {
        let mut lines = before.to_vec();
        let row = row.map(|name| row_of(&spec, before, name));
        put(&spec, &mut lines, row.as_ref(), pair.clone());
        assert_eq!(short(&lines), *after, "{pair:?}");
        assert!(lines.iter().all(|line| !line.custom));
    }
}

#[test]
fn every_own_line_has_a_row_and_every_row_is_in_force() {
    let spec = spec();
    let mut swap = Pair::new("phone", "shipping.phone");
    swap.replaces = true;
    let lines = [Pair::new("cf_1", "meta_data.a"), swap];
    let rows = rows(&spec, &lines);
    let mut shown: Vec<String> =
        rows.iter().map(|r| format!("{}|{}", r.pair.vtiger, r.pair.service_label())).collect();
    let mut effective: Vec<String> = spec
        .effective_mapping(&lines)
        .iter()
        .map(|pair| format!("{}|{}", pair.vtiger, pair.service_label()))
        .collect();
    shown.sort();
    effective.sort();
    assert_eq!(shown, effective);
    assert_eq!(rows.last().unwrap().origin, Origin::Own(0));
}

#[test]
fn taking_an_own_line_away_gives_the_default_back() {
    let spec = spec();
    let mut lines = vec![Pair::new("cf_1", "meta_data.a")];
    toggle(&spec, &mut lines, &row_of(&spec, &[], "phone"));
    remove(&mut lines, 1);
    assert_eq!(row_of(&spec, &lines, "phone").origin, Origin::Default);
    remove(&mut lines, 0);
    assert_eq!(lines, []);
    remove(&mut lines, 7);
}

#[test]
fn the_checks_of_the_file_stand_at_the_rows() {
    let spec = spec();
    let mut off = row_of(&spec, &[], "email").pair;
    (off.replaces, off.active) = (true, false);
    let lines = [Pair::new("a b", "x"), Pair::new("lastname", "y"), off];
    let rows = rows(&spec, &lines);
    let told = told(&spec, Direction::Both, &lines, &rows, None, ["Vtiger", "Shop"]);
    let at = |name: &str| {
        rows.iter().position(|row| row.pair.vtiger == name && row.origin != Origin::Default)
    };
    let find = |name: &str| told.iter().find(|t| t.row == at(name)).unwrap();
    assert_eq!(find("a b").text, "\"a b\" is not the name of a Vtiger field such as cf_854.");
    assert!(find("lastname").text.contains("replaces = true"));
    assert_eq!(find("email").part, LinePart::Active);
    assert!(told.iter().all(|t| t.stops && t.row.is_some()));
}
