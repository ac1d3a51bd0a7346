//! What the live fields of both systems say to a mapping: fields that are not there or cannot be
//! written, types that do not fit, texts that are too long, mandatory fields without a source. These
//! are told beside the lines; they do not keep a mapping from being saved, because fields can be
//! added later.

use super::Part;
use crate::model::{Direction, Pair, PairKind, Side, Transform};
use crate::remote::{EntityInfo, FieldInfo};

/// A line of a mapping and, for each side, a value that its field holds somewhere.
#[derive(Debug, Clone, Copy)]
pub struct LivePair<'a> {
    /// The line.
    pub pair: &'a Pair,
    /// Values of both fields, as far as some are known.
    pub samples: [Option<&'a str>; 2],
    /// An administrator made it: also what might happen is told. Of a default line only what does.
    pub own: bool,
}

/// What is told about a line (by number from 0) or, without a number, about the module.
pub type LiveProblem = (Option<usize>, Part, String);

/// What a system means by the type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Number,
    Boolean,
    Date,
    Reference,
    Items,
    Other,
}

fn family(type_name: &str) -> Family {
    match type_name.to_ascii_lowercase().as_str() {
        "double" | "currency" | "number" | "decimal" | "percent" | "float" | "integer"
        | "bigint" | "int" | "long" => Family::Number,
        "boolean" | "checkbox" => Family::Boolean,
        "date" | "datetime" | "date-time" | "instant" => Family::Date,
        "reference" | "lookup" | "owner" | "ownerlookup" | "userlookup" => Family::Reference,
        "items" | "lines" => Family::Items,
        _ => Family::Other,
    }
}

/// Looks at the lines of a mapping, the defaults among them. `direction` is the module's, `labels`
/// are what both sides are called.
pub fn live_problems(
    lines: &[LivePair<'_>],
    direction: Direction,
    infos: &[EntityInfo; 2],
    labels: [&str; 2],
) -> Vec<LiveProblem> {
    let mut problems = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.pair.active) {
        let mut tell = |part, text| problems.push((Some(at), part, text));
        let look = Look { line, direction, infos, labels };
        match look.missing() {
            Some((part, text)) => tell(part, text),
            None => {
                let found =
                    [look.way(), look.read_only(), look.types(), look.length(), look.choices()];
                for (part, text) in found.into_iter().flatten() {
                    tell(part, text);
                }
            }
        }
    }
    problems.extend(without_source(lines, direction, infos, labels));
    problems
}

/// One line under the glass.
struct Look<'a> {
    line: &'a LivePair<'a>,
    direction: Direction,
    infos: &'a [EntityInfo; 2],
    labels: [&'a str; 2],
}

