mod documents;
mod queries;
mod records;
mod sessions;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::*;

const BASE: i64 = 1_700_000_000;

fn server(records: u64) -> Vtiger {
    server_like(records, Release::default())
}

fn server_like(records: u64, release: Release) -> Vtiger {
    let world = Arc::new(World::new(1, records, BASE));
    Vtiger::new(world, (Arc::default(), 0), Arc::default(), &[], release).unwrap()
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
    let reply = server.answer(&request(Method::GET, query, &[]), Line::own(), None).await;
    serde_json::from_str(&reply.body)
        .unwrap_or(json!({ "status": reply.status.as_u16(), "text": reply.body }))
}

async fn post(server: &Vtiger, form: &[(&str, &str)]) -> Value {
    let reply = server.answer(&request(Method::POST, "", form), Line::own(), None).await;
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
