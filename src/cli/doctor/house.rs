//! Who uses the store now, whether the secrets can be opened, and the clocks.

use super::files::holder;
use super::finding::Finding;
use crate::model::{SecretText, Stamp, UserError};
use crate::paths::Paths;
use crate::secrets::Vault;
use crate::store::{Inspection, users_of};
use std::time::Duration;

/// Who has the store open, and who syncs what.
pub fn users(paths: &Paths, seen: Option<&Inspection>) -> Vec<Finding> {
    let others = users_of(&paths.store());
    let open = if others.is_empty() { "nobody".to_owned() } else { others.join(", ") };
    let stopped: Vec<_> = others.iter().filter(|who| who.contains("stopped")).cloned().collect();
    let problem = (!stopped.is_empty()).then(|| {
        UserError::new(
            "A stopped process has the store open.",
            format!("{} may hold others up until it goes on.", stopped.join(", ")),
            "Continue it with kill -CONT, or end it with kill and kill -CONT.",
        )
    });
    let mut findings = vec![Finding::new("store open by", problem).noting(open)];
    for connector in seen.iter().flat_map(|seen| &seen.connectors) {
        let lock = paths.data.join("locks").join(format!("{}.lock", connector.id));
        let held = holder(&lock);
        let note = held.map_or("nobody".to_owned(), |who| format!("{who}, which syncs it"));
        findings.push(Finding::new(format!("lock of {}", connector.name), None).noting(note));
    }
    findings
}

/// Whether every stored secret can be opened. None is shown.
pub fn secrets(paths: &Paths, seen: Option<&Inspection>) -> Vec<Finding> {
    let Some(seen) = seen else { return Vec::new() };
    let of_crm = seen.crm.iter().map(|crm| ("access_key of the CRM".to_owned(), &crm.access_key));
    let of_connectors = seen.connectors.iter().flat_map(|c| {
        c.credentials.iter().map(move |(field, text)| (format!("{field} of {}", c.name), text))
    });
    let kept: Vec<(String, &SecretText)> = of_crm.chain(of_connectors).collect();
    let sealed = kept.iter().any(|(_, text)| matches!(text, SecretText::Sealed(_)));
    let vault = match Vault::open_existing(&paths.config) {
        Ok(Some(vault)) => Some(vault),
        Ok(None) if sealed => {
            let problem = UserError::new(
                format!("The key file {} is not there.", paths.key().display()),
                "Secrets of this store are sealed with it.",
                "Restore it from a backup, or enter all secrets again.",
            );
            return vec![Finding::new("secrets", Some(problem))];
        }
        Ok(None) => None,
        Err(error) => return vec![Finding::new("secrets", Some(error))],
    };
    let mut findings = Vec::new();
    let mut count = 0;
    for (name, text) in &kept {
        if matches!(text, SecretText::Plain(_)) {
            continue;
        }
        count += 1;
        let opened = match (&vault, text) {
            (Some(vault), text) => vault.reveal(text).map(drop),
            (None, text) => Vault::reveal_without_key(text).map(drop),
        };
        if let Err(problem) = opened {
            findings.push(Finding::new(format!("secret {name}"), Some(problem)));
        }
    }
    if findings.is_empty() {
        let note = match count {
            0 => "none is stored".to_owned(),
            count => format!("{count} can be opened"),
        };
        findings.push(Finding::new("secrets", None).noting(note));
    }
    findings
}

/// A clock that has been set back makes runs out of the future.
pub fn clock(seen: Option<&Inspection>) -> Finding {
    let now = Stamp::now();
    let newest = seen.and_then(|seen| seen.newest_run);
    let ahead = newest.filter(|at| *at > now.plus(Duration::from_secs(60)));
    let problem = ahead.map(|newest| {
        UserError::new(
            "The clock of this machine has been set back.",
            format!("It says {now}, and the newest run began at {newest}."),
            "Set the clock right; use NTP.",
        )
    });
    let skews = seen.map(|seen| seen.skews.clone()).unwrap_or_default();
    let far = skews.iter().find(|(_, skew)| skew.unsigned_abs() > FAR.as_secs());
    let problem = problem.or_else(|| {
        let (who, skew) = far?;
        Some(UserError::new(
            format!("The clocks of this machine and of {who} are far apart."),
            format!("They differed by {skew:+} s when they were compared last."),
            "Set both clocks right; use NTP. Then run: syncdeck check",
        ))
    });
    let told: Vec<_> = skews.iter().map(|(who, skew)| format!("{who} {skew:+} s")).collect();
    let note = if told.is_empty() {
        format!("{now}; compare it with the connected systems' by: syncdeck check")
    } else {
        format!("{now}; when compared last: {}", told.join(", "))
    };
    Finding::new("clock", problem).noting(note)
}

/// Clocks further apart than this are told.
const FAR: Duration = Duration::from_secs(300);
