use super::*;
use crate::model::document::{CURRENCY, LINES};

const LINE: &str = r#"{"success":true,"result":{"id":"6x5","hdnTaxType":"group","LineItems":[{"productid":"14x1","product_name":"Pen","quantity":"2","listprice":"5"}]}}"#;

fn row(kind: &str, sum: &str) -> String {
    format!(
        r#"{{"success":true,"result":[{{"id":"6x5","subject":"One","hdnTaxType":"{kind}","hdnSubTotal":"{sum}"}}]}}"#
    )
}

fn broken() -> Say {
    Say::http("500 Internal Server Error", "", "")
}

/// What is read of a document that the n-th `retrieve` answers like this, and how often it was asked.
async fn read(
    retrieve: impl Fn(usize) -> Say + Send + Sync + 'static,
    kind: &'static str,
    sum: &'static str,
) -> (Result<Vec<Record>, ErrorKind>, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let (_stub, remote) = crm(move |operation, _| match operation {
        "retrieve" => retrieve(counted.fetch_add(1, Ordering::Relaxed)),
        _ => Say::json(row(kind, sum)),
    })
    .await;
    let wanted = ["subject", LINES].map(str::to_owned);
    let found = remote.fetch("SalesOrder", &["6x5".to_owned()], &wanted).await;
    (found.map_err(|error| error.kind), asked.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_document_that_cannot_be_shown_just_now_is_not_one_without_lines() {
    let late = |n| if n < 2 { broken() } else { Say::json(LINE) };
    for (kind, sum) in [("group", "0"), ("individual", "10.00")] {
        let (found, asked) = read(late, kind, sum).await;
        let lines = found.unwrap()[0].fields.get(LINES).map(Value::to_text);
        assert!(lines.is_some_and(|lines| lines.contains("Pen")), "{kind} {sum}");
        assert_eq!(asked, 3);
    }
    // There by the query, and an administrator may see everything.
    let (found, asked) = read(|_| Say::json(DENIED), "group", "10").await;
    assert_eq!((found, asked), (Err(ErrorKind::Temporary), 2));
}

#[tokio::test]
async fn a_document_that_vtiger_fails_to_show_for_want_of_lines_has_none() {
    let (found, asked) = read(|_| broken(), "individual", "0.00000000").await;
    let found = found.unwrap();
    assert_eq!(found[0].fields.get("subject").map(Value::to_text).as_deref(), Some("One"));
    assert_eq!(found[0].fields.get(LINES), None, "nothing is said about them");
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn a_document_that_is_gone_by_the_time_it_is_read_is_left_out() {
    let (_stub, remote) = crm(|operation, heard| match operation {
        "query" if param(heard, "query").contains("subject") => Say::json(row("group", "1")),
        "query" => Say::json(NONE),
        _ => Say::json(DENIED),
    })
    .await;
    let wanted = ["subject", LINES].map(str::to_owned);
    let found = remote.fetch("SalesOrder", &["6x5".to_owned()], &wanted).await.unwrap();
    assert_eq!(found, []);
}

/// What a document takes out of stock is put back, however often the answers get lost.
#[tokio::test]
async fn a_stock_that_may_not_be_back_is_looked_at_again() {
    let product = |quantity: &str| {
        format!(
            r#"{{"success":true,"result":[{{"id":"14x1","qtyinstock":"{quantity}","modifiedtime":"2026-01-01 10:00:00"}}]}}"#
        )
    };
    let puts = Arc::new(AtomicUsize::new(0));
    let (counted, made) = (puts.clone(), AtomicUsize::new(0));
    let (_stub, remote) = crm(move |operation, heard| match operation {
        "query" if param(heard, "query").contains("from Products") => {
            let (made, puts) = (made.load(Ordering::Relaxed), counted.load(Ordering::Relaxed));
            Say::json(product(if made == 0 || puts >= 2 { "7.000" } else { "5.000" }))
        }
        "query" if param(heard, "query").contains("from Currency") => Say::json(
            r#"{"success":true,"result":[{"id":"21x1","currency_code":"EUR","conversion_rate":"1"}]}"#,
        ),
        "create" => {
            made.fetch_add(1, Ordering::Relaxed);
            Say::json(LINE)
        }
        "revise" => match counted.fetch_add(1, Ordering::Relaxed) {
            0 => broken(),
            _ => Say::json(r#"{"success":true,"result":{"id":"14x1"}}"#),
        },
        "retrieve" => Say::json(LINE),
        _ => Say::json(NONE),
    })
    .await;
    let lines = crate::model::document::lines_value(&super::super::document::lines(
        &serde_json::from_str::<serde_json::Value>(LINE).unwrap()["result"],
    ));
    let mut values = fields(&[("subject", "One"), (CURRENCY, "EUR")]);
    values.set(LINES, lines);
    let create = [Write::Create { fields: values }];
    remote.write("SalesOrder", &create, &[]).await.remove(0).unwrap();
    assert_eq!(puts.load(Ordering::Relaxed), 2, "the one that was lost, and the one that was not");
}
