//! The faults of Vtiger 8.4.0's inventory web service, each by itself: orders cannot be created, a
//! change of lines empties the total, and what would tell of it fails for a reason of its own.

use super::{Bench, connect, line, paths, said, text, update};
use serde_json::json;
use std::time::Duration;
use syncdeck::model::document::{LINES, TOTAL, lines_of, lines_value};
use syncdeck::model::{Fields, Module};
use syncdeck::remote::{ErrorKind, Write};
use syncdeck::sandbox::{SandboxOptions, VtigerRelease};

fn lines_change(id: &str, product: &str, price: &str) -> Write {
    let lines = [line(product, "2", price, "10", "0"), line(product, "1", "1.5", "10", "0")];
    let fields: Fields = [(LINES, lines_value(&lines))].into_iter().collect();
    update(id, fields)
}

async fn made(b: &Bench, product: &str, subject: &str) -> String {
    let fields = b.order(subject, &[line(product, "1", "10", "10", "1")], "EUR");
    b.write("SalesOrder", Write::Create { fields }).await.unwrap().id
}

#[tokio::test]
async fn a_repaired_vtiger_is_written_to_though_retrieve_inventory_fails() {
    let b = Bench::new(VtigerRelease::Php8).await;
    let product = b.ids("Products").remove(0);
    let id = made(&b, &product, "Shop 1").await;
    let later = connect(&b.sandbox);
    let report = later.check("vtiger").await;
    assert!(report.problems.is_empty(), "{report:?}");
    let orders = report.modules.iter().find(|m| m.module == Module::SalesOrders).unwrap();
    assert!(orders.write && orders.why.is_none(), "{orders:?}");
    let before = (b.asked("retrieve"), b.asked("revise"));
    for price in ["20", "30"] {
        let change = lines_change(&id, &product, price);
        let done = later.write("SalesOrder", &[change], &paths(&[TOTAL])).await.remove(0).unwrap();
        let total = if price == "20" { "41.5" } else { "61.5" };
        assert_eq!(text(&done.record.unwrap(), TOTAL), total);
    }
    // Two to see whose stock moves, and one to see what became of the first change.
    assert_eq!(b.asked("retrieve") - before.0, 3);
    assert_eq!(b.whole(&id)["hdnGrandTotal"], "61.50000000");
}

#[tokio::test]
async fn a_total_that_a_change_of_lines_empties_is_put_back_and_no_other_is_tried() {
    let b = Bench::new(VtigerRelease::CreatesOnly).await;
    let product = b.ids("Products").remove(0);
    let ids = [made(&b, &product, "Shop 1").await, made(&b, &product, "Shop 2").await];
    let stock = b.whole(&product)["qtyinstock"].clone();
    // As well by the connection that has created them as by a later one.
    for (n, remote) in [b.remote.clone(), connect(&b.sandbox)].into_iter().enumerate() {
        let price = ["20", "30"][n];
        let wanted = paths(&["subject", LINES, TOTAL]);
        let change = lines_change(&ids[0], &product, price);
        let done = remote.write("SalesOrder", &[change], &wanted).await.remove(0).unwrap();
        let record = done.record.unwrap();
        assert_eq!(text(&record, TOTAL), ["41.5", "61.5"][n], "as it was meant");
        assert_eq!(lines_of(record.fields.get(LINES).unwrap()).len(), 2);
        let whole = b.whole(&ids[0]);
        assert_eq!(whole["hdnSubTotal"], ["41.50000000", "61.50000000"][n], "{whole}");
        assert_eq!(whole["LineItems"].as_array().unwrap().len(), 2);

        let was = b.whole(&ids[1]);
        let change = lines_change(&ids[1], &product, price);
        let error = remote.write("SalesOrder", &[change], &wanted).await.remove(0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.error.why.contains("did so when it was tried"), "{error}");
        assert_eq!(b.whole(&ids[1]), was);
    }
    assert_eq!(b.whole(&product)["qtyinstock"], stock);
    made(&b, &product, "Shop 3").await;
}

/// As where a Vtiger that could was replaced by 8.4.0 as it is shipped.
#[tokio::test]
async fn orders_that_could_be_created_once_are_refused_with_a_hint_and_none_is_spoiled() {
    let folder = tempfile::tempdir().unwrap();
    let like = |vtiger| SandboxOptions {
        vtiger,
        state_dir: Some(folder.path().into()),
        ..SandboxOptions::default()
    };
    let b = Bench::with(like(VtigerRelease::Repaired)).await;
    let product = b.ids("Products").remove(0);
    let id = made(&b, &product, "Shop 0").await;
    b.sandbox.stop().await;
    let b = Bench::with(like(VtigerRelease::Shipped)).await;
    let fields = b.order("Shop 1", &[line(&product, "1", "10", "10", "1")], "EUR");
    let error = b.write("SalesOrder", Write::Create { fields }).await.unwrap_err();
    assert!(error.error.next.contains("cannot create them over its API any more"), "{error}");
    let change = lines_change(&id, &product, "20");
    let done = b.write("SalesOrder", change).await.unwrap();
    assert_eq!(text(&done.record.unwrap(), TOTAL), "41.5");
    assert_eq!(b.whole(&id)["hdnGrandTotal"], "41.50000000");
}

#[tokio::test]
async fn a_change_that_did_not_arrive_is_no_trial() {
    let b = Bench::new(VtigerRelease::Php8).await;
    let product = b.ids("Products").remove(0);
    let id = made(&b, &product, "Shop 1").await;
    // Somebody left it without a total.
    let element = json!({"id": id, "hdnGrandTotal": "0"}).to_string();
    b.sandbox.vtiger("revise", &[("element", &element)]);
    b.sandbox.slow_writes(Duration::from_millis(300));
    let change = lines_change(&id, &product, "20");
    let writes = b.sandbox.writes();
    let cut = async {
        let begun = writes.borrow().begun;
        while writes.borrow().begun == begun {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        b.sandbox.set_faults(&["vtiger:reset-before=1".parse().unwrap()]);
        tokio::time::sleep(Duration::from_millis(200)).await;
        b.sandbox.set_faults(&[]);
    };
    let (result, ()) = tokio::join!(b.write("SalesOrder", change.clone()), cut);
    b.sandbox.slow_writes(Duration::ZERO);
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown, "{error}");
    let whole = b.whole(&id);
    assert_eq!(whole["hdnGrandTotal"], "0.00000000", "nothing was written that nobody asked for");
    let done = b.write("SalesOrder", change).await.unwrap();
    assert_eq!(text(&done.record.unwrap(), TOTAL), "41.5");
}

#[tokio::test]
async fn the_check_says_so_where_nothing_tells_whether_orders_can_be_created() {
    for release in [VtigerRelease::Shipped, VtigerRelease::Php8] {
        let b = Bench::empty(release).await;
        let report = b.remote.check("vtiger").await;
        assert!(report.ok, "{report:?}");
        let problems = said(&report.problems);
        assert!(problems.contains("can be created in this Vtiger is not known"), "{problems}");
        assert!(problems.contains("8.4.0 as it is shipped cannot"), "{problems}");
    }
    let b = Bench::empty(VtigerRelease::Seven).await;
    let report = b.remote.check("vtiger").await;
    assert!(report.problems.is_empty(), "7.3 can: {report:?}");
}
