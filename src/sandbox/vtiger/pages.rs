//! A cache in front of a listing, which answers with a page that it has sent before.
//!
//! Vtiger itself is listed by keyset and cannot repeat a page; what stands between it and its
//! clients can. Pages are remembered only while faults can happen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::sandbox::faults::FaultKind;
use crate::sandbox::gate::Line;

/// What was sent of each listing.
#[derive(Debug, Default)]
pub struct Pages {
    sent: Mutex<HashMap<String, Sent>>,
}

#[derive(Debug)]
struct Sent {
    first: String,
    last: String,
}

impl Pages {
    /// The page that is sent: mostly the right one.
    pub fn sent(&self, query: &str, right: String, line: Line<'_>) -> String {
        let Some(listing) = listing(query).filter(|_| line.any()) else { return right };
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pages) = sent.get_mut(&listing).filter(|_| query.contains("id >")) else {
            sent.insert(listing, Sent { first: right.clone(), last: right.clone() });
            return right;
        };
        if line.strikes(FaultKind::DuplicatePage) {
            return pages.last.clone();
        }
        if line.strikes(FaultKind::IgnoredPage) {
            return pages.first.clone();
        }
        pages.last.clone_from(&right);
        right
    }
}

/// What a query lists, whatever page of it: columns, module and order. `None`: it looks something
/// up.
fn listing(query: &str) -> Option<String> {
    let (head, order) = query.split_once(" order by ")?;
    let (what, conditions) = head.split_once(" where ").unwrap_or((head, ""));
    (!conditions.contains(" in (")).then(|| format!("{what} by {order}"))
}

#[cfg(test)]
mod tests {
    use super::listing;

    #[test]
    fn the_pages_of_a_listing_belong_together() {
        let first = listing("select a from B order by id limit 100;");
        assert_eq!(first, listing("select a from B where id > '1x2' order by id limit 100;"));
        assert_ne!(first, listing("select a from B order by modifiedtime, id limit 100;"));
        assert_ne!(first, listing("select b from B order by id limit 100;"));
        assert_eq!(listing("select a from B where id in ('1x2') order by id limit 100;"), None);
        assert_eq!(listing("select a from B;"), None);
    }
}
