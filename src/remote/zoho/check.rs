//! Checks a connection: the consent, who gave it, which organisation, what each module allows.
//! Nothing is written: a write of no records tells whether writing is allowed.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Zoho;
use super::call::{Ask, Meta};
use super::entity::{self, Entity};
use crate::model::{CheckReport, Module, ModuleCheck, Stamp, UserError};
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};

/// Our modules and Zoho's names for them.
const MODULES: [(Module, &str); 6] = [
    (Module::Organizations, "Accounts"),
    (Module::Products, "Products"),
    (Module::Contacts, "Contacts"),
    (Module::Leads, "Leads"),
    (Module::Invoices, "Invoices"),
    (Module::Events, "Events"),
];
/// A clock that differs more than this is worth a word, in seconds.
const SKEW_S: i64 = 120;

impl Zoho {
    pub(crate) async fn check_all(&self, target: &str) -> CheckReport {
        let mut report = CheckReport::of(target);
        if let Err(error) = self.check_into(&mut report).await {
            report.ok = false;
            report.problems.insert(0, self.placed(error));
        }
        report
    }

    async fn check_into(&self, report: &mut CheckReport) -> RemoteResult<()> {
        self.tokens.access(None).await?;
        self.check_user(report).await?;
        match self.organisation(Plan::BRIEF).await {
            Ok(org) => {
                let edition = match org.edition.as_str() {
                    "" => String::new(),
                    edition => format!(", {edition} edition"),
                };
                report.version = Some(format!("API v8, {}{edition}", org.name));
            }
            Err(error) if error.kind == ErrorKind::Permission => {
                report.version = Some("API v8".to_owned());
                report.problems.push(lost(
                    "ZohoCRM.org.READ",
                    "The organisation cannot be read, so that \
                    records have no links into Zoho.",
                ));
            }
            Err(error) => return Err(error),
        }
        let may_describe = self.check_settings(report).await?;
        let mut refusals = Vec::new();
        for (module, name) in MODULES {
            let Some(entity) = entity::named(name) else { continue };
            let mut check = self.check_module(module, entity, &mut refusals).await?;
            if !may_describe {
                (check.read, check.write) = (false, false);
            }
            report.modules.push(check);
        }
        report.modules.push(self.check_payments(&mut refusals).await?);
        report.modules.sort_by_key(|m| m.module);
        for refusal in refusals {
            if !report.problems.contains(&refusal) {
                report.problems.push(refusal);
            }
        }
        report.ok = report.modules.iter().any(|m| m.read);
        Ok(())
    }

