//! `syncdeck doctor`: the health of the store, the folders and the clock, without any connection.

use super::exit::{Exit, Outcome};
use super::house::Context;
use crate::model::{Stamp, UserError};
use crate::secrets::check_permissions;
use serde::Serialize;
use std::time::Duration;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    subject: String,
    ok: bool,
    problem: Option<UserError>,
}

impl Finding {
    fn new(subject: impl Into<String>, problem: Option<UserError>) -> Self {
        Self { subject: subject.into(), ok: problem.is_none(), problem }
    }
}

/// Looks at everything; exit 1 if anything is wrong.
pub fn run(context: &Context) -> Outcome {
    let paths = context.paths()?;
    let mut findings = Vec::new();
    let mut newest = None;
    match context.open_at(paths.clone()) {
        Ok(house) => {
            let read = house.store.read_blocking(|r| r.runs_before(None, None, 1));
            newest = read.as_ref().ok().and_then(|runs| runs.first().map(|run| run.started));
            let problem = read.err().map(|error| error.user());
            findings.push(Finding::new(format!("store {}", paths.store().display()), problem));
        }
        Err(super::exit::Failure::Told { error, .. }) => {
            let subject = format!("store {}", paths.store().display());
            findings.push(Finding::new(subject, Some(error)));
        }
        Err(other) => return Err(other),
    }
    for path in [&paths.config, &paths.data, &paths.store(), &paths.key()] {
        let subject = format!("permissions of {}", path.display());
        if findings.iter().all(|f| f.subject != subject) {
            findings.push(Finding::new(subject, check_permissions(path)));
        }
    }
    findings.push(Finding::new("clock", clock(newest)));
    let ok = findings.iter().all(|finding| finding.ok);
    if context.out.json {
        context.out.document(&findings)?;
    } else {
        context.out.text(&findings.iter().map(text).collect::<String>())?;
    }
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

/// A clock that has been set back makes runs out of the future.
fn clock(newest: Option<Stamp>) -> Option<UserError> {
    let now = Stamp::now();
    let newest = newest.filter(|at| *at > now.plus(Duration::from_secs(60)))?;
    Some(UserError::new(
        "The clock of this machine has been set back.",
        format!("It says {now}, and the newest run began at {newest}."),
        "Set the clock right; use NTP.",
    ))
}

fn text(finding: &Finding) -> String {
    match &finding.problem {
        None => format!("ok      {}\n", finding.subject),
        Some(problem) => format!("NOT OK  {}: {}\n", finding.subject, problem.one_line()),
    }
}
