//! Reads the manifest of a service, and tells what is wrong with it and where.
//!
//! A manifest is what the built-in services' assets are, too: form, API, modules, mappings. Beyond
//! its shape it is checked for what would go wrong only at the first sync: templates that name
//! nothing, a pagination whose parameter is not in the request, a match key that is not mapped.

mod place;
mod templates;

use super::SettingsProblem;
use super::file::hint;
use super::mapping::check_mapping;
use super::problem::{Problems, did_you_mean};
use crate::catalog::{Catalog, Service, ServiceModule};
use crate::model::manifest::{Api, Auth, Paginate, Request, Stream};
use crate::model::{Direction, Module, Pair};
use place::Places;
use std::path::Path;
use templates::Allowed;

/// The folder of an administrator's manifests, below that of the settings.
const FOLDER: &str = "services";

/// Adds the services that an administrator's manifests describe. A manifest with a problem is left
/// out, and the problems are told.
pub fn read_manifests(config: &Path, catalog: &mut Catalog) -> Vec<SettingsProblem> {
    let Ok(folder) = std::fs::read_dir(config.join(FOLDER)) else { return Vec::new() };
    let mut files: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut problems = Vec::new();
    for file in files {
        let name = file.to_string_lossy();
        let read = std::fs::read_to_string(&file).map_err(|error| {
            let mut problems = Problems::of_manifest(&name, "");
            problems.whole(&crate::model::UserError::new(
                "The manifest cannot be read.",
                format!("The operating system says: {error}."),
                "Give the user of SyncDeck the right to read it.",
            ));
            problems.into_found()
        });
        match read.and_then(|text| read_manifest(&name, &text, catalog)) {
            Ok(service) => catalog.add(service),
            Err(found) => problems.extend(found),
        }
    }
    problems
}

/// Reads one manifest.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_manifest(
    file: &str,
    text: &str,
    catalog: &Catalog,
) -> Result<Service, Vec<SettingsProblem>> {
    let mut problems = Problems::of_manifest(file, text);
    let places = Places::of(text);
    match toml::from_str::<Service>(text) {
        Ok(service) => {
            Check { catalog, places, problems: &mut problems }.service(&service);
            if problems.is_empty() {
                return Ok(service);
            }
        }
        Err(error) => {
            let message = error.message().trim().replace('\n', " ");
            let span = places.blamed(text, &message, error.span());
            problems.hinted(span, message.clone(), hint(&message));
        }
    }
    let mut found = problems.into_found();
    for problem in found.iter_mut().filter(|problem| problem.hint.is_empty()) {
        problem.hint = "Correct it, then check the file: syncdeck services check FILE".to_owned();
    }
    Err(found)
}

/// A manifest being checked.
struct Check<'c, 'p, 't> {
    catalog: &'c Catalog,
    places: Places<'t>,
    problems: &'p mut Problems<'t>,
}

