//! The shapes of the settings file. Values stay as they were written, with their places, so that
//! every one that is wrong can be pointed at.

use super::problem::{Problems, did_you_mean};
use crate::model::{ConflictRule, Deletes, Direction, Mode, Pair};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A text and its place.
pub(super) type Text = Spanned<String>;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsFile {
    pub(super) crm: Option<Spanned<CrmFile>>,
    #[serde(default)]
    pub(super) connector: Vec<Spanned<ConnectorFile>>,
    pub(super) retention: Option<RetentionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CrmFile {
    pub(super) url: Option<Text>,
    pub(super) username: Option<Text>,
    pub(super) access_key: Option<Text>,
    pub(super) api: Option<Text>,
    #[serde(default)]
    pub(super) allow_http: bool,
    pub(super) ca_file: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectorFile {
    pub(super) name: Text,
    pub(super) service: Text,
    pub(super) enabled: Option<bool>,
    #[serde(default)]
    pub(super) credentials: BTreeMap<Text, Text>,
    pub(super) sync_from: Option<Text>,
    pub(super) frequency: Option<Text>,
    pub(super) conflict: Option<ConflictRule>,
    #[serde(default)]
    pub(super) debug: bool,
    #[serde(default)]
    pub(super) modules: BTreeMap<Text, ModuleFile>,
    #[serde(default)]
    pub(super) advanced: AdvancedFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModuleFile {
    pub(super) enabled: Option<bool>,
    pub(super) direction: Option<Spanned<Direction>>,
    pub(super) mode: Option<Mode>,
    pub(super) period: Option<Text>,
    #[serde(default)]
    pub(super) deletes: Deletes,
    #[serde(default)]
    pub(super) mapping: Vec<Spanned<Pair>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct AdvancedFile {
    pub(super) concurrency: Option<Spanned<i64>>,
    pub(super) requests_per_second: Option<Spanned<i64>>,
    pub(super) probe_interval: Option<Text>,
    pub(super) full_scan: Option<Text>,
    pub(super) settle_wait: Option<Text>,
    pub(super) guard_deletes: Option<Text>,
    pub(super) guard_changes: Option<Text>,
    pub(super) guard_creates: Option<Spanned<i64>>,
    #[serde(default)]
    pub(super) external_id_fields: BTreeMap<Text, Text>,
    #[serde(default)]
    pub(super) allow_http: bool,
    pub(super) ca_file: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionFile {
    pub(super) runs: Option<Text>,
    pub(super) debug: Option<Text>,
    pub(super) debug_size: Option<Text>,
}

/// Reads the file. `None`: it is not in the right shape, which was added to the problems.
pub(super) fn parse(text: &str, problems: &mut Problems<'_>) -> Option<SettingsFile> {
    match toml::from_str(text) {
        Ok(file) => Some(file),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().trim();
            problems.hinted(span, message.replace('\n', " "), hint(message));
            None
        }
    }
}

/// `unknown field `urll`, expected one of `url`, …`: the known word that was meant.
pub(super) fn hint(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    match words.next() {
        Some(unknown) if message.starts_with("unknown") => did_you_mean(unknown, words),
        _ => String::new(),
    }
}
