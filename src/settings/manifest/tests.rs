use super::*;
use crate::catalog::Catalog;

/// A manifest that is in order.
const GOOD: &str = r#"name = "stock"
label = "Stock"
description = "Goods"

[[form]]
name = "base_url"
label = "Base URL"
kind = "url"
required = true

[[form]]
name = "api_key"
label = "API Key"
secret = true

[api]
timeout = 20

[api.auth]
kind = "header"
name = "X-Api-Key"
value = "{{config.api_key}}"

[api.paginate]
kind = "page"
size = 50

[modules.products]
entity = "items"
source_module = "Items"
name = ["name"]
match_on = ["productcode"]

[modules.products.api]
id = ["id"]
records = "data"

[modules.products.api.request]
path = "items"
query = { page = "{{page}}", since = "{{from}}" }

[modules.products.api.cursor]
lookback = 60

[[modules.products.mapping]]
vtiger = "productname"
service = "name"
required = true

[[modules.products.mapping]]
vtiger = "productcode"
service = "sku"
required = true
"#;

fn read(text: &str) -> Result<Service, Vec<SettingsProblem>> {
    read_manifest("stock.toml", text, &Catalog::built_in().unwrap())
}

#[test]
fn a_good_manifest_is_a_service() {
    let service = read(GOOD).unwrap();
    assert_eq!(service.modules[&Module::Products].directions, [Direction::ToVtiger]);
    let manifest = service.manifest().unwrap();
    assert_eq!(manifest.modules[&Module::Products], "items");
    assert!(manifest.secrets.contains("api_key") && !manifest.secrets.contains("base_url"));
}

