//! The parts of a line that are chosen, not typed: what can be chosen, what is, and what another
//! choice does.

use super::super::steps;
use super::super::words::{KINDS, kind, way};
use super::{NO_STEP, PairForm, Slot, Step};
use crate::model::{Direction, EmptyRule, Module, PairKind};
use crate::settings::Choice;
use tui_input::Input;

impl PairForm {
    /// What can be chosen at a part; empty: it takes text, or is a button.
    pub fn choices(&self, slot: Slot) -> Vec<Choice> {
        let choice =
            |value: &str, label: String| Choice { value: value.to_owned(), label, why_not: None };
        let yes_no = |yes: &str, no: &str| {
            vec![choice("true", yes.to_owned()), choice("false", no.to_owned())]
        };
        match slot {
            Slot::Direction => self.directions(),
            Slot::Kind => {
                // Lines of documents are told by the systems; no other field becomes such.
                let kinds = KINDS.iter().filter(|(kind, ..)| {
                    *kind != PairKind::Items || self.base.kind == PairKind::Items
                });
                kinds.map(|(_, name, label)| choice(name, (*label).to_owned())).collect()
            }
            Slot::Refers => Module::ALL
                .iter()
                .map(|module| choice(module.key(), module.label().to_owned()))
                .collect(),
            Slot::Step(_) | Slot::Add => {
                let none = if slot == Slot::Add { "none" } else { "none: take it away" };
                let all = steps::STEPS.iter().map(|kind| choice(kind.key, kind.label.to_owned()));
                std::iter::once(choice(NO_STEP, none.to_owned())).chain(all).collect()
            }
            Slot::Param(step, param) => {
                let kind = self.steps.get(step).and_then(Step::kind);
                let param = kind.and_then(|kind| kind.params.get(param));
                let choices = param.map(|param| param.choices).unwrap_or_default();
                choices.iter().map(|(value, label)| choice(value, (*label).to_owned())).collect()
            }
            Slot::Empty => vec![
                choice("clear", "clears the target".to_owned()),
                choice("keep", "leaves the target as it is".to_owned()),
            ],
            Slot::Required => yes_no("yes: a record without it is skipped", "no"),
            Slot::Active => yes_no("active", "inactive"),
            Slot::Advanced => {
                vec![choice("false", self.advanced_words()), choice("true", "shown below".into())]
            }
            Slot::Once => yes_no("only when a record is created", "no: kept in step"),
            Slot::Zero => yes_no("counts as empty", "is a number like others"),
            Slot::Silent => yes_no("no opinion: nothing is compared", "counts as empty"),
            Slot::Vtiger
            | Slot::Service
            | Slot::Default
            | Slot::Description
            | Slot::Fallback
            | Slot::With
            | Slot::Done => Vec::new(),
        }
    }

    fn directions(&self) -> Vec<Choice> {
        let module = self.module;
        let only = way(module, &self.label);
        [Direction::Both, Direction::ToVtiger, Direction::ToService]
            .map(|direction| {
                let fits = module == Direction::Both
                    || direction == Direction::Both
                    || direction == module;
                let label = match (direction, module) {
                    (Direction::Both, Direction::ToVtiger | Direction::ToService) => {
                        format!("as the module: {only}")
                    }
                    (direction, _) => way(direction, &self.label),
                };
                let why_not = (!fits).then(|| {
                    format!(
                        "{} only travel {only}. Sync Direction in the settings says so.",
                        self.key.1
                    )
                });
                Choice { value: direction.key().to_owned(), label, why_not }
            })
            .to_vec()
    }

    /// What is chosen at a part.
    pub fn value(&self, slot: Slot) -> String {
        let bool = |on: bool| on.to_string();
        match slot {
            Slot::Direction => self.direction.key().to_owned(),
            Slot::Kind => kind(self.kind).to_owned(),
            Slot::Refers => self.refers.map(|m| m.key().to_owned()).unwrap_or_default(),
            Slot::Step(at) => self.steps.get(at).map_or(NO_STEP, |step| step.key).to_owned(),
            Slot::Param(step, param) => {
                let step = self.steps.get(step);
                let text = step.and_then(|step| step.texts.get(param));
                text.map(|text| text.value().to_owned()).unwrap_or_default()
            }
            Slot::Empty if self.empty == EmptyRule::Keep => "keep".to_owned(),
            Slot::Empty => "clear".to_owned(),
            Slot::Required => bool(self.required),
            Slot::Active => bool(self.active),
            Slot::Vtiger => self.vtiger.value().to_owned(),
            Slot::Service => self.service.value().to_owned(),
            Slot::Default => self.default.value().to_owned(),
            Slot::Description => self.description.value().to_owned(),
            Slot::Advanced => bool(self.advanced.open),
            Slot::Fallback => self.advanced.fallback.value().to_owned(),
            Slot::Once => bool(self.advanced.once),
            Slot::Zero => bool(self.advanced.zero),
            Slot::Silent => bool(self.advanced.silent),
            Slot::With => self.advanced.with.value().to_owned(),
            Slot::Add | Slot::Done => String::new(),
        }
    }

    /// Takes a choice.
    pub(super) fn choose(&mut self, slot: Slot, value: &str) {
        match slot {
            Slot::Direction => {
                self.direction = match value {
                    "to-vtiger" => Direction::ToVtiger,
                    "to-service" => Direction::ToService,
                    _ => Direction::Both,
                };
            }
            Slot::Kind => {
                let found = KINDS.iter().find(|(_, name, _)| *name == value);
                self.kind = found.map_or(self.kind, |(kind, ..)| *kind);
                self.kind_chosen = true;
            }
            Slot::Refers => self.refers = value.parse().ok(),
            Slot::Step(at) => match steps::kind(value) {
                Some(kind) => {
                    if let Some(step) = self.steps.get_mut(at) {
                        *step = Step::of(kind, steps::fresh(kind));
                    }
                }
                None => {
                    if at < self.steps.len() {
                        self.steps.remove(at);
                    }
                    self.focus = if at < self.steps.len() { slot } else { Slot::Add };
                }
            },
            Slot::Add => {
                if let Some(kind) = steps::kind(value) {
                    self.steps.push(Step::of(kind, steps::fresh(kind)));
                    self.focus = Slot::Step(self.steps.len() - 1);
                }
            }
            Slot::Param(step, param) => {
                let step = self.steps.get_mut(step);
                if let Some(text) = step.and_then(|step| step.texts.get_mut(param)) {
                    *text = Input::new(value.to_owned());
                }
            }
            Slot::Empty => {
                self.empty = if value == "keep" { EmptyRule::Keep } else { EmptyRule::Clear };
            }
            Slot::Required => self.required = value == "true",
            Slot::Active => self.active = value == "true",
            Slot::Advanced => self.advanced.open = value == "true",
            Slot::Once => self.advanced.once = value == "true",
            Slot::Zero => self.advanced.zero = value == "true",
            Slot::Silent => self.advanced.silent = value == "true",
            Slot::Vtiger
            | Slot::Service
            | Slot::Default
            | Slot::Description
            | Slot::Fallback
            | Slot::With
            | Slot::Done => {}
        }
    }
}