impl Check<'_, '_, '_> {
    fn at(&mut self, path: &[&str], message: impl Into<String>, hint: impl Into<String>) {
        self.problems.hinted(self.places.at(path), message, hint);
    }

    fn service(&mut self, service: &Service) {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if service.name.is_empty() || !service.name.chars().all(fine) {
            let message = format!("\"{}\" cannot be the name of a service", service.name);
            self.at(&["name"], message, "Use small letters, digits, - and _, as in my-shop.");
        }
        if self.catalog.service(&service.name).is_some() {
            let message = format!("there is a service \"{}\" already", service.name);
            self.at(&["name"], message, "Give this one another name.");
        }
        let Some(api) = &service.api else {
            self.at(&[], "the manifest has no [api]", "Say there how the service is reached.");
            return;
        };
        if api.base_url.contains("config.base_url")
            && !service.form.iter().any(|field| field.name == "base_url")
        {
            let next = "Add [[form]] with name = \"base_url\", or give api.base_url.";
            self.at(&["api"], "nobody is asked for the base_url of the service", next);
        }
        if service.modules.is_empty() {
            self.at(
                &["modules"],
                "the service has no modules",
                "Add [modules.contacts] or another.",
            );
        }
        let form: Vec<&str> = service.form.iter().map(|field| field.name.as_str()).collect();
        self.api(api, &form);
        for (module, spec) in &service.modules {
            self.module(api, &form, *module, spec, service);
        }
    }

    fn api(&mut self, api: &Api, form: &[&str]) {
        let config = Allowed { form, values: &[], login: false, parent: false };
        self.text(&["api", "base_url"], &api.base_url, &config);
        let request = Allowed { login: true, ..config };
        for (name, text) in &api.headers {
            self.text(&["api", "headers", name], text, &request);
        }
        let zone = &api.values.zone;
        self.text(&["api", "values", "zone"], zone, &config);
        if !zone.is_empty() && !zone.contains("{{") && jiff::tz::TimeZone::get(zone).is_err() {
            let message = format!("the time zone \"{zone}\" is not known");
            self.at(&["api", "values", "zone"], message, "Name one as in Asia/Kolkata, or UTC.");
        }
        for format in &api.values.dates {
            self.notation(&["api", "values", "dates"], format);
        }
        if let Some(ok) = &api.ok
            && ok.absent.is_none()
            && (ok.path.is_none() || ok.values.is_empty())
        {
            let next =
                "Name a path with its values, or a path that stands in failures only (absent).";
            self.at(&["api", "ok"], "[api.ok] tests nothing", next);
        }
        if let Some(request) = &api.check {
            self.request(&["api", "check"], request, &Allowed { login: true, ..config });
        }
        let auth = ["api", "auth"];
        let mut texts: Vec<(&str, &str)> = Vec::new();
        match &api.auth {
            Auth::None => {}
            Auth::Basic { username, password } => {
                texts.extend([("username", username.as_str()), ("password", password)]);
            }
            Auth::Header { value, .. } | Auth::Query { value, .. } => texts.push(("value", value)),
            Auth::Bearer { token } => texts.push(("token", token)),
            Auth::Oauth2 { token_url, client_id, client_secret, scope, refresh_token, .. } => {
                texts.extend([
                    ("token_url", token_url.as_str()),
                    ("client_id", client_id),
                    ("client_secret", client_secret),
                    ("scope", scope),
                    ("refresh_token", refresh_token),
                ]);
            }
            Auth::Login { request, value, refresh, .. } => {
                self.request(&["api", "auth", "request"], request, &config);
                let again = Allowed { login: true, ..config };
                if let Some(refresh) = refresh {
                    self.request(&["api", "auth", "refresh"], refresh, &again);
                }
                let token = Allowed { login: true, values: &["token"], ..config };
                self.text(&["api", "auth", "value"], value, &token);
            }
        }
        for (name, text) in texts {
            self.text(&[auth[0], auth[1], name], text, &config);
        }
    }

    fn module(
        &mut self,
        api: &Api,
        form: &[&str],
        module: Module,
        spec: &ServiceModule,
        service: &Service,
    ) {
        let key = module.key();
        let here = ["modules", key];
        if self.catalog.vtiger_module(module).is_none() {
            let message = format!("Vtiger's {} cannot be synced", module.label());
            self.at(&here, message, "Choose another module.");
        }
        if spec.directions != [Direction::ToVtiger] {
            let message = "a service that is connected by a manifest is only read";
            self.at(&[here[0], key, "directions"], message, "Write directions = [\"to-vtiger\"].");
        }
        for wanted in &spec.match_on {
            let pair = spec.mapping.iter().find(|pair| pair.vtiger == *wanted);
            let message = match pair {
                Some(pair) if pair.required => continue,
                Some(_) => {
                    format!("records are recognised by {wanted}, so its line has to be required")
                }
                None => format!("records are recognised by {wanted}, which no line maps"),
            };
            let next = "Add required = true to the line, or name another field in match_on.";
            let known = spec.mapping.iter().map(|pair| pair.vtiger.as_str());
            let guess = if pair.is_some() { String::new() } else { did_you_mean(wanted, known) };
            self.at(
                &[here[0], key, "match_on"],
                message,
                if guess.is_empty() { next } else { &guess },
            );
        }
        // A one-way module may read one field for several lines.
        let one_way = |pair: &Pair| Pair { direction: Direction::ToVtiger, ..pair.clone() };
        let lines: Vec<Pair> = spec.mapping.iter().map(one_way).collect();
        let bare = ServiceModule { mapping: Vec::new(), ..spec.clone() };
        for (line, message) in check_mapping(&bare, &lines) {
            let vtiger = lines[line].vtiger.clone();
            self.at(&[here[0], key, "mapping", &vtiger], message, "");
        }
        let twin = service.modules.iter().find(|(other, twin)| {
            **other < module && twin.entity == spec.entity && twin.api != spec.api
        });
        if let Some((other, _)) = twin {
            let message = format!("{} reads \"{}\" in another way", other.label(), spec.entity);
            let next = "Give this one another entity: it is only a name for the two of them.";
            self.at(&[here[0], key, "entity"], message, next);
        }
        match &spec.api {
            Some(stream) => self.stream(api, form, key, stream),
            None => {
                let message = format!("[modules.{key}] has no [modules.{key}.api]");
                self.at(&here, message, "Say there how the records are listed.");
            }
        }
    }

    fn stream(&mut self, api: &Api, form: &[&str], key: &str, stream: &Stream) {
        let under = |name| ["modules", key, "api", name];
        if stream.id.is_empty() || stream.id.iter().any(|path| path.trim().is_empty()) {
            self.at(&under("id"), "without an id no record can be remembered", "Name its path.");
        }
        let paginate = stream.paginate.as_ref().unwrap_or(&api.paginate);
        let mut values = vec!["partition"];
        if stream.partitions.is_empty() {
            values.clear();
        }
        if stream.cursor.is_some() {
            values.extend(["from", "to"]);
        }
        values.extend(paginate.needs());
        values.extend(paginate.size().map(|_| "size"));
        let listing = Allowed { form, values: &values, login: true, parent: false };
        self.request(&under("request"), &stream.request, &listing);
        self.goes_on(&under("request"), &stream.request, paginate);
        let one = Allowed { form, values: &["id"], login: true, parent: true };
        for (name, detail) in [("detail", &stream.detail), ("get", &stream.get)] {
            if let Some(detail) = detail {
                let parent = name == "detail";
                let path = ["modules", key, "api", name, "request"];
                self.request(&path, &detail.request, &Allowed { parent, ..one });
            }
        }
        if let Some(crate::model::manifest::Deleted::List { request, paginate, .. }) =
            &stream.deleted
        {
            let mut values = vec!["from", "to"];
            values.extend(paginate.needs());
            values.extend(paginate.size().map(|_| "size"));
            let path = ["modules", key, "api", "deleted", "request"];
            let gone = Allowed { form, values: &values, login: true, parent: false };
            self.request(&path, request, &gone);
            self.goes_on(&path, request, paginate);
        }
        if let Some(url) = &stream.url {
            let page = Allowed { form, values: &["id"], login: false, parent: false };
            self.text(&under("url"), url, &page);
        }
        if let Some(cursor) = &stream.cursor {
            let names = templates::of_request(&stream.request);
            if !names.iter().any(|name| name == "from") {
                let message = "the request does not say since when: {{from}} stands nowhere in it";
                self.at(&under("cursor"), message, "Put {{from}} into its query or body.");
            }
            if cursor.step_days > 0 && !names.iter().any(|name| name == "to") {
                let message = "windows need an end: {{to}} stands nowhere in the request";
                self.at(
                    &["modules", key, "api", "cursor", "step_days"],
                    message,
                    "Put {{to}} into its query or body.",
                );
            }
            self.notation(&["modules", key, "api", "cursor", "format"], &cursor.format);
            let rules = crate::model::Stamp::parse(&cursor.start).is_some()
                || cursor.start.parse::<jiff::civil::Date>().is_ok();
            if !rules {
                let message = format!("\"{}\" is no date", cursor.start);
                self.at(
                    &["modules", key, "api", "cursor", "start"],
                    message,
                    "Write it as in 2015-01-01.",
                );
            }
        }
    }

    /// A pagination whose parameter is not in the request would read the same page for ever.
    fn goes_on(&mut self, path: &[&str], request: &Request, paginate: &Paginate) {
        let Some(name) = paginate.needs() else { return };
        if !templates::of_request(request).iter().any(|known| known == name) {
            let message = format!(
                "the listing would never end: {{{{{name}}}}} stands nowhere in the request"
            );
            self.at(path, message, format!("Put {{{{{name}}}}} into its query or body."));
        }
    }

    /// A notation of dates.
    fn notation(&mut self, path: &[&str], format: &str) {
        let now = crate::model::Stamp::default().timestamp().to_zoned(jiff::tz::TimeZone::UTC);
        if !format.contains('%') || jiff::fmt::strtime::format(format, &now).is_err() {
            let message = format!("\"{format}\" is not a notation of dates");
            self.at(
                path,
                message,
                "Write it as in %d/%m/%Y or %Y-%m-%d %H:%M:%S; %s is Unix time.",
            );
        }
    }

    fn request(&mut self, path: &[&str], request: &Request, allowed: &Allowed<'_>) {
        let deeper = |name: &'static str| [path, &[name]].concat();
        if !["GET", "POST", "PUT", "PATCH"].contains(&request.method.to_uppercase().as_str()) {
            let message = format!("\"{}\" is not a method that reads", request.method);
            self.at(&deeper("method"), message, "Use GET or POST.");
        }
        self.text(&deeper("path"), &request.path, allowed);
        for (name, text) in &request.query {
            self.text(&[path, &["query", name]].concat(), text, allowed);
        }
        for (name, text) in &request.headers {
            self.text(&[path, &["headers", name]].concat(), text, allowed);
        }
        for text in request.body.iter().flat_map(templates::texts) {
            self.text(&deeper("body"), text, allowed);
        }
    }

    /// A text that may hold templates.
    fn text(&mut self, path: &[&str], text: &str, allowed: &Allowed<'_>) {
        if let Some((message, next)) = allowed.problem(text) {
            self.at(path, message, next);
        }
    }
}

#[cfg(test)]
mod tests;
