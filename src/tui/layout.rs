//! Where things stand on a terminal of a given size. `update` asks it how far a page goes, `draw`
//! where to write; both get the same answer.

use super::log::unwritten_side;
use super::model::{Model, Pane};
use crate::model::Side;
use ratatui::layout::Rect;

/// The areas of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// Breadcrumbs, host, administrator.
    pub header: Rect,
    /// All between header and progress line.
    pub body: Rect,
    /// The connectors, with their border; nothing on narrow terminals while the other pane is used.
    pub left: Option<Rect>,
    /// The tab, with its border (which shares a column with the connectors' one).
    pub right: Option<Rect>,
    /// The progress line, or a toast.
    pub progress: Rect,
    /// The keys.
    pub footer: Rect,
}

/// The width that the log's tables need.
const LOG_WIDTH: u16 = 62;

/// The areas for the present size.
pub fn areas(model: &Model) -> Areas {
    let (width, height) = model.size;
    let line = |y: u16| Rect::new(0, y.min(height.saturating_sub(1)), width, 1);
    let body = Rect::new(0, 1, width, height.saturating_sub(3));
    let (left, right) = if width < 80 {
        match model.pane {
            Pane::Connectors => (Some(body), None),
            Pane::Body => (None, Some(body)),
        }
    } else {
        let inner = (width - 3 - LOG_WIDTH).clamp(15, 28);
        let left = Rect { width: inner + 2, ..body };
        let right = Rect { x: inner + 1, width: width - inner - 1, ..body };
        (Some(left), Some(right))
    };
    Areas {
        header: line(0),
        body,
        left,
        right,
        progress: line(height.saturating_sub(2)),
        footer: line(height.saturating_sub(1)),
    }
}

/// What is inside a border.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// One of the two tables of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableArea {
    /// Whose table.
    pub side: Side,
    /// The line with the side's name.
    pub title: u16,
    /// The first line below the column heads.
    pub rows: u16,
    /// How many rows there is room for; none: a sentence says that nothing is written there.
    pub height: u16,
}

/// The log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogArea {
    /// All of it.
    pub area: Rect,
    /// Its tables.
    pub tables: [TableArea; 2],
    /// The line where what is known about the run under the cursor begins.
    pub info: u16,
}

/// Lines below the tables that tell about the run under the cursor.
pub const INFO_LINES: u16 = 3;

/// Where the log's tables stand.
pub fn log(model: &Model) -> LogArea {
    let areas = areas(model);
    let area = inside(areas.right.unwrap_or(areas.body));
    let info = area.bottom().saturating_sub(INFO_LINES);
    let room = info.saturating_sub(area.y);
    // A title and a line of column heads each, or a title and a sentence.
    let (first, second) = match silent_side(model) {
        None => {
            let rows = room.saturating_sub(4);
            (rows.div_ceil(2), rows / 2)
        }
        Some(Side::Service) => (room.saturating_sub(4), 0),
        Some(Side::Vtiger) => (0, room.saturating_sub(4)),
    };
    let table = |side, y: u16, height: u16| TableArea { side, title: y, rows: y + 2, height };
    let vtiger = table(Side::Vtiger, area.y, first);
    let service = table(Side::Service, vtiger.rows + first, second);
    LogArea { area, tables: [vtiger, service], info }
}

/// The side whose table has nothing to show: the settings never write there, and no run that is
/// listed did.
pub fn silent_side(model: &Model) -> Option<Side> {
    let side = unwritten_side(&model.chosen()?.connector)?;
    (!model.log.wrote(side)).then_some(side)
}

/// How many rows of the log are visible in the table with the cursor.
pub fn log_height(model: &Model) -> usize {
    let tables = log(model).tables;
    let heights = tables.iter().map(|t| t.height).filter(|h| *h > 0);
    usize::from(heights.min().unwrap_or(1)).max(1)
}

/// How many rows of a record list are visible: below the column heads, above the line with count
/// and filter.
pub fn list_height(model: &Model) -> u64 {
    u64::from(inside(areas(model).body).height.saturating_sub(2)).max(1)
}

/// How many rows of the debug log are visible: below the line that tells its state and the column
/// heads, above the line with count and search.
pub fn debug_height(model: &Model) -> u64 {
    let areas = areas(model);
    u64::from(inside(areas.right.unwrap_or(areas.body)).height.saturating_sub(3)).max(1)
}

/// How many lines a full-width screen or a tab shows.
pub fn page(model: &Model) -> usize {
    usize::from(inside(areas(model).body).height).max(1)
}

/// Lines below the queue's entries: a rule, what is known of the one under the cursor, the filter.
pub fn queue_detail(model: &Model) -> u16 {
    if model.size.1 >= 24 { 9 } else { 6 }
}

/// How many entries of the queue are visible, below the column heads.
pub fn queue_height(model: &Model) -> usize {
    let areas = areas(model);
    let area = inside(areas.right.unwrap_or(areas.body));
    usize::from(area.height.saturating_sub(1 + queue_detail(model))).max(1)
}

/// Where the parts of the mapping editor stand, below each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappingArea {
    /// All of it.
    pub area: Rect,
    /// The line that tells the module's way, if there is room for it.
    pub told: Option<u16>,
    /// The column heads.
    pub heads: u16,
    /// How many lines of the mapping are visible below them.
    pub height: u16,
    /// What is known of the line under the cursor.
    pub detail: Rect,
    /// The line with filter and count.
    pub bottom: u16,
}

/// Where the parts of the mapping editor stand.
pub fn mapping(model: &Model) -> MappingArea {
    let areas = areas(model);
    let area = inside(areas.right.unwrap_or(areas.body));
    let tall = area.height >= 14;
    let heads = area.y + 1 + u16::from(tall);
    let bottom = area.bottom().saturating_sub(1);
    let detail_height = match area.height {
        0..14 => 3,
        14..24 => 7,
        _ => 11,
    };
    let top = bottom.saturating_sub(detail_height).max(heads + 1);
    MappingArea {
        area,
        told: tall.then_some(area.y + 1),
        heads,
        height: top.saturating_sub(heads + 1),
        detail: Rect { y: top, height: bottom.saturating_sub(top), ..area },
        bottom,
    }
}

/// The box of a large dialog: as wide and high as the screen lets it.
pub fn large(model: &Model) -> Rect {
    centred(model, model.size.0.saturating_sub(4).min(110), model.size.1.saturating_sub(4))
}

/// How many fields the list to choose from shows: below what is typed and the column heads, above
/// the line that tells about the chosen one.
pub fn field_rows(model: &Model) -> u16 {
    inside(large(model)).height.saturating_sub(4)
}

/// A box in the middle of the screen.
pub fn centred(model: &Model, width: u16, height: u16) -> Rect {
    let (columns, lines) = model.size;
    let width = width.min(columns.saturating_sub(2));
    let height = height.min(lines.saturating_sub(2));
    Rect::new((columns - width) / 2, (lines - height) / 2, width, height)
}
