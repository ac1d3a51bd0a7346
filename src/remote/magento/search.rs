//! Search criteria as query parameters.

use super::call::Ask;

/// A condition on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    column: String,
    condition: &'static str,
    value: String,
}

impl Filter {
    /// Column, condition (`eq`, `gt`, `gteq`, `lteq`, `in`) and value. Only conditions that Magento
    /// knows: it takes any other for `eq` without a word.
    pub(crate) fn new(column: &str, condition: &'static str, value: impl Into<String>) -> Self {
        Self { column: column.to_owned(), condition, value: value.into() }
    }
}

/// What is searched for: groups that all hold, of filters of which one holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search {
    groups: Vec<Vec<Filter>>,
    sort: Option<String>,
    size: u32,
    members: Vec<String>,
}

impl Search {
    /// Up to so many records, sorted by this column.
    pub(crate) fn sorted(column: &str, size: u32) -> Self {
        Self { sort: Some(column.to_owned()), size, ..Self::default() }
    }

    /// Up to so many records, in whatever order.
    pub(crate) fn unsorted(size: u32) -> Self {
        Self { size, ..Self::default() }
    }

    /// And this holds.
    pub(crate) fn and(self, filter: Filter) -> Self {
        self.and_any(vec![filter])
    }

    /// And one of these holds.
    pub(crate) fn and_any(mut self, filters: Vec<Filter>) -> Self {
        self.groups.push(filters);
        self
    }

    /// Only these members of each record are to be answered; none: all.
    pub(crate) fn only(mut self, members: Vec<String>) -> Self {
        self.members = members;
        self
    }

    /// The columns that are filtered by.
    pub(crate) fn filters(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().flatten().map(|f| f.column.as_str())
    }

    /// With another page size.
    pub(crate) fn sized(&self, size: u32) -> Self {
        Self { size, ..self.clone() }
    }

    /// How many records are asked for.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Adds the parameters to a request.
    pub(crate) fn put(&self, mut ask: Ask) -> Ask {
        for (g, group) in self.groups.iter().enumerate() {
            for (f, filter) in group.iter().enumerate() {
                let name = |part: &str| {
                    format!("searchCriteria[filter_groups][{g}][filters][{f}][{part}]")
                };
                ask = ask
                    .with(&name("field"), filter.column.as_str())
                    .with(&name("value"), filter.value.as_str())
                    .with(&name("condition_type"), filter.condition);
            }
        }
        if let Some(column) = &self.sort {
            ask = ask
                .with("searchCriteria[sortOrders][0][field]", column.as_str())
                .with("searchCriteria[sortOrders][0][direction]", "ASC");
        }
        ask = ask.with("searchCriteria[pageSize]", self.size.to_string());
        if !self.members.is_empty() {
            let members = self.members.join(",");
            let fields = format!("items[{members}],search_criteria[page_size],total_count");
            ask = ask.with("fields", fields);
        }
        ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_filters_are_numbered() {
        let search = Search::sorted("entity_id", 50)
            .and(Filter::new("entity_id", "gt", "7"))
            .and_any(vec![Filter::new("sku", "eq", "a b"), Filter::new("sku", "eq", "c")])
            .only(vec!["id".into(), "sku".into()]);
        let ask = search.put(Ask::get("products", "x"));
        let query: Vec<String> = ask
            .query
            .iter()
            .map(|(k, v)| format!("{}={v}", k.replace("searchCriteria", "")))
            .collect();
        assert_eq!(
            query,
            [
                "[filter_groups][0][filters][0][field]=entity_id",
                "[filter_groups][0][filters][0][value]=7",
                "[filter_groups][0][filters][0][condition_type]=gt",
                "[filter_groups][1][filters][0][field]=sku",
                "[filter_groups][1][filters][0][value]=a b",
                "[filter_groups][1][filters][0][condition_type]=eq",
                "[filter_groups][1][filters][1][field]=sku",
                "[filter_groups][1][filters][1][value]=c",
                "[filter_groups][1][filters][1][condition_type]=eq",
                "[sortOrders][0][field]=entity_id",
                "[sortOrders][0][direction]=ASC",
                "[pageSize]=50",
                "fields=items[id,sku],search_criteria[page_size],total_count",
            ]
        );
        assert_eq!(search.filters().collect::<Vec<_>>(), ["entity_id", "sku", "sku"]);
    }
}
