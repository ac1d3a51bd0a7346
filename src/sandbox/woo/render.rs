//! Writing records as JSON, only the members that were asked for.

use serde_json::Value;

use super::shape::{Made, Member, Shape};
use super::store::{Row, Store, Table};
use crate::sandbox::clock::{parse_stamp, push_stamp};
use crate::sandbox::text::{push_number, push_wp_escaped, push_wp_json, strip_tags};

/// The site's clock is so far ahead of UTC (Asia/Kolkata has no summer time).
pub const OFFSET: i64 = 19_800;

/// Which members are written, and how.
#[derive(Debug)]
pub struct Plan {
    nodes: Vec<Node>,
    /// The links to the record and its list.
    links: bool,
    /// As for editing: texts are not rendered.
    edit: bool,
}

#[derive(Debug)]
struct Node {
    /// `"key":`
    key: String,
    what: What,
}

#[derive(Debug)]
enum What {
    Column(u8, Way),
    Always(&'static str),
    Id,
    Object(Vec<Node>),
    Made(Made),
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Text,
    Html,
    Bool,
    Number,
    Local,
    Gmt,
    Json,
}

/// What a reader may and wants to see.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Members by dotted name; none means all.
    pub fields: Vec<String>,
    /// As for editing.
    pub edit: bool,
    /// An administrator looks.
    pub administrator: bool,
    /// A single record keeps its links whatever the fields are.
    pub single: bool,
}

impl Plan {
    /// The members of a table's records in this view.
    pub fn new(table: Table, view: &View) -> Self {
        let entity = table.entity();
        let nodes = nodes(entity, entity.members, "", view);
        let links = view.single || view.fields.is_empty() || wanted(&view.fields, "_links");
        Self { nodes, links, edit: view.edit }
    }

    /// Appends the record.
    pub fn push(&self, out: &mut String, store: &Store, row: &Row<'_>, home: &str) {
        let mut pen = Pen { out, scratch: String::new(), store, row, home, edit: self.edit };
        pen.out.push('{');
        pen.nodes(&self.nodes);
        if self.links {
            if !self.nodes.is_empty() {
                pen.out.push(',');
            }
            pen.links();
        }
        pen.out.push('}');
    }
}

/// Whether a dotted name is asked for, whole or in part.
fn wanted(fields: &[String], name: &str) -> bool {
    fields.is_empty()
        || fields.iter().any(|f| {
            f == name
                || f.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
                || name.strip_prefix(f.as_str()).is_some_and(|rest| rest.starts_with('.'))
        })
}

fn nodes(entity: &super::shape::Entity, members: &[Member], above: &str, view: &View) -> Vec<Node> {
    let mut nodes = Vec::with_capacity(members.len());
    for (name, shape) in members {
        let dotted = if above.is_empty() { (*name).to_owned() } else { format!("{above}.{name}") };
        if !wanted(&view.fields, &dotted) {
            continue;
        }
        let column = |name: &str, way: Way| What::Column(entity.column(name), way);
        let what = match shape {
            Shape::Id => What::Id,
            Shape::Text(c) => column(c, Way::Text),
            Shape::Html(c) => column(c, Way::Html),
            Shape::Bool(c) => column(c, Way::Bool),
            Shape::Number(c) => column(c, Way::Number),
            Shape::Local(c) => column(c, Way::Local),
            Shape::Gmt(c) => column(c, Way::Gmt),
            Shape::Json(c) => column(c, Way::Json),
            Shape::Private(c) if view.administrator => column(c, Way::Json),
            Shape::Private(_) => continue,
            Shape::Always(json) => What::Always(json),
            Shape::Object(inner) => What::Object(self::nodes(entity, inner, &dotted, view)),
            Shape::Made(made) => What::Made(*made),
            Shape::Edit(made) if view.edit && view.single => What::Made(*made),
            Shape::Edit(_) => continue,
        };
        nodes.push(Node { key: format!("\"{name}\":"), what });
    }
    nodes
}

