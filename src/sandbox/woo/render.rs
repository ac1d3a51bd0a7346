//! Writing records as JSON, only the members that were asked for.

use serde_json::{Value, json};

use super::shape::{Made, Member, Shape};
use super::store::{Row, Store, Table};
use crate::sandbox::clock::push_stamp;
use crate::sandbox::text::{
    escape_wp_from, push_number, push_wp_escaped, push_wp_json, strip_tags,
};

/// The site's clock is so far ahead of UTC (Asia/Kolkata has no summer time).
pub const OFFSET: i64 = 19_800;

/// Which members are written, and how.
#[derive(Debug)]
pub struct Plan {
    nodes: Vec<Node>,
    /// The address of the list, escaped, when the links to it are shown.
    links: Option<String>,
    /// As for editing: texts are not rendered.
    edit: bool,
    /// Where the shop is.
    home: String,
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
    /// Stamps that say UTC are in local time too.
    pub local: bool,
    /// Decimals of an order's amounts.
    pub places: u32,
}

impl Plan {
    /// The members of a table's records in this view, in the shop at `home`.
    pub fn new(table: Table, view: &View, home: &str) -> Self {
        let entity = table.entity();
        let nodes = nodes(entity, entity.members, "", view);
        let shown = view.single || view.fields.is_empty() || wanted(&view.fields, "_links");
        let links = shown.then(|| {
            let mut list = String::new();
            push_wp_escaped(&mut list, &format!("{home}/wp-json/wc/v3/{}", entity.path));
            list
        });
        Self { nodes, links, edit: view.edit, home: home.to_owned() }
    }

    /// Appends the record.
    pub fn push(&self, out: &mut String, store: &Store, row: &Row<'_>) {
        let mut pen = Pen {
            out,
            scratch: String::new(),
            store,
            row,
            home: &self.home,
            edit: self.edit,
            price: None,
            varies: None,
        };
        pen.out.push('{');
        pen.nodes(&self.nodes);
        if let Some(links) = &self.links {
            if !self.nodes.is_empty() {
                pen.out.push(',');
            }
            pen.links(links);
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
            Shape::Gmt(c) => column(c, if view.local { Way::Local } else { Way::Gmt }),
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
    price: Option<String>,
    varies: Option<bool>,
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
        if let Way::Local | Way::Gmt = way {
            let shift = if matches!(way, Way::Local) { OFFSET } else { 0 };
            return self.stamp(self.row.instant_at(column).map(|at| at + shift));
        }
        if matches!(way, Way::Text) || matches!(way, Way::Html) && self.edit {
            self.out.push('"');
            let from = self.out.len();
            self.row.read(column, self.out);
            escape_wp_from(self.out, from, &mut self.scratch);
            return self.out.push('"');
        }
        self.scratch.clear();
        let known = self.row.read(column, &mut self.scratch);
        match way {
            Way::Bool => self.out.push_str(if self.scratch == "1" { "true" } else { "false" }),
            Way::Number | Way::Json => {
                self.out.push_str(if known { &self.scratch } else { "null" })
            }
            Way::Html if !self.scratch.is_empty() => {
                push_wp_json(self.out, &autop(&self.scratch));
            }
            _ => push_wp_json(self.out, &self.scratch),
        }
    }

    fn stamp(&mut self, at: Option<i64>) {
        match at {
            Some(at) => {
                self.out.push('"');
                push_stamp(self.out, at, 'T');
                self.out.push('"');
            }
            None => self.out.push_str("null"),
        }
    }

    fn made(&mut self, made: Made) {
        let row = self.row;
        match made {
            Made::Avatar => {
                self.out.push_str("\"https:\\/\\/secure.gravatar.com\\/avatar\\/");
                push_number(self.out, crate::sandbox::seed::mix(0xa7a7, row.table as u64, row.id));
                self.out.push_str("?s=96&d=mm&r=g\"");
            }
            Made::Permalink => {
                let url = format!("{}/product/{}/", self.home, row.get("slug"));
                push_wp_json(self.out, &url);
            }
            Made::Price => {
                let price = self.price();
                push_wp_json(self.out, &price);
            }
            Made::OnSale => self.yes(!row.get("sale_price").is_empty()),
            Made::Purchasable => {
                let priced = !self.price().is_empty();
                self.yes(priced && row.get("status") == "publish");
            }
            Made::PriceHtml => self.price_html(),
            Made::Variations if self.varies() => {
                let ids = self.store.variations(row.id);
                self.out.push_str(&wp_json(&Value::from(ids)));
            }
            Made::Variations => self.out.push_str("[]"),
            Made::HasOptions => {
                let varies = self.varies();
                self.yes(varies);
            }
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

    /// Whether it is a product with variations; looked up once.
    fn varies(&mut self) -> bool {
        let row = self.row;
        *self
            .varies
            .get_or_insert_with(|| row.table == Table::Products && row.get("type") == "variable")
    }

    /// The price, which several members are made of.
    fn price(&mut self) -> String {
        let (store, row) = (self.store, self.row);
        self.price.get_or_insert_with(|| price(store, row)).clone()
    }

    fn price_html(&mut self) {
        let price = self.price();
        if price.is_empty() {
            self.out.push_str("\"\"");
            return;
        }
        self.out.push_str(
            "\"<span class=\\\"woocommerce-Price-amount amount\\\"><bdi>\
             <span class=\\\"woocommerce-Price-currencySymbol\\\">&euro;<\\/span>",
        );
        push_wp_escaped(self.out, &price);
        self.out.push_str("<\\/bdi><\\/span>\"");
    }

    fn attributes(&mut self) {
        let stored = self.row.get("attributes");
        if !stored.is_empty() {
            self.out.push_str(&stored);
            return;
        }
        let sizes = crate::sandbox::seed::product::SIZES;
        let json = match self.row.variation() {
            Some(size) => {
                json!([{"id": 0, "name": "Size", "slug": "size", "option": sizes[size]}])
            }
            None if self.varies() && !self.store.variations(self.row.id).is_empty() => json!([{
                "id": 0, "name": "Size", "slug": "Size", "position": 0, "visible": true,
                "variation": true, "options": sizes,
            }]),
            None => return self.out.push_str("[]"),
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

    /// `prefix` is the address of the entity's list, escaped.
    fn links(&mut self, prefix: &str) {
        let variation = self.row.table == Table::Variations;
        let below = if variation {
            format!("\\/{}\\/variations", self.row.parent())
        } else {
            String::new()
        };
        self.out.push_str("\"_links\":{\"self\":[{\"href\":\"");
        self.out.push_str(prefix);
        self.out.push_str(&below);
        self.out.push_str("\\/");
        push_number(self.out, self.row.id);
        self.out.push_str(
            "\",\"targetHints\":{\"allow\":[\"GET\",\"POST\",\"PUT\",\"PATCH\",\"DELETE\"]}}],\
             \"collection\":[{\"href\":\"",
        );
        self.out.push_str(prefix);
        self.out.push_str(&below);
        self.out.push_str("\"}]");
        if variation {
            let parent = self.row.parent();
            self.out.push_str(&format!(",\"up\":[{{\"href\":\"{prefix}\\/{parent}\"}}]"));
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
