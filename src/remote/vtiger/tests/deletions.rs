//! Listings of what was deleted: where they start, and what they leave for the next one.

use super::*;
use crate::remote::{Next, Page};
use std::sync::Mutex;

/// Asks for the description, so that `sync` is tried, and then from a mark for all pages.
async fn listed(remote: &dyn Remote, since: Option<&str>) -> Vec<Page> {
    remote.describe("Contacts").await.unwrap();
    let scope = Scope::Trashed(since.map(|mark| Since::Mark(mark.to_owned())));
    let mut asked = PageRequest { scope, at: PageAt::First, ..request(&[]) };
    let mut pages = Vec::new();
    loop {
        let page = remote.page(&asked).await.unwrap();
        let next = page.next.clone();
        pages.push(page);
        let Next::After(token) = next else { return pages };
        asked.at = PageAt::After(token);
    }
}

fn fed(updated: &str, deleted: &str, more: bool, last: i64) -> Say {
    Say::json(format!(
        r#"{{"success":true,"result":{{"updated":[{updated}],"deleted":[{deleted}],"more":{more},"lastModifiedTime":{last}}}}}"#
    ))
}

/// What `sync` was asked for, without the first time, which tries it.
fn asked(stub: &Stub) -> Vec<i64> {
    let syncs = stub.heard().into_iter().filter(|heard| param(heard, "operation") == "sync");
    syncs.skip(1).map(|heard| param(&heard, "modifiedTime").parse().unwrap()).collect()
}

const NOON: i64 = 1_767_268_800;

#[tokio::test]
async fn each_listing_goes_on_where_the_last_one_ended() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let says = told.clone();
    let (stub, remote) = crm(move |_, heard| {
        let since: i64 = param(heard, "modifiedTime").parse().unwrap();
        let said: Option<(&str, &str, bool, i64)> = says.lock().unwrap().pop();
        match said {
            Some((updated, deleted, more, last)) => fed(updated, deleted, more, last),
            None => fed("", "", false, since),
        }
    })
    .await;
    // Nothing of the kind was listed yet: what the zone may be, and an hour more.
    told.lock().unwrap().extend([
        ("", r#""12x9""#, false, NOON),
        (r#"{"id":"12x5"}"#, r#""12x8""#, true, NOON - 50),
        ("", "", false, 0),
    ]);
    let pages = listed(remote.as_ref(), Some("2026-01-01 12:00:00")).await;
    let gone: Vec<&str> = pages.iter().flat_map(|p| &p.records).map(|r| r.id.as_str()).collect();
    assert_eq!(gone, ["12x8", "12x9"]);
    assert!(pages.iter().flat_map(|p| &p.records).all(|record| record.trashed));
    assert_eq!(asked(&stub), [NOON - 14 * 3_600 - 3_661, NOON - 51]);
    let mark = pages[1].mark.clone().unwrap();
    assert!(mark.starts_with(&format!("{NOON}~")), "{mark}");

    // An answer without anything does not move it back; a rest lets it start at its very second.
    let pages = listed(remote.as_ref(), Some(&mark)).await;
    let again = pages[0].mark.clone().unwrap();
    assert!(again.starts_with(&format!("{NOON}~")), "{again}");
    assert_eq!(asked(&stub).pop(), Some(NOON - 3_661));
    let now = Stamp::now().0 / 1_000;
    let rested = format!("{NOON}@7200~{}-{now}", now - 9_000);
    let pages = listed(remote.as_ref(), Some(&rested)).await;
    assert_eq!(asked(&stub).pop(), Some(NOON));
    let kept = pages[0].mark.clone().unwrap();
    assert!(kept.starts_with(&format!("{NOON}@7200~{}-", now - 9_000)), "{kept}");

    // What is changed later ends the rest.
    told.lock().unwrap().push((r#"{"id":"12x5"}"#, "", false, NOON + 9_100));
    let pages = listed(remote.as_ref(), Some(&kept)).await;
    let moved = pages[0].mark.clone().unwrap();
    assert!(moved.starts_with(&format!("{}@7200~", NOON + 9_100)), "{moved}");
    listed(remote.as_ref(), Some(&moved)).await;
    assert_eq!(asked(&stub).pop(), Some(NOON + 9_100 - 3_661));
}

#[tokio::test]
async fn what_is_deleted_from_now_on_is_asked_for_where_sync_works() {
    for works in [true, false] {
        let (_stub, remote) = crm(move |_, _| match works {
            true => fed("", "", false, 1),
            false => Say::http("500 Internal Server Error", "", String::new()),
        })
        .await;
        assert_eq!(remote.deletions_from_now(), None, "it was not tried yet");
        remote.describe("Contacts").await.unwrap();
        let mark = remote.deletions_from_now();
        assert_eq!(mark.is_some(), works);
        if let Some(mark) = mark {
            let (second, _) = mark.split_once('~').unwrap();
            let away = second.parse::<i64>().unwrap() - Stamp::now().0 / 1_000;
            assert!(away.abs() < 60, "{mark}");
        }
        // Without a mark, everything that was ever deleted.
        let pages = listed(remote.as_ref(), None).await;
        assert!(pages.len() == 1 && pages[0].records.is_empty());
    }
}
