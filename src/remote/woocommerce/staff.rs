//! People who work in the shop: accounts like those of customers, which are not synced.
//!
//! Their orders (made by hand in the administration, or bought by themselves) are told as those of
//! guests: the account is no customer that anything could refer to. Their accounts are neither found
//! nor written, though no customer can have their e-mail addresses.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult, Write};
use super::Woo;
use super::call::Ask;
use super::entity::{self, Entity, STAFF, Special};
use super::records::{self, text};
use super::write::Results;
use crate::model::UserError;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use syncdeck_records::project::Projected;
use tokio::sync::OnceCell;

/// The customer of an order.
pub(crate) const CUSTOMER: &str = "customer_id";
/// Accounts of a page.
const SIZE: usize = 100;

/// What is known of staff, for as long as a connection: one run, or the looks between two.
#[derive(Debug, Default)]
pub(crate) struct Staff {
    /// All of their accounts.
    listed: OnceCell<HashSet<u64>>,
    /// Those that were among customers that were read.
    seen: Mutex<HashSet<u64>>,
    /// Orders that were told as a guest's because they are theirs.
    orders: Mutex<HashSet<u64>>,
}

impl Staff {
    /// Whether an account that was read in this connection is one of theirs.
    pub(crate) fn has(&self, id: &str) -> bool {
        let Ok(id) = id.parse::<u64>() else { return false };
        locked(&self.seen).contains(&id) || self.listed.get().is_some_and(|all| all.contains(&id))
    }

    /// Whether an order that was read in this connection is one of theirs.
    pub(crate) fn has_order(&self, id: &str) -> bool {
        id.parse::<u64>().is_ok_and(|id| locked(&self.orders).contains(&id))
    }

    /// Remembers who of these customers is staff.
    fn note(&self, rows: &[Projected]) {
        let ids = rows.iter().filter(|row| records::is_staff(row));
        for id in ids.filter_map(|row| records::id_of(row).parse().ok()) {
            locked(&self.seen).insert(id);
        }
    }
}

fn locked(set: &Mutex<HashSet<u64>>) -> MutexGuard<'_, HashSet<u64>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Woo {
    /// What every answer goes through: staff among customers is remembered, and orders of staff are
    /// made those of guests.
    ///
    /// # Errors
    /// Who is staff had to be asked, and the shop does not answer now.
    pub(crate) async fn apart(&self, entity: &Entity, rows: &mut [Projected]) -> RemoteResult<()> {
        match entity.special {
            Special::None => self.staff.note(rows),
            Special::Orders if rows.iter().any(|row| customer(row).is_some()) => {
                let staff = self.listed_staff().await?;
                for row in rows {
                    if customer(row).is_some_and(|id| staff.contains(&id)) {
                        row.fields.set(CUSTOMER, 0);
                        if let Ok(id) = records::id_of(row).parse() {
                            locked(&self.staff.orders).insert(id);
                        }
                    }
                }
            }
            Special::Orders | Special::Products | Special::Taxes => {}
        }
        Ok(())
    }

    /// All staff: a listing for each of their roles, once for each connection.
    async fn listed_staff(&self) -> RemoteResult<&HashSet<u64>> {
        let listed = self.staff.listed.get_or_try_init(|| async {
            let Some(customers) = entity::named("customers") else { return Ok(HashSet::new()) };
            let roles: Vec<_> = STAFF.iter().map(|role| self.with_role(customers, role)).collect();
            let found: Vec<Vec<u64>> =
                stream::iter(roles).buffered(self.parallel).try_collect().await?;
            Ok(found.into_iter().flatten().collect())
        });
        listed.await
    }

    /// The accounts whose role this is. One with several roles is a customer if that is the first of
    /// them, as in the listing of customers.
    async fn with_role(&self, entity: &Entity, role: &str) -> RemoteResult<Vec<u64>> {
        let mut all = Vec::new();
        for page in 1_u64.. {
            let ask = Ask::get(entity.name, "read who works in the shop")
                .planned(Plan::READ)
                .with("role", role)
                .with("per_page", SIZE.to_string())
                .with("page", page.to_string())
                .with("orderby", "id")
                .with("order", "asc")
                .with("_fields", records::members(entity, []));
            let rows = match self.rows(entity, &ask, &[]).await {
                Ok(rows) => rows,
                // The site has no such role, or the key may see no customers: then nothing can refer
                // to them either.
                Err(error) if is_settled(&error) => break,
                Err(error) => return Err(error),
            };
            let of_staff = rows.iter().filter(|row| records::is_staff(row));
            all.extend(of_staff.filter_map(|row| records::id_of(row).parse::<u64>().ok()));
            if rows.len() < SIZE {
                break;
            }
        }
        Ok(all)
    }

    /// Refuses changes and deletions of staff's accounts. The engine reads what it writes, so whose it
    /// is was seen.
    pub(crate) fn spare_staff(&self, entity: &Entity, writes: &[Write], results: &mut Results) {
        if entity.special != Special::None {
            return;
        }
        for (write, result) in writes.iter().zip(results) {
            if let Write::Update { id, .. } | Write::Delete { id } = write
                && self.staff.has(id)
            {
                *result = Some(Err(not_written(id)));
            }
        }
    }
}

/// The account of an order, if it is not a guest's.
fn customer(row: &Projected) -> Option<u64> {
    text(&row.fields, CUSTOMER).parse().ok().filter(|id| *id > 0)
}

/// Whether asking again would be answered the same.
fn is_settled(error: &RemoteError) -> bool {
    matches!(error.kind, ErrorKind::Refused | ErrorKind::Permission) && !error.is_passing()
}

/// The roles, for people.
const WHO: &str = "Accounts of administrators, shop managers, editors, authors and contributors are \
                   not synced.";

/// The e-mail address that a customer was to get is a staff account's.
pub(crate) fn is_taken() -> UserError {
    UserError::new(
        "The e-mail address belongs to a staff account of the shop.",
        WHO,
        "Change the e-mail address of one of them if both are to be kept, or leave it as it is.",
    )
}

fn not_written(id: &str) -> RemoteError {
    let error = UserError::new(
        format!("The account {id} belongs to the staff of the shop."),
        WHO,
        "Change it in the shop, or remove the link if this is another person.",
    );
    RemoteError::new(ErrorKind::Refused, error)
}
