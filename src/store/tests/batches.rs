//! What each change does, and that a batch is all or nothing.

use super::samples::*;
use super::{commit, sentences, store};
use crate::model::{ConnectorId, Module, Retention, Side, id_key};
use crate::store::{Batch, Change, Store, StoreError};

const C: ConnectorId = 1;
const M: Module = Module::Contacts;

fn put_links(store: &Store, ids: &[(&str, &str)]) -> Result<(), StoreError> {
    let links = ids.iter().map(|(v, s)| Change::PutLink(C, M, link(v, s)));
    commit(store, links)
}

fn linked(result: Result<(), StoreError>) -> (String, String) {
    match result {
        Err(StoreError::AlreadyLinked(a, b)) => (a, b),
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_are_kept_as_they_are() {
    let (_folder, store) = store();
    let crm = crate::model::Crm {
        url: "https://crm/webservice.php".into(),
        username: "sync".into(),
        access_key: crate::model::SecretText::Reference("env:KEY".into()),
        allow_http: true,
        ca_file: Some("/ca.pem".into()),
    };
    let retention = Retention { debug_size: "1GB".into(), ..Retention::default() };
    assert_eq!(store.read_blocking(|r| r.crm()).unwrap(), None);
    let defaults = store.read_blocking(|r| r.retention()).unwrap();
    assert_eq!(defaults, Retention::default());
    commit(
        &store,
        [
            Change::PutCrm(crm.clone()),
            Change::PutRetention(retention.clone()),
            Change::PutFact("vtiger.offset".into(), Some("+01:00".into())),
        ],
    )
    .unwrap();
    store
        .read_blocking(|r| {
            assert_eq!(r.crm()?, Some(crm));
            assert_eq!(r.retention()?, retention);
            assert_eq!(r.fact("vtiger.offset")?.as_deref(), Some("+01:00"));
            assert_eq!(r.fact("vtiger")?, None);
            Ok(())
        })
        .unwrap();
    commit(&store, [Change::PutFact("vtiger.offset".into(), None)]).unwrap();
    let fact = store.read_blocking(|r| r.fact("vtiger.offset")).unwrap();
    assert_eq!(fact, None);
}

#[test]
fn connectors_get_numbers_and_names_are_theirs_alone() {
    let (_folder, store) = store();
    let put = |connector| commit(&store, [Change::PutConnector(Box::new(connector))]);
    put(connector("zoo")).unwrap();
    put(connector("Art")).unwrap();
    let error = sentences(put(connector("ZOO")));
    assert!(error.why.contains("zoo"), "{error}");
    let all = store.read_blocking(|r| r.connectors()).unwrap();
    let names: Vec<_> = all.iter().map(|c| (c.id, c.name.as_str())).collect();
    assert_eq!(names, [(2, "Art"), (1, "zoo")]);
    let mut renamed = connector("Zoo 2");
    renamed.id = 1;
    put(renamed.clone()).unwrap();
    renamed.name = "art".into();
    assert!(put(renamed.clone()).is_err());
    renamed.name = "Zoo 2".into();
    let first = store.read_blocking(|r| r.connector(1)).unwrap();
    assert_eq!(first, Some(renamed));
    let named = store.read_blocking(|r| r.connector_named("zoo 2")).unwrap();
    assert_eq!(named.map(|c| c.id), Some(1));
    // A number is never given again.
    commit(&store, [Change::RemoveConnector(2)]).unwrap();
    put(connector("Art")).unwrap();
    let art = store.read_blocking(|r| r.connector_named("Art")).unwrap();
    assert_eq!(art.map(|c| c.id), Some(3));
}

#[test]
fn a_record_is_linked_once_or_the_batch_is_refused() {
    let (_folder, store) = store();
    put_links(&store, &[("12x1", "1"), ("12x2", "2")]).unwrap();
    // Again, and with another content: fine.
    put_links(&store, &[("12x1", "1")]).unwrap();
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let twice = put_links(&store, &[("12x3", "3"), ("12x4", "2")]);
    assert_eq!(linked(twice), both("2", "12x2"));
    let twice = put_links(&store, &[("12x5", "5"), ("12x1", "9")]);
    assert_eq!(linked(twice), both("12x1", "1"));
    store
        .read_blocking(|r| {
            assert_eq!(r.link_count(C, M)?, 2);
            assert_eq!(r.link_by_vtiger(C, M, "12x3")?, None);
            assert_eq!(r.link_by_service(C, M, "5")?, None);
            assert_eq!(r.link_by_service(C, M, "9")?, None);
            assert_eq!(r.link_by_service(C, M, "2")?, Some(link("12x2", "2")));
            assert_eq!(r.vtiger_id_of(C, M, "1")?.as_deref(), Some("12x1"));
            Ok(())
        })
        .unwrap();
    // Crossing over in one batch is fine: what is dropped is free.
    let drop_link = |id: &str| Change::DropLink(C, M, id.into());
    commit(
        &store,
        [
            drop_link("12x1"),
            drop_link("12x2"),
            drop_link("12x77"),
            Change::PutLink(C, M, link("12x1", "2")),
            Change::PutLink(C, M, link("12x2", "1")),
        ],
    )
    .unwrap();
    let crossed = store.read_blocking(|r| r.vtiger_id_of(C, M, "1")).unwrap();
    assert_eq!(crossed.as_deref(), Some("12x2"));
    assert_eq!(store.read_blocking(|r| r.link_count(C, M)).unwrap(), 2);
}

#[test]
fn the_head_of_a_link_is_found_from_both_ends() {
    let (_folder, store) = store();
    put_links(&store, &[("11x9", "100"), ("11x10", "b")]).unwrap();
    let whole = link("11x9", "100");
    store
        .read_blocking(|r| {
            for (side, id) in [(Side::Vtiger, "11x9"), (Side::Service, "100")] {
                let head = r.link_head(C, M, side, id)?.unwrap();
                assert_eq!((head.vtiger_id.as_str(), head.service_id.as_str()), ("11x9", "100"));
                assert_eq!(head.prints, [whole.vtiger_print, whole.service_print]);
                assert_eq!(head.stamps, [whole.vtiger_stamp, whole.service_stamp]);
                assert_eq!((head.revision, head.origin), (whole.revision, whole.origin));
                assert_eq!(head.id_on(side), id);
                assert_eq!(r.link_head(C, M, side.other(), id)?, None);
                assert_eq!(r.link_head(C, Module::Leads, side, id)?, None);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn links_are_listed_by_number_page_by_page() {
    let (_folder, store) = store();
    put_links(&store, &[("11x10", "b"), ("11x9", "100"), ("2x1", "20")]).unwrap();
    commit(&store, [Change::PutLink(C, Module::Leads, link("1x1", "1"))]).unwrap();
    store
        .read_blocking(|r| {
            let ids = |after, limit| -> Vec<String> {
                let links = r.links_after(C, M, after, limit).unwrap();
                links.into_iter().map(|l| l.vtiger_id).collect()
            };
            assert_eq!(ids(None, 10), ["2x1", "11x9", "11x10"]);
            assert_eq!(ids(None, 1), ["2x1"]);
            assert_eq!(ids(Some("2x1"), 1), ["11x9"]);
            assert_eq!(ids(Some("11x9"), 10), ["11x10"]);
            let sids = r.service_ids_after(C, M, Some("20"), 10)?;
            let expected = [("100", "11x9"), ("b", "11x10")];
            let expected = expected.map(|(s, v)| (s.to_owned(), v.to_owned()));
            assert_eq!(sids, expected);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_queue_and_the_skips_are_counted_and_listed_by_side() {
    let (_folder, store) = store();
    let (v, s) = (Side::Vtiger, Side::Service);
    commit(
        &store,
        [
            Change::PutParked(C, M, parked(s, "9")),
            Change::PutParked(C, M, parked(v, "12x10")),
            Change::PutParked(C, M, parked(v, "12x9")),
            Change::PutParked(C, M, parked(v, "12x9")),
            Change::PutParked(C, Module::Products, parked(s, "9")),
            Change::PutParked(2, M, parked(s, "9")),
            Change::PutSkip(C, M, skip(s, "5")),
            Change::PutSkip(C, M, skip(s, "5")),
        ],
    )
    .unwrap();
    store
        .read_blocking(|r| {
            assert_eq!(r.parked_count(C)?, 4);
            assert_eq!(r.parked_count_of(C, M)?, 3);
            assert_eq!(r.skip_count(C, M)?, 1);
            assert_eq!(r.parked(C, M, v, "12x9")?, Some(parked(v, "12x9")));
            assert_eq!(r.parked(C, M, s, "12x9")?, None);
            assert_eq!(r.skip(C, M, s, "5")?, Some(skip(s, "5")));
            assert_eq!(r.skips_after(C, M, None, 5)?, [skip(s, "5")]);
            let all = r.parked_after(C, M, None, 10)?;
            let ids: Vec<_> = all.iter().map(|p| p.id.as_str()).collect();
            assert_eq!(ids, ["12x9", "12x10", "9"]);
            assert_eq!(r.parked_after(C, M, Some((v, "12x10")), 10)?[0].id, "9");
            Ok(())
        })
        .unwrap();
    commit(
        &store,
        [
            Change::DropParked(C, M, v, "12x9".into()),
            Change::DropParked(C, M, v, "12x9".into()),
            Change::DropSkip(C, M, s, "5".into()),
            Change::DropSkip(C, M, v, "5".into()),
        ],
    )
    .unwrap();
    store
        .read_blocking(|r| {
            assert_eq!((r.parked_count(C)?, r.skip_count(C, M)?), (3, 0));
            Ok(())
        })
        .unwrap();
}

#[test]
fn intents_tombs_and_cursors_are_kept() {
    let (_folder, store) = store();
    let (v, s) = (Side::Vtiger, Side::Service);
    commit(
        &store,
        [
            Change::PutIntent(C, M, intent(s, "12x1")),
            Change::PutIntent(C, Module::Products, intent(v, "8")),
            Change::PutIntent(2, M, intent(v, "8")),
            Change::PutTomb(C, M, tomb(v, "12x5")),
            Change::PutCursor(C, M, s, cursor()),
            Change::DropIntent(C, Module::Products, v, "8".into()),
        ],
    )
    .unwrap();
    store
        .read_blocking(|r| {
            assert_eq!(r.intents(C)?, [(M, intent(s, "12x1"))]);
            assert_eq!(r.tomb(C, M, v, "12x5")?, Some(tomb(v, "12x5")));
            assert_eq!(r.tombs_after(C, M, None, 9)?.len(), 1);
            assert_eq!(r.tomb(C, M, s, "12x5")?, None);
            assert_eq!(r.cursor(C, M, s)?, cursor());
            assert_eq!(r.cursor(C, M, v)?, crate::model::Cursor::default());
            Ok(())
        })
        .unwrap();
}

#[test]
fn removing_a_connector_leaves_nothing_of_it_and_all_of_the_others() {
    let (_folder, store) = store();
    for c in [1, 2] {
        let name = format!("shop{c}");
        commit(&store, [Change::PutConnector(Box::new(connector(&name)))]).unwrap();
        let run = super::runs::start(&store, c);
        let item = item(M, Side::Vtiger, crate::model::ItemStatus::Created, "Ada");
        commit(
            &store,
            [
                Change::PutLink(c, M, link("12x1", "1")),
                Change::PutIntent(c, M, intent(Side::Vtiger, "1")),
                Change::PutParked(c, M, parked(Side::Vtiger, "1")),
                Change::PutSkip(c, M, skip(Side::Vtiger, "1")),
                Change::PutTomb(c, M, tomb(Side::Vtiger, "1")),
                Change::PutCursor(c, M, Side::Vtiger, cursor()),
                Change::PutFact(format!("connector.{c}.a"), Some("x".into())),
                Change::PutFact(format!("connector.{c}0.a"), Some("x".into())),
                Change::AddItem(run, Box::new(item)),
            ],
        )
        .unwrap();
    }
    commit(&store, [Change::RemoveConnector(1)]).unwrap();
    let left = |c: ConnectorId| {
        let list = crate::model::ItemStatus::Created;
        store.read_blocking(move |r| {
            Ok([
                u64::from(r.connector(c)?.is_some()),
                r.link_count(c, M)?,
                r.links_after(c, M, None, 9)?.len() as u64,
                r.service_ids_after(c, M, None, 9)?.len() as u64,
                r.intents(c)?.len() as u64,
                r.parked_count(c)?,
                r.parked_after(c, M, None, 9)?.len() as u64,
                r.skip_count(c, M)?,
                r.skips_after(c, M, None, 9)?.len() as u64,
                r.tombs_after(c, M, None, 9)?.len() as u64,
                u64::from(r.cursor(c, M, Side::Vtiger)? == cursor()),
                u64::from(r.fact(&format!("connector.{c}.a"))?.is_some()),
                r.runs_before(Some(c), None, 9)?.len() as u64,
                u64::from(r.run(c.into())?.is_some()),
                r.items(c.into(), M, Side::Vtiger, list, 0, 9)?.len() as u64,
            ])
        })
    };
    assert_eq!(left(1).unwrap(), [0; 15]);
    assert_eq!(left(2).unwrap(), [1; 15]);
    let kept = store.read_blocking(|r| r.fact("connector.10.a")).unwrap();
    assert!(kept.is_some(), "another connector's");
}

#[test]
fn an_empty_batch_does_nothing() {
    let (_folder, store) = store();
    store.commit_blocking(Batch::new()).unwrap();
    assert!(Batch::new().is_empty());
    assert_eq!(store.read_blocking(|r| r.generation()).unwrap(), 0);
}

#[test]
fn the_keys_of_ids_have_no_end_in_the_middle() {
    // A key that is the start of another one must not hide it.
    let (_folder, store) = store();
    put_links(&store, &[("1", "a"), ("1x", "b"), ("1x1", "c")]).unwrap();
    assert!(id_key("1") < id_key("1x"));
    let after = store.read_blocking(|r| r.links_after(C, M, Some("1"), 9));
    assert_eq!(after.unwrap().len(), 2);
}
