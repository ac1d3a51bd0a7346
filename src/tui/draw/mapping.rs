//! The mapping editor: modules as tabs, the lines of one in a table, and below it what is known of
//! the line under the cursor.

mod diff;
mod line;
mod pick;
mod trial;

pub use line::{draw as line, scrollable};

use super::paint::{filter_line, key_words, paragraph, put, put_line};
use crate::model::{Pair, Side};
use crate::remote::FieldInfo;
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::mapping::editor::{Row, Told};
use crate::tui::mapping::{self, Live, MapDialog, Shown, shown, visible, words};
use crate::tui::model::{Model, Pane};
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// Draws a dialog of the editor. Answers where its cursor is.
pub fn dialog(model: &Model, dialog: &MapDialog, buffer: &mut Buffer) -> Option<Position> {
    match dialog {
        MapDialog::Pick(picker) => pick::draw(model, picker, buffer),
        MapDialog::File(file) => pick::file(model, file, buffer),
        MapDialog::Try(view) => {
            trial::draw(model, view, buffer);
            None
        }
        MapDialog::Diff(view) => {
            diff::draw(model, view, buffer);
            None
        }
    }
}

/// How many lines of a dialog do not fit.
pub fn overflow(model: &Model, dialog: &MapDialog) -> usize {
    match dialog {
        MapDialog::Diff(view) => diff::overflow(model, view),
        _ => 0,
    }
}

/// Draws the tab. Answers where the cursor of the filter is.
pub fn draw(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    let at = layout::mapping(model);
    let Some(shown) = shown(model) else {
        put(buffer, at.area.x, at.area.y, at.area.width, " There is no module here.", DIM);
        return None;
    };
    let rows = shown.rows();
    let told = shown.told(&rows);
    tabs(model, &shown, at.area, buffer);
    if let Some(y) = at.told {
        let (words, style) = state(model, &shown, &told);
        put(buffer, at.area.x, y, at.area.width, &words, style);
    }
    let widths = Widths::of(usize::from(at.area.width));
    let heads = widths.line(
        "   ",
        &[("Vtiger", "* required"), (shown.label, "")],
        "↔",
        ["Type", "State"],
        [PLAIN; 2],
    );
    let heads = heads.style(DIM.add_modifier(Modifier::UNDERLINED));
    put_line(buffer, at.area.x, at.heads, at.area.width, &heads);
    let lines = visible(&model.mapping, &shown, &rows);
    let view = &model.mapping;
    let seen = lines.iter().enumerate().skip(view.top).take(usize::from(at.height));
    for (y, (n, row)) in (at.heads + 1..).zip(seen) {
        let Some(one) = rows.get(*row) else { continue };
        let chosen = n == view.cursor;
        let line = row_line(model, &shown, one, *row, &told, &widths, chosen);
        put_line(buffer, at.area.x, y, at.area.width, &line);
    }
    if lines.is_empty() {
        let words = match view.filter.is_empty() {
            true => {
                let key = model.key(Id::MapAdd, Place::Mapping);
                format!(" No line yet. {key} adds a custom mapping.")
            }
            false => format!(" No line has this text. {} clears the filter.", model.key_to_clear()),
        };
        put(buffer, at.area.x, at.heads + 1, at.area.width, &words, DIM);
    }
    if let Some((n, row)) = lines.get(view.cursor).and_then(|at| Some((*at, rows.get(*at)?))) {
        detail(&shown, row, n, &told, at.detail, buffer);
    }
    bottom(model, &lines, rows.len(), at.area, at.bottom, buffer)
}

/// The modules; those that do not fit are passed over on the left.
fn tabs(model: &Model, shown: &Shown<'_>, area: Rect, buffer: &mut Buffer) {
    let all = mapping::modules(model);
    let labels: Vec<(String, bool)> = all
        .iter()
        .map(|module| {
            let key = (shown.key.0, *module);
            let unsaved = if model.mapping.unsaved().any(|one| one == key) { "*" } else { "" };
            let off = match mapping::of(model, key) {
                Some(of) if !of.settings.enabled => " (off)",
                _ => "",
            };
            let chosen = *module == shown.key.1;
            let label = format!("{module}{unsaved}{off}");
            (if chosen { format!("[{label}]") } else { format!(" {label} ") }, chosen)
        })
        .collect();
    let width = |labels: &[(String, bool)]| -> usize {
        labels.iter().map(|(label, _)| text::width(label) + 1).sum()
    };
    let room = usize::from(area.width).saturating_sub(4);
    let chosen = labels.iter().position(|(_, chosen)| *chosen).unwrap_or(0);
    let mut first = 0;
    while first < chosen && width(&labels[first..=chosen]) > room {
        first += 1;
    }
    let mut spans = vec![Span::styled(if first > 0 { "‹" } else { " " }, DIM)];
    let (mut used, mut last) = (0, true);
    for (label, chosen) in &labels[first..] {
        used += text::width(label) + 1;
        if used > room + 1 {
            last = false;
            break;
        }
        let style = match (*chosen, model.pane) {
            (true, Pane::Body) => CURSOR,
            (true, Pane::Connectors) => BOLD,
            (false, _) => PLAIN,
        };
        spans.push(Span::styled(label.clone(), style));
        spans.push(Span::raw(" "));
    }
    if !last {
        spans.push(Span::styled("›", DIM));
    }
    put_line(buffer, area.x, area.y, area.width, &Line::from(spans));
}

