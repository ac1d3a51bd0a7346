//! Logging in, parameters.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::super::{Line, Vtiger};
use super::{code, get, key_of, login, post, request, server};

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
    let nobody = get(&server, "operation=getchallenge&username=nobody").await;
    let refused = json!({"message": "username does not exists", "code": "ACCESS_DENIED"});
    assert_eq!(nobody["error"], refused);
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
    let answer: Value =
        serde_json::from_str(&server.answer(&json, Line::own(), None).await.body).unwrap();
    assert_eq!(code(&answer), "ACCESS_DENIED", "a JSON body is not read");
    let posted = request(Method::POST, "operation=getchallenge&username=admin", &[]);
    let answer: Value =
        serde_json::from_str(&server.answer(&posted, Line::own(), None).await.body).unwrap();
    assert_eq!(answer["success"], true, "the method itself does not matter");
    assert_eq!(get(&server, &format!("operation=sync&sessionName={session}")).await["status"], 500);
}
