//! Modules and fields, read at run time: labels, types, lengths and picklists are each
//! organisation's own.

use super::super::http::Plan;
use super::super::{EntityInfo, ErrorKind, FieldInfo, RemoteError, RemoteResult};
use super::Zoho;
use super::call::Ask;
use super::entity::Entity;
use super::virtuals::{ABOUT_ACCOUNT, ACTIVITY, HOURS};
use crate::model::UserError;
use crate::model::document::{CURRENCY, LINES, TOTAL, TOTAL_TAX};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// A module as it is described.
#[derive(Debug, Default)]
pub(crate) struct Described {
    /// For the engine.
    pub(crate) info: EntityInfo,
    /// Zoho's types, by field.
    types: BTreeMap<String, String>,
    /// Fields that only the single record shows in full.
    alone: Vec<String>,
}

impl Described {
    /// Zoho's type of a field; empty: there is no such field.
    pub(crate) fn type_of(&self, field: &str) -> &str {
        self.types.get(field).map_or("", String::as_str)
    }

    /// Whether a field holds instants.
    pub(crate) fn is_instant(&self, field: &str) -> bool {
        self.type_of(field) == "datetime"
    }

    /// Whether lists leave a field out or cut it.
    pub(crate) fn is_alone(&self, field: &str) -> bool {
        self.alone.iter().any(|f| f == field)
    }
}

impl Zoho {
    /// A module's description, asked once for each connection.
    pub(crate) async fn described(&self, entity: &'static Entity) -> RemoteResult<Arc<Described>> {
        let known = || {
            let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(entity.name).cloned()
        };
        if let Some(described) = known() {
            return Ok(described);
        }
        self.describe_now(entity, Plan::FIRST).await
    }

    /// A module's description, asked now.
    pub(crate) async fn describe_now(
        &self,
        entity: &'static Entity,
        plan: Plan,
    ) -> RemoteResult<Arc<Described>> {
        let rights = self.module_rights(entity, plan).await?;
        let ask = Ask::get("settings/fields", format!("read the fields of {}", entity.name))
            .with("module", entity.name)
            .planned(plan);
        let json = self.json(&ask).await?;
        let described = Arc::new(read(entity, &json, rights));
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(entity.name, described.clone());
        // For the addresses of records; they are told without it too.
        let _ = self.organisation(plan).await;
        Ok(described)
    }

    /// Create, change, delete: what the user may do with a module.
    async fn module_rights(&self, entity: &Entity, plan: Plan) -> RemoteResult<[bool; 3]> {
        let ask = Ask::get("settings/modules", "read the list of modules").planned(plan);
        let json = self.json(&ask).await?;
        let all = json.get("modules").and_then(Json::as_array);
        let mut all = all.into_iter().flatten();
        let found = all.find(|m| m.get("api_name").and_then(Json::as_str) == Some(entity.name));
        let on = |m: &Json, name: &str| m.get(name).and_then(Json::as_bool).unwrap_or(true);
        match found.filter(|m| on(m, "api_supported") && on(m, "viewable")) {
            Some(m) => Ok(["creatable", "editable", "deletable"].map(|name| on(m, name))),
            None => Err(no_module(entity)),
        }
    }
}

fn no_module(entity: &Entity) -> RemoteError {
    RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("Zoho has no module {} for this user.", entity.name),
            "It is hidden, not part of the organisation's edition, or the profile does not show it.",
            "Show it in Zoho (Setup, Customization, Modules and Fields), or switch the module off here.",
        ),
    )
}

fn read(
    entity: &Entity,
    json: &Json,
    [createable, updateable, deleteable]: [bool; 3],
) -> Described {
    let list = json.get("fields").and_then(Json::as_array);
    let mut described = Described::default();
    let mut fields = Vec::new();
    let mut id_fields = Vec::new();
    for json in list.into_iter().flatten() {
        let name = text(json, "api_name");
        if name.is_empty() {
            continue;
        }
        let kind = text(json, "data_type");
        let rich = json.pointer("/textarea/type").and_then(Json::as_str) == Some("rich_text");
        if rich || matches!(kind.as_str(), "subform" | "multiselectlookup" | "multiuserlookup") {
            described.alone.push(name.clone());
        }
        add(entity, &mut fields, json, &name, &kind);
        let own = json.get("custom_field").and_then(Json::as_bool) == Some(true);
        let hidden = json.get("crypt").is_some_and(|crypt| !crypt.is_null());
        let last = fields.last().is_some_and(|f: &FieldInfo| f.path == name && f.writable);
        if own && !hidden && kind == "text" && last {
            id_fields.push(name.clone());
        }
        described.types.insert(name, kind);
    }
    if entity.lines.is_some() {
        for (path, label, writable) in [
            (LINES, "Line items", true),
            (TOTAL, "Grand total", false),
            (TOTAL_TAX, "Tax of all lines", false),
            (CURRENCY, "Currency", false),
        ] {
            fields.push(plain(path, label, if path == LINES { "lines" } else { "text" }, writable));
        }
    }
    if entity.name == "Events" {
        fields.push(plain(HOURS, "Duration in whole hours", "integer", false));
        fields.push(plain(ACTIVITY, "Kind of activity (always Meeting)", "text", false));
        let about = plain(ABOUT_ACCOUNT, "Account that the event is about", "reference", true);
        fields.push(FieldInfo { refers_to: vec!["Accounts".to_owned()], ..about });
    }
    let name = entity.name.to_owned();
    described.info = EntityInfo { name, createable, updateable, deleteable, fields, id_fields };
    described
}

