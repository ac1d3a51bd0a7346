//! Checks a connection: is it WordPress with WooCommerce, are the keys right, what may they do.
//! Nothing is written: an empty batch tells whether writing is allowed.

use super::super::http::{self, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Woo;
use super::auth::Way;
use super::call::Ask;
use super::entity::{self, Entity};
use super::site::Route;
use crate::model::{CheckReport, Module, ModuleCheck, UserError};
use serde::de::IgnoredAny;
use serde_json::Value as Json;

/// Our modules and the shop's names for them.
const MODULES: [(Module, &str); 4] = [
    (Module::Taxes, "taxes"),
    (Module::Products, "products"),
    (Module::Contacts, "customers"),
    (Module::SalesOrders, "orders"),
];
/// A clock that differs more than this is worth a word, in seconds.
const SKEW_S: i64 = 120;

impl Woo {
    pub(crate) async fn check_all(&self, target: &str) -> CheckReport {
        let mut report = CheckReport::of(target);
        report.problems.extend(http::url::warning(&self.site));
        if let Err(error) = self.check_into(&mut report).await {
            report.ok = false;
            if !report.problems.contains(&error.error) {
                report.problems.insert(0, error.error);
            }
        }
        report
    }

    async fn check_into(&self, report: &mut CheckReport) -> RemoteResult<()> {
        let site = self.discover(Plan::BRIEF).await?;
        if !site.has_woocommerce() {
            return Err(no_woocommerce(&http::url::host(&self.site)));
        }
        if self.route() == Route::Plain {
            // In a folder that is none, the short addresses are not there either.
            report.problems.push(self.wrong_folder().unwrap_or_else(plain_permalinks));
        }
        let mut refusals: Vec<RemoteError> = Vec::new();
        for (module, name) in MODULES {
            let Some(entity) = entity::named(name) else {
                continue;
            };
            let check = self.check_module(module, entity, &mut refusals).await?;
            report.modules.push(check);
        }
        for refusal in refusals {
            if !report.problems.contains(&refusal.error) {
                report.problems.push(refusal.error);
            }
        }
        report.ok = report.modules.iter().any(|m| m.read);
        report.user = Some(format!("key ending in {}", self.key_end));
        self.check_clock(report);
        if self.auth.way(self.auth.current()) == Some(Way::Query) {
            report.problems.push(keys_in_logs());
        }
        report.version = self.version().await;
        if report.version.as_deref().is_some_and(is_old) {
            report.problems.push(old_version());
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
        let read = Ask::get(entity.name, format!("read {}", entity.name))
            .with("per_page", "1")
            .with("_fields", "id")
            .planned(Plan::BRIEF);
        let write = empty_batch(entity);
        let may_read = self.tried(&read).await;
        let may_write = self.tried(&write).await;
        match may_read {
            Ok(()) => check.read = true,
            // A key that may only write is refused in the same words as one with a wrong secret.
            Err(mut error) if error.kind == ErrorKind::Login && may_write.is_ok() => {
                error.error = key_cannot_read(&error.error.why);
                refuse(&mut check, refusals, error);
            }
            Err(error) if error.kind == ErrorKind::Permission => {
                refuse(&mut check, refusals, error)
            }
            Err(error) => return Err(error),
        }
        match may_write {
            Ok(()) => check.write = true,
            Err(error) => refuse(&mut check, refusals, error),
        }
        Ok(check)
    }

    pub(super) async fn tried(&self, ask: &Ask) -> RemoteResult<()> {
        let parse = |body: &str| serde_json::from_str::<IgnoredAny>(body);
        self.call(ask, parse).await.map(|_| ())
    }

    fn check_clock(&self, report: &mut CheckReport) {
        let skew = self.auth.skew_s();
        report.skew_s = Some(skew);
        if skew.abs() > SKEW_S {
            report.problems.push(UserError::new(
                format!("The shop's clock differs from this machine's by {skew} s."),
                "Which side was changed last is told by the clocks.",
                "Set both clocks by NTP.",
            ));
        }
    }

    /// Needs more rights than the rest, so it may be missing.
    async fn version(&self) -> Option<String> {
        let ask = Ask::get("system_status", "read the version")
            .with("_fields", "environment.version,environment.wp_version")
            .planned(Plan::BRIEF);
        let parse = |body: &str| serde_json::from_str::<Json>(body);
        let (json, _) = self.call(&ask, parse).await.ok()?;
        let version = json.pointer("/environment/version")?.as_str()?;
        Some(version.to_owned())
    }
}

/// A write of nothing, which tells whether the key may write.
pub(super) fn empty_batch(entity: &Entity) -> Ask {
    Ask::post(format!("{}/batch", entity.name), format!("write {}", entity.name), b"{}".to_vec())
        .planned(Plan { write: true, ..Plan::BRIEF })
}

fn refuse(check: &mut ModuleCheck, refusals: &mut Vec<RemoteError>, error: RemoteError) {
    check.why = Some(error.error.one_line());
    refusals.push(error);
}

fn no_woocommerce(host: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotTheApi,
        UserError::new(
            format!("{host} is a WordPress site without WooCommerce's REST API v3."),
            "The plugin is not active, or older than 3.5.",
            "Activate or update WooCommerce, or check the App URL.",
        ),
    )
}

fn plain_permalinks() -> UserError {
    UserError::new(
        "The site has plain permalinks.",
        "The API is then reached by a detour that other plugins may block.",
        "Choose \"Post name\" in WordPress, Settings, Permalinks.",
    )
}

/// Before 5.8, products and orders cannot be listed by change; the filter is ignored.
fn is_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < (5, 8)
}

fn old_version() -> UserError {
    UserError::new(
        "This WooCommerce cannot list what has changed.",
        "The filter came with version 5.8; without it every sync reads all products and orders.",
        "Update WooCommerce.",
    )
}

fn keys_in_logs() -> UserError {
    UserError::new(
        "The shop does not see the Authorization header, so the keys travel in the address.",
        "They are encrypted on the way, but the web server writes them into its access log.",
        "Let the web server pass the header on to PHP (Apache: CGIPassAuth On).",
    )
}

fn key_cannot_read(why: &str) -> UserError {
    UserError::new(
        "The key may not read.",
        why,
        "Give the key the permission Read/Write in WooCommerce, Settings, Advanced, REST API.",
    )
}

#[cfg(test)]
mod tests {
    use super::is_old;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(["3.5.0", "5.7.9", "4", ""].into_iter().all(is_old));
        assert!(!["5.8", "5.10.1", "10.0.2", "6.0.0-beta"].into_iter().any(is_old));
    }
}
