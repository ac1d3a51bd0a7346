//! Being stopped (Ctrl-Z, SIGTSTP) and continued by the shell.
//!
//! SIGTSTP is taken over, because the store has to be closed first; so it is SIGSTOP that really
//! stops us.

use rustix::process::{Pid, Signal, getpgid, getpgrp, getppid, getsid, kill_current_process_group};
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
    let (group, session) = (getpgrp(), getsid(None).ok());
    let mut above = getppid();
    // Those of our own job (a script that started us) are stopped with us.
    while let Some(pid) = above {
        match getpgid(Some(pid)) {
            Ok(theirs) if theirs == group => above = parent_of(pid),
            Ok(_) => return getsid(Some(pid)).ok() == session,
            Err(_) => return false,
        }
    }
    false
}

/// The parent of another process.
fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name, in parentheses, may hold anything.
    let after_name = stat.rsplit(") ").next()?;
    Pid::from_raw(after_name.split(' ').nth(1)?.parse().ok()?)
}

/// Stops the whole job until the shell continues it; does nothing where [`can_stop`] says no.
pub fn stop() {
    if can_stop() && kill_current_process_group(Signal::STOP).is_ok() {
        // The stop reaches the threads one by one; none of them may go on before that.
        std::thread::sleep(Duration::from_millis(50));
    }
}