struct Pen<'a> {
    out: &'a mut String,
    scratch: String,
    store: &'a Store,
    row: &'a Row<'a>,
    home: &'a str,
    edit: bool,
}

impl Pen<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for (n, node) in nodes.iter().enumerate() {
            if n > 0 {
                self.out.push(',');
            }
            self.out.push_str(&node.key);
            match &node.what {
                What::Id => push_number(self.out, self.row.id),
                What::Always(json) => self.out.push_str(json),
                What::Column(column, way) => self.column(*column, *way),
                What::Made(made) => self.made(*made),
                What::Object(inner) => {
                    self.out.push('{');
                    self.nodes(inner);
                    self.out.push('}');
                }
            }
        }
    }

    fn column(&mut self, column: u8, way: Way) {
        self.scratch.clear();
        let known = self.row.read(column, &mut self.scratch);
        match way {
            Way::Text => push_wp_json(self.out, &self.scratch),
            Way::Html if self.edit || self.scratch.is_empty() => {
                push_wp_json(self.out, &self.scratch)
            }
            Way::Html => push_wp_json(self.out, &autop(&self.scratch)),
            Way::Bool => self.out.push_str(if self.scratch == "1" { "true" } else { "false" }),
            Way::Number | Way::Json => {
                self.out.push_str(if known { &self.scratch } else { "null" })
            }
            Way::Local | Way::Gmt => match parse_stamp(&self.scratch).filter(|_| known) {
                Some(at) => {
                    let shift = if matches!(way, Way::Local) { OFFSET } else { 0 };
                    self.out.push('"');
                    push_stamp(self.out, at + shift, 'T');
                    self.out.push('"');
                }
                None => self.out.push_str("null"),
            },
        }
    }

    fn made(&mut self, made: Made) {
        let row = self.row;
        match made {
            Made::Avatar => {
                self.out.push_str("\"https:\\/\\/secure.gravatar.com\\/avatar\\/");
                let hash = crate::sandbox::seed::mix(0xa7a7, row.table as u64, row.id);
                self.out.push_str(&format!("{hash:016x}?s=96&d=mm&r=g\""));
            }
            Made::Permalink => {
                let url = format!("{}/product/{}/", self.home, row.get("slug"));
                push_wp_json(self.out, &url);
            }
            Made::Price => push_wp_json(self.out, &self.price()),
            Made::OnSale => self.yes(!row.get("sale_price").is_empty()),
            Made::Purchasable => {
                self.yes(!self.price().is_empty() && row.get("status") == "publish")
            }
            Made::PriceHtml => {
                let price = self.price();
                let amount = "<span class=\"woocommerce-Price-amount amount\"><bdi>\
                              <span class=\"woocommerce-Price-currencySymbol\">&euro;</span>";
                let html =
                    if price.is_empty() { price } else { format!("{amount}{price}</bdi></span>") };
                push_wp_json(self.out, &html);
            }
            Made::Variations => {
                let ids = self.variations();
                self.out.push_str(&wp_json(&Value::from(ids)));
            }
            Made::HasOptions => self.yes(row.get("type") == "variable"),
            Made::Attributes => self.attributes(),
            Made::StockQuantity => match row.is("manage_stock") {
                true => self.column(row.table.entity().column("stock_quantity"), Way::Number),
                false => self.out.push_str("null"),
            },
            Made::BackordersAllowed => self.yes(row.get("backorders") != "no"),
            Made::ShippingRequired => self.yes(!row.is("virtual")),
            Made::AverageRating => self.out.push_str(if self.edit { "\"0\"" } else { "\"0.00\"" }),
            Made::ParentId => push_number(self.out, row.parent()),
            Made::PermalinkTemplate => {
                push_wp_json(self.out, &format!("{}/product/%pagename%/", self.home))
            }
            Made::GeneratedSlug => push_wp_json(self.out, &slug(&row.get("name"))),
            Made::Categories => self.categories(),
        }
    }

    fn yes(&mut self, yes: bool) {
        self.out.push_str(if yes { "true" } else { "false" });
    }

    fn variations(&self) -> Vec<u64> {
        let varies = self.row.table == Table::Products && self.row.get("type") == "variable";
        if varies { self.store.variations(self.row.id) } else { Vec::new() }
    }

    fn price(&self) -> String {
        price(self.store, self.row)
    }

    fn attributes(&mut self) {
        let stored = self.row.get("attributes");
        if !stored.is_empty() {
            self.out.push_str(&stored);
            return;
        }
        let sizes = crate::sandbox::seed::product::SIZES;
        let json = match (self.row.variation(), self.row.get("type").as_str()) {
            (Some(size), _) => {
                serde_json::json!([{"id": 0, "name": "Size", "slug": "size", "option": sizes[size]}])
            }
            (None, "variable") if !self.variations().is_empty() => serde_json::json!([{
                "id": 0, "name": "Size", "slug": "Size", "position": 0, "visible": true, "variation": true,
                "options": sizes,
            }]),
            _ => Value::Array(Vec::new()),
        };
        self.out.push_str(&wp_json(&json));
    }

    fn categories(&mut self) {
        let stored = self.row.get("categories");
        match stored.is_empty() {
            true => self
                .out
                .push_str("[{\"id\":15,\"name\":\"Uncategorized\",\"slug\":\"uncategorized\"}]"),
            false => self.out.push_str(&stored),
        }
    }

    fn links(&mut self) {
        let mut list = String::new();
        push_wp_escaped(&mut list, self.home);
        list.push_str("\\/wp-json\\/wc\\/v3\\/");
        push_wp_escaped(&mut list, self.row.table.entity().path);
        let parent = self.row.parent();
        let variation = self.row.table == Table::Variations;
        let up = list.clone();
        if variation {
            list.push_str(&format!("\\/{parent}\\/variations"));
        }
        self.out.push_str("\"_links\":{\"self\":[{\"href\":\"");
        self.out.push_str(&list);
        self.out.push_str("\\/");
        push_number(self.out, self.row.id);
        self.out.push_str(
            "\",\"targetHints\":{\"allow\":[\"GET\",\"POST\",\"PUT\",\"PATCH\",\"DELETE\"]}}]",
        );
        self.out.push_str(",\"collection\":[{\"href\":\"");
        self.out.push_str(&list);
        self.out.push_str("\"}]");
        if variation {
            self.out.push_str(&format!(",\"up\":[{{\"href\":\"{up}\\/{parent}\"}}]"));
        }
        self.out.push('}');
    }
}

