//! `syncdeck connector authorize`: a person's consent, given from a terminal in one of three ways.

use super::done;
use crate::cli::exit::{Failure, Outcome};
use crate::cli::house::{Context, House, runtime};
use crate::cli::output::plain;
use crate::remote::{Consent, RemoteError};
use clap::Args;
use std::io::{IsTerminal as _, stdin};

/// Options of `connector authorize`.
#[derive(Debug, Clone, Args)]
pub struct AuthorizeArgs {
    /// The connector
    name: String,
    /// A code that the service's console generated for a self client; - reads it from standard input
    #[arg(long, value_name = "CODE", conflicts_with_all = ["device", "redirect_url"])]
    grant_code: Option<String>,
    /// Show a code to enter on another device, and wait
    #[arg(long, conflicts_with = "redirect_url")]
    device: bool,
    /// The whole address that the browser showed after the consent; - reads it from standard input
    #[arg(long, value_name = "URL")]
    redirect_url: Option<String>,
}

/// Asks for the consent and tells whose it is.
pub fn run(args: &AuthorizeArgs, house: &House, context: &Context) -> Outcome {
    let connector = house.connector(&args.name)?;
    let Some(consent) = house.engine.consent(&connector)? else {
        return Err(Failure::usage(
            format!("\"{}\" needs no consent.", connector.name),
            format!(
                "{} works with the keys in its settings.",
                house.service_label(&connector.service)
            ),
            format!("Check the connection with: syncdeck check {}", connector.name),
        ));
    };
    let runtime = runtime()?;
    runtime.block_on(give(args, &consent, context))?;
    let report = runtime.block_on(house.engine.check_connector(&connector));
    let whose = report.user.map(|user| format!(" It is that of {user}.")).unwrap_or_default();
    done(context, &format!("The consent for \"{}\" was given and is kept.{whose}", connector.name))
}

async fn give(args: &AuthorizeArgs, consent: &Consent, context: &Context) -> Outcome<()> {
    let given = match args {
        AuthorizeArgs { grant_code: Some(code), .. } => consent.grant_code(&text(code)?).await,
        AuthorizeArgs { redirect_url: Some(url), .. } => {
            // The page was opened with the address of an earlier call.
            consent.redirected(&text(url)?, true).await
        }
        AuthorizeArgs { device: true, .. } => by_device(consent, context).await,
        _ => return ask(consent, context).await,
    };
    given.map_err(refused)
}

async fn by_device(consent: &Consent, context: &Context) -> Result<(), RemoteError> {
    let device = consent.device().await?;
    let minutes = device.lasts().as_secs() / 60;
    let at = device.whole_url().unwrap_or(device.url());
    context.out.message(&format!(
        "Open {} on any device and enter the code {}.\nIt works for {minutes} minutes. Waiting …",
        plain(at),
        plain(device.user_code())
    ));
    consent.wait_for(&device).await
}

/// Shows both addresses and takes whatever comes of them.
async fn ask(consent: &Consent, context: &Context) -> Outcome<()> {
    if context.out.json || !stdin().is_terminal() {
        return Err(Failure::usage(
            "No consent was given.",
            "Nobody can be asked here.",
            format!(
                "Use --device, or --grant-code CODE with a code of https://{} (Self Client, \
                 Generate Code) for the scope {}, or open {} and pass the address that the browser \
                 then shows with --redirect-url URL.",
                consent.center().console,
                consent.scope(),
                consent.auth_url()
            ),
        ));
    }
    context.out.message(&format!(
        "Self client: generate a code at https://{}\n  with the scope {}\n\n\
         Server-based client: open this page in any browser and accept\n  {}\n\n\
         Paste the code, or the whole address that the browser shows then, and press Enter:",
        consent.center().console,
        plain(consent.scope()),
        plain(&consent.auth_url())
    ));
    let answer = line()?;
    let given = if answer.starts_with("http") {
        consent.redirected(&answer, false).await
    } else {
        consent.grant_code(&answer).await
    };
    given.map_err(refused)
}

/// The text of an option; `-` stands for a line of standard input, which no list of processes shows.
fn text(given: &str) -> Outcome<String> {
    if given == "-" { line() } else { Ok(given.to_owned()) }
}

fn line() -> Outcome<String> {
    let mut line = String::new();
    let read = stdin().read_line(&mut line);
    match line.trim() {
        text if read.is_ok() && !text.is_empty() => Ok(text.to_owned()),
        _ => Err(Failure::usage("No consent was given.", "Nothing was entered.", "Try again.")),
    }
}

fn refused(error: RemoteError) -> Failure {
    error.error.into()
}

#[cfg(test)]
mod tests {
    use crate::cli::args::Cli;
    use clap::Parser as _;

    #[test]
    fn one_way_at_a_time() {
        let parse = |words: &[&str]| {
            let all = ["syncdeck", "connector", "authorize", "zoho"].iter().chain(words);
            Cli::try_parse_from(all).is_ok()
        };
        assert!(parse(&[]) && parse(&["--device"]) && parse(&["--grant-code", "1000.a"]));
        assert!(!parse(&["--device", "--grant-code", "1000.a"]));
        assert!(!parse(&["--redirect-url", "x", "--grant-code", "1000.a"]));
    }
}
