//! Checks a connection: the manifest's own request, then one page of each module.

use super::super::http::{self, Plan};
use super::super::{ErrorKind, RemoteResult};
use super::Rest;
use super::template::Names;
use crate::model::{CheckReport, ModuleCheck, UserError};

impl Rest {
    pub(crate) async fn check_all(&self, target: &str) -> CheckReport {
        let mut report = CheckReport::of(target);
        report.problems.extend(http::url::warning(&self.base));
        match self.check_into(&mut report).await {
            Ok(()) => report.ok = report.modules.iter().any(|m| m.read),
            Err(error) => report.problems.insert(0, error.error),
        }
        report
    }

    async fn check_into(&self, report: &mut CheckReport) -> RemoteResult<()> {
        if let Some(request) = &self.api.check {
            self.ask(request, &Names::default(), "check the connection", Plan::BRIEF).await?;
        }
        for (module, entity) in &self.modules {
            let mut check = ModuleCheck {
                module: *module,
                read: false,
                write: false,
                available: true,
                why: None,
            };
            match self.sample(entity, Plan::BRIEF).await {
                Ok(sample) => {
                    check.read = true;
                    if !sample.is_empty() {
                        let ids = sample.iter().filter(|json| {
                            self.streams
                                .get(entity)
                                .is_some_and(|stream| super::shape::id(stream, json).is_some())
                        });
                        if ids.count() == 0 {
                            report.problems.push(no_ids(entity, &self.label));
                        }
                    }
                }
                Err(error)
                    if matches!(
                        error.kind,
                        ErrorKind::NotFound | ErrorKind::Permission | ErrorKind::Refused
                    ) =>
                {
                    check.available = error.kind != ErrorKind::NotFound;
                    check.why = Some(error.error.one_line());
                    report.problems.push(error.error);
                }
                Err(error) => return Err(error),
            }
            report.modules.push(check);
        }
        Ok(())
    }
}

fn no_ids(entity: &str, label: &str) -> UserError {
    UserError::new(
        format!("The records of {entity} have no id."),
        format!("None of those that {label} answered has a value at the id path of the manifest."),
        "Correct `id` in the manifest; `syncdeck services check FILE --call` shows a record.",
    )
}
