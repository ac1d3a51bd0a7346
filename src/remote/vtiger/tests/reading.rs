//! What is read: damaged answers, pages, references, marks.

use super::*;

#[tokio::test]
async fn answers_that_are_not_quite_json_are_read() {
    let control = || {
        Say::json(b"{\"success\":true,\"result\":[{\"lastname\":\"a\x01b\x1f\",\"id\":\"12x2\"}]}")
    };
    assert_eq!(lastname(&page(control).await), "ab");
    let notice = || {
        Say::http(
            "200 OK",
            "Content-Type: text/html\r\n",
            "<br />\n<b>Warning</b>: x[0] {y} in /a.php on line 3<br />\n{\"success\":true,\"result\":[{\"lastname\":\"c\",\"id\":\"12x2\"}]}",
        )
    };
    assert_eq!(lastname(&page(notice).await), "c");
    let bytes = || {
        Say::json(b"{\"success\":true,\"result\":[{\"lastname\":\"M\xFCller\",\"id\":\"12x2\"},{\"lastname\":\"ok\",\"id\":\"12x3\"}]}")
    };
    let records = page(bytes).await;
    assert_eq!(records.len(), 2);
    let (_stub, remote) = crm(|_, _| Say::json(ROW)).await;
    let write = Write::Update {
        id: "12x2".into(),
        fields: records[0].fields.clone(),
        unmodified_since: None,
    };
    let error = remote.write("Contacts", &[write], &[]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Temporary, "what could not be read is not written: {error}");
    assert_eq!(error.field.as_deref(), Some("lastname"));
}