/// What is replaced by what, the line and the beginning of the message, and words of the hint.
#[test]
fn what_is_wrong_is_told_with_its_line_and_what_to_do() {
    for (from, to, line, message, hint) in [
        (
            "timeout = 20",
            "timeuot = 20",
            17,
            "unknown field `timeuot`",
            "Did you mean \"timeout\"?",
        ),
        (
            "timeout = 20",
            "timeout = \"soon\"",
            17,
            "invalid type: string \"soon\", expected u64",
            "check the file",
        ),
        ("timeout = 20", "timeout = ", 17, "", "check the file"),
        (
            "kind = \"page\"\nsize",
            "kind = \"page\"\nkind = \"token\"\nsize",
            26,
            "duplicate key",
            "check the file",
        ),
        ("size = 50", "path = \"next\"", 26, "unknown field `path`", "check the file"),
        (
            "kind = \"page\"",
            "kind = \"pages\"",
            25,
            "unknown variant `pages`",
            "Did you mean \"page\"?",
        ),
        ("id = [\"id\"]\n", "", 34, "missing field `id`", "check the file"),
        ("path = \"items\"\n", "", 38, "missing field `path`", "check the file"),
        (
            "page = \"{{page}}\", ",
            "",
            38,
            "the listing would never end: {{page}}",
            "Put {{page}} into its query or body.",
        ),
        (
            "{{page}}",
            "{{paeg}}",
            40,
            "{{paeg}} stands for nothing here",
            "Here you can use {{from}}, {{to}}, {{page}}",
        ),
        (
            "{{page}}",
            "{{page}}{{offset}}",
            40,
            "{{offset}} stands for nothing here",
            "Choose the pagination kind",
        ),
        ("{{page}}", "{{page}", 40, "a template is opened and not closed", "Write {{ and }}"),
        (
            "[modules.products.api.cursor]\nlookback = 60\n",
            "",
            40,
            "{{from}} stands for nothing here",
            "Add a [cursor]",
        ),
        (", since = \"{{from}}\"", "", 42, "the request does not say since when", "Put {{from}}"),
        ("lookback = 60", "step_days = 30", 43, "windows need an end", "Put {{to}}"),
        ("lookback = 60", "start = \"long ago\"", 43, "\"long ago\" is no date", "2015-01-01"),
        (
            "lookback = 60",
            "format = \"YYYY\"",
            43,
            "\"YYYY\" is not a notation of dates",
            "%d/%m/%Y",
        ),
        (
            "{{config.api_key}}",
            "{{config.apikey}}",
            22,
            "the connection form has no field \"apikey\"",
            "Did you mean \"api_key\"?",
        ),
        (
            "timeout = 20",
            "values = { zone = \"Mars\" }",
            17,
            "the time zone \"Mars\" is not known",
            "Asia/Kolkata",
        ),
        (
            "path = \"items\"\n",
            "path = \"items\"\nmethod = \"DELETE\"\n",
            40,
            "\"DELETE\" is not a method that reads",
            "GET or POST",
        ),
        (
            "name = \"stock\"",
            "name = \"zoho\"",
            1,
            "there is a service \"zoho\" already",
            "another name",
        ),
        (
            "name = \"stock\"",
            "name = \"Our Stock\"",
            1,
            "\"Our Stock\" cannot be the name",
            "small letters",
        ),
        (
            "match_on = [\"productcode\"]",
            "match_on = [\"productcoed\"]",
            32,
            "records are recognised by productcoed, which no line maps",
            "Did you mean \"productcode\"?",
        ),
        (
            "service = \"sku\"\nrequired = true",
            "service = \"sku\"",
            32,
            "records are recognised by productcode, so its line has to be required",
            "required = true",
        ),
        (
            "match_on = [\"productcode\"]",
            "match_on = [\"productcode\"]\ndirections = [\"both\"]",
            33,
            "a service that is connected by a manifest is only read",
            "to-vtiger",
        ),
        (
            "service = \"name\"",
            "service = [\"name\", \"name2\"]",
            45,
            "several service fields need",
            "check the file",
        ),
        ("[modules.products]", "[modules.goods]", 28, "", "check the file"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        // What belongs to the module has to move with it.
        let text = text.replace("[modules.goods]\n", "[modules.goods]\nx = 1\n");
        let problems = read(&text).unwrap_err();
        let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let problem = problems.iter().find(|problem| problem.message.starts_with(message));
        let problem = problem.unwrap_or_else(|| panic!("{to}: {told}"));
        assert!(problem.hint.contains(hint), "{to}: {told}");
        assert_eq!(problem.place.map(|(line, _)| line), Some(line), "{to}: {told}");
        assert!(told.contains("stock.toml:"), "{told}");
    }
    let bare = &GOOD[..GOOD.find("[api]").unwrap()];
    let modules = &GOOD[GOOD.find("[modules.products]").unwrap()..];
    let problems = read(&format!("{bare}{modules}")).unwrap_err();
    assert_eq!(problems[0].message, "the manifest has no [api]");
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_nothing_that_looks_secret() {
    let text = GOOD
        .replace("{{config.api_key}}", "sk-123456{{config.nokey}}")
        .replace("{{page}}", "{{pagina}}");
    let problems = read(&text).unwrap_err();
    assert!(problems.len() >= 3, "{problems:?}");
    let text = GOOD.replace("value = \"{{config.api_key}}\"", "value = \"sk-123456\", x = 1");
    let told = format!("{:?}", read(&text).unwrap_err());
    assert!(!told.contains("sk-123456"), "{told}");
}

#[test]
fn the_folder_of_manifests_adds_services_and_leaves_bad_ones_out() {
    let config = tempfile::tempdir().unwrap();
    let mut catalog = Catalog::built_in().unwrap();
    let before = catalog.services().count();
    assert!(read_manifests(config.path(), &mut catalog).is_empty());
    let folder = config.path().join("services");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.toml"), GOOD).unwrap();
    std::fs::write(folder.join("b.toml"), GOOD.replace("timeout", "timeuot")).unwrap();
    std::fs::write(folder.join("c.toml"), GOOD).unwrap();
    std::fs::write(folder.join("notes.txt"), "nothing").unwrap();
    let problems = read_manifests(config.path(), &mut catalog);
    assert_eq!(catalog.services().count(), before + 1);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(told.len() == 2 && told[0].contains("b.toml:17:1"), "{told:?}");
    assert!(told[1].contains("there is a service \"stock\" already"), "{told:?}");
}

#[test]
fn the_built_in_manifests_are_in_order() {
    let none = |text: &str| {
        let mut catalog = Catalog::built_in().unwrap();
        catalog.remove("irujul");
        read_manifest("irujul.toml", text, &catalog).map(drop)
    };
    let told = none(include_str!("../../../assets/services/irujul.toml"));
    assert_eq!(told, Ok(()));
}
