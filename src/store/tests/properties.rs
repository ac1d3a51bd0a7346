//! Random batches against a model of plain maps.

use super::samples::{link, parked, skip};
use super::{commit, store};
use crate::model::{Module, Side, id_key};
use crate::store::{Change, Store, StoreError};
use proptest::prelude::*;
use std::collections::BTreeMap;

const M: Module = Module::Products;

#[derive(Debug, Clone)]
enum Step {
    Link(u8, u8),
    Unlink(u8),
    Park(bool, u8),
    Unpark(bool, u8),
    Skip(bool, u8),
    Unskip(bool, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..12_u8;
    prop_oneof![
        4 => (id.clone(), id.clone()).prop_map(|(v, s)| Step::Link(v, s)),
        2 => id.clone().prop_map(Step::Unlink),
        1 => (any::<bool>(), id.clone()).prop_map(|(side, id)| Step::Park(side, id)),
        1 => (any::<bool>(), id.clone()).prop_map(|(side, id)| Step::Unpark(side, id)),
        1 => (any::<bool>(), id.clone()).prop_map(|(side, id)| Step::Skip(side, id)),
        1 => (any::<bool>(), id).prop_map(|(side, id)| Step::Unskip(side, id)),
    ]
}

fn side(service: bool) -> Side {
    if service { Side::Service } else { Side::Vtiger }
}

#[derive(Debug, Clone, Default)]
struct Model {
    links: BTreeMap<u8, u8>,
    parked: BTreeMap<(bool, u8), ()>,
    skips: BTreeMap<(bool, u8), ()>,
}

impl Model {
    /// Carries out a step; `false`: the batch is refused.
    fn apply(&mut self, step: &Step) -> bool {
        match *step {
            Step::Link(v, s) => {
                let clash = self.links.iter().any(|(a, b)| (*a == v) != (*b == s));
                if clash {
                    return false;
                }
                self.links.insert(v, s);
            }
            Step::Unlink(v) => drop(self.links.remove(&v)),
            Step::Park(side, id) => drop(self.parked.insert((side, id), ())),
            Step::Unpark(side, id) => drop(self.parked.remove(&(side, id))),
            Step::Skip(side, id) => drop(self.skips.insert((side, id), ())),
            Step::Unskip(side, id) => drop(self.skips.remove(&(side, id))),
        }
        true
    }
}

fn change(step: &Step) -> Change {
    let vid = |n: u8| format!("14x{n}");
    match *step {
        Step::Link(v, s) => Change::PutLink(1, M, link(&vid(v), &s.to_string())),
        Step::Unlink(v) => Change::DropLink(1, M, vid(v)),
        Step::Park(s, id) => Change::PutParked(1, M, parked(side(s), &id.to_string())),
        Step::Unpark(s, id) => Change::DropParked(1, M, side(s), id.to_string()),
        Step::Skip(s, id) => Change::PutSkip(1, M, skip(side(s), &id.to_string())),
        Step::Unskip(s, id) => Change::DropSkip(1, M, side(s), id.to_string()),
    }
}

fn compare(store: &Store, model: &Model) {
    store
        .read_blocking(|r| {
            let links = r.links_after(1, M, None, 99)?;
            let pairs = links.iter().map(|l| (l.vtiger_id.clone(), l.service_id.clone()));
            let expected = model.links.iter().map(|(v, s)| (format!("14x{v}"), s.to_string()));
            assert_eq!(pairs.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
            let by_sid = r.service_ids_after(1, M, None, 99)?;
            assert_eq!(by_sid.len(), links.len());
            assert!(by_sid.is_sorted_by_key(|(sid, _)| id_key(sid)));
            for (sid, vid) in by_sid {
                let link = r.link_by_vtiger(1, M, &vid)?.unwrap();
                assert_eq!(link.service_id, sid);
            }
            assert_eq!(r.link_count(1, M)?, model.links.len() as u64);
            assert_eq!(r.parked_count(1)?, model.parked.len() as u64);
            assert_eq!(r.skip_count(1, M)?, model.skips.len() as u64);
            let listed = r.parked_after(1, M, None, 99)?;
            let listed = listed.iter().map(|p| (p.side == Side::Service, p.id.parse().unwrap()));
            assert!(listed.eq(model.parked.keys().copied()));
            Ok(())
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn batches_do_what_they_say_or_nothing(
        batches in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..12),
    ) {
        let (_folder, store) = store();
        let mut model = Model::default();
        for batch in batches {
            let mut after = model.clone();
            let fits = batch.iter().all(|step| after.apply(step));
            match commit(&store, batch.iter().map(change)) {
                Ok(()) => prop_assert!(fits, "{batch:?}"),
                Err(StoreError::AlreadyLinked(..)) => prop_assert!(!fits, "{batch:?}"),
                Err(other) => panic!("{other}"),
            }
            if fits {
                model = after;
            }
            compare(&store, &model);
        }
    }
}
