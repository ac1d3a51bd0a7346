//! Checks a connection: who the user is, what it may read and write, and what is wrong.

use super::super::http::{self, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Vtiger;
use super::call::Operation;
use super::session::Who;
use crate::model::{CheckReport, Module, ModuleCheck, UserError};
use futures::{StreamExt, stream};
use serde_json::Value as Json;
use std::marker::PhantomData;
use std::sync::Arc;

/// Our modules and Vtiger's names for them.
const MODULES: [(Module, &str); 11] = [
    (Module::Taxes, "Tax"),
    (Module::Organizations, "Accounts"),
    (Module::Products, "Products"),
    (Module::Services, "Services"),
    (Module::Contacts, "Contacts"),
    (Module::Leads, "Leads"),
    (Module::Campaigns, "Campaigns"),
    (Module::SalesOrders, "SalesOrder"),
    (Module::Invoices, "Invoice"),
    (Module::Payments, "Payments"),
    (Module::Events, "Events"),
];
/// A clock that differs more than this is worth a word, in seconds.
const SKEW_S: i64 = 120;

impl Vtiger {
    pub(crate) async fn check_all(&self, target: &str) -> CheckReport {
        let mut report = CheckReport::of(target);
        report.problems.extend(http::url::warning(&self.url));
        if let Err(error) = self.check_into(&mut report).await {
            report.ok = false;
            let wrong = error.kind == ErrorKind::NotTheApi && !self.is_cloud();
            let told = match if wrong { self.is_at_cloud().await } else { None } {
                Some(address) => super::cloud::rather(&address, &error),
                None => error.error,
            };
            report.problems.insert(0, told);
        }
        report
    }

    async fn check_into(&self, report: &mut CheckReport) -> RemoteResult<()> {
        let types = self.types().await?;
        if let Some(who) = self.sessions.who() {
            self.describe_user(&who, report);
        }
        let checks: Vec<_> =
            MODULES.iter().map(|(module, name)| self.check_module(*module, name, &types)).collect();
        report.modules = stream::iter(checks).buffered(self.size).collect().await;
        self.check_documents(report).await;
        let usable = report.modules.iter().any(|m| m.available && m.read);
        if !usable {
            report.problems.insert(0, nothing_readable(self.sessions.username()));
        }
        report.ok = usable;
        self.check_formats(report).await;
        Ok(())
    }

    /// The modules this user may see.
    async fn types(&self) -> RemoteResult<Vec<String>> {
        let mut op = Operation::get("listtypes", "list the modules").planned(Plan::BRIEF);
        if self.is_cloud() {
            op = op.with("fieldTypeList", "null");
        }
        let (result, _) = self.call(op, PhantomData::<Json>).await?;
        let list = result.get("types").and_then(Json::as_array);
        Ok(list.into_iter().flatten().filter_map(|t| t.as_str().map(str::to_owned)).collect())
    }

    fn describe_user(&self, who: &Arc<Who>, report: &mut CheckReport) {
        report.user = Some(self.sessions.username().to_owned());
        report.version = Some(who.version.clone()).filter(|v| !v.is_empty());
        report.admin = who.admin;
        report.skew_s = Some(who.skew_s);
        if who.admin == Some(false) {
            report.problems.push(UserError::new(
                format!(
                    "The Vtiger user \"{}\" is not an administrator.",
                    self.sessions.username()
                ),
                "Vtiger hides records from such users without saying so, and a hidden record looks \
                 like a deleted one.",
                "Use an administrator, best one that is made for the sync only.",
            ));
        }
        if who.skew_s.abs() > SKEW_S {
            report.problems.push(UserError::new(
                format!("Vtiger's clock differs from this machine's by {} s.", who.skew_s),
                "Which side was changed last is told by the clocks.",
                "Set both clocks by NTP.",
            ));
        }
    }

    async fn check_module(&self, module: Module, name: &str, types: &[String]) -> ModuleCheck {
        let mut check =
            ModuleCheck { module, read: false, write: false, available: false, why: None };
        if !types.iter().any(|t| t == name) {
            let why = match module {
                Module::Payments => {
                    "Payments are a module of Vtiger Cloud; Vtiger's open source edition has none."
                }
                _ => "This Vtiger has no such module, or the user may not see it.",
            };
            check.why = Some(why.into());
            return check;
        }
        check.available = true;
        match self.describe_now(name, Plan::BRIEF).await {
            Ok(described) => {
                check.read = described.readable;
                check.write = described.info.createable && described.info.updateable;
                if !check.write {
                    check.why = Some("The user may not create or change records.".into());
                }
            }
            Err(error) => check.why = Some(words(&error)),
        }
        check
    }

    /// Whether orders and invoices can be written, which `describe` promises in any case.
    async fn check_documents(&self, report: &mut CheckReport) {
        let documents = [Module::SalesOrders, Module::Invoices];
        let (mut told, mut unknown) = (false, false);
        for check in report.modules.iter_mut().filter(|m| documents.contains(&m.module) && m.write)
        {
            let entity = MODULES.iter().find(|(module, _)| *module == check.module);
            let Some((_, entity)) = entity else { continue };
            match self.can_create(entity).await {
                Ok(Some(false)) => {
                    check.write = false;
                    check.why = Some("Vtiger's inventory web service does not work.".into());
                    told = true;
                }
                Ok(can) => unknown |= self.is_unknown(can),
                Err(_) => {}
            }
        }
        if unknown && !told {
            report.problems.push(UserError::new(
                "Whether orders and invoices can be created in this Vtiger is not known.",
                "Vtiger 8.4.0 as it is shipped cannot create them over its API, and there is no \
                 document yet that would tell whether this one was repaired.",
                "Nothing, if it was. Else have its inventory web service repaired \
                 (include/Webservices in Vtiger: vtws_getIdComponents is called without an id), or \
                 switch Sales Orders and Invoices off. The first order tells; if it is refused, \
                 nothing is damaged.",
            ));
        }
        if told {
            report.problems.push(UserError::new(
                "Orders and invoices probably cannot be written to this Vtiger.",
                "Its inventory web service fails, as it does in Vtiger 8.4.0 as it is shipped: \
                 creates are refused, and a change of lines would leave a document without totals.",
                "Have the web service repaired (include/Webservices in Vtiger: vtws_getIdComponents \
                 is called without an id), or switch Sales Orders and Invoices off. Until then such \
                 records are skipped, with this reason, and nothing is damaged. If it was repaired, \
                 the first order that is created shows it.",
            ));
        }
    }

    /// A user whose numbers are not written with a point corrupts every price.
    async fn check_formats(&self, report: &mut CheckReport) {
        let Some(who) = self.sessions.who() else {
            return;
        };
        let op = Operation::get("retrieve", "read the user")
            .with("id", &who.user_id)
            .planned(Plan::BRIEF);
        let Ok((user, _)) = self.call(op, PhantomData::<Json>).await else {
            return;
        };
        let text = |name: &str| user.get(name).and_then(Json::as_str).map(|t| t.trim().to_owned());
        if let Some(point) = text("currency_decimal_separator")
            && point != "."
            && !point.is_empty()
        {
            report.problems.push(UserError::new(
                format!("The Vtiger user writes numbers with \"{point}\" for the decimal point."),
                "Vtiger then misreads the numbers that come over its API: 12.5 becomes 125.",
                "Set \"Decimal Separator\" to \".\" in this user's preferences.",
            ));
        }
        if let Some(places) = text("no_of_currency_decimals").and_then(|t| t.parse::<u8>().ok())
            && places < 2
        {
            report.problems.push(UserError::new(
                format!("The Vtiger user has {places} decimal places for money."),
                "Vtiger rounds the prices that this user writes to them.",
                "Set \"Number Of Currency Decimals\" to 5 in this user's preferences.",
            ));
        }
    }
}

fn words(error: &RemoteError) -> String {
    error.error.one_line()
}

fn nothing_readable(user: &str) -> UserError {
    UserError::new(
        format!("The Vtiger user \"{user}\" may read none of the modules."),
        "Its role or profile does not allow it.",
        "Give the user's profile access to Contacts, Organizations and Products.",
    )
}
