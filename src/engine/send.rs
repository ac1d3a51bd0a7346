//! Sending the writes of a batch: grouped as each side takes them, both sides at the same time.

use super::context::Context;
use super::module::{ModuleWork, at};
use super::plan::Job;
use super::safeguards::{Safeguard, on};
use crate::model::{IntentKind, Side};
use crate::remote::{ErrorKind, RemoteError, RemoteResult, Write, Written};
use futures::StreamExt;

/// Sends all writes of the jobs. The answer has the results of each job's writes, in order.
pub async fn send(
    context: &Context,
    work: &ModuleWork,
    jobs: &[Job],
) -> Vec<Vec<RemoteResult<Written>>> {
    let (vtiger, service) = futures::join!(
        send_side(context, work, jobs, Side::Vtiger),
        send_side(context, work, jobs, Side::Service)
    );
    let mut results: Vec<Vec<Option<RemoteResult<Written>>>> =
        jobs.iter().map(|job| job.writes.iter().map(|_| None).collect()).collect();
    for ((job, write), result) in vtiger.into_iter().chain(service) {
        results[job][write] = Some(result);
    }
    // A remote that forgets to answer for a write leaves its outcome open.
    let answered = |result: Option<_>| result.unwrap_or_else(|| Err(RemoteError::unanswered()));
    results.into_iter().map(|job| job.into_iter().map(answered).collect()).collect()
}

/// Which job, and which of its writes.
type Place = (usize, usize);

async fn send_side(
    context: &Context,
    work: &ModuleWork,
    jobs: &[Job],
    side: Side,
) -> Vec<(Place, RemoteResult<Written>)> {
    let capabilities = work.capabilities[at(side)];
    let mut creates: Vec<(Place, Write)> = Vec::new();
    let mut updates: Vec<(Place, Write)> = Vec::new();
    for (j, job) in jobs.iter().enumerate() {
        for (w, write) in job.writes.iter().enumerate().filter(|(_, write)| write.side == side) {
            let fields = write.fields.clone();
            match write.kind {
                IntentKind::Create => creates.push(((j, w), Write::Create { fields })),
                IntentKind::Update => {
                    // The target was read again just before: whatever is younger is not known yet.
                    let unmodified_since = job.records[at(side)].as_ref().and_then(|r| r.modified);
                    let id = write.id.clone();
                    updates.push(((j, w), Write::Update { id, fields, unmodified_since }))
                }
                IntentKind::Delete => {
                    updates.push(((j, w), Write::Delete { id: write.id.clone() }))
                }
            }
        }
    }
    let parallel = capabilities.parallel.max(1);
    let at_once = if capabilities.serial_creates { 1 } else { parallel };
    let mut results = chunks(context, work, side, creates, at_once).await;
    results.extend(chunks(context, work, side, updates, parallel).await);
    results
}

fn is_unknown(result: &RemoteResult<Written>) -> bool {
    result.as_ref().is_err_and(|error| error.kind == ErrorKind::Unknown)
}

async fn chunks(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    writes: Vec<(Place, Write)>,
    at_once: usize,
) -> Vec<(Place, RemoteResult<Written>)> {
    let entity = &work.entity[at(side)];
    let fields = work.paths(side);
    let fields = &fields;
    let remote = context.remote(side);
    let capabilities = work.capabilities[at(side)];
    // Where each write is a request, no call stands idle while another has several.
    let share = writes.len().div_ceil(at_once);
    let most = capabilities.write_batch;
    let size = if capabilities.one_request { most } else { most.min(share) }.max(1);
    let chunks: Vec<(Vec<Place>, Vec<Write>)> =
        writes.chunks(size).map(|chunk| chunk.iter().cloned().unzip()).collect();
    futures::stream::iter(chunks)
        .map(|(places, writes)| async move {
            let mut results = remote.write_until(entity, &writes, fields, &context.cancel).await;
            if !on(Safeguard::LookUpUnknown) && results.iter().any(is_unknown) {
                results = remote.write(entity, &writes, fields).await;
            }
            places.into_iter().zip(results).collect::<Vec<_>>()
        })
        .buffered(at_once)
        .concat()
        .await
}