#[tokio::test]
async fn references_are_followed_a_hundred_at_a_time() {
    let (stub, remote) = crm(|_, heard| {
        let query = param(heard, "query");
        if query.contains("from Accounts") {
            return Say::json(r#"{"success":true,"result":[{"accountname":"Acme","id":"11x1"}]}"#);
        }
        Say::json(
            r#"{"success":true,"result":[{"id":"12x1","account_id":"11x1"},{"id":"12x2","account_id":null},{"id":"12x3","account_id":"11x2"}]}"#,
        )
    })
    .await;
    let ids = ["12x1", "12x2", "12x3"].map(str::to_owned);
    let wanted =
        ["account_id.accountname".to_owned(), "nothing".to_owned(), "lastname.x".to_owned()];
    let records = remote.fetch("Contacts", &ids, &wanted).await.unwrap();
    let name = |r: &Record| r.fields.get("account_id.accountname").map(Value::to_text);
    let names: Vec<Option<String>> = records.iter().map(name).collect();
    // One that refers to nothing has no name; of one that cannot be found nothing is said.
    assert_eq!(names, [Some("Acme".into()), Some(String::new()), None]);
    assert!(records.iter().all(|r| r.fields.len() < 2), "the reference itself was not asked for");
    let queries: Vec<String> =
        stub.heard().iter().map(|h| param(h, "query")).filter(|q| !q.is_empty()).collect();
    assert_eq!(
        queries,
        [
            "select id,modifiedtime,createdtime,account_id from Contacts where id in ('12x1','12x2','12x3') order by id limit 100;",
            "select accountname from Accounts where id in ('11x1','11x2') order by id limit 100;",
            "select accountname from Accounts where id in ('11x2') order by id limit 100;"
        ]
    );
}

#[tokio::test]
async fn records_of_other_modules_are_not_taken_for_ours() {
    let (stub, remote) =
        crm(|_, _| Say::json(r#"{"success":true,"result":[{"id":"12x5"},{"id":"12x6"}]}"#)).await;
    let ids = ["11x5", "12x5", "x", "12x", "5", "12x5' or id > '0"].map(str::to_owned);
    let found = remote.fetch("Contacts", &ids, &[]).await.unwrap();
    assert_eq!(found.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["12x5"]);
    assert!(param(stub.heard().last().unwrap(), "query").contains("in ('12x5')"));
}

#[tokio::test]
async fn an_empty_answer_is_not_taken_for_absence_unless_the_plainest_query_is_empty_too() {
    let (_stub, remote) = crm(|_, heard| {
        let plain = param(heard, "query").starts_with("select id from");
        Say::json(if plain { r#"{"success":true,"result":[{"id":"12x5"}]}"# } else { NONE })
    })
    .await;
    let error = remote.fetch("Contacts", &["12x5".to_owned()], &["lastname".to_owned()]).await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::Temporary);
    let first = PageRequest { at: PageAt::First, ..request(&["lastname"]) };
    assert_eq!(remote.page(&first).await.unwrap_err().kind, ErrorKind::Temporary);
    let (_stub, remote) = crm(|_, _| Say::json(NONE)).await;
    assert_eq!(remote.fetch("Contacts", &["12x5".to_owned()], &[]).await.unwrap(), []);
    assert_eq!(remote.page(&first).await.unwrap().records, []);
}

#[tokio::test]
async fn a_field_that_vanished_is_left_out() {
    let described = AtomicUsize::new(0);
    let stub = Stub::new(move |_, heard| match param(heard, "operation").as_str() {
        "getchallenge" => Say::json(r#"{"success":true,"result":{"token":"t"}}"#),
        "login" => Say::json(r#"{"success":true,"result":{"sessionName":"s","userId":"19x1"}}"#),
        "describe" if described.fetch_add(1, Ordering::Relaxed) == 0 => {
            Say::json(self::described("Contacts"))
        }
        "describe" => Say::json(self::described("Contacts").replace("\"email\"", "\"other\"")),
        _ if param(heard, "query").contains("email") => Say::json(
            r#"{"success":false,"error":{"code":"ACCESS_DENIED","message":"Permission to access '.email.' attribute denied."}}"#,
        ),
        _ => Say::json(r#"{"success":true,"result":[{"id":"12x5","lastname":"Doe"}]}"#),
    })
    .await;
    let url = format!("http://127.0.0.1:{}/", stub.port);
    let remote = connect(&url, "admin", &"key".into(), &ConnectOptions::default()).unwrap();
    let page = remote.page(&request(&["lastname", "email"])).await.unwrap();
    assert_eq!(lastname(&page.records), "Doe");
}

#[tokio::test]
async fn a_short_page_is_the_last_one_for_administrators_only() {
    use crate::remote::Next;
    for (admin, last) in [("on", true), ("off", false)] {
        let (_stub, remote) =
            crm_of(admin, 1, |_, _| Say::json(r#"{"success":true,"result":[{"id":"12x5"}]}"#))
                .await;
        let page = remote.page(&request(&[])).await.unwrap();
        assert_eq!(page.next == Next::End, last);
    }
}

#[tokio::test]
async fn what_changes_while_many_pages_are_read_does_not_move_the_mark() {
    use crate::remote::Next;
    let row = |n: usize, second: usize| {
        format!(r#"{{"id":"12x{n}","modifiedtime":"2026-11-21 12:00:{second:02}"}}"#)
    };
    let page = move |ids: std::ops::Range<usize>, second| {
        let rows: Vec<String> = ids.map(|n| row(n, second)).collect();
        Say::json(format!(r#"{{"success":true,"result":[{}]}}"#, rows.join(",")))
    };
    for (admin, length) in [("on", 100), ("off", 3)] {
        // A short page of somebody who does not see all records is not the last one.
        let (stub, remote) = crm_of(admin, 1, move |_, heard| {
            let query = param(heard, "query");
            if query.contains("desc") {
                page(0..1, 30)
            } else if !query.contains("id >") {
                page(0..length, 20)
            } else if query.contains("12:00:20") {
                page(length..2 * length, 40)
            } else {
                page(0..usize::from(admin == "on"), 50)
            }
        })
        .await;
        let scope = Scope::Changed(Since::Mark("2026-11-21 11:00:00".into()));
        let mut asked = PageRequest { scope, at: PageAt::First, ..request(&[]) };
        let mut marks = Vec::new();
        loop {
            let page = remote.page(&asked).await.unwrap();
            marks.push(page.mark.unwrap()[..19].to_owned());
            let Next::After(token) = page.next else { break };
            asked.at = PageAt::After(token);
        }
        assert_eq!(marks.last().unwrap(), "2026-11-21 12:00:30", "{marks:?}");
        let latest = |heard: &&Heard| param(heard, "query").contains("desc");
        assert_eq!(stub.heard().iter().filter(latest).count(), 1);
    }
}

#[tokio::test]
async fn a_quiet_time_moves_the_start_of_a_listing_on() {
    let (stub, remote) = crm(|_, _| {
        let date = Stamp::now().timestamp().strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
        let row = r#"{"id":"12x5","modifiedtime":"2020-01-01 12:00:00"}"#;
        let body = format!(r#"{{"success":true,"result":[{row}]}}"#);
        Say::http("200 OK", &date.to_string(), body)
    })
    .await;
    let now = Stamp::now().0 / 1_000;
    for (mark, start) in [
        ("2020-01-01 12:00:00".to_owned(), "10:59:00"),
        (format!("2020-01-01 12:00:00@3600~{}-{now}", now - 1_240), "11:15:40"),
        (format!("2020-01-01 12:00:00@7200~{}-{now}", now - 9_000), "12:00:01"),
        // Something later is shown: the rest begins anew.
        (format!("2020-01-01 11:00:00@7200~{}-{now}", now - 9_000), "11:00:01"),
    ] {
        let scope = Scope::Changed(Since::Mark(mark.clone()));
        let page =
            remote.page(&PageRequest { scope, at: PageAt::First, ..request(&[]) }).await.unwrap();
        let asked = stub.heard().pop().map(|heard| param(&heard, "query")).unwrap();
        assert!(asked.contains(start), "{mark}: {asked}");
        let told = page.mark.unwrap();
        let (stamp, quiet) = told.split_once('~').unwrap();
        let (first, last) = quiet.split_once('-').unwrap();
        let (first, last): (i64, i64) = (first.parse().unwrap(), last.parse().unwrap());
        assert!(stamp.starts_with("2020-01-01 12:00:00") && last - now < 60, "{told}");
        let rested = mark.contains('~') && mark.starts_with("2020-01-01 12");
        match rested {
            true => assert!(mark.contains(&format!("~{first}-")) && last >= now, "{told}"),
            false => assert_eq!(first, last, "{mark}"),
        }
    }
}
