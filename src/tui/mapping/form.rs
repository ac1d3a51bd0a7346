//! The form of one line: everything that it has, as it is entered, and what is made of it.

mod advanced;
mod choices;

use super::editor::Row;
use super::steps::{self, StepKind};
use super::tryout::TryView;
use super::{Key, picker};
use crate::engine::LiveFields;
use crate::model::{Direction, EmptyRule, Module, Pair, PairKind};
use crate::settings::{Choice, LinePart, next_choice};
use advanced::Advanced;
use tui_input::{Input, InputRequest};

/// A part of the form that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The Vtiger field.
    Vtiger,
    /// The service field or fields.
    Service,
    /// The direction.
    Direction,
    /// The type.
    Kind,
    /// The module that a reference points to.
    Refers,
    /// A transform.
    Step(usize),
    /// A parameter of a transform.
    Param(usize, usize),
    /// Another transform.
    Add,
    /// The default value.
    Default,
    /// What an empty source does.
    Empty,
    /// Whether an empty value skips the record.
    Required,
    /// Whether the line takes part.
    Active,
    /// The description.
    Description,
    /// *Advanced*: shown or hidden.
    Advanced,
    /// Service fields that are read in turn.
    Fallback,
    /// Whether it is used only when a record is created.
    Once,
    /// Whether a zero counts as empty.
    Zero,
    /// Whether nothing on the service's side is no opinion.
    Silent,
    /// Switches of the service that are set with it.
    With,
    /// *Take over*.
    Done,
}

/// A transform as it is entered.
#[derive(Debug, Clone)]
pub struct Step {
    /// The name of its kind in files.
    pub key: &'static str,
    /// Its parameters.
    pub texts: Vec<Input>,
}

impl Step {
    fn of(kind: &'static StepKind, texts: Vec<String>) -> Self {
        Self { key: kind.key, texts: texts.into_iter().map(Input::new).collect() }
    }

    /// What it is.
    pub fn kind(&self) -> Option<&'static StepKind> {
        steps::kind(self.key)
    }
}

/// The form.
#[derive(Debug, Clone)]
pub struct PairForm {
    /// Connector and module.
    pub key: Key,
    /// The line that is edited; `None`: a new one.
    pub row: Option<Row>,
    /// What the service is called.
    pub label: String,
    /// The module's direction.
    pub module: Direction,
    /// The line as it was.
    base: Pair,
    /// The Vtiger field.
    pub vtiger: Input,
    /// The service fields, with ` + ` between them.
    pub service: Input,
    direction: Direction,
    kind: PairKind,
    /// The type was chosen by hand: it does not follow the fields any more.
    kind_chosen: bool,
    refers: Option<Module>,
    /// The transforms.
    pub steps: Vec<Step>,
    /// The default value.
    pub default: Input,
    empty: EmptyRule,
    required: bool,
    active: bool,
    /// The description.
    pub description: Input,
    /// What few lines need.
    pub advanced: Advanced,
    /// What has the focus.
    pub focus: Slot,
    /// How many lines it was scrolled down from where the focus would have it.
    pub scroll: usize,
    /// What was entered cannot be read: where, and why.
    pub error: Option<(Slot, String)>,
    /// The last try-out.
    pub trial: Option<TryView>,
    /// Why nothing can be changed, if that is so.
    pub locked: Option<String>,
}

/// What stands between service fields.
const AND: &str = " + ";
/// What stands for *no transform*.
const NO_STEP: &str = "";

impl PairForm {
    /// The form of a line, or of a new one.
    pub fn new(key: Key, row: Option<Row>, module: Direction, label: &str) -> Self {
        let base = row.as_ref().map_or_else(
            || Pair { direction: module, service: Vec::new(), ..Pair::new("", "") },
            |row| row.pair.clone(),
        );
        let known = |step| {
            let kind = steps::kind(crate::model::Transform::key(step))?;
            Some(Step::of(kind, steps::texts(step)))
        };
        Self {
            key,
            label: label.to_owned(),
            module,
            vtiger: Input::new(base.vtiger.clone()),
            service: Input::new(base.service.join(AND)),
            direction: base.direction,
            kind: base.kind,
            kind_chosen: row.is_some(),
            refers: base.module,
            steps: base.transform.iter().filter_map(known).collect(),
            default: Input::new(base.default.clone()),
            empty: base.empty,
            required: base.required,
            active: base.active,
            description: Input::new(base.description.clone()),
            advanced: Advanced::of(&base),
            focus: Slot::Vtiger,
            scroll: 0,
            error: None,
            trial: None,
            locked: None,
            row,
            base,
        }
    }

    /// Its heading.
    pub fn title(&self) -> String {
        match &self.row {
            None => "Add Custom Mapping".to_owned(),
            Some(row) => format!("{} ↔ {}", row.pair.vtiger, row.pair.service_label()),
        }
    }

