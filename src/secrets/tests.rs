//! Tests of keys, sealing and references.

use super::reference::from_command;
use super::{Vault, check_permissions};
use crate::model::{SecretText, UserError};
use base64::Engine as _;
use secrecy::ExposeSecret;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

const SECRET: &str = "hunter2-ключ";

fn vault(folder: &Path) -> Vault {
    Vault::open_with(folder, None).unwrap()
}

fn reveal(text: &str) -> Result<String, UserError> {
    let folder = tempfile::tempdir().unwrap();
    let kept = vault(folder.path()).keep(text).unwrap();
    assert_eq!(kept, SecretText::Reference(text.to_owned()));
    let secret = vault(folder.path()).reveal(&kept)?;
    Ok(secret.expose_secret().to_owned())
}

#[test]
fn a_sealed_secret_opens_with_its_key_only() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for clear in [SECRET, "", "x"] {
        let kept = vault(here.path()).keep(clear).unwrap();
        let SecretText::Sealed(text) = &kept else {
            panic!("{kept:?}");
        };
        assert!(text.starts_with("v1:"));
        assert!(clear.len() < 2 || !text.contains(clear));
        let opened = vault(here.path()).reveal(&kept).unwrap();
        assert_eq!(opened.expose_secret(), clear);
        let error = vault(there.path()).reveal(&kept).unwrap_err();
        assert!(error.why.contains("another key"), "{error}");
    }
    let twice = [(); 2].map(|()| vault(here.path()).keep(SECRET).unwrap());
    assert_ne!(twice[0], twice[1]);
    let plain = SecretText::Plain("https://x".into());
    let plain = vault(here.path()).reveal(&plain).unwrap();
    assert_eq!(plain.expose_secret(), "https://x");
}

#[test]
fn a_changed_seal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let SecretText::Sealed(text) = vault.keep(SECRET).unwrap() else {
        panic!();
    };
    let encoded = text.strip_prefix("v1:").unwrap();
    let bytes = super::BASE64.decode(encoded).unwrap();
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        let changed = format!("v1:{}", super::BASE64.encode(bytes));
        assert!(vault.reveal(&SecretText::Sealed(changed)).is_err(), "{at}");
    }
    for odd in ["", "v1:", "v1:AAAA", "v1:!", "v9:AAAA", encoded] {
        let error = vault.reveal(&SecretText::Sealed(odd.into())).unwrap_err();
        assert!(!error.next.is_empty());
    }
}

#[test]
fn the_key_file_is_private_and_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("a/config");
    let kept: Vec<_> = std::thread::scope(|scope| {
        let racers = [(); 8].map(|()| scope.spawn(|| vault(&config).keep(SECRET).unwrap()));
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    for kept in kept {
        let clear = vault(&config).reveal(&kept).unwrap();
        assert_eq!(clear.expose_secret(), SECRET);
    }
    let names: Vec<_> = std::fs::read_dir(&config).unwrap().collect();
    assert_eq!(names.len(), 1);
    let meta = std::fs::metadata(config.join("syncdeck.key")).unwrap();
    assert_eq!((meta.mode() & 0o777, meta.len()), (0o600, 32));
    assert_eq!(std::fs::metadata(&config).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_damaged_key_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.key");
    for bytes in [&b""[..], b"short", &[7; 33]] {
        std::fs::write(&path, bytes).unwrap();
        let error = Vault::open_with(folder.path(), None).unwrap_err();
        assert!(error.what.contains("damaged"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn the_systemd_credential_comes_first() {
    let (config, credentials) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let open = || Vault::open_with(config.path(), Some(credentials.path())).unwrap();
    // Not there: the key file.
    let kept = open().keep(SECRET).unwrap();
    assert!(vault(config.path()).reveal(&kept).is_ok());
    let text = base64::engine::general_purpose::STANDARD.encode([9; 32]);
    let path = credentials.path().join("syncdeck.key");
    std::fs::write(&path, format!("{text}\n")).unwrap();
    let kept = open().keep(SECRET).unwrap();
    assert!(vault(config.path()).reveal(&kept).is_err());
    // The same key as plain bytes.
    std::fs::write(&path, [9; 32]).unwrap();
    assert!(open().reveal(&kept).is_ok());
}

#[test]
fn references_are_read_when_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        reveal(&format!("file:{}", path.display()))
    };
    assert_eq!(read("abc").unwrap(), "abc");
    assert_eq!(read("abc\n").unwrap(), "abc");
    assert_eq!(read("abc \r\n\n").unwrap(), "abc \r\n");
    assert!(read("\n").unwrap_err().why.contains("nothing"));
    assert_eq!(reveal("cmd:printf 'a b\\n'").unwrap(), "a b");
    let path = std::env::var("PATH").unwrap();
    assert_eq!(reveal("env:PATH").unwrap(), path);
}

#[test]
fn a_reference_that_gives_nothing_says_why() {
    let cases = [
        ("env:SYNCDECK_NOT_SET", "not set"),
        ("file:/nowhere/secret", "No such file"),
        ("cmd:echo 'vault is sealed' >&2; exit 3", "vault is sealed"),
        ("cmd:true", "nothing"),
        ("cmd:printf '\\377'", "not text"),
    ];
    for (reference, words) in cases {
        let error = reveal(reference).unwrap_err();
        assert!(error.what.contains(reference), "{error}");
        assert!(error.why.contains(words), "{error}");
        assert!(!error.next.is_empty());
    }
}

#[test]
fn what_a_failing_command_printed_is_not_quoted() {
    let command = "f() { echo geheim; }; f; f >&2; echo oops >&2; exit 1";
    let error = from_command(command, Duration::from_secs(5)).unwrap_err();
    assert!(error.why.contains("••• oops") || error.why.contains("•••\noops"), "{error}");
    assert!(!error.why.contains("geheim"), "{error}");
    let long = from_command("yes complaint | head -n 1000 >&2; exit 1", Duration::from_secs(5));
    assert!(long.unwrap_err().why.chars().count() < 400);
}

#[test]
fn a_command_that_hangs_is_ended_with_all_it_started() {
    let since = Instant::now();
    let mark = format!("{}.77", 1000 + std::process::id());
    let command = format!("sleep {mark} & sleep {mark}; echo late");
    let error = from_command(&command, Duration::from_millis(300)).unwrap_err();
    assert!(error.why.contains("longer than"), "{error}");
    assert!(since.elapsed() < Duration::from_secs(5));
    let running = std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read_to_string(entry.path().join("cmdline"))
            .is_ok_and(|line| line == format!("sleep\0{mark}\0"))
    });
    assert!(!running);
}

#[test]
fn open_permissions_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    assert_eq!(check_permissions(&path), None);
    std::fs::write(&path, b"").unwrap();
    let set = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, mode).unwrap();
        check_permissions(&path)
    };
    assert_eq!(set(0o600), None);
    assert!(set(0o640).unwrap().what.contains("open to its group on"));
    assert!(set(0o604).unwrap().what.contains("everybody"));
    assert!(set(0o644).unwrap().next.starts_with("chmod 600 "));
}