/// What a product costs now: its sale price, its regular price, or that of its cheapest variation.
pub fn price(store: &Store, row: &Row<'_>) -> String {
    let sale = row.get("sale_price");
    if !sale.is_empty() {
        return sale;
    }
    if row.table == Table::Products && row.get("type") == "variable" {
        let prices =
            store.variations(row.id).into_iter().filter_map(|id| store.row(Table::Variations, id));
        let lowest = prices
            .map(|v| price(store, &v))
            .filter_map(|p| Some((p.parse::<f64>().ok()?, p)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        return lowest.map(|(_, text)| text).unwrap_or_default();
    }
    row.get("regular_price")
}

/// A JSON text as WordPress writes it.
pub fn wp_json(value: &Value) -> String {
    let mut out = String::new();
    push_value(&mut out, value);
    out
}

fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_wp_json(out, text),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                push_value(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (n, (key, item)) in map.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                push_wp_json(out, key);
                out.push(':');
                push_value(out, item);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

/// Paragraphs, as `wpautop` makes them of plain text.
fn autop(text: &str) -> String {
    if text.trim_start().starts_with("<p") {
        return format!("{}\n", text.trim_end());
    }
    let paragraphs =
        text.split("\n\n").map(|p| format!("<p>{}</p>\n", p.trim().replace('\n', "<br />\n")));
    paragraphs.collect()
}

/// A name as the last part of a URL.
pub fn slug(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let plain = strip_tags(name).replace("&amp;", " ");
    let mut out = String::new();
    for c in plain.nfd() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !matches!(c, '\u{300}'..='\u{36f}') && !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}
