//! The mapping editor's part of the world: live fields, records to try lines on, saving, files.

use super::Shared;
use super::export::expand;
use crate::export::PrivateFile;
use crate::model::{Connector, Pair, UserError};
use crate::settings::{export_mapping, read_mapping, with_mapping};
use crate::store::Change;
use crate::tui::mapping::{Key, MapAsk, MapNews};
use crate::tui::msg::Msg;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A mapping's file is never as large as this.
const LARGEST: u64 = 1 << 20;

/// What the systems are asked for.
pub async fn look(shared: Arc<Shared>, ask: MapAsk) {
    let news = match ask {
        MapAsk::Fields(key) => {
            let live = shared.engine.live_fields(key.0, key.1).await;
            MapNews::Fields(key, live.map(Arc::new))
        }
        MapAsk::Try { serial, key, lines, pair } => {
            let result = shared.engine.try_records(key.0, key.1, lines, &pair).await;
            MapNews::Tried { serial, result }
        }
        _ => return,
    };
    shared.send(Msg::Mapping(news));
}

/// What the store and the disk are asked for.
pub fn work(shared: &Shared, ask: MapAsk) {
    let news = match ask {
        MapAsk::Count(key) => {
            let links = shared.read(|reader| reader.link_count(key.0, key.1));
            links.map(|links| MapNews::Counted(key, links))
        }
        MapAsk::Save { key, known, lines } => {
            Some(MapNews::Saved(key, save(shared, key, &known, lines)))
        }
        MapAsk::Export { key, lines, path, replace } => {
            Some(export(shared, key, &lines, &path, replace).unwrap_or_else(MapNews::FileFailed))
        }
        MapAsk::Import { key, path } => Some(match import(shared, key, &path) {
            Ok(lines) => MapNews::Imported(key, lines),
            Err(error) => MapNews::FileFailed(error),
        }),
        MapAsk::Fields(_) | MapAsk::Try { .. } => None,
    };
    if let Some(news) = news {
        shared.send(Msg::Mapping(news));
    }
}

fn stored(shared: &Shared, key: Key) -> Result<Connector, UserError> {
    let read = shared.store.read_blocking(|reader| reader.connector(key.0));
    read.map_err(|error| error.user())?.ok_or_else(|| {
        UserError::new(
            "The connector is not there any more.",
            "It was removed.",
            "Choose another one.",
        )
    })
}

/// Saves the lines, unless somebody else changed them meanwhile. A sync that runs goes on with the
/// mapping that it began with.
fn save(shared: &Shared, key: Key, known: &[Pair], lines: Vec<Pair>) -> Result<(), UserError> {
    let connector = stored(shared, key)?;
    let now = connector.modules.get(&key.1).map(|settings| settings.mapping.as_slice());
    if now.is_some_and(|now| now != known) {
        return Err(UserError::new(
            format!("The mapping of {} was changed meanwhile.", key.1),
            "Somebody saved another one since you began.",
            "Write yours into a file (x), undo your changes (z), look at what is there now, and \
             make them again.",
        ));
    }
    let connector = with_mapping(&shared.catalog, &connector, key.1, lines)?;
    let change = Change::PutConnector(Box::new(connector));
    shared.store.commit_blocking(change.into()).map_err(|error| error.user())
}

fn unwritten(path: &Path, error: &io::Error) -> UserError {
    UserError::new(
        format!("{} could not be written.", path.display()),
        format!("{error}."),
        "Choose another folder or name.",
    )
}

fn export(
    shared: &Shared,
    key: Key,
    lines: &[Pair],
    path: &Path,
    replace: bool,
) -> Result<MapNews, UserError> {
    let path: PathBuf = expand(path);
    let connector = stored(shared, key)?;
    let service = shared.catalog.service(&connector.service).ok_or_else(unknown)?;
    let text = export_mapping(service, key.1, lines)?;
    let mut file = match PrivateFile::create(&path, replace) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(MapNews::Exported(None));
        }
        Err(error) => return Err(unwritten(&path, &error)),
    };
    let written = file.write_all(text.as_bytes()).and_then(|()| file.finish().map(drop));
    written.map_err(|error| unwritten(&path, &error))?;
    Ok(MapNews::Exported(Some(path)))
}

fn import(shared: &Shared, key: Key, path: &Path) -> Result<Vec<Pair>, UserError> {
    let path = expand(path);
    let connector = stored(shared, key)?;
    let service = shared.catalog.service(&connector.service).ok_or_else(unknown)?;
    let mut text = String::new();
    let read =
        std::fs::File::open(&path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.map_err(|error| {
        UserError::new(
            format!("{} could not be read.", path.display()),
            format!("{error}."),
            "Name a file that x has written, or one with [[mapping]] tables.",
        )
    })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    read_mapping(service, key.1, &text, &name.unwrap_or_default()).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        UserError::new(
            format!("{} was refused.", path.display()),
            all.join("\n"),
            "Correct the file and read it again; nothing was changed.",
        )
    })
}

fn unknown() -> UserError {
    UserError::new(
        "The service of this connector is not known.",
        "Its asset is not part of this version of SyncDeck.",
        "Use the version that the connector was made with.",
    )
}
