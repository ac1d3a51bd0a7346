//! The sandbox in a process of its own, which tells what went through it.

use super::child::{Process, Ran, fail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use syncdeck::sandbox::{SandboxOptions, start};

/// Of the seeded people, the shop knows so many in a hundred.
const IN_SHOP: u64 = 80;

/// Serves a shop with so many customers and an empty Vtiger, each request taking so many milliseconds
/// longer, with so many threads; answers `stats`, `rest` and `edit N` on its standard input. `rest`: two
/// hours pass, and then somebody edits one contact. `edit N`: every Nth customer is edited.
pub fn serve(arguments: &[String]) {
    let number = |at: usize| arguments.get(at).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    let options = SandboxOptions {
        records: Some(number(0) * 100 / IN_SHOP),
        latency: Duration::from_millis(number(1)),
        empty_crm: true,
        ..SandboxOptions::default()
    };
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime =
        builder.worker_threads(usize::try_from(number(2)).unwrap_or(1)).enable_all().build();
    let runtime = runtime.unwrap_or_else(|e| fail(&e.to_string()));
    let sandbox = runtime.block_on(start(options)).unwrap_or_else(|error| fail(&error.to_string()));
    say(&json!(sandbox.credentials()));
    for line in std::io::stdin().lines() {
        let Ok(line) = line else { break };
        match line.split_once(' ') {
            Some(("edit", every)) => {
                let every = every.parse().unwrap_or(100);
                let mut edited = 0;
                // The first customers' ids follow each other.
                for id in (3..3 + number(0)).step_by(every) {
                    let path = format!("customers/{id}");
                    let name = json!({"first_name": "Renamed", "last_name": format!("No {id}")});
                    edited += u64::from(sandbox.woo("PUT", &path, &name).0 == 200);
                }
                sandbox.advance_clock(Duration::from_secs(5));
                say(&json!({ "edited": edited }));
            }
            None if line == "rest" => {
                sandbox.advance_clock(Duration::from_secs(7_200));
                let found =
                    sandbox.vtiger("query", &[("query", "select id from Contacts limit 1;")]);
                let id = found["result"][0]["id"].as_str().unwrap_or("");
                let element = json!({"id": id, "description": "edited"}).to_string();
                sandbox.vtiger("revise", &[("element", &element)]);
                sandbox.advance_clock(Duration::from_secs(60));
                say(&json!({ "edited": id }));
            }
            _ => {
                let cpu = Process(PathBuf::from("/proc/self")).cpu().unwrap_or_default();
                let (came, went) = sandbox.bytes();
                say(&json!({
                    "cpu": cpu.as_secs_f64(),
                    "requests": sandbox.requests(),
                    "bytes": came + went,
                }));
            }
        }
    }
}

fn say(value: &Value) {
    println!("{value}");
    let _ = std::io::stdout().flush();
}

/// The process.
pub struct Server {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// How its systems are reached.
    pub keys: Value,
}

/// What went through it.
pub struct Traffic {
    /// Requests by operation.
    pub requests: BTreeMap<String, u64>,
    /// Bytes in both directions.
    pub bytes: u64,
    /// The processor time it took to answer.
    pub cpu: Duration,
}

impl Server {
    /// Starts it with so many customers, each request taking so many milliseconds longer, on one core.
    pub fn start(records: u64, latency: u64) -> Self {
        Self::with_threads(records, latency, 1)
    }

    /// Starts it on so many cores.
    pub fn with_threads(records: u64, latency: u64, threads: u64) -> Self {
        let this = std::env::current_exe().unwrap_or_else(|e| fail(&e.to_string()));
        let mut command = Command::new(this);
        let numbers = [records, latency, threads].map(|n| n.to_string());
        command.arg("--serve").args(numbers);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| fail(&e.to_string()));
        let (Some(ask), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            fail("the sandbox has no pipes");
        };
        let mut server = Self { child, ask, answers: BufReader::new(out), keys: Value::Null };
        server.keys = server.answer();
        server
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        if self.answers.read_line(&mut line).is_err() {
            fail("the sandbox is gone");
        }
        serde_json::from_str(&line).unwrap_or_else(|e| fail(&format!("{e}: {line}")))
    }

    fn asked(&mut self, command: &str) -> Value {
        if writeln!(self.ask, "{command}").is_err() {
            fail("the sandbox is gone");
        }
        self.answer()
    }

    /// Changes every Nth customer: how many.
    pub fn edit(&mut self, every: u64) -> u64 {
        self.asked(&format!("edit {every}"))["edited"].as_u64().unwrap_or(0)
    }

    /// Lets the systems come to rest: what was created is long past.
    pub fn rest(&mut self) {
        if self.asked("rest")["edited"].as_str().is_none_or(str::is_empty) {
            fail("there is no contact to be edited");
        }
        self.keys["ahead"] = json!(7_260);
    }

    fn traffic(&mut self) -> Traffic {
        let stats = self.asked("stats");
        Traffic {
            requests: serde_json::from_value(stats["requests"].clone()).unwrap_or_default(),
            bytes: stats["bytes"].as_u64().unwrap_or(0),
            cpu: Duration::from_secs_f64(stats["cpu"].as_f64().unwrap_or(0.0)),
        }
    }

    /// What a process took, and what it made go through here.
    pub fn watch(&mut self, run: impl FnOnce(&Self) -> Ran) -> (Ran, Traffic) {
        let before = self.traffic();
        let ran = run(self);
        let mut after = self.traffic();
        for (operation, number) in &mut after.requests {
            *number -= before.requests.get(operation).unwrap_or(&0);
        }
        after.requests.retain(|_, number| *number > 0);
        let traffic = Traffic {
            requests: after.requests,
            bytes: after.bytes - before.bytes,
            cpu: after.cpu.saturating_sub(before.cpu),
        };
        (ran, traffic)
    }

    /// A settings file that syncs customers and contacts in a direction, up to so many creates at once.
    pub fn settings(&self, guard: u64, direction: &str) -> String {
        let of = |system: &str, key: &str| self.keys[system][key].as_str().unwrap_or("").to_owned();
        let (url, user) = (of("vtiger", "url"), of("vtiger", "username"));
        let access_key = of("vtiger", "access_key");
        let shop = of("woocommerce", "app_url");
        let key = of("woocommerce", "consumer_key");
        let secret = of("woocommerce", "consumer_secret");
        format!(
            "[crm]\nurl = \"{url}\"\nusername = \"{user}\"\naccess_key = \"{access_key}\"\n\n\
             [[connector]]\nname = \"shop\"\nservice = \"woocommerce\"\nsync_from = \"all\"\n\
             credentials = {{ app_url = \"{shop}\", consumer_key = \"{key}\", \
             consumer_secret = \"{secret}\" }}\n\
             [connector.modules.contacts]\nenabled = true\ndirection = \"{direction}\"\n\
             [connector.advanced]\nguard_creates = {guard}\n"
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
