//! Writing a customer's default addresses without losing the others.
//!
//! A list of addresses in a request takes the place of the whole list, so all of them are sent, each
//! with its id. The billing and the shipping address are often one and the same: when only one of
//! the two is changed, it becomes an address of its own. Magento drops an address without a known
//! country in silence; such a one is refused before it is sent.

use super::super::RemoteResult;
use super::Magento;
use super::customers::{Which, addresses, default_address};
use super::entity;
use super::records::text;
use super::regions::find;
use super::values::{bad, json};
use crate::model::{Fields, Value};
use serde_json::{Map, Value as Json};

/// The changed members of the default addresses.
pub(crate) type Changes = Vec<(Which, String, String)>;

/// What is to be sent.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// The whole list.
    pub(crate) addresses: Vec<Json>,
    /// A default address leaves the list: both defaults have to be set anew.
    pub(crate) reset: bool,
    /// The default addresses that must be there afterwards.
    pub(crate) kept: Vec<Which>,
}

/// Parts of an address that Magento demands, with their names for people.
const REQUIRED: [(&str, &str); 6] = [
    ("firstname", "first name"),
    ("lastname", "last name"),
    ("street", "street"),
    ("city", "city"),
    ("telephone", "telephone"),
    ("country_id", "country"),
];

/// Marks an address that was changed until it is checked; it is not sent.
const TOUCHED: &str = "@";

type Address = Map<String, Json>;

/// The list of addresses after these changes; `None`: nothing changes.
pub(crate) fn plan(row: &Fields, name: (&str, &str), changes: &Changes) -> Option<Plan> {
    let old = Which::BOTH.map(|which| default_address(row, which).map(as_json));
    let mut new = old.clone();
    for (which, member, value) in changes {
        let slot = &mut new[index(*which)];
        if slot.is_none() && value.trim().is_empty() {
            continue;
        }
        set(slot.get_or_insert_with(Map::new), member, value.trim());
    }
    if new == old {
        return None;
    }
    let shared = old[0].as_ref().zip(old[1].as_ref()).is_some_and(|(a, b)| id(a) == id(b));
    let apart = shared && new[0] != new[1];
    let mut list: Vec<Address> = addresses(row).into_iter().map(as_json).collect();
    let mut plan = Plan::default();
    for which in Which::BOTH {
        let at = index(which);
        if new[at] == old[at] {
            if apart {
                mark(&mut list, old[at].as_ref(), which);
            }
            continue;
        }
        let Some(mut address) = new[at].clone() else { continue };
        let other = index(if which == Which::Billing { Which::Shipping } else { Which::Billing });
        if is_blank(&address) {
            if !(shared && new[other] == old[other]) {
                list.retain(|a| id(a).is_none() || id(a) != id(&address));
            }
            plan.reset = true;
            continue;
        }
        // A second address of the same person seldom tells the telephone, which Magento demands.
        let phone = new[other].as_ref().and_then(|a| a.get("telephone")).and_then(Json::as_str);
        let phone = phone.unwrap_or_default();
        for (member, own) in [("firstname", name.0), ("lastname", name.1), ("telephone", phone)] {
            let missing = address.get(member).and_then(Json::as_str).unwrap_or("").is_empty();
            if missing {
                address.insert(member.into(), own.into());
            }
        }
        // Of two that part, the one that stays as it was keeps the id, else the billing address.
        let splits = apart && (new[other] == old[other] || which == Which::Shipping);
        if splits || id(&address).is_none() {
            address.remove("id");
            unmark(&mut list, which);
            for other in Which::BOTH {
                address.insert(other.mark().into(), (other == which).into());
            }
            address.insert(TOUCHED.into(), which.prefix().into());
            list.push(address);
        } else if let Some(place) = list.iter_mut().find(|a| id(a) == id(&address)) {
            address.insert(TOUCHED.into(), which.prefix().into());
            *place = address;
        }
        plan.kept.push(which);
    }
    if plan.reset {
        // Whatever default remains is named again.
        for which in Which::BOTH {
            let kept = new[index(which)].as_ref().filter(|a| !is_blank(a));
            if kept == old[index(which)].as_ref() {
                mark(&mut list, kept, which);
            }
        }
    }
    plan.addresses = list.into_iter().map(Json::Object).collect();
    Some(plan)
}

fn index(which: Which) -> usize {
    usize::from(which == Which::Shipping)
}

