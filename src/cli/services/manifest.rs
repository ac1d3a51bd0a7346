//! `syncdeck services check FILE`: a manifest checked, and one of its requests tried.

use crate::catalog::Service;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::house::{Context, catalog, runtime};
use crate::cli::output::plain;
use crate::model::SecretText;
use crate::remote::ConnectOptions;
use crate::remote::rest::{Trial, try_out};
use crate::secrets::{Vault, is_reference};
use crate::settings::{SettingsProblem, read_manifest};
use clap::Args;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Options of `services check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The manifest (TOML)
    file: PathBuf,
    /// List this entity or module once, and show what comes back
    #[arg(long, value_name = "ENTITY")]
    call: Option<String>,
    /// A field of the connection form for the call; env:NAME, file:PATH and cmd:COMMAND are read
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Let the call go to another host by plain http
    #[arg(long)]
    allow_http: bool,
}

/// Checks the manifest; with `--call`, tries it.
pub fn check(args: &CheckArgs, context: &Context) -> Outcome {
    let name = args.file.to_string_lossy();
    let text = std::fs::read_to_string(&args.file).map_err(|error| {
        Failure::usage(
            format!("The manifest {name} cannot be read."),
            format!("The operating system says: {error}."),
            "Name a text file in TOML.",
        )
    })?;
    // One that is in use already is not in its own way.
    let catalog = match is_installed(&args.file, context) {
        true => catalog()?,
        false => context.catalog_of(&context.paths()?)?,
    };
    let service = match read_manifest(&name, &text, &catalog) {
        Ok(service) => service,
        Err(problems) => return refused(&problems, context),
    };
    match &args.call {
        None => fine(&service, context),
        Some(entity) => call(args, &service, entity, context),
    }
}

fn is_installed(file: &Path, context: &Context) -> bool {
    let folder = context.paths().map(|paths| paths.config.join("services"));
    match (file.canonicalize(), folder.map(|folder| folder.canonicalize())) {
        (Ok(file), Ok(Ok(folder))) => file.starts_with(folder),
        _ => false,
    }
}

fn refused(problems: &[SettingsProblem], context: &Context) -> Outcome {
    for problem in problems {
        context.out.message(&format!("error: {problem}"));
    }
    if context.out.json {
        let view = |problem: &SettingsProblem| {
            let (line, column) = problem.place.unzip();
            json!({
                "file": problem.file, "line": line, "column": column,
                "message": problem.message, "hint": problem.hint,
            })
        };
        let problems: Vec<_> = problems.iter().map(view).collect();
        context.out.document(&json!({ "ok": false, "problems": problems }))?;
    }
    Ok(Exit::Usage)
}

fn fine(service: &Service, context: &Context) -> Outcome {
    let modules: Vec<&str> = service.modules.keys().map(|module| module.label()).collect();
    if context.out.json {
        let document = json!({ "ok": true, "service": service.name, "modules": modules });
        context.out.document(&document)?;
    } else {
        context.out.text(&format!(
            "{} ({}) is in order: {}.\n\
             Put the file into the folder services of the settings to use it; --call ENTITY tries it.\n",
            plain(&service.label),
            service.name,
            modules.join(", ")
        ))?;
    }
    Ok(Exit::Done)
}

fn call(args: &CheckArgs, service: &Service, entity: &str, context: &Context) -> Outcome {
    let found = service.modules.iter().find(|(module, spec)| {
        spec.entity == entity || module.key() == entity || module.label() == entity
    });
    let (Some((_, spec)), Some(manifest)) = (found, service.manifest()) else {
        let all: Vec<&str> = service.modules.values().map(|spec| spec.entity.as_str()).collect();
        return Err(Failure::usage(
            format!("The manifest has no entity \"{entity}\"."),
            format!("It has {}.", all.join(", ")),
            "Name one of them, or a module.",
        ));
    };
    let config = config(args, service)?;
    let options = ConnectOptions { allow_http: args.allow_http, ..ConnectOptions::default() };
    let mut mapped: Vec<String> = spec
        .mapping
        .iter()
        .filter(|pair| pair.active)
        .flat_map(|pair| pair.service.iter().chain(&pair.fallback).cloned())
        .collect();
    mapped.sort();
    mapped.dedup();
    let tried = try_out(manifest, config, &options, &spec.entity, &mapped);
    let trial = runtime()?.block_on(tried)?;
    if context.out.json {
        context.out.document(&document(&trial))?;
    } else {
        context.out.text(&text(&trial))?;
    }
    if let Some(error) = &trial.error {
        return Err(error.clone().into());
    }
    Ok(Exit::Done)
}

/// The fields of the connection form, with their defaults.
fn config(args: &CheckArgs, service: &Service) -> Outcome<BTreeMap<String, SecretString>> {
    let mut config: BTreeMap<String, SecretString> = service
        .form
        .iter()
        .filter(|field| !field.default.is_empty())
        .map(|field| (field.name.clone(), field.default.as_str().into()))
        .collect();
    for given in &args.set {
        let field = given
            .split_once('=')
            .filter(|(name, _)| service.form.iter().any(|field| field.name == *name));
        let Some((name, value)) = field else {
            let names: Vec<&str> = service.form.iter().map(|field| field.name.as_str()).collect();
            let name = given.split('=').next().unwrap_or("");
            return Err(Failure::usage(
                format!("\"{}\" is no field of the connection form.", plain(name)),
                format!("The form has {}.", names.join(", ")),
                "Write --set NAME=VALUE.",
            ));
        };
        let value = match is_reference(value) {
            true => Vault::reveal_without_key(&SecretText::Reference(value.to_owned()))?,
            false => value.into(),
        };
        config.insert(name.to_owned(), value);
    }
    let missing = service.form.iter().find(|f| f.required && !config.contains_key(&f.name));
    match missing {
        None => Ok(config),
        Some(field) => Err(Failure::usage(
            format!("{} ({}) is not set.", field.name, field.label),
            "The connection needs it.",
            format!("Add --set {}=VALUE; a secret as env:NAME or file:PATH.", field.name),
        )),
    }
}

fn document(trial: &Trial) -> Json {
    let requests = trial.exchanges.iter().map(|e| {
        json!({
            "request": e.request, "body": e.body, "status": e.status, "answer": e.answer,
            "millis": e.millis,
        })
    });
    let fields = trial
        .fields
        .iter()
        .map(|(path, kind, value)| json!({ "path": path, "type": kind, "value": value }));
    json!({
        "requests": requests.collect::<Vec<_>>(),
        "records": trial.records,
        "first": trial.first,
        "id": trial.read.as_ref().map(|record| &record.id),
        "modified": trial.read.as_ref().and_then(|record| record.modified),
        "fields": fields.collect::<Vec<_>>(),
        "missing": trial.missing,
        "error": trial.error,
    })
}

fn text(trial: &Trial) -> String {
    let mut out = String::new();
    for e in &trial.exchanges {
        out.push_str(&format!("{}\n", plain(&e.request)));
        if !e.body.is_empty() {
            out.push_str(&format!("  sent      {}\n", plain(&e.body)));
        }
        let answer: String = plain(&e.answer).chars().take(400).collect();
        out.push_str(&format!("  answered  HTTP {} in {} ms: {answer}\n", e.status, e.millis));
    }
    if trial.error.is_some() {
        return out;
    }
    out.push_str(&format!("records in the answer: {}\n", trial.records));
    if let Some(first) = &trial.first {
        let shown = serde_json::to_string_pretty(first).unwrap_or_default();
        out.push_str(&format!(
            "first record:\n{}\n",
            shown.lines().map(plain).collect::<Vec<_>>().join("\n")
        ));
    }
    match &trial.read {
        Some(record) => {
            let stamp = record.modified.map_or_else(|| "not told".to_owned(), |at| at.to_string());
            out.push_str(&format!("its id: {}   changed: {stamp}\n", plain(&record.id)));
        }
        None if trial.records > 0 => {
            out.push_str("its id: none; correct `id` in the manifest\n");
        }
        None => {}
    }
    if !trial.fields.is_empty() {
        out.push_str("paths found:\n");
    }
    for (path, kind, value) in &trial.fields {
        out.push_str(&format!("  {:<32} {:<8} {}\n", plain(path), kind, plain(value)));
    }
    if !trial.missing.is_empty() {
        out.push_str("mapped, but in none of these records:\n");
    }
    for path in &trial.missing {
        out.push_str(&format!("  {}\n", plain(path)));
    }
    out
}
