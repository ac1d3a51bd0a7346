//! What is written: doubtful answers, duplicates, references, stopping, the zone that is learned.

use super::*;

#[tokio::test]
async fn doubtful_answers_to_a_write_leave_its_outcome_unknown() {
    for say in [
        (|| Say::json("")) as fn() -> Say,
        || Say::http("500 Internal Server Error", "", ""),
        || Say::http("200 OK", "", "Sorry! Attempt to access restricted file."),
        || Say::http("200 OK", "", "<br />\n<b>Fatal error</b>: Uncaught Exception"),
        || Say::json(r#"{"success":false,"error":{"code":"DATABASE_QUERY_ERROR","message":"x"}}"#),
        || Say::json(r#"{"success":true,"result":{"lastname":"without an id"}}"#),
        || Say::json(r#"{"success":true,"result":{"last"#),
        || Say::Close,
    ] {
        let (stub, remote) = crm(move |_, _| say()).await;
        let write = Write::Create { fields: fields(&[("lastname", "Doe")]) };
        let error = remote.write("Contacts", &[write], &[]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unknown, "{error}");
        let sent = stub.heard().iter().filter(|h| param(h, "operation") == "create").count();
        assert_eq!(sent, 1, "sent once only: {error}");
    }
}

#[tokio::test]
async fn a_duplicate_names_the_record_that_is_there() {
    let (stub, remote) = crm(|operation, _| match operation {
        "query" => Say::json(r#"{"success":true,"result":[{"id":"11x9"}]}"#),
        _ => {
            Say::json(r#"{"success":false,"error":{"code":0,"message":"Duplicate(s) detected!"}}"#)
        }
    })
    .await;
    let write = Write::Create { fields: fields(&[("accountname", "Ácme's")]) };
    let error = remote.write("Accounts", &[write], &[]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exists { id: Some("11x9".into()) });
    let query = param(stub.heard().last().unwrap(), "query");
    assert_eq!(
        query,
        "select id from Accounts where accountname = 'Ácme''s' order by id limit 100;"
    );
}

#[tokio::test]
async fn what_the_answers_of_several_writes_refer_to_is_looked_up_at_once() {
    for works in [true, false] {
        let (stub, remote) = crm(move |operation, heard| {
            if operation == "query" {
                return match works {
                    true => Say::json(
                        r#"{"success":true,"result":[{"accountname":"Acme","id":"11x1"},{"accountname":"Bolt","id":"11x2"}]}"#,
                    ),
                    false => Say::json(DENIED),
                };
            }
            let element = param(heard, "element");
            let number = element.chars().find(char::is_ascii_digit).unwrap_or('0');
            match number {
                '2' => Say::json(DENIED),
                n => Say::json(format!(
                    r#"{{"success":true,"result":{{"id":"12x{n}","lastname":"{n}","account_id":"11x{}"}}}}"#,
                    if n == '1' { 1 } else { 2 }
                )),
            }
        })
        .await;
        let create = |n: u8| {
            let name = n.to_string();
            Write::Create { fields: fields(&[("lastname", &name), ("assigned_user_id", "x")]) }
        };
        let wanted = ["account_id.accountname".to_owned()];
        let done = remote.write("Contacts", &[create(1), create(2), create(3)], &wanted).await;
        let shown = |at: usize| {
            let record = done[at].as_ref().unwrap().record.as_ref().unwrap();
            (record.id.clone(), record.fields.clone())
        };
        assert!(done[1].is_err(), "one that failed stays a failure");
        let names: [Fields; 2] = match works {
            true => [("Acme"), ("Bolt")].map(|n| fields(&[("account_id.accountname", n)])),
            // They are written; that the look-up failed does not make it unknown.
            false => [Fields::new(), Fields::new()],
        };
        assert_eq!(shown(0), ("12x1".to_owned(), names[0].clone()));
        assert_eq!(shown(2), ("12x3".to_owned(), names[1].clone()));
        let asked = stub.heard().iter().filter(|h| param(h, "operation") == "query").count();
        assert_eq!(asked, 1, "for both of them");
    }
}

#[tokio::test]
async fn nothing_more_is_sent_when_the_run_is_stopped() {
    let stop = CancellationToken::new();
    let in_between = stop.clone();
    let (stub, remote) = crm(move |_, heard| {
        let element = param(heard, "element");
        if element.contains("second") {
            in_between.cancel();
        }
        Say::json(r#"{"success":true,"result":{"id":"12x1","lastname":"x"}}"#)
    })
    .await;
    let create =
        |name| Write::Create { fields: fields(&[("lastname", name), ("assigned_user_id", "x")]) };
    let writes = ["first", "second", "third", "fourth"].map(create);
    let done = remote.write_until("Contacts", &writes, &[], &stop).await;
    let kinds: Vec<_> = done.into_iter().map(|r| r.map_err(|e| e.kind).map(|w| w.id)).collect();
    let made = || Ok("12x1".to_owned());
    let unsent = || Err(ErrorKind::Stopped);
    assert_eq!(kinds, [made(), made(), unsent(), unsent()], "what was under way is waited for");
    let sent = stub.heard().iter().filter(|h| param(h, "operation") == "create").count();
    assert_eq!(sent, 2);
}

#[tokio::test]
async fn a_mark_tells_the_zone_that_a_write_has_shown() {
    let (_stub, remote) = crm(|_, _| {
        let ahead = Stamp::now().plus(Duration::from_secs(7_200));
        let local = ahead.timestamp().strftime("%Y-%m-%d %H:%M:%S");
        Say::json(format!(
            r#"{{"success":true,"result":{{"id":"12x1","modifiedtime":"{local}"}}}}"#
        ))
    })
    .await;
    let mark = "2026-11-21 19:24:00";
    assert_eq!(remote.refined(mark), mark);
    let write = Write::Create { fields: fields(&[("lastname", "Doe")]) };
    remote.write("Contacts", &[write], &[]).await.remove(0).unwrap();
    assert_eq!(remote.refined(mark), format!("{mark}@7200"));
    assert_eq!(remote.refined(&format!("{mark}@0")), format!("{mark}@7200"), "the younger one");
}
