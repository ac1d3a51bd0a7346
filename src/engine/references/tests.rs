use super::*;
use crate::model::LinkOrigin;

fn link(vtiger: &str, service: &str) -> Option<Link> {
    Some(Link {
        vtiger_id: vtiger.into(),
        service_id: service.into(),
        vtiger_print: 0,
        service_print: 0,
        pairs: Vec::new(),
        vtiger_stamp: None,
        service_stamp: None,
        revision: 0,
        origin: LinkOrigin::Matched,
    })
}

fn paths() -> Paths {
    Paths { single: vec![("contact".into(), Module::Contacts)], items: vec!["lines".into()] }
}

fn order(contact: &str, product: &str) -> Fields {
    let line = Line { product: product.into(), ..Line::default() };
    let mut fields = Fields::from_iter([("contact", contact)]);
    fields.set("lines", lines_value(&[line]));
    fields
}

fn told(side: Side, contact: &str, product: &str, known: &Known) -> (String, String) {
    let mut fields = order(contact, product);
    tell(side, &paths(), &mut fields, known);
    let line = lines_of(fields.get("lines").unwrap()).remove(0);
    let product = format!("{}{}", line.kind.key(), line.product);
    (fields.get("contact").unwrap().to_text(), product)
}

#[test]
fn references_are_told_as_the_crms_ids_on_both_sides() {
    let known = Known::from([
        ((Module::Contacts, "43".into()), link("12x3", "43")),
        ((Module::Products, "7".into()), link("14x9", "7")),
    ]);
    assert_eq!(told(Side::Service, "43", "7", &known), ("12x3".into(), "product14x9".into()));
    assert_eq!(told(Side::Service, "44", "8", &known), ("?44".into(), "product?8".into()));
    assert_eq!(told(Side::Service, "0", "", &known), ("0".into(), "product".into()));
}

#[test]
fn guests_and_shipping_have_no_record_in_the_service() {
    let known = Known::from([
        ((Module::Contacts, "12x5".into()), link("12x5", "guest:a@b.example")),
        ((Module::Services, "26x1".into()), link("26x1", "item:shipping")),
        ((Module::Products, "26x1".into()), None),
    ]);
    assert_eq!(told(Side::Vtiger, "12x5", "26x1", &known), (String::new(), "shipping".into()));
}

#[test]
fn lines_of_services_that_nothing_is_linked_with_have_no_product() {
    let services = HashMap::from(
        [("26x3", "Shipping"), ("26x4", "Installation")]
            .map(|(id, name)| (id.to_owned(), name.to_owned())),
    );
    for (product, told) in [("26x3", "shipping"), ("26x4", "product"), ("14x9", "product14x9")] {
        let mut fields = order("", product);
        without_services(&paths(), &mut fields, &services);
        let line = lines_of(fields.get("lines").unwrap()).remove(0);
        assert_eq!(format!("{}{}", line.kind.key(), line.product), told);
    }
}

#[test]
fn what_was_linked_since_it_was_read_is_told() {
    let known = Known::from([
        ((Module::Contacts, "43".into()), link("12x3", "43")),
        ((Module::Products, "7".into()), link("14x9", "7")),
        ((Module::Contacts, "44".into()), None),
    ]);
    let planned = (Module::Contacts, "44".to_owned());
    let would_be = WouldBeLinked::from([(planned, "44".to_owned())]);
    for (contact, product, told) in [
        ("?43", "?7", ("12x3", "14x9")),
        ("?44", "?8", ("44", "?8")),
        ("?45", "14x1", ("?45", "14x1")),
        ("12x5", "", ("12x5", "")),
    ] {
        let mut fields = order(contact, product);
        let mut marked = BTreeSet::new();
        marks(&paths(), &fields, &mut marked);
        let all = [contact, product].iter().filter(|t| t.starts_with(UNLINKED)).count();
        assert_eq!(marked.iter().filter(|(m, _)| *m != Module::Services).count(), all);
        tell_again(&paths(), &mut fields, &known, &would_be);
        let line = lines_of(fields.get("lines").unwrap()).remove(0);
        let contact = fields.get("contact").unwrap().to_text();
        assert_eq!((contact.as_str(), line.product.as_str()), told);
    }
}

#[test]
fn a_write_to_the_service_has_its_own_ids() {
    let known = Known::from([
        ((Module::Contacts, "12x3".into()), link("12x3", "43")),
        ((Module::Products, "14x9".into()), link("14x9", "7")),
    ]);
    let mut fields = order("12x3", "14x9");
    turn_back(&paths(), &mut fields, &known);
    assert_eq!(fields.get("contact").unwrap().to_text(), "43");
    assert_eq!(lines_of(fields.get("lines").unwrap())[0].product, "7");
}

#[test]
fn a_line_without_a_product_is_called_in_the_service_what_it_was_called_before() {
    let known = Known::from([((Module::Services, "26x1".into()), link("26x1", "item:fee"))]);
    let services = HashMap::from(
        [("26x1", "Fee"), ("26x4", "Installation")].map(|(id, n)| (id.to_owned(), n.to_owned())),
    );
    for (product, called) in [("26x1", "Gift wrap"), ("26x4", "Installation")] {
        for linked in [true, false] {
            let line = Line {
                product: product.into(),
                name: services[product].clone(),
                comment: "Gift wrap".into(),
                ..Line::default()
            };
            let mut fields = Fields::from_iter([("lines", lines_value(&[line]))]);
            if linked && product == "26x1" {
                tell(Side::Vtiger, &paths(), &mut fields, &known);
            } else {
                without_services(&paths(), &mut fields, &services);
            }
            let line = lines_of(fields.get("lines").unwrap()).remove(0);
            assert_eq!((line.name.as_str(), line.product.as_str()), (called, ""));
            assert_eq!(line.comment.is_empty(), called == "Gift wrap");
        }
    }
}
