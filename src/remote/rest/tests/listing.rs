//! Listings: pages, windows, deletions.

use super::*;

fn paged(query: &str, paginate: &str) -> String {
    format!(
        "records = \"data\"\n[stream.request]\npath = \"things\"\nquery = {{ {query} }}\n\
         [stream.paginate]\n{paginate}"
    )
}

#[tokio::test]
async fn every_kind_of_pagination_reads_all_and_stops() {
    // Twelve things in pages of five, whatever was asked for.
    let stub = Stub::new(|_, heard| {
        let at = match heard.target.contains("offset=") {
            true => number(heard, "offset"),
            false => match parameter(heard, "token") {
                Some(token) => token.trim_start_matches('t').parse().unwrap(),
                None => (parameter(heard, "page").map_or(1, |p| p.parse().unwrap()) - 1) * 5,
            },
        };
        let (from, to) = (at.min(12), (at + 5).min(12));
        let next = if to < 12 { format!("\"t{to}\"") } else { "null".to_owned() };
        let address = if to < 12 { format!("\"/api/things?token=t{to}\"") } else { "\"\"".into() };
        let link = match to < 12 {
            true => format!("Link: <?token=t{to}>; rel=\"next\", </x>; rel=\"last\"\r\n"),
            false => String::new(),
        };
        let data = things(from..to);
        let more = to < 12;
        let body = format!(
            "{{\"data\":{data},\"pages\":\"3\",\"total\":12,\"more\":{more},\"next\":{next},\
             \"links\":{{\"next\":{address}}}}}"
        );
        Say::http("200 OK", &link, body)
    })
    .await;
    let page = "page = \"{{page}}\", n = \"{{size}}\"";
    let offset = "offset = \"{{offset}}\", n = \"{{size}}\"";
    for (query, paginate, requests) in [
        (page, "kind = \"page\"\nsize = 5\nstop = \"short\"", 3),
        (page, "kind = \"page\"\nsize = 5", 4),
        // It was asked for more than it gives in a page, and nothing is missed.
        (page, "kind = \"page\"\nsize = 100", 4),
        (page, "kind = \"page\"\npages = \"pages\"", 3),
        (page, "kind = \"page\"\ntotal = \"total\"", 3),
        (page, "kind = \"page\"\nmore = \"more\"", 3),
        (offset, "kind = \"offset\"\nsize = 5\nstop = \"short\"", 3),
        (offset, "kind = \"offset\"\nsize = 100", 4),
        (offset, "kind = \"offset\"\ntotal = \"total\"", 3),
        ("token = \"{{token}}\"", "kind = \"token\"\npath = \"next\"", 3),
        ("page = \"1\"", "kind = \"link\"\npath = \"links.next\"", 3),
        ("page = \"1\"", "kind = \"link\"", 3),
    ] {
        let before = stub.heard().len();
        let remote = service(&stub, "", &paged(query, paginate));
        let pages = list(&*remote, Scope::All).await.unwrap();
        let want: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        assert_eq!(ids(&pages), want, "{paginate}");
        assert_eq!(stub.heard().len() - before, requests, "{paginate}");
    }
    // Without pagination one answer is taken for all.
    let remote = service(&stub, "", &paged("page = \"1\"", "kind = \"none\""));
    assert_eq!(ids(&list(&*remote, Scope::All).await.unwrap()).len(), 5);
}

#[tokio::test]
async fn a_listing_that_does_not_end_says_so_and_what_to_mend() {
    // It knows no page: every answer is the first one; or it goes round in a circle of three.
    for circle in [1, 3] {
        let stub = Stub::new(move |n, _| {
            let from = (n as u64 % circle) * 10;
            Say::json(format!(
                "{{\"data\":{},\"next\":\"x\",\"url\":\"/api/things\"}}",
                things(from..from + 10)
            ))
        })
        .await;
        for (query, paginate, words) in [
            (
                "p = \"{{page}}\"",
                "kind = \"page\"",
                "the parameter that takes {{page}} may have another name",
            ),
            ("o = \"{{offset}}\"", "kind = \"offset\"", "takes {{offset}}"),
            ("t = \"{{token}}\"", "kind = \"token\"\npath = \"next\"", "takes {{token}}"),
            ("a = \"1\"", "kind = \"link\"\npath = \"url\"", "the path of the next page's address"),
        ] {
            let before = stub.heard().len();
            let remote = service(&stub, "", &paged(query, paginate));
            let error = list(&*remote, Scope::All).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotTheApi);
            let what = "The listing of things does not end: Warehouse sends the same page again.";
            assert_eq!(error.error.what, what);
            assert!(error.error.next.contains(words), "{error}");
            assert!(stub.heard().len() - before < 10);
        }
    }
    // New ids for ever, up to the most that the manifest says there are.
    let stub = Stub::new(|n, _| Say::json(things(n as u64 * 10..n as u64 * 10 + 10))).await;
    let stream = "max_records = 35\n[stream.request]\npath = \"things\"\nquery = { p = \"{{page}}\" }\n\
                  [stream.paginate]\nkind = \"page\"";
    let error = list(&*service(&stub, "", stream), Scope::All).await.unwrap_err();
    assert!(error.error.why.contains("at most 35 records"), "{error}");
    assert_eq!(stub.heard().len(), 4);
}

