//! The shop's customers: four of five people of the world, some of them known to the CRM too.

use serde_json::{Map, Value, json};

use super::places;
use crate::sandbox::clock::stamp;
use crate::sandbox::seed::deck::Side;
use crate::sandbox::seed::person::Person;
use crate::sandbox::seed::{Fact, World};
use crate::sandbox::text::fold;

/// One in so many people is no customer here.
const LEFT_OUT: u64 = 5;

/// How many customers there are.
pub fn count(world: &World) -> u64 {
    world.records - world.records.div_ceil(LEFT_OUT)
}

/// The person behind a customer's place in the list.
pub fn person_at(index: u64) -> u64 {
    index + index / (LEFT_OUT - 1) + 1
}

/// The place of a person in the list; `None`: no customer.
pub fn place_of(world: &World, person: u64) -> Option<u64> {
    let known = person < world.records && !person.is_multiple_of(LEFT_OUT);
    known.then(|| person - person / LEFT_OUT - 1)
}

/// A person who is no customer, for guests' orders.
pub fn stranger(world: &World, draw: u64) -> u64 {
    draw % world.records.div_ceil(LEFT_OUT).max(1) * LEFT_OUT
}

/// The number of the person whose address this is.
pub fn by_email(email: &str) -> Option<u64> {
    Person::number_in_email(&fold(email))
}

/// When a customer was created and last changed.
pub fn stamps(world: &World, person: u64) -> (i64, i64) {
    Person::new(world, person, false).stamps(Side::Woo)
}

/// What the shop knows of a person.
pub struct Known {
    /// First and last name.
    pub name: (String, String),
    /// E-mail address.
    pub email: String,
    person_facts: Vec<(Fact, String)>,
}

/// Reads a person.
pub fn know(world: &World, number: u64) -> Known {
    let person = Person::new(world, number, false);
    let read = |fact: Fact| {
        let mut out = String::new();
        person.write(fact, Side::Woo, &mut out);
        out
    };
    let named = |fact: Fact| {
        let mut out = read(fact);
        if out.is_empty() {
            // Magento demands a name.
            person.write(fact, Side::Vtiger, &mut out);
        }
        out
    };
    let mut email = String::new();
    person.email(&mut email);
    let facts = [
        Fact::Phone,
        Fact::Company,
        Fact::Street,
        Fact::Street2,
        Fact::City,
        Fact::State,
        Fact::Zip,
        Fact::Country,
        Fact::ShipStreet,
    ];
    Known {
        name: (named(Fact::First), named(Fact::Last)),
        email,
        person_facts: facts.into_iter().map(|fact| (fact, read(fact))).collect(),
    }
}

impl Known {
    /// A fact.
    pub fn get(&self, fact: Fact) -> &str {
        self.person_facts.iter().find(|(f, _)| *f == fact).map_or("", |(_, text)| text)
    }

    /// The lines of the street.
    pub fn street(&self) -> Vec<&str> {
        [self.get(Fact::Street), self.get(Fact::Street2)]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect()
    }

    /// The members that addresses of customers and of orders share.
    pub fn address(&self) -> Map<String, Value> {
        let mut address = Map::new();
        address.insert("firstname".into(), self.name.0.clone().into());
        address.insert("lastname".into(), self.name.1.clone().into());
        address.insert("street".into(), json!(self.street()));
        for (name, fact) in [
            ("city", Fact::City),
            ("postcode", Fact::Zip),
            ("country_id", Fact::Country),
            ("telephone", Fact::Phone),
            ("company", Fact::Company),
        ] {
            if !self.get(fact).is_empty() {
                address.insert(name.into(), self.get(fact).into());
            }
        }
        address
    }
}

/// A customer as the API answers it.
pub fn customer(world: &World, id: u64, person: u64) -> Value {
    let known = know(world, person);
    let (created, updated) = stamps(world, person);
    let mut address = known.address();
    address.insert("id".into(), (id * 2).into());
    address.insert("customer_id".into(), id.into());
    places::put_region(&mut address, known.get(Fact::Country), known.get(Fact::State));
    let mut addresses = Vec::new();
    let mut customer = json!({
        "id": id,
        "group_id": 1,
        "created_at": stamp(created, ' '),
        "updated_at": stamp(updated, ' '),
        "created_in": "Default Store View",
        "email": known.email,
        "firstname": known.name.0,
        "lastname": known.name.1,
        "store_id": 1,
        "website_id": 1,
        "disable_auto_group_change": 0,
        "extension_attributes": { "is_subscribed": person.is_multiple_of(4) },
    });
    customer["default_billing"] = (id * 2).to_string().into();
    address.insert("default_billing".into(), true.into());
    if !known.get(Fact::ShipStreet).is_empty() {
        let mut second = address.clone();
        second.remove("default_billing");
        second.insert("id".into(), (id * 2 + 1).into());
        second.insert("default_shipping".into(), true.into());
        customer["default_shipping"] = (id * 2 + 1).to_string().into();
        addresses.push(Value::Object(address));
        addresses.push(Value::Object(second));
    } else {
        if person.is_multiple_of(3) {
            customer["default_shipping"] = (id * 2).to_string().into();
            address.insert("default_shipping".into(), true.into());
        }
        addresses.push(Value::Object(address));
    }
    customer["addresses"] = addresses.into();
    customer
}
