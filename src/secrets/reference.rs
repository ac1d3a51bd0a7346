//! References to secrets that are kept elsewhere: `env:NAME`, `file:PATH`, `cmd:COMMAND`.

use crate::model::UserError;
use secrecy::SecretString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use zeroize::{Zeroize, Zeroizing};

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(10);
/// No secret is longer.
const LONGEST: u64 = 1024 * 1024;
/// So much of a command's complaint is quoted, in characters.
const QUOTED: usize = 300;

/// Whether this text is a reference.
pub(super) fn is_reference(text: &str) -> bool {
    ["env:", "file:", "cmd:"].into_iter().any(|kind| text.starts_with(kind))
}

/// Reads a reference now.
pub(super) fn read(reference: &str) -> Result<SecretString, UserError> {
    let (kind, rest) = reference.split_once(':').unwrap_or(("", reference));
    let mut secret = match kind {
        "env" => from_env(rest.trim())?,
        "file" => from_file(rest.trim())?,
        "cmd" => from_command(rest, LIMIT)?,
        _ => {
            return Err(UserError::new(
                "A secret could not be read.",
                "Its reference is none of env:NAME, file:PATH, cmd:COMMAND.",
                "Enter the secret again.",
            ));
        }
    };
    trim_newline(&mut secret);
    if secret.is_empty() {
        return Err(failed(
            reference,
            "It gave nothing.",
            "See that the secret is there, then try again.",
        ));
    }
    Ok(SecretString::from(secret.as_str()))
}

fn failed(reference: &str, why: impl Into<String>, next: &str) -> UserError {
    UserError::new(format!("The secret {reference} could not be read."), why, next)
}

/// Takes one line end off the end.
fn trim_newline(secret: &mut String) {
    if secret.ends_with('\n') {
        secret.pop();
        if secret.ends_with('\r') {
            secret.pop();
        }
    }
}

fn from_env(name: &str) -> Result<Zeroizing<String>, UserError> {
    let failed = |why: &str| {
        failed(
            &format!("env:{name}"),
            why,
            "Set the environment variable for the user that runs SyncDeck, also for its daemon \
             and cron jobs.",
        )
    };
    match std::env::var(name) {
        Ok(secret) => Ok(Zeroizing::new(secret)),
        Err(std::env::VarError::NotPresent) => Err(failed("The variable is not set.")),
        Err(std::env::VarError::NotUnicode(_)) => Err(failed("Its value is not text.")),
    }
}

fn from_file(path: &str) -> Result<Zeroizing<String>, UserError> {
    let mut secret = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut secret));
    match read {
        Ok(_) => Ok(secret),
        Err(error) => Err(failed(
            &format!("file:{path}"),
            format!("The operating system says: {error}."),
            "See that the file is there and that the user that runs SyncDeck may read it.",
        )),
    }
}

/// What a shell command prints, within a time limit.
pub(super) fn from_command(command: &str, limit: Duration) -> Result<Zeroizing<String>, UserError> {
    let failed = |why: String| {
        failed(
            &format!("cmd:{command}"),
            why,
            "Try the command in a shell, as the user that runs SyncDeck.",
        )
    };
    let child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = child.map_err(|e| failed(format!("The shell does not start: {e}.")))?;
    let out = collect(child.stdout.take());
    let err = collect(child.stderr.take());
    let end = Instant::now() + limit;
    let status = wait(&mut child, end);
    // Whoever still holds the pipes is ended with the group, so that these come to an end.
    let left =
        |end: Instant| end.saturating_duration_since(Instant::now()) + Duration::from_secs(1);
    let in_time = status.is_some();
    if !in_time {
        stop(&mut child);
    }
    let out = out.recv_timeout(left(end)).unwrap_or_default();
    let err = err.recv_timeout(left(end)).unwrap_or_default();
    let Some(status) = status else {
        return Err(failed(format!("The command took longer than {} seconds.", limit.as_secs())));
    };
    if !status.success() {
        return Err(failed(format!("The command ended with {status}.{}", quote(&err, &out))));
    }
    match std::str::from_utf8(&out) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(failed("What it prints is not text.".into())),
    }
}

/// Reads a pipe to its end on a thread of its own.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Zeroizing<Vec<u8>>> {
    let (send, receive) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        if let Some(pipe) = pipe {
            // A pipe that breaks gives what came before.
            let _ = pipe.take(LONGEST).read_to_end(&mut bytes);
        }
        let _ = send.send(bytes);
    });
    receive
}

/// Waits for the command; `None`: it is too late.
fn wait(child: &mut Child, end: Instant) -> Option<std::process::ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Ends the command and what it started.
fn stop(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _: io::Result<()> = child.kill();
    let _ = child.wait();
}

/// The end of what the command complained of, without the secret that it may repeat.
fn quote(err: &[u8], out: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(err).trim().to_owned();
    let mut secret = String::from_utf8_lossy(out).into_owned();
    for line in secret.lines().map(str::trim).filter(|l| !l.is_empty()) {
        text = text.replace(line, "•••");
    }
    secret.zeroize();
    if text.is_empty() {
        return String::new();
    }
    let long = text.chars().count().saturating_sub(QUOTED);
    let end: String = text.chars().skip(long).collect();
    format!(" It says: {}{end}", if long > 0 { "…" } else { "" })
}
