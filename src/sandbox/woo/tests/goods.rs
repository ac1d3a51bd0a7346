//! Products, variations, taxes and what the site tells.

use axum::http::Method;
use serde_json::{Value, json};

use super::{ask, get, header, ids, shop};

#[test]
fn products_keep_prices_stock_and_texts() {
    let shop = shop(100);
    let (status, made) = ask(
        &shop,
        "POST",
        "products",
        &json!({
            "name": "A & <script>B</script>", "sku": "New-1", "regular_price": "1234.5678", "sale_price": "2000",
            "description": "short", "manage_stock": true, "stock_quantity": 0, "weight": "1,5", "tax_class": "nonsense",
        }),
    );
    assert_eq!(status, 201);
    assert_eq!((&made["name"], &made["description"]), (&json!("A &amp; B"), &json!("short")));
    assert_eq!((&made["price"], &made["sale_price"]), (&json!("1234.5678"), &json!("")));
    assert_eq!((&made["stock_quantity"], &made["stock_status"]), (&json!(0), &json!("outofstock")));
    assert_eq!((&made["weight"], &made["tax_class"]), (&json!("15"), &json!("")));
    let path = format!("products/{}", made["id"]);
    assert_eq!(get(&shop, &path)["description"], "<p>short</p>\n", "rendered for viewing");
    assert_eq!(get(&shop, &format!("{path}?context=edit"))["description"], "short");
    let (_, sold) = ask(&shop, "PUT", &path, &json!({"stock_quantity": 4, "sale_price": "12,50"}));
    assert_eq!((&sold["stock_quantity"], &sold["stock_status"]), (&json!(4), &json!("instock")));
    assert_eq!(sold["sale_price"], "", "a comma is dropped and 1250 is more than the price");
    let (_, free) = ask(&shop, "PUT", &path, &json!({"manage_stock": false}));
    assert_eq!(free["stock_quantity"], Value::Null);
    let (_, empty) =
        ask(&shop, "POST", "products", &json!({"date_created": "2020-02-02T02:02:02"}));
    assert_eq!((&empty["name"], &empty["status"]), (&json!("Product"), &json!("publish")));
    assert_eq!(
        empty["date_modified_gmt"], "2020-02-02T02:02:02",
        "an imported product is old at once"
    );
    assert_eq!(ask(&shop, "PUT", "products/999999", &json!({})).0, 400);
    assert_eq!(ask(&shop, "GET", "products/999999", &Value::Null).0, 404);
}

#[test]
fn a_unit_is_kept_by_one_product_even_in_the_trash() {
    let shop = shop(100);
    let one = &get(&shop, "products?per_page=1&orderby=id&order=asc&type=simple")[0];
    let (id, sku) = (one["id"].as_u64().unwrap(), one["sku"].as_str().unwrap());
    let (_, taken) = ask(&shop, "POST", "products", &json!({"sku": sku.to_lowercase()}));
    assert_eq!(taken["code"], "product_invalid_sku");
    assert_eq!(taken["data"]["resource_id"], json!(id));
    assert_eq!(taken["data"]["unique_sku"], json!(format!("{}-1", sku.to_lowercase())));
    let path = format!("products/{id}");
    let (_, trashed) = ask(&shop, "DELETE", &path, &Value::Null);
    assert_eq!(
        (&trashed["status"], trashed["slug"].as_str().unwrap().ends_with("__trashed")),
        (&json!("trash"), true)
    );
    assert_eq!(ask(&shop, "DELETE", &path, &Value::Null).0, 410);
    assert_eq!(get(&shop, &path)["status"], "trash");
    assert!(ids(&get(&shop, &format!("products?include={id}"))).is_empty());
    assert!(ids(&get(&shop, &format!("products?sku={sku}"))).is_empty());
    assert_eq!(ids(&get(&shop, &format!("products?sku={sku}&status=trash"))), [id]);
    assert_eq!(ids(&get(&shop, &format!("products?sku={sku}&include_status=publish,trash"))), [id]);
    let everyone = shop.trusted(&Method::GET, "products?orderby=id&per_page=100", &Value::Null);
    assert_eq!(header(&everyone, "x-wp-total"), "79");
    let (_, blocked) = ask(&shop, "POST", "products", &json!({"sku": sku}));
    assert_eq!(
        (&blocked["code"], &blocked["data"]),
        (&json!("woocommerce_rest_product_not_created"), &json!({"status": 400}))
    );
    let (_, back) = ask(&shop, "PUT", &path, &json!({"status": "publish"}));
    assert_eq!((&back["status"], &back["slug"]), (&json!("publish"), &one["slug"]));
    assert_eq!(ask(&shop, "DELETE", &format!("{path}?force=true"), &Value::Null).0, 200);
    assert_eq!(ask(&shop, "GET", &path, &Value::Null).0, 404);
    assert_eq!(ask(&shop, "POST", "products", &json!({"sku": sku})).0, 201);
}

