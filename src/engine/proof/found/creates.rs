//! Creates whose answer was lost, or whose source became another meanwhile.

use super::*;

#[test]
fn a_create_that_arrived_is_linked_though_its_source_has_another_key_by_now() {
    let mut bench = bench(Setup { unique: false, ..Setup::plain() });
    bench.world().create(0, &mail(1));
    lose(&mut bench);
    bench.world().put_email(0, 1, &mail(2));
    bench.accept();
    assert_eq!(people(&bench, 1), 1, "no second one was made");
    assert_eq!(bench.world().sides[1].people[&1].email, mail(2));
    let bad = bench.finish();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn a_create_whose_source_is_gone_follows_the_delete() {
    for deletes in [Deletes::Off, Deletes::Carry] {
        let mut bench = bench(Setup { deletes, ..Setup::plain() });
        bench.world().create(0, &mail(1));
        lose(&mut bench);
        bench.world().delete(0, 1);
        bench.accept();
        let stays = usize::from(deletes == Deletes::Off);
        assert_eq!([people(&bench, 0), people(&bench, 1)], [0, stays]);
        let bad = bench.finish();
        assert!(bad.is_empty(), "{bad:#?}");
    }
}

/// A create on a side whose answer is lost, and whose key is edited before the next run; answers how
/// many creates the log tells of.
fn lost_and_renamed(side: usize) -> (Bench, u64) {
    let mut bench = bench(Setup { external_id: true, unique: false, ..Setup::plain() });
    bench.world().create(1 - side, &mail(1));
    lose(&mut bench);
    bench.world().put_email(side, 1, &mail(2));
    bench.accept();
    let counts =
        check::runs(&bench.store).into_iter().map(|r| r.modules[&Module::Contacts].clone());
    let created = counts.map(|counts| counts.vtiger.created + counts.service.created).sum();
    (bench, created)
}

#[test]
fn a_create_is_found_by_the_external_id_though_its_key_was_edited() {
    for side in [0, 1] {
        let (mut bench, created) = lost_and_renamed(side);
        let source = crate::engine::proof::world::id_of(1 - side, 1);
        assert_eq!(bench.world().sides[side].people[&1].external, source);
        assert_eq!(([people(&bench, 0), people(&bench, 1)], created), ([1, 1], 1));
        assert_eq!(bench.world().sides[1 - side].people[&1].email, mail(2), "the edit travels");
        let bad = bench.finish();
        assert!(bad.is_empty(), "{bad:#?}");
    }
}

#[test]
fn without_the_external_id_there_would_be_a_second_one() {
    for side in [0, 1] {
        switch_off(Some(Safeguard::CarriedIds));
        let (mut bench, _) = lost_and_renamed(side);
        let bad = bench.finish();
        switch_off(None);
        assert!(bad.iter().any(|what| what.starts_with("I4")), "{side}: {bad:#?}");
    }
}

#[test]
fn a_create_without_a_key_is_found_by_the_external_id_or_left_to_a_person() {
    for (side, external_id) in [(0, true), (1, true), (0, false), (1, false)] {
        let setup = Setup { external_id, keyless: true, unique: false, ..Setup::plain() };
        let mut bench = bench(setup);
        bench.world().create(1 - side, "");
        lose(&mut bench);
        bench.accept();
        bench.world().pass(60);
        bench.world().edit(1 - side, 1, 0);
        bench.accept();
        bench.world().pass(60);
        // Somebody gives it a key: what was sent has none.
        bench.world().put_email(1 - side, 1, &mail(1));
        bench.accept();
        assert_eq!([people(&bench, 0), people(&bench, 1)], [1, 1], "{side} {external_id}");
        let (links, skips) = (bench.links(), check::skips(&bench.store));
        if external_id {
            assert_eq!((links.len(), skips.len()), (1, 0));
            ends_well(bench);
        } else {
            assert_eq!((links.len(), skips.len()), (0, 2), "{skips:#?}");
            assert!(skips.iter().all(|s| s.reason.code == ReasonCode::AmbiguousMatch));
            let lost = skips.iter().find(|s| s.verdict() == Some(Verdict::Lost));
            let id = crate::engine::proof::world::id_of(1 - side, 1);
            assert_eq!(lost.map(|skip| &skip.id), Some(&id));
            let ours = skips.iter().find(|s| s.verdict().is_none()).unwrap();
            assert_eq!(ours.reason.candidates[0].id, id);
            assert!(bench.world().violations.is_empty(), "{:#?}", bench.world().violations);
        }
    }
}

#[test]
fn a_create_that_was_deleted_before_it_was_found_is_not_made_again() {
    for deletes in [Deletes::Off, Deletes::Carry] {
        let setup = Setup { external_id: true, trash: true, deletes, ..Setup::plain() };
        let mut bench = bench(setup);
        bench.world().create(0, &mail(1));
        lose(&mut bench);
        bench.world().delete(1, 1);
        bench.accept();
        let stays = usize::from(deletes == Deletes::Off);
        assert_eq!([people(&bench, 0), people(&bench, 1)], [stays, 0], "{deletes:?}");
        let bad = bench.finish();
        assert!(bad.is_empty(), "{bad:#?}");
    }
}

#[test]
fn a_create_that_arrived_is_known_though_half_of_it_was_edited() {
    let ready = |b: &mut Bench| {
        b.world().create(0, &mail(1));
        lose(b);
        b.world().put(1, 1, 0, String::new());
        b.world().pass(60);
    };
    at_every_step(Setup::plain(), ready, |world| world.put_email(0, 1, &mail(6)));
}

/// A create whose client dies when it is sent, and the next run, which begins at once.
fn late_create(setup: Setup, secs: i64) -> Vec<String> {
    let mut bench = bench(setup);
    bench.world().create(1, &mail(1));
    bench.world().put(1, 1, 3, "Delta".into());
    bench.world().late_by = Some(secs);
    assert!(bench.run(SyncMode::Accept, Trigger::Manual).is_none(), "it died");
    bench.accept();
    bench.finish()
}

#[test]
fn a_create_that_lands_after_its_client_has_died_is_found() {
    let companies = Habits { companies: true, ..Habits::default() };
    for habits in [Habits::default(), companies] {
        for external_id in [false, true] {
            for secs in 0..4 {
                let setup = Setup { habits, external_id, ..Setup::plain() };
                let bad = late_create(setup, secs);
                assert!(bad.is_empty(), "{secs} seconds, {setup:?}: {bad:#?}");
            }
        }
    }
    switch_off(Some(Safeguard::LateWrites));
    let bad = late_create(Setup::plain(), 3);
    switch_off(None);
    assert!(bad.iter().any(|what| what.starts_with("I4")), "nobody would miss it: {bad:#?}");
}
