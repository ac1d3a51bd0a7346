//! Documents that are written at the same time. Vtiger numbers lines by the highest number there is,
//! so of two at once one loses lines; and what each takes out of stock hides what the other took.

use super::{Bench, connect, line, paths, text, update};
use serde_json::json;
use std::time::Duration;
use syncdeck::model::Fields;
use syncdeck::model::document::{LINES, TOTAL, lines_of, lines_value};
use syncdeck::remote::Write;
use syncdeck::sandbox::VtigerRelease;

/// So many orders of one product, by their ids.
async fn orders(b: &Bench, count: usize) -> (String, Vec<String>) {
    let product = b.ids("Products").remove(0);
    let mut ids = Vec::new();
    for n in 0..count {
        let both = [line(&product, "3", "10", "10", "3"), line(&product, "1", "5", "10", "0.5")];
        let fields = b.order(&format!("At once {n}"), &both, "EUR");
        ids.push(b.write("SalesOrder", Write::Create { fields }).await.unwrap().id);
    }
    (product, ids)
}

/// A change of prices only.
fn dearer(product: &str, ids: &[String]) -> Vec<Write> {
    let both = [line(product, "3", "20", "10", "6"), line(product, "1", "15", "10", "1.5")];
    let fields: Fields = [(LINES, lines_value(&both))].into_iter().collect();
    ids.iter().map(|id| update(id.clone(), fields.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_are_changed_at_once_keep_their_lines_and_the_stock() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let (product, ids) = orders(&b, 20).await;
    let stock = b.whole(&product)["qtyinstock"].clone();
    b.sandbox.advance_clock(Duration::from_secs(60));
    b.sandbox.slow_writes(Duration::from_millis(60));
    let wanted = paths(&[LINES, TOTAL]);
    let calls: Vec<Vec<Write>> = ids.chunks(10).map(|part| dearer(&product, part)).collect();
    let (one, other) = tokio::join!(
        b.remote.write("SalesOrder", &calls[0], &wanted),
        b.remote.write("SalesOrder", &calls[1], &wanted),
    );
    b.sandbox.slow_writes(Duration::ZERO);
    for done in one.into_iter().chain(other) {
        let record = done.unwrap().record.unwrap();
        assert_eq!(text(&record, TOTAL), "82.5");
    }
    for id in &ids {
        let read = b.fetch("SalesOrder", id, &[LINES, TOTAL]).await;
        assert_eq!(lines_of(read.fields.get(LINES).unwrap()).len(), 2, "{read:?}");
        assert_eq!(text(&read, TOTAL), "82.5", "{read:?}");
    }
    assert_eq!(b.whole(&product)["qtyinstock"], stock);
    // Whoever creates and deletes meanwhile waits as well.
    b.sandbox.slow_writes(Duration::from_millis(60));
    let fields = b.order("Late", &[line(&product, "7", "10", "10", "7")], "EUR");
    let deletes: Vec<Write> = ids[..4].iter().map(|id| Write::Delete { id: id.clone() }).collect();
    let create = [Write::Create { fields }];
    let changes = dearer(&product, &ids[10..14]);
    let all = tokio::join!(
        b.remote.write("SalesOrder", &create, &wanted),
        b.remote.write("SalesOrder", &deletes, &[]),
        b.remote.write("SalesOrder", &changes, &wanted),
    );
    for done in all.0.into_iter().chain(all.1).chain(all.2) {
        done.unwrap();
    }
    assert_eq!(b.whole(&product)["qtyinstock"], stock);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_that_write_lines_at_once_lose_some() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let (product, ids) = orders(&b, 2).await;
    let other = connect(&b.sandbox);
    for remote in [&b.remote, &other] {
        remote.describe("SalesOrder").await.unwrap();
    }
    b.sandbox.slow_writes(Duration::from_millis(400));
    let (one, two) = (dearer(&product, &ids[..1]), dearer(&product, &ids[1..]));
    let done = tokio::join!(
        b.remote.write("SalesOrder", &one, &[]),
        other.write("SalesOrder", &two, &[]),
    );
    assert!(done.0[0].is_ok() && done.1[0].is_ok(), "neither is told: {done:?}");
    let lines: usize =
        ids.iter().map(|id| b.whole(id)["LineItems"].as_array().unwrap().len()).sum();
    assert!(lines < 4, "the imitation is as careless as Vtiger");
    assert!(ids.iter().any(|id| b.whole(id)["hdnGrandTotal"] != json!("82.50000000")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_without_lines_do_not_wait_for_each_other() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let (_, ids) = orders(&b, 2).await;
    let renamed = |id: &String| {
        let fields: Fields = [("subject", "Renamed")].into_iter().collect();
        [update(id.clone(), fields)]
    };
    let (one, other) = (renamed(&ids[0]), renamed(&ids[1]));
    for write in [&one, &other] {
        b.remote.write("SalesOrder", write, &[]).await.remove(0).unwrap();
    }
    b.sandbox.slow_writes(Duration::from_millis(500));
    let mut steps = b.sandbox.writes();
    let watch = async {
        let mut most = 0;
        while most < 2 && steps.changed().await.is_ok() {
            most = most.max(steps.borrow().in_flight());
        }
        most
    };
    let both = async {
        tokio::join!(
            b.remote.write("SalesOrder", &one, &[]),
            b.remote.write("SalesOrder", &other, &[]),
        )
    };
    let (most, _) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(watch, both) })
            .await
            .expect("both are under way together");
    assert_eq!(most, 2);
}