/// The module's way, and how things stand.
fn state(model: &Model, shown: &Shown<'_>, told: &[Told]) -> (String, Style) {
    let way = words::way(shown.direction(), shown.label);
    let key = shown.spec.match_on.join(" + ");
    let mut parts = vec![way, format!("recognised by {key}")];
    let style = match model.mapping.live.get(&shown.key) {
        Some(Live::Loading) => {
            parts.push("◐ reading the fields…".to_owned());
            BUSY
        }
        Some(Live::Failed(error)) => {
            let key = model.key(Id::MapReload, Place::Mapping);
            parts = vec![format!("! {} {key} tries again.", error.what)];
            WARN
        }
        Some(Live::Ready(_)) | None => DIM,
    };
    let of_module = told.iter().find(|told| told.row.is_none());
    if style == DIM
        && let Some(problem) = of_module
    {
        return (format!(" ! {}", problem.text), WARN);
    }
    let problems = told.iter().filter(|told| told.row.is_some()).count();
    if problems > 0 {
        let count = u64::try_from(problems).unwrap_or(u64::MAX);
        parts.push(text::count(count, "problem", "problems"));
    }
    (format!(" {}", parts.join(" · ")), style)
}

/// The columns of the table.
struct Widths {
    fields: [usize; 2],
    how: usize,
}

impl Widths {
    const STATE: usize = 8;

    fn of(width: usize) -> Self {
        let how = if width >= 84 { 20 } else { 10 };
        let rest = width.saturating_sub(3 + 3 + how + 2 + Self::STATE + 1);
        let first = rest / 2;
        Self { fields: [first, rest - first], how }
    }

    /// A line of the table: each field by its label, with its name dim behind it where it fits.
    fn line(
        &self,
        marks: &str,
        fields: &[(&str, &str); 2],
        arrow: &str,
        [how, state]: [&str; 2],
        [style, second]: [Style; 2],
    ) -> Line<'static> {
        let mut spans = vec![Span::styled(marks.to_owned(), style)];
        for (at, ((label, name), width)) in fields.iter().zip(self.fields).enumerate() {
            let room = width.saturating_sub(text::width(label) + 1);
            // A name that does not fit stands below the table.
            if name.is_empty() || room < text::width(name) {
                spans.push(Span::styled(text::left(label, width), style));
            } else {
                spans.push(Span::styled(format!("{} ", text::clean(label)), style));
                spans.push(Span::styled(text::left(name, room), second));
            }
            if at == 0 {
                spans.push(Span::styled(format!(" {arrow} "), style));
            }
        }
        let tail = format!(" {} {}", text::left(how, self.how), text::left(state, Self::STATE));
        spans.push(Span::styled(tail, style));
        Line::from(spans)
    }
}

fn row_line(
    model: &Model,
    shown: &Shown<'_>,
    row: &Row,
    at: usize,
    told: &[Told],
    widths: &Widths,
    chosen: bool,
) -> Line<'static> {
    let pair = &row.pair;
    let of_row = |told: &&Told| told.row == Some(at);
    let problem = match told.iter().filter(of_row).any(|told| told.stops) {
        true => "✕",
        false if told.iter().any(|told| of_row(&told)) => "!",
        false => " ",
    };
    let saved = &shown.settings.mapping;
    let unsaved = match row.origin.line().and_then(|line| shown.lines.get(line)) {
        Some(line) if saved.contains(line) => " ",
        Some(line) if !line.replaces && saved.iter().all(|l| l.vtiger != line.vtiger) => "+",
        Some(_) => "~",
        None => {
            let back = |line: &Pair| {
                line.replaces && (line.vtiger == pair.vtiger || line.service == pair.service)
            };
            if saved.iter().any(back) { "~" } else { " " }
        }
    };
    let marks = format!("{}{unsaved}{problem}", if chosen { "▸" } else { " " });
    let [vtiger, service] = shown.names(pair);
    let needed = if pair.required { "*" } else { "" };
    let vtiger = format!("{vtiger}{needed}");
    let path = if vtiger.trim_end_matches('*') == pair.vtiger { "" } else { &pair.vtiger };
    let label = pair.service_label();
    let second = if service == label { "" } else { label.as_str() };
    let (style, dim) = match (chosen, model.pane, pair.active) {
        (true, Pane::Body, _) => (CURSOR, CURSOR),
        (true, Pane::Connectors, _) => (BOLD, BOLD),
        (false, _, true) => (PLAIN, DIM),
        (false, _, false) => (DIM, DIM),
    };
    let arrow = words::arrow(pair.direction, shown.direction());
    let how = words::how(pair);
    let fields = [(vtiger.as_str(), path), (service.as_str(), second)];
    widths.line(&marks, &fields, arrow, [&how, row.state()], [style, dim])
}

