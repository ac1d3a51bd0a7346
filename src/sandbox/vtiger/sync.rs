//! The operation `sync`: what changed and what was deleted since a second.

use serde_json::Value as Json;

use super::fail::Failure;
use super::query::push_row;
use super::session::Session;
use super::store::{GROUPS, Store, USERS};
use crate::sandbox::clock::parse_stamp;

/// A page ends at the second of this many records.
const PAGE: usize = 100;

/// Answers it. `whose`: `user` (the default), `userandgroup` or `application`.
pub fn run(
    store: &Store,
    session: &Session,
    since: Option<&str>,
    module: Option<&str>,
    whose: Option<&str>,
) -> Result<String, Failure> {
    let since = since.and_then(|t| t.parse::<i64>().ok()).filter(|t| *t > 0);
    let (Some(since), Some(module)) = (since, module) else {
        return Err(Failure::Fatal);
    };
    let at = store.registry.find(module).ok_or_else(Failure::denied)?;
    let spec = &store.registry.modules[at];
    if spec.prefix == USERS {
        return Ok(answer("", "", false, since));
    }
    let (true, Some(stamp)) = (spec.entity, spec.column("modifiedtime")) else {
        return Err(Failure::denied());
    };
    // The database keeps the time of its own zone.
    let since = since + store.zone;
    let own = format!("{USERS}x{}", session.user);
    let fits = |id: u64| {
        let mut owner = String::new();
        if let Some(row) = store.row(at, id) {
            row.named("assigned_user_id", &mut owner);
        }
        match whose.unwrap_or("user") {
            "application" => true,
            "userandgroup" => owner == own || owner.starts_with(&format!("{GROUPS}x")),
            _ => owner == own,
        }
    };
    let time = |id: u64| {
        let mut text = String::new();
        if let Some(row) = store.row(at, id) {
            row.read(stamp, &mut text);
        }
        parse_stamp(&text).unwrap_or(0)
    };
    let mut changed: Vec<(i64, u64, bool)> = Vec::new();
    for id in store.by_time(at, since + 1).filter(|id| fits(*id)) {
        let when = time(id);
        changed.push((when, id, false));
        // A page may be longer than it should, but not longer than its last second; what comes then
        // tells that there is more.
        if changed.len() > PAGE && changed[PAGE - 1].0 < when {
            break;
        }
    }
    changed.extend(store.deleted_after(at, since).map(|(when, id)| (when, id, true)));
    changed.sort_unstable();
    let last = changed.get(PAGE - 1).or(changed.last()).map_or(since, |(when, ..)| *when);
    let more = changed.iter().any(|(when, ..)| *when > last);
    let (mut updated, mut deleted) = (String::new(), String::new());
    let columns: Vec<u8> =
        spec.all().filter(|(_, c)| c.queryable && !c.of_lines).map(|(column, _)| column).collect();
    let mut scratch = String::new();
    for (_, id, gone) in changed.into_iter().filter(|(when, ..)| *when <= last) {
        let list = if gone { &mut deleted } else { &mut updated };
        if !list.is_empty() {
            list.push(',');
        }
        match store.row(at, id) {
            Some(row) if !gone => push_row(list, &row, spec, &columns, &mut scratch),
            _ => list.push_str(&Json::from(format!("{}x{id}", spec.prefix)).to_string()),
        }
    }
    Ok(answer(&updated, &deleted, more, last - store.zone))
}

fn answer(updated: &str, deleted: &str, more: bool, last: i64) -> String {
    format!(
        "{{\"updated\":[{updated}],\"deleted\":[{deleted}],\"more\":{more},\"lastModifiedTime\":{last}}}"
    )
}
