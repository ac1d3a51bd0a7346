//! `services list` and `services check`: manifests of an administrator, checked and tried.

use super::bench::{Deck, Sandbox};
use crate::rest::manifest;

#[test]
fn a_manifest_is_checked_tried_and_used() {
    let deck = Deck::new();
    let sandbox = Sandbox::start(&["--records", "30", "--seed", "3"]);
    let keys = &sandbox.keys["rest"];
    let value = |name: &str| keys[name].as_str().unwrap().to_owned();
    let file = deck.path("plain.toml");
    let file = file.to_str().unwrap();
    std::fs::write(file, manifest(["key", "page", "flag"])).unwrap();
    let told = deck.run(&["services", "check", file]).exits(0);
    assert!(told.out.starts_with("Plain (plain) is in order: Products, Contacts."), "{told:?}");

    let missing = deck.run(&["services", "check", file, "--call", "customers"]).exits(2);
    assert!(missing.err.contains("base_url (Base URL) is not set."), "{missing:?}");
    let unknown = deck.run(&["services", "check", file, "--call", "nothing"]).exits(2);
    assert!(unknown.err.contains("It has products, customers."), "{unknown:?}");
    let set = [
        format!("base_url={}", value("base_url").trim_start_matches("http://")),
        format!("api_key={}", value("api_key")),
    ];
    let call = |entity: &str| {
        let args =
            ["services", "check", file, "--call", entity, "--set", &set[0], "--set", &set[1]];
        deck.run(&args)
    };
    let tried = call("customers").exits(0);
    for part in [
        "/rest/key/page/flag/customers?",
        "answered  HTTP 200",
        "records in the answer: 10",
        "\"first_name\":",
        "its id: 1   changed: ",
        "paths found:\n",
        "  address.city  ",
        "  company.name  ",
    ] {
        assert!(tried.out.contains(part), "{part}: {tried:?}");
    }
    let secret = value("api_key");
    assert!(!format!("{tried:?}").contains(&secret), "{tried:?}");
    let mapped = std::fs::read_to_string(file).unwrap().replace("\"first_name\"", "\"given_name\"");
    std::fs::write(file, &mapped).unwrap();
    let tried = call("Contacts").exits(0);
    assert!(
        tried.out.ends_with("mapped, but in none of these records:\n  given_name\n"),
        "{tried:?}"
    );
    let wrong = [&set[0][..], "api_key=wrong-key"];
    let args =
        ["services", "check", file, "--call", "customers", "--set", wrong[0], "--set", wrong[1]];
    let refused = deck.run(&args).exits(1);
    assert!(refused.err.contains("The credentials are not valid"), "{refused:?}");
    assert!(refused.err.contains("Check the credentials in the connection's settings."));

    let bad = mapped.replace("concurrency", "concurency");
    std::fs::write(file, bad).unwrap();
    let refused = deck.run(&["services", "check", file, "--json"]).exits(2);
    assert!(refused.err.contains("plain.toml:"), "{refused:?}");
    assert!(refused.err.contains("Did you mean \"concurrency\"?"), "{refused:?}");
    let problems = &refused.json()["problems"];
    assert!(problems[0]["line"].as_u64().unwrap() > 5, "{problems}");

    // In the folder of the settings it is a service like any other.
    let folder = deck.path("data/services");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("plain.toml"), manifest(["key", "page", "flag"])).unwrap();
    std::fs::write(folder.join("broken.toml"), "name = 1").unwrap();
    let list = deck.run(&["services", "list"]).exits(0);
    assert!(list.out.contains("Plain (plain)") && list.out.contains("iRujul (irujul)"), "{list:?}");
    assert!(list.err.contains("warning: ") && list.err.contains("broken.toml:1:8"), "{list:?}");
    let again = deck.run(&["services", "check", folder.join("plain.toml").to_str().unwrap()]);
    again.exits(0);
    let settings = format!(
        "[crm]\nurl = \"{}\"\nusername = \"{}\"\naccess_key = \"{}\"\n\
         [[connector]]\nname = \"stock\"\nservice = \"plain\"\nsync_from = \"all\"\n\
         credentials = {{ base_url = \"{}\", api_key = \"{secret}\" }}\n\
         [connector.modules.contacts]\nenabled = true\n",
        sandbox.vtiger("url"),
        sandbox.vtiger("username"),
        sandbox.vtiger("access_key"),
        value("base_url"),
    );
    let apply = deck.path("deck.toml");
    std::fs::write(&apply, &settings).unwrap();
    deck.run(&["apply", apply.to_str().unwrap()]).exits(0);
    let report = deck.run(&["check", "stock", "--json"]).exits(0).json();
    assert_eq!(report[0]["ok"], true, "{report}");
    let run = deck.run(&["sync", "stock", "--json", "--yes"]).json();
    assert_eq!(run["status"], "completed", "{run}");
    let counts = &run["modules"][0];
    let linked = counts["vtiger"]["created"].as_u64().unwrap() + counts["linked"].as_u64().unwrap();
    assert!(linked >= 8, "{run}");
    let both = settings.replace("enabled = true", "enabled = true\ndirection = \"both\"");
    std::fs::write(&apply, both).unwrap();
    let refused = deck.run(&["apply", apply.to_str().unwrap()]).exits(2);
    assert!(refused.err.contains("to-vtiger"), "{refused:?}");
    assert_eq!(sandbox.stop(), 0);
}