fn plain(path: &str, label: &str, kind: &str, writable: bool) -> FieldInfo {
    FieldInfo {
        path: path.to_owned(),
        label: label.to_owned(),
        type_name: kind.to_owned(),
        mandatory: false,
        writable,
        max_length: None,
        choices: Vec::new(),
        refers_to: Vec::new(),
    }
}

/// The paths of a field: itself, or its parts.
fn add(entity: &Entity, fields: &mut Vec<FieldInfo>, json: &Json, name: &str, kind: &str) {
    let flag = |name: &str| json.get(name).and_then(Json::as_bool).unwrap_or(false);
    let allowed = |what: &str| {
        json.pointer(&format!("/operation_type/{what}")).and_then(Json::as_bool).unwrap_or(true)
    };
    let writable = !flag("read_only")
        && !flag("field_read_only")
        && allowed("api_create")
        && allowed("api_update")
        && !matches!(kind, "formula" | "autonumber" | "rollup_summary" | "profileimage");
    let length = json.get("length").and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
    let info = FieldInfo {
        path: name.to_owned(),
        label: Some(text(json, "field_label"))
            .filter(|l| !l.is_empty())
            .unwrap_or_else(|| name.to_owned()),
        type_name: kind.to_owned(),
        mandatory: flag("system_mandatory"),
        writable,
        max_length: length
            .filter(|_| matches!(kind, "text" | "email" | "phone" | "website" | "textarea")),
        choices: choices(json, kind),
        refers_to: json
            .pointer("/lookup/module/api_name")
            .and_then(Json::as_str)
            .map(|m| vec![m.to_owned()])
            .unwrap_or_default(),
    };
    match kind {
        "lookup" | "ownerlookup" | "userlookup" => {
            let sub = |part: &str, what: &str, writable| FieldInfo {
                path: format!("{name}.{part}"),
                label: format!("{}: {what}", info.label),
                writable,
                ..info.clone()
            };
            fields.push(sub("id", "id", writable));
            fields.push(FieldInfo { mandatory: false, ..sub("name", "name", false) });
        }
        "datetime" => {
            let part = |part: &str, what: &str| FieldInfo {
                path: format!("{name}.{part}"),
                label: format!("{}: {what}", info.label),
                type_name: part.to_owned(),
                ..info.clone()
            };
            fields.push(part("date", "date (UTC)"));
            fields.push(part("time", "time (UTC)"));
            fields.push(FieldInfo { mandatory: false, ..info });
        }
        "subform" if Some(name) == entity.lines => {}
        _ => fields.push(info),
    }
}

/// Picklists with their live values. Zoho may accept others too, and says so if it does not.
fn choices(json: &Json, kind: &str) -> Vec<String> {
    if !matches!(kind, "picklist" | "multiselectpicklist") {
        return Vec::new();
    }
    let list = json.get("pick_list_values").and_then(Json::as_array);
    list.into_iter()
        .flatten()
        .filter(|v| v.get("type").and_then(Json::as_str) != Some("unused"))
        .map(|v| text(v, "actual_value"))
        .filter(|v| !v.is_empty() && v != "-None-")
        .collect()
}

fn text(json: &Json, name: &str) -> String {
    json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_offered_by_their_parts() {
        let json = json!({"fields": [
            {"api_name": "Last_Name", "field_label": "Last Name", "data_type": "text", "length": 80, "system_mandatory": true},
            {"api_name": "Account_Name", "field_label": "Account Name", "data_type": "lookup", "lookup": {"module": {"api_name": "Accounts"}}},
            {"api_name": "Lead_Source", "data_type": "picklist", "pick_list_values": [
                {"actual_value": "-None-", "type": "used"}, {"actual_value": "Web", "type": "used"}, {"actual_value": "Old", "type": "unused"}]},
            {"api_name": "Created_Time", "data_type": "datetime", "read_only": true},
            {"api_name": "Notes_", "data_type": "textarea", "length": 32000, "textarea": {"type": "rich_text"}},
            {"api_name": "Full_Name", "data_type": "text", "operation_type": {"api_create": false, "api_update": false}}
        ]});
        let described = read(named("Contacts").unwrap(), &json, [true, true, false]);
        let field = |path: &str| described.info.field(path).unwrap();
        assert!(field("Last_Name").mandatory && field("Last_Name").max_length == Some(80));
        assert!(field("Account_Name.id").writable && !field("Account_Name.name").writable);
        assert_eq!(field("Account_Name.id").refers_to, ["Accounts"]);
        assert_eq!(field("Lead_Source").choices, ["Web"]);
        assert!(!field("Created_Time").writable && !field("Full_Name").writable);
        assert!(described.is_instant("Created_Time") && described.is_alone("Notes_"));
        assert!(described.info.field("Account_Name").is_none() && !described.info.deleteable);
        let invoices = read(
            named("Invoices").unwrap(),
            &json!({"fields": [
            {"api_name": "Invoiced_Items", "data_type": "subform"}]}),
            [true; 3],
        );
        assert!(
            invoices.info.field("lines").unwrap().writable && invoices.is_alone("Invoiced_Items")
        );
        assert!(invoices.info.field("Invoiced_Items").is_none());
    }
}
