use super::*;

fn field(path: &str, type_name: &str) -> FieldInfo {
    FieldInfo {
        path: path.into(),
        label: path.to_uppercase(),
        type_name: type_name.into(),
        mandatory: false,
        writable: true,
        max_length: None,
        choices: Vec::new(),
        refers_to: Vec::new(),
    }
}

fn told(pair: &Pair, vtiger: FieldInfo, service: FieldInfo, sample: &str) -> Vec<LiveProblem> {
    let info = |field| EntityInfo { fields: vec![field], ..EntityInfo::default() };
    let lines = [LivePair { pair, samples: [None, Some(sample)], own: true }];
    let infos = [info(vtiger), info(service)];
    live_problems(&lines, Direction::Both, &infos, ["Vtiger", "Shop"])
}

/// What is told about a line, beginning and part, or nothing.
#[test]
fn each_problem_is_told_at_its_part() {
    let pair = Pair::new("v", "s");
    let with = |change: fn(&mut Pair)| {
        let mut pair = pair.clone();
        change(&mut pair);
        pair
    };
    let to_vtiger = with(|p| p.direction = Direction::ToVtiger);
    let number = with(|p| p.kind = PairKind::Number);
    let cut = with(|p| p.transform = vec![Transform::Truncate { length: 5 }]);
    let mapped = with(|p| {
        p.transform = vec![Transform::Map {
            to_vtiger: Default::default(),
            to_service: Default::default(),
            otherwise: Some("a".into()),
        }];
    });
    let off = with(|p| p.active = false);
    let text = || field("v", "string");
    let service = || field("s", "string");
    let fixed = |f: FieldInfo| FieldInfo { writable: false, ..f };
    let short = |n| FieldInfo { max_length: Some(n), ..text() };
    let must = |f: FieldInfo| FieldInfo { mandatory: true, ..f };
    let list = || FieldInfo { choices: vec!["a".into()], ..field("v", "picklist") };
    type Case<'a> = (&'a Pair, FieldInfo, FieldInfo, &'a str, Option<(Part, &'a str)>);
    let cases: Vec<Case<'_>> = vec![
        (&pair, text(), service(), "", None),
        (
            &pair,
            field("w", "string"),
            service(),
            "",
            Some((Part::Vtiger, "Vtiger has no field v here")),
        ),
        (
            &to_vtiger,
            fixed(text()),
            service(),
            "",
            Some((Part::Vtiger, "V (v) can only be read in Vtiger")),
        ),
        (
            &pair,
            field("v", "double"),
            service(),
            "",
            Some((Part::Kind, "S (s) is string, V (v) is double: as text")),
        ),
        (&number, field("v", "double"), service(), "", None),
        (
            &number,
            field("v", "date"),
            field("s", "number"),
            "",
            Some((Part::Kind, "S (s) is number, V (v) is date")),
        ),
        (&pair, field("v", "date"), field("s", "date-time"), "", None),
        (
            &pair,
            field("v", "reference"),
            service(),
            "",
            Some((Part::Kind, "S (s) is string, V (v) is reference")),
        ),
        (
            &pair,
            short(5),
            service(),
            "sechs!",
            Some((Part::Vtiger, "V (v) holds 5 characters, and a sample has 6")),
        ),
        (
            &pair,
            short(5),
            FieldInfo { max_length: Some(9), ..service() },
            "",
            Some((Part::Vtiger, "V (v) holds 5 characters, and S (s) may have 9")),
        ),
        (&cut, short(5), service(), "sechs!", None),
        (&pair, list(), service(), "b", Some((Part::Vtiger, "V (v) has no value \"b\": such"))),
        (&pair, list(), service(), "a", None),
        (&mapped, list(), service(), "b", None),
        (
            &off,
            must(text()),
            service(),
            "",
            Some((Part::Active, "Vtiger demands V (v), and no active line")),
        ),
        (&pair, must(text()), service(), "", None),
        (&to_vtiger, text(), must(service()), "", Some((Part::Active, "Shop demands S (s)"))),
    ];
    for (pair, vtiger, service, sample, expected) in cases {
        let found = told(pair, vtiger.clone(), service.clone(), sample);
        match expected {
            None => assert_eq!(found, [], "{pair:?} {vtiger:?}"),
            Some((part, words)) => {
                assert_eq!(found.len(), 1, "{found:?}");
                let (line, at, text) = &found[0];
                assert_eq!((*line, *at), (Some(0), part), "{text}");
                assert!(text.starts_with(words), "{text}");
            }
        }
    }
}

#[test]
fn a_mandatory_field_that_no_line_names_is_told_of_the_module() {
    let pair = Pair::new("v", "s");
    let must = FieldInfo { mandatory: true, ..field("lastname", "string") };
    let infos = [
        EntityInfo { fields: vec![field("v", "string"), must], ..EntityInfo::default() },
        EntityInfo::default(),
    ];
    let lines = [LivePair { pair: &pair, samples: [None; 2], own: true }];
    let found = live_problems(&lines, Direction::Both, &infos, ["Vtiger", "Shop"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, None);
    assert!(found[0].2.contains("LASTNAME (lastname)"));
    assert_eq!(live_problems(&lines, Direction::ToService, &infos, ["Vtiger", "Shop"]), []);
}

#[test]
fn a_line_that_never_travels_says_so() {
    let mut pair = Pair::new("v", "s");
    pair.direction = Direction::ToService;
    let lines = [LivePair { pair: &pair, samples: [None; 2], own: true }];
    let infos = [
        EntityInfo { fields: vec![field("v", "string")], ..EntityInfo::default() },
        EntityInfo::default(),
    ];
    let found = live_problems(&lines, Direction::ToVtiger, &infos, ["Vtiger", "Shop"]);
    assert_eq!(found[0].1, Part::Direction);
}