/// What is known of a field: label, name, type, mandatory mark, length, sample.
pub fn field_words(shown: &Shown<'_>, side: Side, path: &str) -> String {
    let at = usize::from(side == Side::Service);
    let info: Option<&FieldInfo> = shown.live.and_then(|live| live.infos[at].field(path));
    let mut parts = Vec::new();
    if let Some(info) = info {
        if !info.label.is_empty() && info.label != path {
            parts.push(info.label.clone());
        }
        parts.push(path.to_owned());
        parts.push(info.type_name.clone());
        if info.mandatory {
            parts.push("mandatory".to_owned());
        }
        if !info.writable {
            parts.push("read only".to_owned());
        }
        if let Some(length) = info.max_length {
            parts.push(format!("up to {length}"));
        }
    } else {
        parts.push(path.to_owned());
    }
    if let Some(sample) = shown.live.and_then(|live| live.samples[at].get(path)) {
        parts.push(format!("\"{}\"", text::fit(sample, 30)));
    }
    parts.join(" · ")
}

fn detail(shown: &Shown<'_>, row: &Row, at: usize, told: &[Told], area: Rect, buffer: &mut Buffer) {
    let pair = &row.pair;
    let width = usize::from(area.width);
    let mut lines = vec![Line::styled("─".repeat(width), DIM)];
    let columns = text::width(shown.label).max(6) + 2;
    let room = width.saturating_sub(columns + 1);
    let one = |label: &str, words: &str| {
        let label = Span::styled(format!(" {}", text::left(label, columns)), DIM);
        Line::from(vec![label, Span::styled(text::fit(words, room), PLAIN)])
    };
    let small = area.height < 6;
    if !small {
        lines.push(one("Vtiger", &field_words(shown, Side::Vtiger, &pair.vtiger)));
        let service: Vec<String> =
            pair.service.iter().map(|path| field_words(shown, Side::Service, path)).collect();
        lines.push(one(shown.label, &service.join(" + ")));
    }
    let mut how = vec![words::kind(pair.kind).to_owned()];
    if !pair.transform.is_empty() {
        how.push(words::steps(pair));
    }
    if pair.required {
        how.push("required: without it a record is skipped".to_owned());
    }
    if !pair.default.is_empty() {
        how.push(format!("default \"{}\"", pair.default));
    }
    how.push(format!("an empty source {}", words::empty(pair.empty)));
    how.extend(words::advanced(pair));
    let how = format!("{}.", how.join(" · "));
    let problems: Vec<&Told> = told.iter().filter(|told| told.row == Some(at)).collect();
    let mut told_lines = Vec::new();
    for problem in &problems {
        let (mark, style) = if problem.stops { ("✕", BAD) } else { ("!", WARN) };
        told_lines.extend(paragraph(
            &format!(" {mark}"),
            3,
            &problem.text,
            width.saturating_sub(1),
            style,
        ));
    }
    if small {
        lines.extend(told_lines);
        lines.push(Line::styled(text::fit(&format!(" {how}"), width), PLAIN));
    } else {
        let most = if told_lines.is_empty() { 2 } else { 1 };
        let way = text::wrap(&how, width.saturating_sub(3));
        let more = if way.len() > most { "…" } else { "" };
        for (n, words) in way.iter().take(most).enumerate() {
            let end = if n + 1 == most { more } else { "" };
            lines.push(Line::styled(format!(" {words}{end}"), PLAIN));
        }
        lines.extend(told_lines);
    }
    lines.extend(paragraph(" ", 1, &pair.description, width.saturating_sub(1), DIM));
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        put_line(buffer, area.x, y, area.width, line);
    }
}

/// The line below: the filter, further keys, and where the cursor is.
fn bottom(
    model: &Model,
    lines: &[usize],
    total: usize,
    area: Rect,
    y: u16,
    buffer: &mut Buffer,
) -> Option<Position> {
    let view = &model.mapping;
    let at = if lines.is_empty() { 0 } else { view.cursor + 1 };
    let count = match view.filter.is_empty() {
        true => format!("line {at} of {total} "),
        false => format!("line {at} of {}/{total} ", lines.len()),
    };
    let told = match view.filter.is_empty() {
        true => {
            let words = [
                (Id::MapUndo, "undo"),
                (Id::MapRemove, "remove"),
                (Id::MapRestore, "restore"),
                (Id::MapExport, "export"),
            ];
            key_words(model, Place::Mapping, &words)
        }
        false => format!("/{}", view.filter),
    };
    let line = Rect { y, height: 1, ..area };
    let at = filter_line(buffer, line, &count, view.typing.as_ref(), &told)?;
    model.dialogs.is_empty().then_some(at.into())
}
