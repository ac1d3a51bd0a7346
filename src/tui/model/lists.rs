//! A record list and a record's detail, as they are shown.

use crate::engine::queue::Entry as Standing;
use crate::model::{ConnectorId, Item, ItemStatus, Run, Stamp};
use crate::tui::list::VirtualList;
use crate::tui::msg::{Arrangement, Busy, Column, Links, Source};
use tui_input::Input;

/// A record list.
#[derive(Debug, Clone)]
pub struct ListView {
    /// What it shows.
    pub source: Source,
    /// Its title.
    pub title: String,
    /// The connector.
    pub connector: ConnectorId,
    /// Which statuses it can hold, each once.
    pub statuses: Vec<ItemStatus>,
    /// It is the plan of a preview.
    pub plan: bool,
    /// It is the plan of this held run.
    pub held: Option<Box<Run>>,
    /// The rows.
    pub list: VirtualList,
    /// Filter and order.
    pub arrangement: Arrangement,
    /// The filter while it is being typed.
    pub typing: Option<Input>,
    /// A filter or order is being made.
    pub making: Option<Making>,
    /// Rows that come are not filtered or sorted by themselves before this.
    pub rest: Stamp,
    /// When they are, if some have come.
    pub again: Option<Stamp>,
}

/// A filter or order that is being made for a record list.
#[derive(Debug, Clone)]
pub struct Making {
    /// What is made.
    pub arrangement: Arrangement,
    /// Since when.
    pub since: Stamp,
    /// How far it is; `None`: it is made by itself, because rows have come, and not worth a word.
    pub busy: Option<Busy>,
}

impl ListView {
    /// How far the filter or order is that somebody waits for.
    pub fn busy(&self) -> Option<Busy> {
        self.making.as_ref()?.busy
    }

    /// The columns, in order.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::SourceModule, Column::Name];
        if self.statuses.len() > 1 {
            columns.push(Column::Status);
        }
        columns.extend([Column::VtigerId, Column::ServiceId, Column::Time]);
        let with_reason = [ItemStatus::Skipped, ItemStatus::Waiting, ItemStatus::Conflict];
        if self.statuses.iter().any(|s| with_reason.contains(s)) {
            columns.push(Column::Reason);
        }
        columns
    }
}

/// The detail of a record.
#[derive(Debug, Clone)]
pub struct DetailView {
    /// The record.
    pub item: Item,
    /// The connector.
    pub connector: ConnectorId,
    /// Its web pages, once they are known.
    pub links: Option<Links>,
    /// Which question for them this is.
    pub generation: u64,
    /// First visible line.
    pub scroll: usize,
    /// What the queue knows of the record now.
    pub standing: Vec<Standing>,
}
