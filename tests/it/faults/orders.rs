//! The fault matrix with orders: persons and companies that only an order names, lines, totals.

use super::world::{Cast, World};
use super::{Judge, mixed, stories};
use serde_json::{Value, json};

/// What users do with orders between the syncs.
pub fn edit(world: &World) {
    let mut billed = json!({"first_name": "Nora", "last_name": "Guest", "city": "Graz"});
    billed["email"] = "nora@guests.example".into();
    let of_guest = |total: &str| {
        let fee = json!([{"name": "Engraving", "total": total}]);
        let body = json!({"status": "processing", "fee_lines": fee, "billing": billed});
        let (status, answer) = world.sandbox.woo("POST", "orders", &body);
        assert_eq!(status, 201, "{}: {answer}", world.label);
    };
    // One guest, two orders: one contact.
    of_guest("5.00");
    of_guest("7.50");
    let (open, done): (Vec<Value>, Vec<Value>) =
        world.seeded_orders().into_iter().partition(|order| order["status"] == "processing");
    let put = |order: &Value, body: Value| {
        let path = format!("orders/{}", order["id"]);
        let (status, answer) = world.sandbox.woo("PUT", &path, &body);
        assert_eq!(status, 200, "{}: {answer}", world.label);
    };
    if let Some(order) = open.first() {
        put(order, json!({"status": "completed"}));
    }
    if let Some(order) = open.get(1) {
        world.revise_order(order, json!({"sostatus": "Delivered"}));
    }
    put(&done[0], json!({"fee_lines": [{"name": "Express", "total": "3.00"}]}));
    put(&done[1], json!({"billing": {"company": "Brand New Works"}}));
    let gone = format!("orders/{}?force=true", done[2]["id"]);
    assert_eq!(world.sandbox.woo("DELETE", &gone, &Value::Null).0, 200, "{}", world.label);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_there_once_and_whole_whatever_goes_wrong() {
    stories(
        Cast::Orders,
        &[
            (&["500=3%"], Judge::Exact),
            (&["empty=3%"], Judge::Exact),
            (&["html=3%"], Judge::Exact),
            (&["truncated=3%"], Judge::Exact),
            (&["reset-before=3%"], Judge::Exact),
            (&["reset-after=3%"], Judge::Exact),
            (&["exists=20%"], Judge::Exact),
            (&["ghost=5%"], Judge::Exact),
            (&["expired-session=10%"], Judge::Exact),
            (&["php-notice=20%"], Judge::Exact),
            (&["control-chars=20%"], Judge::Exact),
        ],
        30,
        21,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_and_everything_mixed() {
    mixed(Cast::Orders, 30, 1).await;
}
