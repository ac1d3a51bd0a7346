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

/// The leaves of a JSON schema's properties, by dotted path.
fn leaves(properties: &serde_json::Value, above: &str, paths: &mut Vec<String>) {
    for (name, schema) in properties.as_object().into_iter().flatten() {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match schema.get("properties") {
            Some(below) => leaves(below, &path, paths),
            None => paths.push(path),
        }
    }
}

/// Every field that the two systems describe is mapped, or is left out with a reason.
#[test]
fn every_field_is_mapped_or_left_out_with_a_reason() {
    let catalog = Catalog::built_in().unwrap();
    let shop = catalog.service("woocommerce").unwrap();
    let described = [
        (
            Module::Contacts,
            include_str!("../../assets/sandbox/vtiger/Contacts.json"),
            include_str!("../../assets/sandbox/woocommerce/customers.json"),
        ),
        (
            Module::Products,
            include_str!("../../assets/sandbox/vtiger/Products.json"),
            include_str!("../../assets/sandbox/woocommerce/products.json"),
        ),
    ];
    for (module, crm, service) in described {
        let spec = &shop.modules[&module];
        let left_out = |unmapped: &[Unmapped]| -> Vec<String> {
            assert!(unmapped.iter().all(|u| !u.reason.is_empty()));
            unmapped.iter().flat_map(|u| u.fields.clone()).collect()
        };
        let crm: serde_json::Value = serde_json::from_str(crm).unwrap();
        let fields = crm["describe"]["fields"].as_array().unwrap().iter();
        let reasons = left_out(&catalog.vtiger_module(module).unwrap().unmapped);
        for name in fields.map(|f| f["name"].as_str().unwrap()) {
            let mapped = spec.mapping.iter().any(|p| p.vtiger.split('.').next() == Some(name));
            let custom = name.starts_with("cf_");
            assert!(mapped || custom || reasons.iter().any(|r| r == name), "{module}: {name}");
        }
        let service: serde_json::Value = serde_json::from_str(service).unwrap();
        let mut paths = Vec::new();
        leaves(&service["schema"]["properties"], "", &mut paths);
        assert!(paths.len() > 20, "{paths:?}");
        let reasons = left_out(&spec.unmapped);
        for path in paths {
            let mapped = spec.mapping.iter().any(|p| p.service.contains(&path));
            assert!(mapped || reasons.contains(&path), "{module}: {path}");
        }
    }
}

/// Whether a path is among these; one that ends with * stands for all that begin so.
fn is_among(reasons: &[String], path: &str) -> bool {
    reasons.iter().any(|reason| match reason.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => reason == path,
    })
}

/// Every field of Magento's records (as a shop of version 2.4.7 answered them) is mapped, or is left
/// out with a reason.
#[test]
fn every_field_of_magento_is_mapped_or_left_out_with_a_reason() {
    let catalog = Catalog::built_in().unwrap();
    let shop = catalog.service("magento").unwrap();
    let known: BTreeMap<String, Vec<String>> =
        serde_json::from_str(include_str!("magento_fields.json")).unwrap();
    assert_eq!(shop.modules.len(), 7);
    for (module, spec) in &shop.modules {
        assert!(catalog.vtiger_module(*module).is_some(), "{module}");
        for key in &spec.match_on {
            let pair = spec.mapping.iter().find(|p| p.vtiger == *key);
            assert!(pair.is_some_and(|p| p.required), "{module}: {key}");
        }
        let entity = if spec.entity == "companies" { "customers" } else { &spec.entity };
        let reasons: Vec<String> = spec.unmapped.iter().flat_map(|u| u.fields.clone()).collect();
        assert!(spec.unmapped.iter().all(|u| !u.reason.is_empty()));
        for path in &known[entity] {
            let mapped = spec.mapping.iter().any(|p| p.service.contains(path));
            assert!(mapped || is_among(&reasons, path), "{module}: {path}");
            let both = mapped && reasons.contains(path);
            assert!(!both, "{module}: {path} is mapped and left out");
        }
    }
    let company = catalog.vtiger.companions.iter().find(|c| c.module == Module::Organizations);
    assert_eq!(company.unwrap().key, "company", "companies of a shop have ids made with it");
}

/// Every field that Zoho is known to have is mapped, or is left out with a reason.
#[test]
fn every_field_of_zoho_is_mapped_or_left_out_with_a_reason() {
    let catalog = Catalog::built_in().unwrap();
    let zoho = catalog.service("zoho").unwrap();
    let mut described: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut module = "";
    for line in include_str!("../../assets/sandbox/zoho/fields.txt").lines() {
        if let Some(name) = line.strip_prefix('[') {
            module = name.trim_end_matches(']');
        } else if !line.starts_with('#') {
            described.entry(module).or_default().extend(line.split('|').next());
        }
    }
    for (module, spec) in &zoho.modules {
        assert!(catalog.vtiger_module(*module).is_some(), "{module}");
        assert_eq!(spec.directions[0], Direction::Both, "{module}");
        for key in &spec.match_on {
            let pair = spec.mapping.iter().find(|p| p.vtiger == *key);
            assert!(pair.is_some_and(|p| p.required), "{module}: {key}");
        }
        let Some(fields) = described.get(spec.entity.as_str()) else {
            assert_eq!(spec.entity, "customerpayments");
            continue;
        };
        assert!(fields.len() > 15, "{module}");
        assert!(spec.unmapped.iter().all(|u| !u.reason.is_empty()));
        for field in fields {
            let top = |path: &String| path.split('.').next() == Some(field);
            let mapped = spec.mapping.iter().any(|p| p.service.iter().any(top));
            let left_out = spec.unmapped.iter().any(|u| u.fields.iter().any(|f| f == field));
            assert!(mapped || left_out, "{module}: {field}");
        }
        let left_out = spec.unmapped.iter().flat_map(|u| &u.fields);
        for field in left_out {
            assert!(fields.contains(&field.as_str()), "{module}: {field} is no field");
        }
    }
    let scope = zoho.form.iter().find(|f| f.name == "scope").unwrap();
    assert_eq!(scope.default, crate::remote::zoho::SCOPE);
    let redirect = zoho.form.iter().find(|f| f.name == "redirect_url").unwrap();
    assert_eq!(redirect.default, crate::remote::zoho::REDIRECT);
}
