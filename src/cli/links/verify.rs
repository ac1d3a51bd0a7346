//! `syncdeck links verify`: every link of a connector against both sides.

use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::house::{Context, runtime};
use crate::cli::output::plain;
use crate::cli::progress::ProgressLine;
use crate::cli::signals::Stops;
use crate::cli::suspend::close_store_before_stops;
use crate::cli::table::{Column, Table, counted, cut, thousands};
use crate::engine::{LinkFinding, Problem, SyncError, VerifiedModule};
use crate::model::{Connector, Module, Side};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Options of `links verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The connector
    pub name: String,
    /// This module only; may be given several times
    #[arg(long, value_name = "MODULE")]
    pub module: Vec<Module>,
}

/// So much of a value is shown in a line.
const SHOWN: usize = 30;

/// Checks, and prints; exit 3 if anything was found.
pub fn run(args: &VerifyArgs, context: &Context) -> Outcome {
    let house = context.open()?;
    let connector = house.connector(&args.name)?;
    let cancel = CancellationToken::new();
    let verified = runtime()?.block_on(async {
        let mut stops = Stops::take()?;
        close_store_before_stops(&house.store);
        let (engine, id, modules) = (house.engine.clone(), connector.id, args.module.clone());
        let stop = cancel.clone();
        let mut work = tokio::spawn(async move { engine.verify_links(id, &modules, stop).await });
        let progress = house.engine.progress();
        let mut line = ProgressLine::new(&connector.name);
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        loop {
            tokio::select! {
                done = &mut work => {
                    line.clear();
                    return done.map_err(|error| Failure::failed(
                        "The links could not be checked.",
                        format!("It is a fault of SyncDeck: {error}."),
                        "Please report it. Nothing was changed.",
                    ));
                }
                () = stops.next() => cancel.cancel(),
                _ = tick.tick() => line.show(progress.borrow().get(&id)),
            }
        }
    })?;
    let verified = match verified {
        Ok(verified) => verified,
        Err(SyncError::Failed(_)) if cancel.is_cancelled() => {
            context.out.message("Stopped. Nothing was changed.");
            return Ok(Exit::Interrupted);
        }
        Err(error) => return Err(error.into()),
    };
    if context.out.json {
        context.out.document(&document(&connector, &verified))?;
    } else {
        let service = house.service_label(&connector.service);
        context.out.text(&text(&connector, service, &verified))?;
    }
    let fine = verified.iter().all(|module| module.findings.is_empty());
    Ok(if fine { Exit::Done } else { Exit::Skipped })
}

fn document(connector: &Connector, verified: &[VerifiedModule]) -> Value {
    let module = |module: &VerifiedModule| {
        json!({
            "module": module.module.label(),
            "links": module.links,
            "available": module.unavailable.is_none(),
            "why": module.unavailable,
            "findings": module.findings.len(),
        })
    };
    let finding = |finding: &LinkFinding| {
        let differs = finding.differs.iter().map(|d| {
            json!({
                "vtiger_field": d.vtiger_field,
                "service_field": d.service_field,
                "vtiger": d.vtiger,
                "service": d.service,
            })
        });
        json!({
            "module": finding.module.label(),
            "name": finding.name,
            "vtiger_id": finding.vtiger_id,
            "service_id": finding.service_id,
            "problem": finding.problem.key(),
            "next": next(finding.problem),
            "differs": differs.collect::<Vec<_>>(),
        })
    };
    json!({
        "connector": connector.name,
        "modules": verified.iter().map(module).collect::<Vec<_>>(),
        "findings": verified.iter().flat_map(|m| &m.findings).map(finding).collect::<Vec<_>>(),
    })
}

fn text(connector: &Connector, service: &str, verified: &[VerifiedModule]) -> String {
    let mut table =
        Table::new(&[Column::Text("Module"), Column::Number("Links"), Column::Number("Findings")]);
    let mut text = format!("{} ({})\n", plain(&connector.name), plain(service));
    for module in verified {
        let label = module.module.label().to_owned();
        let found = module.findings.len() as u64;
        table.row([label, thousands(module.links), thousands(found)]);
    }
    text.push_str(&table.render(2, true));
    for module in verified {
        if let Some(why) = &module.unavailable {
            text.push_str(&format!("  {}: {}\n", module.module, plain(why)));
        }
    }
    let findings: Vec<&LinkFinding> = verified.iter().flat_map(|m| &m.findings).collect();
    if findings.is_empty() {
        text.push_str("Every link is fine.\n");
        return text;
    }
    text.push('\n');
    let mut kinds: Vec<Problem> = Vec::new();
    for finding in &findings {
        let (name, ids) =
            (plain(&finding.name), format!("{} – {}", finding.vtiger_id, finding.service_id));
        let what = what(finding.problem, service);
        text.push_str(&format!("{} {name} ({}): {what}\n", finding.module, plain(&ids)));
        for d in &finding.differs {
            let (left, right) = (shown(&d.vtiger), shown(&d.service));
            text.push_str(&format!(
                "    {} {left} – {} {right}\n",
                plain(&d.vtiger_field),
                plain(&d.service_field)
            ));
        }
        if !kinds.contains(&finding.problem) {
            kinds.push(finding.problem);
        }
    }
    text.push_str(&format!("\n{}. What to do:\n", counted(findings.len() as u64, "finding")));
    for kind in kinds {
        text.push_str(&format!("  {}: {}\n", what(kind, service), next(kind)));
    }
    text
}

fn shown(value: &str) -> String {
    format!("\"{}\"", cut(&plain(value), SHOWN))
}

fn what(problem: Problem, service: &str) -> String {
    let system = |side| if side == Side::Vtiger { "Vtiger" } else { service };
    match problem {
        Problem::MissingOnBoth => "both records are gone".into(),
        Problem::Missing(side) => format!("the record in {} is gone", system(side)),
        Problem::Trashed(side) => format!("the record in {} is in the trash", system(side)),
        Problem::TiedTwice => "a record is linked twice".into(),
        Problem::KeysDiffer => "the match keys differ".into(),
        Problem::ValuesDiffer => "values differ, and the link does not know".into(),
    }
}

fn next(problem: Problem) -> &'static str {
    match problem {
        Problem::MissingOnBoth | Problem::Missing(_) | Problem::Trashed(_) => {
            "The next complete reading (full_scan) finds it and does what the settings say of deletes."
        }
        Problem::TiedTwice => "Run syncdeck doctor; restore the store from a backup.",
        Problem::KeysDiffer => {
            "Look whether they are the same. If not, correct the key on one side, or link them anew."
        }
        Problem::ValuesDiffer => "The next sync brings it in step.",
    }
}
