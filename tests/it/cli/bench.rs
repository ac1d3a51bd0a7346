//! Runs the program, and a sandbox beside it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_syncdeck");

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Its output, which has to be one JSON document.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Insists on an exit code.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// The program without the environment of whoever runs the tests.
pub fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_remove("SYNCDECK_DATA_DIR").env_remove("CREDENTIALS_DIRECTORY").env("TZ", "UTC");
    command.stdin(Stdio::null());
    command
}

/// Runs the program.
pub fn syncdeck(args: &[&str]) -> Ran {
    Ran::of(program().args(args).output().unwrap())
}

/// A folder with a store of its own.
pub struct Deck {
    pub folder: tempfile::TempDir,
}

impl Deck {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program on this deck.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.arg("--data-dir").arg(self.path("data")).args(args);
        command
    }

    /// Runs the program on this deck.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Applies a settings file.
    pub fn apply(&self, text: &str) -> Ran {
        std::fs::write(self.path("deck.toml"), text).unwrap();
        self.run(&["apply", self.path("deck.toml").to_str().unwrap()])
    }
}

/// `syncdeck sandbox` in a process of its own.
pub struct Sandbox {
    child: Child,
    /// What it printed.
    pub keys: Value,
}

impl Sandbox {
    pub fn start(args: &[&str]) -> Self {
        let mut command = program();
        command.arg("sandbox").args(args).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, keys: serde_json::from_str(&line).unwrap() }
    }

    pub fn vtiger(&self, key: &str) -> &str {
        self.keys["vtiger"][key].as_str().unwrap()
    }

    pub fn shop(&self, key: &str) -> &str {
        self.keys["woocommerce"][key].as_str().unwrap()
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> &str {
        self.vtiger("url").trim_start_matches("http://").split('/').next().unwrap()
    }

    /// Asks it to stop, and answers its exit code.
    pub fn stop(mut self) -> i32 {
        interrupt(&self.child);
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends SIGINT.
pub fn interrupt(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

/// A settings file that connects the sandbox: Vtiger, and the shop as `shop`.
pub struct Settings {
    pub url: String,
    pub access_key: String,
    pub app_url: String,
    pub consumer_secret: String,
    pub conflict: &'static str,
    pub advanced: &'static str,
    pub username: String,
    pub consumer_key: String,
}

impl Settings {
    pub fn of(sandbox: &Sandbox) -> Self {
        Self {
            url: sandbox.vtiger("url").into(),
            username: sandbox.vtiger("username").into(),
            access_key: sandbox.vtiger("access_key").into(),
            app_url: sandbox.shop("app_url").into(),
            consumer_key: sandbox.shop("consumer_key").into(),
            consumer_secret: sandbox.shop("consumer_secret").into(),
            conflict: "last-updated",
            advanced: "",
        }
    }

    pub fn text(&self) -> String {
        let Self { url, username, access_key, app_url, consumer_key, consumer_secret, .. } = self;
        let Self { conflict, advanced, .. } = self;
        format!(
            "[crm]\nurl = \"{url}\"\nusername = \"{username}\"\naccess_key = \"{access_key}\"\n\n\
             [[connector]]\nname = \"shop\"\nservice = \"woocommerce\"\nsync_from = \"all\"\n\
             conflict = \"{conflict}\"\n\
             credentials = {{ app_url = \"{app_url}\", consumer_key = \"{consumer_key}\", \
             consumer_secret = \"{consumer_secret}\" }}\n\
             [connector.modules.contacts]\nenabled = true\n\
             [connector.modules.products]\nenabled = true\n\
             [connector.advanced]\n{advanced}\n"
        )
    }
}

/// Runs the program with something on its standard input.
pub fn feed(mut command: Command, text: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}