fn as_json(address: &Fields) -> Address {
    match json(&Value::Object(address.clone())) {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn id(address: &Address) -> Option<&Json> {
    address.get("id").filter(|id| !id.is_null())
}

fn mark(list: &mut [Address], address: Option<&Address>, which: Which) {
    let Some(wanted) = address.and_then(id) else { return };
    for address in list.iter_mut().filter(|a| id(a) == Some(wanted)) {
        address.insert(which.mark().into(), true.into());
    }
}

fn unmark(list: &mut [Address], which: Which) {
    for address in list.iter_mut() {
        address.remove(which.mark());
    }
}

/// Sets a member as a mapping names it.
fn set(address: &mut Address, member: &str, value: &str) {
    match member {
        "street_1" | "street_2" => {
            let mut lines: Vec<String> = address
                .get("street")
                .and_then(Json::as_array)
                .map(|l| l.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect())
                .unwrap_or_default();
            let at = usize::from(member == "street_2");
            lines.truncate(2);
            lines.resize(2, String::new());
            lines[at] = value.replace('\n', ", ");
            if lines[1].is_empty() {
                lines.truncate(1);
            }
            address.insert("street".into(), lines.into());
        }
        "region" | "region_code" | "region_id" => {
            // Resolved to a number before it is sent.
            address.insert("region".into(), value.into());
            address.remove("region_id");
        }
        _ => {
            address.insert(member.into(), value.into());
        }
    }
}

fn is_blank(address: &Address) -> bool {
    let filled = |name: &str| match address.get(name) {
        Some(Json::String(text)) => !text.trim().is_empty(),
        Some(Json::Array(lines)) => lines.iter().any(|l| l.as_str().is_some_and(|l| !l.is_empty())),
        _ => false,
    };
    !["street", "city", "postcode", "telephone", "company"].into_iter().any(filled)
}

impl Magento {
    /// Checks the changed addresses and puts the numbers of their regions in.
    pub(crate) async fn settle_addresses(&self, plan: &mut Plan) -> RemoteResult<()> {
        for address in &mut plan.addresses {
            let Json::Object(address) = address else { continue };
            let touched = address.remove(TOUCHED);
            let prefix = touched.as_ref().and_then(Json::as_str);
            if let Some(which) = Which::BOTH.into_iter().find(|w| Some(w.prefix()) == prefix) {
                self.settle(address, which).await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, address: &mut Address, which: Which) -> RemoteResult<()> {
        let customers = entity::customers();
        let path = |name: &str| format!("{}.{name}", which.prefix());
        let missing: Vec<&str> = REQUIRED
            .iter()
            .filter(|(name, _)| !has(address, name))
            .map(|(_, word)| *word)
            .collect();
        if let Some(first) = missing.first() {
            let why = format!(
                "An address in Magento must have first and last name, street, city, telephone and \
                 country; this one has no {}.",
                missing.join(", no ")
            );
            let member =
                REQUIRED.iter().find(|(_, word)| word == first).map_or("", |(name, _)| *name);
            return Err(bad(customers, &path(member), &why));
        }
        let country = address.get("country_id").and_then(Json::as_str).unwrap_or("").to_owned();
        let Some(regions) = self.regions(&country).await? else {
            let why = format!("Magento does not know the country \"{country}\".");
            return Err(bad(customers, &path("country_id"), &why));
        };
        let Some(wanted) = address.get("region").and_then(Json::as_str).map(str::to_owned) else {
            return Ok(());
        };
        address.remove("region_id");
        if wanted.is_empty() {
            address.insert("region".into(), serde_json::json!({ "region": "", "region_id": 0 }));
            address.insert("region_id".into(), 0.into());
        } else if regions.is_empty() {
            address.insert("region".into(), serde_json::json!({ "region": wanted }));
        } else if let Some(region) = find(&regions, &wanted) {
            let object = serde_json::json!({
                "region_code": region.code, "region": region.name, "region_id": region.id
            });
            address.insert("region".into(), object);
            address.insert("region_id".into(), region.id.into());
        } else {
            let some: Vec<&str> = regions.iter().take(4).map(|r| r.name.as_str()).collect();
            let why = format!(
                "Magento has a list of regions for {country} ({}, …), and \"{wanted}\" is not in it.",
                some.join(", ")
            );
            return Err(bad(customers, &path("region"), &why));
        }
        Ok(())
    }
}

fn has(address: &Address, name: &str) -> bool {
    match address.get(name) {
        Some(Json::String(text)) => !text.trim().is_empty(),
        Some(Json::Array(lines)) => {
            lines.first().and_then(Json::as_str).is_some_and(|l| !l.is_empty())
        }
        _ => false,
    }
}

/// The name for new addresses: the customer's, with what is being changed.
pub(crate) fn person(row: &Fields, fields: &Fields) -> (String, String) {
    let of = |name: &str| {
        let new = fields.get(name).map(|v| v.to_text()).filter(|t| !t.trim().is_empty());
        new.unwrap_or_else(|| text(row, name))
    };
    (of("firstname"), of("lastname"))
}

/// Whether the answer has every default address that was sent.
pub(crate) fn arrived(answer: &Fields, kept: &[Which]) -> bool {
    kept.iter().all(|which| default_address(answer, *which).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncdeck_records::project;

    fn row(json: &str) -> Fields {
        match project::value(json) {
            Value::Object(fields) => fields,
            _ => Fields::new(),
        }
    }

    fn changed(row_json: &str, changes: &[(Which, &str, &str)]) -> Option<Plan> {
        let changes: Changes =
            changes.iter().map(|(w, m, v)| (*w, (*m).to_owned(), (*v).to_owned())).collect();
        plan(&row(row_json), ("A", "B"), &changes)
    }

    const SHARED: &str = r#"{"id":7,"default_billing":"5","default_shipping":"5","addresses":[
        {"id":4,"city":"Old","street":["z"],"telephone":"0","country_id":"DE","firstname":"A","lastname":"B"},
        {"id":5,"city":"Rom","street":["x 1"],"telephone":"1","country_id":"IT","firstname":"A","lastname":"B","default_billing":true,"default_shipping":true}]}"#;

    #[test]
    fn other_addresses_stay_in_the_list() {
        let own = SHARED.replace("\"default_shipping\":\"5\"", "\"default_shipping\":\"4\"");
        let own = own.replace(",\"default_shipping\":true", "");
        let plan = changed(&own, &[(Which::Billing, "city", "Roma")]).unwrap();
        let ids: Vec<i64> = plan.addresses.iter().map(|a| a["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, [4, 5]);
        assert_eq!(plan.addresses[1]["city"], "Roma");
        assert_eq!(plan.addresses[1]["street"][0], "x 1", "what was not changed is sent again");
        assert!(!plan.reset && plan.kept == [Which::Billing]);
        assert_eq!(changed(&own, &[(Which::Billing, "city", "Rom")]), None, "nothing changes");
    }

    #[test]
    fn an_address_used_twice_parts_when_one_use_changes() {
        let plan = changed(SHARED, &[(Which::Shipping, "city", "Bari")]).unwrap();
        assert_eq!(plan.addresses.len(), 3);
        assert_eq!(
            (&plan.addresses[1]["city"], &plan.addresses[1]["id"]),
            (&"Rom".into(), &5.into())
        );
        let new = &plan.addresses[2];
        assert_eq!((&new["city"], new.get("id")), (&"Bari".into(), None));
        assert_eq!(
            (&new["default_shipping"], &new["default_billing"]),
            (&true.into(), &false.into())
        );
        assert_eq!(plan.addresses[1]["default_billing"], true);
        assert_eq!(plan.addresses[1].get("default_shipping"), None);
        let both = [(Which::Billing, "city", "Bari"), (Which::Shipping, "city", "Bari")];
        let together = changed(SHARED, &both).unwrap();
        assert_eq!(together.addresses.len(), 2, "both change alike: still one address");
        let apart = [(Which::Billing, "city", "Bari"), (Which::Shipping, "city", "Pisa")];
        let plan = changed(SHARED, &apart).unwrap();
        let cities: Vec<&str> = plan.addresses.iter().filter_map(|a| a["city"].as_str()).collect();
        assert_eq!(cities, ["Old", "Bari", "Pisa"]);
    }

    #[test]
    fn a_new_address_has_the_customers_name_and_an_emptied_one_goes() {
        let plan = changed(
            r#"{"id":7,"addresses":[]}"#,
            &[
                (Which::Billing, "street_1", "x 1"),
                (Which::Billing, "street_2", "y"),
                (Which::Billing, "company", ""),
            ],
        )
        .unwrap();
        assert_eq!(plan.addresses[0]["street"], serde_json::json!(["x 1", "y"]));
        assert_eq!(plan.addresses[0]["lastname"], "B");
        assert_eq!(changed(r#"{"id":7,"addresses":[]}"#, &[(Which::Billing, "city", "")]), None);
        let all = ["street_1", "city", "telephone", "country_id"];
        let blank: Vec<_> = all.iter().map(|m| (Which::Shipping, *m, "")).collect();
        let apart = SHARED.replace("\"default_shipping\":\"5\"", "\"default_shipping\":\"4\"");
        let plan = changed(&apart, &blank).unwrap();
        assert!(plan.reset && plan.addresses.len() == 1);
        assert_eq!(plan.addresses[0]["default_billing"], true);
        let plan = changed(SHARED, &blank).unwrap();
        assert_eq!(plan.addresses.len(), 2, "it is the billing address still");
    }
}
