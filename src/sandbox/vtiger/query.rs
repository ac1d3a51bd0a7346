//! Answering VTQL: names are checked, conditions compiled, rows found by the cheapest way there is
//! (ids, indexed keys, modification time, at last a scan) and written straight into the answer.

use std::collections::BTreeSet;

use super::fail::Failure;
use super::filter::{Filter, compile};
use super::registry::{Module, Registry};
use super::store::{Row, Store};
use super::vtql::{Bad, Columns, Operand, Select, parse};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::gate::Line;
use crate::sandbox::text::{fold, push_vtiger_json};

/// At most so many rows, whatever is asked.
const CAP: usize = 100;

/// What a query says once its names are known.
struct Plan {
    at: usize,
    columns: Vec<u8>,
    filter: Filter,
    order: Vec<u8>,
    descending: bool,
    offset: usize,
    limit: usize,
}

/// Answers a query with the JSON text of its rows.
pub fn run(store: &Store, text: &str, line: Line<'_>) -> Result<String, Failure> {
    let select = parse(text).map_err(|bad| match bad {
        Bad::Lexer => Failure::internal(),
        Bad::Syntax(message) => Failure::new("QUERY_SYNTAX_ERROR", message),
    })?;
    let Some(plan) = resolve(&store.registry, &select)? else {
        return Ok("[]".into());
    };
    let module = &store.registry.modules[plan.at];
    let mut out = String::with_capacity(plan.limit * plan.columns.len() * 24);
    let mut scratch = String::new();
    out.push('[');
    let mut rows = rows(store, &plan);
    if plan.filter.names_ids() && !rows.is_empty() && line.strikes(FaultKind::Ghost) {
        let one = line.below(rows.len() as u64);
        rows.remove(usize::try_from(one).unwrap_or(0));
    }
    for (n, id) in rows.into_iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        if let Some(row) = store.row(plan.at, id) {
            push_row(&mut out, &row, module, &plan.columns, &mut scratch);
        }
    }
    out.push(']');
    Ok(out)
}

fn push_row(
    out: &mut String,
    row: &Row<'_>,
    module: &Module,
    columns: &[u8],
    scratch: &mut String,
) {
    out.push('{');
    for (n, column) in columns.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push_str(&module.at(*column).key);
        scratch.clear();
        if row.read(*column, scratch) {
            push_vtiger_json(out, scratch);
        } else {
            out.push_str("null");
        }
    }
    out.push('}');
}

/// Checks the names. `None` is a query whose SQL would fail, which Vtiger answers with no rows.
fn resolve(registry: &Registry, select: &Select) -> Result<Option<Plan>, Failure> {
    let at = registry.find(&select.module).ok_or_else(Failure::denied)?;
    let module = &registry.modules[at];
    let id = module.column("id").unwrap_or(0);
    let known = |name: &String| {
        module.column(name).filter(|c| module.at(*c).queryable).ok_or_else(|| {
            Failure::new(
                "ACCESS_DENIED",
                format!("Permission to access '.{name}.' attribute denied."),
            )
        })
    };
    let mut columns: Vec<u8> = match &select.columns {
        Columns::All => module.all().filter(|(_, c)| c.queryable).map(|(i, _)| i).collect(),
        Columns::Named(names) => names.iter().map(known).collect::<Result<_, _>>()?,
        Columns::Count => Vec::new(),
    };
    if !columns.contains(&id) {
        columns.push(id);
    }
    for condition in select.any.iter().flatten() {
        known(&condition.field)?;
    }
    let filter = compile(module, &select.any)?;
    let order: Option<Vec<u8>> = select.order.iter().map(|name| module.column(name)).collect();
    let limits = match &select.limit {
        None => Some((0, CAP)),
        Some((offset, rows)) => {
            let offset = offset.as_ref().map_or(Some(0), number);
            offset.and_then(|offset| Some((offset, number(rows)?.min(CAP))))
        }
    };
    let (Some(filter), Some(order), Some((offset, limit)), false) =
        (filter, order, limits, select.columns == Columns::Count)
    else {
        return Ok(None);
    };
    Ok(Some(Plan { at, columns, filter, order, descending: select.descending, offset, limit }))
}

