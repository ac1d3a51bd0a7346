//! Vtiger Cloud's REST API: what is different from the web service. The conformance suite runs in
//! this dialect, too.

use std::sync::Arc;
use syncdeck::model::document::{LINES, Line, TOTAL, lines_value};
use syncdeck::model::{Fields, Module, UserError, Value};
use syncdeck::remote::{ConnectOptions, ErrorKind, Remote, Write, vtiger};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions, VtigerRelease};

async fn cloud() -> Sandbox {
    let options = SandboxOptions {
        records: Some(40),
        vtiger: VtigerRelease::Cloud,
        ..SandboxOptions::default()
    };
    sandbox::start(options).await.unwrap()
}

fn connect(sandbox: &Sandbox, url: &str, key: &str) -> Arc<dyn Remote> {
    let user = sandbox.credentials().vtiger.username;
    vtiger::connect(url, &user, &key.to_owned().into(), &ConnectOptions::default()).unwrap()
}

fn usual(sandbox: &Sandbox) -> Arc<dyn Remote> {
    let crm = sandbox.credentials().vtiger;
    assert!(crm.url.ends_with("/restapi/v1/vtiger/default"), "{}", crm.url);
    connect(sandbox, &crm.url, &crm.access_key)
}

fn said(problems: &[UserError]) -> String {
    problems.iter().map(UserError::one_line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_module_can_be_written_payments_among_them() {
    let sandbox = cloud().await;
    let report = usual(&sandbox).check("vtiger").await;
    assert!(report.ok && report.problems.is_empty(), "{report:?}");
    assert_eq!((report.version.as_deref(), report.admin), (Some("11.0.0"), Some(true)));
    assert_eq!(report.user.as_deref(), Some("admin"));
    assert!(report.modules.iter().all(|m| m.available && m.read && m.write), "{report:?}");
    assert!(report.modules.iter().any(|m| m.module == Module::Payments));
    assert!(sandbox.requests().keys().any(|name| name == "vtiger me"));
    assert!(!sandbox.requests().keys().any(|name| name == "vtiger login"), "there is no session");
}

#[tokio::test]
async fn a_wrong_key_is_told_as_one() {
    let sandbox = cloud().await;
    let url = sandbox.credentials().vtiger.url;
    let report = connect(&sandbox, &url, "wrong-key").check("vtiger").await;
    assert!(!report.ok, "{report:?}");
    let told = said(&report.problems);
    assert!(told.contains("does not accept the access key"), "{told}");
    assert!(!told.contains("wrong-key"), "{told}");
}

#[tokio::test]
async fn the_check_finds_out_which_api_there_is() {
    let sandbox = cloud().await;
    let crm = sandbox.credentials().vtiger;
    let folder = crm.url.split("/restapi").next().unwrap();
    let report = connect(&sandbox, folder, &crm.access_key).check("vtiger").await;
    assert!(!report.ok, "{report:?}");
    let told = said(&report.problems);
    assert!(told.contains("api = \"cloud\"") && told.contains(&crm.url), "{told}");
}

#[tokio::test]
async fn orders_are_written_and_the_refusals_of_the_rest_api_have_their_classes() {
    let sandbox = cloud().await;
    let remote = usual(&sandbox);
    let ids = |module: &str| -> Vec<String> {
        let query = format!("select id from {module} order by id limit 5;");
        let answer = sandbox.vtiger("query", &[("query", &query)]);
        let rows = answer["result"].as_array().unwrap().clone();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let line = Line {
        product: ids("Products").remove(0),
        quantity: "3".parse().unwrap(),
        price: "9.99".parse().unwrap(),
        tax: "3.00".parse().unwrap(),
        rate: Some("10".parse().unwrap()),
        ..Line::default()
    };
    let account = ids("Accounts").remove(0);
    let mut fields: Fields = [
        ("subject", "Shop 1"),
        ("sostatus", "Created"),
        ("invoicestatus", "AutoCreated"),
        ("bill_street", "Ring 1"),
        ("ship_street", "Ring 1"),
        ("account_id", account.as_str()),
    ]
    .into_iter()
    .collect();
    fields.set(LINES, lines_value(&[line]));
    let create = Write::Create { fields };
    let made = remote.write("SalesOrder", &[create], &[TOTAL.to_owned()]).await.remove(0).unwrap();
    let total = made.record.unwrap().fields.get(TOTAL).map(Value::to_text);
    assert_eq!(total.as_deref(), Some("32.97"));
    let without = Write::Create { fields: [("firstname", "Anna")].into_iter().collect() };
    let error = remote.write("Contacts", &[without], &[]).await.remove(0).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Refused, Some("lastname")));
    let name = sandbox.vtiger("retrieve", &[("id", &account)]);
    let name = name["result"]["accountname"].as_str().unwrap();
    let twin = Write::Create { fields: [("accountname", name)].into_iter().collect() };
    let error = remote.write("Accounts", &[twin], &[]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exists { id: Some(account) }, "{error}");
}
