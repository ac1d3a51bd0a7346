//! The checks of single settings, for forms and for the file.

use super::problem::did_you_mean;
use super::url::{crm_address, web_address};
use crate::catalog::{Catalog, FieldKind, FormField};
use crate::model::{Frequency, Period, Ratio, Stamp, SyncFrom, parse_size};
use crate::secrets::is_reference;
use std::time::Duration;

/// What stands in a file for a secret that is in the store.
pub(super) const KEEP: &str = "keep:";
/// The name of the CRM where services are named.
pub(super) const CRM: &str = "vtiger";

/// Whether a text may be entered in a field of the connection form or the settings of a service
/// (`vtiger`: the CRM). The names of fields are those of the settings file.
///
/// # Errors
/// A sentence that says what is accepted.
pub fn check_field(
    catalog: &Catalog,
    service: &str,
    field: &str,
    text: &str,
) -> Result<(), String> {
    if let Some(form) = form_of(catalog, service).iter().find(|f| f.name == field) {
        return check_credential(service, form, text);
    }
    match field {
        "name" => check_name(text),
        "sync_from" => SyncFrom::resolve(text, Stamp::default()).map(drop),
        "frequency" => text.parse::<Frequency>().map(drop),
        "period" => period(text, 60).map(drop),
        "probe_interval" => period(text, 5).map(drop),
        "full_scan" => period(text, 60).map(drop),
        "settle_wait" => settle_wait(text).map(drop),
        "runs" | "debug" => period(text, 60).map(drop),
        "debug_size" => parse_size(text).map(drop),
        "guard_deletes" | "guard_changes" => text.parse::<Ratio>().map(drop),
        "concurrency" => number(text, CONCURRENCY).map(drop),
        "requests_per_second" => number(text, REQUESTS_PER_SECOND).map(drop),
        "guard_creates" => number(text, GUARD_CREATES).map(drop),
        "external_id_fields" => vtiger_field(text),
        "ca_file" if text.trim().is_empty() => Err("the name of the file is empty".into()),
        _ => Ok(()),
    }
}

/// The connection form of a service or the CRM.
pub(super) fn form_of<'c>(catalog: &'c Catalog, service: &str) -> &'c [FormField] {
    match catalog.service(service) {
        Some(service) => &service.form,
        None if service == CRM => &catalog.vtiger.form,
        None => &[],
    }
}

fn check_credential(service: &str, form: &FormField, text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.is_empty() {
        return match form.required && form.default.is_empty() {
            true => Err(format!("{} is required", form.label)),
            false => Ok(()),
        };
    }
    if text == KEEP {
        return Ok(());
    }
    if is_reference(text) {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        return match rest.trim() {
            "" => Err(format!("{kind}: names nothing")),
            _ if service == CRM && !form.secret => {
                Err(format!("{} has to be given as it is, not as a reference", form.label))
            }
            _ => Ok(()),
        };
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{} must be one line", form.label));
    }
    match form.kind {
        FieldKind::Url => address(service, text).map(drop),
        FieldKind::Text => Ok(()),
    }
}

/// A completed address.
pub(super) fn address(service: &str, text: &str) -> Result<String, String> {
    if service == CRM { crm_address(text) } else { web_address(text) }
}

/// The name of a connector: it is typed on the command line.
fn check_name(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("the name is empty".into());
    }
    if text.trim() != text {
        return Err("the name begins or ends with a blank".into());
    }
    if text.chars().count() > 60 {
        return Err("the name is longer than 60 characters".into());
    }
    if text.starts_with('-') {
        return Err("the name begins with -, like an option on the command line".into());
    }
    if text.eq_ignore_ascii_case(CRM) {
        return Err("the name vtiger is the CRM's".into());
    }
    if text.chars().any(|c| c.is_control() || c == '/' || c == '\\') {
        return Err("the name must not have slashes or control characters in it".into());
    }
    Ok(())
}

/// A period of at least so many seconds.
pub(super) fn period(text: &str, shortest: u64) -> Result<Period, String> {
    let period: Period = text.parse()?;
    if period.0 < Duration::from_secs(shortest) {
        return Err(format!("the shortest is {}", Period::secs(shortest)));
    }
    Ok(period)
}

/// How long a sync may wait for records that were under way when the last one was cut off.
pub(super) fn settle_wait(text: &str) -> Result<Period, String> {
    let wait = period(text, 0)?;
    if wait > LONGEST_WAIT {
        return Err(format!("the longest is {LONGEST_WAIT}"));
    }
    Ok(wait)
}

/// A sync that waits for longer looks as if it hung.
const LONGEST_WAIT: Period = Period::secs(600);

/// Least and greatest number.
pub(super) type Limits = (u64, u64);
pub(super) const CONCURRENCY: Limits = (1, 32);
pub(super) const REQUESTS_PER_SECOND: Limits = (1, 1000);
pub(super) const GUARD_CREATES: Limits = (0, 1_000_000_000);

/// A whole number within limits.
pub(super) fn number(text: &str, (least, most): Limits) -> Result<u64, String> {
    match text.trim().parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("\"{}\" is not a number from {least} to {most}", text.trim())),
    }
}

/// The name of a Vtiger field, perhaps through a reference (`account_id.accountname`).
pub(super) fn vtiger_field(text: &str) -> Result<(), String> {
    let good = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if text.split('.').count() <= 2 && text.split('.').all(good) {
        return Ok(());
    }
    Err(format!("\"{text}\" is not the name of a Vtiger field such as cf_854"))
}

/// The service of this name, or a sentence and a hint.
pub(super) fn known_service<'c>(
    catalog: &'c Catalog,
    name: &str,
) -> Result<&'c crate::catalog::Service, (String, String)> {
    catalog.service(name).ok_or_else(|| {
        let known: Vec<_> = catalog.services().map(|s| s.name.as_str()).collect();
        let message =
            format!("there is no service \"{name}\"; the services are {}", known.join(", "));
        (message, did_you_mean(name, known))
    })
}
