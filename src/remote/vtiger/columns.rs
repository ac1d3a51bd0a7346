//! Which columns a query names for the paths that are wanted, and how its rows become records.

use super::describe::Described;
use super::documents::Extra;
use super::events;
use super::time::Zone;
use crate::model::{Record, Value};
use syncdeck_records::project::{Projected, Projection};

/// What a connector reads for itself.
const SLOTS: [&str; 4] = ["id", "modifiedtime", "createdtime", "deleted"];

/// A path through a reference (`account_id.accountname`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefPath {
    /// The whole path.
    pub(crate) path: String,
    /// The reference.
    pub(crate) base: String,
    /// The field of the record it refers to.
    pub(crate) field: String,
    /// The modules it may refer to.
    pub(crate) modules: Vec<String>,
    /// The reference itself was not asked for.
    pub(crate) hidden: bool,
}

/// The columns for a set of wanted paths.
pub(crate) struct Columns {
    /// The module.
    pub(crate) entity: String,
    /// The names for SELECT.
    pub(crate) select: Vec<String>,
    /// Takes them out of a row.
    pub(crate) projection: Projection,
    /// What has to be looked up afterwards.
    pub(crate) refs: Vec<RefPath>,
    /// What of documents no query has.
    pub(crate) extra: Extra,
    /// Columns read for virtual paths only.
    pub(crate) hidden: Vec<&'static str>,
    /// The columns of an event's times.
    pub(crate) times: Vec<&'static str>,
}

impl Columns {
    /// The columns for these paths, as far as the module has them.
    pub(crate) fn new(module: &Described, wanted: &[String]) -> Self {
        let mut select: Vec<String> = Vec::new();
        let add = |select: &mut Vec<String>, name: &str| {
            if module.can_select(name) && !select.iter().any(|s| s == name) {
                select.push(name.to_owned());
            }
        };
        for own in SLOTS {
            add(&mut select, own);
        }
        let mut refs = Vec::new();
        for path in wanted {
            match path.split_once('.') {
                None => add(&mut select, path),
                Some((base, field)) => {
                    let modules = module.info.field(base).map(|f| f.refers_to.clone());
                    if let Some(modules) = modules.filter(|m| !m.is_empty()) {
                        add(&mut select, base);
                        refs.push(RefPath {
                            path: path.clone(),
                            base: base.to_owned(),
                            field: field.to_owned(),
                            modules,
                            hidden: !wanted.iter().any(|w| w == base),
                        });
                    }
                }
            }
        }
        let extra = Extra::of(module, wanted);
        let hidden: Vec<&'static str> =
            extra.columns().filter(|name| !wanted.iter().any(|w| w == name)).collect();
        for name in extra.columns() {
            add(&mut select, name);
        }
        let mut hidden = hidden;
        for name in events::columns(module, wanted) {
            add(&mut select, name);
            if !wanted.iter().any(|w| w == name) {
                hidden.push(name);
            }
        }
        let plain = wanted.iter().filter(|w| !w.contains('.'));
        let paths = plain.chain(refs.iter().map(|r| &r.base)).map(String::as_str);
        let projection = Projection::new(paths.chain(hidden.iter().copied()), &SLOTS);
        let times = events::columns(module, wanted);
        let entity = module.info.name.clone();
        Self { entity, select, projection, refs, extra, hidden, times }
    }
}

/// A row as a record. `None`: a row without an id.
pub(crate) fn record(row: Projected, zone: &Zone) -> Option<Record> {
    // Only taxes and currencies tell it; records of modules are left out of queries instead.
    let [id, modified, created, deleted, ..] = row.slots;
    let Value::Text(id) = id else { return None };
    Some(Record {
        id: id.into_string(),
        modified: zone.instant(&modified.to_text()),
        created: zone.instant(&created.to_text()),
        trashed: deleted.to_text() == "1",
        fields: row.fields,
    })
}
