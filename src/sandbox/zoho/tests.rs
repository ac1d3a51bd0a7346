//! The imitation answers as Zoho is documented to answer.

use std::sync::Arc;

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::accounts::{client_id, client_secret, grant_code, refresh_token};
use super::*;

fn zoho() -> Zoho {
    let world = Arc::new(World::new(3, 120, 1_790_000_000));
    let home = "http://127.0.0.1:1/zoho".to_owned();
    Zoho::new(world, Arc::new(Clock::default()), Arc::new(Journal::default()), &[], home)
}

fn request(method: &str, target: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    Request {
        method: method.parse().unwrap(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: body.as_bytes().to_vec(),
    }
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or(Value::Null)
}

fn token_call(zoho: &Zoho, form: &str) -> Value {
    let form = format!("client_id={}&client_secret={}&{form}", client_id(3), client_secret(3));
    let reply = zoho.answer(&request("POST", &format!("/oauth/v2/token?{form}"), &[], ""));
    json_of(&reply)
}

fn call(zoho: &Zoho, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let header = format!("Zoho-oauthtoken {token}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = zoho.answer(&request(method, path, &[("authorization", &header)], &body));
    (reply.status.as_u16(), json_of(&reply))
}

fn trusted(zoho: &Zoho, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let reply = zoho.trusted(&method.parse::<Method>().unwrap(), path, body);
    (reply.status.as_u16(), json_of(&reply))
}

#[test]
fn a_grant_code_works_once_and_tokens_are_throttled() {
    let zoho = zoho();
    let code = format!("grant_type=authorization_code&code={}", grant_code(3));
    let first = token_call(&zoho, &code);
    assert!(first["refresh_token"].is_string() && first["api_domain"] == "http://127.0.0.1:1/zoho");
    assert_eq!(token_call(&zoho, &code)["error"], "invalid_code");
    let renew = format!("grant_type=refresh_token&refresh_token={}", refresh_token(3));
    for _ in 0..10 {
        let given = token_call(&zoho, &renew);
        assert!(given["access_token"].is_string() && given["refresh_token"].is_null());
    }
    assert_eq!(token_call(&zoho, &renew)["error"], "Access Denied");
    zoho.clock.advance(std::time::Duration::from_secs(601));
    let token = token_call(&zoho, &renew)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(call(&zoho, &token, "GET", "/crm/v8/org", &Value::Null).0, 200);
    zoho.clock.advance(std::time::Duration::from_secs(3601));
    let (status, ended) = call(&zoho, &token, "GET", "/crm/v8/org", &Value::Null);
    assert_eq!((status, &ended["code"]), (401, &json!("INVALID_TOKEN")));
    let bearer = request("GET", "/crm/v8/org", &[("authorization", "Bearer x")], "");
    assert_eq!(json_of(&zoho.answer(&bearer))["code"], "AUTHENTICATION_FAILURE");
}

#[test]
fn a_narrow_scope_is_held_to() {
    let zoho = zoho();
    let code = zoho.console_code("ZohoCRM.modules.contacts.READ,ZohoCRM.org.READ");
    let form = format!("grant_type=authorization_code&code={code}");
    let token = token_call(&zoho, &form)["access_token"].as_str().unwrap().to_owned();
    let get = |path: &str| call(&zoho, &token, "GET", path, &Value::Null).0;
    assert_eq!(get("/crm/v8/Contacts?fields=id"), 200);
    assert_eq!(get("/crm/v8/Leads?fields=id"), 401);
    assert_eq!(get("/books/v3/organizations"), 401);
    let write = call(&zoho, &token, "POST", "/crm/v8/Contacts", &json!({"data": []}));
    assert_eq!(write.1["code"], "OAUTH_SCOPE_MISMATCH");
}

#[test]
fn lists_want_fields_and_page_by_token() {
    let zoho = zoho();
    let get = |path: &str| trusted(&zoho, "GET", path, &Value::Null);
    assert_eq!(get("Contacts").1["code"], "REQUIRED_PARAM_MISSING");
    assert_eq!(get("Nothings?fields=id").1["code"], "INVALID_MODULE");
    let (_, first) =
        get("Contacts?fields=Email,Invoiced_Items&per_page=50&sort_by=id&sort_order=asc");
    assert_eq!(first["data"].as_array().unwrap().len(), 50);
    let token = first["info"]["next_page_token"].as_str().unwrap();
    let path = format!(
        "Contacts?fields=Email,Invoiced_Items&per_page=50&sort_by=id&sort_order=asc&page_token={token}"
    );
    let (_, second) = get(&path);
    assert!(second["data"][0]["id"].as_str() > first["data"][49]["id"].as_str());
    assert_eq!(
        get(&path.replace("per_page=50", "per_page=20")).1["code"],
        "TOKEN_BOUND_DATA_MISMATCH"
    );
    assert_eq!(get("Contacts?fields=id&page=11").1["code"], "DISCRETE_PAGINATION_LIMIT_EXCEEDED");
    assert_eq!(get("Contacts/5545974001000099999").0, 204);
}

#[test]
fn records_are_written_with_a_result_for_each() {
    let zoho = zoho();
    let body = json!({"data": [
        {"Last_Name": "Ada", "Email": "ada@example.test"},
        {"Email": "nobody@example.test"},
        {"Last_Name": "Twin", "Email": "ADA@example.test"},
        {"Last_Name": "x".repeat(81)}
    ]});
    let (status, made) = trusted(&zoho, "POST", "Contacts", &body);
    let code = |n: usize| made["data"][n]["code"].as_str().unwrap();
    assert_eq!(
        (status, code(0), code(1), code(2)),
        (207, "SUCCESS", "MANDATORY_NOT_FOUND", "DUPLICATE_DATA")
    );
    assert_eq!(made["data"][3]["details"]["maximum_length"], 80);
    let id = made["data"][0]["details"]["id"].as_str().unwrap();
    assert_eq!(made["data"][2]["details"]["id"], id);
    let query =
        json!({"select_query": "select Email from Contacts where Email in ('ada@example.test')"});
    assert_eq!(trusted(&zoho, "POST", "coql", &query).1["data"][0]["id"], id);
    assert_eq!(trusted(&zoho, "DELETE", &format!("Contacts?ids={id},17"), &Value::Null).0, 207);
    assert_eq!(trusted(&zoho, "GET", &format!("Contacts/{id}"), &Value::Null).0, 204);
    let (_, gone) = trusted(&zoho, "GET", "Contacts/deleted?type=all", &Value::Null);
    assert_eq!((&gone["data"][0]["id"], &gone["data"][0]["type"]), (&json!(id), &json!("recycle")));
}

#[test]
fn rows_without_an_id_are_added() {
    let zoho = zoho();
    let (_, list) = trusted(&zoho, "GET", "Invoices?fields=Subject&per_page=1", &Value::Null);
    let id = list["data"][0]["id"].as_str().unwrap();
    let whole =
        || trusted(&zoho, "GET", &format!("Invoices/{id}"), &Value::Null).1["data"][0].clone();
    let before = whole();
    let rows = before["Invoiced_Items"].as_array().unwrap();
    let product = rows[0]["Product_Name"]["id"].clone();
    let row = json!({"Product_Name": {"id": product}, "Quantity": 2, "List_Price": 10, "Line_Tax": [{"name": "VAT", "percentage": 19}]});
    let body = json!({"data": [{"Invoiced_Items": [row]}]});
    assert_eq!(trusted(&zoho, "PUT", &format!("Invoices/{id}"), &body).0, 200);
    let after = whole();
    assert_eq!(after["Invoiced_Items"].as_array().unwrap().len(), rows.len() + 1);
    let grown = after["Grand_Total"].as_f64().unwrap() - before["Grand_Total"].as_f64().unwrap();
    assert!((grown - 23.8).abs() < 0.001, "{grown}");
    let last = after["Invoiced_Items"].as_array().unwrap().last().unwrap()["id"].clone();
    let body = json!({"data": [{"Invoiced_Items": [{"id": last, "_delete": null}]}]});
    trusted(&zoho, "PUT", &format!("Invoices/{id}"), &body);
    assert_eq!(whole()["Grand_Total"], before["Grand_Total"]);
}
