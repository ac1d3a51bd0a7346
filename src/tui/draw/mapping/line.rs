//! The form of a mapping line: each part with what is told about it, and at the bottom its help and
//! the last try-out.

use super::super::paint::{boxed, input, line, put, put_line};
use super::{field_words, trial};
use crate::model::Side;
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::mapping::editor::{self, Told};
use crate::tui::mapping::form::{PairForm, Slot};
use crate::tui::mapping::{self, Shown};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, CURSOR, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

/// Columns of the labels, with the mark before them.
const LABEL: u16 = 20;
/// Lines of the help at the bottom.
const HELP: u16 = 2;

enum Part {
    Text(Line<'static>),
    Slot(Slot),
}

/// Draws the form. Answers where the cursor is.
pub fn draw(model: &Model, form: &PairForm, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let state = match (&form.locked, form.changed()) {
        (Some(_), _) => " · read-only",
        (None, true) => " · not taken over",
        (None, false) => "",
    };
    let room = usize::from(area.width.saturating_sub(6)).saturating_sub(text::width(state));
    let title = format!(" {}{state} ", text::fit(&form.title(), room));
    boxed(buffer, area, Line::styled(title, BOLD));
    let inside = layout::inside(area);
    let strip = trial_lines(model, form, usize::from(inside.width));
    let below = HELP + u16::try_from(strip.len()).unwrap_or(0);
    let view = Rect { height: inside.height.saturating_sub(below), ..inside };
    let (parts, focus) = parts(model, form, usize::from(inside.width));
    let top = first_visible(form.scroll, parts.len(), focus, usize::from(view.height));
    let mut cursor = None;
    for (y, part) in (view.y..view.bottom()).zip(parts.iter().skip(top)) {
        match part {
            Part::Text(text) => put_line(buffer, view.x, y, view.width, text),
            Part::Slot(slot) => {
                let x = draw_slot(model, form, *slot, view, y, buffer);
                cursor = x.map(|x| Position::new(x, y)).or(cursor);
            }
        }
    }
    let rest = parts.len().saturating_sub(top + usize::from(view.height));
    if rest > 0 {
        let more = format!(" ▼ {rest} more ");
        let width = u16::try_from(text::width(&more)).unwrap_or(0).min(area.width);
        put(buffer, inside.right().saturating_sub(width), inside.bottom(), width, &more, DIM);
    }
    let mut y = view.bottom();
    for line in &strip {
        put_line(buffer, inside.x, y, inside.width, line);
        y += 1;
    }
    let words = help(model, form);
    for (y, text) in (y..inside.bottom()).zip(text::wrap(&words, usize::from(inside.width) - 2)) {
        put(buffer, inside.x + 1, y, inside.width.saturating_sub(2), &text, DIM);
    }
    cursor.filter(|_| model.dialogs.is_empty())
}

/// What is told about the line as it is entered.
fn told(shown: &Shown<'_>, form: &PairForm) -> Vec<Told> {
    let pair = form.draft();
    if pair.vtiger.is_empty() || pair.service.is_empty() {
        return Vec::new();
    }
    let mut lines = shown.lines.to_vec();
    editor::put(shown.spec, &mut lines, form.row.as_ref(), pair.clone());
    let rows = editor::rows(shown.spec, &lines);
    let at = rows
        .iter()
        .rposition(|row| row.pair.vtiger == pair.vtiger && row.pair.service == pair.service);
    let labels = ["Vtiger", shown.label];
    let mut told = editor::told(shown.spec, shown.direction(), &lines, &rows, shown.live, labels);
    told.retain(|told| at.is_some() && told.row == at);
    told
}

/// The lines of the form, and from which to which the focus goes.
fn parts(model: &Model, form: &PairForm, width: usize) -> (Vec<Part>, (usize, usize)) {
    let shown = mapping::of(model, form.key);
    let told = shown.as_ref().map(|shown| told(shown, form)).unwrap_or_default();
    let (mut parts, mut focus) = (Vec::new(), (0, 1));
    let indent = usize::from(LABEL);
    let slots = form.slots();
    for slot in &slots {
        if *slot == Slot::Done {
            parts.push(Part::Text(Line::default()));
        }
        let begin = parts.len();
        parts.push(Part::Slot(*slot));
        let mut tell = |text: &str, stops: bool| {
            let (mark, style) = if stops { ("✕", BAD) } else { ("!", WARN) };
            let room = width.saturating_sub(indent + 1);
            for part in text::wrap(&format!("{mark} {text}"), room) {
                parts.push(Part::Text(line(format!("{}{part}", " ".repeat(indent)), style)));
            }
        };
        if let Some((_, why)) = form.error.as_ref().filter(|(at, _)| at == slot) {
            tell(why, true);
        }
        for problem in &told {
            let at = PairForm::slot_of(problem.part);
            let hidden = if Slot::ADVANCED.contains(&at) { Slot::Advanced } else { Slot::Kind };
            let at = if slots.contains(&at) { at } else { hidden };
            if at == *slot {
                tell(&problem.text, problem.stops);
            }
        }
        if *slot == form.focus {
            focus = (begin, parts.len());
        }
    }
    (parts, focus)
}

/// The form is turned page by page, so that little moves over a slow line.
fn first_visible(scroll: usize, length: usize, focus: (usize, usize), height: usize) -> usize {
    let (begin, end) = focus;
    let top = if end <= height {
        0
    } else {
        let page = height.saturating_sub(2).max(1);
        (begin / page * page).max(end.saturating_sub(height)).min(begin)
    };
    let top = top.min(length.saturating_sub(height));
    (top + scroll).min(length.saturating_sub(1))
}

/// How many lines the form can be scrolled down on a screen of this size.
pub fn scrollable(model: &Model, form: &PairForm, area: Rect) -> usize {
    let inside = layout::inside(area);
    let width = usize::from(inside.width);
    let (parts, focus) = parts(model, form, width);
    let strip = trial_lines(model, form, width).len();
    let height = usize::from(inside.height.saturating_sub(HELP)).saturating_sub(strip);
    let top = first_visible(0, parts.len(), focus, height);
    parts.len().saturating_sub(top + height)
}

fn label(form: &PairForm, slot: Slot) -> String {
    match slot {
        Slot::Vtiger => "Vtiger field*".to_owned(),
        Slot::Service => format!("{} field*", form.label),
        Slot::Direction => "Direction".to_owned(),
        Slot::Kind => "Type".to_owned(),
        Slot::Refers => "Refers to".to_owned(),
        Slot::Step(0) => "Transform".to_owned(),
        Slot::Step(_) => "then".to_owned(),
        Slot::Param(step, param) => {
            let kind = form.steps.get(step).and_then(|step| step.kind());
            let param = kind.and_then(|kind| kind.params.get(param));
            format!("  {}", param.map_or("", |param| param.label))
        }
        Slot::Add if form.steps.is_empty() => "Transform".to_owned(),
        Slot::Add => "then".to_owned(),
        Slot::Default => "Default value".to_owned(),
        Slot::Empty => "Empty source".to_owned(),
        Slot::Required => "Required".to_owned(),
        Slot::Active => "Status".to_owned(),
        Slot::Description => "Description".to_owned(),
        Slot::Advanced => "Advanced".to_owned(),
        Slot::Fallback => "  Else read from".to_owned(),
        Slot::Once => "  Used".to_owned(),
        Slot::Zero => "  A zero".to_owned(),
        Slot::Silent => "  A null".to_owned(),
        Slot::With => "  Set with it".to_owned(),
        Slot::Done => String::new(),
    }
}

fn draw_slot(
    model: &Model,
    form: &PairForm,
    slot: Slot,
    view: Rect,
    y: u16,
    buffer: &mut Buffer,
) -> Option<u16> {
    let focused = form.focus == slot;
    if slot == Slot::Done {
        let style = if focused { CURSOR } else { BOLD };
        put(buffer, view.x + 1, y, view.width, "[ Take over ]", style);
        return None;
    }
    let pointer = if focused { "▸" } else { " " };
    let words = format!("{pointer}{}", label(form, slot));
    put(buffer, view.x, y, LABEL - 1, &words, if focused { BOLD } else { PLAIN });
    let area = Rect::new(view.x + LABEL, y, view.width.saturating_sub(LABEL + 1), 1);
    let choices = form.choices(slot);
    if !choices.is_empty() {
        let value = form.value(slot);
        let chosen = choices.iter().find(|choice| choice.value == value);
        let label = chosen.map_or("not chosen", |choice| choice.label.as_str());
        let shown = if focused { format!("‹ {label} ›") } else { format!("  {label}") };
        put(buffer, area.x, y, area.width, &shown, if focused { CURSOR } else { PLAIN });
        return None;
    }
    let (field, known) = field_area(model, form, slot, area);
    let typed = match slot {
        Slot::Vtiger => &form.vtiger,
        Slot::Service => &form.service,
        Slot::Default => &form.default,
        Slot::Description => &form.description,
        Slot::Fallback => &form.advanced.fallback,
        Slot::With => &form.advanced.with,
        Slot::Param(step, param) => form.steps.get(step)?.texts.get(param)?,
        _ => return None,
    };
    let style = PLAIN.add_modifier(Modifier::UNDERLINED);
    let x = if focused {
        input(buffer, field, typed, false, style)
    } else {
        // From its beginning, whatever the cursor in it is at.
        let words = text::left(typed.value(), usize::from(field.width));
        put(buffer, field.x, y, field.width, &words, style);
        field.x
    };
    if typed.value().is_empty() {
        let hint = match slot {
            Slot::Vtiger | Slot::Service => {
                format!("{} lists the fields", model.key(Id::PairEnter, Place::Pair))
            }
            Slot::Fallback => {
                format!("none; {} lists the fields", model.key(Id::PairEnter, Place::Pair))
            }
            Slot::Default | Slot::With => "none".to_owned(),
            _ => String::new(),
        };
        put(buffer, field.x, y, field.width, &hint, DIM.add_modifier(Modifier::UNDERLINED));
    }
    put(buffer, field.right() + 2, y, area.right().saturating_sub(field.right() + 2), &known, DIM);
    focused.then_some(x)
}

/// Where the text of a part stands, and what is known of the field it names.
fn field_area(model: &Model, form: &PairForm, slot: Slot, area: Rect) -> (Rect, String) {
    let side = match slot {
        Slot::Vtiger => Side::Vtiger,
        Slot::Service => Side::Service,
        _ => return (area, String::new()),
    };
    let path = match side {
        Side::Vtiger => Some(form.vtiger.value().trim().to_owned()),
        Side::Service => form.service_paths().into_iter().next(),
    };
    let shown = mapping::of(model, form.key);
    let words = match (shown, path.filter(|path| !path.is_empty())) {
        (Some(shown), Some(path)) if shown.live.is_some() => {
            let words = field_words(&shown, side, &path);
            words.replacen(&format!("{path} · "), "", 1)
        }
        _ => String::new(),
    };
    let width = (area.width / 2).clamp(18.min(area.width), 40);
    (Rect { width, ..area }, words)
}

/// The help of what has the focus.
fn help(model: &Model, form: &PairForm) -> String {
    let enter = model.key(Id::PairEnter, Place::Pair);
    if let Some(why) = &form.locked {
        return why.clone();
    }
    let why_not = form.choices(form.focus).into_iter().find_map(|choice| choice.why_not);
    match form.focus {
        Slot::Vtiger => {
            format!(
                "The field in Vtiger. {enter} lists all fields; a path such as account_id.phone \
                 goes through a reference."
            )
        }
        Slot::Service => {
            format!(
                "The field in the service. {enter} lists all fields; several, joined or line by \
                 line, stand with + between them."
            )
        }
        Slot::Direction => {
            why_not.unwrap_or_else(|| "Which side gives and which one takes.".into())
        }
        Slot::Kind => {
            "How values are compared: what counts as the same, and what may be sent.".into()
        }
        Slot::Refers => "The module of the record that is meant; it travels by its link.".into(),
        Slot::Step(at) => {
            let kind = form.steps.get(at).and_then(|step| step.kind());
            format!("{} Left and Right choose another one.", kind.map_or("", |kind| kind.help))
        }
        Slot::Param(step, param) => {
            let kind = form.steps.get(step).and_then(|step| step.kind());
            let param = kind.and_then(|kind| kind.params.get(param));
            param.map_or("", |param| param.help).to_owned()
        }
        Slot::Add => "A change that a value gets on its way. Left and Right choose one.".into(),
        Slot::Default => "What is taken where the source is empty.".into(),
        Slot::Empty => "What an empty source does to a target that has a value.".into(),
        Slot::Required => "Whether a record in which it is empty is skipped.".into(),
        Slot::Active => "An inactive line is kept, and takes no part.".into(),
        Slot::Description => "For people.".into(),
        Slot::Advanced => {
            "What few lines need: other fields to read from, when it is used, what counts as \
             empty. Left and Right show and hide it."
                .into()
        }
        Slot::Fallback => format!(
            "Fields of the service that are read in turn while the first one is empty. Never \
             written. {enter} lists all fields; commas stand between several."
        ),
        Slot::Once => {
            "Whether a later change of the value travels, or only the first value does.".into()
        }
        Slot::Zero => {
            "Whether 0 means that nothing is set, as in a price that is not known.".into()
        }
        Slot::Silent => {
            "What null on the service's side means: some services say null where they keep no \
             value."
                .into()
        }
        Slot::With => "Switches of the service that are set whenever this is written to it, as \
             manage_stock = yes. Commas stand between several."
            .into(),
        Slot::Done => {
            let key = model.key(Id::MapSave, Place::Mapping);
            format!("Takes the line over. It is saved together with the others: {key} there.")
        }
    }
}

/// The last try-out with the line as it is entered now.
fn trial_lines(model: &Model, form: &PairForm, width: usize) -> Vec<Line<'static>> {
    let Some(view) = &form.trial else { return Vec::new() };
    let (Some(record), Some(shown)) = (view.record(), mapping::of(model, form.key)) else {
        return Vec::new();
    };
    let pair = form.draft();
    if pair.vtiger != view.pair.vtiger || pair.service != view.pair.service {
        let key = model.key(Id::PairTry, Place::Pair);
        let words = format!(" Try-out: the fields are others now; {key} reads them.");
        return vec![line(words, DIM)];
    }
    trial::outcome_lines(&shown, &pair, record, width.saturating_sub(24) / 2)
        .into_iter()
        .map(|(words, style)| {
            Line::styled(text::fit(&format!(" {words}"), width.saturating_sub(1)), style)
        })
        .collect()
}