#[test]
fn variations_belong_to_their_product() {
    let shop = shop(100);
    let parent = &get(&shop, "products?type=variable")[0];
    let list = format!("products/{}/variations", parent["id"]);
    let variations = get(&shop, &list);
    let mut listed = ids(&variations);
    listed.sort_unstable();
    assert_eq!(json!(listed), parent["variations"]);
    let (id, sku) = (variations[0]["id"].as_u64().unwrap(), variations[0]["sku"].as_str().unwrap());
    let found = get(&shop, &format!("products?sku={sku}"));
    assert_eq!((&found[0]["type"], &found[0]["parent_id"]), (&json!("variation"), &parent["id"]));
    assert_eq!(get(&shop, &format!("products/{id}"))["type"], "variation");
    assert_eq!(
        ask(&shop, "PUT", &format!("products/{id}"), &json!({})).1["code"],
        "woocommerce_rest_invalid_product_id"
    );
    let other = format!("products/{}/variations/{id}", parent["id"].as_u64().unwrap() + 1);
    assert_eq!(
        ask(&shop, "GET", &other, &Value::Null).1["code"],
        "woocommerce_rest_product_variation_invalid_id"
    );
    let (status, dearer) =
        ask(&shop, "PUT", &format!("{list}/{id}"), &json!({"regular_price": "3.00"}));
    assert_eq!((status, &dearer["price"]), (200, &json!("3.00")));
    let moved = get(&shop, &format!("products/{}", parent["id"]));
    assert_eq!(moved["price"], "3.00");
    assert!(
        moved["date_modified"].as_str() > parent["date_modified"].as_str(),
        "the product moves with it"
    );
    let (status, more) = ask(&shop, "POST", &list, &json!({"sku": "more", "regular_price": "9"}));
    assert_eq!((status, &more["parent_id"]), (201, &parent["id"]));
    assert_eq!(ids(&get(&shop, &list)).len(), 4);
    assert_eq!(ask(&shop, "POST", "products/999999/variations", &json!({})).0, 500);
}

#[test]
fn taxes_and_the_rest_of_the_site() {
    let shop = shop(10);
    assert_eq!(get(&shop, "taxes/classes").as_array().unwrap().len(), 3);
    let (status, made) = ask(
        &shop,
        "POST",
        "taxes",
        &json!({"country": "at", "rate": "20", "class": "reduced-rate"}),
    );
    assert_eq!((status, &made["country"], &made["rate"]), (201, &json!("AT"), &json!("20.0000")));
    assert_eq!(ask(&shop, "POST", "taxes", &json!({"class": "nonsense"})).0, 400);
    assert_eq!(get(&shop, "taxes?class=reduced-rate").as_array().unwrap().len(), 2);
    assert_eq!(ask(&shop, "DELETE", "taxes/99?force=true", &Value::Null).0, 400);
    assert_eq!(ask(&shop, "GET", "taxes/99", &Value::Null).0, 404);
    assert_eq!(ask(&shop, "DELETE", &format!("taxes/{}", made["id"]), &Value::Null).0, 501);
    assert_eq!(
        ask(&shop, "DELETE", &format!("taxes/{}?force=true", made["id"]), &Value::Null).0,
        200
    );
    let (status, class) = ask(&shop, "POST", "taxes/classes", &json!({"name": "Very Reduced"}));
    assert_eq!((status, &class["slug"]), (201, &json!("very-reduced")));
    assert_eq!(ask(&shop, "DELETE", "taxes/classes/very-reduced?force=true", &Value::Null).0, 200);
    let told = get(&shop, "system_status?_fields=environment.version,settings.HPOS_enabled");
    assert_eq!(
        told,
        json!({"environment": {"version": "10.0.2"}, "settings": {"HPOS_enabled": true}})
    );
    assert_eq!(get(&shop, "data/currencies/current")["code"], "EUR");
    let (_, options) = ask(&shop, "OPTIONS", "products", &Value::Null);
    assert!(options["endpoints"][0]["args"]["modified_after"].is_object());
    assert_eq!(options["schema"]["title"], "product");
}
