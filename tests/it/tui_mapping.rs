//! A mapping is mended on the screen: the real binary in a pseudo-terminal, from a skipped record to
//! its arrival.

use crate::tui_pty::Term;

fn shop() -> Term {
    let mut term = Term::start(&["demo", "--records", "200"]);
    term.wait_for("Sync Now");
    term.wait_for("zoho");
    // irujul, magento, woocommerce.
    // Nothing was synced yet: the start is among the connectors.
    term.wait_for("[Connectors]");
    term.press("jj\r");
    term.wait_for("woocommerce (WooCommerce)");
    term
}

/// The columns behind the connectors pane.
fn body(screen: &str) -> String {
    let right = |line: &str| line.chars().skip(17).collect::<String>();
    screen.lines().map(right).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_mapping_is_mended_and_the_skipped_records_are_tried_again() {
    let mut term = shop();
    term.press("s");
    term.wait_for("synced:");
    // From the number of skipped products to those that are too long, and to one of them.
    term.wait("products in the log", |s| body(s).lines().any(|l| l.contains(" Products ")));
    let log = body(&term.screen());
    let first = log.lines().position(|line| line.contains(" Taxes ")).unwrap();
    let products = log.lines().position(|line| line.contains(" Products ")).unwrap();
    term.press(&"j".repeat(products - first));
    term.press("lll\r");
    term.wait_for("Records Skipped in Vtiger");
    term.press("/longer than\r");
    let list = term.wait_for("row 1 of 2/");
    let name = list.lines().find(|line| line.contains("▸")).unwrap().to_owned();
    let name = name.split_whitespace().find(|word| word.len() > 3 && !word.contains("Products"));
    let name = name.unwrap().trim_end_matches('…').to_owned();
    term.press("\r");
    let detail = term.wait_for("Outcome");
    assert!(detail.contains("productname holds 255"), "{detail}");
    // To the line of the field.
    term.press("\x1b");
    term.wait_for("row 1 of 2/");
    term.press("\x1b");
    term.wait("the whole list", |s| !s.contains("/longer than"));
    term.press("\x1b");
    term.wait_for("[1 Log]");
    term.press("3");
    term.wait_for("[Taxes]");
    term.press("]");
    term.wait_for("Product Name");
    // It is cut, and tried on the skipped record before anything is saved.
    term.press("\r");
    term.wait_for("[ Take over ]");
    term.press("\t\t\t\t\x1b[C");
    term.wait_for("cut the text");
    term.press("\t255\x14");
    let tried = term.wait_for("It is skipped now");
    assert!(tried.contains("WooCommerce → Vtiger"), "{tried}");
    assert!(tried.contains("(productname)"), "it would arrive: {tried}");
    term.press("\x1b");
    term.wait_for("[ Take over ]");
    term.press("\x13");
    term.wait_for("Taken over, not saved yet");
    term.press("\x13");
    let diff = term.wait_for("linked)");
    assert!(diff.contains("none → cut to 255") && diff.contains("are compared again"), "{diff}");
    term.press("y");
    term.wait_for("was saved");
    // All with the reason are tried again.
    term.press("4");
    term.wait_for("ambiguous match");
    term.press("/too long\r");
    term.wait_for("/too long");
    term.wait("a skipped product", |s| body(s).contains("▸Products"));
    term.press("R");
    term.wait_for("retry them");
    term.press("y");
    term.wait_for("tried again at the next sync");
    term.press("s");
    term.wait("the second sync", |s| s.contains("synced:") || s.contains("in step"));
    // They have arrived.
    let created = |s: &str| {
        let log = body(s);
        let line = log.lines().find(|line| line.contains(" Products ")).map(str::to_owned);
        line.is_some_and(|l| l.split_whitespace().any(|w| w == "2" || w == "[2]"))
    };
    let log = term.wait("two created products", created);
    let log = body(&log);
    let first = log.lines().position(|line| line.contains(" Taxes ")).unwrap();
    let products = log.lines().position(|line| line.contains(" Products ")).unwrap();
    term.press("g");
    term.press(&"j".repeat(products - first));
    term.press("hhh");
    term.wait_for("[2]");
    term.press("\r");
    // The line below the rows is drawn last.
    let list = term.wait_for("row 1 of 2");
    assert!(list.contains("Records Created in Vtiger"), "{list}");
    assert!(list.contains(&name), "{name} is not in\n{list}");
    term.press("\x1b");
    term.wait_for("[1 Log]");
    term.press("4");
    term.wait("no product is too long any more", |s| {
        s.contains("/too long") && !body(s).contains("Products ")
    });
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn lines_go_into_a_file_and_come_back() {
    let mut term = shop();
    term.press("3");
    term.wait_for("[Taxes]");
    term.press("]]");
    term.wait_for("Last Name");
    // Office Phone is switched off.
    term.press("/office\r");
    term.wait_for("line 1 of 1/");
    term.press("t");
    term.wait_for("inactive");
    term.press("x");
    term.wait_for("Export the field mapping");
    term.press("\r");
    term.wait_for("The mapping was written to");
    term.press("z");
    term.wait_for("undone");
    term.press("i");
    term.wait_for("Import the field mapping");
    term.press("\r");
    term.wait_for("1 line read");
    term.wait_for("inactive");
    term.press("x\r");
    term.wait_for("Replace the file?");
    term.press("\x1b");
    term.wait("no question", |s| !s.contains("Replace the file?"));
    term.press("\x1b");
    term.wait("the table", |s| !s.contains("Export the field mapping"));
    term.press("q");
    term.wait_for("Leave without saving?");
    term.press("y");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}