fn number(operand: &Operand) -> Option<usize> {
    match operand {
        Operand::Bare(text) => text.parse().ok(),
        Operand::Quoted(_) => None,
    }
}

/// The ids of the rows asked for.
fn rows(store: &Store, plan: &Plan) -> Vec<u64> {
    let module = &store.registry.modules[plan.at];
    let id = module.column("id").unwrap_or(0);
    let by_id = plan.order.is_empty() || plan.order == [id];
    let modified = module.column("modifiedtime");
    let by_time = modified.is_some_and(|m| plan.order == [m] || plan.order == [m, id]);
    let mut scratch = String::new();
    let mut fits =
        |id: &u64| store.row(plan.at, *id).is_some_and(|row| plan.filter.holds(&row, &mut scratch));
    if let Some(points) = plan.filter.points(store, plan.at) {
        let found = points.into_iter().filter(fits).collect();
        return page(sorted(store, plan, found), plan);
    }
    if by_time && !plan.descending && plan.filter.first_id().is_none() {
        let from = plan.filter.first_stamp().unwrap_or(i64::MIN);
        return store
            .by_time(plan.at, from)
            .filter(fits)
            .skip(plan.offset)
            .take(plan.limit)
            .collect();
    }
    let first = plan.filter.first_id().unwrap_or(0);
    let ids = store.table(plan.at).ids_from(first);
    if by_id && plan.descending {
        return ids.rev().filter(fits).skip(plan.offset).take(plan.limit).collect();
    }
    if by_id && plan.filter.first_stamp().is_none() {
        if plan.filter.any() {
            return store
                .table(plan.at)
                .ids_at(plan.offset as u64, &BTreeSet::new())
                .take(plan.limit)
                .collect();
        }
        return ids.filter(fits).skip(plan.offset).take(plan.limit).collect();
    }
    let found = match plan.filter.first_stamp() {
        Some(from) => store.by_time(plan.at, from).filter(&mut fits).collect(),
        None => ids.filter(fits).collect(),
    };
    page(sorted(store, plan, found), plan)
}

fn page(ids: Vec<u64>, plan: &Plan) -> Vec<u64> {
    ids.into_iter().skip(plan.offset).take(plan.limit).collect()
}

/// Sorts by the columns asked for (the last one downwards if so asked), then by id.
fn sorted(store: &Store, plan: &Plan, mut ids: Vec<u64>) -> Vec<u64> {
    let module = &store.registry.modules[plan.at];
    let id = module.column("id").unwrap_or(0);
    if plan.order.is_empty() || plan.order == [id] {
        ids.sort_unstable();
        if plan.descending {
            ids.reverse();
        }
        return ids;
    }
    let mut keyed: Vec<(Vec<SortKey>, u64)> = ids
        .into_iter()
        .filter_map(|i| {
            let row = store.row(plan.at, i)?;
            Some((plan.order.iter().map(|c| sort_key(&row, *c)).collect(), i))
        })
        .collect();
    let last = plan.order.len() - 1;
    keyed.sort_by(|(a, i), (b, j)| {
        let upward = a[..last].cmp(&b[..last]);
        let end = a[last].cmp(&b[last]);
        upward.then(if plan.descending { end.reverse() } else { end }).then(i.cmp(j))
    });
    keyed.into_iter().map(|(_, i)| i).collect()
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Null,
    Number(i128),
    Text(String),
}

fn sort_key(row: &Row<'_>, column: u8) -> SortKey {
    use super::registry::Type;
    let mut text = String::new();
    if !row.read(column, &mut text) {
        return SortKey::Null;
    }
    match row.module.at(column).kind {
        Type::Id => SortKey::Number(i128::from(row.id)),
        Type::Boolean | Type::Integer | Type::Decimal => {
            let number = text.parse::<f64>().unwrap_or(0.0);
            // Eight decimals are the most any column has.
            #[allow(clippy::cast_possible_truncation)]
            SortKey::Number((number * 1e8) as i128)
        }
        _ => SortKey::Text(fold(&text)),
    }
}
