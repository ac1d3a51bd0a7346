use super::*;

#[test]
fn the_assets_parse() {
    let catalog = Catalog::built_in().unwrap();
    let shop = catalog.service("woocommerce").unwrap();
    assert_eq!(shop.label, "WooCommerce");
    for (module, spec) in &shop.modules {
        assert!(catalog.vtiger_module(*module).is_some(), "{module}");
        assert!(!spec.directions.is_empty());
        for key in &spec.match_on {
            let pair = spec.mapping.iter().find(|p| p.vtiger == *key);
            assert!(pair.is_some_and(|p| p.required), "{module}: {key}");
        }
    }
}

#[test]
fn a_replacing_line_takes_the_place_of_the_default_one() {
    let catalog = Catalog::built_in().unwrap();
    let contacts = &catalog.service("woocommerce").unwrap().modules[&Module::Contacts];
    let mut line = Pair::new("mobile", "billing.phone");
    let added = contacts.effective_mapping(std::slice::from_ref(&line));
    assert_eq!(added.len(), contacts.mapping.len() + 1);
    line.replaces = true;
    let replaced = contacts.effective_mapping(&[line]);
    assert_eq!(replaced.len(), contacts.mapping.len());
    assert!(!replaced.iter().any(|p| p.vtiger == "phone"));
}
