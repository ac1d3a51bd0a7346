//! Creating, changing, deleting.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ask, code, create, query, rows, server, write};

#[test]
fn creating_keeps_the_order_of_checks() {
    let server = server(100);
    let element =
        |text: &str| ask(&server, "create", &[("elementType", "Contacts"), ("element", text)]);
    assert_eq!(element("")["status"], 500);
    assert_eq!(element("5")["status"], 500);
    assert_eq!(code(&element("[]")), "MANDATORY_FIELDS_MISSING");
    assert_eq!(code(&element("{broken")), "INTERNAL_SERVER_ERROR");
    assert_eq!(code(&create(&server, "Nowhere", &json!({"lastname": "x"}))), "ACCESS_DENIED");
    let missing = create(&server, "Contacts", &json!({"firstname": "x"}));
    assert_eq!(missing["error"]["message"], "lastname does not have a value");
    for (reference, expected) in [
        (json!("14x150"), "REFERENCE_INVALID"),
        (json!("abc"), "INVALID_ID_ATTRIBUTE"),
        (json!(0), "INVALID_ID_ATTRIBUTE"),
        (json!("99x1"), "ACCESS_DENIED"),
    ] {
        // The reference is looked at before the missing name.
        let answer = create(&server, "Contacts", &json!({"account_id": reference}));
        assert_eq!(code(&answer), expected, "{reference}");
    }
    let name = rows(&query(&server, "select accountname from Accounts limit 1;"))[0]["accountname"]
        .clone();
    let shouted = format!("{} ", name.as_str().unwrap().to_uppercase());
    let twice = create(&server, "Accounts", &json!({"accountname": shouted}));
    assert_eq!(twice["error"], json!({"message": "Duplicate(s) detected!", "code": 0}));
    let before = rows(&query(&server, "select id from Contacts where lastname='Owned';")).len();
    let sorry =
        create(&server, "Contacts", &json!({"lastname": "Owned", "assigned_user_id": "19x999"}));
    assert_eq!(sorry["text"], "Sorry! Attempt to access restricted file.");
    assert_eq!(
        rows(&query(&server, "select id from Contacts where lastname='Owned';")).len(),
        before + 1
    );
}

#[test]
fn values_come_back_as_the_database_keeps_them() {
    let server = server(100);
    let made = create(
        &server,
        "Contacts",
        &json!({
            "lastname": "O'Brien & Söhne", "firstname": "x".repeat(50), "description": "a\"b\\c <i>\nd 😀", "donotcall": "true",
            "emailoptout": true, "birthday": "31/12/1999", "unknown": 5, "createdtime": "2000-01-01 00:00:00",
            "contact_no": "X1", "source": "SHOP", "account_id": "11x999999",
        }),
    );
    let record = &made["result"];
    assert_eq!(record["label"], format!("{} O&#039;Brien &amp; S&ouml;hne", "x".repeat(40)));
    assert_eq!(record["lastname"], "O'Brien & Söhne");
    assert_eq!(record["description"], "a\"b\\c <i>\nd ????");
    assert_eq!((&record["donotcall"], &record["emailoptout"]), (&json!("0"), &json!("1")));
    assert_eq!(record["birthday"], "1999-12-31");
    assert_eq!((&record["source"], &record["contact_no"]), (&json!("SHOP"), &json!("CON82")));
    assert!(record["createdtime"].as_str().unwrap() > "2020");
    assert_eq!(record["account_id"], Value::Null, "a reference to nothing reads as null");
    assert_eq!(record["assigned_user_id"], "19x1");
    let product = create(
        &server,
        "Products",
        &json!({
            "productname": "P", "unit_price": "1234.567891", "qtyinstock": "1.2345", "reorderlevel": "12.6",
        }),
    );
    let product = &product["result"];
    assert_eq!(product["unit_price"], "1234.56789000");
    assert_eq!(product["currency1"], json!(1234.56789));
    assert_eq!((&product["qtyinstock"], &product["reorderlevel"]), (&json!("1.230"), &json!("13")));
    assert_eq!((&product["discontinued"], &product["currency_id"]), (&json!("1"), &json!("21x1")));
    let revised = write(&server, "revise", &json!({"id": product["id"], "currency_id": "21x1"}));
    assert_eq!(revised["result"]["unit_price"], "0.00000000", "a currency without a price");
}

