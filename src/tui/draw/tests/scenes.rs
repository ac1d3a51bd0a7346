//! The screens and dialogs that pictures are made of.

use super::*;

pub type Scene = (&'static str, fn((u16, u16)) -> World);

pub fn after(size: (u16, u16), keys: &str) -> World {
    let mut world = fixture::model(size);
    world.press(keys);
    world
}

/// Connectors that are due in a while, watched, on hold and in trouble.
pub fn scheduled(mut world: World) -> World {
    let due = |minutes: u64, watched, trouble| {
        let at = fixture::now().plus(std::time::Duration::from_secs(60 * minutes));
        Outlook::Due(Due { at, watched, trouble })
    };
    let trouble = Some(fixture::auth_error());
    let schedule = [
        (1, due(4, true, trouble)),
        (2, due(12, false, None)),
        (3, Outlook::Held(41)),
        (4, due(90, false, None)),
    ];
    world.send(Msg::Schedule(schedule.into()));
    world
}

/// The mapping of Contacts with a line of its own, one switched off, and one changed.
fn changed(size: (u16, u16), keys: &str) -> World {
    let mut world = after(size, "3 ] + enter");
    world.type_text("vat").press("enter enter");
    world.type_text("meta_data.vat_number").press("enter ctrl-s /").type_text("city");
    world.press("enter j t esc g j j enter tab tab tab tab right tab").type_text("20");
    world.press("ctrl-s").press(keys);
    world.model.toast = None;
    world
}

/// Every screen and dialog.
pub const SCENES: &[Scene] = &[
    ("log", |size| after(size, "")),
    ("log_service_table", |size| after(size, "tab l l")),
    ("log_failed_run", |size| after(size, "j j")),
    ("log_running", |size| {
        let mut world = after(size, "s");
        world.send(Msg::Progress(BTreeMap::from([(1, fixture::progress())])));
        world.model.toast = None;
        world
    }),
    ("log_scheduled", |size| scheduled(after(size, ""))),
    ("settings_scheduled", |size| scheduled(after(size, "2"))),
    ("log_cancelling", |size| {
        let mut world = after(size, "s");
        world.send(Msg::Progress(BTreeMap::from([(1, fixture::progress())]))).press("c");
        world.model.toast = None;
        world
    }),
    ("log_empty", |size| after(size, "backtab G k k g j j j l")),
    ("one_way", |size| {
        let mut world = fixture::model(size);
        for module in world.overview.connectors[0].connector.modules.values_mut() {
            module.direction = crate::model::Direction::ToVtiger;
        }
        world.send(Msg::StoreChanged);
        let mut runs = fixture::runs();
        for counts in runs.iter_mut().flat_map(|run| run.modules.values_mut()) {
            counts.service = crate::model::Counts::default();
        }
        let (connector, generation) = (1, world.model.log.generation);
        world.send(Msg::Runs { connector, generation, runs, more: true });
        world
    }),
    ("connectors", |size| after(size, "backtab")),
    ("available", |size| after(size, "backtab G k")),
    ("crm_settings", |size| after(size, "backtab G")),
    ("settings", |size| after(size, "2")),
    ("mapping", |size| after(size, "3 ]")),
    ("mapping_changed", |size| changed(size, "")),
    ("mapping_filtered", |size| {
        let mut world = after(size, "3 ] /");
        world.type_text("mailing");
        world
    }),
    ("mapping_line", |size| after(size, "3 ] j enter tab tab tab tab")),
    ("mapping_line_told", |size| {
        let mut world = after(size, "3 ] G enter tab tab tab tab right");
        world.press("tab").type_text("30").press("ctrl-t esc");
        world
    }),
    ("mapping_line_advanced", |size| {
        let mut world = after(size, "3 ] j j enter backtab backtab enter");
        world.press("tab tab tab tab").type_text("manage = maybe").press("ctrl-s");
        world
    }),
    ("mapping_add", |size| after(size, "3 ] +")),
    ("mapping_pick", |size| {
        let mut world = after(size, "3 ] + enter");
        world.type_text("street");
        world
    }),
    ("mapping_pick_service", |size| {
        after(size, "3 ] + tab enter down down down down tab down tab")
    }),
    ("mapping_try", |size| after(size, "3 ] j j u")),
    ("mapping_diff", |size| changed(size, "ctrl-s")),
    ("mapping_remove", |size| changed(size, "X")),
    ("mapping_restore", |size| changed(size, "R")),
    ("mapping_export", |size| after(size, "3 ] x")),
    ("mapping_import", |size| after(size, "3 ] i")),
    ("mapping_leave", |size| changed(size, "q")),
    ("queue", |size| after(size, "4 j j")),
    ("queue_all", |size| after(size, "4 j")),
    ("queue_filtered", |size| {
        let mut world = after(size, "4 /");
        world.type_text("left out");
        world
    }),
    ("queue_drop", |size| after(size, "4 d")),
    ("queue_decide", |size| after(size, "4 j j m j")),
    ("queue_link", |size| after(size, "4 j j m j enter")),
    ("queue_add_all", |size| after(size, "4 A")),
    ("detail_queue", |size| after(size, "4 j j enter")),
    ("held_notice", |size| fixture::with_held(size)),
    ("held_plan", |size| {
        let mut world = fixture::with_held(size);
        world.press("H v");
        world
    }),
    ("held_plan_confirm", |size| {
        let mut world = fixture::with_held(size);
        world.press("H v y");
        world
    }),
    ("debug", |size| {
        let mut world = fixture::model(size);
        world.overview.connectors[0].connector.debug = true;
        world.send(Msg::StoreChanged).press("5 j j");
        world
    }),
    ("debug_switched_off", |size| after(size, "5 G")),
    ("debug_empty", |size| after(size, "5 backtab j tab")),
    ("debug_search", |size| {
        let mut world = after(size, "5 /");
        world.type_text("müller");
        world
    }),
    ("exchange_form", |size| after(size, "5 j j j j j j j j j enter j")),
    ("exchange_cut", |size| after(size, "5 j j j enter")),
    ("exchange_failed", |size| after(size, "5 j enter")),
    ("exchange_remark", |size| after(size, "5 j j j j enter")),
    ("records_created", |size| after(size, "enter")),
    ("records_skipped", |size| after(size, "j l l l enter")),
    ("records_filtered", |size| {
        let mut world = after(size, "j enter /");
        world.type_text("müller");
        world
    }),
    ("records_sorted", |size| after(size, "j enter > > v j")),
    ("conflicts", |size| after(size, "C")),
    ("detail_created", |size| after(size, "j enter j enter")),
    ("detail_skipped", |size| after(size, "j l l l enter enter")),
    ("detail_conflict", |size| after(size, "C enter")),
    ("plan", |size| {
        let mut world = after(size, "p");
        let run = fixture::run(43, 1, RunStatus::Preview, "2026-11-21T12:44:00Z");
        let result = Ok(Box::new(run));
        world.send(Msg::SyncEnded { connector: 1, mode: SyncMode::Preview, result });
        world
    }),
    ("held", |size| {
        let mut world = after(size, "backtab j j l");
        world.press("k enter");
        world
    }),
    ("held_confirm", |size| {
        let mut world = after(size, "backtab j j l");
        world.press("k enter y");
        world
    }),
    ("error", |size| {
        let mut world = after(size, "s");
        let mut run = fixture::run(43, 1, RunStatus::Failed, "2026-11-21T12:44:00Z");
        run.error = Some(fixture::auth_error());
        world.send(Msg::SyncEnded {
            connector: 1,
            mode: SyncMode::Sync,
            result: Ok(Box::new(run)),
        });
        world
    }),
    ("csv", |size| after(size, "j enter x")),
    ("csv_replace", |size| after(size, "j enter x enter")),
    ("welcome", |size| World::blank(size)),
    ("form_crm", |size| after(size, "V")),
    ("form_shop_bad", |size| {
        let mut world = after(size, "2 e ctrl-u tab ctrl-u");
        world.type_text("ftp://x").press("ctrl-s");
        world
    }),
    ("form_checked", |size| {
        let mut world = after(size, "V ctrl-t");
        world.send(Msg::Checked {
            form: world.model.serial,
            report: Ok(Box::new(fixture::report())),
        });
        world
    }),
    ("form_check_failed", |size| {
        let mut world = after(size, "2 e ctrl-t");
        let report = crate::model::CheckReport {
            ok: false,
            problems: vec![fixture::auth_error()],
            modules: Vec::new(),
            ..fixture::report()
        };
        world.send(Msg::Checked { form: world.model.serial, report: Ok(Box::new(report)) });
        world
    }),
    ("form_settings", |size| after(size, "2 e ctrl-n ctrl-n down down down right")),
    ("form_module", |size| after(size, "2 e ctrl-n ctrl-n ctrl-n tab tab tab")),
    ("form_advanced", |size| after(size, "2 e ctrl-p ctrl-p down down down down")),
    ("form_new", |size| after(size, "a enter ctrl-n")),
    ("remove", |size| after(size, "backtab X")),
    ("form_leave", |size| {
        let mut world = after(size, "2 e");
        world.type_text("x").press("esc");
        world
    }),
    ("history", |size| after(size, "j enter h j")),
    ("mend", |size| after(size, "j l l l enter enter f")),
    ("filter_terms", |size| {
        let mut world = after(size, "j l l l enter > v /");
        world.type_text("status:skipped from:noon");
        world
    }),
    ("decisions", |size| {
        let mut world = fixture::with_held(size);
        world.overview.connectors[0].undecided = 3;
        world.send(Msg::StoreChanged).press("j enter H");
        world
    }),
    ("preview_empty", |size| {
        let mut world = fixture::model(size);
        let mut run = fixture::run(43, 1, RunStatus::Preview, "2026-11-21T12:44:00Z");
        run.modules.clear();
        let ended =
            Msg::SyncEnded { connector: 1, mode: SyncMode::Preview, result: Ok(Box::new(run)) };
        world.send(ended);
        world.model.toast = None;
        world
    }),
    ("start_never_synced", |size| {
        let mut overview = fixture::overview();
        overview.connectors.retain(|row| matches!(row.connector.id, 2 | 4));
        for row in &mut overview.connectors {
            row.last = None;
        }
        fixture::of(size, overview)
    }),
    ("consent", |size| consent::after(size, "j")),
    ("consent_code", consent::pasted),
    ("consent_address", |size| consent::after(size, "j j enter")),
    ("consent_device", |size| consent::after(size, "j enter")),
    ("consent_given", consent::given),
    ("services", |size| after(size, "a")),
    ("help", |size| after(size, "?")),
    ("help_filtered", |size| {
        let mut world = after(size, "? /");
        world.type_text("records");
        world
    }),
    ("held_confirm_name", |size| {
        let mut world = fixture::with_held(size);
        world.press("H v y").type_text("sho");
        world
    }),
    ("palette", |size| {
        let mut world = after(size, ":");
        world.type_text("sync");
        world
    }),
    ("quit", |size| after(size, "s ctrl-c")),
];
