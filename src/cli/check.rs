//! `syncdeck check`: what the connections of the CRM and of the connectors answer.

use super::exit::{Exit, Outcome};
use super::house::{Context, House, runtime};
use super::json::CheckView;
use super::output::plain;
use super::rights::remember;
use crate::model::{CheckReport, Connector, Crm, ModuleCheck, UserError};
use crate::store::{Batch, Change, SKEW_FACT};
use clap::Args;
use futures::future::join_all;

/// What the CRM is called where a connector could be named.
const CRM: &str = "vtiger";

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// A connector, or `vtiger`; without a name the CRM and every enabled connector
    pub name: Option<String>,
}

/// Checks and prints; exit 1 if anything is wrong.
pub fn run(args: &CheckArgs, context: &Context) -> Outcome {
    let house = context.open()?;
    let (crm, connectors) = house.store.read_blocking(|r| Ok((r.crm()?, r.connectors()?)))?;
    let (with_crm, mut connectors): (bool, Vec<_>) = match args.name.as_deref() {
        None => (true, connectors.into_iter().filter(|c| c.enabled).collect()),
        Some(name) if name.eq_ignore_ascii_case(CRM) => (true, Vec::new()),
        Some(name) => (false, vec![house.connector(name)?]),
    };
    if context.read_only {
        connectors.iter_mut().for_each(|connector| connector.debug = false);
    }
    let crm = with_crm.then_some(crm);
    let reports = runtime()?.block_on(check(&house, crm, &connectors));
    if !context.read_only
        && let Some(report) = reports.first().filter(|_| with_crm)
    {
        remember(&house, report)?;
    }
    if !context.read_only {
        remember_skews(&house, &reports)?;
    }
    let ok = reports.iter().all(|report| report.ok);
    if context.out.json {
        context.out.document(&reports.iter().map(CheckView::from).collect::<Vec<_>>())?;
    } else {
        context.out.text(&reports.iter().map(text).collect::<String>())?;
    }
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

/// Keeps by how much the clocks differ, for `doctor`, which connects to nobody.
fn remember_skews(house: &House, reports: &[CheckReport]) -> Outcome<()> {
    let mut batch = Batch::new();
    for report in reports {
        let Some(skew) = report.skew_s.map(|skew| skew.to_string()) else { continue };
        let name = format!("{SKEW_FACT}{}", report.target);
        if house.store.read_blocking(|r| r.fact(&name))?.as_ref() != Some(&skew) {
            batch.push(Change::PutFact(name, Some(skew)));
        }
    }
    Ok(house.store.commit_blocking(batch)?)
}

/// The reports, the CRM's first; `Some(None)`: a CRM was asked for, but there is none.
async fn check(
    house: &House,
    crm: Option<Option<Crm>>,
    connectors: &[Connector],
) -> Vec<CheckReport> {
    let mut reports = match crm {
        None => Vec::new(),
        Some(None) => vec![no_crm()],
        Some(Some(crm)) => vec![house.engine.check_crm(&crm).await],
    };
    reports.extend(join_all(connectors.iter().map(|c| house.engine.check_connector(c))).await);
    reports
}

fn no_crm() -> CheckReport {
    let error = UserError::new(
        "No CRM is connected.",
        "Its address, user and access key have not been entered yet.",
        "Enter them in the full-screen program, or with: syncdeck apply FILE",
    );
    CheckReport { problems: vec![error], ..CheckReport::of(CRM) }
}

fn text(report: &CheckReport) -> String {
    let state = if report.ok { "ok" } else { "NOT OK" };
    let mut facts = Vec::new();
    if let Some(user) = &report.user {
        let role = match report.admin {
            Some(true) => " (administrator)",
            Some(false) => " (not an administrator)",
            None => "",
        };
        facts.push(format!("user {user}{role}"));
    }
    facts.extend(report.version.as_ref().map(|version| format!("version {version}")));
    facts.extend(report.skew_s.map(|skew| match skew {
        0 => "clocks agree".to_owned(),
        skew => format!("its clock differs by {skew:+} s"),
    }));
    let mut text = format!("{}: {state}\n", plain(&report.target));
    if !facts.is_empty() {
        text.push_str(&format!("  {}\n", plain(&facts.join(", "))));
    }
    for module in &report.modules {
        text.push_str(&format!("  {:<16} {}\n", module.module.label(), plain(&ability(module))));
    }
    for problem in &report.problems {
        text.push_str(&format!("  ! {}\n", plain(&problem.what)));
        for (label, part) in [("why", &problem.why), ("next", &problem.next)] {
            if !part.is_empty() {
                text.push_str(&format!("    {label}: {}\n", plain(part)));
            }
        }
    }
    text
}

fn ability(module: &ModuleCheck) -> String {
    let ability = match (module.available, module.read, module.write) {
        (false, ..) => "not available here",
        (true, true, true) => "read and write",
        (true, true, false) => "read only",
        (true, false, true) => "write only",
        (true, false, false) => "neither read nor write",
    };
    match &module.why {
        Some(why) => format!("{ability}: {why}"),
        None => ability.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Module;

    #[test]
    fn a_report_is_told_in_words() {
        let mut report = no_crm();
        report.user = Some("ann".into());
        report.admin = Some(false);
        report.skew_s = Some(3);
        report.modules.push(ModuleCheck {
            module: Module::Contacts,
            read: true,
            write: false,
            available: true,
            why: None,
        });
        let expected = "vtiger: NOT OK\n  \
            user ann (not an administrator), its clock differs by +3 s\n  \
            Contacts         read only\n  \
            ! No CRM is connected.\n    \
            why: Its address, user and access key have not been entered yet.\n    \
            next: Enter them in the full-screen program, or with: syncdeck apply FILE\n";
        assert_eq!(text(&report), expected);
    }
}
