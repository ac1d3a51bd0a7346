//! The consent that a service asks of a person: begun, given in one of three ways, tried. The
//! engine keeps the tokens; nothing of them passes through here.

use super::Shared;
use crate::model::{Connector, ConnectorId, Stamp, UserError};
use crate::remote::{Consent, RemoteResult};
use crate::tui::consent::{ConsentAsk, ConsentNews, Facts, Shown};
use crate::tui::msg::Msg;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// A consent that was begun.
#[derive(Clone)]
struct Begun {
    id: u64,
    consent: Arc<Consent>,
    connector: Arc<Connector>,
}

/// The consent that is being given, and who waits for a person.
#[derive(Default)]
pub struct Consents {
    begun: Mutex<Option<Begun>>,
    waiting: Mutex<Option<AbortHandle>>,
}

/// Does what is asked.
pub fn perform(shared: &Arc<Shared>, runtime: &Handle, id: u64, ask: ConsentAsk) {
    let shared = Arc::clone(shared);
    match ask {
        ConsentAsk::Begin(connector) => {
            runtime.spawn_blocking(move || {
                let news = match begin(&shared, id, connector) {
                    Ok(facts) => ConsentNews::Begun(facts),
                    Err(error) => ConsentNews::Failed(error),
                };
                send(&shared, id, news);
            });
        }
        ConsentAsk::Code(code) => {
            runtime.spawn(async move {
                let Some(begun) = begun(&shared, id) else { return };
                let given = begun.consent.grant_code(&code.0).await;
                finish(&shared, begun, given).await;
            });
        }
        ConsentAsk::Address(address) => {
            runtime.spawn(async move {
                let Some(begun) = begun(&shared, id) else { return };
                let given = begun.consent.redirected(&address.0, false).await;
                finish(&shared, begun, given).await;
            });
        }
        ConsentAsk::Device => {
            let task = runtime.spawn(by_device(Arc::clone(&shared), id));
            stop(&shared);
            *lock(&shared.consents.waiting) = Some(task.abort_handle());
        }
        ConsentAsk::Stop => stop(&shared),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing is done under these locks that could stop half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(shared: &Shared, id: u64, news: ConsentNews) {
    shared.send(Msg::Consent { id, news });
}

fn stop(shared: &Shared) {
    if let Some(waiting) = lock(&shared.consents.waiting).take() {
        waiting.abort();
    }
}

fn begun(shared: &Shared, id: u64) -> Option<Begun> {
    lock(&shared.consents.begun).clone().filter(|begun| begun.id == id)
}

fn begin(shared: &Shared, id: u64, connector: ConnectorId) -> Result<Facts, UserError> {
    let connector = super::connectors::stored(shared, connector)?;
    let consent = shared.engine.consent(&connector)?.ok_or_else(|| {
        UserError::new(
            format!("\"{}\" needs no consent.", connector.name),
            "It works with the keys in its settings.",
            "Check the connection in its settings.",
        )
    })?;
    let facts = Facts {
        console: format!("https://{}", consent.center().console),
        scope: consent.scope().to_owned(),
        page: consent.auth_url(),
        redirect: consent.redirect_url().to_owned(),
    };
    let (consent, connector) = (Arc::new(consent), Arc::new(connector));
    *lock(&shared.consents.begun) = Some(Begun { id, consent, connector });
    Ok(facts)
}

/// Shows a code, and asks from time to time whether somebody accepted.
async fn by_device(shared: Arc<Shared>, id: u64) {
    let Some(begun) = begun(&shared, id) else { return };
    let device = match begun.consent.device().await {
        Ok(device) => device,
        Err(error) => return send(&shared, id, ConsentNews::Failed(error.error)),
    };
    let shown = Shown {
        code: device.user_code().to_owned(),
        url: device.url().to_owned(),
        whole: device.whole_url().unwrap_or(device.url()).to_owned(),
        ends: Stamp::now().plus(device.lasts()),
    };
    send(&shared, id, ConsentNews::Shown(shown));
    let given = begun.consent.wait_for(&device).await;
    finish(&shared, begun, given).await;
}

/// Tells how it ended; a consent that was given is tried at once.
async fn finish(shared: &Shared, begun: Begun, given: RemoteResult<()>) {
    match given {
        Err(error) => send(shared, begun.id, ConsentNews::Failed(error.error)),
        Ok(()) => {
            send(shared, begun.id, ConsentNews::Given);
            let report = shared.engine.check_connector(&begun.connector).await;
            send(shared, begun.id, ConsentNews::Checked(Box::new(report)));
        }
    }
}
