//! What VTQL finds.

use serde_json::{Value, json};

use super::{code, create, query, rows, server, write};

#[test]
fn queries_that_fail_say_how() {
    let server = server(100);
    for (text, expected) in [
        ("select id from Nowhere;", "ACCESS_DENIED"),
        ("select id from contacts;", "ACCESS_DENIED"),
        ("select shoe_size from Contacts;", "ACCESS_DENIED"),
        ("select id from Contacts where Email='x';", "ACCESS_DENIED"),
        ("select currency1 from Products;", "ACCESS_DENIED"),
        ("select id from Contacts", "QUERY_SYNTAX_ERROR"),
        ("select id from Contacts where (email='x');", "QUERY_SYNTAX_ERROR"),
        ("select id from Contacts where email='';", "INTERNAL_SERVER_ERROR"),
        ("select id from Contacts where email=\"x\";", "INTERNAL_SERVER_ERROR"),
        ("select id from Contacts where account_id='5';", "INVALID_ID_ATTRIBUTE"),
    ] {
        assert_eq!(code(&query(&server, text)), expected, "{text}");
    }
    for text in [
        "select id from Contacts limit -1;",
        "select id from Contacts limit 'x';",
        "select id from Contacts order by nothing;",
        "select id from Contacts where lastname=Smith;",
        "select id from Contacts where lastname='x\\';",
        "select id from Contacts where id=5;",
        "select id from Contacts where assigned_user_id='1';",
    ] {
        assert_eq!(query(&server, text), json!({"success": true, "result": []}), "{text}");
    }
}

#[test]
fn queries_find_what_they_ask_for() {
    let server = server(300);
    let all = query(&server, "select * from Contacts limit 0,500;");
    assert_eq!(rows(&all).len(), 100, "never more than a hundred");
    let first = &rows(&all)[0];
    let (id, email) = (first["id"].as_str().unwrap(), first["email"].as_str().unwrap());
    let (shouted, other) = (email.to_uppercase(), rows(&all)[7]["email"].as_str().unwrap());
    let found = |text: &str| -> Vec<String> {
        let answer = query(&server, text);
        rows(&answer).iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&format!("select id from Contacts where email='{shouted} ';")), [id]);
    assert_eq!(
        found(&format!("select id from Contacts where email in ('{other}','{email}');")).len(),
        2
    );
    assert_eq!(found(&format!("select id from Contacts where id in ('{id}','11x11');")), [id]);
    assert_eq!(
        found(&format!("select id from Contacts where id='11{}';", &id[2..])),
        [id],
        "prefix is not looked at"
    );
    assert_eq!(found("select id from Contacts where email='nobody@x.example';").len(), 0);
    let later = found(&format!("select id from Contacts where id > '{id}' order by id limit 3;"));
    assert_eq!(later, found("select id from Contacts order by id limit 1,3;"));
    let names = query(
        &server,
        "select lastname from Contacts where lastname like 'm%' and id > '12x0' limit 100;",
    );
    assert!(
        rows(&names)
            .iter()
            .all(|r| { r["lastname"].as_str().unwrap().to_lowercase().starts_with('m') })
    );
    let accounts = query(&server, "select accountname,id from Accounts limit 1;");
    let (name, account) = (&rows(&accounts)[0]["accountname"], &rows(&accounts)[0]["id"]);
    let quoted = name.as_str().unwrap().replace('\'', "''");
    assert_eq!(
        found(&format!("select id from Accounts where accountname='{quoted}';")),
        [account.as_str().unwrap()]
    );
    let members = found(&format!(
        "select id from Contacts where account_id='{}';",
        account.as_str().unwrap()
    ));
    assert!(!members.is_empty());
    let prices = query(
        &server,
        "select unit_price from Products where unit_price > 100 order by unit_price desc;",
    );
    let prices: Vec<f64> =
        rows(&prices).iter().map(|r| r["unit_price"].as_str().unwrap().parse().unwrap()).collect();
    assert!(
        prices.len() > 3 && prices.is_sorted_by(|a, b| a >= b) && prices.iter().all(|p| *p > 100.0)
    );
    assert_eq!(
        rows(&query(&server, "select user_name from Users where is_admin='on';"))[0]["user_name"],
        "admin"
    );
    assert_eq!(rows(&query(&server, "select * from Tax;"))[0]["taxlabel"], "VAT");
}

#[test]
fn keyset_paging_by_time_sees_every_row_once() {
    let server = server(400);
    for n in 0..5 {
        create(&server, "Contacts", &json!({"lastname": format!("New {n}")}));
    }
    write(
        &server,
        "revise",
        &json!({"id": rows(&query(&server, "select id from Contacts limit 1;"))[0]["id"], "title": "x"}),
    );
    let (mut time, mut id, mut seen) =
        (String::from("1970-01-01 00:00:00"), String::from("12x0"), Vec::new());
    loop {
        let answer = query(
            &server,
            &format!(
                "select id,modifiedtime from Contacts where modifiedtime > '{time}' or modifiedtime = '{time}' and \
             id > '{id}' order by modifiedtime, id limit 100;"
            ),
        );
        let Some(last) = rows(&answer).last() else {
            break;
        };
        (time, id) =
            (last["modifiedtime"].as_str().unwrap().into(), last["id"].as_str().unwrap().into());
        seen.extend(rows(&answer).iter().map(|r| r["id"].as_str().unwrap().to_owned()));
    }
    let total = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((total, seen.len()), (324 + 5, 324 + 5));
}

#[test]
fn control_characters_go_out_as_they_are() {
    let server = server(10);
    create(&server, "Contacts", &json!({"lastname": "a\u{1}b"}));
    let reply = server
        .trusted("query", &[("query", "select lastname from Contacts where lastname like 'a%b';")]);
    assert!(reply.body.contains("a\u{1}b"));
    assert!(serde_json::from_str::<Value>(&reply.body).is_err());
}

#[test]
fn a_custom_field_holds_an_external_id() {
    let server = server(100);
    let made = create(&server, "Contacts", &json!({"lastname": "A", "cf_851": "shop-77"}));
    let found = query(&server, "select id,cf_851 from Contacts where cf_851='shop-77';");
    assert_eq!(rows(&found)[0]["id"], made["result"]["id"]);
    write(&server, "revise", &json!({"id": made["result"]["id"], "cf_851": "shop-78"}));
    assert!(rows(&query(&server, "select id from Contacts where cf_851='shop-77';")).is_empty());
}
