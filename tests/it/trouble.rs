//! Trouble with the store, from outside: full disks, folders and files that cannot be used, damaged
//! and foreign files, processes that hold it. Each has a clear message, and nothing is lost.

use crate::cli::bench::{Deck, PROGRAM, Ran, Sandbox, Settings, program};
use crate::cli::systems::CrmUser;
use crate::tui_pty::Term;
use rustix::process::{Pid, Signal, getpid, kill_process};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Insists on a whole error in three lines, in the user's words.
fn is_told(ran: &Ran) {
    for part in ["error: ", "why: ", "next: "] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

/// A deck that is set up, with its store closed.
fn deck_of(sandbox: &Sandbox) -> Deck {
    let deck = Deck::new();
    deck.apply(&Settings::of(sandbox).text()).exits(0);
    deck
}

/// A deck that is set up, without systems that would answer.
fn deck() -> Deck {
    let settings = Settings {
        url: "http://127.0.0.1:1/vtiger".into(),
        username: "admin".into(),
        access_key: "some-access-key".into(),
        app_url: "http://127.0.0.1:1/shop".into(),
        consumer_key: "ck_1".into(),
        consumer_secret: "cs_some-secret".into(),
        conflict: "last-updated",
        advanced: "",
    };
    let deck = Deck::new();
    deck.apply(&settings.text()).exits(0);
    deck
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What doctor says, as JSON.
fn doctor(deck: &Deck, code: i32) -> serde_json::Value {
    let ran = deck.run(&["doctor", "--json"]).exits(code);
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    ran.json()
}

fn problems(told: &serde_json::Value) -> String {
    let findings = told["findings"].as_array().unwrap();
    findings.iter().map(|f| f["problem"].to_string() + "\n").collect()
}

#[test]
fn doctor_finds_nothing_wrong_with_a_new_deck_and_changes_nothing() {
    let deck = deck();
    let store = deck.path("data/syncdeck.redb");
    let before = std::fs::read(&store).unwrap();
    let told = doctor(&deck, 0);
    assert_eq!((&told["ok"], &told["pages_checked"]), (&true.into(), &true.into()), "{told}");
    assert!(told["tables"].as_array().unwrap().iter().any(|t| t["table"] == "connectors"));
    let text = deck.run(&["doctor"]).exits(0).out;
    for words in ["schema 3", "every page", "for their owner alone", "3 can be opened", "nobody"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("some-access-key") && !told.to_string().contains("some-secret"));
    assert_eq!(std::fs::read(&store).unwrap(), before);
}

#[test]
fn doctor_tells_what_of_the_keys_and_colours_is_not_used() {
    let deck = deck();
    let file = deck.path("data/tui.toml");
    std::fs::write(&file, "theme = \"dark\"\n[keys]\nsync-now = \"f5\"\n").unwrap();
    doctor(&deck, 0);
    std::fs::write(&file, "theme = \"pink\"\n[keys]\nsync-now = \"p\"\nsync = \"f5\"\n").unwrap();
    let found = problems(&doctor(&deck, 1));
    for words in ["\\\"pink\\\"", "is preview already", "no command \\\"sync\\\"", "tui.toml"] {
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[test]
fn doctor_makes_no_store_where_none_is() {
    let deck = Deck::new();
    let told = doctor(&deck, 1);
    assert!(problems(&told).contains("There is no store"), "{told}");
    assert!(!deck.path("data").exists());
    is_told(&deck.run(&["doctor", "--compact"]).exits(1));
}

#[test]
fn damaged_and_foreign_files_are_told_and_left_alone() {
    let deck = deck();
    let store = deck.path("data/syncdeck.redb");
    let whole = std::fs::read(&store).unwrap();
    let mut scratched = whole.clone();
    scratched[4096..].fill(0xA5);
    let bad: [(&str, Vec<u8>); 6] = [
        ("cut in half", whole[..whole.len() / 2].to_vec()),
        ("cut to a page", whole[..4096].to_vec()),
        ("nothing but zeros", vec![0; 8192]),
        ("garbage", b"\x00\xff garbage".repeat(900)),
        ("a foreign file", b"SQLite format 3\x00".repeat(100)),
        ("a good start and garbage", scratched),
    ];
    for (name, bytes) in bad {
        std::fs::write(&store, &bytes).unwrap();
        let found = problems(&doctor(&deck, 1));
        assert!(found.contains("syncdeck.redb"), "{name}: {found}");
        for args in
            [&["connector", "list"][..], &["log"], &["sync", "shop"], &["doctor", "--compact"]]
        {
            let ran = deck.run(args).exits(1);
            is_told(&ran);
            assert!(ran.err.contains("syncdeck.redb"), "{name}: {ran:?}");
        }
        assert!(std::fs::read(&store).unwrap() == bytes, "{name} was changed");
    }
    std::fs::write(&store, &whole).unwrap();
    deck.run(&["connector", "list"]).exits(0);
}

#[test]
fn a_folder_in_the_place_of_the_store_is_told() {
    let deck = Deck::new();
    std::fs::create_dir_all(deck.path("data/syncdeck.redb/inside")).unwrap();
    for args in [&["connector", "list"][..], &["sync"], &["doctor", "--compact"]] {
        is_told(&deck.run(args).exits(1));
    }
    assert!(problems(&doctor(&deck, 1)).contains("syncdeck.redb"));
    assert!(deck.path("data/syncdeck.redb/inside").is_dir());
}

#[test]
fn rights_that_are_too_wide_are_told() {
    let deck = deck();
    set_mode(&deck.path("data/syncdeck.redb"), 0o644);
    set_mode(&deck.path("data/syncdeck.key"), 0o640);
    set_mode(&deck.path("data"), 0o755);
    let found = problems(&doctor(&deck, 1));
    for words in ["chmod 600", "chmod 700", "syncdeck.key is open to its group", "everybody"] {
        assert!(found.contains(words), "{words}: {found}");
    }
    let ran = deck.run(&["connector", "list"]).exits(0);
    assert!(ran.err.contains("warning") && ran.err.contains("644"), "{ran:?}");
}

#[test]
fn secrets_that_cannot_be_opened_are_told() {
    let deck = deck();
    let key = deck.path("data/syncdeck.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::write(&key, [7; 32]).unwrap();
    let found = problems(&doctor(&deck, 1));
    assert!(found.contains("sealed with another key"), "{found}");
    std::fs::remove_file(&key).unwrap();
    assert!(problems(&doctor(&deck, 1)).contains("is not there"));
    assert!(!key.exists(), "doctor makes nothing");
    std::fs::write(&key, kept).unwrap();
    set_mode(&key, 0o600);
    doctor(&deck, 0);
}

/// The program as a user who owns nothing here; root may do everything.
fn as_somebody_else(deck: &Deck, args: &[&str]) -> Option<Ran> {
    if !rustix::process::geteuid().is_root() {
        return Some(deck.run(args));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM]);
    command.arg("--data-dir").arg(deck.path("data")).args(args);
    command.env_remove("SYNCDECK_DATA_DIR").env("HOME", "/nonexistent").stdin(Stdio::null());
    command.output().ok().map(Ran::of)
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let deck = deck();
    let root = rustix::process::geteuid().is_root();
    set_mode(deck.folder.path(), 0o755);
    // Everybody may read; only the owner, who is not us, may write.
    set_mode(&deck.path("data"), 0o555);
    for file in ["syncdeck.redb", "syncdeck.key"] {
        set_mode(&deck.path("data").join(file), 0o444);
    }
    let store = deck.path("data/syncdeck.redb");
    let before = std::fs::read(&store).unwrap();
    // Without the tool to become somebody else there is nothing to see.
    let Some(ran) = as_somebody_else(&deck, &["connector", "list"]) else { return };
    is_told(&ran);
    assert!(ran.err.contains("may not write") && ran.code == 1, "{ran:?}");
    let ran = as_somebody_else(&deck, &["doctor"]).unwrap();
    assert_eq!(ran.code, 1, "{ran:?}");
    let words = if root { "belongs to another user" } else { "cannot be written" };
    assert!(ran.out.contains(words) && ran.out.contains("every page"), "{ran:?}");
    assert!(std::fs::read(&store).unwrap() == before);
    set_mode(&deck.path("data"), 0o700);
}

/// Runs the program where no file may grow beyond so many bytes.
fn with_little_room(deck: &Deck, bytes: u64, args: &[&str]) -> Ran {
    // The limit is in blocks of 512 bytes; the signal that it sends is ignored.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    let mut command = Command::new("sh");
    command.args(["-c", &script, PROGRAM, "--data-dir"]).arg(deck.path("data")).args(args);
    command.env_remove("SYNCDECK_DATA_DIR").env("TZ", "UTC").stdin(Stdio::null());
    Ran::of(command.output().unwrap())
}

/// The size of the store without any free page: whatever is stored from now on makes it grow.
fn smallest(deck: &Deck) -> u64 {
    deck.run(&["doctor", "--compact"]).exits(0);
    std::fs::metadata(deck.path("data/syncdeck.redb")).unwrap().len()
}

/// The next run settles everything, the one after it writes nothing, and every link is fine.
fn is_settled(deck: &Deck) {
    let done = deck.run(&["sync", "shop", "--yes", "--json"]).json();
    assert_eq!(done["status"], "completed", "{done}");
    let quiet = deck.run(&["sync", "shop", "--json"]).exits(0).json();
    for module in quiet["modules"].as_array().unwrap() {
        for side in ["vtiger", "service"] {
            let written = ["created", "updated", "deleted"].map(|n| module[side][n].clone());
            assert_eq!(written, [0, 0, 0], "{quiet}");
        }
    }
    let checked = deck.run(&["links", "verify", "shop", "--json"]).exits(0).json();
    let links = checked["modules"].as_array().unwrap().iter().map(|m| m["links"].as_u64().unwrap());
    assert!(links.sum::<u64>() > 100, "{checked}");
    doctor(deck, 0);
}

/// How many records the CRM holds: twins would show.
fn counts(sandbox: &Sandbox) -> [u64; 3] {
    let crm = CrmUser::login(sandbox);
    ["Contacts", "Products", "Accounts"].map(|module| crm.count(module))
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_sync_loses_nothing() {
    let sandbox = Sandbox::start(&["--records", "300"]);
    let deck = deck_of(&sandbox);
    let size = smallest(&deck);
    // How it ends when there is room, on systems of its own.
    let other = Sandbox::start(&["--records", "300"]);
    deck_of(&other).run(&["sync", "shop", "--yes"]).exits(3);
    let mut stopped = 0;
    for room in [100_000, 200_000, 300_000, 400_000] {
        let ran = with_little_room(&deck, size + room, &["sync", "shop", "--yes", "--json"]);
        if ran.code == 1 {
            stopped += 1;
            is_told(&ran);
            assert!(ran.err.contains("may not grow"), "{ran:?}");
            assert!(ran.err.contains("ulimit"), "{ran:?}");
        }
        // The store opens, and is sound.
        deck.run(&["log", "shop"]).exits(0);
        let found = problems(&doctor(&deck, 0));
        assert!(!found.contains("what"), "{found}");
    }
    assert!(stopped > 0, "it never became full");
    is_settled(&deck);
    assert_eq!(counts(&sandbox), counts(&other));
}

#[test]
fn a_full_disk_of_its_own_is_told_and_settled_when_there_is_room() {
    let sandbox = Sandbox::start(&["--records", "300"]);
    let deck = Deck::new();
    let data = deck.path("data");
    std::fs::create_dir(&data).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m,mode=0700", "none"])
        .arg(&data)
        .output();
    if !mounted.is_ok_and(|out| out.status.success()) {
        // Only root may; the limit on the size of files shows the same.
        return;
    }
    let _unmount = Unmount(&data);
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    let filler = data.join("filler");
    let disk = rustix::fs::statvfs(&data).unwrap();
    let free = usize::try_from(disk.f_bavail * disk.f_frsize).unwrap();
    std::fs::write(&filler, vec![1; free.saturating_sub(300_000)]).unwrap();
    let full = deck.run(&["sync", "shop", "--yes"]).exits(1);
    is_told(&full);
    assert!(full.err.contains("The disk is full"), "{full:?}");
    let told = doctor(&deck, 1);
    assert!(problems(&told).contains("almost full"), "{told}");
    deck.run(&["log", "shop"]).exits(0);
    std::fs::remove_file(&filler).unwrap();
    let more = Command::new("mount").args(["-o", "remount,size=400m"]).arg(&data).status();
    assert!(more.unwrap().success());
    is_settled(&deck);
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

const HOLD: &str = "SYNCDECK_TEST_HOLD_PATH";

/// Not a test by itself: a process that is stopped in the middle of a transaction.
#[test]
fn holder() {
    let Some(path) = std::env::var_os(HOLD) else { return };
    let mut builder = redb::Builder::new();
    builder.set_concurrency_mode(redb::ConcurrencyMode::MultiWriter);
    let db = builder.open(Path::new(&path)).unwrap();
    let txn = db.begin_write().unwrap();
    println!("\nin a transaction");
    kill_process(getpid(), Signal::STOP).unwrap();
    // The stop may reach this thread a little later.
    std::thread::sleep(std::time::Duration::from_millis(200));
    txn.abort().unwrap();
}

#[test]
fn a_stopped_process_in_a_transaction_is_named_and_nothing_is_lost() {
    let deck = deck();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "trouble::holder", "--nocapture", "--test-threads=1"])
        .env(HOLD, deck.path("data/syncdeck.redb"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("in a transaction")));
    let pid = holder.id().to_string();
    let ran = deck.run(&["connector", "disable", "shop"]).exits(1);
    is_told(&ran);
    assert!(ran.err.contains(&pid) && ran.err.contains("stopped"), "{ran:?}");
    assert!(ran.err.contains("kill -CONT"), "{ran:?}");
    let told = doctor(&deck, 1);
    assert!(problems(&told).contains(&pid), "{told}");
    let ran = deck.run(&["doctor", "--compact"]).exits(5);
    assert!(ran.err.contains(&pid), "{ran:?}");
    kill_process(Pid::from_child(&holder), Signal::CONT).unwrap();
    holder.wait().unwrap();
    deck.run(&["connector", "disable", "shop"]).exits(0);
    doctor(&deck, 0);
}

#[test]
fn a_store_is_compacted_unless_somebody_has_it_open() {
    let sandbox = Sandbox::start(&["--records", "200"]);
    let deck = deck_of(&sandbox);
    deck.run(&["sync", "shop", "--yes"]).exits(3);
    let sizes = deck.run(&["doctor", "--compact", "--json"]).exits(0).json();
    assert!(sizes["after"].as_u64().unwrap() < sizes["before"].as_u64().unwrap(), "{sizes}");
    deck.run(&["doctor", "--compact", "--read-only"]).exits(2);
    doctor(&deck, 0);
    deck.run(&["links", "verify", "shop"]).exits(0);
}

#[test]
fn the_screens_stay_alive_when_the_disk_is_full() {
    let sandbox = Sandbox::start(&["--records", "300"]);
    let deck = deck_of(&sandbox);
    let size = smallest(&deck);
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec {PROGRAM} --data-dir {}",
        (size + 200_000) / 512,
        deck.path("data").display()
    );
    let mut term = Term::of("/bin/sh", &["-c", &script]);
    term.wait_for("No run yet");
    term.press("s");
    let screen = term.wait_for("may not grow");
    assert!(screen.contains("What to do") || screen.contains("ulimit"), "{screen}");
    term.press("\x1b");
    term.wait("the log again", |screen| !screen.contains("may not grow"));
    term.press("?");
    term.wait_for("help");
    term.press("\x1b");
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}

#[test]
fn the_screens_do_not_start_on_a_damaged_store() {
    let deck = deck();
    std::fs::write(deck.path("data/syncdeck.redb"), "garbage, garbage").unwrap();
    let data = deck.path("data");
    let mut term = Term::start(&["--data-dir", data.to_str().unwrap()]);
    assert_eq!(term.ended(), 1);
    let screen = term.wait_for("next:");
    assert!(screen.contains("not a store of SyncDeck"), "{screen}");
    assert!(term.is_whole());
    // The same is told without a terminal.
    let ran = Ran::of(program().arg("--data-dir").arg(&data).output().unwrap());
    assert_ne!(ran.code, 0);
}
