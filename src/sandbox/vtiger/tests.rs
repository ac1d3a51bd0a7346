use std::time::Duration;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::*;

const BASE: i64 = 1_700_000_000;

fn server(records: u64) -> Vtiger {
    let world = Arc::new(World::new(1, records, BASE));
    Vtiger::new(world, Arc::default(), Arc::default(), &[]).unwrap()
}

fn request(method: Method, query: &str, form: &[(&str, &str)]) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let encode = |t: &str| {
        percent_encoding::utf8_percent_encode(t, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<String> = form.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
    Request {
        method,
        path: "/webservice.php".into(),
        query: query.into(),
        headers,
        body: pairs.join("&").into(),
    }
}

async fn get(server: &Vtiger, query: &str) -> Value {
    let reply = server.answer(&request(Method::GET, query, &[])).await;
    serde_json::from_str(&reply.body)
        .unwrap_or(json!({ "status": reply.status.as_u16(), "text": reply.body }))
}

async fn post(server: &Vtiger, form: &[(&str, &str)]) -> Value {
    let reply = server.answer(&request(Method::POST, "", form)).await;
    serde_json::from_str(&reply.body)
        .unwrap_or(json!({ "status": reply.status.as_u16(), "text": reply.body }))
}

fn key_of(token: &str, access_key: &str) -> String {
    Md5::digest(format!("{token}{access_key}").as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

async fn login(server: &Vtiger) -> Value {
    let challenge = get(server, "operation=getchallenge&username=admin").await;
    let key = key_of(challenge["result"]["token"].as_str().unwrap(), &Vtiger::access_key(1, 1));
    post(server, &[("operation", "login"), ("username", "admin"), ("accessKey", &key)]).await
}

fn code(answer: &Value) -> String {
    answer["error"]["code"]
        .as_str()
        .map_or_else(|| answer["error"]["code"].to_string(), str::to_owned)
}

fn ask(server: &Vtiger, operation: &str, parameters: &[(&str, &str)]) -> Value {
    let reply = server.trusted(operation, parameters);
    serde_json::from_str(&reply.body)
        .unwrap_or(json!({ "status": reply.status.as_u16(), "text": reply.body }))
}

fn query(server: &Vtiger, text: &str) -> Value {
    ask(server, "query", &[("query", text)])
}

fn create(server: &Vtiger, module: &str, element: &Value) -> Value {
    ask(server, "create", &[("elementType", module), ("element", &element.to_string())])
}

fn write(server: &Vtiger, operation: &str, element: &Value) -> Value {
    ask(server, operation, &[("element", &element.to_string())])
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["result"].as_array().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn the_handshake_and_its_failures() {
    let server = server(100);
    let welcome = login(&server).await;
    assert_eq!(welcome["result"]["userId"], "19x1");
    assert_eq!(welcome["result"]["vtigerVersion"], "8.4.0");
    assert_eq!(welcome["result"]["is_admin"], "on");
    let session = welcome["result"]["sessionName"].as_str().unwrap();
    let types = get(&server, &format!("operation=ListTypes&sessionName={session}")).await;
    assert_eq!(types["success"], true, "operations are not case-sensitive");
    assert_eq!(types["result"]["information"]["Accounts"]["singular"], "Organization");

    assert_eq!(code(&get(&server, "operation=listtypes").await), "AUTHENTICATION_REQUIRED");
    assert_eq!(
        code(&get(&server, "operation=listtypes&sessionName=null").await),
        "AUTHENTICATION_REQUIRED"
    );
    assert_eq!(
        code(&get(&server, "operation=listtypes&sessionName=none").await),
        "INVALID_SESSIONID"
    );
    assert_eq!(get(&server, "operation=nonsense").await["status"], 500);
    assert_eq!(get(&server, "").await["status"], 500);
    assert_eq!(code(&get(&server, "operation=getchallenge").await), "ACCESS_DENIED");
    let nobody =
        post(&server, &[("operation", "login"), ("username", "nobody"), ("accessKey", "x")]).await;
    assert_eq!(code(&nobody), "INVALID_AUTH_TOKEN");
    get(&server, "operation=getchallenge&username=admin").await;
    let wrong =
        post(&server, &[("operation", "login"), ("username", "admin"), ("accessKey", "x")]).await;
    assert_eq!(code(&wrong), "INVALID_USER_CREDENTIALS");
    assert_eq!(code(&get(&server, "operation=login&username=admin").await), "INVALID_AUTH_TOKEN");

    let extended = post(&server, &[("operation", "extendsession"), ("sessionName", session)]).await;
    assert_eq!(extended["result"]["sessionName"], session);
    let lost = post(&server, &[("operation", "extendsession"), ("sessionName", "x")]).await;
    assert_eq!(code(&lost), "AUTHENTICATION_FAILURE");
    let by_get = get(&server, &format!("operation=logout&sessionName={session}")).await;
    assert_eq!(code(&by_get), "OPERATION_NOT_SUPPORTED");
    let out = post(&server, &[("operation", "logout"), ("sessionName", session)]).await;
    assert_eq!(out["result"]["message"], "successfull");
    assert_eq!(
        code(&get(&server, &format!("operation=listtypes&sessionName={session}")).await),
        "INVALID_SESSIONID"
    );
}

#[tokio::test]
async fn one_token_many_sessions_and_all_of_them_expire() {
    let server = server(10);
    let challenge = get(&server, "operation=getchallenge&username=admin").await;
    let key = key_of(challenge["result"]["token"].as_str().unwrap(), &Vtiger::access_key(1, 1));
    let form = [("operation", "login"), ("username", "admin"), ("accessKey", key.as_str())];
    let (first, second) = (post(&server, &form).await, post(&server, &form).await);
    assert_ne!(first["result"]["sessionName"], second["result"]["sessionName"]);
    get(&server, "operation=getchallenge&username=admin").await;
    assert_eq!(
        code(&post(&server, &form).await),
        "INVALID_USER_CREDENTIALS",
        "a new challenge voids the old one"
    );
    let name = first["result"]["sessionName"].as_str().unwrap();
    let list = format!("operation=describe&elementType=Contacts&sessionName={name}");
    assert_eq!(get(&server, &list).await["result"]["idPrefix"], "12");
    server.clock.advance(Duration::from_secs(1441));
    assert_eq!(code(&get(&server, &list).await), "INVALID_SESSIONID");
    let fresh = login(&server).await;
    server.expire_sessions();
    let name = fresh["result"]["sessionName"].as_str().unwrap();
    let lost =
        get(&server, &format!("operation=describe&elementType=Contacts&sessionName={name}")).await;
    assert_eq!(code(&lost), "INVALID_SESSIONID");
}

#[tokio::test]
async fn parameters_are_read_from_one_place_only() {
    let server = server(10);
    let session = login(&server).await["result"]["sessionName"].as_str().unwrap().to_owned();
    let form = [
        ("operation", "query"),
        ("sessionName", session.as_str()),
        ("query", "select id from Contacts;"),
    ];
    assert_eq!(code(&post(&server, &form).await), "ACCESS_DENIED");
    let query =
        format!("operation=create&elementType=Contacts&element=%7B%7D&sessionName={session}");
    assert_eq!(code(&get(&server, &query).await), "ACCESS_DENIED");
    let mut json = request(Method::POST, "", &[]);
    json.headers.insert("content-type", "application/json".parse().unwrap());
    json.query = format!("operation=create&sessionName={session}");
    json.body = b"{\"elementType\":\"Contacts\"}".to_vec();
    let answer: Value = serde_json::from_str(&server.answer(&json).await.body).unwrap();
    assert_eq!(code(&answer), "ACCESS_DENIED", "a JSON body is not read");
    let posted = request(Method::POST, "operation=getchallenge&username=admin", &[]);
    let answer: Value = serde_json::from_str(&server.answer(&posted).await.body).unwrap();
    assert_eq!(answer["success"], true, "the method itself does not matter");
    assert_eq!(get(&server, &format!("operation=sync&sessionName={session}")).await["status"], 500);
}

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
        "select count(*) from Contacts;",
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
fn control_characters_go_out_as_they_are() {
    let server = server(10);
    create(&server, "Contacts", &json!({"lastname": "a\u{1}b"}));
    let reply = server
        .trusted("query", &[("query", "select lastname from Contacts where lastname like 'a%b';")]);
    assert!(reply.body.contains("a\u{1}b"));
    assert!(serde_json::from_str::<Value>(&reply.body).is_err());
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

#[test]
fn a_custom_field_holds_an_external_id() {
    let server = server(100);
    let made = create(&server, "Contacts", &json!({"lastname": "A", "cf_851": "shop-77"}));
    let found = query(&server, "select id,cf_851 from Contacts where cf_851='shop-77';");
    assert_eq!(rows(&found)[0]["id"], made["result"]["id"]);
    write(&server, "revise", &json!({"id": made["result"]["id"], "cf_851": "shop-78"}));
    assert!(rows(&query(&server, "select id from Contacts where cf_851='shop-77';")).is_empty());
}