impl Look<'_> {
    fn pair(&self) -> &Pair {
        self.line.pair
    }

    /// Whether a value travels to a side.
    fn writes(&self, side: Side) -> bool {
        self.direction.writes(side) && self.pair().direction.writes(side)
    }

    /// The Vtiger field itself; of a path through a reference nothing is known.
    fn vtiger(&self) -> Option<&FieldInfo> {
        self.infos[0].field(&self.pair().vtiger)
    }

    /// The service field, if the line has only one.
    fn service(&self) -> Option<&FieldInfo> {
        match self.pair().service.as_slice() {
            [one] => self.infos[1].field(one),
            _ => None,
        }
    }

    /// A Vtiger field that is not there. A service may have fields that it does not describe.
    fn missing(&self) -> Option<(Part, String)> {
        let path = &self.pair().vtiger;
        let base = path.split('.').next().unwrap_or(path);
        let there = self.vtiger().is_some() || self.infos[0].field(base).is_some();
        (!there && !self.infos[0].fields.is_empty()).then(|| {
            (Part::Vtiger, format!("Vtiger has no field {path} here: the line is left out."))
        })
    }

    /// A line that never travels.
    fn way(&self) -> Option<(Part, String)> {
        let never = !self.writes(Side::Vtiger) && !self.writes(Side::Service);
        never.then(|| {
            let text = "The module does not travel this way: the line does nothing.";
            (Part::Direction, text.to_owned())
        })
    }

    fn read_only(&self) -> Option<(Part, String)> {
        let path = &self.pair().vtiger;
        let base = path.split('.').next().unwrap_or(path);
        let vtiger = self.vtiger().or_else(|| self.infos[0].field(base));
        if self.writes(Side::Vtiger)
            && let Some(field) = vtiger.filter(|field| !field.writable)
            && !self.writes(Side::Service)
        {
            let text = format!("{} can only be read in Vtiger: nothing arrives.", name(field));
            return Some((Part::Vtiger, text));
        }
        let fields: Vec<_> =
            self.pair().service.iter().filter_map(|path| self.infos[1].field(path)).collect();
        let fixed = !fields.is_empty() && fields.iter().all(|field| !field.writable);
        (self.writes(Side::Service) && fixed && !self.writes(Side::Vtiger)).then(|| {
            let names: Vec<_> = fields.iter().map(|field| name(field)).collect();
            let text = format!(
                "{} can only be read in {}: nothing arrives.",
                names.join(", "),
                self.labels[1]
            );
            (Part::Service, text)
        })
    }

    fn types(&self) -> Option<(Part, String)> {
        let shaped = self.pair().transform.iter().any(|step| {
            !matches!(
                step,
                Transform::Truncate { .. } | Transform::Lowercase | Transform::Uppercase
            )
        });
        let (vtiger, service) = (self.vtiger()?, self.service()?);
        if shaped || self.pair().module.is_some() {
            return None;
        }
        let (source, target) =
            if self.writes(Side::Vtiger) { (service, vtiger) } else { (vtiger, service) };
        let kind = self.pair().kind;
        let (from, to) = (family(&source.type_name), family(&target.type_name));
        let fits = match to {
            Family::Number if from == Family::Number => true,
            Family::Number => {
                from == Family::Other && matches!(kind, PairKind::Number | PairKind::Integer)
            }
            Family::Boolean if from == Family::Boolean => true,
            Family::Boolean => {
                kind == PairKind::Boolean && matches!(from, Family::Other | Family::Number)
            }
            Family::Date if from == Family::Date => true,
            Family::Date => {
                from == Family::Other && matches!(kind, PairKind::Date | PairKind::DateTime)
            }
            Family::Reference => kind == PairKind::Reference,
            Family::Items => kind == PairKind::Items,
            Family::Other => from != Family::Items,
        };
        (!fits).then(|| {
            let (source_type, target_type) = (&source.type_name, &target.type_name);
            let text = format!(
                "{} is {source_type}, {} is {target_type}: as {} it does not fit.",
                name(source),
                name(target),
                kind_name(kind)
            );
            (Part::Kind, text)
        })
    }

    fn length(&self) -> Option<(Part, String)> {
        if matches!(
            self.pair().kind,
            PairKind::Number
                | PairKind::Integer
                | PairKind::Boolean
                | PairKind::Reference
                | PairKind::Country
        ) {
            return None;
        }
        let (vtiger, service) = (self.vtiger(), self.service());
        let ways = [
            (Side::Vtiger, vtiger, service, self.line.samples[1]),
            (Side::Service, service, vtiger, self.line.samples[0]),
        ];
        ways.into_iter().find_map(|(side, target, source, sample)| {
            let target = target.filter(|_| self.writes(side))?;
            let holds = target.max_length?;
            let cut = self.pair().transform.iter().any(|step| {
                matches!(step, Transform::Truncate { length } if *length <= holds)
                    || matches!(
                        step,
                        Transform::Map { .. }
                            | Transform::Constant { .. }
                            | Transform::Split { .. }
                    )
            });
            if cut {
                return None;
            }
            let has = sample.map_or(0, |text| text.chars().count());
            let may = source.filter(|_| self.line.own).and_then(|field| field.max_length);
            let may = may.unwrap_or(0);
            let long = if has > holds {
                format!("a sample has {has} characters")
            } else if may > holds {
                format!("{} may have {may} characters", name(source?))
            } else {
                return None;
            };
            let text = format!(
                "{} holds {holds} characters, and {long}: a longer text is skipped. The transform \
                 truncate cuts it.",
                name(target)
            );
            Some((if side == Side::Vtiger { Part::Vtiger } else { Part::Service }, text))
        })
    }

    /// A picklist of Vtiger that lacks what the service may send.
    fn choices(&self) -> Option<(Part, String)> {
        let shaped = self
            .pair()
            .transform
            .iter()
            .any(|step| matches!(step, Transform::Map { .. } | Transform::Constant { .. }));
        if shaped || !self.writes(Side::Vtiger) {
            return None;
        }
        let target = self.vtiger().filter(|field| !field.choices.is_empty())?;
        let offered = self.service().map(|field| field.choices.as_slice()).unwrap_or_default();
        let sample = self.line.samples[1].filter(|text| !text.is_empty());
        let unknown: Vec<&str> = offered
            .iter()
            .map(String::as_str)
            .chain(sample)
            .filter(|value| !target.choices.iter().any(|choice| choice == value))
            .collect();
        let first = unknown.first()?;
        let more = match unknown.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let text = format!(
            "{} has no value \"{first}\"{more}: such a record is skipped. The transform map turns \
             it into one that is there.",
            name(target)
        );
        Some((Part::Vtiger, text))
    }
}

/// Mandatory fields that no line fills. An inactive line with the field is the one to mend.
fn without_source(
    lines: &[LivePair<'_>],
    direction: Direction,
    infos: &[EntityInfo; 2],
    labels: [&str; 2],
) -> Vec<LiveProblem> {
    let mut problems = Vec::new();
    for (side, info) in Side::BOTH.into_iter().zip(infos) {
        if !direction.writes(side) {
            continue;
        }
        // The owner is set by the connection.
        let wanted = info
            .fields
            .iter()
            .filter(|f| f.mandatory && f.writable && f.path != "assigned_user_id");
        for field in wanted {
            let fills = |line: &&LivePair<'_>| {
                let pair = line.pair;
                pair.active && pair.direction.writes(side) && names(pair, side, &field.path)
            };
            if lines.iter().any(|line| fills(&line)) {
                continue;
            }
            let there = lines.iter().position(|line| names(line.pair, side, &field.path));
            let label = labels[usize::from(side == Side::Service)];
            let text = format!(
                "{label} demands {}, and no active line fills it: new records are skipped.",
                name(field)
            );
            let part = match (there, side) {
                (Some(_), _) => Part::Active,
                (None, Side::Vtiger) => Part::Vtiger,
                (None, Side::Service) => Part::Service,
            };
            problems.push((there, part, text));
        }
    }
    problems
}

/// Whether a line names a field, or a part of it.
fn names(pair: &Pair, side: Side, path: &str) -> bool {
    let inside =
        |one: &str| one == path || one.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    match side {
        Side::Vtiger => inside(&pair.vtiger),
        Side::Service => {
            pair.service.iter().any(|one| inside(one)) || pair.with.keys().any(|one| inside(one))
        }
    }
}

fn name(field: &FieldInfo) -> String {
    if field.label.is_empty() || field.label == field.path {
        field.path.clone()
    } else {
        format!("{} ({})", field.label, field.path)
    }
}

fn kind_name(kind: PairKind) -> String {
    let name = serde_json::to_value(kind).ok();
    name.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
