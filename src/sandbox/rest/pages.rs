//! The ways of paging.

use serde_json::{Value, json};

use super::{failure, json_reply};
use crate::sandbox::http::{Reply, last};
use crate::sandbox::shelf::Row;

/// A page holds no more than these, whatever is asked for.
const MOST: usize = 50;

/// One page of these rows.
pub fn page(
    kind: &str,
    rows: &[Row],
    query: &[(String, String)],
    address: &str,
    render: impl Fn(&Row) -> Value,
) -> Reply {
    let number = |name: &str, or: usize| match last(query, name) {
        None => Some(or),
        Some(text) => text.parse().ok(),
    };
    let bad = || failure(400, "bad_request", "A parameter is not a number.");
    let size = |name: &str| number(name, 20).map(|n: usize| n.clamp(1, MOST));
    let piece = |from: usize, size: usize| -> Vec<Value> {
        rows.iter().skip(from).take(size).map(&render).collect()
    };
    match kind {
        "page" | "deaf" => {
            let (Some(page), Some(size)) = (number("page", 1), size("per_page")) else {
                return bad();
            };
            let page = if kind == "deaf" { 1 } else { page.max(1) };
            let pages = rows.len().div_ceil(size);
            json_reply(
                &json!({ "data": piece((page - 1) * size, size), "page": page, "pages": pages }),
            )
        }
        "offset" => {
            let (Some(from), Some(size)) = (number("offset", 0), size("limit")) else {
                return bad();
            };
            json_reply(&json!({ "data": piece(from, size), "total": rows.len() }))
        }
        "token" => {
            let from = match last(query, "cursor") {
                None => Some(0),
                Some(text) => text.strip_prefix("after-").and_then(|t| t.parse().ok()),
            };
            let (Some(from), Some(size)) = (from, size("limit")) else { return bad() };
            let more = from + size < rows.len();
            let next = more.then(|| format!("after-{}", from + size));
            json_reply(&json!({ "data": piece(from, size), "next": next }))
        }
        "link" => {
            let (Some(from), Some(size)) = (number("start", 0), size("limit")) else {
                return bad();
            };
            let reply = json_reply(&piece(from, size).into());
            if from + size >= rows.len() {
                return reply;
            }
            let since = last(query, "updated_since");
            let since = since.map(|text| format!("&updated_since={text}")).unwrap_or_default();
            let next = format!("{address}?start={}&limit={size}{since}", from + size);
            reply
                .with("link", format!("<{address}?start=0>; rel=\"first\", <{next}>; rel=\"next\""))
        }
        _ => failure(404, "not_found", "There is no such address."),
    }
}
