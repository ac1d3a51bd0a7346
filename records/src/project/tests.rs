use super::*;
use proptest::prelude::*;

fn take(json: &str, paths: &[&str]) -> Fields {
    Projection::new(paths.iter().copied(), &[]).take(json).unwrap().fields
}

const CUSTOMER: &str = r#"{"id":2,"email":"a@b.c","billing":{"city":"Köln","x":{"deep":1}},"tags":[{"id":1},{"id":2}],
    "meta_data":[{"id":48,"key":"vat.id","value":"DE1"},{"id":49,"value":{"a":[1,null]},"key":"o"},{"key":"vat.id","value":"DE2"},7],
    "total":1234.5678,"big":123456789012345678901234567890,"exp":1.5e3,"neg":-0.10,"yes":true,"none":null,"empty":[]}"#;

#[test]
fn wanted_paths_are_taken_and_the_rest_is_left() {
    let fields = take(
        CUSTOMER,
        &["email", "billing.city", "billing.x.deep", "nothing", "billing.no", "email.no"],
    );
    let all: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(all, ["billing.city=Köln", "billing.x.deep=1", "email=a@b.c"]);
}

#[test]
fn meta_data_is_found_by_key_and_the_first_entry_counts() {
    let fields = take(CUSTOMER, &["meta_data.vat.id", "meta_data.o", "meta_data.absent"]);
    assert_eq!(fields.get("meta_data.vat.id"), Some(&Value::from("DE1")));
    assert_eq!(fields.get("meta_data.o").unwrap().to_text(), "a: 1, ");
    assert_eq!(fields.len(), 2);
    assert!(take(r#"{"meta_data":{"a":1}}"#, &["meta_data.a"]).get("meta_data.a").is_some());
    assert!(take(r#"{"meta_data":"x"}"#, &["meta_data.a"]).is_empty());
}

#[test]
fn lists_and_objects_are_taken_whole() {
    let fields = take(CUSTOMER, &["tags", "billing", "billing.city", "empty"]);
    assert_eq!(fields.get("tags").unwrap().to_text(), "id: 1, id: 2");
    assert!(matches!(fields.get("billing"), Some(Value::Object(o)) if o.len() == 2));
    assert_eq!(fields.get("billing.city"), Some(&Value::from("Köln")));
    assert_eq!(fields.get("empty"), Some(&Value::List(vec![])));
}

#[test]
fn numbers_are_exact() {
    let fields = take(CUSTOMER, &["total", "exp", "neg", "big", "yes", "none"]);
    let text = |path: &str| fields.get(path).unwrap().to_text();
    assert_eq!(text("total"), "1234.5678");
    assert_eq!(text("exp"), "1500");
    assert_eq!(text("neg"), "-0.10");
    assert_eq!(fields.get("big"), Some(&Value::from("123456789012345678901234567890")));
    assert_eq!(fields.get("yes"), Some(&Value::Bool(true)));
    assert_eq!(fields.get("none"), Some(&Value::Null));
}

#[test]
fn the_connectors_own_members_go_into_slots() {
    let projection = Projection::new(["id"], &["id", "", "yes", "absent"]);
    let found = projection.take(CUSTOMER).unwrap();
    assert_eq!(found.slots[0].to_text(), "2");
    assert_eq!(found.slots[2], Value::Bool(true));
    assert_eq!(found.slots[3], Value::Null);
    assert_eq!(found.fields.len(), 1);
}

#[test]
fn a_lone_surrogate_does_not_break_the_record() {
    let fields = take(r#"{"a":"x\ud83d y\\ud \u00e9","b":"ok\n"}"#, &["a", "b"]);
    assert_eq!(fields.get("a"), Some(&Value::from("x\u{FFFD}\u{FDD1} y\\ud é")));
    assert_eq!(fields.get("b"), Some(&Value::from("ok\n")));
}

#[test]
fn escapes_stand_for_what_they_mean() {
    let fields = take(
        r#"{"a":"\"\\\/\b\f\n\r\t","b":"\u00FC\u20ac\ud83d\uDE00!","c":"\udE00\ud83d\u0041\uD55c","d":"\ud83d"}"#,
        &["a", "b", "c", "d"],
    );
    let bad = UNREADABLE;
    assert_eq!(fields.get("a"), Some(&Value::from("\"\\/\u{8}\u{c}\n\r\t")));
    assert_eq!(fields.get("b"), Some(&Value::from("ü€😀!")));
    assert_eq!(fields.get("c"), Some(&Value::from(format!("{bad}{bad}A한"))));
    assert_eq!(fields.get("d"), Some(&Value::from(bad)));
}

#[test]
fn names_of_the_same_beginning_end_or_length_are_told_apart() {
    let fields = take(r#"{"billing_a":1,"billing_b":2,"billing":3}"#, &["billing_b", "billing"]);
    let all: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(all, ["billing=3", "billing_b=2"]);
    let fields = take(
        r#"{"a":1,"\u0000a":2,"beginningA-endingabc":3,"beginningB-endingabc":4,"beginninendingabc":5,
        "beginning-endingabc":6,"eight by":7,"eight byeight by":8}"#,
        &["a", "beginningB-endingabc", "beginninendingabc", "eight byeight by"],
    );
    let all: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let want = ["a=1", "beginninendingabc=5", "beginningB-endingabc=4", "eight byeight by=8"];
    assert_eq!(all, want);
}

#[test]
fn what_is_no_record_is_an_error() {
    let projection = Projection::new(["a"], &[]);
    for bad in ["[]", "1", "{\"a\":", "{\"a\":1}x", ""] {
        assert!(projection.take(bad).is_err(), "{bad}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-c.]{1,3}", inner, 0..5)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

/// The value at a path, the slow way.
fn look<'a>(value: &'a serde_json::Value, path: &str) -> Option<&'a serde_json::Value> {
    path.split('.').try_fold(value, |at, name| at.as_object()?.get(name))
}

proptest! {
    #[test]
    fn the_same_as_looking_into_the_whole_value(members in prop::collection::btree_map("[a-c]", json(), 0..4)) {
        let record = serde_json::Value::Object(members.into_iter().collect());
        let paths = ["a", "b", "a.a", "a.b", "b.c.a", "c.c", "c.a.b"];
        let fields = take(&record.to_string(), &paths);
        for path in paths {
            let want = look(&record, path).map(|v| value(&v.to_string()));
            prop_assert_eq!(fields.get(path), want.as_ref(), "{}", path);
        }
    }

    #[test]
    fn texts_are_read_as_by_the_parser(text in any::<String>(), escape in any::<u64>()) {
        // As PHP writes it: escaped although it need not be.
        let units = |c: char| {
            let mut both = [0; 2];
            c.encode_utf16(&mut both).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
        };
        let plain = serde_json::to_string(&text).unwrap();
        let inner = plain[1..plain.len() - 1].chars().enumerate();
        let json: String = inner
            .map(|(n, c)| match escape >> (n % 64) & 1 {
                1 if !c.is_ascii() => units(c),
                1 if c == '/' => "\\/".to_owned(),
                _ => c.to_string(),
            })
            .collect();
        prop_assert_eq!(value(&format!("\"{json}\"")), Value::from(text));
    }

    #[test]
    fn a_list_is_read_in_one_go_as_with_care(
        lists in prop::collection::vec(prop::collection::vec(
            prop::collection::btree_map("[a-cx]|meta_data", json(), 0..5), 0..3), 1..4),
        odd in prop::option::of(prop::sample::select(&[
            "1.50", "-0", "1e3", "18446744073709551616", r#""\ud83d""#, r#""\u00e9\/""#, "-7", "007", "\"\u{1}\"",
        ][..])),
        at in 0..12usize,
    ) {
        let paths = ["a", "b", "a.a", "b.c", "c", "meta_data.a", "meta_data.value"];
        let projection = Projection::new(paths, &["x", "a"]);
        for (n, list) in lists.into_iter().enumerate() {
            let mut text = serde_json::to_string(&list).unwrap();
            // Somewhere in it stands what the parser alone would change, or no JSON at all.
            if let Some(odd) = odd.filter(|_| n == at / 4) {
                let places: Vec<usize> = text.match_indices(":").map(|(at, _)| at + 1).collect();
                let place = places.get(at % places.len().max(1)).copied();
                let value = place.filter(|place| text[*place..].starts_with(['n', 't', 'f']));
                if let Some(place) = value {
                    let end = text[place..].find([',', '}', ']']).map_or(text.len(), |at| place + at);
                    text.replace_range(place..end, odd);
                }
            }
            let careful = parse(&text, projection.records());
            match (projection.take_all(&text), careful) {
                (Ok(found), Ok(careful)) => prop_assert_eq!(found, careful),
                (found, careful) => prop_assert_eq!(found.is_err(), careful.is_err(), "{}", text),
            }
        }
    }

    #[test]
    fn no_body_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = Projection::new(["a", "a.b", "meta_data.x"], &["id"]).take(&text);
    }
}

#[test]
fn exact_numbers_are_kept_in_lists_too() {
    let projection = Projection::new(["total", "n"], &["id"]);
    for projection in [projection, Projection::new(["total", "n"], &["id"]).with_care()] {
        let read = |text: &str| projection.take_all(text).unwrap().remove(0);
        let first = read(r#"[{"id":7,"n":18446744073709551615}]"#);
        assert_eq!(first.fields.get("n").unwrap().to_text(), "18446744073709551615");
        assert_eq!(first.slots[0], Value::from("7"));
        assert_eq!(read(r#"[{"total":0.10}]"#).fields.get("total").unwrap().to_text(), "0.10");
        assert_eq!(read(r#"[{"total":"x"}]"#).fields.get("total"), Some(&Value::from("x")));
        assert!(projection.take_all("[{").is_err());
    }
}

#[test]
fn a_list_that_is_known_to_hold_fractions_is_read_once() {
    let page = format!("[{}]", vec![r#"{"id":7,"lines":[{"price":12.50}]}"#; 50].join(","));
    let cost = |projection: &Projection| {
        let info = allocation_counter::measure(|| drop(projection.take_all(&page).unwrap()));
        info.count_total
    };
    let quick = Projection::new(["lines"], &["id"]);
    let careful = Projection::new(["lines"], &["id"]).with_care();
    assert!(cost(&careful) < cost(&quick), "{} {}", cost(&careful), cost(&quick));
}

#[test]
fn a_record_costs_three_allocations_while_its_texts_are_short() {
    let row = r#"{"id":43,"date_created_gmt":"2026-11-21T19:22:10","date_modified_gmt":"2026-11-21T19:24:00","role":"customer","email":"anna@example.com","meta":{"a":[1,2,{"b":"c"}]},"billing":{"city":"Köln","postcode":"50667","phone":"+49 221 1"}}"#;
    let page = format!("[{}]", vec![row; 100].join(","));
    let measured = |paths: &[&str], slots: &[&str]| {
        let projection = Projection::new(paths.iter().copied(), slots);
        let careful = || assert_eq!(parse(&page, projection.records()).unwrap().len(), 100);
        let quick = || assert_eq!(projection.take_all(&page).unwrap().len(), 100);
        let counts = [allocation_counter::measure(careful), allocation_counter::measure(quick)];
        counts.map(|info| info.count_total / 100).into_iter().max().unwrap()
    };
    let slots = ["id", "date_modified_gmt", "date_created_gmt", "role"];
    // The values by their places, the fields, and what shares them.
    let whole = ["email", "billing.city", "billing.postcode", "billing.phone"];
    for paths in [&whole[..1], &whole] {
        assert!(measured(paths, &slots) <= 3, "{paths:?}: {}", measured(paths, &slots));
    }
    assert_eq!(measured(&[], &slots), 0, "what a narrow listing takes");
}
