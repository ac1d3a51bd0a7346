//! Copying over SSH: the text goes to the clipboard of the terminal that somebody sits at, by an
//! escape sequence (OSC 52), through tmux and screen as well. What is too long for that becomes a
//! file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What stands between us and the terminal, as the environment tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Nothing that is known.
    Nothing,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// Most terminals take so much for their clipboard, in bytes of the text before it is encoded.
const LIMIT: usize = 56_000;
/// screen takes so many bytes of a sequence that it passes on.
const SCREEN_PIECE: usize = 512;
/// Names of files that are tried before it is given up.
const FILES: u32 = 1_000;

impl Between {
    /// As the environment tells.
    pub fn from_env() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if set("TMUX") {
            Self::Tmux
        } else if set("STY") {
            Self::Screen
        } else {
            Self::Nothing
        }
    }
}

/// The bytes that put a text into the terminal's clipboard; `None`: it is too long.
pub fn sequence(text: &str, between: Between) -> Option<Vec<u8>> {
    if text.len() > LIMIT {
        return None;
    }
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    Some(match between {
        Between::Nothing => plain.into_bytes(),
        // tmux takes the plain one itself (set-clipboard on), or passes the wrapped one on
        // (allow-passthrough on). Which of them is allowed cannot be known.
        Between::Tmux => {
            let wrapped = plain.replace('\x1b', "\x1b\x1b");
            format!("{plain}\x1bPtmux;{wrapped}\x1b\\").into_bytes()
        }
        Between::Screen => {
            let mut all = Vec::new();
            for piece in plain.as_bytes().chunks(SCREEN_PIECE) {
                all.extend(b"\x1bP");
                all.extend(piece);
                all.extend(b"\x1b\\");
            }
            all
        }
    })
}

/// Writes a text into a new private file of a folder.
///
/// # Errors
/// It cannot be written.
pub fn write_file(folder: &Path, text: &str) -> io::Result<PathBuf> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 1..=FILES {
        let end = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("syncdeck-copied{end}.txt"));
        match options.open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_reaches_the_terminal_through_what_stands_between() {
        let of = |between| String::from_utf8(sequence("héllo", between).unwrap()).unwrap();
        let plain = "\x1b]52;c;aMOpbGxv\x07";
        assert_eq!(of(Between::Nothing), plain);
        assert_eq!(of(Between::Tmux), format!("{plain}\x1bPtmux;\x1b\x1b]52;c;aMOpbGxv\x07\x1b\\"));
        assert_eq!(of(Between::Screen), format!("\x1bP{plain}\x1b\\"));
    }

    #[test]
    fn screen_gets_it_in_pieces_that_make_up_the_whole() {
        let text = "x".repeat(3_000);
        let sent = String::from_utf8(sequence(&text, Between::Screen).unwrap()).unwrap();
        let pieces: Vec<_> = sent.split("\x1b\\").filter(|piece| !piece.is_empty()).collect();
        assert!(pieces.len() > 5 && pieces.iter().all(|p| p.len() <= SCREEN_PIECE + 2));
        let whole: String = pieces.iter().map(|p| p.strip_prefix("\x1bP").unwrap()).collect();
        assert_eq!(whole.as_bytes(), sequence(&text, Between::Nothing).unwrap());
    }

    #[test]
    fn what_is_too_long_becomes_a_file_that_replaces_no_other() {
        assert_eq!(sequence(&"x".repeat(LIMIT + 1), Between::Nothing), None);
        let folder = tempfile::tempdir().unwrap();
        let first = write_file(folder.path(), "one").unwrap();
        let second = write_file(folder.path(), "two").unwrap();
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "two");
        assert!(second.ends_with("syncdeck-copied-2.txt"));
        assert!(write_file(&folder.path().join("nowhere"), "x").is_err());
    }
}
