use super::*;
use crate::settings::default_connector;

#[test]
fn lines_are_put_into_a_connector_or_refused_with_the_line() {
    let catalog = Catalog::built_in().unwrap();
    let shop = default_connector(catalog.service("woocommerce").unwrap(), "shop");
    let line = Pair { custom: true, ..Pair::new("cf_1", "meta_data.a") };
    let put = |lines| with_mapping(&catalog, &shop, Module::Contacts, lines);
    let changed = put(vec![line.clone()]).unwrap();
    let stored = &changed.modules[&Module::Contacts].mapping;
    assert_eq!(stored[..], [Pair { custom: false, ..line.clone() }]);
    assert_eq!(with_mapping(&catalog, &changed, Module::Contacts, Vec::new()).unwrap(), shop);
    let twice = put(vec![line.clone(), line]).unwrap_err();
    assert!(twice.what.contains("cf_1 ↔ meta_data.a"), "{twice}");
    assert!(twice.why.contains("written by an earlier line already"), "{twice}");
    assert!(with_mapping(&catalog, &shop, Module::Payments, Vec::new()).is_err());
}

#[test]
fn each_problem_names_its_part() {
    let catalog = Catalog::built_in().unwrap();
    let spec = &catalog.service("woocommerce").unwrap().modules[&Module::Contacts];
    let line = |change: fn(&mut Pair)| {
        let mut line = Pair::new("cf_1", "meta_data.a");
        change(&mut line);
        line
    };
    for (line, part) in [
        (line(|l| l.vtiger = "a b".into()), Part::Vtiger),
        (line(|l| l.service.clear()), Part::Service),
        (line(|l| l.service = vec!["a..b".into()]), Part::Service),
        (line(|l| l.fallback = vec!["a..b".into()]), Part::Fallback),
        (line(|l| l.fallback = vec!["meta_data.a".into()]), Part::Fallback),
        (line(|l| l.with = [("a. ".to_owned(), true)].into()), Part::With),
        (line(|l| l.service.push("b".into())), Part::Kind),
        (line(|l| l.kind = PairKind::Reference), Part::Module),
        (
            line(|l| l.transform = vec![Transform::Lowercase, Transform::Truncate { length: 0 }]),
            Part::Transform(1),
        ),
    ] {
        let problems = mapping_problems(spec, std::slice::from_ref(&line));
        assert_eq!(
            problems.iter().map(|p| (p.line, p.part)).collect::<Vec<_>>(),
            [(0, part)],
            "{line:?}"
        );
    }
}
