use super::*;
use crate::model::{
    Change, ItemStatus, Module, ModuleCounts, Reason, ReasonCode, RunStatus, Stamp, Trigger,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn item(name: &str) -> Item {
    Item {
        module: Module::Contacts,
        side: Side::Vtiger,
        status: ItemStatus::Skipped,
        source_module: "Customers".into(),
        name: name.into(),
        vtiger_id: "12x3".into(),
        service_id: "7".into(),
        planned: false,
        reason: Some(Reason::new(ReasonCode::TooLong, "lastname", "")),
        changes: vec![Change {
            field: "lastname".into(),
            before: "a".into(),
            after: "b, \"c\"".into(),
            from: "last_name".into(),
        }],
        conflict: None,
        time: Stamp::from_secs(1_795_264_860),
    }
}

fn table(items: &[Item]) -> String {
    let mut table = Table::new(Vec::new(), &RECORD_COLUMNS).unwrap();
    for item in items {
        table.row(&record_cells(item)).unwrap();
    }
    String::from_utf8(table.finish().unwrap()).unwrap()
}

#[test]
fn records_are_written_with_their_reason_and_changes() {
    insta::assert_snapshot!(table(&[item("Müller, 漢字"), item("=1+1")]).replace("\r\n", "\n"), @r#"
    source_module,record_name,side,status,module,vtiger_id,service_id,time,planned,reason,next,changes,conflict
    Customers,"Müller, 漢字",vtiger,skipped,Contacts,12x3,7,2026-11-21T12:41:00Z,no,The text is longer than the target field can hold.,"Shorten the text in the source record, or add a truncate transform to the pair.","lastname: a -> b, ""c""",
    Customers,'=1+1,vtiger,skipped,Contacts,12x3,7,2026-11-21T12:41:00Z,no,The text is longer than the target field can hold.,"Shorten the text in the source record, or add a truncate transform to the pair.","lastname: a -> b, ""c""",
    "#);
}

#[test]
fn the_log_has_a_row_for_each_module_and_side() {
    let mut counts = ModuleCounts::default();
    counts.vtiger.created = 96;
    let run = Run {
        id: 7,
        connector: 1,
        connector_name: "shop".into(),
        trigger: Trigger::Manual,
        status: RunStatus::Completed,
        started: Stamp::from_secs(1_795_264_860),
        ended: None,
        held: None,
        modules: BTreeMap::from([(Module::Contacts, counts)]),
        error: None,
        requests: 0,
        retries: 0,
        progress: None,
    };
    let rows = log_cells(&run);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].join(","), "2026-11-21,12:41:00Z,7,shop,vtiger,Contacts,96,0,0,0,completed");
}

#[test]
fn a_file_is_private_whole_and_replaces_nothing_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let write = |text: &str, replace| -> io::Result<()> {
        let mut file = PrivateFile::create(&path, replace)?;
        file.write_all(text.as_bytes())?;
        file.finish()
    };
    write("one", false).unwrap();
    assert_eq!(write("two", false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "one");
    write("two", true).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let mut given_up = PrivateFile::create(&folder.path().join("b.csv"), false).unwrap();
    given_up.write_all(b"half").unwrap();
    drop(given_up);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half is left");
}

#[test]
fn a_file_that_comes_up_meanwhile_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let file = PrivateFile::create(&path, false).unwrap();
    fs::write(&path, "theirs").unwrap();
    assert_eq!(file.finish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_and_is_no_formula(name in "\\PC{0,20}|[=+@\t\r\n-][a-z\"',;\r\n]{0,8}") {
        let text = table(&[item(&name)]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        let cell = row.get(1).unwrap();
        prop_assert_eq!(cell, &*safe_cell(&name));
        prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
    }
}

/// A pipe whose reader has gone.
struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_told_as_such() {
    let mut table = Table::new(Closed, &["a"]).unwrap();
    let long = "x".repeat(20_000);
    let error = table.row(&[long.as_str()]).or_else(|_| table.row(&[long.as_str()])).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}
