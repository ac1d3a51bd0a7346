//! A line tried on a real record: what each side holds, and what the other one would get.

use super::Key;
use crate::engine::TryRecord;
use crate::mapping::{FieldLimits, Target, Written, to_service, to_vtiger};
use crate::model::{Direction, Fields, Pair, Side, UserError, Value};

/// What is known of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TryState {
    /// They are being read.
    Loading,
    /// They could not be read.
    Failed(UserError),
    /// They were read.
    Ready(Vec<TryRecord>),
}

/// A try-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryView {
    /// Tells its answer from those for an older one.
    pub serial: u64,
    /// Connector and module.
    pub key: Key,
    /// The line.
    pub pair: Pair,
    /// The records.
    pub state: TryState,
    /// The one that is shown.
    pub at: usize,
}

impl TryView {
    /// The records that were read: those in which the line has a value first.
    pub fn accept(&mut self, mut records: Vec<TryRecord>) {
        let pair = &self.pair;
        let empty = |record: &TryRecord| {
            let vtiger = record.vtiger.as_ref().map(|(_, f)| held(pair, Side::Vtiger, f));
            let service = record.service.as_ref().map(|(_, f)| held(pair, Side::Service, f));
            [vtiger, service].into_iter().flatten().all(|text| text.is_empty())
        };
        records.sort_by_key(|record| (record.skipped.is_none(), empty(record)));
        self.state = TryState::Ready(records);
        self.at = 0;
    }

    /// The record that is shown.
    pub fn record(&self) -> Option<&TryRecord> {
        match &self.state {
            TryState::Ready(records) => records.get(self.at),
            _ => None,
        }
    }

    /// How many records there are.
    pub fn count(&self) -> usize {
        match &self.state {
            TryState::Ready(records) => records.len(),
            _ => 0,
        }
    }

    /// Goes to the next record, or to the one before.
    pub fn step(&mut self, forward: bool) {
        let count = self.count().max(1);
        self.at = (self.at + if forward { 1 } else { count - 1 }) % count;
    }
}

/// What a line does with a value of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The side that gives.
    pub from: Side,
    /// What it holds.
    pub held: String,
    /// What the other side gets, by field, or why the record would be skipped. Nothing: it is left
    /// as it is.
    pub sent: Result<Vec<(String, String)>, String>,
}

/// What happens to a record, both ways if the line goes both ways.
pub fn outcomes(
    pair: &Pair,
    module: Direction,
    limits: &FieldLimits,
    record: &TryRecord,
) -> Vec<Outcome> {
    let ways = [
        (Side::Service, Side::Vtiger, &record.service, record.vtiger.is_some()),
        (Side::Vtiger, Side::Service, &record.vtiger, record.service.is_some()),
    ];
    ways.into_iter()
        .filter(|(_, to, ..)| module.writes(*to) && pair.direction.writes(*to))
        .filter_map(|(from, to, source, there)| {
            let (_, fields) = source.as_ref()?;
            let target = if there { Target::Existing } else { Target::New };
            let sent = match to {
                Side::Vtiger => to_vtiger(pair, limits, fields, target),
                Side::Service => to_service(pair, limits, fields, target),
            };
            let sent = sent.map(shown).map_err(|reason| reason.text);
            Some(Outcome { from, held: held(pair, from, fields), sent })
        })
        .collect()
}

fn shown(written: Written) -> Vec<(String, String)> {
    written.into_iter().map(|(path, value)| (path, value.to_text())).collect()
}

/// What a side holds in the fields of a line.
pub fn held(pair: &Pair, side: Side, fields: &Fields) -> String {
    let text = |path: &String| fields.get(path).map(Value::to_text).unwrap_or_default();
    match side {
        Side::Vtiger => text(&pair.vtiger),
        Side::Service => {
            let own: Vec<String> =
                pair.service.iter().map(text).filter(|t| !t.is_empty()).collect();
            if !own.is_empty() {
                return own.join(" | ");
            }
            pair.fallback.iter().map(text).find(|t| !t.is_empty()).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Module, Transform};

    fn record(name: &str, vtiger: Option<&str>, service: Option<&str>) -> TryRecord {
        let side = |path: &str, text: Option<&str>| {
            let fields: Fields = [(path, text?)].into_iter().collect();
            Some(("1".to_owned(), fields))
        };
        TryRecord {
            name: name.into(),
            vtiger: side("v", vtiger),
            service: side("s", service),
            skipped: None,
        }
    }

    #[test]
    fn a_line_is_tried_both_ways() {
        let mut pair = Pair::new("v", "s");
        pair.transform = vec![Transform::Uppercase];
        let limits = FieldLimits { vtiger_length: Some(4), ..FieldLimits::default() };
        let told = |pair: &Pair, module, record: &TryRecord| -> Vec<String> {
            let all = outcomes(pair, module, &limits, record);
            let one = |o: Outcome| match o.sent {
                Ok(sent) => format!(
                    "{}: {} → {}",
                    o.from.key(),
                    o.held,
                    sent.iter().map(|(p, v)| format!("{p}={v}")).collect::<String>()
                ),
                Err(why) => format!("{}: {} ✕ {why}", o.from.key(), o.held),
            };
            all.into_iter().map(one).collect()
        };
        let both = record("a", Some("Bo"), Some("Anna"));
        assert_eq!(
            told(&pair, Direction::Both, &both),
            ["service: Anna → v=ANNA", "vtiger: Bo → s=BO"]
        );
        assert_eq!(told(&pair, Direction::ToVtiger, &both), ["service: Anna → v=ANNA"]);
        pair.direction = Direction::ToService;
        assert_eq!(told(&pair, Direction::Both, &both), ["vtiger: Bo → s=BO"]);
        pair.direction = Direction::Both;
        let long = record("a", None, Some("Annabel"));
        let told = told(&pair, Direction::Both, &long);
        assert_eq!(
            told,
            [
                "service: Annabel ✕ The text is longer than the target field can hold. s has 7 characters, v holds 4."
            ]
        );
    }

    #[test]
    fn skipped_records_and_those_with_a_value_come_first() {
        let mut view = TryView {
            serial: 1,
            key: (1, Module::Contacts),
            pair: Pair::new("v", "s"),
            state: TryState::Loading,
            at: 3,
        };
        let mut skipped = record("skipped", None, Some(""));
        skipped.skipped = Some("too long".into());
        view.accept(vec![record("none", Some(""), None), record("some", Some("x"), None), skipped]);
        let mut names = Vec::new();
        for _ in 0..4 {
            names.push(view.record().unwrap().name.clone());
            view.step(true);
        }
        assert_eq!(names, ["skipped", "some", "none", "skipped"]);
        view.step(false);
        assert_eq!(view.record().unwrap().name, "skipped");
    }
}
