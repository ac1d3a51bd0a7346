use super::*;
use crate::catalog::Catalog;
use crate::mapping::ModuleMapping;
use crate::model::Module;
use proptest::prelude::*;

/// A pair of the default mapping, by its Vtiger field.
fn pair(module: Module, vtiger: &str) -> Pair {
    let catalog = Catalog::built_in().unwrap();
    let mapping = &catalog.service("woocommerce").unwrap().modules[&module].mapping;
    mapping.iter().find(|p| p.vtiger == vtiger).unwrap().clone()
}

fn limits() -> FieldLimits {
    FieldLimits { vtiger_length: Some(40), bmp_only: true, ..FieldLimits::default() }
}

fn on(side: Side, pair: &Pair, fields: &[(&str, Value)]) -> Canonical {
    let fields = fields.iter().cloned().collect();
    canonical(pair, side, &fields, &limits()).map(Cow::into_owned)
}

/// Module, Vtiger field, its value there, the values in the shop.
type Row<'a> = (Module, &'a str, Value, &'a [(&'a str, Value)]);

#[test]
fn both_sides_of_the_default_pairs_compare_equal() {
    use Module::{Contacts, Products};
    let text = |t: &str| Value::from(t);
    let table: &[Row<'_>] = &[
        (Contacts, "firstname", text("Anna"), &[("first_name", text(" Anna "))]),
        (Contacts, "email", text("A@b.example"), &[("email", text("a@B.example"))]),
        (
            Contacts,
            "lastname",
            text("Doe"),
            &[("last_name", text("")), ("billing.last_name", text("Doe"))],
        ),
        (Contacts, "account_id.accountname", text("Ácme "), &[("billing.company", text("acme"))]),
        (
            Contacts,
            "mailingstreet",
            text("Weg 1\r\nHof 2\n3. Stock"),
            &[("billing.address_1", text("Weg 1")), ("billing.address_2", text("Hof 2, 3. Stock"))],
        ),
        (Contacts, "mailingcountry", text("Germany"), &[("billing.country", text("DE"))]),
        (Contacts, "mailingcity", Value::Null, &[("billing.city", text(""))]),
        (Products, "unit_price", text("4.50000000"), &[("regular_price", text("4.5"))]),
        (Products, "unit_price", text("0.00000000"), &[("regular_price", text(""))]),
        (Products, "qtyinstock", text("46.000"), &[("stock_quantity", Value::from(46))]),
        (Products, "discontinued", text("1"), &[("status", text("publish"))]),
        (Products, "discontinued", text("0"), &[("status", text("private"))]),
        (Products, "productname", text("Fun \u{FFFD}"), &[("name", text("Fun 🎉"))]),
        (Products, "productname", text(&"x".repeat(40)), &[("name", text(&"x".repeat(50)))]),
    ];
    for (module, field, vtiger, service) in table {
        let pair = pair(*module, field);
        let v = on(Side::Vtiger, &pair, &[(field, vtiger.clone())]);
        assert_eq!(v, on(Side::Service, &pair, service), "{field}");
        assert!(v.is_some());
    }
}

#[test]
fn a_compatibility_ideograph_is_folded_once_and_for_all() {
    let once = folded_name("\u{FA6C} Ö");
    assert_eq!(folded_name(&once), once);
    assert!(once.chars().all(|c| u32::from(c) <= 0xFFFF));
}

#[test]
fn stock_that_the_shop_does_not_manage_is_silent() {
    let pair = pair(Module::Products, "qtyinstock");
    assert_eq!(on(Side::Service, &pair, &[("stock_quantity", Value::Null)]), None);
    assert_eq!(on(Side::Service, &pair, &[("stock_quantity", Value::from(0))]), Some("0".into()));
}

proptest! {
    /// Making canonical what is canonical changes nothing.
    #[test]
    fn canonical_is_stable(text in "\\PC{0,60}", at in 0usize..16) {
        let catalog = Catalog::built_in().unwrap();
        let pair = catalog.service("woocommerce").unwrap().modules[&Module::Contacts].mapping[at].clone();
        let first = on(Side::Vtiger, &pair, &[(&pair.vtiger, text.into())]).unwrap();
        let again = on(Side::Vtiger, &pair, &[(&pair.vtiger, first.as_str().into())]).unwrap();
        prop_assert_eq!(first, again);
    }

    /// The fingerprint and the match key are those of the values, without making them.
    #[test]
    fn a_fingerprint_is_that_of_the_values(
        texts in proptest::collection::vec(proptest::option::of("\\PC{0,12}|[ a-c\n]{0,8}"), 40),
    ) {
        let catalog = Catalog::built_in().unwrap();
        let spec = &catalog.service("woocommerce").unwrap().modules[&Module::Contacts];
        let mapping =
            ModuleMapping::new(spec.mapping.clone(), &spec.match_on, [&[], &[]], |_| limits());
        for side in Side::BOTH {
            let paths = mapping.paths(side);
            let filled = paths.iter().zip(&texts);
            let fields: Fields = filled
                .map(|(path, text)| (path.as_str(), text.clone().map_or(Value::Null, Value::from)))
                .collect();
            let whole = mapping.project(side, &fields);
            prop_assert_eq!(mapping.print_of(side, &fields), whole.print);
            let parts = mapping.match_pairs().map(|pair| {
                let at = mapping.pairs().iter().position(|p| p == pair)?;
                whole.values[at].as_deref().filter(|v| !v.is_empty()).map(folded_name)
            });
            let key: Option<Vec<String>> = parts.collect();
            prop_assert_eq!(mapping.match_key(side, &fields), key.map(|k| k.join("\u{1f}")));
        }
    }
}
