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
        (
            Module::SalesOrders,
            include_str!("../../assets/sandbox/vtiger/SalesOrder.json"),
            include_str!("../../assets/sandbox/woocommerce/orders.json"),
        ),
        (
            Module::Taxes,
            include_str!("../../assets/sandbox/vtiger/Tax.json"),
            include_str!("../../assets/sandbox/woocommerce/taxes.json"),
        ),
    ];
    assert_eq!(shop.modules.len(), described.len());
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
        match module {
            // What its schema does not name and its answers have.
            Module::Products => paths.push("image".into()),
            Module::SalesOrders => {
                paths.extend(["shipping.phone", "currency_symbol"].map(str::to_owned))
            }
            _ => {}
        }
        assert!(paths.len() > 12, "{paths:?}");
        let reasons = left_out(&spec.unmapped);
        for path in paths {
            let mapped = spec.mapping.iter().any(|p| p.service.contains(&path));
            assert!(mapped || reasons.contains(&path), "{module}: {path}");
        }
    }
}

/// What is left out of every mapping is there in the CRM, and named once.
#[test]
fn what_is_left_out_of_the_crm_is_there() {
    let catalog = Catalog::built_in().unwrap();
    let described = [
        (Module::Contacts, include_str!("../../assets/sandbox/vtiger/Contacts.json")),
        (Module::Organizations, include_str!("../../assets/sandbox/vtiger/Accounts.json")),
        (Module::Leads, include_str!("../../assets/sandbox/vtiger/Leads.json")),
        (Module::Products, include_str!("../../assets/sandbox/vtiger/Products.json")),
        (Module::Services, include_str!("../../assets/sandbox/vtiger/Services.json")),
        (Module::SalesOrders, include_str!("../../assets/sandbox/vtiger/SalesOrder.json")),
        (Module::Invoices, include_str!("../../assets/sandbox/vtiger/Invoice.json")),
        (Module::Taxes, include_str!("../../assets/sandbox/vtiger/Tax.json")),
        (Module::Campaigns, include_str!("../../assets/sandbox/vtiger/Campaigns.json")),
        (Module::Events, include_str!("../../assets/sandbox/vtiger/Events.json")),
    ];
    for (module, crm) in described {
        let spec = catalog.vtiger_module(module).unwrap();
        let crm: serde_json::Value = serde_json::from_str(crm).unwrap();
        assert_eq!(crm["describe"]["name"], spec.entity.as_str());
        let fields = crm["describe"]["fields"].as_array().unwrap().iter();
        let mut names: Vec<&str> = fields.map(|f| f["name"].as_str().unwrap()).collect();
        assert!(spec.name.iter().all(|name| names.contains(&name.as_str())), "{module}");
        for name in spec.unmapped.iter().flat_map(|u| &u.fields) {
            let at = names.iter().position(|n| n == name);
            names.remove(at.unwrap_or_else(|| panic!("{module}: {name}")));
        }
        names.retain(|name| !name.starts_with("cf_"));
        assert!(!names.is_empty(), "{module}: nothing is left for mappings");
        for service in catalog.services() {
            let Some(mapping) = service.modules.get(&module).map(|spec| &spec.mapping) else {
                continue;
            };
            for name in &names {
                let mapped = mapping.iter().any(|p| p.vtiger.split('.').next() == Some(name));
                assert!(
                    mapped,
                    "{}: nothing fills {name} of {module}, or says why not",
                    service.name
                );
            }
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
        } else if !line.starts_with('#') && !line.ends_with("|custom") {
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

/// Every field of iRujul that its sources show, and every one that its imitation tells, is mapped or
/// left out with a reason.
#[test]
fn every_field_of_irujul_is_mapped_or_left_out_with_a_reason() {
    let catalog = Catalog::built_in().unwrap();
    let irujul = catalog.service("irujul").unwrap();
    let document = "ID TXNName TXNNo TXNDate DueDate BranchName CustomerID CustomerName CompanyName \
                    CustomerMobile CustomerEmail Status VendorID Address1 Address2 City StateName \
                    ZipCode CountryName ShipAddress1 ShipAddress2 ShipCity Remarks Currency SubTotal TaxAmount \
                    Freight Amount FollowUpLine";
    let line = "path product sku name quantity price discount tax rate total currency shipping";
    let known = [
        (
            Module::Contacts,
            "ID Name FirstName LastName Gender DOB MobileNo PhoneNo Email CompanyName address.ID \
             address.Address1 address.Address2 address.City address.CityID address.StateName \
             address.StateID address.ZipCode address.CountryName",
        ),
        (
            Module::Products,
            "ID Code Name Category CategoryID Brand BrandID ItemModel Unit HSNCode TaxRate Price \
             StockQty IsActive Description",
        ),
        (Module::SalesOrders, document),
        (Module::Invoices, document),
        (Module::Taxes, "ID Code Name TaxRate"),
    ];
    assert_eq!(irujul.modules.len(), known.len());
    for (module, paths) in known {
        let spec = &irujul.modules[&module];
        assert!(catalog.vtiger_module(module).is_some(), "{module}");
        assert_eq!(spec.directions, [Direction::ToVtiger], "{module}");
        for key in &spec.match_on {
            let pair = spec.mapping.iter().find(|p| p.vtiger == *key);
            assert!(pair.is_some_and(|p| p.required), "{module}: {key}");
        }
        assert!(spec.unmapped.iter().all(|u| !u.reason.is_empty()));
        let reasons: Vec<String> = spec.unmapped.iter().flat_map(|u| u.fields.clone()).collect();
        for path in paths.split_whitespace() {
            let of = |p: &Pair| p.service.iter().chain(&p.fallback).any(|s| s == path);
            let mapped = spec.mapping.iter().any(of);
            assert!(mapped || is_among(&reasons, path), "{module}: {path}");
        }
        // What the CRM demands is there: its mandatory fields have a line.
        let demanded: &[&str] = match module {
            Module::Contacts => &["lastname"],
            Module::Products => &["productname"],
            Module::SalesOrders => &[
                "subject",
                "account_id",
                "sostatus",
                "bill_street",
                "ship_street",
                "invoicestatus",
                "lines",
            ],
            Module::Invoices => &["subject", "account_id", "bill_street", "ship_street", "lines"],
            _ => &["taxlabel", "percentage"],
        };
        for field in demanded {
            let top = |p: &Pair| p.vtiger.split('.').next() == Some(field);
            assert!(spec.mapping.iter().any(top), "{module}: {field}");
        }
        if let Some(lines) = spec.api.as_ref().and_then(|api| api.lines.as_ref()) {
            let told = [
                &lines.path,
                &lines.product,
                &lines.sku,
                &lines.name,
                &lines.quantity,
                &lines.price,
                &lines.discount,
                &lines.tax,
                &lines.rate,
                &lines.total,
                &lines.currency,
                &lines.shipping,
            ];
            for (path, name) in told.into_iter().zip(line.split_whitespace()) {
                assert!(!path.is_empty(), "{module}: {name}");
            }
        }
    }
}

/// The table of the README: which modules travel, and which ways.
fn table_of_modules(catalog: &Catalog) -> String {
    let services: Vec<_> = catalog.services().collect();
    let labels: Vec<_> = services.iter().map(|service| service.label.as_str()).collect();
    let mut table = format!("| | {} |\n|---|{}\n", labels.join(" | "), "---|".repeat(labels.len()));
    for module in Module::ALL {
        let cells: Vec<String> = services
            .iter()
            .map(|service| {
                let spec = service.modules.get(&module);
                let ways = spec.map(|spec| spec.directions.as_slice()).unwrap_or_default();
                let arrows = ways.iter().map(|way| match way {
                    Direction::Both => "↔",
                    Direction::ToVtiger => "←",
                    Direction::ToService => "→",
                });
                arrows.collect::<Vec<_>>().join(" ")
            })
            .collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            table.push_str(&format!("| {module} | {} |\n", cells.join(" | ")));
        }
    }
    table
}

#[test]
fn the_readme_tells_what_travels_which_way() {
    let table = table_of_modules(&Catalog::built_in().unwrap());
    assert!(include_str!("../../README.md").contains(&table), "The README needs:\n{table}");
}

/// Records that are another look at those of another module come from the same records there.
#[test]
fn what_a_module_is_made_of_is_a_module_of_the_service() {
    let catalog = Catalog::built_in().unwrap();
    let mut made = Vec::new();
    for service in catalog.services() {
        for (module, spec) in &service.modules {
            let Some(from) = &spec.comes_from else { continue };
            let source = &service.modules[&from.module];
            assert!(source.comes_from.is_none() && from.module != *module, "{module}");
            assert!(from.id.is_some() || source.entity == spec.entity, "{module}");
            made.push((service.name.as_str(), *module));
        }
        // Several modules of one entity are such a case.
        for (a, one) in &service.modules {
            for (b, other) in service.modules.iter().filter(|(b, _)| *b > a) {
                let told = one.comes_from.is_some() || other.comes_from.is_some();
                assert!(one.entity != other.entity || told, "{}: {a} and {b}", service.name);
            }
        }
    }
    assert_eq!(made, [("magento", Module::Organizations), ("magento", Module::Leads)]);
}