    async fn check_user(&self, report: &mut CheckReport) -> RemoteResult<()> {
        let ask =
            Ask::get("users", "read the user").with("type", "CurrentUser").planned(Plan::BRIEF);
        let parse = |body: &str| serde_json::from_str::<Json>(body);
        match self.call(&ask, parse).await {
            Ok((json, meta)) => {
                let user =
                    json.unwrap_or_default().pointer("/users/0").cloned().unwrap_or_default();
                let text = |p: &str| user.pointer(p).and_then(Json::as_str).map(str::to_owned);
                report.user = text("/email").or_else(|| text("/full_name"));
                report.admin = text("/profile/name").map(|p| p == "Administrator");
                check_clock(report, &meta);
                Ok(())
            }
            Err(error) if error.kind == ErrorKind::Permission => {
                report
                    .problems
                    .push(lost("ZohoCRM.users.READ", "Who gave the consent cannot be read."));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether fields can be read; without them no module can be synced.
    async fn check_settings(&self, report: &mut CheckReport) -> RemoteResult<bool> {
        let fields = Ask::get("settings/fields", "read the fields")
            .with("module", "Contacts")
            .planned(Plan::BRIEF);
        let modules = Ask::get("settings/modules", "read the modules").planned(Plan::BRIEF);
        for (scope, ask) in [("ZohoCRM.settings.ALL", modules), ("ZohoCRM.settings.ALL", fields)] {
            match self.json(&ask).await {
                Err(error) if error.kind == ErrorKind::Permission => {
                    let what = "The lists of modules and fields cannot be read, so that nothing can be synced.";
                    report.problems.push(lost(scope, what));
                    return Ok(false);
                }
                // A hidden module is told with the module itself.
                Err(error) if error.kind == ErrorKind::Refused => {}
                other => drop(other?),
            }
        }
        let query = json!({"select_query": "select id from Contacts where id is not null limit 1"});
        let coql = Ask::get("coql", "query").sending(Method::POST, &query).planned(Plan::BRIEF);
        if let Err(error) = self.json(&coql).await
            && error.kind == ErrorKind::Permission
            && error.error.what.contains("consent")
        {
            let what = "Changes are listed in a slower way, which can miss a record while others are \
                        deleted; it is then seen at the next complete comparison.";
            report.problems.push(lost("ZohoCRM.coql.READ", what));
        }
        Ok(true)
    }

    async fn check_module(
        &self,
        module: Module,
        entity: &'static Entity,
        refusals: &mut Vec<UserError>,
    ) -> RemoteResult<ModuleCheck> {
        let mut check =
            ModuleCheck { module, read: false, write: false, available: true, why: None };
        let read = Ask::get(entity.name, format!("read {}", entity.name))
            .with("fields", "id")
            .with("per_page", "1")
            .planned(Plan::BRIEF);
        match self.tried(&read).await {
            Ok(()) => check.read = true,
            Err(error) if error.kind == ErrorKind::Refused => {
                check.available = false;
                check.why = Some(error.error.one_line());
                return Ok(check);
            }
            Err(error) => self.refuse(&mut check, entity, error, "READ", refusals)?,
        }
        match self.may_write_to(entity).await {
            Ok(()) => check.write = true,
            Err(error) => self.refuse(&mut check, entity, error, "ALL", refusals)?,
        }
        Ok(check)
    }

    fn refuse(
        &self,
        check: &mut ModuleCheck,
        entity: &Entity,
        error: RemoteError,
        operation: &str,
        refusals: &mut Vec<UserError>,
    ) -> RemoteResult<()> {
        if error.kind != ErrorKind::Permission {
            return Err(error);
        }
        let told = if error.error.what.contains("consent") {
            let verb = if operation == "READ" { "read" } else { "written" };
            lost(
                &format!("ZohoCRM.modules.{}.{operation}", entity.scope),
                &format!("{} cannot be {verb}.", check.module),
            )
        } else {
            error.error
        };
        check.why.get_or_insert_with(|| told.one_line());
        refusals.push(told);
        Ok(())
    }

    /// Whether the consent and the user's profile let a module be written: a write of no records.
    pub(crate) async fn may_write_to(&self, entity: &'static Entity) -> RemoteResult<()> {
        let plan = Plan { write: true, ..Plan::BRIEF };
        let ask = Ask::get(entity.name, format!("write {}", entity.name))
            .sending(Method::POST, &json!({"data": []}))
            .planned(plan);
        match self.tried(&ask).await {
            // That there is nothing in it is found out after the rights.
            Err(error) if error.kind == ErrorKind::Refused => {}
            other => other?,
        }
        let described = self.described(entity).await;
        match described {
            Ok(described) if !described.info.createable || !described.info.updateable => {
                Err(RemoteError::new(
                    ErrorKind::Permission,
                    UserError::new(
                        format!("The Zoho user may not write {}.", entity.name),
                        "The user's profile does not allow to create and to change these records.",
                        "Give the profile that right in Zoho: Setup, Users and Control, Profiles.",
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    async fn tried(&self, ask: &Ask) -> RemoteResult<()> {
        let parse = |body: &str| serde_json::from_str::<IgnoredAny>(body);
        self.call(ask, parse).await.map(|_| ())
    }

    /// Names the data centre where a login fails, since a wrong one looks like a wrong key.
    fn placed(&self, error: RemoteError) -> UserError {
        let mut told = error.error;
        if error.kind == ErrorKind::Login && told.what.starts_with("Zoho does not") {
            let center = self.settings.center;
            told.why = format!(
                "{} Asked was the data centre {} ({}); an account lives in one of them only.",
                told.why, center.key, center.accounts
            );
        }
        told
    }
}

fn check_clock(report: &mut CheckReport, meta: &Meta) {
    let Some(time) = meta.server_time else { return };
    let skew = (time.0 - Stamp::now().0) / 1000;
    report.skew_s = Some(skew);
    if skew.abs() > SKEW_S {
        report.problems.push(UserError::new(
            format!("Zoho's clock differs from this machine's by {skew} s."),
            "Which side was changed last is told by the clocks.",
            "Set this machine's clock by NTP.",
        ));
    }
}

/// What a narrower scope loses.
pub(crate) fn lost(scope: &str, what: &str) -> UserError {
    UserError::new(
        what,
        format!("The consent does not cover {scope}."),
        "Add it to the setting Scope (or empty the field to have the usual one), then give the \
         consent again: syncdeck connector authorize NAME",
    )
}
