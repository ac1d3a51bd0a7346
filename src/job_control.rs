//! Being stopped (Ctrl-Z, SIGTSTP) and continued by the shell.
//!
//! SIGTSTP is taken over, because the store has to be closed first; so it is SIGSTOP that really
//! stops us.

use rustix::process::{Signal, kill_current_process_group};
use std::time::Duration;

/// The number of SIGTSTP.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const SIGTSTP: i32 = 20;
/// The number of SIGTSTP.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const SIGTSTP: i32 = 18;

/// Whether there is a shell that would get the terminal back and could continue us. Where there is
/// none (`ssh host -t syncdeck`, a terminal that runs nothing else) a stop would last for ever; the
/// kernel ignores SIGTSTP there, and so do we.
pub fn can_stop() -> bool {
    Place::ours().is_some_and(|ours| has_shell(&ours, Place::of))
}

/// Where a process stands among the jobs of its terminal. A number is 0 where its holder is outside
/// of our container: there a process may well stand in no group that it could name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    parent: u32,
    group: u32,
    session: u32,
}

/// Whether somebody above us, in our session but not in our job, is there to continue us.
fn has_shell(ours: &Place, place_of: impl Fn(u32) -> Option<Place>) -> bool {
    let mut above = ours.parent;
    while above != 0 {
        match place_of(above) {
            // Those of our own job (a script that started us) are stopped with us.
            Some(place) if place.group == ours.group => above = place.parent,
            Some(place) => return place.session == ours.session,
            None => return false,
        }
    }
    false
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Place {
    fn ours() -> Option<Self> {
        Self::read("self")
    }

    fn of(process: u32) -> Option<Self> {
        Self::read(&process.to_string())
    }

    /// Not by `getpgid` and `getsid`: in a container they may answer 0, which the library takes for
    /// impossible.
    fn read(process: &str) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// Takes a line as `proc_pid_stat(5)` has it: number, name, state, parent, group, session.
    fn parse(stat: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything.
        let mut numbers = stat.rsplit(") ").next()?.split(' ').skip(1).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { parent: next()?, group: next()?, session: next()? })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Place {
    fn ours() -> Option<Self> {
        let parent = rustix::process::getppid();
        let group = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
        let session = rustix::process::getsid(None).ok()?.as_raw_nonzero().get().unsigned_abs();
        Some(Self {
            parent: parent.map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs()),
            group,
            session,
        })
    }

    /// The parent of another process is not to be had here: 0.
    fn of(process: u32) -> Option<Self> {
        let pid = rustix::process::Pid::from_raw(process.try_into().ok()?)?;
        let group = rustix::process::getpgid(Some(pid)).ok()?.as_raw_nonzero().get().unsigned_abs();
        let session =
            rustix::process::getsid(Some(pid)).ok()?.as_raw_nonzero().get().unsigned_abs();
        Some(Self { parent: 0, group, session })
    }
}

/// Stops the whole job until the shell continues it; does nothing where [`can_stop`] says no.
pub fn stop() {
    if can_stop() && kill_current_process_group(Signal::STOP).is_ok() {
        // The stop reaches the threads one by one; none of them may go on before that.
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn place(parent: u32, group: u32, session: u32) -> Place {
        Place { parent, group, session }
    }

    #[test]
    fn a_shell_of_our_session_outside_of_our_job_continues_us() {
        let shell = place(1, 100, 100);
        let script = place(100, 200, 100);
        let login = place(1, 50, 50);
        for (what, ours, others, expected) in [
            ("started by a shell", place(100, 200, 100), vec![(100, shell)], true),
            (
                "by a script of a shell",
                place(201, 200, 100),
                vec![(201, script), (100, shell)],
                true,
            ),
            ("by what holds the terminal", place(50, 200, 200), vec![(50, login)], false),
            ("by somebody who is gone", place(77, 200, 100), vec![], false),
            ("the first of a container", place(0, 1, 1), vec![], false),
            (
                "in a job from outside of a container",
                place(1, 0, 0),
                vec![(1, place(0, 0, 0))],
                false,
            ),
        ] {
            let place_of = |pid| others.iter().find(|(number, _)| *number == pid).map(|(_, p)| *p);
            assert_eq!(has_shell(&ours, place_of), expected, "{what}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_s_line_is_read() {
        assert_eq!(Place::parse("7 (a) b) (c)) S 1 0 0 0 -1 4194304"), Some(place(1, 0, 0)));
        assert_eq!(Place::parse("7 (sh) S 1"), None);
        assert_eq!(Place::parse(""), None);
        assert!(Place::ours().is_some());
    }
}
