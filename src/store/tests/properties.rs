//! Random batches against a model of plain maps.

use super::samples::{link, parked, skip};
use super::{commit, store};
use crate::model::{Link, Module, Side, Stamp, id_key};
use crate::store::{Change, Reader, Store, StoreError, StoreResult};
use proptest::prelude::*;
use std::collections::BTreeMap;

const M: Module = Module::Products;

#[derive(Debug, Clone)]
enum Step {
    /// Vtiger id, service id, the service's stamp (0: none) and the revision.
    Link(u8, u8, u8),
    Unlink(u8),
    Park(bool, u8),
    Unpark(bool, u8),
    Skip(bool, u8),
    Unskip(bool, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..12_u8;
    prop_oneof![
        4 => (id.clone(), id.clone(), 0..3_u8).prop_map(|(v, s, at)| Step::Link(v, s, at)),
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
    links: BTreeMap<u8, (u8, u8)>,
    parked: BTreeMap<(bool, u8), ()>,
    skips: BTreeMap<(bool, u8), ()>,
}

impl Model {
    /// Carries out a step; `false`: the batch is refused.
    fn apply(&mut self, step: &Step) -> bool {
        match *step {
            Step::Link(v, s, at) => {
                let clash = self.links.iter().any(|(a, (b, _))| (*a == v) != (*b == s));
                if clash {
                    return false;
                }
                self.links.insert(v, (s, at));
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
        Step::Link(v, s, at) => {
            let link = link(&vid(v), &s.to_string());
            let stamp = (at > 0).then_some(Stamp(i64::from(at)));
            Change::PutLink(1, M, Link { service_stamp: stamp, revision: at.into(), ..link })
        }
        Step::Unlink(v) => Change::DropLink(1, M, vid(v)),
        Step::Park(s, id) => Change::PutParked(1, M, parked(side(s), &id.to_string())),
        Step::Unpark(s, id) => Change::DropParked(1, M, side(s), id.to_string()),
        Step::Skip(s, id) => Change::PutSkip(1, M, skip(side(s), &id.to_string())),
        Step::Unskip(s, id) => Change::DropSkip(1, M, side(s), id.to_string()),
    }
}

/// Insists that the marks of records in this order are those of their links.
fn marks(r: &Reader, listed: &[u8], model: &Model) -> StoreResult<()> {
    let expected = |wanted: &dyn Fn(u8, u8) -> bool| {
        let at = model.links.iter().find(|(v, (s, _))| wanted(**v, *s)).map(|(_, (_, at))| *at);
        at.map(u64::from)
    };
    for side in Side::BOTH {
        let id = |n: &u8| match side {
            Side::Vtiger => format!("14x{n}"),
            Side::Service => n.to_string(),
        };
        let ids: Vec<String> = listed.iter().map(id).collect();
        let marks = r.link_marks(1, M, side, ids.iter().map(String::as_str))?;
        let found: Vec<_> = marks.iter().map(|m| m.map(|m| m.revision)).collect();
        let expected = listed.iter().map(|n| match side {
            Side::Vtiger => expected(&|v, _| v == *n),
            Side::Service => expected(&|_, s| s == *n),
        });
        assert_eq!(found, expected.collect::<Vec<_>>(), "{listed:?} of {side:?}");
        if side == Side::Service {
            let stamps = marks.iter().flatten().map(|m| m.stamp.map_or(0, |at| at.0));
            assert!(stamps.eq(found.iter().flatten().map(|n| i64::try_from(*n).unwrap())));
        }
    }
    Ok(())
}

fn compare(store: &Store, model: &Model) {
    store
        .read_blocking(|r| {
            let links = r.links_after(1, M, None, 99)?;
            let pairs = links.iter().map(|l| (l.vtiger_id.clone(), l.service_id.clone()));
            let expected = model.links.iter().map(|(v, (s, _))| (format!("14x{v}"), s.to_string()));
            assert_eq!(pairs.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
            let by_sid = r.service_ids_after(1, M, None, 99)?;
            assert_eq!(by_sid.len(), links.len());
            assert!(by_sid.is_sorted_by_key(|(sid, _)| id_key(sid)));
            for (sid, vid) in by_sid {
                let link = r.link_by_vtiger(1, M, &vid)?.unwrap();
                assert_eq!(link.service_id, sid);
            }
            for listed in [vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], vec![1, 11], vec![9, 3, 5]] {
                marks(r, &listed, model)?;
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

#[test]
fn a_page_of_marks_is_one_walk() {
    let (_folder, store) = store();
    let of = |n: u64| Change::PutLink(1, M, link(&format!("14x{}", 9_999 - n), &n.to_string()));
    commit(&store, (0..2_000).map(of)).unwrap();
    let ids: Vec<String> = (700..800).map(|n: u64| n.to_string()).collect();
    store
        .read_blocking(|r| {
            r.link_marks(1, M, Side::Service, std::iter::once("1"))?;
            let mut marks = Vec::new();
            let info = allocation_counter::measure(|| {
                marks = r.link_marks(1, M, Side::Service, ids.iter().map(String::as_str)).unwrap();
            });
            assert_eq!(marks.iter().flatten().count(), 100);
            // What the walk needs for each page of the index; keys of such length need none.
            assert!(info.count_total <= 20, "{} allocations", info.count_total);
            Ok(())
        })
        .unwrap();
}
