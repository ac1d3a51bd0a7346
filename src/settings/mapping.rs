//! Checks of an administrator's mapping lines, and their changes. The settings file, `mapping import`
//! and the screens ask the same.

mod file;
mod live;

pub use file::{export_mapping, read_mapping};
pub use live::{LivePair, live_problems};

use super::fields::vtiger_field;
use crate::catalog::{Catalog, ServiceModule};
use crate::mapping::is_date_format;
use crate::model::{Connector, Direction, Module, Pair, PairKind, Side, Transform, UserError};

/// The part of a line that a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The Vtiger field.
    Vtiger,
    /// The service field or fields.
    Service,
    /// The direction.
    Direction,
    /// The type.
    Kind,
    /// The module that a reference points to.
    Module,
    /// A transform, by number from 0.
    Transform(usize),
    /// Whether it takes part.
    Active,
    /// The fields that are read in turn.
    Fallback,
    /// What is set with it.
    With,
}

/// Something that is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The number of the line, from 0.
    pub line: usize,
    /// What it is about.
    pub part: Part,
    /// A sentence.
    pub text: String,
}

/// What is wrong with an administrator's lines of a module: the number of the line, from 0, and a
/// sentence.
pub fn check_mapping(module: &ServiceModule, custom: &[Pair]) -> Vec<(usize, String)> {
    let problems = mapping_problems(module, custom);
    problems.into_iter().map(|problem| (problem.line, problem.text)).collect()
}

/// What is wrong with an administrator's lines of a module.
pub fn mapping_problems(module: &ServiceModule, custom: &[Pair]) -> Vec<LineProblem> {
    let mut problems = Vec::new();
    for (line, pair) in custom.iter().enumerate() {
        let alone = check_line(pair);
        let clash = clash(module, custom, line).map(|text| (Part::Vtiger, text));
        let both = alone.into_iter().chain(clash);
        problems.extend(both.map(|(part, text)| LineProblem { line, part, text }));
    }
    let lost = lost_match_field(module, custom);
    problems.extend(lost.map(|(line, field)| {
        let text = format!(
            "records are recognised by {field}; a line in its place has to map {field}, too, and be active"
        );
        let part = if custom[line].active { Part::Vtiger } else { Part::Active };
        LineProblem { line, part, text }
    }));
    problems
}

/// A connector with other lines for a module.
///
/// # Errors
/// The first line that cannot be accepted; or the module is not one of the connector's.
pub fn with_mapping(
    catalog: &Catalog,
    connector: &Connector,
    module: Module,
    lines: Vec<Pair>,
) -> Result<Connector, UserError> {
    let service = catalog.service(&connector.service);
    let spec = service.and_then(|service| service.modules.get(&module));
    let mut connector = connector.clone();
    let (Some(spec), Some(settings)) = (spec, connector.modules.get_mut(&module)) else {
        return Err(UserError::new(
            format!("{} has no {module}.", connector.name),
            "Its service does not offer them.",
            "Choose another module.",
        ));
    };
    let lines: Vec<Pair> = lines.into_iter().map(|pair| Pair { custom: false, ..pair }).collect();
    if let Some(problem) = mapping_problems(spec, &lines).into_iter().next() {
        let pair = &lines[problem.line];
        return Err(UserError::new(
            format!("The line {} ↔ {} cannot be saved.", pair.vtiger, pair.service_label()),
            format!("{}.", problem.text),
            "Correct the line, or take it back.",
        ));
    }
    settings.mapping = lines;
    Ok(connector)
}

/// What is wrong with a line by itself.
fn check_line(pair: &Pair) -> Option<(Part, String)> {
    if let Err(problem) = vtiger_field(&pair.vtiger) {
        return Some((Part::Vtiger, problem));
    }
    if pair.service.is_empty() {
        return Some((Part::Service, "the line names no service field".into()));
    }
    let bad_path = |path: &&String| {
        path.split('.').any(|part| part.trim().is_empty()) || path.chars().any(char::is_control)
    };
    let places = [(Part::Service, &pair.service), (Part::Fallback, &pair.fallback)];
    for (part, paths) in places {
        if let Some(path) = paths.iter().find(bad_path) {
            return Some((part, format!("\"{path}\" is not a field path such as billing.city")));
        }
    }
    if let Some(path) = pair.fallback.iter().find(|path| pair.service.contains(path)) {
        let problem = format!("{path} is the field that the others are read instead of");
        return Some((Part::Fallback, problem));
    }
    if let Some(path) = pair.with.keys().find(bad_path) {
        let problem = format!("\"{path}\" is not a field path such as manage_stock");
        return Some((Part::With, problem));
    }
    let joins = pair.transform.iter().any(|t| matches!(t, Transform::Join { .. }));
    if pair.service.len() > 1 && pair.kind != PairKind::Lines && !joins {
        let problem = "several service fields need type = \"lines\" or a join transform";
        return Some((Part::Kind, problem.into()));
    }
    if pair.kind == PairKind::Reference && pair.module.is_none() {
        let problem = "a reference needs the module it points to, as module = \"contacts\"";
        return Some((Part::Module, problem.into()));
    }
    let mut steps = pair.transform.iter().enumerate();
    steps.find_map(|(at, step)| Some((Part::Transform(at), check_transform(step, pair)?)))
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

#[cfg(test)]
mod tests;