#[test]
fn update_and_revise_differ() {
    let server = server(100);
    let account = rows(&query(&server, "select id from Accounts limit 1;"))[0]["id"].clone();
    let made =
        create(&server, "Contacts", &json!({"lastname": "A", "phone": "1", "account_id": account}));
    let id = &made["result"]["id"];
    server.clock.advance(Duration::from_secs(5));
    let revised = write(&server, "revise", &json!({"id": id}));
    assert!(revised["result"]["modifiedtime"].as_str() > made["result"]["modifiedtime"].as_str());
    assert_eq!(
        code(&write(&server, "revise", &json!({"id": id, "lastname": ""}))),
        "MANDATORY_FIELDS_MISSING"
    );
    assert_eq!(
        code(&write(&server, "update", &json!({"id": id, "phone": "2"}))),
        "MANDATORY_FIELDS_MISSING"
    );
    let updated = write(
        &server,
        "update",
        &json!({"id": id, "lastname": "B", "account_id": "", "phone": ""}),
    );
    assert_eq!(updated["result"]["account_id"], account, "update does not clear a reference");
    assert_eq!(updated["result"]["phone"], "");
    let cleared = write(&server, "revise", &json!({"id": id, "account_id": ""}));
    assert_eq!(cleared["result"]["account_id"], Value::Null);
    assert_eq!(code(&write(&server, "revise", &json!({"lastname": "x"}))), "INVALID_ID_ATTRIBUTE");
    assert_eq!(code(&ask(&server, "revise", &[])), "INVALID_ID_ATTRIBUTE");
    let whole = ask(&server, "retrieve", &[("id", id.as_str().unwrap())])["result"].clone();
    let again = write(&server, "update", &whole);
    assert_eq!(again["result"]["lastname"], "B", "what retrieve gives, update takes");
}

#[test]
fn ids_that_are_none_and_records_that_are_gone() {
    let server = server(100);
    for (id, expected) in [
        ("abc", "ACCESS_DENIED"),
        ("12", "ACCESS_DENIED"),
        ("x12", "ACCESS_DENIED"),
        ("99x1", "ACCESS_DENIED"),
        ("12x999999", "ACCESS_DENIED"),
        ("12x", "INVALID_ID_ATTRIBUTE"),
        ("12xabc", "INVALID_ID_ATTRIBUTE"),
        ("12x11", "INVALID_ID_ATTRIBUTE"),
    ] {
        assert_eq!(code(&ask(&server, "retrieve", &[("id", id)])), expected, "{id}");
    }
    let id = rows(&query(&server, "select id from Contacts limit 1;"))[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(ask(&server, "delete", &[("id", &id)])["result"]["status"], "successful");
    assert_eq!(code(&ask(&server, "delete", &[("id", &id)])), "ACCESS_DENIED");
    assert_eq!(code(&write(&server, "revise", &json!({"id": id, "title": "x"}))), "ACCESS_DENIED");
    assert!(rows(&query(&server, &format!("select id from Contacts where id='{id}';"))).is_empty());
    assert_eq!(code(&ask(&server, "delete", &[("id", "19x1")])), "ACCESS_DENIED");
}

#[test]
fn deleting_an_account_frees_its_people_silently() {
    let server = server(100);
    let answer =
        query(&server, "select id,account_id,modifiedtime from Contacts order by id limit 100;");
    let member = rows(&answer).iter().find(|r| !r["account_id"].is_null()).unwrap();
    ask(&server, "delete", &[("id", member["account_id"].as_str().unwrap())]);
    let after = ask(&server, "retrieve", &[("id", member["id"].as_str().unwrap())]);
    assert_eq!(after["result"]["account_id"], Value::Null);
    assert_eq!(after["result"]["modifiedtime"], member["modifiedtime"]);
}
