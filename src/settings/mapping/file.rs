//! A module's own lines as a file: the mapping tables of the settings file, under `[[mapping]]`.

use super::super::problem::Problems;
use super::super::problem::SettingsProblem;
use super::mapping_problems;
use crate::catalog::{Service, ServiceModule};
use crate::model::{Module, Pair, UserError};
use crate::settings::file::hint;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use toml::Spanned;

#[derive(Serialize)]
struct MappingOut<'a> {
    service: &'a str,
    module: &'a str,
    mapping: &'a [Pair],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    service: Option<Spanned<String>>,
    module: Option<Spanned<String>>,
    #[serde(default)]
    mapping: Vec<Spanned<Pair>>,
}

/// The file with these lines. The default lines stand in it as remarks.
///
/// # Errors
/// The lines cannot be written as TOML: a fault of SyncDeck.
pub fn export_mapping(
    service: &Service,
    module: Module,
    lines: &[Pair],
) -> Result<String, UserError> {
    let out = MappingOut { service: &service.name, module: module.key(), mapping: lines };
    let body = toml::to_string(&out).map_err(|error| {
        UserError::new(
            "The mapping could not be written as TOML.",
            format!("{error}."),
            "This is a fault of SyncDeck; please report it.",
        )
    })?;
    let mut text = format!(
        "# Field mapping of {module} of {}: what was added to the default lines, or takes their \
         place.\n",
        service.label
    );
    for pair in service.modules.get(&module).iter().flat_map(|spec| &spec.mapping) {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "# default: {} | {}", pair.vtiger, pair.service_label());
    }
    text.push('\n');
    text.push_str(&body);
    Ok(text)
}

/// Reads such a file. The lines are checked as in the settings file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_mapping(
    service: &Service,
    module: Module,
    text: &str,
    file_name: &str,
) -> Result<Vec<Pair>, Vec<SettingsProblem>> {
    let mut problems = Problems::new(file_name, text);
    let file: MappingFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let message = error.message().trim();
            let span = error.span().unwrap_or(0..0);
            problems.hinted(span, message.replace('\n', " "), hint(message));
            return Err(problems.into_found());
        }
    };
    let lines: Vec<Pair> =
        file.mapping.iter().map(|l| Pair { custom: false, ..l.get_ref().clone() }).collect();
    if let Some(name) = file.service.filter(|name| *name.get_ref() != service.name) {
        let message = format!("this is a mapping of {}, not of {}", name.get_ref(), service.name);
        problems.at(name.span(), message);
    }
    if let Some(name) = file.module.filter(|n| n.get_ref().parse::<Module>() != Ok(module)) {
        let message = format!("this is a mapping of {}, not of {}", name.get_ref(), module.key());
        problems.at(name.span(), message);
    }
    match service.modules.get(&module) {
        Some(spec) => check(spec, &lines, &file.mapping, &mut problems),
        None => problems.at(0..0, format!("{} has no {module}", service.label)),
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems.into_found()) }
}

fn check(
    spec: &ServiceModule,
    lines: &[Pair],
    places: &[Spanned<Pair>],
    problems: &mut Problems<'_>,
) {
    for problem in mapping_problems(spec, lines) {
        problems.at(places[problem.line].span(), problem.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::model::Transform;

    #[test]
    fn what_is_written_is_read_again() {
        let catalog = Catalog::built_in().unwrap();
        let shop = catalog.service("woocommerce").unwrap();
        let mut line = Pair::new("cf_854", "meta_data.vat");
        line.description = "VAT \"number\"".into();
        line.transform = vec![Transform::Truncate { length: 20 }];
        let mut off = Pair::new("phone", "billing.phone");
        (off.replaces, off.active) = (true, false);
        let lines = vec![line, off];
        let text = export_mapping(shop, Module::Contacts, &lines).unwrap();
        assert!(text.contains("# default: lastname | last_name"), "{text}");
        assert_eq!(read_mapping(shop, Module::Contacts, &text, "x.toml").unwrap(), lines);
        let none = export_mapping(shop, Module::Contacts, &[]).unwrap();
        assert_eq!(read_mapping(shop, Module::Contacts, &none, "x.toml").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let catalog = Catalog::built_in().unwrap();
        let shop = catalog.service("woocommerce").unwrap();
        for (text, told) in [
            ("mapping = 3", "x.toml:1"),
            ("[[mapping]]\nvtigr = \"a\"\nservice = \"b\"", "Did you mean \"vtiger\""),
            ("[[mapping]]\nvtiger = \"a b\"\nservice = \"b\"", "is not the name of a Vtiger field"),
            ("module = \"products\"", "this is a mapping of products, not of contacts"),
            ("service = \"zoho\"", "this is a mapping of zoho, not of woocommerce"),
            (
                "[[mapping]]\nvtiger = \"lastname\"\nservice = \"x\"",
                "replaces = true takes its place",
            ),
        ] {
            let problems = read_mapping(shop, Module::Contacts, text, "x.toml").unwrap_err();
            let all: String = problems.iter().map(ToString::to_string).collect();
            assert!(all.contains(told), "{text}: {all}");
        }
    }
}