    /// Everything that can have the focus, in order.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::Vtiger, Slot::Service, Slot::Direction, Slot::Kind];
        if self.kind == PairKind::Reference {
            slots.push(Slot::Refers);
        }
        for (at, step) in self.steps.iter().enumerate() {
            slots.push(Slot::Step(at));
            slots.extend((0..step.texts.len()).map(|param| Slot::Param(at, param)));
        }
        slots.push(Slot::Add);
        slots.extend([
            Slot::Default,
            Slot::Empty,
            Slot::Required,
            Slot::Active,
            Slot::Description,
            Slot::Advanced,
        ]);
        if self.advanced.open {
            slots.extend(Slot::ADVANCED);
        }
        slots.push(Slot::Done);
        slots
    }

    /// Moves the focus.
    pub fn move_focus(&mut self, forward: bool) {
        let slots = self.slots();
        let at = slots.iter().position(|slot| *slot == self.focus).unwrap_or(0);
        let next = if forward { at + 1 } else { at + slots.len() - 1 } % slots.len();
        self.go_to(slots[next]);
    }

    /// Gives a part the focus.
    pub fn go_to(&mut self, slot: Slot) {
        self.uncover(slot);
        self.focus = slot;
        self.scroll = 0;
    }

    /// The service fields that are entered.
    pub fn service_paths(&self) -> Vec<String> {
        let parts = self.service.value().split(AND).map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Takes a chosen field over; the type follows, unless it was chosen by hand.
    pub fn take_field(&mut self, picker: &picker::Picker, path: &str, live: Option<&LiveFields>) {
        if self.focus == Slot::Fallback {
            let mut paths = picker.marked.clone();
            if !path.is_empty() && !paths.iter().any(|marked| marked == path) {
                paths.push(path.to_owned());
            }
            self.advanced.fallback = Input::new(paths.join(", "));
            self.error = None;
            return self.move_focus(true);
        }
        if picker.service {
            let mut paths = picker.marked.clone();
            if !path.is_empty() && !paths.iter().any(|marked| marked == path) {
                paths.push(path.to_owned());
            }
            self.service = Input::new(paths.join(AND));
            let joined = self.steps.iter().any(|step| step.key == "join");
            if paths.len() > 1 && self.kind != PairKind::Lines && !joined {
                // Several fields are one text; how, can still be changed.
                if let Some(kind) = steps::kind("join") {
                    self.steps.insert(0, Step::of(kind, vec!["\" \"".to_owned()]));
                }
            }
        } else {
            self.vtiger = Input::new(path.to_owned());
        }
        self.error = None;
        if !self.kind_chosen {
            let field = |at: usize, path: &str| live.and_then(|live| live.infos[at].field(path));
            let service = self.service_paths();
            let theirs = service.first().and_then(|path| field(1, path));
            self.kind = picker::suited(field(0, self.vtiger.value()), theirs);
        }
        self.move_focus(true);
    }

    /// The text field that has the focus.
    pub fn input(&self) -> Option<&Input> {
        match self.focus {
            Slot::Vtiger => Some(&self.vtiger),
            Slot::Service => Some(&self.service),
            Slot::Default => Some(&self.default),
            Slot::Description => Some(&self.description),
            Slot::Fallback => Some(&self.advanced.fallback),
            Slot::With => Some(&self.advanced.with),
            Slot::Param(step, param) if self.choices(self.focus).is_empty() => {
                self.steps.get(step)?.texts.get(param)
            }
            _ => None,
        }
    }

    fn input_mut(&mut self) -> Option<&mut Input> {
        if !self.choices(self.focus).is_empty() {
            return None;
        }
        match self.focus {
            Slot::Vtiger => Some(&mut self.vtiger),
            Slot::Service => Some(&mut self.service),
            Slot::Default => Some(&mut self.default),
            Slot::Description => Some(&mut self.description),
            Slot::Fallback => Some(&mut self.advanced.fallback),
            Slot::With => Some(&mut self.advanced.with),
            Slot::Param(step, param) => self.steps.get_mut(step)?.texts.get_mut(param),
            _ => None,
        }
    }

    /// What a key does to the part with the focus.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub fn edit(&mut self, request: InputRequest) -> Result<(), String> {
        let looks = [Slot::Done, Slot::Advanced].contains(&self.focus);
        if let Some(why) = self.locked.clone().filter(|_| !looks) {
            return Err(why);
        }
        let choices = self.choices(self.focus);
        if choices.is_empty() {
            if let Some(input) = self.input_mut() {
                input.handle(request);
                self.error = None;
            }
            return Ok(());
        }
        let forward = match request {
            InputRequest::GoToNextChar | InputRequest::InsertChar(' ') => true,
            InputRequest::GoToPrevChar => false,
            InputRequest::InsertChar(letter) => return self.jump(letter, &choices),
            _ => return Err("Left and Right choose here.".into()),
        };
        match next_choice(&choices, &self.value(self.focus), forward) {
            Some(choice) => {
                let (slot, value) = (self.focus, choice.value.clone());
                self.choose(slot, &value);
                self.error = None;
                Ok(())
            }
            None => {
                let others = choices.iter().find_map(|choice| choice.why_not.clone());
                Err(others.unwrap_or_else(|| "There is nothing else to choose.".into()))
            }
        }
    }

    /// A letter takes the next choice that begins with it.
    fn jump(&mut self, letter: char, choices: &[Choice]) -> Result<(), String> {
        let begins = |choice: &&Choice| {
            choice.label.chars().next().is_some_and(|c| c.eq_ignore_ascii_case(&letter))
        };
        let now = self.value(self.focus);
        let at = choices.iter().position(|choice| choice.value == now).map_or(0, |at| at + 1);
        let round = choices.iter().cycle().skip(at).take(choices.len());
        match round.filter(|choice| choice.value != now).find(begins) {
            Some(choice) if choice.why_not.is_none() => {
                let (slot, value) = (self.focus, choice.value.clone());
                self.choose(slot, &value);
                self.error = None;
                Ok(())
            }
            Some(choice) => Err(choice.why_not.clone().unwrap_or_default()),
            None => Err("Left and Right choose here.".into()),
        }
    }

    /// Puts pasted text into the field with the focus.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim().chars().filter(|c| !c.is_control()) {
            if self.input().is_none() || self.edit(InputRequest::InsertChar(c)).is_err() {
                return;
            }
        }
    }

    /// The line that is entered.
    ///
    /// # Errors
    /// What cannot be read, and where it stands.
    pub fn pair(&self) -> Result<Pair, (Slot, String)> {
        if self.vtiger.value().trim().is_empty() {
            return Err((Slot::Vtiger, "Choose a field from the list.".into()));
        }
        if self.service_paths().is_empty() {
            return Err((Slot::Service, "Choose a field from the list.".into()));
        }
        self.advanced.with().map_err(|why| (Slot::With, why))?;
        let mut pair = self.draft();
        pair.transform.clear();
        for (at, step) in self.steps.iter().enumerate() {
            let read = steps::read(step.key, &step.values());
            pair.transform.push(read.map_err(|(param, why)| (Slot::Param(at, param), why))?);
        }
        Ok(pair)
    }

    /// The line as far as it can be read.
    pub fn draft(&self) -> Pair {
        let steps = self.steps.iter();
        self.advanced.put(Pair {
            vtiger: self.vtiger.value().trim().to_owned(),
            service: self.service_paths(),
            direction: self.direction,
            kind: self.kind,
            module: self.refers.filter(|_| self.kind == PairKind::Reference).or(
                // A line that names the referred record keeps its module.
                self.base
                    .module
                    .filter(|_| self.kind == self.base.kind && self.kind != PairKind::Reference),
            ),
            active: self.active,
            description: self.description.value().trim().to_owned(),
            required: self.required,
            empty: self.empty,
            default: self.default.value().to_owned(),
            transform: steps.filter_map(|s| steps::read(s.key, &s.values()).ok()).collect(),
            ..self.base.clone()
        })
    }

    /// Whether something was entered.
    pub fn changed(&self) -> bool {
        let before = match &self.row {
            Some(row) => row.pair.clone(),
            None => Self::new(self.key, None, self.module, &self.label).draft(),
        };
        self.pair().map_or_else(
            |_| {
                self.draft() != before
                    || self.steps.len() != before.transform.len()
                    || self.unread()
            },
            |pair| pair != before,
        )
    }

    /// Whether something stands in it that cannot be read.
    fn unread(&self) -> bool {
        let bad = |step: &Step| steps::read(step.key, &step.values()).is_err();
        self.steps.iter().any(bad) || self.advanced.with().is_err()
    }

    /// The part that a problem is told at.
    pub fn slot_of(part: LinePart) -> Slot {
        match part {
            LinePart::Vtiger => Slot::Vtiger,
            LinePart::Service => Slot::Service,
            LinePart::Direction => Slot::Direction,
            LinePart::Kind => Slot::Kind,
            LinePart::Module => Slot::Refers,
            LinePart::Transform(at) => Slot::Step(at),
            LinePart::Active => Slot::Active,
            LinePart::Fallback => Slot::Fallback,
            LinePart::With => Slot::With,
        }
    }
}

impl Step {
    /// The texts of its parameters.
    pub fn values(&self) -> Vec<String> {
        self.texts.iter().map(|text| text.value().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests;
