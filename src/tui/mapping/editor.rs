//! The lines of a mapping and what can be done with them. Default lines are never changed: an own
//! line takes the place of one, and goes when it would be the same again.

use crate::catalog::ServiceModule;
use crate::engine::LiveFields;
use crate::model::{Direction, Pair, Side};
use crate::settings::{LinePart, LivePair, live_problems, mapping_problems};

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The service's asset.
    Default,
    /// An administrator added it: its number among the own lines.
    Own(usize),
    /// An administrator's line that takes the place of a default one.
    Instead(usize),
}

impl Origin {
    /// Its number among the own lines.
    pub fn line(self) -> Option<usize> {
        match self {
            Self::Default => None,
            Self::Own(line) | Self::Instead(line) => Some(line),
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line.
    pub pair: Pair,
    /// Where it comes from.
    pub origin: Origin,
}

impl Row {
    /// Its state in a word.
    pub fn state(&self) -> &'static str {
        match (self.pair.active, self.origin) {
            (false, _) => "inactive",
            (true, Origin::Default) => "default",
            (true, Origin::Own(_)) => "own",
            (true, Origin::Instead(_)) => "changed",
        }
    }
}

/// Something that is told about a line, or about the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The line, by number.
    pub row: Option<usize>,
    /// What it is about.
    pub part: LinePart,
    /// A sentence.
    pub text: String,
    /// The mapping cannot be saved with it.
    pub stops: bool,
}

/// Whether an own line takes the place of a default one.
fn replaces(line: &Pair, default: &Pair) -> bool {
    line.replaces
        && (line.vtiger == default.vtiger
            || line.service.iter().any(|path| default.service.contains(path)))
}

/// All lines: the default ones in their order, each with what took its place, then the own ones.
pub fn rows(spec: &ServiceModule, lines: &[Pair]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = vec![false; lines.len()];
    for default in &spec.mapping {
        let instead: Vec<usize> =
            (0..lines.len()).filter(|at| replaces(&lines[*at], default)).collect();
        if instead.is_empty() {
            rows.push(Row { pair: default.clone(), origin: Origin::Default });
        }
        for at in instead {
            if !std::mem::replace(&mut seen[at], true) {
                rows.push(Row { pair: lines[at].clone(), origin: Origin::Instead(at) });
            }
        }
    }
    for (at, line) in lines.iter().enumerate().filter(|(at, _)| !seen[*at]) {
        rows.push(Row { pair: line.clone(), origin: Origin::Own(at) });
    }
    rows
}

/// A default line as an own one in its place.
fn in_place_of(default: &Pair) -> Pair {
    Pair { replaces: true, ..default.clone() }
}

/// Switches a line on or off.
pub fn toggle(spec: &ServiceModule, lines: &mut Vec<Pair>, row: &Row) {
    match row.origin.line() {
        Some(at) => {
            if let Some(line) = lines.get_mut(at) {
                line.active = !line.active;
            }
        }
        None => {
            let line = in_place_of(&row.pair);
            lines.push(Pair { active: !line.active, ..line });
        }
    }
    tidy(spec, lines);
}

/// Puts a line in the place of another one, or adds it.
pub fn put(spec: &ServiceModule, lines: &mut Vec<Pair>, row: Option<&Row>, pair: Pair) {
    let pair = Pair { custom: false, ..pair };
    match row.map(|row| (row, row.origin)) {
        None => lines.push(Pair { replaces: false, ..pair }),
        Some((_, Origin::Own(at))) => {
            if let Some(line) = lines.get_mut(at) {
                *line = Pair { replaces: false, ..pair };
            }
        }
        Some((row, Origin::Default)) => {
            let line = Pair { replaces: true, ..pair };
            if replaces(&line, &row.pair) {
                lines.push(line);
            } else {
                // Both fields are others: the default line is switched off, and another one added.
                lines.push(Pair { active: false, ..in_place_of(&row.pair) });
                lines.push(Pair { replaces: false, ..line });
            }
        }
        Some((_, Origin::Instead(at))) => {
            let Some(before) = lines.get(at).cloned() else { return };
            let line = Pair { replaces: true, ..pair };
            let replaced: Vec<&Pair> =
                spec.mapping.iter().filter(|default| replaces(&before, default)).collect();
            let still = replaced.iter().any(|default| replaces(&line, default));
            if still {
                lines[at] = line;
            } else {
                let off = replaced.iter().map(|d| Pair { active: false, ..in_place_of(d) });
                lines.splice(at..=at, off);
                lines.push(Pair { replaces: false, ..line });
            }
        }
    }
    tidy(spec, lines);
}

/// Takes an own line away; a default line whose place it took is back.
pub fn remove(lines: &mut Vec<Pair>, line: usize) {
    if line < lines.len() {
        lines.remove(line);
    }
}

/// Own lines that are the same as the default line in whose place they stand go away.
fn tidy(spec: &ServiceModule, lines: &mut Vec<Pair>) {
    lines.retain(|line| {
        let same = Pair { replaces: false, custom: false, ..line.clone() };
        let mut replaced = spec.mapping.iter().filter(|default| replaces(line, default));
        !matches!((replaced.next(), replaced.next()), (Some(one), None) if *one == same)
    });
}

/// Everything that is to be told about the lines: first what keeps them from being saved.
pub fn told(
    spec: &ServiceModule,
    direction: Direction,
    lines: &[Pair],
    rows: &[Row],
    live: Option<&LiveFields>,
    labels: [&str; 2],
) -> Vec<Told> {
    let row_of = |line: usize| rows.iter().position(|row| row.origin.line() == Some(line));
    let mut told: Vec<Told> = mapping_problems(spec, lines)
        .into_iter()
        .map(|problem| Told {
            row: row_of(problem.line),
            part: problem.part,
            text: sentence(&problem.text),
            stops: true,
        })
        .collect();
    if let Some(live) = live {
        let pairs: Vec<LivePair<'_>> = rows
            .iter()
            .map(|row| LivePair {
                pair: &row.pair,
                samples: Side::BOTH.map(|side| live.sample(&row.pair, side)),
                own: row.origin != Origin::Default,
            })
            .collect();
        let found = live_problems(&pairs, direction, &live.infos, labels);
        told.extend(found.into_iter().map(|(row, part, text)| Told {
            row,
            part,
            text,
            stops: false,
        }));
    }
    told
}

/// A clause of the settings file's checks as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests;
