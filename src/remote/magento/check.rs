//! Checks a connection: is it Magento, are the keys right, what may they do, which version is it.
//! Nothing is written: whether writing is allowed shows in the refusal of a write to a record that
//! cannot be there.

use super::super::http::{self, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Magento;
use super::call::Ask;
use super::entity::{Entity, Kind, named};
use super::page::clock;
use super::records::text;
use super::search::Search;
use crate::model::{CheckReport, Module, ModuleCheck, Stamp, UserError, Value};
use reqwest::Method;

/// Our modules and the records they are made of.
const MODULES: [(Module, &str); 7] = [
    (Module::Organizations, "companies"),
    (Module::Products, "products"),
    (Module::Contacts, "customers"),
    (Module::Leads, "customers"),
    (Module::Campaigns, "salesRules"),
    (Module::SalesOrders, "orders"),
    (Module::Invoices, "invoices"),
];
/// A clock that differs more than this is worth a word, in seconds.
const SKEW_S: i64 = 120;
/// An id that no record has.
const NOBODY: i32 = i32::MAX;

impl Magento {
    pub(crate) async fn check_all(&self, target: &str) -> CheckReport {
        let mut report = CheckReport::of(target);
        report.problems.extend(http::url::warning(&self.site));
        if let Err(error) = self.check_into(&mut report).await {
            report.ok = false;
            report.problems.insert(0, error.error);
        }
        report
    }

    async fn check_into(&self, report: &mut CheckReport) -> RemoteResult<()> {
        self.call(&clock().planned(Plan::BRIEF)).await?;
        let skew = self.auth.skew_ms() / 1000;
        report.skew_s = Some(skew);
        if skew.abs() > SKEW_S {
            report.problems.push(UserError::new(
                format!("The shop's clock differs from this machine's by {skew} s."),
                "Which side was changed last is told by the clocks, and a signature bears the time.",
                "Set both clocks by NTP.",
            ));
        }
        let mut refusals: Vec<RemoteError> = Vec::new();
        for (module, name) in MODULES {
            let Some(entity) = named(name) else { continue };
            report.modules.push(self.check_module(module, entity, &mut refusals).await?);
        }
        for refusal in refusals {
            if !report.problems.contains(&refusal.error) {
                report.problems.push(refusal.error);
            }
        }
        report.ok = report.modules.iter().any(|m| m.read);
        let kind = if self.auth.is_bearer() { "bearer token" } else { "integration with the key" };
        report.user = Some(format!("{kind} ending in {}", self.auth.key_end()));
        report.problems.extend(self.check_token());
        report.problems.extend(self.check_view().await);
        report.version = self.version().await;
        if let Some(version) = &report.version {
            report.problems.extend(old_version(version));
        }
        Ok(())
    }

    async fn check_module(
        &self,
        module: Module,
        entity: &'static Entity,
        refusals: &mut Vec<RemoteError>,
    ) -> RemoteResult<ModuleCheck> {
        let mut check =
            ModuleCheck { module, read: false, write: false, available: true, why: None };
        let search = Search::unsorted(1).only(vec![entity.id.to_owned()]);
        match self.rows(entity, &search, Plan::BRIEF).await {
            Ok(_) => check.read = true,
            Err(error) if error.kind == ErrorKind::Permission => {
                refuse(&mut check, refusals, error);
                return Ok(check);
            }
            Err(error) if error.kind == ErrorKind::Refused && !error.whole => {
                check.available = false;
                check.why = Some(error.error.one_line());
                return Ok(check);
            }
            Err(error) => return Err(error),
        }
        if entity.writable && module != Module::Leads {
            match self.may_write_now(entity).await {
                Ok(()) => check.write = true,
                Err(error) => refuse(&mut check, refusals, error),
            }
        }
        Ok(check)
    }

    /// Tries a write that can change nothing: of a customer and a product that cannot be there. A
    /// missing right is told before the record is looked for.
    pub(crate) async fn may_write_now(&self, entity: &'static Entity) -> RemoteResult<()> {
        let what = format!("write {}", entity.many);
        let plan = Plan { write: true, ..Plan::BRIEF };
        let ask = match entity.kind {
            Kind::Customers => {
                let body = serde_json::json!({ "customer": {} }).to_string().into_bytes();
                Ask::write(Method::PUT, format!("customers/{NOBODY}"), what, Some(body))
            }
            Kind::Products => {
                let path = format!("products/syncdeck-check-{:x}", Stamp::now().0);
                Ask::write(Method::DELETE, path, what, None)
            }
            _ => {
                return Err(RemoteError::new(
                    ErrorKind::Permission,
                    UserError::new(
                        format!("SyncDeck does not write {} in Magento.", entity.many),
                        "They are made by the shop.",
                        "Choose the direction Magento → Vtiger.",
                    ),
                ));
            }
        };
        match self.ask(&ask.planned(plan)).await? {
            Ok(_) => Ok(()),
            Err(api) if matches!(api.status, 401 | 403) => {
                let mut error = self.explained(&api, &ask_of(&format!("write {}", entity.many)));
                error.whole = true;
                Err(error)
            }
            Err(_) => Ok(()),
        }
    }

    /// A token that ends soon is not made for syncing.
    fn check_token(&self) -> Option<UserError> {
        let ends = self.auth.expires()?;
        Some(UserError::new(
            "The bearer token is an administrator's, which ends soon.",
            format!("It ends at {ends}; then every sync fails until a new one is entered."),
            "Enter the values of an integration (System, Integrations): they do not expire.",
        ))
    }

    /// Whether the store view is one of the shop's.
    async fn check_view(&self) -> Option<UserError> {
        if self.view.is_empty() || self.view == "all" {
            return None;
        }
        let ask = Ask::get("store/storeViews", "read the store views").planned(Plan::BRIEF);
        let Ok((Value::List(views), _)) = self.call(&ask).await else { return None };
        let codes: Vec<String> = views
            .iter()
            .filter_map(|v| match v {
                Value::Object(view) => Some(text(view, "code")).filter(|c| c != "admin"),
                _ => None,
            })
            .collect();
        (!codes.contains(&self.view)).then(|| {
            UserError::new(
                format!("The shop has no store view \"{}\".", self.view),
                format!("Its store views are {}.", codes.join(", ")),
                "Correct the store view code, or leave it empty for the default view.",
            )
        })
    }

    /// What the shop says of its version to everybody (`Magento/2.4 (Community)`). Many switch it
    /// off.
    async fn version(&self) -> Option<String> {
        let mut url = self.site.clone();
        url.set_path(&format!("{}magento_version", self.site.path()));
        let make = || super::super::http::Call::get(url.clone());
        let read = |answer: &super::super::http::Answer| {
            let said =
                String::from_utf8_lossy(&answer.body[..answer.body.len().min(100)]).into_owned();
            let version = said.trim().strip_prefix("Magento/").map(str::to_owned);
            Ok(version.filter(|_| answer.status == 200))
        };
        self.http.run(Plan { tries: 1, ..Plan::BRIEF }, make, read).await.ok().flatten()
    }
}

fn ask_of(what: &str) -> Ask {
    Ask::get("", what)
}

fn refuse(check: &mut ModuleCheck, refusals: &mut Vec<RemoteError>, error: RemoteError) {
    check.why = Some(error.error.one_line());
    refusals.push(error);
}

/// What a version before 2.4 lacks.
fn old_version(version: &str) -> Option<UserError> {
    let number = version.split(' ').next().unwrap_or(version);
    let mut parts = number.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next()?, parts.next().unwrap_or(0));
    if (major, minor) >= (2, 4) || major == 0 {
        return None;
    }
    let lacks = match minor {
        3 => {
            "It repeats the last page of a list for ever and wants whole customers for a change; both \
             are allowed for."
        }
        2 => {
            "It has no list of stock by source, so the stock is read one product at a time, and it \
             wants whole customers for a change."
        }
        _ => {
            "It has no list of stock by source, so the stock is read one product at a time, and its \
             searches may miss some filters."
        }
    };
    Some(UserError::new(
        format!("This is Magento {number}, which its makers no longer support."),
        lacks,
        "Update Magento when you can; syncs work, but more slowly.",
    ))
}

#[cfg(test)]
mod tests {
    use super::old_version;

    #[test]
    fn older_versions_are_told_what_they_lack() {
        for fine in ["2.4 (Community)", "2.4.7", "2.10 (Enterprise)", "3.0"] {
            assert_eq!(old_version(fine), None, "{fine}");
        }
        let of = |text: &str| old_version(text).unwrap().why;
        assert!(of("2.3 (Community)").contains("last page"));
        assert!(of("2.2").contains("stock") && of("2.0").contains("filters"));
    }
}
