//! The fields of the imitated modules, from the asset, and how `/settings/fields` tells them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

const FIELDS: &str = include_str!("../../../assets/sandbox/zoho/fields.txt");

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its API name.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its type.
    pub kind: &'static str,
    /// Its length.
    pub length: u64,
    /// It must not be empty.
    pub mandatory: bool,
    /// It cannot be written.
    pub read_only: bool,
    /// No two records may have the same value.
    pub unique: bool,
    /// It is the organisation's own.
    pub custom: bool,
    /// A lookup's module, a picklist's values, a formula's type, a subform's module.
    pub extra: &'static str,
}

/// The fields of all modules.
#[derive(Debug)]
pub struct Fields(BTreeMap<&'static str, Vec<Field>>);

impl Fields {
    /// Reads the asset; a line that makes no sense is left out.
    pub fn load() -> Self {
        let mut all: BTreeMap<&'static str, Vec<Field>> = BTreeMap::new();
        let mut module = "";
        for line in FIELDS.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                module = name;
                continue;
            }
            let mut parts = line.split('|');
            let mut next = || parts.next().unwrap_or("");
            let (name, label, kind, length, marks, extra) =
                (next(), next(), next(), next(), next(), next());
            let marked = |mark: &str| marks.split(' ').any(|m| m == mark);
            all.entry(module).or_default().push(Field {
                name,
                label,
                kind,
                length: length.parse().unwrap_or(0),
                mandatory: marked("mandatory"),
                read_only: marked("ro"),
                unique: marked("unique"),
                custom: marked("custom"),
                extra,
            });
        }
        Self(all)
    }

    /// The fields of a module.
    pub fn of(&self, module: &str) -> &[Field] {
        self.0.get(module).map_or(&[], Vec::as_slice)
    }

    /// A field.
    pub fn get(&self, module: &str, name: &str) -> Option<&Field> {
        self.of(module).iter().find(|f| f.name == name)
    }

    /// The answer of `/settings/fields`.
    pub fn answer(&self, module: &str) -> Value {
        let fields: Vec<Value> =
            self.of(module).iter().enumerate().map(|(n, f)| f.answer(module, n)).collect();
        json!({ "fields": fields })
    }
}

impl Field {
    fn json_type(&self) -> &'static str {
        match self.kind {
            "boolean" => "boolean",
            "integer" => "integer",
            "double" | "currency" | "formula" => "double",
            "lookup" | "ownerlookup" | "userlookup" | "ALARM" | "RRULE" => "jsonobject",
            "subform" | "multiselectpicklist" => "jsonarray",
            _ => "string",
        }
    }

    fn answer(&self, module: &str, n: usize) -> Value {
        let id = |what: u64| (super::BASE + what * 1_000 + n as u64).to_string();
        let mut field = json!({
            "id": id(900_000_000),
            "api_name": self.name,
            "field_label": self.label,
            "display_label": self.label,
            "data_type": self.kind,
            "json_type": self.json_type(),
            "length": self.length,
            "system_mandatory": self.mandatory,
            "read_only": self.read_only,
            "field_read_only": self.read_only,
            "visible": true,
            "custom_field": self.custom,
            "webhook": true,
            "searchable": true,
            "sortable": true,
            "filterable": true,
            "created_source": "default",
            "display_type": -1,
            "ui_type": 1,
            "display_field": n == 1,
            "mass_update": !self.read_only,
            "businesscard_supported": true,
        });
        let more = json!({
            "quick_sequence_number": null,
            "tooltip": null,
            "external": null,
            "decimal_place": if matches!(self.kind, "currency" | "double" | "formula") { json!(2) } else { Value::Null },
            "unique": if self.unique { json!({"casesensitive": false}) } else { json!({}) },
            "pick_list_values": [],
            "multi_module_lookup": {},
            "lookup": {},
            "currency": {},
            "auto_number": {},
            "formula": {},
            "crypt": null,
            "subform": null,
            "associated_module": null,
            "view_type": {"view": true, "edit": !self.read_only, "quick_create": false, "create": !self.read_only},
            "operation_type": {"web_update": !self.read_only, "api_create": !self.read_only,
                "web_create": !self.read_only, "api_update": !self.read_only},
        });
        let Some(map) = field.as_object_mut() else { return field };
        map.extend(more.as_object().cloned().unwrap_or_default());
        match self.kind {
            "picklist" => {
                let values: Vec<Value> = std::iter::once("-None-")
                    .chain(self.extra.split(',').filter(|v| !v.is_empty()))
                    .enumerate()
                    .map(|(at, v)| {
                        json!({"id": id(910_000_000 + at as u64), "display_value": v, "actual_value": v,
                            "reference_value": v, "sequence_number": at + 1, "type": "used"})
                    })
                    .collect();
                map.insert("pick_list_values".into(), values.into());
            }
            "lookup" => {
                map.insert(
                    "lookup".into(),
                    json!({"id": id(920_000_000), "api_name": format!("{module}_{}", self.name),
                        "display_label": self.label,
                        "module": {"api_name": self.extra, "id": id(930_000_000)}}),
                );
            }
            "formula" => {
                map.insert("formula".into(), json!({"return_type": self.extra, "expression": ""}));
            }
            "subform" => {
                let of = json!({"module": self.extra, "id": id(940_000_000)});
                map.insert("associated_module".into(), of);
            }
            "textarea" => {
                map.insert("textarea".into(), json!({"type": "large"}));
            }
            _ => {}
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asset_is_read_whole() {
        let fields = Fields::load();
        for (module, least) in [
            ("Contacts", 35),
            ("Leads", 30),
            ("Accounts", 30),
            ("Products", 25),
            ("Events", 15),
            ("Invoices", 30),
        ] {
            assert!(fields.of(module).len() >= least, "{module}");
        }
        assert!(fields.get("Contacts", "Email").unwrap().unique);
        let told = fields.answer("Invoices");
        let grand =
            told["fields"].as_array().unwrap().iter().find(|f| f["api_name"] == "Grand_Total");
        assert_eq!(grand.unwrap()["formula"]["return_type"], "currency");
    }
}
