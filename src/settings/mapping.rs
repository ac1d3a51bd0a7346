//! Checks of an administrator's mapping lines.

use super::fields::vtiger_field;
use crate::catalog::ServiceModule;
use crate::mapping::is_date_format;
use crate::model::{Direction, Pair, PairKind, Side, Transform};

/// What is wrong with an administrator's lines of a module: the number of the line, from 0, and a
/// sentence.
pub fn check_mapping(module: &ServiceModule, custom: &[Pair]) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    for (n, pair) in custom.iter().enumerate() {
        problems.extend(check_line(pair).map(|problem| (n, problem)));
        problems.extend(clash(module, custom, n).map(|problem| (n, problem)));
    }
    let lost = lost_match_field(module, custom);
    problems.extend(lost.map(|(n, field)| {
        let problem = format!(
            "records are recognised by {field}; a line in its place has to map {field}, too, and be active"
        );
        (n, problem)
    }));
    problems
}

/// What is wrong with a line by itself.
fn check_line(pair: &Pair) -> Option<String> {
    if let Err(problem) = vtiger_field(&pair.vtiger) {
        return Some(problem);
    }
    if pair.service.is_empty() {
        return Some("the line names no service field".into());
    }
    let bad_path = |path: &&String| {
        path.split('.').any(|part| part.trim().is_empty()) || path.chars().any(char::is_control)
    };
    if let Some(path) = pair.service.iter().chain(&pair.fallback).find(bad_path) {
        return Some(format!("\"{path}\" is not a field path such as billing.city"));
    }
    let joins = pair.transform.iter().any(|t| matches!(t, Transform::Join { .. }));
    if pair.service.len() > 1 && pair.kind != PairKind::Lines && !joins {
        return Some("several service fields need type = \"lines\" or a join transform".into());
    }
    if pair.kind == PairKind::Reference && pair.module.is_none() {
        return Some("a reference needs the module it points to, as module = \"contacts\"".into());
    }
    if let Some(problem) = pair.transform.iter().find_map(|step| check_transform(step, pair)) {
        return Some(problem);
    }
    None
}

/// What is wrong with a transform of a line.
fn check_transform(step: &Transform, pair: &Pair) -> Option<String> {
    let problem = match step {
        Transform::Truncate { length: 0 } => "truncate needs a length of at least 1",
        Transform::Join { separator } | Transform::Split { separator, .. }
            if separator.is_empty() =>
        {
            "join and split need a separator"
        }
        Transform::Split { .. } | Transform::HtmlToText
            if pair.direction != Direction::ToVtiger =>
        {
            "split and html-to-text cannot travel back: the line needs direction = \"to-vtiger\""
        }
        Transform::Constant { to_vtiger: None, to_service: None } => {
            "constant needs to_vtiger or to_service"
        }
        Transform::DateFormat { service } if !is_date_format(service) => {
            "date-format needs a notation with day, month and year, such as %d/%m/%Y"
        }
        Transform::NumberFormat { decimal, thousands }
            if decimal.is_empty() || decimal == thousands =>
        {
            "number-format needs a decimal sign that differs from the one between thousands"
        }
        _ => return None,
    };
    Some(problem.to_owned())
}

/// What a line writes: side and field.
fn targets(pair: &Pair) -> impl Iterator<Item = (Side, &str)> {
    let vtiger = pair.direction.writes(Side::Vtiger).then_some((Side::Vtiger, &*pair.vtiger));
    let fields: &[String] = if pair.direction.writes(Side::Service) { &pair.service } else { &[] };
    vtiger.into_iter().chain(fields.iter().map(|field| (Side::Service, &**field)))
}

/// Whether a line writes what another one writes, or replaces nothing.
fn clash(module: &ServiceModule, custom: &[Pair], n: usize) -> Option<String> {
    let pair = &custom[n];
    let default_of_same = module.mapping.iter().find(|default| {
        default.vtiger == pair.vtiger || default.service.iter().any(|s| pair.service.contains(s))
    });
    if pair.replaces && default_of_same.is_none() {
        return Some(format!(
            "replaces = true, but no default line maps {} or {}",
            pair.vtiger,
            pair.service_label()
        ));
    }
    if !pair.active {
        return None;
    }
    let left = module.effective_mapping(custom);
    let defaults = left.iter().filter(|p| !p.custom && p.active);
    let both = |other: &Pair| {
        targets(pair).find(|target| targets(other).any(|t| t == *target)).map(|(_, field)| field)
    };
    if let Some(field) = defaults.filter_map(&both).next() {
        return Some(format!(
            "{field} is written by a default line already; replaces = true takes its place"
        ));
    }
    let earlier = custom[..n].iter().filter(|p| p.active);
    let field = earlier.filter_map(both).next()?;
    Some(format!("{field} is written by an earlier line already"))
}

/// A field that records are recognised by and that is not mapped any more, with the line that took
/// its place.
fn lost_match_field<'m>(module: &'m ServiceModule, custom: &[Pair]) -> Option<(usize, &'m str)> {
    let mapping = module.effective_mapping(custom);
    let lost = module
        .match_on
        .iter()
        .find(|field| !mapping.iter().any(|p| p.active && p.vtiger == **field))?;
    let default = module.mapping.iter().find(|p| p.vtiger == *lost)?;
    let culprit = custom.iter().position(|p| {
        p.replaces && (p.vtiger == *lost || p.service.iter().any(|s| default.service.contains(s)))
    })?;
    Some((culprit, lost))
}
