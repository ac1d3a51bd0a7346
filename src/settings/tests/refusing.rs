//! Files that are refused: where, in which words, and that nothing was stored.

use super::{FULL, World, shop};
use crate::settings::SettingsProblem;

fn refused(text: &str) -> Vec<SettingsProblem> {
    let world = World::new();
    let generation = world.generation();
    let problems = world.apply(text).unwrap_err();
    assert_eq!(world.generation(), generation);
    for problem in &problems {
        assert_eq!(problem.file, "shop.toml");
        assert!(!problem.message.is_empty() && !problem.user().next.is_empty());
    }
    problems
}

/// The only problem: its line, its message, its hint.
fn only(text: &str) -> (String, String, String) {
    let mut problems = refused(text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let problem = problems.remove(0);
    (problem.line.clone(), problem.message.clone(), problem.hint)
}

#[test]
fn values_are_refused_at_their_place() {
    let cases = [
        ("frequency = \"15 minutes\"", "not a length of time"),
        ("frequency = \"10s\"", "shortest frequency is 1m"),
        ("sync_from = \"yesterday\"", "none of: all, a date"),
        ("conflict = \"newest\"", "unknown variant `newest`"),
        ("debug = \"yes\"", "expected a boolean"),
        ("[connector.modules.contacts]\ndirection = \"up\"", "unknown variant `up`"),
        ("[connector.modules.contacts]\nperiod = \"10s\"", "the shortest is 1m"),
        ("[connector.modules.contacts]\nmode = \"often\"", "unknown variant `often`"),
        ("[connector.modules.contacts]\ndeletes = true", "wanted string"),
        ("[connector.modules.contact]", "there is no module \"contact\""),
        ("[connector.modules.leads]", "WooCommerce has no Leads"),
        ("[connector.advanced]\nguard_deletes = \"110%\"", "not a share"),
        ("[connector.advanced]\nguard_creates = -1", "not a number from 0"),
        ("[connector.advanced]\nconcurrency = 0", "not a number from 1 to 32"),
        ("[connector.advanced]\nprobe_interval = \"1s\"", "the shortest is 5s"),
        ("[connector.advanced]\nfull_scan = \"now\"", "not a length of time"),
        ("[connector.advanced]\nsettle_wait = \"1h\"", "the longest is 10m"),
        ("[connector.advanced]\nexternal_id_fields = { contacts = \"cf 9\" }", "not the name of"),
        ("[connector.advanced]\nexternal_id_fields = { leads = \"cf_9\" }", "has no Leads"),
        ("[connector.advanced]\nca_file = \" \"", "name of the file is empty"),
        ("[retention]\nruns = \"1y\"", "not a length of time"),
        ("[retention]\ndebug_size = \"big\"", "not a size"),
    ];
    for (more, words) in cases {
        let (line, message, _) = only(&shop(more));
        assert!(message.contains(words), "{more}: {message}");
        assert_eq!(Some(&*line), more.lines().last(), "{more}");
    }
}

#[test]
fn misspelt_names_are_hinted() {
    let cases = [
        (shop("frequncy = \"15m\""), "frequency"),
        (shop("[connector.advanced]\nguard_delete = \"1%\""), "guard_deletes"),
        (shop("[connector.module.contacts]"), "modules"),
        (shop("[connector.modules.contact]"), "contacts"),
        (shop("conflict = \"last_updated\""), "last-updated"),
        (shop("").replace("app_url", "app_ur"), "app_url"),
        (shop("").replace("woocommerce", "woocomerce"), "woocommerce"),
        (shop("[retention]\nrun = \"1d\""), "runs"),
        ("[cmr]\n".to_owned(), "crm"),
    ];
    for (text, meant) in cases {
        let problems = refused(&text);
        let hint = format!("Did you mean \"{meant}\"?");
        assert!(problems.iter().any(|p| p.hint == hint), "{problems:?}");
    }
}

#[test]
fn credentials_are_required_known_and_kept_only_if_there() {
    let without = shop("").replace("consumer_key = \"env:CK\", ", "");
    assert!(only(&without).1.contains("consumer_key (Consumer Key) is required"));
    let empty = shop("").replace("env:CK", " ");
    assert!(only(&empty).1.contains("Consumer Key is required"));
    let keep = shop("").replace("env:CK", "keep:");
    assert!(only(&keep).1.contains("it has nothing here"));
    assert!(only(&shop("").replace("env:CK", "env:")).1.contains("names nothing"));
    assert!(only(&shop("").replace("https://shop", "ftp://shop")).1.contains("neither https"));
    let crm = refused("[crm]\nurl = \"env:URL\"\napi = \"soap\"");
    let messages: Vec<_> = crm.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(crm.len(), 4, "{messages:?}");
    assert!(messages.iter().any(|m| m.contains("not as a reference")));
    assert!(messages.iter().any(|m| m.contains("it is webservice or cloud")));
}

#[test]
fn names_are_sane_and_theirs_alone() {
    for (name, words) in [
        ("", "is empty"),
        (" shop", "blank"),
        ("-shop", "option"),
        ("vtiger", "CRM's"),
        ("a/b", "slashes"),
    ] {
        let text = shop("").replacen("\"shop\"", &format!("\"{name}\""), 1);
        assert!(only(&text).1.contains(words), "{name}");
    }
    let twice = format!("{}{}", shop(""), shop("").replacen("\"shop\"", "\"SHOP\"", 1));
    assert!(only(&twice).1.contains("another connector"));
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let text = FULL
        .replace("crm.example.com", "https://a b")
        .replace("30d", "3 days")
        .replace("cf_854", "cf-854")
        .replace("100d", "100");
    let lines: Vec<_> = refused(&text).iter().map(|p| p.place.unwrap().0).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn broken_toml_is_refused_with_the_line() {
    let (line, _, _) = only("[crm]\nurl = \"x\n");
    assert_eq!(line, "url = \"x");
    let world = World::new();
    let problem = &world.apply("[[connector]]\nname = 5\n").unwrap_err()[0];
    let shown = problem.to_string();
    assert!(shown.starts_with("shop.toml:2:8: "), "{shown}");
    assert!(shown.ends_with("\n  2 | name = 5\n    |        ^"), "{shown}");
}

#[test]
fn a_secret_is_in_no_message() {
    for text in [
        FULL.replace("\"very-secret-1\"", "\"very-secret-1"),
        FULL.replace("\"very-secret-1\"", "{ a = \"very-secret-1\" }"),
        FULL.replace("\"ck_secret\"", "[\"ck_secret\"]"),
        FULL.replace("\"ck_secret\"", "\"ck_secret\\u0007\""),
        FULL.replace("app_url", "app_ur"),
        FULL.replace("\"very-secret-1\"", "9876543"),
        FULL.replace("access_key", "acces_key"),
    ] {
        for problem in refused(&text) {
            let shown = format!("{problem} {problem:?} {}", problem.user());
            for secret in ["very-secret-1", "ck_secret", "9876543"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}

#[test]
fn mapping_lines_are_checked() {
    let line = |line: &str| shop(&format!("[[connector.modules.contacts.mapping]]\n{line}\n"));
    let cases = [
        ("vtiger = \"email\"\nservice = \"meta_data.x\"", "replaces = true takes its place"),
        ("vtiger = \"cf_1\"\nservice = \"email\"", "email is written by a default line"),
        ("vtiger = \"cf_1\"\nservice = \"meta_data.x\"\nreplaces = true", "no default line"),
        ("vtiger = \"cf 1\"\nservice = \"x\"", "not the name of a Vtiger field"),
        ("vtiger = \"cf_1\"\nservice = \"a..b\"", "not a field path"),
        ("vtiger = \"cf_1\"\nservice = []", "names no service field"),
        ("vtiger = \"cf_1\"\nservice = [\"a\", \"b\"]", "type = \"lines\""),
        (
            "vtiger = \"cf_1\"\nservice = \"x\"\ntransform = [{ kind = \"truncate\", length = 0 }]",
            "at least 1",
        ),
        (
            "vtiger = \"cf_1\"\nservice = \"x\"\ntransform = [{ kind = \"shout\" }]",
            "unknown variant",
        ),
        ("vtiger = \"cf_1\"\nservice = \"x\"\nkeep = true", "unknown field"),
        ("vtiger = \"cf_1\"\nservice = \"email\"\nreplaces = true", "recognised by email"),
    ];
    for (text, words) in cases {
        let (_, message, _) = only(&line(text));
        assert!(message.contains(words), "{text}: {message}");
    }
    let twice = "[[connector.modules.contacts.mapping]]\nvtiger = \"cf_1\"\nservice = \"x\"\n";
    let (_, message, _) = only(&shop(&format!("{twice}{}", twice.replace("\"x\"", "\"y\""))));
    assert!(message.contains("cf_1 is written by an earlier line"), "{message}");
    for fine in [
        "vtiger = \"cf_1\"\nservice = \"meta_data.vat\"",
        "vtiger = \"email\"\nservice = \"meta_data.mail\"\ndirection = \"to-service\"",
        "vtiger = \"email\"\nservice = \"meta_data.mail\"\nactive = false",
        "vtiger = \"email\"\nservice = \"email\"\nreplaces = true\ntype = \"email\"",
    ] {
        World::new().apply(&line(fine)).unwrap();
    }
}

#[test]
fn a_saved_connector_keeps_its_service() {
    let mut world = World::new();
    world.apply(&shop("")).unwrap();
    let mut other = world.catalog.service("woocommerce").unwrap().clone();
    other.name = "magento".into();
    world.catalog.add(other);
    let problems = world.apply(&shop("").replace("woocommerce", "magento")).unwrap_err();
    assert!(problems[0].message.contains("is one of woocommerce"), "{problems:?}");
}

#[test]
fn a_direction_that_a_module_does_not_have_is_refused() {
    let mut world = World::new();
    let mut other = world.catalog.service("woocommerce").unwrap().clone();
    let contacts = other.modules.get_mut(&crate::model::Module::Contacts).unwrap();
    contacts.directions = vec![crate::model::Direction::ToVtiger];
    world.catalog.add(other);
    let text = shop("[connector.modules.contacts]\ndirection = \"both\"");
    let problems = world.apply(&text).unwrap_err();
    assert!(problems[0].message.contains("cannot go both; it can go to-vtiger"));
    assert_eq!(problems[0].line, "direction = \"both\"");
}
