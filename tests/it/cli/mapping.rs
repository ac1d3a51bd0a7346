//! A module's own mapping lines from the command line: written into a file, and read from one.

use super::bench::Sandbox;
use super::bench::{Deck, Settings};

const LINE: &str = "[[mapping]]\nvtiger = \"cf_854\"\nservice = \"meta_data.vat\"\n";

#[test]
fn lines_come_back_as_they_were_written_and_nothing_is_replaced_silently() {
    let sandbox = Sandbox::start(&["--records", "20"]);
    let deck = Deck::new();
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    let file = deck.path("lines.toml");
    let name = file.to_str().unwrap();
    std::fs::write(&file, LINE).unwrap();
    let put = ["mapping", "import", "shop", "contacts", name, "--json"];
    assert_eq!(deck.run(&put).exits(0).json()["lines"], 1);
    let shown = deck.run(&["mapping", "export", "shop", "contacts", "-"]).exits(0).out;
    assert!(shown.contains("meta_data.vat") && shown.contains("# default: lastname"), "{shown}");
    assert!(deck.run(&["config", "export"]).exits(0).out.contains("meta_data.vat"));
    // A file that is there is left alone, unless it is said.
    let get = ["mapping", "export", "shop", "contacts", name];
    deck.run(&get).exits(1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), LINE);
    deck.run(&[&get[..], &["--force"]].concat()).exits(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), shown);
    deck.run(&put).exits(0);
    assert_eq!(deck.run(&["mapping", "export", "shop", "contacts", "-"]).exits(0).out, shown);
    // What is wrong is told with its place, and nothing changes.
    std::fs::write(&file, LINE.replace("cf_854", "lastname")).unwrap();
    let refused = deck.run(&put[..5]).exits(2);
    assert!(refused.err.contains("replaces = true"), "{}", refused.err);
    assert_eq!(deck.run(&["mapping", "export", "shop", "contacts", "-"]).exits(0).out, shown);
    deck.run(&[&put[..5], &["--read-only"]].concat()).exits(2);
    deck.run(&["mapping", "export", "shop", "payments", "-"]).exits(2);
}
