//! A rehearsal: the store file seen through a layer in memory that takes all writes. A file that
//! cannot be opened, or that a newer program wrote, is found out without a byte of it changed.

use redb::StorageBackend;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

const PAGE: u64 = 4096;

/// A file whose changes stay in memory.
#[derive(Debug)]
pub(super) struct Overlay {
    file: File,
    layer: Mutex<Layer>,
}

#[derive(Debug)]
struct Layer {
    length: u64,
    /// Beyond this the file does not show through any more.
    file_length: u64,
    pages: HashMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// A layer over this file.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let layer = Layer { length, file_length: length, pages: HashMap::new() };
        Ok(Self { file, layer: Mutex::new(layer) })
    }

    fn layer(&self) -> MutexGuard<'_, Layer> {
        self.layer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the file has at an offset; the rest is zero.
    fn read_file(&self, layer: &Layer, offset: u64, out: &mut [u8]) -> io::Result<()> {
        out.fill(0);
        let there = layer.file_length.saturating_sub(offset);
        let length = out.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        self.file.read_exact_at(&mut out[..length], offset)
    }
}

/// The pages that a stretch of bytes touches: page, offset in the page, range in the stretch.
fn pieces(
    offset: u64,
    length: usize,
) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= length {
            return None;
        }
        let position = offset + at as u64;
        let inside = usize::try_from(position % PAGE).ok()?;
        let end = (at + PAGE as usize - inside).min(length);
        let piece = (position / PAGE, inside, at..end);
        at = end;
        Some(piece)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.layer().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let layer = self.layer();
        if offset + out.len() as u64 > layer.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (page, inside, range) in pieces(offset, out.len()) {
            let piece = &mut out[range];
            match layer.pages.get(&page) {
                Some(bytes) => piece.copy_from_slice(&bytes[inside..inside + piece.len()]),
                None => self.read_file(&layer, page * PAGE + inside as u64, piece)?,
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut layer = self.layer();
        layer.length = length;
        layer.file_length = layer.file_length.min(length);
        layer.pages.retain(|page, _| page * PAGE < length);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut layer = self.layer();
        for (page, inside, range) in pieces(offset, data.len()) {
            if !layer.pages.contains_key(&page) {
                let mut bytes = vec![0; PAGE as usize].into_boxed_slice();
                self.read_file(&layer, page * PAGE, &mut bytes)?;
                layer.pages.insert(page, bytes);
            }
            if let Some(bytes) = layer.pages.get_mut(&page) {
                let piece = &data[range];
                bytes[inside..inside + piece.len()].copy_from_slice(piece);
            }
        }
        Ok(())
    }
}
