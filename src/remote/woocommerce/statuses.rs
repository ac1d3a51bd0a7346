//! The statuses that placed orders of this shop may have.
//!
//! Shops that keep orders as posts hand `status=any` on to WordPress, which leaves out every status
//! that a plugin has kept out of searches: an order that got such a status would be in no listing.
//! So each status is named, as the shop offers them in the document that OPTIONS answers.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Woo;
use super::call::Ask;
use super::entity::{Entity, Special};
use super::records::CARTS;
use reqwest::Method;
use serde_json::Value as Json;

/// What shops take for each status, but for the trash. Of products no more than one can be named.
pub(crate) const ANY: &str = "any";
/// The status of what is in the trash.
const TRASH: &str = "trash";
/// Where the document tells which statuses a listing may be asked for.
const OFFERED: &str = "/endpoints/0/args/status/items/enum";

impl Woo {
    /// The value of `status` for everything that is not in the trash. The statuses are asked for once
    /// for each connection, unless its fields were read already.
    ///
    /// # Errors
    /// The shop does not answer now: to go on with less than every status would miss orders.
    pub(crate) async fn any_status(&self, entity: &Entity) -> RemoteResult<&str> {
        if entity.special != Special::Orders {
            return Ok(ANY);
        }
        let asked = self.statuses.get_or_try_init(|| async {
            let mut ask = Ask::get(entity.name, "read the statuses of orders").planned(Plan::FIRST);
            ask.method = Method::OPTIONS;
            match self.call(&ask, |body: &str| serde_json::from_str::<Json>(body)).await {
                Ok((json, _)) => Ok(offered(&json)),
                // Some hosts block OPTIONS and let everything else pass.
                Err(error) if is_blocked(&error) => Ok(ANY.to_owned()),
                Err(error) => Err(error),
            }
        });
        asked.await.map(String::as_str)
    }

    /// Remembers the statuses in the document that OPTIONS answers about orders.
    pub(crate) fn note_statuses(&self, entity: &Entity, document: &Json) {
        if entity.special == Special::Orders {
            // They may be known already; within a connection they do not change.
            let _ = self.statuses.set(offered(document));
        }
    }
}

/// Whether the method is not let through, by a host or a plugin, rather than the shop not there now.
fn is_blocked(error: &RemoteError) -> bool {
    let absent = matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Stopped);
    !absent && !error.is_passing()
}

/// The statuses of placed orders, separated by commas; [`ANY`] if the document does not tell them.
fn offered(document: &Json) -> String {
    let list = document.pointer(OFFERED).and_then(Json::as_array);
    let names = list.into_iter().flatten().filter_map(Json::as_str);
    let placed: Vec<&str> = names
        .filter(|name| ![ANY, TRASH, ""].contains(name) && !CARTS.contains(name))
        .filter(|name| !name.contains(','))
        .collect();
    if placed.is_empty() { ANY.to_owned() } else { placed.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_statuses_of_placed_orders_are_named() {
        let document = |status: Json| json!({"endpoints": [{"args": {"status": status}}]});
        let list = ["any", "trash", "auto-draft", "pending", "at-depot", "checkout-draft"];
        let told = offered(&document(json!({"type": "array", "items": {"enum": list}})));
        assert_eq!(told, "pending,at-depot");
        for odd in [json!({}), json!({"enum": list}), json!({"items": {"enum": ["any"]}})] {
            assert_eq!(offered(&document(odd.clone())), ANY, "{odd}");
        }
        assert_eq!(offered(&Json::Null), ANY);
    }
}
