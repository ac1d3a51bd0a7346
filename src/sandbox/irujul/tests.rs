use super::*;
use axum::http::{HeaderMap, Method};

fn erp() -> Irujul {
    let world = Arc::new(World::new(3, 90, 1_790_000_000));
    Irujul::new(world, Arc::default())
}

fn post(erp: &Irujul, verb: &str, token: &str, body: &Value) -> Value {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    let path = format!("/apis/v1/{verb}");
    let body = body.to_string().into_bytes();
    let reply =
        erp.answer(&Request { method: Method::POST, path, query: String::new(), headers, body });
    serde_json::from_str(&reply.body).unwrap()
}

fn token(erp: &Irujul) -> String {
    let (id, secret) = client(3);
    let login = post(erp, "login", "", &json!({"client_id": id, "client_secret": secret}));
    login["Data"]["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_login_opens_the_records_until_it_is_over() {
    let erp = erp();
    let wrong = post(&erp, "login", "", &json!({"client_id": "x", "client_secret": "y"}));
    assert_eq!(wrong["error"]["message"], "Invalid client credentials");
    let token = token(&erp);
    let all = post(&erp, "getRecords", &token, &json!({"module": "contacts"}));
    assert_eq!((&all["status"], all["Data"].as_array().unwrap().len()), (&json!(200), 30));
    assert!(all["Data"][0]["Contact"]["Name"].is_string());
    let odd = post(&erp, "getRecords", &token, &json!({"module": "nothing"}));
    assert_eq!(odd["error"]["message"], "Invalid module name");
    erp.expire_tokens();
    let over = post(&erp, "getRecords", &token, &json!({"module": "contacts"}));
    assert_eq!(over["error"]["message"], "Invalid or expired token");
}

#[test]
fn documents_are_filtered_by_day_and_add_up() {
    let erp = erp();
    let token = token(&erp);
    let ask = |from: &str, to: &str| {
        let body = json!({"module": "SalesOrder", "FromDate": from, "ToDate": to});
        post(&erp, "getRecords", &token, &body)["Data"].as_array().cloned().unwrap_or_default()
    };
    let all = ask("2000-01-01", "2100-01-01");
    assert_eq!(all.len(), 30);
    let day = all[0]["Header"]["TXNDate"].as_str().unwrap();
    let of_day = ask(day, day);
    assert!(!of_day.is_empty() && of_day.iter().all(|o| o["Header"]["TXNDate"] == *day));
    let cents =
        |value: &Value| -> i64 { value.as_str().unwrap().replace('.', "").parse().unwrap() };
    for order in &all {
        let lines = order["Line"].as_array().unwrap();
        let sum: i64 = lines.iter().map(|line| cents(&line["Amount"])).sum();
        let header = &order["Header"];
        assert_eq!(sum + cents(&header["Freight"]), cents(&header["Amount"]), "{order}");
        assert!(lines.iter().all(|line| line["Price"].is_string()));
    }
    erp.shelf.remove(Table::Orders, 1, erp.clock.now());
    erp.shelf.remove(Table::Contacts, 1, erp.clock.now());
    let deleted = ask("2000-01-01", "2100-01-01");
    assert_eq!(deleted[0]["Header"]["Status"], "Deleted");
    let people = post(&erp, "getRecords", &token, &json!({"module": "contacts"}));
    assert_eq!(people["Data"].as_array().unwrap().len(), 29);
}