#[tokio::test]
async fn windows_follow_each_other_and_changes_start_at_the_mark() {
    let stub = Stub::new(|_, heard| {
        let body: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
        let (from, to) = (body["FromDate"].as_str().unwrap(), body["ToDate"].as_str().unwrap());
        // One thing on each first of a month, also where a window ends that day.
        let all = (1..=12).map(|month| (month, format!("2025-{month:02}-01")));
        let rows: Vec<String> = all
            .filter(|(_, day)| from <= day.as_str() && day.as_str() <= to)
            .map(|(n, day)| format!("{{\"id\":\"{n}\",\"day\":\"{day}\"}}"))
            .collect();
        Say::json(format!("[{}]", rows.join(",")))
    })
    .await;
    let stream = "
created = \"day\"
[stream.request]
path = \"things\"
method = \"POST\"
body = { FromDate = \"{{from}}\", ToDate = \"{{to}}\" }
[stream.cursor]
format = \"%Y-%m-%d\"
step_days = 31
lookback = 172800
start = \"2025-01-01\"
silent = true
";
    let api = "[api.values]\nzone = \"Asia/Kolkata\"";
    let remote = service(&stub, api, stream);
    let caps = remote.capabilities("things");
    assert_eq!(caps.changes, ChangeFeed::Filtered);
    assert!(caps.silent && !caps.trash);
    let pages = list(&*remote, Scope::All).await.unwrap();
    let want: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    assert_eq!(ids(&pages), want, "what lies on a border comes once");
    assert!(pages.iter().any(|p| p.records.is_empty()), "and empty windows do not end it");
    let body =
        |n: usize| -> serde_json::Value { serde_json::from_str(&stub.heard()[n].body).unwrap() };
    assert_eq!(body(0), serde_json::json!({"FromDate": "2025-01-01", "ToDate": "2025-02-01"}));
    assert_eq!(body(1)["FromDate"], "2025-02-01");
    let mark = pages[0].mark.clone().unwrap();
    assert!(pages[1].mark.is_none());
    let asked = stub.heard().len();
    let since = Scope::Changed(Since::Mark("2025-11-03T12:00:00Z".into()));
    assert_eq!(ids(&list(&*remote, since).await.unwrap()), ["11", "12"]);
    assert_eq!(body(asked)["FromDate"], "2025-11-01", "two days are read again");
    let asked = stub.heard().len();
    let instant = Stamp::parse("2025-06-15T20:00:00Z").unwrap();
    list(&*remote, Scope::Changed(Since::Instant(instant))).await.unwrap();
    assert_eq!(body(asked)["FromDate"], "2025-06-16", "the day in the service's zone");
    let back = Stamp::now().since(Stamp::parse(&mark).unwrap()).as_secs();
    assert!((299..400).contains(&back), "without the service's clock: {back}");
}

#[tokio::test]
async fn deletions_are_told_by_a_flag_or_a_list() {
    let stub = Stub::new(|_, heard| match heard.target.split('?').next().unwrap() {
        "/api/gone" => match number(heard, "page") {
            1 => Say::json("{\"ids\":[{\"ref\":7},{\"ref\":8}]}"),
            2 => Say::json("{\"ids\":[{\"ref\":9}]}"),
            _ => Say::json("{\"ids\":[]}"),
        },
        _ => {
            Say::json("[{\"id\":1,\"state\":\"Void\"},{\"id\":2,\"state\":\"open\"},{\"id\":null}]")
        }
    })
    .await;
    let flag = "[stream.deleted]\nkind = \"flag\"\npath = \"state\"\nvalues = [\"void\"]";
    let remote = service(&stub, "", flag);
    let page = first(&*remote).await.unwrap();
    let trashed: Vec<bool> = page.records.iter().map(|r| r.trashed).collect();
    assert_eq!(trashed, [true, false], "and what has no id is no record");
    assert_eq!(ids(&list(&*remote, Scope::Trashed(None)).await.unwrap()), [""; 0]);
    let listed = "[stream.deleted]\nkind = \"list\"\nid = \"ref\"\nrecords = \"ids\"\n\
                  [stream.deleted.request]\npath = \"gone\"\n\
                  query = { since = \"{{from}}\", page = \"{{page}}\" }\n\
                  [stream.deleted.paginate]\nkind = \"page\"";
    let remote = service(&stub, "", listed);
    assert!(remote.capabilities("things").trash);
    let since = Since::Mark("2026-11-21T10:05:00Z".into());
    let pages = list(&*remote, Scope::Trashed(Some(since))).await.unwrap();
    assert_eq!(ids(&pages), ["7", "8", "9"]);
    assert!(pages.iter().flat_map(|p| &p.records).all(|r| r.trashed));
    let asked = stub.heard().into_iter().rfind(|h| h.target.contains("gone")).unwrap();
    assert_eq!(parameter(&asked, "since").as_deref(), Some("2026-11-21T10:00:00Z"));
}
