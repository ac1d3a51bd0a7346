//! `syncdeck sandbox`: serves the imitated systems until it is stopped.

use super::exit::{Exit, Failure, Outcome};
use super::house::{Context, runtime};
use super::output::sentence;
use super::signals::Stops;
use crate::model::UserError;
use crate::sandbox::{Fault, Sandbox, SandboxError, SandboxOptions, VtigerRelease, start};
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Options of `sandbox`.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// The loopback address to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// How many people, and how many products, there are
    #[arg(long, value_name = "N")]
    pub records: Option<u64>,
    /// Other records for another seed, always the same ones for the same
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Make a share of the requests go wrong, for example woocommerce:reset-after=5%
    ///
    /// SYSTEM is vtiger, woocommerce, magento, zoho, irujul or rest; without it the fault happens in all that can
    /// misbehave so. RATE is a share of the requests, 5% or 0.05. KIND is one of delay, 429,
    /// 429-date, 429-absurd, 429-bare, 500, 502, html, empty, truncated, bad-utf8, control-chars,
    /// php-notice, huge, reset-before, reset-after, duplicate-page, ignored-page, page-drift,
    /// changing-totals, ghost, expired-session, exists, local-time, lossy (in magento and zoho only
    /// those up to reset-after). Can be given several times.
    #[arg(long, value_name = "[SYSTEM:]KIND=RATE")]
    pub fault: Vec<String>,
    /// Make every request take so many milliseconds longer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// Keep edits and port in this folder, to go on there the next time
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Begin with a Vtiger without records, to try a first sync
    #[arg(long)]
    pub empty_crm: bool,
    /// Which Vtiger to imitate
    #[arg(long, value_enum, default_value_t = CrmChoice::Repaired)]
    pub vtiger: CrmChoice,
}

/// The releases of Vtiger that can be imitated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CrmChoice {
    /// 8.4.0 with its inventory web service repaired, so that orders and invoices work
    Repaired,
    /// 8.4.0 as it is shipped: orders and invoices cannot be created
    #[value(name = "8.4.0")]
    Shipped,
    /// Vtiger Cloud, by its REST API, with Payments
    Cloud,
    /// 7.3, where a change of an order without its lines drops them
    #[value(name = "7.3")]
    Seven,
}

impl From<CrmChoice> for VtigerRelease {
    fn from(choice: CrmChoice) -> Self {
        match choice {
            CrmChoice::Repaired => Self::Repaired,
            CrmChoice::Shipped => Self::Shipped,
            CrmChoice::Cloud => Self::Cloud,
            CrmChoice::Seven => Self::Seven,
        }
    }
}

/// Serves until SIGINT or SIGTERM.
pub fn run(args: &SandboxArgs, context: &Context) -> Outcome {
    let faults = args.fault.iter().map(|text| fault(text)).collect::<Result<Vec<_>, _>>()?;
    let options = SandboxOptions {
        listen: args.listen,
        records: args.records,
        seed: args.seed,
        latency: Duration::from_millis(args.latency),
        faults,
        state_dir: args.state.clone(),
        vtiger: args.vtiger.into(),
        empty_crm: args.empty_crm,
        ..SandboxOptions::default()
    };
    runtime()?.block_on(async {
        let mut stops = Stops::take()?;
        let sandbox = begin(options).await?;
        context.out.document(&sandbox.credentials())?;
        stops.next().await;
        sandbox.stop().await;
        Ok(Exit::Done)
    })
}

fn fault(text: &str) -> Outcome<Fault> {
    text.parse::<Fault>().map_err(|bad| {
        Failure::usage(
            format!("The fault \"{text}\" cannot be switched on."),
            sentence(&bad.to_string()),
            "Write [SYSTEM:]KIND=RATE, for example --fault 500=2% --fault woocommerce:html=0.01",
        )
    })
}

/// Starts a sandbox, with its refusals as refusals of the command line.
pub async fn begin(options: SandboxOptions) -> Outcome<Sandbox> {
    start(options).await.map_err(|error| {
        let next = match &error {
            SandboxError::NotLoopback(_) => "Use an address such as 127.0.0.1:8080.",
            _ => "Choose other options, or another folder.",
        };
        let exit = match &error {
            SandboxError::NotLoopback(_) | SandboxError::OtherData { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        let why = sentence(&error.to_string());
        let error = UserError::new("The sandbox did not start.", why, next);
        Failure::Told { error, exit }
    })
}
